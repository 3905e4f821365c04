import boto3

table = boto3.client("dynamodb")


def handler(event, context):
    table.get_item(TableName="orders", Key={"id": {"S": "1"}})
