"""Read many files at once: tasks out to processes, extractions back, in the order in which they are done.

A task is files of one partition, few enough that what a process holds is bounded. With one job everything runs in this
process. Results do not depend on the number of jobs; only the order in which partitions come back does.
"""

import gc
import io
import itertools
import multiprocessing
import os
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from isal import igzip

from iamgen.access.maps import open_maps
from iamgen.errors import AccessError
from iamgen.model.trail import Extraction, FileKey
from iamgen.sources._trail.extract import Extractor
from iamgen.sources._trail.listing import Connection, is_other_kind, s3_client
from iamgen.sources._trail.record import (
    MAX_UNPACKED,
    UNPACK_ERRORS,
    BadFile,
    Record,
    decode_record,
    stream_records,
)
from iamgen.sources._trail.rules import LogRules

TASK_BYTES = 16 * 1024 * 1024
TASK_FILES = 2000
_STREAM_ABOVE = 32 * 1024 * 1024
"""Bytes of a file as it lies; a larger one is never held whole."""
_FETCHERS = 8
"""Objects fetched from S3 at once by one process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Files of one partition to be read together."""

    partition: str
    files: tuple[FileKey, ...]


def make_tasks(files: Iterable[FileKey]) -> Iterator[Task]:
    """Group sorted files into tasks; those of one partition stay together as far as the bounds allow."""
    batch: list[FileKey] = []
    size = 0
    for file in files:
        full = batch and (file.partition != batch[0].partition or size >= TASK_BYTES or len(batch) >= TASK_FILES)
        if full:
            yield Task(partition=batch[0].partition, files=tuple(batch))
            batch, size = [], 0
        batch.append(file)
        size += file.size
    if batch:
        yield Task(partition=batch[0].partition, files=tuple(batch))


def extractions(tasks: Iterable[Task], connection: Connection, jobs: int) -> Iterator[Extraction]:
    """Yield what each task gave.

    Raises:
        AccessError: S3 refused or could not be reached; what was yielded before stands.
    """
    left = iter(tasks)
    first = list(itertools.islice(left, 2))
    left = itertools.chain(first, left)
    if jobs <= 1 or len(first) <= 1:
        reader = _Reader(connection)
        for task in left:
            yield reader.read(task)
        return
    context = multiprocessing.get_context(
        "fork" if "fork" in multiprocessing.get_all_start_methods() and threading.active_count() == 1 else "spawn"
    )
    with ProcessPoolExecutor(
        jobs, mp_context=context, initializer=_start_worker, initargs=(connection, os.getpid())
    ) as pool:
        waiting: set[Future[Extraction]] = set()
        try:
            while True:
                while len(waiting) < jobs * 2 and (following := next(left, None)) is not None:
                    waiting.add(pool.submit(_run, following))
                if not waiting:
                    return
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for future in done:
                    yield future.result()
        finally:
            for future in waiting:
                future.cancel()


