"""What a name can hold: abstract values, how they join, and what they look like to the rest of iamgen.

Scalars and symbolic values are frozen and compare by content. Things that code changes after it made them (lists,
dicts, instances, library objects) are heap objects: they compare by identity and count their changes, so that the
results of a call can be kept for equal arguments.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from iamgen.model.value import (
    EnvironmentVariable,
    EventField,
    ListValue,
    Literal,
    MapValue,
    OneOf,
    Part,
    Text,
    Unresolved,
    Value,
)
from iamgen.sources._program.form import Class, Function, Module, Stmt

MAX_OPTIONS = 24
"""Alternatives a value keeps; more become "unknown" besides these."""
MAX_DEPTH = 6
"""Levels of lists and dicts that an argument shows."""
MAX_NODES = 1_500
"""Values that one argument shows in all."""
MAX_ITEMS = 200
"""Items of a list that are kept apart."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """None, a truth value, a number or bytes."""

    value: int | float | bool | bytes | None


@dataclass(frozen=True, slots=True)
class Event:
    """A part of the event the handler is called with."""

    path: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that could not be worked out; `detail` says why."""

    detail: str = ""


@dataclass(frozen=True, slots=True)
class Environ:
    """The environment variables as a whole."""


@dataclass(frozen=True, slots=True)
class Context:
    """The Lambda context object."""


@dataclass(frozen=True, slots=True)
class External:
    """Something of a library: `module` as imported, `name` the dotted member, "" for the module itself."""

    module: str
    name: str = ""

    @property
    def full(self) -> str:
        """Return module and name, dotted."""
        return f"{self.module}.{self.name}" if self.name else self.module

    def member(self, name: str) -> "External":
        """Return a member of it."""
        return External(self.module, f"{self.name}.{name}" if self.name else name)


@dataclass(frozen=True, slots=True)
class Client:
    """A client of one service; `via` is the library that made it when it is not the SDK."""

    service: str
    foreign: bool = False
    """Made with credentials that are not the function's own."""
    flavor: str = "client"
    """What kind of client: decides which methods it has (`client`, `v3`, `document`, …)."""


@dataclass(frozen=True, slots=True)
class ClientMember:
    """A member of a client, before it is called."""

    client: Client
    name: str


@dataclass(frozen=True, slots=True)
class Paginator:
    """A paginator or waiter of one operation."""

    client: Client
    operation: str


@dataclass(frozen=True, slots=True)
class Session:
    """An SDK session."""

    foreign: bool = False


@dataclass(frozen=True, slots=True)
class Credentials:
    """The credentials of a session."""

    foreign: bool = False


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource of boto3's object layer; `type` is "" for the service itself."""

    service: str
    type: str = ""
    identifiers: tuple[tuple[str, "Val"], ...] = ()
    foreign: bool = False


@dataclass(frozen=True, slots=True)
class ResourceMember:
    """A member of a resource, before it is called."""

    resource: Resource
    name: str


@dataclass(frozen=True, slots=True)
class Collection:
    """A collection of boto3's object layer."""

    resource: Resource
    name: str
    arguments: tuple[tuple[str, "Val"], ...] = ()


@dataclass(frozen=True, slots=True)
class Response:
    """What an SDK call gave back, or a part of it."""

    service: str
    operation: str
    path: str = ""
    arguments: tuple[tuple[str, "Val"], ...] = ()


@dataclass(frozen=True, slots=True)
class Builtin:
    """A function of the language itself."""

    name: str


@dataclass(frozen=True, slots=True)
class Member:
    """A method of a plain value (text, list, dict, library object), before it is called."""

    receiver: "Val"
    name: str


@dataclass(frozen=True, slots=True)
class Bound:
    """A function with its receiver."""

    function: "FunctionVal"
    receiver: "Val"


@dataclass(frozen=True, slots=True)
class Partial:
    """A callable with some arguments set."""

    function: "Val"
    args: tuple["Val", ...] = ()
    keywords: tuple[tuple[str, "Val"], ...] = ()


@dataclass(frozen=True, slots=True)
class SuperVal:
    """The receiver seen from above one class of its line."""

    cls: "ClassVal"
    receiver: "Val"


@dataclass(frozen=True, slots=True)
class Lazy:
    """A name of a module that was still running when it was imported."""

    module: "ModuleState"
    name: str


