"""Each promise of the contract can be broken in one place, and a test fails when it is.

A copy of the package gets one edit; the test that guards the promise must then fail there and pass here. By default one
promise is tried; `pytest -m laws tests/promises` tries all.
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Mutation:
    promise: str
    file: str
    old: str
    new: str
    guard: str


MUTATIONS = (
    Mutation(
        "a denied call never grants", "decision/needs.py",
        "return Log.DENIED if outcomes else Log.NOTHING", "return Log.ALLOWED if outcomes else Log.NOTHING",
        "tests/unit/decision/test_judge.py::test_only_denied_never_grants",
    ),
    Mutation(
        "sound: a need outside the policy is seen", "compare/prove.py",
        "if not any(evaluate(request, layers).is_allowed for request in requests):", "if False:",
        "tests/promises/test_promises.py::test_a_need_that_the_policy_lacks_is_not_sound",
    ),
    Mutation(
        "tight: the rest of a wider grant goes", "decision/judge.py",
        "    return True, touched", "    return False, touched",
        "tests/unit/decision/test_judge.py::test_wider_grant_is_narrowed_and_the_rest_removed_by_level",
    ),
    Mutation(
        "nothing silent: an unknown operation is a gap", "facts/resolve.py",
        "return Resolution(gaps=(gap,))", "return Resolution()",
        "tests/unit/facts/test_resolve_calls.py::test_unknown_operation_is_a_gap_of_its_service",
    ),
    Mutation(
        "unknown is not unused", "decision/table.py",
        "if state.code is Code.POSSIBLE:", "if False:",
        "tests/semantics/test_verdicts.py",
    ),
    Mutation(
        "kept unknowns are exactly as wide as today", "decision/judge.py",
        "                actions.append(pattern)", "                actions.append('*')",
        "tests/unit/decision/test_judge.py::test_a_gap_of_a_service_keeps_that_service_exactly_as_wide",
    ),
    Mutation(
        "proved: a witness comes with every claim of more access", "compare/prove.py",
        "    if difference.missing:", "    if False:",
        "tests/promises/test_promises.py::test_new_access_is_told_with_a_request",
    ),
    Mutation(
        "same input, same bytes", "decision/needs.py",
        "    order = sorted(groups, key=lambda key: (key[0].lower(), symbols[key].symbolic, str(key[2])))",
        "    order = list(groups)",
        "tests/unit/decision/test_judge.py::test_shuffled_facts_give_the_same_rows",
    ),
)  # fmt: skip


def run(guard: str, package: Path) -> int:
    """Return pytest's exit code for one guard, run against a package."""
    return subprocess.run(
        [sys.executable, "-P", "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", guard],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(package)}, capture_output=True, timeout=300, check=False,
    ).returncode  # fmt: skip


def tried(mutation: Mutation, folder: Path) -> int:
    shutil.copytree(ROOT / "iamgen", folder / "iamgen", ignore=shutil.ignore_patterns("__pycache__", "_access_maps"))
    (folder / "access_maps").symlink_to(ROOT / "access_maps")
    path = folder / "iamgen" / mutation.file
    text = path.read_text(encoding="utf-8")
    assert text.count(mutation.old) == 1, f"the place that keeps `{mutation.promise}` has moved"
    path.write_text(text.replace(mutation.old, mutation.new), encoding="utf-8")
    return run(mutation.guard, folder)


def test_the_first_promise_is_guarded(tmp_path: Path) -> None:
    assert tried(MUTATIONS[0], tmp_path) == 1


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda one: one.promise)
def test_the_place_of_a_promise_is_where_it_was(mutation: Mutation) -> None:
    assert (ROOT / "iamgen" / mutation.file).read_text(encoding="utf-8").count(mutation.old) == 1


@pytest.mark.laws
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda one: one.promise)
def test_every_promise_is_guarded(mutation: Mutation, tmp_path: Path) -> None:
    assert run(mutation.guard, ROOT) == 0
    assert tried(mutation, tmp_path) == 1
