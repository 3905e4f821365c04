"""Roles of a CloudFormation or SAM template as they will be deployed, with what the framework adds.

A role of the template carries its inline policies, its managed policies and the policies that
other resources attach to it. A SAM function without `Role` gets a role of its own: what SAM adds by
itself has origin `framework`, its `Policies` have origin `template`; with `Role` set SAM ignores
`Policies`.
"""

from typing import Any

from iamgen.access.maps import open_maps
from iamgen.access.resource_types import resource_types, symbolic_text
from iamgen.model.function import EventSource, LambdaFunction, Role, RolePolicy
from iamgen.model.observation import Gap, GapReason, Location
from iamgen.model.policy import Policy, Statement
from iamgen.model.value import ListValue, MapValue, Text, Value
from iamgen.sources import _yaml
from iamgen.sources._intrinsics import NO_VALUE, first_text, intrinsic
from iamgen.sources._policy_document import read_policy
from iamgen.sources._stack import Stack
from iamgen.sources._yaml import Node, Sequence

LAMBDA_TRUST = Policy((Statement(actions=("sts:AssumeRole",), principals=(("Service", ("lambda.amazonaws.com",)),)),))


def template_role(stack: Stack, logical_id: str) -> Role:
    """Return an `AWS::IAM::Role` of the template with all that is attached to it."""
    properties = stack.properties(logical_id)
    route = f"Resources.{logical_id}.Properties"
    gaps: list[Gap] = []
    policies: list[RolePolicy] = []
    for index, entry in enumerate(_listed(stack, _yaml.get(properties, "Policies"))):
        place = stack.place(entry, f"{route}.Policies[{index}]")
        name = stack.text(_yaml.get(entry, "PolicyName"))
        policies.append(_inline(stack, _yaml.get(entry, "PolicyDocument"), entry, name, index, place, gaps))
    for index, entry in enumerate(_listed(stack, _yaml.get(properties, "ManagedPolicyArns"))):
        place = stack.place(entry, f"{route}.ManagedPolicyArns[{index}]")
        policies.extend(managed_policies(stack, entry, place, gaps))
    policies.extend(_attached(stack, logical_id, gaps))
    boundary, boundary_arn = _boundary(stack, _yaml.get(properties, "PermissionsBoundary"), gaps)
    trust_node = _yaml.get(properties, "AssumeRolePolicyDocument")
    trust, _ = read_policy(trust_node, stack.resolver, stack.place(trust_node, route))
    return Role(
        key=logical_id,
        name=stack.text(_yaml.get(properties, "RoleName")),
        policies=tuple(policies),
        boundary=boundary,
        boundary_arn=boundary_arn,
        trust=trust,
        location=stack.place(stack.sections[logical_id], f"Resources.{logical_id}"),
        gaps=tuple(gaps),
    )


def sam_role(stack: Stack, function: LambdaFunction, properties: Node | None, connectors: Node | None) -> Role:
    """Return the role that SAM makes for a function without `Role`."""
    rules: dict[str, Any] = open_maps().table("frameworks")["sam"]
    gaps: list[Gap] = []
    names = list(rules["durable"] if function.durable else rules["managed"])
    names += rules["tracing"] if function.tracing else ()
    names += rules["vpc"] if function.in_vpc else ()
    own_events = function.event_sources
    for event in own_events:
        names += rules["events"].get(event.kind, ())
    policies = [_aws_managed(name, "framework", None, gaps) for name in dict.fromkeys(names)]
    policies.extend(_framework_statements(stack, function, properties, own_events, rules))
    policies.extend(function_policies(stack, function.id, _yaml.get(properties, "Policies"), gaps))
    policies.extend(_connected(stack, function.id, connectors, gaps))
    policies.extend(_attached(stack, f"{function.id}Role", gaps))
    boundary, boundary_arn = _boundary(stack, _yaml.get(properties, "PermissionsBoundary"), gaps)
    trust_node = _yaml.get(properties, "AssumeRolePolicyDocument")
    trust: Policy | None = LAMBDA_TRUST
    if trust_node is not None:
        trust, _ = read_policy(trust_node, stack.resolver, function.location)
    return Role(
        key=f"{function.id}Role",
        policies=tuple(policies),
        boundary=boundary,
        boundary_arn=boundary_arn,
        trust=trust,
        location=function.location,
        implicit=True,
        gaps=tuple(gaps),
    )


