"""Differences in meaning, and proofs."""

from dataclasses import dataclass
from enum import StrEnum

from iamgen.model.condition import Condition


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One concrete request: what the evaluator decides on, and what a witness is."""

    action: str
    resource: str
    context: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Condition key -> values, sorted by key; a key that is not there is absent."""
    principal: str | None = None
    account: str | None = None


class Level(StrEnum):
    """AWS's access levels."""

    LIST = "List"
    READ = "Read"
    TAGGING = "Tagging"
    WRITE = "Write"
    PERMISSIONS = "Permissions management"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A maximal group of permissions that one side has and the other lacks."""

    actions: tuple[str, ...]
    actions_count: int
    resource: str
    conditions: tuple[Condition, ...] = ()
    access_level: str | None = None
    risk: int = 0
    """0 to 100."""
    risk_reasons: tuple[str, ...] = ()
    witness: Request | None = None
    reason: str | None = None
    """Why it could not be decided, for rows of `undecided`."""
    direction: str | None = None
    """`missing` or `excess`, for rows of `undecided`: which list it might belong to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleDiff:
    """Current against suggested, decided on meaning."""

    missing: tuple[Grant, ...] = ()
    """Allowed by the suggestion, not today."""
    excess: tuple[Grant, ...] = ()
    """Allowed today, not by the suggestion."""
    undecided: tuple[Grant, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One field of `proof`: holds, does not hold, or not computed (with the reason)."""

    holds: bool | None
    reason: str | None = None
    witness: Request | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What is proved of a suggestion."""

    sound: Claim
    no_new_access: Claim
    within_boundary: Claim
    minimal: str | None
    """`optimal` or `gap`, of the needed part."""
    minimal_reason: str | None
    kept_chars: int
    necessary: Claim | None = None
    escalation: Claim | None = None
