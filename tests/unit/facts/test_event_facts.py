# ruff: noqa: E501  records and tables of cases read better in one line
"""From logged calls to facts: the action, the resource, the condition; or why there is none."""

from typing import Any

import pytest

from iamgen.access.maps import open_maps
from iamgen.facts.events import EventFacts, EventResolver, Fate, fold_resources, join_equal
from iamgen.model.fact import Certainty, LogEvidence, Origin, ResourcePattern, UsageFact
from iamgen.model.observation import ApiEvent, Outcome

ROLE = "arn:aws:iam::111122223333:role/r"
HERE = "eu-west-1:111122223333"


def event(service: str, name: str, *, params: dict[str, Any] | None = None, **more: Any) -> ApiEvent:
    pairs = tuple(
        (path, value)
        for path, values in (params or {}).items()
        for value in (values if isinstance(values, list) else [values])
    )
    base: dict[str, Any] = {
        "event_source": f"{service}.amazonaws.com", "event_name": name, "account": "111122223333",
        "region": "eu-west-1", "role_arn": ROLE, "session": "orders", "function_arn": None, "invoked_by": None,
        "resources": (), "parameters": pairs, "error_code": None, "denied_by": None, "outcome": Outcome.ALLOWED,
        "count": 2, "first_seen": "2026-01-05T00:00:00Z", "last_seen": "2026-01-06T00:00:00Z", "source": "t",
    }  # fmt: skip
    return ApiEvent(**{**base, **more})


def resolved(one: ApiEvent) -> EventFacts:
    return EventResolver(open_maps()).resolve(one, function="orders", attribution="exact")


def uses(one: ApiEvent) -> set[tuple[str, str]]:
    return {(fact.action, fact.resource.arn) for fact in resolved(one).facts}


TABLE = f"arn:aws:dynamodb:{HERE}:table/orders"