@dataclass(frozen=True, slots=True)
class Alt:
    """One of several values."""

    options: tuple["Val", ...]


class Scope:
    """Names and what they hold; `parent` is where the search goes on."""

    __slots__ = ("module", "outer", "parent", "shared", "variables")

    def __init__(self, parent: "Scope | None", module: "ModuleState") -> None:
        self.variables: dict[str, Val] = {}
        self.parent = parent
        self.module = module
        self.outer: frozenset[str] = frozenset()
        self.shared: Scope | None = None
        """Where definitions go when a package is many files: imports alone are the file's own."""

    def find(self, name: str) -> "Val | None":
        """Return what the name holds, the nearest scope first."""
        scope: Scope | None = self
        while scope is not None:
            value = scope.variables.get(name)
            if value is not None:
                return value
            scope = scope.parent
        return None

    def owner(self, name: str) -> "Scope | None":
        """Return the nearest scope that has the name."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.variables:
                return scope
            scope = scope.parent
        return None


class ModuleState:
    """A module that was imported: its names are the variables of `scope`."""

    __slots__ = ("exports", "module", "path", "running", "scope")

    def __init__(self, path: str, module: Module | None) -> None:
        self.path = path
        self.module = module
        self.scope = Scope(None, self)
        self.exports: DictVal | None = None
        self.running = False

    @property
    def language(self) -> str:
        """Return the front end's name, "" for a package that is only a folder."""
        return self.module.language if self.module else ""


class FunctionVal:
    """A function together with the scope it was made in."""

    __slots__ = ("cls", "context", "context_manager", "function", "module", "receiver", "scope")

    def __init__(self, function: Function, scope: Scope, module: ModuleState) -> None:
        self.function = function
        self.scope = scope
        self.module = module
        self.cls: ClassVal | None = None
        self.context_manager = False
        self.context: External | None = None
        """What a library's decorator passes in place of the Lambda context."""
        self.receiver: Val | None = None
        """What `this` is in an arrow function: the receiver where it was made."""


class ClassVal:
    """A class: its own members, its bases, and what decorated it."""

    __slots__ = (
        "annotations",
        "bases",
        "cls",
        "fields",
        "markers",
        "members",
        "module",
        "scope",
    )

    def __init__(self, cls: Class, scope: Scope, module: ModuleState) -> None:
        self.cls = cls
        self.scope = scope
        self.module = module
        self.bases: tuple[Val, ...] = ()
        self.members: dict[str, Val] = {}
        self.fields: tuple[Stmt, ...] = ()
        self.markers: tuple[str, ...] = ()
        self.annotations: tuple[Thing, ...] = ()
        """What decorated it, with its arguments."""

    def line(self) -> "Iterator[ClassVal]":
        """Yield the class and its bases of the project, nearest first, each once."""
        seen: set[int] = set()
        todo: list[ClassVal] = [self]
        while todo:
            cls = todo.pop(0)
            if id(cls) in seen:
                continue
            seen.add(id(cls))
            yield cls
            todo.extend(each for base in cls.bases for each in options(base) if isinstance(each, ClassVal))

    def find(self, name: str) -> "tuple[Val, ClassVal] | None":
        """Return a member and the class that has it."""
        for cls in self.line():
            value = cls.members.get(name)
            if value is not None:
                return value, cls
        return None

    def outside(self) -> "tuple[External, ...]":
        """Return the bases that belong to libraries."""
        found: list[External] = []
        for cls in self.line():
            for base in cls.bases:
                for each in options(base):
                    if isinstance(each, External):
                        found.append(each)
                    elif isinstance(each, Thing):
                        found.append(each.kind)
        return tuple(found)


class Heap:
    """An object that code can change; `branch` is where it was made, `version` counts its changes."""

    __slots__ = ("branch", "serial", "version")

    def __init__(self, branch: int, serial: int) -> None:
        self.branch = branch
        self.serial = serial
        self.version = 0


class ListVal(Heap):
    """A sequence; `rest` is what further items can be, None when there are none."""

    __slots__ = ("items", "rest")

    def __init__(self, items: "list[Val]", rest: "Val | None" = None, branch: int = 0, serial: int = 0) -> None:
        super().__init__(branch, serial)
        self.items = items
        self.rest = rest

    def element(self) -> "Val":
        """Return what any one item can be."""
        values = [*self.items, self.rest] if self.rest is not None else self.items
        return join_all(values) if values else Unknown("an item of an empty list")


