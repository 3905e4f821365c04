"""Operators, and methods of texts, lists and mappings."""

from collections.abc import Callable
from typing import Any

from iamgen.model.value import Literal, Part, Text, Unresolved
from iamgen.sources._cdk_source import libraries
from iamgen.sources._cdk_source.things import UNSEEN

_MAX_ITEMS = 100


def binary(op: str, left: Any, right: Any) -> Any:
    """Return an operator's value; unknown where it is neither of texts nor of lists."""
    if op == "+" and isinstance(left, list) and isinstance(right, list):
        return left + right
    if op == "+" and isinstance(left, Text) and isinstance(right, Text):
        return libraries.joined([*left.parts, *right.parts])
    if op == "/" and isinstance(left, Text) and isinstance(right, Text):
        return libraries.join_paths([left, right])
    if op == "|" and isinstance(left, dict) and isinstance(right, dict):
        return {**left, **right}
    if op == "%" and isinstance(left, Text):
        return _formatted(left, right if isinstance(right, list) else [right], "%s")
    return UNSEEN


def compare(op: str, left: Any, right: Any) -> Any:
    """Return whether two known texts or truth values compare so; unknown else."""
    a = left.literal if isinstance(left, Text) else left
    b = right.literal if isinstance(right, Text) else right
    if isinstance(a, str | bool) and isinstance(b, str | bool):
        if op in ("==", "is"):
            return a == b
        if op in ("!=", "is not"):
            return a != b
    if op == "in" and isinstance(a, str) and isinstance(b, dict):
        return a in b
    return UNSEEN


def method_of_value(owner: Any, name: str, args: list[Any], each: Callable[[Any], Any] | None) -> Any:
    """Return what a method of a text, a list or a mapping gives; lists and mappings are changed."""
    if isinstance(owner, list):
        return _of_list(owner, name, args, each)
    if isinstance(owner, dict):
        return _of_dict(owner, name, args)
    return _of_text(owner, name, args)


def _of_list(owner: list[Any], name: str, args: list[Any], each: Callable[[Any], Any] | None) -> Any:
    if name in ("push", "append"):
        owner.extend(args)
        return UNSEEN
    if name in ("extend", "concat"):
        added = [item for arg in args for item in (arg if isinstance(arg, list) else [arg])]
        if name == "concat":
            return owner + added
        owner.extend(added)
        return UNSEEN
    if name in ("map", "forEach", "flatMap") and each is not None:
        return [each(item) for item in owner[:_MAX_ITEMS]]
    if name == "filter":
        return list(owner)
    if name == "join" and args and isinstance(args[0], Text):
        parts: list[Part] = []
        for index, item in enumerate(owner):
            if index:
                parts.extend(args[0].parts)
            parts.extend(item.parts if isinstance(item, Text) else (Unresolved("join"),))
        return libraries.joined(parts)
    return UNSEEN


def _of_dict(owner: dict[str, Any], name: str, args: list[Any]) -> Any:
    match name:
        case "items":
            return [[Text.of(key), item] for key, item in owner.items()]
        case "keys":
            return [Text.of(key) for key in owner]
        case "values":
            return list(owner.values())
        case "copy":
            return dict(owner)
        case "update":
            for arg in args:
                owner.update(arg if isinstance(arg, dict) else {})
            return UNSEEN
        case "get" | "pop" | "setdefault":
            key = args[0].literal if args and isinstance(args[0], Text) else None
            fallback = args[1] if len(args) > 1 else UNSEEN
            return owner.get(key, fallback) if key is not None else UNSEEN
        case _:
            return UNSEEN


def _of_text(owner: Text, name: str, args: list[Any]) -> Any:
    known = owner.literal
    if name == "format":
        return _formatted(owner, args, "{}")
    if name == "join" and args and isinstance(args[0], list):
        return _of_list(args[0], "join", [owner], None)
    if known is None:
        return owner if name in ("toString", "as_posix") else UNSEEN
    match name:
        case "toLowerCase" | "lower":
            return Text.of(known.lower())
        case "toUpperCase" | "upper":
            return Text.of(known.upper())
        case "trim" | "strip" | "toString" | "resolve" | "absolute" | "as_posix":
            return Text.of(known.strip())
        case "split":
            mark = args[0].literal if args and isinstance(args[0], Text) else None
            return [Text.of(part) for part in (known.split(mark) if mark else known.split())]
        case "replace":
            words = [arg.literal if isinstance(arg, Text) else None for arg in args[:2]]
            if len(words) == 2 and words[0] is not None and words[1] is not None:
                return Text.of(known.replace(words[0], words[1]))
            return UNSEEN
        case "joinpath":
            return libraries.join_paths([owner, *args])
        case "startsWith" | "startswith" | "endsWith" | "endswith":
            mark = args[0].literal if args and isinstance(args[0], Text) else None
            if mark is None:
                return UNSEEN
            starts = name.lower().startswith("starts")
            return known.startswith(mark) if starts else known.endswith(mark)
        case _:
            return UNSEEN


def _formatted(template: Text, args: list[Any], mark: str) -> Any:
    known = template.literal
    if known is None or known.count(mark) != len(args):
        return UNSEEN
    parts: list[Part] = []
    for index, piece in enumerate(known.split(mark)):
        if index:
            arg = args[index - 1]
            parts.extend(arg.parts if isinstance(arg, Text) else (Unresolved("format"),))
        parts.append(Literal(piece))
    return libraries.joined(parts)
