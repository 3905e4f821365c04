"""Parsing with tree-sitter grammars: bytes of one file in, a tree within stated limits out.

A tree that contains errors is still a tree: what could be parsed is used and the place of the first
error is told, so that a front end can report a gap for the rest. Files are foreign: size, time and
the number of nodes are bounded.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from iamgen.model.observation import Gap, GapReason, Location

if TYPE_CHECKING:
    from tree_sitter import Language, Node, Tree

MAX_BYTES = 2 * 1024 * 1024
"""Larger files are not parsed: sources that people write are far smaller."""
MAX_NODES = 300_000
"""Larger trees (bundles, generated code) are not lowered: it would take seconds per file."""
MAX_PARSE_SECONDS = 1.0
"""A safeguard against input made to be slow; ordinary files of `MAX_BYTES` take less than half."""
_TOKEN_BYTES = 64
"""Bytes handed out at once for the text of a node."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A tree and the line of its first syntax error, None where the whole file was understood."""

    tree: "Tree"
    error_line: int | None


@cache
def grammar(name: str) -> "Language":
    """Return the grammar: `javascript`, `typescript`, `tsx`, `go`, `java`."""
    from tree_sitter import Language

    return Language(_pointer(name)())


def _pointer(name: str) -> Callable[[], object]:
    if name == "javascript":
        import tree_sitter_javascript

        return tree_sitter_javascript.language
    if name == "typescript":
        import tree_sitter_typescript

        return tree_sitter_typescript.language_typescript
    if name == "tsx":
        import tree_sitter_typescript

        return tree_sitter_typescript.language_tsx
    if name == "go":
        import tree_sitter_go

        return tree_sitter_go.language
    if name == "java":
        import tree_sitter_java

        return tree_sitter_java.language
    raise ValueError(f"no grammar named {name}")


def parse(language: str, path: str, text: bytes) -> Parsed | Gap:
    """Return the tree of a file, or the gap that says why there is none."""
    from tree_sitter import Parser

    if len(text) > MAX_BYTES:
        return Gap(GapReason.LIMIT, f"larger than {MAX_BYTES} bytes", Location(path), None)
    deadline = time.monotonic() + MAX_PARSE_SECONDS
    parser = Parser(grammar(language))
    size = 16384
    is_late = False

    def read(offset: int, _point: object) -> bytes:
        # NOTE: raising in here would be swallowed; the end of input ends the parse instead.
        # The tree asks here for the text of its nodes as well, long after the parse.
        nonlocal is_late
        if size > _TOKEN_BYTES and time.monotonic() > deadline:
            is_late = True
        return b"" if is_late else text[offset : offset + size]

    tree = parser.parse(read)
    size = _TOKEN_BYTES
    if is_late:
        return Gap(GapReason.LIMIT, "takes too long to parse", Location(path), None)
    root = tree.root_node
    if root.descendant_count > MAX_NODES:
        return Gap(
            GapReason.LIMIT,
            f"{root.descendant_count} syntax nodes; it looks like a bundle",
            Location(path),
            None,
        )
    return Parsed(tree, _first_error(root) if root.has_error else None)


def _first_error(root: "Node") -> int:
    """Return the 1-based line of the first node that the grammar did not accept."""
    node = root
    while True:
        if node.type == "ERROR" or node.is_missing:
            return node.start_point[0] + 1
        inner = next((child for child in node.children if child.has_error), None)
        if inner is None:
            return node.start_point[0] + 1
        node = inner
