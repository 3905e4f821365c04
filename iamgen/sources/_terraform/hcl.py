"""HCL files as blocks: attributes keep their syntax nodes, which `expressions` works out."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from iamgen.model.observation import Gap, GapReason, Location

if TYPE_CHECKING:
    from tree_sitter import Node

_MAX_NESTING = 200


@dataclass(eq=False, slots=True)
class Block:
    """One block: `resource "aws_sqs_queue" "jobs" { … }`."""

    type: str
    labels: tuple[str, ...]
    path: str
    line: int
    end_line: int
    start: int
    end: int
    attributes: dict[str, "Node"] = field(default_factory=dict)
    blocks: list["Block"] = field(default_factory=list)

    def inner(self, type_name: str) -> Iterator["Block"]:
        """Yield the blocks of a type, dynamic ones among them as they are written."""
        for block in self.blocks:
            if block.type == type_name:
                yield block
            elif block.type == "dynamic" and block.labels == (type_name,):
                yield from block.inner("content")


def parse_file(path: str, data: bytes) -> tuple[list[Block], tuple[Gap, ...]]:
    """Return the blocks of a file, and a gap where a part of it could not be understood."""
    import tree_sitter_hcl
    from tree_sitter import Language, Parser

    tree = Parser(Language(tree_sitter_hcl.language())).parse(data)
    gaps: tuple[Gap, ...] = ()
    if tree.root_node.has_error:
        gaps = (Gap(GapReason.SYNTAX_ERROR, "has syntax errors", Location(path), None),)
    found: list[Block] = []
    for body in tree.root_node.children:
        if body.type == "body":
            found.extend(_block(node, path, 0) for node in body.children if node.type == "block")
    return found, gaps


def _block(node: "Node", path: str, depth: int) -> Block:
    words: list[str] = []
    found = Block(
        type="",
        labels=(),
        path=path,
        line=node.start_point[0] + 1,
        end_line=node.end_point[0] + 1,
        start=node.start_byte,
        end=node.end_byte,
    )
    for child in node.children:
        if child.type == "identifier":
            words.append(text_of(child))
        elif child.type == "string_lit":
            words.append(text_of(child).strip('"'))
        elif child.type == "body" and depth < _MAX_NESTING:
            for item in child.children:
                if item.type == "attribute" and len(item.children) >= 3:
                    found.attributes[text_of(item.children[0])] = item.children[2]
                elif item.type == "block":
                    found.blocks.append(_block(item, path, depth + 1))
    found.type = words[0] if words else ""
    found.labels = tuple(words[1:])
    return found


def text_of(node: "Node") -> str:
    """Return a node's characters."""
    return (node.text or b"").decode("utf-8", "replace")
