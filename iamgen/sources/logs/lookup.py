"""The last 90 days of management events from CloudTrail's LookupEvents, for an account without a trail at hand.

Two calls a second with fifty events each (CloudTrail API reference, checked 2026-11): a look at a small account, no way
to read a busy one. Data events are not in it.
"""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec

from iamgen.access.maps import AccessMaps, open_maps
from iamgen.errors import AccessError
from iamgen.model.observation import ApiEvent, Coverage, Gap, GapReason
from iamgen.model.trail import Change, FileKey, RawCall, event_of
from iamgen.plugins import LogSource, TimeWindow
from iamgen.sources._trail.extract import Extractor
from iamgen.sources._trail.listing import Connection, client
from iamgen.sources._trail.record import Record, decode_record
from iamgen.sources._trail.rules import LogRules


def read_lookup(
    place: str, window: TimeWindow, *, maps: AccessMaps, connection: Connection
) -> tuple[tuple[ApiEvent, ...], tuple[Change, ...], tuple[Gap, ...]]:
    """Return the events of the account and region over a window, the changes among them, and gaps.

    `place` is `lookup`, or `lookup:REGION` for another region than the connection's.

    Raises:
        AccessError: CloudTrail could not be reached or refused.
    """
    region = place.partition(":")[2]
    if region:
        connection = Connection(
            profile=connection.profile,
            region=region,
            endpoint_url=connection.endpoint_url,
            role_arn=connection.role_arn,
        )
    extractor = Extractor(LogRules(maps))
    extractor.add_records(FileKey(place, place, 0, ""), _records(client("cloudtrail", connection), window))
    extraction = extractor.take(place)
    tallies: dict[RawCall, list[int]] = {}
    for tally in extraction.tallies:
        known = tallies.setdefault(tally.call, [0, tally.first, tally.last])
        known[0] += tally.events
        known[1] = min(known[1], tally.first)
        known[2] = max(known[2], tally.last)
    events = tuple(event_of(call, count, first, last, place) for call, (count, first, last) in sorted(tallies.items()))
    bad = sum(file.bad_records for file in extraction.files)
    gaps = (Gap(GapReason.LOG_RECORD, f"{bad} records are no events"),) if bad else ()
    return events, extraction.changes, gaps


def _records(trails: Any, window: TimeWindow) -> Iterator[Record | None]:
    from botocore.exceptions import BotoCoreError, ClientError

    request: dict[str, Any] = {}
    if window.since:
        request["StartTime"] = datetime.fromisoformat(f"{window.since[:10]}T00:00:00+00:00")
    if window.until:
        request["EndTime"] = datetime.fromisoformat(f"{window.until[:10]}T23:59:59+00:00")
    try:
        for page in trails.get_paginator("lookup_events").paginate(**request):
            for event in page.get("Events", ()):
                yield _record(event)
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        raise AccessError(
            f"CloudTrail refused: {code}", hint="looking events up needs cloudtrail:LookupEvents"
        ) from error
    except BotoCoreError as error:
        raise AccessError(f"CloudTrail could not be reached: {error}") from error


def _record(event: dict[str, Any]) -> Record | None:
    try:
        record = decode_record(str(event["CloudTrailEvent"]).encode())
    except (KeyError, msgspec.MsgspecError, json.JSONDecodeError):
        return None
    return record if record.eventName and record.eventSource and record.eventTime else None


def read_events(location: str, window: TimeWindow) -> Iterator[ApiEvent | Coverage | Gap]:
    """Yield the events of the account and region, and gaps."""
    events, _, gaps = read_lookup(location, window, maps=open_maps(), connection=Connection())
    yield from events
    yield from gaps


PLUGIN = LogSource(name="lookup", schemes=("lookup",), read_events=read_events)
