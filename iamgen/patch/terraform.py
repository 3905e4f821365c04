"""The policies of a role in Terraform, written in place.

Known forms: `aws_iam_role_policy` and `aws_iam_policy` whose `policy` is a policy document data
source, `jsonencode({…})` or a heredoc of JSON; attachments of AWS managed policies, which go when
the statements carry their grants. One policy of the role takes all statements.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from iamgen.errors import InputError
from iamgen.model.function import TemplateResource
from iamgen.model.notation import (
    TERRAFORM_PSEUDO,
    hcl_document_statements,
    hcl_json_statements,
    paired,
    resources_of,
)
from iamgen.model.policy import Policy
from iamgen.model.symbol import References, express_terraform
from iamgen.patch._edits import Splice, apply, merged, refuse
from iamgen.patch._positions import line_end, line_start
from iamgen.patch._target import Note, PatchTarget

MAX_CHARS = 10_000_000
_MANAGED = re.compile(r"arn:[^:]*:iam::aws:policy/(?P<name>.+)")


@dataclass(eq=False, slots=True)
class Block:
    """One block of a file."""

    kind: str
    """`resource` or `data`, or the name of a nested block."""
    type: str
    name: str
    start: int
    end: int
    attributes: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Name -> range of its expression."""
    blocks: list["Block"] = field(default_factory=list)
    expressions: dict[str, Any] = field(default_factory=dict)
    """Name -> syntax node of its expression."""

    @property
    def address(self) -> str:
        """The address by which expressions refer to it."""
        head = "data." if self.kind == "data" else ""
        return f"{head}{self.type}.{self.name}"


@dataclass(slots=True)
class _File:
    text: str
    path: str
    blocks: list[Block]

    def source(self, block: Block, name: str) -> str:
        """Return the text of an attribute's expression, "" without one."""
        span = block.attributes.get(name)
        return self.text[span[0] : span[1]] if span else ""


def patch_terraform(text: str, path: str, target: PatchTarget) -> tuple[list[Splice], tuple[Note, ...]]:
    """Return the splices that make the role's policies say the target's policy; none when they do.

    Raises:
        InputError: the text is no HCL, or its form cannot be patched.
    """
    file = _File(text, path, parse_blocks(text, path))
    role = _role(file, target)
    notes: list[Note] = []
    holders, splices = _policies_of(file, role, target, notes)
    known = _references(file, target)
    if not holders:
        if not target.policy.statements:
            return splices, tuple(notes)
        splices.append(_fresh_policy(file, role, target, known))
    else:
        splices += _write(file, holders[0], target, known)
    for holder in holders[1:]:
        splices += _remove(file, holder)
    splices = merged(splices, path)
    if splices:
        _check(file, splices, target, known)
    return splices, tuple(notes)


def _role(file: _File, target: PatchTarget) -> Block:
    wanted = (target.role or "").rpartition("aws_iam_role.")[2].split("[")[0]
    for block in file.blocks:
        if block.kind == "resource" and block.type == "aws_iam_role" and block.name == wanted:
            return block
    raise refuse(f"{file.path} {target.role or target.functions[0]}", "the role is not here")


def _managed_name(file: _File, expression: str) -> str | None:
    """Return the name of the AWS managed policy that an expression stands for, None for others."""
    literal = re.fullmatch(r'"([^"]*)"', expression)
    text = literal.group(1) if literal else ""
    data = re.fullmatch(r"data\.aws_iam_policy\.([\w-]+)\.(?:arn|id)", expression)
    for block in file.blocks if data else ():
        if block.kind == "data" and block.type == "aws_iam_policy" and data is not None:
            if block.name != data.group(1):
                continue
            text = file.source(block, "arn").strip('"')
            if not text:
                return file.source(block, "name").strip('"') or None
    match = _MANAGED.fullmatch(text)
    return match.group("name").rpartition("/")[2] if match else None


