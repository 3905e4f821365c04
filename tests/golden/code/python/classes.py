"""Repositories, services, inheritance, and what is injected."""

import abc
import os
from dataclasses import dataclass, field

import boto3


class Base(abc.ABC):
    def __init__(self, client=None):
        self.client = client or boto3.client("dynamodb")

    @property
    @abc.abstractmethod
    def table(self): ...

    def load(self, key):
        return self.client.get_item(TableName=self.table, Key={"id": {"S": key}})  # uses: dynamodb:GetItem on table/{ORDERS_TABLE}; dynamodb:GetItem on table/users


class Orders(Base):
    @property
    def table(self):
        return os.environ["ORDERS_TABLE"]

    def save(self, item):
        self.client.put_item(TableName=self.table, Item=item)  # uses: dynamodb:PutItem on table/{ORDERS_TABLE}


class Users(Base):
    table = "users"

    def remove(self, key):
        self.client.delete_item(TableName=self.table, Key=key)


@dataclass
class Settings:
    bucket: str = os.environ["ARCHIVE_BUCKET"]
    names: dict = field(default_factory=lambda: {"queue": "https://sqs.x/1/jobs"})


class Service:
    def __init__(self, orders: Orders, users: Users, settings: Settings):
        self._orders = orders
        self._users = users
        self.settings = settings
        self._s3 = None

    @property
    def s3(self):
        if self._s3 is None:
            self._s3 = boto3.client("s3")
        return self._s3

    def run(self, event):
        order = self._orders.load(event["id"])
        self._users.load(order["Item"]["user"])
        self._orders.save(order)
        self.s3.put_object(Bucket=self.settings.bucket, Key="a/" + event["id"])  # uses: s3:PutObject on {ARCHIVE_BUCKET}/a/*
        boto3.client("sqs").send_message(QueueUrl=self.settings.names["queue"], MessageBody="x")  # uses: sqs:SendMessage on jobs


service = Service(Orders(), Users(), Settings())


def handler(event, context):
    return service.run(event)
