"""The answer of `suggest` for a terminal: status first, then one line per decision, what breaks or escalates on top."""

import re
from dataclasses import replace

from iamgen.model.decision import Decision, Granted, Verdict
from iamgen.model.diff import Claim
from iamgen.model.fact import (
    CodeEvidence,
    ConfigEvidence,
    LogEvidence,
    PlatformEvidence,
    ResourcePattern,
)
from iamgen.model.observation import Outcome
from iamgen.model.result import Finding, FindingLevel, Status, Suggestion, SuggestResult
from iamgen.outputs._catalogue import ENGLISH, say
from iamgen.outputs._escape import capped, terminal

MAX_LINES = 40
"""Lines of permissions besides those that break or escalate."""

_OF_THE_ROLE = ("missing-boundary", "removable", "escalation", "unknown-kept")
"""Findings that are the same for each function of a role."""

_MARK = {
    Verdict.KEEP: " ",
    Verdict.NARROW: "~",
    Verdict.ADD: "+",
    Verdict.REMOVE: "-",
    Verdict.REVIEW: "?",
}


def suggest_text(result: SuggestResult) -> str:
    """Return the answer for people at a terminal."""
    blocks = []
    first_of: dict[str, str] = {}
    for one in result.functions:
        role = one.role.arn or one.role.key
        shared = len(one.role.shared_by) > 1 and role is not None
        blocks.append(_function(one, first_of.get(role or "") if shared else None))
        if shared and one.status is not Status.INSUFFICIENT:
            first_of.setdefault(role or "", one.function.name)
    notes = [f"note: {terminal(gap.reason)}: {terminal(gap.detail)}" for gap in result.gaps[:20]]
    if len(result.gaps) > 20:
        notes.append(f"note: and {len(result.gaps) - 20} more gaps (see --format json)")
    if not blocks:
        blocks.append("no function to answer for")
    return "\n\n".join(blocks + (["\n".join(notes)] if notes else [])) + "\n"


def status_line(one: Suggestion) -> str:
    """Return status, gaps and dropped unknowns in one line; the same in every form."""
    words = [f"status {one.status.value}"]
    if one.gaps:
        words.append(f"{len(one.gaps)} gap{'s' if len(one.gaps) != 1 else ''}")
    words.extend(one.reasons)
    return "; ".join(words)


def _function(one: Suggestion, said_under: str | None = None) -> str:
    """Return one function's block; what is the role's own is said once, under its first function."""
    lines = [_head(one)]
    if one.status is Status.INSUFFICIENT:
        lines.insert(0, f"not enough evidence: {terminal(one.function.name)}")
        lines.append(f"  {terminal(status_line(one))}")
        lines.extend(_gaps(one))
        lines.append("  Next     iamgen doctor")
        return "\n".join(lines)
    lines.append(f"  {terminal(status_line(one))}")
    lines.append(_evidence(one))
    lines.append("")
    if said_under is not None:
        one = replace(
            one,
            permissions=tuple(row for row in one.permissions if row.statement is None),
            findings=tuple(f for f in one.findings if f.id not in _OF_THE_ROLE),
        )
    lines.extend(_table(one))
    if said_under is not None:
        lines.append(f"  what is left of the role: as under {terminal(said_under)}")
    lines.append("")
    lines.extend(_summary(one))
    lines.extend(_findings(one))
    lines.extend(_denied(one))
    lines.extend(_gaps(one))
    lines.extend(f"  assumed  {terminal(text)}" for text in one.assumptions[:8])
    lines.extend(_widenings(one))
    lines.extend(_policy(one))
    return "\n".join(lines)


def _head(one: Suggestion) -> str:
    words = [one.function.name]
    words.extend(word for word in (one.function.runtime, one.function.handler) if word)
    if one.location is not None:
        words.append(str(one.location))
    role = one.role.name or one.role.key
    if role:
        shared = len(one.role.shared_by)
        words.append(f"role {role}" + (f" (shared by {shared})" if shared > 1 else ""))
    return "   ".join(terminal(word) for word in words)


def _evidence(one: Suggestion) -> str:
    code = (
        f"code {one.code.files} files, {one.code.calls} calls ({one.code.resolved} resolved)"
        if one.code.files
        else "code none"
    )
    logs = (
        f"logs {one.logs.events:,} events, {one.logs.window_days} d to {(one.logs.last or '')[:10]}"
        if one.logs.events or one.logs.last
        else "logs none"
    )
    return f"  {code}     {logs}     current {one.role.origin}"


