"""What the methods of JavaScript's own values do: arrays, objects, maps, promises, functions.

A promise is the value it will have: `then` goes on with it, `catch` is a branch.
"""

from collections.abc import Callable

from iamgen.model.value import Text
from iamgen.sources._program import form, library, texts
from iamgen.sources._program.machine import Args, Machine
from iamgen.sources._program.values import (
    NONE,
    Alt,
    Bound,
    Builtin,
    ClassVal,
    ClientMember,
    DictVal,
    Event,
    External,
    FunctionVal,
    ListVal,
    Member,
    Partial,
    Response,
    Scalar,
    Thing,
    Unknown,
    Val,
    describe,
    event_item,
    is_none,
    join,
    join_all,
    literal,
    options,
    text,
)

UNROLLED = 16
"""Items of a known list that a callback is called with one by one."""
_FUNCTIONS = (FunctionVal, Bound, Partial, ClientMember, ClassVal, Builtin)
_PASSING = frozenset(("sort", "reverse", "filter", "slice", "splice", "flat", "toSorted", "toReversed", "copyWithin"))
_MAPPING = frozenset(("map", "flatMap"))
_ONE = frozenset(("find", "findLast", "pop", "shift", "at"))
_TESTS = frozenset(("some", "every", "includes", "indexOf", "findIndex", "lastIndexOf", "has", "hasOwnProperty"))
_STREAM = frozenset(
    (
        "createReadStream",
        "transformToString",
        "transformToByteArray",
        "transformToWebStream",
        "toString",
        "pipe",
        "json",
        "text",
    )
)


def is_function(value: Val) -> bool:
    """Return whether a value can be called for certain."""
    return any(isinstance(each, _FUNCTIONS) for each in options(value))


def call_back(machine: Machine, function: Val | None, places: list[Val], node: form.Call) -> Val:
    """Return what a callback gives, called where it may as well not be."""
    if function is None or is_none(function):
        return Unknown("no callback")
    before = machine.enter_branch()
    result = machine.call(function, Args(places), node)
    machine.leave_branch(before)
    return result


def method(machine: Machine, receiver: Val, name: str, args: Args, node: form.Call) -> Val | None:
    """Return what a method gives; None where nothing is known of it."""
    if name in ("then", "catch", "finally"):
        return promise(machine, receiver, name, args, node)
    match receiver:
        case ListVal():
            return array(machine, receiver, name, args, node)
        case DictVal():
            return mapping(machine, receiver, name, args, node)
        case Builtin(name=owner):
            return static(machine, f"{owner}.{name}", args, node)
        case FunctionVal() | Bound() | Partial() | ClientMember() | ClassVal() | External() if name in (
            "bind",
            "call",
            "apply",
        ):
            return function_method(machine, receiver, name, args, node)
        case Member() if name in ("bind", "call", "apply"):
            return function_method(machine, receiver, name, args, node)
        case Event() | Response() | Unknown():
            return _iterated(machine, receiver, name, args, node)
        case Scalar() if name in ("toString", "toFixed"):
            return texts.as_text(receiver)
        case Text() if name in ("toString", "valueOf", "normalize", "trimStart", "trimEnd"):
            return receiver
        case _:
            return None


# --- promises --------------------------------------------------------------------------------------


def promise(machine: Machine, receiver: Val, name: str, args: Args, node: form.Call) -> Val:
    """Return what `then`, `catch` and `finally` give."""
    first = args.get(0)
    if name == "then":
        result = machine.call(first, Args([receiver]), node) if first is not None and is_function(first) else receiver
        second = args.get(1)
        if second is not None and is_function(second):
            result = join(result, call_back(machine, second, [Unknown("an error")], node))
        return result
    if name == "catch":
        if first is None or not is_function(first):
            return receiver
        caught = call_back(machine, first, [Unknown("an error")], node)
        return receiver if isinstance(caught, Unknown) or is_none(caught) else join(receiver, caught)
    if first is not None and is_function(first):
        machine.call(first, Args(), node)
    return receiver


