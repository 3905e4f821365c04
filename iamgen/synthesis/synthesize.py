"""From decisions to the smallest exact policy.

In come the verdicts of one role (or of one function of it) and the denies of the role; out goes a
`Proposal`: the policy, its cut for deployment, what it costs against what it must cost at least,
and each widening, of which there is none unless the size limit forces it and the caller allows it.
Each needed row is allowed, nothing else is; unknowns and denies keep their form. It reads no maps
besides those given, and it decides no verdict.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from iamgen.access.maps import AccessMaps
from iamgen.model.condition import Condition
from iamgen.model.decision import Decision
from iamgen.model.fact import ResourcePattern
from iamgen.model.policy import Policy, Statement
from iamgen.model.usage import Cost, Proposal
from iamgen.synthesis.cells import (
    Cell,
    cell_key,
    cells_of,
    distinct_sids,
    kept_statements,
    kept_twins,
    redundant_cells,
)
from iamgen.synthesis.cover import Block, Cover, cover
from iamgen.synthesis.split import Room, split

CanTake = Callable[[str, str], bool]
"""Whether an action can name such a resource; where it cannot, covering the cell grants nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SynthesisSettings:
    """How a policy is made."""

    name: str = "iamgen"
    """Name of the deployed policy, or the beginning of their names when there are several."""
    compact: bool = False
    """Merge across services where no action can use what it gains."""
    allow_overgrant: bool = False
    exact: bool = False
    """Prove the optimum with the extra `exact`."""
    room: Room = field(default_factory=Room)


@dataclass(frozen=True, slots=True)
class Group:
    """Cells that may stand in one statement."""

    actions: tuple[str, ...]
    cells: tuple[Cell, ...]
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Piece:
    """One statement, as names and as template text."""

    statement: Statement
    symbolic: Statement
    chars: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Carried:
    """What keeps its form: denies and unknowns of the role, as names and as template text."""

    denies: tuple[Statement, ...]
    kept: tuple[Statement, ...]
    symbolic_denies: tuple[Statement, ...]
    symbolic_kept: tuple[Statement, ...]


def synthesize(
    decisions: tuple[Decision, ...],
    denies: tuple[Statement, ...] = (),
    settings: SynthesisSettings | None = None,
    *,
    maps: AccessMaps | None = None,
    symbolic_denies: tuple[Statement, ...] | None = None,
) -> Proposal:
    """Return the policy for the needed rows, the kept unknowns and the denies.

    `maps` (the access maps) are asked for resource types in compact mode and for access levels
    when widening is allowed; without them neither is done. `symbolic_denies` are the denies with template tokens, one
    for one.

    Raises:
        UsageError: `settings.exact` without the extra.
    """
    settings = settings or SynthesisSettings()
    cells = cells_of(decisions)
    carried = _Carried(
        denies=denies,
        kept=kept_statements(decisions),
        symbolic_denies=denies if symbolic_denies is None else symbolic_denies,
        symbolic_kept=kept_twins(decisions),
    )
    proposal = _propose(cells, carried, settings, maps)
    if proposal.over_limit and settings.allow_overgrant and maps is not None:
        from iamgen.synthesis.widen import widen

        for wider, steps in widen(cells, maps):
            attempt = _propose(wider, carried, settings, maps)
            if not attempt.over_limit:
                return replace(attempt, widenings=steps)
    return proposal


def policy_of(cells: Iterable[Cell]) -> Policy:
    """Return the readable policy of cells alone."""
    ordered = tuple(sorted(set(cells), key=cell_key))
    pieces, _ = _needed(ordered, SynthesisSettings(), None)
    return _policy((piece.statement for piece in pieces), (), ())


def _propose(
    cells: tuple[Cell, ...],
    carried: "_Carried",
    settings: SynthesisSettings,
    maps: AccessMaps | None,
) -> Proposal:
    denies, kept = carried.denies, carried.kept
    pieces, cost = _needed(cells, settings, maps)
    policy = _policy((piece.statement for piece in pieces), denies, kept)
    deployed = split(policy, settings.name, settings.room)
    bare = _policy((piece.statement for piece in pieces), denies, ())
    return Proposal(
        policy=policy,
        policies=deployed or (),
        widenings=(),
        cost=cost,
        kept_chars=policy.size_chars - bare.size_chars,
        over_limit=deployed is None,
        split_hint=None if deployed is not None else _split_hint(policy, settings.room),
        symbolic=_policy((piece.symbolic for piece in pieces), carried.symbolic_denies, carried.symbolic_kept),
    )


def _policy(needed: Iterable[Statement], denies: tuple[Statement, ...], kept: tuple[Statement, ...]) -> Policy:
    """Needed statements, then denies, then what is kept unknown: one block to delete."""
    ordered = dict.fromkeys([*needed, *denies, *kept])
    return Policy(distinct_sids(ordered))


