"""Current against suggested: what each allows that the other does not.

What enters are the layers of two sides and the universe of actions (or the access maps that it is
made from). What leaves are groups of permissions, each with a request that the evaluator allowed
on one side and not on the other, worst first; groups that could not be decided are kept apart.
Both lists are empty exactly when the sides are proved equivalent.
"""

from dataclasses import replace

from iamgen.compare.risk import RiskRules, risk, rules_of, sensitivity
from iamgen.model.diff import Grant, RoleDiff
from iamgen.semantics.layers import Layers
from iamgen.semantics.subset import Difference, differences
from iamgen.semantics.universe import Maps, Universe, universe_of

MAX_NAMED = 50
"""Actions that a group names; `actions_count` has their number always."""

_NO_RULES = RiskRules(sets=(), kinds={}, levels={}, breadth={}, alone={})


def diff(
    current: Layers,
    suggested: Layers,
    universe: Universe | Maps,
    *,
    rules: RiskRules | None = None,
    typed: bool = True,
) -> RoleDiff:
    """Return the difference of two sides in both directions.

    `typed` keeps to requests that AWS can make (the resource has a form of the action);
    without it a difference on any resource counts.
    """
    known = universe if isinstance(universe, Universe) else universe_of(universe)
    if rules is None:
        rules = _NO_RULES if isinstance(universe, Universe) else rules_of(universe)
    missing, open_missing = _groups(suggested, current, known, rules, typed=typed)
    excess, open_excess = _groups(current, suggested, known, rules, typed=typed)
    undecided = [(row, "missing") for row in open_missing]
    undecided += [(row, "excess") for row in open_excess]
    return RoleDiff(
        missing=tuple(missing),
        excess=tuple(excess),
        undecided=tuple(replace(row, direction=direction) for row, direction in undecided),
    )


def verdict_of(difference: RoleDiff) -> str:
    """Return how suggested stands to current, in one word of `PolicyDiff.verdict`."""
    if difference.undecided:
        return "undecided"
    if not difference.missing:
        return "subset" if difference.excess else "equivalent"
    return "different" if difference.excess else "superset"


def _groups(
    left: Layers, right: Layers, universe: Universe, rules: RiskRules, *, typed: bool
) -> tuple[list[Grant], list[Grant]]:
    decided: list[Grant] = []
    undecided: list[Grant] = []
    for row in differences(left, right, universe, typed=typed):
        grant = _grant(row, rules)
        (decided if grant.witness is not None else undecided).append(grant)
    return sorted(decided, key=_order), sorted(undecided, key=_order)


def _order(grant: Grant) -> tuple[int, str, tuple[str, ...], str]:
    return -grant.risk, grant.resource, grant.actions, grant.access_level or ""


def _grant(row: Difference, rules: RiskRules) -> Grant:
    points, reasons = risk(row.actions, row.level, row.resource, rules)
    named = row.actions
    if len(named) > MAX_NAMED:
        telling = sorted(named, key=lambda action: (-sensitivity(action, rules), action))
        named = tuple(telling[:MAX_NAMED])
        shown = row.witness.action if row.witness is not None else named[0]
        if shown not in named:
            named = (shown, *named[: MAX_NAMED - 1])
    return Grant(
        actions=named,
        actions_count=len(row.actions),
        resource=row.resource,
        conditions=row.conditions,
        access_level=row.level,
        risk=points,
        risk_reasons=reasons,
        witness=row.witness,
        reason=row.reason,
    )
