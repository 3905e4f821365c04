# ruff: noqa: E501  records and tables of cases read better in one line
"""Athena: the statement and the query parse, the query's rows give the facts that files give."""

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlglot
from log_records import ORDERS, TABLE, record, session, write_log

from iamgen.access.maps import open_maps
from iamgen.errors import UsageError
from iamgen.model.observation import ApiEvent
from iamgen.plugins import LogSource, TimeWindow, discover
from iamgen.sources._trail.groups import COLUMNS, events_of, groups_of, member_names
from iamgen.sources.logs.athena import Table, parse_place, query_sql, table_ddl
from iamgen.sources.logs.cloudtrail_files import read_events

TABLE_PLACE = Table(database="logs", table="cloudtrail")

RECORDS: list[dict[str, Any]] = [
    record(params={"tableName": "orders", "key": {"pk": str(n)}}, resources=[TABLE], data=True, time=f"2026-01-05T0{n}:00:00Z")
    for n in range(5)
] + [
    record(
        "s3", "GetObject", {"bucketName": "files", "key": f"in/{n}.json"},
        [f"arn:aws:s3:::files/in/{n}.json", "arn:aws:s3:::files"], data=True, time=f"2026-01-06T0{n}:00:00Z",
    )
    for n in range(4)
] + [
    record("s3", "ListObjects", {"bucketName": "files", "prefix": "in/"}, [{"ARNPrefix": "arn:aws:s3:::files/"}, "arn:aws:s3:::files"], data=True),
    record("s3", "PutObject", {"bucketName": "files", "key": "root.json"}, None, data=True),
    record(
        "s3", "CopyObject", {"bucketName": "out", "key": "copy/x.json", "x-amz-copy-source": "files/in/y.json?versionId=3"},
        ["arn:aws:s3:::out/copy/x.json", "arn:aws:s3:::out"], data=True,
    ),
    record("dynamodb", "BatchGetItem", {"requestItems": {"orders": {"keys": [{"pk": "a"}]}, "users": {}}}, None, data=True),
    record("dynamodb", "Query", {"tableName": "orders", "indexName": "by-day"}, [TABLE], data=True),
    record("secretsmanager", "GetSecretValue", {"secretId": "orders/db"}),
    record(
        "iam", "ListRoles", None, errorCode="AccessDenied",
        errorMessage="User: x is not authorized to perform: iam:ListRoles because no identity-based policy allows it",
    ),
    record("s3", "GetObject", {"bucketName": "files", "key": "in/none"}, None, data=True, errorCode="NoSuchKey", errorMessage="The key 123 is not there"),
    record("ec2", "DescribeVpcs", {}, identity=session("alice@acme.example", function=None)),
    record("kms", "Decrypt", {"encryptionContext": {"aws:lambda:FunctionArn": ORDERS}}, ["arn:aws:kms:eu-west-1:1:key/k"]),
    record("kms", "Decrypt", {"encryptionContext": {"SecretARN": "x"}}, ["arn:aws:kms:eu-west-1:1:key/k"], identity=session(invokedBy="secretsmanager.amazonaws.com")),
    record("sts", "AssumeRole", {"roleArn": "arn:aws:iam::111122223333:role/r", "roleSessionName": "idle"}, identity={"type": "AWSService", "invokedBy": "lambda.amazonaws.com"}),
    record("s3", "GetObject", None, ["arn:aws:s3:::theirs/x"], sharedEventID="s", recipientAccountId="999999999999", data=True),
    record("signin", "ConsoleLogin", None, identity={"type": "Root", "accountId": "111122223333"}, eventType="AwsConsoleSignIn"),
    record("ec2", "DescribeInstances", {"instancesSet": {}}, identity={"type": "IAMUser", "arn": "arn:aws:iam::1:user/bob", "accountId": "111122223333"}),
    record("sns", "Publish", {"topicArn": "arn:aws:sns:eu-west-1:111122223333:t"}, None, identity=session("other", role="arn:aws:iam::111122223333:role/o", function=None)),
]  # fmt: skip


def from_files(tmp_path: Path) -> list[ApiEvent]:
    place = write_log(tmp_path / "a.json.gz", *RECORDS)
    return [event for event in read_events(str(place), TimeWindow()) if isinstance(event, ApiEvent)]


