"""What sources yield: places, SDK calls, log events, coverage, and gaps."""

from dataclasses import dataclass
from enum import StrEnum

from iamgen.model.value import MapValue


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A place in a file of the project, or in a document."""

    path: str
    """Relative to the project, with `/`."""
    line: int = 0
    """1-based; 0 when the place is the whole file."""
    end_line: int = 0
    route: str = ""
    """The route in a document, as in `Resources.Orders.Properties.Policies[0]`."""

    def __str__(self) -> str:
        base = f"{self.path}:{self.line}" if self.line else self.path
        return f"{base} {self.route}" if self.route else base


class GapReason(StrEnum):
    """Why something could not be read or resolved."""

    UNREADABLE = "unreadable"
    SYNTAX_ERROR = "syntax-error"
    UNSUPPORTED_RUNTIME = "unsupported-runtime"
    HANDLER_NOT_FOUND = "handler-not-found"
    MODULE_NOT_FOUND = "module-not-found"
    CLIENT_UNRESOLVED = "client-unresolved"
    OPERATION_UNRESOLVED = "operation-unresolved"
    OPERATION_UNKNOWN = "operation-unknown"
    RESOURCE_UNRESOLVED = "resource-unresolved"
    ARGUMENT_UNSEEN = "argument-unseen"
    DYNAMIC_CODE = "dynamic-code"
    UNMODELLED_LIBRARY = "unmodelled-library"
    UNREAD_CODE = "unread-code"
    TEMPLATE_VALUE = "template-value"
    TEMPLATE_FORM = "template-form"
    POLICY_UNKNOWN = "policy-unknown"
    IDENTITY_AMBIGUOUS = "identity-ambiguous"
    LOG_FILE = "log-file"
    LOG_RECORD = "log-record"
    OUTSIDE_PROJECT = "outside-project"
    HINT_UNMATCHED = "hint-unmatched"
    LIMIT = "limit"


@dataclass(frozen=True, slots=True, order=True)
class Gap:
    """Something that could not be read or resolved; shown in every output."""

    reason: GapReason
    detail: str
    location: Location | None = None
    services: tuple[str, ...] | None = ()
    """IAM service prefixes whose use this gap may hide; () hides none, None may hide any."""
    function: str | None = None
    """Id of the function it belongs to, None for the whole run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiCall:
    """One SDK call that the handler reaches."""

    service: str
    """boto3 client name (`dynamodb`, `stepfunctions`), or an IAM prefix for signed HTTP calls (`execute-api`)."""
    operation: str
    """botocore operation name (`PutItem`)."""
    arguments: MapValue
    """Input members by botocore name; `open` when some could not be seen."""
    location: Location
    path: tuple[str, ...] = ()
    """Qualified names from the handler to the call, outermost first."""
    via: str = ""
    """The library call that makes it, when it is not the SDK's own (`aws_lambda_powertools.parameters.get_secret`)."""
    conditional: bool = False
    """True when the call may be made by a library without the code asking for it in so many words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeReport:
    """What reading one function's code gave."""

    calls: tuple[ApiCall, ...]
    gaps: tuple[Gap, ...]
    files: tuple[str, ...]
    """Files reached from the handler, relative to the project."""
    calls_unresolved: int = 0
    """SDK calls met whose client or operation nobody could see."""
    calls_foreign: int = 0
    """Calls made with credentials that are not the function's own."""
    analysed: bool = True
    """False when no code could be analysed at all."""


class Outcome(StrEnum):
    """How a logged call ended, as far as permissions go."""

    ALLOWED = "allowed"
    DENIED = "denied"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiEvent:
    """Logged calls that agree in all of these fields; one row may stand for many events."""

    event_source: str
    event_name: str
    account: str
    """Account of the caller."""
    region: str
    role_arn: str | None
    session: str | None
    function_arn: str | None
    """From `inScopeOf`, exact."""
    invoked_by: str | None
    resources: tuple[str, ...]
    parameters: tuple[tuple[str, str], ...]
    """Members that name a resource, by the spelling of the log."""
    error_code: str | None
    denied_by: str | None
    """boundary, scp, rcp, resource-policy, identity or None, from the message of a denied call."""
    outcome: Outcome
    count: int
    first_seen: str
    """ISO 8601, UTC, to the second."""
    last_seen: str
    source: str
    """The log source it was read from."""
    kind: str = "call"
    """`call`, `copy` (the owner's copy of a cross-account call), or why it is no API call (`service-event`, …)."""
    principal: str = ""
    """Type of the caller (`AssumedRole`, `AWSService`, `IAMUser`, …)."""
    recipient: str = ""
    """Account whose trail recorded it."""
    category: str = "management"
    """`management` or `data`."""
    denied_action: str | None = None
    """The action that the message of a denied call names."""
    attribution: str | None = None
    """Set where the event was attributed before (a usage snapshot): exact, session."""


@dataclass(frozen=True, slots=True, order=True, kw_only=True)
class Coverage:
    """What a log could have shown: one selector in one account and region over one window."""

    account: str
    region: str
    service: str
    """IAM service prefix, or `*` for all services with management events."""
    category: str
    """`management` or `data`."""
    resource: str
    """ARN pattern of the resources covered; `*` for all."""
    first: str
    last: str
    basis: str
    """`selector` when event selectors say so, `seen` when the log itself shows it."""
    source: str = ""
