"""The AWS SDKs for JavaScript, v2 and v3: what makes a client, which of its members makes which call.

The names of packages, classes, commands and libraries are data (`iamgen.access.highlevel`). Here are
the shapes: a client and the commands sent through it, clients with a method per operation, document
clients, paginators, waiters.
"""

from iamgen.access import highlevel
from iamgen.model.observation import GapReason
from iamgen.sources._program import form
from iamgen.sources._program.javascript.credentials import (
    OWN_PROVIDERS,
    credentials,
    is_foreign,
)
from iamgen.sources._program.javascript.libraries import call_library, command_of, make, sign_v2
from iamgen.sources._program.javascript.recording import (
    call_back,
    is_function,
    record,
    unknown_operation,
)
from iamgen.sources._program.machine import Args, Machine
from iamgen.sources._program.values import (
    NONE,
    Client,
    ClientMember,
    DictVal,
    External,
    Unknown,
    Val,
    is_none,
    join_all,
    literal,
    options,
    text,
)

_V2 = ("aws-sdk", "aws-sdk/global", "aws-sdk/clients/all", "aws-sdk/index")
_V2_CLIENTS = "aws-sdk/clients/"
_CLIENT_OWN = frozenset(
    (
        "config",
        "middlewareStack",
        "destroy",
        "endpoint",
        "service",
        "customizeRequests",
        "setupRequestListeners",
        "options",
    )
)


def call_external(machine: Machine, value: External, args: Args, node: form.Call) -> Val | None:
    """Return what calling or constructing an export gives; None where it belongs to no SDK."""
    name = plain_name(value)
    if value.module in _V2 or value.module.startswith(_V2_CLIENTS):
        return _call_v2(machine, value.module, name, args, node)
    if name.rpartition(".")[2].startswith("captureAWS"):
        return args.get(0)
    package = highlevel.js_package(machine.maps, value.module)
    if package is None:
        return None
    if package.kind == "client" and package.service:
        return _call_v3(machine, value, package.service, name, args, node)
    if package.kind == "document":
        return _call_document(machine, value, name, args, node)
    if value.module.startswith("@aws-sdk/credential-provider"):
        return credentials(machine, name, args, node)
    if package.kind == "unmodelled":
        return None
    return call_library(machine, value, name, args, node)


def plain_name(value: External) -> str:
    """Return the export's name; a default import of a CommonJS module is the module."""
    name = value.name
    while name == "default" or name.startswith("default."):
        if value.module.startswith("@middy/"):
            break
        name = name[len("default.") :]
    return name


def _call_v3(machine: Machine, value: External, service: str, name: str, args: Args, node: form.Call) -> Val | None:
    if name.endswith("Command"):
        return machine.new_thing(External(value.module, name), args)
    if name.startswith("paginate"):
        operation = highlevel.js_command(machine.maps, service, name)
        return _paginate(machine, service, operation, name, args, node)
    if name.startswith(("waitUntil", "waitFor")):
        waiter = name.removeprefix("waitUntil").removeprefix("waitFor")
        operation = highlevel.waiter_operation(machine.maps, service, waiter)
        client = _config_client(machine, args, service)
        if operation is None:
            unknown_operation(machine, service, name, node)
            return Unknown(name)
        return record(machine, client, operation, args.get(1), node, via=value.full)
    if name.endswith("Client") or _is_aggregated(value.module, name):
        return Client(service, is_foreign(machine, args.get(0), node), "v3")
    return None


def _is_aggregated(module: str, name: str) -> bool:
    """Return whether a class is the client with a method per operation (`S3` of `@aws-sdk/client-s3`)."""
    return name.lower() == module.removeprefix("@aws-sdk/client-").replace("-", "")


def _call_document(machine: Machine, value: External, name: str, args: Args, node: form.Call) -> Val | None:
    if name.endswith("Command"):
        return machine.new_thing(External(value.module, name), args)
    if name.startswith("paginate"):
        operation = highlevel.document_operation(machine.maps, name)
        return _paginate(machine, "dynamodb", operation, name, args, node)
    if name.endswith(".from") or (node.new and name.startswith("DynamoDBDocument")):
        return _document(args.get(0))
    return None


