"""What calls a function and where its results go: from SAM events and CloudFormation resources."""

from collections.abc import Iterator
from dataclasses import replace

from iamgen.model.function import EventSource, LambdaFunction
from iamgen.model.value import ListValue, MapValue, TemplateRef, Text, Value
from iamgen.sources import _yaml
from iamgen.sources._intrinsics import first_text
from iamgen.sources._stack import Stack
from iamgen.sources._yaml import Node

FUNCTION_TYPES = ("AWS::Lambda::Function", "AWS::Serverless::Function")

_SAM_SOURCE = {
    "S3": "Bucket",
    "SNS": "Topic",
    "SQS": "Queue",
    "Kinesis": "Stream",
    "DynamoDB": "Stream",
    "MSK": "Stream",
    "MQ": "Broker",
    "DocumentDB": "Cluster",
    "Api": "RestApiId",
    "HttpApi": "ApiId",
    "CloudWatchLogs": "LogGroupName",
    "Cognito": "UserPool",
    "EventBridgeRule": "EventBusName",
}
_EXTRA = (
    "SourceAccessConfigurations",
    "Filter",
    "Topics",
    "Queues",
    "DestinationConfig",
    "Events",
    "Pattern",
)
_BY_TYPE = {
    "AWS::DynamoDB::Table": "DynamoDB",
    "AWS::DynamoDB::GlobalTable": "DynamoDB",
    "AWS::SQS::Queue": "SQS",
    "AWS::Kinesis::Stream": "Kinesis",
    "AWS::Kinesis::StreamConsumer": "Kinesis",
    "AWS::MSK::Cluster": "MSK",
    "AWS::MSK::ServerlessCluster": "MSK",
    "AWS::AmazonMQ::Broker": "MQ",
    "AWS::DocDB::DBCluster": "DocumentDB",
}
_BY_SERVICE = {
    "dynamodb": "DynamoDB",
    "sqs": "SQS",
    "kinesis": "Kinesis",
    "kafka": "MSK",
    "mq": "MQ",
    "rds": "DocumentDB",
}


def sam_events(stack: Stack, logical_id: str, properties: Node | None) -> tuple[EventSource, ...]:
    """Return the events that a SAM function states itself."""
    found = []
    for name, node in _yaml.entries(_yaml.get(properties, "Events")):
        kind = stack.literal(_yaml.get(node, "Type"))
        if kind is None:
            continue
        inner = _yaml.get(node, "Properties")
        source = stack.value(_yaml.get(inner, _SAM_SOURCE.get(kind, "")))
        if source is None and kind in ("Api", "HttpApi"):
            made = "ServerlessRestApi" if kind == "Api" else "ServerlessHttpApi"
            source = Text((TemplateRef(made),))
        found.append(
            EventSource(
                kind=kind,
                resource=source,
                on_failure=_on_failure(stack, inner),
                location=stack.place(node, f"Resources.{logical_id}.Properties.Events.{name}"),
                properties=_extra(stack, inner),
            )
        )
    return tuple(found)


def with_wiring(stack: Stack, functions: tuple[LambdaFunction, ...]) -> tuple[LambdaFunction, ...]:
    """Return the functions with the events and destinations that other resources give them."""
    events: dict[str, list[EventSource]] = {}
    destinations: dict[str, list[Value]] = {}
    for logical_id in stack.sections:
        properties = stack.properties(logical_id)
        declared = stack.type_of(logical_id)
        if declared == "AWS::Lambda::EventSourceMapping":
            _mapping(stack, logical_id, properties, events)
        elif declared == "AWS::Lambda::EventInvokeConfig":
            target = _function(stack, _yaml.get(properties, "FunctionName"))
            if target is not None:
                destinations.setdefault(target, []).extend(invoke_targets(stack, properties))
        else:
            place = stack.place(stack.sections[logical_id], f"Resources.{logical_id}")
            for node, kind, resource, extra in _callers(stack, logical_id, declared, properties):
                target = _function(stack, node)
                if target is not None:
                    events.setdefault(target, []).append(
                        EventSource(kind=kind, resource=resource, location=place, properties=extra)
                    )
    _permissions(stack, events)
    edge = _edge_functions(stack)
    return tuple(
        replace(
            function,
            event_sources=function.event_sources + tuple(events.get(function.id, ())),
            destinations=function.destinations + tuple(destinations.get(function.id, ())),
            edge=function.edge or function.id in edge,
        )
        for function in functions
    )


_Extra = tuple[tuple[str, Value], ...]


def _callers(
    stack: Stack, logical_id: str, declared: str, properties: Node | None
) -> Iterator[tuple[Node | None, str, Value | None, _Extra]]:
    """Yield the functions that a resource calls: node of the target, kind, what the event is of."""
    own = Text((TemplateRef(logical_id),))
    match declared:
        case "AWS::S3::Bucket":
            listed = _yaml.get(properties, "NotificationConfiguration", "LambdaConfigurations")
            for entry in _yaml.items(listed):
                yield _yaml.get(entry, "Function"), "S3", own, ()
        case "AWS::SNS::Subscription":
            if stack.literal(_yaml.get(properties, "Protocol")) == "lambda":
                topic = stack.value(_yaml.get(properties, "TopicArn"))
                yield _yaml.get(properties, "Endpoint"), "SNS", topic, ()
        case "AWS::SNS::Topic":
            for entry in _yaml.items(_yaml.get(properties, "Subscription")):
                yield _yaml.get(entry, "Endpoint"), "SNS", own, ()
        case "AWS::Events::Rule":
            bus = stack.value(_yaml.get(properties, "EventBusName"))
            pattern = stack.value(_yaml.get(properties, "EventPattern"))
            extra: _Extra = () if pattern is None else (("Pattern", pattern),)
            for entry in _yaml.items(_yaml.get(properties, "Targets")):
                yield _yaml.get(entry, "Arn"), "EventBridgeRule", bus, extra
        case "AWS::Scheduler::Schedule":
            yield _yaml.get(properties, "Target", "Arn"), "ScheduleV2", None, ()
        case "AWS::Logs::SubscriptionFilter":
            group = stack.value(_yaml.get(properties, "LogGroupName"))
            yield _yaml.get(properties, "DestinationArn"), "CloudWatchLogs", group, ()
        case "AWS::Cognito::UserPool":
            for _, node in _yaml.entries(_yaml.get(properties, "LambdaConfig")):
                yield node, "Cognito", own, ()
        case _:
            return


