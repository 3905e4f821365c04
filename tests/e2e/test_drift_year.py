"""Half a year of weekly reports over an account whose changes are planted: each is found, none is invented.

The account and its trail are written here by hand; nothing of iamgen makes them.
"""

import gzip
import json
from dataclasses import dataclass, field
from datetime import date, timedelta

import pytest

from iamgen.model.drift import DriftReport
from iamgen.model.request import SuggestRequest
from iamgen.pipeline.drift import drift
from iamgen.store.history import FolderPlace

ACCOUNT = "123456789012"
START = date(2026, 1, 5)
WEEKS = 26
CONSOLE = "Mozilla/5.0 (X11; Linux x86_64)"
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/fence"


def statement(actions: list[str], resource: str = "*") -> dict:
    return {"Effect": "Allow", "Action": actions, "Resource": resource}


def arn(name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:role/{name}"


@dataclass
class Account:
    """What the account is in one week."""

    roles: dict[str, list[dict]] = field(default_factory=dict)
    fenced: set[str] = field(default_factory=set)

    def details(self) -> dict:
        trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        rows = []
        for name, statements in sorted(self.roles.items()):
            row = {
                "RoleName": name,
                "Arn": arn(name),
                "Path": "/",
                "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
                "RolePolicyList": [
                    {"PolicyName": "own", "PolicyDocument": {"Version": "2012-10-17", "Statement": statements}}
                ],
                "AttachedManagedPolicies": [],
            }
            if name in self.fenced:
                row["PermissionsBoundary"] = {
                    "PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": BOUNDARY,
                }  # fmt: skip
            rows.append(row)
        fence = {
            "Version": "2012-10-17",
            "Statement": [statement(["s3:*", "sqs:*", "iam:*", "dynamodb:*", "sns:*", "lambda:*"])],
        }
        version = {"Document": fence, "VersionId": "v1", "IsDefaultVersion": True}
        policy = {"PolicyName": "fence", "Arn": BOUNDARY, "DefaultVersionId": "v1", "PolicyVersionList": [version]}
        return {"RoleDetailList": rows, "Policies": [policy]}


def event(day: date, name: str, role: str, agent: str, policy: str = "own") -> dict:
    return {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "IAMUser",
            "arn": f"arn:aws:iam::{ACCOUNT}:user/ana",
            "accountId": ACCOUNT,
            "userName": "ana",
        },
        "eventTime": f"{day.isoformat()}T10:00:00Z",
        "eventSource": "iam.amazonaws.com",
        "eventName": name,
        "awsRegion": "us-east-1",
        "userAgent": agent,
        "requestParameters": {"roleName": role, "policyName": policy},
        "eventID": f"{name}-{role}-{day.isoformat()}",
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
    }


def first() -> Account:
    return Account(
        roles={
            "billing": [statement(["s3:GetObject"], "arn:aws:s3:::billing/*")],
            "orders": [statement(["dynamodb:*"]), statement(["sqs:SendMessage"])],
            "mail": [statement(["sns:Publish"])],
            "legacy": [statement(["s3:*"])],
        },
        fenced={"billing", "orders"},
    )


def planted(week: int, account: Account) -> tuple[set[tuple[str, str]], list[dict]]:
    """Change the account; return what a report must say, (kind, role), and the events of the log."""
    day = START + timedelta(weeks=week) - timedelta(days=2)
    match week:
        case 3:
            account.roles["billing"].append(
                statement(["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"])
            )
            return {("gained", "billing")}, [event(day, "PutRolePolicy", "billing", CONSOLE)]
        case 7:
            account.roles["orders"] = [statement(["dynamodb:PutItem"]), statement(["sqs:SendMessage"])]
            return {("lost", "orders")}, [event(day, "PutRolePolicy", "orders", "cloudformation.amazonaws.com")]
        case 10:
            del account.roles["legacy"]
            return {("role-removed", "legacy")}, [event(day, "DeleteRole", "legacy", CONSOLE)]
        case 13:
            account.roles["export"] = [statement(["s3:PutObject"], "arn:aws:s3:::export/*")]
            return {("role-added", "export")}, [event(day, "CreateRole", "export", CONSOLE)]
        case 16:
            account.fenced.discard("orders")
            return {("boundary-removed", "orders")}, [event(day, "DeleteRolePermissionsBoundary", "orders", CONSOLE)]
        case 19:
            account.fenced.add("mail")
            return {("boundary-added", "mail")}, [event(day, "PutRolePermissionsBoundary", "mail", CONSOLE)]
        case 22:
            account.roles["billing"].pop()
            return {("lost", "billing")}, [event(day, "PutRolePolicy", "billing", CONSOLE)]
        case _:
            return set(), []


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[set[tuple[str, str]], DriftReport]]:
    folder = tmp_path_factory.mktemp("year")
    place = FolderPlace(folder / "history")
    account = first()
    reports = []
    trail = folder / "trail" / "AWSLogs" / ACCOUNT / "CloudTrail" / "us-east-1"
    for week in range(WEEKS):
        truth, events = planted(week, account)
        day = START + timedelta(weeks=week)
        where = trail / f"{day:%Y/%m/%d}"
        where.mkdir(parents=True)
        records = json.dumps({"Records": events}).encode()
        name = f"{ACCOUNT}_CloudTrail_us-east-1_{day:%Y%m%d}T0000Z_x.json.gz"
        (where / name).write_bytes(gzip.compress(records, mtime=0))
        (folder / "roles.json").write_text(json.dumps(account.details()))
        request = SuggestRequest(
            project=folder, no_project=True, current=(str(folder / "roles.json"),),
            logs=(str(folder / "trail"),), store=folder / "usage.db", as_of=day.isoformat(),
        )  # fmt: skip
        reports.append((truth, drift(request, place=place)))
    return reports


def said(report: DriftReport) -> set[tuple[str, str]]:
    derived = {"score", "escalation", "escalation-closed"}
    return {(c.kind, c.role.rpartition("/")[2]) for c in report.changes if c.kind not in derived}


def test_every_planted_change_is_found_and_none_is_invented(year: list) -> None:
    for week, (truth, report) in enumerate(year):
        if week:
            assert said(report) == truth, f"week {week}"


def test_who_when_and_through_what_come_from_the_log(year: list) -> None:
    (change,) = [c for c in year[3][1].changes if c.kind == "gained"]
    assert (change.who or "").endswith("user/ana")
    assert (change.when or "").startswith((START + timedelta(weeks=3) - timedelta(days=2)).isoformat())
    assert change.via == "console"
    assert change.in_template is False


def test_an_escalation_path_opens_and_closes(year: list) -> None:
    opened = {c.role.rpartition("/")[2] for c in year[3][1].changes if c.kind == "escalation"}
    closed = {c.role.rpartition("/")[2] for c in year[22][1].changes if c.kind == "escalation-closed"}
    assert opened == closed == {"billing"}


def test_worse_is_said_in_the_weeks_that_are_worse_and_time_alone_is_not(year: list) -> None:
    quiet = [week for week, (truth, _) in enumerate(year) if week and not truth]
    assert not any(year[week][1].worse for week in quiet)
    assert year[3][1].worse
    assert year[16][1].worse
    assert not year[7][1].worse
    assert not year[22][1].worse


def test_the_trend_has_a_point_per_run(year: list) -> None:
    assert len(year[-1][1].trend) == WEEKS
    assert [point.as_of for point in year[-1][1].trend] == sorted(point.as_of for point in year[-1][1].trend)
