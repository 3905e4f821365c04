"""What libraries do, as far as the analysis must know: one table per language, and what holds for all of them.

A library's function is looked up in three places: what the language's own library does to values
(`library_<language>`), what it calls in AWS (the access maps), and, where nothing is known, what any function may do
with what it is given: call the functions among its arguments later, and use the clients among them.
"""

from iamgen.access import highlevel
from iamgen.model.observation import GapReason
from iamgen.model.value import Text
from iamgen.sources._program import form, sdk, texts
from iamgen.sources._program.languages import language, of
from iamgen.sources._program.machine import Args, Machine
from iamgen.sources._program.values import (
    NONE,
    Alt,
    Bound,
    ClassVal,
    Client,
    Collection,
    Context,
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
    Partial,
    Resource,
    Response,
    Scalar,
    Session,
    Thing,
    Unknown,
    Val,
    describe,
    environment_variable,
    event_item,
    event_member,
    is_none,
    join,
    join_all,
    literal,
    options,
    text,
)

NOTHING = NONE
_NO_CALL = form.Call(form.Const(None))
_DRIVERS = frozenset(
    {
        "resolve",
        "handle",
        "handle_request",
        "dispatch",
        "run",
        "process",
        "lambda_handler",
        "start",
        "execute",
        "invoke",
        "main",
        "response",
        "handler",
        "listen",
        "serve",
    }
)
"""Methods by which a framework begins to call what was registered with it."""


_DURABLE = "aws_durable_execution_sdk_python"
_CONTEXTS = {f"{_DURABLE}.durable_execution": External(_DURABLE, "DurableContext")}
"""Decorators of handlers that pass a context of their own."""


def builtin(name: str, module: ModuleState) -> Val:
    """Return what a name that nothing binds stands for."""
    return of(module.language or "python").builtin(name, module)


def prepare(module: ModuleState) -> None:
    """Set the names that every module of a language has."""
    of(module.language or "python").prepare(module)


# --- members of libraries ----------------------------------------------------------------------------------------


def library(machine: Machine, module: str, line: int) -> Val:
    """Return a module that is not the project's."""
    machine.line = line
    return external(machine, External(module))


def imported(machine: Machine, value: Val, name: str) -> Val:
    """Return a name that an import takes out of a module."""
    if name == "default" and isinstance(value, External):
        return value if value.name else External(value.module, "default")
    if isinstance(value, ModuleState) and value.exports is not None:
        found = value.exports.entries.get(name)
        if found is not None:
            return found
        whole = value.exports.entries.get("=")
        if whole is not None:
            return whole if name == "default" else machine.member(whole, name)
        if name == "default" and value.exports.entries:
            return value
    return machine.member(value, name)


def external(machine: Machine, value: External) -> Val:
    """Return what a library's member is."""
    return language(machine).external(machine, value)


def external_item(machine: Machine, value: External, key: Val) -> Val:
    """Return a library's member by key: a generic type, or something to be injected."""
    if value.full.endswith("Provide"):
        return machine.call(key, Args(), _NO_CALL)
    if value.full.endswith(("Annotated", "Optional", "Union")) and isinstance(key, ListVal):
        for each in key.items:
            if isinstance(each, Thing):
                return injected(machine, each)
        return join_all(key.items)
    if value.full.endswith(("Optional", "Annotated")):
        return key
    name = literal(key)
    return external(machine, value.member(name)) if name else value


def inherited(machine: Machine, value: Instance | ClassVal, outside: tuple[External, ...], name: str) -> Val | None:
    """Return a member that an object or class of the project has from a library."""
    for base in outside:
        entry = highlevel.library(machine.maps, _name(machine), f"{base.full}.{name}")
        if entry is not None and entry.calls:
            return Member(value, name)
    return None


def thing_member(machine: Machine, value: Thing, name: str) -> Val:
    """Return a member of a library's object."""
    made = language(machine).thing_member(machine, value, name)
    return made if made is not None else Member(value, name)


