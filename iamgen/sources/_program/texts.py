"""What operations on text give: known characters are worked on, what is symbolic stays symbolic where that is true."""

from collections.abc import Callable

from iamgen.model.value import EnvironmentVariable, EventField, Literal, Part, Text, Unresolved
from iamgen.sources._program.machine import Args, Machine
from iamgen.sources._program.values import (
    Alt,
    DictVal,
    Event,
    ListVal,
    Scalar,
    Unknown,
    Val,
    concatenate,
    describe,
    join_all,
    literal,
    merge_parts,
    options,
    parts_of,
    text,
)

MAX_PARTS = 48
MAX_CHARS = 8_000

_SAME = frozenset({"strip", "encode", "decode", "rstrip", "lstrip", "trim", "toString", "valueOf"})
"""Methods that leave a name what it is."""


def bounded(value: Val) -> Val:
    """Return a text, unknown when it has become too long to be a name."""
    for each in options(value):
        if isinstance(each, Text) and (
            len(each.parts) > MAX_PARTS
            or sum(len(part.text) for part in each.parts if isinstance(part, Literal)) > MAX_CHARS
        ):
            return Unknown("a long text")
    return value


def cut(machine: Machine, value: Val, low: Val, high: Val) -> Val:
    """Return a slice of a text or list."""
    start = low.value if isinstance(low, Scalar) and isinstance(low.value, int) else None
    end = high.value if isinstance(high, Scalar) and isinstance(high.value, int) else None
    known = all(isinstance(each, Scalar) for each in (low, high))
    match value:
        case Alt():
            return join_all(cut(machine, each, low, high) for each in value.options)
        case ListVal() if known and value.rest is None:
            return machine.new_list(value.items[start:end])
        case ListVal():
            return machine.new_list([], value.element())
        case Text() if known and value.literal is not None:
            return text(value.literal[start:end])
        case Text() if start in (None, 0) and (end is None or end < 0 or end >= _known(value)):
            return _beginning(value, "")
        case Text():
            return Unknown("a part of a text")
        case Event():
            return value
        case _:
            return Unknown(describe(value) or "a slice")


def _known(value: Text) -> int:
    first = value.parts[0]
    return len(first.text) if isinstance(first, Literal) else 0


def _beginning(value: Text, separator: str) -> Val:
    """Return a text that is cut somewhere behind its literal beginning, or at the first separator in it."""
    first = value.parts[0]
    if not isinstance(first, Literal):
        return Unknown("a part of a text")
    if separator and separator in first.text:
        return text(first.text.partition(separator)[0])
    return Text((first, Unresolved("a part of a text")))


def character(value: Text, key: Val) -> Val:
    """Return one character of a text."""
    known = value.literal
    if known is not None and isinstance(key, Scalar) and isinstance(key.value, int):
        if -len(known) <= key.value < len(known):
            return text(known[key.value])
        return Unknown("no such character")
    return Unknown("a character")


def percent(machine: Machine, left: Text, right: Val) -> Val:
    """Return `"…%s…" % values`."""
    pattern = left.literal
    if pattern is None:
        return Unknown("a formatted text")
    if isinstance(right, ListVal) and right.rest is None:
        values = list(right.items)
    elif isinstance(right, DictVal):
        return _percent_names(pattern, right)
    else:
        values = [right]
    pieces: list[Val] = []
    rest = pattern
    while "%" in rest:
        before, _, after = rest.partition("%")
        pieces.append(text(before))
        if after.startswith("%"):
            pieces.append(text("%"))
            rest = after[1:]
            continue
        after = after.lstrip("0123456789.-+ #")
        pieces.append(values.pop(0) if values else Unknown("a missing value"))
        rest = after[1:]
    pieces.append(text(rest))
    return bounded(concatenate(pieces))


def _percent_names(pattern: str, values: DictVal) -> Val:
    pieces: list[Val] = []
    rest = pattern
    while "%(" in rest:
        before, _, after = rest.partition("%(")
        name, _, after = after.partition(")")
        pieces += [text(before), values.entries.get(name, Unknown(name))]
        rest = after[1:]
    pieces.append(text(rest))
    return bounded(concatenate(pieces))


def formatted(pattern: Text, args: Args) -> Val:
    """Return `"…{}…{name}…".format(…)`."""
    known = pattern.literal
    if known is None:
        return Unknown("a formatted text")
    pieces: list[Val] = []
    rest, count = known, 0
    while "{" in rest:
        before, _, after = rest.partition("{")
        pieces.append(text(before.replace("}}", "}")))
        if after.startswith("{"):
            pieces.append(text("{"))
            rest = after[1:]
            continue
        field, _, rest = after.partition("}")
        name = field.partition(":")[0].partition("!")[0]
        head = name.partition(".")[0].partition("[")[0]
        if head == "":
            found = args.get(count)
            count += 1
        elif head.isdigit():
            found = args.get(int(head))
        else:
            found = args.keywords.get(head)
        if found is None or name != head:
            found = Unknown("a formatted value")
        pieces.append(found)
    pieces.append(text(rest.replace("}}", "}")))
    return bounded(concatenate(pieces))


