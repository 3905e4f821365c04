"""Terraform's own functions, as far as names and policies need them."""

import json
import posixpath
import re
from collections.abc import Callable
from typing import Any

from iamgen.model.value import Literal, Part, Text
from iamgen.sources._terraform.values import UNSEEN, Unseen, joined, parts_of, plain


def call(name: str, args: list[Any]) -> Any:
    """Return what a function gives, unknown for one that is not known here."""
    rule = _FUNCTIONS.get(name)
    if rule is None:
        return Unseen(f"{name}()")
    try:
        return rule(args)
    except (IndexError, AttributeError, TypeError, ValueError):
        return UNSEEN


def _literal(value: Any) -> str | None:
    return value.literal if isinstance(value, Text) else None


def _format(args: list[Any]) -> Any:
    template = _literal(args[0])
    if template is None:
        return UNSEEN
    parts: list[Part] = []
    index = 1
    at = 0
    for found in re.finditer(r"%(?:[-+ #0]*\d*(?:\.\d+)?)?[a-z%]", template):
        parts.append(Literal(template[at : found.start()]))
        at = found.end()
        if found[0] == "%%":
            parts.append(Literal("%"))
            continue
        parts.extend(parts_of(args[index]))
        index += 1
    parts.append(Literal(template[at:]))
    return joined(parts)


def _join(args: list[Any]) -> Any:
    parts: list[Part] = []
    items = [item for arg in args[1:] for item in (arg if isinstance(arg, list) else [arg])]
    for index, item in enumerate(items):
        if index:
            parts.extend(parts_of(args[0]))
        parts.extend(parts_of(item))
    return joined(parts)


def _concat(args: list[Any]) -> Any:
    return [item for arg in args if isinstance(arg, list) for item in arg]


def _merge(args: list[Any]) -> Any:
    found: dict[str, Any] = {}
    for arg in args:
        if isinstance(arg, dict):
            found.update(arg)
    return found


def _lookup(args: list[Any]) -> Any:
    table, key = args[0], _literal(args[1])
    if isinstance(table, dict) and key is not None:
        return table.get(key, args[2] if len(args) > 2 else UNSEEN)
    return UNSEEN


def _first_known(args: list[Any]) -> Any:
    for arg in args:
        if arg is not None and not isinstance(arg, Unseen) and _literal(arg) != "":
            return arg
    return args[-1] if args else UNSEEN


def _element(args: list[Any]) -> Any:
    index = _literal(args[1])
    if isinstance(args[0], list) and args[0] and index is not None:
        return args[0][int(index) % len(args[0])]
    return UNSEEN


def _text(change: Callable[[str], str]) -> Callable[[list[Any]], Any]:
    def changed(args: list[Any]) -> Any:
        known = _literal(args[0])
        return UNSEEN if known is None else Text.of(change(known))

    return changed


def _replace(args: list[Any]) -> Any:
    words = [_literal(arg) for arg in args[:3]]
    if any(word is None for word in words):
        return args[0] if _literal(args[0]) is None else UNSEEN
    return Text.of(str(words[0]).replace(str(words[1]), str(words[2])))


def _split(args: list[Any]) -> Any:
    mark, known = _literal(args[0]), _literal(args[1])
    if mark is None or known is None:
        return UNSEEN
    return [Text.of(part) for part in known.split(mark)]


def _decode(args: list[Any]) -> Any:
    known = _literal(args[0])
    return UNSEEN if known is None else plain(json.loads(known))


def _same(args: list[Any]) -> Any:
    return args[0] if args else UNSEEN


def _flat(args: list[Any]) -> Any:
    found: list[Any] = []
    for item in args[0] if isinstance(args[0], list) else []:
        found.extend(item if isinstance(item, list) else [item])
    return found


def _one(args: list[Any]) -> Any:
    return args[0][0] if isinstance(args[0], list) and args[0] else UNSEEN


_FUNCTIONS: dict[str, Callable[[list[Any]], Any]] = {
    "format": _format,
    "join": _join,
    "concat": _concat,
    "merge": _merge,
    "lookup": _lookup,
    "coalesce": _first_known,
    "try": _first_known,
    "coalescelist": _first_known,
    "element": _element,
    "lower": _text(str.lower),
    "upper": _text(str.upper),
    "trimspace": _text(str.strip),
    "title": _text(str.title),
    "basename": _text(posixpath.basename),
    "dirname": _text(posixpath.dirname),
    "replace": _replace,
    "split": _split,
    "jsondecode": _decode,
    "jsonencode": _same,
    "tostring": _same,
    "toset": _same,
    "tolist": _same,
    "tomap": _same,
    "tonumber": _same,
    "nonsensitive": _same,
    "sensitive": _same,
    "abspath": _same,
    "distinct": _same,
    "sort": _same,
    "compact": lambda args: [i for i in args[0] if i is not None and _literal(i) != ""],
    "flatten": _flat,
    "one": _one,
    "keys": lambda args: [Text.of(key) for key in args[0]],
    "values": lambda args: list(args[0].values()),
    "length": lambda args: Text.of(str(len(args[0]))),
    "zipmap": lambda args: {str(_literal(key)): item for key, item in zip(args[0], args[1], strict=False)},
}
