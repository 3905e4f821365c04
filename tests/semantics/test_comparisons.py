"""Named cases of the comparison: is all that `left` allows allowed by `right`."""

import json
from pathlib import Path

import pytest

from iamgen.access.maps import open_maps
from iamgen.model.policy import Policy
from iamgen.semantics.evaluate import evaluate
from iamgen.semantics.layers import Layers
from iamgen.semantics.subset import Kind, differences, subset
from iamgen.semantics.universe import universe_of

TABLE = json.loads((Path(__file__).parent / "comparisons.json").read_text())
CASES = [pytest.param(case, id=case["name"]) for case in TABLE["cases"]]


def _policy(statements):
    return Policy.from_document({"Version": "2012-10-17", "Statement": statements})


def _side(case, name):
    limit = case.get(f"{name}_boundary")
    return Layers(identity=(_policy(case[name]),), boundary=None if limit is None else _policy(limit))


@pytest.mark.parametrize("case", CASES)
def test_verdict(case):
    left, right = _side(case, "left"), _side(case, "right")
    universe, typed = universe_of(open_maps()), not case.get("untyped")

    verdict = subset(left, right, universe, typed=typed)
    rows = differences(left, right, universe, typed=typed)

    assert verdict.kind == case["verdict"], verdict
    assert bool(rows) == (case["verdict"] != "PROVED")
    for row in rows:
        assert row.witness is not None, row.reason
        assert evaluate(row.witness, left).is_allowed
        assert not evaluate(row.witness, right).is_allowed
        assert row.witness.action in row.actions
    if "actions" in case:
        assert sorted(action for row in rows for action in row.actions) == case["actions"]


@pytest.mark.parametrize("case", CASES)
def test_both_sides_are_subsets_of_themselves(case):
    universe = universe_of(open_maps())

    for name in ("left", "right"):
        side = _side(case, name)
        assert subset(side, side, universe).kind is Kind.PROVED


def test_resource_control_policies_only_deny():
    universe = universe_of(open_maps())
    allow = [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]
    deny = [{"Effect": "Deny", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}]
    free = Layers(identity=(_policy(allow),))
    limited = Layers(identity=(_policy(allow),), rcps=((_policy(deny),),))

    assert subset(limited, free, universe).is_proved
    assert subset(free, limited, universe).witness.resource.startswith("arn:aws:s3:::b/")


def test_a_deny_with_a_variable_may_be_cut_by_action():
    universe = universe_of(open_maps())
    allow = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    deny = {"Effect": "Deny", "NotResource": "arn:aws:s3:::b/${aws:username}/*"}
    whole = Layers.of(_policy([allow, {**deny, "Action": ["s3:GetObject", "s3:PutObject"]}]))
    cut = Layers.of(_policy([allow, {**deny, "Action": "s3:GetObject"}, {**deny, "Action": "s3:PutObject"}]))

    assert subset(whole, cut, universe).is_proved
    assert subset(cut, whole, universe).is_proved
