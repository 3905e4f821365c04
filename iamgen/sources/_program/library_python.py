"""Python's own library, as far as values and calls go through it; and the makers of boto3's sessions and clients."""

import json
import sys
from collections.abc import Callable

from iamgen.access import highlevel
from iamgen.model.observation import GapReason
from iamgen.model.value import Literal, Text
from iamgen.sources._program import form, sdk, texts
from iamgen.sources._program import library as common
from iamgen.sources._program.languages import Language
from iamgen.sources._program.machine import Args, Machine
from iamgen.sources._program.values import (
    NONE,
    Bound,
    Builtin,
    ClassVal,
    ClientMember,
    Credentials,
    DictVal,
    Environ,
    Event,
    External,
    FunctionVal,
    Instance,
    ListVal,
    Member,
    ModuleState,
    Partial,
    Resource,
    ResourceMember,
    Response,
    Scalar,
    Session,
    SuperVal,
    Thing,
    Unknown,
    Val,
    concatenate,
    describe,
    environment_variable,
    is_none,
    join,
    join_all,
    literal,
    options,
    text,
)

_NO_CALL = form.Call(form.Const(None))
_SILENT = frozenset(
    {
        "requests", "urllib3", "httpx", "aiohttp", "pytest", "moto", "unittest", "structlog", "loguru", "pydantic",
        "pydantic_settings", "attr", "attrs", "typing_extensions", "yaml", "jinja2", "dateutil", "pytz", "jwt", "jose",
        "cryptography", "numpy", "simplejson", "orjson", "ujson", "marshmallow", "jsonschema", "aws_xray_sdk", "redis",
        "psycopg2", "pymysql", "pg8000", "PIL", "bs4", "lxml", "tenacity", "backoff", "certifi", "cachetools", "six",
    }
)  # fmt: skip
"""Libraries that never call AWS with a client they are given."""
_SAME_VALUE = frozenset(
    {
        "copy.copy", "copy.deepcopy", "urllib.parse.unquote_plus", "urllib.parse.unquote", "urllib.parse.quote",
        "urllib.parse.quote_plus", "urllib.unquote_plus", "base64.b64decode", "gzip.decompress", "zlib.decompress",
        "asyncio.run", "asyncio.create_task", "asyncio.ensure_future", "asyncio.wait_for", "asyncio.shield",
        "asyncio.as_completed", "dataclasses.replace", "io.StringIO", "io.BytesIO", "contextlib.closing",
        "contextlib.nullcontext", "contextlib.aclosing", "itertools.islice", "itertools.cycle", "itertools.takewhile",
        "types.MappingProxyType", "collections.OrderedDict", "collections.deque", "asgiref.sync.async_to_sync",
        "asgiref.sync.sync_to_async", "inspect.unwrap", "anyio.run", "nest_asyncio.apply", "collections.abc.Mapping",
    }
)  # fmt: skip
"""Functions whose result stands for what their first argument stands for."""
_RUNS = frozenset(
    {
        "subprocess.run", "subprocess.call", "subprocess.check_call", "subprocess.check_output", "subprocess.Popen",
        "subprocess.getoutput", "subprocess.getstatusoutput", "os.system", "os.popen", "os.execv", "os.execvp",
        "os.execl", "os.execlp", "os.spawnv", "asyncio.create_subprocess_exec", "asyncio.create_subprocess_shell",
        "pexpect.spawn", "pexpect.run", "sh.aws",
    }
)  # fmt: skip
_OWN_CREDENTIALS = frozenset({"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"})


def _is_silent(path: str) -> bool:
    top = path.partition(".")[0]
    return top in sys.stdlib_module_names or top in _SILENT or path.startswith("<")


def _prepare(module: ModuleState) -> None:
    name = module.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    module.scope.variables["__name__"] = text(name or "module")
    module.scope.variables["__file__"] = Unknown("the path of the file")


def _builtin(name: str, module: ModuleState) -> Val:
    if name in _BUILTINS:
        return Builtin(name)
    if name == "dict" or name == "list":
        return Builtin(name)
    if name[:1].isupper() and name.endswith(("Error", "Exception", "Warning", "Interrupt")):
        return Builtin(name)
    return Unknown(f"name {name} of {module.path}")


def _external(machine: Machine, value: External) -> Val:
    if value.full == "os.environ":
        return Environ()
    if value.full == "sys.executable":
        return text("python")
    if value.full == "sys.modules":
        return Unknown("the loaded modules")
    return value


# --- clients and sessions ----------------------------------------------------------------------------------------


def _is_foreign(args: Args, *, own: bool = False) -> bool | None:
    """Return whether credentials are passed that are not the function's own; None for perhaps."""
    answers: set[bool] = set()
    for name in ("aws_access_key_id", "aws_session_token", "aws_secret_access_key"):
        given = args.keywords.get(name)
        if given is None:
            continue
        for each in options(given):
            answers.add(_is_foreign_value(each))
        break
    given = args.keywords.get("botocore_session")
    if isinstance(given, Session):
        answers.add(given.foreign)
    elif isinstance(given, Thing):
        answers.add("<foreign>" in given.attributes)
    if not answers:
        return own
    return answers.pop() if len(answers) == 1 else None


