"""boto3's object layer: chains, collections, lazy attributes, batches."""

import os

import boto3

s3 = boto3.resource("s3")
ec2 = boto3.resource("ec2")
bucket = s3.Bucket(os.environ["DATA_BUCKET"])
table = boto3.resource("dynamodb").Table("items")


def handler(event, context):
    for each in bucket.objects.filter(Prefix="in/"):  # uses: s3:ListBucket on {DATA_BUCKET}
        each.get()["Body"].read()  # uses: s3:GetObject on {DATA_BUCKET}/*
    s3.Object("other", "a.txt").put(Body=b"")  # uses: s3:PutObject on other/a.txt
    s3.Object(bucket.name, "b.txt").content_length  # uses: s3:GetObject on {DATA_BUCKET}/b.txt
    with table.batch_writer() as batch:  # uses: dynamodb:BatchWriteItem on table/items
        batch.put_item(Item={"id": "1"})
        batch.delete_item(Key={"id": "2"})
    table.query(KeyConditionExpression="x")  # uses: dynamodb:Query on table/items
    table.meta.client.list_tables()  # uses: dynamodb:ListTables on *
    for instance in ec2.instances.all():  # uses: ec2:DescribeInstances on *
        instance.stop()  # uses: ec2:StopInstances on instance/*
