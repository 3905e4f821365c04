"""The comment of a pull request: whole, resolved, as step summary, and its suggestion blocks.

What enters is a `PrResult`, which may come from a file that a stranger's pull request made; what
leaves is Markdown in which every name is escaped and capped. The order is fixed: what will break,
what is risky, what can go. A comment that is too long loses its parts in fixed steps, and says so;
the hidden first line survives every step.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from iamgen.model.pull_request import (
    PrFinding,
    PrFunction,
    PrGrant,
    PrPatch,
    PrResult,
    PrRow,
    PrSuggestion,
)
from iamgen.model.result import Finding, FindingLevel
from iamgen.outputs._catalogue import ENGLISH, say
from iamgen.outputs._escape import capped, html, markdown_block, markdown_code, visible

COMMENT_BUDGET = 60_000
"""GitHub refuses bodies over 65,536 characters."""
SUMMARY_BUDGET = 1_000_000
"""A step summary may have 1 MiB."""
_NAME, _TEXT, _BLOCK, _ROWS = 200, 400, 20_000, 40
_SHED = (
    ("evidence", "the evidence per permission"),
    ("details", "the lists of what can go"),
    ("policies", "the policies"),
    ("patches", "the patches"),
    ("rows", "all but ten rows of each list"),
    ("lists", "all lists"),
)
"""Parts in the order in which they go, and how they are called in the note that says so."""


def marker(key: str) -> str:
    """Return the hidden first line of the comment that belongs to `key`."""
    plain = re.sub(r"-{2,}", "-", re.sub(r"[^A-Za-z0-9._/-]", "-", key))[:80].strip("-") or "default"
    return f"<!-- iamgen:report v=1 key={plain} -->"


def comment(result: PrResult, budget: int = COMMENT_BUDGET) -> str:
    """Return the whole comment within the budget, the marker first."""
    for step in range(len(_SHED) + 1):
        body = "\n".join([marker(result.key), *_body(result, step)]).rstrip() + "\n"
        if len(body) <= budget:
            return body
    return f"{marker(result.key)}\n{_headline(result)}\n"


def resolved(result: PrResult) -> str:
    """Return the short text that takes the comment's place when nothing is left to say."""
    return (
        f"{marker(result.key)}\n### IAM: nothing to do\n\n"
        "Each function that this change touches is allowed what it needs, and no role gains "
        "access.\n\n"
        f"{_footer(result)}\n"
    )


def summary(result: PrResult) -> str:
    """Return the step summary: the comment with a larger budget and no marker."""
    body = resolved(result) if result.is_clean else comment(result, SUMMARY_BUDGET)
    return body.split("\n", 1)[1]


def suggestion_body(suggestion: PrSuggestion) -> str | None:
    """Return the note with its suggestion block; None where its text holds a hidden character."""
    text = suggestion.text
    if visible(text, keep="\n\t") != text or "\r" in text:
        return None
    runs = re.findall("`+", text)
    fence = "`" * max(3, max((len(run) for run in runs), default=0) + 1)
    return (
        f"The role of {_code(suggestion.function)} with what the function needs, by the evidence "
        f"of the comment; it grants nothing else.\n\n{fence}suggestion\n{text}\n{fence}"
    )


REVIEW_TITLE = "Tighter roles for this change; each suggestion can be committed by itself."


def _body(result: PrResult, step: int) -> list[str]:
    gone = {name for name, _ in _SHED[:step]}
    rows = 0 if "lists" in gone else 10 if "rows" in gone else _ROWS
    lines = [_headline(result), ""]
    lines += _warnings(result)
    if rows:
        lines += _table(result, rows)
        lines += _breaks(result, rows)
        lines += _risks(result, rows)
        lines += _goes(result, rows, detailed="details" not in gone)
        lines += _needs_a_person(result, rows)
        for function in result.functions[:rows]:
            lines += _details(function, gone)
    if "patches" not in gone:
        lines += [line for patch in result.patches for line in _patch(patch)]
    elif result.patches:
        lines += [f"{len(result.patches)} patches: `iamgen patch --all --diff` prints them.", ""]
    if step:
        left = ", ".join(words for _, words in _SHED[:step])
        lines += [
            f"Left out here for length: {left}. The step summary of the run has everything.",
            "",
        ]
    return [*lines, _footer(result)]


