import os

import boto3

table = boto3.resource("dynamodb").Table(os.environ["TABLE"])
s3 = boto3.client("s3")


def handler(event, context):
    for record in event["Records"]:
        body = s3.get_object(Bucket=os.environ["BUCKET"], Key=record["s3"]["object"]["key"])
        table.put_item(Item={"id": body["ETag"]})
