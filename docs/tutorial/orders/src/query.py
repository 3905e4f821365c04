import json

from store import by_customer


def handler(event, context):
    customer = event["queryStringParameters"]["customer"]
    return {"statusCode": 200, "body": json.dumps(by_customer(customer), default=str)}
