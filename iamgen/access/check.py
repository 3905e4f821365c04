"""Check the access maps against themselves and against the installed SDK: what is wrong comes back as findings.

Enters: the maps. Leaves: findings, sorted; none is well. It promises that every action is real or stands in the list of
undocumented ones, that every bound member exists in the SDK's model, that every transform is one of the closed set,
that every call of the high-level tables is an operation of the maps, and that what is unknown stays within its budget.
It needs botocore, which iamgen depends on; it does not need the packages of the build.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from iamgen.access.highlevel import SPREAD, LibraryCall, parse_call
from iamgen.access.lookup import WHOLE, ActionEntry, OperationEntry, When
from iamgen.access.maps import AccessMaps, iterate
from iamgen.access.transforms import TRANSFORMS

LANGUAGES = ("python", "javascript", "go", "java")


@dataclass(frozen=True, slots=True, order=True)
class MapFinding:
    """One thing that is wrong in the maps."""

    place: str
    """`service:Operation`, a table, or a file."""
    what: str
    """unknown-action, unknown-member, unknown-transform, unknown-type, unbound, budget, unknown-call, no-source."""
    detail: str


def check(maps: AccessMaps) -> tuple[MapFinding, ...]:
    """Return all findings, sorted."""
    found = [*_operations(maps), *_highlevel(maps), *_budget(maps)]
    return tuple(sorted(found))


def missing_operations(maps: AccessMaps) -> tuple[str, ...]:
    """Return operations of the installed botocore that the maps lack: it is newer than they are."""
    loader = _loader()
    missing: list[str] = []
    for service in loader.list_available_services("service-2"):
        known = set(maps.operations(service))
        if service in maps.services() and known:
            names = loader.load_service_model(service, "service-2")["operations"]
            missing.extend(f"{service}:{name}" for name in names if name not in known)
        else:
            missing.append(f"{service}:*")
    return tuple(sorted(missing))


def _operations(maps: AccessMaps) -> Iterator[MapFinding]:
    undocumented = set(maps.table("naming")["undocumented"]["actions"])
    extra = set(maps.table("naming").get("extra_members", {}).get("paths", ()))
    service, model = "", _Model("")
    for entry in iterate(maps):
        if entry.service != service:
            service, model = entry.service, _Model(entry.service, extra)
        place = f"{entry.service}:{entry.operation}"
        if entry.source == "hand" and not (entry.note and entry.checked):
            yield MapFinding(place, "no-source", "a hand fact without reason or date")
        for action in entry.actions:
            known = maps.canonical(action.action)
            if known != action.action and action.action not in undocumented:
                verb = re.fullmatch(r"apigateway:[A-Z]+", action.action)
                if entry.status != "unknown" and not verb:
                    yield MapFinding(place, "unknown-action", action.action)
            yield from _action(place, entry, action, model)


def _action(place: str, entry: OperationEntry, action: ActionEntry, model: "_Model") -> Iterator[MapFinding]:
    for path in _paths(action.when):
        if not model.has(entry.operation, path):
            yield MapFinding(place, "unknown-member", f"{action.action} when {path}")
    for resource in action.resources:
        placeholders = set(re.findall(r"\$\{([^}]+)\}", resource.arn))
        for placeholder, (path, transform) in resource.bind.items():
            if transform not in TRANSFORMS:
                yield MapFinding(place, "unknown-transform", transform)
            if not path.startswith("@") and not model.has(entry.operation, path):
                yield MapFinding(place, "unknown-member", f"{action.action} {path}")
            if placeholder != WHOLE and placeholder not in placeholders:
                yield MapFinding(place, "unbound", f"{resource.type} has no {placeholder}")
        for path in _paths(resource.when):
            if not model.has(entry.operation, path):
                yield MapFinding(place, "unknown-member", f"{resource.type} when {path}")


def _paths(when: When | None) -> Iterator[str]:
    if when is None or when.test in ("key", "feature"):
        return
    if when.of:
        for part in when.of:
            yield from _paths(part)
    elif when.path:
        yield when.path


def _highlevel(maps: AccessMaps) -> Iterator[MapFinding]:
    for language in LANGUAGES:
        table = maps.table(f"highlevel-{language}")
        for path, lines in table["calls"].items():
            for line in lines if isinstance(lines, list) else ():
                yield from _call(maps, f"highlevel-{language}: {path}", parse_call(line))
    python = maps.table("highlevel-python")
    for group in ("client", "resource"):
        for service, rows in python[group].items():
            for name, lines in rows.items():
                for line in lines if isinstance(lines, list) else ():
                    yield from _call(maps, f"highlevel-python: {service}.{name}", parse_call(line))
    for name, operation in maps.table("signed")["operations"].items():
        service, _, called = operation.partition(":")
        if maps.operation(service, called) is None:
            yield MapFinding(f"signed: {name}", "unknown-call", operation)


def _call(maps: AccessMaps, place: str, call: LibraryCall) -> Iterator[MapFinding]:
    if call.indirect is not None:
        return
    name = f"{call.service}:{call.operation}"
    if maps.operation(call.service, call.operation) is None and maps.canonical(name) is None:
        yield MapFinding(place, "unknown-call", name)
        return
    model = _model(call.service)
    if model.has_operation(call.operation):
        for member, _ in call.bind:
            if member != SPREAD and not model.has(call.operation, member):
                yield MapFinding(place, "unknown-member", f"{name} {member}")


def _budget(maps: AccessMaps) -> Iterator[MapFinding]:
    budget = maps.table("naming")["budget"]
    unknown = sum(1 for entry in iterate(maps) if entry.status == "unknown")
    if unknown > budget["unknown"]:
        yield MapFinding("naming: budget", "budget", f"{unknown} unknown operations, {budget['unknown']} allowed")


@cache
def _loader() -> Any:
    import botocore.loaders

    loader = botocore.loaders.Loader()
    loader.search_paths[:] = [loader.BUILTIN_DATA_PATH]
    return loader


@cache
def _model(service: str) -> "_Model":
    return _Model(service)


class _Model:
    """The input members of one SDK service."""

    def __init__(self, service: str, extra: set[str] | None = None) -> None:
        self._service = service
        self._extra = extra or set()
        self._data: dict[str, dict[str, object]] | None = None

    def _model(self) -> dict[str, dict[str, object]]:
        if self._data is None:
            import botocore.exceptions

            try:
                self._data = _loader().load_service_model(self._service, "service-2")
            except botocore.exceptions.DataNotFoundError:
                self._data = {"operations": {}, "shapes": {}}
        return self._data

    def has_operation(self, operation: str) -> bool:
        """Return whether the SDK has the operation; a signed request has none."""
        return operation in self._model()["operations"]

    def has(self, operation: str, path: str) -> bool:
        """Return whether the input has a member; always for a call the SDK does not have."""
        raw: object = self._model()["operations"].get(operation)
        if not isinstance(raw, dict) or path in self._extra:
            return True
        shapes = self._model()["shapes"]
        shape: object = shapes.get(raw.get("input", {}).get("shape", ""))
        for step in path.replace("[]", ".[]").replace("{keys}", ".{keys}").split("."):
            if not isinstance(shape, dict):
                return False
            if step == "[]":
                shape = shapes.get(shape.get("member", {}).get("shape", ""))
            elif step == "{keys}":
                shape = shapes.get(shape.get("key", {}).get("shape", ""))
            else:
                member = shape.get("members", {}).get(step)
                shape = shapes.get(member["shape"]) if member else None
        return isinstance(shape, dict)
