"""SAM's policy templates, used where one says exactly what a statement says."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from iamgen.access.maps import open_maps
from iamgen.model.notation import cloudformation_value
from iamgen.model.policy import Statement
from iamgen.model.symbol import References, express, express_name

_VARIABLE = re.compile(r"\$\{([^}:]+)\}")
_PSEUDO = {
    "${AWS::Partition}": "${Partition}",
    "${AWS::Region}": "${Region}",
    "${AWS::AccountId}": "${Account}",
}
_HOLE = "\x00"


def recognised(statement: Statement, twin: Statement, references: References) -> dict[str, dict[str, Any]] | None:
    """Return the policy template that equals a statement, with its parameter, None for none."""
    if not statement.is_allow or statement.conditions or statement.sid or not statement.actions:
        return None
    if not twin.resources or len(twin.resources) != len(statement.resources):
        return None
    names = dict(zip(twin.resources, statement.resources, strict=True))
    for template, parameter, actions, shapes in _templates():
        if actions != frozenset(statement.actions) or len(shapes) != len(twin.resources):
            continue
        for symbolic in twin.resources:
            hole = _hole(shapes[0], symbolic)
            if hole is None or {shape.replace(_HOLE, hole) for shape in shapes} != set(names):
                continue
            plain = _hole(shapes[0], symbolic, names[symbolic])
            if plain is None:
                continue
            write = express if hole == symbolic else express_name
            return {template: {parameter: cloudformation_value(write(hole, plain, references))}}
    return None


def _hole(shape: str, symbolic: str, arn: str | None = None) -> str | None:
    """Return what stands in the hole of a shape, in the symbolic text or in the plain ARN."""
    pattern = re.escape(shape).replace(re.escape(_HOLE), "(.+)", 1)
    found = re.fullmatch(pattern, symbolic)
    if arn is None or found is None:
        return found.group(1) if found else None
    for token in ("${Partition}", "${Region}", "${Account}"):
        pattern = pattern.replace(re.escape(token), "[^:]*")
    plain = re.fullmatch(pattern, arn)
    return plain.group(1) if plain else None


@cache
def _templates() -> tuple[tuple[str, str, frozenset[str], tuple[str, ...]], ...]:
    return tuple(_read())


def _read() -> Iterator[tuple[str, str, frozenset[str], tuple[str, ...]]]:
    """Yield the templates of one statement and one parameter: name, parameter, actions, shapes."""
    maps = open_maps()
    for name in maps.sam_policy_templates():
        row = maps.sam_policy_template(name)
        if row is None or len(row["parameters"]) != 1 or len(row["definition"]["Statement"]) != 1:
            continue
        (statement,) = row["definition"]["Statement"]
        if set(statement) != {"Effect", "Action", "Resource"}:
            continue
        listed = statement["Resource"]
        texts = [_text(entry) for entry in (listed if isinstance(listed, list) else [listed])]
        shapes = tuple(text for text in texts if text is not None and text.count(_HOLE) == 1)
        if len(shapes) == len(texts):
            actions = statement["Action"]
            named = [actions] if isinstance(actions, str) else actions
            yield name, row["parameters"][0], frozenset(named), shapes


def _text(resource: Any) -> str | None:
    """Return the resource of a template in symbolic text with a hole for its parameter."""
    sub = resource.get("Fn::Sub") if isinstance(resource, dict) else None
    if not isinstance(sub, list) or not isinstance(sub[0], str):
        return None
    text = sub[0]
    for written, token in _PSEUDO.items():
        text = text.replace(written, _HOLE + token[2:-1] + _HOLE)
    text = _VARIABLE.sub("\x01", text)
    for token in _PSEUDO.values():
        text = text.replace(_HOLE + token[2:-1] + _HOLE, token)
    return text.replace("\x01", _HOLE)
