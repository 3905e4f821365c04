"""Go's own library, as far as values and calls go through it; and the makers of the AWS SDK's clients, v1 and v2."""

import re
from collections.abc import Callable

from iamgen.access import highlevel
from iamgen.model.value import Text
from iamgen.sources._program import form, sdk, texts
from iamgen.sources._program.languages import Language
from iamgen.sources._program.library import drive
from iamgen.sources._program.machine import Args, Machine
from iamgen.sources._program.values import (
    NONE,
    Bound,
    Builtin,
    Client,
    ClientMember,
    Context,
    DictVal,
    Event,
    External,
    FunctionVal,
    Instance,
    ListVal,
    Member,
    ModuleState,
    Scalar,
    Session,
    Thing,
    Unknown,
    Val,
    concatenate,
    environment_variable,
    join,
    join_all,
    literal,
    options,
    text,
)

_LAMBDA = "github.com/aws/aws-lambda-go/lambda"
_STS_CREDENTIALS = re.compile(r"credentials/stscreds$")
_SUFFIXES = ("PagesWithContext", "WithContext", "Pages", "Request")


def _builtin(name: str, module: ModuleState) -> Val:
    if name in _BUILTINS:
        return Builtin(name)
    return Unknown(f"name {name} of {module.path}")


def _external(machine: Machine, value: External) -> Val:
    return value


def _silent(path: str) -> bool:
    """The standard library has no dot in the first part of its paths."""
    return "." not in path.partition("/")[0].partition(".")[0] and "/" not in path.partition(".")[0]


def _is_sdk(module: str) -> bool:
    return module.startswith(("github.com/aws/aws-sdk-go/", "github.com/aws/aws-sdk-go-v2/"))


# --- functions of libraries --------------------------------------------------------------------------------------


def _call_external(machine: Machine, value: External, args: Args, node: form.Call) -> Val | None:
    module, name = value.module, value.name
    if node.new:
        return machine.new_dict(dict(args.keywords)) if _is_sdk(module) else None
    made = _FUNCTIONS.get(value.full)
    if made is not None:
        return made(machine, args, node)
    if module == _LAMBDA and name.startswith("Start"):
        for each in args.places:
            _start(machine, each, node)
        return NONE
    if _STS_CREDENTIALS.search(module) and name.startswith("New"):
        request = machine.new_dict({})
        role = args.get(1)
        if role is not None:
            request.entries["RoleArn"] = role
        machine.record("sts", "AssumeRole", request, node, value.full)
        thing = machine.new_thing(value, args)
        thing.attributes["<foreign>"] = NONE
        return thing
    if module.startswith("github.com/aws/aws-sdk-go"):
        made_by_sdk = _call_sdk(machine, value, args, node)
        if made_by_sdk is not None:
            return made_by_sdk
    if name.startswith("New") and len(name) > 3 and highlevel.signer(machine.maps, "go", value.full) is None:
        kind = re.sub(r"From\w+$|With\w+$", "", name[3:])
        thing = machine.new_thing(External(module, kind), args)
        thing.callbacks.extend(
            option for each in args.values() for option in options(each) if isinstance(option, FunctionVal | Bound)
        )
        return thing
    return None


def _call_sdk(machine: Machine, value: External, args: Args, node: form.Call) -> Val | None:
    module, name = value.module, value.name
    if module.endswith(("/config", "/session")) or module.endswith("aws-sdk-go-v2"):
        if name == "Must" and args.places:
            return args.places[0]
        if name.startswith(("LoadDefaultConfig", "New")):
            return Session(_is_foreign(args))
    if module.endswith(("/aws", "/aws/ratelimit")) and len(args.places) == 1:
        return args.places[0]
    service = highlevel.go_service(machine.maps, module)
    if service is None:
        return None
    if name in ("New", "NewFromConfig", "NewWithOptions", "NewClient"):
        return Client(service, _is_foreign(args))
    client = next(
        (each for value in args.places for each in options(value) if isinstance(each, Client)),
        Client(service),
    )
    if name == "NewPresignClient":
        return Client(service, client.foreign, "presign")
    if name.startswith("New") and name.endswith(("Paginator", "Waiter")):
        thing = machine.new_thing(value, args)
        thing.attributes["<client>"] = client
        return thing
    return None


def _is_foreign(args: Args) -> bool:
    """Return whether a client or session is made with credentials that are not the function's own."""
    found: list[bool] = []
    for each in args.values():
        for option in options(each):
            if isinstance(option, Session):
                found.append(option.foreign)
            elif isinstance(option, Thing):
                found.append(_holds_foreign(option, 0))
            elif isinstance(option, DictVal):
                found += [_holds_foreign(inner, 0) for inner in option.entries.values() if isinstance(inner, Thing)]
    return any(found)


def _holds_foreign(thing: Thing, depth: int) -> bool:
    if "<foreign>" in thing.attributes:
        return True
    return depth < 4 and any(
        isinstance(option, Thing) and _holds_foreign(option, depth + 1)
        for each in thing.args
        for option in options(each)
    )