def _policies_of(file: _File, role: Block, target: PatchTarget, notes: list[Note]) -> tuple[list[Block], list[Splice]]:
    """Return all policies of the role, and the splices that take AWS managed ones out."""
    inline = [block for block in role.blocks if block.kind == "inline_policy" and "policy" in block.attributes]
    attached, splices = _attached(file, role, target, notes)
    listed, more = _managed_arns(file, role, target, notes)
    return [*inline, *attached, *listed], [*splices, *more]


def _managed_arns(file: _File, role: Block, target: PatchTarget, notes: list[Note]) -> tuple[list[Block], list[Splice]]:
    """Return the policies that `managed_policy_arns` names, and the splice for those that go."""
    span = role.attributes.get("managed_policy_arns")
    if span is None:
        return [], []
    place = f"{file.path} {role.address} managed_policy_arns"
    listed = file.text[span[0] : span[1]]
    if not (listed.startswith("[") and listed.endswith("]")):
        raise refuse(place, "it is no plain list")
    entries = [entry.strip() for entry in listed[1:-1].split(",") if entry.strip()]
    holders: list[Block] = []
    kept: list[str] = []
    for entry in entries:
        policy = _find(file, "aws_iam_policy", entry)
        name = _managed_name(file, entry)
        if policy is not None:
            if sum(policy.address in file.text[b.start : b.end] for b in file.blocks) > 2:
                raise refuse(f"{file.path} {policy.address}", "other roles use this policy")
            holders.append(policy)
            kept.append(entry)
        elif name is not None and target.is_known(name):
            notes.append(Note(key="managed-replaced", detail=name, place=place))
        else:
            notes.append(Note(key="managed-kept", detail=name or entry, place=place))
            kept.append(entry)
    if kept == entries:
        return holders, []
    if kept:
        return holders, [Splice(span[0], span[1], f"[{', '.join(kept)}]")]
    start = line_start(file.text, span[0])
    end = line_end(file.text, span[1])
    if file.text[span[1] : end].strip():
        raise refuse(place, "something stands behind it on its line")
    return holders, [Splice(start, end, "")]


def _fresh_policy(file: _File, role: Block, target: PatchTarget, known: References) -> Splice:
    """Return the splice that puts a policy behind a role that has none."""
    address = f"aws_iam_role_policy.{role.name}"
    if any(block.address == address for block in file.blocks):
        raise refuse(f"{file.path} {address}", "the name is taken")
    if "count" in role.attributes or "for_each" in role.attributes:
        raise refuse(f"{file.path} {role.address}", "it stands for several resources")
    policy, symbolic = _plain_pseudo(target, file, known)
    lines = hcl_json_statements(policy, symbolic, known, 4)
    text = "\n".join(
        [
            "",
            f'resource "aws_iam_role_policy" "{role.name}" {{',
            f"  role = {role.address}.id",
            "  policy = jsonencode({",
            '    Version   = "2012-10-17"',
            f"    Statement = {lines[0]}",
            *lines[1:],
            "  })",
            "}",
            "",
        ]
    )
    at = line_end(file.text, role.end)
    return Splice(at, at, text if file.text[:at].endswith("\n") else "\n" + text)


def _attached(file: _File, role: Block, target: PatchTarget, notes: list[Note]) -> tuple[list[Block], list[Splice]]:
    """Return the policies of the role in order, and the splices that take attachments out."""
    holders: list[Block] = []
    splices: list[Splice] = []
    for block in file.blocks:
        if block.kind != "resource" or not _names(file.source(block, "role"), role):
            continue
        place = f"{file.path} {block.address}"
        if "count" in block.attributes or "for_each" in block.attributes:
            raise refuse(place, "it stands for several resources")
        if block.type == "aws_iam_role_policy":
            holders.append(block)
        elif block.type == "aws_iam_role_policy_attachment":
            arn = file.source(block, "policy_arn")
            policy = _find(file, "aws_iam_policy", arn)
            if policy is not None:
                users = sum(policy.address in file.source(b, "policy_arn") for b in file.blocks)
                if users > 1:
                    raise refuse(f"{file.path} {policy.address}", "other roles use this policy")
                holders.append(policy)
                continue
            name = _managed_name(file, arn)
            if name is None or not target.is_known(name):
                notes.append(Note(key="managed-kept", detail=name or arn, place=place))
                continue
            notes.append(Note(key="managed-replaced", detail=name, place=place))
            splices.append(_cut(file.text, block))
    return holders, splices


