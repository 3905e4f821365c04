"""Many patterns at once, as one automaton whose states are made when they are asked for.

A `Machine` holds a list of patterns and walks all of them together: its state is one whole number,
a bit for each position of each pattern, and one step is a few operations on it whatever their
number. `search` looks for a string that some patterns must match, that others must not, and that
is judged by what it matches. Work is counted, not timed, so that the same question always gets the
same answer; a question that costs too much raises `OutOfBudget`.
"""

from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from iamgen.model.glob import normalized

LITERAL_STAR, LITERAL_MARK = "\ue000", "\ue001"
"""`*` and `?` as plain characters (`${*}`, `${?}`)."""
OTHER = "\ue0ff"
"""Any character that no pattern names."""
FIELD_STAR, FIELD_ONE = "\ue102", "\ue103"
"""Wildcards that do not match a colon."""
SEGMENT_STAR, SEGMENT_ONE = "\ue104", "\ue105"
"""Wildcards that do not match a slash."""
NAME_ONE = "\ue106"
"""One character of a name, or the value of a policy variable."""
FIRST_VARIABLE = 0xE200
LAST_PRIVATE = 0xF8FF

_STARS = {"*": "", FIELD_STAR: ":", SEGMENT_STAR: "/"}
_ONES = {"?": "", FIELD_ONE: ":", SEGMENT_ONE: "/", NAME_ONE: "name"}
_FILLERS = "xyz0123456789abcdefghijklmnopqrstuvwABCDEFGHIJKLMNOPQRSTUVWXYZ_~$+%@!"

Found = TypeVar("Found")


class OutOfBudget(Exception):  # noqa: N818  not an error: it ends in the answer "unknown"
    """A comparison costs more than it may."""


class Budget:
    """How many steps a comparison may still take."""

    __slots__ = ("left",)

    def __init__(self, steps: int) -> None:
        self.left = steps

    def spend(self, steps: int) -> None:
        """Count steps.

        Raises:
            OutOfBudget: none are left.
        """
        self.left -= steps
        if self.left < 0:
            raise OutOfBudget


def is_variable(character: str) -> bool:
    """Whether a character stands for the value of a policy variable."""
    return FIRST_VARIABLE <= ord(character) <= LAST_PRIVATE


def has_private(text: str) -> bool:
    """Whether text holds characters that this module uses for itself."""
    return not text.isascii() and any("\ue000" <= sign <= "\uf8ff" for sign in text)


def filler_for(used: Collection[str]) -> str:
    """Return a plain character that is not one of those used."""
    plain = next((sign for sign in _FILLERS if sign not in used), "")
    return plain or next(chr(code) for code in range(0xE9, 0xD800) if chr(code) not in used)


def as_literal(text: str) -> str:
    """Return text whose `*` and `?` are plain characters."""
    return text.replace("*", LITERAL_STAR).replace("?", LITERAL_MARK)


def as_plain(text: str) -> str:
    """Return the text that `as_literal` was made from."""
    return text.replace(LITERAL_STAR, "*").replace(LITERAL_MARK, "?")


