"""The policies that bear on one principal, by layer, and the forms among them that are not clear.

Both the evaluator and the comparison take `Layers`; it is data, and all that they share above the
patterns.
"""

from dataclasses import dataclass
from functools import lru_cache

from iamgen.model.arn import split_fields
from iamgen.model.policy import Policy, Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class Layers:
    """What a principal's permissions are made of; a layer that is None or empty does not limit."""

    identity: tuple[Policy, ...] = ()
    boundary: Policy | None = None
    session: Policy | None = None
    scps: tuple[tuple[Policy, ...], ...] = ()
    """Levels from the root down; each level must allow."""
    rcps: tuple[tuple[Policy, ...], ...] = ()
    """Levels from the root down. They can only deny: AWS attaches its own allow at each level.

    Source: Organizations User Guide, "Resource control policies" (checked 2026-11).
    """
    resource_policy: Policy | None = None
    """The policy on the resource of the request. It plays no part in a comparison of roles."""

    @classmethod
    def of(cls, *identity: Policy) -> "Layers":
        """Return identity policies without any other layer."""
        return cls(identity=identity)

    def limits(self) -> tuple[tuple[str, tuple[Policy, ...]], ...]:
        """Return the layers besides the identity policies, outermost first; all but RCPs must allow."""
        found: list[tuple[str, tuple[Policy, ...]]] = []
        found += [(f"scps[{index}]", level) for index, level in enumerate(self.scps)]
        found += [(f"rcps[{index}]", level) for index, level in enumerate(self.rcps)]
        if self.boundary is not None:
            found.append(("boundary", (self.boundary,)))
        if self.session is not None:
            found.append(("session", (self.session,)))
        return tuple(found)


@lru_cache(maxsize=4096)
def ambiguous_forms(statement: Statement, *, variables: bool) -> tuple[str, ...]:
    """Return the codes of forms that the documentation leaves open or engines read differently.

    Codes: `action-character`, `action-service-wildcard`, `arn-short`, `variable-negated`,
    `any-value-if-exists`, `arn-condition-fields` (and `arn-type-wildcard`, which only a request
    shows). They are evaluated all the same, as
    docs/explanation/policy-meaning.md says, and never written by a suggestion.
    """
    found: set[str] = set()
    for action in statement.actions + statement.not_actions:
        service, _, name = action.partition(":")
        if name and ("*" in service or "?" in service) and action != "*:*":
            found.add("action-service-wildcard")
        if not all(sign.isalnum() or sign in "*?-:" for sign in action):
            found.add("action-character")
    for resource in statement.resources + statement.not_resources:
        if resource != "*" and len(split_fields(resource)) < 6:
            found.add("arn-short")
    if variables and any("${" in resource for resource in statement.not_resources):
        found.add("variable-negated")
    for condition in statement.conditions:
        if condition.qualifier == "ForAnyValue" and condition.if_exists:
            found.add("any-value-if-exists")
        has_variable = variables and any("${" in value for value in condition.values)
        if has_variable and "Not" in condition.operator:
            found.add("variable-negated")
        if condition.operator.startswith("Arn") and any(len(split_fields(value)) < 6 for value in condition.values):
            found.add("arn-condition-fields")
    return tuple(sorted(found))
