"""Usage, current role and coverage to one verdict per permission.

Enters: one role with its functions and their facts (`RoleUsage`), the statements of the role, and what the log could
have shown. Leaves: the rows of each function (its own needs) and the rows of the role (what is left of its grants), each
with the row of the table that decided, and a count of the role's allow statements: each counts once. The table itself is
`iamgen.decision.table`; this module only works out its columns.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from iamgen.access.maps import AccessMaps
from iamgen.decision.grants import GrantStatement, RoleGrants, Standing
from iamgen.decision.needs import FunctionNeed, join_needs
from iamgen.decision.table import Code, Log, Ruling, State, decide
from iamgen.model.condition import Condition
from iamgen.model.config import Listed
from iamgen.model.decision import Basis, Decision, Granted, Verdict
from iamgen.model.fact import (
    ConfigEvidence,
    Evidence,
    Origin,
    PlatformEvidence,
    ResourcePattern,
    UsageFact,
    Widening,
)
from iamgen.model.glob import Glob
from iamgen.model.observation import Coverage
from iamgen.model.policy import Statement
from iamgen.model.usage import FunctionUsage, RoleUsage

NAMED_ACTIONS = 50
"""How many of the actions behind a row are named; `actions_count` always holds all."""

Covered = Callable[[str, str], Coverage | None]
"""(action, ARN pattern) -> the coverage row that could have shown its use over the whole window, or None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the table is asked with."""

    trust: str = "code"
    unknown: str = "keep"
    unresolved: str = "type"
    window_days: int = 0
    expire_before: str | None = None
    """Uses last seen before this day count as none where code has no path and a deployment is newer."""
    deployed: tuple[tuple[str, str], ...] = ()
    """Function id -> time of its newest deployment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionRows:
    """The rows that are one function's own needs."""

    function: str
    rows: tuple[Decision, ...]
    denied: tuple[FunctionNeed, ...]
    """Only refused in the log and asked for by nothing else."""
    possible: tuple[UsageFact, ...]
    widenings: tuple[Widening, ...]
    assumptions: tuple[tuple[str, ...], ...]
    """(`today-kept`, action, pattern, place): today's grants stand in for an unresolved resource."""
    unexplained: frozenset[str]
    """Services whose code claim an unexplained use voids."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementCounts:
    """Each allow statement of the role counts once."""

    total: int = 0
    kept: int = 0
    narrowed: int = 0
    removed: int = 0
    unknown: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleRuling:
    """What `judge` answers for one role."""

    functions: tuple[FunctionRows, ...]
    rows: tuple[Decision, ...]
    """remove and review rows of the role, the same in each of its functions."""
    statements: StatementCounts
    denies: tuple[Statement, ...]
    """Explicit denies of the role, kept in their form (concrete)."""
    symbolic_denies: tuple[Statement, ...] = ()
    """The same denies as the template spells them."""
    role_needs: tuple[Decision, ...] = ()
    """What sessions of the role that are no known function were seen to use; needed by the role alone."""


@dataclass(slots=True)
class _Claims:
    """What the code of one function can be trusted with, per service."""

    usage: FunctionUsage
    void: frozenset[str] = frozenset()

    def code(self, service: str) -> Code:
        if not self.usage.code_analysed:
            return Code.UNREAD
        if not self.usage.complete_for_all and service in self.usage.incomplete_services:
            return Code.POSSIBLE
        if "*" in self.usage.incomplete_services or service in self.void:
            return Code.POSSIBLE
        return Code.NONE


def judge(
    usage: RoleUsage,
    grants: RoleGrants | None,
    maps: AccessMaps,
    *,
    covered: Covered,
    settings: Settings,
    listed: dict[str, tuple[Listed, ...]] | None = None,
    boundary: RoleGrants | None = None,
    role_facts: tuple[UsageFact, ...] = (),
) -> RoleRuling:
    """Return the verdicts of one role; `grants` is None when no current role is known.

    `listed` maps function id to its entries of iamgen.toml; `role_facts` are uses of the role by no known function.
    """
    listed = listed or {}
    claims: list[_Claims] = []
    rows: list[FunctionRows] = []
    for function in usage.functions:
        needs = join_needs(function.facts)
        claim = _Claims(usage=function)
        claim.void = _unexplained(needs, claim, settings)
        claims.append(claim)
        entries = listed.get(function.function.id, ())
        rows.append(_function_rows(function, needs, claim, grants, boundary, settings, entries))
    role_needs = _role_needs(role_facts, grants, settings)
    if grants is None:
        return RoleRuling(
            functions=tuple(rows), rows=(), statements=StatementCounts(), denies=(), role_needs=role_needs
        )
    left = _Leftover(
        usage=usage, claims=claims, grants=grants, maps=maps, covered=covered, settings=settings,
        needed=(*(d for r in rows for d in r.rows), *role_needs), listed=listed,
    )  # fmt: skip
    role_rows, counts = left.rows()
    denies = tuple(
        replace(
            deny.statement,
            resources=tuple(r.arn for r in deny.resources) if deny.statement.resources else (),
            not_resources=tuple(r.arn for r in deny.resources) if deny.statement.not_resources else (),
        )
        for deny in grants.denies
    )
    return RoleRuling(
        functions=tuple(rows),
        rows=role_rows,
        statements=counts,
        denies=denies,
        symbolic_denies=tuple(deny.statement for deny in grants.denies),
        role_needs=role_needs,
    )


def _role_needs(facts: tuple[UsageFact, ...], grants: RoleGrants | None, settings: Settings) -> tuple[Decision, ...]:
    rows = []
    for need in join_needs(facts):
        if need.log is not Log.ALLOWED:
            continue
        standing = _standing(grants, need)
        state = State(code=Code.UNREAD, log=Log.ALLOWED, granted=standing.granted)
        rows.append(_row(need, decide(state, trust=settings.trust), standing))
    return tuple(rows)


def _unexplained(needs: tuple[FunctionNeed, ...], claim: _Claims, settings: Settings) -> frozenset[str]:
    """Return the services where an attributed, allowed use is explained by no code path or platform rule."""
    if not claim.usage.code_analysed:
        return frozenset()
    deployed = dict(settings.deployed).get(claim.usage.function.id)
    found = set()
    for need in needs:
        if need.log is not Log.ALLOWED or need.code is not None or need.platform or need.optional:
            continue
        if deployed and need.last_used and need.last_used < deployed:
            continue
        if _is_forwarded(need):
            continue
        found.add(_service(need.action))
    return frozenset(found)


def _is_forwarded(need: FunctionNeed) -> bool:
    events = [e for f in need.facts for e in f.evidence if getattr(e, "invoked_by", None)]
    return bool(events) and len(events) == sum(len(f.evidence) for f in need.facts)


def _function_rows(
    function: FunctionUsage,
    needs: tuple[FunctionNeed, ...],
    claim: _Claims,
    grants: RoleGrants | None,
    boundary: RoleGrants | None,
    settings: Settings,
    entries: tuple[Listed, ...],
) -> FunctionRows:
    rows: list[Decision] = []
    denied: list[FunctionNeed] = []
    widenings: list[Widening] = []
    assumptions: list[tuple[str, ...]] = []
    for need in needs:
        standing = _standing(grants, need)
        if need.optional and standing.granted not in (Granted.EXACT, Granted.WIDER):
            continue
        if settings.unresolved == "omit" and _is_unresolved(need):
            assumptions.append(("omitted", need.action, need.resource.arn, _place(need)))
            continue
        state = _state(need, claim, standing, settings, entries)
        asked = state.code in (Code.EXACT, Code.ASSUMED) or state.platform or state.listed is not None
        if not asked and state.log is not Log.ALLOWED:
            denied.extend([need] if need.log is Log.DENIED else [])
            continue
        stands_in = (
            state.code is Code.ASSUMED
            and standing.granted is Granted.PART
            and settings.unresolved != "observed"
            and need.widening is not None
        )
        if stands_in:
            rows.extend(_today(need, standing, state, settings))
            assumptions.append(("today-kept", need.action, _parts(standing), _place(need)))
            continue
        if settings.unresolved == "observed" and _is_unresolved(need) and need.log is Log.ALLOWED:
            rows.extend(_observed(need, state, standing, settings))
            continue
        if standing.granted is Granted.PART:
            rows.extend(_split(need, standing, state, settings))
        else:
            rows.append(_row(need, decide(state, trust=settings.trust), standing, boundary))
        if need.widening is not None:
            widenings.append(need.widening)
    rows.extend(_listed_rows(needs, grants, entries))
    return FunctionRows(
        function=function.function.id,
        rows=tuple(rows),
        denied=tuple(denied),
        possible=tuple(f for f in function.facts if f.possible),
        widenings=tuple(dict.fromkeys(widenings)),
        assumptions=tuple(dict.fromkeys(assumptions)),
        unexplained=claim.void,
    )


def _standing(grants: RoleGrants | None, need: FunctionNeed) -> Standing:
    if grants is None:
        return Standing(granted=Granted.UNKNOWN)
    return grants.standing(need.action, need.resource.arn, need.conditions)


def _state(
    need: FunctionNeed,
    claim: _Claims,
    standing: Standing,
    settings: Settings,
    entries: tuple[Listed, ...],
) -> State:
    entry = next((e for e in entries if _fits(e, need.action, need.resource.arn)), None)
    code = need.code or claim.code(_service(need.action))
    log = need.log
    if log is Log.ALLOWED and code is Code.NONE and _is_stale(need, claim, settings):
        log = Log.NOTHING
    return State(
        code=code,
        platform=need.platform or (need.optional and standing.granted in (Granted.EXACT, Granted.WIDER)),
        log=log,
        granted=standing.granted,
        listed=entry.table if entry else None,
        denied=standing.denied is not None,
    )


def _is_stale(need: FunctionNeed, claim: _Claims, settings: Settings) -> bool:
    deployed = dict(settings.deployed).get(claim.usage.function.id)
    last = need.last_used
    return bool(last and deployed and settings.expire_before and last < settings.expire_before and last < deployed)


def _row(need: FunctionNeed, ruling: Ruling, standing: Standing, boundary: RoleGrants | None = None) -> Decision:
    origin = _origin(need)
    certainties = [f.certainty for f in need.facts]
    order = ("observed", "exact", "bound", "rule", "assumed")
    firm = [c for f, c in zip(need.facts, certainties, strict=True) if f.origin is origin]
    conditions = need.conditions
    for condition in standing.conditions:
        if condition not in conditions:
            conditions = (*conditions, condition)
    return Decision(
        action=need.action,
        resource=need.resource,
        conditions=conditions,
        verdict=ruling.verdict or Verdict.REVIEW,
        row=ruling.row,
        basis=ruling.basis,
        certainty=min(firm or certainties, key=lambda c: order.index(c.value)),
        origin=origin,
        granted=standing.granted,
        why=ruling.why,
        blocked_by=_blocked_by(need, ruling, standing, boundary),
        evidence=_evidence(need),
        last_used=need.last_used,
    )


def _blocked_by(need: FunctionNeed, ruling: Ruling, standing: Standing, boundary: RoleGrants | None) -> str | None:
    if standing.denied is not None:
        return f"deny:{standing.denied.place}"
    if boundary is not None:
        limit = boundary.standing(need.action, need.resource.arn)
        if limit.denied is not None or limit.granted in (Granted.NOT, Granted.PART):
            return "boundary"
    if need.log is Log.DENIED and ruling.row in (2, 5) and ruling.why == "blocked":
        return need.denied_by or "unknown"
    if standing.partly_denied:
        deny = standing.partly_denied[0]
        condition = deny.statement.conditions
        return f"deny:{deny.place}" + (f" ({condition[0].name} {condition[0].key})" if condition else "")
    return None


def _origin(need: FunctionNeed) -> Origin:
    origins = {f.origin for f in need.facts}
    return next(o for o in (Origin.CODE, Origin.PLATFORM, Origin.LOG, Origin.CONFIG) if o in origins)


def _evidence(need: FunctionNeed) -> tuple[Evidence, ...]:
    return tuple(dict.fromkeys(e for f in need.facts for e in f.evidence))


def _today(need: FunctionNeed, standing: Standing, state: State, settings: Settings) -> list[Decision]:
    """Today's grants inside the type stand in for the unresolved resource (row 5 with `<`)."""
    rows = []
    for resource, conditions in standing.parts:
        kept = replace(need, resource=resource)
        ruling = decide(replace(state, granted=Granted.EXACT), trust=settings.trust)
        own = Standing(granted=Granted.EXACT, conditions=conditions, denied=standing.denied)
        rows.append(replace(_row(kept, ruling, own), why="today-kept"))
    return rows


