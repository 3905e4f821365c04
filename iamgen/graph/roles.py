"""Who shares which role, what sharing costs, and how to split.

An answer goes in; out goes one entry per role with what each function gains from its neighbours,
functions clustered by what they need, a plan of new roles for the pattern asked for, and roles of
one environment that reach resources of another.
"""

import re
from collections.abc import Mapping
from typing import Any

from iamgen.graph.build import needs, role_name
from iamgen.model.explain import Crossing, Move, RolesReport, RoleUse, SharingCost
from iamgen.model.result import Suggestion, SuggestResult

ALIKE = 0.5
"""Share of equal needs (Jaccard) from which two functions count as related."""
ENVIRONMENTS: dict[str, str] = {
    "dev": "dev",
    "develop": "dev",
    "development": "dev",
    "sandbox": "dev",
    "test": "test",
    "testing": "test",
    "qa": "test",
    "uat": "test",
    "stage": "stage",
    "staging": "stage",
    "preprod": "stage",
    "prod": "prod",
    "production": "prod",
    "live": "prod",
}
"""Words by which names tell an environment."""
PATCHED_KINDS = frozenset(("sam", "cloudformation"))
Permission = tuple[str, str]


def roles(
    result: SuggestResult, pattern: str, escalations: Mapping[str, Any] | None = None
) -> RolesReport:
    """Return the report on the roles of an answer.

    `pattern` is function, service or environment; `escalations` the table of that name.
    """
    groups: dict[tuple[str | None, str], list[Suggestion]] = {}
    for suggestion in result.functions:
        key = (suggestion.function.template, role_name(suggestion))
        groups.setdefault(key, []).append(suggestion)
    uses = tuple(_use(name, members, escalations or {}) for (_, name), members in groups.items())
    clusters = cluster(result.functions)
    return RolesReport(
        pattern=pattern,
        roles=uses,
        clusters=tuple(tuple(one.function.id for one in group) for group in clusters),
        plan=tuple(_plan(groups, pattern)),
        crossings=tuple(_crossings(result)),
        environments=tuple(_environments(result)),
    )


def permissions_of(suggestion: Suggestion) -> frozenset[Permission]:
    """Return (action, resource) of what a function itself needs."""
    return frozenset((row.action, row.resource.symbolic) for row in needs(suggestion))


def _use(name: str, members: list[Suggestion], escalations: Mapping[str, Any]) -> RoleUse:
    own = {member.function.id: permissions_of(member) for member in members}
    union = frozenset().union(*own.values()) if own else frozenset()
    costs = []
    for member in members:
        mine = own[member.function.id]
        gained = union - mine
        actions = {action for action, _ in mine}
        resources = {resource for _, resource in mine}
        costs.append(
            SharingCost(
                function=member.function.id,
                own=len(mine),
                extra_actions=tuple(sorted({a for a, _ in gained} - actions)),
                extra_resources=tuple(sorted({r for _, r in gained} - resources)),
                extra_permissions=len(gained),
                extra_escalation=_sets(escalations, {a for a, _ in union}, actions),
            )
        )
    return RoleUse(
        role=name,
        functions=tuple(member.function.id for member in members),
        unknown_users=tuple(sorted({u for m in members for u in m.role.unknown_users})),
        permissions=len(union),
        costs=tuple(costs),
        location=members[0].role.location,
    )


def _sets(table: Mapping[str, Any], union: set[str], own: set[str]) -> tuple[str, ...]:
    """Return the escalation sets that the union completes and the function's own needs do not."""
    whole = {action.lower() for action in union}
    mine = {action.lower() for action in own}
    found = []
    for entry in table.get("set", ()):
        wanted = {str(action).lower() for action in entry["actions"]}
        if wanted <= whole and not wanted <= mine:
            found.append(str(entry["id"]))
    return tuple(sorted(found))


def likeness(left: frozenset[Permission], right: frozenset[Permission]) -> float:
    """Return the share of needs that two functions have in common, 0 to 1 (Jaccard)."""
    if not left or not right:
        return 0.0
    return len(left & right) / len(left | right)


