"""Values of arguments to symbolic text: environment variables, template references and event fields put in.

Enters: a `Value` from the analysis, and the function as its template states it. Leaves: every text that the value can
be, with how certain it is. What stays unknown is `*` inside the text, and the binding says so.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, assert_never

from iamgen.model.fact import Certainty
from iamgen.model.function import EventSource, LambdaFunction
from iamgen.model.value import (
    EnvironmentVariable,
    EventField,
    ListValue,
    Literal,
    MapValue,
    OneOf,
    ParameterRef,
    Part,
    PseudoParameter,
    TemplateRef,
    Text,
    Unresolved,
    Value,
)

MAX_OPTIONS = 24
"""How many alternatives of one value are followed; beyond, the value counts as unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """One text that a value can be."""

    text: str
    certainty: Certainty
    """EXACT literal, BOUND through the template or the event source, ASSUMED with an unknown part."""
    detail: str = ""
    """Why a part is unknown, for people."""

    @property
    def is_unknown(self) -> bool:
        """Whether nothing at all is known of it."""
        return set(self.text) <= {"*"}


_ORDER = (Certainty.EXACT, Certainty.BOUND, Certainty.ASSUMED)
UNKNOWN = Bound(text="*", certainty=Certainty.ASSUMED)


class Binder:
    """Binds the values of one function.

    `reference` gives the symbolic text of a template reference, None if unknown; `table` is access_maps/event_fields.toml.
    """

    def __init__(
        self,
        function: LambdaFunction | None,
        reference: Callable[[TemplateRef], str | None],
        table: Mapping[str, Any],
    ) -> None:
        self.function = function
        self.reference = reference
        self.event_fields = table.get("field", ())
        self.variables = table.get("variables", {})
        self.environment = dict(function.environment) if function else {}

    def texts(self, value: Value | None) -> tuple[Bound, ...]:
        """Return the texts that a scalar value can be; one unknown text for what is no scalar."""
        if value is None:
            return (UNKNOWN,)
        found = list(dict.fromkeys(itertools.islice(self._texts(value, 0), MAX_OPTIONS + 1)))
        if not found or len(found) > MAX_OPTIONS:
            return (Bound(text="*", certainty=Certainty.ASSUMED, detail="too many alternatives"),)
        return tuple(found)

    def member(self, arguments: MapValue, path: str) -> tuple[Value, ...] | None:
        """Return the values at an input member path (`TransactItems[].Put.TableName`, `RequestItems{keys}`).

        An empty tuple says the member is not passed; None says nobody could see whether it is.
        """
        steps = path.replace("[]", ".[]").replace("{keys}", ".{keys}").split(".")
        return self._walk(arguments, [step for step in steps if step])

    def _walk(self, value: Value, steps: list[str]) -> tuple[Value, ...] | None:
        if not steps:
            return (value,)
        match value:
            case OneOf(options):
                return _join([self._walk(option, steps) for option in options])
            case MapValue(entries, is_open):
                if steps[0] == "{keys}":
                    names: tuple[Value, ...] = tuple(value.key(key) for key, _ in entries)
                    return names or (None if is_open else ())
                if steps[0] == "{values}":
                    return _join([self._walk(item, steps[1:]) for _, item in entries])
                found = value.get(steps[0])
                if found is None:
                    return None if is_open else ()
                return self._walk(found, steps[1:])
            case ListValue(items, is_open):
                rest = steps[1:] if steps[0] == "[]" else steps
                inner = [self._walk(item, rest) for item in items]
                return _join([*inner, None] if is_open and not items else inner)
            case Text(parts):
                if steps == ["[]"]:
                    return (value,)
                if any(isinstance(part, Literal) for part in parts):
                    return ()
                return None
            case _:
                assert_never(value)

    def _texts(self, value: Value, depth: int) -> Iterator[Bound]:
        if depth > 8:
            yield UNKNOWN
            return
        match value:
            case OneOf(options):
                for option in options:
                    yield from self._texts(option, depth + 1)
            case Text(parts):
                pieces = [list(itertools.islice(self._part(part, depth), MAX_OPTIONS)) for part in parts]
                for combination in itertools.product(*pieces):
                    yield _concatenate(combination)
            case ListValue(items, _):
                for item in items:
                    yield from self._texts(item, depth + 1)
                if not items:
                    yield UNKNOWN
            case MapValue():
                yield UNKNOWN
            case _:
                assert_never(value)

    def _part(self, part: Part, depth: int) -> Iterator[Bound]:
        match part:
            case Literal(text):
                yield Bound(text=text, certainty=Certainty.EXACT)
            case EnvironmentVariable(name, default):
                yield from self._variable(name, default, depth)
            case TemplateRef(logical_id, attribute):
                token = f"{{{logical_id}.{attribute}}}" if attribute else f"{{{logical_id}}}"
                yield Bound(text=self.reference(part) or token, certainty=Certainty.BOUND)
            case ParameterRef(name, known):
                detail = f"parameter {name}" if known is None else f"{name}={known}"
                yield Bound(text=f"{{{name}}}", certainty=Certainty.ASSUMED, detail=detail)
            case PseudoParameter(name):
                yield Bound(text=f"${{{name}}}", certainty=Certainty.BOUND)
            case EventField(path):
                yield from self._event(path, depth)
            case Unresolved(detail):
                yield Bound(text="*", certainty=Certainty.ASSUMED, detail=detail)
            case _:
                assert_never(part)

    def _variable(self, name: str, default: str | None, depth: int) -> Iterator[Bound]:
        value = self.environment.get(name)
        if value is not None:
            for bound in self._texts(value, depth + 1):
                certainty = Certainty.BOUND if bound.certainty is Certainty.EXACT else bound.certainty
                yield Bound(text=bound.text, certainty=certainty, detail=bound.detail)
        elif name in self.variables and self.function is not None:
            own = {"function": f"{{{self.function.id}}}", "region": "${Region}"}
            yield Bound(text=own.get(self.variables[name], "*"), certainty=Certainty.BOUND)
        elif default is not None:
            yield Bound(text=default, certainty=Certainty.BOUND, detail=f"default of {name}")
        else:
            yield Bound(text="*", certainty=Certainty.ASSUMED, detail=f"environment variable {name} is not set")

    def _event(self, path: str, depth: int) -> Iterator[Bound]:
        known = False
        for source in self.function.event_sources if self.function else ():
            for row in self.event_fields:
                if source.kind not in row["kinds"] or not _fits(path, row["path"]):
                    continue
                for bound in self._source(source, row, depth):
                    known = True
                    yield bound
            for bound in self._pattern(source, path, depth):
                known = True
                yield bound
        if not known:
            yield Bound(text="*", certainty=Certainty.ASSUMED, detail=f"event field {path}")

    def _pattern(self, source: EventSource, path: str, depth: int) -> Iterator[Bound]:
        """Return what an event pattern lets a field be."""
        found: Value | None = dict(source.properties).get("Pattern")
        for step in path.replace("[]", "").split("."):
            found = found.get(step) if isinstance(found, MapValue) else None
        leaves = found.items if isinstance(found, ListValue) else ()
        for leaf in map(_leaf, leaves):
            if leaf is not None:
                for bound in self._texts(leaf, depth + 1):
                    certainty = max(bound.certainty, Certainty.BOUND, key=_ORDER.index)
                    yield Bound(text=bound.text, certainty=certainty, detail="event pattern")

    def _source(self, source: EventSource, row: dict[str, Any], depth: int) -> Iterator[Bound]:
        if row["gives"] == "content" or source.resource is None:
            return
        for bound in self._texts(source.resource, depth + 1):
            text = bound.text
            if row["gives"] == "name" and text.startswith("arn:"):
                text = text.rpartition(":")[2].rpartition("/")[2]
            certainty = Certainty.BOUND if not bound.is_unknown else Certainty.ASSUMED
            yield Bound(text=text, certainty=certainty, detail=f"{source.kind} event")


