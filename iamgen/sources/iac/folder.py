"""A folder without a template: functions by the shape of their handlers."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from iamgen.model.function import Deployment, LambdaFunction
from iamgen.model.observation import Gap, Location
from iamgen.plugins import IacReader, ReadOptions
from iamgen.sources._ignore import Ignores
from iamgen.sources._project import Project

_SKIPPED = frozenset(("node_modules", "test", "tests", "__tests__", "__pycache__", "venv", "env", "target", "build"))
_MAX_FILES = 20_000
_SHAPES = {
    ".py": (
        "python",
        re.compile(
            rb"^(?:async )?def (\w+)\(\s*\w*event\w*[^,)]*,"
            rb"\s*\w*(?:context|ctx|_)\w*[^,)]*\)",
            re.MULTILINE,
        ),
    ),
    ".js": ("nodejs", None),
    ".mjs": ("nodejs", None),
    ".cjs": ("nodejs", None),
    ".ts": ("nodejs", None),
    ".go": ("go", re.compile(rb"\blambda\.Start(?:WithOptions|WithContext|Handler)?\(")),
    ".java": (
        "java",
        re.compile(
            rb"\bclass\s+(\w+)[^{]*\bimplements\s+[^{]*\bRequest(?:Stream)?Handler\b"
            rb"|\bhandleRequest\s*\("
        ),
    ),
}
_SCRIPT = re.compile(
    rb"\b(?:module\.)?exports\.(\w*[hH]andler)\s*="
    rb"|^export\s+(?:async\s+)?(?:const|let|var|function)\s+(\w*[hH]andler)\b",
    re.MULTILINE,
)
_PACKAGE = re.compile(rb"^\s*package\s+([\w.]+)\s*;", re.MULTILINE)


def _files(project: Project, folder: Path, ignores: Ignores, count: list[int]) -> Iterator[Path]:
    ignores = ignores.within(project, folder)
    below = []
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        count[0] += 1
        if count[0] > _MAX_FILES:
            return
        path = folder / entry.name
        if entry.is_dir(follow_symlinks=False):
            hidden = entry.name.startswith(".") or entry.name in _SKIPPED
            if not hidden and not ignores.match(path, is_folder=True):
                below.append(path)
        elif path.suffix in _SHAPES and not ignores.match(path, is_folder=False):
            yield path
    for path in below:
        yield from _files(project, path, ignores, count)


def _function(project: Project, folder: Path, path: Path, data: bytes) -> LambdaFunction | None:
    language, shape = _SHAPES[path.suffix]
    match = (shape or _SCRIPT).search(data)
    if match is None or ".test." in path.name or path.name.endswith("_test.go"):
        return None
    inside = path.relative_to(folder).with_suffix("").as_posix()
    root = folder
    if language == "java":
        package = _PACKAGE.search(data)
        handler = path.stem if package is None else f"{package[1].decode()}.{path.stem}"
    elif language == "go":
        handler, root = "main", path.parent
    else:
        name = next(group for group in match.groups() if group is not None)
        handler = f"{inside}.{name.decode()}"
    line = data.count(b"\n", 0, match.start()) + 1
    identity = path.parent.name if language == "go" else path.stem
    return LambdaFunction(
        id=identity,
        template=project.relative(folder),
        location=Location(project.relative(path), line),
        runtime=language,
        handler=handler,
        code_root=project.relative(root),
        aliases=(handler, project.relative(path)),
    )


def _recognizes(path: Path) -> bool:
    return path.is_dir()


def _read(path: Path, options: ReadOptions) -> Iterator[Deployment | Gap]:
    project = Project.at(options.project)
    found: list[LambdaFunction] = []
    for file in _files(project, path, Ignores(), [0]):
        data = project.read(file)
        if isinstance(data, Gap):
            yield data
            continue
        function = _function(project, path, file, data)
        if function is not None:
            found.append(function)
    yield Deployment(template=project.relative(path), kind="none", functions=tuple(found))


PLUGIN = IacReader(name="folder", recognizes=_recognizes, read_deployment=_read)