def cluster(functions: tuple[Suggestion, ...]) -> list[list[Suggestion]]:
    """Return functions grouped by what they need: each is alike to some other of its group."""
    import networkx as nx

    graph: nx.Graph[int] = nx.Graph()
    graph.add_nodes_from(range(len(functions)))
    needed = [_comparable(one) for one in functions]
    for left in range(len(functions)):
        for right in range(left + 1, len(functions)):
            if likeness(needed[left], needed[right]) >= ALIKE:
                graph.add_edge(left, right)
    groups = [
        [functions[index] for index in sorted(part)] for part in nx.connected_components(graph)
    ]
    return sorted(groups, key=lambda group: (-len(group), group[0].function.id))


def _comparable(suggestion: Suggestion) -> frozenset[Permission]:
    """Needs without what every function has: its own log group and name."""
    own = {suggestion.function.id, suggestion.function.logical_id, suggestion.function.name}
    return frozenset(
        (action, resource)
        for action, resource in permissions_of(suggestion)
        if not any(name and name in resource for name in own)
    )


def environment_of(*names: str | None) -> str | None:
    """Return the environment that a name tells, None when it tells none or several."""
    found = {
        ENVIRONMENTS[word]
        for name in names
        if name
        for word in re.split(r"[^a-z0-9]+", name.lower())
        if word in ENVIRONMENTS
    }
    return found.pop() if len(found) == 1 else None


def _plan(groups: Mapping[tuple[str | None, str], list[Suggestion]], pattern: str) -> list[Move]:
    """Return the new roles of the pattern, for the roles that it would split."""
    moves: list[Move] = []
    for (template, name), members in groups.items():
        if len(members) < 2:
            continue
        parts = _parts(members, pattern)
        if len(parts) < 2:
            continue
        for part in parts:
            union = frozenset().union(*(permissions_of(member) for member in part))
            first = part[0]
            moves.append(
                Move(
                    role=f"{first.function.logical_id or first.function.id}Role",
                    functions=tuple(member.function.id for member in part),
                    from_role=name,
                    template=template,
                    permissions=len(union),
                    patch=len(part) == 1 and first.template_kind in PATCHED_KINDS,
                )
            )
    return moves


def _parts(members: list[Suggestion], pattern: str) -> list[list[Suggestion]]:
    if pattern == "service":
        return cluster(tuple(members))
    if pattern == "environment":
        by_name: dict[str | None, list[Suggestion]] = {}
        for member in members:
            known = environment_of(member.function.name, member.function.arn)
            by_name.setdefault(known, []).append(member)
        return list(by_name.values())
    return [[member] for member in members]


def _crossings(result: SuggestResult) -> list[Crossing]:
    found: list[Crossing] = []
    for suggestion in result.functions:
        own = environment_of(suggestion.function.name, suggestion.role.name)
        if own is None:
            continue
        for row in suggestion.permissions:
            other = environment_of(row.resource.arn.split(":", 5)[-1])
            if other is not None and other != own:
                found.append(
                    Crossing(
                        function=suggestion.function.id,
                        environment=own,
                        other=other,
                        action=row.action,
                        resource=row.resource.arn,
                    )
                )
    return list(dict.fromkeys(found))


def _environments(result: SuggestResult) -> list[tuple[str, tuple[str, ...]]]:
    """Return functions that are deployed under one name to several environments."""
    found: dict[str, list[str]] = {}
    for suggestion in result.functions:
        name = suggestion.function.name
        environment = environment_of(name)
        if environment is None:
            continue
        words = [
            word for word in re.split(r"[^A-Za-z0-9]+", name) if word.lower() not in ENVIRONMENTS
        ]
        found.setdefault("-".join(words), []).append(environment)
    return [
        (name, tuple(sorted(set(environments))))
        for name, environments in sorted(found.items())
        if len(set(environments)) > 1
    ]
