# ruff: noqa: E501  records and tables of cases read better in one line
"""From a trail to usage: what is new is read once, everything is counted once, a snapshot says the same."""

import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from log_records import ACCOUNT, ORDERS, REGION, ROLE, TABLE, day_folder, record, session, small_trail, write_log

from iamgen.access.maps import open_maps
from iamgen.errors import InputError, UsageError
from iamgen.model.observation import Outcome
from iamgen.model.request import SuggestRequest
from iamgen.pipeline import log_ingest, logs
from iamgen.pipeline.log_usage import LogUsage
from iamgen.pipeline.log_views import usage_rows
from iamgen.pipeline.logs import read_usage
from iamgen.pipeline.snapshot import hashed_account, read_snapshot, snapshot, write_parquet, write_snapshot
from iamgen.plugins import TimeWindow
from iamgen.sources._trail.listing import Connection
from iamgen.store.database import open_store


def usage(project: Path, *places: Path | str, **options: Any) -> LogUsage:
    request = SuggestRequest(project=project, logs=tuple(str(place) for place in places), **options)
    shown = read_usage(request, open_maps())
    assert shown is not None
    return shown


def allowed(shown: LogUsage, arn: str = ORDERS) -> set[tuple[str, str]]:
    return {(f.action, f.resource.arn) for f in shown.facts_of(arn) if f.outcome is Outcome.ALLOWED}


def add_up(shown: LogUsage) -> bool:
    ledger = shown.ledger
    functions = sum(
        shown.counts(arn).used + shown.counts(arn).denied + shown.counts(arn).ignored for arn in shown.function_arns
    )
    return functions == ledger.events_attributed and ledger.events_in == (
        ledger.events_attributed + ledger.events_unattributed + ledger.events_ignored + ledger.events_bad
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "project").mkdir()
    return tmp_path / "project"


def test_a_trail_shows_what_a_function_used_and_what_it_was_refused(project: Path, tmp_path: Path) -> None:
    shown = usage(project, small_trail(tmp_path / "trail"))
    assert shown.function_arns == (ORDERS,)
    assert allowed(shown) == {("dynamodb:GetItem", TABLE), ("s3:GetObject", "arn:aws:s3:::files/in/*")}
    assert {f.action for f in shown.facts_of(ORDERS) if f.outcome is Outcome.DENIED} == {
        "secretsmanager:GetSecretValue"
    }
    counts = shown.counts(ORDERS)
    assert (counts.used, counts.denied, counts.ignored) == (24, 12, 0)
    assert shown.roles == {ORDERS: ROLE}
    assert (shown.first, shown.newest, shown.window_days) == ("2026-01-01T00:30:00Z", "2026-01-03T03:30:00Z", 3)
    assert add_up(shown)


def test_what_was_read_is_not_read_again(project: Path, tmp_path: Path) -> None:
    trail = small_trail(tmp_path / "trail")
    with open_store(project / "u.db") as store:
        first = ingest(store, trail)
        again = ingest(store, trail)
        write_log(day_folder(trail, "2026/01/04") / "late.json.gz", record(time="2026-01-01T05:00:00Z"))
        third = ingest(store, trail)
        total = sum(event.count for event in store.events())
    assert (first.read, first.known, first.events) == (12, 0, 48)
    assert (again.read, again.known, again.events) == (0, 12, 0)
    assert (third.read, third.known, third.events) == (1, 12, 1)
    assert total == 49


def ingest(store: Any, place: Path, **options: Any) -> log_ingest.IngestReport:
    return log_ingest.ingest(
        store,
        [str(place)],
        maps=open_maps(),
        window=options.pop("window", TimeWindow()),
        connection=Connection(),
        jobs=1,
        **options,
    )


