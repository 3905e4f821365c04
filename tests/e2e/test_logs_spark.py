
"""Spark: a real standalone cluster of two workers gives the facts that one process gives."""

import csv
import io
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "unit"))
from log_records import day_folder, small_trail

pytestmark = [pytest.mark.oracle, pytest.mark.slow]
pyspark = pytest.importorskip("pyspark", reason="needs the extra [spark]")


def environment(work: Path) -> dict[str, str]:
    return {
        **os.environ, "SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_DIRS": str(work),
        "SPARK_LOG_DIR": str(work), "SPARK_WORKER_DIR": str(work),
    }  # fmt: skip


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    work = tmp_path_factory.mktemp("spark")
    run = str(Path(pyspark.__file__).parent / "bin" / "spark-class")
    logs = [(work / name).open("w") for name in ("master.log", "worker0.log", "worker1.log")]
    started = [
        subprocess.Popen(
            [run, "org.apache.spark.deploy.master.Master", "--host", "127.0.0.1", "--port", "0", "--webui-port", "0"],
            env=environment(work), stdout=logs[0], stderr=subprocess.STDOUT,
        )
    ]  # fmt: skip
    try:
        url = wait_for(work / "master.log", r"spark://127\.0\.0\.1:\d+")
        started += [
            subprocess.Popen(
                [run, "org.apache.spark.deploy.worker.Worker", "--host", "127.0.0.1", "--cores", "1", "--memory", "1g",
                 "--webui-port", "0", "-d", str(work / f"w{number}"), url],
                env=environment(work), stdout=logs[number + 1], stderr=subprocess.STDOUT,
            )
            for number in range(2)
        ]  # fmt: skip
        for number in range(2):
            wait_for(work / f"worker{number}.log", "Successfully registered with master")
        yield url
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(20)
        for log in logs:
            log.close()


def wait_for(log: Path, pattern: str) -> str:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        found = re.search(pattern, log.read_text()) if log.exists() else None
        if found:
            return found[0]
        time.sleep(0.2)
    raise AssertionError(f"{log.name} never said {pattern}: {log.read_text()[-2000:]}")


def iamgen(*args: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "iamgen", *map(str, args)],
        cwd=cwd, env=environment(cwd), capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip


def rows(project: Path, store: str) -> list[dict[str, str]]:
    done = iamgen("logs", "usage", "--format", "csv", "--store", store, cwd=project)
    return list(csv.DictReader(io.StringIO(done.stdout)))


def test_a_cluster_gives_the_same_facts(master: str, tmp_path: Path) -> None:
    trail = small_trail(tmp_path / "trail", days=6)
    (day_folder(trail, "2026/01/01") / "bad.json.gz").write_bytes(b"")
    alone = iamgen("logs", "ingest", trail, "--store", "one.db", cwd=tmp_path)
    spread = iamgen("logs", "ingest", trail, "--store", "two.db", "--engine", "spark", "--master", master, cwd=tmp_path)
    assert spread.returncode == 0, spread.stderr[-3000:]
    assert "25 files: 0 known, 24 read, 1 set aside" in spread.stderr
    assert "25 files: 0 known, 24 read, 1 set aside" in alone.stderr
    found = rows(tmp_path, "two.db")
    assert found
    assert found == rows(tmp_path, "one.db")
    direct = iamgen("logs", "usage", "--format", "csv", "--logs", f"spark:{master}|{trail}", cwd=tmp_path)
    assert list(csv.DictReader(io.StringIO(direct.stdout))) == found


def test_a_cluster_that_is_not_there_is_said(tmp_path: Path) -> None:
    done = iamgen("logs", "ingest", tmp_path, "--engine", "spark", cwd=tmp_path)
    assert done.returncode == 2
    assert "--master" in done.stderr
