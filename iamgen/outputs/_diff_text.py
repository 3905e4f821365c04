"""The answer of `diff` for a terminal, and as JSON values."""

from typing import Any

from iamgen.model.diff import Claim, Grant
from iamgen.model.result import SCHEMA_VERSION, PolicyDiff
from iamgen.outputs._catalogue import say
from iamgen.outputs._diff_findings import actions_text, request_text
from iamgen.outputs._escape import capped, terminal
from iamgen.outputs._json_suggest import (
    diff_document,
    finding_row,
    gap_row,
    request_row,
)

MAX_ROWS = 40
_WIDTH = 160

_VERDICTS = {
    "equivalent": "both sides allow the same",
    "subset": "the suggested side allows less, and nothing new",
    "superset": "the suggested side allows all that the current one does, and more",
    "different": "each side allows what the other does not",
    "undecided": "not all could be decided",
}


def diff_text(result: PolicyDiff) -> str:
    """Return a difference for people at a terminal."""
    current, suggested = terminal(result.current), terminal(result.suggested)
    lines = [f"{current} -> {suggested}: {result.verdict}, {_VERDICTS[result.verdict]}"]
    for name, claim in result.claims:
        lines.append(f"  {name}: {_claim(claim)}")
    lines += _section("new", "+", result.diff.missing)
    lines += _section("gone", "-", result.diff.excess)
    lines += _section("undecided", "?", result.diff.undecided)
    escalations = [f for f in result.findings if f.id == "escalation"]
    if escalations:
        lines.append("")
        lines += [f"! {capped(say(finding, terminal), _WIDTH * 2)}" for finding in escalations[:10]]
        if len(escalations) > 10:
            lines.append(f"! and {len(escalations) - 10} more ways to escalate (see --format json)")
    notes = [f"note: {terminal(gap.detail)}" for gap in result.gaps[:20]]
    notes += [f"note: unclear form {terminal(each)}" for each in result.ambiguous[:20]]
    hidden = len(result.gaps) + len(result.ambiguous) - len(notes)
    if hidden > 0:
        notes.append(f"note: and {hidden} more (see --format json)")
    if notes:
        lines += ["", *notes]
    return "\n".join(lines) + "\n"


def _claim(claim: Claim) -> str:
    if claim.holds:
        return "proved"
    if claim.holds is None:
        return f"undecided ({terminal(claim.reason or 'no reason given')})"
    return f"does not hold: {terminal(request_text(claim.witness))}"


def _section(title: str, mark: str, grants: tuple[Grant, ...]) -> list[str]:
    if not grants:
        return []
    count = sum(grant.actions_count for grant in grants)
    lines = ["", f"{title}: {count} permissions in {len(grants)} groups"]
    for grant in grants[:MAX_ROWS]:
        conditions = " ".join(f"{c.name} {c.key}={'|'.join(c.values)}" for c in grant.conditions)
        when = f" when {conditions}" if conditions else ""
        level = grant.access_level or "unknown level"
        text = f"{actions_text(grant)} on {grant.resource}{when}"
        lines.append(f"{mark} [{level}, risk {grant.risk}] {capped(terminal(text), _WIDTH)}")
        shown = request_text(grant.witness)
        if shown:
            lines.append(f"    for instance {capped(terminal(shown), _WIDTH)}")
        elif grant.reason:
            lines.append(f"    undecided: {terminal(grant.reason)}")
    if len(grants) > MAX_ROWS:
        lines.append(f"{mark} and {len(grants) - MAX_ROWS} more groups (see --format json)")
    return lines


def policy_diff_document(result: PolicyDiff) -> dict[str, Any]:
    """Return a difference as JSON values."""
    return {
        "schema_version": SCHEMA_VERSION,
        "current": result.current,
        "suggested": result.suggested,
        "verdict": result.verdict,
        "diff": diff_document(result.diff),
        "proof": {
            name: {
                "holds": claim.holds,
                "reason": claim.reason,
                "witness": request_row(claim.witness),
            }
            for name, claim in result.claims
        },
        "findings": [finding_row(finding) for finding in result.findings],
        "gaps": [gap_row(gap) for gap in result.gaps],
        "ambiguous": list(result.ambiguous),
    }
