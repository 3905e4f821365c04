"""YAML and JSON as a tree of nodes that know where they stand, safely and within bounds.

No tag makes an object, nothing is executed, and an alias is the node it points to (never a copy),
so that a tree of anchors stays as small as its text. Walks over the tree go through `Budget`, which
ends a walk that aliases blow up. Spans are half-open byte ranges of the file's own bytes; lines are
1-based. Readers and edits of templates stand on the same nodes.
"""

import bisect
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from iamgen.errors import InputError

MAX_DEPTH = 200
MAX_NODES = 400_000
MAX_WALK = 1_000_000
"""Nodes that one document may unfold to."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """One scalar; `plain` is true for an unquoted one, whose type YAML would guess."""

    text: str
    tag: str | None = None
    plain: bool = False
    line: int = 0
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list of nodes."""

    items: tuple["Node", ...]
    tag: str | None = None
    line: int = 0
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class Mapping:
    """A mapping in source order; keys are scalars, of two equal ones the last counts."""

    entries: tuple[tuple[Scalar, "Node"], ...]
    tag: str | None = None
    line: int = 0
    start: int = 0
    end: int = 0

    def get(self, key: str) -> "Node | None":
        """Return the node under `key`, or None."""
        found = None
        for name, node in self.entries:
            if name.text == key:
                found = node
        return found


Node = Scalar | Sequence | Mapping

_NULLS = frozenset(("", "~", "null", "Null", "NULL"))
_TRUE = frozenset(("true", "yes", "on"))


def parse(data: bytes, place: str) -> Node:
    """Return the first document of a YAML or JSON file.

    Raises:
        InputError: the text is not UTF-8, no YAML, or larger than the bounds allow.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError("is not UTF-8 text", place=place) from error
    return _Composer(text, data, place).document()


def node_of(value: Any, line: int = 0, start: int = 0, end: int = 0) -> Node:
    """Return a plain Python value (from JSON or a table) as nodes that all stand at one place."""
    if isinstance(value, dict):
        pairs = tuple(
            (scalar(str(key), line, start, end), node_of(item, line, start, end)) for key, item in value.items()
        )
        return Mapping(pairs, None, line, start, end)
    if isinstance(value, list | tuple):
        items = tuple(node_of(item, line, start, end) for item in value)
        return Sequence(items, None, line, start, end)
    if value is None:
        return Scalar("", plain=True, line=line, start=start, end=end)
    if isinstance(value, bool):
        text = "true" if value else "false"
        return Scalar(text, plain=True, line=line, start=start, end=end)
    return Scalar(str(value), plain=not isinstance(value, str), line=line, start=start, end=end)


def scalar(text: str, line: int = 0, start: int = 0, end: int = 0) -> Scalar:
    """Return a quoted scalar."""
    return Scalar(text, line=line, start=start, end=end)


def get(node: Node | None, *path: str) -> Node | None:
    """Return the node at a path of keys, or None where a step is missing."""
    for key in path:
        if not isinstance(node, Mapping):
            return None
        node = node.get(key)
    return node


def entries(node: Node | None) -> tuple[tuple[str, Node], ...]:
    """Return the entries of a mapping, nothing for any other node; of equal keys the last."""
    if not isinstance(node, Mapping):
        return ()
    return tuple({key.text: (key.text, item) for key, item in node.entries}.values())


def items(node: Node | None) -> tuple[Node, ...]:
    """Return the items of a sequence, the node itself when it is no sequence, nothing for null."""
    if isinstance(node, Sequence):
        return node.items
    return () if is_null(node) or node is None else (node,)


def text_of(node: Node | None) -> str | None:
    """Return the characters of an untagged scalar, None for null and all else."""
    if isinstance(node, Scalar) and node.tag is None and not is_null(node):
        return node.text
    return None


def is_null(node: Node | None) -> bool:
    """Return whether a node is missing or null."""
    return node is None or (isinstance(node, Scalar) and node.plain and node.tag is None and node.text in _NULLS)


def is_true(node: Node | None) -> bool:
    """Return whether a scalar says true in any of YAML's spellings."""
    return isinstance(node, Scalar) and node.text.lower() in _TRUE


def plain_value(node: Node | None, budget: "Budget | None" = None) -> Any:
    """Return a node as dicts, lists and strings, tags dropped.

    Raises:
        InputError: it unfolds to more than the bound allows.
    """
    budget = budget or Budget()
    budget.step()
    match node:
        case Mapping():
            return {key.text: plain_value(item, budget) for key, item in node.entries}
        case Sequence():
            return [plain_value(item, budget) for item in node.items]
        case Scalar():
            if is_null(node):
                return None
            if node.plain and node.text in ("true", "false"):
                return node.text == "true"
            return node.text
        case _:
            return None


