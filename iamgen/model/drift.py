"""What `drift` answers: how far each role is from what it needs, how that changed, and what nobody can know yet."""

from dataclasses import dataclass

from iamgen.model.diff import Grant
from iamgen.model.policy import Policy
from iamgen.model.result import Finding, Status

DRIFT_SCHEMA_VERSION = "1.0"


@dataclass(frozen=True, slots=True, order=True, kw_only=True)
class Broken:
    """A permission that is needed and refused or not granted."""

    function: str
    action: str
    resource: str
    count: int = 0
    """Refused calls in the log."""
    last: str | None = None
    reason: str = ""
    """`failing-now`, `will-break` or `blocked`."""


@dataclass(frozen=True, slots=True, order=True, kw_only=True)
class ScoreTerm:
    """One term of the score: what was counted, and what it adds."""

    name: str
    count: int
    points: float


@dataclass(frozen=True, slots=True, order=True, kw_only=True)
class AgeBucket:
    """Granted actions by the age of their last use in days; `never` and `unknown` beside them."""

    name: str
    """`30`, `90`, `180`, `400`, `older`, `never`, `unknown`."""
    actions: int


@dataclass(frozen=True, slots=True, order=True, kw_only=True)
class ServiceUse:
    """One cell of the heat map: a service of a role."""

    service: str
    granted: int
    used: int
    unused: int
    unknown: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """A sign-off: a person looked at the role."""

    role: str
    by: str
    on: str
    """ISO date."""
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleDrift:
    """One role at one time."""

    key: str
    """ARN, else `template:logical id`."""
    name: str
    functions: tuple[str, ...]
    status: Status
    granted: int
    used: int
    suggested: int
    unused: int
    unknown: int
    wildcards: int
    score: float
    terms: tuple[ScoreTerm, ...]
    ages: tuple[AgeBucket, ...]
    services: tuple[ServiceUse, ...]
    broken: tuple[Broken, ...] = ()
    escalations: tuple[str, ...] = ()
    unknown_users: tuple[str, ...] = ()
    boundary: str = "none"
    """`none`, `present`, `unknown`."""
    unknown_why: tuple[tuple[str, str], ...] = ()
    """(service, key of the catalogue)."""
    gaps: int = 0
    policies: tuple[Policy, ...] = ()
    """The role's policies as they are, concrete; what two snapshots are compared by."""
    boundary_policy: Policy | None = None
    differs_from_template: tuple[Grant, ...] = ()
    """What the deployed role allows beyond its template."""
    lacks_of_template: tuple[Grant, ...] = ()
    findings: tuple[tuple[str, str, str], ...] = ()
    """(level, id, key) of findings that are errors or warnings; time alone adds none."""
    last_reviewed: str | None = None
    environment: str | None = None
    last_used: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """All roles at one time; append-only history is made of these."""

    as_of: str
    roles: tuple[RoleDrift, ...]
    sources: tuple[str, ...]
    maps_version: str
    first: str | None = None
    last: str | None = None
    coverage: tuple[tuple[str, str, str, str], ...] = ()
    """(account, region, service, category) that the log could have shown."""

    @property
    def score(self) -> float:
        """The mean score of the roles, 0 (least privilege) to 100."""
        return round(sum(r.score for r in self.roles) / len(self.roles), 1) if self.roles else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftChange:
    """One difference between two snapshots."""

    kind: str
    """`role-added`, `role-removed`, `gained`, `lost`, `broken`, `mended`, `escalation`, `escalation-closed`,
    `boundary-added`, `boundary-removed`, `boundary-changed`, `function-added`, `function-removed`, `score`, `reviewed`."""
    role: str
    worse: bool
    detail: str = ""
    grants: tuple[Grant, ...] = ()
    who: str | None = None
    when: str | None = None
    via: str | None = None
    """console, cli, sdk, cloudformation, …, from the log."""
    in_template: bool | None = None
    """Whether the template has it as well: false marks an edit by hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendPoint:
    """One run of the history."""

    as_of: str
    score: float
    roles: int
    granted: int
    used: int
    unused: int
    unknown: int
    wildcards: int
    escalations: int
    broken: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftReport:
    """The answer of `drift`."""

    snapshot: Snapshot
    previous: Snapshot | None
    changes: tuple[DriftChange, ...]
    trend: tuple[TrendPoint, ...]
    expiring: tuple[tuple[str, str, str], ...] = ()
    """(table, what, date) of suppressions, keeps and extras that end within 30 days or have ended."""
    overdue: tuple[tuple[str, str], ...] = ()
    """(role, date of its last review or `never`)."""
    blind: tuple[str, ...] = ()
    """What no source could have shown: services whose data events are off, days without events."""
    findings: tuple[Finding, ...] = ()
    advisories: tuple[Finding, ...] = ()
    gaps: tuple[str, ...] = ()
    worse: bool = False
