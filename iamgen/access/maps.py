"""Open the access maps: what AWS says about operations, events and actions, loaded file by file when asked.

The files lie in `access_maps/` at the top of a checkout and in `iamgen/_access_maps` inside a wheel; `folder` finds
them in both places. Each look-up loads at most one service's file and keeps it. No package that carries AWS's data is
needed here: everything, method names included, is in the files.
"""

import difflib
import fnmatch
import json
import lzma
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from iamgen.access.files import folder, read_json, read_toml
from iamgen.access.lookup import (
    WHOLE,
    ActionEntry,
    ActionInfo,
    CatalogueAction,
    EventEntry,
    OperationEntry,
    ResourceEntry,
    when_from_json,
)
from iamgen.access.naming import event_prefix, folded, undated
from iamgen.errors import IamgenError, InputError
from iamgen.model.condition import Condition

SCHEMA = 1
"""The form of the generated files that this code reads."""

_TABLE_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")


class AccessMaps:
    """The access maps, lazily loaded. Make one with `open_maps`."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self._index: dict[str, Any] = read_json(place / "generated" / "index.json")
        if self._index.get("schema") != SCHEMA:
            raise IamgenError(
                f"the access maps have schema {self._index.get('schema')}, this iamgen reads {SCHEMA}",
                place=str(place),
            )
        self._services: dict[str, dict[str, Any]] = {}
        self._operations: dict[tuple[str, str], OperationEntry] = {}
        self._methods: dict[str, dict[str, str]] = {}
        self._prefixes: dict[str, dict[str, Any]] = {}
        self._tables: dict[str, Any] = {}
        self._levels: dict[str, dict[str, str]] = {}
        self._folded: dict[str, dict[str, str]] = {}
        self._events: dict[tuple[str, str], EventEntry] = {}

    # -- services and operations --

    @property
    def version(self) -> str:
        """The version of the data, made of its sources' versions."""
        return str(self._index["version"])

    @property
    def sources(self) -> Mapping[str, str]:
        """Package -> version that the generated files were made from."""
        return dict(self._index["sources"])

    def services(self) -> tuple[str, ...]:
        """Return all boto3 client names, sorted; pseudo services for signed HTTP (`execute-api`) among them."""
        return tuple(self._index["services"])

    def prefix(self, service: str) -> str | None:
        """Return the action prefix of a service (`states` of `stepfunctions`)."""
        row = self._index["services"].get(service)
        return None if row is None else str(row["prefix"])

    def operations(self, service: str) -> tuple[str, ...]:
        """Return the names of a service's operations, sorted; empty for an unknown service."""
        return tuple(self._service(service).get("operations", ()))

    def operation(self, service: str, operation: str) -> OperationEntry | None:
        """Return what an operation needs, None where the maps lack it (a newer SDK, or a wrong name)."""
        known = self._operations.get((service, operation))
        if known is not None:
            return known
        raw = self._service(service).get("operations", {}).get(operation)
        if raw is None:
            return None
        entry = _operation(self._service(service), service, operation, raw)
        self._operations[service, operation] = entry
        return entry

    def operation_by_method(self, service: str, method: str) -> OperationEntry | None:
        """Return what the operation behind a client method needs; `method` in any spelling of any SDK.

        boto3's `get_object`, JavaScript's `getObject`, Go's `GetObject` and the command `GetObjectCommand` all fit.
        """
        if service not in self._methods:
            names: dict[str, str] = {}
            for name, raw in self._service(service).get("operations", {}).items():
                names[folded(name)] = name
                names[folded(raw.get("m", name))] = name
            self._methods[service] = names
        names = self._methods[service]
        name = names.get(folded(method))
        return None if name is None else self.operation(service, name)

    def near(self, name: str) -> tuple[str, ...]:
        """Return names near to a wrong `service` or `service:Operation`, best first, at most five."""
        service, colon, operation = name.partition(":")
        if service not in self._index["services"]:
            near = difflib.get_close_matches(service, self.services(), 5, 0.6)
            return tuple(f"{match}:{operation}" if colon else match for match in near)
        known = {folded(each): each for each in self.operations(service)}
        return tuple(
            f"{service}:{known[match]}" for match in difflib.get_close_matches(folded(operation), known, 5, 0.6)
        )

    # -- actions --

    def action(self, action: str) -> ActionInfo | None:
        """Return what is known of an action, letter case ignored; None where no source has it."""
        prefix, _, name = action.partition(":")
        prefix = prefix.lower()
        rows = self._prefix(prefix).get("actions", {})
        canonical = self._fold(prefix).get(name.lower())
        if canonical is None or canonical not in rows:
            return None
        raw = rows[canonical]
        keys = self._prefix(prefix).get("keys", [])
        types = raw.get("t", ())
        return ActionInfo(
            name=f"{prefix}:{canonical}",
            access_level=_LEVELS[self._level(prefix)[canonical]],
            resource_types=tuple(f"{prefix}/{each.rstrip('!')}" for each in types),
            required_types=tuple(f"{prefix}/{each[:-1]}" for each in types if each.endswith("!")),
            condition_keys=tuple(keys[number] for number in raw.get("c", ())),
            dependent_actions=tuple(raw.get("d", ())),
        )

    def canonical(self, action: str) -> str | None:
        """Return an action in AWS's letter case, None where no source has it."""
        prefix, _, name = action.partition(":")
        known = self._fold(prefix.lower()).get(name.lower())
        return None if known is None else f"{prefix.lower()}:{known}"

    def actions(self, prefix: str) -> tuple[str, ...]:
        """Return all actions of a prefix, sorted; empty for an unknown prefix."""
        prefix = prefix.lower()
        return tuple(f"{prefix}:{name}" for name in self._level(prefix))

    def prefixes(self) -> tuple[str, ...]:
        """Return all action prefixes, sorted."""
        return tuple(self._all_levels())

    def access_level(self, action: str) -> str | None:
        """Return the access level of an action, cheaply; None where no source has it."""
        prefix, _, name = action.partition(":")
        prefix = prefix.lower()
        canonical = self._fold(prefix).get(name.lower())
        return None if canonical is None else _LEVELS[self._level(prefix)[canonical]]

    def expand(self, pattern: str) -> tuple[str, ...]:
        """Return all known actions that a pattern such as `s3:Get*` names, sorted; empty where none."""
        if pattern == "*":
            return tuple(action for prefix in self.prefixes() for action in self.actions(prefix))
        left, _, right = pattern.partition(":")
        matches = _glob(right)
        prefixes = self.prefixes() if _is_pattern(left) else (left.lower(),)
        wanted = _glob(left)
        return tuple(
            f"{prefix}:{name}"
            for prefix in prefixes
            if wanted.fullmatch(prefix)
            for name in self._level(prefix)
            if matches.fullmatch(name)
        )

    def universe(self) -> tuple[CatalogueAction, ...]:
        """Return every known action with its access level, sorted by name."""
        return tuple(
            CatalogueAction(name=f"{prefix}:{name}", access_level=_LEVELS[level])
            for prefix, names in self._all_levels().items()
            for name, level in names.items()
        )

    def resource_arn(self, resource_type: str) -> str | None:
        """Return the ARN template of a type such as `s3/object`, None for an unknown one."""
        prefix, _, name = resource_type.partition("/")
        known = self._prefix(prefix).get("types", {}).get(name)
        return None if known is None else str(known)

    def resource_types(self, prefix: str) -> Mapping[str, str]:
        """Return type -> ARN template of a prefix, types as `s3/object`."""
        return {f"{prefix}/{name}": arn for name, arn in self._prefix(prefix).get("types", {}).items()}

    # -- events --

    def event(self, event_source: str, event_name: str) -> EventEntry:
        """Return what a CloudTrail event means: an operation, an action, or why it grants nothing."""
        key = (event_source, event_name)
        if key not in self._events:
            self._events[key] = self._find_event(event_source, event_name)
        return self._events[key]

    def _find_event(self, event_source: str, event_name: str) -> EventEntry:
        table = self.table("events")
        source = event_prefix(event_source)
        ignored = table["ignore"].get(source, {})
        reason = ignored.get(event_name) or ignored.get("*")
        services = self._index["event_sources"].get(source, ())
        if reason:
            service = services[0] if services else None
            return EventEntry(service=service, operation=None, entry=None, ignored=str(reason))
        renamed = table["rename"].get(source, {}).get(event_name)
        for name in dict.fromkeys((renamed or event_name, undated(event_name))):
            for service in services:
                if name in self._service(service).get("operations", {}):
                    return EventEntry(
                        service=service,
                        operation=name,
                        entry=self.operation(service, name),
                        members=table["members"].get(service, {}),
                    )
        prefixes = dict.fromkeys((*(self._index["services"][service]["prefix"] for service in services), source))
        for name in dict.fromkeys((renamed or event_name, undated(event_name))):
            for prefix in prefixes:
                action = self.canonical(f"{prefix}:{name}")
                if action is not None:
                    service = services[0] if services else None
                    return EventEntry(service=service, operation=None, entry=None, action=action)
        return EventEntry(service=services[0] if services else None, operation=None, entry=None)

    # -- policies and tables --

    def managed_policy(self, name: str) -> dict[str, Any] | None:
        """Return the document of an AWS managed policy by ARN or name, None where it is not known."""
        owner, found, path = name.partition(":policy/")
        if found and not owner.endswith(":iam::aws"):
            return None
        row = self._packed("managed-policies")["policies"].get((path or name).rpartition("/")[2])
        return None if row is None else dict(row["document"])

    def managed_policies(self) -> tuple[str, ...]:
        """Return the names of all known AWS managed policies, sorted."""
        return tuple(self._packed("managed-policies")["policies"])

    def sam_policy_template(self, name: str) -> dict[str, Any] | None:
        """Return a SAM policy template: `parameters` (names) and `definition` (document with `Ref`s), or None."""
        row = self._packed("sam-policy-templates")["templates"].get(name)
        return None if row is None else dict(row)

    def sam_policy_templates(self) -> tuple[str, ...]:
        """Return the names of SAM's policy templates, sorted."""
        return tuple(sorted(self._packed("sam-policy-templates")["templates"]))

    def sam_connectors(self) -> dict[str, Any]:
        """Return SAM's connector profiles: source type -> destination type -> profile."""
        return dict(self._packed("sam-policy-templates")["connectors"])

    def table(self, name: str) -> dict[str, Any]:
        """Return a hand-made table of the maps: `access_maps/<name>.toml` (or `.json`), empty where there is none."""
        if not _TABLE_NAME.fullmatch(name):
            raise IamgenError(f"`{name}` is no name of a table")
        if name not in self._tables:
            toml, plain = self.place / f"{name}.toml", self.place / f"{name}.json"
            if toml.is_file():
                self._tables[name] = read_toml(toml)
            else:
                self._tables[name] = read_json(plain) if plain.is_file() else {}
        table: dict[str, Any] = self._tables[name]
        return table

    def generated(self, name: str) -> dict[str, Any]:
        """Return one of the generated tables (`waiters`, `sdk-names`, `highlevel-boto3`)."""
        key = f"generated/{name}"
        if key not in self._tables:
            self._tables[key] = read_json(self.place / "generated" / f"{name}.json")
        table: dict[str, Any] = self._tables[key]
        return table

    # -- files --

    def _service(self, service: str) -> dict[str, Any]:
        if service not in self._services:
            if service not in self._index["services"]:
                return {}
            self._services[service] = read_json(self.place / "generated" / f"{service}.json")
        return self._services[service]

    def _prefix(self, prefix: str) -> dict[str, Any]:
        if prefix not in self._prefixes:
            if prefix not in self._all_levels():
                return {}
            path = self.place / "generated" / "actions" / f"{prefix}.json"
            self._prefixes[prefix] = read_json(path)
        return self._prefixes[prefix]

    def _all_levels(self) -> dict[str, dict[str, str]]:
        if not self._levels:
            rows = read_json(self.place / "generated" / "catalogue.json")["prefixes"]
            self._levels = {
                prefix: dict(sorted((name, level) for level, names in row.items() for name in names.split()))
                for prefix, row in rows.items()
            }
        return self._levels

    def _level(self, prefix: str) -> dict[str, str]:
        return self._all_levels().get(prefix, {})

    def _fold(self, prefix: str) -> dict[str, str]:
        if prefix not in self._folded:
            self._folded[prefix] = {name.lower(): name for name in self._level(prefix)}
        return self._folded[prefix]

    def _packed(self, name: str) -> dict[str, Any]:
        key = f"{name}.json.xz"
        if key not in self._tables:
            path = self.place / "generated" / key
            try:
                self._tables[key] = json.loads(lzma.decompress(path.read_bytes()))
            except (OSError, lzma.LZMAError, ValueError) as error:
                raise InputError(f"damaged map file: {error}", place=str(path)) from error
        packed: dict[str, Any] = self._tables[key]
        return packed


