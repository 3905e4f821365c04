"""The drift report as a page: what got worse, what is broken, what to merge, and what nobody can know yet."""

from iamgen.model.drift import DriftReport, RoleDrift
from iamgen.outputs._html import bars, line, page

_CHARTED = 25
_MAPPED_ROLES, _MAPPED_SERVICES = 30, 24
AGES = (
    ("30", "used in 30 days"), ("90", "31 to 90"), ("180", "91 to 180"), ("400", "181 to 400"), ("older", "older"),
    ("code", "needed by code, not in the log"), ("never", "never used"), ("unknown", "unknown"),
)  # fmt: skip


def drift_page(report: DriftReport) -> str:
    """Return the report as one HTML file."""
    roles = sorted(report.snapshot.roles, key=lambda r: (not r.broken, -r.score, r.key))
    charted = roles[:_CHARTED]
    ages = {name: 0 for name, _ in AGES}
    for role in roles:
        for bucket in role.ages:
            ages[bucket.name] = ages.get(bucket.name, 0) + bucket.actions
    point = report.trend[-1]
    return page(
        "drift.html.j2",
        report=report,
        snapshot=report.snapshot,
        roles=roles,
        point=point,
        before=report.trend[-2] if len(report.trend) > 1 else None,
        broken=[(role, one) for role in roles for one in role.broken],
        worse=[c for c in report.changes if c.worse],
        better=[c for c in report.changes if not c.worse],
        usage=bars((r.name, (float(r.granted), float(r.used), float(r.suggested))) for r in charted),
        usage_rows=charted,
        scores=line([p.score for p in report.trend]),
        unused=line([p.unused for p in report.trend]),
        ages=[(label, ages[name]) for name, label in AGES],
        age_bars=bars((label, (float(ages[name]),)) for name, label in AGES),
        heat=_heat(roles[:_MAPPED_ROLES]),
        coverage=sorted({(service, category) for _, _, service, category in report.snapshot.coverage}),
    )


def _heat(roles: list[RoleDrift]) -> dict[str, object]:
    totals: dict[str, int] = {}
    for role in roles:
        for cell in role.services:
            totals[cell.service] = totals.get(cell.service, 0) + cell.unused + cell.unknown + cell.used
    services = [name for name, _ in sorted(totals.items(), key=lambda row: (-row[1], row[0]))[:_MAPPED_SERVICES]]
    rows = []
    for role in roles:
        known = {cell.service: cell for cell in role.services}
        row: list[dict[str, object]] = []
        for service in services:
            if service not in known:
                row.append({"state": "none", "text": ""})
                continue
            cell = known[service]
            state = "unknown" if cell.unknown else "unused" if cell.unused else "used"
            share = min(1.0, 0.25 + cell.unused / 100)
            row.append(
                {
                    "state": state,
                    "share": round(share, 2),
                    "text": f"{cell.used} used, {cell.unused} unused, {cell.unknown} unknown of {cell.granted}",
                }
            )
        rows.append({"name": role.name, "cells": row})
    return {"services": services, "rows": rows}
