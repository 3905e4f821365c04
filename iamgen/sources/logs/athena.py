"""CloudTrail through Athena: for logs that must stay where they are.

One aggregating query for a window: it groups the raw columns, cuts object names and every value of a request that names
no resource, and returns some ten thousand rows where there were millions of events. What the rows mean is worked out
here, by the same loop that reads files. The query is printed by `query_sql` and changes nothing; Athena writes its
results to the output location of the workgroup.
"""

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from iamgen.access.maps import AccessMaps, open_maps
from iamgen.errors import AccessError, UsageError
from iamgen.model.observation import ApiEvent, Coverage, Gap, GapReason
from iamgen.plugins import LogSource, TimeWindow
from iamgen.sources._trail.groups import events_of, groups_of, member_names
from iamgen.sources._trail.listing import Connection, client, list_files, normal_source

logger = logging.getLogger(__name__)

_DOLLARS_PER_TB = 5.0
"""Price of a scanned terabyte. Source: Amazon Athena pricing, us-east-1 (checked 2026-11)."""

_WAIT_SECONDS = 1800


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A place such as `athena:logs.cloudtrail?workgroup=audit&max_gb=200`."""

    database: str
    table: str
    workgroup: str = "primary"
    catalog: str = "AwsDataCatalog"
    output: str | None = None
    """`s3://` place of results where the workgroup names none."""
    max_gb: float = 1000.0
    """Bytes scanned at most, in gigabytes; Athena is told so, and an estimate above it stops before the query."""
    location: str | None = None
    """`s3://` place of the trail, for the estimate."""
    partition: str = "timestamp"
    """Name of the column that holds the day (`2026/01/31`); empty where there is none."""


def parse_place(place: str) -> Table:
    """Return the table that a place names.

    Raises:
        UsageError: it is not `athena:DATABASE.TABLE`, or has an option that is none.
    """
    name, _, options = place.removeprefix("athena:").partition("?")
    database, dot, table = name.partition(".")
    if not dot or not _is_name(database) or not _is_name(table):
        raise UsageError(f"`{place}` names no table", hint="write athena:DATABASE.TABLE")
    values: dict[str, Any] = dict(parse_qsl(options, keep_blank_values=True))
    known = {"workgroup", "catalog", "output", "max_gb", "location", "partition"}
    for key in values:
        if key not in known:
            raise UsageError(f"`{key}` is no option of an Athena table", hint=f"known: {', '.join(sorted(known))}")
    if "max_gb" in values:
        try:
            values["max_gb"] = float(values["max_gb"])
        except ValueError as error:
            raise UsageError(f"`{values['max_gb']}` is no number", place="max_gb") from error
    if values.get("partition") and not _is_name(values["partition"]):
        raise UsageError(f"`{values['partition']}` is no name of a column", place="partition")
    return Table(database=database, table=table, **values)


def _is_name(text: str) -> bool:
    return bool(text) and text.replace("_", "a").isalnum() and text.isascii()


def table_ddl(location: str, table: str, *, accounts: tuple[str, ...], regions: tuple[str, ...], start: str) -> str:
    """Return the statement that makes the table of a trail, its partitions projected: no crawler, no repair.

    `location` is the trail's `s3://…/AWSLogs[/o-…]/`.

    Raises:
        UsageError: a value that cannot stand in such a statement.
    """
    database, _, name = table.partition(".")
    if not _is_name(database) or not _is_name(name):
        raise UsageError(f"`{table}` names no table", hint="write DATABASE.TABLE")
    for value in (*accounts, *(region.replace("-", "") for region in regions)):
        if not value.isalnum():
            raise UsageError(f"`{value}` is no account and no region")
    if not location.startswith("s3://") or "'" in location or len(start.split("/")) != 3:
        raise UsageError("a location is s3://…, a first day 2026/01/31")
    place = location.rstrip("/")
    template = f"{place}/${{account}}/CloudTrail/${{region}}/${{timestamp}}"
    return f"""CREATE EXTERNAL TABLE `{database}`.`{name}` (
  eventversion STRING,
  useridentity STRUCT<
    type: STRING, principalid: STRING, arn: STRING, accountid: STRING, invokedby: STRING, accesskeyid: STRING,
    username: STRING,
    sessioncontext: STRUCT<
      attributes: STRUCT<mfaauthenticated: STRING, creationdate: STRING>,
      sessionissuer: STRUCT<type: STRING, principalid: STRING, arn: STRING, accountid: STRING, username: STRING>>,
    inscopeof: STRUCT<issuertype: STRING, credentialsissuedto: STRING>>,
  eventtime STRING,
  eventsource STRING,
  eventname STRING,
  awsregion STRING,
  sourceipaddress STRING,
  useragent STRING,
  errorcode STRING,
  errormessage STRING,
  requestparameters STRING,
  responseelements STRING,
  additionaleventdata STRING,
  requestid STRING,
  eventid STRING,
  readonly STRING,
  resources ARRAY<STRUCT<arn: STRING, arnprefix: STRING, accountid: STRING, type: STRING>>,
  eventtype STRING,
  recipientaccountid STRING,
  sharedeventid STRING,
  eventcategory STRING
)
PARTITIONED BY (`account` STRING, `region` STRING, `timestamp` STRING)
ROW FORMAT SERDE 'org.apache.hive.hcatalog.data.JsonSerDe'
STORED AS INPUTFORMAT 'com.amazon.emr.cloudtrail.CloudTrailInputFormat'
OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'
LOCATION '{place}/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.account.type' = 'enum',
  'projection.account.values' = '{",".join(accounts)}',
  'projection.region.type' = 'enum',
  'projection.region.values' = '{",".join(regions)}',
  'projection.timestamp.type' = 'date',
  'projection.timestamp.format' = 'yyyy/MM/dd',
  'projection.timestamp.range' = '{start},NOW',
  'projection.timestamp.interval' = '1',
  'projection.timestamp.interval.unit' = 'DAYS',
  'storage.location.template' = '{template}'
)"""


def query_sql(
    table: Table, window: TimeWindow, names: tuple[str, ...], *, scope: bool = True, prefix: bool = True
) -> str:
    """Return the aggregating query of a window; `names` are the members kept of requests.

    Without `scope` or `prefix` for tables made by a statement that lacks `inscopeof` or `arnprefix`.
    """
    return (
        f"SELECT {_columns(scope=scope, prefix=prefix, names=names)},\n"
        "  CAST(count(*) AS VARCHAR) AS events, min(eventtime) AS first_seen, max(eventtime) AS last_seen\n"
        f'FROM "{table.database}"."{table.table}"\n'
        f"WHERE {_where(table, window)}\n"
        f"GROUP BY {', '.join(str(number) for number in range(1, 23))}"
    )


_ROLE = "useridentity.type IN ('AssumedRole', 'AWSService')"


def _columns(*, scope: bool, prefix: bool, names: tuple[str, ...]) -> str:
    in_scope = "useridentity.inscopeof" if scope else None
    arn = "coalesce(r.arn, r.arnprefix || '*')" if prefix else "r.arn"
    cut = r"'(:s3:::[^/]+/(?:.*/)?)[^/*]+$', '$1'"
    kept = ", ".join("'" + name.replace("'", "''") + "'" for name in names)
    issuer = "useridentity.sessioncontext.sessionissuer"
    return ",\n  ".join(
        (
            "eventsource AS event_source",
            "eventname AS event_name",
            "awsregion AS region",
            "recipientaccountid AS recipient",
            "eventtype AS event_type",
            "eventcategory AS category",
            "CASE WHEN sharedeventid IS NOT NULL THEN 'true' END AS shared",
            "errorcode AS error_code",
            "CASE WHEN errormessage LIKE '%not authorized%' OR errormessage LIKE '%polic%' "
            "OR errormessage LIKE '%boundary%' THEN errormessage END AS error_message",
            "useridentity.type AS principal",
            f"CASE WHEN {_ROLE} THEN useridentity.arn END AS caller_arn",
            "useridentity.accountid AS caller_account",
            "useridentity.invokedby AS invoked_by",
            f"{issuer}.type AS issuer_type",
            f"{issuer}.arn AS issuer_arn",
            f"{issuer}.accountid AS issuer_account",
            f"{in_scope}.issuertype AS scope_type" if in_scope else "CAST(NULL AS VARCHAR) AS scope_type",
            f"{in_scope}.credentialsissuedto AS scope_arn" if in_scope else "CAST(NULL AS VARCHAR) AS scope_arn",
            f"CASE WHEN {_ROLE} AND useragent LIKE '%AWS\\_Lambda\\_%' ESCAPE '\\' THEN 'true' END AS in_lambda",
            f"json_format(CAST(array_sort(array_distinct(transform(coalesce(resources, ARRAY[]), "
            f"r -> regexp_replace({arn}, {cut})))) AS JSON)) AS resources",
            f"CASE WHEN {_ROLE} THEN json_format(CAST(transform_values(map_filter("
            f"TRY(CAST(json_parse(requestparameters) AS MAP(VARCHAR, JSON))), (k, v) -> contains(ARRAY[{kept}], k)), "
            "(k, v) -> IF(k = 'key', "
            "json_parse(regexp_replace(json_format(v), '(^\"|/)[^/\"]+\"$', '$1\"')), v)) AS JSON)) END AS parameters",
            "substr(eventtime, 1, 10) AS day",
        )
    )


def _where(table: Table, window: TimeWindow) -> str:
    tests = ["eventtime IS NOT NULL"]
    since, until = (window.since or "")[:10], (window.until or "")[:10]
    for day in (since, until):
        if day and not day.replace("-", "").isdigit():
            raise UsageError(f"`{day}` is no day")
    if since:
        tests.append(f"eventtime >= '{since}'")
    if until:
        tests.append(f"eventtime < '{until}T99'")
    if table.partition:
        column = f'"{table.partition}"'
        if since:
            tests.append(f"{column} >= '{since.replace('-', '/')}'")
        if until:
            tests.append(f"{column} <= '{_next_day(until).replace('-', '/')}'")
    return " AND ".join(tests)


def _next_day(day: str) -> str:
    from datetime import date, timedelta

    return (date.fromisoformat(day) + timedelta(days=1)).isoformat()


def estimate_gb(table: Table, window: TimeWindow, connection: Connection) -> float | None:
    """Return the gigabytes that the query will scan, from the sizes of the trail's files; None without a location."""
    if table.location is None:
        return None
    files = list_files(normal_source(table.location), window, connection)
    return sum(file.size for file in files) / 1e9


