"""`*` and `?` patterns, as IAM means them.

`*` stands for any run of characters, also none; `?` for exactly one; all else is literal (there is
no escape and `[` is an ordinary sign). Inclusion and overlap are decided on the strings the
patterns stand for, never on their text: `*?` and `?*` cover each other.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

MAX_STATES = 20_000
"""States that `covers` visits at most; beyond it the answer is False, which is the safe side of "is
included"."""


CHEAP_SIGNS = 2_000
"""Signs of one pattern times signs of another up to which `surely_covers` looks closely."""


@dataclass(frozen=True)
class Glob:
    """A pattern of `*` (any run) and `?` (one character); all else is literal."""

    text: str

    def __str__(self) -> str:
        return self.text

    @cached_property
    def is_literal(self) -> bool:
        """Whether the pattern stands for exactly one string, its own text."""
        return "*" not in self.text and "?" not in self.text

    @cached_property
    def prefix(self) -> str:
        """The literal characters before the first wildcard."""
        for index, character in enumerate(self.text):
            if character in "*?":
                return self.text[:index]
        return self.text

    @cached_property
    def suffix(self) -> str:
        """The literal characters after the last wildcard; of a literal pattern all of it."""
        return self.text[max(self.text.rfind("*"), self.text.rfind("?")) + 1 :]

    @cached_property
    def is_prefix(self) -> bool:
        """Whether the pattern is literal text followed by one `*`."""
        return len(self.prefix) == len(self.text) - 1 and self.text.endswith("*")

    def matches(self, value: str) -> bool:
        """Whether the pattern stands for `value`, letter case included."""
        if self.is_literal:
            return value == self.text
        if not value.startswith(self.prefix):
            return False
        return self.is_prefix or _matches(self._pieces, value)

    def covers(self, other: "Glob") -> bool:
        """Whether each string of `other` is one of this pattern.

        Exact up to `MAX_STATES` visited states, which only patterns made for it exceed; then False.
        """
        quick = self._quick_cover(other)
        return _covers(self.text, other.text) if quick is None else quick

    def surely_covers(self, other: "Glob") -> bool:
        """Whether `covers` holds, as far as that is cheap to see; False may mean "not seen"."""
        quick = self._quick_cover(other)
        if quick is None and len(self.text) * len(other.text) <= CHEAP_SIGNS:
            return _covers(self.text, other.text)
        return quick is True

    def _quick_cover(self, other: "Glob") -> bool | None:
        if self.text in ("*", other.text):
            return True
        if other.is_literal:
            return self.matches(other.text)
        if self.is_literal:
            return False
        if self.is_prefix:
            return other.prefix.startswith(self.prefix)
        if not other.prefix.startswith(self.prefix) or not self._holds_samples(other.text):
            return False
        if "?" not in self.text and self.matches(other.text):
            return True  # each `*` and `?` of the other lies under a `*` of this one
        return None

    def overlaps(self, other: "Glob") -> bool:
        """Whether some string is one of both patterns (exact)."""
        if other.is_literal:
            return self.matches(other.text)
        if self.is_literal:
            return other.matches(self.text)
        shorter = min(len(self.prefix), len(other.prefix))
        if self.prefix[:shorter] != other.prefix[:shorter]:
            return False
        shorter = min(len(self.suffix), len(other.suffix))
        if shorter and self.suffix[-shorter:] != other.suffix[-shorter:]:
            return False
        return (self.is_prefix and other.is_prefix) or _overlaps(self.text, other.text)

    def _holds_samples(self, other: str) -> bool:
        """Whether a few strings of another pattern are of this one, which is needed to cover it."""
        other = other.replace("?", OTHER)
        return self.matches(other.replace("*", "")) and self.matches(other.replace("*", OTHER))

    @cached_property
    def _pieces(self) -> tuple[str, ...]:
        return tuple(self.text.split("*"))


def normalized(text: str) -> str:
    """Return the pattern with each run of wildcards as its `?`, then at most one `*`."""
    if "**" not in text and "*?" not in text:
        return text
    written: list[str] = []
    index = 0
    while index < len(text):
        if text[index] not in "*?":
            written.append(text[index])
            index += 1
            continue
        end = index
        while end < len(text) and text[end] in "*?":
            end += 1
        run = text[index:end]
        written.append("?" * run.count("?") + ("*" if "*" in run else ""))
        index = end
    return "".join(written)