def _is_foreign_value(value: Val) -> bool:
    if is_none(value):
        return False
    if isinstance(value, Text) and len(value.parts) == 1:
        return getattr(value.parts[0], "name", "") not in _OWN_CREDENTIALS
    return not isinstance(value, Unknown) or "credentials" not in value.detail


def _maker(machine: Machine, row: str, args: Args, node: form.Call, session: Session | None = None) -> Val | None:
    kind, _, _ = row.partition(" ")
    foreign = _is_foreign(args, own=session.foreign if session else machine.foreign_default)
    made: list[Val] = []
    for each in (False, True) if foreign is None else (foreign,):
        if kind == "session":
            made.append(Session(each))
            continue
        name = args.get(0, "service_name")
        if name is None:
            name = Unknown("no service name")
        make = sdk.service_clients if kind == "client" else sdk.service_resources
        made.append(make(machine, name, node, foreign=each))
    return join_all(made)


def _call_session(machine: Machine, session: Session, name: str, args: Args, node: form.Call) -> Val | None:
    row = machine.maps.table("highlevel-python").get("session_methods", {}).get(name)
    if isinstance(row, str):
        return _maker(machine, row, args, node, session)
    if name in ("get_credentials", "get_frozen_credentials"):
        return Credentials(session.foreign)
    if name == "set_credentials":
        return Unknown("nothing")
    return Unknown(f"{name} of a session")


# --- functions of libraries --------------------------------------------------------------------------------------


def _call_external(machine: Machine, value: External, args: Args, node: form.Call) -> Val | None:
    path = value.full
    maker = highlevel.python_session(machine.maps, path)
    if maker is not None:
        if path.endswith("setup_default_session"):
            machine.foreign_default = _is_foreign(args) is True
            return NONE
        return Unknown(path) if maker == "none" else _maker(machine, maker, args, node)
    made = _FUNCTIONS.get(path)
    if made is not None:
        return made(machine, args, node)
    if path in _SAME_VALUE:
        first = args.get(0)
        if first is not None and isinstance(first, Text) and path.startswith(("base64.", "gzip.", "zlib.")):
            return Unknown("decoded text")
        return first if first is not None else _empty(machine, path)
    if path in _RUNS:
        return _subprocess(machine, args, node)
    if path.startswith("aws_lambda_powertools.utilities.data_classes"):
        first = args.get(0)
        if isinstance(first, Event):
            return first
    if path.startswith("itertools."):
        return machine.new_list([], join_all(machine.element(each) for each in args.places) if args.places else None)
    if path.startswith("dependency_injector.providers."):
        return _provider(machine, value, args)
    return None


def _empty(machine: Machine, path: str) -> Val:
    if path.startswith("collections."):
        return machine.new_dict({}) if "Dict" in path else machine.new_list([])
    return Unknown(path)


def _getenv(machine: Machine, args: Args, node: form.Call) -> Val:
    name = args.get(0, "key")
    default = args.get(1, "default")
    if name is None:
        return Unknown("an environment variable")
    return join_all(
        environment_variable(literal(each) or "", default)
        if literal(each) is not None
        else Unknown("an environment variable whose name is made at run time")
        for each in options(name)
    )


def _config(machine: Machine, args: Args, node: form.Call) -> Val:
    """`decouple.config("NAME", default=…)` and the like."""
    return _getenv(machine, args, node)


def _load_json(machine: Machine, args: Args, node: form.Call) -> Val:
    value = args.get(0, "s")
    if value is None:
        return Unknown("parsed JSON")
    return join_all(_parsed(machine, each) for each in options(value))


def _parsed(machine: Machine, value: Val) -> Val:
    if isinstance(value, Event | Response):
        return value
    known = literal(value)
    if known is not None and len(known) < 20_000:
        try:
            return _from_json(machine, json.loads(known), 0)
        except (ValueError, RecursionError):
            return Unknown("parsed JSON")
    if isinstance(value, Thing) and "<json>" in value.attributes:
        return value.attributes["<json>"]
    return Unknown(f"parsed JSON {describe(value)}".strip())


def _from_json(machine: Machine, data: object, depth: int) -> Val:
    if isinstance(data, str):
        return text(data)
    if isinstance(data, dict) and depth < 8:
        return machine.new_dict({key: _from_json(machine, each, depth + 1) for key, each in data.items()})
    if isinstance(data, list) and depth < 8:
        return machine.new_list([_from_json(machine, each, depth + 1) for each in data])
    if data is None or isinstance(data, bool | int | float):
        return Scalar(data)
    return Unknown("parsed JSON")


def _dump_json(machine: Machine, args: Args, node: form.Call) -> Val:
    first = args.get(0, "obj")
    made = machine.new_thing(External("<json>"), Args())
    if first is not None:
        made.attributes["<json>"] = first
    return made


def _partial(machine: Machine, args: Args, node: form.Call) -> Val:
    if not args.places:
        return Unknown("a partial")
    return Partial(args.places[0], tuple(args.places[1:]), tuple(args.keywords.items()))


def _identity_decorator(machine: Machine, args: Args, node: form.Call) -> Val | None:
    """`lru_cache(f)` is `f`; `lru_cache(maxsize=1)` is a decorator that keeps it."""
    first = args.get(0)
    if isinstance(first, FunctionVal | Bound | ClassVal | Partial | ResourceMember | ClientMember):
        return first
    return machine.new_thing(External("functools", "lru_cache"), Args())


