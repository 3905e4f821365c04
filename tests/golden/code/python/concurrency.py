"""Threads, executors, coroutines, generators, callbacks."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager

import aioboto3
import boto3

s3 = boto3.client("s3")
session = aioboto3.Session()


def fetch(bucket, key="k"):
    return s3.get_object(Bucket=bucket, Key=key)  # uses: s3:GetObject on one/k; s3:GetObject on two/k; s3:GetObject on three/k


def remove(bucket):
    s3.delete_object(Bucket=bucket, Key="x")  # uses: s3:DeleteObject on four/x


async def work():
    async with session.client("sqs") as sqs:
        await sqs.send_message(QueueUrl="https://sqs.x/1/async", MessageBody="")  # uses: sqs:SendMessage on async
    async with session.resource("dynamodb") as dynamodb:
        table = await dynamodb.Table("async-table")
        await table.put_item(Item={})  # uses: dynamodb:PutItem on table/async-table


async def main():
    await asyncio.gather(work(), asyncio.to_thread(fetch, "three"))


@contextmanager
def connection():
    client = boto3.client("ssm")
    try:
        yield client
    finally:
        client.close()


def batches():
    for name in ("b1", "b2"):
        yield name


def apply(function, *args, **kwargs):
    return function(*args, **kwargs)  # uses: s3:PutObject on five/y


def handler(event, context):
    with ThreadPoolExecutor() as pool:
        futures = [pool.submit(fetch, name) for name in ("one", "two")]
        for future in as_completed(futures):
            future.result()["Body"].read()
    thread = threading.Thread(target=remove, args=("four",))
    thread.start()
    asyncio.run(main())
    with connection() as ssm:
        ssm.get_parameter(Name="/a")  # uses: ssm:GetParameter on parameter/a
    for name in batches():
        s3.head_bucket(Bucket=name)  # uses: s3:ListBucket on b1; s3:ListBucket on b2
    apply(s3.put_object, Bucket="five", Key="y")
    apply(lambda bucket: s3.get_bucket_location(Bucket=bucket), "six")  # uses: s3:GetBucketLocation on six
    list(map(lambda name: s3.get_bucket_tagging(Bucket=name), ["seven"]))  # uses: s3:GetBucketTagging on seven
