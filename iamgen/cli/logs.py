"""`iamgen logs`: CloudTrail into the usage store, and what it shows."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from iamgen.errors import InputError, UsageError

if TYPE_CHECKING:
    from iamgen.model.request import SuggestRequest
    from iamgen.pipeline.log_ingest import Progress
    from iamgen.pipeline.log_usage import LogUsage


@click.group()
def command() -> None:
    """CloudTrail into the local usage store; what it shows, and what it cannot.

    \b
    iamgen logs ingest ./trail
    iamgen logs usage --by function
    """


def _places(target: Any) -> Any:
    for option in reversed(
        (
            click.option("--project", type=click.Path(file_okay=False), default=".", help="Folder of the project."),
            click.option("--store", type=click.Path(dir_okay=False), help="Usage store (.iamgen/usage.db)."),
            click.option("--since", metavar="SPAN", help="Only events since (90d, or a date), by whole days."),
            click.option("--until", metavar="DATE", help="Only events until."),
            click.option("--as-of", metavar="DATE", help="The day that spans count back from."),
            click.option("--account", help="Only callers of this account."),
            click.option("--region", help="Region of AWS calls."),
            click.option("--profile", help="Profile of the AWS configuration."),
            click.option("--assume-role", metavar="ARN", help="Role to assume for reading AWS."),
        )
    ):
        target = option(target)
    return target


_logs = click.option(
    "--logs", multiple=True, metavar="SRC", help="Answer from these alone instead of all of the store."
)
_format = click.option("--format", "form", type=click.Choice(["text", "json", "csv"]), default="text")


@command.command()
@click.argument("sources", nargs=-1, required=True, metavar="SRC...")
@click.option("--jobs", type=click.IntRange(1, 256), help="Processes that read at once (default: the cores).")
@click.option("--engine", type=click.Choice(["local", "spark"]), default="local", help="What reads the files.")
@click.option("--master", metavar="URL", help="With spark: the cluster (spark://HOST:7077, yarn, local[4]).")
@click.option(
    "--selectors",
    metavar="FILE|live",
    multiple=True,
    help="Event selectors of the trails: a file of GetEventSelectors, or live.",
)
@_places
def ingest(
    sources: tuple[str, ...],
    jobs: int | None,
    engine: str,
    master: str | None,
    selectors: tuple[str, ...],
    **values: Any,
) -> None:
    """Read what is new in SRC (folders, files, s3://BUCKET/PREFIX) into the usage store."""
    from iamgen.access.maps import open_maps
    from iamgen.outputs._logs import ingest_text
    from iamgen.pipeline import log_places
    from iamgen.pipeline.log_ingest import ingest as read_files
    from iamgen.store.database import open_store

    if (engine == "spark") != (master is not None):
        raise UsageError(
            "--engine spark and --master go together", hint="iamgen logs ingest SRC --engine spark --master URL"
        )
    request = _request(values)
    files, others = log_places.split_places(sources)
    if others:
        raise UsageError(
            f"`{others[0]}` is not read into the store",
            hint="name it with --logs: it is counted where it lies",
        )
    start = time.monotonic()
    with open_store(request.store or request.project / log_places.DEFAULT_STORE) as store, _Bar() as bar:
        for place in selectors:
            for trail, document in log_places.read_selectors(place, request):
                store.keep_selectors(trail, document)
        report = read_files(
            store,
            files,
            maps=open_maps(),
            window=log_places.window_of(request, None),
            connection=log_places.connection_of(request),
            jobs=jobs,
            spark=master,
            on_progress=bar.show,
            on_wait=lambda: click.echo("another iamgen is writing to the usage store; waiting for it", err=True),
        )
    click.echo(
        ingest_text(
            report.files, report.known, report.read, report.bad, report.skipped, events=report.events,
            bad_records=report.bad_records, set_aside=report.set_aside, seconds=time.monotonic() - start,
        ),
        err=True,
    )  # fmt: skip


@command.command()
@click.option("--by", type=click.Choice(["function", "role", "service", "resource"]), default="function")
@click.option("--function", "functions", multiple=True, metavar="NAME", help="Only these functions; name, ARN or glob.")
@_logs
@_format
@_places
def usage(by: str, functions: tuple[str, ...], logs: tuple[str, ...], form: str, **values: Any) -> None:
    """Who uses what, and when it was last seen."""
    from iamgen.outputs._logs import usage_csv, usage_json, usage_text
    from iamgen.pipeline.log_views import usage_rows

    rows = usage_rows(_read(_request(values, logs=logs)), by=by, functions=functions)
    match form:
        case "json":
            click.echo(usage_json(rows))
        case "csv":
            click.echo(usage_csv(rows))
        case _:
            click.echo(usage_text(rows, by))


@command.command()
@_logs
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@_places
def coverage(logs: tuple[str, ...], form: str, **values: Any) -> None:
    """What the log could have shown: accounts, regions, resources and days; a selector for what it could not."""
    from iamgen.outputs._logs import coverage_json, coverage_text
    from iamgen.pipeline.log_views import missing_data_events, selectors_for

    shown = _read(_request(values, logs=logs))
    missing = missing_data_events(shown)
    selectors = selectors_for(missing)
    if form == "json":
        click.echo(coverage_json(shown.coverage, selectors))
    else:
        click.echo(coverage_text(shown.coverage, [(a, b) for a, b, _ in missing], selectors))


@command.command()
@_logs
@click.option("--deployments", is_flag=True, help="Only those that brought other code into use.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@_places
def changes(logs: tuple[str, ...], deployments: bool, form: str, **values: Any) -> None:  # noqa: FBT001
    """Changes of roles, policies and functions: who, when, by what way."""
    from iamgen.outputs._logs import changes_json, changes_text

    found = _read(_request(values, logs=logs)).changes
    chosen = tuple(change for change in found if change.deployment or not deployments)
    click.echo(changes_json(chosen) if form == "json" else changes_text(chosen))


@command.command()
@_logs
@click.option("-o", "--output", type=click.Path(dir_okay=False, writable=True), help="File to write (default: stdout).")
@click.option("--parquet", is_flag=True, help="Write the calls as a Parquet table; needs -o and the extra [parquet].")
@click.option("--hash-accounts", is_flag=True, help="Put other numbers in the place of account ids.")
@click.option("--salt", default="", help="Secret that keeps hashed account ids from being found out by trying.")
@_places
def export(
    logs: tuple[str, ...],
    output: str | None,
    parquet: bool,  # noqa: FBT001  click passes by name
    hash_accounts: bool,  # noqa: FBT001
    salt: str,
    **values: Any,
) -> None:
    """The usage snapshot: a file to commit or to hand to CI, so that no AWS key is needed there."""
    from iamgen.pipeline.logs import read_events_of
    from iamgen.pipeline.snapshot import hashed_account, snapshot, write_parquet, write_snapshot

    if parquet and output is None:
        raise UsageError("a Parquet table needs a file", hint="name one with -o")
    events = read_events_of(_request(values, logs=logs))
    if events is None:
        raise _nothing()
    document = snapshot(
        events.events,
        events.maps,
        coverage=events.usage.coverage,
        changes=events.usage.changes,
        files=(events.usage.ledger.files_in, events.usage.ledger.files_read, events.usage.ledger.files_bad),
        bad_records=events.usage.ledger.events_bad,
        account_name=(lambda account: hashed_account(account, salt)) if hash_accounts else str,
    )
    if parquet and output is not None:
        write_parquet(document, Path(output))
        return
    text = write_snapshot(document)
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        Path(output).write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot write: {error.strerror}", place=output) from error


@command.command("athena-ddl")
@click.argument("location", metavar="s3://BUCKET/PREFIX")
@click.option("--table", default="default.cloudtrail", help="DATABASE.TABLE to make.")
@click.option("--account", "accounts", multiple=True, required=True, help="Account id; may be given again.")
@click.option("--region", "regions", multiple=True, required=True, help="Region; may be given again.")
@click.option("--from", "start", required=True, metavar="YYYY/MM/DD", help="First day of the trail.")
def athena_ddl(location: str, table: str, accounts: tuple[str, ...], regions: tuple[str, ...], start: str) -> None:
    """The statement that makes the Athena table for a trail, partitions projected."""
    from iamgen.sources.logs.athena import table_ddl

    click.echo(table_ddl(location, table, accounts=accounts, regions=regions, start=start))


def _read(request: "SuggestRequest") -> "LogUsage":
    from iamgen.access.maps import open_maps
    from iamgen.pipeline.logs import read_usage

    with _Bar() as bar:
        shown = read_usage(request, open_maps(), on_progress=bar.show)
    if shown is None:
        raise _nothing()
    return shown


def _nothing() -> InputError:
    return InputError(
        "there is no usage store and no log was named",
        hint="iamgen logs ingest SRC, or name a log with --logs",
    )


def _request(values: dict[str, Any], *, logs: tuple[str, ...] = ()) -> "SuggestRequest":
    from iamgen.model.request import SuggestRequest

    store = values.get("store")
    return SuggestRequest(
        project=Path(values["project"]),
        logs=logs,
        store=Path(store) if store else None,
        since=values.get("since"),
        until=values.get("until"),
        as_of=values.get("as_of"),
        account=values.get("account"),
        region=values.get("region"),
        profile=values.get("profile"),
        assume_role=values.get("assume_role"),
    )


class _Bar:
    """A bar on stderr with rate and time left, where stderr is a terminal."""

    def __init__(self) -> None:
        self._progress: Any = None
        self._task: Any = None

    def __enter__(self) -> "_Bar":
        return self

    def __exit__(self, *_: object) -> None:
        if self._progress is not None:
            self._progress.stop()

    def show(self, progress: "Progress") -> None:
        """Show how far an ingest is."""
        if self._progress is None:
            from rich.console import Console
            from rich.progress import (
                BarColumn,
                DownloadColumn,
                Progress,
                TextColumn,
                TimeRemainingColumn,
                TransferSpeedColumn,
            )

            console = Console(stderr=True)
            self._progress = Progress(
                TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn(),
                TimeRemainingColumn(), console=console, transient=True, disable=not console.is_terminal,
            )  # fmt: skip
            self._progress.start()
            self._task = self._progress.add_task("reading", total=progress.bytes_total)
        self._progress.update(
            self._task,
            completed=progress.bytes_read,
            description=f"{progress.files}/{progress.files_total} files, {progress.events} events",
        )
