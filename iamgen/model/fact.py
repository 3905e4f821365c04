"""Usage facts and their evidence."""

from dataclasses import dataclass
from enum import StrEnum

from iamgen.model.condition import Condition
from iamgen.model.observation import Location, Outcome


class Certainty(StrEnum):
    """How a fact is known, strongest first."""

    OBSERVED = "observed"
    EXACT = "exact"
    BOUND = "bound"
    RULE = "rule"
    ASSUMED = "assumed"


class Origin(StrEnum):
    """Which kind of source asks for a permission."""

    CODE = "code"
    PLATFORM = "platform"
    LOG = "log"
    CONFIG = "config"
    FRAMEWORK = "framework"


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeEvidence:
    """A call in the code."""

    location: Location
    service: str
    operation: str
    path: tuple[str, ...] = ()
    via: str = ""
    note: str = ""
    """What the map says of it (`implied`, `conditional on ACL`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEvidence:
    """Logged calls."""

    count: int
    first: str
    last: str
    outcome: Outcome
    event: str
    """`dynamodb.amazonaws.com PutItem`."""
    resource: str
    attribution: str
    """exact, session, role, service."""
    denied_by: str | None = None
    invoked_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformEvidence:
    """A rule of access_maps/platform.toml that fits the function."""

    rule: str
    why: str
    location: Location | None = None
    optional: bool = False
    """Counts only where the role already grants it (KMS of environment variables)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigEvidence:
    """A line of iamgen.toml."""

    table: str
    """keep, deny, extra, hint."""
    reason: str
    owner: str
    expires: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateEvidence:
    """A grant or a reference in the template that the fact rests on."""

    location: Location
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LastAccessedEvidence:
    """IAM's last-accessed data."""

    last: str | None
    tracked_from: str | None


Evidence = CodeEvidence | LogEvidence | PlatformEvidence | ConfigEvidence | TemplateEvidence | LastAccessedEvidence


@dataclass(frozen=True, slots=True, order=True)
class ResourcePattern:
    """A resource, twice: as the template spells it and as an ARN pattern."""

    symbolic: str
    """ARN with `${Partition}`, `${Region}`, `${Account}` and `{LogicalId}` tokens; equal to `arn` where nothing is symbolic."""
    arn: str
    """ARN pattern with `*` and `?`, or `*`."""


ANY = ResourcePattern("*", "*")


@dataclass(frozen=True, slots=True, order=True)
class Widening:
    """A step from exact to wider, recorded."""

    before: str
    after: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageFact:
    """One function uses one action on one resource."""

    function: str | None
    """Function id; None at role level."""
    role: str | None
    action: str
    """Canonical case, `s3:GetObject`."""
    resource: ResourcePattern
    conditions: tuple[Condition, ...] = ()
    origin: Origin
    certainty: Certainty
    outcome: Outcome = Outcome.ALLOWED
    evidence: tuple[Evidence, ...] = ()
    widening: Widening | None = None
    """Set where the resource could not be resolved and its type stands in (certainty ASSUMED)."""
    possible: bool = False
    """A conditional action whose argument could not be seen: listed, not granted."""
