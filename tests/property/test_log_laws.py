"""Laws of reading a trail: nothing crashes it, everything is counted once, order and grouping change nothing."""

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from iamgen.access.maps import open_maps
from iamgen.model.trail import Extraction, FileKey, event_of
from iamgen.pipeline.log_usage import answer_events
from iamgen.sources._trail.extract import Extractor
from iamgen.sources._trail.rules import LogRules, fold_key

sys.path.insert(0, str(Path(__file__).parents[1] / "unit"))
from log_records import ORDERS, TABLE, record, session

RULES = LogRules(open_maps())

odd = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = (
    "userIdentity", "eventTime", "eventSource", "eventName", "awsRegion", "userAgent", "errorCode", "errorMessage",
    "requestParameters", "resources", "eventType", "recipientAccountId", "sharedEventID", "eventCategory",
)  # fmt: skip
calls = st.sampled_from(
    [
        ("dynamodb", "GetItem", {"tableName": "orders"}, [TABLE]),
        ("dynamodb", "TransactWriteItems", {"transactItems": [{"put": {"tableName": "t"}}]}, None),
        ("s3", "CopyObject", {"bucketName": "b", "key": "k", "x-amz-copy-source": "c/d"}, ["arn:aws:s3:::b/k"]),
        ("kms", "Decrypt", {"encryptionContext": {"aws:lambda:FunctionArn": ORDERS}}, None),
        ("sts", "AssumeRole", {"roleArn": "arn:aws:iam::1:role/x"}, None),
        ("lambda", "UpdateFunctionCode20150331v2", {"functionName": "f"}, None),
        ("ec2", "RunInstances", {"instancesSet": {"items": [{"imageId": "ami-1"}]}}, None),
        ("events", "PutEvents", {"entries": [{}]}, None),
    ]
)
identities = st.sampled_from(
    [
        session(),
        session("bob", function=None),
        {"type": "AWSService", "invokedBy": "lambda.amazonaws.com"},
        {"type": "Root"},
        {},
    ]
)


@st.composite
def records(draw: st.DrawFn) -> Any:
    """A record of a trail, often with a field of an unexpected kind."""
    service, name, params, resources = draw(calls)
    row = record(service, name, params, resources, identity=draw(identities))
    for field in draw(st.lists(st.sampled_from(FIELDS), max_size=2)):
        row[field] = draw(odd)
    return row


def extracted(texts: list[bytes]) -> Extraction:
    extractor = Extractor(RULES)
    for number, text in enumerate(texts):
        extractor.add_file(FileKey("/p/", str(number), 0, ""), text)
    return extractor.take("/p/")


def log(rows: list[Any]) -> bytes:
    return json.dumps({"Records": rows}).encode()


@settings(max_examples=60, deadline=None)
@given(st.lists(records() | odd, max_size=8))
def test_every_record_is_an_event_or_a_bad_record(rows: list[Any]) -> None:
    extraction = extracted([log(rows)])
    (file,) = extraction.files
    assert file.events + file.bad_records == len(rows)
    assert sum(tally.events for tally in extraction.tallies) == file.events


@settings(max_examples=60, deadline=None)
@given(st.lists(records(), max_size=8))
def test_every_event_has_one_fate(rows: list[Any]) -> None:
    extraction = extracted([log(rows)])
    events = [event_of(t.call, t.events, t.first, t.last, "t") for t in extraction.tallies]
    usage = answer_events(events, open_maps())
    ledger = usage.ledger
    assert ledger.events_in == ledger.events_attributed + ledger.events_unattributed + ledger.events_ignored
    counted = [usage.counts(arn) for arn in usage.function_arns]
    assert sum(c.used + c.denied + c.ignored for c in counted) == ledger.events_attributed


@settings(max_examples=40, deadline=None)
@given(st.lists(records(), max_size=10), st.randoms(use_true_random=False), st.integers(1, 4))
def test_order_and_grouping_change_nothing(rows: list[Any], chance: Any, size: int) -> None:
    whole = extracted([log([row]) for row in rows])
    mixed = list(rows)
    chance.shuffle(mixed)
    parts = extracted([log(mixed[start : start + size]) for start in range(0, len(mixed), size)])

    def summed(extraction: Extraction) -> Counter[Any]:
        found: Counter[Any] = Counter()
        for tally in extraction.tallies:
            found[tally.call, tally.day] += tally.events
        return found

    assert summed(whole) == summed(parts)


@given(st.text(max_size=40))
def test_folding_a_key_again_changes_nothing(key: str) -> None:
    folded = fold_key(key)
    assert fold_key(folded) == folded
    assert folded.endswith("*")


@given(st.binary(max_size=300))
def test_any_bytes_are_a_log_or_a_bad_file(data: bytes) -> None:
    (file,) = extracted([data]).files
    assert file.status in ("ok", "bad", "skipped")
