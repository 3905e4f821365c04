"""Which contexts there are, as far as conditions can tell them apart.

For each condition key a small set of values stands for all: absent, one string for each way in
which the patterns on that key can match, the bounds of numbers, dates and networks and what lies
between, sets of these for keys with a set operator. A question "these conditions hold, and of each
of those blocks at least one fails" is then a choice of one value per key, found by intersecting
bitsets. Complete for keys that do not depend on each other; a key with more values than the caps
allow is marked incomplete, and nothing is proved with it. The operators here are written apart
from those of `iamgen.semantics.conditions`.
"""

import datetime
import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, lru_cache
from itertools import combinations

from iamgen.model.condition import Condition
from iamgen.model.glob import Glob
from iamgen.semantics.automata import (
    FIELD_ONE,
    FIELD_STAR,
    OTHER,
    Budget,
    Machine,
    OutOfBudget,
    as_literal,
    as_plain,
    vectors,
)

MAX_VALUES = 400
MAX_SETS = 3000
MAX_STEPS = 20_000

Assignment = dict[str, tuple[str, ...]]
"""Folded key -> values; a key that is not there is absent."""


@dataclass(frozen=True, slots=True, eq=False)
class Atom:
    """One condition in a form that does not depend on how it was written; made by `atom` only.

    INVARIANT: equal atoms are the same object, so that sets of them are cheap.
    """

    operator: str
    """Without `Not`; ArnEquals as ArnLike."""
    negated: bool
    key: str
    """Folded to lower case."""
    values: tuple[str, ...]
    """Sorted, each once."""
    qualifier: str | None
    if_exists: bool
    has_variable: bool
    """A value holds a policy variable: the atom is compared by its form only."""


@cache
def atom(
    operator: str,
    key: str,
    values: tuple[str, ...],
    *,
    negated: bool = False,
    qualifier: str | None = None,
    if_exists: bool = False,
    has_variable: bool = False,
) -> Atom:
    """Return the one atom with these fields."""
    return Atom(operator, negated, key, values, qualifier, if_exists, has_variable)


def atom_of(condition: Condition, *, variables: bool) -> Atom:
    """Return the atom of a condition."""
    operator = condition.operator
    negated = "Not" in operator
    plain = operator.replace("Not", "") if negated else operator
    is_text = plain.startswith(("String", "Arn"))
    return atom(
        "ArnLike" if plain == "ArnEquals" else plain,
        condition.key.lower(),
        tuple(sorted(set(condition.values))),
        negated=negated,
        qualifier=None if plain == "Null" else condition.qualifier,
        if_exists=condition.if_exists,
        has_variable=variables and is_text and any("${" in value for value in condition.values),
    )


