"""From events to functions: whose call was it.

What enters: event rows, and the functions of the project where there are any. What leaves: for each row the function
whose session made the call, or why it belongs to none. In this order: the function that the record itself names
(`inScopeOf`); a session whose name is a function known to run in that role; the Lambda service itself in the role; else
somebody else in the role. A function is known to run in a role when a record names both, or when the Lambda service
assumed the role under the function's name; its region is where that happened. Where nothing is known of a role, not
even that somebody took it on, a session that calls from where Lambda runs functions and bears a name that a function
can have is that function; its region is the one it called most in. Nothing is guessed: two functions that fit are an
ambiguity that lists both.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from iamgen.model.function import FunctionRef
from iamgen.model.glob import Glob
from iamgen.model.observation import ApiEvent

LAMBDA_ENVIRONMENT = "lambda-environment"
"""Kind of an event row without events: its session called from a Lambda environment."""

_FUNCTION_NAME = re.compile(r"[A-Za-z0-9-_]{1,64}")


class Kind(StrEnum):
    """How an event came to its function, or why it has none."""

    EXACT = "exact"
    SESSION = "session"
    SERVICE = "service"
    """The Lambda service in an execution role: the role needs it, no function does."""
    AMBIGUOUS = "ambiguous"
    CHAINED = "chained"
    """A role that a function assumed: its calls are its own."""
    UNKNOWN_USER = "unknown-user"
    """A session of an execution role that is no known function: a person, a pipeline."""
    OTHER = "other"
    """No execution role of a known function."""


@dataclass(frozen=True, slots=True)
class Attribution:
    """Whose call an event is."""

    kind: Kind
    function: str | None = None
    """ARN of the function."""
    candidates: tuple[str, ...] = ()
    """The functions that fit, where more than one does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LambdaNames:
    """What the access maps say about sessions of Lambda."""

    service: str
    """`lambda.amazonaws.com`."""
    assume: tuple[str, str]
    """(event source, event name) of the call by which the service takes on a role."""
    service_sessions: tuple[str, ...]
    """Patterns of the sessions of the service itself."""


class Attributor:
    """Attributes the events of one window. It must have seen them all before it is asked."""

    def __init__(self, events: Iterable[ApiEvent], functions: tuple[FunctionRef, ...], names: LambdaNames) -> None:
        self._service = tuple(Glob(pattern) for pattern in names.service_sessions)
        self._names = names
        self._functions = functions
        self._known: dict[tuple[str, str], set[str]] = {}
        self._exact: dict[tuple[str, str], set[str]] = {}
        self._chained: set[str] = set()
        self._taken_on: set[str] = set()
        """Roles that somebody else than the Lambda service took on."""
        assumed: list[tuple[str | None, str | None, str]] = []
        environments: dict[tuple[str, str], set[str]] = {}
        calls: Counter[tuple[str, str, str]] = Counter()
        for event in events:
            self._learn(event, assumed)
            if event.role_arn:
                key = (event.role_arn, event.session or "")
                calls[(*key, event.region)] += event.count
                if event.kind == LAMBDA_ENVIRONMENT:
                    environments.setdefault(key, set()).add(event.region)
        started = {role for role, _ in self._known} | self._taken_on
        started.update(target for _, _, target in assumed)
        for (role, session), regions in environments.items():
            if role not in started and self._may_be_name(session):
                home = max(sorted(regions), key=lambda region: calls[role, session, region])
                self._known[role, session] = {_function_arn(role, home, session)}
        self._roles = {role for role, _ in self._known}
        for caller, name, target in assumed:
            if caller is not None and self._of_session(caller, name or "", ""):
                self._chained.add(target)

    def _learn(self, event: ApiEvent, assumed: list[tuple[str | None, str | None, str]]) -> None:
        if event.function_arn and event.role_arn:
            key = (event.role_arn, event.session or "")
            self._known.setdefault(key, set()).add(event.function_arn)
            self._exact.setdefault(key, set()).add(event.function_arn)
        if event.event_source != self._names.assume[0]:
            return
        if event.event_name != self._names.assume[1]:
            self._taken_on.update(arn for arn in event.resources if ":role/" in arn)
            return
        request = dict(event.parameters)
        role, session = request.get("RoleArn", ""), request.get("RoleSessionName", "")
        if event.role_arn:
            targets = (target for target in (role, *event.resources) if ":role/" in target)
            assumed.extend((event.role_arn, event.session, target) for target in targets)
        elif event.invoked_by == self._names.service and role and self._may_be_name(session):
            self._known.setdefault((role, session), set()).add(_function_arn(role, event.region, session))
        else:
            self._taken_on.update(arn for arn in (role, *event.resources) if ":role/" in arn)

    def _may_be_name(self, session: str) -> bool:
        return bool(_FUNCTION_NAME.fullmatch(session)) and not any(
            pattern.matches(session) for pattern in self._service
        )

    def attribute(self, event: ApiEvent) -> Attribution:
        """Return whose call an event is."""
        if event.function_arn:
            kind = Kind.SESSION if event.attribution == Kind.SESSION else Kind.EXACT
            return Attribution(kind, event.function_arn)
        if event.role_arn is None:
            return Attribution(Kind.OTHER)
        session = event.session or ""
        candidates = self._of_session(event.role_arn, session, event.account)
        if len(candidates) == 1:
            return Attribution(Kind.SESSION, candidates[0])
        if candidates:
            return Attribution(Kind.AMBIGUOUS, None, candidates)
        if event.attribution == Kind.SERVICE or any(p.matches(session) for p in self._service):
            return Attribution(Kind.SERVICE)
        if event.role_arn in self._roles:
            return Attribution(Kind.UNKNOWN_USER)
        if event.role_arn in self._chained:
            return Attribution(Kind.CHAINED)
        return Attribution(Kind.OTHER)

    def functions(self) -> dict[str, tuple[str, ...]]:
        """Return function ARN -> ARNs of the roles that it was seen in or that the service assumed for it."""
        found: dict[str, set[str]] = {}
        for (role, _), arns in self._known.items():
            for arn in arns:
                found.setdefault(arn, set()).add(role)
        return {arn: tuple(sorted(found[arn])) for arn in sorted(found)}

    def _of_session(self, role: str, session: str, account: str) -> tuple[str, ...]:
        key = (role, session)
        known = self._known.get(key)
        if known:
            return tuple(sorted(known))
        found = set()
        for function in self._functions:
            if self._is_session_of(session, function, account):
                found.add(function.arn or self._arn(function, role, session))
        return tuple(sorted(found))

    def _is_session_of(self, session: str, function: FunctionRef, account: str) -> bool:
        if function.account and account and function.account != account:
            return False
        name = function.arn.split(":")[6] if function.arn else function.name
        return session == name or ("*" in name and Glob(name).matches(session))

    def _arn(self, function: FunctionRef, role: str, session: str) -> str:
        return _function_arn(role, function.region or "*", session)


def _function_arn(role: str, region: str, name: str) -> str:
    fields = role.split(":")
    return f"arn:{fields[1]}:lambda:{region}:{fields[4]}:function:{name}"
