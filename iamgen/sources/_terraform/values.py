"""What Terraform expressions come to, and how references read as values of the model."""

import re
from dataclasses import dataclass
from typing import Any

from iamgen.access.resource_types import ARN, ID, NAME, URL, ResourceType, resource_types
from iamgen.model.value import (
    UNKNOWN,
    ListValue,
    Literal,
    MapValue,
    Part,
    PseudoParameter,
    TemplateRef,
    Text,
    Unresolved,
    Value,
)


@dataclass(frozen=True, slots=True)
class Reference:
    """A whole resource, by its address; its attributes are read off it."""

    address: str
    type: str


@dataclass(frozen=True, slots=True)
class Unseen:
    """A value that nobody could work out."""

    detail: str = ""


UNSEEN = Unseen()

_MEANINGS = {
    "arn": (ARN,),
    "id": (ID, NAME),
    "name": (NAME, ID),
    "url": (URL,),
}
_IDS_THAT_ARE_ARNS = frozenset(
    (
        "AWS::SNS::Topic",
        "AWS::SecretsManager::Secret",
        "AWS::StepFunctions::StateMachine",
        "AWS::IAM::ManagedPolicy",
        "AWS::ECS::Cluster",
        "AWS::Batch::JobQueue",
    )
)


def attribute_text(reference: Reference, attribute: str) -> Text | None:
    """Return what an attribute of a resource is, None where it names nothing that a policy could.

    Source: Terraform AWS provider, attribute references (checked 2026-11).
    """
    kind = resource_types().of_terraform(reference.type)
    if kind is None:
        return None
    word = attribute
    if word == kind.terraform_name:
        word = "name"
    if word == "id" and kind.type == "AWS::SQS::Queue":
        word = "url"
    if word == "id" and kind.type in _IDS_THAT_ARE_ARNS:
        word = "arn"
    if word in ("execution_arn", "arn") and kind.service == "execute-api":
        return Text(arn_parts(kind, TemplateRef(reference.address)))
    for key in sorted(kind.attributes, key=len, reverse=True):
        if _snake(key) == word and word not in _MEANINGS:
            return Text((TemplateRef(reference.address, key),))
    if word in ("qualified_arn", "invoke_arn"):
        return Text((TemplateRef(reference.address, "Arn"),))
    wanted = _MEANINGS.get(word)
    if wanted is None:
        return None
    if kind.ref in wanted:
        return Text((TemplateRef(reference.address),))
    for key, meaning in kind.attributes.items():
        if meaning in wanted:
            return Text((TemplateRef(reference.address, key),))
    if word == "arn":
        return Text(arn_parts(kind, TemplateRef(reference.address)))
    if word in ("name", "id") and kind.ref == ARN:
        return Text((TemplateRef(reference.address),))
    return None


def arn_parts(kind: ResourceType, named: Part) -> tuple[Part, ...]:
    """Return the ARN of a type as parts around a name."""
    found: list[Part] = []
    for piece in re.split(r"(\$\{\w+\}|\{\})", kind.arn):
        if piece == "{}":
            found.append(named)
        elif piece.startswith("${"):
            found.append(PseudoParameter(piece[2:-1]))
        elif piece:
            found.append(Literal(piece))
    return tuple(found)


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.replace(".", "")).lower()


def to_value(value: Any, depth: int = 0) -> Value:
    """Return a Terraform value as a value of the model."""
    if depth > 30:
        return UNKNOWN
    match value:
        case Text():
            return value
        case bool():
            return Text.of("true" if value else "false")
        case list():
            return ListValue(tuple(to_value(item, depth + 1) for item in value))
        case dict():
            pairs = ((str(key), to_value(item, depth + 1)) for key, item in value.items())
            return MapValue(tuple(pairs))
        case Reference():
            return Text((TemplateRef(value.address),))
        case Unseen():
            return Text((Unresolved(value.detail),))
        case _:
            return UNKNOWN


def parts_of(value: Any) -> tuple[Part, ...]:
    """Return a value as parts of a text."""
    found = to_value(value)
    return found.parts if isinstance(found, Text) else (Unresolved("no text"),)


def joined(parts: list[Part]) -> Text:
    """Return parts as a text, neighbouring literals as one."""
    found: list[Part] = []
    for part in parts:
        last = found[-1] if found else None
        if isinstance(part, Literal) and isinstance(last, Literal):
            found[-1] = Literal(last.text + part.text)
        elif not isinstance(part, Literal) or part.text:
            found.append(part)
    return Text(tuple(found) or (Literal(""),))


def plain(value: Any) -> Any:
    """Return a JSON value as a Terraform value."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return Text.of(str(value))
