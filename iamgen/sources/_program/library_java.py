"""Java's own library, as far as values and calls go through it; and the makers of the AWS SDK's clients, v1 and v2.

Requests are built (`GetObjectRequest.builder().bucket(b).build()`, `new GetItemRequest().withTableName(t)`): a builder
keeps what it was given by name; what members the service itself calls so is looked up when the call is made.
"""

import re
from collections.abc import Callable, Iterator

from iamgen.access import highlevel
from iamgen.model.value import Text
from iamgen.sources._program import form, sdk, texts
from iamgen.sources._program.languages import Language
from iamgen.sources._program.library import append, extend
from iamgen.sources._program.machine import Args, Machine
from iamgen.sources._program.values import (
    NONE,
    Bound,
    Builtin,
    ClassVal,
    Client,
    ClientMember,
    DictVal,
    Environ,
    Event,
    External,
    FunctionVal,
    Instance,
    ListVal,
    Member,
    ModuleState,
    Paginator,
    Response,
    Scalar,
    Thing,
    Unknown,
    Val,
    concatenate,
    environment_variable,
    event_item,
    event_member,
    join,
    join_all,
    literal,
    options,
    text,
)

_BUILDER = "<builder>"
_FOREIGN = re.compile(r"StsAssumeRole|STSAssumeRole|StsWebIdentity|BasicSessionCredentials")
_CLIENT = re.compile(r"(?:Client|ClientBuilder|Async|AsyncClientBuilder)$")
_MAPS = frozenset(
    [
        "HashMap",
        "LinkedHashMap",
        "TreeMap",
        "ConcurrentHashMap",
        "EnumMap",
        "HashTable",
        "ImmutableMap",
        "Map",
        "Properties",
    ]
)
_LISTS = frozenset(
    [
        "ArrayList",
        "LinkedList",
        "HashSet",
        "LinkedHashSet",
        "TreeSet",
        "Vector",
        "ArrayDeque",
        "ImmutableList",
        "List",
        "Set",
        "Arrays",
        "Collections",
    ]
)
_SAME = frozenset(
    {
        "get", "join", "toString", "getNow", "orElseThrow", "collect", "toList", "stream", "parallelStream", "iterator",
        "asUtf8String", "asString", "strip", "trim", "sorted", "distinct", "limit", "skip", "block", "items", "values",
        "asInputStream", "asByteArray", "getBytes", "toCompletableFuture", "entrySet", "listIterator",
        "toArray", "subList", "findFirst", "findAny", "getFirst", "getLast", "next", "peek", "poll", "remove", "of",
    }
)  # fmt: skip
"""Methods whose result stands for what they are called on, or for an item of it."""
_ITEMS = frozenset({"get", "findFirst", "findAny", "getFirst", "getLast", "next", "peek", "poll", "remove"})


def _builtin(name: str, module: ModuleState) -> Val:
    return External(f"java.lang.{name}") if name[:1].isupper() else Unknown(f"name {name} of {module.path}")


def _external(machine: Machine, value: External) -> Val:
    return value


def _silent(path: str) -> bool:
    return path.startswith(("java.", "javax.", "<", "org.slf4j", "org.apache.logging", "com.google.gson", "lombok"))


def _split(value: External) -> tuple[str, str]:
    """Return the class and the method of a dotted path."""
    owner, _, name = value.full.rpartition(".")
    return owner, name


def _short(path: str) -> str:
    return path.rpartition(".")[2]


# --- builders, requests and clients ------------------------------------------------------------------------------


def builder(machine: Machine, path: str) -> Thing:
    """Return a builder of a class: what it is given by name is kept."""
    thing = machine.new_thing(External(_BUILDER, path), Args())
    thing.attributes["<members>"] = machine.new_dict({})
    return thing


def _members(thing: Thing) -> DictVal | None:
    found = thing.attributes.get("<members>")
    return found if isinstance(found, DictVal) else None


