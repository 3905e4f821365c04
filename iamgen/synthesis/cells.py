"""From decisions to cells: what a policy must allow, and what it carries as it is.

A cell is one action on one resource under one set of conditions. Cells that a wider cell already
allows are free: covering them grants nothing, leaving them out loses nothing.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace

from iamgen.model.action import action_matches, is_action_pattern
from iamgen.model.condition import Condition
from iamgen.model.decision import Decision, Verdict
from iamgen.model.fact import ResourcePattern
from iamgen.model.glob import Glob
from iamgen.model.policy import Statement

NEEDED = frozenset((Verdict.KEEP, Verdict.NARROW, Verdict.ADD))
BLOCKED_ROW = 1
"""Row of the verdict table whose review rows are needed: a deny of the role stops them."""
KEPT_SID = "KeptUnknown"


@dataclass(frozen=True, slots=True)
class Cell:
    """One action on one resource under conditions."""

    action: str
    resource: ResourcePattern
    conditions: tuple[Condition, ...] = ()

    @property
    def service(self) -> str:
        """The service prefix."""
        return self.action.partition(":")[0].lower()


def is_needed(decision: Decision) -> bool:
    """Whether a row must be allowed by the policy as a cell."""
    if decision.verdict in NEEDED:
        return True
    return decision.verdict is Verdict.REVIEW and decision.row == BLOCKED_ROW and decision.kept is None


def cells_of(decisions: Iterable[Decision]) -> tuple[Cell, ...]:
    """Return the cells of the needed rows, sorted, each once."""
    found = {
        Cell(decision.action, decision.resource, canonical_conditions(decision.conditions))
        for decision in decisions
        if is_needed(decision)
    }
    return tuple(sorted(found, key=cell_key))


def cell_key(cell: Cell) -> tuple[str, list[tuple[str, str, tuple[str, ...]]], str, str, str]:
    """Return the order of cells: service, conditions, resource, action."""
    return (
        cell.service,
        [condition.sort_key for condition in cell.conditions],
        cell.resource.arn,
        cell.resource.symbolic,
        cell.action,
    )


def canonical_conditions(conditions: Iterable[Condition]) -> tuple[Condition, ...]:
    """Return conditions in an order of their own, each once."""
    return tuple(sorted(set(conditions), key=lambda condition: condition.sort_key))


def covers(wide: Cell, narrow: Cell) -> bool:
    """Whether `wide` allows all that `narrow` does, as names and as template text."""
    if wide.conditions and wide.conditions != narrow.conditions:
        return False
    if wide.action.lower() != narrow.action.lower() and not (
        is_action_pattern(wide.action) and action_matches(wide.action, narrow.action)
    ):
        return False
    if not text_covers(wide.resource.arn, narrow.resource.arn):
        return False
    return text_covers(wide.resource.symbolic, narrow.resource.symbolic)


def text_covers(wide: str, narrow: str) -> bool:
    """Whether one resource pattern covers another; policy variables count as their own text."""
    if wide == narrow:
        return True
    if "*" not in wide and "?" not in wide:
        return False
    return Glob(wide).covers(Glob(narrow))


def redundant_cells(cells: tuple[Cell, ...]) -> frozenset[Cell]:
    """Return the cells that another cell already allows."""
    by_service: dict[str, list[Cell]] = {}
    for cell in cells:
        by_service.setdefault(cell.service, []).append(cell)
    found: set[Cell] = set()
    for members in by_service.values():
        # NOTE: a cell can be wider in three ways only: by its action, its resource, its conditions.
        wide = [
            cell
            for cell in members
            if is_action_pattern(cell.action) or "*" in cell.resource.arn or "?" in cell.resource.arn
        ]
        free = {(cell.action.lower(), cell.resource): cell for cell in members if not cell.conditions}
        for cell in members:
            same = free.get((cell.action.lower(), cell.resource))
            if same is not None and same is not cell:
                found.add(cell)
                continue
            for other in wide:
                if other is not cell and other not in found and covers(other, cell):
                    found.add(cell)
                    break
    return frozenset(found)


def kept_statements(decisions: Iterable[Decision]) -> tuple[Statement, ...]:
    """Return the statements of kept unknowns, exactly as wide as today, each under its own Sid.

    Equal statements are one. The Sid is made from the content, so that it is the same in each run.
    """
    found: dict[str, Statement] = {}
    for decision in decisions:
        if decision.verdict is Verdict.REVIEW and decision.kept is not None:
            bare = replace(decision.kept, sid=None)
            found.setdefault(kept_sid(bare), replace(bare, sid=kept_sid(bare)))
    return tuple(found[sid] for sid in sorted(found))


def kept_twins(decisions: Iterable[Decision]) -> tuple[Statement, ...]:
    """Return the kept statements with template tokens, in the order and under the Sids of `kept_statements`."""
    found: dict[str, Statement] = {}
    for decision in decisions:
        if decision.verdict is Verdict.REVIEW and decision.kept is not None:
            sid = kept_sid(decision.kept)
            found.setdefault(sid, replace(decision.kept_symbolic or decision.kept, sid=sid))
    return tuple(found[sid] for sid in sorted(found))


def kept_sid(statement: Statement) -> str:
    """Return the Sid of a kept statement."""
    text = json.dumps(replace(statement, sid=None).to_document(), sort_keys=True)
    return f"{KEPT_SID}{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def distinct_sids(statements: Iterable[Statement]) -> tuple[Statement, ...]:
    """Return the statements with a number behind each Sid that stood before.

    AWS refuses a policy in which one Sid stands twice.
    """
    seen: set[str] = set()
    result: list[Statement] = []
    for statement in statements:
        sid = statement.sid
        if sid is not None:
            count = 1
            while sid in seen:
                count += 1
                sid = f"{statement.sid}{count}"
            seen.add(sid)
        result.append(statement if sid == statement.sid else replace(statement, sid=sid))
    return tuple(result)
