"""A boundary holds what its group needs and keeps, and denies the ways out of it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from suggestion_values import needed, unknown

from iamgen.access.maps import open_maps
from iamgen.model.condition import Condition
from iamgen.model.diff import Request
from iamgen.model.policy import Statement
from iamgen.semantics.evaluate import evaluate
from iamgen.semantics.layers import Layers
from iamgen.semantics.subset import subset
from iamgen.semantics.universe import universe_of
from iamgen.synthesis.boundary import BoundarySettings, FunctionNeeds, boundary
from iamgen.synthesis.compress import shorten
from iamgen.synthesis.split import MANAGED_LIMIT
from iamgen.synthesis.synthesize import synthesize

MAPS = open_maps()
UNIVERSE = universe_of(MAPS)
TABLE = "arn:aws:dynamodb:eu-west-1:111122223333:table/orders"
ROLE = "arn:aws:iam::111122223333:role/app-worker"


def made(rows, headroom="service"):
    group = (FunctionNeeds(function="f", decisions=tuple(rows)),)
    return boundary(group, BoundarySettings(headroom=headroom), MAPS)


def allowed(policy, action, resource, **context):
    request = Request(
        action=action,
        resource=resource,
        context=tuple(sorted((key, (value,)) for key, value in context.items())),
    )
    return evaluate(request, Layers(identity=(policy,))).decision == "Allowed"


def inside(rows, policy):
    suggested = synthesize(tuple(rows)).policy
    return subset(Layers.of(suggested), Layers.of(policy), UNIVERSE).is_proved


@pytest.mark.parametrize("headroom", ["none", "service", "account"])
def test_the_suggested_policy_lies_inside(headroom):
    rows = (
        needed("dynamodb:GetItem", TABLE),
        needed("dynamodb:PutItem", TABLE),
        needed("s3:GetObject", "arn:aws:s3:::b/*"),
        needed("s3:GetObject", "arn:aws:s3:::b/x"),
        needed("ec2:DescribeVpcs", "*"),
    )
    policy, _, findings = made(rows, headroom)
    assert inside(rows, policy)
    assert findings == ()


def test_without_headroom_it_allows_the_needs_and_nothing_else():
    policy, widenings, _ = made((needed("dynamodb:GetItem", TABLE),), "none")
    assert widenings == ()
    assert allowed(policy, "dynamodb:GetItem", TABLE)
    assert not allowed(policy, "dynamodb:Query", TABLE)


def test_headroom_fills_reading_on_the_same_resource_and_no_writing():
    policy, widenings, _ = made((needed("dynamodb:GetItem", TABLE),), "service")
    assert allowed(policy, "dynamodb:Query", TABLE)
    assert not allowed(policy, "dynamodb:PutItem", TABLE)
    assert not allowed(policy, "dynamodb:Query", TABLE.replace("orders", "users"))
    assert [step.reason for step in widenings] == [f"headroom on {TABLE}"]


def test_headroom_of_the_account_reaches_all_resources_of_the_type():
    policy, _, _ = made((needed("dynamodb:GetItem", TABLE),), "account")
    assert allowed(policy, "dynamodb:Query", TABLE.replace("orders", "users"))
    assert not allowed(policy, "dynamodb:PutItem", TABLE)


def test_headroom_never_fills_a_star_or_a_condition():
    rows = (
        needed("ec2:DescribeVpcs", "*"),
        needed(
            "kms:Decrypt",
            "arn:aws:kms:eu-west-1:111122223333:key/k",
            conditions=(Condition("StringEquals", "kms:ViaService", ("s3.x",)),),
        ),
    )
    policy, widenings, _ = made(rows, "account")
    assert not allowed(policy, "ec2:DescribeInstances", "*")
    assert [step for step in widenings if "ec2" in step.before] == []


@pytest.mark.parametrize(
    "action",
    [
        "iam:DeleteRolePermissionsBoundary",
        "iam:CreatePolicyVersion",
        "iam:AttachRolePolicy",
        "iam:CreateAccessKey",
        "lambda:UpdateFunctionCode",
        "organizations:LeaveOrganization",
        "iam:PassRole",
    ],
)
def test_ways_to_escalate_are_denied_whatever_else_is_kept(action):
    policy, _, _ = made((needed("dynamodb:GetItem", TABLE),))
    denies = [statement for statement in policy.statements if not statement.is_allow]
    answer = evaluate(Request(action=action, resource=ROLE), Layers(identity=(policy,)))
    assert answer.decision == "ExplicitlyDenied"
    assert denies


def test_a_guard_is_narrowed_by_exactly_what_is_needed_and_said():
    rows = (needed("iam:PassRole", ROLE),)
    policy, _, findings = made(rows)
    assert allowed(policy, "iam:PassRole", ROLE)
    assert not allowed(policy, "iam:PassRole", ROLE + "2")
    assert inside(rows, policy)
    assert [(finding.id, finding.action, finding.resource) for finding in findings] == [
        ("escalation", "iam:PassRole", ROLE)
    ]


def test_a_pattern_of_guards_falls_into_what_is_not_needed():
    rows = (needed("organizations:DescribeOrganization", "*"),)
    policy, _, findings = made(rows)
    assert allowed(policy, "organizations:DescribeOrganization", "*")
    assert not allowed(policy, "organizations:LeaveOrganization", "*")
    assert [finding.id for finding in findings] == ["escalation"]


def test_a_function_that_manages_roles_only_with_a_boundary_keeps_that_guard():
    limit = "arn:aws:iam::111122223333:policy/limit"
    row = needed(
        "iam:CreateRole",
        ROLE,
        conditions=(Condition("StringEquals", "iam:PermissionsBoundary", (limit,)),),
    )
    policy, _, findings = made((row,))
    assert findings == ()
    assert inside((row,), policy)
    guard = next(item for item in policy.statements if item.sid == "GuardBoundary")
    assert guard.conditions == (Condition("StringNotEquals", "iam:PermissionsBoundary", (limit,)),)


@pytest.mark.parametrize(
    "kept",
    [
        Statement(actions=("*",), resources=("*",)),
        Statement(actions=("iam:*",), resources=(ROLE,)),
        Statement(not_actions=("s3:*",), resources=("*",)),
        Statement(actions=("lambda:Update*",), not_resources=(ROLE,)),
    ],
)
def test_a_kept_unknown_stays_allowed(kept):
    rows = (needed("dynamodb:GetItem", TABLE), unknown_of(kept))
    policy, _, findings = made(rows)
    assert inside(rows, policy)
    assert {finding.id for finding in findings} == {"escalation"}


def unknown_of(statement):
    if statement.actions:
        return unknown(statement)
    from dataclasses import replace

    return replace(unknown(Statement(actions=("x:y",), resources=("*",))), kept=statement)


def test_a_boundary_over_the_limit_is_not_made_and_the_split_is_named():
    def rows(start):
        return tuple(
            needed("iam:GetRole", f"arn:aws:iam::111122223333:role/{'r' * 60}-{number}")
            for number in range(start, start + 30)
        )

    group = tuple(
        FunctionNeeds(function=f"f{index}", decisions=rows(index * 100)) for index in range(3)
    )
    policy, _, findings = boundary(group, BoundarySettings(), MAPS)
    assert policy is None
    (finding,) = findings
    assert finding.id == "over-limit"
    split = dict(finding.arguments)["split"].split(" | ")
    assert len(split) > 1
    for part in split:
        members = tuple(needs for needs in group if needs.function in part.split(", "))
        alone, _, _ = boundary(members, BoundarySettings(), MAPS)
        assert alone.size_chars <= MANAGED_LIMIT


def test_headroom_gives_way_before_the_limit():
    rows = tuple(
        needed(action, f"arn:aws:s3:::{'b' * 50}{number}/{'k' * 20}/*")
        for number in range(24)
        for action in (("s3:GetObject",) if number % 2 else ("s3:PutObject", "s3:GetObjectAcl"))
    )
    policy, _, _ = made(rows, "service")
    assert policy.size_chars <= MANAGED_LIMIT
    assert inside(rows, policy)


@given(
    st.lists(st.sampled_from(MAPS.actions("sqs")), min_size=1, unique=True),
)
@settings(max_examples=40, deadline=None)
def test_a_shortened_list_stands_for_its_actions_and_no_other(actions):
    others = set(MAPS.actions("sqs")) - set(actions)
    patterns = shorten(actions, others)
    got = {action for pattern in patterns for action in MAPS.expand(pattern)}
    assert got == set(actions)


@given(st.data())
@settings(max_examples=25, deadline=None)
def test_random_needs_lie_inside_their_boundary(data):
    actions = st.sampled_from(
        (
            "dynamodb:GetItem",
            "dynamodb:DeleteTable",
            "iam:PassRole",
            "iam:PutRolePolicy",
            "lambda:UpdateFunctionCode",
            "lambda:InvokeFunction",
            "s3:GetObject",
            "organizations:ListAccounts",
        )
    )
    resources = st.sampled_from(
        (TABLE, ROLE, "*", "arn:aws:s3:::b/*", "arn:aws:lambda:eu-west-1:111122223333:function:f")
    )
    rows = tuple(
        needed(data.draw(actions), data.draw(resources))
        for _ in range(data.draw(st.integers(1, 8)))
    )
    headroom = data.draw(st.sampled_from(("none", "service", "account")))
    policy, _, _ = made(rows, headroom)
    assert inside(rows, policy)
