"""The weekly drift report: fetch logs, roles and history, run iamgen, keep what it made."""

import json
import os
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import boto3

s3 = boto3.client("s3")
iam = boto3.client("iam")
sns = boto3.client("sns")

WORK = Path("/tmp/iamgen")  # the one place where Lambda can write
DAYS = int(os.environ.get("DAYS", "90"))


def handler(event, context):
    """Make the report of today; tell the topic when it is worse than the last one."""
    today = date.fromisoformat(event["time"][:10]) if "time" in event else date.today()
    for name in ("trail", "history"):
        (WORK / name).mkdir(parents=True, exist_ok=True)
    fetch_trail(today)
    fetch_history()
    write_roles()
    worse = run(today)
    keep(today)
    if worse:
        sns.publish(
            TopicArn=os.environ["TOPIC_ARN"],
            Subject=f"IAM drift {today}: worse",
            Message=(WORK / "drift.txt").read_text()[:200_000],
        )
    return {"worse": worse}


def fetch_trail(today):
    """Copy the trail's files of the last days; what is there from a warm start stays."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=os.environ["TRAIL_BUCKET"], Prefix="AWSLogs/")
    first = (today - timedelta(days=DAYS)).strftime("%Y/%m/%d")
    for page in pages:
        for row in page.get("Contents", ()):
            key = row["Key"]
            day = "/".join(key.split("/")[-4:-1])
            if "/CloudTrail/" not in key or day < first:
                continue
            target = WORK / "trail" / key.rpartition("/")[2]
            if not target.exists():
                body = s3.get_object(Bucket=os.environ["TRAIL_BUCKET"], Key=key)["Body"]
                target.write_bytes(body.read())


def fetch_history():
    """Copy the snapshots of earlier runs."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=os.environ["REPORT_BUCKET"], Prefix="history/")
    for page in pages:
        for row in page.get("Contents", ()):
            body = s3.get_object(Bucket=os.environ["REPORT_BUCKET"], Key=row["Key"])["Body"]
            (WORK / "history" / row["Key"].rpartition("/")[2]).write_bytes(body.read())


def write_roles():
    """Write all roles and customer policies of the account, as iamgen's --current reads them."""
    found = {"RoleDetailList": [], "Policies": []}
    pages = iam.get_paginator("get_account_authorization_details").paginate(
        Filter=["Role", "LocalManagedPolicy", "AWSManagedPolicy"]
    )
    for page in pages:
        found["RoleDetailList"] += page["RoleDetailList"]
        found["Policies"] += page["Policies"]
    (WORK / "roles.json").write_text(json.dumps(found, default=str))


def run(today):
    """Run iamgen; return whether the report is worse than the one before."""
    command = [
        sys.executable, "-m", "iamgen", "drift", "--no-project",
        "--logs", str(WORK / "trail"), "--current", str(WORK / "roles.json"), "--as-of", today.isoformat(),
        "--history", str(WORK / "history"), "--fail-on", "worse",
    ]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    outputs = (("text", "drift.txt"), ("html", "drift.html"), ("json", "drift.json"))
    code = 0
    for form, name in outputs:
        done = subprocess.run(
            [*command, "--format", form, "-o", str(WORK / name)], cwd=WORK, env=environment, check=False
        )
        if done.returncode not in (0, 1):
            raise RuntimeError(f"iamgen ended with {done.returncode}")
        code = done.returncode
    return code == 1


def keep(today):
    """Store the report and the new snapshot; nothing that is there is changed."""
    for name in ("drift.html", "drift.json"):
        s3.put_object(
            Bucket=os.environ["REPORT_BUCKET"], Key=f"reports/{today}/{name}", Body=(WORK / name).read_bytes()
        )
    for path in sorted((WORK / "history").glob(f"{today}*.json")):
        s3.put_object(Bucket=os.environ["REPORT_BUCKET"], Key=f"history/{path.name}", Body=path.read_bytes())