def _table(one: Suggestion) -> list[str]:
    rows_here = fold_rows(one.permissions)
    urgent = [row for row in rows_here if _is_urgent(row)]
    rest = [row for row in rows_here if not _is_urgent(row)]
    shown = urgent + rest[:MAX_LINES]
    rows: list[tuple[str, ...]] = [("", "Action", "Resource", "Code", "Log", "Now", "Verdict")]
    rows.extend(_row(row) for row in shown)
    limits = (1, 44, 56, 26, 22, 12, 60)
    cells = [
        tuple(capped(terminal(cell), limit) for cell, limit in zip(row, limits, strict=True))
        for row in rows
    ]
    widths = [max(len(row[column]) for row in cells) for column in range(7)]
    lines = [
        "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]
    if len(rest) > MAX_LINES:
        lines.append(f"  … and {len(rest) - MAX_LINES} more rows (see --format json)")
    return lines


def fold_rows(permissions: tuple[Decision, ...]) -> tuple[Decision, ...]:
    """Return the rows with those of one service, verdict and reason joined into one line each."""
    out: dict[tuple[object, ...], Decision] = {}
    for row in permissions:
        if row.statement is None:
            out[len(out), row] = row
            continue
        service = (row.actions or (row.action,))[0].partition(":")[0]
        key = (service, row.verdict, row.row, row.window_days)
        known = out.get(key)
        if known is None:
            out[key] = row
            continue
        pattern = known.action if known.action == row.action else f"{service}:*"
        places = known.resource.symbolic.split(", ")
        if row.resource.symbolic not in places:
            places.append(row.resource.symbolic)
        joined = ", ".join(places)
        out[key] = replace(
            known,
            action=pattern,
            resource=ResourcePattern(joined, joined),
            actions_count=known.actions_count + row.actions_count,
        )
    return tuple(out.values())


def _is_urgent(row: Decision) -> bool:
    return bool(row.blocked_by) or (
        row.verdict is Verdict.ADD and row.granted in (Granted.NOT, Granted.PART)
    )


def _row(row: Decision) -> tuple[str, ...]:
    action = row.action
    if row.actions_count > 1:
        action = f"{row.action} ({row.actions_count} actions)"
    return (
        _MARK[row.verdict],
        action,
        ", ".join(short_resource(part) for part in row.resource.symbolic.split(", ")),
        _code(row),
        _log(row),
        _now(row),
        _verdict(row),
    )


def short_resource(symbolic: str) -> str:
    """Return the resource without what every ARN of the deployment has in common."""
    for head in ("arn:${Partition}:", "arn:aws:"):
        if symbolic.startswith(head):
            fields = symbolic[len(head) :].split(":", 3)
            if len(fields) == 4 and fields[1] in ("${Region}", "*", "") and fields[2] in ("${Account}", "*", ""):
                rest = fields[3]
                return rest if re.search(r"[A-Za-z{]", rest) else f"{fields[0]} {rest}"
    return symbolic


def _code(row: Decision) -> str:
    places = [e for e in row.evidence if isinstance(e, CodeEvidence)]
    if places:
        first = f"{places[0].location.path.rpartition('/')[2]}:{places[0].location.line}"
        more = f" +{len(places) - 1}" if len(places) > 1 else ""
        return first + more + (f" ({places[0].note})" if places[0].note else "")
    rules = [e for e in row.evidence if isinstance(e, PlatformEvidence)]
    if rules:
        return rules[0].rule
    if any(isinstance(e, ConfigEvidence) for e in row.evidence):
        return "iamgen.toml"
    return "—"


def _log(row: Decision) -> str:
    events = [e for e in row.evidence if isinstance(e, LogEvidence)]
    used = [e for e in events if e.outcome is Outcome.ALLOWED]
    denied = [e for e in events if e.outcome is Outcome.DENIED]
    if used:
        return f"{sum(e.count for e in used):,}× to {max(e.last for e in used)[:10]}"  # noqa: RUF001  a times sign
    if denied:
        return f"{sum(e.count for e in denied):,} denied to {max(e.last for e in denied)[:10]}"
    if row.window_days:
        return f"never, {row.window_days} d"
    return "—"


def _now(row: Decision) -> str:
    return {
        Granted.EXACT: "granted",
        Granted.WIDER: "wider",
        Granted.PART: "in part",
        Granted.NOT: "—",
        Granted.UNKNOWN: "unknown",
    }[row.granted]


def _verdict(row: Decision) -> str:
    word = row.verdict.value.upper() if _is_urgent(row) else row.verdict.value
    why = ENGLISH.say_why(row.why)
    blocked = f", blocked by {row.blocked_by}" if row.blocked_by else ""
    if row.verdict in (Verdict.KEEP, Verdict.NARROW) and not blocked:
        return f"{word}: {why}" if row.why not in ("needed", "platform") else word
    if row.verdict is Verdict.REMOVE:
        return f"{word} (basis {row.basis.value}){blocked}"
    return f"{word}: {why}{blocked}"


def _summary(one: Suggestion) -> list[str]:
    words = []
    if one.granted_count is not None:
        words.append(f"{one.granted_count:,} actions granted → {one.suggested_count or 0:,} suggested")
    if one.proof is not None:
        words.append(_claim("sound", one.proof.sound))
        added = sum(grant.actions_count for grant in one.diff.missing) if one.diff is not None else 0
        words.append(f"adds {added}" if added else _claim("no new access", one.proof.no_new_access))
        words.append(_claim("within boundary", one.proof.within_boundary))
    if one.cost is not None and one.cost.optimal:
        words.append("minimal")
    lines = ["  " + "     ".join(words)] if words else []
    lines.extend(
        f"  Policy   {terminal(row.name)}   {row.size_chars:,} / {row.limit_chars:,} chars ({row.attach})"
        for row in (one.role_policies or one.policies)
    )
    return lines


def _claim(name: str, claim: Claim) -> str:
    if claim.holds is None:
        return f"{name} not computed"
    return f"{name} {'yes' if claim.holds else 'NO'}"


def _findings(one: Suggestion) -> list[str]:
    order = {FindingLevel.ERROR: 0, FindingLevel.WARNING: 1, FindingLevel.NOTE: 2}
    rows = sorted(one.findings, key=lambda f: order[f.level])
    shown = [f for f in rows if f.level is not FindingLevel.NOTE][:12]
    return [f"  {f.level.value:7}  {f.id}: {say(shortened(f), terminal)}" for f in shown]


def shortened(finding: Finding) -> Finding:
    """Return a finding with its resources as the table shows them."""

    def short(text: str) -> str:
        return ", ".join(short_resource(part) for part in text.split(", "))

    return replace(
        finding,
        resource=short(finding.resource) if finding.resource else None,
        arguments=tuple(
            (name, short(value) if name in ("needed", "resource") else value)
            for name, value in finding.arguments
        ),
    )


def _denied(one: Suggestion) -> list[str]:
    return [
        f"  denied   {terminal(row.action)} on {terminal(short_resource(row.resource))}, {row.count:,} times,"
        f" last {row.last[:10]}: not granted, no code path asks for it"
        for row in one.denied[:8]
    ]


def _gaps(one: Suggestion) -> list[str]:
    lines = [
        f"  gap      {terminal(str(gap.location or ''))}  {gap.reason.value}: {terminal(capped(gap.detail, 120))}"
        for gap in one.gaps[:12]
    ]
    if len(one.gaps) > 12:
        lines.append(f"  gap      … and {len(one.gaps) - 12} more (see --format json)")
    return lines


def _widenings(one: Suggestion) -> list[str]:
    rows = one.widenings
    lines = [
        f"  wider    {terminal(short_resource(row.after))}: {terminal(capped(row.reason, 100))}" for row in rows[:6]
    ]
    if len(rows) > 6:
        lines.append(f"  wider    … and {len(rows) - 6} more (see --format json)")
    return lines


def _policy(one: Suggestion) -> list[str]:
    if one.policy is None:
        return []
    lines = [f"  Next     iamgen suggest --function {terminal(one.function.id)} --format policy"]
    if any(row.verdict is Verdict.REMOVE for row in one.permissions):
        lines.append("  If a call is refused later   iamgen explain --denied 'TEXT' names the grant and where it goes")
    return lines