def _names(expression: str, role: Block) -> bool:
    return re.fullmatch(rf'"?(\$\{{)?{re.escape(role.address)}\.(id|name)(\}})?"?', expression) is not None


def _find(file: _File, kind: str, expression: str) -> Block | None:
    match = re.match(rf'"?(?:\$\{{)?{kind}\.([\w-]+)\.(?:arn|id|json)', expression)
    if match is None:
        return None
    return next(
        (block for block in file.blocks if block.type == kind and block.name == match.group(1)),
        None,
    )


def _cut(text: str, block: Block) -> Splice:
    """Return the splice that takes out a block with the blank line behind it."""
    start = line_start(text, block.start)
    end = line_end(text, block.end)
    if not text[end : line_end(text, end)].strip() and end < len(text):
        end = line_end(text, end)
    return Splice(start, end, "")


def _remove(file: _File, holder: Block) -> list[Splice]:
    """Return the splices that take out one more policy, its attachment and its document."""
    splices = [_cut(file.text, holder)]
    if holder.kind == "inline_policy":
        return splices
    splices += [
        _cut(file.text, block)
        for block in file.blocks
        if block is not holder and holder.address in file.source(block, "policy_arn")
    ]
    rest = file.text
    for splice in sorted(splices, reverse=True):
        rest = rest[: splice.start] + rest[splice.end :]
    if re.search(rf"\b{re.escape(holder.address)}\b", rest):
        raise refuse(f"{file.path} {holder.address}", "something else refers to this policy")
    document = _find(file, "aws_iam_policy_document", file.source(holder, "policy").removeprefix("data."))
    if document is not None and rest.count(f"{document.address}.") == 0:
        splices.append(_cut(file.text, document))
    return splices


def _references(file: _File, target: PatchTarget) -> References:
    """Return the resources of the file by address, with the types of the table."""
    kinds = {name: kind for kind, entry in target.types.items() for name in entry.get("terraform", ())}
    found: dict[str, TemplateResource] = {}
    for block in file.blocks:
        if block.kind == "resource" and block.type in kinds:
            found[block.address] = TemplateResource(
                logical_id=block.address, type=kinds[block.type], reference=block.address
            )
    return References(resources=found, types=target.types)


def _write(file: _File, holder: Block, target: PatchTarget, known: References) -> list[Splice]:
    place = f"{file.path} {holder.address}"
    expression = file.source(holder, "policy")
    if expression.startswith("data.aws_iam_policy_document."):
        document = _find(file, "aws_iam_policy_document", expression.removeprefix("data."))
        if document is None:
            raise refuse(place, "its policy document is not in this file")
        return _document(file, document, target, known)
    if re.match(r"jsonencode\s*\(", expression):
        return _jsonencode(file, holder, target, known)
    if expression.startswith("<<"):
        return _heredoc(file, holder, target, known)
    raise refuse(place, "its policy is no document, jsonencode or heredoc")


