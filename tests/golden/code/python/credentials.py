"""Calls made with other credentials are not the function's own."""

import boto3


def other(role):
    answer = boto3.client("sts").assume_role(RoleArn=role, RoleSessionName="x")  # uses: sts:AssumeRole on role/other
    keys = answer["Credentials"]
    return boto3.Session(
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )


def handler(event, context):
    session = other("arn:aws:iam::123456789012:role/other")
    session.client("s3").list_buckets()
    session.resource("dynamodb").Table("t").scan()
    boto3.client("s3").head_bucket(Bucket="mine")  # uses: s3:ListBucket on mine
