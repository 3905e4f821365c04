"""What applications do with functions and classes before a client is called."""

import enum
import functools
import os
from collections import defaultdict, namedtuple
from dataclasses import dataclass
from typing import NamedTuple, Optional, Protocol

import boto3


class Table(str, enum.Enum):
    ORDERS = "orders"
    USERS = "users"


class Names(enum.StrEnum):
    QUEUE = "https://sqs.x/1/enum-queue"


class Limits(NamedTuple):
    bucket: str
    prefix: str = "limits"


@dataclass(frozen=True)
class Config:
    table: str
    bucket: str = "fallback"
    topic: Optional[str] = None

    @classmethod
    def from_env(cls):
        return cls(table=os.environ["CONFIG_TABLE"], topic=os.environ.get("CONFIG_TOPIC"))


class Store(Protocol):
    def save(self, item): ...


class DynamoStore:
    def __init__(self, table, client=boto3.client("dynamodb")):
        self.table, self.client = table, client

    def save(self, item):
        self.client.put_item(TableName=self.table, Item=item)  # uses: dynamodb:PutItem on table/{CONFIG_TABLE}


class Singleton:
    _instance = None

    def __new__(cls):
        if cls._instance is None:
            cls._instance = super().__new__(cls)
            cls._instance.s3 = boto3.client("s3")
        return cls._instance

    def read(self, bucket):
        return self.s3.get_object(Bucket=bucket, Key="single")  # uses: s3:GetObject on fallback/single


class Command:
    registry = {}

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        Command.registry[cls.__name__] = cls

    def __call__(self, event):
        return self.execute(event)

    def execute(self, event):
        raise NotImplementedError


class Publish(Command):
    def execute(self, event):
        boto3.client("sns").publish(TopicArn=Config.from_env().topic, Message="x")  # uses: sns:Publish on {CONFIG_TOPIC}


def retry(times=3):
    def decorator(function):
        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            for _ in range(times):
                try:
                    return function(*args, **kwargs)
                except Exception:
                    continue
            return None

        return wrapper

    return decorator


@retry(times=2)
def upload(bucket, *, key):
    boto3.client("s3").put_object(Bucket=bucket, Key=key)  # uses: s3:PutObject on limits-bucket/limits/x


def on_create(event):
    boto3.resource("dynamodb").Table(Table.ORDERS.value).put_item(Item=event)  # uses: dynamodb:PutItem on table/orders


def on_delete(event):
    boto3.resource("dynamodb").Table(Table.USERS).delete_item(Key={})  # uses: dynamodb:DeleteItem on table/users


def on_unused(event):
    boto3.client("iam").list_users()


ROUTES = {"create": on_create, "delete": on_delete}
Point = namedtuple("Point", ["queue", "other"])


class Lazy:
    @functools.cached_property
    def ssm(self):
        return boto3.client("ssm")

    def __getattr__(self, name):
        return boto3.client(name)

    def __enter__(self):
        return self.ssm

    def __exit__(self, *args):
        return False


class Composite:
    def __init__(self, *stores):
        self.stores = list(stores)

    def save(self, item):
        for store in self.stores:
            store.save(item)


@functools.singledispatch
def describe(value):
    return str(value)


@describe.register
def _(value: dict):
    boto3.client("kms").list_keys()  # uses: kms:ListKeys on *


def handler(event, context):
    config = Config.from_env()
    Composite(DynamoStore(config.table)).save({"id": "1"})
    Singleton().read(config.bucket)
    limits = Limits("limits-bucket")
    upload(limits.bucket, key=f"{limits.prefix}/x")
    ROUTES[event["action"]](event)
    Publish()(event)
    with Lazy() as ssm:
        ssm.get_parameter(Name="/lazy")  # uses: ssm:GetParameter on parameter/lazy
    Lazy().sqs.purge_queue(QueueUrl=Names.QUEUE)  # uses: sqs:PurgeQueue on enum-queue
    clients = defaultdict(lambda: boto3.client("events"))
    clients["x"].list_rules()  # uses: events:ListRules on *
    point = Point(queue="https://sqs.x/1/point", other=1)
    boto3.client("sqs").send_message(QueueUrl=point.queue, MessageBody="")  # uses: sqs:SendMessage on point
    describe(event)
    match event:
        case {"kind": "a", "name": name}:
            boto3.client("s3").delete_object(Bucket="matched", Key=name)  # uses: s3:DeleteObject on matched/*
        case _:
            pass
    if (bucket := os.environ.get("WALRUS_BUCKET")) is not None:
        boto3.client("s3").delete_object(Bucket=bucket, Key="w")  # uses: s3:DeleteObject on {WALRUS_BUCKET}/w
    try:
        import orjson as json
    except ImportError:
        import json
    [boto3.client("s3").get_bucket_acl(Bucket=b) for b in ("l1", "l2") if b]  # uses: s3:GetBucketAcl on l1; s3:GetBucketAcl on l2
    return json.dumps({})
