"""Verdicts, and the rows they stand in."""

from dataclasses import dataclass
from enum import StrEnum

from iamgen.model.condition import Condition
from iamgen.model.fact import Certainty, Evidence, Origin, ResourcePattern
from iamgen.model.policy import Statement


class Verdict(StrEnum):
    """What happens to a permission."""

    KEEP = "keep"
    NARROW = "narrow"
    ADD = "add"
    REMOVE = "remove"
    REVIEW = "review"


class Granted(StrEnum):
    """How the role's own allow statements cover a permission today."""

    EXACT = "="
    WIDER = ">"
    PART = "<"
    NOT = "-"
    UNKNOWN = "?"
    """No current role is known."""


class Basis(StrEnum):
    """What a verdict rests on."""

    CODE_AND_LOG = "code and log"
    CODE = "code"
    LOG = "log"
    PLATFORM = "platform"
    CONFIG = "config"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One row of `permissions[]`.

    Needed permissions (keep, narrow, add) are one row per (action, resource, conditions). Rows that are not needed
    (remove, review) are one per (current statement, service, access level, resource pattern).
    """

    action: str
    """Canonical action; for remove and review the pattern as granted there."""
    resource: ResourcePattern
    conditions: tuple[Condition, ...] = ()
    verdict: Verdict
    row: int
    """Row of the verdict table that decided (design 3.3), 0 to 13."""
    basis: Basis
    certainty: Certainty | None = None
    origin: Origin | None = None
    granted: Granted = Granted.UNKNOWN
    why: str = ""
    """A key of the outputs' catalogue, never a sentence (`failing-now`, `will-break`, `works-today`)."""
    blocked_by: str | None = None
    evidence: tuple[Evidence, ...] = ()
    witness: str | None = None
    statement: str | None = None
    """Where the current statement stands, for remove and review: `policy name#index`."""
    actions: tuple[str, ...] = ()
    """Up to 50 of the actions that `action` stands for."""
    actions_count: int = 1
    access_level: str | None = None
    window_days: int | None = None
    last_used: str | None = None
    kept: Statement | None = None
    """The statement, exactly as wide as today, that keeps an unknown (verdict review), concrete."""
    kept_symbolic: Statement | None = None
    """The same with template tokens; None where it is equal to `kept`."""