# --- arrays ----------------------------------------------------------------------------------------


def items_of(value: ListVal) -> list[Val]:
    """Return what a callback is called with, item by item where they are known and few."""
    if value.rest is None and len(value.items) <= UNROLLED:
        return list(value.items)
    return [value.element()]


def array(machine: Machine, value: ListVal, name: str, args: Args, node: form.Call) -> Val | None:
    """Return what a method of an array (or a set) gives."""
    first = args.get(0)
    if name in ("push", "unshift", "add"):
        for each in args.places:
            library.append(machine, value, each)
        if args.more is not None:
            library.extend(machine, value, machine.new_list([], args.more))
        return value if name == "add" else Unknown("a length")
    if name in (
        "map",
        "flatMap",
        "forEach",
        "filter",
        "some",
        "every",
        "find",
        "findLast",
        "findIndex",
    ):
        return _each(machine, value, name, first, node)
    if name in ("reduce", "reduceRight"):
        return _reduce(machine, value, args, node)
    if name == "concat":
        result = machine.new_list(list(value.items), value.rest)
        for each in args.places:
            if isinstance(each, ListVal):
                library.extend(machine, result, each)
            else:
                library.append(machine, result, each)
        return result
    if name == "join":
        separator = first if isinstance(first, Text) else text(",")
        return texts.joined(machine, separator, value)
    return _rearranged(machine, value, name, first)


def _rearranged(machine: Machine, value: ListVal, name: str, first: Val | None) -> Val | None:
    """Return what a method gives that only picks or orders items."""
    if name in ("values", "keys"):
        return value
    if name == "entries":
        return machine.new_list([], machine.new_list([Unknown("an index"), value.element()]))
    if name in ("slice", "splice", "filter", "toSpliced"):
        if first is None:
            return value
        return machine.new_list([], value.element() if value.items or value.rest else None)
    if name in _PASSING:
        return value
    if name == "at" and isinstance(first, Scalar):
        return machine.item(value, first)
    if name in _ONE:
        return value.element()
    if name in _TESTS:
        return Unknown("a test")
    return None


def _each(machine: Machine, value: ListVal, name: str, function: Val | None, node: form.Call) -> Val:
    exact = value.rest is None and len(value.items) <= UNROLLED
    before = machine.enter_branch() if not exact else machine.branch
    results: list[Val] = []
    if function is not None:
        items = items_of(value) if value.items or value.rest is not None else []
        for index, each in enumerate(items):
            position = Scalar(index) if exact else Unknown("an index")
            results.append(machine.call(function, Args([each, position, value]), node))
    if not exact:
        machine.leave_branch(before)
    match name:
        case "map":
            return machine.new_list(results) if exact else machine.new_list([], join_all(results))
        case "flatMap":
            flat = machine.new_list([])
            for each in results:
                for option in options(each):
                    if isinstance(option, ListVal):
                        library.extend(machine, flat, option)
                    else:
                        library.append(machine, flat, option)
            return flat
        case "filter":
            return machine.new_list([], value.element()) if value.items or value.rest else value
        case "find" | "findLast":
            return value.element() if value.items or value.rest else NONE
        case "forEach":
            return NONE
        case _:
            return Unknown("a test")


def _reduce(machine: Machine, value: ListVal, args: Args, node: form.Call) -> Val:
    function, start = args.get(0), args.get(1)
    if function is None:
        return Unknown("a sum")
    result = start if start is not None else (value.element() if value.items or value.rest else NONE)
    before = machine.enter_branch()
    for each in items_of(value) if value.items or value.rest is not None else []:
        result = machine.call(function, Args([result, each, Unknown("an index"), value]), node)
    machine.leave_branch(before)
    return result if start is None or value.rest is None else join(start, result)


