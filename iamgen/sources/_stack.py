"""One CloudFormation or SAM template that is being read: its nodes, its resolver, its gaps."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from iamgen.access.resource_types import resource_types, symbolic_text
from iamgen.errors import InputError
from iamgen.model.function import TemplateResource
from iamgen.model.observation import Gap, Location
from iamgen.model.value import Literal, MapValue, TemplateRef, Text, Value
from iamgen.plugins import ReadOptions
from iamgen.sources import _yaml
from iamgen.sources._intrinsics import NO_VALUE, Resolver, first_text, intrinsic, resolver_of
from iamgen.sources._project import Project
from iamgen.sources._yaml import Node

_MAX_NESTING = 4
NESTED = ("AWS::CloudFormation::Stack", "AWS::Serverless::Application")


@dataclass(slots=True)
class Stack:
    """What the readers of functions, roles and events share."""

    project: Project
    path: str
    """Relative to the project."""
    folder: Path
    root: Node
    resolver: Resolver
    sections: dict[str, Node]
    """Logical id -> node of the resource, those whose condition does not hold among them."""
    gaps: list[Gap] = field(default_factory=list)
    by_type: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    """Type -> place and logical id of its resources; filled when first asked."""
    by_name: dict[Text, list[str]] = field(default_factory=dict)
    """Explicit name -> logical ids; filled when first asked."""
    attachments: dict[str, list[str]] | None = None
    """Role -> the policies that other resources attach to it; filled when first asked."""

    def type_of(self, logical_id: str) -> str:
        """Return a resource's type as the template writes it."""
        return _yaml.text_of(_yaml.get(self.sections.get(logical_id), "Type")) or ""

    def properties(self, logical_id: str) -> Node | None:
        """Return a resource's properties."""
        return _yaml.get(self.sections.get(logical_id), "Properties")

    def of_type(self, *types: str) -> Iterator[tuple[str, Node | None]]:
        """Yield id and properties of each resource of some types, in source order."""
        if not self.by_type:
            for order, logical_id in enumerate(self.sections):
                self.by_type.setdefault(self.type_of(logical_id), []).append((order, logical_id))
        for _, logical_id in sorted(row for kind in dict.fromkeys(types) for row in self.by_type.get(kind, ())):
            yield logical_id, self.properties(logical_id)

    def place(self, node: Node | None, route: str) -> Location:
        """Return where a node stands."""
        return Location(self.path, getattr(node, "line", 0), 0, route)

    def value(self, node: Node | None) -> Value | None:
        """Return a node's value, None where it is left out."""
        if node is None:
            return None
        value = self.resolver.value(node)
        return None if value == NO_VALUE else value

    def text(self, node: Node | None) -> Text | None:
        """Return a node's value when it is a text."""
        value = self.value(node)
        return None if value is None else first_text(value)

    def literal(self, node: Node | None) -> str | None:
        """Return the characters of a node when they are known."""
        text = self.text(node)
        return None if text is None else self.resolver.known(text)

    def reference(self, value: Value | None) -> str | None:
        """Return the logical id when a value is, or begins with, a reference to one resource."""
        text = None if value is None else first_text(value)
        if text is None:
            return None
        references = [part for part in text.parts if isinstance(part, TemplateRef)]
        if len(references) == 1 and isinstance(text.parts[0], TemplateRef):
            return references[0].logical_id
        if len(references) == 1 and text.parts[0] != references[0]:
            # An ARN written around a name: `arn:…:function:${Fn}`.
            first = text.parts[0]
            if isinstance(first, Literal) and first.text.startswith("arn:"):
                return references[0].logical_id
        return None

    def named(self, value: Value | None, *types: str) -> str | None:
        """Return the resource of some types that a value means, by reference or by name."""
        found = self.reference(value)
        if found is not None:
            return found if self._is(found, types) else None
        text = None if value is None else first_text(value)
        if text is None:
            return None
        return self.called(text, *types)

    def called(self, text: Text, *types: str) -> str | None:
        """Return the resource of some types whose explicit name is a text."""
        if not self.by_name:
            for logical_id, resource in self.resolver.resources.items():
                if resource.name is not None:
                    self.by_name.setdefault(resource.name, []).append(logical_id)
        return next((name for name in self.by_name.get(text, ()) if self._is(name, types)), None)

    def _is(self, logical_id: str, types: tuple[str, ...]) -> bool:
        resource = self.resolver.resources.get(logical_id)
        return resource is not None and (not types or resource.type in types)


def open_stack(
    root: Node,
    project: Project,
    path: Path,
    options: ReadOptions,
    given: dict[str, str],
    passed: dict[str, Value] | None = None,
    depth: int = 0,
) -> Stack:
    """Return the stack of a template's root node, its resources named and typed.

    Raises:
        InputError: the root is no template.
    """
    pseudo = {"Account": options.account, "Region": options.region, "Partition": options.partition}
    pseudo["StackName"] = options.stack_name
    known = {name: value for name, value in pseudo.items() if value}
    resources: dict[str, TemplateResource] = {}
    resolver = resolver_of(root, resources, given, known, passed)
    sections = dict(_yaml.entries(_yaml.get(root, "Resources")))
    stack = Stack(project, project.relative(path), path.parent, root, resolver, sections)
    for logical_id, node in sections.items():
        declared = _yaml.text_of(_yaml.get(node, "Type"))
        if declared is not None:
            resources[logical_id] = TemplateResource(logical_id=logical_id, type=declared)
    _add_generated(stack)
    if depth < _MAX_NESTING:
        _read_outputs(stack, options, depth)
    for logical_id in sections:
        if logical_id in resources:
            resources[logical_id] = _resource(stack, logical_id)
    return stack