class KeySpace:
    """The values that stand for all values of one key, and which atoms each makes true."""

    def __init__(self, atoms: Sequence[Atom], budget: Budget) -> None:
        self.is_complete = True
        singles = self._singles(atoms, budget)
        budget.spend(len(singles) * sum(len(each.values) for each in atoms) // 4)
        hits = {
            atom: sum(1 << n for n, value in enumerate(singles) if _equals(atom, value))
            for atom in atoms
            if atom.operator != "Null"
        }
        if any(atom.qualifier for atom in atoms):
            chosen = self._sets(len(atoms), _distinct(list(hits.values()), len(singles)))
        else:
            chosen = [1 << n for n in range(len(singles))]
        self.values: list[tuple[str, ...] | None] = [None]
        for bits in chosen:
            self.values.append(tuple(v for n, v in enumerate(singles) if bits >> n & 1))
        self.everything = (1 << len(self.values)) - 1
        self.truth: dict[Atom, int] = {}
        for atom in atoms:
            truth = int(holds_absent(atom))
            for index, bits in enumerate(chosen, start=1):
                if holds_present(atom, bits, hits.get(atom, 0)):
                    truth |= 1 << index
            self.truth[atom] = truth

    def _sets(self, size_limit: int, singles: list[int]) -> list[int]:
        """Return sets of values as bitsets; one value for each atom is always enough."""
        found: list[int] = []
        for size in range(1, min(size_limit, len(singles)) + 1):
            for several in combinations(singles, size):
                if len(found) >= MAX_SETS:
                    self.is_complete = False
                    return found
                found.append(sum(1 << number for number in several))
        return found

    def _singles(self, atoms: Sequence[Atom], budget: Budget) -> list[str]:
        kinds = {atom.operator for atom in atoms}
        found: list[str] = []
        text = [atom for atom in atoms if atom.operator.startswith(("String", "Arn", "Binary"))]
        if "Bool" in kinds:
            found += ["true", "false"]
        found += _numbers(atoms, "Numeric")
        found += _dates(atoms)
        found += _addresses(atoms)
        if text or not found:
            found += self._strings(text, budget)
        patterns = [atom for atom in text if atom.operator in ("StringLike", "ArnLike")]
        if patterns and len(kinds - {"StringLike", "ArnLike", "StringEquals", "Null"}) > 0:
            self.is_complete = False  # patterns beside another kind of value: not enumerated
        unique = list(dict.fromkeys(found))
        if len(unique) > MAX_VALUES:
            self.is_complete = False
            unique = unique[:MAX_VALUES]
        return unique

    def _strings(self, atoms: Sequence[Atom], budget: Budget) -> list[str]:
        literals: list[str] = []
        patterns: list[str] = []
        for atom in atoms:
            for value in atom.values:
                if atom.operator == "StringEqualsIgnoreCase":
                    literals += _cases(value)
                elif atom.operator == "StringLike" and not Glob(value).is_literal:
                    patterns.append(value)
                elif atom.operator == "ArnLike" and not Glob(value).is_literal:
                    patterns.append(by_fields(value))
                else:
                    literals.append(value)
        found = [value for value in dict.fromkeys(literals) if value]
        machine = Machine([*patterns, *map(as_literal, found)])
        filler = machine.filler()
        if not patterns:
            return [*found, filler * 3]
        try:
            for _, spelled in vectors(machine, budget):
                found.append(as_plain(spelled.replace(OTHER, filler)))
                if len(found) > MAX_VALUES:
                    self.is_complete = False
                    break
        except OutOfBudget:
            self.is_complete = False
        return found


class Contexts:
    """The contexts of one comparison; key spaces are made when they are asked for, and kept."""

    def __init__(self, atoms: Iterable[Atom], budget: Budget) -> None:
        self._by_key: dict[str, dict[Atom, None]] = {}
        for atom in atoms:
            if not atom.has_variable:
                self._by_key.setdefault(atom.key, {})[atom] = None
        self._spaces: dict[str, KeySpace] = {}
        self._answers: dict[tuple[frozenset[Atom], tuple[frozenset[Atom], ...]], Assignment | None]
        self._answers = {}
        self._unsure: set[tuple[frozenset[Atom], tuple[frozenset[Atom], ...]]] = set()
        self._budget = budget
        self.is_incomplete = False
        """Set once an answer "there is none" rests on a key that is not complete."""

    def space(self, key: str) -> KeySpace:
        """Return the values of a key."""
        known = self._spaces.get(key)
        if known is None:
            known = self._spaces[key] = KeySpace(tuple(self._by_key[key]), self._budget)
        return known

    def implied(self, atom: Atom, holding: frozenset[Atom]) -> bool:
        """Whether an atom is true in every context in which the others are."""
        if atom in holding:
            return True
        if atom.has_variable:
            return False
        space = self.space(atom.key)
        allowed = space.everything
        for other in holding:
            if other.key == atom.key and not other.has_variable:
                allowed &= space.truth[other]
        return space.is_complete and not allowed & ~space.truth[atom]

    def find(self, holding: frozenset[Atom], blocks: Sequence[frozenset[Atom]]) -> Assignment | None:
        """Return a context in which `holding` is true and each block has a false atom, or None.

        Atoms with variables must have been taken out of both.
        """
        key = (holding, tuple(sorted(set(blocks), key=_block_order)))
        if key in self._answers:
            self.is_incomplete |= key in self._unsure
            return self._answers[key]
        allowed: dict[str, int] = {}
        for atom in holding:
            space = self.space(atom.key)
            allowed[atom.key] = allowed.get(atom.key, space.everything) & space.truth[atom]
        self._budget.spend(1 + len(key[1]))
        steps = [MAX_STEPS]
        chosen = None
        if all(allowed.values()):
            chosen = self._falsify(allowed, key[1], 0, steps)
        if chosen is None:
            keys = set(allowed) | {atom.key for block in key[1] for atom in block}
            if steps[0] <= 0 or any(not self.space(each).is_complete for each in keys):
                self._unsure.add(key)
                self.is_incomplete = True
        answer = None if chosen is None else self._assignment(chosen)
        self._answers[key] = answer
        return answer

    def _falsify(
        self,
        allowed: dict[str, int],
        blocks: tuple[frozenset[Atom], ...],
        at: int,
        steps: list[int],
    ) -> dict[str, int] | None:
        if at == len(blocks):
            return allowed
        for atom in _in_order(blocks[at]):
            steps[0] -= 1
            if steps[0] < 0:
                return None
            space = self.space(atom.key)
            left = allowed.get(atom.key, space.everything) & ~space.truth[atom]
            if left:
                chosen = self._falsify({**allowed, atom.key: left}, blocks, at + 1, steps)
                if chosen is not None:
                    return chosen
        return None

    def _assignment(self, allowed: dict[str, int]) -> Assignment:
        found: Assignment = {}
        for key, mask in allowed.items():
            values = self.space(key).values[(mask & -mask).bit_length() - 1]
            if values is not None:
                found[key] = values
        return found


@cache
def _atom_order(atom: Atom) -> tuple[str, str, bool, tuple[str, ...], str, bool]:
    return (
        atom.key,
        atom.operator,
        atom.negated,
        atom.values,
        atom.qualifier or "",
        atom.if_exists,
    )


@lru_cache(maxsize=16_384)
def _in_order(block: frozenset[Atom]) -> tuple[Atom, ...]:
    return tuple(sorted(block, key=_atom_order))


@lru_cache(maxsize=16_384)
def _block_order(block: frozenset[Atom]) -> tuple[int, list[object]]:
    return len(block), [_atom_order(atom) for atom in _in_order(block)]


# --- what an atom says of a value --------------------------------------------------------------


def holds_absent(atom: Atom) -> bool:
    """Whether an atom is true when its key is not in the request."""
    if atom.operator == "Null":
        return "true" in {each.lower() for each in atom.values}
    if atom.if_exists:
        return True
    if atom.qualifier is not None:
        return atom.qualifier == "ForAllValues"
    return atom.negated


def holds_present(atom: Atom, chosen: int, hits: int) -> bool:
    """Whether an atom is true for values, as bitsets: those of the request, those it names."""
    if atom.operator == "Null":
        return "false" in {each.lower() for each in atom.values}
    if atom.qualifier == "ForAllValues":
        return not (chosen & hits if atom.negated else chosen & ~hits)
    if atom.qualifier == "ForAnyValue":
        return bool(chosen & ~hits if atom.negated else chosen & hits)
    return bool(chosen & hits) != atom.negated


def _distinct(hits: list[int], count: int) -> list[int]:
    """Return one value for each way in which the atoms can see a value."""
    seen: dict[tuple[bool, ...], int] = {}
    for number in range(count):
        seen.setdefault(tuple(bool(each >> number & 1) for each in hits), number)
    return list(seen.values())


def _equals(atom: Atom, value: str) -> bool:
    operator = atom.operator
    if operator in ("StringEquals", "BinaryEquals"):
        return value in atom.values
    if operator == "StringEqualsIgnoreCase":
        return value.lower() in {each.lower() for each in atom.values}
    if operator == "StringLike":
        return any(glob_of(each).matches(value) for each in atom.values)
    if operator == "ArnLike":
        return any(_arn_equals(each, value) for each in atom.values)
    if operator == "Bool":
        low = value.lower()
        return low in ("true", "false") and low in {each.lower() for each in atom.values}
    if operator == "IpAddress":
        return any(_inside(each, value) for each in atom.values)
    read = _seconds if operator.startswith("Date") else _fraction
    there = read(value)
    if there is None:
        return False
    bounds = [bound for bound in map(read, atom.values) if bound is not None]
    match operator.removeprefix("Date").removeprefix("Numeric"):
        case "Equals":
            return any(there == bound for bound in bounds)
        case "LessThan":
            return any(there < bound for bound in bounds)
        case "LessThanEquals":
            return any(there <= bound for bound in bounds)
        case "GreaterThan":
            return any(there > bound for bound in bounds)
        case _:
            return any(there >= bound for bound in bounds)


@lru_cache(maxsize=16_384)
def glob_of(text: str) -> Glob:
    """Return a pattern, kept for the next time."""
    return Glob(text)


def by_fields(pattern: str) -> str:
    """Return an ARN pattern whose wildcards stay within their field; the last may hold colons."""
    if pattern == "*":
        return pattern
    fields = pattern.split(":", 5)
    if len(fields) < 6:
        return "\ue0fe"  # no ARN has that form: nothing matches
    bound = [field.replace("*", FIELD_STAR).replace("?", FIELD_ONE) for field in fields[:5]]
    return ":".join([*bound, fields[5]])


def _arn_equals(pattern: str, value: str) -> bool:
    if pattern == "*":
        return True
    left, right = pattern.split(":"), value.split(":")
    if len(left) < 6 or len(right) < 6:
        return False
    left, right = [*left[:5], ":".join(left[5:])], [*right[:5], ":".join(right[5:])]
    return all(glob_of(one).matches(other) for one, other in zip(left, right, strict=True))


def _cases(value: str) -> list[str]:
    return list(dict.fromkeys((value, value.lower(), value.upper(), value.swapcase(), value.title())))


# --- numbers, dates, networks ------------------------------------------------------------------


def _fraction(text: str) -> Fraction | None:
    text = text.strip()
    if len(text) > 64 or "/" in text or "_" in text:
        return None
    if "e" in text.lower() and not text.lower().rpartition("e")[2].lstrip("+-").isdigit():
        return None
    exponent = text.lower().rpartition("e")[2] if "e" in text.lower() else "0"
    if len(exponent.lstrip("+-")) > 2 or abs(int(exponent)) >= 64:
        return None
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError):
        return None


