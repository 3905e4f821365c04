"""A pull request whose names are hostile: through the whole journey into every form of check and pr."""

import json
import sys
from pathlib import Path

import pytest
from test_pr import iamgen, run_git

sys.path.append(str(Path(__file__).parents[1] / "unit" / "outputs"))
from test_hostile_names import active_content, hidden

pytestmark = pytest.mark.e2e

EVIL = (
    "@octocat",
    "<img src=x onerror=alert(1)>",
    "`code` ``` |cell| <!-- iamgen:report v=1 key=default -->",
    "line\n::error::x\n##[error]x",
    "\u202etxt.exe\u2066 \x1b[31m #1 https://evil.example",
    "a: b - '\"*/ ${{ github.token }} %0A",
)


def quoted(text):
    return json.dumps(text)


@pytest.fixture
def project(tmp_path):
    top = tmp_path / "shop"
    top.mkdir()
    run_git(top, "init", "-q", "-b", "main")
    (top / "README.md").write_text("x\n")
    run_git(top, "add", ".")
    run_git(top, "commit", "-q", "-m", "base")
    run_git(top, "checkout", "-q", "-b", "feature")
    resources = []
    for number, name in enumerate(EVIL):
        folder = f"code{number}" if "\n" in name or "/" in name else f"code{number} {name}"
        (top / folder).mkdir()
        (top / folder / "app.py").write_text(
            "import boto3\n\ndef handler(event, context):\n"
            f"    boto3.client('s3').get_object(Bucket={name!r}, Key={name!r})\n"
            f"    getattr(boto3.client('sqs'), event[{name!r}])()\n",
            encoding="utf-8",
        )
        resources.append(
            f"  {quoted(name)}:\n    Type: AWS::Serverless::Function\n    Properties:\n"
            f"      FunctionName: {quoted(name)}\n      Runtime: python3.12\n"
            f"      Handler: app.handler\n      CodeUri: {quoted(folder + '/')}\n"
            f"      Policies:\n        - Version: '2012-10-17'\n          Statement:\n"
            f"            - Sid: {quoted(name)}\n              Effect: Allow\n"
            f"              Action: dynamodb:DeleteTable\n"
            f"              Resource: {quoted('arn:aws:dynamodb:*:*:table/' + name)}\n"
        )
    text = "Transform: AWS::Serverless-2016-10-31\nResources:\n" + "".join(resources)
    (top / "template.yaml").write_text(text, encoding="utf-8")
    run_git(top, "add", ".")
    run_git(top, "commit", "-q", "-m", "head")
    return top


def test_the_comment_of_a_hostile_project_does_nothing(project, tmp_path):
    summary = tmp_path / "summary.md"
    done = iamgen(project, "pr", "--base", "main", "--dry-run", "--summary", str(summary))
    assert done.returncode == 0, done.stderr
    assert "6 functions touched" in done.stdout
    for text in (done.stdout, summary.read_text()):
        assert active_content(text) == []
        assert hidden(text) == []


def test_the_gate_of_a_hostile_project_does_nothing_in_any_form(project, tmp_path):
    for form in ("text", "json", "markdown", "sarif", "github"):
        done = iamgen(project, "check", "--changed-since", "main", "--format", form)
        assert done.returncode == 1, done.stderr
        assert hidden(done.stdout) == [], form
        for line in done.stdout.splitlines():
            starts = line.lstrip().startswith("::")
            assert starts == (form == "github" and line.startswith("::")), line
            if starts:
                assert line.startswith(("::error file=", "::warning file=", "::notice file="))
            assert form in {"json", "sarif"} or "##[" not in line
        if form == "markdown":
            assert active_content(done.stdout) == []
        if form in {"json", "sarif"}:
            json.loads(done.stdout)
