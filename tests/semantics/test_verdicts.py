"""The verdict table of the contract, one named case a row and more, and all combinations."""

import itertools
import json
from pathlib import Path

import pytest

from iamgen.decision.table import Code, Log, State, decide
from iamgen.model.decision import Granted, Verdict

CASES = json.loads(Path(__file__).with_name("verdicts.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"row{c['row']}-{c['why']}")
def test_named_case(case: dict) -> None:
    state = State(
        code=Code(case["code"]),
        platform=case.get("platform", False),
        log=Log(case.get("log", "-")),
        covered=case.get("covered", False),
        granted=Granted(case["granted"]),
        listed=case.get("listed"),
        denied=case.get("denied", False),
    )
    ruling = decide(state, trust=case.get("trust", "code"))
    assert ruling.row == case["row"]
    assert (ruling.verdict.value if ruling.verdict else None) == case["verdict"]
    if "basis" in case:
        assert ruling.basis.value == case["basis"]
    if "reason" in case:
        assert ruling.why == case["reason"]


def test_every_row_has_a_case() -> None:
    assert {case["row"] for case in CASES} == set(range(14))


def combinations() -> itertools.product:
    return itertools.product(
        Code,
        (False, True),
        Log,
        (False, True),
        Granted,
        (None, "keep", "extra", "deny"),
        (False, True),
        ("code", "both"),
    )


def test_all_combinations_hit_a_row_and_keep_the_promises() -> None:
    count = 0
    for code, platform, log, covered, granted, listed, denied, trust in combinations():
        state = State(
            code=code, platform=platform, log=log, covered=covered, granted=granted, listed=listed, denied=denied
        )
        ruling = decide(state, trust=trust)
        count += 1
        assert 0 <= ruling.row <= 13
        asked = code in (Code.EXACT, Code.ASSUMED) or platform or log is Log.ALLOWED
        if listed is None and asked:
            assert ruling.verdict in (Verdict.KEEP, Verdict.NARROW, Verdict.ADD, Verdict.REVIEW)
            assert (ruling.verdict is Verdict.REVIEW) == denied
        if listed is None and not asked and granted in (Granted.NOT, Granted.UNKNOWN):
            assert ruling.verdict is None, "nothing is granted that nobody asks for"
        if listed is None and code is Code.POSSIBLE and not asked:
            assert ruling.verdict is not Verdict.REMOVE, "a hole in the code is no proof of non-use"
        if listed is None and ruling.verdict is Verdict.REMOVE:
            assert code is Code.NONE or covered, "removed only where a source could have shown it"
            if trust == "both":
                assert code is Code.NONE
                assert covered
    assert count == 5 * 2 * 3 * 2 * 5 * 4 * 2 * 2
