"""The real command on the bundled sample, and on input that is broken."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SAMPLE = Path(__file__).parents[2] / "docs" / "tutorial" / "orders"


def iamgen(*args: str, cwd: Path = SAMPLE) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "iamgen", *args], cwd=cwd, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sample, so that the store of a test stays a test's."""
    folder = tmp_path_factory.mktemp("orders")
    shutil.copytree(SAMPLE, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".iamgen"))
    return folder


@pytest.fixture(scope="module")
def answer(sample: Path) -> dict:
    done = iamgen("suggest", "--all", "--logs", "trail", "--format", "json", cwd=sample)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy without any log."""
    folder = tmp_path_factory.mktemp("bare")
    shutil.copytree(SAMPLE, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".iamgen", "trail"))
    return folder


def rows(answer: dict) -> list[dict]:
    return [row for one in answer["functions"] for row in one["permissions"]]


def function(answer: dict, name: str) -> dict:
    return next(one for one in answer["functions"] if one["function"]["name"] == name)


def test_the_sample_shows_every_verdict_and_every_basis_of_a_removal(answer: dict) -> None:
    assert {row["verdict"] for row in rows(answer)} == {"keep", "narrow", "add", "remove", "review"}
    bases = {row["basis"] for row in rows(answer) if row["verdict"] == "remove"}
    assert bases == {"code and log", "code", "log"}


def test_each_resource_appears_once_with_code_and_log_on_the_same_row(answer: dict) -> None:
    for one in answer["functions"]:
        needed = [
            (row["action"], row["resource_symbolic"], str(row["conditions"]))
            for row in one["permissions"]
            if row["verdict"] in ("keep", "narrow", "add")
        ]
        assert len(needed) == len(set(needed))
    secret = next(
        row
        for row in function(answer, "order-fulfil")["permissions"]
        if row["action"] == "secretsmanager:GetSecretValue"
    )
    assert {e["kind"] for e in secret["evidence"]} == {"code", "log"}
    assert secret["resource_symbolic"].endswith("secret:{PaymentSecret}")


def test_a_denied_call_of_the_code_is_failing_now_and_one_of_nobody_grants_nothing(answer: dict) -> None:
    retry = [
        row
        for row in function(answer, "order-ingest")["permissions"]
        if row["resource_symbolic"].endswith("{RetryQueue}")
    ]
    assert [(row["verdict"], row["why"]) for row in retry] == [("add", "failing-now")]
    alert = function(answer, "order-alert")
    assert [row["action"] for row in alert["denied"]] == ["iam:CreateAccessKey"]
    assert "iam:" not in json.dumps([alert["policy"], alert["role_policy"]])


def test_the_dead_helper_asks_for_nothing(answer: dict) -> None:
    assert "dynamodb:DeleteItem" not in json.dumps([one["policy"] for one in answer["functions"]])


def test_suggestions_are_proved_and_ledgers_add_up(answer: dict) -> None:
    for one in answer["functions"]:
        assert one["proof"]["sound"] is True
        assert one["proof"]["within_boundary"] is True
        calls, events, statements = (one["ledger"][name] for name in ("calls", "events", "statements"))
        assert calls["in"] == calls["facts"] + calls["gaps"] + calls["no_permission"]
        assert events["in"] == events["used"] + events["denied"] + events["ignored"]
        assert statements["in"] == sum(v for k, v in statements.items() if k != "in")
    run = answer["run"]["ledger"]
    assert run["events"]["in"] == sum(v for k, v in run["events"].items() if k != "in")
    assert run["files"]["in"] == run["files"]["read"] + run["files"]["bad"]


def test_same_input_same_bytes_with_and_without_the_cache(sample: Path, answer: dict) -> None:
    again = iamgen("suggest", "--all", "--logs", "trail", "--format", "json", cwd=sample)
    assert json.loads(again.stdout) == answer
    third = iamgen("suggest", "--all", "--logs", "trail", "--format", "json", cwd=sample)
    assert third.stdout == again.stdout


def test_answers_hold_no_path_of_this_machine(sample: Path, answer: dict) -> None:
    assert str(sample) not in json.dumps(answer)


def test_policy_of_one_function_is_a_document_and_of_all_an_object(bare: Path) -> None:
    one = iamgen("suggest", "--function", "order-query", "--format", "policy", cwd=bare)
    assert set(json.loads(one.stdout)) == {"Version", "Statement"}
    assert "status" in one.stderr
    many = iamgen("suggest", "--all", "--format", "policy", cwd=bare)
    assert all(key.startswith("template.yaml:") for key in json.loads(many.stdout))


def test_unknown_function_names_the_near_ones_first(bare: Path) -> None:
    done = iamgen("suggest", "--function", "IngestFunktion", cwd=bare)
    assert done.returncode == 2
    assert "no function `IngestFunktion`" in done.stderr
    assert "known: IngestFunction" in done.stderr
    assert done.stdout == ""


def test_runtime_without_a_front_end_is_insufficient_without_a_log(bare: Path) -> None:
    done = iamgen("suggest", "--function", "ReportFunction", cwd=bare)
    assert done.returncode == 3
    assert done.stdout.startswith("not enough evidence")


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        ("template.yaml", "Resources:\n  F:\n    Type: AWS::Serverless::Function\n   Properties: [\n", "template.yaml"),
        ("src/store.py", "def broken(:\n", "syntax-error"),
    ],
)
def test_broken_files_are_named_gaps(tmp_path: Path, file: str, text: str, words: str) -> None:
    shutil.copytree(SAMPLE, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("trail", ".iamgen"))
    (tmp_path / file).write_text(text)
    done = iamgen("suggest", "--all", "--format", "text", cwd=tmp_path)
    assert words in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert done.returncode in (0, 2, 3)


def test_a_syntax_error_never_shortens_the_policy_in_silence(tmp_path: Path) -> None:
    shutil.copytree(SAMPLE, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("trail", ".iamgen"))
    (tmp_path / "src/store.py").write_text("def broken(:\n")
    done = iamgen("suggest", "--function", "IngestFunction", "--format", "json", cwd=tmp_path)
    (one,) = json.loads(done.stdout)["functions"]
    assert one["status"] == "partial"
    kept = [row for row in one["permissions"] if row["verdict"] == "remove"]
    assert kept == [], "what an unread file may use is not removed"


def test_damaged_log_files_are_reported_and_the_rest_is_read(tmp_path: Path) -> None:
    shutil.copytree(SAMPLE, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".iamgen"))
    broken = min(tmp_path.rglob("*.json.gz"))
    broken.write_bytes(broken.read_bytes()[:40])
    done = iamgen("suggest", "--all", "--logs", "trail", "--format", "json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    run = json.loads(done.stdout)["run"]
    assert run["ledger"]["files"]["bad"] == 1
    assert [gap["reason"] for gap in run["gaps"]] == ["log-file"]


def test_malformed_current_policy_is_a_clear_error(sample: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "role.json"
    wrong.write_text('{"Version": "2012-10-17", "Statement": [{"Effect": "Maybe", "Action": "s3:*", "Resource": "*"}]}')
    done = iamgen("suggest", "--function", "QueryFunction", "--current", str(wrong), cwd=sample)
    assert "Effect" in done.stderr + done.stdout
    assert "Traceback" not in done.stderr


def test_unknown_option_key_in_the_file_names_the_near_one(tmp_path: Path) -> None:
    shutil.copytree(SAMPLE, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("trail", ".iamgen"))
    (tmp_path / "iamgen.toml").write_text('[project]\nregoin = "eu-west-1"\n')
    done = iamgen("suggest", "--all", cwd=tmp_path)
    assert done.returncode == 2
    assert "did you mean `region`?" in done.stderr


def test_strict_fails_on_a_gap(bare: Path) -> None:
    assert iamgen("suggest", "--function", "AlertFunction", "--strict", cwd=bare).returncode == 3
    assert iamgen("suggest", "--function", "QueryFunction", "--strict", cwd=bare).returncode == 0


def test_fail_on(bare: Path) -> None:
    assert iamgen("suggest", "--function", "IngestFunction", "--fail-on", "error", cwd=bare).returncode == 1
    assert iamgen("suggest", "--function", "QueryFunction", "--fail-on", "error", cwd=bare).returncode == 0


def test_the_answer_fits_its_published_schema(answer: dict, bare: Path) -> None:
    import jsonschema

    schema = json.loads((SAMPLE.parents[2] / "docs/reference/suggest.schema.json").read_text())
    validator = jsonschema.Draft202012Validator(schema)
    bare_answer = json.loads(iamgen("suggest", "--all", "--format", "json", cwd=bare).stdout)
    for document in (answer, bare_answer):
        wrong = [f"{'/'.join(map(str, e.absolute_path))}: {e.message[:200]}" for e in validator.iter_errors(document)]
        assert wrong == []


def test_a_condition_with_a_template_token_stays_sound_and_each_call_is_counted(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "app.py").write_text(
        "import os\nimport boto3\nsqs = boto3.client('sqs')\n\n\ndef handler(event, context):\n"
        "    sqs.send_message(QueueUrl=os.environ['Q']); sqs.purge_queue(QueueUrl=os.environ['Q'])\n"
    )
    (tmp_path / "template.yaml").write_text(
        """Transform: AWS::Serverless-2016-10-31
Resources:
  Queue: {Type: AWS::SQS::Queue}
  F:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: src
      Handler: app.handler
      Runtime: python3.12
      Environment: {Variables: {Q: !Ref Queue}}
      Policies:
        - Statement:
            - Effect: Allow
              Action: sqs:*
              Resource: !GetAtt Queue.Arn
              Condition: {StringEquals: {"aws:RequestedRegion": !Ref AWS::Region}}
"""
    )

    done = iamgen("suggest", "--function", "F", "--format", "json", cwd=tmp_path)

    (one,) = json.loads(done.stdout)["functions"]
    assert one["proof"]["sound"] is True, one["proof"]
    assert one["ledger"]["calls"] == {"in": 2, "facts": 2, "gaps": 0, "no_permission": 0}
    row = next(row for row in one["permissions"] if row["action"] == "sqs:SendMessage")
    (condition,) = row["conditions"]
    assert (row["verdict"], condition["operator"], condition["values"]) == ("narrow", "StringLike", ["*"])
