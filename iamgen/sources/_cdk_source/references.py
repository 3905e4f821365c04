"""How constructs and their members read as values of the model."""

from typing import Any

from iamgen.access.resource_types import ARN, ID, NAME, ResourceType, resource_types
from iamgen.model.value import (
    UNKNOWN,
    ListValue,
    Literal,
    MapValue,
    ParameterRef,
    PseudoParameter,
    TemplateRef,
    Text,
    Unresolved,
    Value,
)
from iamgen.sources._cdk_source import libraries
from iamgen.sources._cdk_source.things import Instance, Member, Thing, Unseen

_INNER = {
    # members that are constructs of their own: class and member -> class, and what is put to the id
    ("rds.DatabaseCluster", "secret"): ("secretsmanager.Secret", "Secret"),
    ("rds.ServerlessCluster", "secret"): ("secretsmanager.Secret", "Secret"),
    ("rds.DatabaseInstance", "secret"): ("secretsmanager.Secret", "Secret"),
}


def construct_type(thing: Thing) -> ResourceType | None:
    """Return the CloudFormation type of a construct, None for what is none."""
    return resource_types().of_construct(thing.path)


def imported(thing: Thing) -> tuple[ResourceType, str] | None:
    """Return type and method of a resource that is only looked up (`Bucket.fromBucketName`)."""
    base, _, method = thing.path.rpartition(".")
    kind = resource_types().of_construct(base)
    return (kind, method) if kind is not None and method.startswith("from") else None


def to_value(value: Any, depth: int = 0) -> Value:
    """Return what a construct, a member or a plain value of the application means."""
    if depth > 20:
        return UNKNOWN
    match value:
        case Text():
            return value
        case bool():
            return Text.of(str(value).lower())
        case list():
            return ListValue(tuple(to_value(item, depth + 1) for item in value))
        case dict():
            pairs = ((key, to_value(item, depth + 1)) for key, item in value.items())
            return MapValue(tuple(pairs))
        case Thing() | Member():
            return as_text(value) or Text((Unresolved(libraries.describe(value)),))
        case Unseen():
            return Text((Unresolved(value.detail),))
        case _:
            return UNKNOWN


def as_text(value: Any) -> Text | None:
    """Return the text that a construct or a member of one stands for, None where it is none."""
    if isinstance(value, Thing):
        return _thing_text(value)
    if isinstance(value, Member):
        return _member_text(value)
    return None


def _thing_text(thing: Thing) -> Text | None:
    if "#" in thing.path:
        base, _, method = thing.path.partition("#")
        if method.endswith(("toString", "toStringValue")):
            return Text((Unresolved(base),))
        if method == "formatArn":
            return _formatted_arn(thing.props)
        return None
    if thing.path in ("construct.formatArn", "cdk.Arn.format"):
        return _formatted_arn(thing.props)
    if thing.path.endswith(("valueForStringParameter", "valueFromLookup")):
        return Text((Unresolved("parameter store"),))
    if thing.path == "cdk.Fn.importValue" and thing.args:
        name = thing.args[0].literal if isinstance(thing.args[0], Text) else None
        return Text((ParameterRef(f"ImportValue:{name or '?'}"),))
    if thing.identity:
        return Text((TemplateRef(thing.identity),))
    return None


def _formatted_arn(props: dict[str, Any]) -> Text:
    words: list[Any] = [
        Literal("arn:"),
        PseudoParameter("Partition"),
        Literal(":"),
        *_parts(props.get("service")),
        Literal(":"),
        *(_parts(props["region"]) if "region" in props else (PseudoParameter("Region"),)),
        Literal(":"),
        *(_parts(props["account"]) if "account" in props else (PseudoParameter("Account"),)),
        Literal(":"),
        *_parts(props.get("resource")),
    ]
    if "resourceName" in props:
        form = libraries.describe(props.get("arnFormat"))
        words.append(Literal(":" if form.endswith("COLON_RESOURCE_NAME") else "/"))
        words.extend(_parts(props["resourceName"]))
    return libraries.joined(words)


def _parts(value: Any) -> tuple[Any, ...]:
    found = to_value(value)
    return found.parts if isinstance(found, Text) else (Unresolved("formatArn"),)


