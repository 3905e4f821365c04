"""How bad it is that a permission is granted, and whether a role can raise its own.

What enters are permissions, or the layers of a role, and the risk table of the access maps; what
leaves are points with reasons, and the sets of actions that are in effect together, with a request
for each of their actions. A set counts only where boundary, session policy and denies let it, on a
resource and with the service that it needs.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Protocol

from iamgen.model.condition import Condition
from iamgen.model.diff import Request
from iamgen.model.glob import Glob
from iamgen.model.policy import Policy, Statement
from iamgen.semantics.evaluate import evaluate
from iamgen.semantics.layers import Layers
from iamgen.semantics.subset import Kind, subset
from iamgen.semantics.universe import Maps, Universe, universe_of


class Tables(Protocol):
    """What is asked of the access maps."""

    def __hash__(self) -> int: ...
    def table(self, name: str) -> dict[str, Any]: ...  # noqa: D102


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionSet:
    """Actions that together let a principal gain permissions."""

    id: str
    kind: str
    actions: tuple[str, ...]
    passed_to: tuple[str, ...] = ()
    needs_any: bool = False
    """It counts only when a resource of any name is allowed."""
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskRules:
    """The risk table."""

    sets: tuple[ActionSet, ...]
    kinds: Mapping[str, tuple[tuple[str, int], ...]]
    """Folded action -> kinds with their points."""
    levels: Mapping[str, int]
    breadth: Mapping[str, int]
    alone: Mapping[str, tuple[str, ...]]
    """Folded action -> sets that it is all of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    """A set of actions that is in effect."""

    id: str
    kind: str
    actions: tuple[str, ...]
    source: str
    requests: tuple[Request, ...]
    """One allowed request for each action."""
    undecided: bool = False
    """The comparison could not tell; counted as in effect."""


@lru_cache(maxsize=4)
def rules_of(maps: Tables) -> RiskRules:
    """Return the risk table of the access maps."""
    table = maps.table("escalation")
    sets = tuple(
        ActionSet(
            id=row["id"],
            kind=row["kind"],
            actions=tuple(row["actions"]),
            passed_to=tuple(row.get("passed_to", ())),
            needs_any=row.get("breadth") == "any",
            source=row["source"],
        )
        for row in table.get("set", ())
    )
    kinds: dict[str, list[tuple[str, int]]] = {}
    for row in table.get("actions", ()):
        for action in row["actions"]:
            kinds.setdefault(action.lower(), []).append((row["kind"], row["risk"]))
    alone: dict[str, list[str]] = {}
    for each in sets:
        if len(each.actions) == 1 and not each.needs_any:
            alone.setdefault(each.actions[0].lower(), []).append(each.id)
    return RiskRules(
        sets=sets,
        kinds={action: tuple(rows) for action, rows in kinds.items()},
        levels=dict(table.get("levels", {})),
        breadth=dict(table.get("breadth", {})),
        alone={action: tuple(rows) for action, rows in alone.items()},
    )


def risk(actions: Iterable[str], level: str | None, resource: str, rules: RiskRules) -> tuple[int, tuple[str, ...]]:
    """Return 0 to 100 points of a group of permissions, and the reasons as codes.

    Codes: `level:Write`, `any-resource`, `credentials:iam:CreateAccessKey`, `escalation:iam-001`.
    """
    level = level or "Unknown"
    points = rules.levels.get(level, 30)
    reasons = [f"level:{level}"]
    if resource == "*":
        points += rules.breadth.get("any", 0)
        reasons.append("any-resource")
    elif not Glob(resource).is_literal:
        points += rules.breadth.get("pattern", 0)
    worst: dict[str, tuple[int, str]] = {}
    for action in actions:
        folded = action.lower()
        for kind, weight in rules.kinds.get(folded, ()):
            if kind not in worst:
                worst[kind] = (weight, action)
        for name in rules.alone.get(folded, ()):
            worst.setdefault("escalation", (40, name))
    for kind in sorted(worst):
        weight, name = worst[kind]
        points += weight
        reasons.append(f"{kind}:{name}")
    return min(points, 100), tuple(reasons)


def sensitivity(action: str, rules: RiskRules) -> int:
    """Return how much an action stands out in a list, to name the telling ones first."""
    folded = action.lower()
    listed = sum(weight for _, weight in rules.kinds.get(folded, ()))
    return listed + (100 if folded in rules.alone else 0)


def escalations(layers: Layers, maps: Maps) -> tuple[Escalation, ...]:
    """Return the sets of actions by which a role could gain permissions, with requests."""
    rules, universe = rules_of(maps), universe_of(maps)
    layers = replace(layers, resource_policy=None)
    found = []
    named: dict[tuple[str, tuple[str, ...], bool], Request | bool] = {}
    for each in rules.sets:
        requests: list[Request] = []
        undecided = False
        for action in each.actions:
            key = (action, each.passed_to if action == "iam:PassRole" else (), each.needs_any)
            if key not in named:
                named[key] = _allowed(layers, action, key[1], universe, needs_any=each.needs_any)
            answer = named[key]
            if answer is False:
                break
            undecided |= answer is True
            if isinstance(answer, Request):
                requests.append(answer)
        else:
            found.append(
                Escalation(
                    id=each.id,
                    kind=each.kind,
                    actions=each.actions,
                    source=each.source,
                    requests=tuple(requests),
                    undecided=undecided,
                )
            )
    return tuple(found)


def _allowed(
    layers: Layers,
    action: str,
    passed_to: tuple[str, ...],
    universe: Universe,
    *,
    needs_any: bool,
) -> Request | bool:
    """Return an allowed request of an action, False for none, True when nobody can tell."""
    if not any(_names(policy, action) for policy in layers.identity):
        return False
    if needs_any:
        request = Request(action=action, resource=_sample(action, universe))
        return request if evaluate(request, layers).is_allowed else False
    conditions: tuple[Condition, ...] = ()
    if passed_to:
        conditions = (Condition("StringEquals", "iam:PassedToService", passed_to),)
    only = Policy((Statement("Allow", (action,), resources=("*",), conditions=conditions),))
    limited = replace(layers, scps=((only,), *layers.scps))
    verdict = subset(limited, Layers(), universe)
    if verdict.kind is Kind.WITNESS and verdict.witness is not None:
        return verdict.witness
    return verdict.kind is Kind.UNKNOWN


def _names(policy: Policy, action: str) -> bool:
    folded = action.lower()
    for statement in policy.statements:
        if statement.is_allow and (
            statement.not_actions or any(Glob(pattern.lower()).matches(folded) for pattern in statement.actions)
        ):
            return True
    return False


def _sample(action: str, universe: Universe) -> str:
    """Return a resource of an action that no policy can have meant by name."""
    position = universe.position(action)
    if position is None:
        return "*"
    template = universe.signature(position)[0]
    for placeholder, value in (("Partition", "aws"), ("Region", "us-east-1")):
        template = template.replace(f"${{{placeholder}}}", value)
    template = template.replace("${Account}", "111122223333")
    while "${" in template:
        before, _, rest = template.partition("${")
        template = f"{before}some-other-name{rest.partition('}')[2]}"
    return template
