"""The journey of `drift`: every role as it is, against what it needs, against the last time."""

import re
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from iamgen.compare.drift import Compare, compare_snapshots, is_worse, score, trend_point
from iamgen.decision.advisories import advise
from iamgen.errors import UsageError
from iamgen.model.decision import Decision, Granted, Verdict
from iamgen.model.diff import Grant
from iamgen.model.drift import (
    AgeBucket,
    Broken,
    DriftChange,
    DriftReport,
    Review,
    RoleDrift,
    ServiceUse,
    Snapshot,
)
from iamgen.model.fact import LogEvidence
from iamgen.model.observation import Outcome
from iamgen.model.policy import Policy
from iamgen.model.request import SuggestRequest
from iamgen.model.result import Finding, FindingLevel, Status, Suggestion
from iamgen.semantics.layers import Layers

if TYPE_CHECKING:
    from iamgen.access.maps import AccessMaps
    from iamgen.facts.naming import Naming
    from iamgen.pipeline.groups import Group
    from iamgen.pipeline.journey import Journey
    from iamgen.store.history import Place

AGES = (("30", 30), ("90", 90), ("180", 180), ("400", 400))
SOON_DAYS = 30
_TIMED = ("expired-keep", "expired-suppression")
"""Findings that time alone brings; they make no report worse."""


def drift(
    request: SuggestRequest,
    *,
    place: "Place | None" = None,
    against: str | None = None,
    retain_days: int | None = None,
    advisories: bool = True,
) -> DriftReport:
    """Return the report, and add its snapshot to the history when there is one.

    Raises:
        UsageError: a history is named and no time is known.
    """
    from iamgen.store.history import add_snapshot, prune, read_history, read_reviews

    journey, snapshot, findings = take_snapshot(request)
    reviews = read_reviews(place) if place is not None else ()
    snapshot = replace(snapshot, roles=tuple(_reviewed(role, reviews) for role in snapshot.roles))
    history = read_history(place) if place is not None else ()
    earlier = [s for s in history if s.as_of < snapshot.as_of or (s.as_of == snapshot.as_of and s != snapshot)]
    if against is not None:
        earlier = [s for s in earlier if s.as_of[: len(against)] <= against]
    previous = earlier[-1] if earlier else None
    if place is not None:
        if not snapshot.as_of:
            raise UsageError("a history needs a time", hint="give --as-of DATE, or a log with --logs")
        add_snapshot(place, snapshot)
        if retain_days is not None:
            prune(place, _day(snapshot.as_of, -retain_days))
    made = report(snapshot, previous, (*earlier, snapshot), journey)
    notes = advise(journey.deployments, journey.maps.table("advisories")) if advisories else ()
    return replace(made, findings=findings, advisories=notes)


def report(
    snapshot: Snapshot, previous: Snapshot | None, history: tuple[Snapshot, ...], journey: "Journey"
) -> DriftReport:
    """Return what a snapshot says beside the one before it."""
    changes: tuple[DriftChange, ...] = ()
    if previous is not None:
        changes = compare_snapshots(previous, snapshot, _comparer(journey.maps))
        changes = tuple(_blamed(change, previous, snapshot, journey) for change in changes)
    return DriftReport(
        snapshot=snapshot,
        previous=previous,
        changes=changes,
        trend=tuple(trend_point(one) for one in history),
        expiring=_expiring(journey, snapshot.as_of),
        overdue=_overdue(snapshot, journey),
        blind=_blind(snapshot, journey),
        gaps=tuple(f"{gap.reason.value}: {gap.detail}" for gap in journey.gaps),
        worse=previous is not None and is_worse(previous, snapshot),
    )


