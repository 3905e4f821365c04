"""From what a caller passes to what stands in an ARN."""

import pytest

from iamgen.access.transforms import TRANSFORMS, apply, default

CASES = [
    ("raw", "orders", ("orders",)),
    ("arn_or_name", "arn:aws:dynamodb:::table/x", ("arn:aws:dynamodb:::table/x",)),
    ("url_last", "https://sqs.eu-west-1.amazonaws.com/111122223333/jobs", ("jobs",)),
    ("url_last", "{Queue}", ("{Queue}",)),
    ("s3_copy_source", "source/a/b.txt", ("arn:${Partition}:s3:::source/a/b.txt",)),
    ("s3_copy_source", "/source/a?versionId=1", ("arn:${Partition}:s3:::source/a",)),
    ("s3_copy_source", "source", ("arn:${Partition}:s3:::source/*",)),
    ("s3_uri_bucket", "s3://media/in/a.mp3", ("media",)),
    ("s3_uri_key", "s3://media/in/a.mp3", ("in/a.mp3",)),
    ("s3_uri_key", "s3://media", ("*",)),
    ("s3_uri_key_prefix", "s3://media/out/", ("out/*",)),
    ("s3_uri_bucket", "https://media.s3.eu-west-1.amazonaws.com/a.mp3", ("media",)),
    ("s3_uri_bucket", "https://s3.eu-west-1.amazonaws.com/media/a.mp3", ("media",)),
    ("s3_uri_bucket", "/tmp/file", ()),
    ("strip_leading_slash", "/app/key", ("app/key",)),
    ("path_prefix", "/app/", ("app", "app/*")),
    ("path_prefix", "/", ("*",)),
    ("secret_suffix", "db", ("db-??????",)),
    ("secret_suffix", "prefix-*", ("prefix-*",)),
    (
        "secret_suffix",
        "arn:aws:secretsmanager:eu-west-1:1:secret:db-AbCdEf",
        ("arn:aws:secretsmanager:eu-west-1:1:secret:db-AbCdEf",),
    ),
    (
        "secret_suffix",
        "arn:aws:secretsmanager:eu-west-1:1:secret:db",
        ("arn:aws:secretsmanager:eu-west-1:1:secret:db-??????",),
    ),
    ("alias_or_key", "alias/app", ("*",)),
    ("alias_or_key", "arn:aws:kms:eu-west-1:1:alias/app", ("arn:aws:kms:eu-west-1:1:key/*",)),
    ("alias_or_key", "1234-abcd", ("1234-abcd",)),
    ("alias_name", "alias/app", ("app",)),
    (
        "topic_of_subscription",
        "arn:aws:sns:eu-west-1:1:orders:0f1e",
        ("arn:aws:sns:eu-west-1:1:orders",),
    ),
    ("topic_of_subscription", "*", ("*",)),
    ("lambda_qualifier", "resize", ("resize",)),
    ("lambda_qualifier", "resize:live", ("resize:live",)),
    ("lambda_qualifier", "111122223333:function:resize", ("resize",)),
    ("lambda_qualifier", "function:resize:1", ("resize:1",)),
    ("lambda_qualifier", "myfunction:PROD", ("myfunction:PROD",)),
    ("log_group", "/aws/lambda/x", ("/aws/lambda/x", "/aws/lambda/x:*")),
    ("partiql_table", 'SELECT * FROM "orders"."by-date" WHERE id = ?', ("orders",)),
    ("partiql_table", "insert into orders value {'id': 1}", ("orders",)),
    ("partiql_table", 'UPDATE "orders" SET x = 1', ("orders",)),
    ("partiql_table", "delete from orders where id = 1", ("orders",)),
    ("partiql_table", "*", ()),
    ("partiql_index", 'SELECT * FROM "orders"."by-date"', ("by-date",)),
    ("partiql_index", 'SELECT * FROM "orders"', ()),
    ("bedrock_foundation_model", "amazon.nova-lite-v1:0", ("amazon.nova-lite-v1:0",)),
    (
        "bedrock_foundation_model",
        "us.amazon.nova-lite-v1:0",
        ("arn:${Partition}:bedrock:*::foundation-model/amazon.nova-lite-v1:0",),
    ),
    ("bedrock_inference_profile", "us.amazon.nova-lite-v1:0", ("us.amazon.nova-lite-v1:0",)),
    ("bedrock_inference_profile", "amazon.nova-lite-v1:0", ()),
    ("ec2_id", "ami-0abc", ("arn:${Partition}:ec2:${Region}::image/ami-0abc",)),
    ("ec2_id", "i-0abc", ("arn:${Partition}:ec2:${Region}:${Account}:instance/i-0abc",)),
    ("ec2_id", "*", ("*",)),
    ("execute_api_id", "https://a1b2.execute-api.eu-west-1.amazonaws.com/prod", ("a1b2",)),
    ("execute_api_stage", "https://a1b2.execute-api.eu-west-1.amazonaws.com/prod", ("prod",)),
    ("execute_api_path", "https://a1.execute-api.eu-west-1.amazonaws.com/prod/a/b?c=1", ("a/b",)),
    ("execute_api_id", "https://api.example.com/x", ()),
    ("host_first", "https://abc123.eu-west-1.aoss.amazonaws.com", ("abc123",)),
]


@pytest.mark.parametrize(("transform", "value", "expected"), CASES)
def test_transform(transform: str, value: str, expected: tuple[str, ...]) -> None:
    assert apply(transform, value) == expected


def test_cases_name_only_transforms_of_the_closed_set() -> None:
    assert {transform for transform, _, _ in CASES} <= TRANSFORMS


def test_absent_members_have_the_default_that_aws_takes() -> None:
    assert default("or_default") == "default"
    assert default("or_primary") == "primary"
    assert default("raw") is None