def _document(inner: Val | None) -> Val:
    """Return the document client around a client."""
    foreign = any(isinstance(each, Client) and each.foreign for each in options(inner or NONE))
    return Client("dynamodb", foreign, "document")


def _call_v2(machine: Machine, module: str, name: str, args: Args, node: form.Call) -> Val | None:
    names = [part for part in name.split(".") if part]
    if module.startswith(_V2_CLIENTS) and module not in _V2:
        file = module.removeprefix(_V2_CLIENTS)
        if not names or names[0].lower() != file:
            names.insert(0, _class_of_file(machine, file))
    if not names:
        return None
    if names[-1] in OWN_PROVIDERS or names[-1].endswith("Credentials"):
        return credentials(machine, names[-1], args, node)
    if names[0] == "Signers" or names[-1] == "addAuthorization":
        return sign_v2(machine, args, node)
    service = highlevel.js_v2_service(machine.maps, names[0])
    if service is None:
        if node.new and len(names) == 1 and names[0] not in _NO_SERVICE:
            machine.gap(GapReason.CLIENT_UNRESOLVED, f"AWS.{names[0]}", node, None)
        return None
    foreign = is_foreign(machine, args.get(0), node)
    if len(names) == 1:
        return Client(service, foreign, "v2") if node.new or args.get(0) is not None else None
    if names[1] == "DocumentClient" and node.new:
        options_of = args.get(0)
        inner = machine.member(options_of, "service") if isinstance(options_of, DictVal) else None
        foreign = foreign or any(isinstance(e, Client) and e.foreign for e in options(inner or NONE))
        return Client(service, foreign, "document")
    if names[1] == "ManagedUpload" and node.new:
        config = args.get(0)
        params = machine.item(config, text("params")) if config is not None else None
        record(machine, Client(service, foreign, "v2"), "PutObject", params, node)
        return None
    if names[1] in ("Signer", "Presigner") and node.new:
        return machine.new_thing(External("aws-sdk", f"{service}.{names[1]}"), args)
    return None


_NO_SERVICE = frozenset(("Config", "Endpoint", "HttpRequest", "HttpResponse", "Request", "Response", "Service", "XML"))


def _class_of_file(machine: Machine, file: str) -> str:
    names = machine.maps.generated("sdk-names")["javascript_v2"]
    by_hand = machine.maps.table("highlevel-javascript").get("v2_classes", {})
    for name in (*names, *by_hand):
        if name.lower() == file:
            return str(name)
    return file


def call_client(machine: Machine, member: ClientMember, args: Args, node: form.Call) -> Val:
    """Return what a method of a client gives."""
    client, name = member.client, member.name
    if name in _CLIENT_OWN:
        return Unknown(name)
    if name == "send":
        return _send(machine, client, args, node)
    if client.flavor == "document":
        operation = highlevel.document_operation(machine.maps, name)
        if operation is not None:
            return _operation(machine, client, operation, args, node)
        if name in ("createSet", "from"):
            return Unknown(name)
    if client.flavor == "v2":
        found = _v2_method(machine, client, name, args, node)
        if found is not None:
            return found
    entry = machine.maps.operation_by_method(client.service, name)
    if entry is not None:
        return _operation(machine, client, entry.operation, args, node)
    if client.flavor == "v3" and name.startswith(("paginate", "waitUntil")):
        return _aggregated_helper(machine, client, name, args, node)
    unknown_operation(machine, client.service, name, node)
    return Unknown(name)


def _aggregated_helper(machine: Machine, client: Client, name: str, args: Args, node: form.Call) -> Val:
    if name.startswith("paginate"):
        operation = highlevel.js_command(machine.maps, client.service, name)
    else:
        waiter = name.removeprefix("waitUntil")
        operation = highlevel.waiter_operation(machine.maps, client.service, waiter)
    if operation is None:
        unknown_operation(machine, client.service, name, node)
        return Unknown(name)
    response = record(machine, client, operation, args.get(0), node)
    return machine.new_list([], response) if name.startswith("paginate") else response


