"""What frameworks do with the project's functions and classes: wrap, register, inject, validate.

A framework calls the functions it is given, wherever in its options they stand. What checks a value hands it on.
"""

import re

from iamgen.access import highlevel
from iamgen.model.observation import GapReason
from iamgen.model.value import Literal, Text
from iamgen.sources._program import form, library, sdk
from iamgen.sources._program.javascript import methods, recording
from iamgen.sources._program.machine import Args, Machine
from iamgen.sources._program.values import (
    NONE,
    Bound,
    ClassVal,
    Client,
    DictVal,
    Environ,
    Event,
    External,
    FunctionVal,
    Instance,
    ListVal,
    Partial,
    Thing,
    Unknown,
    Val,
    environment_variable,
    join_all,
    literal,
    options,
    text,
)

DURABLE = "@aws/durable-execution-sdk-js"
_MAX_DEPTH = 5
_WORD = re.compile(r"[a-z0-9]+")
_CHECKING = frozenset(
    (
        "parse", "parseAsync", "safeParse", "safeParseAsync", "validate", "validateSync", "validateAsync",
        "attempt", "cast", "castSync", "decode", "decodeSync", "decodeUnknownSync", "assert", "check",
        "create", "cleanEnv", "createEnv", "load", "plainToInstance", "plainToClass", "invariant",
        "getProperties", "camelCaseKeys", "cloneDeep", "pick", "omit", "defaults", "merge",
    )
)  # fmt: skip
_WRAPPED = frozenset(("safeParse", "safeParseAsync", "validate"))
_REGISTERING = frozenset(("use", "before", "after", "onError", "handler", "applyMiddleware"))
_MODULES = frozenset(("Module", "NgModule"))
_SETTINGS = frozenset(("@nestjs/config.ConfigService",))
_BINDING = frozenset(("register", "registerSingleton", "registerInstance", "set", "bindTo"))
_RESOLVING = frozenset(("get", "resolve", "getAsync", "resolveAsync", "make", "getInstance"))
_CONTAINERS = ("inversify", "tsyringe", "typedi", "awilix", "injection-js", "@nestjs/core")
_RUNNING = frozenset(
    ("exec", "execSync", "execFile", "execFileSync", "spawn", "spawnSync", "execa", "execaCommand", "$")
)


def functions_in(value: Val, depth: int = 0) -> list[Val]:
    """Return the functions of the project anywhere in a value."""
    found: list[Val] = []
    for each in options(value):
        match each:
            case FunctionVal() | Bound() | Partial():
                found.append(each)
            case DictVal() if depth < _MAX_DEPTH:
                for inner in each.entries.values():
                    found.extend(functions_in(inner, depth + 1))
            case ListVal() if depth < _MAX_DEPTH:
                for inner in each.items:
                    found.extend(functions_in(inner, depth + 1))
            case _:
                pass
    return found


def defer_nested(machine: Machine, args: Args) -> None:
    """Remember the functions that stand in the options given to a library."""
    for value in args.places:
        for each in options(value):
            if isinstance(each, DictVal | ListVal):
                for function in functions_in(each):
                    machine.defer(function)


# --- wrapped handlers ------------------------------------------------------------------------------


def call_wrapper(machine: Machine, thing: Thing, args: Args, node: form.Call) -> Val | None:
    """Return what a library's object gives that is called: it calls the functions it was made of.

    Middleware engines, tracers and other wrappers hand on their arguments; what stands deeper in their
    options (routes, resolvers) is called by them with arguments that nobody sees.
    """
    given = args
    if thing.kind.module.startswith(DURABLE):
        context = machine.new_thing(External(DURABLE, "DurableContext"), Args())
        given = Args([*args.places[:1], context])
    direct: list[Val] = []
    for each in (*thing.args, *thing.callbacks):
        for option in options(each):
            if isinstance(option, FunctionVal | Bound | Partial):
                if all(option is not one for one in direct):
                    direct.append(option)
            elif isinstance(option, DictVal | ListVal):
                for function in functions_in(option):
                    machine.defer(function)
            else:
                library.drive(machine, option)
    results = [machine.call(each, given, node) for each in direct]
    return join_all(results) if results else None


def register(thing: Thing, args: Args) -> Thing:
    """Return the engine that was given a further part (`use`, `before`, `handler`)."""
    for each in args.places:
        hooks: list[Val] = [each] if methods.is_function(each) else []
        if isinstance(each, DictVal):
            hooks = [one for key, one in each.entries.items() if key in _REGISTERING]
        thing.callbacks.extend(hook for hook in hooks if methods.is_function(hook) and hook not in thing.callbacks)
    return thing


