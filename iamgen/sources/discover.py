"""Templates and functions of a project.

`read_project` finds the templates (or takes the one that was named), has the reader of each kind
read it, and returns what they deploy, gaps among it. Build results never count: `.aws-sam`,
`.serverless`, `node_modules`, virtual environments, `.git` and what git ignores are skipped, and
`cdk.out` wins over CDK sources of the same app. Where no template is found at all, functions are
found by the shape of their handlers. Order is by path.
"""

import os
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

from iamgen import plugins
from iamgen.access.resource_types import resource_types
from iamgen.errors import UsageError
from iamgen.model.function import Deployment
from iamgen.model.observation import Gap, GapReason, Location
from iamgen.model.value import MapValue, TemplateRef, Text
from iamgen.plugins import IacReader, ReadOptions
from iamgen.sources._ignore import Ignores
from iamgen.sources._project import Project

_SKIPPED = frozenset(
    (
        ".aws-sam",
        ".serverless",
        ".git",
        ".hg",
        ".svn",
        "node_modules",
        ".venv",
        "venv",
        "env",
        ".env",
        "virtualenv",
        ".tox",
        ".nox",
        "__pycache__",
        ".terraform",
        ".mypy_cache",
        ".pytest_cache",
        "site-packages",
        ".gradle",
        ".idea",
        ".vscode",
        ".chalice",
        ".iamgen",
    )
)
_MAX_FILES = 200_000
_ONE_PER_FOLDER = (".tf",)
_SUFFIXES = (".yaml", ".yml", ".json", ".template", ".tf", ".ts", ".js")
_PROGRAMS = (".py", ".ts")
_MAX_PROGRAMS = 20
_SCRIPT_NAMES = ("serverless.ts", "serverless.js")


def read_project(options: ReadOptions, template: Path | None, source: Path | None) -> tuple[Deployment | Gap, ...]:
    """Return what the project deploys, one `Deployment` a template, and gaps.

    `template` is a file (only that template is read) or a folder (no template: functions are found
    by the shape of their handlers); `source` is then the code folder of its functions.

    Raises:
        UsageError: the template or the code folder does not exist or lies outside the project.
    """
    project = Project.at(options.project)
    options = replace(options, project=project.root)
    if template is not None:
        path = _inside(project, template, "template")
        found = tuple(_read(path, options)) if path.is_dir() else tuple(_read_named(path, options))
    else:
        found = tuple(_read_all(project, options))
        if not _has_functions(found) and source is None:
            found = (*found, *_read_programs(project, options))
        if not _has_functions(found):
            base = project.root if source is None else _inside(project, source, "source folder")
            found = (*found, *_read(base, options))
    if source is not None:
        root = project.relative(_inside(project, source, "source folder"))
        found = tuple(_with_source(item, root) for item in found)
    return found


def _has_functions(found: tuple[Deployment | Gap, ...]) -> bool:
    return any(isinstance(item, Deployment) and item.functions for item in found)


def _read_programs(project: Project, options: ReadOptions) -> tuple[Deployment | Gap, ...]:
    """Read an application that is written in code and has no settings file, files nearest the top first."""
    paths = sorted(_walk(project, project.root, Ignores(), [0], _PROGRAMS), key=lambda p: (len(p.parts), p))
    tried = 0
    for path in paths:
        for reader in _readers():
            if tried < _MAX_PROGRAMS and reader.recognizes(path):
                tried += 1
                found = tuple(reader.read_deployment(path, options))
                if _has_functions(found):
                    return found
    return ()


def template_paths(project: Project) -> Iterator[Path]:
    """Yield the files that may be templates, in order of their paths."""
    yield from _walk(project, project.root, Ignores(), [0])


@cache
def _readers() -> tuple[IacReader, ...]:
    return plugins.discover("iamgen.sources.iac", IacReader)


def _inside(project: Project, path: Path, word: str) -> Path:
    full = path if path.is_absolute() else Path.cwd() / path
    if not full.exists():
        alternative = project.root / path
        if not alternative.exists():
            raise UsageError(f"{word} `{path}` does not exist")
        full = alternative
    if not project.holds(full):
        raise UsageError(
            f"{word} `{path}` lies outside the project",
            hint="name the folder that holds both with --project",
        )
    return Path(os.path.realpath(full))


def _read(path: Path, options: ReadOptions) -> Iterator[Deployment | Gap]:
    """Yield what the first reader that understands a file makes of it."""
    for reader in _readers():
        if reader.recognizes(path):
            found = tuple(reader.read_deployment(path, options))
            if found:
                yield from found
                return


