"""The rows of an answer as CSV, for spreadsheets; a cell that a spreadsheet would run is made text."""

import csv
import io
from collections.abc import Iterable
from typing import Any

from iamgen.model.drift import DriftReport
from iamgen.model.result import Suggestion, SuggestResult
from iamgen.model.scan import ScanResult
from iamgen.outputs._drift_markdown import drift_rows
from iamgen.outputs._escape import visible
from iamgen.outputs._scan import scan_rows
from iamgen.plugins import OutputFormat

HEADER = (
    "function", "status", "gaps", "unknown_dropped", "role", "action", "resource", "verdict", "basis", "certainty",
    "origin", "current", "blocked_by", "actions_count", "access_level", "window_days", "last_used", "evidence",
)  # fmt: skip


def render(result: Any) -> str:
    """Return one line per permission, header first."""
    if isinstance(result, ScanResult):
        return table(scan_rows(result))
    if isinstance(result, DriftReport):
        return table(drift_rows(result))
    return table([HEADER, *(row for one in result.functions for row in _rows(one))])


def table(rows: Iterable[tuple[object, ...]]) -> str:
    """Return rows as CSV."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for row in rows:
        writer.writerow([cell(value) for value in row])
    return out.getvalue()


def cell(value: object) -> str:
    """Return the text of a cell; one that begins like a formula gets an apostrophe in front."""
    text = "" if value is None else visible(str(value))
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t") else text


def _rows(one: Suggestion) -> list[tuple[object, ...]]:
    dropped = any("dropped" in reason for reason in one.reasons)
    head = (one.function.name, one.status.value, len(one.gaps), dropped, one.role.name or one.role.key)
    rows: list[tuple[object, ...]] = [
        (
            *head, row.action, row.resource.symbolic, row.verdict.value, row.basis.value,
            row.certainty.value if row.certainty else None, row.origin.value if row.origin else None,
            row.granted.name.lower(), row.blocked_by, row.actions_count, row.access_level, row.window_days,
            row.last_used, len(row.evidence),
        )
        for row in one.permissions
    ]  # fmt: skip
    return rows or [(*head, *(None for _ in HEADER[len(head) :]))]


PLUGIN = OutputFormat(name="csv", suffix=".csv", renders=(SuggestResult, ScanResult, DriftReport), render=render)
