"""What JavaScript's own library and the common packages do to values, as far as the analysis must know."""

from iamgen.model.observation import GapReason
from iamgen.model.value import Text
from iamgen.sources._program import form, library, texts
from iamgen.sources._program.javascript import frameworks, libraries, methods, recording, sdk
from iamgen.sources._program.languages import Language
from iamgen.sources._program.machine import Args, Machine
from iamgen.sources._program.values import (
    NONE,
    Builtin,
    Client,
    ClientMember,
    DictVal,
    Environ,
    Event,
    External,
    ListVal,
    Member,
    ModuleState,
    Partial,
    Response,
    Scalar,
    Thing,
    Unknown,
    Val,
    concatenate,
    describe,
    join_all,
    literal,
    options,
    text,
)

_GLOBALS = frozenset(
    (
        "Object", "Array", "JSON", "Promise", "Math", "console", "String", "Number", "Boolean", "Date", "Map",
        "Set", "WeakMap", "WeakSet", "Symbol", "RegExp", "Error", "TypeError", "RangeError", "Buffer", "URL",
        "URLSearchParams", "setTimeout", "setInterval", "setImmediate", "queueMicrotask", "clearTimeout",
        "clearInterval", "structuredClone", "parseInt", "parseFloat", "isNaN", "encodeURIComponent",
        "decodeURIComponent", "encodeURI", "decodeURI", "escape", "unescape", "Function", "Reflect", "Proxy",
        "Intl", "BigInt", "TextEncoder", "TextDecoder", "AbortController", "AggregateError", "performance",
        "Atomics", "btoa", "atob", "Uint8Array", "ArrayBuffer", "require", "fetch", "eval",
    )
)  # fmt: skip
_SAME = frozenset(
    (
        "decodeURIComponent",
        "encodeURIComponent",
        "decodeURI",
        "encodeURI",
        "unescape",
        "escape",
        "structuredClone",
        "BigInt",
    )
)
_CALLING = frozenset(("setTimeout", "setInterval", "setImmediate", "queueMicrotask"))
_PASSING = frozenset(
    (
        "promisify",
        "callbackify",
        "deprecate",
        "memoize",
        "once",
        "debounce",
        "throttle",
        "pRetry",
        "memoizee",
    )
)
_FLOWS = frozenset(("flow", "flowRight", "compose", "pipe"))
_BACKWARDS = frozenset(("flowRight", "compose"))
_ENVIRONMENTS = frozenset(("createEnv", "cleanEnv", "loadEnv"))
_READING = frozenset(("required", "asString", "asUrlString", "default", "example", "describe"))
_ENGINE = frozenset(("use", "before", "after", "onError", "handler", "applyMiddleware"))
_NODE = frozenset(
    (
        "assert", "async_hooks", "buffer", "child_process", "console", "constants", "crypto", "dns", "events",
        "fs", "http", "http2", "https", "module", "net", "os", "path", "perf_hooks", "process", "querystring",
        "readline", "stream", "string_decoder", "timers", "tls", "tty", "url", "util", "v8", "vm",
        "worker_threads", "zlib",
    )
)  # fmt: skip
_QUIET = frozenset(
    (
        "ajv", "axios", "cookie", "csv-parse", "date-fns", "dayjs", "dotenv", "fast-xml-parser", "graphql",
        "graphql-tag", "http-errors", "http-status-codes", "jsonwebtoken", "ksuid", "lodash", "luxon",
        "moment", "nanoid", "node-fetch", "pino", "reflect-metadata", "rxjs", "sharp", "source-map-support",
        "ulid", "undici", "uuid", "winston", "yup", "zod", "class-validator", "class-transformer", "bluebird",
        "async", "got", "ms", "qs", "joi", "@hapi/joi", "http-status", "source-map-support/register", "tslib",
        "regenerator-runtime", "core-js", "aws-lambda",
    )
)  # fmt: skip
_CONSTRUCTED = {
    "Map": "map",
    "WeakMap": "map",
    "URLSearchParams": "map",
    "Set": "set",
    "WeakSet": "set",
    "Array": "set",
}


