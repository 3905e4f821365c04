"""Which SDK call that is: clients, boto3's object layer, library calls and signed requests, with their arguments.

What a library's function, a resource's action or a client's extra method calls is data of the access maps
(`iamgen.access.highlevel`); here the values of the program are put into it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from iamgen.access import highlevel
from iamgen.model.observation import GapReason
from iamgen.model.value import EnvironmentVariable, Text
from iamgen.sources._program import form, languages
from iamgen.sources._program.machine import Args, Machine
from iamgen.sources._program.values import (
    ClassVal,
    Client,
    ClientMember,
    Collection,
    DictVal,
    External,
    Instance,
    ListVal,
    Member,
    Paginator,
    Resource,
    ResourceMember,
    Response,
    Session,
    Unknown,
    Val,
    environment_variable,
    is_none,
    join_all,
    literal,
    options,
    text,
)

_CLIENT_ATTRIBUTES = frozenset({"exceptions", "meta", "waiter_names", "_endpoint", "_client_config"})
_VERBS = frozenset(
    {
        "batch",
        "create",
        "delete",
        "describe",
        "get",
        "invoke",
        "list",
        "publish",
        "put",
        "receive",
        "send",
        "start",
        "stop",
        "tag",
        "transact",
        "update",
        "upload",
    }
)
_ECHOES = {
    ("sqs", "GetQueueUrl", "QueueUrl"): "QueueName",
    ("sqs", "CreateQueue", "QueueUrl"): "QueueName",
    ("dynamodb", "CreateTable", "TableDescription.TableName"): "TableName",
    ("s3", "CreateMultipartUpload", "Bucket"): "Bucket",
    ("s3", "CreateMultipartUpload", "Key"): "Key",
}
"""Parts of an answer that name what the request named."""


@dataclass(slots=True)
class Given:
    """What a library call can take its values from."""

    args: Args = field(default_factory=Args)
    made_with: Args = field(default_factory=Args)
    """The arguments of the constructor, or the identifiers of a resource."""
    meta: Val | None = None
    owner: Val | None = None
    owner_args: Args | None = None
    """The arguments that the object around was made with (the table of an index)."""
    request: DictVal | None = None


# --- clients -----------------------------------------------------------------------------------------------------


def service_clients(machine: Machine, name: Val, node: form.Call, *, foreign: bool) -> Val:
    """Return a client for a service by name; a gap where the name is not known."""
    made: list[Val] = []
    for each in options(name):
        service = literal(each)
        if service is None and isinstance(each, Text):
            service = _default_of(each)
        if service is None:
            if not is_none(each):
                machine.gap(GapReason.CLIENT_UNRESOLVED, "the service of a client", node, None)
                made.append(Unknown("a client of an unknown service"))
            continue
        if service not in machine.maps.services():
            machine.gap(GapReason.CLIENT_UNRESOLVED, f"client `{service}`", node, None)
            made.append(Unknown(f"client `{service}`"))
            continue
        made.append(Client(service, foreign))
    return join_all(made)


def _default_of(value: Text) -> str | None:
    part = value.parts[0] if len(value.parts) == 1 else None
    return part.default if isinstance(part, EnvironmentVariable) else None


def client_member(value: Client, name: str) -> Val:
    """Return a member of a client."""
    if name in _CLIENT_ATTRIBUTES:
        return Unknown(f"{name} of a client")
    return ClientMember(value, name)


def prefixes(machine: Machine, *services: str) -> tuple[str, ...]:
    """Return the action prefixes of services."""
    return tuple(dict.fromkeys(machine.maps.prefix(each) or each for each in services))


def call_client(machine: Machine, member: ClientMember, args: Args, node: form.Call) -> Val:
    """Return what a method of a client gives; its call is recorded."""
    language = machine.frame.module.language
    if language != "python":
        made = languages.language(machine).call_client(machine, member, args, node)
        if made is not None:
            return made
    client, name = member.client, member.name
    entry = machine.maps.operation_by_method(client.service, name)
    if entry is not None and entry.method == name:
        request = request_of(machine, args)
        return operation(machine, client, entry.operation, request, node)
    return _other_method(machine, client, name, args, node)


def request_of(machine: Machine, args: Args) -> DictVal:
    """Return the keywords of a call as the members of a request."""
    rest = Unknown("keywords that nobody saw") if args.open else None
    return machine.new_dict(dict(args.keywords), rest)


def operation(
    machine: Machine,
    client: Client,
    name: str,
    request: DictVal,
    node: form.Call,
    via: str = "",
) -> Val:
    """Record a call of an operation; return its answer."""
    if client.foreign:
        machine.record_foreign(name, node)
    else:
        machine.record(client.service, name, request, node, via)
    arguments = tuple((str(key), each) for key, each in request.entries.items())
    if name.startswith("AssumeRole") and client.service == "sts":
        arguments = ()
    return Response(client.service, name, "", arguments)


def _other_method(machine: Machine, client: Client, name: str, args: Args, node: form.Call) -> Val:
    row = machine.maps.table("highlevel-python").get("client_methods", {}).get(name, "")
    if row == "none":
        return Unknown(f"{name} of a client")
    if name == "get_paginator":
        return _paginators(client, args.get(0, "operation_name"))
    if name == "get_waiter":
        waiter = args.get(0, "waiter_name")
        made = []
        for each in options(waiter) if waiter is not None else ():
            known = literal(each)
            polled = highlevel.waiter_operation(machine.maps, client.service, known or "")
            if polled is None:
                unresolved_operation(machine, client, f"waiter {known or ''}", node)
            else:
                made.append(Paginator(client, polled))
        return join_all(made)
    if name == "generate_presigned_url":
        return _presigned(machine, client, args, node)
    entry = highlevel.client_method(machine.maps, client.service, name)
    if entry is not None:
        return library_calls(machine, entry, Given(args), node, client=client)
    if name.startswith("_"):
        return Unknown(f"{name} of a client")
    place = machine.location(node)
    machine.unresolved.add((place.path, place.line, name))
    machine.gap(
        GapReason.OPERATION_UNKNOWN,
        f"{client.service}.{name}",
        node,
        prefixes(machine, client.service),
    )
    return Unknown(f"{client.service}.{name}")


def unresolved_operation(machine: Machine, client: Client, detail: str, node: form.Call) -> None:
    """Keep that some operation of a client is called and nobody could see which."""
    place = machine.location(node)
    if client.foreign:
        machine.record_foreign(detail, node)
        return
    machine.unresolved.add((place.path, place.line, detail))
    machine.gap(GapReason.OPERATION_UNRESOLVED, detail, node, prefixes(machine, client.service))


def _paginators(client: Client, name: Val | None) -> Val:
    made: list[Val] = []
    for each in options(name) if name is not None else ():
        known = literal(each)
        made.append(Paginator(client, known or ""))
    return join_all(made)


def _presigned(machine: Machine, client: Client, args: Args, node: form.Call) -> Val:
    method = args.get(0, "ClientMethod")
    params = args.get(1, "Params")
    for each in options(method) if method is not None else ():
        entry = machine.maps.operation_by_method(client.service, literal(each) or "")
        if entry is None:
            unresolved_operation(machine, client, "a presigned request", node)
            continue
        for request in options(params) if params is not None else (machine.new_dict({}),):
            members = (
                request if isinstance(request, DictVal) else machine.new_dict({}, Unknown("parameters that nobody saw"))
            )
            operation(machine, client, entry.operation, members, node)
    return Unknown("a presigned URL")


def call_paginator(machine: Machine, value: Paginator, name: str, args: Args, node: form.Call) -> Val:
    """Return the pages of a paginator, or wait."""
    if name not in ("paginate", "wait"):
        return Unknown(f"{name} of a paginator")
    entry = machine.maps.operation_by_method(value.client.service, value.operation)
    if entry is None:
        unresolved_operation(machine, value.client, f"paginator {value.operation}", node)
        return Unknown("a page")
    request = request_of(machine, args)
    for extra in ("PaginationConfig", "WaiterConfig"):
        request.entries.pop(extra, None)
    return operation(machine, value.client, entry.operation, request, node)


def response_item(value: Response, name: str) -> Val:
    """Return a part of an answer."""
    if not value.path or value.path == "[]":
        echoed = _ECHOES.get((value.service, value.operation, name))
        for key, each in value.arguments if echoed else ():
            if key == echoed:
                return each
    if value.path.count(".") > 12:
        return value
    path = f"{value.path}[]" if name == "[]" else f"{value.path}.{name}".lstrip(".")
    return Response(value.service, value.operation, path, value.arguments)


def iterate(machine: Machine, value: Paginator | Collection) -> Val:
    """Return what any one item of a collection or paginator is."""
    if isinstance(value, Collection):
        return _collected(machine, value, machine.here())
    return Unknown("a page")


# --- boto3's object layer ----------------------------------------------------------------------------------------


def service_resources(machine: Machine, name: Val, node: form.Call, *, foreign: bool) -> Val:
    """Return boto3's object layer of a service."""
    made: list[Val] = []
    for each in options(name):
        service = literal(each)
        if service is None or highlevel.resource_model(machine.maps, service) is None:
            machine.gap(GapReason.CLIENT_UNRESOLVED, "the service of a resource", node, None)
            made.append(Unknown("a resource of an unknown service"))
        else:
            made.append(Resource(service, "", (), foreign))
    return join_all(made)


