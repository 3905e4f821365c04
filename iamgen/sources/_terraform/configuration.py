"""Terraform modules: variables, locals, data, resources by `count` and `for_each`, children."""

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from iamgen.access.resource_types import resource_types
from iamgen.model.observation import Gap, GapReason, Location
from iamgen.model.value import Literal, ParameterRef, PseudoParameter, Text
from iamgen.sources._project import Project
from iamgen.sources._terraform import hcl
from iamgen.sources._terraform.expressions import Evaluator
from iamgen.sources._terraform.hcl import Block
from iamgen.sources._terraform.registry import Packaged, packaged
from iamgen.sources._terraform.values import (
    UNSEEN,
    Reference,
    Unseen,
    attribute_text,
    plain,
)

ROOT_MARK = "@project/"
_MAX_INSTANCES = 200
_MAX_MODULES = 200
_MAX_DEPTH = 12


@dataclass(eq=False, slots=True)
class Resource:
    """One resource or data source as it will be deployed."""

    address: str
    type: str
    values: dict[str, Any]
    location: Location
    span: tuple[int, int] | None = None
    folder: str = ""
    """Folder of its module, relative to the project."""

    def rows(self, name: str) -> list[dict[str, Any]]:
        """Return the nested blocks of a type, as written or as a list of objects."""
        value = self.values.get(name)
        if isinstance(value, dict):
            return [value]
        return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


@dataclass(slots=True)
class Shared:
    """What all modules of one configuration share."""

    project: Project
    given: dict[str, str]
    gaps: list[Gap] = field(default_factory=list)
    assumed: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    resources: dict[str, Resource] = field(default_factory=dict)
    included: list[str] = field(default_factory=list)
    modules: int = 0