def _split(need: FunctionNeed, standing: Standing, state: State, settings: Settings) -> list[Decision]:
    """Granted in part: the granted part by its row with `=`, the rest by its row with `-`."""
    rest = decide(replace(state, granted=Granted.PART), trust=settings.trust)
    return [_row(need, rest, standing)]


def _observed(need: FunctionNeed, state: State, standing: Standing, settings: Settings) -> list[Decision]:
    rows = []
    for fact in need.facts:
        if fact.origin is not Origin.LOG or fact.outcome.value != "allowed":
            continue
        seen = replace(need, resource=fact.resource)
        rows.append(_row(seen, decide(state, trust=settings.trust), standing))
    return rows


def _listed_rows(
    needs: tuple[FunctionNeed, ...], grants: RoleGrants | None, entries: tuple[Listed, ...]
) -> list[Decision]:
    """Row 0 for entries that no need speaks of: keep and extra are granted, as a person decided."""
    rows = []
    for entry in entries:
        if entry.table == "deny" or any(n.action == entry.action and n.resource.arn == entry.resource for n in needs):
            continue
        standing = grants.standing(entry.action, entry.resource) if grants else Standing(granted=Granted.UNKNOWN)
        ruling = decide(State(code=Code.UNREAD, granted=standing.granted, listed=entry.table))
        rows.append(
            Decision(
                action=entry.action,
                resource=ResourcePattern(entry.resource, entry.resource),
                conditions=standing.conditions,
                verdict=ruling.verdict or Verdict.KEEP,
                row=0,
                basis=Basis.CONFIG,
                origin=Origin.CONFIG,
                granted=standing.granted,
                why=f"listed-{entry.table}",
                evidence=(
                    ConfigEvidence(
                        table=entry.table,
                        reason=entry.reason,
                        owner=entry.owner,
                        expires=entry.expires,
                    ),
                ),
            )
        )
    return rows


