import json
import os

import boto3

from clients import client

STAGE = os.environ["STAGE"]
secrets = client("secretsmanager")
s3 = boto3.client("s3")


def handler(event, context):
    credentials = secrets.get_secret_value(SecretId=os.environ["PAYMENT_SECRET"])
    for record in event["Records"]:
        order_id = record["body"]
        invoice = json.dumps({"order": order_id, "account": credentials["Name"]})
        s3.put_object(
            Bucket=os.environ["INVOICE_BUCKET"],
            Key=f"invoices/{STAGE}/{order_id}.json",
            Body=invoice,
        )