class Machine:
    """Patterns walked together; `?` does not match the character of a variable, `*` does."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self.ranges: list[int] = []
        self.accepts: list[int] = []
        self.totals: list[int] = []
        self._literal: dict[str, int] = {}
        self._ones = dict.fromkeys(("", ":", "/", "name"), 0)
        self._stars = dict.fromkeys(("", ":", "/"), 0)
        self._kills: list[tuple[int, int]] = []
        self._adjacent = False
        self.start = 0
        position = 0
        for text in patterns:
            position = self._add(normalized(text), position)
        self._all_stars = self._stars[""] | self._stars[":"] | self._stars["/"]
        self.alphabet = tuple(sorted(self._literal))
        self._special = tuple(sign for sign in ":/" if self._ones[sign] | self._stars[sign])
        self._moves: dict[str, tuple[int, int]] = {}
        self.start = self._closed(self.start)
        self.cost = 1 + position // 512 + len(self._kills) // 16
        """Steps of the budget that one step of the machine takes."""

    def _add(self, signs: str, position: int) -> int:
        first = position
        self.start |= 1 << position
        stars_seen = 0
        for index, sign in enumerate(signs):
            bit = 1 << position
            if sign in _STARS:
                self._stars[_STARS[sign]] |= bit
                if sign == "*":
                    before = bit - (1 << first)
                    if stars_seen:
                        self._kills.append((bit, ~before))
                    stars_seen += 1
                elif index:
                    stars_seen += 1
                if index and signs[index - 1] in _STARS:
                    self._adjacent = True
            elif sign in _ONES:
                self._ones[_ONES[sign]] |= bit
            else:
                self._literal[sign] = self._literal.get(sign, 0) | bit
            position += 1
        self.accepts.append(1 << position)
        self.ranges.append((1 << (position + 1)) - (1 << first))
        self.totals.append(1 << (position - 1) if signs.endswith("*") else 0)
        return position + 1

    def _closed(self, state: int) -> int:
        state |= (state & self._all_stars) << 1
        if self._adjacent:
            state |= (state & self._all_stars) << 1
            state |= (state & self._all_stars) << 1
        for star, keep in self._kills:
            if state & star:
                state &= keep
        return state

    def _move(self, character: str) -> tuple[int, int]:
        literal = self._literal.get(character, 0)
        if is_variable(character):
            bounded = self._ones[":"] | self._ones["/"] | self._ones["name"]
            return literal | bounded, self._all_stars
        moving, staying = literal | self._ones[""] | self._ones["name"], self._stars[""]
        for sign in (":", "/"):
            if character != sign:
                moving |= self._ones[sign]
                staying |= self._stars[sign]
        return moving, staying

    def step(self, state: int, character: str) -> int:
        """Return the state after a character."""
        move = self._moves.get(character)
        if move is None:
            move = self._moves[character] = self._move(character)
        return self._closed(((state & move[0]) << 1) | (state & move[1]))

    def characters(self, state: int, wanted: int) -> Iterator[str]:
        """Yield the characters that can lead to different states from here.

        `wanted` are the positions of the patterns that must match: only they may ask for the
        character of a variable.
        """
        yield OTHER
        for character in self._special:
            yield character
        for character in self.alphabet:
            active = state & self._literal[character]
            if is_variable(character):
                active &= wanted
            if active and character not in self._special:
                yield character

    def run(self, text: str) -> int:
        """Return the state after a whole string."""
        state = self.start
        for character in text:
            state = self.step(state, character)
        return state

    def filler(self) -> str:
        """Return a plain character that no pattern names."""
        return filler_for(self._literal)


@dataclass(frozen=True, slots=True)
class Group:
    """Patterns that belong together: it matches when one of them does, `negated` when none."""

    first: int
    last: int
    """The patterns `first` to `last` (not included) of the machine."""
    negated: bool = False
    hard: bool = False
    """A string that the group matches is of no use."""


def search(
    machine: Machine,
    required: int,
    groups: Sequence[Group],
    judge: Callable[[tuple[int, ...]], Found | None],
    budget: Budget,
    prefix: str = "",
) -> tuple[str, Found] | None:
    """Return a shortest string of all the first `required` patterns that `judge` approves of.

    `judge` is asked with the numbers of the groups that match, hard ones never among them. All
    strings that can match begin with `prefix`.
    """
    cost = machine.cost + len(groups) // 8
    budget.spend(10 * cost)
    wanted = 0
    for index in range(required):
        wanted |= machine.ranges[index]
    masks = [_group_masks(machine, group) for group in groups]
    judged: dict[tuple[int, ...], Found | None] = {}
    start = machine.run(prefix)
    if _is_dead(machine, start, required, groups, masks):
        return None
    came: dict[int, tuple[int, str]] = {start: (-1, prefix)}
    todo = deque((start,))
    while todo:
        state = todo.popleft()
        if all(state & machine.accepts[index] for index in range(required)):
            matched: tuple[int, ...] | None = _matched(state, groups, masks)
            if matched is not None:
                if matched not in judged:
                    judged[matched] = judge(matched)
                found = judged[matched]
                if found is not None:
                    return _spelled(came, state), found
        for character in machine.characters(state, wanted):
            budget.spend(cost)
            after = machine.step(state, character)
            if after in came or _is_dead(machine, after, required, groups, masks):
                continue
            came[after] = (state, character)
            todo.append(after)
    return None


def vectors(machine: Machine, budget: Budget) -> Iterator[tuple[int, str]]:
    """Yield each set of patterns that a non-empty string matches (accept bits), with a string."""
    accepting = 0
    for accept in machine.accepts:
        accepting |= accept
    seen = set()
    came: dict[int, tuple[int, str]] = {machine.start: (-1, "")}
    todo = deque((machine.start,))
    while todo:
        state = todo.popleft()
        for character in machine.characters(state, -1):
            budget.spend(machine.cost)
            after = machine.step(state, character)
            if after & accepting not in seen:
                seen.add(after & accepting)
                yield after & accepting, _spelled(came, state) + character
            if after not in came:
                came[after] = (state, character)
                todo.append(after)


def _group_masks(machine: Machine, group: Group) -> tuple[int, int, int]:
    accept = total = alive = 0
    for index in range(group.first, group.last):
        accept |= machine.accepts[index]
        total |= machine.totals[index]
        alive |= machine.ranges[index]
    return accept, total, alive


def _matched(state: int, groups: Sequence[Group], masks: list[tuple[int, int, int]]) -> tuple[int, ...] | None:
    matched = []
    for number, group in enumerate(groups):
        if bool(state & masks[number][0]) != group.negated:
            if group.hard:
                return None
            matched.append(number)
    return tuple(matched)


def _is_dead(
    machine: Machine,
    state: int,
    required: int,
    groups: Sequence[Group],
    masks: list[tuple[int, int, int]],
) -> bool:
    for index in range(required):
        if not state & machine.ranges[index]:
            return True
    for number, group in enumerate(groups):
        if group.hard:
            _, total, alive = masks[number]
            if (not state & alive) if group.negated else (state & total):
                return True
    return False


def _spelled(came: dict[int, tuple[int, str]], state: int) -> str:
    signs: list[str] = []
    while state != -1:
        state, sign = came[state]
        signs.append(sign)
    return "".join(reversed(signs))