class DictVal(Heap):
    """A mapping; `rest` is what values under keys that nobody could see can be, None when there are none."""

    __slots__ = ("default", "entries", "rest")

    def __init__(
        self,
        entries: "dict[Any, Val]",
        rest: "Val | None" = None,
        branch: int = 0,
        serial: int = 0,
    ) -> None:
        super().__init__(branch, serial)
        self.entries = entries
        self.rest = rest
        self.default: Val | None = None

    def element(self) -> "Val":
        """Return what any one value can be."""
        values = list(self.entries.values())
        if self.rest is not None:
            values.append(self.rest)
        return join_all(values) if values else Unknown("a value of an empty dict")


class Instance(Heap):
    """An object of a class of the project."""

    __slots__ = ("attributes", "cls", "vague")

    def __init__(self, cls: ClassVal, branch: int = 0, serial: int = 0) -> None:
        super().__init__(branch, serial)
        self.cls = cls
        self.attributes: dict[str, Val] = {}
        self.vague = False
        """Made from arguments that nobody saw."""


class Thing(Heap):
    """An object of a library: what made it, with which arguments, and the functions it was given."""

    __slots__ = ("args", "attributes", "callbacks", "keywords", "kind")

    def __init__(
        self,
        kind: External,
        args: "tuple[Val, ...]" = (),
        keywords: "tuple[tuple[str, Val], ...]" = (),
        branch: int = 0,
        serial: int = 0,
    ) -> None:
        super().__init__(branch, serial)
        self.kind = kind
        self.args = args
        self.keywords = keywords
        self.attributes: dict[str, Val] = {}
        self.callbacks: list[Val] = []

    def keyword(self, name: str) -> "Val | None":
        """Return a keyword argument it was made with."""
        return next((value for key, value in self.keywords if key == name), None)


Val = (
    Text
    | Scalar
    | Event
    | Unknown
    | Environ
    | Context
    | External
    | Client
    | ClientMember
    | Paginator
    | Session
    | Credentials
    | Resource
    | ResourceMember
    | Collection
    | Response
    | Builtin
    | Member
    | Bound
    | Partial
    | SuperVal
    | Lazy
    | Alt
    | ModuleState
    | FunctionVal
    | ClassVal
    | ListVal
    | DictVal
    | Instance
    | Thing
)

NONE = Scalar(None)


def options(value: Val) -> tuple[Val, ...]:
    """Return the alternatives of a value, itself when it has none."""
    return value.options if isinstance(value, Alt) else (value,)


def join_all(values: Iterable[Val]) -> Val:
    """Return the value that is any of these."""
    found: dict[Any, Val] = {}
    unknown: Unknown | None = None
    for value in values:
        for each in options(value):
            if isinstance(each, Unknown):
                unknown = unknown or each
            else:
                found.setdefault(each, each)
    kept = list(found.values())
    if len(kept) > MAX_OPTIONS:
        # Text goes first: losing a name widens a resource, losing a client hides a call.
        kept.sort(key=lambda each: isinstance(each, Text | Scalar | Event | Response))
        kept = kept[:MAX_OPTIONS]
        unknown = unknown or Unknown("too many alternatives")
    if unknown is not None:
        kept.append(unknown)
    if not kept:
        return Unknown()
    return kept[0] if len(kept) == 1 else Alt(tuple(kept))


def join(left: Val, right: Val) -> Val:
    """Return the value that is either of two."""
    if left is right or (type(left) is type(right) and left == right):
        return left
    return join_all((left, right))


def text(value: str) -> Text:
    """Return a literal text."""
    return Text((Literal(value),))


def literal(value: Val) -> str | None:
    """Return the characters of a text that is wholly known, else None."""
    return value.literal if isinstance(value, Text) else None


def is_none(value: Val) -> bool:
    """Return whether the value is None for certain."""
    return isinstance(value, Scalar) and value.value is None


def parts_of(value: Val) -> tuple[Part, ...]:
    """Return a value as parts of a text."""
    match value:
        case Text():
            return value.parts
        case Scalar(value=bool() as flag):
            return (Literal("true" if flag else "false"),)
        case Scalar(value=int() | float() as number):
            return (Literal(str(number)),)
        case Scalar(value=bytes() as raw):
            return (Literal(raw.decode("utf-8", "replace")),)
        case Scalar():
            return (Literal("None"),)
        case Event(path=path):
            return (EventField(path),)
        case _:
            return (Unresolved(describe(value)),)


