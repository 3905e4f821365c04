"""Requests that people can read, made from what a search found, and confirmed.

A search gives the shortest string that shows a difference; here it becomes a request with a
plausible region, account and name, and each try is put to the evaluator on both sides. Only a
confirmed request leaves this module.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from iamgen.model.condition import Condition
from iamgen.model.diff import Request
from iamgen.model.policy import Policy, Statement
from iamgen.semantics.automata import (
    FIELD_ONE,
    FIELD_STAR,
    NAME_ONE,
    OTHER,
    SEGMENT_ONE,
    SEGMENT_STAR,
    Machine,
    as_plain,
    is_variable,
)
from iamgen.semantics.evaluate import evaluate
from iamgen.semantics.layers import Layers

NO_RESOURCE = "\ue000"
"""The resource `*` of actions that have none, as a pattern for one literal character."""

_PLACEHOLDER = re.compile(r"\$\{([^{}]*)\}")
_VARIABLE = re.compile(r"\$\{([^{},]*)(?:,\s*'([^']*)')?\}")
_OPEN = "*?" + NAME_ONE + FIELD_ONE + FIELD_STAR + SEGMENT_ONE + SEGMENT_STAR
_FIELDS = ("arn", "aws", "", "us-east-1", "111122223333")
_ELSEWHERE = ("arn", "aws", "", "eu-north-1", "444455556666")
_NAME = "example"
MAX_TRIES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Sketch:
    """What a search found, in the spelling of `iamgen.semantics.automata`."""

    action: str
    text: str
    template: str
    patterns: tuple[str, ...]
    context: tuple[tuple[str, tuple[str, ...]], ...]
    keys: Mapping[str, str]
    """Folded condition key -> as written."""
    variables: Mapping[str, str]
    """Character -> folded key."""
    segments: frozenset[str]
    filler: str
    """A character that no pattern of either side names."""


def confirmed(sketch: Sketch, left: Layers, right: Layers) -> Request | None:
    """Return a request that `left` allows and `right` does not, None when no try shows it."""
    tried: set[str] = set()
    for text in _tries(sketch):
        for loose in (True, False):
            request = _request(sketch, text, bind=loose)
            key = repr(request)
            if key in tried:
                continue
            tried.add(key)
            if evaluate(request, left).is_allowed and not evaluate(request, right).is_allowed:
                return request
            if not sketch.variables:
                break
    return None


def template_pattern(text: str, segments: frozenset[str]) -> str:
    """Return an ARN template as a pattern; a placeholder holds at least one character.

    The lone `*` is the literal resource `*` of actions that work without one.
    """
    if text == "*":
        return NO_RESOURCE

    def wildcard(match: re.Match[str]) -> str:
        return SEGMENT_ONE + SEGMENT_STAR if match.group(1) in segments else NAME_ONE + "*"

    fields = text.split(":", 5)
    bound = [_PLACEHOLDER.sub(FIELD_ONE + FIELD_STAR, field) for field in fields[:5]]
    return ":".join([*bound, *(_PLACEHOLDER.sub(wildcard, field) for field in fields[5:])])


def _tries(sketch: Sketch) -> Iterator[str]:
    """Yield spellings of the resource, most readable first; the one that was found comes last."""
    if sketch.text == NO_RESOURCE or sketch.template == NO_RESOURCE:
        yield "*"
        return
    raw = sketch.text
    shape = next((p for p in sketch.patterns if p != "*"), "")
    template = sketch.template if sketch.template != "*" else ""
    count = 0
    plain = ("arn", "aws", sketch.action.partition(":")[0], "us-east-1", "111122223333", _NAME)
    for text in (
        _filled(shape, template),
        _filled(shape, template, _ELSEWHERE),
        _filled("", template),
        _named(shape),
        ":".join(plain),
    ):
        if text and _fits(text, template) and count < MAX_TRIES:
            count += 1
            yield text
    yield raw.replace(OTHER, sketch.filler)


def _fits(text: str, template: str) -> bool:
    if not template:
        return True
    machine = Machine([template])
    return bool(machine.run(text) & machine.accepts[0])


def _filled(shape: str, template: str, plausible: tuple[str, ...] = _FIELDS) -> str:
    """Return an ARN with the fields of a pattern, and plausible ones where it has wildcards."""
    wanted, form = shape.split(":", 5), template.split(":", 5)
    if len(form) < 6 and len(wanted) < 6:
        return ""
    if len(wanted) < 6:
        wanted = ["*"] * 6
    fields = []
    for index in range(5):
        field = wanted[index]
        other = form[index] if len(form) == 6 else None
        if not _is_open(field):
            fields.append(field)
        elif other is not None and not _is_open(other):
            fields.append(other)
        elif other == "" or (other is None and not plausible[index]):
            fields.append("")
        else:
            fields.append(plausible[index])
    last = wanted[5]
    if last == "*" and len(form) == 6:
        last = form[5]
    return ":".join([*fields, _named(last)])


def _is_open(text: str) -> bool:
    return any(sign in text for sign in _OPEN)


def _named(text: str) -> str:
    """Return a string of a pattern, with a name where it has wildcards."""
    for sign in (SEGMENT_ONE, FIELD_ONE, NAME_ONE):
        text = text.replace(sign, "?")
    text = text.replace(SEGMENT_STAR, "*").replace(FIELD_STAR, "*").replace("?*", "*")
    return text.replace("*", _NAME).replace("?", "x")


def _request(sketch: Sketch, text: str, *, bind: bool) -> Request:
    """Return the request of a spelling; `bind` takes the value of a variable from the spelling."""
    given = dict(sketch.context)
    values = {key: _value(key) for key in sketch.variables.values()} if bind else {}
    values |= {key: given[key][0] for key in sketch.variables.values() if key in given}
    bound = _bound(sketch, text) if bind else {}
    values |= bound
    for character, key in sketch.variables.items():
        text = text.replace(character, values.get(key, _value(key)))
    context = {key: (value,) for key, value in values.items()} | given
    context |= {key: (value,) for key, value in bound.items()}
    shown = {sketch.keys.get(key, key): entries for key, entries in context.items()}
    return Request(
        action=sketch.action,
        resource=as_plain(text),
        context=tuple(sorted(shown.items())),
    )


def _bound(sketch: Sketch, text: str) -> dict[str, str]:
    """Return the values that variables of a pattern must have for a spelling without them."""
    if any(is_variable(sign) for sign in text):
        return {}
    for pattern in sketch.patterns:
        if not any(is_variable(sign) for sign in pattern):
            continue
        groups: dict[str, str] = {}
        parts = []
        for sign in pattern:
            if is_variable(sign):
                name = f"v{ord(sign)}"
                parts.append(f"(?P={name})" if name in groups else f"(?P<{name}>[^*?]+?)")
                groups[name] = sketch.variables.get(sign, "")
            else:
                parts.append({"*": ".*?", "?": "."}.get(sign, re.escape(sign)))
        if len(pattern) > 400 or len(text) > 2000:
            continue
        found = re.fullmatch("".join(parts), text)
        if found:
            return {groups[name]: value for name, value in found.groupdict().items()}
    return {}


def _value(key: str) -> str:
    """Return a value for a policy variable."""
    return "111122223333" if key.endswith("account") else "someone"


# --- variables with values ---------------------------------------------------------------------


def with_values(
    sides: tuple[Layers, Layers], keys: set[str]
) -> tuple[tuple[Layers, Layers], tuple[tuple[str, tuple[str, ...]], ...]] | None:
    """Return both sides with a value in place of each policy variable, and those values.

    None when no policy has a variable.
    """
    found: dict[str, str] = {key: _value(key) for key in keys}

    def value(match: re.Match[str]) -> str:
        name = match.group(1).strip()
        if name in ("*", "?", "$"):
            return match.group(0)
        found[name.lower()] = _value(name.lower())
        return _value(name.lower())

    def fixed_condition(condition: Condition) -> Condition:
        if not condition.operator.startswith(("String", "Arn")):
            return condition
        return replace(condition, values=tuple(_VARIABLE.sub(value, text) for text in condition.values))

    def fixed_statement(statement: Statement) -> Statement:
        return replace(
            statement,
            resources=tuple(_VARIABLE.sub(value, text) for text in statement.resources),
            not_resources=tuple(_VARIABLE.sub(value, text) for text in statement.not_resources),
            conditions=tuple(fixed_condition(each) for each in statement.conditions),
        )

    def fixed(policy: Policy) -> Policy:
        if not policy.has_variables:
            return policy
        return replace(policy, statements=tuple(fixed_statement(s) for s in policy.statements))

    def fixed_layers(layers: Layers) -> Layers:
        return replace(
            layers,
            identity=tuple(fixed(policy) for policy in layers.identity),
            boundary=None if layers.boundary is None else fixed(layers.boundary),
            session=None if layers.session is None else fixed(layers.session),
            scps=tuple(tuple(fixed(policy) for policy in level) for level in layers.scps),
            rcps=tuple(tuple(fixed(policy) for policy in level) for level in layers.rcps),
        )

    left, right = fixed_layers(sides[0]), fixed_layers(sides[1])
    if not found:
        return None
    return (left, right), tuple(sorted((key, (text,)) for key, text in found.items()))
