"""Facts of one function joined into needs: one per (action, resource, conditions), all evidence on it.

A log fact inside the resource of a code or platform fact of the same action stands on that row: no permission appears
twice because two sources spell it differently. What only the log shows stays a row of its own.
"""

from dataclasses import dataclass

from iamgen.decision.table import Code, Log
from iamgen.model.condition import Condition
from iamgen.model.fact import (
    Certainty,
    LogEvidence,
    Origin,
    PlatformEvidence,
    ResourcePattern,
    UsageFact,
    Widening,
)
from iamgen.model.glob import Glob
from iamgen.model.observation import Outcome

FOLDED = "log-folded"
"""Reason of the widening by which a log source folds object keys to their folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionNeed:
    """What one function needs of one permission, by source."""

    action: str
    resource: ResourcePattern
    conditions: tuple[Condition, ...]
    facts: tuple[UsageFact, ...]

    @property
    def code(self) -> Code | None:
        """EXACT or ASSUMED when code asks for it, else None."""
        certainties = [f.certainty for f in self.facts if f.origin is Origin.CODE]
        if not certainties:
            return None
        exact = any(c is not Certainty.ASSUMED for c in certainties)
        return Code.EXACT if exact else Code.ASSUMED

    @property
    def log(self) -> Log:
        """What the log says of it."""
        outcomes = [f.outcome for f in self.facts if f.origin is Origin.LOG]
        if Outcome.ALLOWED in outcomes:
            return Log.ALLOWED
        return Log.DENIED if outcomes else Log.NOTHING

    @property
    def platform(self) -> bool:
        """Whether a platform rule asks for it that is not optional."""
        return any(f.origin is Origin.PLATFORM for f in self.facts) and not self.optional

    @property
    def optional(self) -> bool:
        """Whether all that asks for it are rules that count only where it is granted already."""
        rules = [e for f in self.facts for e in f.evidence if isinstance(e, PlatformEvidence)]
        return bool(rules) and all(rule.optional for rule in rules) and self.code is None

    @property
    def widening(self) -> Widening | None:
        """The recorded step from unresolved to the type's pattern, when every code fact took it."""
        return next((f.widening for f in self.facts if f.widening is not None), None)

    @property
    def denied_by(self) -> str | None:
        """What the log's messages say refused it."""
        named = [
            e.denied_by
            for f in self.facts
            for e in f.evidence
            if isinstance(e, LogEvidence) and e.outcome is Outcome.DENIED and e.denied_by
        ]
        return named[0] if named else None

    @property
    def last_used(self) -> str | None:
        """The newest allowed use in the log."""
        seen = [
            e.last
            for f in self.facts
            for e in f.evidence
            if isinstance(e, LogEvidence) and e.outcome is Outcome.ALLOWED
        ]
        return max(seen, default=None)


def join_needs(facts: tuple[UsageFact, ...]) -> tuple[FunctionNeed, ...]:
    """Return the needs of one function, sorted by action and resource; facts marked possible are left out."""
    groups: dict[tuple[str, str, tuple[Condition, ...]], list[UsageFact]] = {}
    symbols: dict[tuple[str, str, tuple[Condition, ...]], ResourcePattern] = {}
    firm = [f for f in facts if f.origin is not Origin.LOG and not f.possible]
    logged = [f for f in facts if f.origin is Origin.LOG]
    for fact in firm:
        key = (fact.action, fact.resource.arn, fact.conditions)
        groups.setdefault(key, []).append(fact)
        known = symbols.get(key)
        if known is None or len(fact.resource.symbolic) > len(known.symbolic):
            symbols[key] = fact.resource
    for fact in logged:
        homes = [key for key in groups if key[0] == fact.action and symbols[key] is not None and _inside(fact, key[1])]
        if homes and fact.outcome is Outcome.DENIED:
            for home in homes:
                groups[home].append(fact)
        elif homes:
            groups[min(homes, key=lambda key: (key[1].count("*"), -len(key[1]), key[1]))].append(fact)
        else:
            key = (fact.action, fact.resource.arn, fact.conditions)
            groups.setdefault(key, []).append(fact)
            symbols.setdefault(key, fact.resource)
    order = sorted(groups, key=lambda key: (key[0].lower(), symbols[key].symbolic, str(key[2])))
    return tuple(
        FunctionNeed(action=key[0], resource=symbols[key], conditions=key[2], facts=tuple(groups[key])) for key in order
    )


def _inside(fact: UsageFact, pattern: str) -> bool:
    if fact.resource.arn == pattern or pattern == "*":
        return True
    if fact.resource.arn == "*":
        return False
    if Glob(pattern).covers(Glob(fact.resource.arn)):
        return True
    return _is_folder_of(fact, pattern)


def _is_folder_of(fact: UsageFact, pattern: str) -> bool:
    """Whether the log's keys, folded to their folder, are those that the code names (`in/*` and `in/*.json`)."""
    if fact.widening is None or fact.widening.reason != FOLDED:
        return False
    folder = fact.resource.arn.rstrip("*")
    return pattern.partition("*")[0] == folder and Glob(fact.resource.arn).covers(Glob(pattern))
