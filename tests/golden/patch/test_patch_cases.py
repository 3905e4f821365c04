"""Small projects, patched by the real command: `template` beside what it becomes."""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from iamgen.cli.patch import command

HERE = Path(__file__).parent
CASES = {
    "sam": "template.yaml",
    "cloudformation": "template.json",
    "serverless": "serverless.yml",
    "terraform": "main.tf",
}


def patch(folder, *options):
    """Run the verb and return its exit code and what it printed."""
    run = CliRunner().invoke(
        command, ["--all", "--project", str(folder), *options], standalone_mode=False
    )
    if run.exception is not None:
        raise run.exception
    return run.return_value, run.stdout


@pytest.mark.parametrize("case", CASES)
def test_each_kind_of_template_becomes_what_stands_beside_it(case, tmp_path):
    folder = tmp_path / case
    shutil.copytree(HERE / case, folder, ignore=shutil.ignore_patterns("expected*"))
    name = CASES[case]
    expected = (HERE / case / f"expected{Path(name).suffix}").read_bytes()
    code, diff = patch(folder, "--diff")
    assert code == 0
    assert diff.startswith(f"--- a/{name}\n+++ b/{name}\n")
    assert patch(folder, "--check")[0] == 1
    assert (folder / name).read_bytes() == (HERE / case / name).read_bytes()
    assert patch(folder)[0] == 0
    assert (folder / name).read_bytes() == expected
    assert patch(folder, "--check") == (0, "")