def _wraps(machine: Machine, args: Args, node: form.Call) -> Val:
    return machine.new_thing(External("functools", "wraps"), Args())


def _reduce(machine: Machine, args: Args, node: form.Call) -> Val:
    function, items = args.get(0), args.get(1)
    if function is None or items is None:
        return Unknown("reduce")
    start = args.get(2) or machine.element(items)
    return machine.call(function, Args([start, machine.element(items)]), node)


def _gather(machine: Machine, args: Args, node: form.Call) -> Val:
    return machine.new_list(list(args.places), args.more)


def _to_thread(machine: Machine, args: Args, node: form.Call) -> Val:
    if not args.places:
        return Unknown("a thread")
    return machine.call(args.places[0], Args(args.places[1:], args.keywords, args.more), node)


def _import_module(machine: Machine, args: Args, node: form.Call) -> Val:
    name = args.get(0, "name")
    found: list[Val] = []
    for each in options(name) if name is not None else ():
        known = literal(each)
        if known is None:
            machine.gap(GapReason.DYNAMIC_CODE, "a module whose name is made at run time", node, None)
            found.append(Unknown("a module"))
            continue
        level = len(known) - len(known.lstrip("."))
        found.append(machine.load(known.lstrip("."), machine.frame.module, level, node.line))
    return join_all(found)


def _dynamic(machine: Machine, args: Args, node: form.Call) -> Val:
    machine.gap(GapReason.DYNAMIC_CODE, "code made at run time is executed", node, None)
    return Unknown("code made at run time")


def _subprocess(machine: Machine, args: Args, node: form.Call) -> Val:
    """A command: one that is `aws`, or that nobody can see, may call any service it names."""
    command = args.get(0, "args") or args.get(0, "command")
    words: list[str | None] = []
    for each in options(command) if command is not None else (Unknown(),):
        if isinstance(each, ListVal):
            words += [_start(item) for item in each.items] or [None]
        else:
            start = _start(each)
            words += start.split() if start else [None]
    if words and words[0] is not None:
        plain = [word or "" for word in words]
        names = [word.rpartition("/")[2] for word in plain]
        shells = ("sh", "bash", "env", "python", "python3", "-c", "timeout")
        runs_aws = "aws" in names or (names[0] in shells and any("aws " in word for word in plain))
        if not runs_aws and (names[0] not in ("sh", "bash", "env") or all(words)):
            return machine.new_thing(External("subprocess", "CompletedProcess"), Args())
        following = plain[names.index("aws") + 1 :] if "aws" in names else []
        service = next((word for word in following if word and not word.startswith("-")), "")
        service = {"s3api": "s3", "configure": "sts"}.get(service, service)
        known = service in machine.maps.services()
        machine.gap(
            GapReason.DYNAMIC_CODE,
            f"a command runs `aws {service}`".rstrip(),
            node,
            sdk.prefixes(machine, service) if known else None,
        )
        return Unknown("the output of a command")
    machine.gap(GapReason.DYNAMIC_CODE, "a command that nobody can see is run", node, None)
    return Unknown("the output of a command")


def _start(value: Val) -> str | None:
    """Return the literal beginning of a text."""
    if isinstance(value, Text) and isinstance(value.parts[0], Literal):
        return value.parts[0].text
    return None


def _path_join(machine: Machine, args: Args, node: form.Call) -> Val:
    pieces: list[Val] = []
    for index, each in enumerate(args.places):
        if index:
            pieces.append(text("/"))
        pieces.append(each)
    return texts.bounded(concatenate(pieces))


def _defaultdict(machine: Machine, args: Args, node: form.Call) -> Val:
    made = machine.new_dict({})
    made.default = args.get(0)
    return made


def _namedtuple(machine: Machine, args: Args, node: form.Call) -> Val:
    made = machine.new_thing(External("collections", "namedtuple"), args)
    fields = args.get(1)
    if isinstance(fields, ListVal):
        made.attributes["<fields>"] = fields
    else:
        names = (literal(fields) or "") if fields is not None else ""
        made.attributes["<fields>"] = machine.new_list([text(each) for each in names.replace(",", " ").split()])
    return made


def _cast(machine: Machine, args: Args, node: form.Call) -> Val:
    value = args.get(1) or Unknown("a cast")
    first = args.get(0)
    if isinstance(value, Unknown) and first is not None:
        made = machine.annotated(first)
        return made if made is not None else value
    return value


def _urlparse(machine: Machine, args: Args, node: form.Call) -> Val:
    value = args.get(0)
    made = machine.new_thing(External("urllib.parse", "ParseResult"), args)
    if isinstance(value, Text) and isinstance(value.parts[0], Literal):
        _, found, rest = value.parts[0].text.partition("://")
        if found:
            whole = Text((Literal(rest), *value.parts[1:])) if rest else Text(value.parts[1:])
            bucket, key = sdk._apart(whole) if whole.parts else (Unknown(), Unknown())
            made.attributes["netloc"] = bucket
            made.attributes["hostname"] = bucket
            made.attributes["path"] = concatenate((text("/"), key))
    return made


def _asdict(machine: Machine, args: Args, node: form.Call) -> Val:
    value = args.get(0)
    if isinstance(value, Instance):
        return machine.new_dict(dict(value.attributes))
    return Unknown("a dict of fields")