def _build(machine: Machine, thing: Thing, node: form.Call) -> Val:
    """Return what a builder builds: a client, a request, or an object of a library."""
    path = thing.kind.name
    members = _members(thing) or machine.new_dict({})
    service = highlevel.java_service(machine.maps, path)
    if service is not None and _is_client(path):
        return Client(service, _is_foreign(machine, members, node))
    if service is not None and ".model." in path:
        copied = machine.new_dict(dict(members.entries), members.rest)
        copied.default = None
        return copied
    keywords = {str(key): each for key, each in members.entries.items() if isinstance(key, str)}
    return machine.new_thing(External(path), Args([], keywords))


def _is_client(path: str) -> bool:
    short = _short(path)
    if ".model." in path or short.endswith(("Request", "Response")):
        return False
    return _CLIENT.search(short) is not None or (
        short.startswith(("Amazon", "AWS")) and path.startswith("com.amazonaws.services.")
    )


def _is_foreign(machine: Machine, members: DictVal, node: form.Call) -> bool:
    for each in members.entries.values():
        for option in options(each):
            if isinstance(option, Thing) and _holds_foreign(option, 0):
                return True
    return False


def _holds_foreign(thing: Thing, depth: int) -> bool:
    if _FOREIGN.search(thing.kind.full):
        return True
    return depth < 4 and any(
        isinstance(option, Thing) and _holds_foreign(option, depth + 1)
        for each in (*thing.args, *(value for _, value in thing.keywords))
        for option in options(each)
    )


def _assumed(machine: Machine, path: str, given: Args, node: form.Call) -> None:
    """A provider that assumes a role calls STS with the function's own credentials."""
    if "AssumeRole" not in path:
        return
    request = machine.new_dict({})
    role = given.get(0) if path.startswith("com.amazonaws") else None
    for each in given.values():
        for option in options(each):
            if isinstance(option, DictVal) and "roleArn" in option.entries:
                role = option.entries["roleArn"]
    if role is not None:
        request.entries["RoleArn"] = role
    else:
        request.rest = Unknown("a role that nobody saw")
    machine.record("sts", "AssumeRole", request, node, path)


def _configured(machine: Machine, function: Val, path: str, node: form.Call) -> Val:
    """Return what a function given in place of a request configures (`b -> b.bucket("x")`)."""
    made = builder(machine, path)
    machine.call(function, Args([made]), node)
    return _build(machine, made, node)


def _keep(machine: Machine, thing: Thing, name: str, args: Args, node: form.Call) -> Val:
    """A method of a builder or a request: keep what it is given."""
    members = _members(thing)
    if members is None:
        return thing
    name = re.sub(r"^(?:with|set)(?=[A-Z])", "", name)
    name = name[:1].lower() + name[1:]
    given: Val | None = args.get(0)
    if len(args.places) > 1:
        given = machine.new_list(list(args.places), args.more)
    for option in options(given) if given is not None else ():
        if isinstance(option, FunctionVal):
            given = _configured(machine, option, f"{thing.kind.name}.{name}", node)
    if given is not None:
        machine.touch(members)
        members.entries[name] = given
    return thing


# --- calls of clients --------------------------------------------------------------------------------------------


def _call_client(machine: Machine, member: ClientMember, args: Args, node: form.Call) -> Val | None:
    client, name = member.client, member.name
    if client.flavor.startswith("waiter"):
        polled = highlevel.waiter_operation(machine.maps, client.service, name.removeprefix("waitUntil"))
        if polled is None:
            return Unknown(name)
        return _operation(machine, Client(client.service, client.foreign), polled, args, node)
    entry = None
    for suffix in ("", "Paginator", "AsBytes", "Async"):
        if name.endswith(suffix):
            entry = machine.maps.operation_by_method(client.service, name.removesuffix(suffix))
        if entry is not None:
            break
    if client.service == "s3":
        known = highlevel.library(machine.maps, "java", f"com.amazonaws.services.s3.AmazonS3.{name}")
        plain = any(isinstance(option, DictVal | FunctionVal) for each in args.places[:1] for option in options(each))
        if known is not None and not plain:
            return sdk.library_calls(machine, known, sdk.Given(_spread(args)), node, client=client)
    if entry is not None:
        return _operation(machine, client, entry.operation, args, node)
    if name == "waiter":
        return Client(client.service, client.foreign, "waiter")
    if name in _NO_CALLS or name.startswith("get"):
        return machine.new_thing(External(f"software.amazon.awssdk.services.{client.service}", name), args)
    sdk.unresolved_operation(machine, client, name, node)
    return Unknown(name)