def function_policies(stack: Stack, function: str, node: Node | None, gaps: list[Gap]) -> list[RolePolicy]:
    """Return a SAM function's `Policies`: names, ARNs, documents and SAM policy templates."""
    found: list[RolePolicy] = []
    base = f"Resources.{function}.Properties.Policies"
    for index, entry in enumerate(_listed(stack, node)):
        route = f"{base}[{index}]" if isinstance(node, Sequence) else base
        place = stack.place(entry, route)
        keys = _yaml.entries(entry)
        if intrinsic(entry) is None and any(key == "Statement" for key, _ in keys):
            name = Text.of(f"{function}RolePolicy{index}")
            found.append(_inline(stack, entry, entry, name, index, place, gaps))
        elif intrinsic(entry) is None and len(keys) == 1:
            found.append(_policy_template(stack, keys[0], entry, place, gaps))
        else:
            found.extend(managed_policies(stack, entry, place, gaps))
    return found


def managed_policies(stack: Stack, node: Node, place: Location, gaps: list[Gap]) -> list[RolePolicy]:
    """Return the managed policies that an entry of a list names; its span is the entry."""
    value = stack.resolver.value(node)
    if value == NO_VALUE:
        return []
    values = value.items if isinstance(value, ListValue) else (value,)
    span = (node.start, node.end)
    found = []
    for item in values:
        referred = stack.reference(item)
        if referred is not None and stack.type_of(referred) == "AWS::IAM::ManagedPolicy":
            inner = stack.properties(referred)
            document = _yaml.get(inner, "PolicyDocument")
            spot = stack.place(document, f"Resources.{referred}.Properties.PolicyDocument")
            policy, more = read_policy(document, stack.resolver, spot)
            gaps.extend(more)
            found.append(
                RolePolicy(
                    name=referred,
                    kind="managed",
                    origin="template",
                    policy=policy,
                    arn="{" + referred + "}",
                    location=place,
                    span=span,
                )
            )
            continue
        text = first_text(item)
        name = "*" if text is None else symbolic_text(text, stack.resolver.resources)
        found.append(_aws_managed(name, "template", place, gaps, span))
    return found


_ATTACHED = {
    "AWS::IAM::Policy": ("Roles", "inline"),
    "AWS::IAM::RolePolicy": ("RoleName", "inline"),
    "AWS::IAM::ManagedPolicy": ("Roles", "managed"),
}


def _attachments(stack: Stack) -> dict[str, list[str]]:
    """Return the policies of the template by the role that they attach themselves to."""
    if stack.attachments is None:
        found: dict[str, list[str]] = {}
        for logical_id, properties in stack.of_type(*_ATTACHED):
            key = _ATTACHED[stack.type_of(logical_id)][0]
            for entry in _listed(stack, _yaml.get(properties, key)):
                role = stack.named(stack.value(entry), "AWS::IAM::Role")
                if role is not None and logical_id not in found.setdefault(role, []):
                    found[role].append(logical_id)
        stack.attachments = found
    return stack.attachments


def _listed(stack: Stack, node: Node | None) -> tuple[Node, ...]:
    """The entries of a list, of the branches of `Fn::If` the one that holds."""
    found: list[Node] = []
    for entry in _yaml.items(node):
        called = intrinsic(entry)
        if called is not None and called[0] == "If" and isinstance(called[1], Sequence):
            branches = called[1].items
            holds = stack.resolver.condition(_yaml.text_of(branches[0]) or "")
            chosen = branches[1:] if holds is None else (branches[1 if holds else 2],)
            for branch in chosen:
                if stack.resolver.value(branch) != NO_VALUE:
                    found.extend(_yaml.items(branch))
        else:
            found.append(entry)
    return tuple(found)