def _document(file: _File, document: Block, target: PatchTarget, known: References) -> list[Splice]:
    place = f"{file.path} {document.address}"
    odd = [block.kind for block in document.blocks if block.kind != "statement"]
    merged_in = [name for name in document.attributes if name.startswith(("source_", "override_"))]
    if odd or merged_in:
        raise refuse(place, f"it has {(odd + merged_in)[0]}")
    if not document.blocks:
        raise refuse(place, "it has no statement")
    start = document.blocks[0].start
    end = document.blocks[-1].end
    if any(document.attributes[name][0] > start for name in document.attributes):
        raise refuse(place, "an attribute stands between its statements")
    indent = start - line_start(file.text, start)
    policy, symbolic = _plain_pseudo(target, file, known)
    lines = hcl_document_statements(policy, symbolic, known, indent)
    text = "\n".join(lines)[indent:]
    return [] if text == file.text[start:end] else [Splice(start, end, text)]


def _plain_pseudo(target: PatchTarget, file: _File, known: References) -> tuple[Policy, Policy]:
    """Return the policy and its twin, plain where the file lacks a data source for the twin."""
    addresses = {block.address for block in file.blocks}
    statements = []
    for plain, twin in paired(target.policy, target.symbolic):
        if len(plain.resources) != len(twin.resources):
            statements.append(plain)
            continue
        chosen = tuple(
            symbolic if _is_writable(symbolic, arn, known, addresses) else arn
            for arn, symbolic in zip(plain.resources, twin.resources, strict=True)
        )
        statements.append(replace(twin, resources=chosen))
    return target.policy, replace(target.policy, statements=tuple(statements))


def _is_writable(symbolic: str, arn: str, known: References, addresses: set[str]) -> bool:
    """Whether the file has each data source that the expression of an ARN asks."""
    return all(
        TERRAFORM_PSEUDO.get(piece.value, "").rpartition(".")[0] in addresses
        for piece in express_terraform(symbolic, arn, known)
        if piece.kind == "pseudo"
    )


def _jsonencode(file: _File, holder: Block, target: PatchTarget, known: References) -> list[Splice]:
    place = f"{file.path} {holder.address} policy"
    node = _statement_node(holder.expressions["policy"])
    if node is None:
        raise refuse(place, "it has no statement list")
    start, end = _characters(file.text, node)
    line = file.text[line_start(file.text, start) : start]
    indent = len(line) - len(line.lstrip(" "))
    policy, symbolic = _plain_pseudo(target, file, known)
    text = "\n".join(hcl_json_statements(policy, symbolic, known, indent))
    return [] if text == file.text[start:end] else [Splice(start, end, text)]


def _statement_node(expression: Any) -> Any | None:
    """Return the value of `Statement` in the object of a `jsonencode` call."""
    todo = [expression]
    while todo:
        node = todo.pop(0)
        if node.type == "object":
            for element in node.named_children:
                if element.type != "object_elem":
                    continue
                key = element.child_by_field_name("key") or element.named_children[0]
                value = element.child_by_field_name("val") or element.named_children[-1]
                if key.text.decode().strip('"') == "Statement":
                    return value
            return None
        todo += node.named_children
    return None


def _heredoc(file: _File, holder: Block, target: PatchTarget, known: References) -> list[Splice]:
    place = f"{file.path} {holder.address} policy"
    from iamgen.patch._positions import parse

    start, end = holder.attributes["policy"]
    body_start = line_end(file.text, start)
    body_end = line_start(file.text, end - 1)
    body = file.text[body_start:body_end]
    try:
        root = parse(body.replace("\t", " "), place)
    except InputError as error:
        raise refuse(place, "it is no JSON") from error
    node = root.get("Statement")
    if node is None or not body.lstrip().startswith("{"):
        raise refuse(place, "it has no statement list")
    line = body[line_start(body, node.start) : node.start]
    pad = line[: len(line) - len(line.lstrip(" "))]
    value = _json_statements(target, file, known)
    lines = json.dumps(value, indent=2, ensure_ascii=False).split("\n")
    text = "\n".join([lines[0], *(pad + line for line in lines[1:])])
    at = body_start + node.start
    if text == body[node.start : node.end]:
        return []
    return [Splice(at, body_start + node.end, text)]


