"""The journey of logs: files into the store, events to functions, functions to what they used.

`read_usage` answers from the events of the places that a run names, else from all of the store. Files are read into the
store first, where they are new (`log_ingest`); each row is attributed and resolved to facts, or to the reason why it
shows none, and counted once (`log_usage`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from iamgen.access.maps import AccessMaps, open_maps
from iamgen.model.function import FunctionRef
from iamgen.model.observation import ApiEvent, Gap
from iamgen.model.request import SuggestRequest
from iamgen.model.trail import FileStatus
from iamgen.pipeline.log_ingest import Progress, ingest
from iamgen.pipeline.log_places import (
    DEFAULT_STORE,
    OtherEvents,
    connection_of,
    split_places,
    window_of,
)
from iamgen.pipeline.log_usage import LogUsage, answer_events
from iamgen.plugins import TimeWindow
from iamgen.sources._trail.listing import Connection, normal_source
from iamgen.store.database import Store, open_store

__all__ = ["LogUsage", "ReadEvents", "read_events_of", "read_usage"]


def read_usage(
    request: SuggestRequest,
    maps: AccessMaps,
    functions: tuple[FunctionRef, ...] = (),
    *,
    on_progress: Callable[[Progress], None] | None = None,
) -> LogUsage | None:
    """Return what the logs of a request show; None when it names none and there is no store.

    Places of files are read into the store first, where they are new; exactly their events count. Without places, all
    of the store does.

    Raises:
        UsageError: a place of an unknown kind.
        InputError: a place that cannot be read.
        AccessError: AWS could not be reached or refused.
    """
    read = read_events_of(request, maps, functions, on_progress=on_progress)
    return None if read is None else read.usage


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadEvents:
    """Events, and what they show."""

    events: tuple[ApiEvent, ...]
    usage: LogUsage
    maps: AccessMaps


def read_events_of(
    request: SuggestRequest,
    maps: AccessMaps | None = None,
    functions: tuple[FunctionRef, ...] = (),
    *,
    on_progress: Callable[[Progress], None] | None = None,
) -> ReadEvents | None:
    """Return the events of a request's logs with what they show; None as in `read_usage`."""
    maps = maps or open_maps()
    place = request.store or request.project / DEFAULT_STORE
    connection = connection_of(request)
    if not request.logs:
        if not request.use_store or not place.is_file():
            return None
        with open_store(place) as store:
            return _answer(store, (), request, maps, functions)
    files, others = split_places(request.logs)
    with _store_for(place, request) as store:
        window = window_of(request, None)
        if files:
            ingest(store, files, maps=maps, window=window, connection=connection, exact=True, on_progress=on_progress)
        extra = read_other(others, maps=maps, window=window, connection=connection)
        return _answer(store, tuple(normal_source(each) for each in files), request, maps, functions, extra=extra)


def read_other(places: list[str], *, maps: AccessMaps, window: TimeWindow, connection: Connection) -> OtherEvents:
    """Return the events of snapshots, Athena tables and LookupEvents."""
    parts: list[OtherEvents] = []
    for place in places:
        if place.startswith("athena:"):
            from iamgen.sources.logs.athena import read_table

            events, gaps = read_table(place, window, maps=maps, connection=connection)
            parts.append(OtherEvents(events=events, gaps=gaps, places=(place,)))
        elif place.partition(":")[0] == "lookup":
            from iamgen.sources.logs.lookup import read_lookup

            events, changes, gaps = read_lookup(place, window, maps=maps, connection=connection)
            parts.append(OtherEvents(events=events, changes=changes, gaps=gaps, places=(place,)))
        elif place.startswith("spark:"):
            from iamgen.sources.logs.spark import read_events

            shown = list(read_events(place, window))
            parts.append(
                OtherEvents(
                    events=tuple(each for each in shown if isinstance(each, ApiEvent)),
                    gaps=tuple(each for each in shown if isinstance(each, Gap)),
                    places=(place,),
                )
            )
        else:
            from iamgen.pipeline.snapshot import read_snapshot

            parts.append(read_snapshot(Path(place), window))
    return OtherEvents(
        events=tuple(event for part in parts for event in part.events),
        coverage=tuple(row for part in parts for row in part.coverage),
        changes=tuple(change for part in parts for change in part.changes),
        gaps=tuple(gap for part in parts for gap in part.gaps),
        places=tuple(place for part in parts for place in part.places),
        files=(
            sum(part.files[0] for part in parts),
            sum(part.files[1] for part in parts),
            sum(part.files[2] for part in parts),
        ),
        bad_records=sum(part.bad_records for part in parts),
    )  # fmt: skip


def _store_for(place: Path, request: SuggestRequest) -> Store:
    """Return the store that keeps what is read; one in memory where nothing may be kept."""
    if request.use_store and (request.store is not None or not request.no_project or place.is_file()):
        return open_store(place)
    return open_store(":memory:")


def _answer(
    store: Store,
    sources: tuple[str, ...],
    request: SuggestRequest,
    maps: AccessMaps,
    functions: tuple[FunctionRef, ...],
    *,
    extra: OtherEvents | None = None,
) -> ReadEvents:
    extra = extra or OtherEvents()
    only_extra = bool(extra.places) and not sources
    newest = None if only_extra else store.newest(sources)
    newest = max([newest or "", *(event.last_seen for event in extra.events)]) or None
    window = window_of(request, newest)
    events = list(extra.events)
    changes = extra.changes
    bad_files: tuple[FileStatus, ...] = ()
    files, bad_records = extra.files, extra.bad_records
    selectors: tuple[tuple[str, str], ...] = ()
    if not only_extra:
        events += store.events(sources, since=window.since, until=window.until)
        changes = (*changes, *store.changes(sources))
        bad_files = tuple(each for each in store.bad_files(sources) if each.status != "skipped")
        count = store.count_files(sources)
        files = (files[0] + count.files - count.skipped, files[1] + count.ok, files[2] + count.bad)
        bad_records += count.bad_records
        selectors = store.selectors()
    if request.account:
        events = [event for event in events if event.account in (request.account, "")]
    usage = answer_events(
        events,
        maps,
        functions,
        places=(*sources, *extra.places) or (f"store {store.place}",),
        changes=changes,
        files=files,
        bad_files=bad_files,
        bad_records=bad_records,
        coverage=extra.coverage,
        selectors=selectors,
        gaps=extra.gaps,
    )
    return ReadEvents(events=tuple(events), usage=usage, maps=maps)
