"""Functions, roles and what a template deploys."""

from dataclasses import dataclass, field

from iamgen.model.observation import Gap, Location
from iamgen.model.policy import Policy
from iamgen.model.value import Text, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSource:
    """What calls the function."""

    kind: str
    """SAM's word for it: S3, SNS, SQS, Kinesis, DynamoDB, MSK, SelfManagedKafka, MQ, DocumentDB, Api, HttpApi,
    Schedule, ScheduleV2, EventBridgeRule, CloudWatchLogs, Cognito, AlexaSkill, IoTRule, CloudWatchEvent."""
    resource: Value | None = None
    """The bucket, table stream, queue or topic, where it has one."""
    on_failure: Value | None = None
    location: Location | None = None
    properties: tuple[tuple[str, Value], ...] = ()
    """What else platform rules ask about (`SourceAccessConfigurations` types and URIs, `Filter`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LambdaFunction:
    """One function as its template states it."""

    id: str
    """Logical id (CloudFormation, SAM), construct id (CDK), key (serverless), address (Terraform)."""
    template: str
    """Path of the template, relative to the project."""
    location: Location
    name: Text | None = None
    """Explicit function name."""
    runtime: str | None = None
    handler: str | None = None
    code_root: str | None = None
    """Folder of the code, relative to the project; None when it is not in the project."""
    inline_code: str | None = None
    """Source given in the template itself (`ZipFile`, `InlineCode`)."""
    image: bool = False
    layers: tuple[Value, ...] = ()
    layer_roots: tuple[str, ...] = ()
    """Folders of layers built from the project."""
    environment: tuple[tuple[str, Value], ...] = ()
    event_sources: tuple[EventSource, ...] = ()
    tracing: bool = False
    in_vpc: bool = False
    kms_key: Value | None = None
    dead_letter: Value | None = None
    destinations: tuple[Value, ...] = ()
    file_systems: tuple[Value, ...] = ()
    log_group: Value | None = None
    """`LoggingConfig.LogGroup`, or the template's own log group for the function."""
    owns_log_group: bool = False
    """The template creates the log group, so the function need not."""
    edge: bool = False
    durable: bool = False
    role: str | None = None
    """Key of its role in `Deployment.roles`."""
    role_value: Value | None = None
    """How the template spells the role when it is not one of `Deployment.roles` (an ARN, a parameter)."""
    tags: tuple[tuple[str, str], ...] = ()
    construct_path: str | None = None
    aliases: tuple[str, ...] = ()
    """Other names by which a person may ask for it (the variable of a construct, the key in a file)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RolePolicy:
    """One policy of a role."""

    name: str
    kind: str
    """`inline`, `managed` (customer), `aws` (AWS managed)."""
    origin: str
    """`template`, `framework` (added by SAM, serverless or CDK by itself), `file`, `account`."""
    policy: Policy | None
    """None when the document is not known."""
    arn: str | None = None
    location: Location | None = None
    span: tuple[int, int] | None = None
    """Byte range of its entry in the template, for `patch`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A role as it is, or as its template will deploy it."""

    key: str
    """Logical id or ARN; unique in one answer."""
    name: Text | None = None
    arn: str | None = None
    policies: tuple[RolePolicy, ...] = ()
    boundary: Policy | None = None
    boundary_arn: str | None = None
    trust: Policy | None = None
    origin: str = "template"
    """`template`, `file`, `account`."""
    location: Location | None = None
    implicit: bool = False
    """Made by the framework for one function (SAM without `Role`)."""
    scps: tuple[Policy, ...] = ()
    gaps: tuple[Gap, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateResource:
    """A resource of the template that a permission can name."""

    logical_id: str
    type: str
    """CloudFormation's type name, whatever the template kind (`AWS::DynamoDB::Table`)."""
    name: Text | None = None
    """Explicit physical name; None when the deployment makes one up."""
    kms_key: Value | None = None
    """A customer key that encrypts it; None without one. AWS-owned and AWS-managed keys are None."""
    location: Location | None = None
    attributes: tuple[tuple[str, Value], ...] = ()
    """Other properties that rules ask about (parent bucket, API id, secret ARN)."""
    reference: str | None = None
    """How the template format itself refers to it, when not by logical id (`aws_dynamodb_table.orders`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """What one template says."""

    template: str
    kind: str
    """`sam`, `cloudformation`, `cdk`, `terraform`, `serverless`, `cdk-source`."""
    functions: tuple[LambdaFunction, ...] = ()
    roles: tuple[Role, ...] = ()
    resources: tuple[TemplateResource, ...] = ()
    gaps: tuple[Gap, ...] = ()
    assumptions: tuple[str, ...] = ()
    """Such as `Stage=dev (default)`."""
    stack_name: str | None = None
    account: str | None = None
    region: str | None = None
    best_effort: bool = False
    """CDK sources without synth."""
    environment_keys: frozenset[str] = field(default_factory=frozenset)
    parameters: tuple[tuple[str, str], ...] = ()
    """Parameters whose value is known, by flag or default, and that value."""
    includes: tuple[str, ...] = ()
    """Templates that this one has read as parts of itself (modules), by their paths."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionRef:
    """The identity of a function across log, code and template."""

    id: str
    """`logical id`, or the ARN of a function known from the log alone."""
    name: str
    logical_id: str | None = None
    arn: str | None = None
    template: str | None = None
    runtime: str | None = None
    handler: str | None = None
    account: str | None = None
    region: str | None = None
