"""Names inside structures: keys of requests, lists, unpacking, loops, maps of clients."""

import os

import boto3

dynamodb = boto3.client("dynamodb")
TABLES = ["alpha", "beta"]
NAMES = {"a": os.environ["TABLE_A"], "b": os.environ["TABLE_B"]}
first, *others = TABLES
region, (kind, queue) = "x", ("sqs", "https://sqs.x/1/nested")


def pick(event):
    return NAMES[event["kind"]]


def handler(event, context):
    dynamodb.batch_get_item(RequestItems={os.environ["TABLE_A"]: {"Keys": []}})  # uses: dynamodb:BatchGetItem on table/{TABLE_A}
    for table in TABLES:
        dynamodb.scan(TableName=table)  # uses: dynamodb:Scan on table/alpha; dynamodb:Scan on table/beta
    dynamodb.get_item(TableName=pick(event), Key={})  # uses: dynamodb:GetItem on table/{TABLE_A}; dynamodb:GetItem on table/{TABLE_B}
    dynamodb.delete_item(TableName=first, Key={})  # uses: dynamodb:DeleteItem on table/alpha
    for other in others:
        dynamodb.describe_table(TableName=other)  # uses: dynamodb:DescribeTable on table/beta
    boto3.client(kind).purge_queue(QueueUrl=queue)  # uses: sqs:PurgeQueue on nested
    items = [{"Put": {"TableName": name, "Item": {}}} for name in TABLES]
    dynamodb.transact_write_items(TransactItems=items)  # uses: dynamodb:PutItem on table/alpha; dynamodb:PutItem on table/beta
    for name, client in {"s3": boto3.client("s3"), "sns": boto3.client("sns")}.items():
        if name == "s3":
            client.list_buckets()  # uses: s3:ListAllMyBuckets on *
    options = dict(TableName="built")
    options.update(Key={"id": {"S": "1"}})
    dynamodb.get_item(**options)  # uses: dynamodb:GetItem on table/built
    dynamodb.get_item(**{**options, "TableName": "again"})  # uses: dynamodb:GetItem on table/again
    suffix = "blue" if event.get("blue") else "green"
    dynamodb.scan(TableName=f"t-{suffix}")  # uses: dynamodb:Scan on table/t-blue; dynamodb:Scan on table/t-green
