"""The files of a project, and each of them lowered once.

Nothing outside the project is read: a path counts only if what it really is lies inside, is a regular file and is no
larger than `MAX_BYTES`. Lowered files are kept as long as size and time of the file stay the same, so that a thousand
functions of one repository share them.
"""

import os
import stat
from collections import OrderedDict
from pathlib import Path

from iamgen.model.observation import Gap, GapReason, Location
from iamgen.plugins import Frontend, ImportRequest, SourceFile
from iamgen.sources._program.form import Module

MAX_BYTES = 10_000_000
_KEPT_PROJECTS = 4


class Files:
    """The files of one project; what was looked up stays looked up until `refresh`."""

    def __init__(self, project: Path) -> None:
        self.project = project
        self.real = os.path.realpath(project)
        self._kinds: dict[str, str] = {}
        self._names: dict[str, tuple[str, ...]] = {}
        self._texts: dict[str, bytes] = {}

    def refresh(self) -> None:
        """Forget what was looked up."""
        self._kinds.clear()
        self._names.clear()
        self._texts.clear()

    def kind(self, path: str) -> str:
        """Return `file`, `folder`, `outside`, `large` or "" for a path relative to the project."""
        known = self._kinds.get(path)
        if known is None:
            known = self._kinds[path] = self._kind(path)
        return known

    def _kind(self, path: str) -> str:
        if "\0" in path:
            return ""
        full = os.path.join(self.real, path)  # noqa: PTH118  (many thousand times a run)
        try:
            real = os.path.realpath(full)
            info = os.stat(real)  # noqa: PTH116
        except (OSError, ValueError):
            return ""
        if real != self.real and not real.startswith(self.real.rstrip(os.sep) + os.sep):
            return "outside"
        if stat.S_ISDIR(info.st_mode):
            return "folder"
        if not stat.S_ISREG(info.st_mode):
            return ""
        return "file" if info.st_size <= MAX_BYTES else "large"

    def is_file(self, path: str) -> bool:
        """Return whether a readable file of the project has that path."""
        return self.kind(path) == "file"

    def is_folder(self, path: str) -> bool:
        """Return whether the project has that folder."""
        return self.kind(path or ".") == "folder"

    def read(self, path: str) -> bytes | None:
        """Return the bytes of a file, None when it cannot be read or lies outside the project."""
        if self.kind(path) != "file":
            return None
        if path not in self._texts:
            try:
                self._texts[path] = (Path(self.real) / path).read_bytes()
            except OSError:
                return None
            if len(self._texts) > 256:
                self._texts.pop(next(iter(self._texts)))
        return self._texts[path]

    def names(self, path: str) -> tuple[str, ...]:
        """Return the sorted names in a folder; folders end in `/`."""
        if path not in self._names:
            found: list[str] = []
            if self.is_folder(path):
                try:
                    with os.scandir(Path(self.real) / path) as entries:
                        found = [each.name + "/" * each.is_dir() for each in entries]
                except OSError:
                    found = []
            self._names[path] = tuple(sorted(found))
        return self._names[path]

    def stamp(self, path: str) -> tuple[int, int]:
        """Return size and time of change of a file."""
        try:
            info = (Path(self.real) / path).stat()
        except OSError:
            return (0, 0)
        return (info.st_size, info.st_mtime_ns)


class ModuleLoader:
    """Finds and lowers the files of one project."""

    def __init__(self, project: Path, frontends: tuple[Frontend, ...]) -> None:
        self.files = Files(project)
        self.frontends = frontends
        self._lowered: dict[str, tuple[tuple[int, int], Module | Gap]] = {}
        self._fresh: dict[str, Module | Gap] = {}
        self._resolved: dict[ImportRequest, tuple[str, ...]] = {}

    def refresh(self) -> None:
        """Look at the files anew; what did not change is not lowered again."""
        self.files.refresh()
        self._fresh.clear()
        self._resolved.clear()

    def frontend(self, path: str) -> Frontend | None:
        """Return the language of a file by its suffix."""
        for each in self.frontends:
            if path.endswith(each.suffixes):
                return each
        return None

    def for_language(self, name: str) -> Frontend | None:
        """Return a language by its name."""
        return next((each for each in self.frontends if each.name == name), None)

    def for_runtime(self, runtime: str | None) -> tuple[Frontend, ...]:
        """Return the languages that a runtime runs; all of them when it is not known."""
        if not runtime or runtime.startswith("provided"):
            return self.frontends
        return tuple(each for each in self.frontends if runtime.startswith(each.runtimes))

    def lower(self, path: str) -> Module | Gap:
        """Return a file in the common form, or why that cannot be had."""
        fresh = self._fresh.get(path)
        if fresh is not None:
            return fresh
        stamp = self.files.stamp(path)
        kept = self._lowered.get(path)
        if kept is not None and kept[0] == stamp:
            self._fresh[path] = kept[1]
            return kept[1]
        lowered = self._lower(path)
        self._lowered[path] = (stamp, lowered)
        self._fresh[path] = lowered
        return lowered

    def _lower(self, path: str) -> Module | Gap:
        frontend = self.frontend(path)
        kind = self.files.kind(path)
        if kind == "outside":
            return Gap(GapReason.OUTSIDE_PROJECT, "the file lies outside", Location(path), None)
        if kind == "large":
            return Gap(GapReason.LIMIT, "the file is too large", Location(path), None)
        text = self.files.read(path)
        if text is None or frontend is None:
            return Gap(GapReason.UNREADABLE, "the file cannot be read", Location(path), None)
        return self.lower_text(frontend, path, text)

    def lower_text(self, frontend: Frontend, path: str, text: bytes) -> Module | Gap:
        """Return source text in the common form, whatever a front end does with it."""
        try:
            lowered = frontend.lower(SourceFile(path=path, text=text))
        except RecursionError:
            return Gap(GapReason.LIMIT, "the file is nested too deep", Location(path), None)
        if isinstance(lowered, Module | Gap):
            return lowered
        return Gap(GapReason.SYNTAX_ERROR, "the file cannot be parsed", Location(path), None)

    def resolve(self, frontend: Frontend, request: ImportRequest) -> tuple[str, ...]:
        """Return the files of the project that an import names."""
        found = self._resolved.get(request)
        if found is None:
            found = frontend.resolve(request, self.files) if frontend.resolve else ()
            self._resolved[request] = found
        return found


_LOADERS: OrderedDict[tuple[str, tuple[str, ...]], ModuleLoader] = OrderedDict()


def loader_for(project: Path, frontends: tuple[Frontend, ...]) -> ModuleLoader:
    """Return the loader of a project; the last few are kept."""
    key = (os.path.realpath(project), tuple(each.name for each in frontends))
    loader = _LOADERS.get(key)
    if loader is None:
        loader = _LOADERS[key] = ModuleLoader(project, frontends)
        while len(_LOADERS) > _KEPT_PROJECTS:
            _LOADERS.popitem(last=False)
    return loader
