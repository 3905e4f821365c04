"""Time, memory and page size of 26 weekly snapshots of 1,000 roles, beside plain json of the same files.

    python tests/benchmarks/bench_drift.py [roles] [weeks]
"""

import json
import resource
import sys
import tempfile
import time
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from iamgen.compare.drift import trend_point
from iamgen.model.drift import AgeBucket, DriftReport, RoleDrift, ServiceUse, Snapshot
from iamgen.model.policy import Policy, Statement
from iamgen.model.result import Status
from iamgen.outputs.html import render
from iamgen.store.history import FolderPlace, add_snapshot, read_history

SERVICES = ("s3", "sqs", "sns", "dynamodb", "kms", "logs", "ssm", "events")


def role(number: int) -> RoleDrift:
    """Return a role with eight statements."""
    rows = tuple(
        Statement("Allow", (f"{s}:Get*", f"{s}:Put*"), resources=(f"arn:aws:{s}:::thing-{number}/*",)) for s in SERVICES
    )
    return RoleDrift(
        key=f"arn:aws:iam::123456789012:role/role-{number:04d}", name=f"role-{number:04d}", functions=(f"f-{number}",),
        status=Status.COMPLETE, granted=200, used=20, suggested=22, unused=160, unknown=20, wildcards=8,
        score=float(number % 100), terms=(), ages=(AgeBucket(name="never", actions=160),),
        services=tuple(ServiceUse(service=s, granted=25, used=3, unused=20, unknown=2) for s in SERVICES),
        policies=(Policy(rows),),
    )  # fmt: skip


def main(roles: int = 1000, weeks: int = 26) -> None:
    """Print the figures."""
    first = Snapshot(as_of="", roles=tuple(map(role, range(roles))), sources=("test",), maps_version="1")
    with tempfile.TemporaryDirectory() as folder:
        place, start = FolderPlace(Path(folder)), time.perf_counter()
        for week in range(weeks):
            add_snapshot(place, replace(first, as_of=(date(2026, 1, 5) + timedelta(weeks=week)).isoformat()))
        print(f"write    {time.perf_counter() - start:6.2f} s")
        start = time.perf_counter()
        for name in place.names():
            json.dumps(json.loads(place.read(name) or b""))
        print(f"baseline {time.perf_counter() - start:6.2f} s (json, read and dumped)")
        start = time.perf_counter()
        history = read_history(place)
        print(f"read     {time.perf_counter() - start:6.2f} s")
    start = time.perf_counter()
    points = tuple(trend_point(one) for one in history)
    page = render(DriftReport(snapshot=history[-1], previous=history[-2], changes=(), trend=points))
    print(f"html     {time.perf_counter() - start:6.2f} s, {len(page.encode()) / 1e6:.2f} MB")
    print(f"memory   {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB at most")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
