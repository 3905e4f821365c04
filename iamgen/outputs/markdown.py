"""Markdown: the answer of `suggest`, `check` and `diff` as a page to paste anywhere."""

import json
from collections.abc import Iterable

from iamgen.model.check import CheckResult
from iamgen.model.decision import Decision, Verdict
from iamgen.model.diff import Claim, Grant
from iamgen.model.drift import DriftReport
from iamgen.model.fact import CodeEvidence, LogEvidence, PlatformEvidence
from iamgen.model.observation import Gap
from iamgen.model.result import Finding, FindingLevel, PolicyDiff, Suggestion, SuggestResult
from iamgen.outputs._catalogue import ENGLISH, say
from iamgen.outputs._diff_findings import actions_text, request_text
from iamgen.outputs._drift_markdown import drift_markdown
from iamgen.outputs._escape import capped, markdown_block, markdown_code
from iamgen.plugins import OutputFormat

_TEXT, _ROWS = 400, 400
_ORDER = {
    Verdict.ADD: 0,
    Verdict.REVIEW: 1,
    Verdict.REMOVE: 2,
    Verdict.NARROW: 3,
    Verdict.KEEP: 4,
}
_MARKS = {FindingLevel.ERROR: "error", FindingLevel.WARNING: "warning", FindingLevel.NOTE: "note"}


def render(result: SuggestResult | CheckResult | PolicyDiff | DriftReport) -> str:
    """Return the page."""
    match result:
        case SuggestResult():
            lines = [line for entry in result.functions for line in _suggestion(entry)]
            if result.findings:
                lines += ["## Findings of the run", "", *_findings(result.findings), ""]
            lines += _run_gaps(result)
        case CheckResult():
            lines = _check(result)
        case PolicyDiff():
            lines = _difference(result)
        case DriftReport():
            lines = drift_markdown(result)
    return "\n".join(lines).rstrip() + "\n"


PLUGIN = OutputFormat(
    name="markdown", suffix=".md", renders=(SuggestResult, CheckResult, PolicyDiff, DriftReport), render=render
)


def _suggestion(entry: Suggestion) -> list[str]:
    role = entry.role.name or entry.role.key or entry.role.arn
    dropped = sum(1 for row in entry.permissions if row.verdict is Verdict.REVIEW and row.kept is None)
    status = [f"**{entry.status.value}**"]
    if entry.gaps:
        status.append(f"{len(entry.gaps)} gaps")
    if dropped:
        status.append(f"{dropped} unknown permissions left out of the policy")
    status += [_code(reason, _TEXT) for reason in entry.reasons]
    lines = [f"## {_code(entry.function.name)}: {', '.join(status)}", ""]
    place = f" · {_code(str(entry.location))}" if entry.location else ""
    shared = f", shared by {len(entry.role.shared_by)}" if len(entry.role.shared_by) > 1 else ""
    lines += [f"role {_code(role or 'unknown')}{shared}{place}", ""]
    if entry.granted_count is not None and entry.suggested_count is not None:
        lines += [f"{entry.granted_count} actions granted, {entry.suggested_count} suggested.", ""]
    if entry.policy is None:
        lines += ["Not enough evidence for a policy.", ""]
    lines += _permissions(entry.permissions)
    if entry.findings:
        lines += ["### Findings", "", *_findings(entry.findings), ""]
    if entry.gaps:
        lines += ["### Could not be worked out", ""]
        lines += [_gap(gap) for gap in entry.gaps[:_ROWS]]
        lines += [*_more(len(entry.gaps)), ""]
    if entry.assumptions:
        lines += ["### Assumed", "", *(f"- {_code(text, _TEXT)}" for text in entry.assumptions), ""]
    if entry.widenings:
        lines += ["### Widened", ""]
        lines += [
            f"- {_code(step.before, _TEXT)} to {_code(step.after, _TEXT)}: {_code(step.reason, _TEXT)}"
            for step in entry.widenings[:_ROWS]
        ]
        lines += [*_more(len(entry.widenings)), ""]
    for title, policy in (
        ("Policy", entry.policy),
        ("Policy of the shared role", entry.role_policy),
        ("Permissions boundary", entry.boundary),
    ):
        if policy is not None:
            text = json.dumps(policy.to_document(), indent=2, ensure_ascii=False)
            lines += [f"### {title}", "", markdown_block(text, "json"), ""]
    if entry.diff is not None:
        lines += _rows("Only the suggestion allows", entry.diff.missing)
        lines += _rows("Only the role of today allows", entry.diff.excess)
        lines += _rows("Undecided", entry.diff.undecided)
    if entry.proof is not None:
        lines += ["### Proof", ""]
        for name, claim in (
            ("allows all that is needed", entry.proof.sound),
            ("no new access", entry.proof.no_new_access),
            ("inside the boundary", entry.proof.within_boundary),
        ):
            lines.append(f"- {name}: {_claim(claim)}")
        lines.append("")
    return lines


def _permissions(rows: tuple[Decision, ...]) -> list[str]:
    if not rows:
        return []
    ordered = sorted(rows, key=lambda row: (_ORDER[row.verdict], row.action, row.resource))
    lines = [
        "| Action | Resource | Now | Verdict | Why | Evidence |",
        "|---|---|---|---|---|---|",
    ]
    for row in ordered[:_ROWS]:
        many = f" ({row.actions_count} actions)" if row.actions_count > 1 else ""
        lines.append(
            f"| {_code(row.action)}{many} | {_code(row.resource.symbolic, _TEXT)} "
            f"| {_code(row.granted.value)} | {row.verdict.value} | {_why(row)} | {_evidence(row)} |"
        )
    return [*lines, *_more(len(ordered)), ""]


