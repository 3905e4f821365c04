"""Calls above the SDK's clients, as typed look-ups: boto3 resources, waiters, libraries, names in other SDKs.

The data lies in `access_maps/highlevel-*.toml` (by hand) and in the generated files `highlevel-boto3.json`,
`waiters.json` and `sdk-names.json`. A call is written there as one line of words:

    "s3:PutObject Bucket=arg:1:Bucket Key=arg:2:Key *=arg:3:ExtraArgs"

first the operation, then how its input members are filled. A value is `source:position:name`, with `|transform` behind
it where the member is not the value itself. Guards (`if=`, `when=`, `unless=`) say for which values the call is made.
"""

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from iamgen.access.maps import AccessMaps

SPREAD = "*"
"""The member that stands for all members: the value is a map of them (`ExtraArgs`, a request object)."""


@dataclass(frozen=True, slots=True)
class ValueSource:
    """Where a value comes from.

    `arg` an argument (position, name, either may be missing); `self` an argument of the constructor, or an identifier
    of a boto3 resource; `const` the name itself; `meta` a field of the inner class Meta, `owner` the same of the class
    around; `annotation` a field of an annotation on the argument's class; `request` a member of the call that made the
    resource; `response` and `data` what AWS answered, which nobody can see.
    """

    source: str
    position: int | None = None
    name: str = ""
    transform: str = ""
    """s3_bucket, s3_key (of an `s3://` value), keys, values (of a map), member:X (member X of a map), env:X (absent:
    the environment variable X)."""

    @classmethod
    def parse(cls, text: str) -> "ValueSource":
        """Return the value written as `arg:0:Bucket|transform`."""
        body, _, transform = text.partition("|")
        source, _, rest = body.partition(":")
        if source not in _POSITIONED:
            return cls(source, None, rest, transform)
        position, _, name = rest.partition(":")
        return cls(source, int(position) if position else None, name, transform)


_POSITIONED = frozenset({"arg", "self", "meta", "owner", "annotation"})


@dataclass(frozen=True, slots=True)
class Guard:
    """For which values a call is made: `^` begins with, `~` holds, `$` ends with; `negated` for `unless`."""

    value: ValueSource
    test: str
    text: str
    negated: bool = False

    def decide(self, value: str | None) -> bool | None:
        """Return whether the call is made; None where the value cannot be seen."""
        if value is None:
            return None
        holds = {
            "^": value.startswith(self.text),
            "~": self.text in value,
            "$": value.endswith(self.text),
        }[self.test]
        return holds != self.negated