def _builtin(name: str, module: ModuleState) -> Val:
    if name == "process":
        return External("process")
    if name in ("exports", "module"):
        whole = module.exports.entries.get("=") if module.exports is not None else None
        if whole is not None:
            return whole
        return module.exports if module.exports is not None else NONE
    if name in ("globalThis", "global", "window", "self"):
        return External("globalThis")
    if name == "awslambda":
        return External("awslambda")
    if name in ("__dirname", "__filename", "arguments"):
        return Unknown(name)
    return Builtin(name) if name in _GLOBALS else Unknown(name)


def _external(machine: Machine, value: External) -> Val:
    del machine
    if value.full in ("process.env", "globalThis.process.env", "process.default.env"):
        return Environ()
    if value.module == "globalThis" and value.name in _GLOBALS:
        return Builtin(value.name)
    return value


# --- calls -----------------------------------------------------------------------------------------


def _call_external(machine: Machine, value: External, args: Args, node: form.Call) -> Val | None:
    made = sdk.call_external(machine, value, args, node)
    if made is not None:
        return made
    name = sdk.plain_name(value).rpartition(".")[2]
    module = value.module.removeprefix("node:")
    if module == "path" and name in ("join", "resolve", "posix"):
        return _joined_path(machine, args)
    if module == "process":
        return Unknown(value.full)
    last = module.rpartition("/")[2].removesuffix(".js")
    if name in _FLOWS or (not name and last in _FLOWS):
        order = list(args.places)
        backwards = name in _BACKWARDS or last in _BACKWARDS
        functions = machine.new_list(order[::-1] if backwards else order)
        return Partial(Builtin("<flow>"), (functions,))
    if name in _PASSING and args.places and methods.is_function(args.places[0]):
        return args.places[0]
    if module in ("fs", "fs/promises", "crypto", "os", "zlib", "perf_hooks"):
        _call_functions(machine, args, node)
        return Unknown(value.full)
    if module in ("timers", "timers/promises") and args.places:
        _call_functions(machine, args, node)
        return Unknown(value.full)
    if name in ("isEmpty", "isNil", "v4", "v1", "randomUUID"):
        return Unknown(value.full)
    if module in ("lodash", "async", "bluebird", "p-map") or module.startswith("lodash"):
        return _over_list(machine, name or last, args, node)
    return _call_package(machine, value, name, args, node)


def _call_package(machine: Machine, value: External, name: str, args: Args, node: form.Call) -> Val | None:
    """Return what a function of a common kind of package gives; None where it is of none."""
    if value.module.removeprefix("node:") in ("child_process", "execa", "zx"):
        return frameworks.command(machine, name or "execa", args, node)
    made = (
        frameworks.mail(machine, value, None, args, node)
        or frameworks.environment_library(value, args)
        or frameworks.checked(machine, name, args)
        or (frameworks.environment_option(machine, args) if name in _ENVIRONMENTS else None)
    )
    if made is not None:
        return made
    if frameworks.is_container(value) and (made := frameworks.container(machine, value, None, args, node)):
        return made
    if frameworks.named_after_aws(machine, value.module):
        machine.gap(GapReason.UNMODELLED_LIBRARY, value.module, node, None)
    frameworks.modules(machine, name, args)
    frameworks.defer_nested(machine, args)
    return None


def _flow(machine: Machine, args: Args, node: form.Call) -> Val:
    """Return what functions give that are called one after the other (`flow(f, g)(x)`)."""
    functions = args.places[0]
    given = Args(list(args.places[1:]), {}, args.more)
    result: Val = given.get(0) or NONE
    for each in functions.items if isinstance(functions, ListVal) else ():
        result = machine.call(each, given, node)
        given = Args([result])
    return result


def _joined_path(machine: Machine, args: Args) -> Val:
    pieces: list[Val] = []
    for index, each in enumerate(args.places):
        if index:
            pieces.append(text("/"))
        pieces.append(each)
    del machine
    return texts.bounded(concatenate(pieces)) if pieces else text(".")


def _over_list(machine: Machine, name: str, args: Args, node: form.Call) -> Val | None:
    """Return what a function that takes a list and a callback gives (`_.map`, `Promise.map`, `pMap`)."""
    first, function = args.get(0), args.get(1)
    if first is None or function is None or not methods.is_function(function):
        _call_functions(machine, args, node)
        return None
    kind = {"each": "forEach", "pmap": "map", "p-map": "map", "default": "map"}.get(name, name)
    made = methods.method(machine, first, kind, Args([function, *args.places[2:]]), node)
    if made is None:
        _call_functions(machine, args, node)
    return made if made is not None else Unknown(name)