_NO_CALLS = frozenset(
    {
        "utilities", "close", "shutdown", "serviceClientConfiguration", "serviceName", "setRegion", "setEndpoint",
        "waiters", "hashCode", "equals", "toString", "presigner",
    }
)  # fmt: skip


def _spread(args: Args) -> Args:
    """Return the arguments with the members of a v1 request beside them, by name and by place."""
    first = args.get(0)
    if not isinstance(first, Thing):
        return args
    members = _members(first)
    places = list(first.args) or list(args.places)
    named = {key: each for key, each in (members.entries if members else {}).items() if isinstance(key, str)}
    return Args(places, named)


def _operation(machine: Machine, client: Client, name: str, args: Args, node: form.Call) -> Val:
    request = _request(machine, client, name, args, node)
    return sdk.operation(machine, client, name, request, node)


def _request(machine: Machine, client: Client, name: str, args: Args, node: form.Call) -> DictVal:
    """Return the members of the request among the arguments, in the service's own spelling."""
    names = _spelling(machine, client.service, name)
    plain: list[Val] = []
    for each in args.places:
        for option in options(each):
            if isinstance(option, DictVal):
                return _spelled(machine, option, names, 0)
            if isinstance(option, Thing) and _members(option) is not None:
                members = _members(option)
                assert members is not None  # noqa: S101
                made = _spelled(machine, members, names, 0)
                _by_place(made, names, option.args)
                return made
            if isinstance(option, FunctionVal | Bound):
                made_by = _configured(
                    machine, option, f"software.amazon.awssdk.services.{client.service}.model.Request", node
                )
                if isinstance(made_by, DictVal):
                    return _spelled(machine, made_by, names, 0)
                if isinstance(made_by, Thing):
                    return _spelled(machine, machine.new_dict(dict(made_by.keywords)), names, 0)
        plain.append(each)
    made = machine.new_dict({})
    if plain and all(isinstance(option, Text) for each in plain[:1] for option in options(each)):
        _by_place(made, names, tuple(plain))
    elif any(isinstance(option, Unknown) for each in plain for option in options(each)):
        made.rest = Unknown("a request that nobody saw")
    return made


def _by_place(request: DictVal, names: dict[str, str], values: tuple[Val, ...]) -> None:
    """The first value by place names the resource: constructors and short calls begin with it."""
    first = next(iter(names.values()), None)
    if first is not None and values:
        request.entries.setdefault(first, values[0])


def _spelling(machine: Machine, service: str, operation: str) -> dict[str, str]:
    """Return the members that the access maps ask for, by small letters; those that name the resource first."""
    entry = machine.maps.operation(service, operation)
    names: dict[str, str] = {}
    for action in entry.actions if entry is not None else ():
        for resource in action.resources:
            for path, _ in resource.bind.values():
                for step in re.split(r"[.\[\]{}]+", path):
                    if step and step not in ("keys", "values"):
                        names.setdefault(step.lower(), step)
    for action in entry.actions if entry is not None else ():
        for path in _asked(action.when):
            for step in re.split(r"[.\[\]{}]+", path):
                if step:
                    names.setdefault(step.lower(), step)
    return names


def _asked(when: object) -> Iterator[str]:
    path = getattr(when, "path", "")
    if path:
        yield path
    for each in getattr(when, "of", ()):
        yield from _asked(each)


