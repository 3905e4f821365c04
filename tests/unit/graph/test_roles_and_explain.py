
"""The use graph: why a permission is there, what a refusal needs, what sharing costs."""

import json
from dataclasses import replace

import pytest
from suggestion_values import needed, result, suggestion

from iamgen.graph.build import build, function_node, paths_to
from iamgen.graph.denied import parse_denied
from iamgen.graph.explain import explain, explain_denied
from iamgen.graph.roles import environment_of, roles
from iamgen.model.fact import CodeEvidence, LogEvidence, PlatformEvidence
from iamgen.model.function import FunctionRef, Role, RolePolicy
from iamgen.model.observation import Gap, GapReason, Location, Outcome
from iamgen.model.policy import Policy, Statement
from iamgen.model.result import RoleInfo
from iamgen.outputs._explain import explain_json, explain_mermaid, explain_text
from iamgen.outputs._roles_report import roles_json, roles_text

TABLE = "arn:aws:dynamodb:eu-west-1:111122223333:table/orders"
CALL = CodeEvidence(
    location=Location("src/app.py", 12),
    service="dynamodb",
    operation="PutItem",
    path=("handler", "save"),
)
LOG = LogEvidence(
    count=7,
    first="2026-10-01T00:00:00Z",
    last="2026-11-01T00:00:00Z",
    outcome=Outcome.ALLOWED,
    event="dynamodb.amazonaws.com PutItem",
    resource=TABLE,
    attribution="exact",
)


def answer():
    rows = (
        needed("dynamodb:PutItem", TABLE, evidence=(CALL, LOG)),
        needed("logs:PutLogEvents", "*", evidence=(PlatformEvidence(rule="logs", why="Lambda"),)),
    )
    return result(suggestion("Ingest", rows))


def test_a_permission_has_a_way_from_each_of_its_evidences():
    found = answer()
    graph = build(found)
    (one,) = found.functions
    ways = list(paths_to(graph, function_node(one), one.permissions[0]))
    assert [[kind for kind, _ in way] for way in ways] == [
        ["function", "call", "operation", "action", "resource"],
        ["function", "event", "action", "resource"],
    ]


def test_explain_says_the_call_the_log_and_the_statement():
    found = explain(answer(), "dynamodb:PutItem")
    (reason,) = found.reasons
    assert (reason.function, reason.statement) == ("Ingest", 0)
    text = explain_text(found)
    for part in ("src/app.py:12", "handler > save", "7 allowed", "statement 0"):
        assert part in text
    assert json.loads(explain_json(found))["reasons"][0]["statement"] == 0
    assert explain_mermaid(found).startswith("flowchart LR\n  n0[")


@pytest.mark.parametrize("query", ["dynamodb:*", "DynamoDB:putitem", "dynamodb:Put*", "*"])
def test_actions_are_asked_for_by_pattern_and_in_any_case(query):
    assert explain(answer(), query).reasons


def test_an_action_nobody_asks_for_is_said_with_the_gaps_that_may_hide_it():
    one = replace(
        answer().functions[0],
        gaps=(
            Gap(GapReason.CLIENT_UNRESOLVED, "x", Location("a.py", 1), services=None),
            Gap(GapReason.RESOURCE_UNRESOLVED, "y", Location("a.py", 2), services=("s3",)),
        ),
    )
    found = explain(result(one), "sqs:SendMessage")
    assert found.reasons == ()
    assert [gap.detail for gap in found.gaps] == ["x"]
    assert "nothing asks for it" in explain_text(found)


ARN = "arn:aws:sts::111122223333:assumed-role/IngestRole/Ingest"
ON = f"User: {ARN} is not authorized to perform: dynamodb:PutItem on resource: {TABLE}"