def thing_item(machine: Machine, value: Thing, key: Val) -> Val:
    """Return a member of a library's object by key."""
    name = literal(key)
    if name is not None and name in value.attributes:
        return value.attributes[name]
    if name is not None and machine.frame.module.language == "javascript":
        return machine.member(value, name)
    made = language(machine).call_member(machine, Member(value, "__getitem__"), Args([key]), _NO_CALL)
    return made if made is not None else Unknown(describe(value))


def thing_element(machine: Machine, value: Thing) -> Val:
    """Return what any one item of a library's object can be."""
    made = language(machine).call_member(machine, Member(value, "__iter__"), Args(), _NO_CALL)
    if made is not None:
        return machine.element(made)
    return Unknown(describe(value))


_TYPED_FIELDS = {
    "SNS": "Sns",
    "EventSourceArn": "eventSourceARN",
    "EventSourceARN": "eventSourceARN",
    "Records": "Records",
}
"""Fields of Go's and Java's event types that are not spelled as in the event with a small first letter."""


def event_attribute(value: Event, name: str, typed: bool = False) -> Val:  # noqa: FBT001, FBT002
    """Return a field of the event by an attribute: the wrappers of libraries spell it in their own way."""
    if typed and name[:1].islower():
        return Member(value, name)  # Java reads by methods
    if typed:
        plain = name[:1].lower() + name[1:]
        if "TopicArn" in name or "Sns" in value.path:
            plain = name
        return event_member(value, _TYPED_FIELDS.get(name, plain))
    match name:
        case "records":
            return event_member(value, "Records")
        case "record" if value.path.endswith("]"):
            return value
        case "bucket_name":
            return Event(f"{value.path or 'Records[]'}.s3.bucket.name".replace("..", "."))
        case "object_key":
            return Event(f"{value.path or 'Records[]'}.s3.object.key".replace("..", "."))
        case "get_object":
            return event_member(value, "object")
        case "event_source_arn":
            return event_member(value, "eventSourceARN")
        case "raw_event":
            return value
        case "user_pool_id":
            return event_member(value, "userPoolId")
        case _ if name in _EVENT_METHODS or name.startswith("__"):
            return Member(value, name)
        case _:
            return event_member(value, name)


_EVENT_METHODS = frozenset(
    {
        "get",
        "items",
        "keys",
        "values",
        "pop",
        "setdefault",
        "decode",
        "encode",
        "strip",
        "split",
        "lower",
        "upper",
        "replace",
        "startswith",
        "endswith",
        "format",
        "join",
        "copy",
        "update",
        "json",
        "append",
        "rsplit",
        "lstrip",
        "rstrip",
        "map",
        "forEach",
        "filter",
        "find",
        "some",
        "every",
        "reduce",
        "toString",
        "trim",
        "toLowerCase",
        "toUpperCase",
        "includes",
        "startsWith",
        "endsWith",
        "flatMap",
        "slice",
        "substring",
        "match",
        "partition",
        "rpartition",
        "splitlines",
        "isoformat",
        "dict",
        "model_dump",
        "concat",
        "push",
        "flat",
        "shift",
        "indexOf",
        "replaceAll",
        "at",
        "entries",
        "sort",
    }
)


# --- calls -------------------------------------------------------------------------------------------------------


def call_external(machine: Machine, value: External, args: Args, node: form.Call) -> Val:
    """Return what a library's function or class gives."""
    made = language(machine).call_external(machine, value, args, node)
    if made is not None:
        return made
    return call_library(machine, value.full, value, args, node)


