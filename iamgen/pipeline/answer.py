"""One role's group to the answers of its functions: judge, propose, compare, prove, put together."""

import fnmatch
import re
from dataclasses import dataclass, replace

from iamgen.compare.diff import diff
from iamgen.compare.prove import prove
from iamgen.decision.findings import find
from iamgen.decision.grants import policy_grants, role_grants
from iamgen.decision.judge import Covered, FunctionRows, RoleRuling, Settings, judge
from iamgen.decision.needs import FunctionNeed
from iamgen.facts.naming import Naming
from iamgen.model.config import Listed
from iamgen.model.decision import Decision, Verdict
from iamgen.model.diff import Proof, RoleDiff
from iamgen.model.fact import LogEvidence, ResourcePattern, UsageFact
from iamgen.model.function import Role
from iamgen.model.observation import Gap, Outcome
from iamgen.model.policy import Policy
from iamgen.model.result import (
    CodeSummary,
    DeniedUse,
    Finding,
    FindingLevel,
    Ledger,
    LogSummary,
    RoleInfo,
    Status,
    Suggestion,
)
from iamgen.model.usage import FunctionUsage, Proposal, RoleUsage
from iamgen.pipeline.functions import Subject
from iamgen.pipeline.groups import Group
from iamgen.pipeline.journey import Journey
from iamgen.pipeline.scan import Scanned, key, naming_for
from iamgen.semantics.layers import Layers
from iamgen.synthesis.boundary import BoundarySettings, FunctionNeeds, boundary
from iamgen.synthesis.synthesize import SynthesisSettings, synthesize


@dataclass(frozen=True, slots=True, kw_only=True)
class _Current:
    """The role as it is, concrete."""

    role: Role | None
    layers: Layers | None
    """None when the role or one of its documents is not known."""
    granted_count: int | None
    gaps: tuple[Gap, ...]


def answer_group(group: Group, journey: Journey) -> tuple[Suggestion, ...]:
    """Return the answers of all functions of one role."""
    request, maps = journey.request, journey.maps
    scanned = {key(s): _scanned(s, journey) for s in group.subjects}
    naming = scanned[key(group.subjects[0])].naming
    usages = tuple(_usage(subject, scanned[key(subject)], journey) for subject in group.subjects)
    current = _current(group, journey, naming)

    def spell(text: str) -> ResourcePattern:
        return naming.pattern(naming.canonical(text))

    grants = role_grants(group.role, spell, naming.condition) if group.role is not None else None
    limit = (
        policy_grants((group.role.boundary,), spell, naming.condition)
        if group.role is not None and group.role.boundary is not None
        else None
    )
    coverage = journey.usage.coverage if journey.usage is not None else ()
    listed = {s.ref.id: _listed(s, journey) for s in group.subjects}
    ruling = judge(
        RoleUsage(
            role=group.role,
            functions=usages,
            unknown_users=group.unknown_users,
            coverage=coverage,
        ),
        grants,
        maps,
        covered=_covered(journey, group),
        settings=Settings(
            trust=request.trust,
            unknown=request.unknown,
            unresolved=request.unresolved,
            window_days=journey.usage.window_days if journey.usage is not None else 0,
            expire_before=journey.usage.expire_before(request.min_window_days) if journey.usage is not None else None,
            deployed=journey.usage.deployed(group.subjects) if journey.usage is not None else (),
        ),
        listed=listed,
        boundary=limit,
        role_facts=journey.usage.role_facts.get(group.role_arn or "", ()) if journey.usage is not None else (),
    )
    risks = _escalations(group, current, journey)
    shared = len(group.subjects) > 1 or bool(ruling.role_needs)
    whole = _propose(_role_rows(ruling), ruling, journey, _role_name(group)) if shared else None
    answers = []
    for subject, usage, rows in zip(group.subjects, usages, ruling.functions, strict=True):
        answers.append(
            _answer(
                group, subject, scanned[key(subject)], usage, rows, ruling,
                current=current, whole=whole, journey=journey, listed=listed[subject.ref.id], risks=risks,
            )
        )  # fmt: skip
    return tuple(answers)


def _scanned(subject: Subject, journey: Journey) -> Scanned:
    known = journey.scanned.get(key(subject))
    if known is not None:
        return known
    naming = naming_for(subject, journey.request)
    return Scanned(subject=subject, naming=naming, report=None, facts=(), gaps=())


def _usage(subject: Subject, scanned: Scanned, journey: Journey) -> FunctionUsage:
    facts = list(scanned.facts)
    if journey.usage is not None:
        for arn in subject.log_arns:
            facts.extend(_named(fact, subject, scanned) for fact in journey.usage.facts_of(arn))
    hiding = scanned.hiding
    return FunctionUsage(
        function=subject.ref,
        facts=tuple(facts),
        gaps=scanned.gaps,
        code_analysed=scanned.analysed,
        complete_for_all=scanned.analysed and not hiding,
        incomplete_services=hiding,
    )