def _model(machine: Machine, value: Resource) -> highlevel.ResourceClass | None:
    model = highlevel.resource_model(machine.maps, value.service)
    return model.get(value.type) if model else None


def resource_member(machine: Machine, value: Resource, name: str) -> Val:
    """Return a member of a resource: an identifier, a part, a collection, an attribute that is loaded, a method."""
    for key, each in value.identifiers:
        if key == name:
            return each
    model = _model(machine, value)
    if name == "meta":
        meta = machine.new_thing(External("<meta>"), Args())
        meta.attributes["client"] = Client(value.service, value.foreign)
        return meta
    if model is None:
        return Member(value, name)
    if any(name == each for each, _ in model.collections):
        return Collection(value, name)
    if name in model.attributes or any(name == each for each, _ in model.injected if each.islower()):
        injected = next((entry for each, entry in model.injected if each == name), None)
        if injected is not None and name not in model.attributes:
            return ResourceMember(value, name)
        if name in ("table_name", "name") and value.identifiers:
            return value.identifiers[0][1]
        if model.load is not None:
            _act(machine, value, model.load, Args(), machine.here())
        return Unknown(f"{name} of a {value.type}")
    part = dict(model.parts).get(name)
    if part is not None and not any(source.source == "arg" for _, source in part.identifiers):
        return ResourceMember(value, name)
    return ResourceMember(value, name)


