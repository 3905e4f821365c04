"""`${…}` variables of serverless.yml, put in on the nodes of the file.

What enters is the file's root node; what leaves is the same tree with each variable replaced by
what it means: another node of the file (`self:`), a flag or its default (`opt:`), a file inside the
project (`file()`), a reference (`aws:`, `construct:`). Nothing comes from the process environment,
from AWS or from code: such a variable becomes an unknown value and a gap. Nodes keep their places.
Source: Serverless Framework guide, "Variables" (checked 2026-11).
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

from iamgen.errors import InputError
from iamgen.model.observation import Gap, GapReason, Location
from iamgen.model.value import TemplateRef, Text, Unresolved, Value
from iamgen.sources import _yaml
from iamgen.sources._project import Project
from iamgen.sources._yaml import Mapping, Node, Scalar, Sequence

_VARIABLE = re.compile(r"\$\{(?!AWS::)(?=[\w-]+[:(])([^${}]*)\}")
_NESTED = re.compile(r"\$\{(?:self|opt|sls|file|param|env|ssm|cf|s3|construct)\b[:(]")
_ADDRESS = re.compile(r"^\s*([\w-]+)(?:\(([^()]*)\))?(?::(.*))?$", re.DOTALL)
_MAX_DEPTH = 40
_MAX_PASSES = 30
_CONSTRUCTS = {
    "queueUrl": "",
    "queueArn": "Arn",
    "bucketName": "",
    "bucketArn": "Arn",
    "tableName": "",
    "tableStreamArn": "StreamArn",
    "busName": "",
    "dlqUrl": "",
}


@dataclass(slots=True)
class Variables:
    """Resolves the variables of one file."""

    root: Node
    project: Project
    folder: Path
    path: str
    options: dict[str, str]
    """What `opt:` and `param:` find."""
    stage: str
    region: str | None
    passed: dict[str, Value] = field(default_factory=dict)
    """Unknown values and references, by the names that stand for them in the result."""
    assumed: dict[str, str] = field(default_factory=dict)
    gaps: list[Gap] = field(default_factory=list)
    budget: _yaml.Budget = field(default_factory=_yaml.Budget)
    _files: dict[str, Node | None] = field(default_factory=dict)

    def resolved(self, node: Node, depth: int = 0) -> Node:
        """Return a node with all variables put in."""
        self.budget.step()
        if depth > _MAX_DEPTH:
            return node
        match node:
            case Scalar():
                return self._scalar(node, depth)
            case Sequence():
                items = tuple(self.resolved(item, depth + 1) for item in node.items)
                return Sequence(items, node.tag, node.line, node.start, node.end)
            case Mapping():
                pairs = tuple((key, self.resolved(item, depth + 1)) for key, item in node.entries)
                return Mapping(pairs, node.tag, node.line, node.start, node.end)

    def _scalar(self, node: Scalar, depth: int) -> Node:
        if "${" not in node.text:
            return node
        text = node.text
        for _ in range(_MAX_PASSES):
            match = _VARIABLE.search(text)
            if match is None:
                break
            found = self._variable(match[1], node, depth)
            if match[0] == text.strip() and not isinstance(found, Scalar):
                return _at(found, node)
            if match[0] == text.strip() and isinstance(found, Scalar) and "${" not in found.text:
                return Scalar(found.text, found.tag or node.tag, found.plain, node.line, node.start, node.end)
            spelled = found.text if isinstance(found, Scalar) else self._unknown(match[0], node)
            text = text[: match.start()] + spelled + text[match.end() :]
        if _NESTED.search(text):
            text = self._unknown(node.text, node)
        needs_sub = "${" in text and node.tag is None
        tag = "!Sub" if needs_sub else node.tag
        return Scalar(text, tag, line=node.line, start=node.start, end=node.end)

    def _variable(self, body: str, place: Scalar, depth: int) -> Node:
        """The node that a variable means: the first of its alternatives that is known."""
        alternatives = _alternatives(body)
        for index, alternative in enumerate(alternatives):
            found = self._source(alternative, place, depth)
            if found is not None:
                first = _ADDRESS.match(alternatives[0])
                if index and first is not None and first[1] == "opt" and first[3]:
                    self._assume(first[3].strip(), found)
                return found
        if any(text.startswith("opt:stage") for text in alternatives):
            return _yaml.scalar(self._stage())
        return Scalar(self._unknown("${" + body + "}", place), line=place.line)

    def _assume(self, name: str, found: Node) -> None:
        if isinstance(found, Scalar) and "${" not in found.text:
            self.assumed[name] = found.text

    def _source(self, text: str, place: Scalar, depth: int) -> Node | None:
        if text[:1] in "\"'" and text[-1:] == text[:1]:
            return _yaml.scalar(text[1:-1])
        match = _ADDRESS.match(text)
        if match is None:
            return _yaml.scalar(text) if text else None
        kind, argument, address = match[1], match[2], (match[3] or "").strip()
        if argument is None and match[3] is None:
            return Scalar(text, plain=True)
        match kind:
            case "self":
                return self._self(address, depth)
            case "opt":
                return self._option(address)
            case "sls":
                return _yaml.scalar(self._stage()) if address == "stage" else None
            case "param":
                found = self.options.get(address)
                return self._param(address, depth) if found is None else _yaml.scalar(found)
            case "aws":
                known = {"accountId": "${AWS::AccountId}", "region": "${AWS::Region}"}
                return Scalar(known[address]) if address in known else None
            case "construct":
                return self._construct(address)
            case "file":
                found_node = self._file(argument or "", address, depth)
                return None if found_node is None else self._moved(found_node, place)
            case "strToBool":
                return _yaml.scalar(argument or "")
            case _:
                return None

    def _stage(self) -> str:
        if "stage" not in self.options:
            self.assumed["stage"] = self.stage
        return self.stage

    def _option(self, name: str) -> Node | None:
        found = self.options.get(name)
        return None if found is None else _yaml.scalar(found)

    def _self(self, address: str, depth: int) -> Node | None:
        if depth > _MAX_DEPTH:
            return None
        steps = [step for step in address.split(".") if step]
        if steps == ["provider", "stage"]:
            return _yaml.scalar(self._stage())
        if steps == ["provider", "region"] and _yaml.get(self.root, *steps) is None:
            return Scalar("${AWS::Region}") if self.region is None else _yaml.scalar(self.region)
        if steps[:1] == ["service"] and len(steps) == 1:
            steps = ["service"]
            if isinstance(_yaml.get(self.root, "service"), Mapping):
                steps = ["service", "name"]
        node: Node | None = self.root
        for step in steps:
            if isinstance(node, Scalar):
                node = self.resolved(node, depth + 1)
            node = _step(node, step)
        return None if node is None else self.resolved(node, depth + 1)

    def _param(self, name: str, depth: int) -> Node | None:
        for stage in (self.stage, "default"):
            node = _yaml.get(self.root, "params", stage, name)
            if node is not None:
                return self.resolved(node, depth + 1)
            node = _yaml.get(self.root, "stages", stage, "params", name)
            if node is not None:
                return self.resolved(node, depth + 1)
        return None

    def _construct(self, address: str) -> Node | None:
        name, _, attribute = address.partition(".")
        if _yaml.get(self.root, "constructs", name) is None or attribute not in _CONSTRUCTS:
            return None
        key = f"SlsConstruct{len(self.passed)}"
        self.passed[key] = Text((TemplateRef(name, _CONSTRUCTS[attribute]),))
        return Scalar("${" + key + "}")

    def _file(self, argument: str, address: str, depth: int) -> Node | None:
        name = argument.strip().strip("\"'")
        if name not in self._files:
            self._files[name] = self._read(name)
        node = self._files[name]
        for step in (part for part in address.split(".") if part):
            if isinstance(node, Scalar):
                node = self.resolved(node, depth + 1)
            node = _step(node, step)
        return None if node is None else self.resolved(node, depth + 1)

    def _moved(self, node: Node, place: Scalar) -> Node:
        """A node of another file at the place that names it: its own place is not in this file."""
        self.budget.step()
        spot = (place.line, place.start, place.end)
        match node:
            case Scalar():
                return Scalar(node.text, node.tag, node.plain, *spot)
            case Sequence():
                return Sequence(tuple(self._moved(item, place) for item in node.items), node.tag, *spot)
            case Mapping():
                pairs = tuple(
                    (Scalar(key.text, key.tag, key.plain, *spot), self._moved(item, place))
                    for key, item in node.entries
                )
                return Mapping(pairs, node.tag, *spot)

    def _read(self, name: str) -> Node | None:
        if not name.lower().endswith((".yml", ".yaml", ".json")):
            return None
        file = self.folder / name.removeprefix("./")
        if not file.exists():
            return None
        data = self.project.read(file)
        if isinstance(data, Gap):
            self.gaps.append(data)
            return None
        try:
            return _yaml.parse(data, self.project.relative(file))
        except InputError as error:
            place = Location(self.project.relative(file))
            self.gaps.append(Gap(GapReason.SYNTAX_ERROR, str(error), place, None))
            return None

    def _unknown(self, text: str, place: Scalar) -> str:
        key = f"SlsUnknown{len(self.passed)}"
        self.passed[key] = Text((Unresolved(text[:80]),))
        spot = Location(self.path, place.line)
        self.gaps.append(Gap(GapReason.TEMPLATE_VALUE, f"`{text[:80]}` is not known", spot))
        return "${" + key + "}"


def _step(node: Node | None, step: str) -> Node | None:
    if isinstance(node, Sequence) and step.isdigit():
        return node.items[int(step)] if int(step) < len(node.items) else None
    return _yaml.get(node, step)


def _at(node: Node, place: Scalar) -> Node:
    """A node in another's stead; what came from another file stands where it is named."""
    if isinstance(node, Sequence):
        return Sequence(node.items, node.tag, place.line, place.start, place.end)
    if isinstance(node, Mapping):
        return Mapping(node.entries, node.tag, place.line, place.start, place.end)
    return node


def _alternatives(body: str) -> list[str]:
    found, depth, start, quote = [], 0, 0, ""
    for index, char in enumerate(body):
        if quote:
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        elif char in "({":
            depth += 1
        elif char in ")}":
            depth -= 1
        elif char == "," and depth == 0:
            found.append(body[start:index].strip())
            start = index + 1
    found.append(body[start:].strip())
    return found
