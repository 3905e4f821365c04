"""Steps from exact to wider, least risk first, for a role that fits no legal set of policies.

Only asked for with `--allow-overgrant`. A step replaces the resources of one type, in one account
and region, by a pattern that stands for all of them, for actions of one access level: List before
Read before Tagging before Write, a common beginning of the names before the whole account.
Permissions management is never widened. Each step is recorded with the number of new grants.
"""

from collections.abc import Iterator
from dataclasses import replace

from iamgen.access.maps import AccessMaps
from iamgen.model.condition import Condition
from iamgen.model.diff import Level
from iamgen.model.fact import ResourcePattern, Widening
from iamgen.synthesis.cells import Cell, cell_key

ORDER = (Level.LIST, Level.READ, Level.TAGGING, Level.WRITE)
REASON = "size-limit"
MIN_STEM = 3
"""Characters that names must share for a pattern narrower than the account."""

Key = tuple[str, tuple[Condition, ...], str]


def widen(cells: tuple[Cell, ...], maps: AccessMaps) -> Iterator[tuple[tuple[Cell, ...], tuple[Widening, ...]]]:
    """Yield the cells after each further step, with all steps so far."""
    current = set(cells)
    steps: list[Widening] = []
    for level in ORDER:
        for whole_account in (False, True):
            for key, members in _groups(current, level, maps):
                wider = _pattern([cell.resource for cell in members], key[2], whole=whole_account)
                if wider is None:
                    continue
                fresh = {replace(cell, resource=wider) for cell in members}
                current = (current - set(members)) | fresh
                steps.append(_step(members, wider))
                yield tuple(sorted(current, key=cell_key)), tuple(steps)


def _groups(cells: set[Cell], level: Level, maps: AccessMaps) -> list[tuple[Key, list[Cell]]]:
    """Return the cells of one level by service, conditions and type, cheapest risk first."""
    found: dict[Key, list[Cell]] = {}
    for cell in sorted(cells, key=cell_key):
        head = _head(cell.resource.arn)
        if head is not None and maps.access_level(cell.action) == level:
            found.setdefault((cell.service, cell.conditions, head), []).append(cell)
    groups = [(key, members) for key, members in found.items() if len({cell.resource for cell in members}) > 1]
    return sorted(groups, key=lambda group: (len({c.action for c in group[1]}), group[0][2]))


def _head(arn: str) -> str | None:
    """The fields up to the resource and its type, None where the account is not part of the ARN."""
    fields = arn.split(":", 5)
    if len(fields) < 6 or not fields[4]:
        return None
    resource = fields[5]
    for index, character in enumerate(resource):
        if character in "/:":
            return ":".join(fields[:5]) + ":" + resource[: index + 1]
        if character in "*?":
            break
    return ":".join(fields[:5]) + ":"


def _pattern(resources: list[ResourcePattern], head: str, *, whole: bool) -> ResourcePattern | None:
    names = sorted({resource.arn for resource in resources})
    if len(names) < 2:
        return None
    if whole:
        pattern = f"{head}*"
    else:
        stem = _common(names)
        if len(stem) < len(head) + MIN_STEM:
            return None
        pattern = f"{stem}*"
    return ResourcePattern(pattern, pattern)


def _common(names: list[str]) -> str:
    """The common beginning of sorted texts, without wildcards."""
    first, last = names[0], names[-1]
    length = 0
    while length < min(len(first), len(last)) and first[length] == last[length] and first[length] not in "*?":
        length += 1
    return first[:length]


def _step(members: list[Cell], wider: ResourcePattern) -> Widening:
    names = sorted({cell.resource.arn for cell in members})
    shown = ", ".join(names[:5]) + (f", +{len(names) - 5}" if len(names) > 5 else "")
    actions = len({cell.action for cell in members})
    return Widening(shown, wider.arn, f"{REASON}: {actions} actions")
