"""The journey of logs: files into the store, events to functions, functions to what they used.

`ingest` reads what is new at some places into the usage store. `read_usage` answers from the events of the places that
a run names: it attributes each row, resolves it to facts or to the reason why it shows none, and counts it once.
"""

import fnmatch
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Protocol

from iamgen.access.maps import AccessMaps, open_maps
from iamgen.decision.coverage import (
    CoverageRules,
    Scope,
    could_show,
    seen_coverage,
    selector_coverage,
    window_days,
)
from iamgen.errors import InputError, UsageError
from iamgen.facts.events import EventResolver, Fate, fold_resources, join_equal
from iamgen.graph.attribute import Attribution, Attributor, Kind, LambdaNames
from iamgen.model.fact import LogEvidence, UsageFact
from iamgen.model.function import FunctionRef
from iamgen.model.observation import ApiEvent, Coverage, Gap, GapReason, Location
from iamgen.model.request import SuggestRequest
from iamgen.model.result import RunLedger
from iamgen.model.trail import Change, FileKey, FileStatus, UsageRow
from iamgen.plugins import TimeWindow
from iamgen.sources._trail.listing import Connection, list_files, normal_source
from iamgen.sources._trail.pool import extractions, make_tasks
from iamgen.sources._trail.rules import LogRules
from iamgen.store.database import Store
from iamgen.store.database import open_store as open_store

DEFAULT_STORE = Path(".iamgen") / "usage.db"


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


@dataclass(slots=True)
class Counts:
    """What became of the events of one function."""

    used: int = 0
    denied: int = 0
    ignored: int = 0
    reasons: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleSession:
    """Calls in a role by a session that is no known function."""

    role: str
    session: str
    kind: str
    events: int


class _Named(Protocol):
    """A function that a run answers for, as far as logs care."""

    @property
    def ref(self) -> FunctionRef: ...
    @property
    def log_arns(self) -> tuple[str, ...]: ...


class LogUsage:
    """What the logs of a run show."""

    def __init__(
        self,
        *,
        sources: tuple[str, ...],
        events: int,
        bad_records: int,
        files: tuple[int, int, int],
        coverage_rules: CoverageRules,
    ) -> None:
        self.sources = sources
        self.gaps: tuple[Gap, ...] = ()
        self.ledger = RunLedger(events_in=events + bad_records, events_bad=bad_records, files_in=files[0], files_read=files[1], files_bad=files[2])
        self.coverage: tuple[Coverage, ...] = ()
        self.changes: tuple[Change, ...] = ()
        self.first: str | None = None
        self.newest: str | None = None
        self.roles: dict[str, str] = {}
        """Function ARN -> role ARN."""
        self.role_facts: dict[str, tuple[UsageFact, ...]] = {}
        """Role ARN -> what its sessions used that are no known function, function None."""
        self.sessions: tuple[RoleSession, ...] = ()
        self.ignored: Mapping[str, int] = {}
        """Why events of nobody were ignored, with how many."""
        self._facts: dict[str, tuple[UsageFact, ...]] = {}
        self._counts: dict[str, Counts] = {}
        self.coverage_rules = coverage_rules

    @property
    def function_arns(self) -> tuple[str, ...]:
        """ARNs of the functions that the log names, sorted."""
        return tuple(sorted(self._counts))

    @property
    def window_days(self) -> int:
        """Days from the first to the newest event."""
        return window_days(self.first, self.newest)

    def facts_of(self, arn: str) -> tuple[UsageFact, ...]:
        """Return what a function used and what it was refused."""
        return self._facts.get(arn, ())

    def counts(self, arn: str) -> Counts:
        """Return what became of a function's events."""
        return self._counts.get(arn, Counts())

    def unknown_users(self, role_arn: str) -> tuple[str, ...]:
        """Return the sessions of a role that are no known function, sorted."""
        return tuple(
            sorted(
                {each.session for each in self.sessions if each.role == role_arn and each.kind == Kind.UNKNOWN_USER}
            )
        )

    def expire_before(self, min_window_days: int) -> str | None:
        """Return the time before which a last use is older than the window, None without a log."""
        if self.newest is None:
            return None
        return (date.fromisoformat(self.newest[:10]) - timedelta(days=min_window_days)).isoformat()

    def deployed(self, subjects: Iterable[_Named]) -> tuple[tuple[str, str], ...]:
        """Return (function id, time of its newest deployment) where the log has one."""
        newest: dict[str, str] = {}
        for change in self.changes:
            if change.deployment and not change.error_code:
                for name in (change.subject, f"{change.account}/{change.region}/{change.subject}"):
                    newest[name] = max(newest.get(name, ""), change.time)
        found = []
        for subject in subjects:
            times = []
            for arn in subject.log_arns:
                fields = arn.split(":")
                times += [newest.get(arn, ""), newest.get(f"{fields[4]}/{fields[3]}/{fields[6]}", "")]
            if any(times):
                found.append((subject.ref.id, max(times)))
        return tuple(found)

    def coverage_of(self, function: FunctionRef) -> tuple[Coverage, ...]:
        """Return the rows of coverage of a function's account and region."""
        return tuple(
            row
            for row in self.coverage
            if row.account in ("*", function.account or row.account)
            and row.region in ("*", function.region or row.region, "us-east-1")
        )

    def cover(
        self, role_arn: str | None, subjects: Iterable[_Named], min_window_days: int, _maps: AccessMaps
    ) -> Callable[[str, str], Coverage | None]:
        """Return what answers whether the log could have shown a call of a role's functions."""
        refs = [subject.ref for subject in subjects]
        account = role_arn.split(":")[4] if role_arn else next((r.account for r in refs if r.account), None)
        regions: list[str | None] = [*sorted({r.region for r in refs if r.region})] or [None]
        known: dict[tuple[str, str], Coverage | None] = {}

        def covered(action: str, arn: str) -> Coverage | None:
            if self.newest is None:
                return None
            key = (action, arn)
            if key not in known:
                rows = [
                    could_show(
                        action,
                        arn,
                        self.coverage,
                        self.coverage_rules,
                        Scope(account=account, region=region, until=self.newest, min_window_days=min_window_days),
                    )
                    for region in regions
                ]
                known[key] = rows[0] if all(row is not None for row in rows) else None
            return known[key]

        return covered


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
            ingest(
                store, files, maps=maps, window=window, connection=connection, exact=True, on_progress=on_progress
            )
        extra = read_other(others, maps=maps, window=window, connection=connection)
        return _answer(store, tuple(normal_source(each) for each in files), request, maps, functions, extra=extra)


