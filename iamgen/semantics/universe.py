"""All actions there are, as positions in a bitset, with access level and ARN forms.

The comparison speaks of sets of actions as whole numbers: bit `n` is action `n` of the universe. A
wildcard pattern, a statement, the complement of a NotAction are each one such number. ARN forms
are asked for only where a resource decides.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, lru_cache
from typing import Any, Protocol

from iamgen.model.action import action_globs, fold, is_action_pattern

ANY_RESOURCE = ("*",)
"""The forms of an action of which nothing is known: any resource at all."""


class Info(Protocol):
    """What is asked of one action."""

    @property
    def resource_types(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def required_types(self) -> tuple[str, ...]: ...  # noqa: D102


class Row(Protocol):
    """One action of the catalogue."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def access_level(self) -> str: ...  # noqa: D102


class Maps(Protocol):
    """What a universe asks of the access maps."""

    def __hash__(self) -> int: ...
    def universe(self) -> tuple[Row, ...]: ...  # noqa: D102
    def action(self, action: str) -> Info | None: ...  # noqa: D102
    def resource_arn(self, resource_type: str) -> str | None: ...  # noqa: D102
    def table(self, name: str) -> dict[str, Any]: ...  # noqa: D102


class Universe:
    """The actions that exist, in a fixed order; equal inputs give equal bit positions."""

    def __init__(
        self,
        levels: Mapping[str, str],
        forms: Callable[[str], tuple[str, ...] | None],
        segments: frozenset[str] = frozenset(),
    ) -> None:
        """Take canonical action -> access level, and the ARN templates of an action.

        `forms` gives templates such as `arn:${Partition}:sqs:${Region}:${Account}:${QueueName}`,
        `*` where the action also works without a resource, None where nothing is known. `segments`
        are the placeholders that never hold a `/`.
        """
        self.names = tuple(sorted(levels))
        self.segments = segments
        self._levels = levels
        self._forms = forms
        self._signatures: dict[int, tuple[str, ...]] = {}
        self._masks: dict[str, int] = {}

    @classmethod
    def of(
        cls,
        actions: Mapping[str, tuple[str, tuple[str, ...]]],
        segments: frozenset[str] = frozenset(),
    ) -> "Universe":
        """Return the universe of a plain mapping: action -> (access level, ARN templates)."""
        levels = {name: level for name, (level, _) in actions.items()}
        return cls(levels, lambda name: actions[name][1] or ANY_RESOURCE, segments)

    @classmethod
    def of_maps(cls, maps: Maps) -> "Universe":
        """Return the universe of the access maps, a new one; `universe_of` keeps it."""
        segments = frozenset(maps.table("comparison").get("names", {}).get("without_slash", ()))

        def forms(action: str) -> tuple[str, ...] | None:
            info = maps.action(action)
            if info is None:
                return None
            found = [maps.resource_arn(each) for each in info.resource_types]
            if any(each is None for each in found):
                return None
            known = [each for each in found if each]
            return tuple(known) if info.required_types and known else (*known, "*")

        levels = {row.name: row.access_level for row in maps.universe()}
        return cls(levels, forms, segments)

    @cached_property
    def everything(self) -> int:
        """All actions."""
        return (1 << len(self.names)) - 1

    @cached_property
    def _index(self) -> dict[str, int]:
        return {fold(name): position for position, name in enumerate(self.names)}

    @cached_property
    def _services(self) -> dict[str, list[tuple[str, int]]]:
        services: dict[str, list[tuple[str, int]]] = {}
        for folded, position in self._index.items():
            service, _, name = folded.partition(":")
            services.setdefault(service, []).append((name, position))
        return services

    @cached_property
    def _level_masks(self) -> dict[str, int]:
        bits: dict[str, bytearray] = {}
        for position, name in enumerate(self.names):
            row = bits.setdefault(self._levels[name], bytearray(len(self.names) // 8 + 1))
            row[position >> 3] |= 1 << (position & 7)
        return {level: int.from_bytes(row, "little") for level, row in bits.items()}

    def position(self, action: str) -> int | None:
        """Return the position of an action, letter case ignored; None for an unknown one."""
        return self._index.get(fold(action))

    def level(self, action: str) -> str | None:
        """Return the access level of an action, None for an unknown one."""
        position = self.position(action)
        return None if position is None else self._levels[self.names[position]]

    def mask(self, pattern: str) -> int:
        """Return the set of actions that a pattern stands for."""
        pattern = fold(pattern)
        known = self._masks.get(pattern)
        if known is None:
            known = self._masks[pattern] = self._mask(pattern)
        return known

    def _mask(self, pattern: str) -> int:
        if not is_action_pattern(pattern):
            position = self._index.get(pattern)
            return 0 if position is None else 1 << position
        service_glob, name_glob = action_globs(pattern)
        if service_glob.text == "*" and name_glob.text == "*":
            return self.everything
        if service_glob.is_literal:
            rows = self._services.get(service_glob.text, [])
        else:
            rows = [row for service, rows in self._services.items() if service_glob.matches(service) for row in rows]
        everything = name_glob.text == "*"
        found = 0
        for name, position in rows:
            if everything or name_glob.matches(name):
                found |= 1 << position
        return found

    def by_level(self, mask: int) -> Iterator[tuple[str, int]]:
        """Yield the parts of a set by access level, levels sorted by name."""
        for level in sorted(self._level_masks):
            part = mask & self._level_masks[level]
            if part:
                yield level, part

    def signature(self, position: int) -> tuple[str, ...]:
        """Return the ARN templates of an action; `ANY_RESOURCE` is told apart by `is_typed`."""
        known = self._signatures.get(position)
        if known is None:
            known = tuple(sorted(self._forms(self.names[position]) or (), key=_plainness))
            self._signatures[position] = known
        return known


@lru_cache(maxsize=8)
def universe_of(maps: Maps) -> Universe:
    """Return the universe of the access maps, the same one for the same maps."""
    return Universe.of_maps(maps)


def _plainness(template: str) -> tuple[bool, int, str]:
    return template == "*", template.count("${"), template


def positions(mask: int) -> Iterator[int]:
    """Yield the positions of the set bits, lowest first."""
    base = 0
    for byte in mask.to_bytes((mask.bit_length() + 7) // 8, "little"):
        value = byte
        while value:
            low = value & -value
            yield base + low.bit_length() - 1
            value ^= low
        base += 8
