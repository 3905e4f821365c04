import os

import boto3

topic = boto3.client("sns")


def run(event, context):
    topic.publish(TopicArn=os.environ["TOPIC"], Message="x")


def other(event, context):
    topic.publish(TopicArn=os.environ["TOPIC"], Message="y")
