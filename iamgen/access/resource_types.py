"""What template formats call a resource, and what a reference to it says.

`access_maps/resource_types.toml` as values. Readers of templates use it to write policies with
`{LogicalId}` in place of names, `iamgen.facts` to name what code uses; both must spell one resource
in one way, so the spelling stands here, below the stages.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from iamgen.access.maps import open_maps
from iamgen.model.function import TemplateResource
from iamgen.model.value import (
    EnvironmentVariable,
    EventField,
    Literal,
    ParameterRef,
    PseudoParameter,
    TemplateRef,
    Text,
    Unresolved,
)

NAME, ID, ARN, URL, OTHER = "name", "id", "arn", "url", "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceType:
    """One CloudFormation type."""

    type: str
    arn: str
    """ARN with `{}` for what names it there."""
    name: str | None = None
    """Property that names it."""
    ref: str = OTHER
    attributes: Mapping[str, str] = field(default_factory=dict)
    members: Mapping[str, str] = field(default_factory=dict)
    """What members of CDK constructs mean that are no attributes of CloudFormation."""
    kms: str | None = None
    made: str = "*"
    suffix: str = ""
    """What AWS adds to an explicit name in the ARN."""
    suffix_always: bool = False
    strip_leading: str = ""
    limit: int = 255
    """Characters of a name; CloudFormation shortens what it makes up to fit."""
    terraform: tuple[str, ...] = ()
    terraform_name: str = "name"
    cdk: tuple[str, ...] = ()
    cdk_name: str | None = None

    @property
    def service(self) -> str:
        """The service of its ARN (`dynamodb`)."""
        return self.arn.split(":")[2]

    def kind(self, attribute: str) -> str:
        """Return what `Ref` ("") or a `GetAtt` attribute returns.

        One of name, id, arn, url, other, or an ARN with `{}`.
        """
        if attribute == "":
            return self.ref
        return self.attributes.get(attribute) or self.members.get(attribute, OTHER)

    def arn_of(self, identity: str) -> str:
        """Return its ARN for a name or a `{LogicalId}` token."""
        suffix = self.suffix if self.suffix_always and identity != "*" else ""
        return self.arn.replace("{}", self.bare(identity) + suffix)

    def bare(self, identity: str) -> str:
        """Return a name as it stands in the ARN (a parameter's without its leading slash)."""
        return identity.removeprefix(self.strip_leading) if self.strip_leading else identity


class ResourceTypes:
    """All known types, by their names in each format. Make one with `resource_types`."""

    def __init__(self, table: Mapping[str, Any]) -> None:
        self._types: dict[str, ResourceType] = {}
        self._aliases: dict[str, str] = {}
        self._terraform: dict[str, str] = {}
        self._cdk: dict[str, str] = {}
        for name, row in table["types"].items():
            naming = row.get("name")
            cdk_name = row.get("cdk_name") or (naming[0].lower() + naming[1:] if naming else None)
            self._types[name] = ResourceType(
                type=name,
                arn=row["arn"],
                name=naming,
                ref=row["ref"],
                attributes=row.get("attributes", {}),
                members=row.get("members", {}),
                kms=row.get("kms"),
                made=row.get("made", "{stack}-{id}-*" if naming else "*"),
                suffix=row.get("suffix", ""),
                suffix_always=row.get("suffix_always", False),
                strip_leading=row.get("strip_leading", ""),
                limit=row.get("limit", 255),
                terraform=tuple(row.get("terraform", ())),
                terraform_name=row.get("terraform_name", "name"),
                cdk=tuple(row.get("cdk", ())),
                cdk_name=cdk_name,
            )
            for alias in row.get("aliases", ()):
                self._aliases[alias] = name
            for kind in row.get("terraform", ()):
                self._terraform.setdefault(kind, name)
            for construct in row.get("cdk", ()):
                self._cdk.setdefault(construct, name)

    def get(self, type_name: str) -> ResourceType | None:
        """Return a type by CloudFormation's or SAM's name for it."""
        return self._types.get(self._aliases.get(type_name, type_name))

    def of_terraform(self, type_name: str) -> ResourceType | None:
        """Return a type by the AWS provider's name for it (`aws_dynamodb_table`)."""
        found = self._terraform.get(type_name)
        return None if found is None else self._types[found]

    def of_construct(self, construct: str) -> ResourceType | None:
        """Return a type by a CDK class as `module.Class` (`dynamodb.Table`)."""
        found = self._cdk.get(construct)
        return None if found is None else self._types[found]

    def all(self) -> tuple[ResourceType, ...]:
        """Return all types, sorted by name."""
        return tuple(self._types[name] for name in sorted(self._types))


@cache
def resource_types() -> ResourceTypes:
    """Return the table of the access maps."""
    return ResourceTypes(open_maps().table("resource_types"))


def symbolic_text(text: Text, resources: Mapping[str, TemplateResource]) -> str:
    """Return a text as a policy spells it.

    That is with `{LogicalId}` and `{Parameter}` tokens, `${Region}` and the like, and `*` where
    unknown. A reference that returns an ARN becomes the ARN form of its type, one that returns an
    id or a name the bare token, a queue URL the URL with the token as its last segment.
    """
    found = []
    for part in text.parts:
        match part:
            case Literal():
                found.append(part.text)
            case TemplateRef():
                found.append(reference_text(part, resources))
            case ParameterRef():
                found.append("{" + part.name + "}")
            case PseudoParameter():
                found.append("${" + part.name + "}")
            case EnvironmentVariable() | EventField() | Unresolved():
                found.append("*")
    return "".join(found)


def reference_text(part: TemplateRef, resources: Mapping[str, TemplateResource]) -> str:
    """Return the text that stands for a reference to a resource of the template."""
    token = "{" + part.logical_id + "}"
    resource = resources.get(part.logical_id)
    kind = None if resource is None else resource_types().get(resource.type)
    if kind is None:
        return token if part.attribute in ("", "Arn") else "*"
    meaning = kind.kind(part.attribute)
    if meaning in (NAME, ID):
        return token
    if meaning == ARN:
        return kind.arn_of(token)
    if meaning == URL:
        return "https://" + kind.service + ".${Region}.${UrlSuffix}/${Account}/" + token
    if meaning == OTHER:
        return "*"
    return meaning.replace("{}", token)