def _provider(machine: Machine, value: External, args: Args) -> Val:
    """A provider of a container: calling it makes what it provides."""
    kind = value.full.rpartition(".")[2]
    if kind == "Object":
        return args.get(0) or Unknown("an object")
    if kind in ("Singleton", "Factory", "Callable", "Resource", "ThreadSafeSingleton", "ContextLocalSingleton"):
        return machine.new_thing(External("<provider>"), args)
    return machine.new_thing(value, args)


_FUNCTIONS: dict[str, Callable[[Machine, Args, form.Call], Val | None]] = {
    "os.getenv": _getenv,
    "decouple.config": _config,
    "os.path.join": _path_join,
    "posixpath.join": _path_join,
    "json.loads": _load_json,
    "json.load": _load_json,
    "simplejson.loads": _load_json,
    "orjson.loads": _load_json,
    "ujson.loads": _load_json,
    "yaml.safe_load": _load_json,
    "ast.literal_eval": _load_json,
    "json.dumps": _dump_json,
    "simplejson.dumps": _dump_json,
    "orjson.dumps": _dump_json,
    "functools.partial": _partial,
    "functools.partialmethod": _partial,
    "functools.lru_cache": _identity_decorator,
    "functools.cache": _identity_decorator,
    "functools.singledispatch": _identity_decorator,
    "functools.wraps": _wraps,
    "functools.update_wrapper": lambda machine, args, node: args.get(0),
    "functools.reduce": _reduce,
    "asyncio.gather": _gather,
    "asyncio.wait": _gather,
    "asyncio.to_thread": _to_thread,
    "anyio.to_thread.run_sync": _to_thread,
    "importlib.import_module": _import_module,
    "importlib.reload": lambda machine, args, node: args.get(0),
    "collections.defaultdict": _defaultdict,
    "collections.namedtuple": _namedtuple,
    "typing.cast": _cast,
    "urllib.parse.urlparse": _urlparse,
    "urllib.parse.urlsplit": _urlparse,
    "dataclasses.asdict": _asdict,
    "attr.asdict": _asdict,
    "sys.exit": lambda machine, args, node: External("<exit>"),
    "os._exit": lambda machine, args, node: External("<exit>"),
    "code.interact": _dynamic,
    "runpy.run_path": _dynamic,
    "runpy.run_module": _dynamic,
    "marshal.loads": _dynamic,
    "pickle.loads": lambda machine, args, node: Unknown("an unpickled object"),
}


# --- builtins ----------------------------------------------------------------------------------------------------


def _call_value(machine: Machine, value: Val, args: Args, node: form.Call) -> Val | None:
    if isinstance(value, Builtin):
        made = _BUILTINS.get(value.name)
        return made(machine, args, node) if made is not None else Unknown(value.name)
    if isinstance(value, Thing):
        return _call_thing(machine, value, args, node)
    return None


def _call_thing(machine: Machine, value: Thing, args: Args, node: form.Call) -> Val | None:
    path = value.kind.full
    if path == "<provider>" and value.args:
        given = [_provided(machine, each) for each in (*value.args[1:], *args.places)]
        named = {name: _provided(machine, each) for name, each in value.keywords}
        key = machine.frame.module
        known = value.attributes.get("<made>")
        if known is None:
            known = machine.call(value.args[0], Args(given, {**named, **args.keywords}), node)
            value.attributes["<made>"] = known
        del key
        return known
    if path == "collections.namedtuple":
        made = machine.new_thing(External("<tuple>"), args)
        fields = value.attributes["<fields>"]
        if isinstance(fields, ListVal):
            names = [literal(each) or "" for each in fields.items]
            made.attributes.update(zip(names, args.places, strict=False))
            made.attributes.update(args.keywords)
        return made
    if path == "<middleware>":
        if args.places:
            return Partial(value.args[0], tuple(args.places), value.keywords)
        return machine.new_thing(value.kind, Args(list(value.args), dict(args.keywords)))
    if path == "environs.Env":
        return _getenv(machine, args, node)
    if path in ("functools.wraps", "functools.lru_cache") and args.places:
        return args.places[0]
    if path == "operator.itemgetter" and args.places and value.args:
        return machine.item(args.places[0], value.args[0])
    if path == "operator.attrgetter" and args.places and value.args:
        return machine.member(args.places[0], literal(value.args[0]) or "")
    if path == "operator.methodcaller" and args.places and value.args:
        bound = machine.member(args.places[0], literal(value.args[0]) or "")
        return machine.call(bound, Args(list(value.args[1:]), dict(value.keywords)), node)
    # A decorator made by a library's call, applied by hand: `retry(...)(f)`.
    if len(args.places) == 1 and isinstance(args.places[0], FunctionVal | Bound):
        return args.places[0]
    return None


def _provided(machine: Machine, value: Val) -> Val:
    """A provider among the arguments of a provider stands for what it provides."""
    if isinstance(value, Thing) and value.kind.full == "<provider>":
        return machine.call(value, Args(), _NO_CALL)
    return value


def _list(machine: Machine, args: Args, node: form.Call) -> Val:
    value = args.get(0)
    if value is None:
        return machine.new_list([])
    if isinstance(value, ListVal):
        return machine.new_list(list(value.items), value.rest)
    return machine.new_list([], machine.element(value))


