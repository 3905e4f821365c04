"""One file of a trail, from bytes to typed records: unpacked within bounds, decoded once, salvaged if its form is odd.

What enters: the bytes of a file. What leaves: records with the fields that matter, requests and identities still raw.
A file that is no log raises `BadFile` with its reason; a record that is none is counted. Nothing here looks at meaning.
"""

import re
from collections.abc import Iterator
from itertools import chain
from typing import Any

import msgspec
from isal import igzip, isal_zlib
from msgspec import Raw, Struct

MAX_UNPACKED = 128 * 1024 * 1024
"""Bytes that one file may unpack to. CloudTrail closes a file long before; anything larger is read as a stream."""

MAX_STREAM = 8 * 1024 * 1024 * 1024
"""Bytes that one file may unpack to as a stream; what lies behind is a bomb."""

MAX_RECORD = 4 * 1024 * 1024
"""Bytes of one record. CloudTrail cuts requests at 100 KB and events at 1 MB (user guide, checked 2026-11)."""


class BadFile(Exception):  # noqa: N818  not an error of the run: the file is set aside with its reason
    """The file is no readable log; `reason` is a word of the files table."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


_ISAL_ERROR: Any = isal_zlib.error
UNPACK_ERRORS: tuple[type[Exception], ...] = (_ISAL_ERROR, igzip.BadGzipFile, EOFError)

NULL = Raw(b"null")


class Record(Struct, gc=False):
    """One event. The order of the fields is CloudTrail's own: the decoder looks for the next one first."""

    userIdentity: Raw = NULL  # noqa: N815  CloudTrail's spelling
    eventTime: str = ""  # noqa: N815
    eventSource: str = ""  # noqa: N815
    eventName: str = ""  # noqa: N815
    awsRegion: str = ""  # noqa: N815
    userAgent: Raw = NULL  # noqa: N815
    errorCode: str | None = None  # noqa: N815
    errorMessage: str | None = None  # noqa: N815
    requestParameters: Raw = NULL  # noqa: N815
    resources: Raw = NULL
    eventType: str | None = None  # noqa: N815
    recipientAccountId: str | None = None  # noqa: N815
    sharedEventID: str | None = None  # noqa: N815
    eventCategory: str | None = None  # noqa: N815


class Log(Struct, gc=False):
    """A file as CloudTrail delivers it."""

    Records: list[Record]


class Details(Struct, gc=False):
    """What only changes are asked for."""

    eventID: str | None = None  # noqa: N815
    responseElements: Any = None  # noqa: N815


class DetailLog(Struct, gc=False):
    """The same file, read for the changes in it."""

    Records: list[Details]


class Issuer(Struct, gc=False):
    """Who gave the session its credentials."""

    type: str | None = None
    arn: str | None = None
    accountId: str | None = None  # noqa: N815


class Session(Struct, gc=False):
    """The session of an assumed role."""

    sessionIssuer: Issuer | None = None  # noqa: N815


class Scope(Struct, gc=False):
    """The resource that the credentials were issued to."""

    issuerType: str | None = None  # noqa: N815
    credentialsIssuedTo: str | None = None  # noqa: N815


class Identity(Struct, gc=False):
    """The caller."""

    type: str | None = None
    arn: str | None = None
    accountId: str | None = None  # noqa: N815
    invokedBy: str | None = None  # noqa: N815
    userName: str | None = None  # noqa: N815
    sessionContext: Session | None = None  # noqa: N815
    inScopeOf: Scope | None = None  # noqa: N815


class Resource(Struct, gc=False):
    """One entry of `resources`."""

    ARN: str | None = None
    ARNPrefix: str | None = None


decode_log = msgspec.json.Decoder(Log).decode
decode_details = msgspec.json.Decoder(DetailLog).decode
decode_record = msgspec.json.Decoder(Record).decode
decode_identity = msgspec.json.Decoder(Identity | None).decode
decode_resources = msgspec.json.Decoder(list[Resource | None] | None).decode
decode_any = msgspec.json.Decoder().decode


def unpack(data: bytes) -> bytes:
    """Return the bytes of a log, unpacked if they are gzip of one or more members.

    Raises:
        BadFile: empty, truncated, damaged, or larger than `MAX_UNPACKED` (reason `large`).
    """
    if not data:
        raise BadFile("empty")
    if data[:2] != b"\x1f\x8b":
        if len(data) > MAX_UNPACKED:
            raise BadFile("large")
        return data
    parts: list[bytes] = []
    room = MAX_UNPACKED
    while data:
        unpacker = isal_zlib.decompressobj(31)
        try:
            part = unpacker.decompress(data, room + 1)
        except UNPACK_ERRORS as error:
            raise BadFile("damaged gzip") from error
        room -= len(part)
        if room < 0:
            raise BadFile("large")
        if not unpacker.eof:
            raise BadFile("truncated gzip")
        parts.append(part)
        data = unpacker.unused_data.lstrip(b"\0")
        if data and data[:2] != b"\x1f\x8b":
            raise BadFile("damaged gzip")
    text = parts[0] if len(parts) == 1 else b"".join(parts)
    if not text.strip():
        raise BadFile("empty")
    return text


