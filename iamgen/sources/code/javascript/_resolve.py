"""Where an import of JavaScript or TypeScript leads: to a file of the project, or to a library.

Relative paths, folders with an index, `package.json` (main, exports, imports, workspaces, `file:`
dependencies), and the `paths` and `baseUrl` of tsconfig. What a package builds into `dist` is found
back in its sources. Nothing outside the project is looked at; `node_modules` counts as library.
"""

import json
import posixpath
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any
from weakref import WeakKeyDictionary

from iamgen.plugins import ImportRequest, ProjectFiles

SUFFIXES = (".ts", ".tsx", ".mts", ".cts", ".js", ".mjs", ".cjs", ".jsx", ".json")
_SOURCE_OF = {
    ".js": (".ts", ".tsx", ".jsx"),
    ".mjs": (".mts", ".ts"),
    ".cjs": (".cts", ".ts"),
    ".jsx": (".tsx",),
}
_BUILT = ("dist", "lib", "build", "out", "esm", "cjs", "compiled", ".build", ".webpack")
_CONDITIONS = ("source", "development", "import", "module", "node", "require", "default", "types")
_MAX_CONFIG_BYTES = 1_000_000
_MAX_EXTENDS = 8


_SKIPPED = frozenset(("node_modules/", "cdk.out/", "dist/", "build/", "coverage/", "venv/"))
_MAX_FOLDERS = 4000
_LIBRARIES = ("@aws-sdk/", "@smithy/", "@types/", "node:", "http:", "https:", "data:")


def resolve(request: ImportRequest, files: ProjectFiles) -> tuple[str, ...]:
    """Return the file of the project that an import leads to, nothing where it is a library's."""
    found = modules_of(files).resolve(request.importer, request.module, request.roots)
    return (found,) if found else ()


def modules_of(files: ProjectFiles) -> "JavaScriptModules":
    """Return the resolver of a project, as long as its files were not looked at anew."""
    top = files.names("")
    kept = _RESOLVERS.get(files)
    if kept is None or kept.top is not top:
        kept = _RESOLVERS[files] = JavaScriptModules(files)
        kept.top = top
    return kept