def call_library(machine: Machine, path: str, value: Val, args: Args, node: form.Call) -> Val:
    """Return what something of a library gives that the language's table does not know."""
    kind = value if isinstance(value, External) else External(path)
    entry = highlevel.library(machine.maps, _name(machine), path)
    if entry is not None and entry.calls:
        given = sdk.Given(args)
        answer = sdk.library_calls(machine, entry, given, node)
        thing = machine.new_thing(kind, args)
        register(machine, thing, args)
        return thing if _is_class(kind) else answer
    signing = highlevel.signer(machine.maps, _name(machine), path)
    if signing is not None:
        return _signer(machine, signing, kind, args, node)
    if highlevel.is_unmodelled(machine.maps, _name(machine), kind.module.partition(".")[0]):
        machine.gap(GapReason.UNMODELLED_LIBRARY, kind.module.partition(".")[0], node, None)
    elif entry is None and not language(machine).silent(kind.full):
        _handed_over(machine, kind.full, args, node)
    thing = machine.new_thing(kind, args)
    register(machine, thing, args)
    _signed_request(machine, kind.full.rpartition(".")[2], args, node)
    if _is_driven(args):
        drive(machine, thing)
    return thing


def _name(machine: Machine) -> str:
    return machine.frame.module.language or "python"


def _is_class(kind: External) -> bool:
    last = (kind.name or kind.module).rpartition(".")[2]
    return last[:1].isupper()


def _handed_over(machine: Machine, path: str, args: Args, node: form.Call) -> None:
    services = sdk.handed_over(machine, args.values())
    if services is not False:
        machine.gap(
            GapReason.UNMODELLED_LIBRARY,
            f"a client is handed to {path}",
            node,
            services if isinstance(services, tuple) else None,
        )


def call_value(machine: Machine, value: Val, args: Args, node: form.Call) -> Val:
    """Return what a call of any other value gives: builtins, library objects, unknown values."""
    made = language(machine).call_value(machine, value, args, node)
    if made is not None:
        return made
    if isinstance(value, Thing):
        return _call_thing(machine, value, "__call__", args, node)
    return call_unknown(machine, value, args, node)


def call_unknown(machine: Machine, value: Val, args: Args, node: form.Call) -> Val:
    """Return what something unknown gives; the functions among its arguments may be called."""
    for each in args.values():
        for option in options(each):
            if isinstance(option, FunctionVal | Bound):
                machine.defer(option)
            elif isinstance(option, Thing) and _is_driven(args):
                drive(machine, option)
    return Unknown(describe(value) or "the result of an unknown call")


def call_member(machine: Machine, member: Member, args: Args, node: form.Call) -> Val:
    """Return what a method of a plain value, a library's object or an unknown value gives."""
    receiver, name = member.receiver, member.name
    made = language(machine).call_member(machine, member, args, node)
    if made is not None:
        return made
    match receiver:
        case Text():
            return texts.method(machine, receiver, name, args)
        case Thing():
            return _call_thing(machine, receiver, name, args, node)
        case Instance() | ClassVal():
            return _call_inherited(machine, receiver, name, args, node)
        case Collection():
            return sdk.call_collection(machine, receiver, name, args, node)
        case Paginator():
            return sdk.call_paginator(machine, receiver, name, args, node)
        case Resource() if name == "client":
            return Client(receiver.service, receiver.foreign)
        case Event():
            return _call_event(machine, receiver, name, args)
        case Environ():
            return _call_environment(machine, name, args)
        case Unknown() | Response() | Scalar() if sdk.looks_like_call(name, args):
            if isinstance(receiver, Response | Scalar):
                return Unknown(describe(receiver))
            machine.unresolved.add((machine.frame.module.path, node.line, name))
            machine.gap(
                GapReason.CLIENT_UNRESOLVED,
                f"{name} of {describe(receiver) or 'a client'}",
                node,
                None,
            )
            return Unknown(f"{name} of an unknown client")
        case _:
            return call_unknown(machine, receiver, args, node)


