"""What each verb answers. An output form says which of these it renders."""

from dataclasses import dataclass
from enum import StrEnum

from iamgen.model.decision import Decision
from iamgen.model.diff import Claim, Proof, RoleDiff
from iamgen.model.fact import Evidence, UsageFact, Widening
from iamgen.model.function import FunctionRef, Role, TemplateResource
from iamgen.model.observation import Coverage, Gap, Location
from iamgen.model.policy import Policy
from iamgen.model.usage import Cost, DeployedPolicy

SCHEMA_VERSION = "1.0"


class Status(StrEnum):
    """How much an answer is worth (design 3.4)."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    INSUFFICIENT = "insufficient"


class FindingLevel(StrEnum):
    """SARIF's levels."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One finding (design 7); sentences for it live in the outputs' catalogue."""

    id: str
    level: FindingLevel
    function: str | None
    role: str | None = None
    action: str | None = None
    resource: str | None = None
    location: Location | None = None
    arguments: tuple[tuple[str, str], ...] = ()
    """What the sentence of the catalogue is filled with."""
    suppressed_by: str | None = None
    new: bool = True
    """False when a baseline lists it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleInfo:
    """The role of a function, as far as readers care."""

    name: str | None
    arn: str | None
    key: str | None
    shared_by: tuple[str, ...] = ()
    unknown_users: tuple[str, ...] = ()
    origin: str = "unknown"
    """Where the current role was read from: template, file, account, unknown."""
    gained: int = 0
    """Permissions that the function has only because neighbours need them."""
    has_boundary: bool = False
    location: Location | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeSummary:
    """Evidence from code."""

    files: int
    calls: int
    resolved: int
    complete_for: tuple[str, ...]
    """Services whose use the code would have shown, among those granted or used; `*` when nothing is hidden."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSummary:
    """Evidence from logs."""

    first: str | None
    last: str | None
    events: int
    window_days: int
    coverage: tuple[Coverage, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeniedUse:
    """Calls that were only refused."""

    action: str
    resource: str
    count: int
    first: str
    last: str
    denied_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """What came in equals what went out plus what was set aside; each call, event and statement counts once."""

    calls_in: int = 0
    calls_facts: int = 0
    calls_gaps: int = 0
    calls_no_permission: int = 0
    events_in: int = 0
    events_used: int = 0
    events_denied: int = 0
    events_ignored: int = 0
    statements_in: int = 0
    statements_kept: int = 0
    statements_narrowed: int = 0
    statements_removed: int = 0
    statements_unknown: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """The answer for one function (design 5)."""

    function: FunctionRef
    status: Status
    reasons: tuple[str, ...]
    role: RoleInfo
    code: CodeSummary
    logs: LogSummary
    permissions: tuple[Decision, ...]
    denied: tuple[DeniedUse, ...]
    gaps: tuple[Gap, ...]
    assumptions: tuple[str, ...]
    policy: Policy | None
    policies: tuple[DeployedPolicy, ...]
    role_policy: Policy | None
    role_policies: tuple[DeployedPolicy, ...]
    boundary: Policy | None
    diff: RoleDiff | None
    proof: Proof | None
    widenings: tuple[Widening, ...]
    ledger: Ledger
    findings: tuple[Finding, ...] = ()
    cost: Cost | None = None
    possible: tuple[UsageFact, ...] = ()
    """Conditional actions whose argument could not be seen."""
    granted_count: int | None = None
    """Actions that the role allows today, None when no current role is known."""
    suggested_count: int | None = None
    symbolic_policy: Policy | None = None
    """`policy` with template tokens in place of names, for template formats."""
    symbolic_role_policy: Policy | None = None
    location: Location | None = None
    """Where the template states the function."""
    advisories: tuple[Finding, ...] = ()
    resources: tuple[TemplateResource, ...] = ()
    """What the template's tokens (`{OrdersTable}`) may stand for, functions and roles included."""
    cyclic: tuple[str, ...] = ()
    """Logical ids that the role must not refer to: a reference would close a dependency cycle."""
    template_kind: str | None = None
    """`Deployment.kind` of the template of the function."""
    current_role: Role | None = None
    """The role as it will be deployed, for comparisons with another version of the project."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLedger:
    """What belongs to no single function."""

    files_in: int = 0
    files_read: int = 0
    files_bad: int = 0
    events_in: int = 0
    events_attributed: int = 0
    events_unattributed: int = 0
    events_ignored: int = 0
    events_bad: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SuggestResult:
    """The answer of `suggest`."""

    as_of: str | None
    sources: tuple[str, ...]
    gaps: tuple[Gap, ...]
    ledger: RunLedger
    functions: tuple[Suggestion, ...]
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyDiff:
    """The answer of `diff`."""

    current: str
    suggested: str
    diff: RoleDiff
    verdict: str
    """equivalent, subset, superset, different, undecided (of suggested against current)."""
    gaps: tuple[Gap, ...] = ()
    ambiguous: tuple[str, ...] = ()
    """Unclear forms met, as `code at place`."""
    findings: tuple[Finding, ...] = ()
    """New access, undecided groups, and escalation sets that only the suggested side has."""
    claims: tuple[tuple[str, Claim], ...] = ()
    """What `--prove` asked, and the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextEdit:
    """One splice into a file: bytes `start` to `end` become `text`."""

    path: str
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceNote:
    """Evidence as one entry of a list in an answer."""

    kind: str
    evidence: Evidence
