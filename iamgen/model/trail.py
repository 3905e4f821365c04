"""What reading a trail gives, between the readers and the store: tallies of calls, changes, and how each file fared.

`RawCall` is a named tuple and not a dataclass: hundreds of thousands pass between processes, and a tuple is hashed,
pickled and stored as it is.
"""

from dataclasses import dataclass
from typing import NamedTuple


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
    count: int
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