def _spelled(machine: Machine, value: DictVal, names: dict[str, str], depth: int) -> DictVal:
    small = bool(names) and all(name[:1].islower() for name in names.values())
    entries: dict[object, Val] = {}
    for written, given in value.entries.items():
        key, each = written, given
        if isinstance(key, str) and re.fullmatch(r"[A-Za-z]\w*", key):
            plain = key.lower()
            name = names.get(plain) or names.get(f"{plain}name") or names.get(plain.removesuffix("name"))
            key = name or (key if small else key[:1].upper() + key[1:])
        if isinstance(each, DictVal) and depth < 5:
            each = _spelled(machine, each, names, depth + 1)
        elif isinstance(each, Thing):
            members = _members(each)
            each = _spelled(machine, members, names, depth + 1) if members is not None and depth < 5 else each
        elif isinstance(each, ListVal) and depth < 5:
            each = machine.new_list(
                [
                    _spelled(machine, item, names, depth + 1) if isinstance(item, DictVal) else item
                    for item in each.items
                ],
                each.rest,
            )
        entries[key] = each
    return machine.new_dict(entries, value.rest)


# --- functions of libraries --------------------------------------------------------------------------------------


def _call_external(machine: Machine, value: External, args: Args, node: form.Call) -> Val | None:
    path = value.full
    if node.new:
        return _new(machine, path, args, node)
    made = _FUNCTIONS.get(path.removeprefix("java.lang.").removeprefix("java.util."))
    if made is not None:
        return made(machine, args, node)
    owner, name = _split(value)
    service = highlevel.java_service(machine.maps, owner)
    if name in ("builder", "newBuilder", "custom"):
        return builder(machine, owner.removesuffix("Builder"))
    if service is not None and _is_client(owner):
        if name == "standard":
            return builder(machine, owner.removesuffix("Builder"))
        if name in ("create", "defaultClient"):
            return Client(service)
    short = _short(owner)
    if short in _MAPS and name in ("of", "copyOf", "singletonMap", "entry", "ofEntries"):
        return _map_of(machine, args)
    if (short in _LISTS and name not in ("sort", "reverse")) or (short == "Stream" and name == "of"):
        return machine.new_list(list(args.places), args.more)
    if name in ("fromBean", "fromImmutableClass", "fromClass"):
        return machine.new_thing(value, args)
    _run_functions(machine, args, node, Unknown("an argument"))
    if highlevel.library(machine.maps, "java", path) is None and not _silent(path):
        return _handed(machine, value, args, node)
    return None


def _handed(machine: Machine, value: External, args: Args, node: form.Call) -> Val | None:
    if value.full.startswith(("software.amazon.awssdk.", "com.amazonaws.")):
        owner, name = _split(value)
        return machine.new_thing(value if name[:1].isupper() else External(owner), args)
    return None


def _new(machine: Machine, path: str, args: Args, node: form.Call) -> Val | None:
    short = _short(path)
    if short in _MAPS:
        first = args.get(0)
        return first if isinstance(first, DictVal) else machine.new_dict({})
    if short in _LISTS:
        first = args.get(0)
        return machine.new_list(list(first.items), first.rest) if isinstance(first, ListVal) else machine.new_list([])
    if short in ("String", "StringBuilder", "StringBuffer", "URI", "File", "Thread", "CompletableFuture"):
        _run_functions(machine, args, node, Unknown())
        return args.get(0) or text("")
    service = highlevel.java_service(machine.maps, path)
    if service is not None and _is_client(path):
        return Client(
            service,
            any(
                isinstance(option, Thing) and _holds_foreign(option, 0)
                for each in args.places
                for option in options(each)
            ),
        )
    if service is not None or path.startswith("com.amazonaws.services."):
        if highlevel.library(machine.maps, "java", path) is None and not path.endswith(
            (".DynamoDB", ".DynamoDBMapper", ".TransferManager")
        ):
            made = builder(machine, path)
            made.args = tuple(args.places)
            return made
        return machine.new_thing(External(path), args)
    if _FOREIGN.search(path):
        _assumed(machine, path, args, node)
        return machine.new_thing(External(path), args)
    return None


def _run_functions(machine: Machine, args: Args, node: form.Call, value: Val) -> Val | None:
    """Functions given to a library run with what it goes through; return what the first gives."""
    made: Val | None = None
    for each in args.values():
        for option in options(each):
            function = option.function if isinstance(option, Bound) else option
            if isinstance(function, FunctionVal):
                count = len(function.function.params)
                result = machine.call(option, Args([value] * count), node)
                made = result if made is None else made
            elif isinstance(option, ClientMember | Member | ClassVal):
                result = machine.call(option, Args([value]), node)
                made = result if made is None else made
    return made


