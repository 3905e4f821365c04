"""Paginators, waiters, transfers, presigned requests, getattr, keyword arguments."""

import boto3
from functools import lru_cache, partial

s3 = boto3.session.Session().client("s3")
ecs = boto3.Session(region_name="eu-west-1").client(service_name="ecs")


@lru_cache(maxsize=None)
def client(name):
    return boto3.client(name)


def handler(event, context):
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket="b", Prefix="p/"):  # uses: s3:ListBucket on b
        print(page)
    s3.get_waiter("object_exists").wait(Bucket="b", Key="k")  # uses: s3:GetObject on b/k
    s3.download_file("b", "in.bin", "/tmp/x")  # uses: s3:GetObject on b/in.bin
    s3.generate_presigned_url("get_object", Params={"Bucket": "b", "Key": "d.pdf"})  # uses: s3:GetObject on b/d.pdf
    request = {"Bucket": "b", "Key": "o"}
    if event.get("public"):
        request["ACL"] = "public-read"
    s3.put_object(**request)  # uses: s3:PutObject on b/o; s3:PutObjectAcl on b/o
    getattr(client("sns"), "publish")(TopicArn="arn:aws:sns:eu-west-1:1:t", Message="m")  # uses: sns:Publish on t
    send = partial(client("sqs").send_message, QueueUrl="https://q/1/jobs")
    send(MessageBody="x")  # uses: sqs:SendMessage on jobs
    getattr(ecs, event["op"])()  # gap: operation-unresolved
    boto3.client(event["service"]).list_things()  # gap: client-unresolved
    clients = {name: boto3.client(name) for name in ("ssm", "kms")}
    clients["ssm"].get_parameter(Name="/app/key")  # uses: ssm:GetParameter on parameter/app/key
    s3.no_such_operation()  # gap: operation-unknown
