"""Calls that JavaScript libraries make, and requests that are signed by hand."""

from typing import Any

from iamgen.access import highlevel
from iamgen.access.highlevel import LibraryCall, ValueSource
from iamgen.model.observation import GapReason
from iamgen.model.value import Text
from iamgen.sources._program import form
from iamgen.sources._program.javascript.credentials import client_foreign, is_foreign
from iamgen.sources._program.javascript.recording import (
    call_back,
    option,
    record,
    unknown_operation,
)
from iamgen.sources._program.machine import Args, Machine
from iamgen.sources._program.values import (
    NONE,
    Client,
    DictVal,
    External,
    Instance,
    ListVal,
    Thing,
    Unknown,
    Val,
    concatenate,
    environment_variable,
    is_none,
    join,
    literal,
    options,
    text,
)


def command_of(machine: Machine, value: Val) -> tuple[str, str, Val | None] | None:
    """Return service, operation and input of a command object, None for anything else."""
    if isinstance(value, Instance):
        for base in value.cls.outside():
            found = command_of(machine, machine.new_thing(base, Args(open=True)))
            if found is not None:
                return found
        return None
    if not isinstance(value, Thing):
        return None
    package = highlevel.js_package(machine.maps, value.kind.module)
    if package is None or package.kind not in ("client", "document"):
        return None
    service = package.service or "dynamodb"
    name = value.kind.name.removeprefix("default.")
    operation = (
        highlevel.document_operation(machine.maps, name)
        if package.kind == "document"
        else highlevel.js_command(machine.maps, service, name)
    )
    if operation is None and name.endswith("Command"):
        operation = name.removesuffix("Command")  # newer than the maps
    if operation is None:
        return None
    params = value.attributes.get("input")
    if params is None:
        params = value.args[0] if value.args else None
    return service, operation, params


def call_library(machine: Machine, value: External, name: str, args: Args, node: form.Call) -> Val | None:
    full = f"{value.module}.{name}" if name else f"{value.module}.default"
    signer = highlevel.signer(machine.maps, "javascript", full)
    if signer is not None:
        return sign(machine, signer, External(value.module, name), args, node)
    entry = highlevel.library(machine.maps, "javascript", full)
    if entry is None:
        return None
    made = make(machine, entry.calls, args, (), node, foreign=client_foreign(args), via=full)
    return machine.new_thing(External(value.module, name), args) if node.new else made


def call_thing(machine: Machine, thing: Thing, name: str, args: Args, node: form.Call) -> Val | None:
    """Return what a method of a library's object gives; None where the object belongs to no known library."""
    if "<signs>" in thing.attributes:
        return _send_signed(machine, thing, name, args, node)
    if thing.kind.module == "aws-sdk":
        service, _, cls = thing.kind.name.partition(".")
        entry = highlevel.js_v2_method(machine.maps, service, f"{cls}.{name}")
    else:
        kind = thing.kind.name.removeprefix("default.")
        path = f"{thing.kind.module}.{kind}.{name}"
        entry = highlevel.library(machine.maps, "javascript", path)
    if entry is None:
        return None
    made = make(machine, entry.calls, args, thing.args, node, foreign=client_foreign(args), via=entry.path)
    call_back(machine, args, made, node)
    return made


def make(
    machine: Machine,
    calls: tuple[LibraryCall, ...],
    args: Args,
    own: tuple[Val, ...],
    node: form.Call,
    *,
    foreign: bool,
    via: str,
) -> Val:
    """Record the calls that one call of a library makes, and return the answer of the first."""
    results: list[Val] = []
    for call in calls:
        if any(_guard(machine, each, args, own) is False for each in call.guards):
            continue
        if call.indirect is not None:
            results.append(_make_command(machine, call.indirect, args, own, node, foreign=foreign, via=via))
            continue
        arguments = bind(machine, call, args, own)
        client = Client(call.service, foreign)
        results.append(record(machine, client, call.operation, arguments, node, via=via))
    return results[0] if results else Unknown(via)


def _make_command(
    machine: Machine,
    source: ValueSource,
    args: Args,
    own: tuple[Val, ...],
    node: form.Call,
    *,
    foreign: bool,
    via: str,
) -> Val:
    value = take(machine, source, args, own)
    for each in options(value if value is not None else NONE):
        found = command_of(machine, each)
        if found is None:
            unknown_operation(machine, None, via, node)
            continue
        service, operation, params = found
        record(machine, Client(service, foreign), operation, params, node, via=via)
    return Unknown("a signed address")


def _guard(machine: Machine, guard: Any, args: Args, own: tuple[Val, ...]) -> bool | None:
    value = take(machine, guard.value, args, own)
    if value is None:
        return False
    decided = {guard.decide(literal(each)) for each in _each(value)}
    if True in decided:
        return True
    return None if None in decided else False


def _each(value: Val) -> list[Val]:
    if isinstance(value, ListVal):
        return [*value.items, *([value.rest] if value.rest is not None else [])]
    return list(options(value))


def take(machine: Machine, source: ValueSource, args: Args, own: tuple[Val, ...]) -> Val | None:
    """Return the value that a binding names, None where it is not given."""
    if source.source == "const":
        return text(source.name)
    if source.source not in ("arg", "self"):
        return Unknown(source.source)
    position = source.position or 0
    made_with = own[position] if position < len(own) else None
    value = args.get(position) if source.source == "arg" else made_with
    if source.name and value is not None:
        for key in source.name.split("."):
            value = option(machine, value, key)
    return _transform(machine, source.transform, value)


