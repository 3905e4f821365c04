"""What the Lambda service itself needs in a function's role, as facts of origin `platform`.

What enters is one function of a template, the names of its template and the rules of
`access_maps/platform.toml`; what leaves is a fact for each action and resource of each rule that
fits. Lambda's own calls are often in no log, so these facts stand by themselves; a rule marked
optional counts only where the role grants it today. No I/O, and no knowledge of AWS in code.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from iamgen.facts.naming import Naming
from iamgen.model.condition import Condition
from iamgen.model.fact import (
    ANY,
    Certainty,
    Origin,
    PlatformEvidence,
    ResourcePattern,
    UsageFact,
    Widening,
)
from iamgen.model.function import EventSource, LambdaFunction
from iamgen.model.observation import Gap, GapReason, Location
from iamgen.model.value import ListValue, MapValue, TemplateRef, Text, Value

_IAM_AUTH = ("SASL_IAM_AUTH", "IAM_AUTH", "IAM_OAUTHBEARER_AUTH")
_LOGS = "arn:${Partition}:logs:${Region}:${Account}:log-group:"


@dataclass(frozen=True, slots=True)
class Feature:
    """One thing about a function that rules ask for."""

    name: str
    """As in a rule's `for`; a layer's is `layer:` and its ARN."""
    location: Location | None
    subject: str | None = None
    """Symbolic text of what it is about: queue, stream, target, key."""
    value: Value | None = None
    marks: frozenset[str] = frozenset()
    secrets: tuple[str, ...] = ()


def platform_facts(function: LambdaFunction, naming: Naming, table: Mapping[str, Any]) -> tuple[UsageFact, ...]:
    """Return what the platform needs for one function, sorted by action and resource.

    `table` is `access_maps/platform.toml`.
    """
    found: dict[tuple[str, ResourcePattern, tuple[Condition, ...]], UsageFact] = {}
    for feature in _features(function, naming, table):
        for rule in table["rule"]:
            if not _fits(rule["for"], feature.name):
                continue
            if "needs" in rule and rule["needs"] not in feature.marks:
                continue
            for fact in _facts(rule, feature, function, naming):
                key = (fact.action, fact.resource, fact.conditions)
                found.setdefault(key, fact)
    return tuple(found[key] for key in sorted(found, key=lambda key: (key[0], key[1])))


def platform_gaps(function: LambdaFunction, naming: Naming, table: Mapping[str, Any]) -> tuple[Gap, ...]:
    """Return a gap for each target whose kind is not known: Lambda may call any of the services that can be one."""
    services = tuple(sorted(set(table["services"])))
    return tuple(
        Gap(
            reason=GapReason.TEMPLATE_VALUE,
            detail=f"what kind of target {feature.subject or 'it'} is",
            location=feature.location,
            services=services,
            function=function.id,
        )
        for feature in _features(function, naming, table)
        if feature.name == "target:unknown"
    )


def _fits(wanted: str, name: str) -> bool:
    return fnmatchcase(name, wanted) if wanted.startswith("layer:") else wanted == name


def _features(function: LambdaFunction, naming: Naming, table: Mapping[str, Any]) -> Iterator[Feature]:
    place = function.location
    if function.edge:
        yield Feature("edge-logs", place)
    yield Feature("logs", place)
    if not function.owns_log_group:
        yield Feature("log-group", place)
    flags = (
        ("tracing", function.tracing),
        ("vpc", function.in_vpc),
        ("durable", function.durable),
    )
    yield from (Feature(name, place) for name, holds in flags if holds)
    if function.kms_key is not None:
        yield Feature("environment-key", place, naming.text(function.kms_key))
    for event in function.event_sources:
        yield _event(event, naming)
        if event.on_failure is not None:
            yield _target(event.on_failure, event.location or place, naming, table)
    targets = [function.dead_letter] if function.dead_letter is not None else []
    for value in (*targets, *function.destinations):
        yield _target(value, place, naming, table)
    for value in function.file_systems:
        yield Feature("file-system", place, naming.text(value), value)
    for value in function.layers:
        yield Feature(f"layer:{naming.text(value) or ''}", place)
    for name, value in function.environment:
        yield Feature(f"environment:{name}", place, naming.text(value))


def _event(event: EventSource, naming: Naming) -> Feature:
    access = dict(event.properties).get("SourceAccessConfigurations")
    secrets: list[str] = []
    kinds: list[str] = []
    for entry in access.items if isinstance(access, ListValue) else ():
        kind = entry.get("Type") if isinstance(entry, MapValue) else None
        uri = entry.get("URI") if isinstance(entry, MapValue) else None
        word = (kind.literal if isinstance(kind, Text) else None) or ""
        kinds.append(word)
        spelled = naming.text(uri)
        if word.endswith(("_AUTH", "_CERTIFICATE")) and spelled:
            secrets.append(spelled)
    marks = set()
    if any(kind in _IAM_AUTH for kind in kinds) or not kinds:
        marks.add("auth:iam")
    if any(kind.startswith("VPC_") for kind in kinds):
        marks.add("vpc-access")
    subject = naming.text(event.resource)
    if subject is not None and ("consumer" in subject.lower()):
        marks.add("consumer")
    return Feature(
        f"event:{event.kind}",
        event.location,
        subject,
        event.resource,
        frozenset(marks),
        tuple(secrets),
    )


def _target(value: Value, place: Location, naming: Naming, table: Mapping[str, Any]) -> Feature:
    subject = naming.text(value) or ""
    fields = subject.split(":")
    service = fields[2] if subject.startswith("arn:") and len(fields) > 3 else ""
    if not service:
        known = naming.parameters.get(subject.strip("{}"), "").split(":")
        service = known[2] if len(known) > 3 else ""
    return Feature(f"target:{table['services'].get(service, 'unknown')}", place, subject, value)


def _facts(rule: Mapping[str, Any], feature: Feature, function: LambdaFunction, naming: Naming) -> Iterator[UsageFact]:
    evidence = PlatformEvidence(
        rule=rule["id"],
        why=rule["source"],
        location=feature.location,
        optional=bool(rule.get("optional", False)),
    )
    for resource, widening, condition in _resources(rule, feature, function, naming):
        for action in rule["actions"]:
            yield UsageFact(
                function=function.id,
                role=function.role,
                action=action,
                resource=resource,
                conditions=condition,
                origin=Origin.PLATFORM,
                certainty=Certainty.RULE,
                evidence=(evidence,),
                widening=widening,
            )


_Conditions = tuple[Condition, ...]


def _resources(
    rule: Mapping[str, Any], feature: Feature, function: LambdaFunction, naming: Naming
) -> Iterator[tuple[ResourcePattern, Widening | None, _Conditions]]:
    on = rule["on"]
    match on:
        case "*":
            yield ANY, None, ()
        case "log-group":
            yield naming.pattern(_log_group(function, naming)), None, ()
        case "log-stream":
            group = _log_group(function, naming).removesuffix(":*")
            yield naming.pattern(f"{group}:log-stream:*"), None, ()
        case "function":
            text = "arn:${Partition}:lambda:${Region}:${Account}:function:"
            text += _function_name(function, naming) + rule.get("add", "")
            yield naming.pattern(text), None, ()
        case "secrets":
            for secret in feature.secrets:
                yield _known(secret, rule, naming)
        case "event" | "target" | "environment":
            if feature.subject:
                yield _known(feature.subject + rule.get("add", ""), rule, naming)
            elif "type" in rule:
                yield _known("*", rule, naming)
        case "key":
            yield from _keyed(feature.subject, rule, naming)
        case "event-key" | "target-key":
            key = naming.kms_key(feature.subject) if feature.subject else None
            yield from _keyed(naming.text(key), rule, naming)
        case "file-system":
            yield _file_system(feature, rule, naming)
        case _:
            text = on.replace("{function}", _function_name(function, naming))
            yield naming.pattern(text), None, ()


def _known(text: str, rule: Mapping[str, Any], naming: Naming) -> tuple[ResourcePattern, Widening | None, _Conditions]:
    """A resource by its ARN; one that is no ARN stands for any of its type, as a widening."""
    concrete = naming.concrete(text)
    if concrete.startswith("arn:"):
        return ResourcePattern(text, concrete), None, ()
    wide = str(rule.get("type") or _type_of(rule))
    symbolic = text if re.fullmatch(r"\{[^{}]+\}", text) else wide
    pattern = ResourcePattern(symbolic, naming.concrete(wide))
    return pattern, Widening(text, wide, f"platform rule {rule['id']}"), ()


def _type_of(rule: Mapping[str, Any]) -> str:
    service = str(rule["actions"][0]).partition(":")[0]
    if service == "s3":
        return "arn:${Partition}:s3:::*"
    if service == "secretsmanager":
        return "arn:${Partition}:secretsmanager:${Region}:${Account}:secret:*"
    return "arn:${Partition}:" + service + ":${Region}:${Account}:*"


def _keyed(
    key: str | None, rule: Mapping[str, Any], naming: Naming
) -> Iterator[tuple[ResourcePattern, Widening | None, _Conditions]]:
    if not key:
        return
    text = key
    if not key.startswith("arn:"):
        whole = re.fullmatch(r"\{[^{}]+\}", key) and key.strip("{}") not in naming.names
        alias = key.startswith("alias/")
        tail = "*" if alias or whole else key
        text = "arn:${Partition}:kms:${Region}:${Account}:key/" + tail
        if whole and naming.concrete(key).startswith("arn:"):
            text = key
    conditions: _Conditions = ()
    if "via" in rule:
        value = f"{rule['via']}.{naming.region or '*'}.amazonaws.com"
        operator = "StringEquals" if naming.region else "StringLike"
        conditions = (Condition(operator, "kms:ViaService", (value,)),)
    yield naming.pattern(text), None, conditions


def _log_group(function: LambdaFunction, naming: Naming) -> str:
    group = naming.text(function.log_group)
    if group is None:
        return f"{_LOGS}/aws/lambda/{_function_name(function, naming)}:*"
    if group.startswith("arn:"):
        return group if group.endswith(":*") else f"{group}:*"
    return f"{_LOGS}{group}:*"


def _function_name(function: LambdaFunction, naming: Naming) -> str:
    if function.id in naming.names:
        return "{" + function.id + "}"
    return naming.text(function.name) or "*"


def _file_system(
    feature: Feature, rule: Mapping[str, Any], naming: Naming
) -> tuple[ResourcePattern, Widening | None, _Conditions]:
    """The file system of an access point; if the template does not tell, any behind the point."""
    text = feature.value if isinstance(feature.value, Text) else None
    point = text.parts[0] if text is not None and len(text.parts) == 1 else None
    known = naming.names.get(point.logical_id) if isinstance(point, TemplateRef) else None
    if known is not None:
        system = naming.text(dict(known.resource.attributes).get("FileSystemId"))
        if system:
            text_of = rule["type"].replace("*", system)
            return naming.pattern(text_of), None, ()
    if feature.subject and ":access-point/" in feature.subject:
        value = naming.concrete(feature.subject)
        operator = "StringLike" if "*" in value else "StringEquals"
        condition = Condition(operator, "elasticfilesystem:AccessPointArn", (value,))
        return naming.pattern(rule["type"]), None, (condition,)
    return _known("*", rule, naming)
