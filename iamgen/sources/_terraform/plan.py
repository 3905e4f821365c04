"""A Terraform plan (`terraform show -json`): planned values joined with references.

The plan knows values, the configuration knows what an expression refers to; what is only known
after apply is in the configuration alone.
"""

from typing import Any

from iamgen.errors import InputError
from iamgen.model.observation import Gap, GapReason, Location
from iamgen.model.value import Text
from iamgen.sources._terraform.configuration import Resource
from iamgen.sources._terraform.values import Reference, Unseen, attribute_text, joined, plain

_MAX_DEPTH = 40


def plan_resources(document: Any, path: str) -> tuple[dict[str, Resource], tuple[Gap, ...]]:
    """Return the resources of a plan by address, and gaps.

    Raises:
        InputError: the document is no plan.
    """
    if not isinstance(document, dict) or not isinstance(document.get("planned_values"), dict):
        raise InputError("is no plan: it has no `planned_values`", place=path)
    expressions: dict[str, tuple[str, dict[str, Any]]] = {}
    configuration = document.get("configuration")
    root = configuration.get("root_module") if isinstance(configuration, dict) else None
    _collect_expressions(root, "", expressions, 0)
    found: dict[str, Resource] = {}
    planned = document["planned_values"].get("root_module")
    _collect_values(planned, path, found, 0)
    prior = document.get("prior_state")
    values = prior.get("values") if isinstance(prior, dict) else None
    state = values.get("root_module") if isinstance(values, dict) else None
    for address, resource in _data_of(state, path).items():
        found.setdefault(address, resource)
    gaps: list[Gap] = []
    for resource in found.values():
        entry = expressions.get(_bare(resource.address))
        if entry is not None:
            _join(resource, entry[0], entry[1], found, gaps)
    return found, tuple(gaps)


def _collect_values(module: Any, path: str, found: dict[str, Resource], depth: int) -> None:
    if not isinstance(module, dict) or depth > _MAX_DEPTH:
        return
    for entry in module.get("resources") or ():
        if not isinstance(entry, dict) or not isinstance(entry.get("address"), str):
            continue
        values = entry.get("values")
        kind = str(entry.get("type", ""))
        found[entry["address"]] = Resource(
            entry["address"],
            f"data.{kind}" if entry.get("mode") == "data" else kind,
            plain(values) if isinstance(values, dict) else {},
            Location(path, 0, 0, entry["address"]),
        )
    for child in module.get("child_modules") or ():
        _collect_values(child, path, found, depth + 1)


def _data_of(module: Any, path: str) -> dict[str, Resource]:
    found: dict[str, Resource] = {}
    _collect_values(module, path, found, 0)
    return {key: item for key, item in found.items() if item.type.startswith("data.")}


def _collect_expressions(module: Any, prefix: str, found: dict[str, tuple[str, dict[str, Any]]], depth: int) -> None:
    if not isinstance(module, dict) or depth > _MAX_DEPTH:
        return
    for entry in module.get("resources") or ():
        if isinstance(entry, dict) and isinstance(entry.get("expressions"), dict):
            found[prefix + str(entry.get("address"))] = (prefix, entry["expressions"])
    calls = module.get("module_calls")
    for name, call in calls.items() if isinstance(calls, dict) else ():
        inner = call.get("module") if isinstance(call, dict) else None
        _collect_expressions(inner, f"{prefix}module.{name}.", found, depth + 1)


def _bare(address: str) -> str:
    """An address without the keys of `count` and `for_each`."""
    out, depth = [], 0
    for char in address:
        if char == "[":
            depth += 1
        elif char == "]":
            depth -= 1
        elif depth == 0:
            out.append(char)
    return "".join(out)


def _join(
    resource: Resource,
    prefix: str,
    expressions: dict[str, Any],
    found: dict[str, Resource],
    gaps: list[Gap],
) -> None:
    """Put references in where a value is unknown, or where a reference says more than the value."""
    for name, expression in expressions.items():
        if isinstance(expression, list):
            rows = resource.values.get(name)
            rows = rows if isinstance(rows, list) else []
            for index, inner in enumerate(expression):
                if not isinstance(inner, dict):
                    continue
                while len(rows) <= index:
                    rows.append({})
                if isinstance(rows[index], dict):
                    _rows(resource, rows[index], prefix, inner, found, gaps, name)
            resource.values[name] = rows
        elif isinstance(expression, dict):
            value = _referred(expression, prefix, found)
            if value is not None:
                resource.values[name] = value


def _rows(
    resource: Resource,
    row: dict[str, Any],
    prefix: str,
    expressions: dict[str, Any],
    found: dict[str, Resource],
    gaps: list[Gap],
    block: str,
) -> None:
    for name, expression in expressions.items():
        if not isinstance(expression, dict) or "references" not in expression:
            continue
        known = row.get(name)
        if isinstance(known, dict) or (block == "environment" and name == "variables"):
            row[name] = _environment(resource, known, expression, prefix, found, gaps)
        elif known is None or isinstance(known, Unseen):
            value = _referred(expression, prefix, found)
            if value is not None:
                row[name] = value


def _environment(
    resource: Resource,
    known: Any,
    expression: dict[str, Any],
    prefix: str,
    found: dict[str, Resource],
    gaps: list[Gap],
) -> dict[str, Any]:
    """A map: known values that equal a resource's name become references, the rest stays."""
    values = dict(known) if isinstance(known, dict) else {}
    references = _references(expression, prefix, found)
    for key, value in values.items():
        text = value.literal if isinstance(value, Text) else None
        for reference, attribute in references:
            own = found[reference.address].values.get(attribute)
            if text and isinstance(own, Text) and own.literal == text:
                values[key] = attribute_text(reference, attribute) or value
    if not values and references:
        detail = "the plan does not tell which variable holds which resource"
        gaps.append(Gap(GapReason.TEMPLATE_VALUE, detail, resource.location, None))
    return values


def _references(expression: dict[str, Any], prefix: str, found: dict[str, Resource]) -> list[tuple[Reference, str]]:
    listed = expression.get("references")
    pairs: list[tuple[Reference, str]] = []
    for word in listed if isinstance(listed, list) else ():
        if not isinstance(word, str):
            continue
        steps = word.split(".")
        size = 3 if steps[0] == "data" else 2
        address = prefix + _bare(".".join(steps[:size]))
        match = address if address in found else None
        if match is None:
            match = next((key for key in found if _bare(key) == address), None)
        if match is not None and len(steps) > size:
            kind = found[match].type.removeprefix("data.")
            pairs.append((Reference(match, kind), _bare(steps[size])))
    return pairs


def _referred(expression: dict[str, Any], prefix: str, found: dict[str, Resource]) -> Any:
    """The value of an expression that is nothing but one reference."""
    if "constant_value" in expression:
        return None
    pairs = _references(expression, prefix, found)
    if len(pairs) != 1:
        return None
    reference, attribute = pairs[0]
    text = attribute_text(reference, attribute)
    return None if text is None else joined(list(text.parts))
