"""Events of serverless.yml in the model's words."""

from collections.abc import Callable

from iamgen.model.function import EventSource
from iamgen.model.observation import Location
from iamgen.model.value import ListValue, Literal, MapValue, PseudoParameter, Text, Value
from iamgen.sources import _yaml
from iamgen.sources._intrinsics import intrinsic
from iamgen.sources._stack import Stack
from iamgen.sources._stack_events import mapping_kind
from iamgen.sources._yaml import Mapping, Node, Scalar

_KINDS = {
    "http": ("Api", ()),
    "httpApi": ("HttpApi", ()),
    "websocket": ("Api", ()),
    "s3": ("S3", ("bucket",)),
    "sns": ("SNS", ("arn", "topicName")),
    "sqs": ("SQS", ("arn",)),
    "stream": ("Stream", ("arn",)),
    "schedule": ("Schedule", ()),
    "eventBridge": ("EventBridgeRule", ("eventBus",)),
    "cloudwatchEvent": ("CloudWatchEvent", ()),
    "cloudwatchLog": ("CloudWatchLogs", ("logGroup",)),
    "cognitoUserPool": ("Cognito", ("pool",)),
    "msk": ("MSK", ("arn",)),
    "kafka": ("SelfManagedKafka", ()),
    "activemq": ("MQ", ("arn",)),
    "rabbitmq": ("MQ", ("arn",)),
    "iot": ("IoTRule", ()),
    "alexaSkill": ("AlexaSkill", ()),
    "alb": ("Api", ()),
    "cloudFront": ("CloudFront", ()),
}
_ACCESS = {
    "basicAuthArn": "BASIC_AUTH",
    "saslScram256Auth": "SASL_SCRAM_256_AUTH",
    "saslScram512Auth": "SASL_SCRAM_512_AUTH",
    "clientCertificateTlsAuth": "CLIENT_CERTIFICATE_TLS_AUTH",
    "serverRootCaCertificate": "SERVER_ROOT_CA_CERTIFICATE",
    "vpcSubnet": "VPC_SUBNET",
    "vpcSecurityGroup": "VPC_SECURITY_GROUP",
}


_TOPIC = (
    Literal("arn:"),
    PseudoParameter("Partition"),
    Literal(":sns:"),
    PseudoParameter("Region"),
    Literal(":"),
    PseudoParameter("Account"),
    Literal(":"),
)


def read_events(stack: Stack, node: Node | None, place: Callable[[Node], Location]) -> tuple[EventSource, ...]:
    """Return the events of one function."""
    found: list[EventSource] = []
    for entry in _yaml.items(node):
        if isinstance(entry, Scalar) and not _yaml.is_null(entry):
            kind = _KINDS.get(entry.text)
            if kind is not None:
                found.append(EventSource(kind=kind[0], location=place(entry)))
            continue
        for word, body in _yaml.entries(entry):
            if word in _KINDS:
                found.append(_event(stack, word, body, place(entry)))
    return tuple(found)


def _event(stack: Stack, word: str, body: Node, place: Location) -> EventSource:
    kind, keys = _KINDS[word]
    plain = not isinstance(body, Mapping) or intrinsic(body) is not None
    resource: Value | None = None
    if plain and keys:
        resource = stack.value(body)
    for key in keys:
        if resource is None and not plain:
            resource = stack.value(_yaml.get(body, key))
    if kind == "Stream":
        declared = stack.literal(_yaml.get(body, "type")) if not plain else None
        known = {"dynamodb": "DynamoDB", "kinesis": "Kinesis"}.get(declared or "")
        kind = known or mapping_kind(stack, resource, None) or "Stream"
    if word == "sns" and isinstance(resource, Text) and not _is_arn(resource):
        resource = Text((*_TOPIC, *resource.parts))
    failure = stack.value(_yaml.get(body, "destinations", "onFailure"))
    if isinstance(failure, MapValue):
        failure = failure.get("arn")
    extra: list[tuple[str, Value]] = []
    pattern = stack.value(_yaml.get(body, "pattern"))
    if pattern is not None:
        extra.append(("Pattern", pattern))
    access = _access(stack, _yaml.get(body, "accessConfigurations"))
    if word in ("activemq", "rabbitmq"):
        basic = stack.value(_yaml.get(body, "basicAuthArn"))
        if basic is not None:
            access.append(MapValue((("Type", Text.of("BASIC_AUTH")), ("URI", basic))))
    if access:
        extra.append(("SourceAccessConfigurations", ListValue(tuple(access))))
    return EventSource(kind=kind, resource=resource, on_failure=failure, location=place, properties=tuple(extra))


def _access(stack: Stack, node: Node | None) -> list[Value]:
    found: list[Value] = []
    for key, entry in _yaml.entries(node):
        for item in _yaml.items(entry):
            value = stack.value(item)
            if value is not None and key in _ACCESS:
                pair = (("Type", Text.of(_ACCESS[key])), ("URI", value))
                found.append(MapValue(pair))
    return found


def _is_arn(text: Text) -> bool:
    first = text.parts[0] if text.parts else None
    return not isinstance(first, Literal) or first.text.startswith("arn:")
