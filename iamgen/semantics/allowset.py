"""What layers of policies allow, as a set: bitsets of actions, patterns, atoms of conditions.

`compiled` turns layers into `Clause`s. A request is allowed when each layer has an allow clause
that contains it and no layer has a deny clause that does. Nothing is decided here;
`iamgen.semantics.subset` does that.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from iamgen.model.action import action_matches, fold, is_action_pattern
from iamgen.model.arn import split_fields
from iamgen.model.condition import Condition
from iamgen.model.policy import Policy, Statement
from iamgen.semantics.automata import (
    FIRST_VARIABLE,
    LAST_PRIVATE,
    LITERAL_MARK,
    LITERAL_STAR,
    has_private,
)
from iamgen.semantics.contexts import Atom, atom, atom_of
from iamgen.semantics.layers import Layers
from iamgen.semantics.universe import Universe, positions

_VARIABLE = re.compile(r"\$\{([^{}]*)\}")
_WITH_DEFAULT = re.compile(r"^\s*([^,\s]+)\s*,\s*'([^']*)'\s*$")
MAX_DEFAULTS = 4


class Unsupported(Exception):  # noqa: N818  not an error: it ends in the answer "unknown"
    """A form that the comparison does not speak of; the text is the reason."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A resource pattern in the spelling of `iamgen.semantics.automata`."""

    text: str
    """`*` and `?` are wildcards; a variable is one private character."""
    shown: str
    """As the policy writes it."""
    variables: tuple[str, ...] = ()
    """Folded keys of the variables in it."""


ANYTHING = Pattern("*", "*")


@dataclass(frozen=True, eq=False)
class Clause:
    """One statement: it contains a request when action, resource and all atoms do."""

    mask: int
    patterns: tuple[Pattern, ...]
    """Of Resource, or of NotResource when `negated`."""
    negated: bool
    atoms: frozenset[Atom]
    place: str
    conditions: tuple[Condition, ...]

    @cached_property
    def texts(self) -> frozenset[str]:
        """The texts of the patterns."""
        return frozenset(pattern.text for pattern in self.patterns)

    @cached_property
    def open_atoms(self) -> frozenset[Atom]:
        """The atoms with policy variables."""
        return frozenset(each for each in self.atoms if each.has_variable)

    @cached_property
    def has_variables(self) -> bool:
        """Whether a resource pattern has a policy variable."""
        return any(pattern.variables for pattern in self.patterns)


@dataclass(frozen=True, slots=True)
class Compiled:
    """Layers as clauses."""

    layers: tuple[tuple[Clause, ...], ...]
    """The allow clauses, one entry per layer; each must contain the request."""
    denies: tuple[Clause, ...]

    def clauses(self) -> Iterator[Clause]:
        """Yield all clauses."""
        for layer in self.layers:
            yield from layer
        yield from self.denies