def _call_functions(machine: Machine, args: Args, node: form.Call) -> Val:
    """Go through the functions among some arguments; return what the last gives."""
    result: Val = Unknown("a callback")
    for each in args.places:
        inner: tuple[Val, ...] = (each,)
        if isinstance(each, ListVal):
            inner = tuple(each.items)
        elif isinstance(each, DictVal):
            inner = tuple(each.entries.values())
        for one in inner:
            if methods.is_function(one):
                places: list[Val] = [Unknown("an error"), Unknown("a result")]
                result = methods.call_back(machine, one, places, node)
    return result


def _call_value(machine: Machine, value: Val, args: Args, node: form.Call) -> Val | None:
    match value:
        case Builtin(name=name):
            return _call_builtin(machine, name, args, node)
        case Response():
            return methods.answer(machine, value, args, node)
        case Thing():
            return frameworks.call_wrapper(machine, value, args, node)
        case ModuleState():
            whole = value.exports.entries.get("=") if value.exports is not None else None
            whole = whole or (value.exports.entries.get("default") if value.exports else None)
            return machine.call(whole, args, node) if whole is not None else None
        case _:
            return None


def _call_builtin(machine: Machine, name: str, args: Args, node: form.Call) -> Val | None:
    first = args.get(0)
    if name == "<resolve>":
        if isinstance(first, ListVal) and len(args.places) > 1:
            library.append(machine, first, args.places[1])
        return NONE
    if name == "<flow>":
        return _flow(machine, args, node)
    if name == "require":
        known = literal(first) if first is not None else None
        if known is None:
            return Unknown("a module whose name is made at run time")
        return machine.load(known, machine.frame.module, 0, node.line)
    if name in _CALLING:
        return methods.call_back(machine, first, list(args.places[2:]), node)
    if name in _SAME or name == "Object":
        return first if first is not None else machine.new_dict({})
    if name == "String":
        return texts.as_text(first if first is not None else text(""))
    if name in ("eval", "Function"):
        machine.gap(GapReason.DYNAMIC_CODE, "code made at run time is executed", node, None)
        return Unknown("code made at run time")
    if name == "Promise" and first is not None:
        return _promise(machine, first, node)
    if name in _CONSTRUCTED:
        return _collection(machine, name, first)
    if name == "Proxy" and first is not None:
        return first
    if name == "URL":
        return machine.new_thing(External("URL"), args)
    _call_functions(machine, args, node)
    return Unknown(describe(first) if first is not None else name)


def _collection(machine: Machine, name: str, first: Val | None) -> Val:
    """Return a new map, set or array, with what it is made of."""
    if _CONSTRUCTED[name] == "map":
        source = first if first is not None else NONE
        return source if isinstance(source, DictVal) else methods.from_entries(machine, source)
    if isinstance(first, ListVal):
        return machine.new_list(list(first.items), first.rest)
    if first is None:
        return machine.new_list([])
    if isinstance(first, Scalar):
        return machine.new_list([], Unknown("an item") if name == "Array" else None)
    return machine.new_list([], machine.element(first))


def _promise(machine: Machine, executor: Val, node: form.Call) -> Val:
    """Return what a promise will hold: whatever its executor resolves it with."""
    resolved = machine.new_list([])
    resolve = Partial(Builtin("<resolve>"), (resolved,))
    machine.call(executor, Args([resolve, Builtin("<reject>")]), node)
    if resolved.items or resolved.rest is not None:
        return resolved.element()
    return Unknown("what a promise holds")


def _call_member(machine: Machine, member: Member, args: Args, node: form.Call) -> Val | None:
    receiver, name = member.receiver, member.name
    if isinstance(receiver, Thing):
        return _thing_method(machine, receiver, name, args, node)
    if isinstance(receiver, Partial) and isinstance(receiver.function, Builtin):
        return None
    made = methods.method(machine, receiver, name, args, node)
    if made is not None:
        return made
    if isinstance(receiver, Text) and name in _READING:
        return receiver
    if isinstance(receiver, Event | Text):
        return None
    if isinstance(receiver, DictVal | ListVal | Unknown | Scalar):
        _call_functions(machine, args, node)
        if isinstance(receiver, Unknown):
            return _call_unknown(machine, receiver, name, args, node)
        return Unknown(f"{name} of an object")
    return None


