"""LookupEvents: pages of records in a text each, through the same loop."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from log_records import ORDERS, TABLE, record

from iamgen.access.maps import open_maps
from iamgen.errors import AccessError
from iamgen.plugins import TimeWindow
from iamgen.sources._trail.listing import Connection
from iamgen.sources.logs import lookup


class Trails:
    """Stands in for the client: answers pages, or raises."""

    def __init__(self, *pages: Any) -> None:
        self._pages = pages
        self.asked: dict[str, Any] = {}

    def get_paginator(self, name: str) -> "Trails":
        assert name == "lookup_events"
        return self

    def paginate(self, **request: Any) -> Iterator[dict[str, Any]]:
        self.asked = request
        for page in self._pages:
            if isinstance(page, Exception):
                raise page
            yield {"Events": [{"CloudTrailEvent": text} for text in page]}


def read(trails: Trails, monkeypatch: pytest.MonkeyPatch, window: TimeWindow = TimeWindow()) -> Any:  # noqa: B008
    monkeypatch.setattr(lookup, "client", lambda service, connection: trails)
    return lookup.read_lookup("lookup", window, maps=open_maps(), connection=Connection())


def test_pages_are_tallied_and_bad_entries_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    one = json.dumps(record("dynamodb", "DescribeTable", {"tableName": "orders"}))
    change = json.dumps(record("lambda", "UpdateFunctionCode20150331v2", {"functionName": ORDERS}))
    events, changes, gaps = read(Trails([one, one], [change, "{broken"]), monkeypatch)
    assert {(event.event_name, event.count) for event in events if event.count} == {
        ("DescribeTable", 2), ("UpdateFunctionCode20150331v2", 1),
    }  # fmt: skip
    assert [c.subject for c in changes] == [ORDERS]
    assert [gap.detail for gap in gaps] == ["1 records are no events"]
    assert TABLE.endswith("orders")


def test_a_window_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    trails = Trails([])
    read(trails, monkeypatch, TimeWindow(since="2026-01-05", until="2026-01-06"))
    assert trails.asked["StartTime"].isoformat() == "2026-01-05T00:00:00+00:00"
    assert trails.asked["EndTime"].isoformat() == "2026-01-06T23:59:59+00:00"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ClientError({"Error": {"Code": "AccessDeniedException"}}, "LookupEvents"), "refused: AccessDeniedException"),
        (EndpointConnectionError(endpoint_url="http://x"), "could not be reached"),
    ],
)
def test_a_refusal_is_said(error: Exception, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AccessError, match=words):
        read(Trails(error), monkeypatch)
