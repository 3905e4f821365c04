"""What the SDK says: services, operations, and the members of their input."""

import re
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib import metadata
from typing import Any

MAX_DEPTH = 3
"""How many structures deep members are listed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One scalar that a caller can pass."""

    path: str
    """`TransactItems[].Put.TableName`; `{keys}` for the keys of a map."""
    name: str
    shape: str
    depth: int
    required: bool
    """All members on the path are required."""
    listed: bool
    pattern: str
    doc: str
    kind: str = "string"

    @property
    def root(self) -> str:
        """The member of the operation's input that it lies under."""
        return re.split(r"[.\[{]", self.path, maxsplit=1)[0]


@dataclass(kw_only=True)
class Operation:
    """One SDK operation."""

    name: str
    method: str
    verb: str
    uri: str
    unsigned: bool
    doc: str
    members: tuple[Member, ...]
    roots: dict[str, str]
    """Root member -> its kind (string, structure, list, …)."""
    required: frozenset[str]
    uri_members: dict[str, str] = field(default_factory=dict)
    """Name in the request's path -> root member."""

    @cached_property
    def by_path(self) -> dict[str, Member]:
        """Path -> member."""
        return {member.path: member for member in self.members}


@dataclass(kw_only=True)
class Service:
    """One boto3 client."""

    name: str
    endpoint_prefix: str
    signing_name: str
    service_id: str
    title: str = ""
    """serviceAbbreviation, else serviceFullName: what the older SDKs made their class names of."""
    operations: dict[str, Operation] = field(default_factory=dict)

    @property
    def prefix_candidates(self) -> tuple[str, ...]:
        """Names that may be the action prefix, likely first."""
        plain = self.service_id.lower()
        return tuple(
            dict.fromkeys(
                (
                    self.signing_name,
                    self.endpoint_prefix,
                    self.name,
                    plain.replace(" ", "-"),
                    plain.replace(" ", ""),
                )
            )
        )

    @property
    def event_sources(self) -> tuple[str, ...]:
        """Names that may stand before `.amazonaws.com` in a CloudTrail event."""
        return tuple(dict.fromkeys((self.endpoint_prefix, self.signing_name, self.name)))


def read_services() -> tuple[list[Service], dict[str, str]]:
    """Return all services of the installed botocore, sorted, and the versions they come from."""
    import botocore.loaders

    loader = botocore.loaders.Loader()
    loader.search_paths[:] = [loader.BUILTIN_DATA_PATH]
    services = [
        _service(name, loader.load_service_model(name, "service-2"))
        for name in sorted(loader.list_available_services("service-2"))
    ]
    return services, {"botocore": metadata.version("botocore"), "boto3": metadata.version("boto3")}


def _service(name: str, model: dict[str, Any]) -> Service:
    from botocore import xform_name

    meta = model["metadata"]
    endpoint = meta["endpointPrefix"]
    service = Service(
        name=name,
        endpoint_prefix=endpoint,
        signing_name=meta.get("signingName", endpoint),
        service_id=meta.get("serviceId", name),
        title=meta.get("serviceAbbreviation", meta.get("serviceFullName", "")),
    )
    shapes = model["shapes"]
    for op_name, raw in sorted(model["operations"].items()):
        input_name = raw.get("input", {}).get("shape")
        members: list[Member] = []
        roots: dict[str, str] = {}
        required: frozenset[str] = frozenset()
        if input_name:
            root = shapes[input_name]
            required = frozenset(root.get("required", ()))
            roots = {key: shapes[value["shape"]]["type"] for key, value in root.get("members", {}).items()}
            _walk(shapes, root, _Spot(), members)
        places: dict[str, str] = {}
        if input_name:
            places = {
                value["locationName"]: key
                for key, value in shapes[input_name].get("members", {}).items()
                if value.get("location") == "uri"
            }
        auth = raw.get("auth", ())
        unsigned = raw.get("authtype") in ("none", "bearer") or (
            bool(auth) and all(each in ("smithy.api#noAuth", "smithy.api#httpBearerAuth") for each in auth)
        )
        service.operations[op_name] = Operation(
            name=op_name,
            method=xform_name(op_name),
            verb=raw["http"]["method"],
            uri=raw["http"]["requestUri"],
            unsigned=unsigned,
            doc=raw.get("documentation", ""),
            members=tuple(members),
            roots=roots,
            required=required,
            uri_members=places,
        )
    return service


@dataclass(frozen=True, slots=True, kw_only=True)
class _Spot:
    """Where the walk through the shapes stands."""

    path: str = ""
    depth: int = 0
    required: bool = True
    listed: bool = False
    doc: str = ""
    seen: frozenset[str] = frozenset()


def _walk(shapes: dict[str, Any], shape: dict[str, Any], spot: _Spot, found: list[Member]) -> None:
    need = set(shape.get("required", ()))
    for key, ref in shape.get("members", {}).items():
        inner = replace(
            spot,
            path=f"{spot.path}.{key}" if spot.path else key,
            required=spot.required and key in need,
            doc=ref.get("documentation", ""),
        )
        _visit(shapes, ref["shape"], key, inner, found)


def _visit(shapes: dict[str, Any], name: str, key: str, spot: _Spot, found: list[Member]) -> None:
    shape = shapes[name]
    kind = shape["type"]
    if kind == "structure":
        if spot.depth < MAX_DEPTH and name not in spot.seen:
            inner = replace(spot, depth=spot.depth + 1, seen=spot.seen | {name})
            _walk(shapes, shape, inner, found)
    elif kind == "list":
        item = shape["member"]
        inner = replace(
            spot,
            path=f"{spot.path}[]",
            listed=True,
            doc=spot.doc + " " + item.get("documentation", ""),
            seen=spot.seen | {name},
        )
        _visit(shapes, item["shape"], key, inner, found)
    elif kind == "map":
        keys = shape["key"]["shape"]
        inner = replace(spot, path=f"{spot.path}{{keys}}", listed=True)
        found.append(_member(shapes[keys], keys, key, inner))
    else:
        found.append(_member(shape, name, key, spot))


def _member(shape: dict[str, Any], shape_name: str, key: str, spot: _Spot) -> Member:
    return Member(
        path=spot.path,
        name=key,
        shape=shape_name,
        depth=spot.depth,
        required=spot.required,
        listed=spot.listed,
        pattern=shape.get("pattern", ""),
        doc=spot.doc + " " + shape.get("documentation", ""),
        kind=shape["type"],
    )