class _Reader:
    """Reads tasks in one process."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._extractor = Extractor(LogRules(open_maps()))
        self._client: Any = None

    def read(self, task: Task) -> Extraction:
        """Return what the files of a task give."""
        collecting = gc.isenabled()
        gc.disable()
        try:
            for file, data in self._contents(task):
                self._read_file(file, data)
            return self._extractor.take(task.partition)
        finally:
            if collecting:
                gc.enable()

    def _contents(self, task: Task) -> Iterator[tuple[FileKey, bytes | BadFile]]:
        readable: list[FileKey] = []
        for file in task.files:
            other = is_other_kind(file)
            if other:
                self._extractor.set_aside(file, "skipped", other)
            else:
                readable.append(file)
        if not task.partition.startswith("s3://"):
            for file in readable:
                yield file, _read_local(file)
            return
        with ThreadPoolExecutor(_FETCHERS) as fetchers:
            for start in range(0, len(readable), _FETCHERS * 4):
                batch = readable[start : start + _FETCHERS * 4]
                yield from zip(batch, fetchers.map(self._fetch, batch), strict=True)

    def _read_file(self, file: FileKey, data: bytes | BadFile) -> None:
        if isinstance(data, BadFile):
            if data.reason == "large":
                self._stream(file, b"")
            else:
                self._extractor.set_aside(file, "bad", data.reason)
        elif self._extractor.add_file(file, data) == "large":
            self._stream(file, data)

    def _stream(self, file: FileKey, data: bytes) -> None:
        try:
            self._extractor.add_records(file, _decoded(stream_records(self._chunks(file, data))))
        except BadFile as error:
            self._extractor.set_aside(file, "bad", error.reason)
        except OSError as error:
            self._extractor.set_aside(file, "bad", error.strerror or "unreadable")

    def _chunks(self, file: FileKey, data: bytes) -> Iterator[bytes]:
        if data:
            raw: Any = io.BytesIO(data)
        elif file.partition.startswith("s3://"):
            raw = self._open(file)
        else:
            raw = Path(_path(file)).open("rb")  # noqa: SIM115  closed below
        try:
            head = raw.read(2)
            source: Any = _Joined(head, raw)
            if head == b"\x1f\x8b":
                unzip: Any = igzip.IGzipFile
                source = unzip(fileobj=io.BufferedReader(source, 1 << 20), mode="rb")
            while chunk := source.read(1 << 20):
                yield chunk
        except UNPACK_ERRORS as error:
            raise BadFile("damaged gzip") from error
        finally:
            raw.close()

    def _open(self, file: FileKey) -> Any:
        if self._client is None:
            self._client = s3_client(self._connection)
        bucket, _, prefix = file.partition[5:].partition("/")
        key = prefix if prefix.endswith(file.name) and not prefix.endswith("/") else prefix + file.name
        return self._client.get_object(Bucket=bucket, Key=key)["Body"]

    def _fetch(self, file: FileKey) -> bytes | BadFile:
        from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

        if file.size > _STREAM_ABOVE:
            return BadFile("large")
        try:
            data: bytes = self._open(file).read()
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            if code in ("NoSuchKey", "404"):
                return BadFile("vanished")
            raise AccessError(
                f"S3 refused: {code}",
                place=file.partition + file.name,
                hint="what was read before is kept; run the same command again to go on",
            ) from error
        except (BotoCoreError, HTTPClientError, OSError) as error:
            raise AccessError(
                f"S3 could not be reached: {error}",
                place=file.partition + file.name,
                hint="what was read before is kept; run the same command again to go on",
            ) from error
        return data


class _Joined:
    """A stream whose first bytes were read already."""

    def __init__(self, head: bytes, rest: Any) -> None:
        self._head = head
        self._rest = rest
        self.closed = False

    def read(self, size: int = -1) -> bytes:
        """Return up to `size` bytes."""
        if self._head:
            head, self._head = self._head, b""
            return head
        data: bytes = self._rest.read(size)
        return data

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer; what `io.BufferedReader` asks for."""
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def readable(self) -> bool:
        """It is."""
        return True

    def writable(self) -> bool:
        """It is not."""
        return False

    def seekable(self) -> bool:
        """It is not."""
        return False

    def close(self) -> None:
        """The file itself is closed by whoever opened it."""


def _decoded(objects: Iterator[bytes]) -> Iterator[Record | None]:
    for text in objects:
        try:
            record = decode_record(text)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            yield None
            continue
        yield record if record.eventName and record.eventSource and record.eventTime else None


def _path(file: FileKey) -> str:
    return file.partition + file.name if file.partition.endswith("/") else file.partition


def _read_local(file: FileKey) -> bytes | BadFile:
    if file.size > _STREAM_ABOVE:
        return BadFile("large")
    try:
        with open(_path(file), "rb", 0) as handle:  # noqa: PTH123  the fastest way to read many small files
            return handle.read(MAX_UNPACKED + 1)
    except OSError as error:
        return BadFile(error.strerror or "unreadable")


_reader: _Reader | None = None


def _start(connection: Connection) -> None:
    global _reader  # noqa: PLW0603  one reader per process: that is what an initializer is for
    _reader = _Reader(connection)


def _start_worker(connection: Connection, parent: int) -> None:
    _start(connection)
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    """End a worker whose parent was killed: nobody else would tell it."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def _run(task: Task) -> Extraction:
    if _reader is None:
        raise RuntimeError("the process was not started by the pool")
    return _reader.read(task)


def read_task(task: Task, connection: Connection) -> Extraction:
    """Return what the files of a task give; one reader serves all tasks of a process."""
    if _reader is None:
        _start(connection)
    return _run(task)
