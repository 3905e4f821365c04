"""The drift report for a terminal: broken first, then what got worse, then how each role stands."""

from iamgen.model.drift import DriftReport, RoleDrift
from iamgen.outputs._catalogue import say
from iamgen.outputs._escape import capped, terminal

_ROLES = 40


def drift_text(report: DriftReport) -> str:
    """Return the report as text."""
    snapshot, before = report.snapshot, report.previous
    point = report.trend[-1]
    lines = [
        f"IAM drift   {terminal(snapshot.as_of or 'no date')}   {point.roles} roles,"
        f" {sum(len(r.functions) for r in snapshot.roles)} functions"
    ]
    if before is None:
        lines.append(f"Score {point.score}   unused actions {point.unused:,}   roles that can escalate {_risky(snapshot.roles)}")
        lines.append("First snapshot: nothing to compare with")
    else:
        old = report.trend[-2] if len(report.trend) > 1 else point
        arrow = "▲ worse" if point.score > old.score else "▼ better" if point.score < old.score else "="
        lines.append(
            f"Score {old.score} → {point.score} {arrow}   unused actions {old.unused:,} → {point.unused:,}"
            f"   escalation {old.escalations} → {point.escalations}   broken {old.broken} → {point.broken}"
            f"   unknown {old.unknown:,} → {point.unknown:,}"
        )
    lines.append("")
    for role in snapshot.roles:
        lines.extend(
            f"✕ broken  {terminal(role.name)}  {terminal(one.function)}: {terminal(one.action)} on {terminal(one.resource)}"
            + (f", {one.count} refused, last {one.last[:10]}" if one.last else "")
            for one in role.broken
        )
    for change in report.changes:
        mark = "▲ worse " if change.worse else "▼ better"
        blame = f"  ({change.via or 'unknown way'}, {change.when[:10]}, by {change.who})" if change.who and change.when else ""
        hand = "  ← not in the template" if change.in_template is False else ""
        lines.append(
            f"{mark}  {terminal(_short(change.role))}  {change.kind.replace('-', ' ')}"
            f"{': ' + terminal(capped(change.detail, 110)) if change.detail else ''}{terminal(blame)}{hand}"
        )
    if report.previous is not None and not report.changes:
        lines.append("no change since " + terminal(report.previous.as_of))
    lines.extend(["", *_table(snapshot.roles), ""])
    lines.extend(f"Expiring  {terminal(kind)} {terminal(what)} on {end}" for kind, what, end in report.expiring)
    if report.overdue:
        names = ", ".join(name for name, _ in report.overdue[:8])
        more = f" and {len(report.overdue) - 8} more" if len(report.overdue) > 8 else ""
        lines.append(f"Overdue   {len(report.overdue)} roles not reviewed in time: {terminal(names)}{more}")
    lines.extend(f"Blind     {terminal(line)}" for line in report.blind)
    lines.extend(f"Beside    {say(one, terminal)}" for one in report.advisories[:_ROLES])
    lines.extend(f"Note      {terminal(line)}" for line in report.gaps[:10])
    return "\n".join(lines).rstrip() + "\n"


def _table(roles: tuple[RoleDrift, ...]) -> list[str]:
    rows: list[tuple[str, ...]] = [
        ("Role", "Functions", "Granted", "Used", "Unused", "Unknown", "Wildcards", "Escalation", "Boundary", "Score")
    ]
    ordered = sorted(roles, key=lambda r: (not r.broken, -r.score, r.key))
    rows.extend(
        (
            capped(terminal(r.name), 40), str(len(r.functions)), f"{r.granted:,}", str(r.used), f"{r.unused:,}",
            f"{r.unknown:,}", str(r.wildcards), str(len(r.escalations)), r.boundary, str(r.score),
        )
        for r in ordered[:_ROLES]
    )  # fmt: skip
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    lines = [
        "  ".join(cell.ljust(w) if n == 0 else cell.rjust(w) for n, (cell, w) in enumerate(zip(row, widths, strict=True)))
        for row in rows
    ]
    if len(roles) > _ROLES:
        lines.append(f"… and {len(roles) - _ROLES} more roles (see --format json)")
    return lines


def _risky(roles: tuple[RoleDrift, ...]) -> int:
    return sum(bool(r.escalations) for r in roles)


def _short(key: str) -> str:
    return key.rpartition("/")[2]
