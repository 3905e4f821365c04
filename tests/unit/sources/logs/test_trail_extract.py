# ruff: noqa: E501  records and tables of cases read better in one line
"""What the loop over a trail tallies: any order, any grouping, any odd form."""

import gzip
import json
import random
from collections.abc import Iterator

import pytest
from log_records import ACCOUNT, ORDERS, ROLE, TABLE, log_text, record, session

from iamgen.access.maps import open_maps
from iamgen.model.trail import Extraction, FileKey, RawCall
from iamgen.sources._trail import record as record_module
from iamgen.sources._trail.extract import Extractor
from iamgen.sources._trail.record import BadFile, stream_records, unpack
from iamgen.sources._trail.rules import LogRules, fold_key


def extracted(*texts: bytes) -> Extraction:
    extractor = Extractor(LogRules(open_maps()))
    for number, text in enumerate(texts):
        extractor.add_file(FileKey("/p/", f"{number}.json", len(text), ""), text)
    return extractor.take("/p/")


def calls(*records: object) -> list[RawCall]:
    return [tally.call for tally in extracted(log_text(*records)).tallies if tally.events]


def only(*records: object) -> RawCall:
    (call,) = calls(*records)
    return call


def summed(extraction: Extraction) -> dict[tuple[RawCall, int], tuple[int, int, int]]:
    return {(t.call, t.day): (t.events, t.first, t.last) for t in extraction.tallies}


def test_a_call_is_tallied_with_its_function_role_and_resource() -> None:
    call = only(record(params={"tableName": "orders"}, resources=[TABLE], data=True))
    assert call.function_arn == ORDERS
    assert call.role_arn == ROLE
    assert call.session == "orders"
    assert call.resources == TABLE
    assert call.category == "data"
    assert (call.kind, call.outcome) == ("call", "allowed")


def test_order_and_grouping_of_records_change_nothing() -> None:
    records = [
        record(params={"tableName": f"t{n % 3}"}, time=f"2026-01-0{5 + n % 2}T0{n % 7}:00:00Z") for n in range(40)
    ] + [
        record("s3", "PutObject", {"bucketName": "b", "key": f"in/{n}.json"}, [f"arn:aws:s3:::b/in/{n}.json"])
        for n in range(20)
    ]
    whole = summed(extracted(log_text(*records)))
    random.Random(1).shuffle(records)
    parts = [log_text(*records[start : start + 7]) for start in range(0, len(records), 7)]
    assert summed(extracted(*parts)) == whole
    assert sum(count for count, _, _ in whole.values()) == 60


def test_a_day_is_a_tally_of_its_own() -> None:
    extraction = extracted(log_text(record(time="2026-01-05T23:59:59Z"), record(time="2026-01-06T00:00:01Z")))
    assert [t.events for t in extraction.tallies if t.events] == [1, 1]


@pytest.mark.parametrize(
    ("code", "message", "outcome", "kind"),
    [
        ("AccessDenied", "Access Denied", "denied", "call"),
        ("Client.UnauthorizedOperation", "You are not authorized", "denied", "call"),
        ("NoSuchKey", "The specified key does not exist.", "allowed", "call"),
        ("ThrottlingException", "Rate exceeded", "allowed", "call"),
        ("ConditionalCheckFailedException", "The conditional request failed", "allowed", "call"),
        ("NotAuthorizedException", "Incorrect username or password.", "allowed", "call"),
        ("NotAuthorizedException", "User: x is not authorized to perform: cognito-idp:AdminGetUser", "denied", "call"),
        ("ExpiredTokenException", "The security token is expired", "allowed", "unauthenticated"),
    ],
)  # fmt: skip
def test_a_refusal_is_told_from_another_error(code: str, message: str, outcome: str, kind: str) -> None:
    call = only(record(errorCode=code, errorMessage=message))
    assert (call.outcome, call.kind, call.error_code) == (outcome, kind, code)