def _call_event(machine: Machine, receiver: Event, name: str, args: Args) -> Val:
    match name:
        case "get" | "pop" | "setdefault":
            key = args.get(0)
            found = machine.item(receiver, key) if key is not None else receiver
            fallback = args.get(1)
            return found if fallback is None or is_none(fallback) else join(found, fallback)
        case "items" | "entries":
            return machine.new_list([], machine.new_list([Unknown("a key"), event_item(receiver)]))
        case "keys":
            return machine.new_list([], Unknown("a key of the event"))
        case "values":
            return machine.new_list([], event_item(receiver))
        case "decode" | "encode" | "strip" | "copy" | "toString" | "trim" | "dict" | "model_dump":
            return receiver
        case _:
            return Unknown(f"made from event field {receiver.path}")


def _call_environment(machine: Machine, name: str, args: Args) -> Val:
    key = args.get(0)
    match name:
        case "get" | "pop" | "setdefault" if key is not None:
            fallback = args.get(1, "default")
            return join_all(
                environment_variable(literal(each) or "", fallback)
                if literal(each) is not None
                else Unknown("an environment variable whose name is made at run time")
                for each in options(key)
            )
        case "copy":
            return Environ()
        case _:
            return Unknown("the environment")


def _call_thing(machine: Machine, value: Thing, name: str, args: Args, node: form.Call) -> Val:
    """A method of a library's object: what it calls in AWS, and what it may call of the project."""
    path = value.kind.full if name == "__call__" else f"{value.kind.full}.{name}"
    entry = highlevel.library(machine.maps, _name(machine), path)
    if entry is not None and entry.calls:
        made_with = Args(list(value.args), dict(value.keywords))
        register(machine, value, args)
        return sdk.library_calls(machine, entry, sdk.Given(args, made_with), node)
    if (
        entry is None
        and not language(machine).silent(value.kind.full)
        and highlevel.library(machine.maps, _name(machine), value.kind.full) is None
    ):
        if highlevel.is_unmodelled(machine.maps, _name(machine), value.kind.module.partition(".")[0]):
            machine.gap(GapReason.UNMODELLED_LIBRARY, value.kind.module.partition(".")[0], node, None)
        else:
            _handed_over(machine, value.kind.full, args, node)
            if sdk.looks_like_call(name, args) and args.keywords:
                machine.unresolved.add((machine.frame.module.path, node.line, name))
                machine.gap(GapReason.CLIENT_UNRESOLVED, f"{name} of {value.kind.full}", node, None)
    signing = highlevel.signer(machine.maps, _name(machine), path)
    if signing is not None:
        return _signer(machine, signing, value.kind, args, node)
    _signed_request(machine, name, args, node, value)
    for each in args.values():
        for option in options(each):
            if isinstance(option, ClassVal) and name in ("get", "resolve", "provide", "instance"):
                made = machine.annotated(option)
                if made is not None:
                    return made
    register(machine, value, args)
    if _is_driven(args) and (name in _DRIVERS or name == "__call__"):
        drive(machine, value)
    for each in args.values():
        for option in options(each):
            if isinstance(option, FunctionVal | Bound) and not _is_registration(value, name):
                machine.defer(option)
    made_thing = machine.new_thing(value.kind.member(name), args)
    made_thing.attributes["<owner>"] = value
    return made_thing


def _is_registration(value: Thing, name: str) -> bool:
    """Return whether a method only keeps a function for when the framework is started."""
    return name in (
        "add_url_rule",
        "add_route",
        "add_api_route",
        "include_router",
        "register_blueprint",
        "mount",
    )


def _call_inherited(machine: Machine, value: Instance | ClassVal, name: str, args: Args, node: form.Call) -> Val:
    """A method that an object of the project has from a library."""
    cls = value if isinstance(value, ClassVal) else value.cls
    outside = cls.outside()
    for base in outside:
        entry = highlevel.library(machine.maps, _name(machine), f"{base.full}.{name}")
        if entry is not None:
            meta = cls.find("Meta")
            given = sdk.Given(args, meta=meta[0] if meta else None)
            sdk.library_calls(machine, entry, given, node)
            return value if isinstance(value, Instance) else machine.new_list([], machine.new_instance(cls))
    known = [base for base in outside if not language(machine).silent(base.full)]
    if known:
        unmodelled = [
            base
            for base in known
            if highlevel.is_unmodelled(machine.maps, _name(machine), base.module.partition(".")[0])
        ]
        for base in unmodelled:
            machine.gap(GapReason.UNMODELLED_LIBRARY, base.module.partition(".")[0], node, None)
        defer_methods(machine, value)
    register_callbacks(machine, args)
    return Unknown(f"{name} of {cls.cls.name}")


