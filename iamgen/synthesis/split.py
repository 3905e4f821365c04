"""A policy cut for deployment: inline where it fits, else managed policies, whole statements first.

Nothing is widened or lost: the union of the parts is the policy. A statement too long for one
policy is cut by its resources, then by its actions.
Source of the limits: IAM User Guide, "IAM and AWS STS quotas" (checked 2026-11).
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

from iamgen.model.policy import Policy, Statement
from iamgen.model.usage import DeployedPolicy

INLINE_LIMIT = 10_240
"""All inline policies of a role together."""
MANAGED_LIMIT = 6_144
MANAGED_PER_ROLE = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What the role can still take besides what stays on it."""

    inline_chars: int = INLINE_LIMIT
    managed: int = MANAGED_PER_ROLE


def statement_chars(statement: Statement) -> int:
    """Return the characters of a statement as AWS counts them."""
    return len(json.dumps(statement.to_document(), separators=(",", ":"), ensure_ascii=False))


def split(policy: Policy, name: str, room: Room) -> tuple[DeployedPolicy, ...] | None:
    """Return the policy cut for deployment, or None when the role cannot take it."""
    if policy.size_chars <= room.inline_chars:
        return (_deployed(name, "inline", policy.statements, policy, INLINE_LIMIT),)
    frame = replace(policy, statements=()).size_chars
    pieces = [piece for statement in policy.statements for piece in cut(statement, MANAGED_LIMIT - frame)]
    if any(statement_chars(piece) > MANAGED_LIMIT - frame for piece in pieces):
        return None
    bins = _pack(pieces, frame, room.managed, MANAGED_LIMIT, 0)
    if bins is None:
        bins = _pack(pieces, frame, room.managed, MANAGED_LIMIT, room.inline_chars)
        if bins is None:
            return None
    result: list[DeployedPolicy] = []
    for index, (kind, members) in enumerate(bins, start=1):
        ordered = tuple(pieces[at] for at in sorted(members))
        limit = INLINE_LIMIT if kind == "inline" else MANAGED_LIMIT
        result.append(_deployed(f"{name}-{index}", kind, ordered, policy, limit))
    return tuple(result)


def cut(statement: Statement, limit: int) -> Iterator[Statement]:
    """Yield the statement in parts of at most `limit` characters, by resources, then by actions.

    A part that cannot be cut further is yielded as it is, even when it is longer. Only lists of
    what is allowed or denied are cut: parts of a negated list would mean something else.
    """
    if statement_chars(statement) <= limit:
        yield statement
        return
    if len(statement.resources) > 1:
        half = len(statement.resources) // 2
        parts = [
            replace(statement, resources=statement.resources[:half]),
            replace(statement, resources=statement.resources[half:]),
        ]
    elif len(statement.actions) > 1:
        half = len(statement.actions) // 2
        parts = [
            replace(statement, actions=statement.actions[:half]),
            replace(statement, actions=statement.actions[half:]),
        ]
    else:
        yield statement
        return
    for part in parts:
        yield from cut(part, limit)


def _pack(
    pieces: list[Statement], frame: int, managed: int, limit: int, inline: int
) -> list[tuple[str, list[int]]] | None:
    """First fit, longest first, into managed policies and, where `inline` is given, one inline."""
    sizes = [statement_chars(piece) + 1 for piece in pieces]
    bins: list[tuple[str, int, list[int]]] = []
    if inline > frame:
        bins.append(("inline", inline - frame + 1, []))
    for index in sorted(range(len(pieces)), key=lambda at: (-sizes[at], at)):
        for at, (kind, left, members) in enumerate(bins):
            if sizes[index] <= left:
                bins[at] = (kind, left - sizes[index], [*members, index])
                break
        else:
            if sum(1 for kind, _, _ in bins if kind == "managed") >= managed:
                return None
            bins.append(("managed", limit - frame + 1 - sizes[index], [index]))
    return [(kind, members) for kind, _, members in bins if members]


def _deployed(name: str, kind: str, statements: tuple[Statement, ...], policy: Policy, limit: int) -> DeployedPolicy:
    from iamgen.synthesis.cells import distinct_sids

    document = replace(policy, statements=distinct_sids(statements))
    return DeployedPolicy(
        name=name,
        attach=kind,
        document=document,
        size_chars=document.size_chars,
        limit_chars=limit,
    )