def _named(fact: UsageFact, subject: Subject, scanned: Scanned) -> UsageFact:
    """Return a log fact under the name that the template gives its resource."""
    symbolic = scanned.naming.symbolic_of(fact.resource.arn)
    resource = ResourcePattern(symbolic, scanned.naming.concrete(symbolic)) if symbolic is not None else fact.resource
    return replace(fact, function=subject.ref.id, role=subject.role_key, resource=resource)


def _current(group: Group, journey: Journey, naming: Naming) -> _Current:
    role = group.role
    if role is None:
        return _Current(role=None, layers=None, granted_count=None, gaps=())
    unknown = [p for p in role.policies if p.policy is None]
    identity = tuple(naming.concrete_policy(p.policy) for p in role.policies if p.policy is not None)
    granted: set[str] = set()
    for policy in identity:
        for statement in policy.statements:
            if statement.effect != "Allow":
                continue
            for pattern in statement.actions or ("*",):
                granted.update(journey.maps.expand(pattern))
    layers = Layers(
        identity=identity,
        boundary=naming.concrete_policy(role.boundary) if role.boundary is not None else None,
    )
    return _Current(
        role=role,
        layers=None if unknown else layers,
        granted_count=len(granted),
        gaps=role.gaps,
    )


def _covered(journey: Journey, group: Group) -> Covered:
    usage = journey.usage
    if usage is None:
        return lambda _action, _arn: None
    return usage.cover(group.role_arn, group.subjects, journey.request.min_window_days, journey.maps)


def _listed(subject: Subject, journey: Journey) -> tuple[Listed, ...]:
    names = (subject.ref.id, subject.ref.name)
    return tuple(
        entry
        for rules in journey.request.config.functions
        if any(fnmatch.fnmatchcase(name, rules.match) for name in names)
        for entry in rules.listed
    )


def _role_rows(ruling: RoleRuling) -> tuple[Decision, ...]:
    own = dict.fromkeys(row for function in ruling.functions for row in function.rows)
    return (*own, *ruling.role_needs, *ruling.rows)


def _role_name(group: Group) -> str:
    named = group.role.name.literal if group.role is not None and group.role.name is not None else None
    return named or (group.role_arn or group.key).rpartition("/")[2].rpartition(":")[2]


def _propose(rows: tuple[Decision, ...], ruling: RoleRuling, journey: Journey, name: str) -> Proposal:
    request = journey.request
    wanted = tuple(
        row for row in rows if request.unknown == "keep" or row.verdict is not Verdict.REVIEW or row.row == 1
    )
    return synthesize(
        wanted,
        ruling.denies,
        SynthesisSettings(
            name=re.sub(r"[^\w+=,.@-]", "-", name)[:100] or "iamgen",
            compact=request.compact,
            allow_overgrant=request.allow_overgrant,
            exact=request.exact,
        ),
        maps=journey.maps,
        symbolic_denies=ruling.symbolic_denies,
    )


