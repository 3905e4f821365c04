"""Why a permission is there, and what a refused call needs.

An answer goes in with an action (or the text of a refusal); out goes every permission that fits,
each with the ways through the graph that lead to it, and for a refusal the missing grant and the
place where it would go. Nothing is decided here: verdicts are the decision's.
"""

from iamgen.graph.build import (
    allows,
    build,
    function_node,
    is_need,
    paths_to,
    role_name,
    statement_for,
)
from iamgen.graph.denied import parse_denied
from iamgen.model.action import action_matches
from iamgen.model.decision import Decision
from iamgen.model.explain import DeniedMessage, Explanation, MissingGrant, Reason
from iamgen.model.glob import Glob
from iamgen.model.observation import Gap
from iamgen.model.policy import Policy
from iamgen.model.result import Suggestion, SuggestResult

TARGETS = {"identity": "role", "unknown": "role"}


def explain(result: SuggestResult, action: str, resource: str | None = None) -> Explanation:
    """Return why an action (or a pattern of actions) is in the answer; both directions match."""
    graph = build(result)
    reasons: list[Reason] = []
    gaps: list[Gap] = []
    for suggestion in result.functions:
        policy = suggestion.role_policy or suggestion.policy
        for row in suggestion.permissions:
            if not _fits(row, action, resource):
                continue
            number = (
                statement_for(policy, row.action, row.resource.arn)
                if policy is not None and is_need(row)
                else None
            )
            ways = paths_to(graph, function_node(suggestion), row)
            reasons.append(
                Reason(
                    function=suggestion.function.id,
                    role=role_name(suggestion),
                    decision=row,
                    statement=number,
                    place=suggestion.role.location or suggestion.location,
                    paths=tuple(tuple(f"{kind} {name}" for kind, name in way) for way in ways),
                )
            )
        gaps += _hiding(suggestion, action)
    return Explanation(query=action, reasons=tuple(reasons), gaps=tuple(dict.fromkeys(gaps)))


def explain_denied(result: SuggestResult, text: str) -> Explanation:
    """Return what a refused call needs; functions are told apart by role and session."""
    denied = parse_denied(text)
    if denied.action is None:
        return Explanation(query=text, denied=denied)
    callers = _callers(result, denied)
    found = explain(
        SuggestResult(
            as_of=result.as_of,
            sources=result.sources,
            gaps=result.gaps,
            ledger=result.ledger,
            functions=callers,
        ),
        denied.action,
        denied.resource,
    )
    missing = tuple(_missing(suggestion, denied) for suggestion in callers)
    if not missing:
        missing = (
            MissingGrant(
                function=None,
                action=denied.action,
                resource=denied.resource,
                target=TARGETS.get(denied.layer, denied.layer),
                explicit=denied.explicit,
            ),
        )
    return Explanation(
        query=denied.action,
        reasons=found.reasons,
        denied=denied,
        missing=missing,
        gaps=found.gaps,
    )


def _fits(row: Decision, action: str, resource: str | None) -> bool:
    named = (row.action, *row.actions)
    if not any(action_matches(action, one) or action_matches(one, action) for one in named):
        return False
    if resource is None or resource == "*":
        return True
    glob = Glob(row.resource.arn)
    return glob.overlaps(Glob(resource)) or row.resource.symbolic == resource


def _hiding(suggestion: Suggestion, action: str) -> list[Gap]:
    service = action.partition(":")[0].lower()
    return [
        gap
        for gap in suggestion.gaps
        if gap.services is None or service in gap.services or "*" in gap.services
    ]


def _callers(result: SuggestResult, denied: DeniedMessage) -> tuple[Suggestion, ...]:
    """Return the functions that the principal of a message can be, all when it names none."""
    if denied.principal is None or ":assumed-role/" not in denied.principal:
        return result.functions
    parts = denied.principal.split("/")
    role, session = parts[1], parts[-1]
    by_session = tuple(
        one
        for one in result.functions
        if session in (one.function.name, one.function.id)
        or _made_for(session, one.function.logical_id)
    )
    if by_session:
        return by_session
    return tuple(
        one
        for one in result.functions
        if role in (one.role.name, one.role.key, (one.role.arn or "").rpartition("/")[2])
        or _made_for(role, one.role.key)
    )


def _made_for(name: str, logical_id: str | None) -> bool:
    """Whether a name is one that CloudFormation makes for a logical id."""
    return logical_id is not None and f"-{logical_id}-" in f"-{name}-"


def _missing(suggestion: Suggestion, denied: DeniedMessage) -> MissingGrant:
    assert denied.action is not None  # noqa: S101  INVARIANT: the caller asked
    resource = denied.resource or "*"
    today = None
    if suggestion.current_role is not None:
        known = [policy.policy for policy in suggestion.current_role.policies]
        today = any(_allowed(policy, denied.action, resource) for policy in known)
        if not today and (None in known or denied.resource is None):
            today = None
    policy = suggestion.role_policy or suggestion.policy
    return MissingGrant(
        function=suggestion.function.id,
        action=denied.action,
        resource=denied.resource,
        target=TARGETS.get(denied.layer, denied.layer),
        explicit=denied.explicit,
        place=suggestion.role.location or suggestion.location,
        suggested=_allowed(policy, denied.action, resource),
        granted_today=today,
        in_boundary=None
        if suggestion.boundary is None
        else _allowed(suggestion.boundary, denied.action, resource),
    )


def _allowed(policy: Policy | None, action: str, resource: str) -> bool:
    return policy is not None and any(
        allows(statement, action, resource) for statement in policy.statements
    )