def _leaf(value: Value) -> Value | None:
    """Return what one matcher of an event pattern lets through: a value, or a text with an open end."""
    if isinstance(value, Text):
        return value
    if isinstance(value, MapValue) and len(value.entries) == 1:
        kind, inner = value.entries[0]
        if isinstance(inner, Text) and kind in ("prefix", "equals-ignore-case", "wildcard"):
            return Text((*inner.parts, Unresolved())) if kind == "prefix" else inner
    return None


def _fits(path: str, pattern: str) -> bool:
    """Whether an event path ends in a pattern's steps, list marks left out."""
    steps = path.replace("[]", "").split(".")
    wanted = pattern.replace("[]", "").split(".")
    return [s for s in steps if s][-len(wanted) :] == wanted


def _concatenate(pieces: tuple[Bound, ...]) -> Bound:
    text = "".join(piece.text for piece in pieces)
    while "**" in text:
        text = text.replace("**", "*")
    certainty = max((p.certainty for p in pieces), key=_ORDER.index, default=Certainty.EXACT)
    detail = next((p.detail for p in pieces if p.detail), "")
    return Bound(text=text, certainty=certainty, detail=detail)


def _join(parts: list[tuple[Value, ...] | None]) -> tuple[Value, ...] | None:
    seen = [part for part in parts if part is not None]
    if not seen and parts:
        return None
    return tuple(value for part in seen for value in part)
