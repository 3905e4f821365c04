"""The usage snapshot: what logs show, as one file that can be committed or handed to CI.

What is in it: calls by function and role with resources and counts, coverage, deployments. What is not: addresses, user
agents, session names, event ids, who changed what, and values of requests other than names of resources. It reads back
to the same facts for every function that the log itself names.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from iamgen.access.maps import AccessMaps
from iamgen.errors import InputError, UsageError
from iamgen.graph.attribute import Attributor, Kind
from iamgen.model.function import FunctionRef
from iamgen.model.observation import ApiEvent, Coverage, Outcome
from iamgen.model.trail import Change
from iamgen.pipeline.log_places import OtherEvents, lambda_names
from iamgen.plugins import TimeWindow

VERSION = 1

_ACCOUNT = re.compile(r"(?<![0-9])[0-9]{12}(?![0-9])")


def snapshot(
    events: Iterable[ApiEvent],
    maps: AccessMaps,
    *,
    coverage: Iterable[Coverage],
    changes: Iterable[Change],
    files: tuple[int, int, int],
    bad_records: int,
    functions: tuple[FunctionRef, ...] = (),
    account_name: Callable[[str], str] = lambda account: account,
) -> dict[str, Any]:
    """Return the snapshot of some events as a document; `account_name` may put another number in an account's place."""
    listed = list(events)
    attributor = Attributor(listed, functions, lambda_names(maps.table("logs")))
    rows: dict[str, dict[str, Any]] = {}
    for event in listed:
        if event.count == 0:
            continue
        row = _row(event, attributor)
        key = json.dumps({k: v for k, v in row.items() if k not in ("count", "first", "last")})
        known = rows.setdefault(key, {**row, "count": 0})
        known["count"] += row["count"]
        known["first"] = min(known["first"], row["first"])
        known["last"] = max(known["last"], row["last"])
    document = {
        "iamgen_usage": VERSION,
        "from": min((event.first_seen for event in listed if event.count), default=None),
        "to": max((event.last_seen for event in listed if event.count), default=None),
        "files": {"in": files[0], "read": files[1], "bad": files[2]},
        "bad_records": bad_records,
        "functions": {arn: list(roles) for arn, roles in attributor.functions().items()},
        "calls": [rows[key] for key in sorted(rows)],
        "coverage": [_coverage(row) for row in sorted(coverage)],
        "deployments": [
            {"function": change.subject, "account": change.account, "region": change.region, "time": change.time}
            for change in changes
            if change.deployment and not change.error_code
        ],
    }
    text = json.dumps(document)
    renamed: dict[str, Any] = json.loads(_ACCOUNT.sub(lambda match: account_name(match[0]), text))
    return renamed


def _row(event: ApiEvent, attributor: Attributor) -> dict[str, Any]:
    whose = attributor.attribute(event)
    is_role = event.role_arn is not None
    row: dict[str, Any] = {
        "function": whose.function,
        "attribution": whose.kind.value,
        "role": event.role_arn,
        "event_source": event.event_source,
        "event_name": event.event_name,
        "account": event.account,
        "recipient": event.recipient,
        "region": event.region,
        "kind": event.kind,
        "principal": event.principal,
        "category": event.category,
        "invoked_by": event.invoked_by,
        "outcome": event.outcome.value,
        "error_code": event.error_code if is_role else None,
        "denied_action": event.denied_action,
        "denied_by": event.denied_by,
        "resources": list(event.resources),
        "parameters": [[path, value] for path, value in event.parameters if path != "RoleSessionName"],
        "count": event.count,
        "first": event.first_seen,
        "last": event.last_seen,
    }
    return row


def _coverage(row: Coverage) -> dict[str, str]:
    return {
        "account": row.account, "region": row.region, "service": row.service, "category": row.category,
        "resource": row.resource, "first": row.first, "last": row.last, "basis": row.basis,
    }  # fmt: skip


def hashed_account(account: str, salt: str = "") -> str:
    """Return twelve digits in place of an account's; without a secret salt they can be found out by trying."""
    digest = hashlib.blake2b(f"{salt}/{account}".encode(), digest_size=8).digest()
    return f"{int.from_bytes(digest, 'big') % 10**12:012d}"