def _operation(machine: Machine, client: Client, operation: str, args: Args, node: form.Call) -> Val:
    params = args.get(0)
    if params is not None and is_function(params):
        params = None
    response = record(machine, client, operation, params, node)
    call_back(machine, args, response, node)
    return response


def _send(machine: Machine, client: Client, args: Args, node: form.Call) -> Val:
    command = args.get(0)
    if command is None:
        return Unknown("nothing sent")
    results: list[Val] = []
    for each in options(command):
        if is_none(each):
            continue
        found = command_of(machine, each)
        if found is None:
            unknown_operation(machine, client.service, "send", node)
            results.append(Unknown("an unknown command"))
            continue
        service, operation, params = found
        sender = client if client.service == service else Client(service, client.foreign, "v3")
        results.append(record(machine, sender, operation, params, node))
    response = join_all(results)
    call_back(machine, args, response, node)
    return response


def _v2_method(machine: Machine, client: Client, name: str, args: Args, node: form.Call) -> Val | None:
    table = machine.maps.table("highlevel-javascript")
    row = table["client_methods_v2"].get(name)
    if row == "none":
        return Unknown(name)
    if isinstance(row, str) and row.startswith("operation"):
        named = literal(args.get(0) or NONE)
        entry = machine.maps.operation_by_method(client.service, named) if named else None
        if entry is None:
            unknown_operation(machine, client.service, name, node)
            return Unknown(name)
        record(machine, client, entry.operation, args.get(1), node)
        call_back(machine, args, Unknown("a signed address"), node)
        return Unknown("a signed address")
    if isinstance(row, str) and row.startswith("waiter"):
        named = literal(args.get(0) or NONE)
        operation = highlevel.waiter_operation(machine.maps, client.service, named) if named else None
        if operation is None:
            unknown_operation(machine, client.service, name, node)
            return Unknown(name)
        response = record(machine, client, operation, args.get(1), node)
        call_back(machine, args, response, node)
        return response
    entry_of = highlevel.js_v2_method(machine.maps, client.service, name)
    if entry_of is None:
        return None
    made = make(machine, entry_of.calls, args, (), node, foreign=client.foreign, via=entry_of.path)
    call_back(machine, args, made, node)
    return made


def _paginate(
    machine: Machine,
    service: str,
    operation: str | None,
    name: str,
    args: Args,
    node: form.Call,
) -> Val:
    if operation is None:
        unknown_operation(machine, service, name, node)
        return Unknown(name)
    client = _config_client(machine, args, service)
    return machine.new_list([], record(machine, client, operation, args.get(1), node))


def _config_client(machine: Machine, args: Args, service: str) -> Client:
    """Return the client that a paginator or waiter is given in its first argument."""
    config = args.get(0)
    for each in options(config if config is not None else NONE):
        inner = each.entries.get("client") if isinstance(each, DictVal) else each
        for one in options(inner if inner is not None else NONE):
            if isinstance(one, Client):
                return Client(service, one.foreign, "v3")
    return Client(service)


def annotated(machine: Machine, annotation: External) -> Val | None:
    """Return the client that a type names (`S3Client`, `DynamoDBDocumentClient`, `AWS.S3`)."""
    name = plain_name(annotation)
    if annotation.module in _V2 or annotation.module.startswith(_V2_CLIENTS):
        if name.endswith("DocumentClient"):
            return Client("dynamodb", flavor="document")
        service = highlevel.js_v2_service(machine.maps, name.partition(".")[0])
        return Client(service, flavor="v2") if service and "." not in name else None
    package = highlevel.js_package(machine.maps, annotation.module)
    if package is None:
        return None
    if package.kind == "document" and name.startswith("DynamoDBDocument"):
        return Client("dynamodb", flavor="document")
    is_client = name.endswith("Client") or _is_aggregated(annotation.module, name)
    if package.kind == "client" and package.service and is_client:
        return Client(package.service, flavor="v3")
    return None