def durable(machine: Machine, thing: Thing, args: Args, node: form.Call) -> Val:
    """Return what a step of a durable context gives: it runs what it is given, with a context."""
    results: list[Val] = []
    for each in args.places:
        items: list[Val] = each.items if isinstance(each, ListVal) else [each]
        for inner in items:
            function = inner
            if isinstance(inner, DictVal):
                function = inner.entries.get("func", inner.entries.get("fn", inner))
            if methods.is_function(function):
                results.append(machine.call(function, Args([thing, thing]), node))
    return join_all(results) if results else Unknown("a step")


# --- values that are checked and handed on -----------------------------------------------------------


def checked(machine: Machine, name: str, args: Args) -> Val | None:
    """Return what a check of a value gives (`schema.parse(process.env)`): the value."""
    if name not in _CHECKING:
        return None
    for value in args.places:
        for each in options(value):
            if isinstance(each, Environ | Event | DictVal) and not functions_in(each):
                if isinstance(each, DictVal) and name in ("create", "load", "cleanEnv", "createEnv"):
                    continue
                if name not in _WRAPPED:
                    return value
                return machine.new_dict({"data": value, "value": value, "success": Unknown("a test")})
    return None


def environment_option(machine: Machine, args: Args) -> Val | None:
    """Return the environment where options hand it over (`createEnv({runtimeEnv: process.env})`)."""
    del machine
    for value in args.places:
        if isinstance(value, DictVal):
            for key in ("runtimeEnv", "env", "source"):
                found = value.entries.get(key)
                if isinstance(found, Environ | DictVal):
                    return found
    return None


def environment_library(value: External, args: Args) -> Val | None:
    """Return a variable that a library reads (`env.get("TABLE").required().asString()`)."""
    if value.module == "env-var" and value.name.rpartition(".")[2] == "get":
        name = literal(args.get(0) or NONE)
        return environment_variable(name) if name else None
    return None


def settings(thing: Thing, name: str, args: Args) -> Val | None:
    """Return a variable that a service of settings gives (`config.get("ORDERS_TABLE")`)."""
    if thing.kind.full not in _SETTINGS or name not in ("get", "getOrThrow"):
        return None
    key = literal(args.get(0) or NONE)
    if key is None or not key.isupper():
        return Unknown("a setting")
    fallback = args.get(1)
    return environment_variable(key, fallback if isinstance(fallback, Text) else None)


def annotated(machine: Machine, annotation: External) -> Val | None:
    """Return the object that a framework gives for a type of its own."""
    return machine.new_thing(annotation, Args()) if annotation.full in _SETTINGS else None


# --- containers --------------------------------------------------------------------------------------


def is_container(kind: External) -> bool:
    """Return whether something belongs to a library of dependency injection."""
    return kind.module.startswith(_CONTAINERS)


def container(machine: Machine, kind: External, rule: Thing | None, args: Args, node: form.Call) -> Val | None:
    """Return what a method of a container gives, or of a rule begun by it (`bind("x").to(X)`)."""
    name = kind.name.rpartition(".")[2]
    if rule is not None and "<key>" in rule.attributes:
        target = args.get(0)
        if name == "toSelf" or target is None or not name.startswith("to"):
            return rule
        if name in ("toDynamicValue", "toFactory"):
            target = methods.call_back(machine, target, [Unknown("a container")], node)
        machine.bindings[literal(rule.attributes["<key>"]) or ""] = target
        return rule
    key, given = args.get(0), args.get(1)
    if key is None:
        return None
    if name in _BINDING and given is not None:
        target = given
        if isinstance(given, DictVal):
            names = ("useClass", "useValue", "useFactory")
            target = next((given.entries[each] for each in names if each in given.entries), given)
        machine.bindings[_key(key)] = target
        return Unknown("a container")
    if name in ("bind", "rebind"):
        begun = machine.new_thing(External(kind.module, "rule"), Args())
        begun.attributes["<key>"] = text(_key(key))
        return begun
    return resolved(machine, key, node) if name in _RESOLVING else None


def resolved(machine: Machine, key: Val, node: form.Call) -> Val | None:
    """Return what a container gives for a key: what was bound to it, else an object of the class itself."""
    known = machine.bindings.get(_key(key))
    if known is not None:
        return _made(machine, known, node)
    for each in options(key):
        if isinstance(each, ClassVal):
            return machine.annotated(each)
    return None


def injected(machine: Machine, value: Thing) -> Val | None:
    """Return what a parameter is given that is marked with its key (`@inject("table") table: string`)."""
    is_mark = value.kind.name.rpartition(".")[2].lower() == "inject"
    return resolved(machine, value.args[0], machine.here()) if is_mark and value.args else None


def _key(value: Val) -> str:
    if isinstance(value, ClassVal):
        return f"<class {value.cls.name}>"
    return literal(value) or repr(value)


