"""Writes trail/: 90 days of CloudTrail for the orders application, in the layout that S3 gets.

    python make_trail.py [FOLDER]

Same bytes each time. What really happened is written down here by hand; nothing of iamgen is used.
S3 data events are on for the bucket from 1 August on, DynamoDB data events are off.
"""

import gzip
import json
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

ACCOUNT, REGION = "123456789012", "eu-central-1"
FIRST, DAYS = datetime(2026, 8, 1, tzinfo=timezone.utc), 91
BUCKET = "orders-in-dev-123456789012"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0b7c9f1c-1111-4222-8333-944455556666"
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:orders/payment-a1B2c3"
QUEUE = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/"


def arn(service, rest):
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{rest}"


def identity(role, session, in_scope=True, invoked_by=None):
    issuer = f"arn:aws:iam::{ACCOUNT}:role/{role}"
    who = {
        "type": "AssumedRole",
        "principalId": f"AROAEXAMPLE{role.upper().replace('-', '')[:8]}:{session}",
        "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{session}",
        "accountId": ACCOUNT,
        "sessionContext": {
            "sessionIssuer": {"type": "Role", "arn": issuer, "accountId": ACCOUNT, "userName": role},
            "attributes": {"mfaAuthenticated": "false"},
        },
    }
    if in_scope:
        who["inScopeOf"] = {
            "issuerType": "AWS::Lambda::Function",
            "credentialsIssuedTo": arn("lambda", f"function:{session}"),
        }
    if invoked_by:
        who["invokedBy"] = invoked_by
    return who


def record(when, number, who, source, name, parameters=None, resources=None, data=False, error=None, message=None):
    event = {
        "eventVersion": "1.11",
        "userIdentity": who,
        "eventTime": when.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": f"{source}.amazonaws.com",
        "eventName": name,
        "awsRegion": REGION,
        "sourceIPAddress": "203.0.113.9",
        "userAgent": "Boto3/1.40 lambda/python3.12",
        "requestParameters": parameters,
        "responseElements": None,
        "eventID": f"{number:08x}-0000-4000-8000-{when:%y%m%d%H%M%S}",
        "readOnly": name.startswith(("Get", "List", "Describe")),
        "eventType": "AwsApiCall",
        "managementEvent": not data,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Data" if data else "Management",
    }
    if resources:
        event["resources"] = [{"ARN": one, "accountId": ACCOUNT} for one in resources]
    if error:
        event["errorCode"], event["errorMessage"] = error, message
    return event


def day_of(number):
    """The events of one day, in no order of time: trails have none."""
    day = FIRST + timedelta(days=number)
    at = lambda hour, minute=0: day + timedelta(hours=hour, minutes=minute)  # noqa: E731
    ingest, fulfil = identity("orders-shared", "order-ingest"), identity("orders-shared", "order-fulfil")
    alert = identity("orders-shared", "order-alert", in_scope=False)
    report = identity("orders-report", "order-report")
    key = f"incoming/{day:%Y-%m-%d}.json"
    yield record(at(6), 1, ingest, "s3", "GetObject", {"bucketName": BUCKET, "key": key},
                 [f"arn:aws:s3:::{BUCKET}/{key}", f"arn:aws:s3:::{BUCKET}"], data=True)
    yield record(at(7), 2, fulfil, "secretsmanager", "GetSecretValue", {"secretId": SECRET})
    forwarded = identity("orders-shared", "order-fulfil", invoked_by="secretsmanager.amazonaws.com")
    yield record(at(7, 1), 3, forwarded, "kms", "Decrypt",
                 {"encryptionContext": {"SecretARN": SECRET}}, [KEY])
    invoice = f"invoices/dev/{1000 + number}.json"
    yield record(at(7, 2), 4, fulfil, "s3", "PutObject", {"bucketName": BUCKET, "key": invoice},
                 [f"arn:aws:s3:::{BUCKET}/{invoice}", f"arn:aws:s3:::{BUCKET}"], data=True)
    if number % 7 == 0:
        yield record(at(5), 5, report, "ssm", "GetParameter", {"name": "/orders/report-bucket", "withDecryption": False},
                     [arn("ssm", "parameter/orders/report-bucket")])
        yield record(at(5, 1), 6, report, "s3", "PutObject", {"bucketName": BUCKET, "key": "reports/weekly.csv"},
                     [f"arn:aws:s3:::{BUCKET}/reports/weekly.csv", f"arn:aws:s3:::{BUCKET}"], data=True)
    if number in (60, 61, 75):  # a retry queue was added to the code, its grant was forgotten
        retry = arn("sqs", "orders-retry-dev")
        yield record(at(6, 30), 7, ingest, "sqs", "SendMessage", {"queueUrl": QUEUE + "orders-retry-dev"}, [retry],
                     data=True, error="AccessDenied",
                     message=f"User: {ingest['arn']} is not authorized to perform: sqs:SendMessage on resource: {retry} "
                             "because no identity-based policy allows the sqs:SendMessage action")
    if number in (20, 50):  # nothing in the code explains this one: it is kept, and said
        yield record(at(9), 8, fulfil, "secretsmanager", "DescribeSecret", {"secretId": SECRET})
    if number == 40:  # refused, and no code path asks for it
        yield record(at(3), 9, alert, "iam", "CreateAccessKey", {"userName": "admin"}, None,
                     error="AccessDenied",
                     message=f"User: {alert['arn']} is not authorized to perform: iam:CreateAccessKey on resource: "
                             f"user admin because no identity-based policy allows the iam:CreateAccessKey action")
    if number % 30 == 0:
        yield record(at(8), 10, alert, "sts", "GetCallerIdentity", None)


def main(folder):
    for number in range(DAYS):
        day = FIRST + timedelta(days=number)
        events = sorted(day_of(number), key=lambda event: event["eventID"][4:8] + event["eventTime"])
        place = folder / f"AWSLogs/{ACCOUNT}/CloudTrail/{REGION}/{day:%Y/%m/%d}"
        place.mkdir(parents=True, exist_ok=True)
        name = f"{ACCOUNT}_CloudTrail_{REGION}_{day:%Y%m%d}T2355Z_{number:016d}.json.gz"
        text = json.dumps({"Records": events}, separators=(",", ":")).encode()
        (place / name).write_bytes(gzip.compress(text, 9, mtime=0))


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent / "trail"))