def call_resource(machine: Machine, member: ResourceMember, args: Args, node: form.Call) -> Val:
    """Return what a method of a resource gives; its calls are recorded."""
    value, name = member.resource, member.name
    model = _model(machine, value)
    if model is None:
        return Unknown(name)
    if name in ("get_available_subresources", "batch_writer") and name != "batch_writer":
        return Unknown(name)
    part = dict(model.parts).get(name)
    if part is not None and part.returns is not None:
        return _part(machine, value, part, args, None)
    injected = dict(model.injected).get(name)
    if injected is not None:
        given = Given(args, Args([each for _, each in value.identifiers], dict(value.identifiers)))
        client = Client(value.service, value.foreign)
        library_calls(machine, injected, given, node, client=client)
        return Member(value, name) if name == "batch_writer" else Unknown(name)
    if name in ("load", "reload") and model.load is not None:
        return _act(machine, value, model.load, args, node)
    action = dict(model.actions).get(name) or dict(model.waiters).get(name)
    if action is not None:
        return _act(machine, value, action, args, node)
    machine.gap(
        GapReason.OPERATION_UNKNOWN,
        f"{value.service}.{value.type or 'resource'}.{name}",
        node,
        prefixes(machine, value.service),
    )
    return Unknown(name)


def _part(
    machine: Machine,
    value: Resource,
    part: highlevel.ResourceAction,
    args: Args,
    request: DictVal | None,
) -> Val:
    made_with = Args([each for _, each in value.identifiers], dict(value.identifiers))
    given = Given(args, made_with, request=request)
    identifiers: list[tuple[str, Val]] = []
    for name, source in part.identifiers:
        found: Val | None = None
        if source.source == "response" and request is not None:
            echoed = _ECHOES.get((value.service, part.operation, source.name), "")
            found = request.entries.get(echoed)
        identifiers.append((name, found or taken(machine, source, given) or Unknown(name)))
    return Resource(value.service, part.returns or "", tuple(identifiers), value.foreign)


