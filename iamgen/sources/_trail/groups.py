"""Events that an engine counted elsewhere: its rows become records, and go through the same loop as files.

What an engine's query returns is one row for each group of events that agree in the columns of `COLUMNS`, with how many
there were and when the first and the last was. The query leaves out what makes rows differ for no use (object names,
values of requests); the loop folds what is left exactly as it does for files. So facts are equal by construction.
"""

import json
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from msgspec import Raw

from iamgen.access.maps import AccessMaps
from iamgen.model.observation import ApiEvent
from iamgen.model.trail import FileKey, RawCall, event_of
from iamgen.sources._trail.extract import Extractor, first_name
from iamgen.sources._trail.record import Record
from iamgen.sources._trail.rules import LogRules

COLUMNS = (
    "event_source", "event_name", "region", "recipient", "event_type", "category", "shared", "error_code",
    "error_message", "principal", "caller_arn", "caller_account", "invoked_by", "issuer_type", "issuer_arn",
    "issuer_account", "scope_type", "scope_arn", "in_lambda", "resources", "parameters", "day", "events", "first_seen",
    "last_seen",
)  # fmt: skip
"""Columns of a query, in order; all are text or null."""


class Group(NamedTuple):
    """One row of a query."""

    record: Record
    events: int
    first: str
    last: str


def groups_of(rows: Iterable[Iterable[str | None]], environment: bytes) -> Iterator[Group]:
    """Yield the groups of a query's rows; `environment` is what a Lambda user agent holds."""
    for values in rows:
        row = dict(zip(COLUMNS, values, strict=True))
        yield Group(_record(row, environment), int(row["events"] or 0), row["first_seen"] or "", row["last_seen"] or "")


def _record(row: dict[str, str | None], environment: bytes) -> Record:
    issuer = {"type": row["issuer_type"], "arn": row["issuer_arn"], "accountId": row["issuer_account"]}
    identity: dict[str, object] = {
        "type": row["principal"],
        "arn": row["caller_arn"],
        "accountId": row["caller_account"],
        "invokedBy": row["invoked_by"],
    }
    if row["issuer_arn"] or row["issuer_account"]:
        identity["sessionContext"] = {"sessionIssuer": issuer}
    if row["scope_arn"]:
        identity["inScopeOf"] = {"issuerType": row["scope_type"], "credentialsIssuedTo": row["scope_arn"]}
    arns = [each for each in json.loads(row["resources"] or "[]") if each]
    listed = [{"ARNPrefix": arn[:-1]} if arn.endswith("*") else {"ARN": arn} for arn in arns]
    return Record(
        userIdentity=_raw(identity),
        eventTime=row["first_seen"] or "",
        eventSource=row["event_source"] or "",
        eventName=row["event_name"] or "",
        awsRegion=row["region"] or "",
        userAgent=Raw(b'"' + environment + b'"') if row["in_lambda"] == "true" else Raw(b"null"),
        errorCode=row["error_code"] or None,
        errorMessage=row["error_message"] or None,
        requestParameters=Raw((row["parameters"] or "null").encode()),
        resources=_raw(listed) if listed else Raw(b"null"),
        eventType=row["event_type"] or None,
        recipientAccountId=row["recipient"] or None,
        sharedEventID="shared" if row["shared"] == "true" else None,
        eventCategory=row["category"] or None,
    )


def _raw(value: object) -> Raw:
    return Raw(json.dumps(value, ensure_ascii=False).encode())


def events_of(groups: Iterable[Group], place: str, maps: AccessMaps) -> tuple[ApiEvent, ...]:
    """Return the events that groups stand for, sorted."""
    extractor = Extractor(LogRules(maps))
    extractor.add_groups(FileKey(place, place, 0, ""), groups)
    tallies: dict[RawCall, list[int]] = {}
    for tally in extractor.take(place).tallies:
        known = tallies.setdefault(tally.call, [0, tally.first, tally.last])
        known[0] += tally.events
        known[1] = min(known[1], tally.first)
        known[2] = max(known[2], tally.last)
    return tuple(event_of(call, count, first, last, place) for call, (count, first, last) in sorted(tallies.items()))


def member_names(maps: AccessMaps) -> tuple[str, ...]:
    """Return the first names of all members that are kept of any request, as the log spells them, sorted."""
    rules = LogRules(maps)
    paths = (path for service in maps.services() for path in rules.spellings(service))
    return tuple(sorted({first_name(path) for path in paths}))
