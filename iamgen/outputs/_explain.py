"""The answer of `explain` as text, JSON and a Mermaid chart."""

import json
from itertools import pairwise
from typing import Any

from iamgen.model.decision import Decision, Verdict
from iamgen.model.explain import DeniedMessage, Explanation, MissingGrant, Reason
from iamgen.model.fact import (
    CodeEvidence,
    ConfigEvidence,
    Evidence,
    LastAccessedEvidence,
    LogEvidence,
    PlatformEvidence,
    TemplateEvidence,
)
from iamgen.outputs._catalogue import ENGLISH
from iamgen.outputs._escape import capped, mermaid, terminal
from iamgen.outputs._json_suggest import evidence_row, gap_row, location_row, permission_row

MAX_REASONS = 40
_TARGETS = {
    "role": "the policy of its role",
    "identity": "the policy of its role",
    "boundary": "its permissions boundary",
    "scp": "a service control policy of the organisation",
    "rcp": "a resource control policy of the organisation",
    "session": "the session policy of whoever assumes the role",
    "resource-policy": "the policy of the resource",
    "endpoint": "the policy of the VPC endpoint",
}


def explain_text(explanation: Explanation) -> str:
    """Return the answer for people at a terminal."""
    lines: list[str] = []
    if explanation.denied is not None:
        lines += _denied(explanation.denied)
        for grant in explanation.missing:
            lines += _missing(grant)
    if not explanation.reasons and explanation.denied is None:
        lines.append(f"{terminal(explanation.query)}: nothing asks for it and no role grants it")
    for reason in explanation.reasons[:MAX_REASONS]:
        lines += ["", *_reason(reason)] if lines else _reason(reason)
    hidden = len(explanation.reasons) - MAX_REASONS
    if hidden > 0:
        lines.append(f"and {hidden} more (see --format json)")
    for gap in explanation.gaps[:10]:
        place = f" at {terminal(str(gap.location))}" if gap.location is not None else ""
        lines.append(f"gap: {terminal(gap.reason)}: {terminal(gap.detail)}{place}")
    return "\n".join(lines) + "\n"


def _denied(denied: DeniedMessage) -> list[str]:
    if denied.encoded:
        return [
            "the reason is encoded; only AWS can read it:",
            "  aws sts decode-authorization-message --encoded-message TEXT, "
            "then iamgen explain --denied with what it prints",
        ]
    if denied.action is None:
        return ["no known wording of a refused call in this text"]
    on = f" on {terminal(denied.resource)}" if denied.resource else ""
    by = "" if denied.layer == "unknown" else f" by {_TARGETS.get(denied.layer, 'the role')}"
    how = "an explicit deny" if denied.explicit else "no statement allows it"
    return [f"refused: {terminal(denied.action)}{on}{by} ({how})"]


def _missing(grant: MissingGrant) -> list[str]:
    if grant.explicit:
        where = _TARGETS.get(grant.target, "a policy")
        return [f"  a deny in {where} refuses it; no grant helps, the deny has to change"]
    on = f" on {terminal(grant.resource)}" if grant.resource else ""
    who = f"{terminal(grant.function)}: " if grant.function else ""
    place = f" ({terminal(str(grant.place))})" if grant.place is not None else ""
    where = _TARGETS.get(grant.target, "the policy of its role")
    lines = [f"  {who}{terminal(grant.action)}{on} is missing in {where}{place}"]
    if grant.suggested:
        lines.append("    the suggested policy has it: iamgen patch, or iamgen suggest")
    elif grant.function:
        lines.append("    the suggested policy lacks it: no code path or rule asks for it")
    if grant.granted_today:
        lines.append(
            "    the role of the template grants it: what is deployed is older, or limited"
        )
    if grant.in_boundary is False:
        lines.append("    the suggested boundary does not allow it either")
    return lines