def _fits(entry: Listed, action: str, arn: str) -> bool:
    named = Glob(entry.action.lower()).matches(action.lower())
    return named and (entry.resource in ("*", arn) or Glob(entry.resource).covers(Glob(arn)))


def _is_unresolved(need: FunctionNeed) -> bool:
    return need.code is Code.ASSUMED and need.widening is not None


def _parts(standing: Standing) -> str:
    return ", ".join(sorted({resource.symbolic for resource, _ in standing.parts}))


def _place(need: FunctionNeed) -> str:
    for fact in need.facts:
        for evidence in fact.evidence:
            location = getattr(evidence, "location", None)
            if location is not None:
                return str(location)
    return ""


def _service(action: str) -> str:
    return action.partition(":")[0].lower()


@dataclass(slots=True)
class _Cell:
    """What is left of one (statement, service, access level, resource pattern), by ruling."""

    actions: list[str] = field(default_factory=list)
    patterns: dict[str, None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Leftover:
    """Rows 8 to 12: what is left of the role's grants when the needs are taken out."""

    usage: RoleUsage
    claims: list[_Claims]
    grants: RoleGrants
    maps: AccessMaps
    covered: Covered
    settings: Settings
    needed: tuple[Decision, ...]
    listed: dict[str, tuple[Listed, ...]]

    def rows(self) -> tuple[tuple[Decision, ...], StatementCounts]:
        by_action: dict[str, list[Decision]] = {}
        for decision in self.needed:
            by_action.setdefault(decision.action.lower(), []).append(decision)
        out: list[Decision] = []
        tally = {"kept": 0, "narrowed": 0, "removed": 0, "unknown": 0}
        for grant in self.grants.allows:
            rows, used = self._statement(grant, by_action)
            out.extend(rows)
            if any(row.verdict is Verdict.REVIEW for row in rows):
                tally["unknown"] += 1
            elif not rows:
                tally["kept"] += 1
            else:
                tally["narrowed" if used else "removed"] += 1
        return tuple(out), StatementCounts(total=len(self.grants.allows), **tally)

    def _statement(self, grant: GrantStatement, by_action: dict[str, list[Decision]]) -> tuple[list[Decision], bool]:
        statement = grant.statement
        whole = bool(statement.not_actions or statement.not_resources)
        resources = (ResourcePattern("*", "*"),) if statement.not_resources else grant.resources
        cells: dict[tuple[str, str, ResourcePattern, Ruling, str], _Cell] = {}
        used = False
        for pattern in self._patterns(statement):
            for action in self._expand(pattern, statement):
                wanted = by_action.get(action.lower(), ())
                for resource in resources:
                    rest, touched = _rest(wanted, resource.arn, grant.conditions)
                    used = used or touched
                    if not rest:
                        continue
                    ruling, who = self._ruling(action, resource.arn)
                    level = self.maps.access_level(action) or "Unknown"
                    key = (_service(action), level, resource, ruling, who)
                    cell = cells.setdefault(key, _Cell())
                    cell.actions.append(action)
                    cell.patterns[pattern] = None
        removed = {p for key, cell in cells.items() if key[3].verdict is Verdict.REMOVE for p in cell.patterns}
        return [self._decision(grant, key, cell, whole=whole, removed=removed) for key, cell in cells.items()], used

    def _patterns(self, statement: Statement) -> tuple[str, ...]:
        return statement.actions or ("*",)

    def _expand(self, pattern: str, statement: Statement) -> tuple[str, ...]:
        actions = self.maps.expand(pattern) or ((pattern,) if "*" not in pattern else ())
        if not statement.not_actions:
            return actions
        spared = [Glob(p.lower()) for p in statement.not_actions]
        return tuple(a for a in actions if not any(g.matches(a.lower()) for g in spared))

    def _ruling(self, action: str, arn: str) -> tuple[Ruling, str]:
        """Return the ruling that holds for every function of the role, and who holds it up."""
        for entries in self.listed.values():
            for entry in entries:
                if entry.table == "keep" and _fits(entry, action, arn):
                    listed = State(code=Code.NONE, granted=Granted.EXACT, listed="keep")
                    return decide(listed), ""
        weakest: Ruling | None = None
        covered = self.covered(action, arn) is not None
        order = {8: 0, 12: 1, 11: 2, 10: 3, 9: 4}
        for claim in self.claims:
            state = State(code=claim.code(_service(action)), covered=covered, granted=Granted.WIDER)
            ruling = decide(state, trust=self.settings.trust)
            if weakest is None or order[ruling.row] < order[weakest.row]:
                weakest = ruling
        if weakest is None or self.usage.unknown_users:
            return (
                Ruling(row=12, verdict=Verdict.REVIEW, basis=Basis.NONE, why="unknown-user"),
                ", ".join(self.usage.unknown_users),
            )
        return weakest, ""

    def _decision(
        self,
        grant: GrantStatement,
        key: tuple[str, str, ResourcePattern, Ruling, str],
        cell: _Cell,
        *,
        whole: bool,
        removed: set[str],
    ) -> Decision:
        service, level, resource, ruling, _ = key
        verdict = ruling.verdict or Verdict.REVIEW
        patterns = tuple(cell.patterns)
        kept = symbolic = None
        if verdict is not Verdict.REMOVE:
            kept, symbolic = self._kept(grant, resource, cell, whole=whole, removed=removed)
        days = self.settings.window_days if ruling.row in (9, 11) else None
        one = cell.actions[0] if len(cell.actions) == 1 else None
        return Decision(
            action=one or (patterns[0] if len(patterns) == 1 else f"{service}:*"),
            resource=resource,
            conditions=grant.conditions,
            verdict=verdict,
            row=ruling.row,
            basis=ruling.basis,
            origin=Origin.FRAMEWORK if grant.origin == "framework" else None,
            granted=Granted.WIDER,
            why=ruling.why,
            statement=grant.place,
            actions=tuple(sorted(cell.actions)[:NAMED_ACTIONS]),
            actions_count=len(cell.actions),
            access_level=level,
            window_days=days,
            kept=kept,
            kept_symbolic=symbolic,
        )

    def _kept(
        self,
        grant: GrantStatement,
        resource: ResourcePattern,
        cell: _Cell,
        *,
        whole: bool,
        removed: set[str],
    ) -> tuple[Statement, Statement | None]:
        """Return the statement that keeps the cell, as wide as today and no wider, concrete and symbolic."""
        own = grant.statement
        if whole:
            concrete = replace(
                own,
                sid=None,
                resources=tuple(r.arn for r in grant.resources) if own.resources else (),
                not_resources=tuple(r.arn for r in grant.resources) if own.not_resources else (),
                conditions=grant.conditions,
            )
            return concrete, replace(own, sid=None) if concrete != replace(own, sid=None) else None
        actions: list[str] = []
        for pattern in cell.patterns:
            if pattern in removed:
                names = set(self._expand(pattern, own))
                actions.extend(a for a in cell.actions if a in names)
            else:
                actions.append(pattern)
        made = Statement(
            effect="Allow",
            actions=tuple(dict.fromkeys(actions)),
            resources=(resource.arn,),
            conditions=grant.conditions,
        )
        twin = replace(made, resources=(resource.symbolic,), conditions=own.conditions)
        return made, twin if twin != made else None


def _rest(wanted: list[Decision] | tuple[()], arn: str, conditions: tuple[Condition, ...]) -> tuple[bool, bool]:
    """Return whether something of a granted cell is left when the needs are taken out, and whether a need lies in it."""
    touched = False
    for decision in wanted:
        if decision.verdict is Verdict.REMOVE:
            continue
        need = decision.resource.arn
        inside = arn == "*" or need == arn or (need != "*" and Glob(arn).covers(Glob(need)))
        touched = touched or inside
        covers = need == arn or (arn != "*" and need != "*" and Glob(need).covers(Glob(arn)))
        if covers and set(decision.conditions) <= set(conditions):
            return False, True
    return True, touched


def platform_rules(decision: Decision) -> tuple[str, ...]:
    """Return the names of the platform rules behind a row."""
    return tuple(e.rule for e in decision.evidence if isinstance(e, PlatformEvidence))
