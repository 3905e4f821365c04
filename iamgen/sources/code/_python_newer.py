"""Syntax of Python newer than the one that runs, rewritten so that it can be parsed; lines stay where they are.

Functions run on the newest runtimes, and this may run on an older Python. Rewritten are: quotes and backslashes
inside the expressions of f-strings (3.12), type parameters and `type` statements (3.12), and `except A, B:` (3.14).
"""

import re

_TYPE_STATEMENT = re.compile(rb"^(\s*)type\s+(\w+)(?:\[[^\]\n]*\])?\s*=", re.MULTILINE)
_PARAMETERS = re.compile(rb"^(\s*(?:async\s+)?(?:def|class)\s+\w+)\[[^\]\n]*\](?=\s*[(:])", re.MULTILINE)
_EXCEPT = re.compile(rb"^(\s*except\*?\s+)([\w.]+(?:\s*,\s*[\w.]+)+)\s*:", re.MULTILINE)
_PREFIX = re.compile(rb"(?<![\w'\"])([rRbBuU]?[fF][rR]?|[rR]?[tT][rR]?)('''|\"\"\"|'|\")")


def rewritten(source: bytes) -> bytes:
    """Return the source with newer syntax put into older words."""
    source = _TYPE_STATEMENT.sub(rb"\1\2 =", source)
    source = _PARAMETERS.sub(rb"\1", source)
    source = _EXCEPT.sub(rb"\1(\2):", source)
    return _older_strings(source)


def _older_strings(source: bytes) -> bytes:
    out = bytearray()
    place = 0
    while True:
        found = _PREFIX.search(source, place)
        if found is None:
            out += source[place:]
            return bytes(out)
        prefix, quote = found.group(1), found.group(2)
        out += source[place : found.start()]
        out += prefix.replace(b"t", b"f").replace(b"T", b"F") + quote
        place = _string(source, found.end(), quote, out)


def _string(source: bytes, place: int, quote: bytes, out: bytearray) -> int:
    """Copy an f-string up to its end; return the place after it."""
    depth = 0
    while place < len(source):
        here = source[place : place + 1]
        if depth == 0:
            if source.startswith(quote, place):
                out += quote
                return place + len(quote)
            if here == b"\\":
                out += source[place : place + 2]
                place += 2
                continue
            if here == b"\n" and len(quote) == 1:
                return place
            if source[place : place + 2] in (b"{{", b"}}"):
                out += source[place : place + 2]
                place += 2
                continue
            depth += here == b"{"
            out += here
            place += 1
            continue
        if here in (b"'", b'"'):
            place = _inner(source, place, quote, out)
            continue
        depth += (here == b"{") - (here == b"}")
        out += b" " if here in (b"\\", b"\n") and len(quote) == 1 else here
        place += 1
    return place


def _inner(source: bytes, place: int, quote: bytes, out: bytearray) -> int:
    """Copy a string inside an expression with quotes that do not end the string around it."""
    own = source[place : place + 1]
    other = b'"' if quote[:1] == b"'" else b"'"
    end = place + 1
    while end < len(source) and source[end : end + 1] not in (own, b"\n"):
        end += 2 if source[end : end + 1] == b"\\" else 1
    inside = source[place + 1 : end].replace(b"\\", b" ").replace(b"'", b" ").replace(b'"', b" ")
    out += other + inside + other
    return end + 1
