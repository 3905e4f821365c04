"""Containers, middleware factories, generic bases, names of modules in text, configuration objects of frameworks."""

import importlib
import os
import threading
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import boto3
from aws_lambda_powertools.middleware_factory import lambda_handler_decorator
from dependency_injector import containers, providers
from dependency_injector.wiring import Provide, inject
from flask import Flask

T = TypeVar("T")
app = Flask(__name__)
app.config["UPLOADS"] = os.environ["UPLOAD_BUCKET"]
local = threading.local()


class Repository(Generic[T]):
    name: str

    def __init__(self, **kwargs):
        for key, value in kwargs.items():
            setattr(self, key, value)

    def all(self):
        return self.client.scan(TableName=self.name)  # uses: dynamodb:Scan on table/{CONTAINER_TABLE}


class Orders(Repository[dict]):
    name = os.environ["CONTAINER_TABLE"]


class Service:
    def __init__(self, orders, s3):
        self.orders, self.s3 = orders, s3

    def run(self):
        self.orders.all()
        self.s3.list_buckets()  # uses: s3:ListAllMyBuckets on *


class Container(containers.DeclarativeContainer):
    config = providers.Configuration()
    dynamodb = providers.Singleton(boto3.client, "dynamodb")
    s3 = providers.Factory(boto3.client, service_name="s3")
    orders = providers.Factory(Orders, client=dynamodb)
    service = providers.Singleton(Service, orders=orders, s3=s3)


@dataclass
class Mailer:
    client: Any = field(default_factory=lambda: boto3.client("ses"))

    def send(self):
        self.client.send_email(Source="a@example.com", Destination={}, Message={})  # uses: ses:SendEmail on identity/a@example.com


@lambda_handler_decorator
def audited(handler, event, context):
    boto3.client("sqs").send_message(QueueUrl="https://sqs.x/1/audit", MessageBody="")  # uses: sqs:SendMessage on audit
    return handler(event, context)


def singleton(cls):
    instances = {}

    def get(*args, **kwargs):
        if cls not in instances:
            instances[cls] = cls(*args, **kwargs)
        return instances[cls]

    return get


@singleton
class Topic:
    def __init__(self):
        self.topic = boto3.resource("sns").Topic(os.environ["INJECTED_TOPIC"])

    def publish(self):
        self.topic.publish(Message="x")  # uses: sns:Publish on {INJECTED_TOPIC}


@inject
def work(service: Service = Provide[Container.service]):
    service.run()


@audited
def handler(event, context):
    work()
    Mailer().send()
    Topic().publish()
    boto3.client("s3").put_object(Bucket=app.config["UPLOADS"], Key="k")  # uses: s3:PutObject on {UPLOAD_BUCKET}/k
    local.client = boto3.client("ssm")
    local.client.get_parameter(Name="/local")  # uses: ssm:GetParameter on parameter/local
    path, _, name = "json.dumps".rpartition(".")
    getattr(importlib.import_module(path), name)({})
    return {"statusCode": 200}
