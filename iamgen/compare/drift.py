"""Differences over time: the score of a role with its terms, and what changed between two snapshots.

Enters: snapshots (values), the weights of access_maps/score.toml, and a comparison of policies. Leaves: changes in a
fixed order, and whether the later one is worse. No clock: a later `as_of` with the same roles changes nothing.
"""

from collections.abc import Callable, Mapping
from typing import Any

from iamgen.model.diff import Grant
from iamgen.model.drift import DriftChange, RoleDrift, ScoreTerm, Snapshot, TrendPoint
from iamgen.model.policy import Policy

Compare = Callable[[tuple[Policy, ...], tuple[Policy, ...]], tuple[tuple[Grant, ...], tuple[Grant, ...]]]
"""(before, after) -> what is gained, what is lost."""


def score(
    unused: Mapping[str, int],
    *,
    wide_resources: int,
    wildcards: int,
    escalations: int,
    has_boundary: bool,
    gained_by_sharing: int,
    table: Mapping[str, Any],
) -> tuple[float, tuple[ScoreTerm, ...]]:
    """Return the score of a role, 0 to 100, and its terms; `unused` counts actions by access level."""
    levels = table["levels"]
    weighted = sum(levels.get(level, levels["Unknown"]) * count for level, count in unused.items())
    counts = {
        "unused": (sum(unused.values()), weighted),
        "resources": (wide_resources, wide_resources),
        "wildcards": (wildcards, wildcards),
        "escalation": (escalations, escalations),
        "boundary": (0 if has_boundary else 1, 0 if has_boundary else 1),
        "shared": (gained_by_sharing, gained_by_sharing),
    }
    terms = tuple(
        ScoreTerm(name=name, count=count, points=_points(weight, table["terms"][name]))
        for name, (count, weight) in counts.items()
    )
    return round(min(100.0, sum(term.points for term in terms)), 1), terms


def _points(weight: float, term: Mapping[str, float]) -> float:
    points: float = term["most"] * (1.0 - 0.5 ** (weight / term["at"]))
    return round(points, 2)


def compare_snapshots(before: Snapshot, after: Snapshot, compare: Compare) -> tuple[DriftChange, ...]:
    """Return what changed from one snapshot to a later one, worst first, in a fixed order."""
    old = {role.key: role for role in before.roles}
    new = {role.key: role for role in after.roles}
    changes: list[DriftChange] = []
    for key in sorted(new.keys() - old.keys()):
        role = new[key]
        changes.append(DriftChange(kind="role-added", role=key, worse=role.score > 0, detail=f"score {role.score}"))
    changes.extend(DriftChange(kind="role-removed", role=key, worse=False) for key in sorted(old.keys() - new.keys()))
    for key in sorted(old.keys() & new.keys()):
        changes.extend(_of_role(old[key], new[key], compare))
    return tuple(sorted(changes, key=lambda c: (not c.worse, c.role, c.kind, c.detail)))


def _of_role(old: RoleDrift, new: RoleDrift, compare: Compare) -> list[DriftChange]:
    key = new.key
    changes: list[DriftChange] = []
    if old.policies != new.policies:
        gained, lost = compare(old.policies, new.policies)
        if gained:
            changes.append(DriftChange(kind="gained", role=key, worse=True, detail=_words(gained), grants=gained))
        if lost:
            changes.append(DriftChange(kind="lost", role=key, worse=False, detail=_words(lost), grants=lost))
    was = {(b.function, b.action, b.resource) for b in old.broken}
    now = {(b.function, b.action, b.resource) for b in new.broken}
    changes.extend(
        DriftChange(kind="broken", role=key, worse=True, detail=f"{function}: {action} on {resource}")
        for function, action, resource in sorted(now - was)
    )
    changes.extend(
        DriftChange(kind="mended", role=key, worse=False, detail=f"{function}: {action} on {resource}")
        for function, action, resource in sorted(was - now)
    )
    changes.extend(_set(key, old.escalations, new.escalations, "escalation", "escalation-closed", worse=True))
    changes.extend(_set(key, old.functions, new.functions, "function-added", "function-removed", worse=False))
    changes.extend(_boundary(old, new))
    if new.score != old.score:
        changes.append(
            DriftChange(kind="score", role=key, worse=new.score > old.score, detail=f"{old.score} to {new.score}")
        )
    if new.last_reviewed is not None and new.last_reviewed != old.last_reviewed:
        changes.append(DriftChange(kind="reviewed", role=key, worse=False, detail=new.last_reviewed))
    return changes


def _set(
    key: str, old: tuple[str, ...], new: tuple[str, ...], added: str, removed: str, *, worse: bool
) -> list[DriftChange]:
    come = [DriftChange(kind=added, role=key, worse=worse, detail=one) for one in sorted(set(new) - set(old))]
    gone = [DriftChange(kind=removed, role=key, worse=False, detail=one) for one in sorted(set(old) - set(new))]
    return come + gone


def _boundary(old: RoleDrift, new: RoleDrift) -> list[DriftChange]:
    if old.boundary != new.boundary:
        kind = "boundary-added" if new.boundary == "present" else "boundary-removed"
        return [DriftChange(kind=kind, role=new.key, worse=kind == "boundary-removed")]
    if old.boundary_policy != new.boundary_policy:
        return [DriftChange(kind="boundary-changed", role=new.key, worse=False)]
    return []


def _words(grants: tuple[Grant, ...]) -> str:
    first = grants[0]
    action = ", ".join(first.actions[:3]) + (f" +{first.actions_count - 3}" if first.actions_count > 3 else "")
    more = f" and {len(grants) - 1} more" if len(grants) > 1 else ""
    return f"{action} on {first.resource}{more}"


def trend_point(snapshot: Snapshot) -> TrendPoint:
    """Return the sums of a snapshot; the trend is always derived, never stored."""
    roles = snapshot.roles
    return TrendPoint(
        as_of=snapshot.as_of,
        score=snapshot.score,
        roles=len(roles),
        granted=sum(r.granted for r in roles),
        used=sum(r.used for r in roles),
        unused=sum(r.unused for r in roles),
        unknown=sum(r.unknown for r in roles),
        wildcards=sum(r.wildcards for r in roles),
        escalations=sum(len(r.escalations) for r in roles),
        broken=sum(len(r.broken) for r in roles),
    )


def is_worse(before: Snapshot, after: Snapshot) -> bool:
    """Whether a snapshot is worse: a new error or warning, or a higher score. Time alone never is."""
    if after.score > before.score:
        return True
    old = {(role.key, finding) for role in before.roles for finding in role.findings}
    new = {(role.key, finding) for role in after.roles for finding in role.findings}
    return bool(new - old)