def _mapping(stack: Stack, logical_id: str, properties: Node | None, events: dict[str, list[EventSource]]) -> None:
    target = _function(stack, _yaml.get(properties, "FunctionName"))
    source = stack.value(_yaml.get(properties, "EventSourceArn"))
    kind = mapping_kind(stack, source, properties)
    if target is None or kind is None:
        return
    events.setdefault(target, []).append(
        EventSource(
            kind=kind,
            resource=source,
            on_failure=_on_failure(stack, properties),
            location=stack.place(stack.sections[logical_id], f"Resources.{logical_id}"),
            properties=_extra(stack, properties),
        )
    )


def invoke_targets(stack: Stack, node: Node | None) -> tuple[Value, ...]:
    """Return where results of asynchronous calls go (`DestinationConfig`)."""
    found = []
    for key in ("OnSuccess", "OnFailure"):
        value = stack.value(_yaml.get(node, "DestinationConfig", key, "Destination"))
        if value is not None:
            found.append(value)
    return tuple(found)


def mapping_kind(stack: Stack, source: Value | None, properties: Node | None) -> str | None:
    """Return which kind of poller an event source mapping starts, in SAM's words."""
    if _yaml.get(properties, "SelfManagedEventSource") is not None:
        return "SelfManagedKafka"
    referred = stack.reference(source)
    if referred is not None and referred in stack.resolver.resources:
        found = _BY_TYPE.get(stack.resolver.resources[referred].type)
        if found is not None:
            return found
    text = None if source is None else first_text(source)
    words = [] if text is None else [getattr(part, "text", "*") for part in text.parts]
    fields = "".join(words).split(":")
    if len(fields) > 2 and fields[2] in _BY_SERVICE:
        return _BY_SERVICE[fields[2]]
    for key, kind in (
        ("Topics", "MSK"),
        ("Queues", "MQ"),
        ("DocumentDBEventSourceConfig", "DocumentDB"),
    ):
        if _yaml.get(properties, key) is not None:
            return kind
    if _yaml.get(properties, "StartingPosition") is not None:
        return "Stream"
    return None if source is None else "SQS"


def _permissions(stack: Stack, events: dict[str, list[EventSource]]) -> None:
    """A bucket or topic that may call the function and is wired nowhere else calls it."""
    for logical_id, properties in stack.of_type("AWS::Lambda::Permission"):
        principal = stack.literal(_yaml.get(properties, "Principal")) or ""
        kind = {"s3.amazonaws.com": "S3", "sns.amazonaws.com": "SNS"}.get(principal)
        target = _function(stack, _yaml.get(properties, "FunctionName"))
        source = stack.value(_yaml.get(properties, "SourceArn"))
        if kind is None or target is None or source is None:
            continue
        known = events.get(target, [])
        if any(event.kind == kind for event in known):
            continue
        place = stack.place(stack.sections[logical_id], f"Resources.{logical_id}")
        events.setdefault(target, []).append(EventSource(kind=kind, resource=source, location=place))


def _edge_functions(stack: Stack) -> frozenset[str]:
    found = set()
    for _, properties in stack.of_type("AWS::CloudFront::Distribution"):
        config = _yaml.get(properties, "DistributionConfig")
        behaviours = [_yaml.get(config, "DefaultCacheBehavior")]
        behaviours += _yaml.items(_yaml.get(config, "CacheBehaviors"))
        for behaviour in behaviours:
            for entry in _yaml.items(_yaml.get(behaviour, "LambdaFunctionAssociations")):
                value = stack.value(_yaml.get(entry, "LambdaFunctionARN"))
                referred = stack.reference(value)
                if referred is None:
                    continue
                if stack.type_of(referred) == "AWS::Lambda::Version":
                    inner = _yaml.get(stack.properties(referred), "FunctionName")
                    referred = _function(stack, inner) or referred
                found.add(referred)
    return frozenset(found)


def _function(stack: Stack, node: Node | None) -> str | None:
    """The function that a name, ARN, alias or version refers to."""
    value = stack.value(node)
    target = stack.named(value)
    for _ in range(3):
        if target is None or stack.type_of(target) in FUNCTION_TYPES:
            return target
        inner = _yaml.get(stack.properties(target), "FunctionName")
        target = stack.named(stack.value(inner))
    return None


def _on_failure(stack: Stack, node: Node | None) -> Value | None:
    return stack.value(_yaml.get(node, "DestinationConfig", "OnFailure", "Destination"))


def _extra(stack: Stack, node: Node | None) -> tuple[tuple[str, Value], ...]:
    found = []
    for key in _EXTRA:
        value = stack.value(_yaml.get(node, key))
        if isinstance(value, ListValue | MapValue | Text):
            found.append((key, value))
    return tuple(found)