@dataclass(frozen=True, slots=True, kw_only=True)
class LibraryCall:
    """One SDK call that a higher call makes."""

    service: str
    operation: str
    bind: tuple[tuple[str, ValueSource], ...] = ()
    """Input member path -> value; member `*` spreads a map of members."""
    guards: tuple[Guard, ...] = ()
    indirect: ValueSource | None = None
    """Set where the operation is named by an argument (`generate_presigned_url`, `getSignedUrl(client, command)`);
    then `service` and `operation` are empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LibraryEntry:
    """What a function, class or method of a library calls; no calls: it is known to make none."""

    path: str
    calls: tuple[LibraryCall, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceAction:
    """An action, load or waiter of a boto3 resource."""

    operation: str
    bind: tuple[tuple[str, ValueSource], ...] = ()
    returns: str | None = None
    """The class of the resource that comes back."""
    identifiers: tuple[tuple[str, ValueSource], ...] = ()
    """Its identifiers, from this resource, the arguments, the request or the response."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """A collection of a boto3 resource (`bucket.objects`)."""

    operation: str
    bind: tuple[tuple[str, ValueSource], ...]
    item: str
    identifiers: tuple[tuple[str, ValueSource], ...]
    batch: tuple[tuple[str, ResourceAction], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceClass:
    """One class of a boto3 service resource; the service resource itself has the name ""."""

    service: str
    name: str
    identifiers: tuple[str, ...] = ()
    load: ResourceAction | None = None
    attributes: frozenset[str] = frozenset()
    """Reading one of them calls `load`."""
    actions: tuple[tuple[str, ResourceAction], ...] = ()
    collections: tuple[tuple[str, Collection], ...] = ()
    waiters: tuple[tuple[str, ResourceAction], ...] = ()
    parts: tuple[tuple[str, ResourceAction], ...] = ()
    """Sub-resources and references (`Table`, `bucket.Object`): `operation` is empty, `returns` the class."""
    batch: tuple[tuple[str, ResourceAction], ...] = ()
    injected: tuple[tuple[str, LibraryEntry], ...] = ()
    """Methods that no model has (`upload_file`, `batch_writer`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """A signer of requests by hand: where it takes the signing service and the host from."""

    path: str
    service: ValueSource | None
    default: str
    """The signing service where no argument says one; empty for unknown."""
    host: ValueSource | None
    region: ValueSource | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """What is known of an import: `client`, `document`, `library`, `silent` (no call), `unmodelled` (calls AWS)."""

    name: str
    kind: str
    service: str | None = None


def parse_call(text: str) -> LibraryCall:
    """Return the call written as one line of words."""
    head, *words = text.split()
    bind: list[tuple[str, ValueSource]] = []
    guards: list[Guard] = []
    for word in words:
        member, _, value = word.partition("=")
        if member in ("if", "when", "unless"):
            match = re.fullmatch(r"(.*)([\^~$])(.*)", value)
            if match:
                source = ValueSource.parse(match.group(1))
                guards.append(Guard(source, match.group(2), match.group(3), member == "unless"))
        else:
            bind.append((member, ValueSource.parse(value)))
    if head == "command":
        return LibraryCall(service="", operation="", guards=tuple(guards), indirect=ValueSource.parse(words[0]))
    service, _, operation = head.partition(":")
    return LibraryCall(service=service, operation=operation, bind=tuple(bind), guards=tuple(guards))


def library(maps: AccessMaps, language: str, path: str) -> LibraryEntry | None:
    """Return what a dotted path of a library calls, None where nothing is known of it.

    `language` is python, javascript, go or java. A path below a prefix that is known to be silent answers with an
    entry without calls.
    """
    table = maps.table(f"highlevel-{language}")
    for name in (path, _canonical(table.get("aliases", {}), path)):
        lines = table["calls"].get(name)
        if isinstance(lines, list):
            return LibraryEntry(path=path, calls=tuple(map(parse_call, lines)))
    group = table.get("prefixes", {}).get("silent", ()) or table.get("silent", {}).get("prefixes", ())
    if any(path == each or path.startswith((f"{each}.", f"{each}/")) for each in group):
        return LibraryEntry(path=path)
    return None


def _canonical(aliases: dict[str, str], path: str) -> str:
    """Return a path with the module that re-exports it in front."""
    for module, home in aliases.items():
        if path.startswith(f"{module}."):
            return home + path.removeprefix(module)
    return path


def python_library(maps: AccessMaps, path: str) -> LibraryEntry | None:
    """Return what a dotted path of a Python library calls, None where nothing is known of it."""
    return library(maps, "python", path)


def python_session(maps: AccessMaps, path: str) -> str | None:
    """Return what a path that makes clients gives: `session`, `none`, or `client arg:0:service_name`."""
    row = maps.table("highlevel-python")["sessions"].get(path)
    return row if isinstance(row, str) else None


def python_package(maps: AccessMaps, name: str) -> Package | None:
    """Return what is known of a top-level import of Python; None for one that the maps do not list."""
    table = maps.table("highlevel-python")
    if name in table["modelled"]["names"]:
        return Package(name=name, kind="library")
    if name in table["unmodelled"] and name != "source":
        return Package(name=table["unmodelled"][name], kind="unmodelled")
    return None


def client_method(maps: AccessMaps, service: str, method: str) -> LibraryEntry | None:
    """Return what a method of a Python client that is no operation calls (`upload_file`), None for others."""
    table = maps.table("highlevel-python")
    lines = table["client"].get(service, {}).get(method)
    if isinstance(lines, list):
        return LibraryEntry(path=f"client.{service}.{method}", calls=tuple(map(parse_call, lines)))
    return None


def waiter_operation(maps: AccessMaps, service: str, waiter: str) -> str | None:
    """Return the operation that a waiter polls; its name in any SDK's spelling (`object_exists`, `objectExists`)."""
    waiters = _generated(maps, "waiters")["waiters"].get(service, {})
    wanted = _plain(waiter)
    return next((str(each) for name, each in waiters.items() if _plain(name) == wanted), None)


@cache
def resource_model(maps: AccessMaps, service: str) -> dict[str, ResourceClass] | None:
    """Return the classes of a boto3 service resource by name ("" is the service itself), None where it has none."""
    rows = _generated(maps, "highlevel-boto3")["services"].get(service)
    if rows is None:
        return None
    injected = maps.table("highlevel-python")["resource"].get(service, {})
    return {name: _resource_class(service, name, row, injected) for name, row in rows.items()}


def js_package(maps: AccessMaps, name: str) -> Package | None:
    """Return what is known of an npm package (or a path in it); None for one that the maps do not list."""
    if name.startswith("@aws-sdk/client-"):
        service = _names(maps, "javascript").get(name.removeprefix("@aws-sdk/"))
        return Package(name=name, kind="client" if service else "unmodelled", service=service)
    table = maps.table("highlevel-javascript")
    row = table["packages"].get(name)
    if row is None:
        base = "/".join(name.split("/")[: 2 if name.startswith("@") else 1])
        if name in table["unmodelled"]["names"] or base in table["unmodelled"]["names"]:
            return Package(name=name, kind="unmodelled")
        row = table["packages"].get(base)
    if not isinstance(row, str):
        return None
    kind, _, service = row.partition(" ")
    return Package(name=name, kind=kind, service=service or None)


def js_command(maps: AccessMaps, service: str, command: str) -> str | None:
    """Return the operation of a v3 command or paginator (`PutObjectCommand`, `paginateListObjectsV2`)."""
    if service in ("dynamodb", "lib-dynamodb"):
        document = document_operation(maps, command)
        if document:
            return document
    name = command.removesuffix("Command").removeprefix("paginate")
    entry = maps.operation_by_method(service, name)
    return entry.operation if entry else None


def document_operation(maps: AccessMaps, method: str) -> str | None:
    """Return the operation of a method or command of the DynamoDB document clients (`put`, `PutCommand`)."""
    row = maps.table("highlevel-javascript")["document_methods"].get(method)
    return row if row and method != "source" else None


def js_v2_service(maps: AccessMaps, class_name: str) -> str | None:
    """Return the boto3 client of a v2 class (`DynamoDB`, `StepFunctions`), None where there is none."""
    by_hand = maps.table("highlevel-javascript")["v2_classes"].get(class_name)
    if by_hand and class_name != "source":
        return str(by_hand)
    return _names(maps, "javascript_v2").get(class_name)


def js_v2_method(maps: AccessMaps, service: str, method: str) -> LibraryEntry | None:
    """Return what a method of a v2 client that is no operation calls (`upload`), None for others."""
    lines = maps.table("highlevel-javascript")["client_v2"].get(service, {}).get(method)
    if isinstance(lines, list):
        return LibraryEntry(path=f"{service}.{method}", calls=tuple(map(parse_call, lines)))
    return None


def go_service(maps: AccessMaps, import_path: str) -> str | None:
    """Return the boto3 client of a Go import path, v1 or v2; None where it is no client package."""
    roots = maps.table("highlevel-go")["roots"]
    for root in (roots["v1"], roots["v2"]):
        if import_path.startswith(root):
            name = import_path.removeprefix(root).partition("/")[0]
            java = maps.table("highlevel-java")["v1_packages"].get(name)
            return _names(maps, "go").get(name) or (java if isinstance(java, str) else None)
    return None


def java_service(maps: AccessMaps, package: str) -> str | None:
    """Return the boto3 client of a Java package or class name, v1 or v2; None where it is no client package."""
    table = maps.table("highlevel-java")
    if package.startswith(table["roots"]["v2"]):
        return _names(maps, "java").get(package.removeprefix(table["roots"]["v2"]).partition(".")[0])
    if package.startswith(table["roots"]["v1"]):
        name = package.removeprefix(table["roots"]["v1"]).partition(".")[0]
        by_hand = table["v1_packages"].get(name)
        return by_hand or _names(maps, "java_v1").get(name)
    return None


def is_unmodelled(maps: AccessMaps, language: str, name: str) -> bool:
    """Return whether an import is known to call AWS and is not modelled: a gap for every service."""
    table = maps.table(f"highlevel-{language}")["unmodelled"]
    if language == "python":
        return name != "source" and name in table
    return any(name == each or name.startswith((f"{each}/", f"{each}.")) for each in table["names"])


def signer(maps: AccessMaps, language: str, path: str) -> Signer | None:
    """Return how a signer of requests is told its service, None where the path is none."""
    row = maps.table(f"highlevel-{language}").get("signers", {}).get(path)
    if not isinstance(row, str) or path == "source":
        return None
    words = dict(word.split("=", 1) for word in row.split())
    return Signer(
        path=path,
        service=ValueSource.parse(words["service"]) if "service" in words else None,
        default=words.get("default", ""),
        host=ValueSource.parse(words["host"]) if "host" in words else None,
        region=ValueSource.parse(words["region"]) if "region" in words else None,
    )


def signed_operation(maps: AccessMaps, signing_service: str) -> tuple[str, str] | None:
    """Return (service, operation) of a request signed for a service, None where only the request can tell."""
    row = maps.table("signed")["operations"].get(signing_service)
    if row is None:
        return None
    service, _, operation = row.partition(":")
    return service, operation


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _generated(maps: AccessMaps, name: str) -> dict[str, Any]:
    return maps.generated(name)


def _names(maps: AccessMaps, ecosystem: str) -> dict[str, str]:
    table: dict[str, str] = _generated(maps, "sdk-names")[ecosystem]
    return table


def _values(rows: dict[str, str]) -> tuple[tuple[str, ValueSource], ...]:
    return tuple((name, ValueSource.parse(value)) for name, value in rows.items())


def _resource_action(row: dict[str, Any]) -> ResourceAction:
    return ResourceAction(
        operation=row.get("operation", ""),
        bind=_values(row.get("bind", {})),
        returns=row.get("returns", row.get("type")),
        identifiers=_values(row.get("identifiers", {})),
    )


def _actions(row: dict[str, Any], key: str) -> tuple[tuple[str, ResourceAction], ...]:
    return tuple((name, _resource_action(each)) for name, each in row.get(key, {}).items())


def _resource_class(service: str, name: str, row: dict[str, Any], injected: dict[str, Any]) -> ResourceClass:
    return ResourceClass(
        service=service,
        name=name,
        identifiers=tuple(row["identifiers"]),
        load=_resource_action(row["load"]) if "load" in row else None,
        attributes=frozenset(row.get("attributes", ())),
        actions=_actions(row, "actions"),
        collections=tuple(
            (
                key,
                Collection(
                    operation=each["operation"],
                    bind=_values(each["bind"]),
                    item=each["item"],
                    identifiers=_values(each["identifiers"]),
                    batch=_actions(each, "batch"),
                ),
            )
            for key, each in row.get("collections", {}).items()
        ),
        waiters=_actions(row, "waiters"),
        parts=_actions(row, "parts"),
        batch=_actions(row, "batch"),
        injected=tuple(
            (
                key.partition(".")[2],
                LibraryEntry(path=f"{service}.{key}", calls=tuple(map(parse_call, lines))),
            )
            for key, lines in injected.items()
            if isinstance(lines, list) and key.partition(".")[0] == name
        ),
    )
