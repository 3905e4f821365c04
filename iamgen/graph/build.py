"""The use graph: function, call site, operation, action, resource, role, policy, boundary.

An answer goes in, a networkx graph comes out. Nodes are pairs (kind, name); an edge carries what
it rests on: the decision, the evidence, or the number of a statement. `explain` walks it, `roles`
groups it.
"""

from collections.abc import Iterator

import networkx as nx

from iamgen.model.action import action_matches
from iamgen.model.decision import Decision, Verdict
from iamgen.model.fact import (
    CodeEvidence,
    ConfigEvidence,
    Evidence,
    LastAccessedEvidence,
    LogEvidence,
    PlatformEvidence,
    TemplateEvidence,
)
from iamgen.model.glob import Glob
from iamgen.model.policy import Policy, Statement
from iamgen.model.result import Suggestion, SuggestResult

Node = tuple[str, str]
ALL = 1_000
"""Paths of one permission at most."""


def build(result: SuggestResult) -> "nx.MultiDiGraph[Node]":
    """Return the graph of an answer; nodes and edges come in the order of the answer."""
    graph: nx.MultiDiGraph[Node] = nx.MultiDiGraph()
    for suggestion in result.functions:
        _add(graph, suggestion)
    return graph


def function_node(suggestion: Suggestion) -> Node:
    """Return the node of a function."""
    return ("function", suggestion.function.id)


def role_name(suggestion: Suggestion) -> str:
    """Return how the role of a function is called, the framework's own role by its function."""
    role = suggestion.role
    return role.key or role.name or role.arn or f"role of {suggestion.function.id}"


def needs(suggestion: Suggestion) -> tuple[Decision, ...]:
    """Return the rows that the function itself needs."""
    return tuple(row for row in suggestion.permissions if is_need(row))


def is_need(row: Decision) -> bool:
    """Whether a row is needed; a row that a deny stops today is."""
    if row.verdict in (Verdict.KEEP, Verdict.NARROW, Verdict.ADD):
        return True
    return row.verdict is Verdict.REVIEW and row.row == 1


def _add(graph: "nx.MultiDiGraph[Node]", suggestion: Suggestion) -> None:
    function = function_node(suggestion)
    role: Node = ("role", role_name(suggestion))
    graph.add_node(function, suggestion=suggestion)
    graph.add_node(role, location=suggestion.role.location)
    graph.add_edge(function, role, kind="assumes")
    policy = suggestion.role_policy or suggestion.policy
    if policy is not None:
        graph.add_edge(role, ("policy", role[1]), kind="carries")
    if suggestion.boundary is not None:
        graph.add_edge(role, ("boundary", role[1]), kind="limited by")
    for row in suggestion.permissions:
        action: Node = ("action", row.action)
        resource: Node = ("resource", row.resource.symbolic)
        graph.add_edge(action, resource, kind="on", decision=row, function=function[1])
        if policy is not None and is_need(row):
            number = statement_for(policy, row.action, row.resource.arn)
            graph.add_edge(("policy", role[1]), action, kind="allows", statement=number)
        for evidence in row.evidence:
            _lead(graph, function, action, row, evidence)


def _lead(
    graph: "nx.MultiDiGraph[Node]",
    function: Node,
    action: Node,
    row: Decision,
    evidence: Evidence,
) -> None:
    """Add the way by which evidence leads from the function to the action."""
    match evidence:
        case CodeEvidence():
            site: Node = ("call", str(evidence.location))
            operation: Node = ("operation", f"{evidence.service}:{evidence.operation}")
            graph.add_edge(function, site, kind="calls", evidence=evidence)
            graph.add_edge(site, operation, kind="is", evidence=evidence)
            graph.add_edge(operation, action, kind="needs", evidence=evidence, decision=row)
        case LogEvidence():
            event: Node = ("event", f"{evidence.event} {evidence.resource}")
            graph.add_edge(function, event, kind="logged", evidence=evidence)
            graph.add_edge(event, action, kind="shows", evidence=evidence, decision=row)
        case PlatformEvidence():
            rule: Node = ("rule", evidence.rule)
            graph.add_edge(function, rule, kind="falls under", evidence=evidence)
            graph.add_edge(rule, action, kind="needs", evidence=evidence, decision=row)
        case ConfigEvidence():
            entry: Node = ("entry", f"{evidence.table}: {evidence.reason}")
            graph.add_edge(function, entry, kind="listed", evidence=evidence)
            graph.add_edge(entry, action, kind="asks for", evidence=evidence, decision=row)
        case TemplateEvidence():
            spot: Node = ("template", str(evidence.location))
            graph.add_edge(function, spot, kind="states", evidence=evidence)
            graph.add_edge(spot, action, kind="names", evidence=evidence, decision=row)
        case LastAccessedEvidence():
            seen: Node = ("last accessed", evidence.last or "never")
            graph.add_edge(function, seen, kind="accessed", evidence=evidence)
            graph.add_edge(seen, action, kind="shows", evidence=evidence, decision=row)


def paths_to(
    graph: "nx.MultiDiGraph[Node]", function: Node, row: Decision
) -> Iterator[tuple[Node, ...]]:
    """Yield the ways from a function over its evidence to the action and resource of a row."""
    action: Node = ("action", row.action)
    resource: Node = ("resource", row.resource.symbolic)
    if function not in graph or action not in graph:
        return
    ways: set[tuple[Node, ...]] = set()
    for before, _, data in graph.in_edges(action, data=True):
        if data.get("decision") != row:
            continue
        evidence = data["evidence"]
        if before[0] == "operation":
            site: Node = ("call", str(evidence.location))
            if graph.has_edge(function, site):
                ways.add((function, site, before, action, resource))
        elif graph.has_edge(function, before):
            ways.add((function, before, action, resource))
    yield from sorted(ways)[:ALL]


def statement_for(policy: Policy, action: str, resource: str) -> int | None:
    """Return the number of the first allow statement for an action and resource pattern."""
    for number, statement in enumerate(policy.statements):
        if allows(statement, action, resource):
            return number
    return None


def allows(statement: Statement, action: str, resource: str) -> bool:
    """Whether an allow statement lists an action and a resource pattern that covers this one."""
    if not statement.is_allow:
        return False
    if statement.not_actions:
        named = not any(action_matches(item, action) for item in statement.not_actions)
    else:
        named = any(action_matches(item, action) for item in statement.actions)
    if not named:
        return False
    if statement.not_resources:
        return not any(Glob(item).overlaps(Glob(resource)) for item in statement.not_resources)
    return any(
        item == resource or Glob(item).covers(Glob(resource)) for item in statement.resources
    )
