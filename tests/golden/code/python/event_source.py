"""Values of the event, bound through the event source."""
# event source: S3 uploads

import json
from urllib.parse import unquote_plus

import boto3

s3 = boto3.client("s3")


def handler(event, context):
    for record in event["Records"]:
        bucket = record["s3"]["bucket"]["name"]
        key = unquote_plus(record["s3"]["object"]["key"])
        s3.get_object(Bucket=bucket, Key=key)  # uses: s3:GetObject on uploads/*
        s3.put_object(Bucket=bucket, Key=f"done/{key}")  # uses: s3:PutObject on uploads/done/*
        inner = json.loads(record.get("body", "{}"))
        s3.get_object(Bucket=inner["Records"][0]["s3"]["bucket"]["name"], Key="x")  # uses: s3:GetObject on uploads/x