def without_place(events: Any) -> set[tuple[Any, ...]]:
    return {tuple(getattr(event, name) for name in ApiEvent.__slots__ if name != "source") for event in events}


DUCKDB_MACROS = (
    "CREATE MACRO json_format(j) AS CAST(j AS VARCHAR)",
    "CREATE MACRO array_sort(a) AS list_sort(a)",
    "CREATE MACRO array_distinct(a) AS list_distinct(a)",
)


def run_on_duckdb(sql: str, records: list[dict[str, Any]]) -> list[list[str | None]]:
    """Run the query with Trino's own functions for JSON maps spelled as DuckDB has them."""
    names = ", ".join(f"'{name}'" for name in member_names(open_maps()))
    start = sql.index("json_format(CAST(transform_values(")
    end = sql.index(" END AS parameters")
    object_text = (
        "'{' || array_to_string([to_json(k) || ':' || CASE WHEN k = 'key' "
        "THEN regexp_replace(CAST(json_extract(requestparameters, '$.\"' || k || '\"') AS VARCHAR), '(^\"|/)[^/\"]+\"$', '\\1\"') "
        "ELSE CAST(json_extract(requestparameters, '$.\"' || k || '\"') AS VARCHAR) END "
        f"FOR k IN json_keys(requestparameters) IF k IN ({names})], ',') || '}}'"
    )
    sql = sql[:start] + object_text + sql[end:]
    sql = sql.replace(
        "json_format(CAST(array_sort(array_distinct(transform(coalesce(resources, ARRAY[]), r -> regexp_replace("
        "coalesce(r.arn, r.arnprefix || '*'), '(:s3:::[^/]+/(?:.*/)?)[^/*]+$', '$1')))) AS JSON))",
        "CAST(to_json(list_sort(list_distinct([regexp_replace(coalesce(r.arn, r.arnprefix || '*'), "
        "'(:s3:::[^/]+/(?:.*/)?)[^/*]+$', '\\1') FOR r IN coalesce(resources, [])]))) AS VARCHAR)",
    ).replace("GROUP BY " + ", ".join(map(str, range(1, 23))), "GROUP BY ALL")
    connection = duckdb.connect()
    connection.execute("CREATE SCHEMA logs")
    connection.execute(
        "CREATE TABLE logs.cloudtrail (useridentity STRUCT(type VARCHAR, arn VARCHAR, accountid VARCHAR, invokedby VARCHAR, "
        "sessioncontext STRUCT(sessionissuer STRUCT(type VARCHAR, arn VARCHAR, accountid VARCHAR)), "
        "inscopeof STRUCT(issuertype VARCHAR, credentialsissuedto VARCHAR)), eventtime VARCHAR, eventsource VARCHAR, "
        "eventname VARCHAR, awsregion VARCHAR, useragent VARCHAR, errorcode VARCHAR, errormessage VARCHAR, "
        "requestparameters VARCHAR, resources STRUCT(arn VARCHAR, arnprefix VARCHAR)[], eventtype VARCHAR, "
        'recipientaccountid VARCHAR, sharedeventid VARCHAR, eventcategory VARCHAR, "timestamp" VARCHAR)'
    )
    for row in records:
        who = row["userIdentity"]
        issuer = who.get("sessionContext", {}).get("sessionIssuer", {})
        scope = who.get("inScopeOf")
        connection.execute(
            "INSERT INTO logs.cloudtrail VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                {
                    "type": who.get("type"), "arn": who.get("arn"), "accountid": who.get("accountId"), "invokedby": who.get("invokedBy"),
                    "sessioncontext": {"sessionissuer": {"type": issuer.get("type"), "arn": issuer.get("arn"), "accountid": issuer.get("accountId")}},
                    "inscopeof": {"issuertype": (scope or {}).get("issuerType"), "credentialsissuedto": (scope or {}).get("credentialsIssuedTo")},
                },
                row["eventTime"], row["eventSource"], row["eventName"], row["awsRegion"], row["userAgent"], row.get("errorCode"),
                row.get("errorMessage"),
                None if row["requestParameters"] is None else json.dumps(row["requestParameters"]),
                [{"arn": r.get("ARN"), "arnprefix": r.get("ARNPrefix")} for r in row.get("resources") or []] or None,
                row["eventType"], row["recipientAccountId"], row.get("sharedEventID"), row["eventCategory"],
                row["eventTime"][:10].replace("-", "/"),
            ],
        )  # fmt: skip
    return [list(row) for row in connection.execute(sql).fetchall()]


