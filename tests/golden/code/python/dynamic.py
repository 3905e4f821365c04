"""Code and commands that nobody can see."""

import importlib
import subprocess

from langchain_aws import ChatBedrock


def handler(event, context):
    exec(event["code"])  # gap: dynamic-code
    subprocess.run(["aws", "s3", "cp", "a", "b"])  # gap: aws s3
    subprocess.run(["ffmpeg", "-i", "a"])
    importlib.import_module(event["plugin"]).run()  # gap: dynamic-code
    ChatBedrock(model="x").invoke("hello")  # gap: unmodelled-library
    event["client"].put_thing(Name="x")
    make().put_item(TableName="t", Item={})  # gap: client-unresolved


def make():
    import unknown_library

    return unknown_library.client_for("dynamodb")
