
"""`iamgen logs` as a command: killed and resumed, two at once, from S3, with wrong input."""

import csv
import importlib.util
import io
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "unit"))
from log_records import ACCOUNT, ORDERS, day_folder, record, small_trail, write_log

pytestmark = pytest.mark.e2e


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "IAMGEN_"))}
    return {**kept, "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "us-east-1", **more}


def iamgen(*args: object, cwd: Path, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "iamgen", *map(str, args)],
        cwd=cwd, env=environment(**more), capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def rows(project: Path, *more: object) -> list[dict[str, str]]:
    done = iamgen("logs", "usage", "--format", "csv", *more, cwd=project)
    assert done.returncode == 0, done.stderr
    return list(csv.DictReader(io.StringIO(done.stdout)))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "project").mkdir()
    return tmp_path / "project"


def test_ingest_then_ask(project: Path, tmp_path: Path) -> None:
    trail = small_trail(tmp_path / "trail")
    (day_folder(trail, "2026/01/01") / "bad.json.gz").write_bytes(b"")
    done = iamgen("logs", "ingest", trail, cwd=project)
    assert done.returncode == 0
    assert done.stdout == ""
    assert "13 files: 0 known, 12 read, 1 set aside" in done.stderr
    assert "bad.json.gz: empty" in done.stderr
    found = rows(project)
    assert {(row["action"], row["outcome"]) for row in found} == {
        ("dynamodb:GetItem", "allowed"), ("s3:GetObject", "allowed"), ("secretsmanager:GetSecretValue", "denied"),
    }  # fmt: skip
    assert {row["function"] for row in found} == {ORDERS}
    text = iamgen("logs", "usage", cwd=project)
    assert "dynamodb:GetItem" in text.stdout
    assert "refused secretsmanager:GetSecretValue" in text.stdout
    shown = json.loads(iamgen("logs", "coverage", "--format", "json", cwd=project).stdout)
    assert any(row["category"] == "management" for row in shown["coverage"])
    assert (project / ".iamgen" / ".gitignore").read_text() == "usage.db*\ncache/\n"


def test_an_export_answers_without_the_trail(project: Path, tmp_path: Path) -> None:
    trail = small_trail(tmp_path / "trail")
    assert iamgen("logs", "export", "--logs", trail, "-o", "usage.json", cwd=project).returncode == 0
    assert rows(project, "--logs", "usage.json") == rows(project, "--logs", trail)


def test_selectors_decide_what_the_log_could_have_shown(project: Path, tmp_path: Path) -> None:
    trail = small_trail(tmp_path / "trail")
    selectors = tmp_path / "selectors.json"
    selectors.write_text(
        json.dumps(
            {
                "TrailARN": f"arn:aws:cloudtrail:eu-west-1:{ACCOUNT}:trail/t",
                "EventSelectors": [
                    {
                        "ReadWriteType": "All", "IncludeManagementEvents": True,
                        "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}],
                    }
                ],
            }
        )
    )  # fmt: skip
    assert iamgen("logs", "ingest", trail, "--selectors", selectors, cwd=project).returncode == 0
    shown = json.loads(iamgen("logs", "coverage", "--format", "json", cwd=project).stdout)
    by_selector = [row for row in shown["coverage"] if row["basis"] == "selector"]
    assert {(row["category"], row["service"], row["resource"]) for row in by_selector} == {
        ("management", "*", "*"), ("data", "s3", "*"),
    }  # fmt: skip


def counts(store: Path) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(store)
    try:
        return connection.execute(
            "SELECT event_source, event_name, resources, sum(count), min(first), max(last) FROM tallies "
            "JOIN calls ON calls.id = call GROUP BY call ORDER BY 1, 2, 3"
        ).fetchall()
    finally:
        connection.close()


