"""Lay the hand facts of `access_maps/overrides/<service>.toml` over what was derived."""

import tomllib
from pathlib import Path
from typing import Any

from iamgen.errors import InputError

Row = dict[str, Any]


def read_overrides(place: Path) -> dict[str, Row]:
    """Return service -> hand facts, file by file.

    Raises:
        InputError: a file is damaged, or an entry lacks why, source or date.
    """
    found: dict[str, Row] = {}
    for path in sorted((place / "overrides").glob("*.toml")):
        try:
            data = tomllib.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise InputError(f"damaged map file: {error}", place=str(path)) from error
        about = data.get("about", {})
        for name, row in data.get("operations", {}).items():
            for need in ("why", "source", "checked"):
                if need not in row and need not in about:
                    raise InputError(f"`{name}` has no `{need}`", place=str(path))
        found[path.stem] = data
    return found


def checked(override: Row, operation: str) -> str:
    """Return the date a hand fact was checked."""
    row = override["operations"][operation]
    return str(row.get("checked", override.get("about", {}).get("checked", "")))


def why(override: Row, operation: str) -> str:
    """Return the reason of a hand fact."""
    row = override["operations"][operation]
    return str(row.get("why", override.get("about", {}).get("why", "")))
