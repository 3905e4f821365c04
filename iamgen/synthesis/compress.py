"""Which action can name which resource, and action lists written shorter without granting more.

A wildcard is safe when each known action it stands for is granted, or cannot name the resources
beside it. Execution roles never get one; boundaries do, since what they list is a ceiling.
"""

import re
from collections.abc import Callable, Iterable
from functools import cache, lru_cache

from iamgen.access.maps import AccessMaps
from iamgen.model.arn import split_fields
from iamgen.model.glob import Glob

_PLACEHOLDER = re.compile(r"\$\{[^}]*\}")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z][a-z0-9]*|[a-z0-9]+|[^A-Za-z0-9]")


@lru_cache(maxsize=4)
def resource_types(maps: AccessMaps) -> Callable[[str, str], bool]:
    """Return whether an action can name a resource, by the service's own resource types.

    An action that the maps do not know can name anything. One without resource types can name
    nothing but `*`.
    """

    @cache
    def shapes(action: str) -> tuple[tuple[Glob, ...], ...] | None:
        info = maps.action(action)
        if info is None or "*" in action or "?" in action:
            return None
        found = []
        for name in info.resource_types:
            arn = maps.resource_arn(name)
            if arn is None:
                return None
            found.append(_fields(arn))
        return tuple(found)

    @cache
    def can_take(action: str, resource: str) -> bool:
        if resource == "*":
            return True
        known = shapes(action)
        if known is None or resource.count(":") < 5:
            return True
        fields = split_fields(resource)
        named = [*fields[1:5], ":".join(fields[5:])]
        return any(_fits(shape, named) for shape in known)

    return can_take


def _fields(template: str) -> tuple[Glob, ...]:
    """Return the fields of a resource type's ARN as patterns, placeholders as runs."""
    fields = split_fields(template)
    return tuple(Glob(_PLACEHOLDER.sub("?*", field)) for field in (*fields[1:5], ":".join(fields[5:])))


def _fits(shape: tuple[Glob, ...], named: list[str]) -> bool:
    if shape[4].text == "?*" and "/" in named[4]:
        # NOTE: a type whose resource part is one name (bucket, queue, topic) has no `/` in it.
        return False
    return all(pattern.overlaps(Glob(field)) for pattern, field in zip(shape, named, strict=True))


def shorten(actions: Iterable[str], forbidden: Iterable[str]) -> tuple[str, ...]:
    """Return action patterns that stand for all of `actions` and none of `forbidden`, sorted.

    A pattern ends at the end of a word and stands for two actions at least, so that it can be read.
    """
    left = sorted(set(actions))
    shunned = sorted({action.lower() for action in forbidden})
    result: list[str] = []
    while left:
        action = left[0]
        chosen: tuple[str, list[str]] | None = None
        for prefix in _prefixes(action):
            folded = prefix.lower()
            if any(other.startswith(folded) for other in shunned):
                continue
            members = [other for other in left if other.lower().startswith(folded)]
            if len(members) > 1:
                chosen = (f"{prefix}*", members)
            break
        if chosen is None:
            result.append(action)
            left = left[1:]
        else:
            result.append(chosen[0])
            left = [other for other in left if other not in chosen[1]]
    return tuple(sorted(result))


def _prefixes(action: str) -> Iterable[str]:
    """Yield the beginnings of an action that end with a word, shortest first."""
    service, _, name = action.partition(":")
    built = f"{service}:"
    for word in _WORD.findall(name):
        built += word
        yield built
