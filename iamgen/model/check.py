"""What the gate answers: findings of a version of the project, judged by the rules of its base."""

from dataclasses import dataclass
from enum import StrEnum

from iamgen.model.config import Suppression
from iamgen.model.diff import Grant
from iamgen.model.function import Role
from iamgen.model.result import Finding, Status, SuggestResult


class Mode(StrEnum):
    """The phases of a rollout; they differ in what makes `check` fail."""

    OBSERVE = "observe"
    SUGGEST = "suggest"
    GATE = "gate"
    EVIDENCE = "evidence"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleChange:
    """What a change does to one role, compared in meaning."""

    role: str
    functions: tuple[str, ...]
    gained: tuple[Grant, ...] = ()
    """Allowed after the change, not before; each with a witness."""
    lost: tuple[Grant, ...] = ()
    undecided: tuple[Grant, ...] = ()
    before: Role | None = None
    after: Role | None = None
    new: bool = False
    """The base has no such role."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SuppressedFinding:
    """A finding that a person accepted, and the entry that says so."""

    finding: Finding
    suppression: Suppression


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """The answer of `check`."""

    result: SuggestResult
    findings: tuple[Finding, ...]
    """What counts, errors first; findings that a baseline lists have `new` false."""
    suppressed: tuple[SuppressedFinding, ...] = ()
    changes: tuple[RoleChange, ...] = ()
    mode: Mode | None = None
    fail_on: tuple[str, ...] = ("error",)
    failed: bool = False
    base: str | None = None
    """The commit that the content is compared with, None without `--changed-since`."""
    rules_from: str | None = None
    """The commit that the rules were read from, None for the working tree."""
    functions_total: int = 0
    functions_checked: int = 0
    statuses: tuple[tuple[str, Status], ...] = ()