# --- callbacks and frameworks ------------------------------------------------------------------------------------


def register(machine: Machine, thing: Thing, args: Args) -> None:
    """Keep the functions, classes and objects that a library's object was given."""
    for each in args.values():
        for option in options(each):
            if isinstance(option, FunctionVal | Bound | Partial | Thing):
                if option is not thing and option not in thing.callbacks:
                    thing.callbacks.append(option)
            elif isinstance(option, ClassVal | Instance):
                cls = option if isinstance(option, ClassVal) else option.cls
                if cls.outside() and option not in thing.callbacks:
                    thing.callbacks.append(option)


def register_callbacks(machine: Machine, args: Args) -> None:
    """Remember the functions among some arguments as ones that may be called."""
    for each in args.values():
        for option in options(each):
            if isinstance(option, FunctionVal | Bound):
                machine.defer(option)


def _is_driven(args: Args) -> bool:
    """Return whether a call hands over the event or the context: then what is registered may run."""
    return any(
        isinstance(option, Context) or (isinstance(option, Event) and not option.path)
        for each in args.values()
        for option in options(each)
    )


def drive(machine: Machine, value: Val, seen: set[int] | None = None) -> None:
    """Remember everything that was registered with a library's object as something that may be called."""
    seen = set() if seen is None else seen
    if id(value) in seen:
        return
    seen.add(id(value))
    match value:
        case Thing():
            for each in value.callbacks:
                drive(machine, each, seen)
            for each in value.args:
                for option in options(each):
                    drive(machine, option, seen)
        case FunctionVal() | Bound():
            machine.defer(value)
        case Partial():
            machine.defer(value)
        case ClassVal() | Instance():
            defer_methods(machine, value)
        case _:
            pass


def defer_methods(machine: Machine, value: Instance | ClassVal) -> None:
    """Remember the methods of an object as ones that a library may call."""
    cls = value if isinstance(value, ClassVal) else value.cls
    receiver = value if isinstance(value, Instance) else machine.annotated(value)
    for each in cls.line():
        for name, member in each.members.items():
            if isinstance(member, FunctionVal) and name != "__init__" and receiver is not None:
                if member.function.kind == "function":
                    machine.defer(Bound(member, receiver))
                elif member.function.kind == "static":
                    machine.defer(member)


def decorate(machine: Machine, decorator: Val, value: Val) -> Val:
    """Return what a library's decorator leaves of a function or class: itself, known to the library."""
    match decorator:
        case External() if decorator.full.endswith(".lambda_handler_decorator"):
            return machine.new_thing(External("<middleware>"), Args([value]))
        case Thing() if decorator.kind.full.endswith(".lambda_handler_decorator"):
            return machine.new_thing(External("<middleware>"), Args([value]))
        case Thing() if decorator.kind.full == "<middleware>":
            return Partial(decorator.args[0], (value,), decorator.keywords)
        case External():
            if isinstance(value, ClassVal):
                value.markers = (*value.markers, decorator.full)
            if isinstance(value, FunctionVal):
                value.context = _CONTEXTS.get(decorator.full)
            if decorator.full.endswith("contextmanager") and isinstance(value, FunctionVal):
                value.context_manager = True
            _check_library(machine, decorator)
        case Member(receiver=Thing() as receiver):
            receiver.callbacks.append(value)
        case Thing():
            if isinstance(value, ClassVal):
                value.markers = (*value.markers, decorator.kind.full)
                value.annotations = (*value.annotations, decorator)
            elif isinstance(value, FunctionVal):
                value.context = _CONTEXTS.get(decorator.kind.full)
            owner = decorator.attributes.get("<owner>")
            if isinstance(owner, Thing):
                owner.callbacks.append(value)
            _check_library(machine, decorator.kind)
        case Member(receiver=FunctionVal() as receiver):
            machine.defer(value)  # a registration with a dispatcher (`f.register`)
            del receiver
        case _:
            pass
    return value