def test_the_message_of_a_refusal_names_action_resource_and_policy() -> None:
    message = (
        f"User: arn:aws:sts::{ACCOUNT}:assumed-role/orders-role/orders is not authorized to perform: "
        f"iam:PassRole on resource: arn:aws:iam::{ACCOUNT}:role/other because no permissions boundary allows the "
        "iam:PassRole action"
    )
    call = only(record("lambda", "CreateFunction20150331", errorCode="AccessDeniedException", errorMessage=message))
    assert call.denied_action == "iam:PassRole"
    assert call.denied_by == "boundary"
    assert call.resources == f"arn:aws:iam::{ACCOUNT}:role/other"


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        ({"eventType": "AwsServiceEvent"}, "service-event"),
        ({"eventType": "AwsConsoleSignIn"}, "sign-in"),
        ({"eventType": "AwsVpceEvent", "eventCategory": "NetworkActivity"}, "network-activity"),
        ({"eventType": "AwsNewKindOfEvent"}, "no-api-call"),
        ({"sharedEventID": "s", "recipientAccountId": "999999999999"}, "copy"),
        ({"sharedEventID": "s"}, "call"),
    ],
)
def test_what_is_no_call_of_the_caller_says_why(more: dict[str, str], kind: str) -> None:
    assert only(record(**more)).kind == kind


@pytest.mark.parametrize(
    ("key", "folded"),
    [
        ("in/a.json", "in/*"),
        ("index.html", "*"),
        ("a/b/c/d.txt", "a/b/c/*"),
        ("logs/2026/01/05/x.gz", "logs/*"),
        ("data/year=2026/month=1/x", "data/*"),
        ("users/3f2504e0-4f89-41d3-9a0c-0305e82c3301/photo.png", "users/*"),
        ("2026-01-05/x", "*"),
        ("reports/v2/q.csv", "reports/v2/*"),
        ("odd/wild*card/x", "odd/*"),
        ("folder/", "folder/*"),
    ],
)
def test_an_object_key_is_folded_to_its_stable_folder(key: str, folded: str) -> None:
    assert fold_key(key) == folded
    by_arn = only(record("s3", "GetObject", None, [f"arn:aws:s3:::b/{key}"]))
    assert by_arn.resources == f"arn:aws:s3:::b/{folded}"
    by_request = only(record("s3", "GetObject", {"bucketName": "b", "key": key}))
    assert ["Key", folded] in json.loads(by_request.parameters)


def test_a_key_with_quotes_and_escapes_folds_as_any_other() -> None:
    key = 'in/"quoted\\ \u2603/deep/x.json'
    call = only(record("s3", "GetObject", {"bucketName": "b", "key": key}, [f"arn:aws:s3:::b/{key}"]))
    assert call.resources == 'arn:aws:s3:::b/in/"quoted\\ \u2603/deep/*'


def test_values_of_requests_that_name_no_resource_are_not_kept() -> None:
    secret = "hunter2-very-secret"
    extraction = extracted(
        log_text(
            record(params={"tableName": "orders", "key": {"pk": secret}}),
            record("states", "StartExecution", {"stateMachineArn": "arn:aws:states:eu-west-1:1:stateMachine:m", "input": secret}),
            record("dynamodb", "ExecuteStatement", {"statement": f"select * from \"orders\" where pk = '{secret}'"}),
            record("logs", "CreateLogStream", {"logGroupName": "/g", "logStreamName": secret}),
        )
    )  # fmt: skip
    assert secret not in repr(extraction)
    assert "192.0.2.7" not in repr(extraction)
    assert "Boto3" not in repr(extraction)


def test_a_statement_keeps_verb_and_table() -> None:
    call = only(record("dynamodb", "ExecuteStatement", {"statement": 'delete from "orders" where pk = 1'}))
    assert ["Statement", 'DELETE FROM "orders"'] in json.loads(call.parameters)


def test_letter_case_of_members_does_not_matter() -> None:
    usual = only(record("iam", "GetRole", {"roleName": "x"}))
    other = only(record("iam", "GetRole", {"RoleName": "x"}))
    assert usual.parameters == other.parameters != ""


def test_sessions_made_up_per_call_are_one() -> None:
    records = [
        record(identity=session(f"botocore-session-{number}", function=None))
        for number in range(1700000000, 1700000009)
    ]
    assert only(*records).session == "botocore-session-*"


