import os

import boto3


def handler(event, context):
    sns = boto3.client("sns")
    send = getattr(sns, event["operation"])
    send(TopicArn=os.environ["ALERTS_TOPIC"], Message="orders are waiting")
