"""CloudFormation's intrinsic functions as values of the model.

What enters is a node of a template, what leaves is a `Value` that keeps every reference: a resource
is a `TemplateRef`, a parameter a `ParameterRef` with what it is known to be, `${AWS::Region}` a
`PseudoParameter`. Nothing outside the template and the flags is looked at; what cannot be worked
out is an `Unresolved` part. Parameters whose default decided something are noted under `assumed`.
Source: CloudFormation user guide, "Intrinsic function reference" (checked 2026-11).
"""

import re
from collections.abc import Iterable
from collections.abc import Mapping as Table
from dataclasses import dataclass, field

from iamgen.access.resource_types import ARN, NAME, resource_types
from iamgen.errors import InputError
from iamgen.model.function import TemplateResource
from iamgen.model.value import (
    UNKNOWN,
    ListValue,
    Literal,
    MapValue,
    OneOf,
    ParameterRef,
    Part,
    PseudoParameter,
    TemplateRef,
    Text,
    Unresolved,
    Value,
)
from iamgen.sources import _yaml
from iamgen.sources._yaml import Mapping, Node, Scalar, Sequence

NO_VALUE = OneOf(())
"""`AWS::NoValue`: the property is left out."""

_PSEUDO = {
    "AWS::AccountId": "Account",
    "AWS::Region": "Region",
    "AWS::Partition": "Partition",
    "AWS::StackName": "StackName",
    "AWS::StackId": "StackId",
    "AWS::URLSuffix": "UrlSuffix",
}
_FUNCTIONS = frozenset(
    (
        "Ref",
        "GetAtt",
        "Sub",
        "Join",
        "FindInMap",
        "If",
        "Select",
        "Split",
        "ImportValue",
        "Base64",
        "Cidr",
        "GetAZs",
        "Transform",
        "Length",
        "ToJsonString",
        "GetStackOutput",
        "And",
        "Or",
        "Not",
        "Equals",
    )
)
_SUB = re.compile(r"\$\{(!?)([^${}]*)\}")
_MAX_DEPTH = 60
_MAX_OPTIONS = 20


def intrinsic(node: Node | None) -> tuple[str, Node] | None:
    """Return an intrinsic function's name, without `Fn::`, and its argument."""
    if isinstance(node, Mapping) and len(node.entries) == 1 and node.tag is None:
        key, argument = node.entries[0]
        name = key.text.removeprefix("Fn::")
        if name in _FUNCTIONS and (key.text.startswith("Fn::") or name == "Ref"):
            return name, argument
        return None
    tag = getattr(node, "tag", None)
    if tag is not None and node is not None and tag[1:] in _FUNCTIONS:
        return tag[1:], _untagged(node)
    return None


def _untagged(node: Node) -> Node:
    match node:
        case Scalar():
            return Scalar(node.text, None, node.plain, node.line, node.start, node.end)
        case Sequence():
            return Sequence(node.items, None, node.line, node.start, node.end)
        case Mapping():
            return Mapping(node.entries, None, node.line, node.start, node.end)