def _made(machine: Machine, value: Val, node: form.Call) -> Val:
    results: list[Val] = []
    for each in options(value):
        if isinstance(each, ClassVal):
            results.append(machine.annotated(each) or Unknown(each.cls.name))
        elif isinstance(each, FunctionVal | Bound):
            results.append(machine.call(each, Args(), node))
        else:
            results.append(each)
    return join_all(results)


def modules(machine: Machine, name: str, args: Args) -> None:
    """Remember the methods of what a module of a framework lists (`@Module({controllers: […]})`)."""
    if name not in _MODULES:
        return
    for value in args.places:
        if not isinstance(value, DictVal):
            continue
        for listed in value.entries.values():
            for each in listed.items if isinstance(listed, ListVal) else ():
                if isinstance(each, ClassVal | Instance):
                    library.defer_methods(machine, each)


# --- libraries that use a client in their own way ------------------------------------------------------


def mail(machine: Machine, value: External, thing: Thing | None, args: Args, node: form.Call) -> Val | None:
    """Return what nodemailer gives: a transport with an SES client sends raw mail through it."""
    if value.module != "nodemailer":
        return None
    if thing is None:
        return machine.new_thing(External("nodemailer", "Transport"), args)
    config = thing.args[0] if thing.args else NONE
    given = config.entries.get("SES") if isinstance(config, DictVal) else None
    if given is None:
        return Unknown("a mail")
    for each in options(given):
        inner = each
        if isinstance(each, DictVal):
            inner = each.entries.get("ses", each.entries.get("sesClient", NONE))
        for client in options(inner):
            if isinstance(client, Client):
                operation = "SendEmail" if client.service == "sesv2" else "SendRawEmail"
                message = args.get(0)
                sender = message.entries.get("from") if isinstance(message, DictVal) else None
                key = "FromEmailAddress" if client.service == "sesv2" else "Source"
                request = machine.new_dict({key: sender} if sender is not None else {})
                recording.record(machine, client, operation, request, node, via="nodemailer")
    return Unknown("a mail")


def named_after_aws(machine: Machine, module: str) -> bool:
    """Return whether a package that nobody listed is taken to call AWS, by the words of its name."""
    known = highlevel.js_package(machine.maps, module) is not None
    if known or module.startswith(("node:", "aws-sdk")):
        return False
    words = machine.maps.table("highlevel-javascript").get("words", {}).get("names", ())
    name = module.lower().replace("aws-lambda", "").replace("aws-serverless", "")  # adapters of a server
    return any(word in words for word in _WORD.findall(name))


def encryption(machine: Machine, thing: Thing, name: str, args: Args, node: form.Call) -> Val | None:
    """Return what the AWS Encryption SDK gives: its keyrings use their keys through KMS."""
    if not thing.kind.module.startswith("@aws-crypto/"):
        return None
    calls = {"decrypt": ("Decrypt",), "decryptStream": ("Decrypt",)}
    wanted = calls.get(name, ("GenerateDataKey", "Encrypt") if "encrypt" in name else ())
    for each in options(args.get(0) or NONE):
        if not isinstance(each, Thing) or "Kms" not in each.kind.name:
            continue
        config = each.args[0] if each.args else NONE
        keys: list[Val] = [NONE]
        if isinstance(config, DictVal):
            listed = config.entries.get("keyIds")
            keys = [*(listed.items if isinstance(listed, ListVal) else [])]
            generator = config.entries.get("generatorKeyId")
            keys = [*keys, generator] if generator is not None else keys
        for operation in wanted:
            for key in keys or [NONE]:
                request = machine.new_dict({} if key is NONE else {"KeyId": key})
                recording.record(machine, Client("kms"), operation, request, node, via=each.kind.full)
    return Unknown("a message") if wanted else None


def command(machine: Machine, name: str, args: Args, node: form.Call) -> Val | None:
    """Return the output of a command; one that is `aws`, or that nobody sees, may call any service."""
    if name not in _RUNNING:
        return None
    first = args.get(0)
    start: str | None = None
    if isinstance(first, Text) and first.parts and isinstance(first.parts[0], Literal):
        start = first.parts[0].text
    words = start.split() if start else []
    if words and words[0].rpartition("/")[2] not in ("aws", "sh", "bash", "sam", "cdk"):
        return Unknown("the output of a command")
    service = next((word for word in words[1:] if not word.startswith("-")), "")
    known = service in machine.maps.services()
    detail = f"a command runs `{start.strip()[:40]}`" if start else "a command that nobody can see is run"
    hidden = sdk.prefixes(machine, service) if known else None
    machine.gap(GapReason.DYNAMIC_CODE, detail, node, hidden)
    return Unknown("the output of a command")
