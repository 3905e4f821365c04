"""Time of `iamgen --help` and of `suggest` on the sample over `python -c pass`, in one run: prints ratios, judges nothing.

    python tests/benchmarks/bench_start.py [RUNS]
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SAMPLE = Path(__file__).parents[2] / "docs" / "tutorial" / "orders"
RUNS = int(sys.argv[1]) if len(sys.argv) > 1 else 7


def seconds(command: list[str], store: str) -> float:
    """Return the wall time of one process, its output thrown away."""
    begun = time.perf_counter()
    subprocess.run(command, cwd=SAMPLE, check=True, capture_output=True, env={**os.environ, "IAMGEN_STORE": store})
    return time.perf_counter() - begun


def main() -> None:
    """Run the commands in turn and print medians and ratios."""
    suggest = ["-m", "iamgen", "suggest", "--all", "--logs", "trail", "--format", "json"]
    commands = {"python -c pass": ["-c", "pass"], "iamgen --help": ["-m", "iamgen", "--help"], "suggest on the sample": suggest}
    times: dict[str, list[float]] = {name: [] for name in commands}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(RUNS + 1):
            for name, command in commands.items():
                times[name].append(seconds([sys.executable, *command], f"{folder}/usage.db"))
    base = statistics.median(times["python -c pass"][1:])
    for name, values in times.items():
        median = statistics.median(values[1:])
        print(f"{name:24} {median * 1000:8.1f} ms   {median / base:6.1f} x python -c pass")


if __name__ == "__main__":
    main()
