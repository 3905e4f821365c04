"""JavaScript and TypeScript, lowered from tree-sitter's syntax trees to the common form."""

from typing import Any

from iamgen.plugins import Frontend, SourceFile


def _lower(source: SourceFile) -> Any:
    from iamgen.sources.code.javascript._module import lower

    return lower(source)


PLUGIN = Frontend(
    name="javascript",
    suffixes=(".ts", ".tsx", ".mts", ".cts", ".js", ".mjs", ".cjs", ".jsx"),
    runtimes=("nodejs",),
    lower=_lower,
)
