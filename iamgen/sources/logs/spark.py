"""The same reading of files, spread over a Spark cluster: for trails that one machine does not read in time.

A task of files is one row of a data frame; `mapInArrow` reads it where the executor runs, by the function that a
process of the pool runs, and what it gives comes back as one row. Facts are equal because nothing else is computed
there. Files must be where every executor sees them: `s3://`, or a folder mounted on all. Workers need iamgen and what
it stands on.
"""

import pickle
from collections.abc import Iterator
from typing import Any

from iamgen.errors import AccessError, UsageError
from iamgen.model.observation import ApiEvent, Coverage, Gap, GapReason, Location
from iamgen.model.trail import Extraction, RawCall, event_of
from iamgen.plugins import LogSource, TimeWindow
from iamgen.sources._trail.listing import Connection, list_files, normal_source
from iamgen.sources._trail.pool import Task, make_tasks, read_task


def extractions(tasks: list[Task], connection: Connection, master: str) -> Iterator[Extraction]:
    """Yield what each task gave, read on the cluster of `master` (`spark://host:7077`, `yarn`, `local[4]`).

    Raises:
        UsageError: PySpark is not installed.
        AccessError: the cluster could not be reached, or a task failed there.
    """
    if not tasks:
        return
    session = _session(master)
    from py4j.protocol import Py4JError  # type: ignore[import-not-found, import-untyped, unused-ignore]
    from pyspark.errors import PySparkException  # type: ignore[import-not-found, unused-ignore]

    try:
        rows = [(pickle.dumps((task, connection)),) for task in tasks]
        frame = session.createDataFrame(rows, "task binary").repartition(len(tasks))
        for row in frame.mapInArrow(_read_batches, "extraction binary").toLocalIterator(prefetchPartitions=True):
            extraction: Extraction = pickle.loads(row.extraction)  # noqa: S301  written by this program's own workers
            yield extraction
    except (PySparkException, Py4JError) as error:
        text = str(error).strip().splitlines()
        raise AccessError(
            f"Spark failed: {text[0][:300] if text else type(error).__name__}",
            place=master,
            hint="what came back before is kept; run the same command again to go on",
        ) from error
    finally:
        session.stop()


def _session(master: str) -> Any:
    try:
        from pyspark.sql import SparkSession  # type: ignore[import-not-found, unused-ignore]
    except ImportError as error:
        raise UsageError("the Spark engine is not installed", hint="pip install 'iamgen[spark]'") from error
    try:
        return (
            SparkSession.builder.master(master)
            .appName("iamgen logs ingest")
            .config("spark.sql.execution.arrow.maxRecordsPerBatch", "1")
            .config("spark.ui.showConsoleProgress", "false")
            .getOrCreate()
        )
    except Exception as error:
        raise AccessError(f"Spark could not be started: {str(error)[:300]}", place=master) from error


def _read_batches(batches: Any) -> Iterator[Any]:
    """Read the tasks of a partition; runs on an executor."""
    import pyarrow  # type: ignore[import-not-found, import-untyped, unused-ignore]

    for batch in batches:
        for value in batch.column(0):
            task, connection = pickle.loads(value.as_py())  # noqa: S301  written by this program's own driver
            text = pickle.dumps(read_task(task, connection))
            yield pyarrow.RecordBatch.from_arrays([pyarrow.array([text], pyarrow.binary())], ["extraction"])


def read_events(location: str, window: TimeWindow) -> Iterator[ApiEvent | Coverage | Gap]:
    """Yield the events of `spark:MASTER|PLACE`, sorted, and a gap for each file that is no log."""
    master, bar, place = location.removeprefix("spark:").partition("|")
    if not bar:
        raise UsageError(f"`{location}` names no place", hint="write spark:MASTER|PLACE")
    connection = Connection()
    tasks = list(make_tasks(sorted(list_files(normal_source(place), window, connection))))
    tallies: dict[RawCall, list[int]] = {}
    gaps: list[Gap] = []
    for extraction in extractions(tasks, connection, master):
        gaps.extend(
            Gap(GapReason.LOG_FILE, status.reason, Location(status.file.partition + status.file.name))
            for status in extraction.files
            if status.status == "bad"
        )
        for tally in extraction.tallies:
            known = tallies.setdefault(tally.call, [0, tally.first, tally.last])
            known[0] += tally.events
            known[1] = min(known[1], tally.first)
            known[2] = max(known[2], tally.last)
    for call, (count, first, last) in sorted(tallies.items()):
        yield event_of(call, count, first, last, place)
    yield from sorted(gaps)


PLUGIN = LogSource(name="spark", schemes=("spark",), read_events=read_events)