def _start(machine: Machine, value: Val, node: form.Call) -> None:
    """`lambda.Start(handler)`: the handler gets the event and the context, by the types of its parameters."""
    for each in options(value):
        if isinstance(each, Thing):
            for inner in each.callbacks:
                _start(machine, inner, node)
            drive(machine, each)
        elif isinstance(each, Instance):
            _start(machine, machine.member(each, "Invoke"), node)
        elif isinstance(each, FunctionVal | Bound):
            function = each if isinstance(each, FunctionVal) else each.function
            args: list[Val] = []
            for parameter in function.function.params:
                kind = (
                    machine.evaluate(parameter.annotation, machine.frame)
                    if parameter.annotation is not None
                    else Unknown()
                )
                context = isinstance(kind, External) and kind.full == "context.Context"
                args.append(Context() if context else Event(""))
            machine.call(each, Args(args), node)


def _getenv(machine: Machine, args: Args, node: form.Call) -> Val:
    name = args.get(0)
    return join_all(
        environment_variable(literal(each) or "")
        if literal(each) is not None
        else Unknown("an environment variable whose name is made at run time")
        for each in options(name or Unknown())
    )


def _lookup_env(machine: Machine, args: Args, node: form.Call) -> Val:
    return machine.new_list([_getenv(machine, args, node), Unknown("a test")])


def _sprintf(machine: Machine, args: Args, node: form.Call) -> Val:
    first = args.get(0)
    if isinstance(first, Text):
        return texts.percent(machine, first, machine.new_list(args.places[1:], args.more))
    return Unknown("a formatted text")


def _first(machine: Machine, args: Args, node: form.Call) -> Val:
    return args.get(0) or Unknown("a value")


def _of_text(method: str) -> Callable[[Machine, Args, form.Call], Val]:
    def call(machine: Machine, args: Args, node: form.Call) -> Val:
        first = args.get(0)
        if first is None:
            return Unknown("a text")
        return join_all(
            texts.method(machine, each, method, Args(args.places[1:])) if isinstance(each, Text) else Unknown("a text")
            for each in options(first)
        )

    return call


def _join_texts(machine: Machine, args: Args, node: form.Call) -> Val:
    items, separator = args.get(0), args.get(1)
    if isinstance(separator, Text):
        return texts.joined(machine, separator, items)
    return Unknown("joined texts")


def _join_path(machine: Machine, args: Args, node: form.Call) -> Val:
    pieces: list[Val] = []
    for index, each in enumerate(args.places):
        pieces += [text("/"), each] if index else [each]
    return texts.bounded(concatenate(pieces))


_FUNCTIONS: dict[str, Callable[[Machine, Args, form.Call], Val]] = {
    "os.Getenv": _getenv,
    "syscall.Getenv": _getenv,
    "os.LookupEnv": _lookup_env,
    "os.ExpandEnv": _first,
    "fmt.Sprintf": _sprintf,
    "fmt.Sprint": lambda machine, args, node: texts.bounded(concatenate(args.places)),
    "strings.ToLower": _of_text("lower"),
    "strings.ToUpper": _of_text("upper"),
    "strings.TrimSpace": _of_text("strip"),
    "strings.Trim": _of_text("strip"),
    "strings.TrimPrefix": _of_text("removeprefix"),
    "strings.TrimSuffix": _of_text("removesuffix"),
    "strings.ReplaceAll": _of_text("replace"),
    "strings.Split": _of_text("split"),
    "strings.Join": _join_texts,
    "path.Join": _join_path,
    "path/filepath.Join": _join_path,
    "net/url.QueryUnescape": _first,
    "net/url.PathUnescape": _first,
    "encoding/json.NewDecoder": _first,
    "strings.NewReader": _first,
    "bytes.NewReader": _first,
    "bytes.NewBuffer": _first,
    "context.WithValue": lambda machine, args, node: Context(),
    "context.WithTimeout": lambda machine, args, node: machine.new_list([Context(), Unknown("cancel")]),
    "context.WithCancel": lambda machine, args, node: machine.new_list([Context(), Unknown("cancel")]),
    "context.Background": lambda machine, args, node: Context(),
    "context.TODO": lambda machine, args, node: Context(),
    "os.Exit": lambda machine, args, node: External("<exit>"),
    "log.Fatal": lambda machine, args, node: External("<exit>"),
    "log.Fatalf": lambda machine, args, node: External("<exit>"),
}


# --- builtins and methods ----------------------------------------------------------------------------------------


def _append(machine: Machine, args: Args, node: form.Call) -> Val:
    first = args.get(0)
    items = list(first.items) if isinstance(first, ListVal) else []
    rest = first.rest if isinstance(first, ListVal) else None
    if len(items) < 100:
        items += args.places[1:]
    else:
        rest = join_all((*args.places[1:], *((rest,) if rest else ())))
    if args.more is not None:
        rest = args.more if rest is None else join(rest, args.more)
    return machine.new_list(items, rest)


