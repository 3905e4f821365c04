"""CDK applications in TypeScript, JavaScript and Python, from their sources, without synth.

Best effort, and marked so: constructs with properties that can be worked out, across files and
stacks, and `grant…` wiring. What cannot be worked out is a gap or an unknown value; `cdk synth` and
its `cdk.out` give the whole truth.
"""

import json
import posixpath
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from iamgen import plugins
from iamgen.model.function import Deployment
from iamgen.model.observation import Gap, GapReason, Location
from iamgen.plugins import Frontend, IacReader, ReadOptions
from iamgen.sources._project import Project

_SUFFIXES = (".ts", ".js", ".mjs", ".py")
_IMPORT = re.compile(rb"aws-cdk-lib|@aws-cdk/|\baws_cdk\b")
_SKIPPED = frozenset(("node_modules", "cdk.out", "venv", ".venv", "test", "tests", "dist"))
_MAX_FILES = 400
_SCRIPT = re.compile(r"[\w./-]+\.(?:ts|js|mjs|py)\b")
_APP = re.compile(rb"\bnew\s+(?:cdk\.|core\.)?App\(|\b(?:cdk\.|core\.)?App\(\)")


def _recognizes(path: Path) -> bool:
    if path.name == "cdk.json":
        return True
    if path.suffix not in _SUFFIXES or not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            return _IMPORT.search(file.read(1 << 18)) is not None
    except OSError:
        return False


def _read(path: Path, options: ReadOptions) -> Iterator[Deployment | Gap]:
    from iamgen.sources._cdk_source.machine import Machine, Stopped
    from iamgen.sources._cdk_source.reading import Reading
    from iamgen.sources._cdk_source.references import as_text
    from iamgen.sources._program.modules import Files

    project = Project.at(options.project)
    relative = project.relative(path)
    settings_file = path if path.name == "cdk.json" else _settings(project, path)
    settings = _settings_of(project, settings_file)
    folder = path.parent if settings_file is None else settings_file.parent
    files = Files(project.root)
    frontends = plugins.discover("iamgen.sources.code", Frontend)
    root = "" if folder == project.root else project.relative(folder)
    context = settings.get("context")
    machine = Machine(files, frontends, (root,), context if isinstance(context, dict) else {})
    machine.as_text = as_text
    entry = _entry(project, folder, settings)
    stopped = False
    try:
        if entry is not None:
            machine.module(entry)
        if path.name != "cdk.json" and relative not in machine.modules:
            machine.module(relative)
        _run_unused(machine, relative if path.name != "cdk.json" else None)
        if not any(_makes_function(thing.path) for thing in machine.things):
            _read_all(machine, project, folder)
    except Stopped:
        stopped = True
    reading = Reading(project, folder, machine.things)
    reading.name_things()
    deployment = reading.deployment(relative)
    if path.name != "cdk.json":
        own = tuple(f for f in deployment.functions if f.location.path == relative)
        deployment = replace(deployment, functions=own or deployment.functions)
    place = Location(relative)
    gaps = [Gap(GapReason.TEMPLATE_FORM, "CDK sources without synth: best effort", place)]
    if stopped:
        gaps.append(Gap(GapReason.LIMIT, "the application takes more steps than allowed", place, None))
    if not deployment.functions:
        gaps.append(Gap(GapReason.TEMPLATE_FORM, "no function was found in it", place, None))
    named = options.stack_name
    yield replace(
        deployment,
        gaps=(*deployment.gaps, *gaps, *machine.gaps),
        stack_name=named,
        account=options.account,
        region=options.region,
    )


def _run_unused(machine: Any, only: str | None) -> None:
    """Make an object of each stack or construct class that the application did not make itself.

    Where the application's own file is not there, its classes are read with unknown arguments.
    """
    from iamgen.sources._cdk_source.things import UNSEEN

    for cls in list(machine.classes):
        inside = only is None or cls.scope.module.path == only
        based = any(
            getattr(base, "path", "").rpartition(".")[2] in ("Stack", "Construct", "NestedStack", "Stage")
            for base in cls.bases
        )
        if not cls.used and inside and based:
            machine.call(cls, (UNSEEN, UNSEEN, UNSEEN), {}, cls.scope.module.path, cls.cls.line)


def _makes_function(path: str) -> bool:
    from iamgen.access.resource_types import resource_types

    kind = resource_types().of_construct(path)
    return kind is not None and kind.type == "AWS::Lambda::Function"


def _read_all(machine: Any, project: Project, folder: Path) -> None:
    """Read every CDK file of the application, where following its imports led to no function."""
    listed = sorted(
        path
        for pattern in ("*", "*/*", "*/*/*", "*/*/*/*")
        for path in folder.glob(pattern)
        if path.suffix in _SUFFIXES and not _SKIPPED.intersection(path.parts)
    )
    for path in listed[:_MAX_FILES]:
        data = project.read(path)
        if isinstance(data, bytes) and _IMPORT.search(data):
            machine.module(project.relative(path))
    _run_unused(machine, None)


def _settings(project: Project, path: Path) -> Path | None:
    folder = path.parent
    while project.holds(folder):
        if (folder / "cdk.json").is_file():
            return folder / "cdk.json"
        if folder == project.root:
            return None
        folder = folder.parent
    return None


def _settings_of(project: Project, file: Path | None) -> dict[str, Any]:
    data = None if file is None else project.read(file)
    if not isinstance(data, bytes):
        return {}
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _entry(project: Project, folder: Path, settings: dict[str, Any]) -> str | None:
    """The file that the application starts with: `app` of cdk.json, else one with an `App`."""
    command = settings.get("app")
    for word in _SCRIPT.findall(command) if isinstance(command, str) else ():
        for name in (word, re.sub(r"\.m?js$", ".ts", word)):
            for shorter in (name, re.sub(r"^(?:\./)?(?:dist|build|lib/out|out)/", "", name)):
                file = Path(posixpath.normpath(f"{folder.as_posix()}/{shorter}"))
                if file.is_file() and project.holds(file):
                    return project.relative(file)
    candidates = [
        *sorted(folder.glob("*.py")),
        *sorted(folder.glob("*.ts")),
        *sorted(folder.glob("bin/*.ts")),
        *sorted(folder.glob("src/*.ts")),
        *sorted(folder.glob("bin/*.js")),
    ]
    for file in candidates[:60]:
        data = project.read(file)
        if isinstance(data, bytes) and _APP.search(data) and _IMPORT.search(data):
            return project.relative(file)
    return None


PLUGIN = IacReader(name="cdk-source", recognizes=_recognizes, read_deployment=_read)
