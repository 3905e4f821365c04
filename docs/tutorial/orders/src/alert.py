import os

import boto3

ACTIONS = {"daily": "publish", "batch": "publish_batch"}


def handler(event, context):
    sns = boto3.client("sns")
    operation = event.get("mode", "daily")
    send = getattr(sns, ACTIONS.get(operation, operation))
    send(TopicArn=os.environ["ALERTS_TOPIC"], Message="orders are waiting")