def take_snapshot(request: SuggestRequest) -> "tuple[Journey, Snapshot, tuple[Finding, ...]]":
    """Return what was read, the state of every role in it, and the findings of their functions."""
    from iamgen.pipeline.answer import answer_group
    from iamgen.pipeline.groups import group_by_role
    from iamgen.pipeline.scan import naming_for
    from iamgen.pipeline.suggest import read

    journey = read(replace(request, all_functions=True))
    roles = []
    findings: dict[Finding, None] = {}
    for group in group_by_role(journey, orphans=True):
        answers = answer_group(group, journey)
        naming = naming_for(group.subjects[0], request)
        roles.append(_role(group, answers, naming, journey))
        findings |= dict.fromkeys(finding for one in answers for finding in one.findings)
    usage = journey.usage
    as_of = journey.as_of or ""
    snapshot = Snapshot(
        as_of=as_of,
        roles=tuple(sorted(roles, key=lambda r: r.key)),
        sources=tuple(f"current {place}" for place in request.current)
        + tuple(f"template {d.template}" for d in journey.deployments),
        maps_version=journey.maps.version,
        first=usage.first if usage is not None else None,
        last=usage.newest if usage is not None else None,
        coverage=tuple(sorted({(c.account, c.region, c.service, c.category) for c in usage.coverage}))
        if usage is not None
        else (),
    )
    return journey, snapshot, tuple(findings)


def _role(group: "Group", answers: tuple[Suggestion, ...], naming: "Naming", journey: "Journey") -> RoleDrift:
    maps = journey.maps
    role = group.role
    key = group.role_arn or group.key.removeprefix("function:")
    needed = tuple(dict.fromkeys(row for one in answers for row in one.permissions if row.statement is None))
    left = answers[0].permissions if answers else ()
    left = tuple(row for row in left if row.statement is not None)
    unused = [row for row in left if row.verdict is Verdict.REMOVE]
    unknown = [row for row in left if row.verdict is Verdict.REVIEW]
    policies: tuple[Policy, ...] = ()
    fence = None
    granted: set[str] = set()
    found: tuple[str, ...] = ()
    if role is not None:
        policies = tuple(naming.concrete_policy(p.policy) for p in role.policies if p.policy is not None)
        fence = naming.concrete_policy(role.boundary) if role.boundary is not None else None
        granted = _granted(policies, maps)
        found = _escalations(policies, fence, maps)
    by_level: Counter[str] = Counter()
    for (_, level), count in _distinct(unused).items():
        by_level[level] += count
    wild = _wildcards(policies, maps)
    gained = sum(one.role.gained for one in answers)
    points, terms = score(
        by_level,
        wide_resources=len({(r.action, r.resource) for r in needed if r.granted is Granted.WIDER}),
        wildcards=wild,
        escalations=len(found),
        has_boundary=role is None or role.boundary is not None or role.boundary_arn is not None,
        gained_by_sharing=gained,
        table=maps.table("score"),
    )
    beyond, lacks = _template_difference(group, naming, journey)
    return RoleDrift(
        key=key,
        name=(role.name.literal if role is not None and role.name is not None else None)
        or key.rpartition("/")[2].rpartition(":")[2],
        functions=tuple(one.function.id for one in answers if one.function.id != key),
        status=max((one.status for one in answers), key=list(Status).index, default=Status.INSUFFICIENT),
        granted=len(granted),
        used=len({row.action for row in needed if row.granted not in (Granted.NOT, Granted.PART)}),
        suggested=len({row.action for row in needed}),
        unused=sum(_distinct(unused).values()),
        unknown=sum(_distinct(unknown).values()),
        wildcards=wild,
        score=points if role is not None else 0.0,
        terms=terms if role is not None else (),
        ages=_ages(needed, unused, unknown, journey.as_of),
        services=_services(granted, needed, unused, unknown),
        broken=_broken(answers),
        escalations=found,
        unknown_users=group.unknown_users,
        boundary="none" if role is None or (role.boundary is None and role.boundary_arn is None) else "present",
        unknown_why=tuple(sorted({(_service(row), row.why) for row in unknown})),
        gaps=sum(len(one.gaps) for one in answers),
        policies=policies,
        boundary_policy=fence,
        differs_from_template=beyond,
        lacks_of_template=lacks,
        findings=_findings(answers),
        last_used=max((row.last_used for row in needed if row.last_used), default=None),
    )


def _granted(policies: tuple[Policy, ...], maps: "AccessMaps") -> set[str]:
    found: set[str] = set()
    for policy in policies:
        for statement in policy.statements:
            if statement.is_allow:
                for pattern in statement.actions or ("*",):
                    found.update(maps.expand(pattern))
    return found


def _escalations(policies: tuple[Policy, ...], fence: Policy | None, maps: "AccessMaps") -> tuple[str, ...]:
    from iamgen.compare.risk import escalations

    layers = Layers(identity=policies, boundary=fence)
    return tuple(sorted({one.id for one in escalations(layers, maps)}))


