"""Calls above the SDK's clients: libraries, resources, signers, and the names other SDKs use."""

import pytest

from iamgen.access import highlevel
from iamgen.access.highlevel import Guard, ValueSource, parse_call
from iamgen.access.maps import AccessMaps


def test_a_call_is_one_line_of_words() -> None:
    call = parse_call(
        "s3:PutObject if=arg:0:path^s3:// unless=arg:1:mode~r Bucket=arg:0:path|s3_bucket *=arg:3:ExtraArgs"
    )
    assert (call.service, call.operation) == ("s3", "PutObject")
    assert call.bind == (
        ("Bucket", ValueSource("arg", 0, "path", "s3_bucket")),
        ("*", ValueSource("arg", 3, "ExtraArgs")),
    )
    assert call.guards == (
        Guard(ValueSource("arg", 0, "path"), "^", "s3://"),
        Guard(ValueSource("arg", 1, "mode"), "~", "r", negated=True),
    )


def test_guards_are_three_valued() -> None:
    guard = Guard(ValueSource("arg", 0), "^", "s3://")
    assert guard.decide("s3://bucket/key") is True
    assert guard.decide("/tmp/file") is False
    assert guard.decide(None) is None


def test_the_operation_may_be_named_by_an_argument() -> None:
    call = parse_call("command arg:1:")
    assert call.indirect == ValueSource("arg", 1)
    assert call.operation == ""


def calls(entry: highlevel.LibraryEntry | None) -> list[str]:
    assert entry is not None
    return [f"{each.service}:{each.operation}" for each in entry.calls]


@pytest.mark.parametrize(
    ("language", "path", "expected"),
    [
        ("python", "aws_lambda_powertools.utilities.parameters.get_secret", ["secretsmanager:GetSecretValue"]),
        (
            "python",
            "aws_lambda_powertools.utilities.idempotency.DynamoDBPersistenceLayer",
            ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"],
        ),
        ("python", "aws_lambda_powertools.utilities.parameters.ssm.SSMProvider.get", ["ssm:GetParameter"]),
        ("python", "aws_lambda_powertools.Logger", []),
        ("python", "aws_lambda_powertools.event_handler.APIGatewayRestResolver", []),
        ("python", "pynamodb.models.Model.save", ["dynamodb:PutItem"]),
        (
            "python",
            "aws_secretsmanager_caching.SecretCache.get_secret_string",
            ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"],
        ),
        ("javascript", "@aws-sdk/lib-storage.Upload", ["s3:PutObject", "s3:AbortMultipartUpload"]),
        ("javascript", "@middy/ssm.default", ["ssm:GetParameters", "ssm:GetParametersByPath"]),
        (
            "go",
            "github.com/aws/aws-sdk-go-v2/feature/s3/manager.Downloader.Download",
            ["s3:GetObject"],
        ),
        (
            "java",
            "software.amazon.awssdk.enhanced.dynamodb.DynamoDbTable.putItem",
            ["dynamodb:PutItem"],
        ),
        ("java", "com.amazonaws.xray.AWSXRay.beginSegment", []),
    ],
)  # fmt: skip
def test_library_calls(maps: AccessMaps, language: str, path: str, expected: list[str]) -> None:
    assert calls(highlevel.library(maps, language, path)) == expected


def test_an_unknown_path_is_none(maps: AccessMaps) -> None:
    assert highlevel.python_library(maps, "some_library.do_things") is None


class TestPython:
    def test_packages(self, maps: AccessMaps) -> None:
        powertools = highlevel.python_package(maps, "aws_lambda_powertools")
        assert powertools is not None
        assert powertools.kind == "library"
        litellm = highlevel.python_package(maps, "litellm")
        assert litellm is not None
        assert litellm.kind == "unmodelled"
        assert highlevel.python_package(maps, "requests") is None
        assert highlevel.is_unmodelled(maps, "python", "litellm")
        assert not highlevel.is_unmodelled(maps, "python", "source")

    def test_sessions(self, maps: AccessMaps) -> None:
        assert highlevel.python_session(maps, "boto3.Session") == "session"
        assert highlevel.python_session(maps, "boto3.client") == "client arg:0:service_name"
        assert highlevel.python_session(maps, "boto3.nothing") is None

    def test_injected_methods(self, maps: AccessMaps) -> None:
        found = highlevel.client_method(maps, "s3", "upload_file")
        assert calls(found) == ["s3:PutObject", "s3:AbortMultipartUpload"]
        token = highlevel.client_method(maps, "rds", "generate_db_auth_token")
        assert calls(token) == ["rds-db:Connect"]
        assert highlevel.client_method(maps, "s3", "get_object") is None

    def test_resource_actions(self, maps: AccessMaps) -> None:
        model = highlevel.resource_model(maps, "dynamodb")
        assert model is not None
        table = model["Table"]
        put = dict(table.actions)["put_item"]
        assert put.operation == "PutItem"
        assert put.bind == (("TableName", ValueSource("self", 0, "name")),)
        assert dict(model[""].parts)["Table"].identifiers == (("name", ValueSource("arg", 0, "name")),)
        assert "table_status" in table.attributes
        assert table.load is not None
        assert table.load.operation == "DescribeTable"
        assert calls(dict(table.injected)["batch_writer"]) == ["dynamodb:BatchWriteItem"]

    def test_collections_and_their_batch_actions(self, maps: AccessMaps) -> None:
        model = highlevel.resource_model(maps, "s3")
        assert model is not None
        objects = dict(model["Bucket"].collections)["objects"]
        assert objects.operation == "ListObjects"
        assert dict(objects.batch)["delete"].operation == "DeleteObjects"
        assert highlevel.resource_model(maps, "lambda") is None

    @pytest.mark.parametrize("waiter", ["object_exists", "objectExists", "ObjectExists"])
    def test_waiters(self, maps: AccessMaps, waiter: str) -> None:
        assert highlevel.waiter_operation(maps, "s3", waiter) == "HeadObject"
        assert highlevel.waiter_operation(maps, "s3", "nothing") is None


