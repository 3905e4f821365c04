"""How fast a trail is read, beside what else does it, in one run on one machine.

By default a small sample with loose bounds, so that a loop that became slow is noticed. `IAMGEN_BENCH_EVENTS=2000000`
measures at length; figures are printed with `-s`. Ratios are of processor time, medians of pairs run one after the other.
"""

import os
import resource
import statistics
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from trail import make_trail

EVENTS = int(os.environ.get("IAMGEN_BENCH_EVENTS", "20000"))
PAIRS = 5 if EVENTS > 100_000 else 1
AT_LENGTH = EVENTS >= 1_000_000

GUNZIP = """
import os, sys
from isal import isal_zlib
for root, _, names in os.walk(sys.argv[1]):
    for name in names:
        with open(os.path.join(root, name), "rb", 0) as handle:
            isal_zlib.decompress(handle.read(), 31)
"""

GROUP_BY = """
import sys, duckdb
duckdb.execute("SET threads = 1")
duckdb.sql(f\"\"\"
    SELECT r.userIdentity.sessionContext.sessionIssuer.arn, r.userIdentity.arn, r.eventSource, r.eventName, count(*),
           min(r.eventTime), max(r.eventTime)
    FROM (SELECT unnest(Records) AS r FROM read_json('{sys.argv[1]}/**/*.json.gz', maximum_object_size = 100000000,
          columns = {{Records: 'STRUCT(userIdentity STRUCT(arn VARCHAR, sessionContext STRUCT(sessionIssuer STRUCT(arn VARCHAR))),
          eventSource VARCHAR, eventName VARCHAR, eventTime VARCHAR)[]'}}))
    GROUP BY ALL\"\"\").fetchall()
"""


@pytest.fixture(scope="module")
def trail(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("trail")
    make_trail(root, events=EVENTS)
    return root


def cost(*command: str) -> float:
    """Return processor seconds of a command with its children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def ingest(trail: Path, store: Path, jobs: int = 1) -> float:
    for path in store.parent.glob(f"{store.name}*"):
        path.unlink()
    return cost(
        sys.executable, "-m", "iamgen", "logs", "ingest", str(trail), "--store", str(store), "--jobs", str(jobs)
    )


def paired(left: Callable[[], float], right: Callable[[], float]) -> float:
    return statistics.median(left() / right() for _ in range(PAIRS))


def start_up(tmp_path: Path) -> float:
    empty = tmp_path / "empty"
    empty.mkdir(exist_ok=True)
    return ingest(empty, tmp_path / "none.db")


def test_ingest_beside_gunzip(trail: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    overhead = 0.0 if AT_LENGTH else start_up(tmp_path)
    bare = 0.0 if AT_LENGTH else cost(sys.executable, "-c", GUNZIP, str(tmp_path / "empty"))
    ratio = paired(
        lambda: max(ingest(trail, tmp_path / "u.db") - overhead, 0.01),
        lambda: max(cost(sys.executable, "-c", GUNZIP, str(trail)) - bare, 0.01),
    )
    with capsys.disabled():
        print(f"\n{EVENTS} events: ingest over gunzip {ratio:.1f} by processor time")
    assert ratio < (8 if AT_LENGTH else 20)


def test_ingest_beside_a_group_by(trail: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ratio = paired(lambda: cost(sys.executable, "-c", GROUP_BY, str(trail)), lambda: ingest(trail, tmp_path / "u.db"))
    with capsys.disabled():
        print(f"\n{EVENTS} events: DuckDB's group-by over ingest {ratio:.1f} by processor time")
    if AT_LENGTH:
        assert ratio > 1


PEAK = """
import sys
from iamgen.cli import main
try:
    main(sys.argv[1:])
except SystemExit:
    pass
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


def peak_megabytes(trail: Path, store: Path) -> float:
    done = subprocess.run(
        [sys.executable, "-c", PEAK, "logs", "ingest", str(trail), "--store", str(store), "--jobs", "1"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return int(done.stdout.split()[-1]) / 1024


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
def test_memory_does_not_grow_with_the_trail(trail: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_trail(tmp_path / "small", events=max(EVENTS // 10, 1000))
    small = peak_megabytes(tmp_path / "small", tmp_path / "s.db")
    large = peak_megabytes(trail, tmp_path / "l.db")
    with capsys.disabled():
        print(f"\npeak memory: {small:.0f} MB for a tenth, {large:.0f} MB for all")
    assert large < 250


def test_a_new_day_costs_that_day(trail: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = tmp_path / "u.db"
    whole = ingest(trail, store)
    again = cost(sys.executable, "-m", "iamgen", "logs", "ingest", str(trail), "--store", str(store))
    with capsys.disabled():
        print(
            f"\nagain without news: {again:.2f} s of {whole:.2f} s; store {store.stat().st_size / EVENTS:.1f} bytes an event"
        )
    assert again < whole


@pytest.mark.skipif(not AT_LENGTH, reason="two processes show on a long run alone")
def test_two_processes(trail: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import time

    def wall(jobs: int) -> float:
        start = time.monotonic()
        ingest(trail, tmp_path / "u.db", jobs)
        return time.monotonic() - start

    ratio = paired(lambda: wall(1), lambda: wall(2))
    with capsys.disabled():
        print(f"\ntwo processes over one: {ratio:.2f}")
    assert ratio > 1.3
