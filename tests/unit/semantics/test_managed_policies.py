"""AWS's own policies, as the installed moto carries them: each is a subset of itself, pairs have verified witnesses."""

import json
import random

import pytest

from iamgen.access.maps import open_maps
from iamgen.model.policy import Policy
from iamgen.semantics.evaluate import evaluate
from iamgen.semantics.layers import Layers
from iamgen.semantics.subset import Kind, differences, subset
from iamgen.semantics.universe import universe_of

UNIVERSE = universe_of(open_maps())
WIDE = ("ReadOnlyAccess", "SecurityAudit", "PowerUserAccess", "AdministratorAccess", "ViewOnlyAccess")


@pytest.fixture(scope="module")
def managed():
    data = pytest.importorskip("moto.iam.aws_managed_policies").aws_managed_policies_data
    return {name: Policy.from_document(row["Document"]) for name, row in json.loads(data).items()}


def _check_pair(left, right):
    verdict = subset(left, right, UNIVERSE)
    if verdict.kind is Kind.WITNESS:
        assert evaluate(verdict.witness, left).is_allowed
        assert not evaluate(verdict.witness, right).is_allowed
    return verdict.kind


def test_each_policy_is_a_subset_of_itself(managed):
    assert len(managed) > 1500

    kinds = [subset(Layers.of(p), Layers.of(p), UNIVERSE).kind for p in managed.values()]

    assert Kind.WITNESS not in kinds
    assert kinds.count(Kind.UNKNOWN) < len(kinds) / 100


def test_each_policy_survives_the_codec(managed):
    for policy in managed.values():
        assert Policy.from_document(policy.to_document()) == policy


def test_random_pairs_have_confirmed_witnesses(managed):
    dice, names = random.Random(20261124), sorted(managed)
    kinds = [
        _check_pair(
            Layers.of(managed[dice.choice(names)]),
            Layers.of(managed[dice.choice(names if dice.random() < 0.5 else WIDE)]),
        )
        for _ in range(100)
    ]

    assert kinds.count(Kind.WITNESS) > 50
    assert kinds.count(Kind.UNKNOWN) <= 2


@pytest.mark.laws
def test_many_random_pairs_have_confirmed_witnesses(managed):
    dice, names = random.Random(7), sorted(managed)
    kinds = [
        _check_pair(
            Layers.of(managed[dice.choice(names)]),
            Layers.of(managed[dice.choice(names if dice.random() < 0.5 else WIDE)]),
        )
        for _ in range(5000)
    ]

    assert kinds.count(Kind.UNKNOWN) < 50


@pytest.mark.parametrize("name", WIDE)
def test_a_wide_policy_against_a_small_one_has_few_rows(managed, name):
    small = Policy.from_document(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": "arn:aws:s3:::orders/*"},
                {
                    "Effect": "Allow",
                    "Action": "dynamodb:PutItem",
                    "Resource": "arn:aws:dynamodb:us-east-1:111122223333:table/orders",
                },
            ],
        }
    )

    rows = differences(Layers.of(managed[name]), Layers.of(small), UNIVERSE)

    assert rows
    assert len(rows) < 60
    assert all(row.witness is not None for row in rows)


def test_power_user_lies_within_administrator(managed):
    power, admin = Layers.of(managed["PowerUserAccess"]), Layers.of(managed["AdministratorAccess"])

    assert subset(power, admin, UNIVERSE).is_proved
    assert subset(admin, power, UNIVERSE).kind is Kind.WITNESS
