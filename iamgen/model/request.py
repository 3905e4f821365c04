"""What a run was asked for: the options of `suggest`, resolved once (flag, environment, file, default)."""

from dataclasses import dataclass, field
from pathlib import Path

from iamgen.model.config import Config


@dataclass(frozen=True, slots=True, kw_only=True)
class SuggestRequest:
    """The options of `suggest`; other verbs use the same record."""

    project: Path
    functions: tuple[str, ...] = ()
    """Logical ids, names, ARNs or globs; `path/template.yaml:Id` where an id is in two templates."""
    all_functions: bool = False
    template: Path | None = None
    source: Path | None = None
    no_project: bool = False
    logs: tuple[str, ...] = ()
    """Places of logs; exactly their events count. Empty: the store, if there is one."""
    store: Path | None = None
    use_store: bool = True
    """False for `check` and `pr`, which never read the store."""
    since: str | None = None
    """ISO 8601 or a span such as `90d` that counts back from `as_of`."""
    until: str | None = None
    current: tuple[str, ...] = ()
    """Files or folders of policies, or `live`; wins over the template."""
    account: str | None = None
    region: str | None = None
    partition: str | None = None
    stack_name: str | None = None
    parameters: tuple[tuple[str, str], ...] = ()
    config_env: str | None = None
    stage: str | None = None
    var_files: tuple[Path, ...] = ()
    min_window_days: int = 90
    trust: str = "code"
    unknown: str = "keep"
    unresolved: str = "type"
    conditionals: bool = False
    managed_policies: Path | None = None
    as_of: str | None = None
    role_pattern: str = "function"
    by_role: bool = False
    compact: bool = False
    allow_overgrant: bool = False
    exact: bool = False
    """Prove the smallest policy with the extra `exact`."""
    strict: bool = False
    split: bool = False
    profile: str | None = None
    assume_role: str | None = None
    config: Config = field(default_factory=Config)