def _map_of(machine: Machine, args: Args) -> Val:
    entries: dict[object, Val] = {}
    rest: Val | None = None
    for key, value in zip(args.places[::2], args.places[1::2], strict=False):
        known = literal(key)
        if known is not None:
            entries[known] = value
        elif isinstance(key, Text):
            entries[key] = value
        else:
            rest = value
    return machine.new_dict(entries, rest)


def _getenv(machine: Machine, args: Args, node: form.Call) -> Val:
    name = args.get(0)
    if name is None:
        return Environ()
    return join_all(
        environment_variable(literal(each) or "")
        if literal(each) is not None
        else Unknown("an environment variable whose name is made at run time")
        for each in options(name)
    )


def _format(machine: Machine, args: Args, node: form.Call) -> Val:
    first = args.get(0)
    if isinstance(first, Text):
        return texts.percent(machine, first, machine.new_list(args.places[1:], args.more))
    return Unknown("a formatted text")


def _first(machine: Machine, args: Args, node: form.Call) -> Val:
    return args.get(0) or Unknown("a value")


def _either(machine: Machine, args: Args, node: form.Call) -> Val:
    first, second = args.get(0), args.get(1)
    return join(first, second) if first is not None and second is not None else Unknown("a value")


def _joined(machine: Machine, args: Args, node: form.Call) -> Val:
    separator = args.get(0)
    if isinstance(separator, Text):
        items = args.get(1)
        listed = items if isinstance(items, ListVal) else machine.new_list(args.places[1:])
        return texts.joined(machine, separator, listed)
    return Unknown("joined texts")


_FUNCTIONS: dict[str, Callable[[Machine, Args, form.Call], Val]] = {
    "System.getenv": _getenv,
    "System.getProperty": _first,
    "System.exit": lambda machine, args, node: External("<exit>"),
    "String.format": _format,
    "String.valueOf": lambda machine, args, node: texts.as_text(_first(machine, args, node)),
    "String.join": _joined,
    "Objects.requireNonNull": _first,
    "Objects.requireNonNullElse": _either,
    "Optional.ofNullable": _first,
    "Optional.of": _first,
    "net.URI.create": _first,
    "java.net.URI.create": _first,
    "java.net.URLDecoder.decode": _first,
    "Collections.singletonMap": lambda machine, args, node: _map_of(machine, args),
    "Collections.emptyMap": lambda machine, args, node: machine.new_dict({}),
    "Collections.emptyList": lambda machine, args, node: machine.new_list([]),
    "concurrent.CompletableFuture.completedFuture": _first,
}


# --- methods -----------------------------------------------------------------------------------------------------


def _call_value(machine: Machine, value: Val, args: Args, node: form.Call) -> Val | None:
    if isinstance(value, Builtin):
        return Unknown(value.name)
    if isinstance(value, Unknown):
        _run_functions(machine, args, node, Unknown("an argument"))
        return Unknown(value.detail)
    return None


def _call_member(machine: Machine, member: Member, args: Args, node: form.Call) -> Val | None:
    receiver, name = member.receiver, member.name
    match receiver:
        case Thing():
            return _thing_method(machine, receiver, name, args, node)
        case Event():
            return _event_method(machine, receiver, name, args, node)
        case DictVal():
            return _map_method(machine, receiver, name, args, node)
        case ListVal():
            return _list_method(machine, receiver, name, args, node)
        case Response():
            run = _run_functions(machine, args, node, receiver)
            return run if run is not None and name in ("map", "flatMap", "thenApply", "thenCompose") else receiver
        case Text():
            return _text_method(machine, receiver, name, args)
        case Environ():
            key = args.get(0)
            if name in ("get", "getOrDefault") and key is not None:
                known = literal(key)
                return environment_variable(known, args.get(1)) if known else Unknown("a variable")
            return Unknown("the environment")
        case Instance():
            return _accessor(receiver, name, args)
        case Unknown() | Scalar():
            _run_functions(machine, args, node, Unknown("an argument"))
            if name in ("orElse", "orElseGet", "getOrDefault") and args.places:
                return join(receiver, args.places[-1])
            return Unknown(getattr(receiver, "detail", ""))
        case Client() | ClassVal() | Paginator():
            return None
        case _:
            return None