def _headline(result: PrResult) -> str:
    broken = sum(len(entry.breaks) + len(entry.blocked) for entry in result.functions)
    gained = sum(_count(grant) for entry in result.functions for grant in entry.gained)
    removable = sum(row.count for _, row in _of_roles(result, "can_go"))
    errors = sum(1 for finding in result.findings if finding.level == "error")
    said = [
        _plural(broken, "permission missing", "permissions missing") if broken else "",
        _plural(gained, "new permission", "new permissions") if gained else "",
        f"{removable} removable" if removable else "",
        _plural(errors, "error", "errors") if errors and not broken and not gained else "",
    ]
    rest = ", ".join(part for part in said if part) or "nothing missing, nothing new"
    touched = _plural(len(result.functions), "function", "functions")
    return f"### IAM: {touched} touched — {rest}"


def _warnings(result: PrResult) -> list[str]:
    first = [finding for finding in result.findings if finding.id == "rules-changed"]
    lines = [f"> **Rules changed.** {_say(finding)}" for finding in first[:_ROWS]]
    unsure = [entry for entry in result.functions if entry.status != "complete"]
    for entry in unsure[:_ROWS]:
        reasons = "; ".join(_code(reason, _TEXT) for reason in entry.reasons[:3])
        words = "not enough evidence" if entry.status == "insufficient" else "partial answer"
        gaps = f", {_plural(len(entry.gaps), 'gap', 'gaps')}" if entry.gaps else ""
        lines.append(f"> {_code(entry.name)}: {words}{gaps}{f' ({reasons})' if reasons else ''}")
    return _block(line + "  " for line in lines)


def _table(result: PrResult, rows: int) -> list[str]:
    if not result.functions:
        return []
    lines = [
        "| Function | Needs | Role grants | Needed now | Granted now | Can go |",
        "|---|---:|---:|---|---|---:|",
    ]
    for entry in result.functions[:rows]:
        grants = "?" if entry.grants is None else str(entry.grants)
        needed = [f"**+** {_code(row.action)}" for row in entry.now_needed[:3]]
        needed += [f"- {_code(row.action)}" for row in entry.no_longer_needed[:3]]
        granted = [f"**+** {_code(_actions(grant))}" for grant in entry.gained[:3]]
        granted += [f"- {_code(_actions(grant))}" for grant in entry.lost[:3]]
        can_go = sum(row.count for row in entry.can_go)
        lines.append(
            f"| {_code(entry.name)} | {entry.needs} | {grants} | {'<br>'.join(needed) or '—'} "
            f"| {'<br>'.join(granted) or '—'} | {can_go or '—'} |"
        )
    return [*lines, *_more(len(result.functions), rows), ""]


def _breaks(result: PrResult, rows: int) -> list[str]:
    def broken() -> Iterator[str]:
        for entry in result.functions:
            for row in entry.breaks:
                known = row.why in {"will-break", "failing-now"}
                rest = "" if known else ", and the role does not allow it"
                yield f"- {_code(entry.name)} needs {_permission(row)}: {_why(row)}{rest}"
            for row in entry.blocked:
                by = f" by {_code(row.blocked_by)}" if row.blocked_by else ""
                yield f"- {_code(entry.name)} needs {_permission(row)}, and it is stopped{by}"

    return _list("**Will break when reached**", broken(), rows)