def _distinct(rows: list[Decision]) -> dict[tuple[str, str], int]:
    """Return actions per (service, access level), each counted once over the resources it stands on."""
    found: dict[tuple[str, str], int] = defaultdict(int)
    for row in rows:
        key = (_service(row), row.access_level or "Unknown")
        found[key] = max(found[key], row.actions_count)
    return found


def _wildcards(policies: tuple[Policy, ...], maps: "AccessMaps") -> int:
    """Return how many allow statements name actions by wildcard, or every resource where one could be named."""
    count = 0
    for policy in policies:
        for statement in policy.statements:
            if not statement.is_allow:
                continue
            wild = any("*" in action for action in statement.actions) or bool(statement.not_actions)
            if not wild and "*" in statement.resources:
                wild = any(
                    info is not None and bool(info.resource_types) for info in map(maps.action, statement.actions)
                )
            count += wild
    return count


def _ages(
    needed: tuple[Decision, ...], unused: list[Decision], unknown: list[Decision], as_of: str | None
) -> tuple[AgeBucket, ...]:
    counts: Counter[str] = Counter()
    last: dict[str, str] = {}
    for row in needed:
        if row.granted in (Granted.NOT, Granted.PART):
            continue
        last[row.action] = max(last.get(row.action, ""), row.last_used or "")
    for seen in last.values():
        counts[_bucket(seen, as_of)] += 1
    counts["never"] += sum(_distinct(unused).values())
    counts["unknown"] += sum(_distinct(unknown).values())
    order = [name for name, _ in AGES] + ["older", "code", "never", "unknown"]
    return tuple(AgeBucket(name=name, actions=counts[name]) for name in order)


def _bucket(seen: str, as_of: str | None) -> str:
    if not seen or not as_of:
        return "code"
    days = (date.fromisoformat(as_of[:10]) - date.fromisoformat(seen[:10])).days
    return next((name for name, most in AGES if days <= most), "older")


def _services(
    granted: set[str], needed: tuple[Decision, ...], unused: list[Decision], unknown: list[Decision]
) -> tuple[ServiceUse, ...]:
    grants = Counter(action.partition(":")[0] for action in granted)
    uses = Counter(action.partition(":")[0] for action in {row.action for row in needed})
    idle: Counter[str] = Counter()
    open_: Counter[str] = Counter()
    for (service, _), count in _distinct(unused).items():
        idle[service] += count
    for (service, _), count in _distinct(unknown).items():
        open_[service] += count
    return tuple(
        ServiceUse(service=name, granted=grants[name], used=uses[name], unused=idle[name], unknown=open_[name])
        for name in sorted(grants.keys() | uses.keys())
    )


def _broken(answers: tuple[Suggestion, ...]) -> tuple[Broken, ...]:
    found = []
    for one in answers:
        for finding in one.findings:
            if finding.id not in ("will-break", "blocked"):
                continue
            row = next(
                (r for r in one.permissions if r.action == finding.action and r.resource.symbolic == finding.resource),
                None,
            )
            events = [
                e
                for e in (row.evidence if row is not None else ())
                if isinstance(e, LogEvidence) and e.outcome is Outcome.DENIED
            ]
            found.append(
                Broken(
                    function=one.function.id,
                    action=finding.action or "",
                    resource=row.resource.arn if row is not None else finding.resource or "",
                    count=sum(e.count for e in events),
                    last=max((e.last for e in events), default=None),
                    reason=row.why if row is not None else finding.id,
                )
            )
    return tuple(sorted(set(found)))


def _findings(answers: tuple[Suggestion, ...]) -> tuple[tuple[str, str, str], ...]:
    return tuple(
        sorted(
            {
                (f.level.value, f.id, f"{f.function} {f.action or ''} {f.resource or ''}".strip())
                for one in answers
                for f in one.findings
                if f.level is not FindingLevel.NOTE and f.id not in _TIMED
            }
        )
    )


def _template_difference(
    group: "Group", naming: "Naming", journey: "Journey"
) -> tuple[tuple[Grant, ...], tuple[Grant, ...]]:
    from iamgen.compare.diff import diff

    template, role = group.template_role, group.role
    if template is None or role is None or role is template:
        return (), ()
    sides = [
        Layers(identity=tuple(naming.concrete_policy(p.policy) for p in one.policies if p.policy is not None))
        for one in (template, role)
    ]
    difference = diff(sides[0], sides[1], journey.maps)
    return difference.missing, difference.excess


