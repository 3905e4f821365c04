"""How patterns and clauses lie to each other, as far as a quick look tells.

Each answer errs on the safe side: "includes" and "covers" are said only when they are certain,
"overlap" and "meets" are denied only when that is certain. What is left open here goes to the
search. Answers are kept for one comparison, and their cost counts against its budget.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache

from iamgen.model.glob import Glob
from iamgen.semantics.allowset import Clause, Pattern
from iamgen.semantics.automata import Budget, is_variable

MAX_PRODUCT = 100_000
"""Signs of one pattern times signs of another up to which their overlap is worked out."""
STEP_SIGNS = 64
"""So many pairs of signs count as one step."""


class Relations:
    """The relations of one comparison."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._overlaps: dict[tuple[str, str], bool] = {}

    def overlap(self, one: str, other: str) -> bool:
        """Whether two patterns may share a string; bounded wildcards count as unbounded."""
        if one == "*" or other == "*" or one == other:
            return True
        key = (one, other)
        known = self._overlaps.get(key)
        if known is None:
            known = self._overlaps[key] = self._overlap(plain_wildcards(one), plain_wildcards(other))
        return known

    def _overlap(self, one: str, other: str) -> bool:
        left, right = _glob(one), _glob(other)
        shorter = min(len(left.prefix), len(right.prefix))
        if left.prefix[:shorter] != right.prefix[:shorter]:
            return False
        size = len(one) * len(other)
        if size > MAX_PRODUCT:
            return True
        self._budget.spend(1 + size // STEP_SIGNS)
        return left.overlaps(right)

    def includes(self, wide: Pattern, narrow: Pattern) -> bool:
        """Whether each string of a pattern is surely one of another."""
        if wide.text in ("*", narrow.text):
            return True
        if narrow.variables and "?" in wide.text:
            return False  # a variable is any number of characters
        self._budget.spend(1 + (len(wide.text) + len(narrow.text)) // STEP_SIGNS)
        return surely_covers(wide.text, narrow.text)

    def widest(self, patterns: Sequence[Pattern]) -> tuple[Pattern, ...]:
        """Return the patterns that no other of the list includes."""
        if len(patterns) == 1:
            return tuple(patterns)
        kept: list[Pattern] = []
        for index, pattern in enumerate(patterns):
            inside = any(
                self.includes(other, pattern) and (not self.includes(pattern, other) or number < index)
                for number, other in enumerate(patterns)
                if number != index and _may_include(other, pattern)
            )
            if not inside:
                kept.append(pattern)
        return tuple(kept)

    def intersection(self, patterns: Iterable[Pattern]) -> tuple[Pattern, ...] | None:
        """Return patterns without those that include another; None when two share nothing."""
        kept: list[Pattern] = []
        for pattern in patterns:
            if any(not self.overlap(pattern.text, other.text) for other in kept):
                return None
            if any(self.includes(pattern, other) for other in kept):
                continue
            kept = [other for other in kept if not self.includes(other, pattern)]
            kept.append(pattern)
        return tuple(kept)

    def covers(self, clause: Clause, patterns: tuple[Pattern, ...]) -> bool:
        """Whether a clause's resources surely hold all that matches all of the patterns."""
        if clause.negated:
            if clause.has_variables or any(pattern.variables for pattern in patterns):
                return False
            return all(
                any(not self.overlap(each.text, pattern.text) for pattern in patterns) for each in clause.patterns
            )
        if any(pattern.text in clause.texts for pattern in patterns):
            return True
        return any(
            self.includes(each, pattern)
            for each in clause.patterns
            for pattern in patterns
            if _may_include(each, pattern)
        )

    def meets(self, clause: Clause, patterns: tuple[Pattern, ...]) -> bool:
        """Whether a clause's patterns may hold something that matches all of the patterns."""
        return any(all(self.overlap(each.text, pattern.text) for pattern in patterns) for each in clause.patterns)


def contains(wide: Clause, narrow: Clause) -> bool:
    """Whether a clause surely contains another, actions aside, seen from their form."""
    return wide.atoms <= narrow.atoms and same_resources(wide, narrow)


def same_resources(wide: Clause, narrow: Clause) -> bool:
    """Whether a clause speaks of all resources of another, seen from the texts alone."""
    if wide.negated != narrow.negated:
        return False
    return wide.texts <= narrow.texts if wide.negated else wide.texts >= narrow.texts


def loosened(pattern: Pattern) -> Pattern:
    """Return a pattern whose variables stand for anything."""
    if not pattern.variables:
        return pattern
    text = "".join("*" if is_variable(sign) else sign for sign in pattern.text)
    return Pattern(text, pattern.shown)


def _may_include(wide: Pattern, narrow: Pattern) -> bool:
    """Whether the first characters of two patterns leave it open that one includes the other."""
    return _glob(narrow.text).prefix.startswith(_glob(wide.text).prefix)


@lru_cache(maxsize=65_536)
def _glob(text: str) -> Glob:
    return Glob(text)


def surely_covers(wide: str, narrow: str) -> bool:
    """Whether a pattern covers another, worked out only as far as that is cheap."""
    return wide == narrow or _glob(wide).surely_covers(_glob(narrow))


@lru_cache(maxsize=65_536)
def plain_wildcards(text: str) -> str:
    """Return a pattern whose bounded wildcards and variables are `*` and `?`."""
    if text.isascii():
        return text
    signs = {"\ue102": "*", "\ue103": "?", "\ue104": "*", "\ue105": "?", "\ue106": "?"}
    return "".join("*" if is_variable(sign) else signs.get(sign, sign) for sign in text)


def plain_prefix(prefix: str) -> str:
    """Return the part of a literal prefix before any wildcard with a bound."""
    for index, sign in enumerate(prefix):
        if "\ue102" <= sign <= "\ue106":
            return prefix[:index]
    return prefix
