"""The small words of the syntax: names, numbers, and text with its escapes."""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node

_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0", "\n": ""}
_CODE = re.compile(r"x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|u\{[0-9a-fA-F]{1,6}\}")


def text(node: "Node") -> str:
    """Return the source of a node; bytes that are no UTF-8 are replaced."""
    return (node.text or b"").decode("utf-8", "replace")


def escape(sequence: str) -> str:
    r"""Return the characters that an escape sequence such as `\n` or `\u{1F600}` stands for."""
    body = sequence[1:]
    if _CODE.fullmatch(body):
        code = int(body[1:].strip("{}"), 16)
        # NOTE: half of a surrogate pair is no character of its own.
        return chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else "�"
    return _ESCAPES.get(body, body)


def string(node: "Node") -> str:
    """Return the value of a quoted string."""
    children = node.named_children
    if len(children) == 1 and children[0].type == "string_fragment":
        return text(children[0])
    return "".join(
        escape(text(child)) if child.type == "escape_sequence" else text(child)
        for child in children
        if child.type in ("string_fragment", "escape_sequence")
    )


def number(source: str) -> int | float | None:
    """Return the value of a numeric literal, None where it is no plain number."""
    plain = source.replace("_", "").rstrip("n") if not source.startswith(("0x", "0X")) else source
    try:
        return int(plain, 0)
    except ValueError:
        try:
            return float(plain)
        except ValueError:
            return None
