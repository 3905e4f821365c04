"""How this file writes YAML or JSON: its indentation and line ends, and splices in that habit."""

import json
from typing import Any

from iamgen.model.notation import yaml_lines
from iamgen.patch._edits import Splice, refuse
from iamgen.patch._positions import Node, line_end, line_start, walk


def flow_text(value: Any, indent: int | None) -> str:
    """Return JSON that YAML reads alike: ASCII, characters beyond the first plane as they are."""
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    return "".join(f"\\u{ord(character):04x}" if "\x7f" <= character <= "\uffff" else character for character in text)


def newline_of(text: str) -> str:
    """Return the line end of a file."""
    return "\r\n" if "\r\n" in text else "\n"


def dash_indent_of(root: Node) -> int:
    """Return how much deeper than their key the lists of a file stand, 0 or 2, by majority."""
    flush = deeper = 0
    for node in walk(root):
        for key, value in node.entries:
            if value.kind == "list" and not value.flow and value.items:
                if value.column == key.column:
                    flush += 1
                else:
                    deeper += 1
    return 0 if flush > deeper else 2


def is_json(text: str) -> bool:
    """Whether a template is written in JSON."""
    return text.lstrip("\ufeff \t\r\n").startswith("{")


def replace_value(text: str, root: Node, node: Node, value: Any, place: str) -> Splice:
    """Return the splice that puts a value in place of a node.

    Raises:
        InputError: the node has an anchor, or stands in a way that cannot be kept.
    """
    if node.anchored:
        raise refuse(place, "it has an anchor or is an alias")
    break_ = newline_of(text)
    if node.flow or is_json(text):
        pad = _indent_of_line(text, node.start)
        lines = flow_text(value, _json_step(text)).split("\n")
        return Splice(node.start, node.end, break_.join([lines[0], *(pad + x for x in lines[1:])]))
    if node.kind == "scalar" and node.tag is None and not node.text:
        raise refuse(place, "it is empty")
    before = text[line_start(text, node.start) : node.start]
    if node.kind == "scalar" or before.strip(" -"):
        raise refuse(place, "it does not begin a line of its own")
    lines = yaml_lines(value, node.column, dash_indent=dash_indent_of(root))
    lines[0] = lines[0][node.column :]
    return Splice(node.start, node.end, break_.join(lines))


def insert_key(text: str, root: Node, mapping: Node, key: str, value: Any, place: str) -> Splice:
    """Return the splice that adds a key at the end of a mapping.

    Raises:
        InputError: the mapping has no entry to stand beside, or an anchor.
    """
    if not mapping.entries or mapping.kind != "map":
        raise refuse(place, "it is empty")
    if mapping.anchored and mapping.entries[0][0].anchored:
        raise refuse(place, "it has an anchor or is an alias")
    break_ = newline_of(text)
    first = mapping.entries[0][0]
    if mapping.flow or is_json(text):
        last = mapping.entries[-1][1]
        pad = _indent_of_line(text, first.start)
        one_line = "\n" not in text[mapping.start : first.start]
        step = None if one_line else _json_step(text)
        body = flow_text({key: value}, step)[1:-1].strip()
        lines = body.split("\n")
        cut = _json_step(text) or 0
        rest = [pad + line[cut:] for line in lines[1:]]
        head = ", " if one_line else "," + break_ + pad
        return Splice(last.end, last.end, head + break_.join([lines[0], *rest]))
    end = mapping.end
    at = line_end(text, end)
    behind = text[end:at].strip()
    if behind and not behind.startswith("#"):
        raise refuse(place, "something stands behind it on its line")
    lines = yaml_lines({key: value}, first.column, dash_indent=dash_indent_of(root))
    written = break_.join(lines) + break_
    if not text[:at].endswith("\n"):
        written = break_ + written.removesuffix(break_)
    return Splice(at, at, written)


def remove_entries(text: str, parent: Node, indexes: list[int], place: str) -> list[Splice]:
    """Return the splices that take entries out of a list or mapping.

    Raises:
        InputError: an entry has an anchor, or shares its line in block style.
    """
    spans = _spans(parent)
    for index in indexes:
        node = parent.items[index] if parent.kind == "list" else parent.entries[index][1]
        if node.anchored:
            raise refuse(f"{place}[{index}]", "it has an anchor or is an alias")
    if parent.flow or is_json(text):
        return _remove_flow(spans, sorted(indexes))
    return [_remove_block(text, parent, spans[index], f"{place}[{index}]") for index in indexes]


def _remove_flow(spans: list[tuple[int, int]], indexes: list[int]) -> list[Splice]:
    """Return the splices for runs of neighbouring entries, each with one comma."""
    splices: list[Splice] = []
    position = 0
    while position < len(indexes):
        first = last = indexes[position]
        while position + 1 < len(indexes) and indexes[position + 1] == last + 1:
            position += 1
            last = indexes[position]
        position += 1
        if last + 1 < len(spans):
            splices.append(Splice(spans[first][0], spans[last + 1][0], ""))
        elif first:
            splices.append(Splice(spans[first - 1][1], spans[last][1], ""))
        else:
            splices.append(Splice(spans[first][0], spans[last][1], ""))
    return splices


def _remove_block(text: str, parent: Node, span: tuple[int, int], place: str) -> Splice:
    start, end = span
    if parent.kind == "list":
        start = text.rindex("-", 0, start)
    begin = line_start(text, start)
    if text[begin:start].strip():
        raise refuse(place, "it shares its line with something else")
    stop = line_end(text, end)
    behind = text[end:stop].strip()
    if behind and not behind.startswith("#"):
        raise refuse(place, "something stands behind it on its line")
    return Splice(begin, stop, "")


def remove_key(text: str, mapping: Node, key: str, place: str) -> Splice:
    """Return the splice that takes a key out of a mapping."""
    index = next(at for at, (name, _) in enumerate(mapping.entries) if name.text == key)
    (splice,) = remove_entries(text, mapping, [index], place)
    return splice


def _spans(parent: Node) -> list[tuple[int, int]]:
    if parent.kind == "list":
        return [(item.start, item.end) for item in parent.items]
    return [(key.start, max(key.end, value.end)) for key, value in parent.entries]


def _indent_of_line(text: str, at: int) -> str:
    start = line_start(text, at)
    line = text[start:at]
    return line[: len(line) - len(line.lstrip(" \t"))]


def _json_step(text: str) -> int | None:
    """Return the indentation of a JSON file, None when it is on one line."""
    for line in text.split("\n")[1:20]:
        stripped = line.lstrip(" ")
        if stripped and stripped != line:
            return len(line) - len(stripped)
    return 2 if "\n" in text.strip() else None