def _inline(
    stack: Stack,
    document: Node | None,
    entry: Node,
    name: Text | None,
    index: int,
    place: Location,
    gaps: list[Gap],
) -> RolePolicy:
    policy, more = read_policy(document, stack.resolver, place)
    gaps.extend(more)
    spelled = f"policy{index}" if name is None else symbolic_text(name, stack.resolver.resources)
    return RolePolicy(
        name=spelled,
        kind="inline",
        origin="template",
        policy=policy,
        location=place,
        span=(entry.start, entry.end),
    )


def _aws_managed(
    name: str,
    origin: str,
    place: Location | None,
    gaps: list[Gap],
    span: tuple[int, int] | None = None,
) -> RolePolicy:
    document = None
    is_aws = ":policy/" not in name or ":aws:policy/" in name
    short = name.rpartition("/")[2]
    if is_aws:
        document = open_maps().managed_policy(short)
    if document is None:
        gaps.append(Gap(GapReason.POLICY_UNKNOWN, f"managed policy `{name}`", place, None))
    arn = name if name.startswith("arn:") else "arn:${Partition}:iam::aws:policy/" + name
    return RolePolicy(
        name=short,
        kind="aws" if is_aws else "managed",
        origin=origin,
        policy=None if document is None else Policy.from_document(document, short),
        arn=arn,
        location=place,
        span=span,
    )


def _policy_template(
    stack: Stack,
    entry: tuple[str, Node],
    node: Node,
    place: Location,
    gaps: list[Gap],
) -> RolePolicy:
    name, arguments = entry
    template = open_maps().sam_policy_template(name)
    policy = None
    if template is None:
        gaps.append(Gap(GapReason.POLICY_UNKNOWN, f"policy template `{name}`", place, None))
    else:
        scope = {key: stack.resolver.value(item) for key, item in _yaml.entries(arguments)}
        body = _yaml.node_of(template["definition"], node.line, node.start, node.end)
        policy, more = read_policy(body, stack.resolver, place, scope)
        gaps.extend(more)
    return RolePolicy(
        name=name,
        kind="inline",
        origin="template",
        policy=policy,
        location=place,
        span=(node.start, node.end),
    )


def _attached(stack: Stack, role: str, gaps: list[Gap]) -> list[RolePolicy]:
    """What other resources of the template attach to a role."""
    found = []
    for logical_id in _attachments(stack).get(role, ()):
        properties = stack.properties(logical_id)
        kind = _ATTACHED[stack.type_of(logical_id)][1]
        document = _yaml.get(properties, "PolicyDocument")
        place = stack.place(document, f"Resources.{logical_id}.Properties.PolicyDocument")
        policy, more = read_policy(document, stack.resolver, place)
        gaps.extend(more)
        node = stack.sections[logical_id]
        found.append(
            RolePolicy(
                name=logical_id,
                kind=kind,
                origin="template",
                policy=policy,
                location=place,
                span=(node.start, node.end),
            )
        )
    return found


def _boundary(stack: Stack, node: Node | None, gaps: list[Gap]) -> tuple[Policy | None, str | None]:
    value = stack.value(node)
    if value is None or node is None:
        return None, None
    place = stack.place(node, "PermissionsBoundary")
    found = managed_policies(stack, node, place, gaps)
    return (found[0].policy, found[0].arn) if found else (None, None)