def _matches(pieces: tuple[str, ...], value: str) -> bool:
    """Match the pieces between stars leftmost first, which is complete for this kind of pattern."""
    first, last = pieces[0], pieces[-1]
    if len(pieces) == 1:
        return len(value) == len(first) and _piece_at(first, value, 0)
    if len(value) < len(first) + len(last) or not _piece_at(first, value, 0):
        return False
    end = len(value) - len(last)
    if not _piece_at(last, value, end):
        return False
    at = len(first)
    for piece in pieces[1:-1]:
        found = _find(piece, value, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return at <= end


def _piece_at(piece: str, value: str, at: int) -> bool:
    if "?" not in piece:
        return value.startswith(piece, at)
    return all(sign in ("?", character) for sign, character in zip(piece, value[at : at + len(piece)], strict=True))


def _find(piece: str, value: str, start: int, end: int) -> int:
    if "?" not in piece:
        return value.find(piece, start, end)
    for at in range(start, end - len(piece) + 1):
        if _piece_at(piece, value, at):
            return at
    return -1


class Walker:
    """A pattern as a deterministic automaton whose states are made when they are asked for.

    A state is a bitset of positions. A position before the last `*` that was reached is left out:
    whatever it accepts, that `*` accepts too. So patterns without `?` after a `*` have no more
    states than signs.
    """

    __slots__ = ("_any", "_literal", "_stars", "accept", "alphabet", "moves", "start")

    def __init__(self, text: str) -> None:
        signs = normalized(text)
        self.accept = 1 << len(signs)
        self._literal: dict[str, int] = {}
        self._any = 0
        self._stars = 0
        for position, sign in enumerate(signs):
            bit = 1 << position
            if sign == "*":
                self._stars |= bit
            elif sign == "?":
                self._any |= bit
            else:
                self._literal[sign] = self._literal.get(sign, 0) | bit
        self.alphabet = frozenset(self._literal)
        self.moves: dict[tuple[int, str], int] = {}
        self.start = self._closed(1)

    def _closed(self, state: int) -> int:
        state |= (state & self._stars) << 1
        reached = state & self._stars
        if reached:
            last = 1 << (reached.bit_length() - 1)
            state &= ~(last - 1)
        return state

    def step(self, state: int, character: str) -> int:
        """Return the state after `character`; 0 is dead. Signs outside `alphabet` are all alike."""
        key = (state, character)
        known = self.moves.get(key)
        if known is None:
            moving = state & (self._any | self._literal.get(character, 0))
            known = self._closed((moving << 1) | (state & self._stars))
            self.moves[key] = known
        return known

    def accepts(self, state: int) -> bool:
        """Whether a string that leads here is one of the pattern."""
        return bool(state & self.accept)

    def is_total(self, state: int) -> bool:
        """Whether every continuation is accepted from here."""
        return bool(state & self._stars & (self.accept >> 1))


OTHER = "\ufffe"
"""A character that stands for all that no pattern names."""


@lru_cache(maxsize=65_536)
def _covers(text: str, other: str) -> bool:
    outer, inner = Walker(text), Walker(other)
    alphabet = [*sorted(outer.alphabet | inner.alphabet), OTHER]
    start = (inner.start, outer.start)
    seen = {start}
    todo = [start]
    while todo:
        inside, outside = todo.pop()
        if inner.accepts(inside) and not outer.accepts(outside):
            return False
        if outer.is_total(outside):
            continue
        for character in alphabet:
            next_inside = inner.step(inside, character)
            if not next_inside:
                continue
            state = (next_inside, outer.step(outside, character))
            if not state[1]:
                return False  # every live state of a glob leads to acceptance
            if state not in seen:
                if len(seen) >= MAX_STATES:
                    return False
                seen.add(state)
                todo.append(state)
    return True


@lru_cache(maxsize=65_536)
def _overlaps(text: str, other: str) -> bool:
    left, right = normalized(text), normalized(other)
    todo = [(0, 0)]
    seen = {(0, 0)}
    while todo:
        at, beside = todo.pop()
        if at == len(left) and beside == len(right):
            return True
        for state in _pairs(left, right, at, beside):
            if state not in seen:
                seen.add(state)
                todo.append(state)
    return False


def _pairs(left: str, right: str, at: int, beside: int) -> Iterator[tuple[int, int]]:
    sign = left[at] if at < len(left) else ""
    against = right[beside] if beside < len(right) else ""
    if sign == "*":
        yield at + 1, beside
        if against:
            yield at, beside + 1
    if against == "*":
        yield at, beside + 1
        if sign:
            yield at + 1, beside
    if (sign and against and "*" not in (sign, against)) and (sign == against or "?" in (sign, against)):
        yield at + 1, beside + 1