CASES: list[tuple[str, ApiEvent, set[tuple[str, str]]]] = [
    ("a table from the event's own list", event("dynamodb", "GetItem", resources=(TABLE,)), {("dynamodb:GetItem", TABLE)}),
    ("a table from the request", event("dynamodb", "DescribeTable", params={"TableName": "orders"}), {("dynamodb:DescribeTable", TABLE)}),
    (
        "each action of a transaction on its own table",
        event(
            "dynamodb", "TransactWriteItems",
            params={"TransactItems[].Put.TableName": "orders", "TransactItems[].Delete.TableName": "orders-2"},
            resources=(TABLE, f"{TABLE}-2"),
        ),
        {("dynamodb:PutItem", TABLE), ("dynamodb:DeleteItem", f"{TABLE}-2")},
    ),
    (
        "a table of another account keeps its account",
        event("dynamodb", "GetItem", resources=("arn:aws:dynamodb:eu-west-1:999999999999:table/theirs",)),
        {("dynamodb:GetItem", "arn:aws:dynamodb:eu-west-1:999999999999:table/theirs")},
    ),
    (
        "a copy reads its source",
        event(
            "s3", "CopyObject", params={"Bucket": "out", "Key": "copy/*", "CopySource": "in-bucket/in/*"},
            resources=("arn:aws:s3:::out/copy/*", "arn:aws:s3:::out"),
        ),
        {("s3:GetObject", "arn:aws:s3:::in-bucket/in/*"), ("s3:PutObject", "arn:aws:s3:::out/copy/*")},
    ),
    ("a head is a get", event("s3", "HeadObject", resources=("arn:aws:s3:::b/in/*", "arn:aws:s3:::b")), {("s3:GetObject", "arn:aws:s3:::b/in/*")}),
    ("a list is of the bucket", event("s3", "ListObjects", resources=("arn:aws:s3:::b/*", "arn:aws:s3:::b")), {("s3:ListBucket", "arn:aws:s3:::b")}),
    ("a deletion of many", event("s3", "DeleteObjects", resources=("arn:aws:s3:::b/*", "arn:aws:s3:::b")), {("s3:DeleteObject", "arn:aws:s3:::b/*")}),
    ("an action without resource", event("ec2", "DescribeInstances"), {("ec2:DescribeInstances", "*")}),
    ("an event source of another name", event("monitoring", "PutMetricData", params={"Namespace": "x"}), {("cloudwatch:PutMetricData", "*")}),
    ("a dated name", event("lambda", "GetFunction20150331v2", params={"FunctionName": "child"}), {("lambda:GetFunction", f"arn:aws:lambda:{HERE}:function:child")}),
    (
        "a secret by name gets its random end",
        event("secretsmanager", "GetSecretValue", params={"SecretId": "orders/db"}),
        {("secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:{HERE}:secret:orders/db-??????")},
    ),
    (
        "a queue by its URL, in its owner's account",
        event("sqs", "SendMessage", params={"QueueUrl": "https://sqs.us-east-2.amazonaws.com/999999999999/jobs"}),
        {("sqs:SendMessage", "arn:aws:sqs:us-east-2:999999999999:jobs")},
    ),
    ("the default bus", event("events", "PutEvents"), {("events:PutEvents", f"arn:aws:events:{HERE}:event-bus/default")}),
    ("a parameter without its slash", event("ssm", "GetParameter", params={"Name": "/orders/cfg"}), {("ssm:GetParameter", f"arn:aws:ssm:{HERE}:parameter/orders/cfg")}),
    (
        "a sender is an address or its domain",
        event("email", "SendEmail", params={"Source": "no-reply@acme.example"}),
        {
            ("ses:SendEmail", f"arn:aws:ses:{HERE}:identity/no-reply@acme.example"),
            ("ses:SendEmail", f"arn:aws:ses:{HERE}:identity/acme.example"),
        },
    ),
    (
        "a role taken on",
        event("sts", "AssumeRole", params={"RoleArn": "arn:aws:iam::999999999999:role/partner"}, resources=("arn:aws:iam::999999999999:role/partner",)),
        {("sts:AssumeRole", "arn:aws:iam::999999999999:role/partner")},
    ),
    (
        "another partition",
        event("sns", "Publish", params={"TopicArn": "arn:aws-cn:sns:cn-north-1:111122223333:t"}, region="cn-north-1", role_arn="arn:aws-cn:iam::111122223333:role/r"),
        {("sns:Publish", "arn:aws-cn:sns:cn-north-1:111122223333:t")},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("one", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_call_becomes_its_actions_on_its_resources(one: ApiEvent, expected: set[tuple[str, str]]) -> None:
    assert uses(one) == expected
    assert resolved(one).fate is Fate.USED


def test_every_action_of_the_cases_exists() -> None:
    maps = open_maps()
    for _, _, expected in CASES:
        for action, _ in expected:
            assert maps.action(action) is not None, action


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (event("sts", "GetCallerIdentity"), "no-permission"),
        (event("s3", "GetObject", kind="copy"), "copy"),
        (event("kms", "RotateKey", kind="service-event"), "service-event"),
        (event("signin", "ConsoleLogin"), "sign-in"),
        (
            event("kms", "Decrypt", params={"EncryptionContext.aws:lambda:FunctionArn": "arn:aws:lambda:eu-west-1:1:function:f"}),
            "environment-variables",
        ),
    ],
)  # fmt: skip
def test_what_needs_no_permission_is_ignored_with_its_reason(one: ApiEvent, reason: str) -> None:
    shown = resolved(one)
    assert (shown.fate, shown.reason, shown.facts) == (Fate.IGNORED, reason, ())


def test_an_unknown_operation_is_a_gap_and_grants_nothing() -> None:
    shown = resolved(event("dynamodb", "InventTable"))
    assert shown.fate is Fate.GAP
    assert shown.facts == ()
    assert shown.gap is not None
    assert shown.gap.services == ("dynamodb",)


def test_a_refused_call_gives_refused_facts_alone() -> None:
    shown = resolved(
        event("dynamodb", "GetItem", resources=(TABLE,), outcome=Outcome.DENIED, error_code="AccessDeniedException")
    )
    assert shown.fate is Fate.DENIED
    assert {fact.outcome for fact in shown.facts} == {Outcome.DENIED}


def test_a_refusal_that_names_its_action_is_about_that_action() -> None:
    shown = resolved(
        event(
            "lambda", "CreateFunction20150331", outcome=Outcome.DENIED, error_code="AccessDeniedException",
            denied_action="iam:passrole", denied_by="scp", resources=("arn:aws:iam::1:role/x",),
        )
    )  # fmt: skip
    assert [(f.action, f.resource.arn) for f in shown.facts] == [("iam:PassRole", "arn:aws:iam::1:role/x")]
    (evidence,) = shown.facts[0].evidence
    assert isinstance(evidence, LogEvidence)
    assert evidence.denied_by == "scp"


def test_a_forwarded_key_use_carries_its_service() -> None:
    key = f"arn:aws:kms:{HERE}:key/k"
    (fact,) = resolved(event("kms", "Decrypt", resources=(key,), invoked_by="secretsmanager.amazonaws.com")).facts
    (condition,) = fact.conditions
    assert (condition.operator, condition.key, condition.values) == (
        "StringEquals", "kms:ViaService", ("secretsmanager.eu-west-1.amazonaws.com",),
    )  # fmt: skip
    (plain,) = resolved(event("kms", "Decrypt", resources=(key,))).facts
    assert plain.conditions == ()


def test_an_unnamed_resource_is_the_type_here_and_recorded() -> None:
    (fact,) = resolved(event("dynamodb", "GetItem")).facts
    assert fact.resource.arn == f"arn:aws:dynamodb:{HERE}:table/*"
    assert fact.certainty is Certainty.ASSUMED
    assert fact.widening is not None
    assert fact.widening.reason == "log-names-no-resource"


def test_passing_a_role_is_inferred_from_a_call_that_passes_one() -> None:
    one = event(
        "lambda", "CreateFunction20150331", params={"FunctionName": "f", "Role": "arn:aws:iam::111122223333:role/new"}
    )
    assert ("iam:PassRole", "arn:aws:iam::111122223333:role/new") in uses(one)


def fact(arn: str, count: int = 1) -> UsageFact:
    evidence = LogEvidence(
        count=count, first="2026-01-05", last="2026-01-06", outcome=Outcome.ALLOWED, event="e", resource=arn,
        attribution="exact",
    )  # fmt: skip
    return UsageFact(
        function="f", role="r", action="s3:GetObject", resource=ResourcePattern(arn, arn), origin=Origin.LOG,
        certainty=Certainty.OBSERVED, evidence=(evidence,),
    )  # fmt: skip


def test_equal_facts_are_one_with_their_counts_added() -> None:
    (one,) = join_equal([fact("arn:aws:s3:::b/a/*", 2), fact("arn:aws:s3:::b/a/*", 3)])
    (evidence,) = one.evidence
    assert isinstance(evidence, LogEvidence)
    assert evidence.count == 5


def test_many_folders_of_one_bucket_become_their_common_beginning() -> None:
    many = tuple(fact(f"arn:aws:s3:::b/tenants/{name}/*") for name in (f"t{n}" for n in range(80)))
    few = (fact("arn:aws:s3:::other/x/*"),)
    folded = fold_resources((*many, *few))
    assert {each.resource.arn for each in folded} == {"arn:aws:s3:::b/tenants/*", "arn:aws:s3:::other/x/*"}
    wide = next(each for each in folded if "tenants" in each.resource.arn)
    assert wide.widening is not None
    assert sum(each.count for each in wide.evidence if isinstance(each, LogEvidence)) == 80