class JavaScriptModules:
    """Resolves imports; keeps what it read of configuration files."""

    def __init__(self, files: ProjectFiles) -> None:
        self.files = files
        self.top: tuple[str, ...] | None = None
        """The names of the project's folder when this was made."""
        self._json: dict[str, Any] = {}
        self._tsconfigs: dict[str, _Paths | None] = {}
        self._workspaces: dict[str, str] | None = None

    def resolve(self, importer: str, specifier: str, layer_roots: Iterable[str] = ()) -> str | None:
        """Return the file that an import in `importer` leads to, None where it is a library's."""
        specifier = specifier.partition("?")[0]
        if specifier.startswith(("./", "../")) or specifier in (".", ".."):
            return self.file(posixpath.join(posixpath.dirname(importer), specifier))
        if specifier.startswith("/"):
            return self._in_layers(specifier, layer_roots)
        if specifier.startswith(_LIBRARIES) or not specifier:
            return None
        if specifier.startswith("#"):
            return self._package_import(importer, specifier) or self._mapped(importer, specifier)
        return (
            self._mapped(importer, specifier)
            or self._workspace(importer, specifier)
            or self._in_layer_modules(specifier, layer_roots)
        )

    # --- files -----------------------------------------------------------------------------------

    def file(self, path: str, *, folders: bool = True) -> str | None:
        """Return the file that a path without or with a suffix stands for."""
        path = posixpath.normpath(path)
        if path.startswith(("../", "/")) or path == "..":
            return None
        stem, suffix = posixpath.splitext(path)
        for source in _SOURCE_OF.get(suffix, ()):
            if self.files.is_file(stem + source):
                return stem + source
        if suffix in SUFFIXES and self.files.is_file(path):
            return path
        for each in SUFFIXES:
            if self.files.is_file(path + each):
                return path + each
        return self._folder(path) if folders else None

    def _folder(self, path: str) -> str | None:
        package = self._read_json(posixpath.join(path, "package.json"))
        if isinstance(package, dict):
            found = self._entry(path, package)
            if found:
                return found
        return self.file(posixpath.join(path, "index"), folders=False)

    def source_of(self, path: str) -> str | None:
        """Return the source that a build result was made from."""
        return self._built(path)

    def _built(self, path: str) -> str | None:
        """Return the file of a path, or the source that it was built from."""
        found = self.file(path, folders=False)
        if found:
            return found
        parts = posixpath.normpath(path).split("/")
        for number, part in enumerate(parts):
            if part not in _BUILT:
                continue
            rest = parts[number + 1 :]
            for source in (["src", *rest], ["source", *rest], rest):
                candidate = "/".join(parts[:number] + source)
                found = self.file(candidate, folders=False) if candidate else None
                if found:
                    return found
        return None

    # --- packages --------------------------------------------------------------------------------

    def _entry(self, folder: str, package: dict[str, Any], subpath: str = ".") -> str | None:
        exports = package.get("exports")
        if exports is not None:
            for target in _targets(exports, subpath):
                found = self._built(posixpath.join(folder, target))
                if found:
                    return found
        if subpath != ".":
            below = posixpath.join(folder, subpath)
            return self.file(below) or self.file(posixpath.join(folder, "src", subpath))
        for field in ("source", "module", "main", "types", "typings"):
            value = package.get(field)
            if isinstance(value, str):
                found = self._built(posixpath.join(folder, value.removesuffix(".d.ts")))
                if found:
                    return found
        for name in ("src/index", "index", "lib/index", "src/main"):
            found = self.file(posixpath.join(folder, name), folders=False)
            if found:
                return found
        return None

    def _workspace(self, importer: str, specifier: str) -> str | None:
        name, subpath = _split(specifier)
        folder = self._packages().get(name)
        if folder is None:
            folder = self._file_dependency(importer, name)
        if folder is None:
            return None
        package = self._read_json(posixpath.join(folder, "package.json"))
        return self._entry(folder, package if isinstance(package, dict) else {}, subpath)

    def _packages(self) -> dict[str, str]:
        if self._workspaces is None:
            found: dict[str, str] = {}
            for path in self._package_files():
                package = self._read_json(path)
                name = package.get("name") if isinstance(package, dict) else None
                if isinstance(name, str):
                    found.setdefault(name, posixpath.dirname(path))
            self._workspaces = found
        return self._workspaces

    def _package_files(self) -> Iterable[str]:
        """Yield the paths of all `package.json`, build results and libraries left out."""
        todo = [""]
        for number in range(_MAX_FOLDERS):
            if number >= len(todo):
                return
            folder = todo[number]
            for name in self.files.names(folder):
                if name == "package.json":
                    yield posixpath.join(folder, name)
                elif name.endswith("/") and name not in _SKIPPED and not name.startswith("."):
                    todo.append(posixpath.join(folder, name[:-1]))

    def _file_dependency(self, importer: str, name: str) -> str | None:
        for folder in _upwards(importer):
            package = self._read_json(posixpath.join(folder, "package.json"))
            if not isinstance(package, dict):
                continue
            for field in ("dependencies", "devDependencies"):
                listed = package.get(field)
                target = listed.get(name) if isinstance(listed, dict) else None
                if isinstance(target, str) and target.startswith(("file:", "link:", "portal:")):
                    place = posixpath.normpath(posixpath.join(folder, target.split(":", 1)[1]))
                    return None if place.startswith("..") else place
        return None

    def _package_import(self, importer: str, specifier: str) -> str | None:
        for folder in _upwards(importer):
            package = self._read_json(posixpath.join(folder, "package.json"))
            if isinstance(package, dict) and isinstance(package.get("imports"), dict):
                for target in _targets(package["imports"], specifier):
                    found = self._built(posixpath.join(folder, target))
                    if found:
                        return found
                return None
        return None

    # --- layers ----------------------------------------------------------------------------------

    def _in_layers(self, specifier: str, layer_roots: Iterable[str]) -> str | None:
        if not specifier.startswith("/opt/"):
            return None
        rest = specifier.removeprefix("/opt/")
        for root in layer_roots:
            for below in (rest, rest.removeprefix("nodejs/")):
                found = self.file(posixpath.join(root, below))
                if found:
                    return found
        return None

    def _in_layer_modules(self, specifier: str, layer_roots: Iterable[str]) -> str | None:
        name, subpath = _split(specifier)
        for root in layer_roots:
            for base in ("nodejs/node_modules", "nodejs", "node_modules", ""):
                folder = posixpath.normpath(posixpath.join(root, base, name))
                package = self._read_json(posixpath.join(folder, "package.json"))
                if isinstance(package, dict):
                    # NOTE: installed libraries lie here too; only what is the team's own is read.
                    return None if "_resolved" in package else self._entry(folder, package, subpath)
                found = self.file(posixpath.join(folder, subpath))
                if found:
                    return found
        return None

    # --- tsconfig --------------------------------------------------------------------------------

    def _mapped(self, importer: str, specifier: str) -> str | None:
        for folder in _upwards(importer):
            config = self._tsconfig(folder)
            if config is None:
                continue
            found = self._by_paths(config, specifier)
            if found:
                return found
            if config.final:
                return None
        return None

    def _by_paths(self, config: "_Paths", specifier: str) -> str | None:
        matches: list[tuple[int, list[str], str]] = []
        for pattern, targets in config.paths:
            before, star, after = pattern.partition("*")
            if star:
                long_enough = len(specifier) >= len(before) + len(after)
                if specifier.startswith(before) and specifier.endswith(after) and long_enough:
                    middle = specifier[len(before) : len(specifier) - len(after)]
                    matches.append((len(before), targets, middle))
            elif pattern == specifier:
                matches.append((len(pattern) + 1, targets, ""))
        for _, targets, middle in sorted(matches, key=lambda match: -match[0]):
            for target in targets:
                place = posixpath.join(config.base, target.replace("*", middle, 1))
                found = self.file(place.removesuffix(".d.ts")) or self._built(place)
                if found:
                    return found
        if config.base_url is not None:
            return self.file(posixpath.join(config.base_url, specifier))
        return None

    def _tsconfig(self, folder: str) -> "_Paths | None":
        if folder not in self._tsconfigs:
            found: _Paths | None = None
            for name in ("tsconfig.json", "jsconfig.json", "tsconfig.base.json"):
                path = posixpath.join(folder, name)
                if self.files.is_file(path):
                    found = self._read_tsconfig(path, 0)
                    break
            self._tsconfigs[folder] = found
        return self._tsconfigs[folder]

    def _read_tsconfig(self, path: str, depth: int) -> "_Paths | None":
        data = self._read_json(path)
        if not isinstance(data, dict) or depth > _MAX_EXTENDS:
            return None
        folder = posixpath.dirname(path)
        inherited: _Paths | None = None
        extends = data.get("extends")
        for parent in extends if isinstance(extends, list) else [extends]:
            if isinstance(parent, str) and parent.startswith("."):
                place = posixpath.normpath(posixpath.join(folder, parent))
                if not place.endswith(".json"):
                    place += ".json"
                inherited = self._read_tsconfig(place, depth + 1) or inherited
        options = data.get("compilerOptions")
        options = options if isinstance(options, dict) else {}
        base_url = options.get("baseUrl")
        base = inherited.base_url if inherited else None
        if isinstance(base_url, str):
            base = posixpath.normpath(posixpath.join(folder, base_url))
        paths = options.get("paths")
        if isinstance(paths, dict):
            return _Paths(base if base is not None else folder, base, _path_rows(paths))
        if inherited is not None and inherited.paths:
            return _Paths(inherited.base, base, inherited.paths)
        return _Paths(folder, base, ()) if base is not None else None

    # --- reading ---------------------------------------------------------------------------------

    def _read_json(self, path: str) -> Any:
        path = posixpath.normpath(path)
        if path not in self._json:
            text = self.files.read(path) if self.files.is_file(path) else None
            value: Any = None
            if text is not None and len(text) <= _MAX_CONFIG_BYTES:
                value = _relaxed_json(text.decode("utf-8-sig", "replace"))
            self._json[path] = value
        return self._json[path]


