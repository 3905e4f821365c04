"""The drift report as Markdown (for one sticky issue), and its rows for a table."""

from iamgen.model.drift import DriftChange, DriftReport
from iamgen.outputs._catalogue import say
from iamgen.outputs._escape import capped, markdown, markdown_code

_ROWS = 100


def drift_markdown(report: DriftReport) -> list[str]:
    """Return the lines of the page: what is broken, what got worse, how each role stands."""
    snapshot, point = report.snapshot, report.trend[-1]
    before = report.trend[-2] if len(report.trend) > 1 and report.previous is not None else None
    lines = [f"# IAM drift {markdown(snapshot.as_of or 'without a date')}", ""]
    if before is not None and report.previous is not None:
        lines.append(
            f"Score {before.score} → **{point.score}**, unused actions {before.unused:,} → **{point.unused:,}**,"
            f" broken {before.broken} → **{point.broken}**, escalation {before.escalations} → **{point.escalations}**,"
            f" since {markdown(report.previous.as_of)}."
        )
    else:
        lines.append(
            f"Score **{point.score}**, unused actions **{point.unused:,}**, broken **{point.broken}**,"
            f" escalation **{point.escalations}**. First snapshot."
        )
    broken = [(role, one) for role in snapshot.roles for one in role.broken]
    if broken:
        lines += ["", "## Broken", ""]
        lines += [
            f"- {_code(role.name)} {_code(one.function)}: {_code(one.action)} on {_code(one.resource)}"
            + (f", refused {one.count} times, last {markdown((one.last or '')[:10])}" if one.count else "")
            for role, one in broken[:_ROWS]
        ]
    for title, some in (
        ("What got worse", [c for c in report.changes if c.worse]),
        ("What got better or changed", [c for c in report.changes if not c.worse]),
    ):
        if some:
            lines += ["", f"## {title}", "", *(_change(c) for c in some[:_ROWS])]
    lines += [
        "", "## Roles", "",
        "| Role | Functions | Granted | Used | Unused | Unknown | Wildcards | Escalation | Boundary | Score |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    ordered = sorted(snapshot.roles, key=lambda r: (not r.broken, -r.score, r.key))
    for r in ordered[:_ROWS]:
        cells = (len(r.functions), r.granted, r.used, r.unused, r.unknown, r.wildcards, len(r.escalations))
        row = [_code(r.name), *(f"{cell:,}" for cell in cells), r.boundary, str(r.score)]
        lines.append("| " + " | ".join(row) + " |")
    if len(ordered) > _ROWS:
        lines.append(f"\n… and {len(ordered) - _ROWS} more roles")
    notes = [f"- {markdown(one)}" for one in report.blind]
    notes += [f"- {markdown(kind)} {markdown(what)} ends on {markdown(end)}" for kind, what, end in report.expiring]
    if report.overdue:
        notes.append(f"- {len(report.overdue)} roles were not reviewed in time")
    if notes:
        lines += ["", "## To know", "", *notes]
    if report.advisories:
        lines += ["", "## Beside the role", "", *(f"- {say(one, _code)}" for one in report.advisories[:_ROWS])]
    return lines


def drift_rows(report: DriftReport) -> list[tuple[object, ...]]:
    """Return a header and one row per role."""
    rows: list[tuple[object, ...]] = [
        (
            "as_of", "role", "name", "functions", "status", "granted", "used", "suggested", "unused", "unknown",
            "wildcards", "escalations", "broken", "boundary", "score", "last_used", "last_reviewed", "gaps",
        )
    ]  # fmt: skip
    rows.extend(
        (
            report.snapshot.as_of, r.key, r.name, " ".join(r.functions), r.status.value, r.granted, r.used, r.suggested,
            r.unused, r.unknown, r.wildcards, len(r.escalations), len(r.broken), r.boundary, r.score, r.last_used,
            r.last_reviewed, r.gaps,
        )
        for r in report.snapshot.roles
    )  # fmt: skip
    return rows


def _change(change: DriftChange) -> str:
    text = f"- {_code(change.role)} {change.kind.replace('-', ' ')}"
    if change.detail:
        text += f": {markdown(capped(change.detail, 200))}"
    if change.who and change.when:
        text += f" ({markdown(change.via or 'unknown way')}, {markdown(change.when[:10])}, by {_code(change.who)})"
    return text + (" **not in the template**" if change.in_template is False else "")


def _code(text: str) -> str:
    return markdown_code(capped(text, 200))
