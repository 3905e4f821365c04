"""Policy documents of templates, with symbolic names in place of what the deployment decides."""

from collections.abc import Mapping as Table
from typing import Any

from iamgen.access.resource_types import symbolic_text
from iamgen.errors import InputError
from iamgen.model.observation import Gap, GapReason, Location
from iamgen.model.policy import Policy
from iamgen.model.value import ListValue, MapValue, OneOf, Text, Unresolved, Value
from iamgen.sources import _yaml
from iamgen.sources._intrinsics import NO_VALUE, Resolver, intrinsic
from iamgen.sources._yaml import Mapping, Node, Scalar, Sequence


def read_policy(
    node: Node | None,
    resolver: Resolver,
    place: Location,
    scope: Table[str, Value] | None = None,
) -> tuple[Policy | None, tuple[Gap, ...]]:
    """Return a policy document, or None and why; values that could not be worked out are gaps."""
    gaps: list[Gap] = []
    try:
        document = _plain(node, resolver, scope, gaps, place, 0)
        if isinstance(document, dict) and "Statement" not in document and "Effect" in document:
            document = {"Statement": [document]}
        if isinstance(document, dict):
            document.setdefault("Version", "2012-10-17")
            document = _without_empty(document)
        policy = Policy.from_document(document, place.route)
    except InputError as error:
        gaps.append(Gap(GapReason.POLICY_UNKNOWN, error.message, place, None))
        return None, tuple(gaps)
    return policy, tuple(gaps)


def _without_empty(document: dict[str, Any]) -> dict[str, Any]:
    listed = document.get("Statement")
    if isinstance(listed, list):
        flat: list[Any] = []
        for entry in listed:
            flat.extend(entry if isinstance(entry, list) else [entry])
        document["Statement"] = [entry for entry in flat if entry]
    return document


def _plain(
    node: Node | None,
    resolver: Resolver,
    scope: Table[str, Value] | None,
    gaps: list[Gap],
    place: Location,
    depth: int,
) -> Any:
    """A node as JSON; `Fn::If` keeps its branch as nodes so that nested documents stay readable."""
    resolver.budget.step()
    if depth > 60 or node is None:
        return None
    called = intrinsic(node)
    if called is not None:
        name, argument = called
        if name == "If" and isinstance(argument, Sequence) and len(argument.items) == 3:
            holds = resolver.condition(_yaml.text_of(argument.items[0]) or "")
            if holds is None:
                gaps.append(_gap("depends on a condition that is not known", place, node))
            branch = argument.items[2 if holds is False else 1]
            return _plain(branch, resolver, scope, gaps, place, depth + 1)
        if name == "Transform":
            gaps.append(_gap("is included from outside the template", place, node))
            return None
        return _of_value(resolver.value(node, scope), resolver, gaps, place, node)
    match node:
        case Mapping():
            found = {}
            for key, item in _yaml.entries(node):
                value = _plain(item, resolver, scope, gaps, place, depth + 1)
                if value is not None:
                    found[key] = value
            return found
        case Sequence():
            values = []
            for item in node.items:
                value = _plain(item, resolver, scope, gaps, place, depth + 1)
                if isinstance(value, list) and intrinsic(item) is not None:
                    values.extend(value)
                elif value is not None:
                    values.append(value)
            return values
        case Scalar():
            return None if _yaml.is_null(node) else node.text


def _of_value(value: Value, resolver: Resolver, gaps: list[Gap], place: Location, node: Node) -> Any:
    if value == NO_VALUE:
        return None
    match value:
        case Text():
            if any(isinstance(part, Unresolved) for part in value.parts):
                gaps.append(_gap("holds a value that is not known", place, node))
            return symbolic_text(value, resolver.resources)
        case ListValue():
            return [_of_value(item, resolver, gaps, place, node) for item in value.items]
        case MapValue():
            return {key: _of_value(item, resolver, gaps, place, node) for key, item in value.entries}
        case OneOf():
            return [_of_value(item, resolver, gaps, place, node) for item in value.options]


def _gap(detail: str, place: Location, node: Node) -> Gap:
    spot = Location(place.path, node.line or place.line, 0, place.route)
    return Gap(GapReason.TEMPLATE_VALUE, detail, spot, None)
