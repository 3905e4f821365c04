"""Where the access maps lie, and how one of their files is read."""

import json
import tomllib
from pathlib import Path
from typing import Any

from iamgen.errors import IamgenError, InputError


def folder() -> Path:
    """Return where the access maps lie: in the wheel, else at the top of the checkout.

    Raises:
        IamgenError: they are in neither place, so the installation is broken.
    """
    package = Path(__file__).resolve().parent.parent
    for place in (package / "_access_maps", package.parent / "access_maps"):
        if (place / "generated" / "index.json").is_file():
            return place
    raise IamgenError("the access maps are not installed", place=str(package))


def read_json(path: Path) -> dict[str, Any]:
    """Return a JSON file of the maps.

    Raises:
        InputError: it is damaged; the error names the file and the line.
    """
    try:
        data: dict[str, Any] = json.loads(path.read_bytes())
    except json.JSONDecodeError as error:
        raise InputError(f"damaged map file: {error.msg}", place=f"{path}:{error.lineno}") from error
    except (OSError, ValueError) as error:
        raise InputError(f"damaged map file: {error}", place=str(path)) from error
    return data


def read_toml(path: Path) -> dict[str, Any]:
    """Return a TOML file of the maps.

    Raises:
        InputError: it is damaged; the error names the file.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"damaged map file: {error}", place=str(path)) from error
