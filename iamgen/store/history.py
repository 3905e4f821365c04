"""The history of drift: append-only snapshots and sign-offs, one file a run, in a folder or below an `s3://` prefix.

A snapshot is never changed: the same answer at the same time is written once, another answer at the same time gets a
number behind it. The trend is derived from the files, never stored. Writing to S3 happens only because a flag names it.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from iamgen.errors import AccessError, InputError, UsageError
from iamgen.model.drift import DRIFT_SCHEMA_VERSION, Review, Snapshot

_NAME = re.compile(r"(?P<time>\d{4}-\d{2}-\d{2}(?:T\d{6}Z)?)(?:-(?P<number>\d+))?\.json")
REVIEWS = "reviews.jsonl"


class Place(Protocol):
    """A folder of small files."""

    def names(self) -> tuple[str, ...]:
        """Return the names of its files, sorted."""

    def read(self, name: str) -> bytes | None:
        """Return a file's bytes, None when it is not there."""

    def write(self, name: str, data: bytes) -> None:
        """Write a file whole."""

    def remove(self, name: str) -> None:
        """Remove a file."""


@dataclass(frozen=True, slots=True)
class FolderPlace:
    """A folder on this machine."""

    path: Path

    def names(self) -> tuple[str, ...]:
        """Return the names of its files, sorted."""
        return tuple(sorted(p.name for p in self.path.iterdir())) if self.path.is_dir() else ()

    def read(self, name: str) -> bytes | None:
        """Return a file's bytes, None when it is not there."""
        path = self.path / name
        return path.read_bytes() if path.is_file() else None

    def write(self, name: str, data: bytes) -> None:
        """Write a file whole: beside it first, then moved over."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            beside = self.path / f".{name}.part"
            beside.write_bytes(data)
            beside.replace(self.path / name)
        except OSError as error:
            raise UsageError(f"cannot write the history: {error.strerror}", place=str(self.path)) from None

    def remove(self, name: str) -> None:
        """Remove a file."""
        (self.path / name).unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class S3Place:
    """Objects below an `s3://bucket/prefix`."""

    client: Any
    bucket: str
    prefix: str

    def names(self) -> tuple[str, ...]:
        """Return the names of its files, sorted."""
        pages = self._call("get_paginator", "list_objects_v2").paginate(Bucket=self.bucket, Prefix=self.prefix)
        try:
            keys = [row["Key"] for page in pages for row in page.get("Contents", ())]
        except Exception as error:  # noqa: BLE001  botocore's errors, told as one of ours
            raise AccessError(f"cannot list s3://{self.bucket}/{self.prefix}: {type(error).__name__}") from None
        return tuple(sorted(k[len(self.prefix) :] for k in keys if "/" not in k[len(self.prefix) :]))

    def read(self, name: str) -> bytes | None:
        """Return a file's bytes, None when it is not there."""
        try:
            body: bytes = self.client.get_object(Bucket=self.bucket, Key=self.prefix + name)["Body"].read()
        except self.client.exceptions.NoSuchKey:
            return None
        except Exception as error:  # noqa: BLE001  botocore has no common base
            raise AccessError(f"s3://{self.bucket}/{self.prefix}: {type(error).__name__}: {error}") from None
        return body

    def write(self, name: str, data: bytes) -> None:
        """Write a file whole."""
        self._call("put_object", Bucket=self.bucket, Key=self.prefix + name, Body=data)

    def remove(self, name: str) -> None:
        """Remove a file."""
        self._call("delete_object", Bucket=self.bucket, Key=self.prefix + name)

    def _call(self, method: str, *args: str, **arguments: object) -> Any:
        try:
            return getattr(self.client, method)(*args, **arguments)
        except Exception as error:  # noqa: BLE001  botocore's errors, told as one of ours
            raise AccessError(f"s3://{self.bucket}/{self.prefix}: {type(error).__name__}: {error}") from None


def open_place(where: str, *, profile: str | None = None, region: str | None = None) -> Place:
    """Return the place that `--history` names."""
    if not where.startswith("s3://"):
        return FolderPlace(Path(where))
    import boto3

    bucket, _, prefix = where[len("s3://") :].partition("/")
    session = boto3.Session(profile_name=profile, region_name=region)
    return S3Place(session.client("s3"), bucket, prefix.rstrip("/") + "/" if prefix else "")


def read_history(place: Place) -> tuple[Snapshot, ...]:
    """Return all snapshots, oldest first.

    Raises:
        InputError: a file is damaged, or was written by a newer version.
    """
    return tuple(_read(place, name) for name in _snapshots(place))


def add_snapshot(place: Place, snapshot: Snapshot) -> str | None:
    """Write a snapshot; return the name of its file, None when the same one is there already."""
    data = encode(snapshot)
    base = snapshot.as_of[:10] if len(snapshot.as_of) <= 10 else snapshot.as_of.replace(":", "")
    number = 0
    while True:
        name = f"{base}-{number}.json" if number else f"{base}.json"
        known = place.read(name)
        if known == data:
            return None
        if known is None:
            place.write(name, data)
            return name
        number += 1


def prune(place: Place, before: str) -> int:
    """Remove snapshots older than a day (ISO); return how many. The newest one always stays."""
    names = _snapshots(place)
    gone = [name for name in names[:-1] if name[:10] < before]
    for name in gone:
        place.remove(name)
    return len(gone)


def encode(snapshot: Snapshot) -> bytes:
    """Return a snapshot as JSON: same value, same bytes."""
    import msgspec

    document = {"schema_version": DRIFT_SCHEMA_VERSION, **msgspec.to_builtins(snapshot)}
    return msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n"


def decode(data: bytes, place: str) -> Snapshot:
    """Return the snapshot of a file.

    Raises:
        InputError: it is damaged, or was written by a newer version.
    """
    import msgspec

    try:
        document = msgspec.json.decode(data)
        if not isinstance(document, dict):
            raise InputError("damaged snapshot: no object", place=place)
        version = document.pop("schema_version", None)
    except msgspec.MsgspecError as error:
        raise InputError(f"damaged snapshot: {error}", place=place) from None
    if version != DRIFT_SCHEMA_VERSION:
        raise InputError(f"snapshot of schema {version}; this iamgen reads {DRIFT_SCHEMA_VERSION}", place=place)
    try:
        return msgspec.convert(document, Snapshot)
    except msgspec.ValidationError as error:
        raise InputError(f"damaged snapshot: {error}", place=place) from None


def read_reviews(place: Place) -> tuple[Review, ...]:
    """Return the sign-offs, in the order they were made."""
    import msgspec

    data = place.read(REVIEWS) or b""
    try:
        return tuple(msgspec.json.decode(line, type=Review) for line in data.splitlines() if line.strip())
    except msgspec.MsgspecError as error:
        raise InputError(f"damaged sign-offs: {error}", place=REVIEWS) from None


def add_review(place: Place, review: Review) -> None:
    """Add a sign-off at the end; none is ever changed."""
    import msgspec

    data = place.read(REVIEWS) or b""
    if data and not data.endswith(b"\n"):
        data += b"\n"
    place.write(REVIEWS, data + msgspec.json.encode(review) + b"\n")


def _read(place: Place, name: str) -> Snapshot:
    return decode(place.read(name) or b"", name)


def _snapshots(place: Place) -> list[str]:
    """Return the names of the snapshots, oldest first: by time, then by number."""
    found = []
    for name in place.names():
        match = _NAME.fullmatch(name)
        if match:
            found.append(((match["time"], int(match["number"] or 0)), name))
    return [name for _, name in sorted(found)]