def method(machine: Machine, value: Text, name: str, args: Args) -> Val:
    """Return what a method of a text gives."""
    if name == "format":
        return formatted(value, args)
    if name == "join":
        return joined(machine, value, args.get(0))
    if name == "concat":
        return bounded(concatenate((value, *args.places)))
    known = value.literal
    if known is not None:
        made = _LITERAL.get(name)
        given = [literal(each) for each in args.places]
        if made is not None and all(each is not None for each in given):
            try:
                result = made(known, *given)
            except (TypeError, ValueError):
                return Unknown("a text method")
            if isinstance(result, list):
                return machine.new_list([text(each) for each in result])
            if isinstance(result, bool):
                return Scalar(result)
            return text(result)
    if name in _SAME:
        return value
    if name in ("replace", "replaceAll") and len(args.places) == 2:
        old, new = literal(args.places[0]), literal(args.places[1])
        if old is not None and new is not None:
            return _replaced(value, old, new)
    if name in ("lower", "upper", "toLowerCase", "toUpperCase"):
        change: Callable[[str], str] = str.lower if name.lower().endswith("lower") or "Lower" in name else str.upper
        return merge_parts(
            Literal(change(part.text)) if isinstance(part, Literal) else _changed(part) for part in value.parts
        )
    if name in ("split", "rsplit", "splitlines", "partition", "rpartition"):
        return _split(machine, value, name, args)
    if name in ("startswith", "endswith", "isdigit", "startsWith", "endsWith", "includes"):
        return Unknown("a test")
    return Unknown("made from a text")


def _changed(part: Part) -> Part:
    if isinstance(part, EnvironmentVariable):
        return Unresolved(f"made from {part.name}")
    if isinstance(part, EventField):
        return Unresolved(f"made from event field {part.path}")
    return part


def _replaced(value: Text, old: str, new: str) -> Val:
    """A replacement leaves symbolic parts as they are: what they hold is a name, rarely what is replaced."""
    return merge_parts(
        Literal(part.text.replace(old, new)) if isinstance(part, Literal) else _changed(part) for part in value.parts
    )


def _split(machine: Machine, value: Text, name: str, args: Args) -> Val:
    """Return the pieces of a text with symbolic parts: the first keeps its literal beginning."""
    rest = Unknown("a part of a text")
    if name.startswith("r") or not args.places:
        return machine.new_list([], rest)
    separator = literal(args.places[0])
    if separator is None:
        return machine.new_list([], rest)
    return machine.new_list([_beginning(value, separator)], rest)


def joined(machine: Machine, separator: Text, items: Val | None) -> Val:
    """Return `separator.join(items)`."""
    if isinstance(items, ListVal) and items.rest is None and len(items.items) <= MAX_PARTS:
        pieces: list[Val] = []
        for index, each in enumerate(items.items):
            if index:
                pieces.append(separator)
            pieces.append(each)
        return bounded(concatenate(pieces))
    return Unknown("joined texts")


def _partition(known: str, separator: str) -> list[str]:
    return list(known.partition(separator))


def _rpartition(known: str, separator: str) -> list[str]:
    return list(known.rpartition(separator))


_LITERAL: dict[str, Callable[..., str | bool | list[str]]] = {
    "lower": str.lower,
    "upper": str.upper,
    "toLowerCase": str.lower,
    "toUpperCase": str.upper,
    "strip": str.strip,
    "lstrip": str.lstrip,
    "rstrip": str.rstrip,
    "trim": str.strip,
    "title": str.title,
    "capitalize": str.capitalize,
    "replace": str.replace,
    "replaceAll": str.replace,
    "split": lambda known, *args: known.split(*args) if args != ("",) else list(known),
    "rsplit": str.rsplit,
    "partition": _partition,
    "rpartition": _rpartition,
    "startswith": str.startswith,
    "endswith": str.endswith,
    "startsWith": str.startswith,
    "endsWith": str.endswith,
    "includes": str.__contains__,
    "removeprefix": str.removeprefix,
    "removesuffix": str.removesuffix,
}


def as_text(value: Val) -> Val:
    """Return a value as text (`str(x)`)."""
    match value:
        case Text() | Event() | Unknown():
            return value
        case Alt():
            return join_all(as_text(each) for each in value.options)
        case Scalar():
            return merge_parts(parts_of(value))
        case _:
            return Unknown(describe(value) or "a text")
