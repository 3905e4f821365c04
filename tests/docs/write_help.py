"""Writes the help of the command into README.md and docs/reference/cli.md: `python tests/docs/write_help.py`."""

import subprocess
import sys
from pathlib import Path

from iamgen.cli import VERBS

ROOT = Path(__file__).parents[2]
README, PAGE = ROOT / "README.md", ROOT / "docs" / "reference" / "cli.md"
BEGIN, END = "<!-- help:begin -->", "<!-- help:end -->"


def printed(*args: str) -> str:
    """Return what the command prints, under its own name."""
    done = subprocess.run(
        [sys.executable, "-m", "iamgen", *args], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout.replace("python -m iamgen", "iamgen").rstrip() + "\n"


def readme() -> str:
    """Return README.md with today's help in it."""
    text = README.read_text(encoding="utf-8")
    head, rest = text.split(BEGIN)
    return f"{head}{BEGIN}\n```\n{printed('--help')}```\n{END}{rest.split(END)[1]}"


def page() -> str:
    """Return docs/reference/cli.md."""
    parts = [
        "# The command\n\nMade by `tests/docs/write_help.py`; a test keeps it true. Exit codes are in the README.\n\n"
        f"```\n{printed('--help')}```\n"
    ]
    parts.extend(f"## iamgen {verb}\n\n```\n{printed(verb, '--help')}```\n" for verb in VERBS)
    return "\n".join(parts)


if __name__ == "__main__":
    README.write_text(readme(), encoding="utf-8")
    PAGE.write_text(page(), encoding="utf-8")