@pytest.mark.parametrize(
    "text",
    [
        json.dumps([record()]).encode(),
        json.dumps(record()).encode(),
        "\n".join(json.dumps(record()) for _ in range(1)).encode() + b"\n\n",
        json.dumps({"Events": [{"CloudTrailEvent": json.dumps(record())}]}).encode(),
        json.dumps({"Records": [None, 1, "x", {"eventVersion": "1.08"}, record()]}).encode(),
        json.dumps({"Records": [dict(record(), readOnly="true", errorCode=None, future={"a": [1]})]}).encode(),
    ],
    ids=["list", "one record", "one line", "LookupEvents", "wrong entries", "odd fields"],
)  # fmt: skip
def test_odd_forms_are_read(text: bytes) -> None:
    extraction = extracted(text)
    assert sum(t.events for t in extraction.tallies) == 1
    assert extraction.files[0].status == "ok"


def test_lines_of_records_are_read_and_bad_lines_counted() -> None:
    text = b"\n".join([json.dumps(record()).encode(), b"{broken", json.dumps(record()).encode()])
    (file,) = extracted(text).files
    assert (file.events, file.bad_records) == (2, 1)


@pytest.mark.parametrize(
    ("data", "status", "reason"),
    [
        (b"", "bad", "empty"),
        (gzip.compress(b"", mtime=0), "bad", "empty"),
        (gzip.compress(log_text(record()), mtime=0)[:40], "bad", "truncated gzip"),
        (gzip.compress(log_text(record()), mtime=0)[:-8] + b"\0" * 8, "bad", "damaged gzip"),
        (gzip.compress(b"<html>503</html>", mtime=0), "bad", "no JSON"),
        (b'{"records": []}', "bad", "no Records"),
        (b'{"Records": null}', "ok", ""),
        (b'{"digestS3Bucket": "b", "logFiles": []}', "skipped", "digest"),
        (b"\xff\xfe not text", "bad", "no JSON"),
    ],
)
def test_a_file_that_is_no_log_is_set_aside_with_its_reason(data: bytes, status: str, reason: str) -> None:
    good = gzip.compress(log_text(record()), mtime=0)
    extraction = extracted(data, good)
    assert (extraction.files[0].status, extraction.files[0].reason) == (status, reason)
    assert sum(t.events for t in extraction.tallies) == 1


def test_two_gzip_members_are_one_file() -> None:
    text = log_text(record())
    assert unpack(gzip.compress(text[:20]) + gzip.compress(text[20:])) == text


def test_a_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record_module, "MAX_UNPACKED", 1_000_000)
    bomb = gzip.compress(b"\0" * 50_000_000)
    with pytest.raises(BadFile, match="large"):
        unpack(bomb)


def test_a_large_file_is_cut_into_its_records() -> None:
    records = [record(params={"tableName": 'a "quoted" {brace} \\'}) for _ in range(300)]
    text = log_text(*records)
    chunks = [text[start : start + 1000] for start in range(0, len(text), 1000)]
    found = [json.loads(each) for each in stream_records(iter(chunks))]
    assert found == records


def test_a_line_without_end_is_given_up_on() -> None:
    def chunks() -> Iterator[bytes]:
        yield b'{"Records":[{"a":"'
        for _ in range(3000):
            yield b"x" * (1 << 20)

    with pytest.raises(BadFile, match="record too large"):
        list(stream_records(chunks()))


def test_a_stream_of_no_json_is_given_up_on() -> None:
    with pytest.raises(BadFile, match="no Records"):
        list(stream_records(iter([b"\0" * (1 << 20)] * 20)))


def test_changes_are_kept_one_by_one() -> None:
    extraction = extracted(
        log_text(
            record(
                "iam", "PutRolePolicy", {"roleName": "orders-role", "policyName": "p", "policyDocument": "{}"},
                userAgent="AWS-Console", identity={"type": "IAMUser", "arn": "arn:aws:iam::1:user/bob"},
            ),
            record(
                "lambda", "UpdateFunctionCode20150331v2", {"functionName": "orders", "s3Bucket": "code"},
                identity={"type": "AssumedRole", "arn": "arn:aws:sts::1:assumed-role/ci/x", "invokedBy": "cloudformation.amazonaws.com"},
            ),
        )
    )  # fmt: skip
    policy, code = extraction.changes
    assert (policy.event, policy.subject, policy.who, policy.via) == (
        "iam PutRolePolicy", "orders-role", "arn:aws:iam::1:user/bob", "console",
    )  # fmt: skip
    assert json.loads(policy.detail) == {"policyName": "p"}
    assert not policy.deployment
    assert (code.event, code.subject, code.via) == ("lambda UpdateFunctionCode", "orders", "cloudformation")
    assert code.deployment