def write_snapshot(document: dict[str, Any]) -> str:
    """Return a snapshot as text: one call on a line, so that a difference in git is a difference in use."""
    lists = ("calls", "coverage", "deployments")
    head = {key: value for key, value in document.items() if key not in lists}
    lines = json.dumps(head, indent=1)[:-2]
    for name in lists:
        rows = ",\n  ".join(json.dumps(row, sort_keys=True) for row in document[name])
        lines += f',\n "{name}": [\n  {rows}\n ]' if rows else f',\n "{name}": []'
    return lines + "\n}\n"


def write_parquet(document: dict[str, Any], path: Path) -> None:
    """Write the calls of a snapshot as a Parquet table, one row each; lists as lists, parameters as JSON text.

    Raises:
        UsageError: PyArrow is not installed.
        InputError: the file cannot be written.
    """
    try:
        import pyarrow  # type: ignore[import-not-found, import-untyped, unused-ignore]
        import pyarrow.parquet  # type: ignore[import-not-found, import-untyped, unused-ignore]
    except ImportError as error:
        raise UsageError("Parquet needs PyArrow", hint="pip install 'iamgen[parquet]'") from error
    rows = [{**row, "parameters": json.dumps(row["parameters"])} for row in document["calls"]]
    text = pyarrow.string()
    kinds = {"resources": pyarrow.list_(text), "count": pyarrow.int64()}
    schema = pyarrow.schema([(name, kinds.get(name, text)) for name in (rows[0] if rows else {"function": None})])
    try:
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows, schema), str(path), compression="zstd")
    except OSError as error:
        raise InputError(f"cannot write: {error}", place=str(path)) from error


def read_snapshot(path: Path, window: TimeWindow) -> OtherEvents:
    """Return the events of a snapshot.

    Raises:
        InputError: it is none, or a newer iamgen made it.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["iamgen_usage"] > VERSION:
            raise InputError(
                f"the usage snapshot has version {document['iamgen_usage']}, this iamgen knows {VERSION}",
                place=str(path),
            )
        events = tuple(_event(row, str(path)) for row in document["calls"])
        known = tuple(_assumed(arn, role, str(path)) for arn, roles in document["functions"].items() for role in roles)
        coverage = tuple(Coverage(**row, source=str(path)) for row in document["coverage"])
        changes = tuple(
            Change(
                event_id=f"{row['time']}/{row['function']}", time=row["time"], account=row["account"],
                region=row["region"], event="lambda Deployment", subject=row["function"], who="", via="", detail="{}",
                error_code="", deployment=True,
            )
            for row in document["deployments"]
        )  # fmt: skip
        files = document["files"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"no usage snapshot: {error}", place=str(path)) from error
    since, until = window.since or "", window.until
    kept = tuple(e for e in events if e.last_seen[:10] >= since and (until is None or e.first_seen[:10] <= until))
    return OtherEvents(
        events=(*kept, *known),
        coverage=coverage,
        changes=changes,
        places=(str(path),),
        files=(files["in"], files["read"], files["bad"]),
        bad_records=document["bad_records"],
    )


def _event(row: dict[str, Any], source: str) -> ApiEvent:
    attributed = row["function"] is not None
    return ApiEvent(
        event_source=row["event_source"],
        event_name=row["event_name"],
        account=row["account"],
        region=row["region"],
        role_arn=row["role"],
        session=None if attributed or row["role"] is None else f"({row['attribution']})",
        function_arn=row["function"],
        invoked_by=row["invoked_by"],
        resources=tuple(row["resources"]),
        parameters=tuple((path, value) for path, value in row["parameters"]),
        error_code=row["error_code"],
        denied_by=row["denied_by"],
        outcome=Outcome(row["outcome"]),
        count=row["count"],
        first_seen=row["first"],
        last_seen=row["last"],
        source=source,
        kind=row["kind"],
        principal=row["principal"],
        recipient=row["recipient"],
        category=row["category"],
        denied_action=row["denied_action"],
        attribution=row["attribution"] if attributed or row["attribution"] == Kind.SERVICE else None,
    )


def _assumed(arn: str, role: str, source: str) -> ApiEvent:
    """Return an event without a count that makes a function known that was only seen being started."""
    fields = arn.split(":")
    blank = ApiEvent(
        event_source="", event_name="", account=fields[4], region=fields[3], role_arn=role, session=None,
        function_arn=arn, invoked_by=None, resources=(), parameters=(), error_code=None, denied_by=None,
        outcome=Outcome.ALLOWED, count=0, first_seen="9999", last_seen="", source=source, kind="known-function",
    )  # fmt: skip
    return replace(blank, attribution=Kind.EXACT.value)
