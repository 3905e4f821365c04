"""Patterns and conditions made to explode end in a bounded time, as "unknown" or with a confirmed witness."""

import random
import time

import pytest

from iamgen.access.maps import open_maps
from iamgen.model.condition import Condition
from iamgen.model.policy import Policy, Statement
from iamgen.semantics.layers import Layers
from iamgen.semantics.subset import Kind, differences, subset
from iamgen.semantics.universe import universe_of

UNIVERSE = universe_of(open_maps())
SECONDS = 10
"""Of the process itself; about two on a free machine."""


def _side(*statements):
    return Layers.of(Policy(statements))


def _allow(resources, *conditions):
    return Statement("Allow", ("s3:GetObject",), resources=tuple(resources), conditions=conditions)


def _random(count, seed):
    dice = random.Random(seed)
    return [
        "arn:aws:s3:::" + "*".join("".join(dice.choices("ab?", k=12)) for _ in range(3)) + "*" for _ in range(count)
    ]


MANY_QUESTION_MARKS = (
    _side(_allow(["arn:aws:s3:::*a" + "?" * 30])),
    _side(_allow([f"arn:aws:s3:::*b{'?' * 30}", *(f"arn:aws:s3:::*a{'?' * 29}{c}" for c in "ab")])),
)
LONG = (
    _side(_allow(["arn:aws:s3:::" + "a*" * 3000])),
    _side(_allow(["arn:aws:s3:::" + "a*" * 2999 + "b*", "arn:aws:s3:::" + "*a" * 3000])),
)
MANY_PATTERNS = (_side(_allow(_random(150, 1))), _side(_allow(_random(150, 2))))
MANY_VALUES = tuple(
    _side(
        _allow(
            ["*"],
            Condition("StringLike", "aws:K", tuple(f"*{i}?{i + step}*" for i in range(300))),
        )
    )
    for step in (1, 2)
)
MANY_LEVELS = (
    Layers(
        identity=(Policy(tuple(_allow(_random(20, n)) for n in range(20))),),
        scps=tuple((Policy(tuple(_allow(_random(20, 50 + n)) for n in range(20))),) for _ in range(3)),
    ),
    _side(_allow(["x"])),
)


@pytest.mark.parametrize(
    "sides",
    [MANY_QUESTION_MARKS, LONG, MANY_PATTERNS, MANY_VALUES, MANY_LEVELS],
    ids=["question marks", "long", "many patterns", "many values", "many levels"],
)
def test_it_ends_soon(sides):
    left, right = sides
    started = time.process_time()

    verdict = subset(left, right, UNIVERSE)
    rows = differences(left, right, UNIVERSE)

    assert time.process_time() - started < SECONDS
    assert rows or verdict.is_proved
    assert verdict.kind is not Kind.UNKNOWN or verdict.reason
    assert all(row.witness is not None or row.reason for row in rows)


def test_private_characters_in_a_policy_are_not_compared():
    side = _side(_allow(["arn:aws:s3:::\ue100"]))

    assert subset(side, side, UNIVERSE).kind is Kind.UNKNOWN


def test_the_same_question_gets_the_same_answer():
    left, right = MANY_QUESTION_MARKS

    assert [subset(left, right, UNIVERSE) for _ in range(2)] == [subset(left, right, UNIVERSE)] * 2
