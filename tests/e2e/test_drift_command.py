"""`iamgen drift` as people run it: history, sign-off, what makes it fail, and the forms of the report."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SAMPLE = Path(__file__).parents[2] / "docs" / "tutorial" / "orders"
ASFF_FIELDS = {
    "SchemaVersion", "Id", "ProductArn", "GeneratorId", "AwsAccountId", "Types", "CreatedAt", "UpdatedAt", "Severity",
    "Title", "Description", "Resources",
}  # fmt: skip
"""What Security Hub asks of a finding. Source: Security Hub User Guide, required top-level attributes."""


def iamgen(*args: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "iamgen", *args], cwd=cwd, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drift")
    shutil.copytree(SAMPLE, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".iamgen"))
    return folder


def drift(project: Path, day: str, *more: str) -> subprocess.CompletedProcess[str]:
    return iamgen("drift", "--logs", "trail", "--history", "history", "--as-of", day, *more, cwd=project)


def test_time_alone_is_never_worse(project: Path) -> None:
    for day in ("2026-10-31", "2026-12-01", "2027-03-01", "2027-12-31"):
        done = drift(project, day, "--fail-on", "worse", "--format", "json")
        assert done.returncode == 0, done.stderr
        report = json.loads(done.stdout)
        assert not report["worse"]
        assert report["changes"] == []
    assert [point["score"] for point in report["trend"]] == [report["score"]] * 4


def test_a_wider_role_is_worse_and_fails(project: Path, tmp_path: Path) -> None:
    shutil.copytree(project, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("history"))
    assert drift(tmp_path, "2026-11-01").returncode == 0
    template = tmp_path / "template.yaml"
    template.write_text(template.read_text().replace("Action: kms:Decrypt", "Action: [kms:Decrypt, iam:PassRole]"))
    done = drift(tmp_path, "2026-11-08", "--fail-on", "worse", "--format", "json")
    assert done.returncode == 1
    gained = [change for change in json.loads(done.stdout)["changes"] if change["kind"] == "gained"]
    assert [grant["actions"] for change in gained for grant in change["grants"]] == [["iam:PassRole"]]
    assert all(grant["witness"] for change in gained for grant in change["grants"])


def test_a_sign_off_is_kept_and_ends_being_overdue(project: Path) -> None:
    drift(project, "2026-10-31")
    wrong = iamgen(
        "drift", "review", "--role", "nobody", "--by", "ana", "--note", "x", "--on", "2026-11-01", "--history", "history",
        cwd=project,
    )  # fmt: skip
    assert wrong.returncode == 2
    assert "orders-shared" in wrong.stderr
    done = iamgen(
        "drift", "review", "--role", "orders-shared", "--by", "ana", "--note", "seen", "--on", "2027-12-20",
        "--history", "history", cwd=project,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    report = json.loads(drift(project, "2028-01-01", "--format", "json").stdout)
    assert [row["role"] for row in report["overdue"]] == ["orders-report"]


def test_security_hub_gets_what_it_asks_for(project: Path) -> None:
    rows = json.loads(iamgen("drift", "--logs", "trail", "--as-of", "2026-10-31", "--format", "asff", cwd=project).stdout)
    assert rows
    for row in rows:
        assert row.keys() >= ASFF_FIELDS
        assert row["Severity"]["Label"] in ("HIGH", "MEDIUM")
        assert row["Resources"][0]["Id"].startswith("arn:aws:iam::123456789012:role/")
    assert len({row["Id"] for row in rows}) == len(rows)


def test_a_history_without_a_time_is_a_clear_error(project: Path) -> None:
    done = iamgen("drift", "--history", "elsewhere", "--no-project", cwd=project)
    assert done.returncode in (0, 2)
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("form", ["text", "markdown", "html", "csv", "sarif"])
def test_every_form_names_the_role_that_is_broken(project: Path, form: str) -> None:
    done = iamgen("drift", "--logs", "trail", "--as-of", "2026-10-31", "--format", form, cwd=project)
    assert done.returncode == 0, done.stderr
    assert "orders-shared" in done.stdout.replace("\\", "")