def _framework_statements(
    stack: Stack,
    function: LambdaFunction,
    properties: Node | None,
    events: tuple[EventSource, ...],
    rules: dict[str, Any],
) -> list[RolePolicy]:
    """Inline policies that SAM adds for pollers, the dead-letter queue and destinations."""
    found: list[RolePolicy] = []
    for event in events:
        row = next((row for row in rules["event_statements"] if row["event"] == event.kind), None)
        if row is not None:
            statements = _event_statements(stack, event, row["statements"])
            found.extend(_framework(f"{event.kind}EventSourcePolicy", statements))
        if event.on_failure is not None:
            kind = _target_type(stack, event.on_failure)
            statements = _targets(stack, rules, kind, event.on_failure)
            found.extend(_framework(f"{event.kind}OnFailurePolicy", statements))
    if function.dead_letter is not None:
        kind = stack.literal(_yaml.get(properties, "DeadLetterQueue", "Type"))
        kind = kind or _target_type(stack, function.dead_letter)
        statements = _targets(stack, rules, kind, function.dead_letter)
        found.extend(_framework("DeadLetterQueuePolicy", statements))
    for key in ("OnSuccess", "OnFailure"):
        target = _yaml.get(properties, "EventInvokeConfig", "DestinationConfig", key)
        value = stack.value(_yaml.get(target, "Destination"))
        if value is not None:
            kind = stack.literal(_yaml.get(target, "Type")) or _target_type(stack, value)
            statements = _targets(stack, rules, kind, value)
            found.extend(_framework(f"EventInvokeConfig{key}Policy", statements))
    return found


def _framework(name: str, statements: list[Statement]) -> list[RolePolicy]:
    if not statements:
        return []
    policy = Policy(tuple(statements))
    return [RolePolicy(name=name, kind="inline", origin="framework", policy=policy)]


def _event_statements(stack: Stack, event: EventSource, rows: list[dict[str, Any]]) -> list[Statement]:
    access = dict(event.properties).get("SourceAccessConfigurations")
    entries = access.items if isinstance(access, ListValue) else ()
    secrets: list[str] = []
    has_vpc = False
    for entry in entries:
        if not isinstance(entry, MapValue):
            continue
        kind, uri = entry.get("Type"), entry.get("URI")
        word = kind.literal if isinstance(kind, Text) else None
        has_vpc = has_vpc or (word or "").startswith("VPC_")
        if word and word.endswith("_AUTH") and isinstance(uri, Text):
            secrets.append(symbolic_text(uri, stack.resolver.resources))
    found = []
    for row in rows:
        if row.get("needs") == "vpc" and not has_vpc:
            continue
        resources: tuple[str, ...] = (row["on"],)
        if row["on"] == "secrets":
            resources = tuple(secrets)
        elif row["on"] == "event":
            text = None if event.resource is None else first_text(event.resource)
            resources = () if text is None else (symbolic_text(text, stack.resolver.resources),)
        if resources:
            found.append(Statement(actions=tuple(row["actions"]), resources=resources))
    return found


def _targets(stack: Stack, rules: dict[str, Any], kind: str | None, value: Value) -> list[Statement]:
    text = first_text(value)
    rows = rules["destinations"].get(kind or "")
    if text is None or rows is None:
        return []
    base = symbolic_text(text, stack.resolver.resources)
    return [Statement(actions=tuple(row["actions"]), resources=(base + row["on"],)) for row in rows]


_BY_TYPE = {
    "AWS::SQS::Queue": "SQS",
    "AWS::SNS::Topic": "SNS",
    "AWS::Events::EventBus": "EventBridge",
    "AWS::Lambda::Function": "Lambda",
    "AWS::S3::Bucket": "S3Bucket",
}
_BY_SERVICE = {
    "sqs": "SQS",
    "sns": "SNS",
    "events": "EventBridge",
    "lambda": "Lambda",
    "s3": "S3Bucket",
}


def _target_type(stack: Stack, value: Value) -> str | None:
    referred = stack.reference(value)
    if referred is not None and referred in stack.resolver.resources:
        return _BY_TYPE.get(stack.resolver.resources[referred].type)
    text = first_text(value)
    words = [] if text is None else [getattr(part, "text", "*") for part in text.parts]
    fields = "".join(words).split(":")
    return _BY_SERVICE.get(fields[2]) if len(fields) > 2 else None