@cache
def open_maps(place: Path | None = None) -> AccessMaps:
    """Return the access maps; cheap, and the same object for the same place."""
    return AccessMaps(place or folder())


def iterate(maps: AccessMaps) -> Iterator[OperationEntry]:
    """Yield every operation of every service, sorted."""
    for service in maps.services():
        for name in maps.operations(service):
            entry = maps.operation(service, name)
            if entry is not None:
                yield entry


_LEVELS = {
    "L": "List",
    "R": "Read",
    "W": "Write",
    "T": "Tagging",
    "P": "Permissions management",
    "U": "Unknown",
}
_STATUS = {"none": "no-iam", "guess": "unknown"}


def _operation(file: dict[str, Any], service: str, name: str, raw: dict[str, Any]) -> OperationEntry:
    source = raw.get("s", "name")
    return OperationEntry(
        service=service,
        operation=name,
        method=raw.get("m", name),
        status=_STATUS.get(source, "known"),
        actions=tuple(_action(file, row, source) for row in raw.get("a", ())),
        source=source,
        note=raw.get("n", ""),
        checked=raw.get("k", ""),
    )


def _action(file: dict[str, Any], raw: dict[str, Any], source: str) -> ActionEntry:
    return ActionEntry(
        action=raw["x"],
        when=when_from_json(raw.get("w")),
        resources=tuple(_resource(file, row) for row in raw.get("r", ())),
        conditions=tuple(
            Condition(operator=operator, key=key, values=tuple(values)) for operator, key, values in raw.get("c", ())
        ),
        implied=bool(raw.get("i")),
        source=raw.get("s", source),
    )


def _resource(file: dict[str, Any], row: list[Any]) -> ResourceEntry:
    type_name, bind, *rest = row
    return ResourceEntry(
        type=type_name,
        arn="*" if type_name == "*" else file["types"][type_name],
        bind={
            placeholder: (where, "arn" if placeholder == WHOLE else "raw")
            if isinstance(where, str)
            else (where[0], where[1])
            for placeholder, where in bind.items()
        },
        when=when_from_json(rest[0]) if rest else None,
    )


def _is_pattern(text: str) -> bool:
    return "*" in text or "?" in text


@cache
def _glob(pattern: str) -> re.Pattern[str]:
    escaped = fnmatch.translate(pattern.replace("[", "[[]")) if _is_pattern(pattern) else re.escape(pattern)
    return re.compile(escaped, re.IGNORECASE)
