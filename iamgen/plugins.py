"""What a plug-in is, and how it is found.

Each kind is a frozen record whose last field is a function from model values to model values. A plug-in is one file in
one folder that states `PLUGIN = …`; there is no list to edit, no decorator and no base class. A plug-in imports its
third-party packages inside its function, so that looking at it costs nothing.
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from iamgen.errors import IamgenError
from iamgen.model.function import Deployment, Role
from iamgen.model.observation import ApiEvent, Coverage, Gap


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """One source file of the project."""

    path: str
    """Relative to the project, with `/`."""
    text: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeWindow:
    """ISO 8601 bounds, UTC; None is open."""

    since: str | None = None
    until: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """What a template reader may use besides the file: flags only, never the process environment."""

    project: Path
    parameters: tuple[tuple[str, str], ...] = ()
    stack_name: str | None = None
    config_env: str | None = None
    stage: str | None = None
    var_files: tuple[Path, ...] = ()
    account: str | None = None
    region: str | None = None
    partition: str | None = None


class ProjectFiles(Protocol):
    """The files of the project, as far as a front end may look: paths are relative to it, with `/`."""

    def is_file(self, path: str) -> bool:
        """Return whether a readable file of the project has that path."""
        ...

    def is_folder(self, path: str) -> bool:
        """Return whether the project has that folder."""
        ...

    def read(self, path: str) -> bytes | None:
        """Return the bytes of a file, None when it cannot be read or lies outside the project."""
        ...

    def names(self, path: str) -> tuple[str, ...]:
        """Return the sorted names in a folder, empty when there is none; folders end in `/`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRequest:
    """One import to be found: `module` as written, `importer` the path of the file that asks, `roots` where imports start."""

    module: str
    importer: str
    roots: tuple[str, ...]
    level: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Frontend:
    """A language: lowers one file to the common form of `iamgen.sources._program.form`."""

    name: str
    suffixes: tuple[str, ...]
    runtimes: tuple[str, ...]
    """Prefixes of Lambda runtime names (`python`, `nodejs`)."""
    lower: Callable[[SourceFile], Any]
    """`SourceFile -> form.Module | Gap`."""
    resolve: Callable[[ImportRequest, ProjectFiles], tuple[str, ...]] | None = None
    """The files of the project that an import names (several where a package is many files, as in Go); empty when it is not the
    project's own."""
    entry: Callable[[str, tuple[str, ...], ProjectFiles], tuple[tuple[str, str], ...]] | None = None
    """`(handler, roots, files)` -> candidates, best first: the file and the dotted name in it (`src/app.js`, `handler`). An empty
    handler asks for all that have the shape of one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSource:
    """A place of logs."""

    name: str
    schemes: tuple[str, ...]
    """`file`, `s3`, `athena`, `lookup`."""
    read_events: Callable[[str, TimeWindow], Iterator[ApiEvent | Coverage | Gap]]


@dataclass(frozen=True, slots=True, kw_only=True)
class IacReader:
    """A template kind."""

    name: str
    recognizes: Callable[[Path], bool]
    read_deployment: Callable[[Path, ReadOptions], Iterator[Deployment | Gap]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleOptions:
    """What a place of roles may use besides its location: flags only."""

    managed_policies: Path | None = None
    """Folder of managed policies that the maps do not know, `<name>.json` each."""
    profile: str | None = None
    region: str | None = None
    assume_role: str | None = None
    wanted: tuple[str, ...] = ()
    """ARNs of the roles that matter; empty asks for all that Lambda may assume."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleSource:
    """A place of current roles."""

    name: str
    schemes: tuple[str, ...]
    """`file`, `live`."""
    read_roles: Callable[[str, RoleOptions], Iterator[Role | Gap]]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputFormat:
    """An output form."""

    name: str
    suffix: str
    renders: tuple[type, ...]
    """The results (`iamgen.model.result`) that it can show."""
    render: Callable[[Any], str]


Plugin = TypeVar("Plugin", Frontend, LogSource, IacReader, RoleSource, OutputFormat)


def discover(folder: str, kind: type[Plugin]) -> tuple[Plugin, ...]:
    """Return the plug-ins of a package such as `iamgen.outputs`, sorted by name.

    Modules whose name begins with an underscore are left out.

    Raises:
        IamgenError: a module states no `PLUGIN` of that kind, or two have one name.
    """
    package = importlib.import_module(folder)
    found: dict[str, Plugin] = {}
    for module in pkgutil.iter_modules(package.__path__):
        if module.name.startswith("_"):
            continue
        plugin = getattr(importlib.import_module(f"{folder}.{module.name}"), "PLUGIN", None)
        if not isinstance(plugin, kind):
            raise IamgenError(f"`{folder}.{module.name}` states no PLUGIN of kind {kind.__name__}")
        if plugin.name in found:
            raise IamgenError(f"two plug-ins of `{folder}` are named `{plugin.name}`")
        found[plugin.name] = plugin
    return tuple(found[name] for name in sorted(found))
