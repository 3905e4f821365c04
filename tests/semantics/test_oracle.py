"""The evaluator against another one, of another author, in a process of its own.

It is never part of the project: install `@cloud-copilot/iam-simulate` (AGPL) with npm in a folder
outside, name that folder in IAMGEN_ORACLE, and run `pytest -m oracle`. IAMGEN_ORACLE_CASES says how
many random cases (5,000). Forms that docs/explanation/policy-meaning.md lists as unclear are left out.
"""

import json
import os
import random
import shutil
import subprocess
from pathlib import Path

import pytest

from iamgen.pipeline.simulate import read_case
from iamgen.semantics.evaluate import evaluate

ACCOUNT = "111122223333"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/fn"
REQUESTS = (
    ("s3:GetObject", "arn:aws:s3:::b/k"),
    ("s3:GetObject", "arn:aws:s3:::b/x/k"),
    ("s3:PutObject", "arn:aws:s3:::c/k"),
    ("s3:ListBucket", "arn:aws:s3:::b"),
    ("sqs:SendMessage", f"arn:aws:sqs:us-east-1:{ACCOUNT}:q1"),
    ("sqs:ReceiveMessage", f"arn:aws:sqs:eu-west-1:{ACCOUNT}:q2"),
    ("dynamodb:Query", f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/t/index/i"),
    ("dynamodb:GetItem", f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/t"),
    ("sns:Publish", f"arn:aws:sns:us-east-1:{ACCOUNT}:t"),
    ("iam:GetRole", f"arn:aws:iam::{ACCOUNT}:role/x"),
)
ACTIONS = (
    "*",
    "s3:*",
    "s3:Get*",
    "S3:getobject",
    "s3:?etObject",
    "sqs:*",
    "sqs:SendMessage",
    "dynamodb:*",
    "dynamodb:Query",
    "sns:Publish",
    "iam:Get*",
    "s3:PutObject",
    "s3:ListBucket",
)
RESOURCES = (
    "*",
    "arn:aws:s3:::b",
    "arn:aws:s3:::b/*",
    "arn:aws:s3:::*/k",
    "arn:aws:s3:::b/?",
    "arn:aws:s3:::b/${aws:PrincipalTag/team}/*",
    f"arn:aws:sqs:*:{ACCOUNT}:q*",
    f"arn:aws:sqs:us-east-1:{ACCOUNT}:q1",
    "arn:aws:dynamodb:*:*:table/t",
    "arn:aws:dynamodb:*:*:table/*",
    f"arn:aws:sns:us-east-1:{ACCOUNT}:t",
    "arn:aws:iam::*:role/*",
)
CONDITIONS = tuple(
    {operator: {key: values}}
    for operator, key, values in (
        ("StringEquals", "aws:PrincipalTag/team", "x"),
        ("StringEquals", "aws:PrincipalTag/team", ["x", "y"]),
        ("StringNotEquals", "aws:PrincipalTag/team", "x"),
        ("StringEqualsIgnoreCase", "aws:PrincipalTag/team", "X"),
        ("StringLike", "aws:PrincipalTag/team", "x*"),
        ("StringNotLike", "aws:PrincipalTag/team", "x*"),
        ("StringEqualsIfExists", "aws:PrincipalTag/team", "x"),
        ("Null", "aws:PrincipalTag/team", "true"),
        ("Null", "aws:PrincipalTag/team", "false"),
        ("Bool", "aws:SecureTransport", "true"),
        ("BoolIfExists", "aws:SecureTransport", "false"),
        ("IpAddress", "aws:SourceIp", "10.0.0.0/8"),
        ("NotIpAddress", "aws:SourceIp", ["10.0.0.0/16", "11.0.0.0/8"]),
        ("DateLessThan", "aws:CurrentTime", "2026-01-01T00:00:00Z"),
        ("DateGreaterThanEquals", "aws:CurrentTime", "2026-01-01T00:00:00Z"),
        ("NumericLessThan", "aws:MultiFactorAuthAge", "100"),
        ("NumericGreaterThanEquals", "aws:MultiFactorAuthAge", "100"),
        ("ArnLike", "aws:SourceArn", "arn:aws:sns:*:*:t*"),
        ("ArnNotEquals", "aws:SourceArn", "arn:aws:sns:us-east-1:1:t1"),
        ("ForAllValues:StringEquals", "aws:TagKeys", ["a", "b"]),
        ("ForAnyValue:StringEquals", "aws:TagKeys", ["a"]),
        ("ForAllValues:StringNotEquals", "aws:TagKeys", ["a"]),
        ("ForAnyValue:StringLike", "aws:TagKeys", ["a*"]),
    )
)
CONTEXT = {
    "aws:PrincipalTag/team": (None, "x", "y", "X", "xy"),
    "aws:SecureTransport": (None, "true", "false"),
    "aws:SourceIp": (None, "10.0.0.1", "10.200.0.1", "11.0.0.1", "12.0.0.1"),
    "aws:CurrentTime": (None, "2025-06-01T00:00:00Z", "2026-01-01T00:00:00Z"),
    "aws:MultiFactorAuthAge": (None, "99", "100", "101"),
    "aws:SourceArn": (None, "arn:aws:sns:us-east-1:1:t1", "arn:aws:sqs:us-east-1:1:t1"),
    "aws:TagKeys": (None, ["a"], ["b"], ["a", "b"], ["a", "c"]),
}


def _statement(dice):
    row = {"Effect": "Deny" if dice.random() < 0.2 else "Allow"}
    row["NotAction" if dice.random() < 0.1 else "Action"] = dice.sample(ACTIONS, dice.choice((1, 1, 2, 3)))
    resources = dice.sample(RESOURCES, dice.choice((1, 1, 2, 3)))
    if dice.random() < 0.1:
        row["NotResource"] = [text for text in resources if "$" not in text] or ["*"]
    else:
        row["Resource"] = resources
    if dice.random() < 0.4:
        merged = {}
        for chosen in dice.sample(CONDITIONS, dice.choice((1, 1, 2))):
            merged.update(chosen)
        row["Condition"] = merged
    return row


def _policy(dice):
    found = [_statement(dice) for _ in range(dice.choice((1, 2, 3)))]
    return {"Version": "2012-10-17", "Statement": found}


def _case(dice, number):
    action, resource = dice.choice(REQUESTS)
    context = {key: dice.choice(options) for key, options in CONTEXT.items()}
    case = {
        "id": number,
        "principal": ROLE,
        "account": ACCOUNT,
        "action": action,
        "resource": resource,
        "context": {key: value for key, value in context.items() if value is not None},
        "identity": [_policy(dice) for _ in range(dice.choice((1, 2, 3)))],
    }
    if dice.random() < 0.3:
        case["boundary"] = _policy(dice)
    if dice.random() < 0.15:
        case["session"] = _policy(dice)
    if dice.random() < 0.15:
        case["scps"] = [[_policy(dice)]]
    return case


@pytest.mark.oracle
def test_decisions_agree():
    folder = os.environ.get("IAMGEN_ORACLE")
    if not folder or shutil.which("node") is None:
        pytest.skip("IAMGEN_ORACLE names no folder with the other evaluator, or there is no node")
    entry = Path(folder) / "node_modules/@cloud-copilot/iam-simulate/dist/esm/index.js"
    dice = random.Random(int(os.environ.get("IAMGEN_ORACLE_SEED", "1")))
    cases = [_case(dice, n) for n in range(int(os.environ.get("IAMGEN_ORACLE_CASES", "5000")))]
    asked = "".join(json.dumps(case) + "\n" for case in cases)

    run = subprocess.run(
        ["node", str(Path(__file__).parent / "oracle_runner.mjs"), str(entry)],
        input=asked, capture_output=True, text=True, check=True, timeout=3600,
    )  # fmt: skip
    answers = [json.loads(line) for line in run.stdout.splitlines()]

    assert len(answers) == len(cases)
    assert not [answer for answer in answers if answer.get("errors")][:3]
    wrong = [
        (case, answer["decision"], ours)
        for case, answer in zip(cases, answers, strict=True)
        if answer["decision"] != (ours := evaluate(*read_case(case)).decision)
    ]
    decisions = {answer["decision"] for answer in answers}
    assert decisions == {"Allowed", "ImplicitlyDenied", "ExplicitlyDenied"}
    assert not wrong, f"{len(wrong)} of {len(cases)}, the first: {json.dumps(wrong[0])}"
