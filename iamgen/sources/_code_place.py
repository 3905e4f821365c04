"""Where a function's code lies in the project: code folders, layers, image builds."""

import re
from dataclasses import dataclass
from pathlib import Path

from iamgen.model.observation import Gap
from iamgen.sources._project import Project

_LAYER_FOLDERS = ("python", "nodejs", "java/lib", "java")
_CMD = re.compile(r"^\s*CMD\s*(.+?)\s*$", re.MULTILINE | re.IGNORECASE)
_FROM = re.compile(r"^\s*FROM\s+(?:--\S+\s+)*(\S+)", re.MULTILINE | re.IGNORECASE)
_COPY = re.compile(r"^\s*(?:COPY|ADD)\s+(.+?)\s*$", re.MULTILINE | re.IGNORECASE)
_BASE = re.compile(r"lambda/(python|nodejs|java|go|dotnet|ruby|provided):([\w.]+)")
_WORD = re.compile(r"""["']?([^"'\s,\[\]]+)["']?""")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageBuild:
    """What a Dockerfile says about a Lambda image."""

    handler: str | None = None
    runtime: str | None = None
    folders: tuple[str, ...] = ()
    """Folders copied into the image, relative to the build context."""


def code_folder(project: Project, base: Path, text: str | None) -> str | None:
    """Return a code folder relative to the project, None when it is not in the project."""
    if text is None:
        return None
    found = project.folder(base, text)
    return None if found is None else project.relative(found)


def layer_folders(project: Project, base: Path, text: str | None) -> tuple[str, ...]:
    """Return the folders in which a layer's modules lie, the inner ones first."""
    folder = None if text is None else project.folder(base, text)
    if folder is None:
        return ()
    inner = [folder / name for name in _LAYER_FOLDERS]
    found = [path for path in inner if path.is_dir() and project.holds(path)]
    return tuple(project.relative(path) for path in (*found, folder))


def image_build(project: Project, file: Path) -> ImageBuild:
    """Return what a Dockerfile tells of handler, runtime and code; empty when it cannot be read."""
    data = project.read(file)
    if isinstance(data, Gap):
        return ImageBuild()
    text = re.sub(r"\\\r?\n", " ", data.decode("utf-8", "replace"))[:200_000]
    commands = _CMD.findall(text)
    words = _WORD.findall(commands[-1]) if commands else []
    base = next((found for found in map(_BASE.search, reversed(_FROM.findall(text))) if found), None)
    folders: list[str] = []
    for line in _COPY.findall(text):
        parts = [word for word in _WORD.findall(line) if not word.startswith("--")]
        for source in parts[:-1]:
            folder = source.rstrip("/").rstrip("*").rstrip("/") or "."
            if not source.startswith("/") and (file.parent / folder).is_dir():
                folders.append(folder)
    return ImageBuild(
        handler=words[-1] if words else None,
        runtime=None if base is None else f"{base[1]}{base[2]}",
        folders=tuple(dict.fromkeys(folders)),
    )


def go_folder(project: Project, folder: Path, handler: str | None) -> Path:
    """Return the folder of the Go program that a handler's file name (`bin/list`) is built from.

    That is a folder of that name with Go files, or the folder of a Go file of that name; the given
    folder where neither is found.
    """
    name = "" if handler is None else handler.rstrip("/").rpartition("/")[2].removesuffix(".go")
    if not re.fullmatch(r"[\w.-]+", name) or name in ("bootstrap", "main"):
        return folder
    pending, seen = [(folder, 0)], 0
    while pending:
        place, depth = pending.pop(0)
        try:
            inner = sorted(path for path in place.iterdir() if not path.name.startswith("."))
        except OSError:
            continue
        if (place / f"{name}.go") in inner or (place.name == name and _has_go(inner)):
            return place if project.holds(place) else folder
        seen += 1
        if depth < 4 and seen < 500:
            skip = ("node_modules", "vendor", "bin")
            below = [path for path in inner if path.is_dir() and path.name not in skip]
            pending.extend((path, depth + 1) for path in below if not path.is_symlink())
    return folder


def _has_go(paths: list[Path]) -> bool:
    return any(path.suffix == ".go" for path in paths)