def _split_hint(policy: Policy, room: Room) -> str:
    """Which split would fit: the number of managed policies, or that no number would."""
    wider = replace(room, managed=25)
    parts = split(policy, "part", wider)
    if parts is None:
        return "roles"
    return f"managed:{sum(1 for part in parts if part.attach == 'managed')}"


def _needed(cells: tuple[Cell, ...], settings: SynthesisSettings, maps: AccessMaps | None) -> tuple[list[Piece], Cost]:
    redundant = redundant_cells(cells)
    can_take: CanTake | None = None
    if settings.compact and maps is not None:
        from iamgen.synthesis.compress import resource_types

        can_take = resource_types(maps)
    pieces: list[Piece] = []
    bound = 0
    optimal = True
    for group in _groups(cells, redundant, across_services=can_take is not None):
        found, group_pieces = _cover_group(group, redundant, can_take, exact=settings.exact)
        pieces += group_pieces
        bound += found.lower_bound
        optimal = optimal and found.optimal
    unique: dict[Statement, Piece] = {}
    for piece in pieces:
        unique.setdefault(piece.statement, piece)
    if len(unique) < len(pieces):
        optimal = False
    chars = sum(piece.chars for piece in pieces)
    return pieces, Cost(chars=chars, lower_bound=min(bound, chars), optimal=optimal)


def _groups(cells: tuple[Cell, ...], redundant: frozenset[Cell], *, across_services: bool) -> list[Group]:
    """Return the cells of each (condition, service) block, in the order of the policy."""
    found: dict[tuple[str, tuple[Condition, ...]], list[Cell]] = {}
    for cell in cells:
        service = "" if across_services else cell.service
        found.setdefault((service, cell.conditions), []).append(cell)
    groups = []
    for (_, conditions), members in found.items():
        if all(cell in redundant for cell in members):
            continue
        actions = tuple(sorted({cell.action for cell in members if cell not in redundant}))
        groups.append(Group(actions, tuple(members), conditions))
    return groups


def _cover_group(
    group: Group, redundant: frozenset[Cell], can_take: CanTake | None, *, exact: bool
) -> tuple[Cover, list[Piece]]:
    block, resources = block_of(group, redundant, can_take)
    if exact:
        from iamgen.synthesis.exact import cover_exactly

        found = cover_exactly(block)
    else:
        found = cover(block)
    pieces = []
    for rows, columns in found.rectangles:
        actions = tuple(group.actions[row] for row in rows)
        chosen = sorted(resources[column] for column in columns)
        # NOTE: where two template names give one ARN, the plain statement is the shorter one and
        # the lists do not line up; the writers then use the plain ARN.
        named = tuple(sorted({resource.arn for resource in chosen}))
        if len(named) == len(chosen):
            chosen.sort(key=lambda resource: resource.arn)
        symbolic = tuple(dict.fromkeys(resource.symbolic for resource in chosen))
        statement = Statement(actions=actions, resources=named, conditions=group.conditions)
        chars = len(_dumps(statement.to_document())) + 1
        pieces.append(Piece(statement, replace(statement, resources=symbolic), chars))
    pieces.sort(key=lambda piece: (piece.statement.resources, piece.statement.actions))
    return found, pieces


def block_of(
    group: Group, redundant: frozenset[Cell], can_take: CanTake | None
) -> tuple[Block, tuple[ResourcePattern, ...]]:
    """Return the matrix of a group and the resources of its columns."""
    resources = tuple(sorted({cell.resource for cell in group.cells if cell not in redundant}))
    column_of = {resource: index for index, resource in enumerate(resources)}
    row_of = {action: index for index, action in enumerate(group.actions)}
    needed = [0] * len(group.actions)
    free = [0] * len(group.actions)
    for cell in group.cells:
        row = row_of.get(cell.action)
        column = column_of.get(cell.resource)
        if row is None or column is None:
            continue
        if cell in redundant:
            free[row] |= 1 << column
        else:
            needed[row] |= 1 << column
    if can_take is not None:
        for action, row in row_of.items():
            for resource, column in column_of.items():
                if not needed[row] >> column & 1 and not can_take(action, resource.arn):
                    free[row] |= 1 << column
    frame = Statement(actions=("",), resources=("",), conditions=group.conditions)
    block = Block(
        row_chars=tuple(len(_dumps(action)) + 1 for action in group.actions),
        column_chars=tuple(len(_dumps(resource.arn)) + 1 for resource in resources),
        needed=tuple(needed),
        free=tuple(free),
        statement_chars=len(_dumps(frame.to_document())) - 4 + 1,
    )
    return block, resources


def _dumps(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