def test_rows_of_the_query_give_the_events_that_files_give(tmp_path: Path) -> None:
    sql = query_sql(TABLE_PLACE, TimeWindow(), member_names(open_maps()))
    rows = run_on_duckdb(sql, RECORDS)
    found = events_of(groups_of(rows, b"AWS_Lambda_"), "athena:logs.cloudtrail", open_maps())
    expected = from_files(tmp_path)
    assert without_place(found) == without_place(expected)
    assert len(rows) < len(RECORDS)


def test_a_window_is_a_condition_on_time_and_partition() -> None:
    sql = query_sql(TABLE_PLACE, TimeWindow(since="2026-01-06", until="2026-01-06"), member_names(open_maps()))
    assert "\"timestamp\" >= '2026/01/06'" in sql
    assert "eventtime >= '2026-01-06' AND eventtime < '2026-01-06T99'" in sql
    assert "\"timestamp\" <= '2026/01/07'" in sql
    rows = run_on_duckdb(sql, RECORDS)
    assert sum(int(row[-3] or 0) for row in rows) == 4


@pytest.mark.parametrize(("scope", "prefix"), [(True, True), (False, True), (True, False), (False, False)])
def test_the_query_is_athena_s_language(scope: bool, prefix: bool) -> None:
    sql = query_sql(TABLE_PLACE, TimeWindow(since="2026-01-01"), ("tableName", "it's"), scope=scope, prefix=prefix)
    (parsed,) = sqlglot.parse(sql, dialect="athena")
    assert parsed is not None
    assert [column.alias_or_name for column in parsed.selects] == list(COLUMNS)  # type: ignore[attr-defined]
    assert ("inscopeof" in sql) is scope
    assert "'it''s'" in sql


def test_the_statement_of_the_table_parses_and_projects_its_partitions() -> None:
    ddl = table_ddl(
        "s3://trail/AWSLogs/o-1/",
        "logs.cloudtrail",
        accounts=("111122223333", "444455556666"),
        regions=("eu-west-1",),
        start="2026/01/01",
    )
    sqlglot.parse_one(ddl, dialect="athena")
    assert "'storage.location.template' = 's3://trail/AWSLogs/o-1/${account}/CloudTrail/${region}/${timestamp}'" in ddl
    assert "'projection.account.values' = '111122223333,444455556666'" in ddl
    assert "inscopeof: STRUCT" in ddl


def test_the_query_fits_athena_s_limit() -> None:
    assert len(query_sql(TABLE_PLACE, TimeWindow(), member_names(open_maps()))) < 262_144


def test_a_place_is_read_with_its_options() -> None:
    table = parse_place("athena:logs.cloudtrail?workgroup=audit&max_gb=20&output=s3://r/x/")
    assert (table.database, table.table, table.workgroup, table.max_gb, table.output) == (
        "logs", "cloudtrail", "audit", 20.0, "s3://r/x/",
    )  # fmt: skip


@pytest.mark.parametrize(
    "place",
    [
        "athena:cloudtrail",
        "athena:a.b;drop",
        "athena:a.b?limit=3",
        "athena:a.b?max_gb=lots",
        'athena:a."b',
        "athena:a.b?partition=x'y",
    ],
)
def test_a_place_that_is_none_is_a_wrong_option(place: str) -> None:
    with pytest.raises(UsageError):
        parse_place(place)


@pytest.mark.parametrize(
    "values",
    [
        {"location": "s3://b/'x"}, {"location": "/local"}, {"accounts": ("1' OR",)}, {"table": "x"}, {"start": "2026-01-01"},
    ],
)  # fmt: skip
def test_a_statement_is_not_made_of_odd_values(values: dict[str, Any]) -> None:
    usual: dict[str, Any] = {
        "location": "s3://b/x", "table": "a.b", "accounts": ("1",), "regions": ("eu-west-1",), "start": "2026/01/01",
    }  # fmt: skip
    with pytest.raises(UsageError):
        table_ddl(**{**usual, **values})


def test_every_log_source_is_found() -> None:
    assert {plugin.name for plugin in discover("iamgen.sources.logs", LogSource)} >= {
        "athena",
        "cloudtrail-files",
        "lookup",
    }
