"""What `explain` and `roles` answer."""

from dataclasses import dataclass

from iamgen.model.decision import Decision
from iamgen.model.observation import Gap, Location


@dataclass(frozen=True, slots=True, kw_only=True)
class DeniedMessage:
    """What the text of a refused call says."""

    action: str | None
    resource: str | None = None
    principal: str | None = None
    layer: str = "unknown"
    """identity, boundary, scp, rcp, session, resource-policy, endpoint, or unknown."""
    explicit: bool = False
    """A deny statement refused it; no grant helps."""
    encoded: bool = False
    """The reason is encrypted; only AWS can read it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One permission of one function, with all that leads to it."""

    function: str
    role: str | None
    decision: Decision
    statement: int | None
    """Number of the suggested policy's statement that allows it, from 0; None when none does."""
    place: Location | None
    """Where the template states the role or the function."""
    paths: tuple[tuple[str, ...], ...]
    """Ways through the graph from the function to the resource."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingGrant:
    """What a refused call needs, and where that would go."""

    function: str | None
    action: str
    resource: str | None
    target: str
    """role, boundary, scp, rcp, session, resource-policy, endpoint, or unknown."""
    explicit: bool
    place: Location | None = None
    suggested: bool = False
    """The suggested policy allows it already."""
    granted_today: bool | None = None
    in_boundary: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """The answer of `explain`."""

    query: str
    reasons: tuple[Reason, ...] = ()
    denied: DeniedMessage | None = None
    missing: tuple[MissingGrant, ...] = ()
    gaps: tuple[Gap, ...] = ()
    """Gaps that may hide a call of the service asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SharingCost:
    """What one function gains from its neighbours."""

    function: str
    own: int
    """Permissions (action and resource) of its own."""
    extra_actions: tuple[str, ...] = ()
    extra_resources: tuple[str, ...] = ()
    extra_permissions: int = 0
    extra_escalation: tuple[str, ...] = ()
    """Names of escalation sets that only the shared role makes complete."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleUse:
    """One role and what sharing it costs."""

    role: str
    functions: tuple[str, ...]
    unknown_users: tuple[str, ...]
    permissions: int
    costs: tuple[SharingCost, ...]
    location: Location | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One new role of a split plan."""

    role: str
    functions: tuple[str, ...]
    from_role: str | None
    template: str | None
    permissions: int
    patch: bool
    """Whether `patch --split` can write it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """A role of one environment that reaches a resource of another."""

    function: str
    environment: str
    other: str
    action: str
    resource: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RolesReport:
    """The answer of `roles`."""

    pattern: str
    roles: tuple[RoleUse, ...]
    clusters: tuple[tuple[str, ...], ...]
    """Functions by what they need, largest group first."""
    plan: tuple[Move, ...]
    crossings: tuple[Crossing, ...]
    environments: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Function -> environments it is deployed to, where there are several."""
