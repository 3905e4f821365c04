"""What iamgen.toml says, as frozen values."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One entry of keep[], deny[] or extra[]: a person decided."""

    table: str
    """`keep`, `deny` or `extra`."""
    action: str
    resource: str
    reason: str
    owner: str
    expires: str | None = None
    """ISO date."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionRules:
    """`[[function]]`: entries for the functions whose id or name fits `match` (a glob)."""

    match: str
    listed: tuple[Listed, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """`[[suppress]]`: a finding that a person accepts, keyed by function, action and resource."""

    id: str
    function: str
    action: str
    resource: str
    reason: str
    owner: str
    expires: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """`[[hint]]`: what an unresolved call calls; `calls` is empty for "none"."""

    path: str
    function: str
    text: str
    calls: tuple[tuple[str, str], ...]
    """(boto3 client name, botocore operation)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forbid:
    """`[[forbid]]`: an invariant proved for every role."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    unless: tuple[str, ...] = ()
    """Globs of function ids or role names that may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """All of iamgen.toml."""

    path: str | None = None
    project: tuple[tuple[str, object], ...] = ()
    """`[project]`: options of `suggest` by their long names."""
    mode: str | None = None
    functions: tuple[FunctionRules, ...] = ()
    suppressions: tuple[Suppression, ...] = ()
    hints: tuple[Hint, ...] = ()
    forbids: tuple[Forbid, ...] = ()
    headroom: str = "service"
    """`[boundary] headroom`: none, service (access levels in use) or account."""
    history: str | None = None
    max_age_days: int = 90
