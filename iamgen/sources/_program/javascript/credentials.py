"""Whose credentials a client works with: the function's own, or those of somebody else.

Calls made with foreign credentials are not the function's own; taking on another role is.
"""

from iamgen.model.value import EnvironmentVariable, Text
from iamgen.sources._program import form
from iamgen.sources._program.javascript.recording import option, record
from iamgen.sources._program.machine import Args, Machine
from iamgen.sources._program.values import (
    NONE,
    Bound,
    Client,
    Credentials,
    DictVal,
    External,
    FunctionVal,
    Instance,
    Response,
    Thing,
    Unknown,
    Val,
    is_none,
    literal,
    options,
)

_OWN_VARIABLES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
OWN_PROVIDERS = frozenset(
    (
        "fromNodeProviderChain",
        "fromEnv",
        "fromContainerMetadata",
        "fromInstanceMetadata",
        "defaultProvider",
        "fromProcess",
        "fromIni",
        "EnvironmentCredentials",
        "CredentialProviderChain",
    )
)
ASSUMING = frozenset(("fromTemporaryCredentials", "ChainableTemporaryCredentials", "TemporaryCredentials"))
WEB_IDENTITY = frozenset(("fromWebToken", "fromTokenFile", "WebIdentityCredentials"))


def credentials(machine: Machine, name: str, args: Args, node: form.Call) -> Val | None:
    """Return the credentials that a provider gives; those of another role are foreign."""
    name = name.rpartition(".")[2]
    if name in OWN_PROVIDERS:
        return Credentials(foreign=False)
    if name in ASSUMING | WEB_IDENTITY:
        config = args.get(0)
        params = option(machine, config, "params") if config is not None else None
        if name in ASSUMING:
            record(machine, Client("sts"), "AssumeRole", params or config, node, via=name)
        return Credentials(foreign=True)
    if name == "Credentials":
        return Credentials(foreign=not _own_key(args.get(0)))
    if name.startswith("from") or name.endswith("Credentials"):
        return Credentials(foreign=True)
    return None


def _own_key(value: Val | None) -> bool:
    """Return whether an access key is the function's own: absent, or read from Lambda's variables."""
    if value is None or is_none(value):
        return True
    if isinstance(value, DictVal):
        return _own_key(value.entries.get("accessKeyId"))
    if isinstance(value, Text) and len(value.parts) == 1:
        part = value.parts[0]
        return isinstance(part, EnvironmentVariable) and part.name in _OWN_VARIABLES
    return False


def is_foreign(machine: Machine, config: Val | None, node: form.Call) -> bool:
    """Return whether a client's configuration gives it credentials that are not the function's own."""
    found: list[bool] = []
    for each in options(config if config is not None else NONE):
        if not isinstance(each, DictVal):
            continue
        if _is_local(each.entries.get("endpoint")):
            found.append(True)
            continue
        credentials = each.entries.get("credentials")
        if credentials is None:
            found.append(not _own_key(each.entries.get("accessKeyId")))
        else:
            found.append(_foreign_credentials(machine, credentials, node))
    return bool(found) and all(found)


def _foreign_credentials(machine: Machine, value: Val, node: form.Call) -> bool:
    kept = [each for each in options(value) if not is_none(each)]
    return bool(kept) and all(_foreign_one(machine, each, node) for each in kept) and len(kept) == len(options(value))


def _foreign_one(machine: Machine, value: Val, node: form.Call) -> bool:
    match value:
        case Credentials(foreign=foreign):
            return foreign
        case DictVal():
            return not _own_key(value)
        case FunctionVal() | Bound():
            result = machine.call(value, Args(), node)
            return not isinstance(result, FunctionVal | Bound) and _foreign_credentials(machine, result, node)
        case Response() | Thing() | Instance():
            return True
        case Unknown():
            return False
        case External(name=name):
            return name.rpartition(".")[2] not in OWN_PROVIDERS and "EnvCredentials" not in name
        case _:
            return True


def _is_local(endpoint: Val | None) -> bool:
    """Return whether calls go to the developer's own machine."""
    known = literal(endpoint) if endpoint is not None else None
    return known is not None and ("localhost" in known or "127.0.0.1" in known)


def client_foreign(args: Args) -> bool:
    """Return whether the client that a library is given works with other credentials."""
    for value in args.places:
        for each in options(value):
            inner = each
            if isinstance(each, DictVal):
                inner = each.entries.get("client", each.entries.get("awsSdkV3Client", each))
            if isinstance(inner, Client) and inner.foreign:
                return True
    return False
