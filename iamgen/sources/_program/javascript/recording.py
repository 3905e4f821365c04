"""SDK calls of JavaScript kept: one per form that the input can have, callbacks gone through."""

from iamgen.model.observation import GapReason
from iamgen.sources._program import form
from iamgen.sources._program.machine import Args, Machine
from iamgen.sources._program.values import (
    NONE,
    Alt,
    Bound,
    Client,
    DictVal,
    FunctionVal,
    Instance,
    Partial,
    Response,
    Unknown,
    Val,
    is_none,
    join_all,
    options,
    text,
)


def record(
    machine: Machine,
    client: Client,
    operation: str,
    params: Val | None,
    node: form.Call,
    *,
    via: str = "",
) -> Val:
    """Keep one SDK call per form that its input can have, and return its answer."""
    if client.foreign:
        machine.record_foreign(operation, node)
    else:
        for arguments in inputs(machine, params):
            machine.record(client.service, operation, arguments, node, via)
    return Response(client.service, operation)


def inputs(machine: Machine, params: Val | None) -> list[DictVal]:
    """Return the forms that an input can have, as maps of members."""
    found: list[DictVal] = []
    for each in options(params if params is not None else NONE):
        if isinstance(each, DictVal):
            found.append(each)
        elif isinstance(each, Instance):
            found.append(machine.new_dict(dict(each.attributes)))
        elif not is_none(each):
            found.append(machine.new_dict({}, Unknown("arguments that nobody saw")))
    return found or [machine.new_dict({})]


def is_function(value: Val) -> bool:
    return any(isinstance(each, FunctionVal | Bound | Partial) for each in options(value))


def call_back(machine: Machine, args: Args, response: Val, node: form.Call) -> None:
    """Go through the functions `(error, answer) => …` that an SDK call was given."""
    for value in args.places:
        if not is_function(value):
            continue
        before = machine.enter_branch()
        machine.call(value, Args([Unknown("an error"), response]), node)
        machine.leave_branch(before)


def unknown_operation(machine: Machine, service: str | None, name: str, node: form.Call) -> None:
    prefix = machine.maps.prefix(service) if service else None
    machine.gap(
        GapReason.OPERATION_UNRESOLVED,
        f"{service or 'a client'}: {name}",
        node,
        (prefix,) if prefix else None,
    )


def option(machine: Machine, value: Val | None, key: str) -> Val | None:
    if isinstance(value, Alt):
        found = [each for each in (option(machine, e, key) for e in value.options) if each]
        return join_all(found) if found else None
    if isinstance(value, DictVal):
        return value.entries.get(key, value.rest)
    if value is None or is_none(value):
        return None
    return machine.item(value, text(key))
