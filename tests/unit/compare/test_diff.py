"""The difference in groups, risk, escalation and the claims of `--prove`."""

import pytest

from iamgen.access.maps import open_maps
from iamgen.compare.diff import MAX_NAMED, diff, verdict_of
from iamgen.compare.prove import no_access_to, no_new_access
from iamgen.compare.risk import escalations, rules_of
from iamgen.model.policy import Policy
from iamgen.semantics.evaluate import evaluate
from iamgen.semantics.layers import Layers
from iamgen.semantics.subset import Kind
from iamgen.semantics.universe import universe_of

MAPS = open_maps()
UNIVERSE = universe_of(MAPS)


def _allow(action, resource="*", **condition):
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    if condition:
        statement["Condition"] = {"StringEquals": condition}
    return statement


def _side(*statements, boundary=None):
    def policy(found):
        return Policy.from_document({"Version": "2012-10-17", "Statement": list(found)})

    return Layers(identity=(policy(statements),), boundary=None if boundary is None else policy(boundary))


def test_a_difference_has_both_directions_with_witnesses():
    current = _side(_allow(["s3:GetObject", "s3:DeleteObject"], "arn:aws:s3:::b/*"))
    suggested = _side(_allow(["s3:GetObject", "s3:PutObject"], "arn:aws:s3:::b/*"))

    found = diff(current, suggested, MAPS)

    (missing,), (excess,) = found.missing, found.excess
    assert (missing.actions, excess.actions) == (("s3:PutObject",), ("s3:DeleteObject",))
    assert missing.resource == "arn:aws:s3:::b/*"
    assert missing.access_level == "Write"
    assert evaluate(missing.witness, suggested).is_allowed
    assert not evaluate(missing.witness, current).is_allowed
    assert missing.witness.resource == "arn:aws:s3:::b/example"
    assert verdict_of(found) == "different"


def test_equal_meaning_in_other_words_is_no_difference():
    one = _side(_allow("s3:GetObject", "arn:aws:s3:::b/*"), _allow("s3:GetObject", "arn:aws:s3:::b/x"))
    other = _side(_allow(["s3:getobject"], ["arn:aws:s3:::b/*", "arn:aws:s3:::b"]))

    found = diff(one, other, MAPS)

    assert (found.missing, found.excess, found.undecided) == ((), (), ())
    assert verdict_of(found) == "equivalent"


def test_the_worst_group_comes_first_and_says_why():
    found = diff(_side(_allow("*")), _side(_allow("s3:GetObject")), MAPS)

    worst = found.excess[0]
    assert [grant.risk for grant in found.excess] == sorted((g.risk for g in found.excess), reverse=True)
    assert "any-resource" in worst.risk_reasons
    assert any(reason.startswith("escalation:") for reason in worst.risk_reasons)
    assert len(worst.actions) == MAX_NAMED < worst.actions_count
    assert worst.witness.action in worst.actions


def test_the_boundary_counts():
    wide = _side(_allow("s3:*"), boundary=[_allow("s3:GetObject")])

    assert verdict_of(diff(wide, _side(_allow("s3:GetObject")), MAPS)) == "equivalent"


def test_conditions_of_a_group_are_those_of_the_statement():
    found = diff(_side(), _side(_allow("s3:GetObject", **{"aws:PrincipalTag/t": "a"})), MAPS)

    (grant,) = found.missing
    assert [(c.name, c.key, c.values) for c in grant.conditions] == [("StringEquals", "aws:PrincipalTag/t", ("a",))]
    assert dict(grant.witness.context) == {"aws:PrincipalTag/t": ("a",)}


def test_no_new_access_and_no_access_to():
    now, after = _side(_allow("s3:Get*")), _side(_allow(["s3:GetObject", "s3:DeleteObject"]))

    assert no_new_access(now, now, UNIVERSE).is_proved
    assert no_new_access(now, after, UNIVERSE).witness.action == "s3:DeleteObject"
    assert no_access_to(now, ("s3:Delete*",), (), UNIVERSE).is_proved
    shown = no_access_to(after, ("s3:Delete*",), ("arn:aws:s3:::prod/*",), UNIVERSE)
    assert shown.kind is Kind.WITNESS
    assert shown.witness.resource.startswith("arn:aws:s3:::prod/")


@pytest.mark.parametrize(
    ("statements", "boundary", "expected"),
    [
        ([_allow("iam:CreatePolicyVersion")], None, {"iam-001"}),
        ([_allow("iam:CreatePolicyVersion")], [_allow("s3:*")], set()),
        ([_allow("iam:PassRole")], None, set()),
        ([_allow(["iam:PassRole", "ec2:RunInstances"])], None, {"ec2-001"}),
        (
            [
                _allow("iam:PassRole", **{"iam:PassedToService": "lambda.amazonaws.com"}),
                _allow("ec2:RunInstances"),
            ],
            None,
            set(),
        ),
        ([_allow("ssm:SendCommand", "arn:aws:ec2:*:*:instance/i-1")], None, set()),
        ([_allow("sts:AssumeRole", "arn:aws:iam::111122223333:role/one")], None, set()),
        ([_allow("sts:AssumeRole")], None, {"sts-001"}),
        ([_allow("s3:*"), _allow("dynamodb:*")], None, set()),
    ],
)
def test_escalation_sets_count_only_where_they_are_in_effect(statements, boundary, expected):
    layers = _side(*statements, boundary=boundary)

    found = escalations(layers, MAPS)

    assert {each.id for each in found} == expected
    for each in found:
        assert all(evaluate(request, layers).is_allowed for request in each.requests)


def test_every_action_of_the_risk_table_exists_and_every_entry_has_a_source():
    table = MAPS.table("escalation")

    for row in (*table["set"], *table["actions"]):
        assert row["source"].startswith("https://")
        assert row["checked"] == "2026-11"
        for action in row["actions"]:
            assert MAPS.canonical(action) == action
    assert len({row["id"] for row in table["set"]}) == len(table["set"]) == len(rules_of(MAPS).sets)
