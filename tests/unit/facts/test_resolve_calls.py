"""Calls become facts on ARNs; nothing becomes `*` in silence."""

import pytest

from iamgen.access.maps import open_maps
from iamgen.facts.bind import Binder
from iamgen.facts.naming import naming_of
from iamgen.facts.resolve import Resolver
from iamgen.model.fact import Certainty
from iamgen.model.function import Deployment, LambdaFunction, TemplateResource
from iamgen.model.observation import ApiCall, GapReason, Location
from iamgen.model.value import MapValue, TemplateRef, Text, Unresolved

FUNCTION = LambdaFunction(id="F", template="t.yaml", location=Location("t.yaml"))
DEPLOYMENT = Deployment(
    template="t.yaml",
    kind="sam",
    functions=(FUNCTION,),
    resources=(
        TemplateResource(logical_id="Orders", type="AWS::DynamoDB::Table"),
        TemplateResource(logical_id="Uploads", type="AWS::S3::Bucket", name=Text.of("uploads-prod")),
        TemplateResource(logical_id="Jobs", type="AWS::SQS::Queue"),
        TemplateResource(logical_id="Alerts", type="AWS::SNS::Topic"),
    ),
)
NAMING = naming_of(DEPLOYMENT, partition="aws", region="eu-west-1", account="111122223333")


def resolver(**options: bool) -> Resolver:
    return Resolver(
        function="F",
        role=None,
        binder=Binder(FUNCTION, NAMING.reference, {}),
        names=NAMING,
        maps=open_maps(),
        **options,
    )


def call(service: str, operation: str, *, open_: bool = False, **arguments: object) -> ApiCall:
    entries = tuple(
        (name, value if isinstance(value, Text | MapValue) else Text.of(str(value)))
        for name, value in arguments.items()
    )
    return ApiCall(
        service=service, operation=operation, arguments=MapValue(entries, open=open_), location=Location("a.py", 4)
    )


def facts(made: ApiCall) -> list[tuple[str, str]]:
    return [(f.action, f.resource.symbolic) for f in resolver().resolve(made).facts if not f.possible]


TABLE = "arn:${Partition}:dynamodb:${Region}:${Account}:table/"


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (
            call("dynamodb", "PutItem", TableName=Text((TemplateRef("Orders"),))),
            [("dynamodb:PutItem", TABLE + "{Orders}")],
        ),
        (
            call("dynamodb", "PutItem", TableName=Text((TemplateRef("Orders", "Arn"),))),
            [("dynamodb:PutItem", TABLE + "{Orders}")],
        ),
        (call("dynamodb", "GetItem", TableName="plain"), [("dynamodb:GetItem", TABLE + "plain")]),
        (
            call("s3", "GetObject", Bucket=Text((TemplateRef("Uploads"),)), Key="in/a.json"),
            [("s3:GetObject", "arn:${Partition}:s3:::{Uploads}/in/a.json")],
        ),
        (
            call("sqs", "SendMessage", QueueUrl=Text((TemplateRef("Jobs"),))),
            [("sqs:SendMessage", "arn:${Partition}:sqs:${Region}:${Account}:{Jobs}")],
        ),
        (
            call("sns", "Publish", TopicArn=Text((TemplateRef("Alerts"),))),
            [("sns:Publish", "arn:${Partition}:sns:${Region}:${Account}:{Alerts}")],
        ),
    ],
)
def test_resources_are_named_through_the_template(made: ApiCall, expected: list[tuple[str, str]]) -> None:
    assert facts(made) == expected


def test_index_brings_the_index_arn() -> None:
    made = call("dynamodb", "Query", TableName=Text((TemplateRef("Orders"),)), IndexName="by-day")
    assert set(facts(made)) == {
        ("dynamodb:Query", TABLE + "{Orders}"),
        ("dynamodb:Query", TABLE + "{Orders}/index/by-day"),
    }


def test_unknown_name_becomes_the_type_with_a_recorded_widening_and_a_gap() -> None:
    resolution = resolver().resolve(call("dynamodb", "PutItem", TableName=Text((Unresolved("from the event"),))))
    (fact,) = resolution.facts
    assert fact.resource.symbolic == TABLE + "*"
    assert fact.certainty is Certainty.ASSUMED
    assert fact.widening is not None
    assert fact.widening.reason.startswith("a.py:4")
    assert [gap.reason for gap in resolution.gaps] == [GapReason.RESOURCE_UNRESOLVED]


def test_known_literal_parts_stay() -> None:
    made = call("s3", "PutObject", Bucket="logs", Key=Text((Unresolved(),)))
    (fact,) = resolver().resolve(made).facts
    assert fact.resource.symbolic == "arn:${Partition}:s3:::logs/*"
    assert not resolver().resolve(made).gaps, "an object key is content, not an unresolved resource"


def test_unknown_operation_is_a_gap_of_its_service() -> None:
    (gap,) = resolver().resolve(call("dynamodb", "MakeCoffee")).gaps
    assert gap.reason is GapReason.OPERATION_UNKNOWN
    assert gap.services == ("dynamodb",)


def test_names_in_the_pattern_are_explicit_or_as_cloudformation_makes_them() -> None:
    (named,) = resolver().resolve(call("s3", "GetObject", Bucket=Text((TemplateRef("Uploads"),)), Key="k")).facts
    assert named.resource.arn == "arn:aws:s3:::uploads-prod/k"
    (made,) = resolver().resolve(call("dynamodb", "GetItem", TableName=Text((TemplateRef("Orders"),)))).facts
    assert made.resource.arn == "arn:aws:dynamodb:eu-west-1:111122223333:table/*-Orders-*"


def test_a_literal_that_spells_a_resource_of_the_template_is_that_resource() -> None:
    (fact,) = resolver().resolve(call("s3", "GetObject", Bucket="uploads-prod", Key="k")).facts
    assert fact.resource.symbolic == "arn:${Partition}:s3:::{Uploads}/k"
