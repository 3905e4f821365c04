"""One resource has one name, whether the template or the log spells it."""

import pytest

from iamgen.facts.naming import naming_of
from iamgen.model.function import Deployment, TemplateResource
from iamgen.model.policy import Policy
from iamgen.model.value import Literal, ParameterRef, TemplateRef, Text

PLACE = {"partition": "aws", "region": "eu-west-1", "account": "111122223333"}


def resource(logical_id, kind, name=None, key=None):
    text = Text.of(name) if isinstance(name, str) else name
    return TemplateResource(logical_id=logical_id, type=kind, name=text, kms_key=key)


def naming(*resources, stack="shop", kind="sam", **place):
    deployment = Deployment(
        template="t.yaml", kind=kind, resources=resources, parameters=(("Stage", "dev"),), stack_name=stack
    )
    return naming_of(deployment, **(place or PLACE))


TABLE = resource("Orders", "AWS::DynamoDB::Table")
BUCKET = resource("Files", "AWS::S3::Bucket", Text((Literal("files-"), ParameterRef("Stage", "dev"))))
SECRET = resource("Db", "AWS::SecretsManager::Secret", "prod/db")
MADE_SECRET = resource("Made", "AWS::SecretsManager::Secret")
PARAMETER = resource("Param", "AWS::SSM::Parameter", "/shop/key")
POOL = resource("Pool", "AWS::Cognito::UserPool")
FUNCTION = resource("Fn", "AWS::Lambda::Function")
LOGS = resource("Logs", "AWS::Logs::LogGroup", Text((Literal("/aws/lambda/"), TemplateRef("Fn"))))
ALL = (TABLE, BUCKET, SECRET, MADE_SECRET, PARAMETER, POOL, FUNCTION, LOGS)
HEAD = "arn:${Partition}:"
IN = ":${Region}:${Account}:"


@pytest.mark.parametrize(
    ("symbolic", "arn"),
    [
        (
            f"{HEAD}dynamodb{IN}table/{{Orders}}/index/x",
            "arn:aws:dynamodb:eu-west-1:111122223333:table/shop-Orders-*/index/x",
        ),
        (f"{HEAD}s3:::{{Files}}/*", "arn:aws:s3:::files-dev/*"),
        (f"{HEAD}s3:::files-{{Stage}}/*", "arn:aws:s3:::files-dev/*"),
        (
            f"{HEAD}secretsmanager{IN}secret:{{Db}}",
            "arn:aws:secretsmanager:eu-west-1:111122223333:secret:prod/db-??????",
        ),
        (
            f"{HEAD}secretsmanager{IN}secret:{{Db}}-??????",
            "arn:aws:secretsmanager:eu-west-1:111122223333:secret:prod/db-??????",
        ),
        (f"{HEAD}secretsmanager{IN}secret:{{Made}}", "arn:aws:secretsmanager:eu-west-1:111122223333:secret:Made-*"),
        (f"{HEAD}ssm{IN}parameter/{{Param}}", "arn:aws:ssm:eu-west-1:111122223333:parameter/shop/key"),
        (f"{HEAD}cognito-idp{IN}userpool/{{Pool}}", "arn:aws:cognito-idp:eu-west-1:111122223333:userpool/*"),
        (
            f"{HEAD}logs{IN}log-group:{{Logs}}:*",
            "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/shop-Fn-*:*",
        ),
        ("{Unknown}", "*"),
        ("arn:aws:iam::${Account}:user/${aws:username}", "arn:aws:iam::111122223333:user/${aws:username}"),
        ("*", "*"),
    ],
)
def test_a_symbolic_arn_becomes_a_pattern(symbolic, arn):
    assert naming(*ALL).concrete(symbolic) == arn


def test_what_nobody_knows_is_a_star():
    text = naming(TABLE, stack=None, region=None).concrete(f"{HEAD}dynamodb{IN}table/{{Orders}}")

    assert text == "arn:*:dynamodb:*:*:table/*-Orders-*"