def _read_named(path: Path, options: ReadOptions) -> Iterator[Deployment | Gap]:
    gaps: list[Gap] = []
    for reader in _readers():
        if not reader.recognizes(path):
            continue
        found = tuple(reader.read_deployment(path, options))
        if any(isinstance(item, Deployment) for item in found):
            yield from found
            return
        gaps.extend(item for item in found if isinstance(item, Gap))
    if not gaps:
        place = Location(Project.at(options.project).relative(path))
        gaps.append(Gap(GapReason.TEMPLATE_FORM, "is no template of a known kind", place, None))
    yield from gaps


def _read_all(project: Project, options: ReadOptions) -> Iterator[Deployment | Gap]:
    inner: set[str] = set()
    found: list[Deployment | Gap] = []
    passed: dict[Path, dict[str, str]] = {}
    for path in template_paths(project):
        for item in _read(path, options):
            found.append(item)
            if isinstance(item, Deployment):
                inner.update(item.includes)
                passed.update(nested_parameters(project, item, path))
    for item in found:
        if isinstance(item, Gap):
            yield item
        elif item.template not in inner:
            given = passed.get(project.root / item.template)
            if given:
                again = replace(options, parameters=(*given.items(), *options.parameters))
                yield from _read(project.root / item.template, again)
            else:
                yield item


def nested_parameters(project: Project, parent: Deployment, path: Path) -> dict[Path, dict[str, str]]:
    """Return what a template passes to the templates that it nests, as far as it is plain text.

    A name that the parent states itself counts as text; what only the deployment knows is left to
    the child's own defaults.
    """
    found: dict[Path, dict[str, str]] = {}
    names = {r.logical_id: r.name.literal for r in parent.resources if r.name is not None}
    for resource in parent.resources:
        attributes = dict(resource.attributes)
        place = attributes.get("Location") or attributes.get("TemplateURL")
        given = attributes.get("Parameters")
        text = place.literal if isinstance(place, Text) else None
        if resource.type != "AWS::CloudFormation::Stack" or text is None or not isinstance(given, MapValue):
            continue
        known: dict[str, str] = {}
        for key, value in given.entries:
            literal = value.literal if isinstance(value, Text) else None
            if isinstance(value, Text) and len(value.parts) == 1 and isinstance(value.parts[0], TemplateRef):
                part = value.parts[0]
                kind = next(
                    (resource_types().get(r.type) for r in parent.resources if r.logical_id == part.logical_id), None
                )
                named = kind is not None and kind.kind(part.attribute) == "name"
                literal = names.get(part.logical_id) if named else None
            if literal is not None:
                known[key] = literal
        child = project.nested(path.parent, text)
        if child is not None:
            found[child] = known
    return found


def _walk(
    project: Project, folder: Path, ignores: Ignores, count: list[int], suffixes: tuple[str, ...] = ()
) -> Iterator[Path]:
    ignores = ignores.within(project, folder)
    try:
        listed = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return
    names = {entry.name for entry in listed}
    taken: set[str] = set()
    below: list[Path] = []
    for entry in listed:
        count[0] += 1
        if count[0] > _MAX_FILES:
            return
        path = folder / entry.name
        if entry.is_dir(follow_symlinks=False):
            if entry.name == "cdk.out":
                if (path / "manifest.json").is_file():
                    yield path / "manifest.json"
            elif entry.name not in _SKIPPED and not ignores.match(path, is_folder=True):
                below.append(path)
        elif entry.name == "cdk.json" and "cdk.out" in names:
            continue
        elif (entry.name.endswith(suffixes) if suffixes else _candidate(entry.name)) and not ignores.match(
            path, is_folder=False
        ):
            suffix = path.suffix.lower()
            if suffix in _ONE_PER_FOLDER:
                if suffix in taken:
                    continue
                taken.add(suffix)
            yield path
    for path in below:
        if not (path / "pyvenv.cfg").is_file():
            yield from _walk(project, path, ignores, count, suffixes)


def _candidate(name: str) -> bool:
    suffix = Path(name).suffix.lower()
    if suffix in (".ts", ".js"):
        return name in _SCRIPT_NAMES
    return suffix in _SUFFIXES and name not in ("package-lock.json", "package.json")


def _with_source(item: Deployment | Gap, root: str) -> Deployment | Gap:
    if isinstance(item, Gap):
        return item
    functions = tuple(
        function if function.inline_code is not None else replace(function, code_root=root)
        for function in item.functions
    )
    return replace(item, functions=functions)