def _why(row: Decision) -> str:
    words = ENGLISH.say_why(row.why) if row.why in dict(ENGLISH.why) else _code(row.why or "-")
    blocked = f"; stopped by {_code(row.blocked_by)}" if row.blocked_by else ""
    return f"{words}{blocked}"


def _evidence(row: Decision) -> str:
    said = []
    for evidence in row.evidence[:4]:
        match evidence:
            case CodeEvidence():
                said.append(_code(str(evidence.location)))
            case LogEvidence():
                said.append(f"{evidence.count:,} {evidence.outcome.value}, last {_code(evidence.last)}")
            case PlatformEvidence():
                said.append(f"platform: {_code(evidence.rule)}")
            case _:
                continue
    more = len(row.evidence) - 4
    return "<br>".join([*said, *([f"and {more} more"] if more > 0 else [])]) or "-"


def _check(result: CheckResult) -> list[str]:
    counts = {
        level: sum(1 for entry in result.findings if entry.level is level and entry.new) for level in FindingLevel
    }
    head = ", ".join(f"{counts[level]} {_MARKS[level]}s" for level in FindingLevel)
    known = sum(1 for entry in result.findings if not entry.new)
    partial = [name for name, status in result.statuses if status.value != "complete"]
    lines = [f"## iamgen check: {head}", ""]
    said = [f"{result.functions_checked} of {result.functions_total} functions checked"]
    if partial:
        said.append(f"{len(partial)} with gaps or too little evidence")
    if known:
        said.append(f"{known} known from the baseline")
    if result.suppressed:
        said.append(f"{len(result.suppressed)} suppressed")
    lines += [", ".join(said) + ".", ""]
    fresh = tuple(entry for entry in result.findings if entry.new)
    lines += [*_findings(fresh), ""]
    if result.suppressed:
        lines += ["### Suppressed", ""]
        for entry in result.suppressed[:_ROWS]:
            words = say(entry.finding, lambda text: _code(text, _TEXT))
            owner, until = _code(entry.suppression.owner), _code(entry.suppression.expires or "-")
            lines.append(
                f"- {entry.finding.level.value}: {words}: {_code(entry.suppression.reason, _TEXT)} "
                f"({owner}, until {until})"
            )
        lines += [*_more(len(result.suppressed)), ""]
    return lines


def _findings(findings: tuple[Finding, ...]) -> list[str]:
    lines = []
    for finding in findings[:_ROWS]:
        place = f" ({_code(str(finding.location))})" if finding.location else ""
        words = say(finding, lambda text: _code(text, _TEXT))
        where = "" if finding.location and _code(str(finding.location)) in words else place
        name = finding.id if finding.id in _RULES else _code(finding.id)
        lines.append(f"- **{finding.level.value}** {name}: {words}{where}")
    return [*lines, *_more(len(findings))]


_RULES = frozenset(rule.id for rule in ENGLISH.rules)


def _difference(result: PolicyDiff) -> list[str]:
    lines = [f"## {_code(result.suggested)} against {_code(result.current)}: {result.verdict}", ""]
    for name, claim in result.claims:
        stands = {True: "proved", False: "does not hold", None: "undecided"}[claim.holds]
        shown = request_text(claim.witness) or ("" if claim.holds else claim.reason or "")
        lines += [f"- {_code(name)}: {stands}" + (f", {_code(shown, _TEXT)}" if shown else ""), ""]
    lines += _rows(f"Only {_code(result.suggested)} allows", result.diff.missing)
    lines += _rows(f"Only {_code(result.current)} allows", result.diff.excess)
    return [*lines, *_rows("Undecided", result.diff.undecided)]


def _rows(title: str, grants: tuple[Grant, ...]) -> list[str]:
    if not grants:
        return []
    lines = [
        f"### {title}",
        "",
        "| Actions | Resource | Level | Risk | A request that shows it |",
        "|---|---|---|---:|---|",
    ]
    for grant in grants[:_ROWS]:
        shown = request_text(grant.witness) or grant.reason or "-"
        lines.append(
            f"| {_code(actions_text(grant), _TEXT)} | {_code(grant.resource, _TEXT)} "
            f"| {_code(grant.access_level or '-')} | {grant.risk} | {_code(shown, _TEXT)} |"
        )
    return [*lines, *_more(len(grants)), ""]


def _run_gaps(result: SuggestResult) -> list[str]:
    if not result.gaps:
        return []
    lines = ["## Gaps of the run", ""]
    lines += [_gap(gap) for gap in result.gaps[:_ROWS]]
    return [*lines, *_more(len(result.gaps)), ""]


def _gap(gap: Gap) -> str:
    place = f" ({_code(str(gap.location))})" if gap.location else ""
    return f"- {_code(gap.detail, _TEXT)}{place}"


def _claim(claim: Claim) -> str:
    if claim.holds is None:
        return f"not computed ({_code(claim.reason or '-', _TEXT)})"
    witness = f", for instance {_code(request_text(claim.witness), _TEXT)}" if claim.witness else ""
    return "proved" if claim.holds else f"does not hold{witness}"


def _more(count: int) -> Iterable[str]:
    return (f"\n… and {count - _ROWS} more",) if count > _ROWS else ()


def _code(text: str, limit: int = 200) -> str:
    return markdown_code(capped(text, limit))
