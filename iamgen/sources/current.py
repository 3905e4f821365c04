"""Current roles: `--current FILE`, a folder, or `live`."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from iamgen import plugins
from iamgen.errors import UsageError
from iamgen.model.function import Role
from iamgen.model.observation import Gap
from iamgen.plugins import RoleOptions, RoleSource


@cache
def _sources() -> tuple[RoleSource, ...]:
    return plugins.discover("iamgen.sources.roles", RoleSource)


def read_roles(
    place: str,
    *,
    maps: Any = None,
    managed_policies: Path | None = None,
    profile: str | None = None,
    region: str | None = None,
    assume_role: str | None = None,
    wanted: tuple[str, ...] = (),
) -> Iterator[Role | Gap]:
    """Yield the roles of a place, and gaps for what could not be read.

    Raises:
        UsageError: there is no such place.
        InputError: the file that was named is malformed.
        AccessError: AWS could not be reached or refused.
    """
    del maps
    options = RoleOptions(
        managed_policies=managed_policies,
        profile=profile,
        region=region,
        assume_role=assume_role,
        wanted=wanted,
    )
    scheme = "live" if place == "live" else "file"
    if scheme == "file" and not Path(place).exists():
        raise UsageError(f"current role `{place}` does not exist", hint="name a file, a folder or `live`")
    for source in _sources():
        if scheme in source.schemes:
            yield from source.read_roles(place, options)
