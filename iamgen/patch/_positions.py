"""YAML and JSON text as nodes that know their place, and back to plain values.

Nothing is constructed from tags: a tag of CloudFormation becomes the object of its long form. A
place is a range of characters of the text; `end` is where the last scalar of a node ends, so that
trailing blank lines and comments are never part of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from iamgen.errors import InputError

MAX_CHARS = 10_000_000
MAX_DEPTH = 100
MAX_VALUES = 500_000
"""Values that one document may expand to; aliases count each time they are met."""


@dataclass(eq=False, slots=True)
class Node:
    """One node of the text."""

    kind: str
    """`scalar`, `list` or `map`."""
    start: int
    end: int
    line: int
    column: int
    tag: str | None = None
    """A tag as written (`!Sub`), None for none."""
    text: str = ""
    style: str | None = None
    flow: bool = False
    anchored: bool = False
    """It has an anchor, is reached through an alias, or holds such a node."""
    items: list["Node"] = field(default_factory=list)
    entries: list[tuple["Node", "Node"]] = field(default_factory=list)

    def get(self, key: str) -> "Node | None":
        """Return the value under a key of a map, None where there is none."""
        return next((value for name, value in self.entries if name.text == key), None)

    def key(self, key: str) -> "Node | None":
        """Return the key itself."""
        return next((name for name, _ in self.entries if name.text == key), None)

    def at(self, *route: str) -> "Node | None":
        """Return the node at the end of a route of keys."""
        node: Node | None = self
        for key in route:
            node = node.get(key) if node is not None else None
        return node


def parse(text: str, place: str) -> Node:
    """Return the root of the first document of a text.

    Raises:
        InputError: the text is no YAML, too large, or holds more than one document.
    """
    if len(text) > MAX_CHARS:
        raise InputError("is larger than 10 MB", place=place)
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    yaml = YAML(typ="safe", pure=True)
    try:
        found = list(yaml.compose_all(text))
    except (YAMLError, RecursionError, ValueError) as error:
        detail = str(error).splitlines()[0] if str(error) else "is no YAML"
        raise InputError(f"cannot be parsed: {detail[:120]}", place=place) from error
    if len(found) != 1 or found[0] is None:
        raise InputError("must hold one document", place=place)
    return _Reader(text).node(found[0], 0)


class _Reader:
    """Turns composed nodes into ours, each once; the second way to a node is an alias."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._seen: dict[int, Node] = {}

    def node(self, composed: Any, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise InputError("is nested too deeply")
        known = self._seen.get(id(composed))
        if known is not None:
            for each in walk(known):
                each.anchored = True
            return known
        mark = composed.start_mark
        end = composed.end_mark.index
        while end > mark.index and self.text[end - 1] in " \t\r\n":
            end -= 1
        node = Node(
            kind={"scalar": "scalar", "sequence": "list"}.get(composed.id, "map"),
            start=mark.index,
            end=end,
            line=mark.line + 1,
            column=mark.column,
            tag=_tag(composed),
            anchored=composed.anchor is not None,
        )
        self._seen[id(composed)] = node
        if node.kind == "scalar":
            node.text = str(composed.value)
            node.style = composed.style
            return node
        node.flow = bool(composed.flow_style)
        if node.kind == "list":
            node.items = [self.node(entry, depth + 1) for entry in composed.value]
            children = node.items
        else:
            node.entries = [(self.node(key, depth + 1), self.node(value, depth + 1)) for key, value in composed.value]
            children = [child for entry in node.entries for child in entry]
        node.anchored = node.anchored or any(child.anchored for child in children)
        if children and not node.flow:
            node.end = max(child.end for child in children if child.end >= node.start)
        return node


def _tag(composed: Any) -> str | None:
    """Return a tag as written; ruamel gives implicit ones in their long form."""
    tag = composed.tag
    written = str(tag) if tag is not None else ""
    return written if written.startswith("!") and written != "!" else None


def value_of(node: Node) -> Any:
    """Return the plain value of a node, tags as objects of their long form.

    Raises:
        InputError: aliases expand it beyond bounds.
    """
    return _Values().value(node, 0)


class _Values:
    """Counts what it makes, so that no alias can make more than a bounded document."""

    def __init__(self) -> None:
        self.count = 0

    def value(self, node: Node, depth: int) -> Any:
        self.count += 1
        if self.count > MAX_VALUES or depth > MAX_DEPTH:
            raise InputError("expands to too many values")
        plain: Any
        if node.kind == "list":
            plain = [self.value(item, depth + 1) for item in node.items]
        elif node.kind == "map":
            plain = {key.text: self.value(entry, depth + 1) for key, entry in node.entries if key.kind == "scalar"}
        else:
            plain = _scalar(node)
        if node.tag is None:
            return plain
        name = node.tag.lstrip("!")
        if name == "GetAtt" and isinstance(plain, str):
            plain = plain.split(".", 1)
        return {name if name in ("Ref", "Condition") else f"Fn::{name}": plain}


_WORDS: dict[str, Any] = {
    "true": True,
    "false": False,
    "null": None,
    "~": None,
    "": None,
}


def _scalar(node: Node) -> Any:
    """Return the value of a scalar; numbers stay text, which is how policies are compared."""
    if node.style in ("'", '"', "|", ">") or node.tag is not None:
        return node.text
    return _WORDS.get(node.text.lower(), node.text)


def walk(node: Node) -> Iterator[Node]:
    """Yield a node and all under it, each once."""
    seen: set[int] = set()
    todo = [node]
    while todo:
        current = todo.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        todo += current.items
        todo += [child for entry in current.entries for child in entry]


def line_start(text: str, at: int) -> int:
    """Return where the line of a position begins."""
    return text.rfind("\n", 0, at) + 1


def line_end(text: str, at: int) -> int:
    """Return the position behind the line end of a position's line."""
    found = text.find("\n", at)
    return len(text) if found < 0 else found + 1