def _dict(machine: Machine, args: Args, node: form.Call) -> Val:
    entries: dict[object, Val] = {}
    rest: Val | None = None
    value = args.get(0)
    for each in options(value) if value is not None else ():
        if isinstance(each, DictVal):
            entries.update(each.entries)
            rest = each.rest if each.rest is not None else rest
        elif isinstance(each, ListVal):
            for pair in each.items:
                if isinstance(pair, ListVal) and len(pair.items) == 2:
                    key = literal(pair.items[0])
                    if key is not None:
                        entries[key] = pair.items[1]
                        continue
                rest = Unknown("a value of a dict")
            rest = each.rest if each.rest is not None else rest
        elif isinstance(each, Environ):
            return each
        elif not is_none(each):
            rest = machine.element(each) if isinstance(each, Event) else Unknown(describe(each))
    entries.update(args.keywords)
    if args.open:
        rest = Unknown("keywords that nobody saw")
    return machine.new_dict(entries, rest)


def _str(machine: Machine, args: Args, node: form.Call) -> Val:
    value = args.get(0)
    return texts.as_text(value) if value is not None else text("")


def _number(machine: Machine, args: Args, node: form.Call) -> Val:
    value = args.get(0)
    if isinstance(value, Text | Event | Scalar):
        return value
    return Unknown("a number")


def _getattr(machine: Machine, args: Args, node: form.Call) -> Val:
    value, name = args.get(0), args.get(1)
    if value is None or name is None:
        return Unknown("an attribute")
    found: list[Val] = []
    for each in options(name):
        known = literal(each)
        if known is not None:
            found.append(machine.member(value, known))
            continue
        found.extend(_unseen_member(machine, owner, node) for owner in options(value))
    fallback = args.get(2)
    if fallback is not None:
        found = [each for each in found if not isinstance(each, Unknown)] or found
        found.append(fallback)
    return join_all(found)


def _unseen_member(machine: Machine, owner: Val, node: form.Call) -> Val:
    from iamgen.sources._program.values import Client

    if isinstance(owner, Client):
        sdk.unresolved_operation(machine, owner, "an operation whose name is made at run time", node)
        return Unknown("an operation")
    if isinstance(owner, Instance):
        methods = [
            machine.member(owner, name)
            for cls in owner.cls.line()
            for name, each in cls.members.items()
            if isinstance(each, FunctionVal) and each.function.kind == "function" and not name.startswith("__")
        ]
        return join_all(methods) if methods else Unknown("an attribute")
    if isinstance(owner, ModuleState):
        functions = [each for each in owner.scope.variables.values() if isinstance(each, FunctionVal)]
        return join_all(functions) if functions else Unknown("a member of a module")
    if isinstance(owner, External) and owner.full.startswith(("boto3", "botocore")):
        machine.gap(GapReason.CLIENT_UNRESOLVED, "a member of the SDK made at run time", node, None)
    return Unknown("an attribute whose name is made at run time")


def _setattr(machine: Machine, args: Args, node: form.Call) -> Val:
    owner, name, value = args.get(0), args.get(1), args.get(2)
    if isinstance(owner, Instance | Thing) and name is not None and value is not None:
        for each in options(name):
            known = literal(each)
            if known is not None:
                before = owner.attributes.get(known)
                machine.touch(owner)
                owner.attributes[known] = value if before is None else join(before, value)
                machine.outer_version += before != value
    return NONE


def _map(machine: Machine, args: Args, node: form.Call) -> Val:
    function = args.get(0)
    if function is None:
        return Unknown("map")
    lists = args.places[1:]
    if len(lists) == 1 and isinstance(lists[0], ListVal) and lists[0].rest is None:
        return machine.new_list([machine.call(function, Args([each]), node) for each in lists[0].items[:24]])
    made = machine.call(function, Args([machine.element(each) for each in lists]), node)
    return machine.new_list([], made)


def _filter(machine: Machine, args: Args, node: form.Call) -> Val:
    function, items = args.get(0), args.get(1)
    if items is None:
        return Unknown("filter")
    element = machine.element(items)
    if function is not None and not is_none(function):
        machine.call(function, Args([element]), node)
    return machine.new_list([], element)


def _sorted(machine: Machine, args: Args, node: form.Call) -> Val:
    value = args.get(0)
    if value is None:
        return Unknown("a list")
    key = args.keywords.get("key")
    element = machine.element(value)
    if key is not None and not is_none(key):
        machine.call(key, Args([element]), node)
    return machine.new_list([], element)


def _enumerate(machine: Machine, args: Args, node: form.Call) -> Val:
    value = args.get(0)
    if value is None:
        return Unknown("pairs")
    if isinstance(value, ListVal) and value.rest is None and len(value.items) <= 16:
        return machine.new_list([machine.new_list([Scalar(i), each]) for i, each in enumerate(value.items)])
    return machine.new_list([], machine.new_list([Unknown("an index"), machine.element(value)]))


def _zip(machine: Machine, args: Args, node: form.Call) -> Val:
    lists = [each for each in args.places if isinstance(each, ListVal) and each.rest is None]
    if lists and len(lists) == len(args.places):
        rows = zip(*(each.items for each in lists), strict=False)
        return machine.new_list([machine.new_list(list(row)) for row in rows])
    return machine.new_list([], machine.new_list([machine.element(each) for each in args.places]))


