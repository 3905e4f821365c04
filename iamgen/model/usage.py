"""The hand-over from graph to decision to synthesis."""

from dataclasses import dataclass

from iamgen.model.decision import Decision
from iamgen.model.fact import UsageFact, Widening
from iamgen.model.function import FunctionRef, Role
from iamgen.model.observation import Coverage, Gap
from iamgen.model.policy import Policy, Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionUsage:
    """All that is known of one function's needs."""

    function: FunctionRef
    facts: tuple[UsageFact, ...]
    gaps: tuple[Gap, ...]
    code_analysed: bool
    complete_for_all: bool
    """Nothing in reach hides a call of any service."""
    incomplete_services: frozenset[str]
    """Services a gap may hide; meaningful where `complete_for_all` is false and the gap names services."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleUsage:
    """One role, the functions that use it, and what they need."""

    role: Role | None
    functions: tuple[FunctionUsage, ...]
    unknown_users: tuple[str, ...] = ()
    coverage: tuple[Coverage, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One thing a policy must allow: a cell of the synthesis matrix, or a statement carried as it is."""

    decisions: tuple[Decision, ...]
    denies: tuple[Statement, ...] = ()
    """Explicit denies of the role, kept in their form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployedPolicy:
    """One policy document cut for deployment."""

    name: str
    attach: str
    """`inline` or `managed`."""
    document: Policy
    size_chars: int
    limit_chars: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """How far the needed part is from the smallest exact policy."""

    chars: int
    lower_bound: int
    optimal: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What synthesis makes of the decisions."""

    policy: Policy
    policies: tuple[DeployedPolicy, ...]
    widenings: tuple[Widening, ...]
    cost: Cost
    kept_chars: int
    over_limit: bool = False
    split_hint: str | None = None
    """`managed:N` when N managed policies would fit, `roles` when only splitting the role would."""
    symbolic: Policy | None = None
    """`policy`, statement by statement, with template tokens in place of names."""
