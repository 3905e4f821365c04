"""What files a trail consists of, each with what tells it from a changed one: folders, single files, S3 prefixes.

A partition is the folder that files lie in (CloudTrail makes one for each account, region and day), as an absolute path
or `s3://` URL with a closing slash; a source that is one file is a partition of its own.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from iamgen.errors import AccessError, InputError
from iamgen.model.trail import FileKey
from iamgen.plugins import TimeWindow

_SUFFIXES = (".json.gz", ".json", ".gz", ".jsonl", ".ndjson")

_OTHER_KINDS = re.compile(r"/CloudTrail-(Digest|Insight|NetworkActivity)(/|$)")
"""Folders beside a trail's own; what lies in them is noted and not read."""

_DAY = re.compile(r"/(\d{4})/(\d{2})/(\d{2})/$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """How AWS is reached: the standard chain of boto3, with what flags name."""

    profile: str | None = None
    region: str | None = None
    endpoint_url: str | None = None
    role_arn: str | None = None


def normal_source(source: str) -> str:
    """Return a source as partitions begin with it: an absolute path or a URL, a folder with a closing slash."""
    if source.startswith("s3://"):
        bucket, _, key = source[5:].partition("/")
        if not bucket:
            raise InputError("no bucket named", place=source, hint="write s3://BUCKET/PREFIX")
        if key and not key.endswith("/") and not key.endswith(_SUFFIXES):
            key += "/"
        return f"s3://{bucket}/{key}"
    path = Path(source)
    if not path.exists():
        raise InputError("no such file or folder", place=source)
    place = str(path.resolve())
    return place + "/" if path.is_dir() else place


def list_files(source: str, window: TimeWindow, connection: Connection) -> Iterator[FileKey]:
    """Yield the files of a normalised source whose folder does not lie outside the window by its date.

    A late event lands in the next day's folder: one day more on both sides is read.

    Raises:
        InputError: a folder cannot be read.
        AccessError: S3 could not be reached or refused.
    """
    listed = _list_s3(source, window, connection) if source.startswith("s3://") else _list_folder(source)
    for file in listed:
        if _in_window(file.partition, window):
            yield file


def is_other_kind(file: FileKey) -> str:
    """Return `digest`, `insight` or `networkactivity` for a file of another kind, else an empty text."""
    match = _OTHER_KINDS.search(file.partition)
    return match[1].lower() if match else ""


def _list_folder(source: str) -> Iterator[FileKey]:
    if not source.endswith("/"):
        status = Path(source).stat()
        yield FileKey(source, Path(source).name, status.st_size, str(status.st_mtime_ns))
        return
    waiting = [source]
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(folder) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            raise InputError(f"cannot read the folder: {error.strerror}", place=folder) from error
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                waiting.append(f"{folder}{entry.name}/")
            elif entry.name.endswith(_SUFFIXES) and entry.is_file():
                status = entry.stat()
                yield FileKey(folder, entry.name, status.st_size, str(status.st_mtime_ns))


def _list_s3(source: str, window: TimeWindow, connection: Connection) -> Iterator[FileKey]:
    bucket, _, prefix = source[5:].partition("/")
    client = s3_client(connection)
    places: dict[str, str] = {}
    for part in _day_prefixes(client, bucket, prefix, window):
        for key, size, etag in _objects(client, bucket, part):
            folder, slash, name = key.rpartition("/")
            if name and name.endswith(_SUFFIXES):
                place = source if key == prefix else f"s3://{bucket}/{folder}{slash}"
                yield FileKey(places.setdefault(place, place), name, size, etag)


def _day_prefixes(client: Any, bucket: str, prefix: str, window: TimeWindow) -> Iterator[str]:
    """Yield the prefixes to list: where folders are years and the window is bounded, those of its years alone."""
    if window.since is None and window.until is None:
        yield prefix
        return
    waiting = [prefix]
    while waiting:
        folder = waiting.pop()
        children = _folders(client, bucket, folder)
        days = [child for child in children if re.search(r"/\d{4}/(\d{2}/){0,2}$", child)]
        if not children or (children and not days and re.search(r"/\d{4}/\d{2}/\d{2}/$", folder)):
            yield folder
            continue
        if _has_files(client, bucket, folder):
            yield folder
            continue
        waiting.extend(child for child in reversed(children) if _may_hold(child, window))


def _may_hold(folder: str, window: TimeWindow) -> bool:
    match = re.search(r"/(\d{4})/(?:(\d{2})/)?(?:(\d{2})/)?$", folder)
    if not match:
        return True
    text = "-".join(part for part in match.groups() if part)
    since, until = _widened(window)
    return not (since and text < since[: len(text)]) and not (until and text > until[: len(text)])


def _folders(client: Any, bucket: str, prefix: str) -> list[str]:
    with _s3_errors(bucket):
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix, Delimiter="/")
        return [row["Prefix"] for page in pages for row in page.get("CommonPrefixes", ())]


def _has_files(client: Any, bucket: str, prefix: str) -> bool:
    with _s3_errors(bucket):
        page = client.list_objects_v2(Bucket=bucket, Prefix=prefix, Delimiter="/", MaxKeys=5)
    return any(row["Key"].endswith(_SUFFIXES) for row in page.get("Contents", ()))


def _objects(client: Any, bucket: str, prefix: str) -> Iterator[tuple[str, int, str]]:
    pages = iter(client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix))
    while True:
        with _s3_errors(bucket):
            page = next(pages, None)
        if page is None:
            return
        for row in page.get("Contents", ()):
            yield row["Key"], row["Size"], row["ETag"].strip('"')


class _s3_errors:  # noqa: N801  reads as a statement
    """Turns what boto3 raises into `AccessError` with the bucket in it."""

    def __init__(self, bucket: str) -> None:
        self._bucket = bucket

    def __enter__(self) -> None:
        return None

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        if isinstance(error, ClientError):
            code = error.response.get("Error", {}).get("Code", "")
            raise AccessError(
                f"S3 refused: {code}",
                place=f"s3://{self._bucket}",
                hint="a trail needs s3:ListBucket on the bucket, s3:GetObject on its objects, kms:Decrypt on its key",
            ) from error
        if isinstance(error, BotoCoreError):
            raise AccessError(f"S3 could not be reached: {error}", place=f"s3://{self._bucket}") from error


def s3_client(connection: Connection) -> Any:
    """Return a client for S3 with patience: three tries, one minute each."""
    return _session(connection).client(
        "s3",
        endpoint_url=connection.endpoint_url,
        config=_config(),
    )


def client(service: str, connection: Connection) -> Any:
    """Return a client of another service, reached in the same way."""
    return _session(connection).client(service, endpoint_url=connection.endpoint_url, config=_config())


def _config() -> Any:
    from botocore.config import Config

    return Config(retries={"mode": "adaptive", "total_max_attempts": 5}, connect_timeout=10, read_timeout=60)


def _session(connection: Connection) -> Any:
    import boto3

    session = boto3.Session(profile_name=connection.profile, region_name=connection.region)
    if connection.role_arn is None:
        return session
    answer = session.client("sts", endpoint_url=connection.endpoint_url).assume_role(
        RoleArn=connection.role_arn, RoleSessionName="iamgen"
    )["Credentials"]
    return boto3.Session(
        aws_access_key_id=answer["AccessKeyId"],
        aws_secret_access_key=answer["SecretAccessKey"],
        aws_session_token=answer["SessionToken"],
        region_name=connection.region,
    )


def _widened(window: TimeWindow) -> tuple[str | None, str | None]:
    from datetime import date, timedelta

    day = timedelta(days=1)
    since = (date.fromisoformat(window.since[:10]) - day).isoformat() if window.since else None
    until = (date.fromisoformat(window.until[:10]) + day).isoformat() if window.until else None
    return since, until


def _in_window(partition: str, window: TimeWindow) -> bool:
    match = _DAY.search(partition)
    if not match:
        return True
    day = "-".join(match.groups())
    since, until = _widened(window)
    return not (since and day < since) and not (until and day > until)