class Space:
    """The actions, keys and variables of one comparison: the universe and what policies add."""

    def __init__(self, universe: Universe, *sides: Layers) -> None:
        self.universe = universe
        self.unknown: list[str] = []
        """Actions that the policies name and the universe lacks, each an action of its own."""
        self._variables: dict[str, str] = {}
        self.keys: dict[str, str] = {}
        """Folded condition key -> as a policy writes it."""
        self._masks: dict[str, int] = {}
        named = sorted(
            {
                fold(pattern): pattern
                for side in sides
                for policy in policies_of(side)
                for statement in policy.statements
                for pattern in statement.actions + statement.not_actions
            }.items()
        )
        for _, pattern in named:
            if not universe.mask(pattern):
                sample = _sample(pattern)
                if sample is not None and universe.position(sample) is None:
                    self.unknown.append(sample)
        self.unknown = list(dict.fromkeys(self.unknown))
        extra = (1 << len(self.unknown)) - 1
        self.everything = universe.everything | extra << len(universe.names)

    def mask(self, pattern: str) -> int:
        """Return the set of actions of a pattern, unknown ones included."""
        known = self._masks.get(pattern)
        if known is None:
            known = self.universe.mask(pattern)
            for number, action in enumerate(self.unknown):
                if action_matches(pattern, action):
                    known |= 1 << (len(self.universe.names) + number)
            self._masks[pattern] = known
        return known

    def name(self, position: int) -> str:
        """Return the action at a position."""
        names = self.universe.names
        return names[position] if position < len(names) else self.unknown[position - len(names)]

    def names(self, mask: int) -> list[str]:
        """Return the actions of a set, in order."""
        return [self.name(position) for position in positions(mask)]

    def by_level(self, mask: int) -> Iterator[tuple[str | None, int]]:
        """Yield the parts of a set by access level; unknown actions last, without a level."""
        yield from self.universe.by_level(mask & self.universe.everything)
        rest = mask & ~self.universe.everything
        if rest:
            yield None, rest

    def variable(self, key: str) -> str:
        """Return the character that stands for the value of a variable."""
        key = key.lower()
        if key not in self._variables:
            code = FIRST_VARIABLE + len(self._variables)
            if code > LAST_PRIVATE:
                raise Unsupported("too many policy variables")
            self._variables[key] = chr(code)
        return self._variables[key]

    def variables(self) -> dict[str, str]:
        """Return character -> folded key of the variables met so far."""
        return {character: key for key, character in self._variables.items()}

    # --- compiling -----------------------------------------------------------------------------

    def compiled(self, layers: Layers) -> Compiled:
        """Return layers as clauses; the resource policy is left out."""
        allows: list[tuple[Clause, ...]] = []
        denies: list[Clause] = []
        stack = [("identity", layers.identity), *layers.limits()]
        for name, policies in stack:
            clauses: list[Clause] = []
            for number, policy in enumerate(policies):
                for index, statement in enumerate(policy.statements):
                    place = f"{name}[{number}].Statement[{index}]"
                    made = self._clauses(statement, place, variables=policy.has_variables)
                    (clauses if statement.is_allow else denies).extend(made)
            if not name.startswith("rcps"):
                allows.append(tuple(clauses))
        return Compiled(tuple(allows), tuple(denies))

    def _clauses(self, statement: Statement, place: str, *, variables: bool) -> list[Clause]:
        if statement.principals is not None or statement.not_principals is not None:
            raise Unsupported("a statement with a principal is no permission of a role")
        texts = statement.resources + statement.not_resources
        values = [value for condition in statement.conditions for value in condition.values]
        if any(has_private(text) for text in (*texts, *values)):
            raise Unsupported("private-use characters in a policy")
        negated = bool(statement.not_resources)
        if statement.not_actions:
            mask = self.everything
            for pattern in statement.not_actions:
                mask &= ~self.mask(pattern)
        else:
            mask = 0
            for pattern in statement.actions:
                mask |= self.mask(pattern)
        for condition in statement.conditions:
            self.keys.setdefault(condition.key.lower(), condition.key)
        atoms = frozenset(atom_of(condition, variables=variables) for condition in statement.conditions)
        found = []
        for chosen, extra in _defaults(texts, enabled=variables):
            patterns = tuple(
                dict.fromkeys(
                    self._pattern(text, shown, variables=variables) for text, shown in zip(chosen, texts, strict=True)
                )
            )
            found.append(
                Clause(
                    mask,
                    patterns or (ANYTHING,),
                    negated,
                    atoms | extra,
                    place,
                    statement.conditions,
                )
            )
        return found

    def _pattern(self, text: str, shown: str, *, variables: bool) -> Pattern:
        text = _padded(text)
        if not variables or "${" not in text:
            return Pattern(text, shown)
        found: list[str] = []

        def sign(match: re.Match[str]) -> str:
            name = match.group(1).strip()
            if name in ("*", "?", "$"):
                return {"*": LITERAL_STAR, "?": LITERAL_MARK, "$": "$"}[name]
            self.keys.setdefault(name.lower(), name)
            found.append(name.lower())
            return self.variable(name)

        return Pattern(_VARIABLE.sub(sign, text), shown, tuple(found))


def policies_of(layers: Layers) -> Iterator[Policy]:
    """Yield the policies that a comparison speaks of."""
    yield from layers.identity
    for _, policies in layers.limits():
        yield from policies


def presence(key: str) -> Atom:
    """Return the atom that says that a key is in the request."""
    return atom("Null", key, ("false",))


def _absence(key: str) -> Atom:
    return atom("Null", key, ("true",))


def _defaults(texts: tuple[str, ...], *, enabled: bool) -> list[tuple[tuple[str, ...], frozenset[Atom]]]:
    """Return the texts once with each variable's default and once without, and when each counts."""
    keys: dict[str, None] = {}
    if enabled:
        for text in texts:
            for name in _VARIABLE.findall(text):
                with_default = _WITH_DEFAULT.match(name)
                if with_default:
                    keys[with_default.group(1).lower()] = None
    if not keys:
        return [(texts, frozenset())]
    if len(keys) > MAX_DEFAULTS:
        raise Unsupported("too many policy variables with defaults")
    found: list[tuple[tuple[str, ...], frozenset[Atom]]] = []
    for choice in range(1 << len(keys)):
        absent = {key for number, key in enumerate(keys) if choice >> number & 1}

        def written(match: re.Match[str], absent: set[str] = absent) -> str:
            with_default = _WITH_DEFAULT.match(match.group(1))
            if with_default is None:
                return match.group(0)
            key, default = with_default.groups()
            if key.lower() not in absent:
                return f"${{{key}}}"
            return default.replace("*", "${*}").replace("?", "${?}")

        atoms = frozenset(_absence(key) if key in absent else presence(key) for key in keys)
        found.append((tuple(_VARIABLE.sub(written, text) for text in texts), atoms))
    return found


def _padded(text: str) -> str:
    """Return a resource pattern, a short ARN without wildcards filled up with `*` fields."""
    if text.startswith("arn:") and not {"*", "?"} & set(text):
        missing = 6 - len(split_fields(text))
        if missing > 0:
            return text + ":*" * missing
    return text


def _sample(pattern: str) -> str | None:
    """Return an action that an action pattern without known actions stands for."""
    sample = pattern
    if is_action_pattern(pattern):
        sample = pattern.replace("*", "Any").replace("?", "x")
    return sample if ":" in sample and action_matches(pattern, sample) else None
