"""JavaScript and TypeScript, lowered from tree-sitter's syntax trees to the common form."""

from typing import Any

from iamgen.plugins import Frontend, ImportRequest, ProjectFiles, SourceFile


def _lower(source: SourceFile) -> Any:
    from iamgen.sources.code.javascript._module import lower

    return lower(source)


def _resolve(request: ImportRequest, files: ProjectFiles) -> tuple[str, ...]:
    from iamgen.sources.code.javascript._resolve import resolve

    return resolve(request, files)


def _entry(handler: str, roots: tuple[str, ...], files: ProjectFiles) -> tuple[tuple[str, str], ...]:
    from iamgen.sources.code.javascript._entry import entry

    return entry(handler, roots, files)


PLUGIN = Frontend(
    name="javascript",
    suffixes=(".ts", ".tsx", ".mts", ".cts", ".js", ".mjs", ".cjs", ".jsx", ".json"),
    runtimes=("nodejs",),
    lower=_lower,
    resolve=_resolve,
    entry=_entry,
)