def merge_parts(parts: Iterable[Part]) -> Text:
    """Return the text of some parts, neighbouring literals joined."""
    merged: list[Part] = []
    for part in parts:
        if isinstance(part, Literal):
            if not part.text:
                continue
            if merged and isinstance(merged[-1], Literal):
                merged[-1] = Literal(merged[-1].text + part.text)
                continue
        merged.append(part)
    return Text(tuple(merged) or (Literal(""),))


def concatenate(values: Iterable[Val]) -> Val:
    """Return the text made of some values, alternatives multiplied up to a bound."""
    results: list[tuple[Part, ...]] = [()]
    for value in values:
        choices = [each for each in options(value) if not is_none(each)] or [value]
        if len(choices) * len(results) > MAX_OPTIONS:
            choices = [Unknown("one of many")]
        results = [done + parts_of(each) for done in results for each in choices]
    return join_all(merge_parts(parts) for parts in results)


def describe(value: Val) -> str:
    """Return a few words on where a value comes from, for people."""
    match value:
        case Unknown(detail=detail):
            return detail
        case Response(service=service, operation=operation):
            return f"from {service}:{operation}"
        case Context():
            return "the Lambda context"
        case External():
            return f"from {value.full}"
        case Thing():
            return f"from {value.kind.full}"
        case Alt():
            return "one of several values"
        case _:
            return ""


def to_model(value: Val) -> Value:
    """Return a value as the rest of iamgen sees it, up to a depth and a number of nodes."""
    return _Shown().show(value, 0)


class _Shown:
    """Counts what one argument shows: values that hold each other many times over would be endless."""

    def __init__(self) -> None:
        self.left = MAX_NODES

    def show(self, value: Val, depth: int) -> Value:
        match value:
            case Text():
                return value
            case Alt():
                models = dict.fromkeys(self.show(each, depth) for each in value.options if not is_none(each))
                shown = tuple(models)
                return shown[0] if len(shown) == 1 else OneOf(shown)
            case ListVal() | DictVal() if depth >= MAX_DEPTH or self.left <= 0:
                if isinstance(value, DictVal):
                    return MapValue((), open=True)
                return Text((Unresolved("nested too deep"),))
            case ListVal():
                self.left -= len(value.items) + 1
                items = tuple(self.show(each, depth + 1) for each in value.items[:MAX_ITEMS])
                if value.rest is not None:
                    items += (self.show(value.rest, depth + 1),)
                return ListValue(items, open=value.rest is not None or len(value.items) > MAX_ITEMS)
            case DictVal():
                return self._mapping(value, depth)
            case _:
                return Text(parts_of(value))

    def _mapping(self, value: DictVal, depth: int) -> Value:
        self.left -= len(value.entries) + 1
        names = tuple((f"{{{spelled(key)}}}", key) for key in value.entries if isinstance(key, Text))
        entries = tuple(
            (
                f"{{{spelled(key)}}}" if isinstance(key, Text) else str(key),
                self.show(each, depth + 1),
            )
            for key, each in value.entries.items()
        )
        return MapValue(entries, value.rest is not None, names)


def spelled(value: Text) -> str:
    """Return a text with its symbolic parts by name, for people and as a key."""
    return "".join(part.text if isinstance(part, Literal) else getattr(part, "name", "*") for part in value.parts)


def environment_variable(name: str, default: Val | None = None) -> Val:
    """Return what a variable of the environment holds, with the code's own fallback."""
    if default is None or is_none(default):
        return Text((EnvironmentVariable(name),))
    fallback = literal(default)
    if fallback is not None:
        return Text((EnvironmentVariable(name, fallback),))
    return join(Text((EnvironmentVariable(name),)), default)


def event_member(event: Event, key: str) -> Event:
    """Return a field of a part of the event."""
    if event.path.count(".") > 24:
        return event
    return Event(f"{event.path}.{key}" if event.path else key)


def event_item(event: Event) -> Event:
    """Return any one item of a part of the event."""
    return event if event.path.endswith("[][]") else Event(f"{event.path}[]")