class Budget:
    """Counts the nodes of one walk."""

    def __init__(self, limit: int = MAX_WALK) -> None:
        self.left = limit

    def step(self) -> None:
        """Count one node.

        Raises:
            InputError: the walk is larger than allowed.
        """
        self.left -= 1
        if self.left < 0:
            raise InputError("unfolds to more nodes than is allowed")


class _Composer:
    """Makes nodes from parser events, without recursion over aliases."""

    def __init__(self, text: str, data: bytes, place: str) -> None:
        self.text = text
        self.place = place
        self.bom = 3 if data[:3] == b"\xef\xbb\xbf" else 0
        self.ascii = len(text) + self.bom == len(data)
        self.wide: list[int] = []
        self.extra: list[int] = []
        if not self.ascii:
            self._index_wide()
        self.anchors: dict[str, Node] = {}
        self.count = 0

    def _index_wide(self) -> None:
        total = 0
        for index, char in enumerate(self.text):
            if char > "\x7f":
                total += len(char.encode("utf-8")) - 1
                self.wide.append(index)
                self.extra.append(total)

    def byte(self, index: int) -> int:
        if self.ascii or not self.wide:
            return index + self.bom
        spot = bisect.bisect_left(self.wide, index)
        return index + self.bom + (self.extra[spot - 1] if spot else 0)

    def document(self) -> Node:
        import yaml

        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        try:
            events = yaml.parse(self.text, Loader=loader)
            for event in events:
                if isinstance(event, yaml.DocumentStartEvent):
                    return self._node(next(events), events, 0)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            where = f"{self.place}:{mark.line + 1}" if mark is not None else self.place
            problem = getattr(error, "problem", None) or "is no YAML"
            raise InputError(f"broken YAML: {problem}", place=where) from error
        except RecursionError as error:
            raise InputError("is nested too deeply", place=self.place) from error
        return Scalar("", plain=True, line=1)

    def _node(self, event: Any, events: Iterator[Any], depth: int) -> Node:
        self.count += 1
        if depth > MAX_DEPTH:
            raise InputError("is nested too deeply", place=self.place)
        if self.count > MAX_NODES:
            raise InputError("has more nodes than is allowed", place=self.place)
        kind = type(event).__name__
        line, start = event.start_mark.line + 1, self.byte(event.start_mark.index)
        if kind == "AliasEvent":
            known = self.anchors.get(event.anchor)
            if known is None:
                raise InputError("an alias points to nothing", place=f"{self.place}:{line}")
            return known
        tag = event.tag if event.tag and event.tag.startswith("!") and event.tag != "!" else None
        node: Node
        if kind == "ScalarEvent":
            end = self.byte(event.end_mark.index)
            plain = not event.style and tag is None and bool(event.implicit[0])
            node = Scalar(event.value, tag, plain, line, start, end)
        elif kind == "SequenceStartEvent":
            found = []
            while type(step := next(events)).__name__ != "SequenceEndEvent":
                found.append(self._node(step, events, depth + 1))
            node = Sequence(tuple(found), tag, line, start, self._end(step, found))
        else:
            node = self._mapping(tag, line, start, events, depth)
        if event.anchor:
            self.anchors[event.anchor] = node
        return node

    def _mapping(self, tag: str | None, line: int, start: int, events: Iterator[Any], depth: int) -> Node:
        found: list[tuple[Scalar, Node]] = []
        merged: list[tuple[Scalar, Node]] = []
        while type(step := next(events)).__name__ != "MappingEndEvent":
            key = self._node(step, events, depth + 1)
            value = self._node(next(events), events, depth + 1)
            if not isinstance(key, Scalar):
                continue
            if key.plain and key.text == "<<":
                sources = value.items if isinstance(value, Sequence) else (value,)
                for source in reversed(sources):
                    if isinstance(source, Mapping):
                        merged.extend(source.entries)
                        self.count += len(source.entries)
            else:
                found.append((key, value))
        own = {key.text for key, _ in found}
        together = [entry for entry in merged if entry[0].text not in own] + found
        last = [node for pair in found for node in pair]
        return Mapping(tuple(together), tag, line, start, self._end(step, last))

    def _end(self, event: Any, inner: list[Any]) -> int:
        """The end of a collection: its bracket in flow style, else the end of its last part.

        For the parser a block collection ends where the next one begins.
        """
        end = self.byte(event.end_mark.index)
        if event.start_mark.index != event.end_mark.index:
            return end
        return max((int(node.end) for node in inner if node.end <= end), default=end)


def parse_json(data: bytes, place: str) -> Any:
    """Return a JSON value.

    Raises:
        InputError: it is no JSON, or nested too deeply.
    """
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InputError("is no JSON", place=place) from error