@pytest.mark.parametrize(
    ("arn", "symbolic"),
    [
        (
            "arn:aws:dynamodb:eu-west-1:111122223333:table/shop-Orders-1ABC/stream/2024",
            f"{HEAD}dynamodb{IN}table/{{Orders}}/stream/2024",
        ),
        ("arn:aws:s3:::files-dev/a/b.txt", f"{HEAD}s3:::{{Files}}/a/b.txt"),
        (
            "arn:aws:secretsmanager:eu-west-1:111122223333:secret:prod/db-a1b2c3",
            f"{HEAD}secretsmanager{IN}secret:{{Db}}",
        ),
        ("arn:aws:ssm:eu-west-1:111122223333:parameter/shop/key", f"{HEAD}ssm{IN}parameter/{{Param}}"),
        ("arn:aws:lambda:eu-west-1:111122223333:function:shop-Fn-XYZ:live", f"{HEAD}lambda{IN}function:{{Fn}}:live"),
        ("arn:aws:dynamodb:us-east-1:111122223333:table/shop-Orders-1ABC", None),
        ("arn:aws:dynamodb:eu-west-1:111122223333:table/other", None),
        ("arn:aws:s3:::files-dev2/a", None),
    ],
)
def test_a_logged_arn_finds_its_resource(arn, symbolic):
    assert naming(*ALL).symbolic_of(arn) == symbolic


def test_several_candidates_are_listed_and_none_is_guessed():
    names = naming(
        resource("Orders", "AWS::DynamoDB::Table"), resource("OrdersOld", "AWS::DynamoDB::Table"), stack=None
    )
    twins = naming(resource("A", "AWS::DynamoDB::Table", "same"), resource("B", "AWS::DynamoDB::Table", "same"))

    assert names.candidates("arn:aws:dynamodb:eu-west-1:111122223333:table/x-OrdersOld-1") == ("OrdersOld",)
    assert twins.candidates("arn:aws:dynamodb:eu-west-1:111122223333:table/same") == ("A", "B")
    assert twins.symbolic_of("arn:aws:dynamodb:eu-west-1:111122223333:table/same") is None


def test_a_long_name_is_shortened_as_cloudformation_does():
    long = resource("AVeryLongLogicalIdOfAFunctionThatNeverFitsInSixtyFour", "AWS::Lambda::Function")
    names = naming(long)

    arn = "arn:aws:lambda:eu-west-1:111122223333:function:shop-AVeryLongLogicalIdOfAFun-1A2B3C4D5E6F"
    assert names.candidates(arn) == (long.logical_id,)


def test_a_customer_key_is_found_by_token_and_by_name():
    key = Text((TemplateRef("Key", "Arn"),))
    names = naming(resource("T", "AWS::DynamoDB::Table", "orders", key))

    assert names.kms_key(f"{HEAD}dynamodb{IN}table/{{T}}/index/i") == key
    assert names.kms_key(f"{HEAD}dynamodb{IN}table/orders") == key
    assert names.kms_key(f"{HEAD}dynamodb{IN}table/other") is None
    assert names.kms_key(f"{HEAD}lambda{IN}function:{{T}}") is None


def test_names_of_terraform_and_cdk_sources_are_never_guessed_too_narrow():
    table = resource("aws_dynamodb_table.t", "AWS::DynamoDB::Table")

    assert naming(table, kind="terraform").concrete("table/{aws_dynamodb_table.t}") == "table/*"
    assert (
        naming(resource("my-table", "AWS::DynamoDB::Table"), kind="cdk-source").concrete("{my-table}")
        == "shop-*mytable*-*"
    )


def test_a_policy_of_the_template_gets_names():
    policy = Policy.from_document(
        {"Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"{HEAD}s3:::{{Files}}/*"}}
    )

    (statement,) = naming(*ALL).concrete_policy(policy).statements

    assert statement.resources == ("arn:aws:s3:::files-dev/*",)


def test_a_condition_with_an_unknown_region_still_lets_requests_through():
    document = {
        "Action": "kms:Decrypt",
        "Resource": "*",
        "Condition": {"StringEquals": {"kms:ViaService": "s3.${Region}.amazonaws.com"}},
    }
    allow = Policy.from_document({"Statement": {"Effect": "Allow", **document}})
    deny = Policy.from_document({"Statement": {"Effect": "Deny", **document}})
    unknown, known = naming_of(None), naming_of(None, region="eu-west-1")

    def condition(names, policy):
        (found,) = names.concrete_policy(policy).statements[0].conditions
        return found.operator, found.values

    assert condition(unknown, allow) == ("StringLike", ("s3.*.amazonaws.com",))
    assert condition(known, allow) == ("StringEquals", ("s3.eu-west-1.amazonaws.com",))
    assert condition(unknown, deny)[0] == "StringEquals", "a deny must not reach further than written"