class _Paths:
    """The aliases of one tsconfig."""

    __slots__ = ("base", "base_url", "final", "paths")

    def __init__(self, base: str, base_url: str | None, paths: tuple[tuple[str, list[str]], ...]) -> None:
        self.base = base
        self.base_url = base_url
        self.paths = paths
        self.final = bool(paths)
        """Aliases here hide those of folders above."""


def _path_rows(paths: dict[str, Any]) -> tuple[tuple[str, list[str]], ...]:
    return tuple(
        (pattern, [target for target in targets if isinstance(target, str)])
        for pattern, targets in paths.items()
        if isinstance(targets, list)
    )


def _upwards(path: str) -> Iterable[str]:
    """Yield the folders above a file, nearest first, the project itself last."""
    folder = posixpath.dirname(path)
    while folder:
        yield folder
        folder = posixpath.dirname(folder)
    yield ""


def _split(specifier: str) -> tuple[str, str]:
    """Return the package and the path below it, `.` for the package itself."""
    parts = specifier.split("/")
    count = 2 if specifier.startswith("@") else 1
    rest = "/".join(parts[count:])
    return "/".join(parts[:count]), f"./{rest}" if rest else "."


def _targets(exports: Any, subpath: str) -> list[str]:
    """Return the files that `exports` or `imports` of a package name for a path, best first."""
    if isinstance(exports, str):
        return [exports] if subpath == "." else []
    if isinstance(exports, list):
        return [target for each in exports for target in _targets(each, subpath)]
    if not isinstance(exports, dict):
        return []
    if not any(key.startswith((".", "#")) for key in exports):
        return _conditions(exports) if subpath == "." else []
    if subpath in exports:
        return _conditions(exports[subpath])
    found: list[str] = []
    for key, value in exports.items():
        before, star, after = key.partition("*")
        if star and subpath.startswith(before) and subpath.endswith(after):
            middle = subpath[len(before) : len(subpath) - len(after)]
            found.extend(target.replace("*", middle) for target in _conditions(value))
    return found


def _conditions(value: Any, depth: int = 0) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [target for each in value for target in _conditions(each, depth + 1)]
    if not isinstance(value, dict) or depth > _MAX_EXTENDS:
        return []
    order = sorted(value, key=lambda key: _CONDITIONS.index(key) if key in _CONDITIONS else len(_CONDITIONS))
    return [target for key in order for target in _conditions(value[key], depth + 1)]


@lru_cache(maxsize=1)
def _comments() -> re.Pattern[str]:
    return re.compile(r'("(?:\\.|[^"\\\n])*")|//[^\n]*|/\*.*?\*/|,(?=\s*[}\]])', re.DOTALL)


def _relaxed_json(text: str) -> Any:
    """Return JSON, comments and trailing commas allowed; None where it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    stripped = _comments().sub(lambda match: match.group(1) or "", text)
    try:
        return json.loads(_comments().sub(lambda match: match.group(1) or "", stripped))
    except (ValueError, RecursionError):
        return None


_RESOLVERS: WeakKeyDictionary[ProjectFiles, JavaScriptModules] = WeakKeyDictionary()