def test_a_file_that_changed_is_read_anew_and_counts_once(project: Path, tmp_path: Path) -> None:
    trail = small_trail(tmp_path / "trail", days=2)
    with open_store(project / "u.db") as store:
        ingest(store, trail)
        write_log(day_folder(trail, "2026/01/01") / f"{ACCOUNT}_CloudTrail_0.json.gz", record(), record())
        report = ingest(store, trail)
        assert len(report.reread) == 1
        assert report.read == 4
        assert sum(event.count for event in store.events()) == 32 - 4 + 2


def test_a_file_that_went_counts_no_more_in_an_answer_and_stays_in_an_ingest(project: Path, tmp_path: Path) -> None:
    trail = small_trail(tmp_path / "trail", days=1)
    with open_store(project / "u.db") as store:
        ingest(store, trail)
        os.unlink(day_folder(trail, "2026/01/01") / f"{ACCOUNT}_CloudTrail_0.json.gz")  # noqa: PTH108
        ingest(store, trail)
        assert sum(event.count for event in store.events()) == 16
        ingest(store, trail, exact=True)
        assert sum(event.count for event in store.events()) == 12


def test_the_window_chooses_folders_and_days(project: Path, tmp_path: Path) -> None:
    trail = small_trail(tmp_path / "trail", days=9)
    shown = usage(project, trail, since="3d")
    assert shown.first == "2026-01-06T00:30:00Z"
    with open_store(project / "u.db") as store:
        report = ingest(store, trail, window=TimeWindow(since="2026-01-05", until="2026-01-06"))
    assert report.files == 4 * 4


