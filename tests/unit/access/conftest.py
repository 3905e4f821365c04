from importlib import metadata

import pytest

from iamgen.access.maps import AccessMaps, open_maps


@pytest.fixture(scope="session")
def maps() -> AccessMaps:
    return open_maps()


@pytest.fixture
def sdk_of_the_maps(maps: AccessMaps) -> None:
    """Skip where the installed SDK is not the one that the maps were made from: it has other operations."""
    installed, made = metadata.version("botocore"), maps.sources["botocore"]
    if installed != made:
        pytest.skip(f"botocore {installed} is not the {made} of the maps")