class TestJavaScript:
    def test_packages(self, maps: AccessMaps) -> None:
        client = highlevel.js_package(maps, "@aws-sdk/client-eventbridge")
        assert client is not None
        assert (client.kind, client.service) == ("client", "events")
        document = highlevel.js_package(maps, "@aws-sdk/lib-dynamodb")
        assert document is not None
        assert (document.kind, document.service) == ("document", "dynamodb")
        dynamoose = highlevel.js_package(maps, "dynamoose")
        assert dynamoose is not None
        assert dynamoose.kind == "unmodelled"
        assert highlevel.js_package(maps, "lodash") is None

    def test_commands(self, maps: AccessMaps) -> None:
        assert highlevel.js_command(maps, "s3", "PutObjectCommand") == "PutObject"
        assert highlevel.js_command(maps, "s3", "paginateListObjectsV2") == "ListObjectsV2"
        assert highlevel.js_command(maps, "dynamodb", "PutCommand") == "PutItem"
        assert highlevel.js_command(maps, "s3", "NothingCommand") is None
        assert highlevel.document_operation(maps, "batchWrite") == "BatchWriteItem"

    @pytest.mark.parametrize(
        ("name", "service"),
        [("DynamoDB", "dynamodb"), ("StepFunctions", "stepfunctions"), ("CloudWatchLogs", "logs"),
         ("CognitoIdentityServiceProvider", "cognito-idp"), ("ApiGatewayManagementApi", "apigatewaymanagementapi"),
         ("EventBridge", "events"), ("Nothing", None)],
    )  # fmt: skip
    def test_v2_classes(self, maps: AccessMaps, name: str, service: str | None) -> None:
        assert highlevel.js_v2_service(maps, name) == service


@pytest.mark.parametrize(
    ("path", "service"),
    [
        ("github.com/aws/aws-sdk-go-v2/service/sfn", "stepfunctions"),
        ("github.com/aws/aws-sdk-go-v2/service/dynamodb/types", "dynamodb"),
        ("github.com/aws/aws-sdk-go/service/cloudwatchlogs", "logs"),
        ("github.com/aws/aws-sdk-go/service/elbv2", "elbv2"),
        ("github.com/other/thing", None),
    ],
)
def test_go_packages(maps: AccessMaps, path: str, service: str | None) -> None:
    assert highlevel.go_service(maps, path) == service


@pytest.mark.parametrize(
    ("package", "service"),
    [
        ("software.amazon.awssdk.services.s3.S3Client", "s3"),
        ("software.amazon.awssdk.services.sfn.SfnClient", "stepfunctions"),
        ("com.amazonaws.services.dynamodbv2.AmazonDynamoDB", "dynamodb"),
        ("com.amazonaws.services.simplesystemsmanagement.AWSSimpleSystemsManagement", "ssm"),
        ("org.example.Thing", None),
    ],
)
def test_java_packages(maps: AccessMaps, package: str, service: str | None) -> None:
    assert highlevel.java_service(maps, package) == service


def test_signers_and_what_they_sign_for(maps: AccessMaps) -> None:
    signer = highlevel.signer(maps, "python", "opensearchpy.AWSV4SignerAuth")
    assert signer is not None
    assert (signer.service, signer.default) == (ValueSource("arg", 2, "service"), "es")
    assert highlevel.signer(maps, "python", "requests.get") is None
    assert highlevel.signed_operation(maps, "aoss") == ("aoss", "APIAccessAll")
    assert highlevel.signed_operation(maps, "healthlake") is None
    for service, operation in [("execute-api", "Invoke"), ("es", "ESHttp"), ("appsync", "GraphQL")]:
        found = maps.operation(*(highlevel.signed_operation(maps, service) or ("", "")))
        assert found is not None
        assert found.operation == operation