@dataclass(slots=True)
class Resolver:
    """Works out the values of one template; collects what it had to assume."""

    parameters: Table[str, Node]
    """The template's `Parameters`."""
    given: Table[str, str]
    """Values from flags."""
    mappings: Node | None
    conditions: Table[str, Node]
    resources: dict[str, TemplateResource]
    pseudo: Table[str, str] = field(default_factory=dict)
    """Known account, region, partition, stack name, by the model's words for them."""
    passed: Table[str, Value] = field(default_factory=dict)
    """Values that a parent stack passes."""
    outputs: dict[str, str] = field(default_factory=dict)
    """Patterns of what nested stacks give out (`Data.Outputs.TableArn`)."""
    assumed: dict[str, str] = field(default_factory=dict)
    """Parameter -> default that something rests on."""
    budget: _yaml.Budget = field(default_factory=_yaml.Budget)
    _open: set[str] = field(default_factory=set)

    def value(self, node: Node | None, scope: Table[str, Value] | None = None, depth: int = 0) -> Value:
        """Return a node's value; `scope` holds names besides those of the template."""
        self.budget.step()
        if depth > _MAX_DEPTH:
            return UNKNOWN
        if node is None:
            return NO_VALUE
        called = intrinsic(node)
        if called is not None:
            return self._call(called[0], called[1], scope or {}, depth + 1)
        match node:
            case Scalar():
                return self._scalar(node)
            case Sequence():
                found = (self.value(item, scope, depth + 1) for item in node.items)
                return ListValue(tuple(item for item in found if item != NO_VALUE))
            case Mapping():
                pairs = ((key, self.value(item, scope, depth + 1)) for key, item in _yaml.entries(node))
                return MapValue(tuple(pair for pair in pairs if pair[1] != NO_VALUE))

    def text(self, node: Node | None, scope: Table[str, Value] | None = None) -> Text | None:
        """Return a node's value when it is a scalar; of several the first."""
        return first_text(self.value(node, scope))

    def literal(self, node: Node | None) -> str | None:
        """Return the characters of a scalar when they are known; a default counts."""
        text = self.text(node)
        return None if text is None else self.known(text)

    def known(self, text: Text) -> str | None:
        """Return a text's characters, with what is known of account, region and parameters."""
        found = []
        for part in text.parts:
            match part:
                case Literal():
                    found.append(part.text)
                case ParameterRef(value=str() as value):
                    found.append(value)
                case PseudoParameter() if part.name in self.pseudo:
                    found.append(self.pseudo[part.name])
                case _:
                    return None
        return "".join(found)

    def condition(self, name: str) -> bool | None:
        """Return whether a condition of the template holds; None when it is not known."""
        node = self.conditions.get(name)
        if node is None or name in self._open:
            return None
        self._open.add(name)
        try:
            return self._holds(node, 0)
        finally:
            self._open.discard(name)

    # -- inside --

    def _scalar(self, node: Scalar) -> Value:
        if _yaml.is_null(node):
            return NO_VALUE if not node.text else Text.of("")
        if node.plain and node.text.lower() in ("true", "false"):
            return Text.of(node.text.lower())
        if "{{resolve:" in node.text:
            return Text((Unresolved("dynamic reference"),))
        return Text.of(node.text)

    def _call(self, name: str, node: Node, scope: Table[str, Value], depth: int) -> Value:
        match name:
            case "Ref":
                return self._ref(_scalar_text(node), scope)
            case "GetAtt":
                return self._attribute(node, scope, depth)
            case "Sub":
                return self._sub(node, scope, depth)
            case "Join":
                return self._join(node, scope, depth)
            case "Select":
                return self._select(node, scope, depth)
            case "Split":
                return self._split(node, scope, depth)
            case "FindInMap":
                return self._find(node, scope, depth)
            case "If":
                return self._if(node, scope, depth)
            case "ImportValue":
                exported = first_text(self.value(node, scope, depth))
                return Text((ParameterRef("ImportValue:" + _spell(exported)),))
            case "Base64" | "ToJsonString":
                return self.value(node, scope, depth) if name == "Base64" else _unresolved(name)
            case _:
                return _unresolved(name)

    def _ref(self, name: str, scope: Table[str, Value]) -> Value:
        if name == "AWS::NoValue":
            return NO_VALUE
        if name in scope:
            return scope[name]
        if name in _PSEUDO:
            return Text((PseudoParameter(_PSEUDO[name]),))
        if name in self.passed:
            return self.passed[name]
        if name in self.parameters:
            return self._parameter(name)
        if name in self.resources:
            return Text((TemplateRef(name),))
        base, _, attribute = name.partition(".")
        if base in self.resources:
            return Text((TemplateRef(base, attribute),))
        return Text((Unresolved(f"`{name[:80]}` is not in the template"),))

    def _parameter(self, name: str) -> Value:
        node = self.parameters[name]
        kind = _yaml.text_of(_yaml.get(node, "Type")) or "String"
        value = self.given.get(name)
        if value is None:
            value = _yaml.text_of(_yaml.get(node, "Default"))
            default = _yaml.get(node, "Default")
            if value is None and isinstance(default, Scalar):
                value = ""
            if value is not None and not kind.startswith("AWS::SSM::Parameter::Value"):
                self.assumed[name] = value
        if kind.startswith("AWS::SSM::Parameter::Value") or value is None:
            return Text((ParameterRef(name),))
        if kind == "CommaDelimitedList" or kind.startswith("List<"):
            return ListValue(tuple(Text.of(item.strip()) for item in value.split(",")))
        return Text((ParameterRef(name, value),))

    def _attribute(self, node: Node, scope: Table[str, Value], depth: int) -> Value:
        if isinstance(node, Sequence) and len(node.items) >= 2:
            words = [_spell(first_text(self.value(item, scope, depth + 1))) for item in node.items[:2]]
            name, attribute = words[0], words[1]
        else:
            name, _, attribute = _scalar_text(node).partition(".")
        return self._get(name, attribute)

    def _get(self, name: str, attribute: str) -> Value:
        if name not in self.resources:
            return Text((Unresolved(f"`{name[:80]}` is not in the template"),))
        if attribute.startswith("Outputs."):
            full = f"{name}.{attribute}"
            return Text((ParameterRef(full, self.outputs.get(full)),))
        return Text((TemplateRef(name, attribute),))

    def _sub(self, node: Node, scope: Table[str, Value], depth: int) -> Value:
        names = dict(scope)
        template = node
        if isinstance(node, Sequence) and node.items:
            template = node.items[0]
            for key, item in _yaml.entries(node.items[1] if len(node.items) > 1 else None):
                names[key] = self.value(item, scope, depth + 1)
        source = _scalar_text(template)
        if "{{resolve:" in source:
            return Text((Unresolved("dynamic reference"),))
        parts: list[Part] = []
        at = 0
        for found in _SUB.finditer(source):
            parts.append(Literal(source[at : found.start()]))
            at = found.end()
            if found[1]:
                parts.append(Literal("${" + found[2] + "}"))
            else:
                parts.extend(self._name(found[2].strip(), names))
        parts.append(Literal(source[at:]))
        return joined(parts)

    def _name(self, name: str, scope: Table[str, Value]) -> tuple[Part, ...]:
        if name in scope or "." not in name:
            value = self._ref(name, scope)
        else:
            base, _, attribute = name.partition(".")
            value = self._get(base, attribute) if "::" not in name else self._ref(name, scope)
        text = first_text(value)
        return (Unresolved(f"`{name[:80]}` is no text"),) if text is None else text.parts

    def _join(self, node: Node, scope: Table[str, Value], depth: int) -> Value:
        if not isinstance(node, Sequence) or len(node.items) != 2:
            return _unresolved("Join")
        mark = _scalar_text(node.items[0])
        values = self.value(node.items[1], scope, depth + 1)
        if not isinstance(values, ListValue):
            return values if isinstance(values, Text) else _unresolved("Join")
        parts: list[Part] = []
        for index, item in enumerate(values.items):
            if index:
                parts.append(Literal(mark))
            text = first_text(item)
            parts.extend((Unresolved("Join"),) if text is None else text.parts)
        return joined(parts)

    def _select(self, node: Node, scope: Table[str, Value], depth: int) -> Value:
        if not isinstance(node, Sequence) or len(node.items) != 2:
            return _unresolved("Select")
        index = self.literal(node.items[0]) or ""
        values = self.value(node.items[1], scope, depth + 1)
        if index.isdigit() and isinstance(values, ListValue) and int(index) < len(values.items):
            return values.items[int(index)]
        return _unresolved("Select")

    def _split(self, node: Node, scope: Table[str, Value], depth: int) -> Value:
        if not isinstance(node, Sequence) or len(node.items) != 2:
            return _unresolved("Split")
        mark = _scalar_text(node.items[0])
        whole = first_text(self.value(node.items[1], scope, depth + 1))
        if whole is None or not mark:
            return _unresolved("Split")
        pieces: list[list[Part]] = [[]]
        for part in _spelled_out(whole.parts, self.resources):
            text = part.value if isinstance(part, ParameterRef) else None
            characters = part.text if isinstance(part, Literal) else text
            if characters is not None and (isinstance(part, Literal) or mark in characters):
                first, *rest = characters.split(mark)
                pieces[-1].append(Literal(first))
                pieces.extend([Literal(piece)] for piece in rest)
            else:
                pieces[-1].append(part)
        return ListValue(tuple(joined(piece) for piece in pieces))

    def _find(self, node: Node, scope: Table[str, Value], depth: int) -> Value:
        if not isinstance(node, Sequence) or len(node.items) < 3:
            return _unresolved("FindInMap")
        table: Node | None = self.mappings
        levels: list[Node] = [table] if table is not None else []
        for item in node.items[:3]:
            text = first_text(self.value(item, scope, depth + 1))
            key = None if text is None else self.known(text)
            if key is not None:
                levels = [found for level in levels if (found := _yaml.get(level, key)) is not None]
            else:
                levels = [entry for level in levels for _, entry in _yaml.entries(level)]
            if len(levels) > _MAX_OPTIONS:
                return _unresolved("FindInMap")
        if not levels and len(node.items) > 3:
            default = _yaml.get(node.items[3], "DefaultValue")
            return self.value(default, scope, depth + 1)
        return one_of(self.value(level, scope, depth + 1) for level in levels)

    def _if(self, node: Node, scope: Table[str, Value], depth: int) -> Value:
        if not isinstance(node, Sequence) or len(node.items) != 3:
            return _unresolved("If")
        holds = self.condition(_scalar_text(node.items[0]))
        if holds is not None:
            return self.value(node.items[1 if holds else 2], scope, depth + 1)
        both = (self.value(item, scope, depth + 1) for item in node.items[1:])
        return one_of(value for value in both if value != NO_VALUE)

    def _holds(self, node: Node, depth: int) -> bool | None:
        if depth > _MAX_DEPTH:
            return None
        called = intrinsic(node)
        if called is None:
            named = _yaml.get(node, "Condition")
            if named is None and getattr(node, "tag", None) == "!Condition":
                named = node
            return None if named is None else self.condition(_scalar_text(named))
        name, argument = called
        if name == "Equals" and isinstance(argument, Sequence) and len(argument.items) == 2:
            left, right = (self.literal(item) for item in argument.items)
            return None if left is None or right is None else left == right
        answers = [self._holds(item, depth + 1) for item in _yaml.items(argument)]
        if name == "Not" and len(answers) == 1:
            return None if answers[0] is None else not answers[0]
        if name == "And":
            return False if False in answers else None if None in answers else True
        if name == "Or":
            return True if True in answers else None if None in answers else False
        return None


