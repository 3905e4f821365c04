"""The usage store: what logs showed, in SQLite.

What enters: tallies of calls, changes and the state of each file, one transaction for each `add`. What leaves: events
over a window, changes, the files and how they fared. It keeps raw facts only; what they mean is worked out each time.

One writer at a time holds a lock of its own for the whole of an ingest, so that two do not read the same files; readers
are never blocked. A process that is killed leaves whole transactions behind, and the next ingest goes on from there.
"""

import hashlib
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from iamgen.errors import InputError
from iamgen.model.observation import ApiEvent
from iamgen.model.trail import (
    Change,
    Extraction,
    FileKey,
    FileStatus,
    RawCall,
    Tally,
    event_of,
    iso,
)
from iamgen.store.migrations import migrate

RULES = 1
"""Version of the readers: files read by another one are read again."""

_KNOWN_CALLS = 200_000
"""Calls whose id is kept in memory while writing."""

_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileCount:
    """How many files of a source stand in the store."""

    files: int
    ok: int
    bad: int
    skipped: int
    events: int
    bad_records: int
    first: str | None
    last: str | None


class Store:
    """An open usage store. Make one with `open_store`."""

    def __init__(self, connection: sqlite3.Connection, place: str) -> None:
        self._connection = connection
        self.place = place
        self._calls: dict[bytes, int] = {}

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- writing --

    @contextmanager
    def writing(self, *, wait_seconds: float = 600, on_wait: Callable[[], None] | None = None) -> Iterator[None]:
        """Hold the writer's lock; a second writer waits, and `on_wait` is called once when it must.

        Raises:
            InputError: another process held the lock all the time.
        """
        if self.place == ":memory:":
            yield
            return
        lock = sqlite3.connect(f"{self.place}-lock", isolation_level=None, timeout=0)
        try:
            deadline = time.monotonic() + wait_seconds
            told = False
            while True:
                try:
                    lock.execute("BEGIN EXCLUSIVE")
                    break
                except sqlite3.OperationalError as error:
                    if time.monotonic() >= deadline:
                        raise InputError(
                            "another process is writing to the usage store",
                            place=self.place,
                            hint="wait until it is done, or name another file with --store",
                        ) from error
                    if not told and on_wait is not None:
                        on_wait()
                    told = True
                    time.sleep(0.2)
            yield
        finally:
            lock.close()

    def add(self, extraction: Extraction) -> None:
        """Keep what some files gave, all of it or nothing."""
        with self._transaction():
            partition = self._partition(extraction.partition)
            self._connection.executemany(
                "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (partition, f.file.name, f.file.size, f.file.etag, RULES, f.status, f.reason, f.events,
                     f.bad_records, f.first, f.last)
                    for f in extraction.files
                ],
            )  # fmt: skip
            self._add_tallies(partition, extraction.tallies)
            self._connection.executemany(
                "INSERT OR IGNORE INTO changes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (c.event_id, partition, c.time, c.account, c.region, c.event, c.subject, c.who, c.via, c.detail,
                     c.error_code, int(c.deployment))
                    for c in extraction.changes
                ],
            )  # fmt: skip
            self._connection.executemany("INSERT OR REPLACE INTO plans VALUES (?, ?, ?)", extraction.plans)

    def forget(self, partitions: Iterable[str]) -> None:
        """Drop all that came from some partitions, so that they are read again."""
        with self._transaction():
            for place in partitions:
                row = self._connection.execute("SELECT id FROM partitions WHERE place = ?", (place,)).fetchone()
                if row is not None:
                    for table in ("files", "tallies", "changes"):
                        self._connection.execute(f"DELETE FROM {table} WHERE partition = ?", row)  # noqa: S608

    def keep_selectors(self, trail: str, document: str) -> None:
        """Keep the event selectors of a trail."""
        with self._transaction():
            self._connection.execute("INSERT OR REPLACE INTO selectors VALUES (?, ?)", (trail, document))

    def _add_tallies(self, partition: int, tallies: Iterable[Tally]) -> None:
        rows: list[tuple[int, int, int, int, int, int]] = []
        new: list[tuple[bytes, Tally]] = []
        for tally in tallies:
            digest = hashlib.blake2b(repr(tuple(tally.call)).encode("utf-8", "replace"), digest_size=16).digest()
            number = self._calls.get(digest)
            if number is None:
                new.append((digest, tally))
            else:
                rows.append((partition, tally.day, number, tally.events, tally.first, tally.last))
        if new:
            self._connection.executemany(
                f"INSERT OR IGNORE INTO calls ({_CALL_COLUMNS}, digest) VALUES ({'?, ' * 18}?)",  # noqa: S608
                [(*tally.call, digest) for digest, tally in new],
            )
            if len(self._calls) + len(new) > _KNOWN_CALLS:
                self._calls.clear()
            for digest, tally in new:
                number = self._calls.get(digest)
                if number is None:
                    (number,) = self._connection.execute("SELECT id FROM calls WHERE digest = ?", (digest,)).fetchone()
                    self._calls[digest] = number
                rows.append((partition, tally.day, number, tally.events, tally.first, tally.last))
        rows.sort()
        self._connection.executemany(
            "INSERT INTO tallies VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
            "count = count + excluded.count, first = min(first, excluded.first), last = max(last, excluded.last)",
            rows,
        )

    def _partition(self, place: str) -> int:
        self._connection.execute("INSERT OR IGNORE INTO partitions (place) VALUES (?)", (place,))
        (number,) = self._connection.execute("SELECT id FROM partitions WHERE place = ?", (place,)).fetchone()
        return int(number)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                self._calls.clear()
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
        except sqlite3.OperationalError as error:
            raise InputError(
                f"cannot write the usage store: {error}",
                place=self.place,
                hint="what was read before is kept; make room and run the same command again",
            ) from error

    # -- what lies at a place, against what was read: on disk, since a trail may have millions of files --

    def list_files(self, files: Iterable[FileKey]) -> int:
        """Note the files that lie at the places of an ingest, and return how many they are."""
        self._connection.execute(
            "CREATE TEMP TABLE IF NOT EXISTS listed (partition TEXT, name TEXT, size INTEGER, etag TEXT, "
            "PRIMARY KEY (partition, name)) WITHOUT ROWID"
        )
        with self._transaction():
            self._connection.execute("DELETE FROM listed")
            self._connection.executemany("INSERT OR REPLACE INTO listed VALUES (?, ?, ?, ?)", files)
        return self._number("SELECT count(*) FROM listed")

    def changed_partitions(self) -> frozenset[str]:
        """Return the partitions of which a file that was read is another one now."""
        return self._places(
            "SELECT DISTINCT place FROM listed JOIN partitions ON place = listed.partition "
            "JOIN files ON files.partition = id AND files.name = listed.name "
            "WHERE files.size <> listed.size OR files.etag <> listed.etag"
        )

    def shrunk_partitions(self, sources: tuple[str, ...]) -> frozenset[str]:
        """Return the partitions from which a file that was read went."""
        where, values = self._within(sources)
        return self._places(
            f"SELECT DISTINCT place FROM files JOIN partitions ON id = files.partition WHERE {where} "  # noqa: S608
            "AND NOT EXISTS (SELECT 1 FROM listed WHERE listed.partition = place AND listed.name = files.name)",
            values,
        )

    def listed_partitions(self, places: Iterable[str]) -> frozenset[str]:
        """Return those of some partitions that have files at the places of an ingest."""
        test = "SELECT partition FROM listed WHERE partition = ? LIMIT 1"
        return frozenset(place for place in places if self._connection.execute(test, (place,)).fetchone())

    def forget_read(self) -> None:
        """Take what was read already from the noted files."""
        with self._transaction():
            self._connection.execute(
                "DELETE FROM listed WHERE EXISTS (SELECT 1 FROM files JOIN partitions ON id = files.partition "
                "WHERE place = listed.partition AND files.name = listed.name AND files.rules = ?)",
                (RULES,),
            )

    def unread(self) -> tuple[int, int]:
        """Return how many of the noted files are left to read, and their bytes."""
        return self._number("SELECT count(*) FROM listed"), self._number("SELECT total(size) FROM listed")

    def unread_files(self) -> Iterator[FileKey]:
        """Yield the noted files that are left to read, sorted; reading them meanwhile changes nothing."""
        last = ("", "")
        while True:
            rows = self._connection.execute(
                "SELECT partition, name, size, etag FROM listed WHERE (partition, name) > (?, ?) "
                "ORDER BY partition, name LIMIT 5000",
                last,
            ).fetchall()
            for row in rows:
                yield FileKey(*row)
            if len(rows) < 5000:
                return
            last = rows[-1][:2]

    def _places(self, query: str, values: tuple[str, ...] = ()) -> frozenset[str]:
        return frozenset(place for (place,) in self._connection.execute(query, values))

    def _number(self, query: str) -> int:
        return int(self._connection.execute(query).fetchone()[0])

    # -- reading --

    def files(self, sources: tuple[str, ...] = ()) -> dict[tuple[str, str], FileKey]:
        """Return the files that were read by today's readers, by (partition, name)."""
        where, values = self._within(sources)
        rows = self._connection.execute(
            f"SELECT place, name, size, etag FROM files JOIN partitions ON id = partition WHERE rules = ? AND {where}",  # noqa: S608
            (RULES, *values),
        )
        return {(place, name): FileKey(place, name, size, etag) for place, name, size, etag in rows}

    def outdated(self, sources: tuple[str, ...] = ()) -> frozenset[str]:
        """Return the partitions with files that older readers read."""
        where, values = self._within(sources)
        rows = self._connection.execute(
            f"SELECT DISTINCT place FROM files JOIN partitions ON id = partition WHERE rules <> ? AND {where}",  # noqa: S608
            (RULES, *values),
        )
        return frozenset(place for (place,) in rows)

    def plans(self) -> dict[tuple[str, str], str]:
        """Return (event source, event name) -> digest of the members that were kept of its requests."""
        rows = self._connection.execute("SELECT event_source, event_name, digest FROM plans")
        return {(source, name): digest for source, name, digest in rows}

    def partitions_with(self, names: Iterable[tuple[str, str]]) -> frozenset[str]:
        """Return the partitions in which one of these events was seen."""
        found: set[str] = set()
        for name in names:
            found |= {
                place
                for (place,) in self._connection.execute(
                    "SELECT DISTINCT place FROM calls JOIN tallies ON call = calls.id "
                    "JOIN partitions ON partitions.id = partition WHERE event_source = ? AND event_name = ?",
                    name,
                )
            }
        return frozenset(found)

    def events(
        self, sources: tuple[str, ...] = (), *, since: str | None = None, until: str | None = None
    ) -> Iterator[ApiEvent]:
        """Yield the events of the sources (all without), by whole days, sorted."""
        where, values = self._once(sources)
        rows = self._connection.execute(
            f"SELECT {_CALL_COLUMNS}, sum(count), min(first), max(last), min(place) FROM tallies "  # noqa: S608
            "JOIN calls ON calls.id = call JOIN partitions ON partitions.id = partition "
            f"WHERE day BETWEEN ? AND ? AND {where} GROUP BY call ORDER BY {_CALL_COLUMNS}",
            (_day(since, -1), _day(until, 1 << 40), *values),
        )
        for row in rows:
            yield event_of(RawCall(*row[:18]), row[18], row[19], row[20], row[21])

    def changes(self, sources: tuple[str, ...] = (), *, deployments: bool | None = None) -> tuple[Change, ...]:
        """Return the changes of roles, policies and functions, oldest first; one that two files hold comes once."""
        where, values = self._within(sources)
        rows = self._connection.execute(
            "SELECT DISTINCT event_id, time, account, region, event, subject, who, via, detail, error_code, deployment "  # noqa: S608
            f"FROM changes JOIN partitions ON id = partition WHERE {where} ORDER BY time, event_id",
            values,
        )
        return tuple(
            Change._make((*row[:10], bool(row[10])))
            for row in rows
            if deployments is None or bool(row[10]) is deployments
        )

    def bad_files(self, sources: tuple[str, ...] = ()) -> tuple[FileStatus, ...]:
        """Return the files that were set aside, and those with records that were."""
        where, values = self._within(sources)
        rows = self._connection.execute(
            "SELECT place, name, size, etag, status, reason, events, bad_records, first, last FROM files "  # noqa: S608
            f"JOIN partitions ON id = partition WHERE (status <> 'ok' OR bad_records > 0) AND {where} "
            "ORDER BY place, name",
            values,
        )
        return tuple(FileStatus(FileKey(*row[:4]), *row[4:]) for row in rows)

    def count_files(self, sources: tuple[str, ...] = ()) -> FileCount:
        """Return how many files of the sources stand in the store, and how they fared."""
        where, values = self._once(sources)
        row = self._connection.execute(
            "SELECT count(*), total(status = 'ok'), total(status = 'bad'), total(status = 'skipped'), total(events), "  # noqa: S608
            "total(bad_records), min(nullif(first, '')), max(nullif(last, '')) FROM files "
            f"JOIN partitions ON partitions.id = partition WHERE {where}",
            values,
        ).fetchone()
        return FileCount(
            files=row[0], ok=int(row[1]), bad=int(row[2]), skipped=int(row[3]), events=int(row[4]),
            bad_records=int(row[5]), first=row[6], last=row[7],
        )  # fmt: skip

    def newest(self, sources: tuple[str, ...] = ()) -> str | None:
        """Return the time of the newest event, None without any."""
        where, values = self._within(sources)
        (last,) = self._connection.execute(
            f"SELECT max(last) FROM tallies JOIN partitions ON id = partition WHERE {where}",  # noqa: S608
            values,
        ).fetchone()
        return None if last is None else iso(last)

    def selectors(self) -> tuple[tuple[str, str], ...]:
        """Return (trail, event selectors as JSON) of each trail that is known."""
        return tuple(self._connection.execute("SELECT trail, document FROM selectors ORDER BY trail"))

    def _within(self, sources: tuple[str, ...], column: str = "place") -> tuple[str, tuple[str, ...]]:
        if not sources:
            return "1", ()
        test = f"{column} = ? OR (substr(?, -1) = '/' AND substr({column}, 1, length(?)) = ?)"
        tests = " OR ".join(test for _ in sources)
        return f"({tests})", tuple(source for each in sources for source in (each, each, each, each))

    def _once(self, sources: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
        """As `_within`; a file that was read alone and with its folder counts once."""
        where, values = self._within(sources)
        folder, folder_values = self._within(sources, "p.place")
        return (
            f"{where} AND NOT (substr(place, -1) <> '/' AND EXISTS (SELECT 1 FROM files AS f "  # noqa: S608
            "JOIN partitions AS p ON p.id = f.partition WHERE substr(p.place, -1) = '/' "
            f"AND p.place || f.name = partitions.place AND {folder}))",
            (*values, *folder_values),
        )


_CALL_COLUMNS = ", ".join(RawCall._fields)


def open_store(path: Path | str) -> Store:
    """Open a usage store, making or updating it; `:memory:` for one that is not kept.

    Raises:
        InputError: the file is no usage store, is damaged, or a newer iamgen made it.
    """
    place = str(path)
    if place != ":memory:":
        _prepare_folder(Path(place))
    try:
        connection = sqlite3.connect(place, isolation_level=None, timeout=60)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA temp_store = FILE")
        migrate(connection, place)
    except sqlite3.Error as error:
        raise InputError(
            f"cannot open the usage store: {error}",
            place=place,
            hint="it is a cache: the logs can be read again into another file with --store",
        ) from error
    return Store(connection, place)


def _prepare_folder(path: Path) -> None:
    folder = path.parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        ignore = folder / ".gitignore"
        if folder.name == ".iamgen" and not ignore.exists():
            ignore.write_text("usage.db*\ncache/\n", encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot make the folder of the usage store: {error.strerror}", place=str(folder)) from error


def _day(time_text: str | None, otherwise: int) -> int:
    """Return the day of an ISO time as days since 1970."""
    if time_text is None:
        return otherwise
    return (date.fromisoformat(time_text[:10]) - _EPOCH).days