def _iterated(machine: Machine, value: Val, name: str, args: Args, node: form.Call) -> Val | None:
    """Return what an array's method gives on something that only the run can show."""
    function = args.get(0)
    if name in ("reduce", "reduceRight") and function is not None and is_function(function):
        start = args.get(1)
        first = start if start is not None else machine.element(value)
        result = call_back(machine, function, [first, machine.element(value)], node)
        return join(first, result)
    if function is None or not is_function(function):
        if isinstance(value, Unknown):
            return None
        if name in _ONE:
            return machine.element(value)
        if name in _PASSING or name in ("flat", "values", "promise"):
            return value
        if name == "entries":
            return machine.new_list([], machine.new_list([Unknown("an index"), machine.element(value)]))
        return None
    if name in (
        "map",
        "flatMap",
        "forEach",
        "filter",
        "some",
        "every",
        "find",
        "findIndex",
        "findLast",
    ):
        item = event_item(value) if isinstance(value, Event) else machine.element(value)
        result = call_back(machine, function, [item, Unknown("an index"), value], node)
        match name:
            case "map":
                return machine.new_list([], result)
            case "flatMap":
                inner = [machine.element(e) if isinstance(e, ListVal) else e for e in options(result)]
                return machine.new_list([], join_all(inner))
            case "filter":
                return value if not isinstance(value, Unknown) else machine.new_list([], item)
            case "find" | "findLast":
                return item
            case _:
                return Unknown("a test")
    return None


# --- objects and maps ------------------------------------------------------------------------------


def mapping(machine: Machine, value: DictVal, name: str, args: Args, node: form.Call) -> Val | None:
    """Return what a method of a map (or a plain object) gives."""
    first, second = args.get(0), args.get(1)
    match name:
        case "get" if first is not None:
            return machine.item(value, first)
        case "set" | "append" if first is not None:
            _store(machine, value, first, second if second is not None else NONE)
            return value
        case "has" | "hasOwnProperty" | "delete" | "propertyIsEnumerable":
            return Unknown("a test")
        case "values":
            return values_of(machine, value)
        case "keys":
            return keys_of(machine, value)
        case "entries":
            return entries_of(machine, value)
        case "forEach" if first is not None:
            for key, each in list(value.entries.items())[:UNROLLED]:
                shown = text(key) if isinstance(key, str) else Unknown("a key")
                call_back(machine, first, [each, shown, value], node)
            if value.rest is not None:
                call_back(machine, first, [value.rest, Unknown("a key"), value], node)
            return NONE
        case "toString" | "clear":
            return Unknown("a text")
        case _:
            return None


def _store(machine: Machine, value: DictVal, key: Val, new: Val) -> None:
    name = literal(key)
    surely = machine.touch(value)
    if name is None:
        value.rest = new if value.rest is None else join(value.rest, new)
        return
    known = value.entries.get(name)
    value.entries[name] = new if known is None or surely else join(known, new)


def keys_of(machine: Machine, value: Val) -> Val:
    """Return the keys of an object as an array."""
    if isinstance(value, DictVal):
        keys: list[Val] = [text(key) if isinstance(key, str) else Unknown("a key") for key in value.entries]
        return machine.new_list(keys, Unknown("a key") if value.rest is not None else None)
    return machine.new_list([], Unknown("a key"))


def values_of(machine: Machine, value: Val) -> Val:
    """Return the values of an object as an array."""
    if isinstance(value, DictVal):
        return machine.new_list(list(value.entries.values()), value.rest)
    if isinstance(value, ListVal):
        return value
    if isinstance(value, Event):
        return machine.new_list([], event_item(value))
    return machine.new_list([], machine.element(value))


