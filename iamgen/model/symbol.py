"""A symbolic ARN as pieces that a template language can write.

`arn:${Partition}:s3:::{Uploads}/*` becomes an attribute (`Uploads`, `Arn`) and the text `/*`. What
a reference returns comes from the table of resource types that the caller passes; a name that is
no resource is a parameter. A reference that would close a dependency cycle becomes the name
itself, taken from the plain ARN.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from iamgen.model.function import TemplateResource

TOKEN = re.compile(
    r"\$\{(?P<pseudo>Partition|Region|Account|UrlSuffix|StackName|StackId)\}"
    r"|(?<!\$)\{(?P<name>[^{}]+)\}"
)
_LOGICAL_ID = re.compile(r"[A-Za-z0-9]+")
_WILD = "*?"


@dataclass(frozen=True, slots=True)
class Piece:
    """One part of an expression."""

    kind: str
    """`text`, `pseudo` (Partition, Region, …), `ref`, `attribute`."""
    value: str
    attribute: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class References:
    """What the names of a template stand for."""

    resources: Mapping[str, TemplateResource] = field(default_factory=dict)
    types: Mapping[str, Any] = field(default_factory=dict)
    """`types` of the table resource_types: CloudFormation type -> what its references return."""
    parameters: frozenset[str] | None = None
    """Parameters of the template; None when they are not known, and each other name is one."""
    cyclic: frozenset[str] = frozenset()
    named: Mapping[str, tuple[Piece, ...]] = field(default_factory=dict)
    """Names that a template builds itself, for resources that must not be referred to."""


def names_in(symbolic: str) -> tuple[str, ...]:
    """Return the template names in a symbolic text, in order."""
    found = (match.group("name") for match in TOKEN.finditer(symbolic))
    return tuple(dict.fromkeys(name for name in found if name))


def bindings(symbolic: str, arn: str) -> dict[str, str]:
    """Return what each name stands for in the plain ARN; empty when the two do not fit."""
    pattern, position, groups = "", 0, []
    for match in TOKEN.finditer(symbolic):
        pattern += re.escape(symbolic[position : match.start()])
        position = match.end()
        if match.group("pseudo"):
            pattern += "[^:]*"
        else:
            pattern += "(.+?)"
            groups.append(match.group("name"))
    fit = re.fullmatch(pattern + re.escape(symbolic[position:]), arn)
    return dict(zip(groups, fit.groups(), strict=True)) if fit else {}


def express(symbolic: str, arn: str, references: References) -> tuple[Piece, ...]:
    """Return a symbolic ARN in references of CloudFormation; the plain ARN where that cannot be."""
    if symbolic == arn:
        return (Piece("text", arn),)
    values = bindings(symbolic, arn)
    for name in names_in(symbolic):
        if name in references.cyclic:
            continue
        whole = _whole(symbolic, name, references)
        if whole is not None:
            piece, rest = whole
            tail = _in_place(rest, values, references)
            return (Piece("text", arn),) if tail is None else _joined([piece, *tail])
    pieces = _in_place(symbolic, values, references)
    return (Piece("text", arn),) if pieces is None else _joined(pieces)


def express_name(symbolic: str, arn: str, references: References) -> tuple[Piece, ...]:
    """Return the name of a resource, `{Uploads}` in symbolic text, in references."""
    if symbolic == arn:
        return (Piece("text", arn),)
    pieces = _in_place(symbolic, bindings(symbolic, arn), references)
    return (Piece("text", arn),) if pieces is None else _joined(pieces)


def _whole(symbolic: str, name: str, references: References) -> tuple[Piece, str] | None:
    """Return the reference whose value begins the ARN, and the rest of the text."""
    resource = references.resources.get(name)
    if resource is None or not _LOGICAL_ID.fullmatch(name):
        return None
    entry = references.types.get(resource.type)
    if entry is None:
        return None
    best: tuple[Piece, str] | None = None
    options = [("", entry.get("ref")), *entry.get("attributes", {}).items()]
    for attribute, returned in options:
        if not isinstance(returned, str):
            continue
        shape = entry["arn"] if returned == "arn" else returned
        if not shape.startswith("arn:"):
            continue
        start = shape.replace("{}", "{" + name + "}")
        if returned == "arn":
            start += entry.get("suffix_always", "")
        if not symbolic.startswith(start):
            continue
        rest = symbolic[len(start) :]
        if returned == "arn" and rest == entry.get("suffix"):
            rest = ""
        piece = Piece("attribute", name, attribute) if attribute else Piece("ref", name)
        if best is None or len(rest) < len(best[1]):
            best = (piece, rest)
    return best


def _in_place(text: str, values: Mapping[str, str], references: References) -> list[Piece] | None:
    """Return the text with each name replaced where it stands, None where one gives no name."""
    pieces: list[Piece] = []
    position = 0
    for match in TOKEN.finditer(text):
        before = text[position : match.start()]
        position = match.end()
        if match.group("pseudo"):
            pieces += [Piece("text", before), Piece("pseudo", match.group("pseudo"))]
            continue
        name = match.group("name")
        found = _name_of(name, before, values, references)
        if found is None:
            return None
        pieces += found
    return [*pieces, Piece("text", text[position:])]


def _name_of(name: str, before: str, values: Mapping[str, str], references: References) -> list[Piece] | None:
    """Return the text before a name and the pieces that give the name."""
    if name in references.cyclic or not _LOGICAL_ID.fullmatch(name):
        if name in references.named:
            return [Piece("text", before), *references.named[name]]
        if name not in values:
            return None
        return [Piece("text", before), Piece("text", values[name])]
    resource = references.resources.get(name)
    if resource is None:
        if references.parameters is not None and name not in references.parameters:
            return [Piece("text", before), Piece("text", values[name])] if name in values else None
        return [Piece("text", before), Piece("ref", name)]
    entry = references.types.get(resource.type)
    if entry is None:
        return None
    leading = entry.get("strip_leading", "")
    if leading and resource.name is not None:
        literal = resource.name.literal
        if literal is None:
            return None
        if literal.startswith(leading) and before.endswith(leading):
            before = before[: -len(leading)]
    if entry.get("ref") in ("name", "id"):
        return [Piece("text", before), Piece("ref", name)]
    for attribute, returned in entry.get("attributes", {}).items():
        if returned in ("name", "id"):
            return [Piece("text", before), Piece("attribute", name, attribute)]
    return None


def _joined(pieces: list[Piece]) -> tuple[Piece, ...]:
    """Return the pieces without empty texts, neighbouring texts as one."""
    result: list[Piece] = []
    for piece in pieces:
        if piece.kind == "text" and not piece.value:
            continue
        if piece.kind == "text" and result and result[-1].kind == "text":
            result[-1] = Piece("text", result[-1].value + piece.value)
        else:
            result.append(piece)
    return tuple(result)


def express_terraform(symbolic: str, arn: str, references: References) -> tuple[Piece, ...]:
    """Return a symbolic ARN in expressions of Terraform; `ref` pieces are whole expressions."""
    if symbolic == arn:
        return (Piece("text", arn),)
    values = bindings(symbolic, arn)
    for name in names_in(symbolic):
        address = _address(name, references)
        resource = references.resources.get(name)
        if address is None or resource is None or name in references.cyclic:
            continue
        entry = references.types.get(resource.type)
        if entry is None:
            continue
        start = entry["arn"].replace("{}", "{" + name + "}")
        if symbolic.startswith(start):
            rest = symbolic[len(start) :]
            if rest == entry.get("suffix"):
                rest = ""
            tail = _terraform_in_place(rest, values, references)
            if tail is not None:
                return _joined([Piece("ref", f"{address}.arn"), *tail])
    pieces = _terraform_in_place(symbolic, values, references)
    return (Piece("text", arn),) if pieces is None else _joined(pieces)


_ADDRESS = re.compile(r"[A-Za-z_][\w-]*(\.[A-Za-z_][\w-]*|\[(\d+|\"[^\"\\$%{}]*\")\])+")


def _address(name: str, references: References) -> str | None:
    resource = references.resources.get(name)
    written = name if resource is None else resource.reference or name
    return written if _ADDRESS.fullmatch(written) else None


def _terraform_in_place(text: str, values: Mapping[str, str], references: References) -> list[Piece] | None:
    pieces: list[Piece] = []
    position = 0
    for match in TOKEN.finditer(text):
        before = text[position : match.start()]
        position = match.end()
        pieces.append(Piece("text", before))
        if match.group("pseudo"):
            pieces.append(Piece("pseudo", match.group("pseudo")))
            continue
        name = match.group("name")
        address = _address(name, references)
        resource = references.resources.get(name)
        entry = references.types.get(resource.type) if resource is not None else None
        if name in references.cyclic or address is None or (resource and entry is None):
            if name not in values:
                return None
            pieces.append(Piece("text", values[name]))
        elif resource is None or entry is None:
            pieces.append(Piece("ref", address))
        else:
            leading = entry.get("strip_leading", "")
            literal = resource.name.literal if resource.name is not None else None
            if leading and (literal is None or literal.startswith(leading)):
                if literal is None:
                    return None
                pieces[-1] = Piece("text", before.removesuffix(leading))
            if entry.get("ref") == "name" or "name" in entry:
                pieces.append(Piece("ref", f"{address}.{entry.get('terraform_name', 'name')}"))
            else:
                pieces.append(Piece("ref", f"{address}.id"))
    return [*pieces, Piece("text", text[position:])]
