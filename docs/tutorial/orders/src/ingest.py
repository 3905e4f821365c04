import json
import os

import store
from clients import client

s3 = client("s3")
sqs = client("sqs")


def handler(event, context):
    for record in event["Records"]:
        bucket = record["s3"]["bucket"]["name"]
        key = record["s3"]["object"]["key"]
        body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        order = json.loads(body)
        if not order.get("customer"):
            sqs.send_message(QueueUrl=os.environ["RETRY_QUEUE"], MessageBody=key)
            continue
        store.save(order)
        sqs.send_message(QueueUrl=os.environ["FULFIL_QUEUE"], MessageBody=order["id"])
