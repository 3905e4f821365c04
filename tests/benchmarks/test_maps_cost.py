"""The access maps stay cheap: opening them, one look-up, and their size in the wheel."""

import time
import zlib

from iamgen.access.files import folder
from iamgen.access.maps import AccessMaps

MILLISECONDS = 50
"""Ten times and more what it takes on a quiet machine, so that a busy one does not fail."""
BYTES = 1_500_000


def fastest(action: object, times: int = 5) -> float:
    best = float("inf")
    for _ in range(times):
        start = time.perf_counter()
        action()  # type: ignore[operator]
        best = min(best, time.perf_counter() - start)
    return best * 1000


def test_opening_is_cheap() -> None:
    place = folder()
    assert fastest(lambda: AccessMaps(place)) < MILLISECONDS


def test_one_service_is_loaded_and_no_other() -> None:
    place = folder()
    assert fastest(lambda: AccessMaps(place).operation("s3", "GetObject")) < MILLISECONDS


def test_the_wheel_grows_by_less_than_its_budget() -> None:
    packed = sum(len(zlib.compress(path.read_bytes(), 6)) for path in folder().rglob("*") if path.is_file())
    assert packed < BYTES
