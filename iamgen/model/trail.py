"""What reading a trail gives, between the readers and the store: tallies of calls, changes, and how each file fared.

`RawCall` is a named tuple and not a dataclass: hundreds of thousands pass between processes, and a tuple is hashed,
pickled and stored as it is.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from iamgen.model.observation import ApiEvent, Outcome


class RawCall(NamedTuple):
    """The fields in which the events of one tally agree."""

    event_source: str
    event_name: str
    region: str
    account: str
    """Account of the caller, empty when the record does not say."""
    recipient: str
    principal: str
    kind: str
    """`call`, `copy`, or the reason why it is no call."""
    category: str
    role_arn: str
    session: str
    function_arn: str
    invoked_by: str
    outcome: str
    error_code: str
    denied_action: str
    denied_by: str
    resources: str
    """ARNs and ARN patterns, one per line."""
    parameters: str
    """JSON: list of [member path, value], folded."""


class Tally(NamedTuple):
    """How often one call was seen on one day."""

    call: RawCall
    day: int
    """Days since 1970-01-01, UTC."""
    events: int
    first: int
    """Seconds since 1970-01-01."""
    last: int


class Change(NamedTuple):
    """One change of a role, a policy or a function, from a management event."""

    event_id: str
    time: str
    account: str
    region: str
    event: str
    """`iam PutRolePolicy`."""
    subject: str
    """The role, policy or function that was changed."""
    who: str
    """ARN of the caller, or the service."""
    via: str
    """console, cli, sdk, cloudformation, terraform, …; empty when not known."""
    detail: str
    """JSON object of names; never a document."""
    error_code: str
    deployment: bool


class FileKey(NamedTuple):
    """One file of a trail, as it stands at its place."""

    partition: str
    """The folder that it lies in, as an absolute path or URL with a closing slash, or the file itself."""
    name: str
    size: int
    etag: str
    """ETag, or the time of the last change."""


class FileStatus(NamedTuple):
    """How reading one file went."""

    file: FileKey
    status: str
    """`ok`, `bad`, `skipped`."""
    reason: str
    events: int
    bad_records: int
    first: str
    last: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Extraction:
    """What some files of one partition gave."""

    partition: str
    tallies: tuple[Tally, ...]
    changes: tuple[Change, ...]
    files: tuple[FileStatus, ...]
    plans: tuple[tuple[str, str, str], ...]
    """(event source, event name, digest of the members kept): what a later reader compares with today's maps."""


@dataclass(frozen=True, slots=True, order=True, kw_only=True)
class UsageRow:
    """One line of `logs usage`: who uses what, as the log shows it."""

    function: str
    """ARN; empty at role level."""
    role: str
    service: str
    action: str
    resource: str
    outcome: str
    attribution: str
    count: int
    first: str
    last: str


def event_of(call: RawCall, count: int, first: int, last: int, source: str) -> ApiEvent:
    """Return the event that a raw call stands for."""
    return ApiEvent(
        event_source=call.event_source,
        event_name=call.event_name,
        account=call.account,
        region=call.region,
        role_arn=call.role_arn or None,
        session=call.session or None,
        function_arn=call.function_arn or None,
        invoked_by=call.invoked_by or None,
        resources=tuple(call.resources.split("\n")) if call.resources else (),
        parameters=tuple((path, value) for path, value in json.loads(call.parameters or "[]")),
        error_code=call.error_code or None,
        denied_by=call.denied_by or None,
        outcome=Outcome(call.outcome),
        count=count,
        first_seen=iso(first),
        last_seen=iso(last),
        source=source,
        kind=call.kind,
        principal=call.principal,
        recipient=call.recipient,
        category=call.category,
        denied_action=call.denied_action or None,
    )


def iso(seconds: int) -> str:
    """Return seconds since 1970 as `2026-01-05T00:00:01Z`."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
