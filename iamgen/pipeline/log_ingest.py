"""Files into the usage store: what is new, what changed, what went."""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from iamgen.access.maps import AccessMaps
from iamgen.model.trail import Extraction, FileStatus
from iamgen.plugins import TimeWindow
from iamgen.sources._trail.listing import Connection, list_files, normal_source
from iamgen.sources._trail.pool import Task, extractions, make_tasks
from iamgen.sources._trail.rules import LogRules
from iamgen.store.database import Store

_SET_ASIDE = 1000
"""Files set aside that a report names; the store has all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far an ingest is."""

    files: int
    files_total: int
    bytes_read: int
    bytes_total: int
    events: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestReport:
    """What an ingest did."""

    sources: tuple[str, ...]
    files: int
    """Files at the places."""
    known: int
    """Of these, read by an earlier ingest and unchanged."""
    read: int
    bad: int
    skipped: int
    events: int
    bad_records: int
    reread: tuple[str, ...] = ()
    """Folders that were read anew: a file changed or went, or the maps ask for more."""
    set_aside: tuple[FileStatus, ...] = ()


def default_jobs() -> int:
    """Return how many processes read at once: the cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def ingest(
    store: Store,
    places: Iterable[str],
    *,
    maps: AccessMaps,
    window: TimeWindow,
    connection: Connection,
    jobs: int | None = None,
    exact: bool = False,
    spark: str | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    on_wait: Callable[[], None] | None = None,
) -> IngestReport:
    """Read what is new at some places into the store, and say what was done.

    A killed ingest leaves whole tasks behind; the next one goes on from there. With `exact`, a folder from which files
    went is read anew, so that exactly what lies there counts; without, what was read from them stays.
    """
    sources = tuple(normal_source(place) for place in places)
    with store.writing(on_wait=on_wait):
        found = store.list_files(file for source in sources for file in list_files(source, window, connection))
        stale = _stale(store, sources, LogRules(maps), exact=exact, window=window)
        store.forget(sorted(stale))
        store.forget_read()
        left, total = store.unread()
        events, statuses = 0, Counter[str]()
        bad_records = done = read = 0
        set_aside: list[FileStatus] = []
        for extraction in _read(make_tasks(store.unread_files()), connection, jobs, spark):
            store.add(extraction)
            for status in extraction.files:
                statuses[status.status] += 1
                events += status.events
                bad_records += status.bad_records
                done += 1
                read += status.file.size
                if status.status == "bad" and len(set_aside) < _SET_ASIDE:
                    set_aside.append(status)
            if on_progress is not None:
                on_progress(Progress(files=done, files_total=left, bytes_read=read, bytes_total=total, events=events))
    return IngestReport(
        sources=sources,
        files=found,
        known=found - left,
        read=statuses["ok"],
        bad=statuses["bad"],
        skipped=statuses["skipped"],
        events=events,
        bad_records=bad_records,
        reread=tuple(sorted(stale)),
        set_aside=tuple(sorted(set_aside)),
    )


def _read(tasks: Iterator[Task], connection: Connection, jobs: int | None, spark: str | None) -> Iterator[Extraction]:
    if spark is None:
        return extractions(tasks, connection, default_jobs() if jobs is None else jobs)
    from iamgen.sources.logs.spark import extractions as spread

    return spread(list(tasks), connection, spark)


def _stale(
    store: Store, sources: tuple[str, ...], rules: LogRules, *, exact: bool, window: TimeWindow
) -> frozenset[str]:
    stale = store.changed_partitions()
    if exact and window.since is None and window.until is None:
        stale |= store.shrunk_partitions(sources)
    wanting = [name for name, digest in store.plans().items() if rules.plan(*name).digest != digest]
    asked_again = store.partitions_with(wanting) | store.outdated(sources)
    return stale | store.listed_partitions(sorted(asked_again))
