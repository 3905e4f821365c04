"""Statement, Policy, and the JSON codec of the whole policy grammar.

`Policy.from_document` and `Policy.to_document` are inverse: a policy that was read, written and
read again is the same value. Strings and lists are both accepted wherever the grammar allows them;
errors name the path to the spot.
Source: IAM User Guide, "Grammar of the IAM JSON policy language" (checked 2026-11).
"""

import datetime
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from iamgen.errors import InputError
from iamgen.model.action import is_action
from iamgen.model.condition import Condition

VERSION_2012 = "2012-10-17"
VERSION_2008 = "2008-10-17"

_STATEMENT_KEYS = frozenset(
    (
        "Sid",
        "Effect",
        "Principal",
        "NotPrincipal",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Condition",
    )
)
_MAX_PLACE = 200

Principals = tuple[tuple[str, tuple[str, ...]], ...]
"""Kind (AWS, Service, Federated, CanonicalUser) -> values; the lone `*` is `(("*", ("*",)),)`."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement; of `actions` and `not_actions` one is set, and so for resources."""

    effect: str = "Allow"
    """`Allow` or `Deny`."""
    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    not_resources: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()
    principals: Principals | None = None
    not_principals: Principals | None = None
    sid: str | None = None

    @property
    def is_allow(self) -> bool:
        """Whether the effect is Allow."""
        return self.effect == "Allow"

    @classmethod
    def from_document(cls, document: Any, place: str = "") -> "Statement":
        """Return one statement of a policy document.

        Raises:
            InputError: the statement breaks the grammar.
        """
        if not isinstance(document, dict):
            raise InputError("a statement must be an object", place=place)
        for key in document:
            if key not in _STATEMENT_KEYS:
                raise InputError(f"`{str(key)[:80]}` is no element of a statement", place=place)
        effect = document.get("Effect")
        if effect not in ("Allow", "Deny"):
            raise InputError("`Effect` must be `Allow` or `Deny`", place=_join(place, "Effect"))
        actions = _pair(document, "Action", place, required=True)
        has_principal = "Principal" in document or "NotPrincipal" in document
        resources = _pair(document, "Resource", place, required=not has_principal)
        for name, values in (("Action", actions[0]), ("NotAction", actions[1])):
            for index, value in enumerate(values):
                if not is_action(value):
                    spot = _join(place, name)
                    raise InputError(
                        f"`{value}` is no action",
                        place=f"{spot}[{index}]" if isinstance(document[name], list) else spot,
                        hint="an action is written service:Name",
                    )
        if "Principal" in document and "NotPrincipal" in document:
            raise InputError("has both `Principal` and `NotPrincipal`", place=place)
        sid = document.get("Sid")
        if sid is not None and not isinstance(sid, str | int):
            raise InputError("must be a string", place=_join(place, "Sid"))
        return cls(
            effect=effect,
            actions=actions[0],
            not_actions=actions[1],
            resources=resources[0],
            not_resources=resources[1],
            conditions=_conditions(document.get("Condition"), _join(place, "Condition")),
            principals=_principals(document, "Principal", place),
            not_principals=_principals(document, "NotPrincipal", place),
            sid=None if sid is None else str(sid),
        )

    def to_document(self) -> dict[str, Any]:
        """Return the statement as a JSON object, keys in AWS's usual order."""
        document: dict[str, Any] = {}
        if self.sid is not None:
            document["Sid"] = self.sid
        document["Effect"] = self.effect
        if self.principals is not None:
            document["Principal"] = _principal_document(self.principals)
        if self.not_principals is not None:
            document["NotPrincipal"] = _principal_document(self.not_principals)
        for key, values in (
            ("Action", self.actions),
            ("NotAction", self.not_actions),
            ("Resource", self.resources),
            ("NotResource", self.not_resources),
        ):
            if values:
                document[key] = _one_or_many(values)
        if self.conditions:
            document["Condition"] = _condition_document(self.conditions)
        return document


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy document."""

    statements: tuple[Statement, ...]
    version: str | None = VERSION_2012
    """None when the document states none, which means 2008-10-17: policy variables are plain text
    then."""
    id: str | None = None

    @classmethod
    def from_document(cls, document: Any, place: str = "") -> "Policy":
        """Return the policy of a JSON value; `place` is the path that errors begin with.

        Raises:
            InputError: the document breaks the grammar, with the path to the spot.
        """
        if not isinstance(document, dict):
            raise InputError("a policy must be an object", place=place)
        for key in document:
            if key not in ("Version", "Id", "Statement"):
                raise InputError(f"`{str(key)[:80]}` is no element of a policy", place=place)
        version = document.get("Version")
        if isinstance(version, datetime.date):
            version = version.isoformat()
        if version not in (None, VERSION_2012, VERSION_2008):
            raise InputError(
                f"`Version` must be `{VERSION_2012}` or `{VERSION_2008}`",
                place=_join(place, "Version"),
            )
        if "Statement" not in document:
            raise InputError("has no `Statement`", place=place)
        identifier = document.get("Id")
        if identifier is not None and not isinstance(identifier, str):
            raise InputError("must be a string", place=_join(place, "Id"))
        listed = document["Statement"]
        spot = _join(place, "Statement")
        if isinstance(listed, dict):
            statements: tuple[Statement, ...] = (Statement.from_document(listed, spot),)
        elif isinstance(listed, list | tuple):
            statements = tuple(Statement.from_document(entry, f"{spot}[{index}]") for index, entry in enumerate(listed))
        else:
            raise InputError("must be an object or a list of objects", place=spot)
        return cls(statements, version, identifier)

    def to_document(self) -> dict[str, Any]:
        """Return the policy as a JSON object: a list of statements, single values plain strings."""
        document: dict[str, Any] = {}
        if self.version is not None:
            document["Version"] = self.version
        if self.id is not None:
            document["Id"] = self.id
        document["Statement"] = [statement.to_document() for statement in self.statements]
        return document

    @property
    def size_chars(self) -> int:
        """The length as AWS counts it: characters, white space between elements left out.

        Source: IAM User Guide, "IAM and AWS STS quotas" (checked 2026-11).
        """
        return len(json.dumps(self.to_document(), separators=(",", ":"), ensure_ascii=False))

    @property
    def has_variables(self) -> bool:
        """Whether `${…}` is a policy variable here."""
        return self.version == VERSION_2012


def _join(place: str, key: str) -> str:
    return f"{place}.{key}"[-_MAX_PLACE:] if place else key


def _one_or_many(values: tuple[str, ...]) -> str | list[str]:
    return values[0] if len(values) == 1 else list(values)


def _strings(value: Any, place: str) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list | tuple):
        raise InputError("must be a string or a list of strings", place=place)
    for index, entry in enumerate(value):
        if not isinstance(entry, str):
            raise InputError("must be a string", place=f"{place}[{index}]")
    return tuple(value)


def _pair(document: dict[Any, Any], key: str, place: str, *, required: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    negated = f"Not{key}"
    if key in document and negated in document:
        raise InputError(f"has both `{key}` and `{negated}`", place=place)
    for index, name in enumerate((key, negated)):
        if name in document:
            values = _strings(document[name], _join(place, name))
            if not values:
                raise InputError("must not be empty", place=_join(place, name))
            return (values, ()) if index == 0 else ((), values)
    if required:
        raise InputError(f"has neither `{key}` nor `{negated}`", place=place)
    return (), ()


def _principals(document: dict[Any, Any], key: str, place: str) -> Principals | None:
    if key not in document:
        return None
    value, spot = document[key], _join(place, key)
    if value == "*":
        return (("*", ("*",)),)
    if not isinstance(value, dict):
        raise InputError("must be `*` or an object", place=spot)
    found = []
    for kind, entries in value.items():
        if kind not in ("AWS", "Service", "Federated", "CanonicalUser"):
            raise InputError(f"`{str(kind)[:80]}` is no kind of principal", place=spot)
        found.append((str(kind), _strings(entries, _join(spot, kind))))
    return tuple(found)


def _principal_document(principals: Principals) -> str | dict[str, Any]:
    if principals == (("*", ("*",)),):
        return "*"
    return {kind: _one_or_many(values) for kind, values in principals}


def _conditions(document: Any, place: str) -> tuple[Condition, ...]:
    if document is None:
        return ()
    if not isinstance(document, dict):
        raise InputError("must be an object", place=place)
    found: list[Condition] = []
    for name, keys in document.items():
        spot = _join(place, str(name)[:80])
        if not isinstance(name, str) or not isinstance(keys, dict):
            raise InputError("must be an object of condition keys", place=spot)
        for key, values in keys.items():
            where = _join(spot, str(key)[:80])
            if not isinstance(key, str) or not key:
                raise InputError("must be a condition key", place=where)
            found.append(Condition.parse(name, key, tuple(_scalars(values, where)), place=spot))
    return tuple(found)


def _scalars(value: Any, place: str) -> Iterable[str]:
    entries = value if isinstance(value, list | tuple) else [value]
    for index, entry in enumerate(entries):
        if isinstance(entry, bool):
            yield "true" if entry else "false"
        elif isinstance(entry, str | int | float):
            yield str(entry)
        elif isinstance(entry, datetime.date):
            yield entry.isoformat()
        else:
            spot = f"{place}[{index}]" if isinstance(value, list | tuple) else place
            raise InputError("must be a string, number or boolean", place=spot)


def _condition_document(conditions: tuple[Condition, ...]) -> dict[str, Any]:
    document: dict[str, dict[str, Any]] = {}
    for condition in conditions:
        keys = document.setdefault(condition.name, {})
        if condition.key in keys:
            raise InputError(
                f"`{condition.name}` of `{condition.key}` stands twice in one statement",
                hint="a policy can state an operator once for each key",
            )
        keys[condition.key] = condition.values[0] if len(condition.values) == 1 else list(condition.values)
    return document
