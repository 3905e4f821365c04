"""What Lambda itself needs, rule by rule, on the function's own resources."""

import pytest

from iamgen.access.maps import open_maps
from iamgen.facts.naming import naming_of
from iamgen.facts.platform import platform_facts
from iamgen.model.fact import Certainty, Origin
from iamgen.model.function import Deployment, EventSource, LambdaFunction, TemplateResource
from iamgen.model.observation import Location
from iamgen.model.value import ListValue, MapValue, ParameterRef, TemplateRef, Text

KEY = Text((TemplateRef("Key", "Arn"),))
RESOURCES = (
    TemplateResource(logical_id="Fn", type="AWS::Lambda::Function"),
    TemplateResource(logical_id="Queue", type="AWS::SQS::Queue", kms_key=KEY),
    TemplateResource(logical_id="Plain", type="AWS::SQS::Queue"),
    TemplateResource(logical_id="Table", type="AWS::DynamoDB::Table"),
    TemplateResource(logical_id="Stream", type="AWS::Kinesis::Stream"),
    TemplateResource(logical_id="Topic", type="AWS::SNS::Topic"),
    TemplateResource(logical_id="Bus", type="AWS::Events::EventBus"),
    TemplateResource(logical_id="Bucket", type="AWS::S3::Bucket"),
    TemplateResource(logical_id="Other", type="AWS::Lambda::Function"),
    TemplateResource(logical_id="Secret", type="AWS::SecretsManager::Secret"),
    TemplateResource(logical_id="Cluster", type="AWS::MSK::Cluster"),
    TemplateResource(logical_id="Broker", type="AWS::AmazonMQ::Broker"),
    TemplateResource(logical_id="Docs", type="AWS::DocDB::DBCluster"),
    TemplateResource(logical_id="Key", type="AWS::KMS::Key"),
    TemplateResource(logical_id="Group", type="AWS::Logs::LogGroup"),
    TemplateResource(
        logical_id="Point", type="AWS::EFS::AccessPoint", attributes=(("FileSystemId", Text((TemplateRef("Files"),))),)
    ),
    TemplateResource(logical_id="Files", type="AWS::EFS::FileSystem"),
)
LOGS = {"logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"}
NETWORK = {
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
}


def ref(name, attribute="Arn"):
    return Text((TemplateRef(name, attribute),))


def event(kind, resource=None, access=(), on_failure=None):
    rows = tuple(MapValue((("Type", Text.of(word)), ("URI", value))) for word, value in access)
    properties = (("SourceAccessConfigurations", ListValue(rows)),) if rows else ()
    return EventSource(kind=kind, resource=resource, on_failure=on_failure, properties=properties)


def facts(region="eu-west-1", **fields):
    function = LambdaFunction(id="Fn", template="t.yaml", location=Location("t.yaml", 3), role="R", **fields)
    deployment = Deployment(template="t.yaml", kind="sam", resources=RESOURCES, stack_name="shop")
    naming = naming_of(deployment, region=region)
    return platform_facts(function, naming, open_maps().table("platform"))


def needs(**fields):
    return {(f.action, f.resource.symbolic) for f in facts(**fields)}


def actions(**fields):
    return {f.action for f in facts(**fields)}


def test_every_function_writes_its_own_log_group():
    found = facts()

    assert {f.action for f in found} == LOGS
    group = "arn:${Partition}:logs:${Region}:${Account}:log-group:/aws/lambda/{Fn}"
    assert {(f.action, f.resource.symbolic) for f in found} == {
        ("logs:CreateLogGroup", f"{group}:*"),
        ("logs:CreateLogStream", f"{group}:*"),
        ("logs:PutLogEvents", f"{group}:log-stream:*"),
    }
    named = "arn:*:logs:eu-west-1:*:log-group:/aws/lambda/shop-Fn-*"
    assert {f.resource.arn for f in found} == {f"{named}:*", f"{named}:log-stream:*"}
    assert {(f.origin, f.certainty, f.function, f.role) for f in found} == {
        (Origin.PLATFORM, Certainty.RULE, "Fn", "R")
    }