@pytest.mark.parametrize(
    ("text", "layer", "explicit"),
    [
        (ON, "unknown", False),
        (
            f"{ON} because no identity-based policy allows the dynamodb:PutItem action",
            "identity",
            False,
        ),
        (
            f"{ON} because no permissions boundary allows the dynamodb:PutItem action",
            "boundary",
            False,
        ),
        (
            f"{ON} because no service control policy allows the dynamodb:PutItem action",
            "scp",
            False,
        ),
        (
            f"{ON} because no resource-based policy allows the dynamodb:PutItem action",
            "resource-policy",
            False,
        ),
        (f"{ON} because no session policy allows the dynamodb:PutItem action", "session", False),
        (
            f"{ON} because no VPC endpoint policy allows the dynamodb:PutItem action",
            "endpoint",
            False,
        ),
        (f"{ON} with an explicit deny in a service control policy", "scp", True),
        (f"{ON} with an explicit deny in an identity-based policy: arn:x", "identity", True),
        (f"{ON} with an explicit deny in a permissions boundary", "boundary", True),
        (f"{ON} with an explicit deny in a resource control policy", "rcp", True),
        (f"{ON} with an explicit deny", "unknown", True),
        (f"An error occurred (AccessDeniedException) when calling PutItem: {ON}", "unknown", False),
        (json.dumps({"errorMessage": ON, "eventName": "PutItem"}), "unknown", False),
    ],
)
def test_wordings_of_a_refusal(text, layer, explicit):
    denied = parse_denied(text)
    assert denied.action == "dynamodb:PutItem"
    assert denied.resource == TABLE
    assert denied.principal == ARN
    assert (denied.layer, denied.explicit) == (layer, explicit)


def test_a_wording_without_a_resource():
    denied = parse_denied(f"User: {ARN} is not authorized to perform: sqs:ListQueues")
    assert (denied.action, denied.resource) == ("sqs:ListQueues", None)


@pytest.mark.parametrize(
    ("text", "action"),
    [
        (
            "The provided execution role does not have permissions to call ReceiveMessage on SQS",
            "sqs:ReceiveMessage",
        ),
        (
            "The provided execution role does not have permissions to call CreateNetworkInterface on EC2",
            "ec2:CreateNetworkInterface",
        ),
    ],
)
def test_lambdas_own_words(text, action):
    assert parse_denied(text).action == action


def test_an_encoded_message_is_told_apart():
    text = "You are not authorized. Encoded authorization failure message: 8fvaZ-abc"
    assert parse_denied(text).encoded
    assert "decode-authorization-message" in explain_text(explain_denied(answer(), text))


def test_a_decoded_message_is_read():
    text = json.dumps(
        {
            "allowed": False,
            "explicitDeny": True,
            "context": {
                "principal": {"arn": ARN},
                "action": "ec2:RunInstances",
                "resource": "arn:aws:ec2:eu-west-1:1:instance/*",
            },
        }
    )
    denied = parse_denied(text)
    assert (denied.action, denied.explicit) == ("ec2:RunInstances", True)


def test_a_text_without_a_wording_is_said():
    assert parse_denied("hello").action is None
    assert "no known wording" in explain_text(explain_denied(answer(), "hello"))


def test_a_refusal_names_the_grant_and_where_it_goes():
    text = f"{ON.replace('PutItem', 'DeleteItem')} because no identity-based policy allows it"
    found = explain_denied(answer(), text)
    (grant,) = found.missing
    assert (grant.function, grant.action, grant.target) == ("Ingest", "dynamodb:DeleteItem", "role")
    assert not grant.suggested
    assert "is missing in the policy of its role" in explain_text(found)


def test_a_refusal_that_the_suggestion_repairs_says_so():
    (grant,) = explain_denied(answer(), ON).missing
    assert grant.suggested
    assert "iamgen patch" in explain_text(explain_denied(answer(), ON))


def test_a_refusal_of_what_the_template_grants_says_that_what_runs_is_older():
    role = Role(
        key="R",
        policies=(
            RolePolicy(
                name="p",
                kind="inline",
                origin="template",
                policy=Policy((Statement(actions=("dynamodb:*",), resources=("*",)),)),
            ),
        ),
    )
    one = replace(answer().functions[0], current_role=role)
    (grant,) = explain_denied(result(one), ON).missing
    assert grant.granted_today is True


def test_an_explicit_deny_is_not_answered_with_a_grant():
    text = explain_text(
        explain_denied(answer(), f"{ON} with an explicit deny in a service control policy")
    )
    assert "no grant helps" in text


