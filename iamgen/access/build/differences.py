"""What a rebuild changes, grouped for a reader."""

import json
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """One difference between the maps as they are and as they would be built."""

    group: str
    """new operation, operation gone, actions changed, bindings changed, now known, now unknown, other file."""
    name: str
    detail: str = ""


def differences(old: Mapping[str, bytes], new: Mapping[str, bytes]) -> tuple[Change, ...]:
    """Return the changes between two sets of generated files, sorted by group and name."""
    changes: list[Change] = []
    for name in sorted({*old, *new}):
        before, after = old.get(name), new.get(name)
        if before == after:
            continue
        rows_before, rows_after = _rows(before), _rows(after)
        if rows_before is None or rows_after is None:
            changes.append(Change("other file", name))
            continue
        service = name.removesuffix(".json")
        for operation in sorted({*rows_before, *rows_after}):
            one, two = rows_before.get(operation), rows_after.get(operation)
            if one != two:
                changes.append(_change(f"{service}:{operation}", one, two))
    return tuple(sorted(changes))


def _rows(content: bytes | None) -> dict[str, dict[str, object]] | None:
    if content is None:
        return {}
    if content[:1] != b"{":
        return None
    rows = json.loads(content).get("operations")
    return rows if isinstance(rows, dict) else None


def _change(name: str, one: dict[str, object] | None, two: dict[str, object] | None) -> Change:
    if one is None:
        return Change("new operation", name, _actions(two))
    if two is None:
        return Change("operation gone", name, _actions(one))
    if one.get("s") != two.get("s") and "guess" in (one.get("s"), two.get("s")):
        return Change("now known" if one.get("s") == "guess" else "now unknown", name, _actions(two))
    if _actions(one) != _actions(two):
        return Change("actions changed", name, f"{_actions(one)} -> {_actions(two)}")
    return Change("bindings changed", name)


def _actions(row: dict[str, object] | None) -> str:
    actions = (row or {}).get("a", [])
    names = [each["x"] for each in actions if isinstance(each, dict)] if isinstance(actions, list) else []
    return " ".join(dict.fromkeys(names)) or "none"