class Module:
    """One module call: its blocks and what it was given."""

    def __init__(self, shared: Shared, folder: Path, prefix: str, inputs: Mapping[str, Any], depth: int) -> None:
        self.shared = shared
        self.folder = folder
        self.prefix = prefix
        self.inputs = inputs
        self.depth = depth
        self.evaluator = Evaluator(self)
        self.variables: dict[str, Block] = {}
        self.locals: dict[str, Any] = {}
        self.outputs: dict[str, Block] = {}
        self.calls: dict[str, Block] = {}
        self.blocks: list[Block] = []
        self.children: dict[str, Module | Packaged | None] = {}
        self.known: dict[str, Any] = {}
        self._open: set[str] = set()
        self.relative = shared.project.relative(folder)
        self._load()

    def _load(self) -> None:
        shared = self.shared
        files = sorted(path for path in self.folder.glob("*.tf") if path.is_file())
        for file in files:
            data = shared.project.read(file)
            if isinstance(data, Gap):
                shared.gaps.append(data)
                continue
            relative = shared.project.relative(file)
            if self.depth:
                shared.included.append(relative)
            blocks, gaps = hcl.parse_file(relative, data)
            shared.gaps.extend(gaps)
            for block in blocks:
                self._sort(block)

    def _sort(self, block: Block) -> None:
        name = block.labels[0] if block.labels else ""
        match block.type:
            case "variable":
                self.variables[name] = block
            case "locals":
                self.locals.update(block.attributes)
            case "output":
                self.outputs[name] = block
            case "module":
                self.calls[name] = block
            case "resource" | "data" if len(block.labels) == 2:
                self.blocks.append(block)
            case _:
                return

    # -- reading --

    def read(self) -> None:
        """Work out the resources of this module and of the modules it calls."""
        for block in self.blocks:
            for address, scope in self._instances(block):
                self._declare(block, address, scope)
        for name in self.calls:
            self._child(name)
        for block in self.blocks:
            for address, scope in self._instances(block):
                values = self.block_values(block, scope)
                self.shared.resources[address].values.update(values)

    def _declare(self, block: Block, address: str, scope: Mapping[str, Any]) -> None:
        del scope
        kind = block.labels[0]
        self.shared.resources[address] = Resource(
            address,
            kind if block.type == "resource" else f"data.{kind}",
            {},
            Location(block.path, block.line, block.end_line, address),
            (block.start, block.end),
            self.relative,
        )

    def _instances(self, block: Block) -> Iterator[tuple[str, dict[str, Any]]]:
        base = self.address(block.type, *block.labels)
        count = block.attributes.get("count")
        each = block.attributes.get("for_each")
        if count is not None:
            found = self.evaluator.value(count, {})
            if isinstance(found, Text) and found.literal == "0":
                return
            yield base, {"count": {"index": Text.of("0")}}
            return
        if each is None:
            yield base, {}
            return
        found = self.evaluator.value(each, {})
        pairs: list[tuple[str | None, Any]] = []
        if isinstance(found, dict):
            pairs = list(found.items())
        elif isinstance(found, list):
            pairs = [(item.literal if isinstance(item, Text) else None, item) for item in found]
        known = [(key, item) for key, item in pairs if key is not None][:_MAX_INSTANCES]
        if not known:
            yield base, {"each": {"key": UNSEEN, "value": UNSEEN}}
        for key, item in known:
            yield f'{base}["{key}"]', {"each": {"key": Text.of(key), "value": item}}

    def address(self, kind: str, *labels: str) -> str:
        """Return the address of a block."""
        body = ".".join(labels)
        return f"{self.prefix}data.{body}" if kind == "data" else f"{self.prefix}{body}"

    def block_values(self, block: Block, scope: Mapping[str, Any]) -> dict[str, Any]:
        """Return a block's attributes and its inner blocks as lists of objects."""
        found: dict[str, Any] = {}
        for name, node in block.attributes.items():
            if name not in ("count", "for_each", "depends_on", "provider"):
                found[name] = self.evaluator.value(node, scope)
        for inner in block.blocks:
            if inner.type == "dynamic" and inner.labels:
                rows = list(self._dynamic(inner, scope))
                found.setdefault(inner.labels[0], []).extend(rows)
            elif inner.type not in ("lifecycle", "provisioner", "connection", "timeouts"):
                found.setdefault(inner.type, []).append(self.block_values(inner, scope))
        return found

    def _dynamic(self, block: Block, scope: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        content = next((inner for inner in block.blocks if inner.type == "content"), None)
        node = block.attributes.get("for_each")
        if content is None or node is None:
            return
        items = self.evaluator.value(node, scope)
        name = block.labels[0]
        pairs: list[tuple[Any, Any]] = [(UNSEEN, UNSEEN)]
        if isinstance(items, list):
            pairs = [(Text.of(str(index)), item) for index, item in enumerate(items)]
        elif isinstance(items, dict):
            pairs = [(Text.of(key), item) for key, item in items.items()]
        for key, item in pairs[:_MAX_INSTANCES]:
            own = {**scope, name: {"key": key, "value": item}}
            yield self.block_values(content, own)

    # -- names --

    def look_up(self, name: str, steps: list[Any], scope: Mapping[str, Any]) -> tuple[Any, int]:
        """Return the value of a reference and how many of its steps that took."""
        if name in scope:
            return scope[name], 0
        first = steps[0] if steps and isinstance(steps[0], str) else None
        if name == "path":
            folder = self.relative if first == "module" else ""
            return Text.of(ROOT_MARK + ("" if folder == "." else folder)), 1
        if first is None:
            return Unseen(name), 0
        match name:
            case "var":
                return self._remembered(f"var.{first}", lambda: self._variable(first)), 1
            case "local":
                return self._remembered(f"local.{first}", lambda: self._local(first)), 1
            case "module":
                return self._child(first) or Unseen(f"module.{first}"), 1
            case "terraform":
                return Unseen("terraform workspace"), 1
            case "data" if len(steps) > 1 and isinstance(steps[1], str):
                return self._data(first, steps[1]), 2
            case _:
                address = f"{self.prefix}{name}.{first}"
                return Reference(address, name), 1

    def _remembered(self, key: str, work: Any) -> Any:
        if key in self.known:
            return self.known[key]
        if key in self._open:
            return Unseen(f"{key} refers to itself")
        self._open.add(key)
        try:
            self.known[key] = work()
        finally:
            self._open.discard(key)
        return self.known[key]

    def _variable(self, name: str) -> Any:
        if self.prefix:
            if name in self.inputs:
                return self.inputs[name]
        elif name in self.shared.given:
            value = self.shared.given[name]
            self.shared.parameters[f"var.{name}"] = value
            return Text((ParameterRef(f"var.{name}", value),))
        elif name in self.inputs:
            found = self.inputs[name]
            known = found.literal if isinstance(found, Text) else None
            if known is None:
                return found
            self.shared.parameters[f"var.{name}"] = known
            return Text((ParameterRef(f"var.{name}", known),))
        block = self.variables.get(name)
        node = None if block is None else block.attributes.get("default")
        if node is None:
            return Text((ParameterRef(f"{self.prefix}var.{name}"),))
        found = self.evaluator.value(node, {})
        known = found.literal if isinstance(found, Text) else None
        if known is None:
            return found
        self.shared.assumed[f"{self.prefix}var.{name}"] = known
        self.shared.parameters[f"{self.prefix}var.{name}"] = known
        return Text((ParameterRef(f"{self.prefix}var.{name}", known),))

    def _local(self, name: str) -> Any:
        node = self.locals.get(name)
        return Unseen(f"local.{name}") if node is None else self.evaluator.value(node, {})

    def _data(self, kind: str, name: str) -> Any:
        pseudo = _PSEUDO.get(kind)
        if pseudo is not None:
            return {key: Text((PseudoParameter(word),)) for key, word in pseudo.items()}
        return Reference(f"{self.prefix}data.{kind}.{name}", f"data.{kind}")

    def member(self, value: Any, step: Any) -> Any:
        """Return an attribute or an element of a value."""
        if isinstance(step, tuple):
            return self._element(value, step[1])
        if step == "*":
            return value if isinstance(value, list) else [value]
        if isinstance(value, list):
            return [self.member(item, step) for item in value]
        if isinstance(value, dict):
            return value.get(step, UNSEEN)
        if isinstance(value, Module):
            return value._remembered(f"output.{step}", lambda: value._output(step))
        if isinstance(value, Packaged):
            return value.output(step)
        if isinstance(value, Reference):
            return self._attribute(value, step)
        return value if isinstance(value, Unseen) else UNSEEN

    def _element(self, value: Any, key: str | None) -> Any:
        if isinstance(value, Reference):
            address = f'{value.address}["{key}"]'
            known = key is not None and address in self.shared.resources
            return Reference(address, value.type) if known else value
        if isinstance(value, list) and key is not None and key.isdigit():
            return value[int(key)] if int(key) < len(value) else UNSEEN
        if isinstance(value, dict) and key is not None:
            return value.get(key, UNSEEN)
        return value if isinstance(value, Module | Packaged) else UNSEEN

    def _attribute(self, reference: Reference, name: str) -> Any:
        is_data = reference.type.startswith("data.")
        kind = reference.type.removeprefix("data.")
        if kind == "aws_iam_policy_document" and name in ("json", "minified_json"):
            return self._remembered(f"{reference.address}.json", lambda: self._document(reference.address))
        known = attribute_text(Reference(reference.address, kind), name)
        if known is not None and (not is_data or resource_types().of_terraform(kind) is not None):
            return known
        found = self.shared.resources.get(reference.address)
        block = self._block_of(reference)
        if block is not None and name in block.attributes:
            key = f"{reference.address}.{name}"
            node = block.attributes[name]
            return self._remembered(key, lambda: self.evaluator.value(node, {}))
        if found is not None and name in found.values:
            return found.values[name]
        return Unseen(f"{reference.address}.{name}")

    def _block_of(self, reference: Reference) -> Block | None:
        for block in self.blocks:
            address = self.address(block.type, *block.labels)
            if reference.address == address or reference.address.startswith(f"{address}["):
                return block
        return None

    def _document(self, address: str) -> Any:
        """A policy document of `aws_iam_policy_document`, as an object."""
        for block in self.blocks:
            if self.address(block.type, *block.labels) != address:
                continue
            values = self.block_values(block, {})
            statements = [_statement(row) for row in _rows(values.get("statement"))]
            for word in ("source_policy_documents", "override_policy_documents"):
                for inner in _rows(values.get(word)):
                    listed = inner.get("Statement")
                    statements.extend(_rows(listed if isinstance(listed, list) else [listed]))
            return {"Version": Text.of("2012-10-17"), "Statement": statements}
        return Unseen(address)

    def read_text(self, name: str) -> Any:
        """Return the content of a file of the project."""
        project = self.shared.project
        if name.startswith(ROOT_MARK):
            path = project.root / posixpath.normpath(name.removeprefix(ROOT_MARK).lstrip("/"))
        else:
            path = self.folder / name
        data = project.read(path)
        if isinstance(data, Gap):
            self.shared.gaps.append(data)
            return Unseen(f"file {name}")
        return Text((Literal(data.decode("utf-8", "replace")),))

    # -- child modules --

    def _output(self, name: str) -> Any:
        block = self.outputs.get(name)
        node = None if block is None else block.attributes.get("value")
        return Unseen(f"output {name}") if node is None else self.evaluator.value(node, {})

    def _add_packaged(self, known: Packaged, block: Block) -> None:
        """Add the resource that a module of the registry stands for, and its role."""
        place = Location(block.path, block.line, block.end_line, known.address)
        kind = known.row["type"]
        made = Resource(known.address, kind, {}, place, None, self.relative)
        self.shared.resources[known.address] = made
        given = self.block_values(block, {"each": {"key": UNSEEN, "value": UNSEEN}})
        made.values.update(known.values(given))
        role = known.role(given)
        if role is not None:
            address = f"{known.address}.aws_iam_role.lambda"
            self.shared.resources[address] = Resource(address, "aws_iam_role", role, place, None, self.relative)

    def _child(self, name: str) -> "Module | Packaged | None":
        if name in self.children:
            return self.children[name]
        self.children[name] = None
        block = self.calls.get(name)
        if block is None or self.depth >= _MAX_DEPTH or self.shared.modules >= _MAX_MODULES:
            return None
        node = block.attributes.get("source")
        source = self.evaluator.value(node, {}) if node is not None else UNSEEN
        text = source.literal if isinstance(source, Text) else None
        folder = self._local_folder(text)
        known = packaged(text, f"{self.prefix}module.{name}") if folder is None else None
        if known is not None:
            self.children[name] = known
            self._add_packaged(known, block)
            return known
        if folder is None:
            place = Location(block.path, block.line)
            detail = f"module `{name}` is not in the project: {text or 'unknown source'}"
            self.shared.gaps.append(Gap(GapReason.TEMPLATE_FORM, detail, place, None))
            return None
        self.shared.modules += 1
        values = self.block_values(block, {"each": {"key": UNSEEN, "value": UNSEEN}})
        child = Module(self.shared, folder, f"{self.prefix}module.{name}.", values, self.depth + 1)
        self.children[name] = child
        child.read()
        return child

    def _local_folder(self, source: str | None) -> Path | None:
        if source is None or not source.startswith(("./", "../")):
            return None
        folder = Path(posixpath.normpath(f"{self.folder.as_posix()}/{source}"))
        return folder if folder.is_dir() and self.shared.project.holds(folder) else None


_PSEUDO = {
    "aws_caller_identity": {"account_id": "Account", "id": "Account"},
    "aws_region": {"name": "Region", "id": "Region", "region": "Region"},
    "aws_partition": {"partition": "Partition", "id": "Partition", "dns_suffix": "UrlSuffix"},
}


def _statement(row: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"Effect": row.get("effect") or Text.of("Allow")}
    words = {
        "sid": "Sid",
        "actions": "Action",
        "not_actions": "NotAction",
        "resources": "Resource",
        "not_resources": "NotResource",
    }
    for key, name in words.items():
        if key in row:
            found[name] = row[key]
    for key, name in (("principals", "Principal"), ("not_principals", "NotPrincipal")):
        rows = _rows(row.get(key))
        if rows:
            found[name] = {_word(entry.get("type")): entry.get("identifiers") for entry in rows}
    conditions: dict[str, Any] = {}
    for entry in _rows(row.get("condition")):
        keys = conditions.setdefault(_word(entry.get("test")), {})
        keys[_word(entry.get("variable"))] = entry.get("values")
    if conditions:
        found["Condition"] = conditions
    return found


def _rows(value: Any) -> list[dict[str, Any]]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def _word(value: Any) -> str:
    return (value.literal if isinstance(value, Text) else None) or "?"


def variable_files(project: Project, folder: Path, extra: tuple[Path, ...]) -> dict[str, Any]:
    """Return the variables that tfvars files set, later files over earlier ones."""
    found: dict[str, Any] = {}
    listed = [folder / "terraform.tfvars", *sorted(folder.glob("*.auto.tfvars"))]
    listed += [path if path.is_absolute() else Path.cwd() / path for path in extra]
    for file in listed:
        if not file.is_file():
            continue
        data = project.read(file)
        if isinstance(data, Gap):
            continue
        if file.suffix == ".json":
            from iamgen.sources._yaml import parse_json

            found.update(plain(parse_json(data, str(file))))
            continue
        wrapped = b"values {\n" + data + b"\n}\n"
        blocks, _ = hcl.parse_file(project.relative(file), wrapped)
        empty = Module(Shared(project, {}), folder / ".none", "", {}, 1)
        for block in blocks:
            found.update(empty.block_values(block, {}))
    return found
