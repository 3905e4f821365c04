import os

import boto3

queue = boto3.client("sqs")
table = boto3.resource("dynamodb").Table(os.environ["TABLE"])


def send(event, context):
    queue.send_message(QueueUrl=os.environ["QUEUE"], MessageBody="x")


def save(event, context):
    table.put_item(Item={"id": "1"})
