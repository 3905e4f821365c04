"""Further ways to name things and to reach a client."""

import asyncio
import json
import os
from os import environ as env

import boto3
import pandas as pd
from aws_lambda_powertools.utilities.data_classes import S3Event, event_source
from aws_lambda_powertools.utilities.parameters import SSMProvider
from boto3 import client as make_client
from boto3.dynamodb.conditions import Key
from botocore.config import Config
# event source: S3 incoming

try:
    QUEUE = os.environ["SPELLED_QUEUE"]
except KeyError:
    QUEUE = "none"

VALUES = {name: os.environ[name] for name in ("TABLE_ONE", "TABLE_TWO")}
EITHER = env.get("TABLE_NEW", env.get("TABLE_OLD"))
SETTINGS = json.loads('{"bucket": "from-json", "items": ["a"]}')
session = boto3.session.Session(profile_name=os.environ.get("AWS_PROFILE"))
provider = SSMProvider(config=Config(retries={"max_attempts": 2}))


class Shared:
    client = make_client("s3", config=Config(signature_version="s3v4"))

    @classmethod
    def put(cls, key):
        cls.client.put_object(Bucket=SETTINGS["bucket"], Key=key)  # uses: s3:PutObject on from-json/a

    def get(self):
        return type(self).client.get_object(Bucket="typed", Key="k")  # uses: s3:GetObject on typed/k


def pages(table):
    arguments = {"KeyConditionExpression": Key("id").eq(1)}
    while True:
        answer = table.query(**arguments)  # uses: dynamodb:Query on table/{TABLE_ONE}
        yield from answer["Items"]
        if "LastEvaluatedKey" not in answer:
            break
        arguments["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


async def later():
    make_client("lambda").invoke(FunctionName=os.environ["WORKER_NAME"], Payload=b"")  # uses: lambda:InvokeFunction on function:{WORKER_NAME}


@event_source(data_class=S3Event)
def handler(event: S3Event, context):
    dynamodb = session.resource("dynamodb")
    for item in pages(dynamodb.Table(VALUES["TABLE_ONE"])):
        print(item)
    dynamodb.Table(VALUES.get("TABLE_TWO")).scan()  # uses: dynamodb:Scan on table/{TABLE_TWO}
    dynamodb.Table(EITHER).scan()  # uses: dynamodb:Scan on table/{TABLE_NEW}; dynamodb:Scan on table/{TABLE_OLD}
    Shared.put(SETTINGS["items"][0])
    Shared().get()
    provider.get("/spelled")  # uses: ssm:GetParameter on parameter/spelled
    getattr(boto3, "client")("sqs").send_message(QueueUrl=QUEUE, MessageBody="")  # uses: sqs:SendMessage on {SPELLED_QUEUE}; sqs:SendMessage on none
    asyncio.get_event_loop().run_until_complete(later())
    pd.read_csv(f"s3://{os.environ['CSV_BUCKET']}/data/{event.object_key}")  # uses: s3:GetObject on {CSV_BUCKET}/data/*
    for record in event.records:
        boto3.resource("s3").Object(record.s3.bucket.name, "x").delete()  # uses: s3:DeleteObject on incoming/x
    boto3.client("events").put_events(Entries=[{"EventBusName": os.environ["BUS_NAME"], "Source": "x"}])  # uses: events:PutEvents on event-bus/{BUS_NAME}
    boto3.client("stepfunctions").start_execution(stateMachineArn=os.environ["MACHINE_ARN"])  # uses: states:StartExecution on {MACHINE_ARN}
    queue = boto3.resource("sqs").get_queue_by_name(QueueName="by-name")  # uses: sqs:GetQueueUrl on by-name
    queue.send_message(MessageBody="x")  # uses: sqs:SendMessage on by-name
    boto3.resource("sns").Topic("arn:aws:sns:eu-west-1:1:spelled").publish(Message="x")  # uses: sns:Publish on spelled