def test_a_log_group_of_the_template_is_not_created_by_the_function():
    found = needs(log_group=ref("Group", ""), owns_log_group=True)

    group = "arn:${Partition}:logs:${Region}:${Account}:log-group:{Group}"
    assert found == {("logs:CreateLogStream", f"{group}:*"), ("logs:PutLogEvents", f"{group}:log-stream:*")}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"tracing": True}, {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}),
        (
            {"in_vpc": True},
            {
                "ec2:AssignPrivateIpAddresses",
                "ec2:CreateNetworkInterface",
                "ec2:DeleteNetworkInterface",
                "ec2:DescribeNetworkInterfaces",
                "ec2:DescribeSubnets",
                "ec2:UnassignPrivateIpAddresses",
            },
        ),
        ({"durable": True}, {"lambda:CheckpointDurableExecution", "lambda:GetDurableExecutionState"}),
        ({"event_sources": (event("Api"), event("Schedule"), event("S3", ref("Bucket", "")))}, set()),
        (
            {"event_sources": (event("SQS", ref("Plain")),)},
            {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"},
        ),
        (
            {"event_sources": (event("DynamoDB", ref("Table", "StreamArn")),)},
            {"dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"},
        ),
        (
            {"event_sources": (event("Kinesis", ref("Stream")),)},
            {
                "kinesis:DescribeStream",
                "kinesis:DescribeStreamSummary",
                "kinesis:GetRecords",
                "kinesis:GetShardIterator",
                "kinesis:ListShards",
                "kinesis:ListStreams",
            },
        ),
        (
            {"event_sources": (event("SelfManagedKafka", None, [("SASL_SCRAM_512_AUTH", ref("Secret", ""))]),)},
            {"secretsmanager:GetSecretValue"},
        ),
        (
            {
                "event_sources": (
                    event(
                        "SelfManagedKafka",
                        None,
                        [("VPC_SUBNET", Text.of("subnet:s")), ("BASIC_AUTH", ref("Secret", ""))],
                    ),
                )
            },
            {"secretsmanager:GetSecretValue"} | NETWORK,
        ),
        (
            {"event_sources": (event("MQ", ref("Broker"), [("BASIC_AUTH", ref("Secret", ""))]),)},
            {"mq:DescribeBroker", "secretsmanager:GetSecretValue"} | NETWORK,
        ),
        (
            {
                "event_sources": (
                    event(
                        "DocumentDB", Text.of("arn:aws:rds:eu-west-1:1:cluster:c"), [("BASIC_AUTH", ref("Secret", ""))]
                    ),
                )
            },
            {
                "rds:DescribeDBClusters",
                "rds:DescribeDBClusterParameters",
                "rds:DescribeDBSubnetGroups",
                "secretsmanager:GetSecretValue",
            }
            | NETWORK,
        ),
        ({"dead_letter": ref("Plain")}, {"sqs:SendMessage"}),
        ({"dead_letter": ref("Topic", "")}, {"sns:Publish"}),
        ({"destinations": (ref("Other"), ref("Bus"))}, {"lambda:InvokeFunction", "events:PutEvents"}),
        ({"destinations": (ref("Bucket"),)}, {"s3:PutObject", "s3:ListBucket"}),
        ({"file_systems": (ref("Point"),)}, {"elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"}),
        (
            {"layers": (Text.of("arn:aws:lambda:eu-west-1:580247275435:layer:LambdaInsightsExtension:52"),)},
            set(),
        ),
        (
            {"environment": (("DD_API_KEY_SECRET_ARN", ref("Secret", "")),)},
            {"secretsmanager:GetSecretValue"},
        ),
    ],
    ids=lambda value: next(iter(value), "none") if isinstance(value, dict) else "",
)
def test_a_feature_brings_its_actions(fields, expected):
    assert actions(**fields) - LOGS == expected


