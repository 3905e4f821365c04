"""Synthesis against the comparer: nothing gained, nothing lost, no shared role that breaks."""

import random

import pytest

from iamgen.model.condition import Condition
from iamgen.model.decision import Basis, Decision, Verdict
from iamgen.model.diff import Request
from iamgen.model.fact import ResourcePattern
from iamgen.model.policy import Policy, Statement
from iamgen.patch._edits import apply
from iamgen.patch._positions import parse, value_of
from iamgen.patch._target import PatchTarget
from iamgen.patch.cloudformation import patch_template
from iamgen.semantics.evaluate import evaluate
from iamgen.semantics.layers import Layers
from iamgen.semantics.subset import subset
from iamgen.semantics.universe import universe_of
from iamgen.synthesis.synthesize import SynthesisSettings, synthesize

ACTIONS = (
    "s3:GetObject",
    "s3:PutObject",
    "s3:ListBucket",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:Query",
    "sqs:SendMessage",
    "sqs:ReceiveMessage",
    "kms:Decrypt",
    "ec2:DescribeVpcs",
)
RESOURCES = (
    "arn:aws:s3:::a",
    "arn:aws:s3:::a/*",
    "arn:aws:s3:::a/in/*",
    "arn:aws:dynamodb:eu-west-1:111122223333:table/t",
    "arn:aws:dynamodb:eu-west-1:111122223333:table/t/index/*",
    "arn:aws:sqs:eu-west-1:111122223333:q",
    "arn:aws:sqs:eu-west-1:111122223333:q*",
    "arn:aws:kms:eu-west-1:111122223333:key/k",
    "*",
)
CONDITIONS = (
    (),
    (Condition("StringEquals", "aws:ResourceAccount", ("111122223333",)),),
    (Condition("Bool", "aws:SecureTransport", ("true",)),),
)


def rows_of(dice, most=24):
    return tuple(
        Decision(
            action=dice.choice(ACTIONS),
            resource=ResourcePattern(arn, arn),
            conditions=dice.choice(CONDITIONS),
            verdict=Verdict.KEEP,
            row=2,
            basis=Basis.CODE,
        )
        for _ in range(dice.randrange(1, most))
        for arn in [dice.choice(RESOURCES)]
    )


def one_by_one(rows):
    """The policy with a statement per row: what is needed, without any synthesis."""
    return Policy(
        tuple(
            Statement(actions=(row.action,), resources=(row.resource.arn,), conditions=row.conditions) for row in rows
        )
    )


def proves_nothing_gained_or_lost(count, compact):
    from iamgen.access.maps import open_maps

    maps = open_maps()
    universe = universe_of(maps)
    for seed in range(count):
        rows = rows_of(random.Random(seed))
        made = synthesize(rows, (), SynthesisSettings(compact=compact), maps=maps).policy
        plain = one_by_one(rows)
        for left, right in ((made, plain), (plain, made)):
            verdict = subset(Layers.of(left), Layers.of(right), universe)
            assert verdict.is_proved, (seed, verdict)


@pytest.mark.parametrize("compact", [False, True])
def test_nothing_is_gained_and_nothing_lost(compact):
    proves_nothing_gained_or_lost(40, compact)


@pytest.mark.laws
@pytest.mark.parametrize("compact", [False, True])
def test_nothing_is_gained_and_nothing_lost_at_length(compact):
    proves_nothing_gained_or_lost(2_000, compact)


TEMPLATE = """\
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {Statement: []}
      Policies:
        - PolicyName: p
          PolicyDocument: {Version: '2012-10-17', Statement: [{Effect: Allow, Action: '*', Resource: '*'}]}
"""


def no_function_of_a_shared_role_is_denied(count):
    for seed in range(count):
        dice = random.Random(seed)
        functions = [rows_of(dice, 10) for _ in range(dice.randrange(2, 6))]
        proposal = synthesize(tuple(row for rows in functions for row in rows))
        target = PatchTarget(functions=("A", "B"), role="Role", policy=proposal.policy, symbolic=proposal.symbolic)
        splices, _ = patch_template(TEMPLATE, "t", target)
        read = value_of(parse(apply(TEMPLATE, splices), "t"))
        (entry,) = read["Resources"]["Role"]["Properties"]["Policies"]
        deployed = Layers.of(Policy.from_document(entry["PolicyDocument"]))
        for row in (row for rows in functions for row in rows):
            request = Request(
                action=row.action,
                resource=row.resource.arn.replace("*", "x") if row.resource.arn != "*" else "*",
                context=(("aws:ResourceAccount", ("111122223333",)), ("aws:SecureTransport", ("true",))),
            )
            assert evaluate(request, deployed).decision == "Allowed", (seed, row)


def test_no_patch_of_a_shared_role_denies_a_need():
    no_function_of_a_shared_role_is_denied(40)


@pytest.mark.laws
def test_no_patch_of_a_shared_role_denies_a_need_at_length():
    no_function_of_a_shared_role_is_denied(200)
