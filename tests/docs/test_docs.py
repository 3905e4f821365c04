"""The docs tell the truth: help, exit codes, paths, verbs and the tutorial's commands."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from iamgen import errors
from iamgen.cli import VERBS

sys.path.insert(0, str(Path(__file__).parent))
import write_help

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = sorted([ROOT / "README.md", ROOT / "access_maps/README.md", *(ROOT / "docs").rglob("*.md")])
PROSE = [page for page in PAGES if "node_modules" not in page.parts]


def test_the_help_in_readme_and_reference_is_the_help_printed() -> None:
    assert write_help.readme() == README, "run python tests/docs/write_help.py"
    assert write_help.page() == write_help.PAGE.read_text(encoding="utf-8"), "run python tests/docs/write_help.py"


def test_the_exit_codes_of_the_readme_are_those_of_the_errors() -> None:
    stated = {int(code) for code in re.findall(r"^\| (\d+) \|", README, re.MULTILINE)}
    assert stated == {value for name, value in vars(errors).items() if name.startswith("EXIT_")}


@pytest.mark.parametrize("page", PROSE, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("page", PROSE, ids=lambda page: str(page.relative_to(ROOT)))
def test_paths_that_are_named_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for path in re.findall(r"`((?:iamgen|access_maps|tests|docs)/[\w./-]+)`", text):
        assert (ROOT / path).exists(), f"{page.name} names {path}"


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_is_documented_and_has_help_with_examples(verb: str) -> None:
    assert any(f"iamgen {verb}" in page.read_text(encoding="utf-8") for page in PROSE), f"no page shows iamgen {verb}"
    assert f"iamgen {verb}" in write_help.printed(verb, "--help").partition("\n")[2]


def test_verbs_in_the_docs_are_verbs() -> None:
    for page in PROSE:
        blocks = re.findall(r"```.*?```", page.read_text(encoding="utf-8"), re.DOTALL)
        for verb in re.findall(r"^(?:\$ )?iamgen ([a-z]+)\b", "\n".join(blocks), re.MULTILINE):
            assert verb in VERBS, f"{page.name} shows iamgen {verb}"


def test_the_commands_of_the_tutorial_run(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "docs/tutorial", tmp_path / "docs/tutorial", ignore=shutil.ignore_patterns(".iamgen"))
    lines = re.findall(
        r"^\$ iamgen (.+)$", (ROOT / "docs/tutorial/README.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert len(lines) >= 5
    for line in lines:
        done = subprocess.run(
            [sys.executable, "-m", "iamgen", *shlex.split(line)],
            cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{line}: {done.stderr}"
        assert done.stdout.strip()


def test_the_project_names_no_workplace() -> None:
    words = re.compile(r"/work/|farm-|shared/(?:bench|notes|design)|pypi\.org|registry\.npmjs", re.IGNORECASE)
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
    kinds = (".py", ".md", ".toml", ".yml", ".yaml", ".json", "")
    for path in (ROOT / name for name in tracked):
        if not path.is_file() or path == Path(__file__) or path.suffix not in kinds or path.stat().st_size > 2_000_000:
            continue
        found = words.search(path.read_text(encoding="utf-8", errors="replace"))
        assert found is None, f"{path}: {found[0]}"
