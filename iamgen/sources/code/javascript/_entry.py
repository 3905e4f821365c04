"""Where the handler that a template names stands in the sources.

Templates name what is deployed: often a build result (`dist/index.handler`, a bundle named after
its entry). The sources are looked for where builds take them from; candidates come best first.
"""

import posixpath
import re

from iamgen.plugins import ProjectFiles
from iamgen.sources.code.javascript._resolve import JavaScriptModules, modules_of

_SUFFIX = re.compile(r"\.(?:d\.ts|json|test\.\w+|spec\.\w+|config\.\w+)$")
_CODE = re.compile(r"\.(?:ts|tsx|mts|cts|js|mjs|cjs|jsx)$")
_SKIPPED = frozenset(
    (
        "node_modules/",
        "cdk.out/",
        "coverage/",
        "test/",
        "tests/",
        "__tests__/",
        "__mocks__/",
        "layers/",
    )
)
_BUILT = frozenset(("dist/", "build/", "out/", "lib/"))
_MAX_FOLDERS = 600
_EXPORTED = re.compile(rb"(?:\bexport\s+(?:const|let|var|default|(?:async\s+)?function)\s+|\bexports\.)(\w+)")
_NAMES = (b"handler", b"lambdaHandler", b"lambda_handler", b"main", b"default")


def entry(handler: str, roots: tuple[str, ...], files: ProjectFiles) -> tuple[tuple[str, str], ...]:
    """Return where a handler can be: the file and the dotted name in it."""
    modules = modules_of(files)
    found: list[tuple[str, str]] = []
    if not handler:
        return _by_shape(roots, files)
    spellings = _spellings(handler)
    for root in roots:
        if files.is_file(root):
            found.extend((root, name) for _, name in spellings)
    for module, name in spellings:
        for root in roots:
            path = _direct(module, root, modules)
            if path:
                found.append((path, name))
    if not found:
        for module, name in spellings:
            for root in roots:
                found.extend((path, name) for path in _searched(module, name, _existing(root, files), files))
            if found:
                break
    return tuple(dict.fromkeys(found))


def _spellings(handler: str) -> list[tuple[str, str]]:
    """Return module and name: Lambda cuts at the first dot of the last part, builds at the last."""
    folder, slash, last = handler.rpartition("/")
    module, _, name = last.partition(".")
    first = (folder + slash + module, name)
    module, _, name = last.rpartition(".")
    second = (folder + slash + module, name)
    if "." not in last:
        return [(handler, "handler"), ("index", handler)]
    return [first] if first == second else [first, second]


def _direct(module: str, root: str, modules: JavaScriptModules) -> str | None:
    place = posixpath.join(root, module)
    parts = posixpath.normpath(place).split("/")
    below = module.partition("/")[2]
    for candidate in (
        place,
        posixpath.join(root, "src", module),
        *(posixpath.join(root, source, below) for source in ("src", "") if below),
    ):
        found = modules.file(candidate, folders=False)
        if found and _CODE.search(found) and not _is_build(found, parts):
            return found
    return modules.source_of(place)


def _is_build(path: str, asked: list[str]) -> bool:
    """Return whether a file is a build result beside sources that were not asked for."""
    return "node_modules" in path.split("/") and "node_modules" not in asked


def _existing(root: str, files: ProjectFiles) -> str:
    """Return the nearest folder above a build folder that was not built."""
    while root and not files.is_folder(root):
        root = posixpath.dirname(root)
    return root


def _searched(module: str, name: str, root: str, files: ProjectFiles) -> list[str]:
    """Return the files below a folder that are named like the module, best first.

    Of several that are named alike the ones that give out the name count, the topmost of them; where that
    leaves a choice nothing is found: another function's code would be worse than none.
    """
    wanted = posixpath.normpath(module).split("/")
    found: list[tuple[int, int, str]] = []
    for path in _sources(root, files):
        parts = _CODE.sub("", path).split("/")
        if parts[-1] == "index" and wanted[-1] != "index" and len(parts) > 1:
            parts = parts[:-1]
        same = 0
        while same < min(len(parts), len(wanted)) and parts[-1 - same] == wanted[-1 - same]:
            same += 1
        if same:
            found.append((-same, len(parts), path))
    found.sort()
    best = [each for each in found if each[0] == found[0][0]]
    if len(best) > 1:
        given = name.partition(".")[0].encode()
        best = [each for each in best if given in _EXPORTED.findall(files.read(each[2]) or b"")] or best
        best = [each for each in best if each[1] == best[0][1]]
    return [path for _, _, path in best] if len(best) == 1 else []


def _sources(root: str, files: ProjectFiles) -> list[str]:
    """Return the code files below a folder, sources before build results."""
    found: list[str] = []
    built: list[str] = []
    todo = [(root, False)]
    for number in range(_MAX_FOLDERS):
        if number >= len(todo):
            break
        folder, is_built = todo[number]
        for name in files.names(folder):
            path = posixpath.join(folder, name)
            if name.endswith("/"):
                if name not in _SKIPPED and not name.startswith("."):
                    todo.append((path[:-1], is_built or name in _BUILT))
            elif _CODE.search(name) and not _SUFFIX.search(name):
                (built if is_built else found).append(path)
    return found or built


def _by_shape(roots: tuple[str, ...], files: ProjectFiles) -> tuple[tuple[str, str], ...]:
    """Return what is exported under a name that handlers bear, well-known names first."""
    found: list[tuple[int, int, str, str]] = []
    for root in roots:
        for path in _sources(root, files)[:400]:
            names = _EXPORTED.findall(files.read(path) or b"")
            for name in dict.fromkeys(names):
                known = name.lower().endswith(b"handler")
                if name in _NAMES or known:
                    rank = _NAMES.index(name) if name in _NAMES else len(_NAMES)
                    found.append((rank, path.count("/"), path, name.decode()))
    found.sort()
    return tuple(dict.fromkeys((path, name) for _, _, path, name in found))
