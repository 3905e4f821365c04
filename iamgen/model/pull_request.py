"""What a pull request is told, as values that can be stored, sent to another job and read back.

All fields are plain text, numbers and tuples of these, so that the file between the two jobs of
the fork-safe workflow holds no markup: what is shown is made from these values where it is posted,
and escaped there.
"""

from dataclasses import dataclass

PR_SCHEMA_VERSION = "1.0"
MAX_ARTIFACT_BYTES = 5 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class PrRow:
    """One permission, as a reviewer meets it."""

    action: str
    resource: str
    verdict: str
    why: str
    """Key of the catalogue."""
    places: tuple[str, ...] = ()
    """`src/app.py:12`."""
    basis: str = ""
    last_used: str | None = None
    count: int = 1
    """Actions that the row stands for."""
    log_count: int = 0
    access_level: str | None = None
    blocked_by: str | None = None
    wait_days: int | None = None
    """Days without use after which the permission can go; set for code that the change removes."""
    escalates: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PrGrant:
    """A grant that a role gains or loses by the change."""

    actions: tuple[str, ...]
    actions_count: int
    resource: str
    access_level: str | None = None
    risk: int = 0
    risk_reasons: tuple[str, ...] = ()
    witness: str | None = None
    needed: bool = False
    """Code or platform need it in the changed version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrFunction:
    """One function that the change touches."""

    id: str
    name: str
    place: str
    role: str
    status: str
    reasons: tuple[str, ...] = ()
    needs: int = 0
    grants: int | None = None
    """Actions that the role allows, None when it is not known."""
    suggested: int | None = None
    breaks: tuple[PrRow, ...] = ()
    blocked: tuple[PrRow, ...] = ()
    now_needed: tuple[PrRow, ...] = ()
    """Needed in the head and not in the base."""
    no_longer_needed: tuple[PrRow, ...] = ()
    """Needed in the base by its code and not by that of the head."""
    can_go: tuple[PrRow, ...] = ()
    review: tuple[PrRow, ...] = ()
    kept: tuple[PrRow, ...] = ()
    gained: tuple[PrGrant, ...] = ()
    lost: tuple[PrGrant, ...] = ()
    undecided: tuple[PrGrant, ...] = ()
    gaps: tuple[str, ...] = ()
    policy: str | None = None
    """The tightened policy as IAM JSON."""
    boundary_diff: str | None = None
    """Unified diff of the suggested boundary of base and head."""
    proof: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PrFinding:
    """A finding of the whole change, in the fields of `Finding`."""

    id: str
    level: str
    function: str | None = None
    role: str | None = None
    action: str | None = None
    resource: str | None = None
    path: str = ""
    line: int = 0
    arguments: tuple[tuple[str, str], ...] = ()
    suppressed_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PrPatch:
    """An edit for lines that a suggestion block cannot reach."""

    path: str
    diff: str
    """Unified diff that `git apply` takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrSuggestion:
    """Lines of the head that one click replaces."""

    path: str
    start_line: int
    line: int
    """Last line that is replaced."""
    text: str
    """The new lines, without a line end at the last one."""
    function: str
    fingerprint: str
    before: str = ""
    """The lines as they are, to check that the pull request still has them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrResult:
    """The answer of `pr`."""

    schema_version: str = PR_SCHEMA_VERSION
    tool_version: str = ""
    base_sha: str = ""
    """Merge base that the content is compared with."""
    rules_sha: str = ""
    """Tip of the base that the rules came from."""
    head_sha: str = ""
    key: str = "default"
    """Tells several comments of one pull request apart (one per project folder)."""
    as_of: str | None = None
    window: str | None = None
    sources: tuple[str, ...] = ()
    functions: tuple[PrFunction, ...] = ()
    functions_total: int = 0
    findings: tuple[PrFinding, ...] = ()
    """Errors first; `rules-changed` before all."""
    suppressed: int = 0
    patches: tuple[PrPatch, ...] = ()
    suggestions: tuple[PrSuggestion, ...] = ()
    failed: bool = False

    @property
    def is_clean(self) -> bool:
        """Nothing to say: no function touched in its needs, no finding above a note."""
        return (
            not self.patches
            and not self.suggestions
            and not any(finding.level in {"error", "warning"} for finding in self.findings)
            and not any(
                function.breaks
                or function.blocked
                or function.now_needed
                or function.gained
                or function.no_longer_needed
                or function.can_go
                or function.undecided
                for function in self.functions
            )
        )