def _check_library(machine: Machine, kind: External) -> None:
    top = kind.module.partition(".")[0]
    if highlevel.is_unmodelled(machine.maps, _name(machine), top):
        machine.gap(GapReason.UNMODELLED_LIBRARY, top, machine.here(), None)


def injected(machine: Machine, value: Val) -> Val:
    """Return what a framework passes for a default such as `Depends(get_repository)`."""
    if isinstance(value, Thing) and value.kind.full.rpartition(".")[2] in ("Depends", "Security"):
        provider = value.args[0] if value.args else value.keyword("dependency")
        if provider is None:
            return Unknown("a dependency")
        made = machine.call(provider, Args(), _NO_CALL)
        if isinstance(made, ListVal) and not made.items and made.rest is not None:
            return made.rest
        return made
    return value


# --- signed requests ---------------------------------------------------------------------------------------------


def _signer(machine: Machine, signing: highlevel.Signer, kind: External, args: Args, node: form.Call) -> Val:
    """A signer of requests: which service it signs for is kept with it until a request is sent."""
    given = sdk.Given(args)
    service = sdk.taken(machine, signing.service, given) if signing.service else None
    names = [literal(each) for each in options(service)] if service is not None else [signing.default]
    thing = machine.new_thing(kind, args)
    known = [each for each in names if each]
    if not known:
        machine.gap(GapReason.CLIENT_UNRESOLVED, "a signed request to an unknown service", node, None)
        return thing
    foreign = any(_is_foreign(option) for each in args.values() for option in options(each))
    for name in known:
        called = highlevel.signed_operation(machine.maps, name)
        if foreign:
            machine.record_foreign(name, node)
        elif called is None:
            machine.gap(GapReason.OPERATION_UNRESOLVED, f"a request signed for {name}", node, (name,))
        else:
            thing.attributes["<signs>"] = text(name)
            machine.signed.append((thing, called, node, machine.frame.module.path, machine.path()))
    return thing


def _is_foreign(value: Val) -> bool:
    from iamgen.sources._program.values import Credentials

    return (isinstance(value, Credentials) and value.foreign) or (
        isinstance(value, Response) and value.service == "sts"
    )


_HTTP = frozenset({"get", "post", "put", "delete", "patch", "head", "options", "request"})


def _signed_request(machine: Machine, name: str, args: Args, node: form.Call, receiver: Thing | None = None) -> None:
    """A request that is sent with a signer: its method and address narrow what the signer is for."""
    if name.lower() not in _HTTP:
        return
    signers = [
        option
        for each in (args.values() if receiver is None else (*args.values(), *receiver.attributes.values()))
        for option in options(each)
        if isinstance(option, Thing) and "<signs>" in option.attributes
    ]
    method: Val = text(name.upper())
    address = args.get(0, "url")
    if name == "request":
        method = args.get(0, "method") or Unknown("a method")
        address = args.get(1, "url")
    for signer in signers:
        called = highlevel.signed_operation(machine.maps, literal(signer.attributes["<signs>"]) or "")
        if called is None:
            continue
        request = machine.new_dict({"Method": method})
        if address is not None:
            request.entries["Url"] = address
        machine.record(called[0], called[1], request, node, signer.kind.full)
        signer.attributes["<sent>"] = NONE


# --- small things that all languages share -----------------------------------------------------------------------