def _transform(machine: Machine, transform: str, value: Val | None) -> Val | None:
    if transform.startswith("env:") and value is None:
        return environment_variable(transform[len("env:") :])
    if value is None or not transform:
        return value
    if transform == "keys" and isinstance(value, DictVal):
        keys: list[Val] = [text(key) for key in value.entries if isinstance(key, str)]
        return machine.new_list(keys, Unknown("a key") if value.rest is not None else None)
    if transform == "values" and isinstance(value, DictVal):
        return machine.new_list(list(value.entries.values()), value.rest)
    if transform.startswith("member:"):
        return option(machine, value, transform[len("member:") :])
    if transform in ("keys", "values"):
        return machine.new_list([], Unknown("one of several"))
    return value


def bind(machine: Machine, call: LibraryCall, args: Args, own: tuple[Val, ...]) -> DictVal:
    """Return the input of the SDK call that a library's call makes."""
    entries: dict[Any, Val] = {}
    rest: Val | None = None
    for member, source in call.bind:
        value = take(machine, source, args, own)
        if value is None or is_none(value):
            continue
        if member == highlevel.SPREAD:
            for each in _each(value):
                if isinstance(each, DictVal):
                    for key, inner in each.entries.items():
                        known = entries.get(key)
                        entries[key] = inner if known is None else join(known, inner)
                    rest = each.rest if rest is None else rest
                else:
                    rest = rest or Unknown("arguments that nobody saw")
            continue
        _place(machine, entries, member, value)
    return machine.new_dict(entries, rest)


def _place(machine: Machine, entries: dict[Any, Val], member: str, value: Val) -> None:
    """Put a value under a member path: `A.B`, `Names[]`, `RequestItems{keys}`."""
    name, dot, below = member.partition(".")
    if dot:
        plain = name.removesuffix("[]")
        inner: dict[Any, Val] = {}
        known = entries.get(plain)
        if isinstance(known, DictVal):
            inner = known.entries
        _place(machine, inner, below, value)
        made: Val = machine.new_dict(inner)
        entries[plain] = machine.new_list([made]) if name.endswith("[]") else made
    elif name.endswith("[]"):
        if not isinstance(value, ListVal):
            value = machine.new_list([value])
        entries[name[:-2]] = value
    elif name.endswith("{keys}"):
        keys = {each: NONE for each in _each(value) if isinstance(each, Text)}
        table: dict[Any, Val] = {(key.literal or key): machine.new_list([]) for key in keys}
        rest = None if table else Unknown("a table")
        entries[name.removesuffix("{keys}")] = machine.new_dict(table, rest)
    else:
        entries[name] = value


def sign(machine: Machine, signer: highlevel.Signer, kind: External, args: Args, node: form.Call) -> Thing:
    """Return a signer of requests, which keeps what it signs for until a request is sent."""
    value = take(machine, signer.service, args, ()) if signer.service is not None else None
    thing = machine.new_thing(kind, args)
    names = [literal(each) for each in options(value)] if value is not None else [signer.default]
    foreign = is_foreign(machine, args.get(0), node)
    for name in names:
        called = highlevel.signed_operation(machine.maps, name) if name else None
        if foreign:
            machine.record_foreign(name or "a signed request", node)
        elif called is None:
            reason = GapReason.OPERATION_UNRESOLVED
            detail = f"a request signed for {name or 'an unknown service'}"
            machine.gap(reason, detail, node, (name,) if name else None)
        else:
            thing.attributes["<signs>"] = text(name or "")
            machine.signed.append((thing, called, node, machine.frame.module.path, machine.path()))
    return thing


def _send_signed(machine: Machine, signer: Thing, name: str, args: Args, node: form.Call) -> Val:
    """Record the request that a signer signs or sends; method and address narrow what it is for."""
    called = highlevel.signed_operation(machine.maps, literal(signer.attributes["<signs>"]) or "")
    if called is None or name.startswith("<"):
        return Unknown("a signed request")
    signer.attributes["<sent>"] = NONE
    machine.record(*called, request_of(machine, args), node, signer.kind.full)
    return Unknown("a signed request")


def request_of(machine: Machine, args: Args) -> DictVal:
    """Return method and address of a request: `{method, hostname, path}`, or an address and options."""
    made = machine.new_dict({})
    for each in args.places:
        request = each
        if isinstance(each, Thing):
            request = machine.new_dict(dict(each.attributes)) if each.attributes else request
            request = each.args[0] if each.args and not each.attributes else request
        if isinstance(request, Text) and "Url" not in made.entries:
            made.entries["Url"] = request
        if not isinstance(request, DictVal):
            continue
        method = request.entries.get("method")
        if method is not None:
            made.entries["Method"] = method
        host = request.entries.get("hostname", request.entries.get("host"))
        if host is not None:
            made.entries["Url"] = _address(host, request.entries.get("path"))
    return made


def _address(host: Val, path: Val | None) -> Val:
    if literal(host) is None or (literal(host) or "").startswith("http"):
        return host  # made from an address that holds the path too
    return concatenate((text("https://"), host, path if path is not None else text("")))


def sign_v2(machine: Machine, args: Args, node: form.Call) -> Val | None:
    """Record the request that `new AWS.Signers.V4(request, "es")` is for."""
    service = literal(args.get(1) or NONE)
    called = highlevel.signed_operation(machine.maps, service) if service else None
    if called is None:
        reason = GapReason.OPERATION_UNRESOLVED
        detail = f"a request signed for {service or 'an unknown service'}"
        machine.gap(reason, detail, node, (service,) if service else None)
    else:
        machine.record(*called, request_of(machine, args), node, "aws-sdk.Signers.V4")
    return Unknown("a signed request")