def test_iam_authentication_of_kafka_counts_only_if_granted():
    found = [f for f in facts(event_sources=(event("MSK", ref("Cluster")),)) if f.action.startswith("kafka-cluster:")]

    assert found
    assert all(f.evidence[0].optional for f in found)


def test_the_key_of_environment_variables_is_never_asked_for():
    (found,) = [f for f in facts(kms_key=KEY) if f.action == "kms:Decrypt"]

    assert found.evidence[0].optional
    assert found.resource.symbolic == "arn:${Partition}:kms:${Region}:${Account}:key/{Key}"


@pytest.mark.parametrize(
    ("region", "operator", "value"),
    [("eu-west-1", "StringEquals", "sqs.eu-west-1.amazonaws.com"), (None, "StringLike", "sqs.*.amazonaws.com")],
)
def test_an_encrypted_queue_brings_its_key_through_the_service_alone(region, operator, value):
    found = [f for f in facts(region=region, event_sources=(event("SQS", ref("Queue")),)) if f.action == "kms:Decrypt"]

    assert [(f.conditions[0].operator, f.conditions[0].key, f.conditions[0].values) for f in found] == [
        (operator, "kms:ViaService", (value,))
    ]
    assert not [f for f in facts(event_sources=(event("SQS", ref("Plain")),)) if f.action.startswith("kms:")]


def test_pollers_get_their_own_source_and_on_failure_target():
    found = needs(event_sources=(event("DynamoDB", ref("Table", "StreamArn"), on_failure=ref("Plain")),))

    assert ("dynamodb:GetRecords", "arn:${Partition}:dynamodb:${Region}:${Account}:table/{Table}/stream/*") in found
    assert ("dynamodb:ListStreams", "*") in found
    assert ("sqs:SendMessage", "arn:${Partition}:sqs:${Region}:${Account}:{Plain}") in found


def test_a_source_that_a_parameter_names_is_a_recorded_widening():
    unknown = Text((ParameterRef("QueueArn"),))
    known = Text((ParameterRef("QueueArn", "arn:aws:sqs:eu-west-1:1:q"),))

    found = [f for f in facts(event_sources=(event("SQS", unknown),)) if f.action == "sqs:ReceiveMessage"]

    assert found[0].resource.symbolic == "{QueueArn}"
    assert found[0].resource.arn == "arn:*:sqs:eu-west-1:*:*"
    assert found[0].widening is not None
    assert known.literal == "arn:aws:sqs:eu-west-1:1:q"


def test_an_edge_function_logs_in_every_region():
    found = [f for f in facts(edge=True) if ":logs:*:" in f.resource.symbolic]

    assert {f.action for f in found} == LOGS
    assert found[0].resource.symbolic == "arn:${Partition}:logs:*:${Account}:log-group:/aws/lambda/us-east-1.{Fn}:*"


def test_a_file_system_is_named_through_its_access_point():
    found = needs(file_systems=(ref("Point"), Text.of("arn:aws:elasticfilesystem:eu-west-1:1:access-point/fsap-1")))

    assert (
        "elasticfilesystem:ClientMount",
        "arn:${Partition}:elasticfilesystem:${Region}:${Account}:file-system/{Files}",
    ) in found
    assert (
        "elasticfilesystem:ClientMount",
        "arn:${Partition}:elasticfilesystem:${Region}:${Account}:file-system/*",
    ) in found


def test_every_rule_names_real_actions_and_its_source():
    maps = open_maps()
    table = maps.table("platform")

    unknown = [action for rule in table["rule"] for action in rule["actions"] if maps.action(action) is None]
    identifiers = [rule["id"] for rule in table["rule"]]

    assert unknown == []
    assert len(set(identifiers)) == len(identifiers)
    assert all(rule["source"] for rule in table["rule"])
