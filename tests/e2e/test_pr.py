"""A pull request from its commits to its comment: the real command, real git, a stateful GitHub."""

import contextlib
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from github_stand_in import ACTIONS_TOKEN, FORK_TOKEN, StandIn

from iamgen.cli import main

REPOSITORY = Path(__file__).parents[2]
pytestmark = pytest.mark.e2e

TEMPLATE = """\
AWSTemplateFormatVersion: '2010-09-09'
Transform: AWS::Serverless-2016-10-31
Resources:
  OrdersTable:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: orders
  Orders:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.12
      Handler: app.handler
      CodeUri: src/
      Environment:
        Variables:
          TABLE: !Ref OrdersTable
      Policies:
        - Version: '2012-10-17'
          Statement:
            - Effect: Allow
              Action:
                - dynamodb:GetItem
                - dynamodb:PutItem
              Resource: !GetAtt OrdersTable.Arn
  Other:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.12
      Handler: app.handler
      CodeUri: other/
"""
CODE = """\
import os
import boto3

table = boto3.resource("dynamodb").Table(os.environ["TABLE"])


def handler(event, context):
    table.get_item(Key={"id": event["id"]})
    table.put_item(Item={"id": event["id"]})
"""
NEW_CALL = """\
import os
import boto3

table = boto3.resource("dynamodb").Table(os.environ["TABLE"])
sns = boto3.client("sns")


def handler(event, context):
    table.get_item(Key={"id": event["id"]})
    sns.publish(TopicArn="arn:aws:sns:eu-west-1:111122223333:alerts", Message="x")
"""


SECRET_TEMPLATE = """\
Transform: AWS::Serverless-2016-10-31
Resources:
  Orders:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: orders
      Runtime: python3.12
      Handler: app.handler
      CodeUri: src/
      Policies:
        - Version: '2012-10-17'
          Statement:
            - Effect: Allow
              Action: secretsmanager:GetSecretValue
              Resource: arn:aws:secretsmanager:eu-west-1:111122223333:secret:orders/db-??????
"""
SECRET_CODE = """\
import boto3
client = boto3.client("secretsmanager")


def handler(event, context):
    client.get_secret_value(SecretId="orders/db")
"""


def trail(days):
    """A log in which the function reads the secret once a day."""
    issuer = "arn:aws:iam::111122223333:role/stack-OrdersRole-ABCDEFGHIJKL"
    identity = {
        "type": "AssumedRole",
        "principalId": "AROAX:orders",
        "arn": "arn:aws:sts::111122223333:assumed-role/stack-OrdersRole-ABCDEFGHIJKL/orders",
        "accountId": "111122223333",
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role", "principalId": "AROAX", "arn": issuer, "accountId": "111122223333",
                "userName": issuer.rpartition("/")[2],
            }
        },
        "inScopeOf": {
            "issuerType": "AWS::Lambda::Function",
            "credentialsIssuedTo": "arn:aws:lambda:eu-west-1:111122223333:function:orders",
        },
    }  # fmt: skip
    records = [
        {
            "eventVersion": "1.11", "userIdentity": identity,
            "eventTime": f"2026-{day // 28 + 1:02d}-{day % 28 + 1:02d}T12:00:00Z",
            "eventSource": "secretsmanager.amazonaws.com", "eventName": "GetSecretValue",
            "awsRegion": "eu-west-1", "requestParameters": {"secretId": "orders/db"},
            "eventID": f"e{day}", "readOnly": True, "eventType": "AwsApiCall",
            "managementEvent": True, "recipientAccountId": "111122223333",
            "eventCategory": "Management",
        }
        for day in days
    ]  # fmt: skip
    return json.dumps({"Records": records})


def run_git(folder, *arguments):
    done = subprocess.run(
        ["git", "-c", "user.name=t", "-c", "user.email=t@example.com", *arguments],
        cwd=folder, check=True, capture_output=True, text=True,
    )  # fmt: skip
    return done.stdout.strip()


def iamgen(folder, *arguments, **environment):
    """The command in this process, in its own folder and environment; `run_action` starts it for real."""
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("GITHUB_", "AWS_", "IAMGEN_")) and key != "CI"
    }
    out, err = io.StringIO(), io.StringIO()
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        patch.chdir(folder)
        for name in set(os.environ) - set(kept):
            patch.delenv(name)
        for name, value in environment.items():
            patch.setenv(name, value)
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
    return SimpleNamespace(returncode=ended.value.code or 0, stdout=out.getvalue(), stderr=err.getvalue())