def _seconds(text: str) -> Fraction | None:
    text = text.strip()
    if text.lstrip("-").replace(".", "", 1).isdigit() and len(text.partition(".")[0]) > 4:
        return _fraction(text)
    if len(text) == 4 and text.isdigit():
        text += "-01-01"
    elif len(text) == 7 and text[4] == "-":
        text += "-01"
    try:
        when = datetime.datetime.fromisoformat(text)
    except ValueError:
        return None
    offset = when.utcoffset() or datetime.timedelta()
    start = datetime.datetime(1970, 1, 1)  # noqa: DTZ001  both are UTC here
    since = when.replace(tzinfo=None) - offset - start
    return Fraction(since // datetime.timedelta(microseconds=1), 1_000_000)


def _numbers(atoms: Sequence[Atom], kind: str) -> list[str]:
    bounds = sorted(
        {
            bound
            for atom in atoms
            if atom.operator.startswith(kind)
            for bound in map(_fraction, atom.values)
            if bound is not None
        }
    )
    found: list[Fraction] = []
    for index, bound in enumerate(bounds):
        found.append(bound)
        if index + 1 < len(bounds):
            found.append((bound + bounds[index + 1]) / 2)
    if bounds:
        found += [bounds[-1] + 1, bounds[0] - 1]
    return [_decimal(value) for value in found]


def _decimal(value: Fraction) -> str:
    if value.denominator == 1:
        return str(value.numerator)
    sign = "-" if value < 0 else ""
    digits = 0
    while (value * 10**digits).denominator != 1:
        digits += 1
    scaled = str(abs(int(value * 10**digits))).rjust(digits + 1, "0")
    return f"{sign}{scaled[:-digits]}.{scaled[-digits:]}"


def _dates(atoms: Sequence[Atom]) -> list[str]:
    bounds = sorted(
        {
            bound
            for atom in atoms
            if atom.operator.startswith("Date")
            for bound in map(_seconds, atom.values)
            if bound is not None
        }
    )
    found: list[Fraction] = []
    for index, bound in enumerate(bounds):
        found.append(bound)
        if index + 1 < len(bounds):
            found.append((bound + bounds[index + 1]) / 2)
    if bounds:
        found += [bounds[-1] + 86_400, bounds[0] - 86_400]
    return [_iso(value) for value in found]


def _iso(value: Fraction) -> str:
    micro = int(value * 1_000_000)
    try:
        when = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC) + datetime.timedelta(microseconds=micro)
    except OverflowError:
        return _decimal(value)
    return when.isoformat().replace("+00:00", "Z")


def _network(text: str) -> tuple[int, int, int] | None:
    try:
        network = ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        return None
    return network.version, int(network.network_address), int(network.broadcast_address)


def _inside(expected: str, value: str) -> bool:
    network, address = _network(expected), _network(value)
    if network is None or address is None or network[0] != address[0]:
        return False
    return network[1] <= address[1] and address[2] <= network[2]


def _addresses(atoms: Sequence[Atom]) -> list[str]:
    cuts: dict[int, set[int]] = {4: {0}, 6: {0}}
    named = [value for atom in atoms if atom.operator == "IpAddress" for value in atom.values]
    if not named:
        return []
    for network in map(_network, named):
        if network is not None:
            version, first, last = network
            cuts[version].add(first)
            if last + 1 < 1 << (32 if version == 4 else 128):
                cuts[version].add(last + 1)
    found = []
    for version in (4, 6):
        maker = ipaddress.IPv4Address if version == 4 else ipaddress.IPv6Address
        found += [str(maker(cut)) for cut in sorted(cuts[version])]
    return found