def entries_of(machine: Machine, value: Val) -> Val:
    """Return the entries of an object as an array of pairs."""
    if isinstance(value, DictVal):
        pairs: list[Val] = [
            machine.new_list([text(key) if isinstance(key, str) else Unknown("a key"), each])
            for key, each in value.entries.items()
        ]
        rest = None
        if value.rest is not None:
            rest = machine.new_list([Unknown("a key"), value.rest])
        return machine.new_list(pairs, rest)
    item = event_item(value) if isinstance(value, Event) else machine.element(value)
    return machine.new_list([], machine.new_list([Unknown("a key"), item]))


def from_entries(machine: Machine, value: Val) -> DictVal:
    """Return the object made of pairs."""
    made = machine.new_dict({})
    if not isinstance(value, ListVal):
        if not is_none(value):
            made.rest = Unknown(describe(value) or "entries that nobody saw")
        return made
    for each in value.items:
        if isinstance(each, ListVal) and len(each.items) > 1:
            _store(machine, made, each.items[0], each.items[1])
        else:
            made.rest = Unknown("an entry")
    if value.rest is not None:
        made.rest = machine.item(value.rest, Scalar(1)) if isinstance(value.rest, ListVal) else Unknown("an entry")
    return made


def assign(machine: Machine, target: Val, sources: list[Val]) -> Val:
    """Return the target of `Object.assign` with the members of the sources."""
    if not isinstance(target, DictVal):
        found = [each for each in sources if isinstance(each, DictVal)]
        if isinstance(target, FunctionVal | Thing) or not found:
            return target
        target = machine.new_dict({}, Unknown(describe(target) or "an object that nobody saw"))
    for source in sources:
        for each in options(source):
            if isinstance(each, DictVal):
                for key, value in each.entries.items():
                    target.entries[key] = value
                if each.rest is not None:
                    target.rest = each.rest if target.rest is None else join(target.rest, each.rest)
                machine.touch(target)
            elif not is_none(each):
                target.rest = Unknown(describe(each) or "an object that nobody saw")
    return target


# --- functions -------------------------------------------------------------------------------------


def function_method(machine: Machine, function: Val, name: str, args: Args, node: form.Call) -> Val:
    """Return what `bind`, `call` and `apply` of a function give."""
    receiver = args.get(0)
    if isinstance(function, FunctionVal) and function.function.receiver and receiver is not None:
        function = Bound(function, receiver)
    if name == "bind":
        rest = tuple(args.places[1:])
        return Partial(function, rest) if rest else function
    if name == "call":
        return machine.call(function, Args(list(args.places[1:]), {}, args.more), node)
    given = args.get(1)
    if isinstance(given, ListVal):
        return machine.call(function, Args(list(given.items), {}, given.rest), node)
    more = machine.element(given) if given is not None and not is_none(given) else None
    return machine.call(function, Args([], {}, more), node)


# --- what the global objects have --------------------------------------------------------------------


def static(machine: Machine, name: str, args: Args, node: form.Call) -> Val | None:
    """Return what a function of a global object gives (`Object.keys`, `Promise.all`)."""
    first = args.get(0)
    known = _STATIC.get(name)
    if known is not None:
        return known(machine, first if first is not None else NONE)
    match name:
        case "Object.assign":
            return assign(machine, first if first is not None else NONE, list(args.places[1:]))
        case "Object.defineProperty" if first is not None:
            descriptor, key = args.get(2), args.get(1)
            if isinstance(first, DictVal) and isinstance(descriptor, DictVal) and key is not None:
                value = descriptor.entries.get("value")
                getter = descriptor.entries.get("get")
                if value is None and getter is not None:
                    value = call_back(machine, getter, [], node)
                _store(machine, first, key, value if value is not None else Unknown("a property"))
            return first
        case "Array.from":
            return _array_from(machine, args, node)
        case "Array.of" | "Buffer.concat":
            return machine.new_list(list(args.places), args.more)
        case "Promise.race" | "Promise.any":
            return machine.element(first) if first is not None else NONE
        case "Promise.allSettled":
            element = machine.element(first) if first is not None else Unknown("a result")
            settled: dict[object, Val] = {
                "status": Unknown("a state"),
                "value": element,
                "reason": Unknown("an error"),
            }
            return machine.new_list([], machine.new_dict(settled))
        case "Reflect.apply" | "Function.call" if first is not None:
            return function_method(machine, first, "apply", Args(list(args.places[1:])), node)
        case "String.raw":
            return first
        case "Symbol.for" if isinstance(first, Text):
            return first
        case _ if name.startswith(
            (
                "console.",
                "Math.",
                "Number.",
                "Date.",
                "Symbol.",
                "Intl.",
                "Reflect.",
                "Atomics.",
                "performance.",
                "Error.",
            )
        ):
            return Unknown(name)
        case _:
            return None