@pytest.fixture
def shop(tmp_path):
    top = tmp_path / "shop"
    (top / "src").mkdir(parents=True)
    (top / "other").mkdir()
    run_git(top, "init", "-q", "-b", "main")
    (top / "template.yaml").write_text(TEMPLATE)
    (top / "src" / "app.py").write_text(CODE)
    (top / "other" / "app.py").write_text("def handler(event, context):\n    return 1\n")
    run_git(top, "add", ".")
    run_git(top, "commit", "-q", "-m", "base")
    run_git(top, "checkout", "-q", "-b", "feature")
    return top


def commit(folder, **files):
    for name, text in files.items():
        (folder / name).write_text(text)
    run_git(folder, "add", ".")
    run_git(folder, "commit", "-q", "-m", "change")


@pytest.fixture
def changed(shop):
    commit(shop, **{"src/app.py": NEW_CALL})
    return shop


def posted(folder, server, *arguments, token=ACTIONS_TOKEN):
    return iamgen(
        folder, "pr", "--base", "main", "--repo", "acme/shop", "--number", "12", *arguments,
        GITHUB_TOKEN=token, GITHUB_API_URL=server.url,
    )  # fmt: skip


def test_a_new_call_is_told_before_it_breaks(changed):
    with StandIn(folder=changed, base="main", head="feature") as server:
        done = posted(changed, server)
        assert done.returncode == 0, done.stderr
        assert "comment created" in done.stderr
        (comment,) = server.comments
    body = comment["body"]
    assert body.startswith("<!-- iamgen:report v=1 key=default -->\n### IAM: 1 function touched")
    assert "**Will break when reached**" in body
    broken = body.index("`Orders` needs `sns:Publish`")
    going = body.index("`Orders` no longer calls `dynamodb:PutItem`")
    assert broken < going
    assert "`src/app.py:10`" in body
    assert '"sns:Publish"' in body
    assert "`Other`" not in body


def test_a_second_run_writes_nothing_and_asks_little(changed):
    with StandIn(folder=changed, base="main", head="feature") as server:
        posted(changed, server)
        before = len(server.requests)
        done = posted(changed, server)
        assert "comment unchanged" in done.stderr, done.stderr
        assert len(server.writes) == 1
        assert len(server.requests) - before <= 3


def test_a_fixed_pull_request_gets_the_short_state(changed):
    with StandIn(folder=changed, base="main", head="feature") as server:
        posted(changed, server)
        run_git(changed, "reset", "-q", "--hard", "main")
        commit(changed, **{"README.md": "words\n"})
        done = posted(changed, server)
        assert "comment updated" in done.stderr, done.stderr
        assert "nothing to do" in server.comments[0]["body"]
        assert len(server.comments[0]["body"]) < 700


def test_a_fork_token_ends_with_exit_4_and_the_way_out(changed):
    with StandIn(folder=changed, base="main", head="feature") as server:
        done = posted(changed, server, token=FORK_TOKEN)
    assert done.returncode == 4
    assert "forks.md" in done.stderr
    assert FORK_TOKEN not in done.stderr