def _answer(
    group: Group,
    subject: Subject,
    scanned: Scanned,
    usage: FunctionUsage,
    rows: FunctionRows,
    ruling: RoleRuling,
    *,
    current: _Current,
    whole: Proposal | None,
    journey: Journey,
    listed: tuple[Listed, ...],
    risks: tuple[Finding, ...],
) -> Suggestion:
    request = journey.request
    log = _log_summary(subject, journey)
    gaps = tuple(dict.fromkeys((*scanned.gaps, *current.gaps, *group.gaps)))
    status, reasons = _status(scanned, log, gaps, journey)
    role = _role_info(group, ruling, rows)
    blank = Suggestion(
        function=subject.ref,
        status=status,
        reasons=reasons,
        role=role,
        code=_code_summary(scanned, usage, rows, ruling),
        logs=log,
        permissions=(),
        denied=tuple(_denied(need) for need in rows.denied),
        gaps=gaps,
        assumptions=(),
        policy=None,
        policies=(),
        role_policy=None,
        role_policies=(),
        boundary=None,
        diff=None,
        proof=None,
        widenings=(),
        ledger=_ledger(scanned, subject, ruling, journey),
        granted_count=current.granted_count,
        current_role=current.role,
        location=subject.spec.location if subject.spec is not None else None,
        resources=subject.deployment.resources if subject.deployment is not None else (),
        template_kind=subject.deployment.kind if subject.deployment is not None else None,
    )
    if status is Status.INSUFFICIENT:
        return replace(blank, permissions=ruling.rows)
    permissions = (*rows.rows, *ruling.rows)
    mine = (*rows.rows, *_own_unknowns(ruling, usage, group))
    proposal = _propose(mine, ruling, journey, subject.ref.name)
    deployed = whole or proposal
    fence, fence_findings = _boundary(group, rows, ruling, journey)
    difference, proof = _compare(deployed, current, ruling, fence, journey)
    if request.unknown == "drop" and any(row.kept is not None for row in ruling.rows):
        reasons = (*reasons, "unknown permissions dropped (--unknown drop)")
    found = find(
        subject.ref.id,
        role,
        permissions,
        denied=blank.denied,
        gaps=gaps,
        listed=listed,
        code_analysed=scanned.analysed,
        as_of=journey.as_of,
        place=blank.location,
    )
    return replace(
        blank,
        reasons=reasons,
        permissions=permissions,
        assumptions=_assumptions(subject, rows),
        policy=proposal.policy,
        policies=proposal.policies,
        role_policy=whole.policy if whole is not None else None,
        role_policies=whole.policies if whole is not None else (),
        boundary=fence,
        diff=difference,
        proof=proof,
        widenings=tuple(dict.fromkeys((*rows.widenings, *proposal.widenings))),
        findings=tuple(
            dict.fromkeys((*(replace(one, function=subject.ref.id) for one in risks), *found, *fence_findings))
        ),
        cost=proposal.cost,
        possible=rows.possible,
        suggested_count=_count(deployed, journey),
        symbolic_policy=proposal.symbolic,
        symbolic_role_policy=whole.symbolic if whole is not None else None,
    )


def _escalations(group: Group, current: _Current, journey: Journey) -> tuple[Finding, ...]:
    """Return a finding for each set of actions by which the role, as it is, could raise itself."""
    if current.layers is None:
        return ()
    from iamgen.compare.risk import escalations

    name = current.role.name.literal if current.role is not None and current.role.name else None
    return tuple(
        Finding(
            id="escalation",
            level=FindingLevel.ERROR,
            function=None,
            role=name or group.role_arn or group.key,
            action=", ".join(one.actions),
            location=current.role.location if current.role is not None else None,
            arguments=(("path", one.id),),
        )
        for one in escalations(current.layers, journey.maps)
    )


def _own_unknowns(ruling: RoleRuling, usage: FunctionUsage, group: Group) -> tuple[Decision, ...]:
    """Return the unknowns that are this function's own (rows 8 and 12); those of unknown users are the role's."""
    if len(group.subjects) == 1:
        return ruling.rows
    own = []
    for row in ruling.rows:
        service = (row.actions or (row.action,))[0].partition(":")[0]
        hidden = "*" in usage.incomplete_services or service in usage.incomplete_services
        unknown = row.verdict is Verdict.REVIEW and row.why != "unknown-user"
        mine = hidden if row.row == 8 else not usage.code_analysed or row.row in (10, 11)
        if unknown and mine:
            own.append(row)
    return tuple(own)


def _status(
    scanned: Scanned, log: LogSummary, gaps: tuple[Gap, ...], journey: Journey
) -> tuple[Status, tuple[str, ...]]:
    reasons: list[str] = []
    if not scanned.analysed and not log.events and not journey.request.by_role:
        first = scanned.gaps[0] if scanned.gaps else None
        why = f"{first.reason.value}: {first.detail}" if first else "no code and no event in a log"
        return Status.INSUFFICIENT, (why,)
    if not scanned.analysed:
        reasons.append(f"log only, {(log.first or '')[:10]} to {(log.last or '')[:10]}")
        return Status.PARTIAL, tuple(reasons)
    return (Status.PARTIAL if gaps else Status.COMPLETE), tuple(reasons)


def _role_info(group: Group, ruling: RoleRuling, rows: FunctionRows) -> RoleInfo:
    role = group.role
    name = role.name.literal if role is not None and role.name is not None else None
    if name is None and group.role_arn is not None:
        name = group.role_arn.rpartition("/")[2]
    own = {(r.action, r.resource) for r in rows.rows}
    others = {(r.action, r.resource) for f in ruling.functions for r in f.rows}
    return RoleInfo(
        name=name,
        arn=group.role_arn,
        key=role.key if role is not None else None,
        shared_by=tuple(s.ref.id for s in group.subjects),
        unknown_users=group.unknown_users,
        origin=role.origin if role is not None else "unknown",
        gained=len(others - own),
        has_boundary=role is not None and (role.boundary is not None or role.boundary_arn is not None),
        location=role.location if role is not None else None,
    )