def wait_for_orphans(group: int) -> None:
    """The workers of a killed ingest end by themselves."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    raise AssertionError("workers outlive the ingest")


def files_in(store: Path) -> int:
    try:
        connection = sqlite3.connect(f"file:{store}?mode=ro", uri=True)
    except sqlite3.OperationalError:
        return 0
    try:
        return int(connection.execute("SELECT count(*) FROM files").fetchone()[0])
    except sqlite3.OperationalError:
        return 0
    finally:
        connection.close()


def test_a_killed_ingest_goes_on_to_the_same_end(project: Path, tmp_path: Path) -> None:
    trail = small_trail(tmp_path / "trail", days=28, files=10)
    whole, broken = project / "whole.db", project / "broken.db"
    assert iamgen("logs", "ingest", trail, "--store", whole, "--jobs", 1, cwd=project).returncode == 0
    kills = 0
    for enough in (1, 60, 150):
        process = subprocess.Popen(
            [sys.executable, "-m", "iamgen", "logs", "ingest", str(trail), "--store", str(broken), "--jobs", "2"],
            cwd=project, env=environment(), stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        while process.poll() is None and files_in(broken) < enough:
            time.sleep(0.002)
        if process.poll() is None:
            process.kill()
            kills += 1
        process.wait()
        wait_for_orphans(process.pid)
    assert kills
    assert iamgen("logs", "ingest", trail, "--store", broken, cwd=project).returncode == 0
    assert counts(broken) == counts(whole)


def test_two_ingests_at_once_count_each_file_once(project: Path, tmp_path: Path) -> None:
    trail = small_trail(tmp_path / "trail", days=20, files=5)
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "iamgen", "logs", "ingest", str(trail), "--jobs", "1"],
            cwd=project, env=environment(), stderr=subprocess.PIPE, text=True,
        )
        for _ in range(2)
    ]  # fmt: skip
    said = [process.communicate(timeout=120)[1] for process in started]
    assert [process.returncode for process in started] == [0, 0], said
    total = sum(int(row[3]) for row in counts(project / ".iamgen" / "usage.db"))  # type: ignore[call-overload]
    assert total == 20 * 5 * 4
    assert sum("100 files: 0 known" in text for text in said) == 1


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (("logs", "ingest", "nowhere"), 3, "no such file or folder"),
        (("logs", "ingest"), 2, "Missing argument"),
        (("logs", "ingest", "gopher://x"), 2, "no log source"),
        (("logs", "usage"), 3, "no usage store"),
        (("logs", "usage", "--logs", ".", "--since", "soon"), 2, "no date and no span"),
        (("logs", "usage", "--logs", ".", "--function", "x"), 2, "no function `x`"),
        (("logs", "ingest", ".", "--selectors", "nowhere.json"), 3, "cannot read event selectors"),
    ],
)
def test_wrong_input_is_said_in_a_line(args: tuple[str, ...], code: int, words: str, project: Path) -> None:
    done = iamgen(*args, cwd=project)
    assert (done.returncode, words in done.stderr) == (code, True), done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_folder_is_said(project: Path, tmp_path: Path) -> None:
    trail = small_trail(tmp_path / "trail", days=1)
    day_folder(trail, "2026/01/01").chmod(0)
    done = iamgen("logs", "ingest", trail, cwd=project)
    assert done.returncode == 3
    assert "cannot read the folder" in done.stderr


def test_a_full_disk_is_said_and_loses_nothing(project: Path, tmp_path: Path) -> None:
    import resource

    trail = small_trail(tmp_path / "trail", days=10, files=3)

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    process = subprocess.run(
        [sys.executable, "-m", "iamgen", "logs", "ingest", str(trail), "--jobs", "1"],
        cwd=project, env=environment(), capture_output=True, text=True, timeout=60, preexec_fn=limit, check=False,
    )  # fmt: skip
    assert process.returncode == 3, process.stderr
    assert "usage store" in process.stderr
    assert iamgen("logs", "ingest", trail, cwd=project).returncode == 0
    assert sum(int(row[3]) for row in counts(project / ".iamgen" / "usage.db")) == 120  # type: ignore[call-overload]


# -- S3 --


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def upload(endpoint: str, bucket: str, root: Path) -> None:
    import boto3

    client = boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="x",
        aws_secret_access_key="x",
    )
    client.create_bucket(Bucket=bucket)
    for path in sorted(root.rglob("*.gz")):
        client.put_object(Bucket=bucket, Key=str(path.relative_to(root)), Body=path.read_bytes())


@pytest.mark.filterwarnings("ignore")
def test_a_trail_in_s3_shows_what_the_same_files_do(s3: str, project: Path, tmp_path: Path) -> None:
    trail = small_trail(tmp_path / "trail")
    upload(s3, "trail-logs", trail)
    done = iamgen("logs", "ingest", "s3://trail-logs/AWSLogs/", cwd=project, AWS_ENDPOINT_URL=s3)
    assert done.returncode == 0, done.stderr
    assert "12 files: 0 known, 12 read" in done.stderr
    again = iamgen("logs", "ingest", "s3://trail-logs/AWSLogs/", cwd=project, AWS_ENDPOINT_URL=s3)
    assert "12 files: 12 known, 0 read" in again.stderr
    assert rows(project) == rows(project, "--logs", trail)
    window = iamgen(
        "logs",
        "ingest",
        "s3://trail-logs/AWSLogs/",
        "--since",
        "2026-01-04",
        "--store",
        "w.db",
        cwd=project,
        AWS_ENDPOINT_URL=s3,
    )
    assert window.stderr.startswith("4 files: 0 known")


@pytest.mark.filterwarnings("ignore")
def test_a_bucket_that_is_not_there_is_said(s3: str, project: Path) -> None:
    done = iamgen("logs", "ingest", "s3://no-such-bucket/x", cwd=project, AWS_ENDPOINT_URL=s3)
    assert done.returncode == 4
    assert "S3 refused: NoSuchBucket" in done.stderr


class Refusing(BaseHTTPRequestHandler):
    """Lists two objects, gives the first and refuses the second: a key that may be used for one alone."""

    log = b""

    def do_GET(self) -> None:
        listing = "list-type=2" in self.path
        found = listing or "one.json.gz" in self.path
        keys = "".join(
            f"<Contents><Key>l/{name}/{name}.json.gz</Key><Size>9</Size><ETag>e</ETag></Contents>"
            for name in ("one", "two")
        )
        body = (
            f"<ListBucketResult><IsTruncated>false</IsTruncated>{keys}</ListBucketResult>".encode()
            if listing
            else self.log
        )
        if not found:
            body = b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>"
        self.send_response(200 if found else 403)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_an_object_that_is_refused_stops_with_what_was_read_kept(project: Path, tmp_path: Path) -> None:
    Refusing.log = write_log(tmp_path / "x.json.gz", record()).read_bytes()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        url = f"http://127.0.0.1:{server.server_address[1]}"
        done = iamgen("logs", "ingest", "s3://b/l/", "--jobs", 1, cwd=project, AWS_ENDPOINT_URL=url)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert done.returncode == 4
    assert "S3 refused: AccessDenied" in done.stderr
    assert "run the same command again" in done.stderr
    assert sum(int(row[3]) for row in counts(project / ".iamgen" / "usage.db")) == 1  # type: ignore[call-overload]


def test_s3_that_cannot_be_reached_is_said(project: Path) -> None:
    done = iamgen("logs", "ingest", "s3://b/x", cwd=project, AWS_ENDPOINT_URL="http://127.0.0.1:9")
    assert done.returncode == 4
    assert "S3 could not be reached" in done.stderr


def test_a_trail_alone_is_enough_for_records_of_one_file(project: Path, tmp_path: Path) -> None:
    log = write_log(tmp_path / "one.json.gz", record(params={"tableName": "orders"}))
    assert [row["action"] for row in rows(project, "--logs", log)] == ["dynamodb:GetItem"]


# -- Athena and LookupEvents: the flow of the API, against a stand-in --


def athena_rows() -> list[list[str | None]]:
    from iamgen.sources._trail.groups import COLUMNS

    row: dict[str, str | None] = dict.fromkeys(COLUMNS)
    row |= {
        "event_source": "dynamodb.amazonaws.com", "event_name": "GetItem", "region": "eu-west-1", "recipient": ACCOUNT,
        "event_type": "AwsApiCall", "category": "Data", "principal": "AssumedRole",
        "caller_arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/orders-role/orders", "caller_account": ACCOUNT,
        "issuer_type": "Role", "issuer_arn": f"arn:aws:iam::{ACCOUNT}:role/orders-role",
        "scope_type": "AWS::Lambda::Function", "scope_arn": ORDERS,
        "resources": json.dumps([f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/orders"]), "parameters": '{"tableName":"orders"}',
        "day": "2026-01-05", "events": "41", "first_seen": "2026-01-05T00:00:00Z", "last_seen": "2026-01-05T09:00:00Z",
    }  # fmt: skip
    return [[row[name] for name in COLUMNS]]


@pytest.mark.filterwarnings("ignore")
def test_a_table_of_athena_answers_like_a_trail(s3: str, project: Path) -> None:
    import urllib.request

    from iamgen.sources._trail.groups import COLUMNS

    data = [{"Data": [{"VarCharValue": name} for name in COLUMNS]}] + [
        {"Data": [{} if value is None else {"VarCharValue": value} for value in row]} for row in athena_rows()
    ]
    queued = {"results": [{"rows": data, "column_info": []}], "region": "us-east-1", "account_id": "123456789012"}
    call = urllib.request.Request(
        f"{s3}/moto-api/static/athena/query-results", json.dumps(queued).encode(), {"Content-Type": "application/json"}
    )
    urllib.request.urlopen(call).close()
    done = iamgen(
        "logs",
        "usage",
        "--format",
        "csv",
        "--logs",
        "athena:logs.cloudtrail?output=s3://results/",
        cwd=project,
        AWS_ENDPOINT_URL=s3,
    )
    assert done.returncode == 0, done.stderr
    (row,) = csv.DictReader(io.StringIO(done.stdout))
    assert (row["function"], row["action"], row["count"]) == (ORDERS, "dynamodb:GetItem", "41")


def test_athena_that_cannot_be_reached_is_said(project: Path) -> None:
    done = iamgen("logs", "usage", "--logs", "athena:a.b", cwd=project, AWS_ENDPOINT_URL="http://127.0.0.1:9")
    assert done.returncode == 4
    assert "Athena could not be reached" in done.stderr
    assert iamgen("logs", "usage", "--logs", "athena:nope", cwd=project).returncode == 2


def test_the_statement_of_a_table_is_printed(project: Path) -> None:
    done = iamgen(
        "logs",
        "athena-ddl",
        "s3://trail/AWSLogs",
        "--account",
        ACCOUNT,
        "--region",
        "eu-west-1",
        "--from",
        "2026/01/01",
        cwd=project,
    )
    assert done.returncode == 0
    assert done.stdout.startswith("CREATE EXTERNAL TABLE `default`.`cloudtrail`")


@pytest.mark.skipif(importlib.util.find_spec("pyspark") is not None, reason="the extra is installed")
def test_spark_without_its_extra_is_said(project: Path, tmp_path: Path) -> None:
    trail = small_trail(tmp_path / "trail", days=1)
    done = iamgen("logs", "ingest", trail, "--engine", "spark", "--master", "local[1]", cwd=project)
    assert done.returncode == 2
    assert "iamgen[spark]" in done.stderr