def _connected(stack: Stack, function: str, embedded: Node | None, gaps: list[Gap]) -> list[RolePolicy]:
    """What SAM connectors grant to a function: embedded ones and resources of their own."""
    links: list[tuple[str, Node | None, Node | None]] = []
    for name, node in _yaml.entries(embedded):
        links.append((f"{function}{name}", node, _yaml.get(node, "Properties")))
    for logical_id, properties in stack.of_type("AWS::Serverless::Connector"):
        if _yaml.text_of(_yaml.get(properties, "Source", "Id")) == function:
            links.append((logical_id, stack.sections[logical_id], properties))
    found: list[RolePolicy] = []
    profiles: dict[str, Any] = {}
    if links:
        profiles = open_maps().sam_connectors().get("AWS::Lambda::Function", {})
    for name, link, properties in links:
        for target in _yaml.items(_yaml.get(properties, "Destination")):
            place = stack.place(link, name)
            statements = _connector(stack, target, properties, profiles)
            if statements is None:
                gaps.append(Gap(GapReason.POLICY_UNKNOWN, f"connector `{name}`", place, None))
                continue
            found.extend(
                RolePolicy(
                    name=f"{name}Policy",
                    kind="managed",
                    origin="framework",
                    policy=Policy(tuple(statements)),
                    location=place,
                )
                for _ in statements[:1]
            )
    return found


def _connector(stack: Stack, target: Node, properties: Node | None, profiles: dict[str, Any]) -> list[Statement] | None:
    referred = _yaml.text_of(_yaml.get(target, "Id"))
    kind = stack.type_of(referred) if referred else stack.literal(_yaml.get(target, "Type"))
    full = {
        "AWS::Serverless::Function": "AWS::Lambda::Function",
        "AWS::Serverless::SimpleTable": "AWS::DynamoDB::Table",
        "AWS::Serverless::StateMachine": "AWS::StepFunctions::StateMachine",
    }.get(kind or "", kind or "")
    profile = profiles.get(full, {}).get("Properties", {})
    categories = profile.get("AccessCategories")
    if not isinstance(categories, dict):
        return None
    resource = stack.resolver.resources.get(referred or "")
    arn: str | None = None
    if resource is not None:
        known = resource_types().get(resource.type)
        arn = None if known is None else known.arn_of("{" + resource.logical_id + "}")
    else:
        text = stack.text(_yaml.get(target, "Arn"))
        arn = None if text is None else symbolic_text(text, stack.resolver.resources)
    if arn is None:
        return None
    found = []
    for permission in _yaml.items(_yaml.get(properties, "Permissions")):
        body = categories.get(_yaml.text_of(permission) or "", {})
        for statement in body.get("Statement", ()):
            filled = _filled(statement, arn, "{" + (referred or "*") + "}")
            if filled is None:
                return None
            found.append(Statement.from_document(filled))
    return found


def _filled(value: Any, arn: str, name: str) -> Any:
    """A connector profile's statement with the destination's ARN in place."""
    if isinstance(value, str):
        text = value.replace("%{Destination.Arn}", arn).replace("%{Destination.Name}", name)
        return None if "%{" in text else text
    if isinstance(value, dict) and len(value) == 1 and "Fn::Sub" in value:
        body = value["Fn::Sub"]
        if not isinstance(body, list) or len(body) != 2:
            return None
        text = str(body[0])
        for key, inner in body[1].items():
            filled = _filled(inner, arn, name)
            if filled is None:
                return None
            text = text.replace("${" + key + "}", filled)
        return text
    if isinstance(value, list):
        items = [_filled(item, arn, name) for item in value]
        return None if None in items else items
    if isinstance(value, dict):
        pairs = {key: _filled(item, arn, name) for key, item in value.items()}
        return None if None in pairs.values() else pairs
    return value
