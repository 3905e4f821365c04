import pytest

from iamgen.access.maps import AccessMaps, open_maps


@pytest.fixture(scope="session")
def maps() -> AccessMaps:
    return open_maps()