def _next(machine: Machine, args: Args, node: form.Call) -> Val:
    value = args.get(0)
    if value is None:
        return Unknown("an item")
    found = machine.element(value)
    fallback = args.get(1)
    return found if fallback is None else join(found, fallback)


def _first(machine: Machine, args: Args, node: form.Call) -> Val:
    return args.get(0) or Unknown("a value")


def _max(machine: Machine, args: Args, node: form.Call) -> Val:
    if len(args.places) == 1:
        return machine.element(args.places[0])
    return join_all(args.places) if args.places else Unknown("a value")


def _type(machine: Machine, args: Args, node: form.Call) -> Val:
    value = args.get(0)
    if len(args.places) == 1 and isinstance(value, Instance):
        return value.cls
    return Unknown("a type")


def _vars(machine: Machine, args: Args, node: form.Call) -> Val:
    value = args.get(0)
    if isinstance(value, Instance):
        return machine.new_dict(dict(value.attributes))
    if value is None:
        return machine.new_dict(dict(machine.frame.scope.variables))
    return Unknown("variables")


def _globals(machine: Machine, args: Args, node: form.Call) -> Val:
    return machine.new_dict(dict(machine.frame.module.scope.variables))


def _open(machine: Machine, args: Args, node: form.Call) -> Val:
    return machine.new_thing(External("io", "TextIOWrapper"), Args())


def _bool(machine: Machine, args: Args, node: form.Call) -> Val:
    return Unknown("a test")


def _nothing(machine: Machine, args: Args, node: form.Call) -> Val:
    return NONE


def _object(machine: Machine, args: Args, node: form.Call) -> Val:
    return machine.new_thing(External("<object>"), Args())


_BUILTINS: dict[str, Callable[[Machine, Args, form.Call], Val]] = {
    "list": _list,
    "tuple": _list,
    "set": _list,
    "frozenset": _list,
    "reversed": _list,
    "iter": _first,
    "aiter": _first,
    "dict": _dict,
    "str": _str,
    "repr": _str,
    "format": _str,
    "ascii": _str,
    "int": _number,
    "float": _number,
    "abs": _number,
    "round": _number,
    "bytes": _first,
    "bytearray": _first,
    "memoryview": _first,
    "getattr": _getattr,
    "setattr": _setattr,
    "hasattr": _bool,
    "isinstance": _bool,
    "issubclass": _bool,
    "callable": _bool,
    "bool": _bool,
    "any": _bool,
    "all": _bool,
    "len": _bool,
    "ord": _bool,
    "hash": _bool,
    "id": _bool,
    "range": lambda machine, args, node: machine.new_list([], Unknown("a number")),
    "map": _map,
    "filter": _filter,
    "sorted": _sorted,
    "enumerate": _enumerate,
    "zip": _zip,
    "next": _next,
    "anext": _next,
    "max": _max,
    "min": _max,
    "sum": lambda machine, args, node: Unknown("a sum"),
    "print": _nothing,
    "input": lambda machine, args, node: Unknown("input"),
    "open": _open,
    "type": _type,
    "vars": _vars,
    "locals": _vars,
    "globals": _globals,
    "object": _object,
    "exec": _dynamic,
    "eval": _dynamic,
    "compile": lambda machine, args, node: Unknown("code"),
    "__import__": _import_module,
    "staticmethod": _first,
    "classmethod": _first,
    "property": _first,
    "chr": lambda machine, args, node: Unknown("a character"),
    "divmod": lambda machine, args, node: Unknown("a number"),
    "pow": lambda machine, args, node: Unknown("a number"),
    "hex": lambda machine, args, node: Unknown("a number"),
    "dir": lambda machine, args, node: machine.new_list([], Unknown("a name")),
    "slice": lambda machine, args, node: Unknown("a slice"),
    "super": lambda machine, args, node: Unknown("super"),
    "breakpoint": _nothing,
    "delattr": _nothing,
}


# --- methods -----------------------------------------------------------------------------------------------------


def _call_member(machine: Machine, member: Member, args: Args, node: form.Call) -> Val | None:
    receiver, name = member.receiver, member.name
    match receiver:
        case Session():
            return _call_session(machine, receiver, name, args, node)
        case DictVal():
            return _dict_method(machine, receiver, name, args)
        case ListVal():
            return _list_method(machine, receiver, name, args, node)
        case Response():
            return _response_method(machine, receiver, name, args)
        case Thing():
            return _thing_method(machine, receiver, name, args, node)
        case Resource() if receiver.type == "Table" and name == "batch_writer":
            return Unknown("a batch writer")
        case SuperVal():
            return _super_method(machine, receiver, name, args, node)
        case Builtin(name="dict") if name == "fromkeys":
            return machine.new_dict({}, args.get(1) or NONE)
        case Builtin(name="str") if args.places:
            return machine.call(machine.member(args.places[0], name), Args(args.places[1:]), node)
        case Credentials():
            return receiver
        case Environ() if name in ("items", "keys", "values"):
            return machine.new_list([], Unknown("the environment"))
        case ClassVal() if name == "__new__":
            return machine.new_instance(receiver)
        case _:
            return None