def arithmetic(op: str, left: Scalar, right: Scalar) -> Val:
    """Return the result of an operator on two known values."""
    one, two = left.value, right.value
    if isinstance(one, bytes) or isinstance(two, bytes) or one is None or two is None:
        return Unknown("a number")
    try:
        match op:
            case "+":
                return Scalar(one + two)
            case "-":
                return Scalar(one - two)
            case "*" if abs(one) < 1e9 and abs(two) < 1e9:
                return Scalar(one * two)
            case "/" if two:
                return Scalar(one / two)
            case "//" if two:
                return Scalar(one // two)
            case "%" if two:
                return Scalar(one % two)
            case _:
                return Unknown("a number")
    except (OverflowError, ValueError):
        return Unknown("a number")


def compare(op: str, left: Val, right: Val) -> bool | None:
    """Return what a comparison of two values comes to, None when it is not known."""
    if op in ("in", "not in"):
        found = _contains(left, right)
        return None if found is None else found == (op == "in")
    if op in ("==", "is", "!=", "is not"):
        same = _same(left, right)
        return None if same is None else same == (op in ("==", "is"))
    return None


def _plain(value: Val) -> tuple[bool, object]:
    if isinstance(value, Scalar):
        return True, value.value
    known = literal(value)
    return known is not None, known


def _same(left: Val, right: Val) -> bool | None:
    left_known, one = _plain(left)
    right_known, two = _plain(right)
    if left_known and right_known:
        return one == two
    for value, other in ((left, right), (right, left)):
        if is_none(value) and isinstance(
            other,
            Client
            | Resource
            | Session
            | Instance
            | FunctionVal
            | Bound
            | ClassVal
            | ListVal
            | DictVal
            | Thing
            | External,
        ):
            return False
    return None


def _contains(item: Val, container: Val) -> bool | None:
    known, wanted = _plain(item)
    if isinstance(container, ListVal) and container.rest is None and known:
        each_known = [_plain(each) for each in container.items]
        if any(is_known and each == wanted for is_known, each in each_known):
            return True
        return False if all(is_known for is_known, _ in each_known) else None
    whole, characters = _plain(container)
    if known and whole and isinstance(wanted, str) and isinstance(characters, str):
        return wanted in characters
    return None


def as_sequence(machine: Machine, value: Val) -> Val:
    """Return a value as a list when it can be taken apart."""
    if isinstance(value, ListVal):
        return value
    if isinstance(value, Instance):
        return value
    known = literal(value)
    if known is not None and len(known) < 16:
        return machine.new_list([text(each) for each in known])
    return value


def extend(machine: Machine, target: ListVal, value: Val) -> None:
    """Add the items of a value to a list."""
    surely = machine.touch(target)
    if surely and isinstance(value, ListVal) and len(target.items) + len(value.items) <= 200:
        target.items.extend(value.items)
        if value.rest is not None:
            target.rest = value.rest if target.rest is None else join(target.rest, value.rest)
        return
    element = machine.element(value)
    target.rest = element if target.rest is None else join(target.rest, element)


def append(machine: Machine, target: ListVal, value: Val) -> None:
    """Add one item to a list."""
    surely = machine.touch(target)
    if surely and len(target.items) < 200:
        target.items.append(value)
    else:
        target.rest = value if target.rest is None else join(target.rest, value)


def keys(machine: Machine, value: Val) -> Val:
    """Return what any one key of a value can be."""
    if isinstance(value, DictVal) and _name(machine) != "go":
        return machine.element(value)
    if isinstance(value, DictVal):
        return machine.new_list([machine.element(value), value.element()])
    if isinstance(value, ListVal | Event | Response):
        return machine.new_list([Unknown("an index"), machine.element(value)])
    return Unknown("a key")


def entered(machine: Machine, value: Val) -> Val:
    """Return what `with value as target` binds."""
    if isinstance(value, Alt):
        return join_all(entered(machine, each) for each in value.options if not is_none(each))
    if isinstance(value, Instance):
        for name in ("__enter__", "__aenter__"):
            found = value.cls.find(name)
            if found is not None:
                return machine.call(machine.member(value, name), Args(), _NO_CALL)
        return value
    if isinstance(value, ListVal):
        return value.element()
    if isinstance(value, Thing):
        inner = value.attributes.get("<entered>")
        return inner if inner is not None else value
    return value


def left(machine: Machine, value: Val) -> None:
    """Go through what leaving `with value` calls."""
    if isinstance(value, Instance):
        for name in ("__exit__", "__aexit__"):
            if value.cls.find(name) is not None:
                machine.call(machine.member(value, name), Args([NONE, NONE, NONE]), _NO_CALL)


# --- classes without a constructor -------------------------------------------------------------------------------


def is_plain_data(cls: ClassVal) -> bool:
    """Return whether a class only holds data, so that making one from unknown values says nothing."""
    return any(
        "BaseModel" in base.full or "NamedTuple" in base.full or "TypedDict" in base.full for base in cls.outside()
    ) and not any("Settings" in base.full for base in cls.outside())


def enumeration_member(machine: Machine, cls: ClassVal, args: Args) -> Val | None:
    """Return what calling an enumeration gives: one of its members; None where the class is none."""
    if not any(base.full.startswith("enum.") for base in cls.outside()):
        return None
    return args.get(0) or Unknown(f"a member of {cls.cls.name}")


def initialise(machine: Machine, instance: Instance, cls: ClassVal, args: Args) -> None:
    """Set the attributes of an object whose class states fields and no constructor (data classes, settings)."""
    outside = [base.full for base in cls.outside()]
    settings = any(name.rpartition(".")[2] == "BaseSettings" for name in outside)
    places = list(args.places)
    prefix = _settings_prefix(machine, cls) if settings else ""
    for owner in reversed(tuple(cls.line())):
        for statement in owner.cls.body:
            if not isinstance(statement, form.Assign) or statement.annotation is None:
                continue
            if statement.field or statement.declares:
                continue
            target = statement.target
            if not isinstance(target, form.Name) or target.id.startswith("__"):
                continue
            name = target.id
            value = args.keywords.get(name)
            if value is None and places:
                value = places.pop(0)
            if value is None:
                default = owner.members.get(name)
                value = _field_default(machine, default)
                if settings:
                    variable = _alias(default) or f"{prefix}{name}".upper()
                    value = environment_variable(variable, value)
                elif value is None:
                    value = Unknown(f"{cls.cls.name}.{name}")
            instance.attributes[name] = value
    for name, value in args.keywords.items():
        instance.attributes.setdefault(name, value)


def _field_default(machine: Machine, default: Val | None) -> Val | None:
    if not isinstance(default, Thing):
        return default
    last = default.kind.full.rpartition(".")[2]
    if last not in ("field", "Field", "ib", "attrib"):
        return default
    factory = default.keyword("default_factory") or default.keyword("factory")
    if factory is not None:
        return machine.call(factory, Args(), _NO_CALL)
    given = default.keyword("default")
    if given is not None:
        return given
    if default.args and not isinstance(default.args[0], Unknown):
        first = default.args[0]
        return None if isinstance(first, External | Thing) else first
    return None


def _alias(default: Val | None) -> str | None:
    if isinstance(default, Thing):
        for name in ("env", "validation_alias", "alias"):
            found = default.keyword(name)
            known = literal(found) if found is not None else None
            if known is not None:
                return known
    return None


def _settings_prefix(machine: Machine, cls: ClassVal) -> str:
    config = cls.find("model_config") or cls.find("Config")
    if config is None:
        return ""
    value = config[0]
    found: Val | None = None
    if isinstance(value, Thing):
        found = value.keyword("env_prefix")
    elif isinstance(value, DictVal):
        found = value.entries.get("env_prefix")
    elif isinstance(value, ClassVal):
        member = value.find("env_prefix")
        found = member[0] if member else None
    return (literal(found) or "") if found is not None else ""