def _act(
    machine: Machine,
    value: Resource,
    action: highlevel.ResourceAction,
    args: Args,
    node: form.Call,
) -> Val:
    request = request_of(machine, args)
    made_with = Args([each for _, each in value.identifiers], dict(value.identifiers))
    given = Given(args, made_with, request=request)
    for path, source in action.bind:
        found = taken(machine, source, given)
        if found is not None:
            put(machine, request, path, found)
    client = Client(value.service, value.foreign)
    answer = operation(machine, client, action.operation, request, node)
    if action.returns is not None:
        made = _part(machine, value, action, args, request)
        many = action.operation.startswith(("RunInstances", "CreateTags"))
        return machine.new_list([], made) if many else made
    return answer


def call_collection(machine: Machine, value: Collection, name: str, args: Args, node: form.Call) -> Val:
    """Return what a method of a collection gives."""
    if name in ("all", "filter", "limit", "page_size"):
        named = args.keywords if name == "filter" else {}
        return Collection(value.resource, value.name, (*value.arguments, *named.items()))
    model = _model(machine, value.resource)
    collection = dict(model.collections).get(value.name) if model else None
    if collection is None:
        return Unknown(name)
    if name == "pages":
        return machine.new_list([], machine.new_list([], _collected(machine, value, node)))
    batch = dict(collection.batch).get(name)
    if batch is None:
        return Unknown(name)
    item = _collected(machine, value, node)
    if isinstance(item, Resource):
        return _act(machine, item, batch, args, node)
    return Unknown(name)


def _collected(machine: Machine, value: Collection, node: form.Call) -> Val:
    """Record the listing that a collection makes when it is gone through; return an item."""
    model = _model(machine, value.resource)
    collection = dict(model.collections).get(value.name) if model else None
    if collection is None:
        return Unknown("an item of a collection")
    request = machine.new_dict(dict(value.arguments))
    resource = value.resource
    made_with = Args([each for _, each in resource.identifiers], dict(resource.identifiers))
    given = Given(Args(), made_with, request=request)
    for path, source in collection.bind:
        found = taken(machine, source, given)
        if found is not None:
            put(machine, request, path, found)
    operation(machine, Client(resource.service, resource.foreign), collection.operation, request, node)
    identifiers = tuple(
        (name, taken(machine, source, given) or Unknown(f"a listed {name}")) for name, source in collection.identifiers
    )
    return Resource(resource.service, collection.item, identifiers, resource.foreign)


# --- library calls -----------------------------------------------------------------------------------------------


def library_calls(
    machine: Machine,
    entry: highlevel.LibraryEntry,
    given: Given,
    node: form.Call,
    client: Client | None = None,
) -> Val:
    """Record the SDK calls that a library's function makes; return its answer."""
    answers: list[Val] = []
    for call in entry.calls:
        if call.indirect is not None or not _is_made(machine, call, given):
            continue
        request = machine.new_dict({})
        for path, source in call.bind:
            found = taken(machine, source, given)
            if found is None:
                if given.args.open and source.source == "arg":
                    request.rest = Unknown("arguments that nobody saw")
                continue
            if path == highlevel.SPREAD:
                for each in options(found):
                    if isinstance(each, DictVal):
                        request.entries.update(each.entries)
                        request.rest = each.rest if each.rest is not None else request.rest
                    elif not is_none(each):
                        request.rest = Unknown("arguments that nobody saw")
            else:
                put(machine, request, path, found)
        maker = client if client is not None and client.foreign else Client(call.service)
        via = "" if client is not None else entry.path
        if maker.foreign:
            machine.record_foreign(call.operation, node)
        else:
            machine.record(call.service, call.operation, request, node, via)
        answers.append(Response(call.service, call.operation))
    return join_all(answers) if answers else Unknown(f"from {entry.path}")


