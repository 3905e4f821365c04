# ruff: noqa: E501  records and tables of cases read better in one line
"""A trail for measurements: many events of functions, people and services, the same bytes for the same arguments."""

import gzip
import json
import random
from pathlib import Path
from typing import Any

ACCOUNTS = ("111122223333", "444455556666")
REGIONS = ("eu-west-1", "us-east-1")


def make_trail(
    root: Path, *, events: int, days: int = 2, per_file: int = 100, functions: int = 12, seed: int = 1
) -> int:
    """Write a trail and return the bytes of its events, unpacked."""
    chance = random.Random(seed)
    callers = {
        (account, region): [_session(account, region, f"fn-{number:03d}") for number in range(functions)]
        for account in ACCOUNTS
        for region in REGIONS
    }
    size = 0
    files = max(1, events // per_file)
    for number in range(files):
        account = ACCOUNTS[number % 2]
        region = REGIONS[number // 2 % 2]
        day = number * days // files + 1
        records = [_record(chance, callers[account, region], account, region, day) for _ in range(per_file)]
        text = json.dumps({"Records": records}, separators=(",", ":")).encode()
        size += len(text)
        folder = root / "AWSLogs" / account / "CloudTrail" / region / f"2026/03/{day:02d}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{account}_CloudTrail_{region}_{number:06d}.json.gz").write_bytes(gzip.compress(text, 6, mtime=0))
    return size


def _session(account: str, region: str, name: str) -> dict[str, Any]:
    role = f"arn:aws:iam::{account}:role/{name}-role"
    return {
        "type": "AssumedRole", "principalId": f"AROA{name}:{name}",
        "arn": f"arn:aws:sts::{account}:assumed-role/{name}-role/{name}", "accountId": account, "accessKeyId": "ASIAEXAMPLE",
        "sessionContext": {
            "sessionIssuer": {"type": "Role", "principalId": "AROA", "arn": role, "accountId": account, "userName": f"{name}-role"},
            "attributes": {"creationDate": "2026-03-01T00:00:00Z", "mfaAuthenticated": "false"},
        },
        "inScopeOf": {"issuerType": "AWS::Lambda::Function", "credentialsIssuedTo": f"arn:aws:lambda:{region}:{account}:function:{name}"},
    }  # fmt: skip


def _record(
    chance: random.Random, callers: list[dict[str, Any]], account: str, region: str, day: int
) -> dict[str, Any]:
    identity: dict[str, Any] = chance.choice(callers)
    name = identity["arn"].rpartition("/")[2]
    made_up = f"{chance.getrandbits(128):032x}"
    kind = chance.random()
    data = kind < 0.6
    resources: list[dict[str, str]] | None = None
    if kind < 0.3:
        source, event = "s3", "GetObject"
        params: Any = {
            "bucketName": f"{name}-data",
            "Host": f"{name}-data.s3.amazonaws.com",
            "key": f"in/{made_up}.json",
        }
        resources = [
            {"type": "AWS::S3::Object", "ARN": f"arn:aws:s3:::{name}-data/in/{made_up}.json"},
            {"accountId": account, "type": "AWS::S3::Bucket", "ARN": f"arn:aws:s3:::{name}-data"},
        ]
    elif kind < 0.6:
        source, event = "dynamodb", chance.choice(("GetItem", "PutItem", "UpdateItem"))
        params = {"tableName": f"{name}-table", "key": {"pk": made_up}}
        resources = [
            {
                "accountId": account,
                "type": "AWS::DynamoDB::Table",
                "ARN": f"arn:aws:dynamodb:{region}:{account}:table/{name}-table",
            }
        ]
    elif kind < 0.7:
        source, event, params = "secretsmanager", "GetSecretValue", {"secretId": f"{name}/db"}
    else:
        source, event, params = "ec2", chance.choice(("DescribeInstances", "DescribeVolumes")), {"maxResults": 1000}
        identity = {
            "type": "IAMUser",
            "principalId": "AIDA",
            "arn": f"arn:aws:iam::{account}:user/bob",
            "accountId": account,
            "userName": "bob",
        }
    record: dict[str, Any] = {
        "eventVersion": "1.11", "userIdentity": identity,
        "eventTime": f"2026-03-{day:02d}T{chance.randrange(24):02d}:{chance.randrange(60):02d}:{chance.randrange(60):02d}Z",
        "eventSource": f"{source}.amazonaws.com", "eventName": event, "awsRegion": region, "sourceIPAddress": "192.0.2.10",
        "userAgent": "Boto3/1.42.0 md/Botocore#1.42.0 ua/2.1 os/linux lang/python#3.13 exec-env/AWS_Lambda_python3.13",
        "requestParameters": params, "responseElements": None, "requestID": made_up, "eventID": made_up[::-1], "readOnly": True,
    }  # fmt: skip
    if resources:
        record["resources"] = resources
    record |= {
        "eventType": "AwsApiCall", "managementEvent": not data, "recipientAccountId": account,
        "eventCategory": "Data" if data else "Management",
        "tlsDetails": {"tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256", "clientProvidedHostHeader": f"{source}.{region}.amazonaws.com"},
    }  # fmt: skip
    return record