def first_text(value: Value) -> Text | None:
    """Return a value when it is a text, of several options the first text."""
    if isinstance(value, Text):
        return value
    if isinstance(value, OneOf):
        return next((item for item in value.options if isinstance(item, Text)), None)
    return None


def one_of(values: Iterable[Value]) -> Value:
    """Return several possible values as one, equal ones once."""
    options = tuple(dict.fromkeys(values))
    if not options:
        return UNKNOWN
    return options[0] if len(options) == 1 else OneOf(options)


def joined(parts: Iterable[Part]) -> Text:
    """Return parts as a text, neighbouring literals as one."""
    found: list[Part] = []
    for part in parts:
        last = found[-1] if found else None
        if isinstance(part, Literal):
            if not part.text:
                continue
            if isinstance(last, Literal):
                found[-1] = Literal(last.text + part.text)
                continue
        found.append(part)
    return Text(tuple(found) or (Literal(""),))


def _spelled_out(parts: tuple[Part, ...], resources: Table[str, TemplateResource]) -> tuple[Part, ...]:
    """Return parts with each reference that is an ARN written as its literal parts and the name."""
    found: list[Part] = []
    for part in parts:
        arn = _arn_parts(part, resources) if isinstance(part, TemplateRef) else None
        found.extend((part,) if arn is None else arn)
    return tuple(found)