def _risks(result: PrResult, rows: int) -> list[str]:
    shown = {"new-access", "will-break", "blocked", "removable", "rules-changed"}

    def risky() -> Iterator[str]:
        for entry in result.functions:
            for grant in entry.gained:
                need = "the function needs it" if grant.needed else "**no code needs it**"
                witness = f"; for instance {_code(grant.witness, _TEXT)}" if grant.witness else ""
                level = f" ({grant.access_level})" if _plain(grant.access_level) else ""
                yield (
                    f"- {_code(entry.role)} gains {_code(_actions(grant), _TEXT)}{level} on "
                    f"{_code(grant.resource, _TEXT)}; {need}{witness}"
                )
            for grant in entry.undecided:
                yield (
                    f"- {_code(entry.role)}: {_code(_actions(grant), _TEXT)} on "
                    f"{_code(grant.resource, _TEXT)} could not be compared"
                )
        for finding in result.findings:
            if finding.level in {"error", "warning"} and finding.id not in shown:
                yield f"- {_say(finding)}"

    return _list("**Risk**", risky(), rows)


def _goes(result: PrResult, rows: int, *, detailed: bool) -> list[str]:
    def going() -> Iterator[str]:
        for entry in result.functions:
            for row in entry.no_longer_needed:
                yield f"- {_code(entry.name)} no longer calls {_permission(row)}{_fate(row)}"
        counts: dict[str | None, int] = {}
        for role, row in _of_roles(result, "can_go"):
            counts[role] = counts.get(role, 0) + row.count
            if detailed:
                basis = f" (basis: {_code(row.basis)})" if row.basis else ""
                many = f", {row.count} actions" if row.count > 1 else ""
                yield f"- {_code(role)}: {_permission(row)}{many}{basis}"
        for role, count in () if detailed else counts.items():
            yield f"- {_code(role)}: {_plural(count, 'action', 'actions')} unused"

    return _list("**Can go**", going(), rows)


def _of_roles(result: PrResult, which: str) -> Iterator[tuple[str | None, PrRow]]:
    """Yield the rows of each role once, those of one service, basis and resource in one line."""
    seen: set[str | None] = set()
    for entry in result.functions:
        if entry.role in seen:
            continue
        seen.add(entry.role)
        joined: dict[tuple[object, ...], PrRow] = {}
        for row in getattr(entry, which):
            key = (row.action.partition(":")[0], row.resource, row.basis, row.why)
            known = joined.get(key)
            if known is None:
                joined[key] = row
                continue
            same = known.action == row.action
            action = row.action if same else f"{key[0]}:*"
            joined[key] = replace(known, action=action, count=known.count + row.count)
        for row in joined.values():
            yield entry.role, row


def _fate(row: PrRow) -> str:
    if row.wait_days is not None:
        last = f", last seen {_code(row.last_used)}" if row.last_used else ""
        return f"{last}: it stays, and can go after {row.wait_days} d without use"
    if row.verdict == "review":
        return "; it stays, because no source could have shown all its uses"
    return "; it can go now"


def _needs_a_person(result: PrResult, rows: int) -> list[str]:
    def unknown() -> Iterator[str]:
        for role, row in _of_roles(result, "review"):
            yield f"- {_code(role)}: {_permission(row)}: {_why(row)}; it stays as it is"

    return _list("**Needs a person**", unknown(), rows)


def _details(function: PrFunction, gone: set[str]) -> list[str]:
    inner: list[str] = []
    if "evidence" not in gone and function.kept:
        inner += ["| Action | Resource | Verdict | Evidence |", "|---|---|---|---|"]
        for row in function.kept[:_ROWS]:
            places = "<br>".join(_code(place) for place in row.places[:3])
            counts = f"{row.log_count:,} times in the log" if row.log_count else ""
            seen = "<br>".join(part for part in (places, counts) if part) or "—"
            verdict = row.verdict if _plain(row.verdict) else "?"
            resource = _code(_short(row.resource), _TEXT)
            inner.append(f"| {_code(row.action)} | {resource} | {verdict} | {seen} |")
        inner += [*_more(len(function.kept), _ROWS), ""]
    if "evidence" not in gone and function.gaps:
        inner += ["Could not be worked out:", ""]
        inner += [f"- {_code(gap, _TEXT)}" for gap in function.gaps[:_ROWS]]
        inner += [*_more(len(function.gaps), _ROWS), ""]
    if "policies" not in gone:
        if function.policy:
            inner += ["Tightened policy:", "", _code_block(function.policy, "json"), ""]
        if function.boundary_diff:
            inner += ["Boundary:", "", _code_block(function.boundary_diff, "diff"), ""]
    if not inner:
        return []
    title = f"<code>{html(capped(function.name, _NAME))}</code> — tightened policy and evidence"
    before = "?" if function.grants is None else str(function.grants)
    after = "?" if function.suggested is None else str(function.suggested)
    return [
        f"<details><summary>{title}: {before} → {after} actions</summary>",
        "",
        *inner,
        "</details>",
        "",
    ]


