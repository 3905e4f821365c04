"""How a role grants a permission today, statement by statement.

Enters: the policies of a role, concrete and symbolic side by side. Leaves: for one (action, resource pattern), how far
the role's own allow statements cover it, under which conditions, and which explicit deny stops it. Decided on the
pattern algebra of `iamgen.model.glob`; no request is made up here.
"""

from collections.abc import Callable
from dataclasses import dataclass

from iamgen.model.condition import Condition
from iamgen.model.decision import Granted
from iamgen.model.fact import ResourcePattern
from iamgen.model.function import Role
from iamgen.model.glob import Glob
from iamgen.model.policy import Policy, Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantStatement:
    """One allow or deny statement of the role, with its place."""

    policy: str
    index: int
    origin: str
    statement: Statement
    """As it stands, symbolic."""
    resources: tuple[ResourcePattern, ...]
    """`Resource` of the statement, or `NotResource` when the statement has that."""
    conditions: tuple[Condition, ...] = ()
    """Its conditions with names in place of template tokens."""

    @property
    def place(self) -> str:
        """`policy name#index`."""
        return f"{self.policy}#{self.index}"

    def names(self, action: str) -> bool:
        """Whether the statement speaks of an action."""
        folded = action.lower()
        if self.statement.not_actions:
            return not any(Glob(a.lower()).matches(folded) for a in self.statement.not_actions)
        return any(Glob(pattern.lower()).matches(folded) for pattern in self.statement.actions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How one permission stands today."""

    granted: Granted
    conditions: tuple[Condition, ...] = ()
    """Of the statement that grants it, when only conditional statements do."""
    parts: tuple[tuple[ResourcePattern, tuple[Condition, ...]], ...] = ()
    """Today's grants inside the pattern, where it is granted in part."""
    denied: GrantStatement | None = None
    """An unconditional deny that covers the whole pattern."""
    partly_denied: tuple[GrantStatement, ...] = ()
    """Denies with a condition, or on a part."""


class RoleGrants:
    """The allow and deny statements of a role, in order."""

    def __init__(self, allows: tuple[GrantStatement, ...], denies: tuple[GrantStatement, ...]) -> None:
        self.allows = allows
        self.denies = denies

    def standing(self, action: str, arn: str, conditions: tuple[Condition, ...] = ()) -> Standing:
        """Return how the role stands to an action on a resource pattern (`*` for actions without a resource)."""
        covering: list[tuple[bool, GrantStatement]] = []
        parts: list[tuple[ResourcePattern, tuple[Condition, ...]]] = []
        for grant in self.allows:
            if not grant.names(action):
                continue
            if grant.statement.not_resources:
                if not any(_meets(r.arn, arn) for r in grant.resources):
                    covering.append((False, grant))
                continue
            hit = next((r for r in grant.resources if _covers(r.arn, arn)), None)
            if hit is not None:
                literal = any(a.lower() == action.lower() for a in grant.statement.actions)
                covering.append((literal and hit.arn == arn, grant))
            elif arn != "*":
                parts.extend((r, grant.conditions) for r in grant.resources if _covers(arn, r.arn))
        denied, partly = self._denies(action, arn)
        if covering:
            free = [pair for pair in covering if not pair[1].conditions]
            chosen = free or covering
            own = () if free else chosen[0][1].conditions
            exact = any(literal and set(grant.conditions) == set(conditions or own) for literal, grant in chosen)
            state = Granted.EXACT if exact else Granted.WIDER
            return Standing(granted=state, conditions=own, denied=denied, partly_denied=partly)
        state = Granted.PART if parts else Granted.NOT
        unique = tuple(dict.fromkeys(parts))
        return Standing(granted=state, parts=unique, denied=denied, partly_denied=partly)

    def _denies(self, action: str, arn: str) -> tuple[GrantStatement | None, tuple[GrantStatement, ...]]:
        whole: GrantStatement | None = None
        partly: list[GrantStatement] = []
        for grant in self.denies:
            if not grant.names(action):
                continue
            if grant.statement.not_resources:
                if any(_covers(r.arn, arn) for r in grant.resources):
                    continue
                covers = not any(_meets(r.arn, arn) for r in grant.resources)
            else:
                covers = any(_covers(r.arn, arn) for r in grant.resources)
                if not covers and not any(_meets(r.arn, arn) for r in grant.resources):
                    continue
            if covers and not grant.statement.conditions:
                whole = whole or grant
            else:
                partly.append(grant)
        return whole, tuple(partly)


def role_grants(
    role: Role,
    pattern: Callable[[str], ResourcePattern],
    condition: Callable[[Condition], Condition],
) -> RoleGrants:
    """Return the statements of a role.

    `pattern` gives a resource of a statement in both spellings, `condition` a condition with its names.
    """
    named = [(p.name, p.origin, p.policy) for p in role.policies if p.policy is not None]
    return _grants(named, pattern, condition)


def policy_grants(
    policies: tuple[Policy, ...],
    pattern: Callable[[str], ResourcePattern],
    condition: Callable[[Condition], Condition],
) -> RoleGrants:
    """Return the statements of bare policies, such as a boundary."""
    return _grants([(f"policy {n}", "file", p) for n, p in enumerate(policies)], pattern, condition)


def _grants(
    named: list[tuple[str, str, Policy]],
    pattern: Callable[[str], ResourcePattern],
    condition: Callable[[Condition], Condition],
) -> RoleGrants:
    allows: list[GrantStatement] = []
    denies: list[GrantStatement] = []
    for name, origin, policy in named:
        for index, statement in enumerate(policy.statements):
            spelled = statement.resources or statement.not_resources or ("*",)
            grant = GrantStatement(
                policy=name,
                index=index,
                origin=origin,
                statement=statement,
                resources=tuple(pattern(text) for text in spelled),
                conditions=tuple(condition(one) for one in statement.conditions),
            )
            (allows if statement.effect == "Allow" else denies).append(grant)
    return RoleGrants(tuple(allows), tuple(denies))


def _covers(wide: str, narrow: str) -> bool:
    return wide == narrow or wide == "*" or (narrow != "*" and Glob(wide).covers(Glob(narrow)))


def _meets(granted: str, asked: str) -> bool:
    """Whether a statement's resource reaches some request of the pattern; `*` asked has no resource at all."""
    if granted == "*" or granted == asked:
        return True
    return asked != "*" and Glob(granted).overlaps(Glob(asked))