def read_table(
    place: str, window: TimeWindow, *, maps: AccessMaps, connection: Connection
) -> tuple[tuple[ApiEvent, ...], tuple[Gap, ...]]:
    """Return the events of a table over a window, and gaps.

    Raises:
        UsageError: the place names no table, or the estimate is above its limit.
        AccessError: Athena could not be reached, refused, or failed.
    """
    table = parse_place(place)
    scanned = estimate_gb(table, window, connection)
    if scanned is not None:
        dollars = scanned / 1000 * _DOLLARS_PER_TB
        logger.warning("Athena will scan about %.1f GB (about $%.2f)", scanned, dollars)
        if scanned > table.max_gb:
            raise UsageError(
                f"the query would scan about {scanned:.0f} GB, more than max_gb={table.max_gb:.0f}",
                place=place,
                hint="choose a window with --since, or raise max_gb",
            )
    names = member_names(maps)
    athena = client("athena", connection)
    gaps: list[Gap] = []
    forms = ((True, True), (False, True), (True, False), (False, False))
    for scope, prefix in forms:
        sql = query_sql(table, window, names, scope=scope, prefix=prefix)
        try:
            rows = list(_run(athena, table, sql))
        except _MissingColumn as error:
            logger.info("the table lacks %s", error)
            continue
        if not scope:
            gaps.append(
                Gap(GapReason.LOG_RECORD, "the table has no `inscopeof`: functions are told by session name alone")
            )
        environment = LAMBDA_ENVIRONMENT.encode()
        return events_of(groups_of(rows, environment), place, maps), tuple(gaps)
    raise AccessError("the table has not the columns of CloudTrail", place=place, hint="see iamgen logs athena-ddl")