def _member_text(member: Member) -> Text | None:
    thing, name = member.thing, member.name
    if thing.path == "cdk.CfnParameter":
        default = thing.props.get("default")
        known = default.literal if isinstance(default, Text) else None
        return Text((ParameterRef(thing.identity or "Parameter", known),))
    looked_up = imported(thing)
    if looked_up is not None:
        return _imported_text(thing, looked_up[0], looked_up[1], name)
    inner = _INNER.get((thing.path, name.split(".")[0].rstrip("!?")))
    kind = construct_type(thing)
    if inner is not None and "." in name:
        kind = resource_types().of_construct(inner[0])
        name = name.partition(".")[2]
        return _reference(kind, thing.identity + inner[1], name) if kind is not None else None
    if kind is None and name in ("callbackUrl", "url"):
        return _stage_url(thing)
    if kind is None or not thing.identity or "." in name:
        return None
    if name == "functionName" and thing.props.get("functionName") is None:
        return Text((TemplateRef(thing.identity),))
    return _reference(kind, thing.identity, name)


def _stage_url(thing: Thing) -> Text | None:
    """The address of an API's stage (`callbackUrl` of a WebSocket stage)."""
    api = thing.props.get("webSocketApi", thing.props.get("httpApi", thing.props.get("restApi")))
    if not isinstance(api, Thing) or not api.identity:
        return None
    stage = thing.props.get("stageName")
    return libraries.joined(
        [
            Literal("https://"),
            TemplateRef(api.identity),
            Literal(".execute-api."),
            PseudoParameter("Region"),
            Literal("."),
            PseudoParameter("UrlSuffix"),
            Literal("/"),
            *(_parts(stage) if stage is not None else (Literal("$default"),)),
        ]
    )


def _reference(kind: ResourceType, identity: str, name: str) -> Text | None:
    attribute = attribute_of(kind, name)
    return None if attribute is None else Text((TemplateRef(identity, attribute),))


def attribute_of(kind: ResourceType, name: str) -> str | None:
    """Return CloudFormation's attribute for a member ("" for `Ref`), None where none fits."""
    word = name.removeprefix("attr")
    if name == "ref":
        return ""
    if name in kind.members:
        return name
    if name.startswith("attr") and word:
        return word if word in kind.attributes else None
    for attribute in sorted(kind.attributes, key=len, reverse=True):
        plain = attribute.replace(".", "")
        if plain not in ("Arn", "Name", "Id") and name.lower().endswith(plain.lower()):
            return attribute
    wanted = {"Arn": (ARN,), "Name": (NAME, ID), "Url": ("url",), "Id": (ID, NAME)}
    for suffix, meanings in wanted.items():
        if name == suffix.lower() or name.endswith((suffix, suffix.upper())):
            if suffix == "Name" and kind.suffix and not kind.suffix_always:
                return ""
            if kind.ref in meanings:
                return ""
            return next((key for key, what in kind.attributes.items() if what in meanings), None)
    if kind.cdk_name is not None and name == kind.cdk_name:
        return ""
    return None


def _imported_text(thing: Thing, kind: ResourceType, method: str, name: str) -> Text | None:
    given = thing.args[2] if len(thing.args) > 2 else None
    if given is None:
        given = next((item for item in thing.props.values() if isinstance(item, Text | Member)), None)
    text = to_value(given) if given is not None else UNKNOWN
    if not isinstance(text, Text):
        return None
    is_arn = "Arn" in method or any(key.endswith("Arn") for key in thing.props)
    if name.endswith("Arn") and not is_arn:
        before, _, after = kind.arn.partition("{}")
        parts: list[Any] = []
        for piece in before.replace("${", "\0${").replace("}", "}\0").split("\0"):
            if piece.startswith("${"):
                parts.append(PseudoParameter(piece[2:-1]))
            elif piece:
                parts.append(Literal(piece))
        return libraries.joined([*parts, *text.parts, Literal(after + kind.suffix)])
    return text


def scope_name(value: Any) -> str:
    """Return the id of the construct that an object of the application is."""
    if isinstance(value, Instance) and len(value.args) > 1:
        text = value.args[1]
        if isinstance(text, Text) and text.literal:
            return text.literal
    return ""