def _call_unknown(machine: Machine, receiver: Unknown, name: str, args: Args, node: form.Call) -> Val:
    """Return what a method of something unknown gives.

    A command says by itself what is sent; a method that is called as one calls a client is a gap:
    members of requests are the only keys in JavaScript that begin with a capital as a rule.
    """
    first = args.get(0)
    if name == "send" and first is not None:
        found = [libraries.command_of(machine, each) for each in options(first)]
        results = [
            recording.record(machine, Client(each[0]), each[1], each[2], node) for each in found if each is not None
        ]
        if results:
            return join_all(results)
    keys = list(first.entries) if isinstance(first, DictVal) and name[:1].islower() else []
    if keys and all(isinstance(key, str) and key[:1].isupper() for key in keys):
        place = machine.location(node)
        machine.unresolved.add((place.path, place.line, name))
        detail = f"{name} of {describe(receiver) or 'a client'}"
        machine.gap(GapReason.CLIENT_UNRESOLVED, detail, node, None)
    return Unknown(describe(receiver))


def _thing_method(machine: Machine, thing: Thing, name: str, args: Args, node: form.Call) -> Val | None:
    if name in ("then", "catch", "finally"):
        return methods.promise(machine, thing, name, args, node)
    if name in ("bind", "call", "apply") and not frameworks.is_container(thing.kind):
        return methods.function_method(machine, thing, name, args, node)
    made = libraries.call_thing(machine, thing, name, args, node)
    if made is not None:
        return made
    if name.startswith("captureAWS") and args.places:
        return args.places[0]
    if thing.kind.module.startswith(frameworks.DURABLE) and thing.kind.name == "DurableContext":
        return frameworks.durable(machine, thing, args, node)
    if name in _ENGINE:
        return frameworks.register(thing, args)
    made = (
        frameworks.mail(machine, thing.kind, thing, args, node)
        or frameworks.checked(machine, name, args)
        or frameworks.settings(thing, name, args)
        or _contained(machine, thing, name, args, node)
        or frameworks.encryption(machine, thing, name, args, node)
    )
    if made is None:
        frameworks.defer_nested(machine, args)
    return made


def _contained(machine: Machine, thing: Thing, name: str, args: Args, node: form.Call) -> Val | None:
    if not frameworks.is_container(thing.kind):
        return None
    kind = External(thing.kind.module, name)
    return frameworks.container(machine, kind, thing, args, node)


def _call_client(machine: Machine, member: ClientMember, args: Args, node: form.Call) -> Val | None:
    return sdk.call_client(machine, member, args, node)


def _thing_member(machine: Machine, value: Thing, name: str) -> Val | None:
    del machine
    if name == "input" and value.kind.name.endswith("Command") and value.args:
        return value.args[0]
    if value.kind.module == "URL" and value.args:
        return _address_part(value.args[0], name)
    return None


def _address_part(address: Val, name: str) -> Val | None:
    """Return a part of an address; one that is not known as a whole is all in its host."""
    if name in ("href", "origin", "hostname", "host"):
        known = literal(address)
        if known is None or "://" not in known or name == "href":
            return address
        return text(known.partition("://")[2].partition("/")[0])
    if name == "pathname":
        known = literal(address)
        return text("/" + known.partition("://")[2].partition("/")[2]) if known else text("")
    return None


def _silent(full: str) -> bool:
    module = full.removeprefix("node:")
    if module.partition(".")[0].partition("/")[0] in _NODE:
        return True
    return any(module == each or module.startswith((f"{each}.", f"{each}/")) for each in _QUIET)


def _annotated(machine: Machine, annotation: External) -> Val | None:
    made = sdk.annotated(machine, annotation)
    return made if made is not None else frameworks.annotated(machine, annotation)


def _prepare(module: ModuleState) -> None:
    del module


LANGUAGE = Language(
    builtin=_builtin,
    external=_external,
    call_external=_call_external,
    call_value=_call_value,
    call_member=_call_member,
    call_client=_call_client,
    thing_member=_thing_member,
    silent=_silent,
    prepare=_prepare,
    annotated=_annotated,
    injected=frameworks.injected,
    call_wrapper=frameworks.call_wrapper,
)
