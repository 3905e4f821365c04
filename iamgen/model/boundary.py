"""What `boundary` answers."""

from dataclasses import dataclass

from iamgen.model.fact import Widening
from iamgen.model.policy import Policy
from iamgen.model.result import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupBoundary:
    """The boundary of one function, service or environment."""

    name: str
    functions: tuple[str, ...]
    policy: Policy | None
    """None when it is over the limit; then a finding names the split."""
    size_chars: int
    findings: tuple[Finding, ...] = ()
    widenings: tuple[Widening, ...] = ()
    without: tuple[str, ...] = ()
    """Functions whose role has no boundary today."""
    wider: tuple[tuple[str, str, str], ...] = ()
    """(function, action, resource): what this boundary allows and the one of today does not; the
    action is "" where that could not be decided."""
    blocked: tuple[tuple[str, str, str], ...] = ()
    """(function, action, resource): what is needed and the boundary of today stops."""
    outside: tuple[str, ...] = ()
    """Functions whose suggested policy is not proved to lie inside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundaryReport:
    """The boundaries of a run, per group."""

    pattern: str
    headroom: str
    groups: tuple[GroupBoundary, ...]
    insufficient: tuple[str, ...] = ()