def _comparer(maps: "AccessMaps") -> Compare:
    from iamgen.compare.diff import diff

    def compare(before: tuple[Policy, ...], after: tuple[Policy, ...]) -> tuple[tuple[Grant, ...], tuple[Grant, ...]]:
        found = diff(Layers(identity=before), Layers(identity=after), maps)
        return found.missing, found.excess

    return compare


_BY_HAND = ("console", "cli", "sdk")
_BY_TEMPLATE = ("cloudformation", "terraform", "pulumi")
_BLAMED = ("gained", "lost", "boundary-added", "boundary-removed", "boundary-changed", "role-added", "role-removed")


def _blamed(change: DriftChange, previous: Snapshot, snapshot: Snapshot, journey: "Journey") -> DriftChange:
    """Return a change with who made it and when, from the log's management events."""
    if change.kind not in _BLAMED or journey.usage is None:
        return change
    name = change.role.rpartition("/")[2].rpartition(":")[2]
    made = [
        one
        for one in journey.usage.changes
        if not one.deployment
        and not one.error_code
        and previous.as_of < one.time <= (snapshot.as_of if len(snapshot.as_of) > 10 else snapshot.as_of + "T99")
        and _speaks_of(one.subject, one.detail, change.role, name)
    ]
    if not made:
        return change
    newest = max(made, key=lambda one: (one.time, one.event_id))
    role = next((r for r in snapshot.roles if r.key == change.role), None)
    if newest.via in _BY_HAND or (role is not None and role.differs_from_template):
        in_template: bool | None = False
    else:
        in_template = True if newest.via in _BY_TEMPLATE else None
    return replace(change, who=newest.who, when=newest.time, via=newest.via or None, in_template=in_template)


def _speaks_of(subject: str, detail: str, key: str, name: str) -> bool:
    if subject in (key, name) or subject.rpartition("/")[2] == name:
        return True
    return re.search(rf"(?<![\w+=,.@-]){re.escape(name)}(?![\w+=,.@-])", detail) is not None


def _reviewed(role: RoleDrift, reviews: tuple[Review, ...]) -> RoleDrift:
    mine = [r for r in reviews if r.role in (role.key, role.name)]
    return replace(role, last_reviewed=f"{mine[-1].on} by {mine[-1].by}") if mine else role


def _overdue(snapshot: Snapshot, journey: "Journey") -> tuple[tuple[str, str], ...]:
    if not snapshot.as_of:
        return ()
    limit = _day(snapshot.as_of, -journey.request.config.max_age_days)
    return tuple(
        (role.name, role.last_reviewed or "never")
        for role in snapshot.roles
        if role.last_reviewed is None or role.last_reviewed[:10] < limit
    )


def _expiring(journey: "Journey", as_of: str) -> tuple[tuple[str, str, str], ...]:
    if not as_of:
        return ()
    soon = _day(as_of, SOON_DAYS)
    config = journey.request.config
    rows = [("suppress", f"{s.id} {s.function} {s.action}", s.expires) for s in config.suppressions] + [
        (entry.table, f"{rules.match} {entry.action}", entry.expires)
        for rules in config.functions
        for entry in rules.listed
    ]
    return tuple(sorted((kind, what, end) for kind, what, end in rows if end is not None and end <= soon))


def _blind(snapshot: Snapshot, journey: "Journey") -> tuple[str, ...]:
    usage = journey.usage
    if usage is None:
        return ("no log was read: use is known from code alone",)
    lines = []
    window = journey.request.min_window_days
    if usage.window_days < window:
        lines.append(f"the log spans {usage.window_days} days; {window} are asked for")
    blind = sorted(
        {
            service
            for role in snapshot.roles
            for service, why in role.unknown_why
            if why in ("nobody-could-see", "unused-by-code")
        }
    )
    lines.extend(f"{service}: data events are not in the log" for service in blind)
    return tuple(lines)


def _service(row: Decision) -> str:
    return (row.actions or (row.action,))[0].partition(":")[0]


def _day(as_of: str, offset: int) -> str:
    return (date.fromisoformat(as_of[:10]) + timedelta(days=offset)).isoformat()
