"""The house rules that tools keep: lint, types, import contracts. `pytest tests/test_house.py` is `check` for a person."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
COMMANDS = {
    "lint": [sys.executable, "-m", "ruff", "check", "."],
    "types": [sys.executable, "-m", "mypy"],
    "contracts": [str(Path(sys.executable).parent / "lint-imports")],
}


@pytest.mark.parametrize("name", COMMANDS)
def test_tool_has_nothing_to_say(name: str) -> None:
    done = subprocess.run(COMMANDS[name], cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