_BUILTINS: dict[str, Callable[[Machine, Args, form.Call], Val]] = {
    "append": _append,
    "len": lambda machine, args, node: Unknown("a number"),
    "cap": lambda machine, args, node: Unknown("a number"),
    "copy": lambda machine, args, node: Unknown("a number"),
    "delete": lambda machine, args, node: NONE,
    "close": lambda machine, args, node: NONE,
    "panic": lambda machine, args, node: External("<exit>"),
    "recover": lambda machine, args, node: Unknown("an error"),
    "print": lambda machine, args, node: NONE,
    "println": lambda machine, args, node: NONE,
    "min": _first,
    "max": _first,
}


def _call_value(machine: Machine, value: Val, args: Args, node: form.Call) -> Val | None:
    if isinstance(value, Builtin):
        made = _BUILTINS.get(value.name)
        return made(machine, args, node) if made is not None else Unknown(value.name)
    if node.new and isinstance(value, Unknown):
        return machine.new_dict(dict(args.keywords))
    return None


def _call_member(machine: Machine, member: Member, args: Args, node: form.Call) -> Val | None:
    receiver, name = member.receiver, member.name
    if isinstance(receiver, Thing):
        client = receiver.attributes.get("<client>")
        if isinstance(client, Client):
            return _page(machine, receiver, client, name, args, node)
        if name in ("Presign", "Send") and "<request>" in receiver.attributes:
            return receiver.attributes["<request>"]
    if isinstance(receiver, DictVal):
        return Unknown(f"{name} of a request")
    if isinstance(receiver, Session):
        return receiver if name == "Copy" else Unknown(f"{name} of a session")
    if isinstance(receiver, Event) and name == "Decode":
        return receiver
    if isinstance(receiver, Scalar | Text) and name == "Error":
        return Unknown("a message")
    return None


def _page(machine: Machine, thing: Thing, client: Client, name: str, args: Args, node: form.Call) -> Val:
    """A page of a paginator, or a wait."""
    last = thing.kind.name.removeprefix("New")
    request = _request([*thing.args[1:], *args.places])
    members = request if request is not None else machine.new_dict({}, Unknown("an input"))
    if name == "NextPage":
        entry = machine.maps.operation_by_method(client.service, last.removesuffix("Paginator"))
        if entry is not None:
            return sdk.operation(machine, client, entry.operation, members, node)
        sdk.unresolved_operation(machine, client, last, node)
    if name.startswith("Wait"):
        polled = highlevel.waiter_operation(machine.maps, client.service, last.removesuffix("Waiter"))
        if polled is not None:
            return sdk.operation(machine, client, polled, members, node)
        sdk.unresolved_operation(machine, client, last, node)
    return Unknown(name)


def _request(values: list[Val]) -> DictVal | None:
    return next((each for value in values for each in options(value) if isinstance(each, DictVal)), None)


def _call_client(machine: Machine, member: ClientMember, args: Args, node: form.Call) -> Val | None:
    client, name = member.client, member.name
    if client.flavor == "presign":
        name = name.removeprefix("Presign")
        client = Client(client.service, client.foreign)
    if name.startswith("WaitUntil"):
        waiter = name.removeprefix("WaitUntil").removesuffix("WithContext")
        polled = highlevel.waiter_operation(machine.maps, client.service, waiter)
        name = polled or name
    entry = None
    for suffix in ("", *_SUFFIXES):
        if name.endswith(suffix):
            entry = machine.maps.operation_by_method(client.service, name.removesuffix(suffix))
        if entry is not None:
            break
    if entry is None:
        if name in ("Options", "Client", "Config", "Endpoint", "NewRequest"):
            return Unknown(name)
        sdk.unresolved_operation(machine, client, name, node)
        return Unknown(name)
    for each in args.places:
        for option in options(each):
            if isinstance(option, FunctionVal | Bound):
                machine.call(option, Args([Unknown("a page"), Unknown("a test")]), node)
    given = _request(args.places)
    request = given if given is not None else machine.new_dict({})
    if given is None and any(isinstance(option, Unknown) for each in args.places[-1:] for option in options(each)):
        request.rest = Unknown("an input that nobody saw")
    answer = sdk.operation(machine, client, entry.operation, request, node)
    if name.endswith("Request") and not entry.operation.endswith("Request"):
        thing = machine.new_thing(External("<request>"), Args())
        thing.attributes["<request>"] = answer
        return machine.new_list([thing, answer])
    return answer


def _thing_member(machine: Machine, value: Thing, name: str) -> Val | None:
    return None


def _annotated(machine: Machine, annotation: External) -> Val | None:
    """A parameter of a client's type holds a client, whoever passes it."""
    service = highlevel.go_service(machine.maps, annotation.module)
    return Client(service) if service is not None and annotation.name == "Client" else None


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