def _super_method(machine: Machine, receiver: SuperVal, name: str, args: Args, node: form.Call) -> Val | None:
    if name == "__new__":
        cls = args.get(0)
        return machine.new_instance(cls) if isinstance(cls, ClassVal) else Unknown("an object")
    if name == "__init__" and isinstance(receiver.receiver, Instance):
        instance = receiver.receiver
        if any(isinstance(each, External) for each in receiver.cls.bases):
            common.register_callbacks(machine, args)
            if any("Settings" in each.full for each in instance.cls.outside()):
                common.initialise(machine, instance, instance.cls, args)
        return NONE
    owner = receiver.receiver
    if isinstance(owner, Instance | ClassVal):
        cls = owner if isinstance(owner, ClassVal) else owner.cls
        for base in cls.outside():
            entry = highlevel.library(machine.maps, "python", f"{base.full}.{name}")
            if entry is not None and entry.calls:
                return common.call_member(machine, Member(owner, name), args, node)
    return Unknown(f"{name} of a base class")


def _dict_method(machine: Machine, value: DictVal, name: str, args: Args) -> Val | None:  # noqa: C901
    match name:
        case "get" | "pop":
            key, fallback = args.get(0), args.get(1)
            if key is None:
                return Unknown("a value")
            found = machine.item(value, key)
            if isinstance(found, Unknown) and found.detail.startswith("no key"):
                return fallback if fallback is not None else NONE
            if literal(key) is None and fallback is not None:
                return join(found, fallback)
            return found
        case "setdefault":
            key, fallback = args.get(0), args.get(1) or NONE
            if key is None:
                return Unknown("a value")
            found = machine.item(value, key)
            if isinstance(found, Unknown):
                known = literal(key)
                machine.touch(value)
                if known is not None:
                    value.entries[known] = fallback
                else:
                    value.rest = fallback if value.rest is None else join(value.rest, fallback)
                return fallback
            return found
        case "update":
            surely = machine.touch(value)
            given = [*(options(args.places[0]) if args.places else ())]
            for each in given:
                if isinstance(each, DictVal):
                    for key, new in each.entries.items():
                        before = value.entries.get(key)
                        value.entries[key] = new if before is None or surely else join(before, new)
                    if each.rest is not None:
                        value.rest = each.rest
                elif not is_none(each):
                    value.rest = machine.element(each) if isinstance(each, Event) else Unknown("a value")
            value.entries.update(args.keywords)
            if args.open:
                value.rest = Unknown("keywords that nobody saw")
            return NONE
        case "items":
            pairs: list[Val] = [machine.new_list([_key(key), each]) for key, each in value.entries.items()]
            rest = None
            if value.rest is not None:
                rest = machine.new_list([Unknown("a key"), value.rest])
            return machine.new_list(pairs, rest)
        case "values":
            return machine.new_list(list(value.entries.values()), value.rest)
        case "keys":
            more = None if value.rest is None else Unknown("a key")
            return machine.new_list([_key(key) for key in value.entries], more)
        case "copy":
            made = machine.new_dict(dict(value.entries), value.rest)
            made.default = value.default
            return made
        case "from_object" | "from_mapping":
            first = args.get(0)
            if isinstance(first, ClassVal):
                for cls in reversed(tuple(first.line())):
                    value.entries.update(cls.members)
            elif isinstance(first, DictVal):
                value.entries.update(first.entries)
            return NONE
        case "clear" | "popitem":
            return value.element()
        case _:
            return Unknown(f"{name} of a dict")


def _key(key: object) -> Val:
    if isinstance(key, Text):
        return key
    if isinstance(key, str):
        return text(key)
    return Scalar(key) if isinstance(key, bool | int | float) else Unknown("a key")


def _list_method(machine: Machine, value: ListVal, name: str, args: Args, node: form.Call) -> Val | None:
    match name:
        case "append" | "add" | "appendleft":
            common.append(machine, value, args.get(0) or Unknown("an item"))
            return NONE
        case "insert":
            common.append(machine, value, args.get(1) or Unknown("an item"))
            value.rest = value.element()
            value.items = []
            return NONE
        case "extend" | "update" | "extendleft":
            common.extend(machine, value, args.get(0) or Unknown("items"))
            return NONE
        case "pop" | "popleft":
            return value.element()
        case "copy" | "union" | "intersection" | "difference":
            return machine.new_list(list(value.items), value.rest)
        case "sort" | "reverse":
            machine.touch(value)
            value.rest, value.items = (value.element() if value.items else value.rest), []
            key = args.keywords.get("key")
            if key is not None:
                machine.call(key, Args([value.element()]), node)
            return NONE
        case "result" | "get":
            return value.element()
        case _:
            return Unknown(f"{name} of a list")


def _response_method(machine: Machine, value: Response, name: str, args: Args) -> Val | None:
    match name:
        case "get" | "pop":
            key = args.get(0)
            found = machine.item(value, key) if key is not None else value
            fallback = args.get(1)
            return found if fallback is None or is_none(fallback) else join(found, fallback)
        case "items":
            return machine.new_list([], machine.new_list([Unknown("a key"), value]))
        case "values":
            return machine.new_list([], value)
        case "keys":
            return machine.new_list([], Unknown("a key"))
        case "build_full_result" | "search" | "copy" | "read" | "decode" | "iter_lines" | "strip":
            return value
        case _:
            return None