def salvage(text: bytes) -> tuple[list[Record], int]:
    """Return the records of a log in an odd form and how many of its entries are none.

    Taken: a list of records, a single record, one record per line, the answer of LookupEvents, and `Records` with
    entries of the wrong type.

    Raises:
        BadFile: none of these.
    """
    try:
        document = decode_any(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        document = _lines(text)
    if isinstance(document, dict) and "logFiles" in document and "digestS3Bucket" in document:
        raise BadFile("digest")
    entries = _entries(document)
    records: list[Record] = []
    bad = 0
    for entry in entries:
        record = _as_record(entry)
        if record is None:
            bad += 1
        else:
            records.append(record)
    return records, bad


def _lines(text: bytes) -> list[Any]:
    first, newline, _ = text.lstrip().partition(b"\n")
    try:
        if not newline or not isinstance(decode_any(first), dict):
            raise BadFile("no JSON")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadFile("no JSON") from error
    found: list[Any] = []
    for line in text.splitlines():
        if line.strip():
            try:
                found.append(decode_any(line))
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                found.append(None)
    return found


def _entries(document: Any) -> list[Any]:
    match document:
        case {"Records": list(entries)}:
            return entries
        case {"Records": None}:
            return []
        case {"Events": list(entries)}:
            return [_lookup_entry(entry) for entry in entries]
        case {"eventName": _, "eventSource": _}:
            return [document]
        case list(entries):
            nested = [entry for entry in entries if isinstance(entry, dict) and "Records" in entry]
            if nested and len(nested) == len(entries):
                return [each for entry in nested for each in entry["Records"] or ()]
            return entries
        case _:
            raise BadFile("no Records")


def _lookup_entry(entry: Any) -> Any:
    try:
        return decode_any(entry["CloudTrailEvent"])
    except (KeyError, TypeError, msgspec.DecodeError):
        return None


def _as_record(entry: Any) -> Record | None:
    if not isinstance(entry, dict):
        return None
    if not all(isinstance(entry.get(name), str) for name in ("eventTime", "eventSource", "eventName")):
        return None
    kept = {
        name: value
        for name, value in entry.items()
        if name in ("userIdentity", "requestParameters", "resources") or isinstance(value, str)
    }
    try:
        return decode_record(msgspec.json.encode(kept))
    except msgspec.MsgspecError:
        return None


def stream_records(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the bytes of each object in the first list of a document, in constant memory.

    For files too large to hold: logs joined into one, or a bomb. Stops at `MAX_STREAM`.

    Raises:
        BadFile: a record larger than `MAX_RECORD`, more than `MAX_STREAM` bytes, or no list of objects.
    """
    buffer = bytearray()
    total = 0
    scanner = _Scanner()
    for chunk in chain(chunks, (b"\n\n",)):
        total += len(chunk)
        if total > MAX_STREAM:
            raise BadFile("too large")
        buffer += chunk
        yield from scanner.cut(buffer)
        if len(buffer) > MAX_RECORD:
            raise BadFile("record too large")
    if not scanner.found:
        raise BadFile("no Records")


class _Scanner:
    """Finds where objects of a list begin and end, counting brackets outside strings."""

    def __init__(self) -> None:
        self._signs = re.compile(rb'["\\{}]')
        self._depth = 0
        self._base: int | None = None
        self._start = -1
        self._at = 0
        self._inside = False
        self.found = False

    def cut(self, buffer: bytearray) -> list[bytes]:
        """Return the finished objects at the head of the buffer and take them out of it."""
        done: list[bytes] = []
        at = self._at
        end = len(buffer) - 1
        while at < end:
            match = self._signs.search(buffer, at, end)
            if match is None:
                at = end
                break
            sign, at = buffer[match.start()], match.end()
            if sign == 0x5C:
                at += 1
            elif sign == 0x22:
                self._inside = not self._inside
            elif not self._inside:
                at = self._bracket(buffer, sign, at, done)
                end = len(buffer) - 1
        self._at = at
        if self._start < 0 and at > 0:
            del buffer[:at]
            self._at = 0
        return done

    def _bracket(self, buffer: bytearray, sign: int, at: int, done: list[bytes]) -> int:
        if sign == 0x7B:
            if self._base is None:
                self._base = 1 if b'"Records"' in buffer[at : at + 200] else 0
            if self._depth == self._base:
                self._start = at - 1
            self._depth += 1
            return at
        self._depth -= 1
        if self._depth == self._base and self._start >= 0:
            done.append(bytes(buffer[self._start : at]))
            self.found = True
            del buffer[:at]
            self._start = -1
            return 0
        return at
