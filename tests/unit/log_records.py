
"""Records of a small trail, in CloudTrail's form."""

import gzip
import itertools
import json
from pathlib import Path
from typing import Any

ACCOUNT = "111122223333"
REGION = "eu-west-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/service-role/orders-role"
ORDERS = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:orders"
TABLE = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/orders"

_numbers = itertools.count()


def session(name: str = "orders", role: str = ROLE, function: str | None = ORDERS, **more: Any) -> dict[str, Any]:
    account = role.split(":")[4]
    plain = role.rpartition("/")[2]
    identity: dict[str, Any] = {
        "type": "AssumedRole",
        "principalId": f"AROAEXAMPLE:{name}",
        "arn": f"arn:aws:sts::{account}:assumed-role/{plain}/{name}",
        "accountId": account,
        "sessionContext": {
            "sessionIssuer": {"type": "Role", "arn": role, "accountId": account, "userName": plain},
            "attributes": {"creationDate": "2026-01-05T00:00:00Z", "mfaAuthenticated": "false"},
        },
        **more,
    }
    if function is not None:
        identity["inScopeOf"] = {"issuerType": "AWS::Lambda::Function", "credentialsIssuedTo": function}
    return identity


def record(
    service: str = "dynamodb",
    name: str = "GetItem",
    params: Any = None,
    resources: Any = None,
    *,
    identity: Any = None,
    time: str = "2026-01-05T10:00:00Z",
    data: bool = False,
    **more: Any,
) -> dict[str, Any]:
    row = {
        "eventVersion": "1.11",
        "userIdentity": session() if identity is None else identity,
        "eventTime": time,
        "eventSource": f"{service}.amazonaws.com",
        "eventName": name,
        "awsRegion": REGION,
        "sourceIPAddress": "192.0.2.7",
        "userAgent": "Boto3/1.42 exec-env/AWS_Lambda_python3.13",
        "requestParameters": params,
        "responseElements": None,
        "eventID": f"00000000-0000-4000-8000-{next(_numbers):012d}",
        "readOnly": True,
        "eventType": "AwsApiCall",
        "managementEvent": not data,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Data" if data else "Management",
    }
    if resources is not None:
        row["resources"] = [{"ARN": each} if isinstance(each, str) else each for each in resources]
    row.update(more)
    return row


def log_text(*records: Any) -> bytes:
    return json.dumps({"Records": list(records)}).encode()


def write_log(path: Path, *records: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(log_text(*records), mtime=0))
    return path


def day_folder(root: Path, day: str = "2026/01/05", region: str = REGION) -> Path:
    return root / "AWSLogs" / ACCOUNT / "CloudTrail" / region / day


def small_trail(root: Path, days: int = 3, files: int = 4) -> Path:
    """A trail of one function that reads a table and a bucket and is refused a secret, and of others."""
    for day in range(1, days + 1):
        for number in range(files):
            time = f"2026-01-{day:02d}T{number:02d}:30:00Z"
            write_log(
                day_folder(root, f"2026/01/{day:02d}") / f"{ACCOUNT}_CloudTrail_{number}.json.gz",
                record(params={"tableName": "orders", "key": {"pk": str(number)}}, resources=[TABLE], time=time, data=True),
                record(
                    "s3", "GetObject", {"bucketName": "files", "key": f"in/{day}-{number}.json"},
                    [f"arn:aws:s3:::files/in/{day}-{number}.json", "arn:aws:s3:::files"], time=time, data=True,
                ),
                record(
                    "secretsmanager", "GetSecretValue", {"secretId": "orders/db"}, time=time,
                    errorCode="AccessDeniedException", errorMessage="no identity-based policy allows it",
                ),
                record(
                    "ec2", "DescribeInstances", {}, time=time,
                    identity={"type": "IAMUser", "arn": f"arn:aws:iam::{ACCOUNT}:user/bob", "accountId": ACCOUNT},
                ),
            )  # fmt: skip
    return root
