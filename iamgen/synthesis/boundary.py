"""The permissions boundary of a group: what its functions may ever need, and no way out of it.

In come the needs of each function of the group (a function, a service or an environment); out goes
one policy: an envelope of allows with headroom, and denies (guards) of the ways to escalate. A
guard that would deny something needed or kept is narrowed by exactly that and reported, so that
each suggested policy lies within its boundary; the caller proves it. A boundary is one managed
policy: where the group does not fit in 6,144 characters there is none, and the finding names the
split. A boundary grants nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from iamgen.access.maps import AccessMaps
from iamgen.model.action import action_globs, is_action_pattern
from iamgen.model.condition import Condition
from iamgen.model.decision import Decision
from iamgen.model.diff import Level
from iamgen.model.fact import ResourcePattern, Widening
from iamgen.model.policy import Policy, Statement
from iamgen.model.result import Finding, FindingLevel
from iamgen.synthesis.cells import (
    Cell,
    canonical_conditions,
    cells_of,
    distinct_sids,
    kept_statements,
    redundant_cells,
)
from iamgen.synthesis.compress import resource_types, shorten
from iamgen.synthesis.split import MANAGED_LIMIT
from iamgen.synthesis.synthesize import policy_of

HEADROOM = ("none", "service", "account")
GUARD_SID = "Guard"
GROWING = frozenset((Level.LIST, Level.READ))
"""Levels that headroom fills. What writes, tags or manages permissions is named one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionNeeds:
    """What one function of the group needs and keeps."""

    function: str
    decisions: tuple[Decision, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundarySettings:
    """How a boundary is made."""

    headroom: str = "service"
    """`none`: exactly the union; `service`: all List and Read actions, where one is in use, on the
    resources in use; `account`: these on all resources of the type in the account."""


def boundary(
    group: tuple[FunctionNeeds, ...],
    settings: BoundarySettings | None = None,
    maps: AccessMaps | None = None,
) -> tuple[Policy | None, tuple[Widening, ...], tuple[Finding, ...]]:
    """Return the boundary of a group, each widening in it, and what a person must know of it.

    Headroom that does not fit is left out before the group is given up. Without `maps` there is
    neither headroom nor a guard.
    """
    settings = settings or BoundarySettings()
    policy, widenings, findings = _made(group, settings, maps)
    if policy.size_chars <= MANAGED_LIMIT:
        return policy, widenings, findings
    return None, (), (*findings, _over_limit(group, policy, settings, maps))


def _made(
    group: tuple[FunctionNeeds, ...], settings: BoundarySettings, maps: AccessMaps | None
) -> tuple[Policy, tuple[Widening, ...], tuple[Finding, ...]]:
    """Return the boundary with the most headroom that fits, the shortest where none does."""
    decisions = tuple(decision for needs in group for decision in needs.decisions)
    cells = cells_of(decisions)
    kept = kept_statements(decisions)
    guards, findings = _guards(cells, kept, maps, _name(group))
    for headroom in HEADROOM[HEADROOM.index(settings.headroom) :: -1]:
        allows, widenings = _envelope(cells, headroom, maps)
        policy = Policy(distinct_sids(dict.fromkeys([*allows, *guards, *kept])))
        if policy.size_chars <= MANAGED_LIMIT:
            return policy, widenings, findings
    allows, widenings = _short_envelope(cells, maps)
    return Policy(distinct_sids(dict.fromkeys([*allows, *guards, *kept]))), widenings, findings


def _name(group: tuple[FunctionNeeds, ...]) -> str | None:
    return group[0].function if len(group) == 1 else None


def _over_limit(
    group: tuple[FunctionNeeds, ...],
    policy: Policy,
    settings: BoundarySettings,
    maps: AccessMaps | None,
) -> Finding:
    """Return the finding that names a split whose parts fit."""
    arguments = [
        ("what", "boundary"),
        ("size_chars", str(policy.size_chars)),
        ("limit_chars", str(MANAGED_LIMIT)),
    ]
    if len(group) > 1:
        parts: list[list[FunctionNeeds]] = []
        for needs in group:
            if parts and _fits((*parts[-1], needs), settings, maps):
                parts[-1].append(needs)
            else:
                parts.append([needs])
        names = " | ".join(", ".join(needs.function for needs in part) for part in parts)
        arguments.append(("split", names))
    return Finding(
        id="over-limit",
        level=FindingLevel.ERROR,
        function=_name(group),
        arguments=tuple(arguments),
    )


def _fits(group: tuple[FunctionNeeds, ...], settings: BoundarySettings, maps: AccessMaps | None) -> bool:
    return _made(group, settings, maps)[0].size_chars <= MANAGED_LIMIT


# -- the envelope --


def _envelope(
    cells: tuple[Cell, ...], headroom: str, maps: AccessMaps | None
) -> tuple[tuple[Statement, ...], tuple[Widening, ...]]:
    if headroom == "none" or maps is None:
        return policy_of(cells).statements, ()
    redundant = redundant_cells(cells)
    wider: list[Cell] = []
    widenings: list[Widening] = []
    for cell in cells:
        if cell in redundant:
            continue
        resource = _account_wide(cell.resource) if headroom == "account" else cell.resource
        if resource != cell.resource:
            widenings.append(Widening(cell.resource.arn, resource.arn, "headroom"))
        wider.append(replace(cell, resource=resource))
    return _by_level(tuple(wider), maps, widenings)


def _by_level(
    cells: tuple[Cell, ...], maps: AccessMaps, widenings: list[Widening]
) -> tuple[tuple[Statement, ...], tuple[Widening, ...]]:
    """Return statements that allow, on each resource in use, all actions of the levels in use."""
    can_take = resource_types(maps)
    guarded = _guarded(maps)
    used: dict[tuple[str, ResourcePattern, tuple[Condition, ...]], set[str]] = {}
    for cell in cells:
        used.setdefault((cell.service, cell.resource, cell.conditions), set()).add(cell.action)
    grouped: dict[tuple[tuple[Condition, ...], tuple[str, ...]], set[str]] = {}
    for (service, resource, conditions), actions in used.items():
        granted = set(actions)
        known = maps.actions(service)
        # NOTE: conditions and `*` stay exact: a condition key may not exist for other actions of
        # the service, and a level on `*` would be the whole service.
        levels: set[str | None] = set()
        if not conditions and resource.arn != "*":
            levels = {maps.access_level(action) for action in actions} & GROWING
            granted |= {
                action
                for action in known
                if maps.access_level(action) in levels and action not in guarded and can_take(action, resource.arn)
            }
        fresh = granted - actions
        plain = {action for action in granted if not is_action_pattern(action)}
        forbidden = [action for action in known if action not in granted]
        patterns = tuple(sorted({*(shorten(plain, forbidden) if fresh else plain), *(granted - plain)}))
        grouped.setdefault((conditions, patterns), set()).add(resource.arn)
        if fresh:
            before = ", ".join(sorted(actions))
            after = f"{service}: {', '.join(sorted(str(level) for level in levels))}"
            widenings.append(Widening(before, after, f"headroom on {resource.arn}"))
    statements = [
        Statement(actions=patterns, resources=tuple(sorted(resources)), conditions=conditions)
        for (conditions, patterns), resources in grouped.items()
    ]
    statements.sort(key=lambda item: (item.actions[0].partition(":")[0], item.resources))
    return tuple(statements), tuple(dict.fromkeys(widenings))


def _short_envelope(
    cells: tuple[Cell, ...], maps: AccessMaps | None
) -> tuple[tuple[Statement, ...], tuple[Widening, ...]]:
    """Return the exact envelope with action lists written as safe wildcards."""
    statements = policy_of(cells).statements
    if maps is None:
        return statements, ()
    result: list[Statement] = []
    widenings: list[Widening] = []
    for statement in statements:
        services = {action.partition(":")[0] for action in statement.actions}
        granted = set(statement.actions)
        known = {action for service in services for action in maps.actions(service)}
        patterns = shorten(granted, known - granted)
        if patterns != tuple(sorted(granted)):
            widenings.append(Widening(", ".join(sorted(granted)), ", ".join(patterns), "wildcard"))
        result.append(replace(statement, actions=patterns))
    return tuple(result), tuple(widenings)


def _account_wide(resource: ResourcePattern) -> ResourcePattern:
    """Return all resources of the type in the account; as it is where the ARN names no account."""
    fields = resource.arn.split(":", 5)
    if len(fields) < 6 or not fields[4] or fields[4] == "aws":
        return resource
    name = fields[5]
    cut = min((name.index(sign) for sign in "/:" if sign in name), default=-1)
    kind = name[: cut + 1]
    if "*" in kind or "?" in kind:
        return resource
    arn = ":".join([*fields[:5], f"{kind}*"])
    return ResourcePattern(arn, arn)


# -- the guards --


def _guarded(maps: AccessMaps) -> frozenset[str]:
    return frozenset(
        action
        for guard in maps.table("boundary").get("guard", ())
        for pattern in guard["actions"]
        for action in maps.expand(pattern) or (pattern,)
    )


def _guards(
    cells: tuple[Cell, ...],
    kept: tuple[Statement, ...],
    maps: AccessMaps | None,
    function: str | None,
) -> tuple[tuple[Statement, ...], tuple[Finding, ...]]:
    """Return the denies, narrowed by what is needed or kept, and a finding for each of those."""
    if maps is None:
        return (), ()
    whole: list[str] = []
    besides: dict[tuple[str, ...], list[str]] = {}
    conditional: dict[tuple[Condition, ...], list[str]] = {}
    findings: list[Finding] = []
    for guard in maps.table("boundary").get("guard", ()):
        for pattern in guard["actions"]:
            for action in _parts(pattern, cells, kept, maps):
                allowed = [cell for cell in cells if _overlaps(cell.action, action)]
                carried = [item for item in kept if _may_allow(item, action)]
                if not allowed and not carried:
                    whole.append(action)
                    continue
                condition = _own_condition(guard.get("condition_key"), allowed, carried)
                if condition:
                    conditional.setdefault(condition, []).append(action)
                    continue
                spared = _spared(allowed, carried)
                if spared is not None:
                    besides.setdefault(spared, []).append(action)
                findings.append(_escalation(function, guard["id"], action, spared))
    statements = []
    if whole:
        statements.append(Statement("Deny", actions=tuple(sorted(whole)), resources=("*",), sid=GUARD_SID))
    for condition, actions in conditional.items():
        statements.append(
            Statement(
                "Deny",
                actions=tuple(sorted(actions)),
                resources=("*",),
                conditions=condition,
                sid=f"{GUARD_SID}Boundary",
            )
        )
    for spared, actions in sorted(besides.items()):
        statements.append(
            Statement(
                "Deny",
                actions=tuple(sorted(actions)),
                not_resources=spared,
                sid=f"{GUARD_SID}Besides",
            )
        )
    return tuple(statements), tuple(findings)


def _parts(pattern: str, cells: tuple[Cell, ...], kept: tuple[Statement, ...], maps: AccessMaps) -> tuple[str, ...]:
    """Return the pattern itself, or the patterns it falls into around what is needed."""
    if not is_action_pattern(pattern):
        return (pattern,)
    hit = [
        action
        for action in maps.expand(pattern)
        if any(_overlaps(cell.action, action) for cell in cells) or any(_may_allow(item, action) for item in kept)
    ]
    if not hit:
        return (pattern,)
    rest = [action for action in maps.expand(pattern) if action not in hit]
    return (*shorten(rest, hit), *hit)


def _overlaps(left: str, right: str) -> bool:
    left_service, left_name = action_globs(left)
    right_service, right_name = action_globs(right)
    return left_service.overlaps(right_service) and left_name.overlaps(right_name)


def _may_allow(statement: Statement, action: str) -> bool:
    if not statement.is_allow:
        return False
    if statement.not_actions:
        return True
    return any(_overlaps(pattern, action) for pattern in statement.actions)


def _own_condition(key: str | None, allowed: list[Cell], carried: list[Statement]) -> tuple[Condition, ...]:
    """Return the guard's condition when all that is needed asks for one and the same boundary."""
    if key is None or not allowed or carried:
        return ()
    values: set[tuple[str, ...]] = set()
    for cell in allowed:
        found = [
            condition
            for condition in cell.conditions
            if condition.key.lower() == key.lower()
            and condition.name in ("StringEquals", "ArnEquals")
            and not any(sign in value for value in condition.values for sign in "*?")
        ]
        if len(found) != 1:
            return ()
        values.add(found[0].values)
    if len(values) != 1:
        return ()
    return canonical_conditions([Condition("StringNotEquals", key, values.pop())])


def _spared(allowed: Iterable[Cell], carried: Iterable[Statement]) -> tuple[str, ...] | None:
    """Return the resources that the guard must leave alone, None when it must leave all."""
    found = {cell.resource.arn for cell in allowed}
    for statement in carried:
        if statement.not_resources:
            return None
        found |= set(statement.resources)
    return None if "*" in found else tuple(sorted(found))


def _escalation(function: str | None, guard: str, action: str, spared: tuple[str, ...] | None) -> Finding:
    return Finding(
        id="escalation",
        level=FindingLevel.ERROR,
        function=function,
        action=action,
        resource="*" if spared is None else ", ".join(spared),
        arguments=(("path", f"guard {guard}"),),
    )
