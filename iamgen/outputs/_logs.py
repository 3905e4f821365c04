"""What the verbs of `iamgen logs` print: usage, coverage, and what an ingest did."""

import csv
import io
import json
from collections.abc import Iterable
from dataclasses import asdict

from iamgen.model.observation import Coverage
from iamgen.model.trail import Change, FileStatus, UsageRow
from iamgen.outputs._escape import csv_cell, terminal

_COLUMNS = (
    "function", "role", "service", "action", "resource", "outcome", "attribution", "count", "first", "last",
)  # fmt: skip


_ROWS = 4
"""Resources seen in data events that the text names for each account, region and service."""


def usage_json(rows: Iterable[UsageRow]) -> str:
    """Return usage as a JSON list."""
    return json.dumps([asdict(row) for row in rows], indent=2)


def usage_csv(rows: Iterable[UsageRow]) -> str:
    """Return usage as CSV with a head line."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for row in rows:
        values = asdict(row)
        writer.writerow(csv_cell(str(values[column])) for column in _COLUMNS)
    return out.getvalue().rstrip("\n")


def usage_text(rows: Iterable[UsageRow], by: str) -> str:
    """Return usage for people, in groups by function, role, service or resource."""
    groups: dict[str, list[UsageRow]] = {}
    for row in rows:
        groups.setdefault(_group(row, by), []).append(row)
    lines: list[str] = []
    for name, some in groups.items():
        calls = sum(row.count for row in some)
        lines.append(f"{terminal(name)}  ({calls} calls, last {max(row.last for row in some)[:10]})")
        for row in some:
            mark = "refused " if row.outcome == "denied" else ""
            rest = row.resource if by != "resource" else (row.function or row.role)
            lines.append(f"  {mark}{row.action}  {terminal(rest)}  {row.count}x  {row.first[:10]} to {row.last[:10]}")
        lines.append("")
    return "\n".join(lines).rstrip() or "no calls of any function or role"


def _group(row: UsageRow, by: str) -> str:
    match by:
        case "role":
            return row.role
        case "service":
            return row.service
        case "resource":
            return row.resource
        case _:
            return row.function or f"{row.role} (no function)"


def coverage_json(rows: Iterable[Coverage], selectors: list[dict[str, object]]) -> str:
    """Return coverage and the selectors that would close it as JSON."""
    return json.dumps({"coverage": [asdict(row) for row in rows], "missing_selectors": selectors}, indent=2)


def coverage_text(
    rows: Iterable[Coverage], missing: Iterable[tuple[str, str]], selectors: list[dict[str, object]]
) -> str:
    """Return what the log could have shown, what it could not, and the selector that would change that."""
    lines = ["What the log could have shown:"]
    shown: dict[tuple[str, str, str], int] = {}
    for row in rows:
        if row.category == "data" and row.basis == "seen":
            key = (row.account, row.region, row.service)
            shown[key] = shown.get(key, 0) + 1
            if shown[key] > _ROWS:
                continue
        what = "management events" if row.category == "management" else f"data events of {row.resource}"
        if row.resource.startswith("!"):
            what += f" without {row.resource[1:]}"
        basis = "by its selectors" if row.basis == "selector" else "as seen in it"
        lines.append(f"  {row.account} {row.region}  {terminal(what)}  {row.first[:10]} to {row.last[:10]}, {basis}")
    lines += [
        f"  {account} {region}  data events of {count - _ROWS} more resources of {service} (--format json has all)"
        for (account, region, service), count in sorted(shown.items())
        if count > _ROWS
    ]
    if len(lines) == 1:
        lines.append("  nothing: no events")
    absent = list(missing)
    if absent:
        lines += ["", "Used or granted, but in no log (data events are off there, or were never seen):"]
        lines += [f"  {service}  {terminal(resource)}" for service, resource in absent]
        lines += [
            "",
            "To see them, add these to the trail's advanced event selectors (they are billed per event):",
            json.dumps(selectors, indent=2),
        ]
    return "\n".join(lines)


def ingest_text(
    files: int, known: int, read: int, bad: int, skipped: int, *, events: int, bad_records: int,
    set_aside: Iterable[FileStatus], seconds: float,
) -> str:  # fmt: skip
    """Return what an ingest did, for people."""
    rate = f", {events / seconds:,.0f} events a second" if seconds > 0 and events else ""
    lines = [
        f"{files} files: {known} known, {read} read, {bad} set aside, {skipped} of another kind; "
        f"{events} events{rate}" + (f"; {bad_records} records are no events" if bad_records else "")
    ]
    lines += [f"  set aside: {terminal(each.file.partition + each.file.name)}: {each.reason}" for each in set_aside]
    return "\n".join(lines)


def changes_text(changes: Iterable[Change]) -> str:
    """Return changes of roles, policies and functions, for people."""
    lines = [
        f"{c.time}  {c.event}  {terminal(c.subject)}  by {terminal(c.who)}"
        + (f" via {c.via}" if c.via else "")
        + (f"  refused or failed: {c.error_code}" if c.error_code else "")
        for c in changes
    ]
    return "\n".join(lines) or "no changes in the log"


def changes_json(changes: Iterable[Change]) -> str:
    """Return changes as a JSON list."""
    return json.dumps(
        [{**change._asdict(), "detail": json.loads(change.detail or "{}")} for change in changes], indent=2
    )
