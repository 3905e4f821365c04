"""One request against the policies of a principal.

What enters is a concrete request and the layers of policies; what leaves is the decision, the
statement that made it and the unclear forms met on the way. An explicit deny in any layer is
final; then each service control level must allow, then identity or resource policy,
then boundary and session policy. Nothing is guessed about a request: a context key that is not
given is absent, and a layer that is not given does not limit.
Source: IAM User Guide, "Policy evaluation logic" (checked 2026-11).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from iamgen.model.action import action_matches
from iamgen.model.arn import split_fields
from iamgen.model.diff import Request
from iamgen.model.glob import Glob
from iamgen.model.policy import Policy, Statement
from iamgen.semantics.conditions import Context, hidden, holds, substituted
from iamgen.semantics.layers import Layers, ambiguous_forms


class Outcome(StrEnum):
    """What IAM answers."""

    ALLOWED = "Allowed"
    IMPLICIT = "ImplicitlyDenied"
    EXPLICIT = "ExplicitlyDenied"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The decision on one request."""

    decision: str
    """`Allowed`, `ImplicitlyDenied` or `ExplicitlyDenied`."""
    statement: str | None = None
    """The statement that decided, such as `identity[0].Statement[1]` and its Sid; None for an
    implicit deny."""
    layer: str | None = None
    """The layer that decided: for an implicit deny the first that does not allow."""
    ambiguous: tuple[str, ...] = ()
    """Codes of unclear forms in statements that name the action (`iamgen.semantics.layers`)."""

    @property
    def is_allowed(self) -> bool:
        """Whether the request is allowed."""
        return self.decision == Outcome.ALLOWED


def evaluate(request: Request, layers: Layers) -> Answer:
    """Return the decision on a request."""
    context: Context = {key.lower(): values for key, values in request.context if values}
    limits = layers.limits()
    policies = [(f"identity[{index}]", (policy,)) for index, policy in enumerate(layers.identity)]
    unclear: set[str] = set()
    hits: dict[str, str] = {}
    for name, layer in (*policies, *limits):
        for place, statement in _matching(name, layer, request, context, unclear):
            if not statement.is_allow:
                return _answer(Outcome.EXPLICIT, place, name, unclear)
            hits.setdefault(name, place)
    reach, by_resource = _resource_policy(request, layers, context, unclear)
    if reach == "denied":
        return _answer(Outcome.EXPLICIT, by_resource, "resource_policy", unclear)
    granted = next((hits[name] for name, _ in policies if name in hits), None)
    for name, _ in limits:
        if name.startswith("scps") and name not in hits:
            return _answer(Outcome.IMPLICIT, None, name, unclear)
    if layers.resource_policy is not None and _is_cross_account(request):
        if reach == "none":
            return _answer(Outcome.IMPLICIT, None, "resource_policy", unclear)
    elif reach == "session":
        return _answer(Outcome.ALLOWED, by_resource, "resource_policy", unclear)
    elif reach == "principal" and granted is None:
        granted = by_resource
    if granted is None:
        return _answer(Outcome.IMPLICIT, None, "identity", unclear)
    for name, _ in limits:
        if name not in hits and not name.startswith("rcps"):
            return _answer(Outcome.IMPLICIT, None, name, unclear)
    return _answer(Outcome.ALLOWED, granted, granted.partition(".")[0], unclear)


def _answer(outcome: Outcome, place: str | None, layer: str, unclear: set[str]) -> Answer:
    return Answer(
        decision=outcome.value,
        statement=place,
        layer=layer.partition("[")[0] if layer.startswith("identity") else layer,
        ambiguous=tuple(sorted(unclear)),
    )


def _matching(
    name: str, layer: tuple[Policy, ...], request: Request, context: Context, unclear: set[str]
) -> Iterator[tuple[str, Statement]]:
    """Yield the statements that speak about the request, denies first."""
    allows: list[tuple[str, Statement]] = []
    for number, policy in enumerate(layer):
        where = f"{name}[{number}]" if name.startswith(("scps", "rcps")) else name
        variables = policy.has_variables
        for index, statement in enumerate(policy.statements):
            forms = ambiguous_forms(statement, variables=variables)
            if not names_action(statement, request.action):
                unclear.update(form for form in forms if form.startswith("action-"))
                continue
            unclear.update(forms)
            if not _speaks_of(statement, request, context, variables=variables):
                continue
            if any(_hides_type(pattern, request.resource) for pattern in statement.resources):
                unclear.add("arn-type-wildcard")
            found = (_place(where, index, statement), statement)
            if statement.is_allow:
                allows.append(found)
            else:
                yield found
    yield from allows


def _place(where: str, index: int, statement: Statement) -> str:
    sid = f" ({statement.sid})" if statement.sid else ""
    return f"{where}.Statement[{index}]{sid}"