def _code_summary(scanned: Scanned, usage: FunctionUsage, rows: FunctionRows, ruling: RoleRuling) -> CodeSummary:
    report = scanned.report
    if report is None or not report.analysed:
        return CodeSummary(files=0, calls=0, resolved=0, complete_for=())
    if usage.complete_for_all and not rows.unexplained:
        complete: tuple[str, ...] = ("*",)
    elif "*" in usage.incomplete_services:
        complete = ()
    else:
        spoken = {r.action.partition(":")[0] for r in rows.rows}
        spoken |= {(r.actions or (r.action,))[0].partition(":")[0] for r in ruling.rows}
        hidden = usage.incomplete_services | rows.unexplained
        complete = tuple(sorted(s for s in spoken if s not in hidden and s != "*"))
    return CodeSummary(
        files=len(report.files),
        calls=scanned.calls_in,
        resolved=scanned.calls_resolved,
        complete_for=complete,
    )


def _log_summary(subject: Subject, journey: Journey) -> LogSummary:
    usage = journey.usage
    if usage is None:
        return LogSummary(first=None, last=None, events=0, window_days=0)
    events = sum(
        usage.counts(arn).used + usage.counts(arn).denied + usage.counts(arn).ignored for arn in subject.log_arns
    )
    return LogSummary(
        first=usage.first,
        last=usage.newest,
        events=events,
        window_days=usage.window_days,
        coverage=usage.coverage_of(subject.ref),
    )


def _denied(need: FunctionNeed) -> DeniedUse:
    events = [e for f in need.facts for e in f.evidence if isinstance(e, LogEvidence) and e.outcome is Outcome.DENIED]
    return DeniedUse(
        action=need.action,
        resource=need.resource.symbolic,
        count=sum(e.count for e in events),
        first=min((e.first for e in events), default=""),
        last=max((e.last for e in events), default=""),
        denied_by=need.denied_by,
    )


def _boundary(
    group: Group, rows: FunctionRows, ruling: RoleRuling, journey: Journey
) -> tuple[Policy | None, tuple[Finding, ...]]:
    request = journey.request
    shared = request.role_pattern != "function" or len(group.subjects) > 1
    functions = ruling.functions if shared else (rows,)
    needs = tuple(FunctionNeeds(function=f.function, decisions=(*f.rows, *ruling.rows)) for f in functions)
    made = boundary(needs, BoundarySettings(headroom=request.config.headroom), maps=journey.maps)
    return made[0], made[2]


def _compare(
    proposal: Proposal,
    current: _Current,
    ruling: RoleRuling,
    fence: Policy | None,
    journey: Journey,
) -> tuple[RoleDiff | None, Proof]:
    suggested = Layers.of(proposal.policy)
    difference = None
    if current.layers is not None:
        identity_only = replace(current.layers, boundary=None)
        difference = diff(identity_only, suggested, journey.maps)
    proof = prove(
        needed=tuple(d for f in ruling.functions for d in f.rows),
        proposal=proposal,
        current=current.layers,
        boundary=fence,
        difference=difference,
        maps=journey.maps,
    )
    return difference, proof


def _ledger(scanned: Scanned, subject: Subject, ruling: RoleRuling, journey: Journey) -> Ledger:
    used = denied = ignored = 0
    if journey.usage is not None:
        for arn in subject.log_arns:
            counts = journey.usage.counts(arn)
            used, denied, ignored = (
                used + counts.used, denied + counts.denied, ignored + counts.ignored,
            )  # fmt: skip
    statements = ruling.statements
    return Ledger(
        calls_in=scanned.calls_in,
        calls_facts=scanned.calls_facts,
        calls_gaps=scanned.calls_gaps,
        calls_no_permission=scanned.calls_no_permission,
        events_in=used + denied + ignored,
        events_used=used,
        events_denied=denied,
        events_ignored=ignored,
        statements_in=statements.total,
        statements_kept=statements.kept,
        statements_narrowed=statements.narrowed,
        statements_removed=statements.removed,
        statements_unknown=statements.unknown,
    )


def _assumptions(subject: Subject, rows: FunctionRows) -> tuple[str, ...]:
    lines = list(subject.deployment.assumptions) if subject.deployment is not None else []
    for kind, *words in rows.assumptions:
        action, pattern, place = words
        if kind == "today-kept":
            lines.append(f"{action}: resource unknown at {place}; today's {pattern} kept")
        else:
            lines.append(f"{action}: resource unknown at {place}; left out (--unresolved omit)")
    return tuple(dict.fromkeys(lines))


def _count(proposal: Proposal, journey: Journey) -> int:
    actions: set[str] = set()
    for statement in proposal.policy.statements:
        if statement.effect == "Allow":
            for pattern in statement.actions:
                actions.update(journey.maps.expand(pattern) or (pattern,))
    return len(actions)