def _patch(patch: PrPatch) -> list[str]:
    title = f"Patch for <code>{html(capped(patch.path, _NAME))}</code>"
    block = _code_block(patch.diff, "diff")
    return [f"<details><summary>{title}</summary>", "", block, "", "</details>", ""]


def _footer(result: PrResult) -> str:
    parts = [
        f"iamgen {_code(result.tool_version or '?')}",
        f"head {_code(result.head_sha[:12] or '?')}",
        f"compared with {_code(result.base_sha[:12] or '?')}",
        f"logs {_code(result.window)}" if result.window else "static evidence only",
    ]
    if result.suppressed:
        parts.append(_plural(result.suppressed, "finding suppressed", "findings suppressed"))
    parts.append("accept a finding with `[[suppress]]` in `iamgen.toml` of the base")
    return f"<sub>{' · '.join(parts)}</sub>"


def _list(title: str, entries: Iterator[str], rows: int) -> list[str]:
    found = list(entries)
    if not found:
        return []
    return [title, "", *found[:rows], *_more(len(found), rows, dash=True), ""]


def _more(count: int, shown: int, *, dash: bool = False) -> list[str]:
    if count <= shown:
        return []
    return [f"{'- ' if dash else ''}… and {count - shown} more", *([] if dash else [""])]


def _block(lines: Iterator[str]) -> list[str]:
    found = list(lines)
    return [*found, ""] if found else []


def _permission(row: PrRow) -> str:
    places = ", ".join(_code(place) for place in row.places[:3])
    where = f" ({places})" if places else ""
    return f"{_code(row.action)} on {_code(_short(row.resource), _TEXT)}{where}"


def _short(resource: str) -> str:
    """Return a symbolic ARN without the part that each deployment fills in the same way."""
    return re.sub(r"^arn:\$\{Partition\}:[a-z0-9-]+:\$\{Region\}:\$\{Account\}:", "", resource)


def _why(row: PrRow) -> str:
    known = {key for key, _ in ENGLISH.why}
    return ENGLISH.say_why(row.why) if row.why in known else _code(row.why or "?")


def _say(finding: PrFinding) -> str:
    value = Finding(
        id=finding.id,
        level=FindingLevel.ERROR,
        function=finding.function,
        role=finding.role,
        action=finding.action,
        resource=finding.resource,
        arguments=finding.arguments,
    )
    if finding.id not in {rule.id for rule in ENGLISH.rules}:
        return _code(finding.id)
    place = f" ({_code(f'{finding.path}:{finding.line}')})" if finding.path else ""
    words = say(value, lambda text: _code(text, _TEXT))
    return f"{words}{place}. {ENGLISH.rule(finding.id).remedy}"


def _actions(grant: PrGrant) -> str:
    names = ", ".join(grant.actions[:3])
    more = _count(grant) - min(len(grant.actions), 3)
    return f"{names} and {more} more" if more > 0 else names


def _count(grant: PrGrant) -> int:
    return max(grant.actions_count, 1)


def _code(text: str | None, limit: int = _NAME) -> str:
    return markdown_code(capped(text or "", limit))


def _code_block(text: str, language: str) -> str:
    return markdown_block(capped(text, _BLOCK), language)


def _plain(text: str | None) -> bool:
    return bool(text) and re.fullmatch(r"[A-Za-z ]{1,40}", text or "") is not None


def _plural(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


RENDERERS: tuple[Callable[[PrResult], str], ...] = (comment, resolved, summary)
"""What the fuzz test goes through."""