def _accessor(receiver: Instance, name: str, args: Args) -> Val | None:
    """Accessors that a library writes (Lombok) or a record has."""
    field = re.sub(r"^(?:get|is)(?=[A-Z])", "", name)
    plain = field[:1].lower() + field[1:]
    if not args.places and plain in receiver.attributes:
        return receiver.attributes[plain]
    if name.startswith("set") and args.places:
        receiver.attributes[name[3:4].lower() + name[4:]] = args.places[0]
        return NONE
    return None


def _thing_method(machine: Machine, thing: Thing, name: str, args: Args, node: form.Call) -> Val | None:
    if thing.kind.module == _BUILDER:
        if name in ("build", "toBuilder", "clone"):
            if _FOREIGN.search(thing.kind.name) and name == "build":
                members = _members(thing)
                given = Args(list(members.entries.values()), dict(_named(members))) if members else Args()
                _assumed(machine, thing.kind.name, given, node)
            return _build(machine, thing, node) if name == "build" else thing
        return _keep(machine, thing, name, args, node)
    path = f"{thing.kind.full}.{name}"
    row = machine.maps.table("highlevel-java").get("returns", {}).get(path)
    if isinstance(row, str):
        kind, _, _ = row.partition(" ")
        made = machine.new_thing(External(kind), args)
        made.attributes["<owner>"] = thing
        return made
    entry = highlevel.library(machine.maps, "java", path)
    if entry is not None and entry.calls:
        owner = thing.attributes.get("<owner>")
        outer = owner.args[0] if isinstance(owner, Thing) and owner.args else None
        called = _by_member(machine, entry, args, node)
        source = sdk.Given(called, Args(list(thing.args), dict(thing.keywords)))
        source.owner_args = Args([outer]) if outer is not None else Args()
        return sdk.library_calls(machine, entry, source, node)
    _run_functions(machine, args, node, Unknown("an argument"))
    if name in ("submit", "supplyAsync", "runAsync", "execute", "invokeAll"):
        return Unknown("a future")
    if name == "readValue" and args.places:
        first = args.places[0]
        if isinstance(first, Event):
            return first
        made_by = machine.annotated(args.places[1]) if len(args.places) > 1 else None
        return made_by if made_by is not None else Unknown("parsed JSON")
    return None


def _by_member(machine: Machine, entry: highlevel.LibraryEntry, args: Args, node: form.Call) -> Args:
    """Return the arguments with the members of the requests among them by name, in the service's spelling."""
    first = entry.calls[0]
    names = _spelling(machine, first.service, first.operation)
    keywords: dict[str, Val] = dict(args.keywords)
    for each in args.places:
        for option in options(each):
            value = option
            if isinstance(option, FunctionVal):
                value = _configured(machine, option, f"software.amazon.awssdk.services.{first.service}.model.X", node)
            members = _members(value) if isinstance(value, Thing) else value
            if not isinstance(members, DictVal):
                continue
            for key, member in _named(members):
                inner = _members(member) if isinstance(member, Thing) else member
                keywords[key] = _spelled(machine, inner, names, 0) if isinstance(inner, DictVal) else member
    return Args(list(args.places), keywords, args.more, args.open)


def _named(members: DictVal) -> Iterator[tuple[str, Val]]:
    for key, each in members.entries.items():
        if isinstance(key, str):
            yield key, each


