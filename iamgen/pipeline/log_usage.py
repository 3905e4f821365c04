"""From events to what each function used: attributed, resolved to facts or to a reason, counted once."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Protocol

from iamgen.access.maps import AccessMaps
from iamgen.decision.coverage import (
    CoverageRules,
    Scope,
    could_show,
    seen_coverage,
    selector_coverage,
    window_days,
)
from iamgen.facts.events import EventResolver, Fate, fold_resources, join_equal, of_service
from iamgen.graph.attribute import Attribution, Attributor, Kind
from iamgen.model.fact import UsageFact
from iamgen.model.function import FunctionRef
from iamgen.model.observation import ApiEvent, Coverage, Gap, GapReason, Location
from iamgen.model.result import RunLedger
from iamgen.model.trail import Change, FileStatus
from iamgen.pipeline.log_places import lambda_names


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
        self.ledger = RunLedger(
            events_in=events + bad_records,
            events_bad=bad_records,
            files_in=files[0],
            files_read=files[1],
            files_bad=files[2],
        )
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
            sorted({each.session for each in self.sessions if each.role == role_arn and each.kind == Kind.UNKNOWN_USER})
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
    usage.coverage = tuple(sorted({*coverage, *seen_coverage(events), *_selected(selectors, rules, usage)}))
    attributor = Attributor(events, functions, lambda_names(table))
    _spread(usage, events, attributor, EventResolver(maps))
    usage.gaps = (*gaps, *usage.gaps, *(_file_gap(status) for status in bad_files))
    return usage


def _selected(selectors: tuple[tuple[str, str], ...], rules: CoverageRules, usage: LogUsage) -> tuple[Coverage, ...]:
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
        shown = resolver.resolve(event_here, function=whose.function, attribution=whose.kind.value)
        if shown.gap is not None:
            gaps[shown.gap] = None
        if whose.function is None:
            _note_session(event, whose, sessions, gaps)
            found = of_service(shown.facts) if whose.kind is Kind.SERVICE else shown.facts
            role_facts.setdefault(event.role_arn or "", []).extend(found)
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