LAMBDA_ENVIRONMENT = "AWS_Lambda_"
"""What the query looks for in user agents; the rules look for the same."""


class _MissingColumn(Exception):  # noqa: N818  not an error of the run: the query is made again without the column
    """The table was made without a column of later records."""


def _run(athena: Any, table: Table, sql: str) -> Iterator[list[str | None]]:
    from botocore.exceptions import BotoCoreError, ClientError

    request: dict[str, Any] = {
        "QueryString": sql,
        "QueryExecutionContext": {"Database": table.database, "Catalog": table.catalog},
        "WorkGroup": table.workgroup,
    }
    if table.output:
        request["ResultConfiguration"] = {"OutputLocation": table.output}
    try:
        ident = athena.start_query_execution(**request)["QueryExecutionId"]
        _wait(athena, ident)
        pages = athena.get_paginator("get_query_results").paginate(QueryExecutionId=ident)
        head = True
        for page in pages:
            for row in page["ResultSet"]["Rows"]:
                if not head:
                    yield [cell.get("VarCharValue") for cell in row["Data"]]
                head = False
    except ClientError as error:
        detail = error.response.get("Error", {})
        raise AccessError(
            f"Athena refused: {detail.get('Code', '')}: {detail.get('Message', '')}",
            hint="it needs athena:StartQueryExecution, GetQueryExecution, GetQueryResults, glue:GetTable, the bucket",
        ) from error
    except BotoCoreError as error:
        raise AccessError(f"Athena could not be reached: {error}") from error


def _wait(athena: Any, ident: str) -> None:
    pause = 0.2
    deadline = time.monotonic() + _WAIT_SECONDS
    while True:
        status = athena.get_query_execution(QueryExecutionId=ident)["QueryExecution"]["Status"]
        state = str(status["State"])
        if state == "SUCCEEDED":
            return
        if state in ("FAILED", "CANCELLED"):
            reason = str(status.get("StateChangeReason", ""))
            if "inscopeof" in reason.lower() or "arnprefix" in reason.lower():
                raise _MissingColumn(reason)
            raise AccessError(f"Athena failed: {reason[:500]}")
        if time.monotonic() > deadline:
            raise AccessError("Athena took longer than half an hour", hint="choose a shorter window with --since")
        time.sleep(pause)
        pause = min(pause * 1.5, 5.0)


def read_events(location: str, window: TimeWindow) -> Iterator[ApiEvent | Coverage | Gap]:
    """Yield the events of a table and gaps."""
    events, gaps = read_table(location, window, maps=open_maps(), connection=Connection())
    yield from events
    yield from gaps


PLUGIN = LogSource(name="athena", schemes=("athena",), read_events=read_events)
