"""What counts: new against a baseline, accepted until a date."""

from dataclasses import replace

import pytest

from iamgen.compare.baseline import against_baseline, baseline_document, read_baseline
from iamgen.compare.suppress import fits, suppress
from iamgen.errors import InputError, UsageError
from iamgen.model.config import Suppression
from iamgen.model.fingerprint import fingerprint
from iamgen.model.observation import Location
from iamgen.model.result import Finding, FindingLevel

BREAK = Finding(
    id="will-break",
    level=FindingLevel.ERROR,
    function="Orders",
    role="OrdersRole",
    action="s3:GetObject",
    resource="arn:aws:s3:::orders/*",
    location=Location("src/app.py", 12),
    arguments=(("count", "3"),),
)
GAP = Finding(
    id="unresolved",
    level=FindingLevel.NOTE,
    function="Orders",
    location=Location("src/app.py", 12),
    arguments=(("detail", "client comes from a dict"),),
)
ENTRY = Suppression(
    id="will-break",
    function="Ord*",
    action="S3:*",
    resource="arn:aws:s3:::orders/*",
    reason="moved next week",
    owner="shop team",
    expires="2026-12-01",
)


@pytest.mark.parametrize("finding", [BREAK, GAP])
def test_a_move_of_lines_or_a_count_changes_no_fingerprint(finding):
    moved = replace(finding, location=Location("src/app.py", 99))
    moved = replace(moved, arguments=(*finding.arguments[:0], *finding.arguments, ("last", "x")))
    assert fingerprint(moved) == fingerprint(finding)
    assert fingerprint(replace(finding, function="Other")) != fingerprint(finding)


def test_two_gaps_of_one_function_are_two():
    other = replace(GAP, arguments=(("detail", "exec"),))
    assert fingerprint(other) != fingerprint(GAP)


def test_a_baseline_marks_what_it_lists_and_nothing_else():
    known = read_baseline(baseline_document((BREAK,)), "b.json")
    marked = against_baseline((BREAK, GAP), known)
    assert [finding.new for finding in marked] == [False, True]


def test_a_baseline_is_sorted_and_has_one_entry_per_finding():
    one = baseline_document((GAP, BREAK, BREAK))
    assert one == baseline_document((BREAK, GAP))
    assert len(one["findings"]) == 2


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {},
        {"findings": [1]},
        {"findings": [{}]},
        {"findings": [{"fingerprint": "g" * 32}]},
    ],
)
def test_a_broken_baseline_is_named(document):
    with pytest.raises(InputError, match=r"b\.json"):
        read_baseline(document, "b.json")


def test_a_suppression_holds_until_its_day_and_then_is_a_finding():
    counting, silenced = suppress((BREAK, GAP), (ENTRY,), "2026-12-01")
    assert counting == (GAP,)
    assert silenced[0].finding == BREAK
    assert silenced[0].suppression.owner == "shop team"
    counting, silenced = suppress((BREAK, GAP), (ENTRY,), "2026-12-02")
    assert [finding.id for finding in counting] == [
        "will-break",
        "unresolved",
        "expired-suppression",
    ]
    assert silenced == ()


def test_without_a_date_nothing_expires():
    counting, silenced = suppress((BREAK,), (ENTRY,), None)
    assert counting == ()
    assert len(silenced) == 1


@pytest.mark.parametrize("expires", [None, "2028-01-01"])
def test_a_suppression_has_an_end_within_a_year(expires):
    with pytest.raises(UsageError, match=r"suppress\[0\]"):
        suppress((BREAK,), (replace(ENTRY, expires=expires),), "2026-11-24")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, True),
        ({"function": "Orders"}, True),
        ({"function": "Order"}, False),
        ({"action": "s3:Put*"}, False),
        ({"resource": "arn:aws:s3:::orders/a*"}, False),
        ({"resource": "*"}, True),
        ({"id": "blocked"}, False),
    ],
)
def test_the_key_is_id_function_action_and_resource(change, expected):
    assert fits(replace(ENTRY, **change), BREAK) is expected


def test_a_finding_about_the_rules_is_not_silenced_by_the_rules():
    changed = Finding(id="rules-changed", level=FindingLevel.WARNING, function=None)
    entry = replace(ENTRY, id="rules-changed", function="*", action="*", resource="*")
    assert not fits(entry, changed)