def _reason(reason: Reason) -> list[str]:
    row = reason.decision
    lines = [
        f"{terminal(reason.function)}  {terminal(row.action)}  {terminal(row.resource.symbolic)}",
        f"  {_verdict(row)}: {ENGLISH.say_why(row.why) if row.why else row.basis.value}",
    ]
    if row.origin is not None and row.certainty is not None:
        lines.append(f"  from {row.origin.value}, {row.certainty.value}; basis {row.basis.value}")
    for evidence in row.evidence[:8]:
        lines += [f"  {terminal(line)}" for line in _evidence(evidence)]
    if len(row.evidence) > 8:
        lines.append(f"  and {len(row.evidence) - 8} more pieces of evidence")
    for condition in row.conditions:
        values = ", ".join(condition.values)
        lines.append(f"  only if {terminal(f'{condition.name} {condition.key} {values}')}")
    if row.statement is not None:
        lines.append(f"  granted today by {terminal(row.statement)}")
    if row.blocked_by:
        lines.append(f"  blocked by {terminal(row.blocked_by)}")
    if reason.statement is not None:
        role = terminal(reason.role or "")
        place = f" ({terminal(str(reason.place))})" if reason.place is not None else ""
        lines.append(f"  statement {reason.statement} of the suggested policy of {role}{place}")
    return lines


def _verdict(row: Decision) -> str:
    return {
        Verdict.KEEP: "kept",
        Verdict.NARROW: "narrowed",
        Verdict.ADD: "added",
        Verdict.REMOVE: "removed",
        Verdict.REVIEW: "to review",
    }[row.verdict]


def _evidence(evidence: Evidence) -> list[str]:
    match evidence:
        case CodeEvidence():
            via = f" through {evidence.via}" if evidence.via else ""
            lines = [f"code {evidence.location}: {evidence.service} {evidence.operation}{via}"]
            if evidence.path:
                lines.append(f"  path {' > '.join(evidence.path)}")
            return lines
        case LogEvidence():
            return [
                f"log {evidence.event}: {evidence.count} {evidence.outcome.value}, "
                f"{evidence.first[:10]} to {evidence.last[:10]}, {evidence.resource} "
                f"({evidence.attribution})"
            ]
        case PlatformEvidence():
            place = f" at {evidence.location}" if evidence.location is not None else ""
            return [f"platform rule {evidence.rule}{place}: {evidence.why}"]
        case ConfigEvidence():
            end = f", until {evidence.expires}" if evidence.expires else ""
            return [f"iamgen.toml {evidence.table}: {evidence.reason} ({evidence.owner}{end})"]
        case TemplateEvidence():
            return [f"template {evidence.location}: {evidence.detail}"]
        case LastAccessedEvidence():
            return [f"last accessed {evidence.last or 'never'}"]


def explain_json(explanation: Explanation) -> str:
    """Return the answer as JSON."""
    denied = explanation.denied
    document: dict[str, Any] = {
        "schema_version": "1.0",
        "query": explanation.query,
        "denied": None
        if denied is None
        else {
            "action": denied.action,
            "resource": denied.resource,
            "principal": denied.principal,
            "layer": denied.layer,
            "explicit": denied.explicit,
            "encoded": denied.encoded,
        },
        "missing": [
            {
                "function": grant.function,
                "action": grant.action,
                "resource": grant.resource,
                "target": grant.target,
                "explicit": grant.explicit,
                "location": location_row(grant.place),
                "suggested": grant.suggested,
                "granted_today": grant.granted_today,
                "in_boundary": grant.in_boundary,
            }
            for grant in explanation.missing
        ],
        "reasons": [
            {
                "function": reason.function,
                "role": reason.role,
                "permission": permission_row(reason.decision),
                "evidence": [evidence_row(entry) for entry in reason.decision.evidence],
                "statement": reason.statement,
                "location": location_row(reason.place),
                "paths": [list(path) for path in reason.paths],
            }
            for reason in explanation.reasons
        ],
        "gaps": [gap_row(gap) for gap in explanation.gaps],
    }
    return json.dumps(document, indent=2, ensure_ascii=True) + "\n"


def explain_mermaid(explanation: Explanation) -> str:
    """Return the ways to each permission as a flow chart."""
    lines = ["flowchart LR"]
    nodes: dict[str, str] = {}
    edges: set[tuple[str, str]] = set()

    def node(label: str) -> str:
        if label not in nodes:
            nodes[label] = f"n{len(nodes)}"
            lines.append(f'  {nodes[label]}["{mermaid(capped(label, 160))}"]')
        return nodes[label]

    for reason in explanation.reasons[:MAX_REASONS]:
        row = reason.decision
        plain = (
            f"function {reason.function}",
            f"action {row.action}",
            f"resource {row.resource.symbolic}",
        )
        for path in reason.paths or (plain,):
            steps = [node(label) for label in path]
            for start, end in pairwise(steps):
                if (start, end) not in edges:
                    edges.add((start, end))
                    lines.append(f"  {start} --> {end}")
    return "\n".join(lines) + "\n"
