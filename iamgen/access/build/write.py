"""Put the maps down: sorted, one operation or action per line, the same bytes for the same input."""

import json
from pathlib import Path
from typing import Any


def dump(data: Any) -> str:
    """Return compact JSON on one line."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


def service_text(head: dict[str, Any], operations: dict[str, Any]) -> str:
    """Return a service's file: its head, then one operation per line."""
    return _file(head, "operations", operations)


def prefix_text(head: dict[str, Any], actions: dict[str, Any]) -> str:
    """Return a prefix's file: its types and keys, then one action per line."""
    return _file(head, "actions", actions)


def _file(head: dict[str, Any], name: str, rows: dict[str, Any]) -> str:
    start = dump(head)[:-1]
    lines = ",\n".join(f"{dump(key)}:{dump(rows[key])}" for key in sorted(rows))
    return f'{start},\n"{name}":{{\n{lines}\n}}}}\n'


def write_all(files: dict[str, bytes], place: Path) -> list[str]:
    """Write the files under `place`, remove what is no longer made, and return the names that changed."""
    changed = []
    for name, content in sorted(files.items()):
        path = place / name
        if not path.is_file() or path.read_bytes() != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            changed.append(name)
    for path in sorted(place.rglob("*")):
        name = path.relative_to(place).as_posix()
        if path.is_file() and name not in files:
            path.unlink()
            changed.append(name)
    return changed
