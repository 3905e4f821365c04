"""What a CloudFormation or SAM template says of its own names: types, parameters, dependencies."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from iamgen.model.function import TemplateResource
from iamgen.model.symbol import Piece, References
from iamgen.model.value import Text, Unresolved

PSEUDO = {
    "AWS::Partition": "Partition",
    "AWS::Region": "Region",
    "AWS::AccountId": "Account",
    "AWS::URLSuffix": "UrlSuffix",
    "AWS::StackName": "StackName",
    "AWS::StackId": "StackId",
}
_VARIABLE = re.compile(r"\$\{([^!}][^}]*)\}")
SAM_FUNCTION = "AWS::Serverless::Function"
_IMPLICIT_APIS = {"Api": "ServerlessRestApi", "HttpApi": "ServerlessHttpApi"}
_API_KEYS = {"Api": "RestApiId", "HttpApi": "ApiId"}


def references(template: Mapping[str, Any], types: Mapping[str, Any], holder: str) -> References:
    """Return what the names of a template stand for, seen from the resource that holds the policy.

    Names from which the holder can be reached must not be referred to: the reference would close a
    cycle. What they are called is taken from the template where it says so.
    """
    resources = _mapping(template.get("Resources"))
    aliases = {alias: name for name, entry in types.items() for alias in entry.get("aliases", ())}
    found: dict[str, TemplateResource] = {}
    named: dict[str, tuple[Piece, ...]] = {}
    for logical_id, body in resources.items():
        kind = str(_mapping(body).get("Type", ""))
        kind = aliases.get(kind, kind)
        properties = _mapping(_mapping(body).get("Properties"))
        written = properties.get(types.get(kind, {}).get("name", ""))
        found[logical_id] = TemplateResource(logical_id=logical_id, type=kind, name=_name(written))
        pieces = expression(written, resources)
        if pieces is not None:
            named[logical_id] = pieces
    return References(
        resources=found,
        types=types,
        parameters=frozenset(_mapping(template.get("Parameters"))),
        cyclic=cyclic(resources, holder),
        named=named,
    )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _name(written: Any) -> Text | None:
    if written is None:
        return None
    return Text.of(written) if isinstance(written, str) else Text((Unresolved(),))


def expression(value: Any, resources: Mapping[str, Any]) -> tuple[Piece, ...] | None:
    """Return a name as pieces, None where it is not there or refers to a resource."""
    if isinstance(value, str):
        return (Piece("text", value),)
    if not isinstance(value, Mapping) or len(value) != 1:
        return None
    ((key, inner),) = value.items()
    if key == "Ref" and isinstance(inner, str):
        return _variable(inner, resources)
    if key != "Fn::Sub" or not isinstance(inner, str):
        return None
    pieces: list[Piece] = []
    position = 0
    for match in _VARIABLE.finditer(inner):
        pieces.append(Piece("text", inner[position : match.start()]))
        position = match.end()
        variable = _variable(match.group(1), resources)
        if variable is None:
            return None
        pieces += variable
    return (*pieces, Piece("text", inner[position:]))


def _variable(name: str, resources: Mapping[str, Any]) -> tuple[Piece, ...] | None:
    if name in PSEUDO:
        return (Piece("pseudo", PSEUDO[name]),)
    if name in resources or "." in name or ":" in name:
        return None
    return (Piece("ref", name),)


def cyclic(resources: Mapping[str, Any], holder: str) -> frozenset[str]:
    """Return the resources from which the holder of the policy can be reached, itself included."""
    users: dict[str, set[str]] = {}
    for source, target in _edges(resources):
        users.setdefault(target, set()).add(source)
    reached = {holder}
    todo = [holder]
    while todo:
        for source in users.get(todo.pop(), ()):
            if source not in reached:
                reached.add(source)
                todo.append(source)
    return frozenset(reached)


def _edges(resources: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what each resource needs to exist before it, SAM's implicit edges included.

    Source: AWS SAM developer guide, "Generated CloudFormation resources" (checked 2026-11).
    """
    for logical_id, body in resources.items():
        entry = _mapping(body)
        depends = entry.get("DependsOn", ())
        for name in [depends] if isinstance(depends, str) else depends or ():
            known = _owner(str(name), resources)
            if known is not None and known != logical_id:
                yield logical_id, known
        properties = dict(_mapping(entry.get("Properties")))
        if entry.get("Type") == SAM_FUNCTION:
            # NOTE: events become resources of their own, which depend on the function.
            properties.pop("Events", None)
        for name in names_in(properties):
            known = _owner(name, resources)
            if known is not None and known != logical_id:
                yield logical_id, known
        if entry.get("Type") == SAM_FUNCTION:
            for source in _callers(entry):
                yield source, logical_id


def _owner(name: str, resources: Mapping[str, Any]) -> str | None:
    """Return the resource that a name stands for; SAM makes some whose names begin with its own.

    `OrdersUrl`, `Orders.Alias` and `OrdersAliaslive` all come from the function `Orders`.
    """
    plain = name.partition(".")[0]
    if plain in resources:
        return plain
    makers = [
        logical_id
        for logical_id, body in resources.items()
        if plain.startswith(logical_id) and str(_mapping(body).get("Type", "")).startswith("AWS::Serverless::")
    ]
    return max(makers, key=len) if makers else None


def _callers(function: Mapping[str, Any]) -> Iterator[str]:
    """Yield the resources that SAM makes depend on a function for its events."""
    events = _mapping(_mapping(function.get("Properties")).get("Events"))
    for event in events.values():
        kind = _mapping(event).get("Type")
        properties = _mapping(_mapping(event).get("Properties"))
        if kind == "S3":
            yield from names_in(properties.get("Bucket"))
        elif kind == "Cognito":
            yield from names_in(properties.get("UserPool"))
        elif kind in _IMPLICIT_APIS:
            named = list(names_in(properties.get(_API_KEYS[kind])))
            yield from named or [_IMPLICIT_APIS[kind]]


def names_in(value: Any) -> Iterator[str]:
    """Yield the names that a value refers to."""
    if isinstance(value, Mapping):
        if len(value) == 1:
            ((key, inner),) = value.items()
            if key == "Ref" and isinstance(inner, str):
                yield inner
            elif key == "Fn::GetAtt":
                first = inner[0] if isinstance(inner, list) and inner else inner
                yield str(first).partition(".")[0]
            elif key == "Fn::Sub":
                text = inner[0] if isinstance(inner, list) and inner else inner
                for match in _VARIABLE.finditer(str(text)):
                    yield match.group(1).partition(".")[0]
        for entry in value.values():
            yield from names_in(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from names_in(entry)
