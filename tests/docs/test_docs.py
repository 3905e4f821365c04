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

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = sorted([ROOT / "README.md", ROOT / "access_maps/README.md", *(ROOT / "docs").rglob("*.md")])
PROSE = [page for page in PAGES if "node_modules" not in page.parts]


def printed(*args: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "iamgen", *args], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout.replace("python -m iamgen", "iamgen")


def test_the_help_in_the_readme_is_the_help_printed() -> None:
    shown = README.partition("<!-- help:begin -->")[2].partition("<!-- help:end -->")[0]
    assert shown.strip().removeprefix("```").removesuffix("```").strip() == printed("--help").strip()


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
    text = printed(verb, "--help")
    assert f"iamgen {verb}" in text


def test_verbs_in_the_docs_are_verbs() -> None:
    for page in PROSE:
        text = page.read_text(encoding="utf-8")
        for verb in re.findall(r"^(?:\$ )?iamgen ([a-z]+)\b", text, re.MULTILINE):
            assert verb in VERBS, f"{page.name} shows iamgen {verb}"


def test_the_commands_of_the_tutorial_run(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "docs/tutorial", tmp_path / "docs/tutorial", ignore=shutil.ignore_patterns(".iamgen"))
    lines = re.findall(r"^\$ iamgen (.+)$", (ROOT / "docs/tutorial/README.md").read_text(encoding="utf-8"), re.MULTILINE)
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
    for name in tracked:
        path = ROOT / name
        if path.suffix in (".py", ".md", ".toml", ".yml", ".yaml", ".json", "") and path.is_file() and path != Path(__file__):
            if path.stat().st_size < 2_000_000:
                found = words.search(path.read_text(encoding="utf-8", errors="replace"))
                assert found is None, f"{name}: {found[0]}"