def _json_statements(target: PatchTarget, file: _File, known: References) -> list[Any]:
    """Return the statements as JSON whose strings are HCL templates, for a heredoc."""
    policy, symbolic = _plain_pseudo(target, file, known)
    result = []
    for statement, twin in paired(policy, symbolic):
        document = _templates(statement.to_document())
        values = []
        for pieces in resources_of(statement, twin, known, express_terraform):
            text = ""
            for piece in pieces:
                if piece.kind == "text":
                    text += _template(piece.value)
                elif piece.kind == "pseudo":
                    text += "${" + TERRAFORM_PSEUDO[piece.value] + "}"
                else:
                    text += "${" + piece.value + "}"
            values.append(text)
        for key in ("Resource", "NotResource"):
            if key in document:
                document[key] = values[0] if len(values) == 1 else values
        result.append(document)
    return result


def _template(text: str) -> str:
    return text.replace("${", "$${").replace("%{", "%%{")


def _templates(value: Any) -> Any:
    if isinstance(value, str):
        return _template(value)
    if isinstance(value, list):
        return [_templates(entry) for entry in value]
    return {_template(key): _templates(entry) for key, entry in value.items()}


def _check(file: _File, splices: list[Splice], target: PatchTarget, known: References) -> None:
    """Read the result again: it parses, a second run changes nothing, the other blocks stand."""
    after_text = apply(file.text, splices)
    after = _File(after_text, file.path, parse_blocks(after_text, file.path))
    role = _role(after, target)
    holders, removals = _policies_of(after, role, target, [])
    if removals or len(holders) != 1 or _write(after, holders[0], target, known):
        raise refuse(file.path, "it does not read back as it was written")
    touched = {holders[0].address, role.address}
    expression = after.source(holders[0], "policy")
    touched.add(expression.rpartition(".")[0])
    before = Counter(file.text[block.start : block.end] for block in file.blocks)
    others = Counter(after_text[block.start : block.end] for block in after.blocks if block.address not in touched)
    if others - before:
        raise refuse(file.path, "something else would change with it")


# -- HCL --


def parse_blocks(text: str, path: str) -> list[Block]:
    """Return the top blocks of an HCL file.

    Raises:
        InputError: the file is too large or cannot be parsed.
    """
    if len(text) > MAX_CHARS:
        raise InputError("is larger than 10 MB", place=path)
    import tree_sitter
    import tree_sitter_hcl

    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_hcl.language()))
    root = parser.parse(text.encode()).root_node
    if root.has_error:
        raise InputError("cannot be parsed", place=path)
    return list(_blocks(text, root))


def _blocks(text: str, node: Any) -> Iterator[Block]:
    for child in node.named_children:
        if child.type == "body":
            yield from _blocks(text, child)
        elif child.type == "block":
            yield _block(text, child)


def _block(text: str, node: Any) -> Block:
    labels: list[str] = []
    body: Any = None
    for child in node.named_children:
        if child.type == "identifier" or child.type == "string_lit":
            labels.append(child.text.decode().strip('"'))
        elif child.type == "body":
            body = child
    kind, type_, name = [*labels, "", "", ""][:3]
    start, end = _characters(text, node)
    block = Block(kind, type_, name, start, end)
    for child in body.named_children if body is not None else ():
        if child.type == "attribute":
            expression = child.named_children[-1]
            key = child.named_children[0].text.decode()
            block.attributes[key] = _characters(text, expression)
            block.expressions[key] = expression
        elif child.type == "block":
            block.blocks.append(_block(text, child))
    return block


def _characters(text: str, node: Any) -> tuple[int, int]:
    """Return the range of a syntax node in characters; the parser counts bytes."""
    if text.isascii():
        return node.start_byte, node.end_byte
    data = text.encode()
    start = len(data[: node.start_byte].decode(errors="ignore"))
    return start, start + len(data[node.start_byte : node.end_byte].decode(errors="ignore"))