def _is_made(machine: Machine, call: highlevel.LibraryCall, given: Given) -> bool:
    for guard in call.guards:
        value = taken(machine, guard.value, given)
        if value is None:
            if not guard.negated:
                return False
            continue
        decided = {guard.decide(_beginning(each)) for each in options(value)}
        if decided == {False}:
            return False
        if guard.test == "^" and True not in decided:
            return False  # only what is known to be such a path counts
    return True


def _beginning(value: Val) -> str | None:
    from iamgen.model.value import Literal

    if isinstance(value, Text) and isinstance(value.parts[0], Literal):
        return value.parts[0].text if value.literal is None else value.literal
    return None


def taken(machine: Machine, source: highlevel.ValueSource, given: Given) -> Val | None:
    """Return the value that a source of the maps stands for, None where it is not given."""
    found: Val | None
    match source.source:
        case "const":
            found = text(source.name)
        case "arg":
            found = given.args.get(-1 if source.position is None else source.position, source.name)
        case "self":
            found = given.made_with.get(-1 if source.position is None else source.position, source.name)
        case "meta":
            found = machine.member(given.meta, source.name) if given.meta is not None else None
        case "owner" if given.owner_args is not None:
            found = given.owner_args.get(source.position or 0, source.name)
        case "owner":
            found = machine.member(given.owner, source.name) if given.owner is not None else None
        case "annotation":
            found = _annotation(given, source)
        case "request":
            found = given.request.entries.get(source.name) if given.request else None
        case _:
            return Unknown(f"{source.source} {source.name}")
    kind, _, detail = source.transform.partition(":")
    if kind == "env":
        return found if found is not None and not is_none(found) else environment_variable(detail)
    if found is None or is_none(found) or not kind:
        return None if found is not None and is_none(found) else found
    return join_all(_transformed(machine, each, kind, detail) for each in options(found))


def _annotation(given: Given, source: highlevel.ValueSource) -> Val | None:
    """Return a value of an annotation on the class of an argument (`DynamoDBTable.tableName`)."""
    name, _, key = source.name.partition(".")
    argument = given.args.get(source.position or 0)
    for each in options(argument) if argument is not None else ():
        cls = each.cls if isinstance(each, Instance) else each
        if isinstance(cls, ClassVal):
            for annotation in cls.annotations:
                if annotation.kind.full.rpartition(".")[2] == name:
                    return annotation.keyword(key)
    return None


def _transformed(machine: Machine, value: Val, kind: str, detail: str) -> Val:
    match kind:
        case "member":
            if isinstance(value, Text) and detail in ("Bucket", "Key"):
                bucket, key = _apart(value)
                return bucket if detail == "Bucket" else key
            return machine.item(value, text(detail))
        case "keys":
            return machine.element(value) if isinstance(value, DictVal) else value
        case "values":
            return value.element() if isinstance(value, DictVal) else Unknown("a value")
        case "s3_bucket" | "s3_key":
            bucket, key = _apart(value, "s3://")
            return bucket if kind == "s3_bucket" else key
        case _:
            return value


def _apart(value: Val, scheme: str = "") -> tuple[Val, Val]:
    """Return the bucket and the key of `s3://bucket/key`, symbolic parts included."""
    from iamgen.model.value import Literal
    from iamgen.sources._program.values import merge_parts

    if isinstance(value, ListVal):
        value = value.element()
    if not isinstance(value, Text):
        return Unknown("a bucket"), Unknown("a key")
    parts = list(value.parts)
    first = parts[0]
    if scheme and isinstance(first, Literal):
        if not first.text.startswith(scheme):
            return Unknown("a bucket"), Unknown("a key")
        parts[0] = Literal(first.text.removeprefix(scheme))
    for index, part in enumerate(parts):
        if isinstance(part, Literal) and "/" in part.text:
            before, _, after = part.text.partition("/")
            bucket = merge_parts([*parts[:index], Literal(before)])
            return bucket, merge_parts([Literal(after), *parts[index + 1 :]])
    if scheme and len(parts) == 1 and not isinstance(parts[0], Literal):
        return Unknown("a bucket of a path"), Unknown("a key of a path")
    return merge_parts(parts), Unknown("a key")