def _array_from(machine: Machine, args: Args, node: form.Call) -> Val:
    first, function = args.get(0), args.get(1)
    if isinstance(first, ListVal):
        source: Val = first
    elif first is None or isinstance(first, DictVal):
        source = machine.new_list([], Unknown("an item"))
    else:
        source = machine.new_list([], machine.element(first))
    if function is not None and isinstance(source, ListVal):
        return _each(machine, source, "map", function, node)
    return source


def _parsed(machine: Machine, value: Val) -> Val:
    """Return what parsing a text gives: a part of the event stays one."""
    del machine
    if isinstance(value, Event):
        return value
    if isinstance(value, Text):
        return Unknown("parsed from a text")
    return Unknown(describe(value) or "parsed")


def _same(machine: Machine, value: Val) -> Val:
    del machine
    return value


_STATIC: dict[str, Callable[[Machine, Val], Val]] = {
    "Object.keys": keys_of,
    "Object.getOwnPropertyNames": keys_of,
    "Object.values": values_of,
    "Object.entries": entries_of,
    "Object.fromEntries": from_entries,
    "Object.freeze": _same,
    "Object.seal": _same,
    "Object.create": lambda machine, value: machine.new_dict(dict(value.entries) if isinstance(value, DictVal) else {}),
    "Object.getPrototypeOf": _same,
    "JSON.parse": _parsed,
    "JSON.stringify": lambda _, value: Unknown(describe(value) or "a text of JSON"),
    "Promise.all": _same,
    "Promise.resolve": _same,
    "Promise.reject": lambda _machine, _value: Unknown("an error"),
    "Array.isArray": lambda _machine, _value: Unknown("a test"),
    "Buffer.from": _same,
    "Buffer.isBuffer": lambda _machine, _value: Unknown("a test"),
    "String.fromCharCode": lambda _machine, _value: Unknown("a text"),
}


def answer(machine: Machine, value: Response, args: Args, node: form.Call) -> Val | None:
    """Return what calling a member of an SDK call's answer gives (`.promise()`, `.on("data", f)`)."""
    path, _, name = value.path.rpartition(".")
    owner = Response(value.service, value.operation, path, value.arguments)
    if name in ("promise", "toPromise"):
        return owner
    if name in ("then", "catch", "finally"):
        return promise(machine, owner, name, args, node)
    if name in ("on", "once", "send", "eachPage", "eachItem", "addListener"):
        for each in args.places:
            if is_function(each):
                places: list[Val] = [owner] if name in ("on", "once", "addListener") else [NONE, owner]
                call_back(machine, each, places, node)
        return owner
    if name in _STREAM:
        return owner
    if name == "hasNextPage":
        return Unknown("a test")
    if name == "nextPage":
        return owner
    return _iterated(machine, owner, name, args, node)


def any_of(values: list[Val]) -> Val:
    """Return any of some values, nothing where there are none."""
    return join_all(values) if values else NONE


def alternatives(value: Val) -> tuple[Val, ...]:
    """Return the alternatives of a value that are something."""
    kept = tuple(each for each in options(value) if not is_none(each))
    return kept if isinstance(value, Alt) else options(value)