def test_a_dry_run_prints_the_comment_and_needs_no_token(changed):
    done = iamgen(changed, "pr", "--base", "main", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "sns:Publish" in done.stdout
    again = iamgen(changed, "pr", "--base", "main", "--dry-run")
    assert again.stdout == done.stdout


def event_file(folder, server, **head):
    event = {
        "repository": {"full_name": "acme/shop"},
        "workflow_run": {
            "head_branch": "feature",
            "head_sha": server.sha("feature"),
            "head_repository": {"full_name": "eve/shop", "owner": {"login": "eve"}},
            "pull_requests": [],
            **head,
        },
    }
    path = folder.parent / "event.json"
    path.write_text(json.dumps(event))
    return str(path)


def test_the_second_job_posts_what_the_first_saved(changed, tmp_path):
    saved = tmp_path / "iamgen.json"
    done = iamgen(changed, "pr", "--base", "main", "--save", str(saved))
    assert done.returncode == 0, done.stderr
    with StandIn(folder=changed, base="main", head="feature", head_repository="eve/shop") as server:
        event = event_file(changed, server)
        done = iamgen(
            tmp_path, "pr", "--post", str(saved),
            GITHUB_TOKEN=ACTIONS_TOKEN, GITHUB_API_URL=server.url, GITHUB_EVENT_PATH=event,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert "sns:Publish" in server.comments[0]["body"]
        assert server.comments[0]["issue"] == 12
        assert server.reviews == []


WIDER = TEMPLATE.replace(
    "                - dynamodb:GetItem\n",
    "                - dynamodb:GetItem\n                - dynamodb:DeleteTable\n",
)


def test_a_suggestion_can_be_committed_by_a_click_and_then_nothing_breaks(shop):
    commit(shop, **{"src/app.py": NEW_CALL, "template.yaml": WIDER})
    with StandIn(folder=shop, base="main", head="feature") as server:
        done = posted(shop, server)
        assert "1 suggestions" in done.stderr, done.stderr
        (note,) = server.review_comments
        assert set(range(note["start_line"], note["line"] + 1)) <= server.hunk_lines("template.yaml")
        before = len(server.requests)
        again = posted(shop, server)
        assert "comment unchanged, 0 suggestions" in again.stderr
        assert len(server.requests) - before <= 3
        server.comments.clear()
        assert "comment created, 0 suggestions" in posted(shop, server).stderr
        assert len(server.reviews) == 1
        text = re.search(r"```suggestion\n(.*?)\n```", note["body"], re.DOTALL)[1]
        lines = WIDER.split("\n")
        lines[note["start_line"] - 1 : note["line"]] = text.split("\n")
        commit(shop, **{"template.yaml": "\n".join(lines)})
        done = iamgen(shop, "check", "--changed-since", "main", "--format", "json")
        answer = json.loads(done.stdout)
        ids = {entry["id"] for entry in answer["findings"]}
        assert "will-break" not in ids
        assert "DeleteTable" not in done.stdout
        new = [entry for entry in answer["findings"] if entry["id"] == "new-access"]
        assert all("needed_by" in entry["arguments"] for entry in new), new
        done = posted(shop, server)
        assert "Will break" not in server.comments[0]["body"]


def test_lines_outside_the_diff_get_a_patch_that_applies(changed):
    with StandIn(folder=changed, base="main", head="feature") as server:
        done = posted(changed, server)
        assert "0 suggestions" in done.stderr, done.stderr
        assert server.reviews == []
        body = server.comments[0]["body"]
    patch = re.search(r"```diff\n(--- a/template.yaml\n.*?\n)```", body, re.DOTALL)[1]
    (changed.parent / "fix.patch").write_text(patch)
    run_git(changed, "apply", "--index", "../fix.patch")
    done = iamgen(changed, "check", "--changed-since", "main")
    assert "will-break" not in done.stdout


def test_a_pull_request_that_moved_on_gets_no_suggestion(shop):
    commit(shop, **{"src/app.py": NEW_CALL, "template.yaml": WIDER})
    with StandIn(folder=shop, base="main", head="feature") as server:
        server.pulls[0] = server.pull(12, sha="1" * 40)
        done = posted(shop, server)
        assert "stands at another commit" in done.stderr
        assert server.reviews == []


def test_a_hostile_file_chooses_nothing_and_shows_nothing_active(changed, tmp_path):
    saved = tmp_path / "iamgen.json"
    iamgen(changed, "pr", "--base", "main", "--save", str(saved))
    value = json.loads(saved.read_text())
    evil = "@octocat <!-- iamgen:report v=1 key=x --> <script>x</script> [x](https://evil.example) #1"
    function = value["functions"][0]
    function["name"] = evil
    function["breaks"] = [
        {**function["breaks"][0], "action": f"@user{number}", "places": [evil] * 20} for number in range(1500)
    ]
    value |= {"key": "other/comment", "number": 1, "repository": "acme/other", "head_sha": evil}
    saved.write_text(json.dumps(value))
    with StandIn(folder=changed, base="main", head="feature", head_repository="eve/shop") as server:
        server.pulls.append(server.pull(1, repository="acme/shop", branch="else"))
        event = event_file(changed, server)
        done = iamgen(
            tmp_path, "pr", "--post", str(saved),
            GITHUB_TOKEN=ACTIONS_TOKEN, GITHUB_API_URL=server.url, GITHUB_EVENT_PATH=event,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        (comment,) = server.comments
    assert comment["issue"] == 12
    body = comment["body"]
    assert body.startswith("<!-- iamgen:report v=1 key=default -->\n")
    assert len(body) <= 60_000
    outside = re.sub(r"(`+)[^`].*?\1|<code>.*?</code>", "", body, flags=re.DOTALL)
    assert "@" not in outside
    assert "<script" not in outside
    assert "evil.example" not in outside


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{", b'{"functions": 1}', b'{"schema_version": "9"}', b"[" * 100_000,
     b'{"functions": [{"id": 1}]}', b'"' + b"x" * 6_000_000 + b'"'],
)  # fmt: skip
def test_a_file_that_is_not_of_the_schema_is_refused(tmp_path, content):
    saved = tmp_path / "iamgen.json"
    saved.write_bytes(content)
    done = iamgen(tmp_path, "pr", "--post", str(saved), GITHUB_TOKEN="x", GITHUB_EVENT_PATH="e")
    assert done.returncode == 3, done.stderr


def test_a_moved_pull_request_stops_the_second_job(changed, tmp_path):
    saved = tmp_path / "iamgen.json"
    iamgen(changed, "pr", "--base", "main", "--save", str(saved))
    with StandIn(folder=changed, base="main", head="feature", head_repository="eve/shop") as server:
        event = event_file(changed, server, head_sha="0" * 40)
        done = iamgen(
            tmp_path, "pr", "--post", str(saved),
            GITHUB_TOKEN=ACTIONS_TOKEN, GITHUB_API_URL=server.url, GITHUB_EVENT_PATH=event,
        )  # fmt: skip
        assert done.returncode == 4
        assert server.writes == []


def test_removed_code_stays_in_the_policy_while_the_log_shows_its_use(shop, tmp_path):
    run_git(shop, "checkout", "-q", "main")
    commit(shop, **{"template.yaml": SECRET_TEMPLATE, "src/app.py": SECRET_CODE})
    run_git(shop, "checkout", "-q", "-B", "feature")
    commit(shop, **{"src/app.py": "def handler(event, context):\n    return 1\n"})
    log = tmp_path / "trail.json"
    log.write_text(trail(range(200)))
    done = iamgen(shop, "pr", "--base", "main", "--dry-run", "--logs", str(log))
    assert done.returncode == 0, done.stderr
    assert "can go after 90 d without use" in done.stdout
    assert '"Action": "secretsmanager:GetSecretValue"' in done.stdout
    assert "no code path explains it" not in done.stdout
    gate = iamgen(shop, "check", "--changed-since", "main", "--logs", str(log))
    assert "unexplained-use" not in gate.stdout
    without = iamgen(shop, "pr", "--base", "main", "--dry-run")
    assert "no longer calls `secretsmanager:GetSecretValue`" in without.stdout
    assert "it can go now" in without.stdout


def test_the_snapshot_of_the_base_counts_not_that_of_the_change(shop):
    run_git(shop, "checkout", "-q", "main")
    commit(
        shop,
        **{
            "template.yaml": SECRET_TEMPLATE,
            "src/app.py": "def handler(event, context):\n    return 1\n",
            "trail.json": trail(range(200)),
            "iamgen.toml": '[project]\nlogs = "trail.json"\n',
        },
    )
    run_git(shop, "checkout", "-q", "-B", "feature")
    commit(shop, **{"trail.json": '{"Records": []}', "src/app.py": SECRET_CODE.replace("get", "put")})
    done = iamgen(shop, "check", "--changed-since", "main", "--format", "json")
    found = {entry["id"]: entry for entry in json.loads(done.stdout)["findings"]}
    assert found["rules-changed"]["arguments"]["path"] == "trail.json"
    assert found["unexplained-use"]["action"] == "secretsmanager:GetSecretValue"


def test_the_gate_fails_on_a_new_call_and_names_its_place(changed):
    done = iamgen(changed, "check", "--changed-since", "main")
    assert done.returncode == 1, done.stderr
    assert "src/app.py:10: error will-break: `Orders` needs `sns:Publish`" in done.stdout
    assert "1 of 2 functions checked" in done.stdout
    quiet = iamgen(changed, "check", "--changed-since", "main", "--exit-zero")
    assert quiet.returncode == 0


def test_more_access_is_proved_with_a_witness(shop):
    wider = TEMPLATE.replace("- dynamodb:GetItem", "- dynamodb:GetItem\n                - s3:GetObject")
    wider = wider.replace("Resource: !GetAtt OrdersTable.Arn", "Resource: '*'")
    commit(shop, **{"template.yaml": wider})
    done = iamgen(shop, "check", "--changed-since", "main", "--format", "json")
    assert done.returncode == 1, done.stderr
    answer = json.loads(done.stdout)
    new = [entry for entry in answer["findings"] if entry["id"] == "new-access"]
    assert any("s3:GetObject" in entry["action"] for entry in new)
    assert all(entry["arguments"]["witness"] for entry in new)


def test_the_working_tree_counts_with_files_that_git_does_not_know(shop):
    (shop / "src" / "extra.py").write_text(
        "import boto3\n\ndef call():\n    boto3.client('sqs').send_message(QueueUrl='q', MessageBody='x')\n"
    )
    (shop / "src" / "app.py").write_text(
        CODE.replace("import os", "import os\nfrom extra import call") + "    call()\n"
    )
    done = iamgen(shop, "check", "--changed-since", "main")
    assert "sqs:SendMessage" in done.stdout, done.stdout + done.stderr


def test_the_change_cannot_silence_its_own_findings(changed):
    entry = (
        '[project]\nmode = "observe"\n[[suppress]]\nid = "will-break"\nreason = "r"\nowner = "o"\n'
        "expires = 2026-12-01\n"
    )
    commit(changed, **{"iamgen.toml": entry})
    done = iamgen(changed, "check", "--changed-since", "main")
    assert done.returncode == 1, done.stdout
    lines = done.stdout.splitlines()
    assert any("warning rules-changed: `iamgen.toml`" in line for line in lines)
    assert any("error will-break" in line for line in lines)


def test_a_suppression_of_the_base_counts(shop):
    run_git(shop, "checkout", "-q", "main")
    day = run_git(shop, "log", "-1", "--format=%cs")
    entry = f'[[suppress]]\nid = "will-break"\nfunction = "Orders"\nreason = "soon"\nowner = "o"\nexpires = {day}\n'
    commit(shop, **{"iamgen.toml": entry})
    run_git(shop, "checkout", "-q", "feature")
    commit(shop, **{"src/app.py": NEW_CALL})
    done = iamgen(shop, "check", "--changed-since", "main")
    assert done.returncode == 0, done.stdout
    assert "suppressed will-break" in done.stdout
    log = iamgen(shop, "check", "--changed-since", "main", "--format", "sarif")
    assert log.returncode == 0, log.stderr
    results = json.loads(log.stdout)["runs"][0]["results"]
    assert [entry["ruleId"] for entry in results if "suppressions" in entry] == ["will-break"]


def test_an_entry_without_reason_is_exit_2(shop):
    (shop / "iamgen.toml").write_text('[[suppress]]\nid = "removable"\nowner = "o"\n')
    done = iamgen(shop, "check")
    assert done.returncode == 2
    assert "reason" in done.stderr


def test_a_baseline_leaves_only_what_is_new(changed, tmp_path):
    baseline = changed / "baseline.json"
    done = iamgen(changed, "check", "--write-baseline", str(baseline))
    assert done.returncode == 0, done.stderr
    done = iamgen(changed, "check", "--baseline", str(baseline))
    assert done.returncode == 0, done.stdout
    assert "in the baseline" in done.stdout
    (changed / "src" / "app.py").write_text("\n\n" + NEW_CALL.replace("sns.publish", "table.scan()\n    sns.publish"))
    done = iamgen(changed, "check", "--baseline", str(baseline))
    assert done.returncode == 1
    assert "dynamodb:Scan" in done.stdout
    assert "error will-break: `Orders` needs `sns:Publish`" not in done.stdout


def test_a_forbidden_grant_is_shown_with_a_request(shop):
    (shop / "iamgen.toml").write_text(
        '[[forbid]]\nactions = ["dynamodb:Put*"]\nresources = ["*"]\nunless = ["Billing*"]\n'
    )
    done = iamgen(shop, "check", "--format", "json")
    found = [entry for entry in json.loads(done.stdout)["findings"] if entry["id"] == "forbidden"]
    assert [entry["action"] for entry in found] == ["dynamodb:PutItem"]
    (shop / "iamgen.toml").write_text(
        '[[forbid]]\nactions = ["dynamodb:Put*"]\nresources = ["*"]\nunless = ["Orders"]\n'
    )
    done = iamgen(shop, "check", "--format", "json")
    assert "forbidden" not in done.stdout


def action_step(name):
    action = yaml.safe_load((REPOSITORY / "action.yml").read_text())
    return next(step for step in action["runs"]["steps"] if step.get("id") == name)


def run_action(folder, tmp_path, server, **inputs):
    runner = tmp_path / "runner"
    (runner / "iamgen-venv" / "bin").mkdir(parents=True, exist_ok=True)
    shim = runner / "iamgen-venv" / "bin" / "iamgen"
    shim.write_text(f'#!/bin/sh\nPYTHONPATH={REPOSITORY} exec {sys.executable} -m iamgen "$@"\n')
    shim.chmod(0o755)
    output, summary = tmp_path / "output", tmp_path / "summary.md"
    output.write_text("")
    summary.write_text("")
    event = tmp_path / "pull.json"
    event.write_text(json.dumps({"pull_request": {"number": 12}}))
    given = {
        "MODE": "comment", "PROJECT": ".", "BASE": "main", "FAIL_ON": "", "BASELINE": "", "SARIF": "",
        "FILE": "", "SUGGESTIONS": "true", "ARGUMENTS": "", "TOKEN": ACTIONS_TOKEN,
        "HEAD_REPOSITORY": "acme/shop", **inputs,
    }  # fmt: skip
    assert {f"IAMGEN_ACTION_{key}" for key in given} == set(action_step("run")["env"])
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(tmp_path), "RUNNER_TEMP": str(runner),
        "GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(summary),
        "GITHUB_API_URL": server.url, "GITHUB_REPOSITORY": "acme/shop",
        "GITHUB_EVENT_PATH": str(event), "GITHUB_ACTIONS": "true",
        **{f"IAMGEN_ACTION_{key}": value for key, value in given.items()},
    }  # fmt: skip
    done = subprocess.run(
        ["bash", "-c", action_step("run")["run"]],
        cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    return done, output.read_text(), summary.read_text()


def test_the_action_comments_with_the_environment_of_a_runner(changed, tmp_path):
    with StandIn(folder=changed, base="main", head="feature") as server:
        done, output, summary = run_action(changed, tmp_path, server)
        assert done.returncode == 0, done.stderr
        assert len(server.comments) == 1
    assert "failed=false" in output
    assert "sns:Publish" in summary
    assert ACTIONS_TOKEN not in done.stdout + done.stderr + summary + output


def test_the_action_saves_for_a_fork_and_the_gate_annotates(changed, tmp_path):
    with StandIn(folder=changed, base="main", head="feature") as server:
        done, output, _ = run_action(changed, tmp_path, server, HEAD_REPOSITORY="eve/shop")
        assert done.returncode == 0, done.stderr
        assert server.requests == []
        saved = re.search(r"^file=(.+)$", output, re.MULTILINE)[1]
        assert json.loads(Path(saved).read_text())["functions"]
        sarif = tmp_path / "out.sarif"
        done, output, _ = run_action(changed, tmp_path, server, MODE="check", SARIF=str(sarif), FAIL_ON="error")
    assert done.returncode == 1
    assert "failed=true" in output
    assert done.stdout.startswith("::error file=src/app.py,line=10,title=iamgen will-break::")
    assert json.loads(sarif.read_text())["version"] == "2.1.0"


def test_inputs_of_the_action_are_never_code(changed, tmp_path):
    canary = tmp_path / "canary"
    evil = f"x'; touch {canary}; $(touch {canary}) `touch {canary}`"
    with StandIn(folder=changed, base="main", head="feature") as server:
        for name in ("PROJECT", "BASE", "FAIL_ON", "BASELINE", "FILE", "ARGUMENTS", "MODE"):
            run_action(changed, tmp_path, server, **{name: evil})
    assert not canary.exists()
    for step in yaml.safe_load((REPOSITORY / "action.yml").read_text())["runs"]["steps"]:
        assert "${{" not in step.get("run", "")
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", step.get("uses", f"a@{'0' * 40}"))


def test_the_hook_and_the_workflows_are_pinned_and_without_rights():
    hooks = yaml.safe_load((REPOSITORY / ".pre-commit-hooks.yaml").read_text())
    assert hooks[0]["entry"] == "iamgen check"
    for path in sorted((REPOSITORY / ".github" / "workflows").glob("*.yml")):
        workflow = yaml.safe_load(path.read_text())
        assert workflow["permissions"] == {}, path
        for job in workflow["jobs"].values():
            for step in job["steps"]:
                assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", step.get("uses", f"a@{'0' * 40}"))
