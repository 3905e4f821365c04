"""Names from environment variables, in all their spellings."""

import os
from os import environ, getenv

import boto3

TABLE = os.environ["ORDERS_TABLE"]
BUCKET = getenv("ORDERS_BUCKET")
PREFIX = "orders"
dynamodb = boto3.resource("dynamodb")
table = dynamodb.Table(TABLE)
s3 = boto3.client("s3")
CONFIG = {"queue": environ.get("QUEUE_URL"), "topic": os.environ.get("TOPIC_ARN", "x")}


def handler(event, context):
    table.put_item(Item=event)  # uses: dynamodb:PutItem on table/{ORDERS_TABLE}
    s3.get_object(Bucket=BUCKET, Key=f"{PREFIX}/{event['id']}.json")  # uses: s3:GetObject on {ORDERS_BUCKET}/orders/*.json
    s3.get_object(Bucket=BUCKET, Key="%s/%s" % (PREFIX, event["id"]))  # uses: s3:GetObject on {ORDERS_BUCKET}/orders/*
    s3.get_object(Bucket=BUCKET, Key="{}/a/{}".format(PREFIX, event["id"]))  # uses: s3:GetObject on {ORDERS_BUCKET}/orders/a/*
    s3.put_object(Bucket=BUCKET, Key="/".join(["out", "x.txt"]), Body=b"")  # uses: s3:PutObject on {ORDERS_BUCKET}/out/x.txt
    boto3.client("sqs").send_message(QueueUrl=CONFIG["queue"], MessageBody="")  # uses: sqs:SendMessage on {QUEUE_URL}
    boto3.client("secretsmanager").get_secret_value(SecretId=os.getenv("SECRET_ID") or "none")  # uses: secretsmanager:GetSecretValue on secret:{SECRET_ID}-??????