def _arn_parts(part: TemplateRef, resources: Table[str, TemplateResource]) -> tuple[Part, ...] | None:
    resource = resources.get(part.logical_id)
    kind = None if resource is None else resource_types().get(resource.type)
    if kind is None or kind.kind(part.attribute) != ARN:
        return None
    naming = "" if kind.ref == NAME else None
    if naming is None:
        naming = next((key for key, meaning in kind.attributes.items() if meaning == NAME), None)
    named: Part = Unresolved("its name") if naming is None else TemplateRef(part.logical_id, naming)
    found: list[Part] = []
    for piece in re.split(r"(\$\{\w+\}|\{\})", kind.arn):
        if piece == "{}":
            found.append(named)
        elif piece.startswith("${"):
            found.append(PseudoParameter(piece[2:-1]))
        else:
            found.append(Literal(piece))
    return tuple(found)


def _scalar_text(node: Node | None) -> str:
    return node.text if isinstance(node, Scalar) else ""


def _spell(text: Text | None) -> str:
    if text is None:
        return "?"
    return "".join(
        part.text if isinstance(part, Literal) else "{" + getattr(part, "name", "?") + "}" for part in text.parts
    )


def _unresolved(name: str) -> Text:
    return Text((Unresolved(f"Fn::{name}"),))


def resolver_of(
    root: Node,
    resources: dict[str, TemplateResource],
    given: Table[str, str],
    pseudo: Table[str, str],
    passed: Table[str, Value] | None = None,
) -> Resolver:
    """Return the resolver of a template's root node.

    Raises:
        InputError: the template is no mapping.
    """
    if not isinstance(root, Mapping):
        raise InputError("is no template: not a mapping")
    return Resolver(
        parameters=dict(_yaml.entries(root.get("Parameters"))),
        given=given,
        mappings=root.get("Mappings"),
        conditions=dict(_yaml.entries(root.get("Conditions"))),
        resources=resources,
        pseudo=pseudo,
        passed=passed or {},
    )
