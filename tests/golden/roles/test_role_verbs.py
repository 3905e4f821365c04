"""One project with a shared role, through the real verbs: roles, boundary, explain, patch --split."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from iamgen.cli import boundary, explain, patch, roles
from iamgen.errors import UsageError
from iamgen.patch._positions import parse, value_of

SHOP = Path(__file__).parent / "shop"


def run(verb, *arguments, project=SHOP):
    """Return the exit code and stdout of a verb."""
    done = CliRunner().invoke(verb.command, [*arguments, "--project", str(project)], standalone_mode=False)
    if done.exception is not None:
        raise done.exception
    return done.return_value, done.stdout


def test_roles_prices_the_sharing_and_plans_the_split():
    code, out = run(roles, "--format", "json")
    report = json.loads(out)
    assert code == 0
    (shared,) = report["roles"]
    assert shared["functions"] == ["Save", "Send"]
    gained = {row["function"]: row["extra_actions"] for row in shared["sharing"]}
    assert gained == {"Save": ["sqs:SendMessage"], "Send": ["dynamodb:PutItem"]}
    assert [move["role"] for move in report["plan"]] == ["SaveRole", "SendRole"]


def test_boundary_says_what_todays_stops_and_proves_the_policies_inside():
    code, out = run(boundary, "--format", "json", "--role-pattern", "environment")
    (group,) = json.loads(out)["boundaries"]
    assert code == 0
    assert group["not_proved_inside"] == []
    assert {row["action"] for row in group["blocked_today"]} == {"sqs:SendMessage"}
    assert group["wider_than_today"][0]["action"].startswith("sqs:")


@pytest.mark.parametrize("form", ["text", "policy", "cloudformation", "terraform", "serverless", "cdk-python"])
def test_boundary_has_every_form(form):
    code, out = run(boundary, "--format", form)
    assert code == 0
    assert "dynamodb:PutItem" in out


def test_explain_leads_from_the_handler_to_the_statement():
    code, out = run(explain, "dynamodb:PutItem")
    assert code == 0
    assert "app.py:14" in out
    assert "statement" in out


def test_explain_reads_a_refusal():
    text = (
        "User: arn:aws:sts::1:assumed-role/shop-Shared-X/Send is not authorized to perform: "
        "sqs:SendMessage on resource: arn:aws:sqs:eu-west-1:1:shop-Jobs-Y because no permissions "
        "boundary allows the sqs:SendMessage action"
    )
    _, out = run(explain, "--denied", text)
    assert "missing in its permissions boundary" in out


def test_explain_wants_an_action_or_a_message():
    with pytest.raises(UsageError):
        run(explain)
    with pytest.raises(UsageError):
        run(explain, "nonsense")


def test_split_takes_one_function_out_of_the_shared_role(tmp_path):
    folder = tmp_path / "shop"
    shutil.copytree(SHOP, folder)
    code, _ = run(patch, "--function", "Send", "--split", project=folder)
    assert code == 0
    read = value_of(parse((folder / "template.yaml").read_text(), "t"))["Resources"]
    assert read["Send"]["Properties"]["Role"] == {"Fn::GetAtt": ["SendRole", "Arn"]}
    assert read["Save"]["Properties"]["Role"] == {"Fn::GetAtt": ["Shared", "Arn"]}
    (policy,) = read["SendRole"]["Properties"]["Policies"]
    actions = json.dumps(policy["PolicyDocument"])
    assert "sqs:SendMessage" in actions
    assert "dynamodb:PutItem" not in actions
    assert read["SendRole"]["Properties"]["PermissionsBoundary"] == {"Ref": "Limit"}


def test_the_shared_role_is_patched_with_what_all_need(tmp_path):
    folder = tmp_path / "shop"
    shutil.copytree(SHOP, folder)
    assert run(patch, "--all", project=folder)[0] == 0
    read = value_of(parse((folder / "template.yaml").read_text(), "t"))["Resources"]
    (policy,) = read["Shared"]["Properties"]["Policies"]
    text = json.dumps(policy["PolicyDocument"])
    assert "sqs:SendMessage" in text
    assert "dynamodb:PutItem" in text
    assert "sqs:*" not in text
    assert run(patch, "--all", "--check", project=folder)[0] == 0
