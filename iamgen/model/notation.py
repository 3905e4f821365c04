"""How a policy is written in the template languages: values of CloudFormation, YAML, JSON, HCL.

`policy` and its symbolic twin go in, statement by statement; text or plain values come out. All
scalars are quoted by `iamgen.model.quote`.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from iamgen.model.policy import Policy, Statement
from iamgen.model.quote import hcl_string, json_string, yaml_scalar
from iamgen.model.symbol import Piece, References, express, express_terraform

Value = Any
"""A JSON value, in which an object with the single key `Ref`, `Fn::Sub` or `Fn::GetAtt` is a
reference."""

PSEUDO = {
    "Partition": "AWS::Partition",
    "Region": "AWS::Region",
    "Account": "AWS::AccountId",
    "UrlSuffix": "AWS::URLSuffix",
    "StackName": "AWS::StackName",
    "StackId": "AWS::StackId",
}
TERRAFORM_PSEUDO = {
    "Partition": "data.aws_partition.current.partition",
    "Region": "data.aws_region.current.name",
    "Account": "data.aws_caller_identity.current.account_id",
    "UrlSuffix": "data.aws_partition.current.dns_suffix",
}
_SHORT_TAGS = {"Ref": "!Ref", "Fn::Sub": "!Sub", "Fn::GetAtt": "!GetAtt"}


# -- CloudFormation values --


def cloudformation_value(pieces: tuple[Piece, ...]) -> Value:
    """Return an expression of CloudFormation."""
    if not pieces:
        return ""
    if len(pieces) == 1:
        piece = pieces[0]
        if piece.kind == "text":
            return piece.value
        if piece.kind == "ref":
            return {"Ref": piece.value}
        if piece.kind == "attribute":
            return {"Fn::GetAtt": [piece.value, piece.attribute]}
        return {"Ref": PSEUDO[piece.value]}
    text = ""
    for piece in pieces:
        if piece.kind == "text":
            text += piece.value.replace("${", "${!")
        elif piece.kind == "pseudo":
            text += "${" + PSEUDO[piece.value] + "}"
        elif piece.kind == "ref":
            text += "${" + piece.value + "}"
        else:
            text += "${" + f"{piece.value}.{piece.attribute}" + "}"
    return {"Fn::Sub": text}


def paired(policy: Policy, symbolic: Policy | None) -> Iterator[tuple[Statement, Statement]]:
    """Yield each statement with its symbolic twin, itself where there is none."""
    twins = symbolic.statements if symbolic is not None else ()
    aligned = len(twins) == len(policy.statements)
    for index, statement in enumerate(policy.statements):
        yield statement, twins[index] if aligned else statement


def resources_of(
    statement: Statement,
    twin: Statement,
    references: References,
    write: Callable[[str, str, References], tuple[Piece, ...]],
) -> list[tuple[Piece, ...]]:
    """Return the resources of a statement as pieces; plain where the twin does not line up."""
    named = statement.resources or statement.not_resources
    symbolic = twin.resources or twin.not_resources
    if len(named) != len(symbolic):
        symbolic = named
    return list(dict.fromkeys(write(text, arn, references) for text, arn in zip(symbolic, named, strict=True)))


def cloudformation_statements(policy: Policy, symbolic: Policy | None, references: References) -> list[Value]:
    """Return the statements as CloudFormation values."""
    result = []
    for statement, twin in paired(policy, symbolic):
        document = statement.to_document()
        values = [cloudformation_value(pieces) for pieces in resources_of(statement, twin, references, express)]
        for key in ("Resource", "NotResource"):
            if key in document:
                document[key] = values[0] if len(values) == 1 else values
        result.append(document)
    return result


# -- YAML --


def yaml_lines(value: Value, indent: int = 0, *, dash_indent: int = 2) -> list[str]:
    """Return a value as lines of block YAML, references in their short form.

    `dash_indent` is how much deeper than its key a list stands, 0 or 2 by the file's own habit.
    """
    pad = " " * indent
    if isinstance(value, Mapping) and _reference(value) is None:
        lines: list[str] = []
        for key, entry in value.items():
            lines += _yaml_entry(f"{pad}{yaml_scalar(str(key))}:", entry, indent, dash_indent)
        return lines
    if isinstance(value, list):
        lines = []
        for entry in value:
            inner = yaml_lines(entry, indent + 2, dash_indent=dash_indent)
            lines += [f"{pad}- {inner[0][indent + 2 :]}", *inner[1:]]
        return lines
    return [pad + yaml_inline(value)]


def _yaml_entry(head: str, value: Value, indent: int, dash_indent: int) -> list[str]:
    if isinstance(value, Mapping) and value and _reference(value) is None:
        return [head, *yaml_lines(value, indent + 2, dash_indent=dash_indent)]
    if isinstance(value, list) and value:
        return [head, *yaml_lines(value, indent + dash_indent, dash_indent=dash_indent)]
    return [f"{head} {yaml_inline(value)}"]


def yaml_inline(value: Value) -> str:
    """Return a scalar, reference or empty collection on one line."""
    reference = _reference(value) if isinstance(value, Mapping) else None
    if reference is not None:
        tag, inner = reference
        if tag == "Fn::GetAtt":
            inner = ".".join(inner)
        return f"{_SHORT_TAGS[tag]} {yaml_scalar(inner)}"
    if isinstance(value, str):
        return yaml_scalar(value)
    return json.dumps(value)


def _reference(value: Mapping[str, Value]) -> tuple[str, Value] | None:
    if len(value) == 1:
        (key, inner), *_ = value.items()
        if key in _SHORT_TAGS:
            return key, inner
    return None


# -- JSON --


def json_lines(value: Value, indent: int = 0, step: int = 2) -> list[str]:
    """Return a value as lines of indented JSON in ASCII."""
    text = json.dumps(value, indent=step, ensure_ascii=True)
    pad = " " * indent
    return [pad + line for line in text.split("\n")]


# -- HCL --


def hcl_value(pieces: tuple[Piece, ...]) -> str:
    """Return an HCL expression: a bare reference, or a string with interpolations."""
    if len(pieces) == 1 and pieces[0].kind == "ref":
        return pieces[0].value
    return '"' + "".join(_hcl_piece(piece) for piece in pieces) + '"'


def _hcl_piece(piece: Piece) -> str:
    if piece.kind == "text":
        return hcl_string(piece.value)
    if piece.kind == "pseudo":
        return "${" + TERRAFORM_PSEUDO.get(piece.value, "data.aws_partition.current.id") + "}"
    return "${" + piece.value + "}"


def hcl_text(text: str) -> str:
    """Return a quoted HCL string."""
    return f'"{hcl_string(text)}"'


def hcl_list(values: Iterable[str], indent: int) -> list[str]:
    """Return `[…]` over HCL expressions: on one line for one, else one line each."""
    entries = list(values)
    if len(entries) == 1:
        return [f"[{entries[0]}]"]
    pad = " " * indent
    return ["[", *(f"{pad}  {entry}," for entry in entries), f"{pad}]"]


def hcl_document_statements(policy: Policy, symbolic: Policy | None, references: References, indent: int) -> list[str]:
    """Return the `statement` blocks of an `aws_iam_policy_document`."""
    pad = " " * indent
    lines: list[str] = []
    for statement, twin in paired(policy, symbolic):
        if lines:
            lines.append("")
        lines.append(f"{pad}statement {{")
        inner: list[tuple[str, list[str]]] = []
        if statement.sid is not None:
            inner.append(("sid", [hcl_text(statement.sid)]))
        inner.append(("effect", [hcl_text(statement.effect)]))
        for key, entries in (
            ("actions", statement.actions),
            ("not_actions", statement.not_actions),
        ):
            if entries:
                inner.append((key, hcl_list((hcl_text(entry) for entry in entries), indent + 2)))
        values = [hcl_value(pieces) for pieces in resources_of(statement, twin, references, express_terraform)]
        key = "not_resources" if statement.not_resources else "resources"
        inner.append((key, hcl_list(values, indent + 2)))
        width = max(len(key) for key, _ in inner)
        for key, value in inner:
            lines.append(f"{pad}  {key.ljust(width)} = {value[0]}")
            lines += value[1:]
        for condition in statement.conditions:
            tested = [hcl_text(value) for value in condition.values]
            lines += [
                "",
                f"{pad}  condition {{",
                f"{pad}    test     = {hcl_text(condition.name)}",
                f"{pad}    variable = {hcl_text(condition.key)}",
            ]
            listed = hcl_list(tested, indent + 4)
            lines += [f"{pad}    values   = {listed[0]}", *listed[1:], f"{pad}  }}"]
        lines.append(f"{pad}}}")
    return lines


def hcl_json_statements(policy: Policy, symbolic: Policy | None, references: References, indent: int) -> list[str]:
    """Return the statements as an HCL list of objects, for `jsonencode`."""
    pad = " " * indent
    lines = ["["]
    for statement, twin in paired(policy, symbolic):
        lines.append(f"{pad}  {{")
        document = statement.to_document()
        values = [hcl_value(pieces) for pieces in resources_of(statement, twin, references, express_terraform)]
        width = max(len(key) for key in document)
        for key, value in document.items():
            if key in ("Resource", "NotResource"):
                rendered = values if len(values) == 1 else hcl_list(values, indent + 4)
            elif key == "Condition":
                rendered = _hcl_condition(value, indent + 4)
            elif isinstance(value, list):
                rendered = hcl_list((hcl_text(entry) for entry in value), indent + 4)
            else:
                rendered = [hcl_text(value)]
            lines.append(f"{pad}    {key.ljust(width)} = {rendered[0]}")
            lines += rendered[1:]
        lines.append(f"{pad}  }},")
    lines.append(f"{pad}]")
    return lines


def _hcl_condition(document: Mapping[str, Mapping[str, Value]], indent: int) -> list[str]:
    pad = " " * indent
    lines = ["{"]
    for operator, keys in document.items():
        lines.append(f"{pad}  {hcl_text(operator)} = {{")
        for key, value in keys.items():
            entries = value if isinstance(value, list) else [value]
            listed = hcl_list((hcl_text(entry) for entry in entries), indent + 4)
            if not isinstance(value, list):
                listed = [hcl_text(value)]
            lines += [f"{pad}    {hcl_text(key)} = {listed[0]}", *listed[1:]]
        lines.append(f"{pad}  }}")
    lines.append(f"{pad}}}")
    return lines


def json_text(value: Value) -> str:
    """Return a JSON scalar for a heredoc; strings in ASCII."""
    return json_string(value) if isinstance(value, str) else json.dumps(value)