def put(machine: Machine, request: DictVal, path: str, value: Val) -> None:
    """Put a value at a member path (`Delete.Objects[].Key`, `RequestItems{keys}`)."""
    steps = path.replace("[]", ".[]").replace("{keys}", ".{keys}").split(".")
    _put(machine, request, steps, value)


def _put(machine: Machine, target: DictVal, steps: list[str], value: Val) -> None:
    name, rest = steps[0], steps[1:]
    if not rest:
        target.entries[name] = value
        return
    if rest[0] == "{keys}":
        inner = machine.new_dict({})
        for each in options(value):
            key = literal(each)
            if key is not None:
                inner.entries[key] = machine.new_list([], Unknown("items"))
            elif isinstance(each, Text):
                inner.entries[each] = machine.new_list([], Unknown("items"))
            else:
                inner.rest = Unknown("items")
        target.entries[name] = inner
        return
    if rest[0] == "[]":
        known = target.entries.get(name)
        if len(rest) == 1:
            target.entries[name] = value if isinstance(value, ListVal) else machine.new_list([value])
            return
        item = (
            known.items[0]
            if isinstance(known, ListVal) and known.items and isinstance(known.items[0], DictVal)
            else machine.new_dict({})
        )
        if not isinstance(item, DictVal):
            return
        _put(machine, item, rest[1:], value)
        target.entries[name] = machine.new_list([item])
        return
    nested = target.entries.get(name)
    if not isinstance(nested, DictVal):
        nested = machine.new_dict({})
        target.entries[name] = nested
    _put(machine, nested, rest, value)


# --- what looks like an SDK call ---------------------------------------------------------------------------------


def looks_like_call(name: str, args: Args) -> bool:
    """Return whether a method of an unknown object is called as one calls an SDK client.

    Members of requests are the only keywords in Python that begin with a capital as a rule.
    """
    if args.places or name.startswith("_"):
        return False
    if args.keywords:
        return all(key[:1].isupper() for key in args.keywords)
    return args.open and name.partition("_")[0] in _VERBS and "_" in name


def annotated(machine: Machine, annotation: External) -> Val | None:
    """Return the client or resource that a type annotation names (`mypy_boto3_s3.S3Client`)."""
    if machine.frame.module.language != "python":
        spoken = languages.language(machine)
        return spoken.annotated(machine, annotation) if spoken.annotated is not None else None
    package, _, rest = annotation.full.partition(".")
    for prefix in ("mypy_boto3_", "types_boto3_", "types_aiobotocore_"):
        if not package.startswith(prefix):
            continue
        wanted = package.removeprefix(prefix).replace("_", "-")
        services = machine.maps.services()
        service = next((each for each in services if each in (wanted, wanted.strip("-"))), None)
        if service is None:
            return None
        kind = rest.rpartition(".")[2]
        if kind.endswith("Client"):
            return Client(service)
        if kind.endswith("ServiceResource"):
            return Resource(service)
        model = highlevel.resource_model(machine.maps, service)
        if model and kind in model:
            return Resource(
                service,
                kind,
                tuple((each, Unknown(each)) for each in model[kind].identifiers),
            )
        return None
    if annotation.full in ("boto3.Session", "boto3.session.Session"):
        return Session()
    return None


def handed_over(machine: Machine, values: Iterable[Val]) -> tuple[str, ...] | bool | None:
    """Return the services whose clients are among some values: None for all, False when there are none."""
    services: list[str] = []
    for value in values:
        for each in options(value):
            if isinstance(each, Session):
                if not each.foreign:
                    return None
            elif isinstance(each, Client | Resource) and not each.foreign:
                services.append(each.service)
    return prefixes(machine, *services) if services else False