def names_action(statement: Statement, action: str) -> bool:
    """Whether the Action or NotAction element stands for an action."""
    if statement.not_actions:
        return not any(action_matches(pattern, action) for pattern in statement.not_actions)
    return any(action_matches(pattern, action) for pattern in statement.actions)


def _speaks_of(statement: Statement, request: Request, context: Context, *, variables: bool) -> bool:
    if statement.not_resources:
        if any(
            _names_resource(pattern, request.resource, context, variables=variables)
            for pattern in statement.not_resources
        ):
            return False
    elif statement.resources and not any(
        _names_resource(pattern, request.resource, context, variables=variables) for pattern in statement.resources
    ):
        return False
    return all(holds(condition, context, variables=variables) for condition in statement.conditions)


def _names_resource(pattern: str, resource: str, context: Context, *, variables: bool) -> bool:
    """Whether a pattern stands for a resource; a variable without a value matches nothing."""
    if variables and "${" in pattern:
        written = substituted(_padded(pattern), context)
        return written is not None and Glob(written).matches(hidden(resource))
    return _resource_glob(pattern).matches(resource)


def _hides_type(pattern: str, resource: str) -> bool:
    """Whether a wildcard stands for part of a resource type, as `u*` for `user/anna`."""
    fields, there = pattern.split(":", 5), resource.split(":", 5)
    if len(fields) < 6 or len(there) < 6 or not there[4] or fields[5].startswith("*"):
        return False
    first, kind = re.split("[/:]", fields[5], maxsplit=1)[0], re.split("[/:]", there[5], maxsplit=1)
    return len(kind) == 2 and ("*" in first or "?" in first)


@lru_cache(maxsize=16_384)
def _resource_glob(pattern: str) -> Glob:
    return Glob(_padded(pattern))


def _padded(pattern: str) -> str:
    """Return an ARN without wildcards whose missing fields are `*`."""
    if not pattern.startswith("arn:") or "*" in pattern or "?" in pattern:
        return pattern
    fields = split_fields(pattern)
    return ":".join(fields + ["*"] * (6 - len(fields))) if len(fields) < 6 else pattern


# --- resource policies -------------------------------------------------------------------------


def _resource_policy(request: Request, layers: Layers, context: Context, unclear: set[str]) -> tuple[str, str | None]:
    """Return how far the resource policy reaches, and by which statement.

    `denied`; `session`: it grants to the very session, which a boundary does not limit;
    `principal`: it grants to the role or to everyone; `account`: it leaves the decision to the
    account's own policies; `none`.
    """
    policy = layers.resource_policy
    if policy is None:
        return "none", None
    best: tuple[str, str | None] = ("none", None)
    order = ("none", "account", "principal", "session")
    for place, statement in _matching("resource_policy", (policy,), request, context, unclear):
        reach = _principal_reach(statement, request, bounded=layers.boundary is not None)
        if reach == "none":
            continue
        if not statement.is_allow:
            return "denied", place
        if order.index(reach) > order.index(best[0]):
            best = (reach, place)
    return best


def _principal_reach(statement: Statement, request: Request, *, bounded: bool) -> str:
    if statement.not_principals is not None:
        # NotPrincipal with Deny always denies a principal that has a boundary.
        if not statement.is_allow and bounded:
            return "principal"
        listed = any(
            _reach(value, request) not in ("none", "account")
            for _, values in statement.not_principals
            for value in values
        )
        return "none" if listed else "principal"
    if statement.principals is None:
        return "none"
    order = ("none", "account", "principal", "session")
    reached = [_reach(value, request) for _, values in statement.principals for value in values]
    best = max(reached, key=order.index, default="none")
    if not statement.is_allow and best == "account":
        return "principal"
    return best


def _reach(value: str, request: Request) -> str:
    principal = request.principal or ""
    if value == "*":
        return "principal"
    if value == principal:
        return "session" if ":assumed-role/" in principal else "principal"
    account = _account_of(request)
    if account and value in (account, f"arn:aws:iam::{account}:root"):
        return "account"
    fields, listed = principal.split(":"), value.split(":")
    if len(fields) == 6 and len(listed) == 6 and fields[4] == listed[4]:
        if listed[5] == "root" and listed[2] == "iam":
            return "account"
        if fields[5].startswith("assumed-role/") and listed[5].startswith("role/"):
            role = fields[5].split("/")[1]
            return "principal" if listed[5].rsplit("/", 1)[-1] == role else "none"
    return "none"


def _account_of(request: Request) -> str | None:
    if request.account:
        return request.account
    fields = (request.principal or "").split(":")
    return fields[4] if len(fields) == 6 and fields[4] else None


def _is_cross_account(request: Request) -> bool:
    fields = request.resource.split(":")
    there = fields[4] if len(fields) >= 6 else ""
    if not there:
        named = [values for key, values in request.context if key.lower() == "aws:resourceaccount"]
        there = named[0][0] if named and named[0] else ""
    here = _account_of(request)
    return bool(there and here and there != here)
