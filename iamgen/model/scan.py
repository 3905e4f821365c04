"""What `scan` answers: the facts that code and template give, before any role or log is looked at."""

from dataclasses import dataclass

from iamgen.model.fact import UsageFact
from iamgen.model.function import FunctionRef
from iamgen.model.observation import Gap


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannedFunction:
    """One function."""

    function: FunctionRef
    analysed: bool
    facts: tuple[UsageFact, ...]
    gaps: tuple[Gap, ...]
    files: tuple[str, ...]
    calls: int
    resolved: int
    complete_for: tuple[str, ...]
    """Services whose use the code would have shown; `*` for all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanResult:
    """The answer of `scan`."""

    functions: tuple[ScannedFunction, ...]
    gaps: tuple[Gap, ...]
    sources: tuple[str, ...]
    skipped: tuple[str, ...] = ()
    """Functions that a change cannot affect (`--changed-since`)."""