@pytest.mark.parametrize("text", ["yesterday", "90 days", "2026-13-01"])
def test_a_window_that_is_none_is_said(text: str, project: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no date and no span"):
        usage(project, small_trail(tmp_path / "t", days=1), since=text)


def test_bad_files_are_kept_with_their_reason_and_stop_nothing(project: Path, tmp_path: Path) -> None:
    trail = small_trail(tmp_path / "trail", days=1)
    folder = day_folder(trail, "2026/01/01")
    (folder / "zero.json.gz").write_bytes(b"")
    (folder / "text.json.gz").write_bytes(b"hello")
    (folder / "notes.txt").write_text("no log")
    write_log(folder / "odd.json.gz", None, 7, record())
    digest = trail / "AWSLogs" / ACCOUNT / "CloudTrail-Digest" / REGION
    write_log(digest / "d.json.gz", record())
    shown = usage(project, trail)
    assert sorted((gap.reason.value, gap.detail) for gap in shown.gaps) == [
        ("log-file", "empty"), ("log-file", "no JSON"), ("log-record", "2 records are no events"),
    ]  # fmt: skip
    assert shown.ledger.files_bad == 2
    assert shown.ledger.events_bad == 2
    assert shown.counts(ORDERS).used == 9
    assert add_up(shown)


def test_a_copy_counts_only_where_the_caller_s_own_trail_is_not_at_hand(project: Path, tmp_path: Path) -> None:
    call = {"sharedEventID": "s-1", "time": "2026-01-05T00:00:00Z"}
    arn = "arn:aws:s3:::theirs/in/x"
    own = write_log(tmp_path / "own" / "a.json.gz", record("s3", "GetObject", None, [arn], **call))
    copy = write_log(
        tmp_path / "copy" / "b.json.gz",
        record("s3", "GetObject", None, [arn], recipientAccountId="999999999999", **call),
    )
    both = usage(project, own, copy)
    assert (both.counts(ORDERS).used, both.counts(ORDERS).ignored) == (1, 1)
    alone = usage(project, copy)
    assert (alone.counts(ORDERS).used, alone.counts(ORDERS).ignored) == (1, 0)


def test_sessions_that_are_no_function_stay_at_role_level(project: Path, tmp_path: Path) -> None:
    person = session("alice@acme.example", function=None)
    service = session("awslambda_7_2026", function=None, invokedBy="lambda.amazonaws.com")
    log = write_log(
        tmp_path / "l" / "a.json.gz",
        record(resources=[TABLE]),
        record("ec2", "DescribeVpcs", {}, identity=person),
        record("ec2", "CreateNetworkInterface", {"subnetId": "subnet-1"}, identity=service),
    )
    shown = usage(project, log)
    assert shown.unknown_users(ROLE) == ("alice@acme.example",)
    assert {f.action for f in shown.role_facts[ROLE]} == {"ec2:DescribeVpcs", "ec2:CreateNetworkInterface"}
    assert allowed(shown) == {("dynamodb:GetItem", TABLE)}
    assert shown.ledger.events_unattributed == 2
    assert add_up(shown)


def test_deployments_are_found_by_name_and_by_arn(project: Path, tmp_path: Path) -> None:
    ci = session("ci", role=f"arn:aws:iam::{ACCOUNT}:role/ci", function=None)
    log = write_log(
        tmp_path / "l" / "a.json.gz",
        record(),
        record("lambda", "UpdateFunctionCode20150331v2", {"functionName": "orders"}, identity=ci, time="2026-01-06T00:00:00Z"),
        record("lambda", "UpdateFunctionCode20150331v2", {"functionName": ORDERS}, identity=ci, time="2026-01-07T00:00:00Z"),
        record("lambda", "UpdateFunctionCode20150331v2", {"functionName": ORDERS}, identity=ci, time="2026-01-08T00:00:00Z", errorCode="AccessDenied"),
    )  # fmt: skip
    shown = usage(project, log)

    class One:
        ref = type("R", (), {"id": "Orders"})()
        log_arns = (ORDERS,)

    assert shown.deployed([One()]) == (("Orders", "2026-01-07T00:00:00Z"),)  # type: ignore[list-item]


def test_without_a_log_and_without_a_store_there_is_no_usage(project: Path) -> None:
    assert read_usage(SuggestRequest(project=project), open_maps()) is None


def test_all_of_the_store_answers_where_no_place_is_named(project: Path, tmp_path: Path) -> None:
    place = project / ".iamgen" / "usage.db"
    with open_store(place) as store:
        ingest(store, small_trail(tmp_path / "a", days=1))
        ingest(store, small_trail(tmp_path / "b", days=2))
    shown = read_usage(SuggestRequest(project=project), open_maps())
    assert shown is not None
    assert shown.counts(ORDERS).used == 8 + 16
    assert usage(project, tmp_path / "a").counts(ORDERS).used == 8
    assert read_usage(SuggestRequest(project=project, use_store=False), open_maps()) is None


@pytest.mark.parametrize("place", ["gopher://x", "ftp://x/y"])
def test_a_place_of_an_unknown_kind_is_a_wrong_option(place: str, project: Path) -> None:
    with pytest.raises(UsageError, match="no log source"):
        usage(project, place)


def test_a_place_that_is_not_there_is_said(project: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        usage(project, project / "nowhere")


def test_rows_of_usage_are_sorted_for_what_is_asked(project: Path, tmp_path: Path) -> None:
    shown = usage(project, small_trail(tmp_path / "trail", days=1))
    assert [row.service for row in usage_rows(shown, by="service")] == ["dynamodb", "s3", "secretsmanager"]
    assert {row.function for row in usage_rows(shown, functions=("ord*",))} == {ORDERS}
    with pytest.raises(UsageError, match="no function `nope`"):
        usage_rows(shown, functions=("nope",))


# -- the snapshot --


def snapshot_of(project: Path, place: Path, **options: Any) -> dict[str, Any]:
    read = logs.read_events_of(SuggestRequest(project=project, logs=(str(place),)))
    assert read is not None
    return snapshot(
        read.events,
        read.maps,
        coverage=read.usage.coverage,
        changes=read.usage.changes,
        files=(1, 1, 0),
        bad_records=0,
        **options,
    )


def spans(shown: LogUsage) -> set[tuple[str, ...]]:
    return {(r.account, r.region, r.service, r.category, r.resource, r.first, r.last) for r in shown.coverage}


def test_a_snapshot_reads_back_to_the_same_usage(project: Path, tmp_path: Path) -> None:
    trail = small_trail(tmp_path / "trail")
    started = {"type": "AWSService", "invokedBy": "lambda.amazonaws.com"}
    write_log(
        day_folder(trail, "2026/01/01") / "more.json.gz",
        record("sts", "AssumeRole", {"roleArn": ROLE, "roleSessionName": "idle"}, identity=started),
        record("ec2", "DescribeVpcs", {}, identity=session("alice@acme.example", function=None)),
        record("ec2", "DescribeSubnets", {}, identity=session("awslambda_1_2", function=None)),
        record("lambda", "UpdateFunctionCode20150331v2", {"functionName": ORDERS}),
    )
    direct = usage(project, trail)
    place = tmp_path / "usage.json"
    place.write_text(write_snapshot(snapshot_of(project, trail)))
    back = usage(project, place)
    assert back.function_arns == direct.function_arns
    assert len(direct.function_arns) == 2
    assert usage_rows(back) == usage_rows(direct)
    assert (back.first, back.newest) == (direct.first, direct.newest)
    assert spans(back) == spans(direct)
    assert [c.time for c in back.changes] == [c.time for c in direct.changes if c.deployment]
    assert add_up(back)


def test_a_snapshot_holds_no_names_of_people_and_sessions(project: Path, tmp_path: Path) -> None:
    log = write_log(
        tmp_path / "l" / "a.json.gz",
        record(params={"tableName": "orders", "key": {"pk": "customer-4711"}}),
        record("ec2", "DescribeVpcs", {}, identity=session("alice@acme.example", function=None)),
        record("iam", "PutRolePolicy", {"roleName": "r", "policyName": "p"}, identity={"type": "IAMUser", "arn": "arn:aws:iam::1:user/bob"}),
    )  # fmt: skip
    text = write_snapshot(snapshot_of(project, log))
    for word in ("alice", "bob", "customer-4711", "192.0.2.7", "Boto3", "00000000-0000"):
        assert word not in text


def test_accounts_can_be_hashed_and_keep_their_form(project: Path, tmp_path: Path) -> None:
    trail = small_trail(tmp_path / "trail", days=1)
    document = snapshot_of(project, trail, account_name=lambda account: hashed_account(account, "s"))
    text = write_snapshot(document)
    assert ACCOUNT not in text
    other = hashed_account(ACCOUNT, "s")
    assert len(other) == 12
    assert hashed_account(ACCOUNT, "t") != other
    place = tmp_path / "usage.json"
    place.write_text(text)
    assert usage(project, place).function_arns == (ORDERS.replace(ACCOUNT, other),)


def test_a_snapshot_fits_its_schema(project: Path, tmp_path: Path) -> None:
    schema = json.loads((Path(__file__).parents[3] / "docs/reference/usage-snapshot.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(snapshot_of(project, small_trail(tmp_path / "trail")), schema)


def test_a_snapshot_is_the_same_text_each_time(project: Path, tmp_path: Path) -> None:
    trail = small_trail(tmp_path / "trail")
    assert write_snapshot(snapshot_of(project, trail)) == write_snapshot(snapshot_of(project, trail))


@pytest.mark.parametrize(
    "text", ['{"iamgen_usage": 1}', '{"iamgen_usage": 99}', '{"iamgen_usage": 1, "calls": 3}', "{"]
)
def test_a_file_that_is_no_snapshot_is_refused(text: str, tmp_path: Path) -> None:
    place = tmp_path / "u.json"
    place.write_text(text)
    with pytest.raises(InputError, match="usage snapshot"):
        read_snapshot(place, TimeWindow())


def test_a_table_for_other_tools_has_every_call(project: Path, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    document = snapshot_of(project, small_trail(tmp_path / "trail"))
    write_parquet(document, tmp_path / "usage.parquet")
    rows = parquet.read_table(tmp_path / "usage.parquet").to_pylist()
    assert [row["count"] for row in rows] == [row["count"] for row in document["calls"]]
    assert rows[0]["resources"] == document["calls"][0]["resources"]
