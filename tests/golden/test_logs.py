# ruff: noqa: E501  a fact in one line
"""Each case: records of a trail beside what they show, function by function.

`pytest --accept` writes what is shown now; review the difference as part of the change.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from iamgen.access.maps import open_maps
from iamgen.model.fact import LogEvidence, UsageFact
from iamgen.model.request import SuggestRequest
from iamgen.pipeline.logs import read_usage

HERE = Path(__file__).parent / "logs"
CASES = sorted(path.parent for path in HERE.glob("*/*/trail.json"))


def shown(trail: Path) -> dict[str, Any]:
    usage = read_usage(SuggestRequest(project=trail.parent, no_project=True, logs=(str(trail),)), open_maps())
    assert usage is not None
    ledger = usage.ledger
    return {
        "functions": {
            arn: {
                "role": usage.roles[arn],
                "events": _counts(usage.counts(arn)),
                "facts": [_fact(fact) for fact in usage.facts_of(arn)],
            }
            for arn in usage.function_arns
        },
        "roles": {role: [_fact(fact) for fact in facts] for role, facts in usage.role_facts.items()},
        "sessions": [[each.role, each.session, each.kind, each.events] for each in usage.sessions],
        "ledger": {
            "in": ledger.events_in, "attributed": ledger.events_attributed, "unattributed": ledger.events_unattributed,
            "ignored": dict(usage.ignored), "bad": ledger.events_bad,
        },
        "gaps": [f"{gap.reason.value}: {gap.detail}" for gap in usage.gaps],
    }  # fmt: skip


def _counts(counts: Any) -> dict[str, Any]:
    return {"used": counts.used, "denied": counts.denied, "ignored": dict(sorted(counts.reasons.items()))}


def _fact(fact: UsageFact) -> str:
    conditions = "".join(f" if {c.name} {c.key} {', '.join(c.values)}" for c in fact.conditions)
    (evidence, *_) = [each for each in fact.evidence if isinstance(each, LogEvidence)]
    total = sum(each.count for each in fact.evidence if isinstance(each, LogEvidence))
    by = f" by {evidence.denied_by}" if evidence.denied_by else ""
    return (
        f"{fact.outcome.value}{by} {fact.action} on {fact.resource.arn}{conditions} ({evidence.attribution}, {total}x)"
    )


@pytest.mark.parametrize("case", CASES, ids=[f"{case.parent.name}/{case.name}" for case in CASES])
def test_a_trail_shows_what_is_written_beside_it(case: Path, request: pytest.FixtureRequest) -> None:
    found = shown(case / "trail.json")
    expected = case / "expected.json"
    if request.config.getoption("--accept", default=False):
        expected.write_text(json.dumps(found, indent=1) + "\n")
    assert found == json.loads(expected.read_text())


def test_every_event_of_every_case_is_counted_once() -> None:
    for case in CASES:
        records = json.loads((case / "trail.json").read_text())["Records"]
        ledger = shown(case / "trail.json")["ledger"]
        total = ledger["attributed"] + ledger["unattributed"] + sum(ledger["ignored"].values()) + ledger["bad"]
        assert len(records) == ledger["in"] == total