def _read_outputs(stack: Stack, options: ReadOptions, depth: int) -> None:
    """Work out what the outputs of nested templates of the project are: patterns of names and ARNs."""
    for logical_id, properties in stack.of_type(*NESTED):
        place = _yaml.get(properties, "Location") or _yaml.get(properties, "TemplateURL")
        text = _yaml.text_of(place)
        path = None if text is None else stack.project.nested(stack.folder, text)
        if path is None:
            continue
        data = stack.project.read(path)
        if isinstance(data, Gap):
            continue
        try:
            root = _yaml.parse(data, stack.project.relative(path))
            inner = open_stack(root, stack.project, path, options, {}, None, depth + 1)
        except InputError:
            continue
        for name, node in _yaml.entries(_yaml.get(root, "Outputs")):
            value = inner.text(_yaml.get(node, "Value"))
            pattern = None if value is None else _pattern(inner, value)
            if pattern is not None and pattern.strip("*"):
                stack.resolver.outputs[f"{logical_id}.Outputs.{name}"] = pattern


def _pattern(stack: Stack, value: Text) -> str | None:
    """A text with `*` for all that only the deployment of a nested stack decides."""
    resources = stack.resolver.resources

    def known(match: re.Match[str]) -> str:
        resource = resources.get(match[1])
        name = None if resource is None or resource.name is None else stack.resolver.known(resource.name)
        kind = None if resource is None else resource_types().get(resource.type)
        if name is not None and kind is not None:
            return kind.bare(name) + kind.suffix
        if kind is None:
            return "*"
        words = {"stack": "*", "id": match[1], "stack:lower": "*", "id:lower": match[1].lower()}
        return re.sub(r"\{([\w:]+)\}", lambda word: words.get(word[1], "*"), kind.made)

    text = re.sub(r"\$\{\w+\}", "*", symbolic_text(value, resources))
    return re.sub(r"\{([^{}]+)\}", known, text)


def _add_generated(stack: Stack) -> None:
    """Add the resources that SAM makes and that a template may refer to."""
    resources = stack.resolver.resources
    for logical_id in tuple(stack.sections):
        node = stack.sections[logical_id]
        if stack.type_of(logical_id) != "AWS::Serverless::Function":
            continue
        role = f"{logical_id}Role"
        resources.setdefault(role, TemplateResource(logical_id=role, type="AWS::IAM::Role"))
        for _, event in _yaml.entries(_yaml.get(node, "Properties", "Events")):
            kind = _yaml.text_of(_yaml.get(event, "Type"))
            made = {"Api": "RestApi", "HttpApi": "HttpApi"}.get(kind or "")
            if made is not None:
                name = f"Serverless{made}"
                full = "AWS::ApiGateway::RestApi" if made == "RestApi" else "AWS::ApiGatewayV2::Api"
                resources.setdefault(name, TemplateResource(logical_id=name, type=full))


def _resource(stack: Stack, logical_id: str) -> TemplateResource:
    declared = stack.type_of(logical_id)
    kind = resource_types().get(declared)
    properties = stack.properties(logical_id)
    attributes: list[tuple[str, Value]] = []
    for key, node in _yaml.entries(properties):
        if isinstance(node, _yaml.Scalar) or intrinsic(node) is not None:
            value = stack.value(node)
            if isinstance(value, Text):
                attributes.append((key, value))
        elif key == "Parameters" and declared in NESTED:
            given = stack.value(node)
            if isinstance(given, MapValue):
                attributes.append((key, given))
    return TemplateResource(
        logical_id=logical_id,
        type=declared if kind is None else kind.type,
        name=stack.text(_yaml.get(properties, kind.name)) if kind and kind.name else None,
        kms_key=_customer_key(stack, properties, kind.kms) if kind and kind.kms else None,
        location=stack.place(stack.sections[logical_id], f"Resources.{logical_id}"),
        attributes=tuple(attributes),
    )


def _customer_key(stack: Stack, properties: Node | None, path: str) -> Value | None:
    value: Value | None = None
    node = properties
    for index, key in enumerate(path.split(".")):
        if isinstance(node, _yaml.Mapping) and not node.get(key) and len(node.entries) == 1:
            value = stack.value(node)
            for rest in path.split(".")[index:]:
                value = value.get(rest) if isinstance(value, MapValue) else None
            return _not_managed(stack, value)
        if key.isdigit():
            listed = _yaml.items(node)
            node = listed[int(key)] if len(listed) > int(key) else None
        else:
            node = _yaml.get(node, key)
        if node is None:
            return None
    return _not_managed(stack, stack.value(node))


def _not_managed(stack: Stack, value: Value | None) -> Value | None:
    text = None if value is None else first_text(value)
    known = None if text is None else stack.resolver.known(text)
    if known is not None and ("alias/aws/" in known or known == ""):
        return None
    return value