def connection_of(request: SuggestRequest) -> Connection:
    """Return how a request reaches AWS."""
    return Connection(
        profile=request.profile,
        region=request.region,
        endpoint_url=os.environ.get("AWS_ENDPOINT_URL"),
        role_arn=request.assume_role,
    )


def split_places(places: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return (places of files, other places); a usage snapshot is one of the others."""
    files: list[str] = []
    others: list[str] = []
    for place in places:
        scheme = place.partition(":")[0] if re.match(r"[a-z0-9]+:", place) else place
        if scheme in ("athena", "lookup"):
            others.append(place)
        elif is_snapshot(place):
            others.append(place)
        elif re.match(r"[a-z0-9]+://", place) and scheme != "s3":
            raise UsageError(
                f"no log source for `{scheme}:`", place="--logs", hint="a folder, a file, s3://…, athena:…, lookup"
            )
        else:
            files.append(place)
    return files, others


def is_snapshot(place: str) -> bool:
    """Whether a place is a file of `logs export`."""
    path = Path(place)
    if not place.endswith(".json") or not path.is_file():
        return False
    with path.open("rb") as handle:
        return b'"iamgen_usage"' in handle.read(200)


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherEvents:
    """Events that do not go through the store: they were counted where they lie, or exported before."""

    events: tuple[ApiEvent, ...] = ()
    coverage: tuple[Coverage, ...] = ()
    changes: tuple[Change, ...] = ()
    gaps: tuple[Gap, ...] = ()
    places: tuple[str, ...] = ()
    files: tuple[int, int, int] = (0, 0, 0)
    """In, read, bad."""
    bad_records: int = 0


def read_other(
    places: list[str], *, maps: AccessMaps, window: TimeWindow, connection: Connection
) -> OtherEvents:
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
            sum(part.files[0] for part in parts), sum(part.files[1] for part in parts), sum(part.files[2] for part in parts),
        ),
        bad_records=sum(part.bad_records for part in parts),
    )  # fmt: skip


def window_of(request: SuggestRequest, newest: str | None) -> TimeWindow:
    """Return the window of a request; a span such as `90d` counts back from `--as-of`, else from the newest event."""
    anchor = request.as_of or newest
    return TimeWindow(since=_moment(request.since, anchor, "--since"), until=_moment(request.until, anchor, "--until"))


def _moment(text: str | None, anchor: str | None, option: str) -> str | None:
    if text is None:
        return None
    span = re.fullmatch(r"(\d+)([dw])", text)
    if span:
        if anchor is None:
            return None
        days = int(span[1]) * (7 if span[2] == "w" else 1)
        return (date.fromisoformat(anchor[:10]) - timedelta(days=days)).isoformat()
    try:
        return date.fromisoformat(text[:10]).isoformat()
    except ValueError as error:
        raise UsageError(f"`{text}` is no date and no span", place=option, hint="write 2026-01-31 or 90d") from error


def _store_for(place: Path, request: SuggestRequest) -> Store:
    """Return the store that keeps what is read; one in memory where nothing may be kept."""
    if request.use_store and (request.store is not None or not request.no_project or place.is_file()):
        return open_store(place)
    return open_store(":memory:")


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
    on_progress: Callable[[Progress], None] | None = None,
    on_wait: Callable[[], None] | None = None,
) -> IngestReport:
    """Read what is new at some places into the store, and say what was done.

    A killed ingest leaves whole tasks behind; the next one goes on from there. With `exact`, a folder from which files
    went is read anew, so that exactly what lies there counts; without, what was read from them stays.
    """
    sources = tuple(normal_source(place) for place in places)
    with store.writing(on_wait=on_wait):
        listed: dict[tuple[str, str], FileKey] = {}
        for source in sources:
            for file in list_files(source, window, connection):
                listed[file.partition, file.name] = file
        stale = _stale(store, sources, listed, LogRules(maps), exact=exact, window=window)
        store.forget(sorted(stale))
        known = store.files(sources)
        new = [file for key, file in listed.items() if key not in known]
        events, statuses = 0, Counter[str]()
        bad_records = 0
        set_aside: list[FileStatus] = []
        total = sum(file.size for file in new)
        done = read = 0
        for extraction in extractions(list(make_tasks(new)), connection, default_jobs() if jobs is None else jobs):
            store.add(extraction)
            for status in extraction.files:
                statuses[status.status] += 1
                events += status.events
                bad_records += status.bad_records
                done += 1
                read += status.file.size
                if status.status == "bad":
                    set_aside.append(status)
            if on_progress is not None:
                on_progress(
                    Progress(files=done, files_total=len(new), bytes_read=read, bytes_total=total, events=events)
                )
    return IngestReport(
        sources=sources,
        files=len(listed),
        known=len(listed) - len(new),
        read=statuses["ok"],
        bad=statuses["bad"],
        skipped=statuses["skipped"],
        events=events,
        bad_records=bad_records,
        reread=tuple(sorted(stale)),
        set_aside=tuple(sorted(set_aside)),
    )


def _stale(
    store: Store,
    sources: tuple[str, ...],
    listed: Mapping[tuple[str, str], FileKey],
    rules: LogRules,
    *,
    exact: bool,
    window: TimeWindow,
) -> frozenset[str]:
    known = store.files(sources)
    changed = {key[0] for key, file in known.items() if key in listed and listed[key] != file}
    whole = window.since is None and window.until is None
    if exact and whole:
        changed |= {key[0] for key in known if key not in listed}
    wanting = [
        name for name, digest in store.plans().items() if rules.plan(*name).digest != digest
    ]
    here = {file.partition for file in listed.values()}
    wanted = store.partitions_with(wanting) & here
    return frozenset(changed | wanted | (store.outdated(sources) & here))


# -- from events to an answer --


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


def answer_events(
    events: list[ApiEvent],
    maps: AccessMaps,
    functions: tuple[FunctionRef, ...] = (),
    *,
    places: tuple[str, ...] = (),
    changes: tuple[Change, ...] = (),
    files: tuple[int, int, int] = (0, 0, 0),
    bad_files: tuple[FileStatus, ...] = (),
    bad_records: int = 0,
    coverage: tuple[Coverage, ...] = (),
    selectors: tuple[tuple[str, str], ...] = (),
    gaps: tuple[Gap, ...] = (),
) -> LogUsage:
    """Return what some events show; each counts once."""
    table = maps.table("logs")
    rules = CoverageRules.from_table(table["coverage"])
    usage = LogUsage(
        sources=tuple(f"log {place}" for place in places),
        events=sum(event.count for event in events),
        bad_records=bad_records,
        files=files,
        coverage_rules=rules,
    )
    usage.first = min((event.first_seen for event in events if event.count), default=None)
    usage.newest = max((event.last_seen for event in events if event.count), default=None)
    usage.changes = changes
    usage.coverage = tuple(
        sorted({*coverage, *seen_coverage(events, rules), *_selected(selectors, rules, usage)})
    )
    attributor = Attributor(events, functions, lambda_names(table))
    _spread(usage, events, attributor, EventResolver(maps))
    usage.gaps = (*gaps, *usage.gaps, *(_file_gap(status) for status in bad_files))
    return usage


def lambda_names(table: Mapping[str, object]) -> LambdaNames:
    """Return what the table `logs` of the maps says about Lambda's sessions."""
    names = table["lambda"]
    sessions = table["sessions"]
    if not isinstance(names, dict) or not isinstance(sessions, dict):
        raise TypeError("the table logs of the access maps has another form")
    source, event = names["assume"]
    return LambdaNames(
        service=str(names["service"]), assume=(str(source), str(event)), service_sessions=tuple(sessions["service"])
    )


def _selected(
    selectors: tuple[tuple[str, str], ...], rules: CoverageRules, usage: LogUsage
) -> tuple[Coverage, ...]:
    import json

    if usage.first is None or usage.newest is None:
        return ()
    return tuple(
        row
        for _, document in selectors
        for row in selector_coverage(json.loads(document), rules, first=usage.first, last=usage.newest)
    )


def _spread(usage: LogUsage, events: list[ApiEvent], attributor: Attributor, resolver: EventResolver) -> None:
    recipients = frozenset(event.recipient for event in events if event.recipient)
    facts: dict[str, list[UsageFact]] = {}
    role_facts: dict[str, list[UsageFact]] = {}
    counts: dict[str, Counts] = {arn: Counts() for arn in attributor.functions()}
    sessions: Counter[tuple[str, str, str]] = Counter()
    ignored: Counter[str] = Counter()
    gaps: dict[Gap, None] = {}
    attributed = unattributed = 0
    for event in events:
        if event.count == 0:
            continue
        event_here = _own(event, recipients)
        whose = attributor.attribute(event_here)
        if whose.function is None and whose.kind is Kind.OTHER:
            ignored[event_here.kind if event_here.kind != "call" else "other-principal"] += event.count
            continue
        shown = resolver.resolve(
            event_here, function=whose.function, attribution=whose.kind.value
        )
        if shown.gap is not None:
            gaps[shown.gap] = None
        if whose.function is None:
            _note_session(event, whose, sessions, gaps)
            role_facts.setdefault(event.role_arn or "", []).extend(shown.facts)
            unattributed += event.count
            continue
        facts.setdefault(whose.function, []).extend(shown.facts)
        if event.role_arn:
            usage.roles.setdefault(whose.function, event.role_arn)
        attributed += event.count
        _count(counts.setdefault(whose.function, Counts()), shown.fate, shown.reason, event.count)
    for arn, roles in attributor.functions().items():
        usage.roles.setdefault(arn, roles[0])
    usage._facts = {arn: fold_resources(join_equal(some)) for arn, some in facts.items()}
    usage.role_facts = {role: fold_resources(join_equal(some)) for role, some in sorted(role_facts.items())}
    usage._counts = dict(sorted(counts.items()))
    usage.sessions = tuple(
        RoleSession(role=role, session=session, kind=kind, events=count)
        for (role, session, kind), count in sorted(sessions.items())
    )
    usage.ignored = dict(sorted(ignored.items()))
    usage.gaps = tuple(gaps)
    ledger = usage.ledger
    usage.ledger = RunLedger(
        files_in=ledger.files_in,
        files_read=ledger.files_read,
        files_bad=ledger.files_bad,
        events_in=ledger.events_in,
        events_attributed=attributed,
        events_unattributed=unattributed,
        events_ignored=sum(ignored.values()),
        events_bad=ledger.events_bad,
    )


def _own(event: ApiEvent, recipients: frozenset[str]) -> ApiEvent:
    """Return an owner's copy as a call where the caller's own trail is not at hand: it is all there is of it."""
    if event.kind == "copy" and event.account not in recipients:
        from dataclasses import replace

        return replace(event, kind="call")
    return event


def _note_session(
    event: ApiEvent, whose: Attribution, sessions: "Counter[tuple[str, str, str]]", gaps: dict[Gap, None]
) -> None:
    role, session = event.role_arn or "", event.session or ""
    sessions[role, session, whose.kind.value] += event.count
    if whose.kind is Kind.AMBIGUOUS:
        detail = f"session `{session}` of {role} fits {', '.join(whose.candidates)}"
        gaps[Gap(GapReason.IDENTITY_AMBIGUOUS, detail)] = None


def _count(counts: Counts, fate: Fate, reason: str, number: int) -> None:
    match fate:
        case Fate.USED:
            counts.used += number
        case Fate.DENIED:
            counts.denied += number
        case Fate.IGNORED | Fate.GAP:
            counts.ignored += number
            counts.reasons[reason if fate is Fate.IGNORED else "unknown-operation"] += number


def _file_gap(status: FileStatus) -> Gap:
    place = status.file.partition + (status.file.name if status.file.partition.endswith("/") else "")
    if status.status == "ok":
        return Gap(GapReason.LOG_RECORD, f"{status.bad_records} records are no events", Location(place))
    return Gap(GapReason.LOG_FILE, status.reason, Location(place))


# -- answers of `iamgen logs` --


def usage_rows(usage: LogUsage, *, by: str = "function", functions: tuple[str, ...] = ()) -> tuple[UsageRow, ...]:
    """Return who uses what, one row per action and resource, sorted for `by`; `functions` are names, ARNs or globs."""
    facts = [fact for arn in usage.function_arns for fact in usage.facts_of(arn)]
    if not functions:
        facts += [fact for some in usage.role_facts.values() for fact in some]
    rows = []
    for fact in facts:
        if functions and not _is_wanted(fact.function or "", functions):
            continue
        evidence = [each for each in fact.evidence if isinstance(each, LogEvidence)]
        rows.append(
            UsageRow(
                function=fact.function or "",
                role=fact.role or "",
                service=fact.action.partition(":")[0],
                action=fact.action,
                resource=fact.resource.arn,
                outcome=fact.outcome.value,
                attribution=", ".join(sorted({each.attribution for each in evidence})),
                count=sum(each.count for each in evidence),
                first=min((each.first for each in evidence), default=""),
                last=max((each.last for each in evidence), default=""),
            )
        )
    if functions and not rows:
        raise UsageError(
            f"no function `{functions[0]}` in the log",
            hint=f"known: {', '.join(usage.function_arns[:10])}" if usage.function_arns else "the log names no function",
        )
    order = {"role": ("role", "function"), "service": ("service", "action"), "resource": ("resource", "action")}
    first = order.get(by, ())
    return tuple(sorted(rows, key=lambda row: (*(getattr(row, name) for name in first), row)))


def _is_wanted(arn: str, functions: tuple[str, ...]) -> bool:
    name = arn.split(":")[6] if arn.count(":") >= 6 else arn
    return any(fnmatch.fnmatchcase(arn, wanted) or fnmatch.fnmatchcase(name, wanted) for wanted in functions)


def missing_data_events(usage: LogUsage) -> tuple[tuple[str, str, str], ...]:
    """Return (service, resource pattern, resource type) of services in use whose data events the log never shows.

    A function that uses a service's management calls, or is forwarded to it, most likely makes data calls as well.
    """
    rules = usage.coverage_rules
    used = {
        (fact.action.partition(":")[0], fact.role or "")
        for arn in usage.function_arns
        for fact in usage.facts_of(arn)
    }
    found: set[tuple[str, str, str]] = set()
    for each in rules.data:
        if each.resource_type not in rules.advised:
            continue
        for service in rules.services_of(each.resource_type):
            for used_service, role in used:
                account = role.split(":")[4] if role else ""
                seen = any(
                    row.category == "data" and row.service == service and row.account in ("*", account)
                    for row in usage.coverage
                )
                if used_service == service and not seen:
                    found.add((service, f"account {account}", each.resource_type))
    return tuple(sorted(found))


def selectors_for(missing: Iterable[tuple[str, str, str]]) -> list[dict[str, object]]:
    """Return advanced event selectors, as `aws cloudtrail put-event-selectors` takes them, for types of data events."""
    return [
        {
            "Name": f"data events of {kind}",
            "FieldSelectors": [
                {"Field": "eventCategory", "Equals": ["Data"]},
                {"Field": "resources.type", "Equals": [kind]},
            ],
        }
        for kind in sorted({kind for _, _, kind in missing})
    ]


def read_selectors(place: str, request: SuggestRequest) -> list[tuple[str, str]]:
    """Return (trail, document) of the event selectors in a file, or of all trails of the account with `live`.

    Raises:
        InputError: the file holds no event selectors.
        AccessError: CloudTrail could not be reached or refused.
    """
    import json

    if place == "live":
        from iamgen.sources._trail.selectors import live_selectors

        documents = live_selectors(connection_of(request))
    else:
        try:
            loaded = json.loads(Path(place).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise InputError(f"cannot read event selectors: {error}", place=place) from error
        documents = loaded if isinstance(loaded, list) else [loaded]
    found = []
    for number, document in enumerate(documents):
        if not isinstance(document, dict) or not ({"EventSelectors", "AdvancedEventSelectors"} & set(document)):
            raise InputError(
                "no event selectors", place=f"{place}[{number}]", hint="give what `aws cloudtrail get-event-selectors` prints"
            )
        found.append((str(document.get("TrailARN") or f"{place}[{number}]"), json.dumps(document, sort_keys=True)))
    return found