def _thing_method(  # noqa: C901
    machine: Machine, value: Thing, name: str, args: Args, node: form.Call
) -> Val | None:
    path = value.kind.full
    last = path.rpartition(".")[2]
    if last in ("ThreadPoolExecutor", "ProcessPoolExecutor", "Pool", "ThreadPool", "TaskGroup"):
        return _executor(machine, value, name, args, node)
    if path == "<future>":
        if name in ("result", "get", "__await__"):
            return value.attributes["<result>"]
        if name == "add_done_callback" and args.places:
            machine.call(args.places[0], Args([value]), node)
        return Unknown(f"{name} of a future")
    if last in ("Thread", "Process", "Timer") and name in ("start", "run"):
        target = value.keyword("target") or (value.args[1] if len(value.args) > 1 else None)
        given = value.keyword("args")
        named = value.keyword("kwargs")
        if target is not None:
            places = list(given.items) if isinstance(given, ListVal) else []
            more = given.rest if isinstance(given, ListVal) else None
            words = (
                {key: each for key, each in named.entries.items() if isinstance(key, str)}
                if isinstance(named, DictVal)
                else {}
            )
            machine.call(target, Args(places, words, more), node)
        return NONE
    if path.startswith("asyncio."):
        if name == "run_in_executor" and len(args.places) > 1:
            return machine.call(args.places[1], Args(args.places[2:]), node)
        if name in ("run_until_complete", "create_task") and args.places:
            return args.places[0]
    if last in ("ExitStack", "AsyncExitStack"):
        if name in ("enter_context", "enter_async_context") and args.places:
            return common.entered(machine, args.places[0])
        if name in ("callback", "push") and args.places:
            machine.call(args.places[0], Args(args.places[1:]), node)
        return value
    if path == "environs.Env" and name != "read_env":
        return _getenv(machine, args, node)
    if last == "DurableContext":
        return _durable(machine, value, name, args, node)
    if path == "string.Template" and name in ("substitute", "safe_substitute"):
        return Unknown("a filled template")
    if last == "batch_writer" or path == "<batch>":
        return Unknown(name)
    if name in ("__iter__", "__getitem__") and value.attributes and path.startswith("<tuple>"):
        return machine.new_list([each for key, each in value.attributes.items()])
    if path == "<json>":
        return value if name in ("encode", "decode", "strip") else Unknown("JSON text")
    if path == "<provider>" and name in ("provided", "provider"):
        return value
    return None


def _durable(machine: Machine, value: Thing, name: str, args: Args, node: form.Call) -> Val | None:
    """A step of a durable function: the functions it is given run now, with a context of their own."""
    if name not in _DURABLE_STEPS:
        return None
    made: list[Val] = []
    for each in args.values():
        for option in options(each):
            items = option.items if isinstance(option, ListVal) else [option]
            for item in items:
                if isinstance(item, FunctionVal | Bound | Partial):
                    first = machine.element(args.places[0]) if name == "map" and args.places else None
                    given: list[Val] = [value, first] if first is not None else [value]
                    made.append(machine.call(item, Args(given, {}, Unknown("an argument")), node))
                elif isinstance(item, Response | Event | Instance):
                    made.append(item)
    return join_all(made) if made else Unknown(f"{name} of a durable function")


_DURABLE_STEPS = frozenset(
    {"step", "run_in_child_context", "map", "parallel", "wait_for_condition", "wait_for_callback"}
)


def _executor(machine: Machine, value: Thing, name: str, args: Args, node: form.Call) -> Val | None:
    if not args.places:
        return value if name in ("__enter__", "__aenter__") else NONE
    function, rest = args.places[0], args.places[1:]
    match name:
        case "submit" | "apply" | "apply_async" | "create_task":
            if name == "create_task":
                return function
            if name == "apply_async" and rest and isinstance(rest[0], ListVal):
                rest = list(rest[0].items)
            made = machine.new_thing(External("<future>"), Args())
            made.attributes["<result>"] = machine.call(function, Args(rest, dict(args.keywords), args.more), node)
            return made
        case "map" | "imap" | "imap_unordered" | "map_async" | "starmap":
            given = Args([machine.element(each) for each in rest])
            if name == "starmap" and rest:
                element = machine.element(rest[0])
                given = Args(
                    list(element.items) if isinstance(element, ListVal) else [],
                    {},
                    machine.element(element),
                )
            named = {key: each for key, each in args.keywords.items() if key not in ("timeout", "chunksize")}
            if named:
                return None
            return machine.new_list([], machine.call(function, given, node))
        case _:
            return None


def _thing_member(machine: Machine, value: Thing, name: str) -> Val | None:
    if value.kind.full == "<provider>" and name == "provided":
        return machine.call(value, Args(), _NO_CALL)
    if name == "config":
        # What an application is configured with is kept under its own names.
        value.attributes[name] = machine.new_dict({}, Unknown("a setting"))
        return value.attributes[name]
    return None


LANGUAGE = Language(
    builtin=_builtin,
    external=_external,
    call_external=_call_external,
    call_value=_call_value,
    call_member=_call_member,
    call_client=lambda machine, member, args, node: None,
    thing_member=_thing_member,
    silent=_is_silent,
    prepare=_prepare,
)