def _event_method(machine: Machine, receiver: Event, name: str, args: Args, node: form.Call) -> Val | None:
    run = _run_functions(machine, args, node, event_item(receiver))
    if run is not None:
        return machine.new_list([], run) if name in ("map", "flatMap") else receiver
    if name in ("get", "getOrDefault") and args.places:
        known = literal(args.places[0])
        return event_member(receiver, known) if known is not None else event_item(receiver)
    if name in _ITEMS:
        return event_item(receiver)
    if name in _SAME:
        return receiver
    if re.match(r"get[A-Z]", name):
        field = name[3:]
        if field == "UrlDecodedKey":
            field = "Key"
        plain = {"SNS": "Sns", "Records": "Records", "EventSourceArn": "eventSourceARN", "TopicArn": "TopicArn"}
        return event_member(receiver, plain.get(field, field[:1].lower() + field[1:]))
    if not args.places and re.fullmatch(r"[a-z]\w*", name):
        return event_member(receiver, name)
    return Unknown(f"made from event field {receiver.path}")


def _map_method(machine: Machine, value: DictVal, name: str, args: Args, node: form.Call) -> Val | None:
    key = args.get(0)
    match name:
        case "put" | "putIfAbsent" if key is not None and len(args.places) > 1:
            machine.touch(value)
            known = literal(key)
            if known is None and not isinstance(key, Text):
                value.rest = args.places[1]
            else:
                value.entries[known if known is not None else key] = args.places[1]
            return NONE
        case "putAll" if isinstance(key, DictVal):
            value.entries.update(key.entries)
            return NONE
        case "get" | "getOrDefault" | "computeIfAbsent" if key is not None:
            found = machine.item(value, key)
            run = _run_functions(machine, Args(args.places[1:]), node, key)
            if isinstance(found, Unknown) and run is not None:
                known = literal(key)
                if known is not None:
                    value.entries[known] = run
                return run
            if isinstance(found, Unknown) and len(args.places) > 1:
                return args.places[1]
            return found
        case "values" | "entrySet" | "keySet":
            return machine.new_list(list(value.entries.values()), value.rest)
        case "forEach":
            _run_functions(machine, args, node, value.element())
            return NONE
        case _:
            # The members of a request are read by their names.
            if not args.places and name in value.entries:
                return value.entries[name]
            return value if name in ("build", "toBuilder") else Unknown(name)


def _list_method(machine: Machine, value: ListVal, name: str, args: Args, node: form.Call) -> Val | None:
    if name in ("add", "addLast", "offer", "addFirst", "push"):
        append(machine, value, args.places[-1] if args.places else Unknown("an item"))
        return NONE
    if name == "addAll":
        extend(machine, value, args.get(0) or Unknown("items"))
        return NONE
    if name == "get" and args.places:
        return machine.item(value, args.places[0])
    made: list[Val] = []
    if value.rest is None and 0 < len(value.items) <= 16:
        for each in value.items:
            run = _run_functions(machine, args, node, each)
            if run is not None:
                made.append(run)
    else:
        run = _run_functions(machine, args, node, value.element())
        if run is not None:
            return machine.new_list([], run) if name in ("map", "flatMap", "mapToObj") else value
    if made:
        return machine.new_list(made) if name in ("map", "flatMap", "mapToObj") else value
    if name in _ITEMS:
        return value.element()
    return value if name in _SAME or name in ("filter", "forEach") else Unknown(f"{name} of a list")


def _text_method(machine: Machine, value: Text, name: str, args: Args) -> Val | None:
    match name:
        case "formatted":
            return texts.percent(machine, value, machine.new_list(list(args.places)))
        case "orElse" | "getOrDefault" if args.places:
            return join(value, args.places[0])
        case "append":
            return texts.bounded(concatenate((value, *args.places[:1])))
        case "substring":
            low = args.get(0) or NONE
            return texts.cut(machine, value, low, args.get(1) or NONE)
        case _ if name in _SAME:
            return value
        case _:
            return None


def _thing_member(machine: Machine, value: Thing, name: str) -> Val | None:
    return None


def _annotated(machine: Machine, annotation: External) -> Val | None:
    """A field or parameter of a client's type holds a client, whoever injects it."""
    service = highlevel.java_service(machine.maps, annotation.full)
    return Client(service) if service is not None and _is_client(annotation.full) else None


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
)