def test_the_caller_is_found_by_session_then_by_role():
    other = suggestion("Other", (needed("s3:GetObject", "arn:aws:s3:::b/k"),))
    both = result(*answer().functions, other)
    assert [g.function for g in explain_denied(both, ON).missing] == ["Ingest"]
    by_role = ON.replace("IngestRole/Ingest", "stack-OtherRole-ABC123/session")
    assert [g.function for g in explain_denied(both, by_role).missing] == ["Other"]


SHARED = RoleInfo(
    name="Shared", arn=None, key="Shared", shared_by=("A", "B"), unknown_users=("ci",)
)


def shared():
    a = (needed("dynamodb:PutItem", TABLE), needed("iam:PassRole", "arn:aws:iam::1:role/x"))
    b = (needed("s3:GetObject", "arn:aws:s3:::b/k"), needed("lambda:CreateFunction", "*"))
    return result(
        suggestion("A", a, role=SHARED, shared=b, template_kind="sam"),
        suggestion("B", b, role=SHARED, shared=a, template_kind="sam"),
    )


def test_sharing_is_priced_per_function():
    table = {"set": [{"id": "s", "actions": ["iam:PassRole", "lambda:CreateFunction"]}]}
    report = roles(shared(), "function", table)
    (use,) = report.roles
    assert use.permissions == 4
    assert use.unknown_users == ("ci",)
    cost = use.costs[0]
    assert (cost.own, cost.extra_permissions) == (2, 2)
    assert cost.extra_actions == ("lambda:CreateFunction", "s3:GetObject")
    assert cost.extra_escalation == ("s",)


def test_the_plan_names_new_roles_and_the_edit():
    report = roles(shared(), "function")
    assert [(move.role, move.functions, move.from_role) for move in report.plan] == [
        ("ARole", ("A",), "Shared"),
        ("BRole", ("B",), "Shared"),
    ]
    assert "iamgen patch --split --function A" in roles_text(report)
    assert json.loads(roles_json(report))["plan"][0]["patch"] is True


def test_functions_with_like_needs_stay_together_per_service():
    rows = tuple(needed(f"dynamodb:{name}", TABLE) for name in ("GetItem", "PutItem", "Query"))
    far = (needed("sqs:SendMessage", "arn:aws:sqs:eu-west-1:1:q"),)
    role = replace(SHARED, shared_by=("A", "B", "C"))
    found = result(
        suggestion("A", rows, role=role, shared=far),
        suggestion("B", rows[:2], role=role, shared=far),
        suggestion("C", far, role=role, shared=rows),
    )
    report = roles(found, "service")
    assert report.clusters == (("A", "B"), ("C",))
    assert [move.functions for move in report.plan] == [("A", "B"), ("C",)]
    assert not report.plan[0].patch


def test_a_role_of_one_environment_that_reaches_another_is_named():
    rows = (needed("s3:GetObject", "arn:aws:s3:::orders-prod/*"),)
    ref = FunctionRef(id="F", name="ingest-dev", logical_id="F")
    report = roles(result(suggestion("F", rows, function=ref)), "environment")
    (crossing,) = report.crossings
    assert (crossing.environment, crossing.other) == ("dev", "prod")
    assert "reaches prod" in roles_text(report)


def test_one_function_in_several_environments_is_told():
    found = result(
        *(
            suggestion(name, (), function=FunctionRef(id=name, name=name))
            for name in ("ingest-dev", "ingest-prod", "other")
        )
    )
    assert roles(found, "function").environments == (("ingest", ("dev", "prod")),)


@pytest.mark.parametrize(
    ("name", "environment"),
    [
        ("a-dev-b", "dev"),
        ("prod/x", "prod"),
        ("device", None),
        ("dev-prod", None),
        ("x_qa", "test"),
    ],
)
def test_environments_are_told_by_whole_words(name, environment):
    assert environment_of(name) == environment


def test_names_are_escaped_for_the_terminal():
    ref = FunctionRef(id="F\x1b[31m", name="F\x1b[31m", logical_id="F")
    one = suggestion("F", answer().functions[0].permissions, function=ref)
    assert "\x1b" not in explain_text(explain(result(one), "dynamodb:PutItem"))
    assert "\x1b" not in roles_text(roles(result(one), "function"))
