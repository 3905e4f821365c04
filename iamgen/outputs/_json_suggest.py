"""The answer of `suggest` as the document of the contract (design 5): deterministic order, one schema version."""

from collections.abc import Mapping
from typing import Any, assert_never

from iamgen.model.decision import Decision, Granted
from iamgen.model.diff import Claim, Grant, Proof, Request, RoleDiff
from iamgen.model.fact import (
    CodeEvidence,
    ConfigEvidence,
    Evidence,
    LastAccessedEvidence,
    LogEvidence,
    PlatformEvidence,
    TemplateEvidence,
    Widening,
)
from iamgen.model.observation import Coverage, Gap, Location
from iamgen.model.policy import Policy
from iamgen.model.result import (
    SCHEMA_VERSION,
    Finding,
    Suggestion,
    SuggestResult,
)
from iamgen.model.usage import DeployedPolicy


def suggest_document(result: SuggestResult) -> dict[str, Any]:
    """Return the whole answer as JSON values."""
    run = result.ledger
    return {
        "schema_version": SCHEMA_VERSION,
        "run": {
            "as_of": result.as_of,
            "sources": list(result.sources),
            "gaps": [gap_row(gap) for gap in result.gaps],
            "ledger": {
                "files": {"in": run.files_in, "read": run.files_read, "bad": run.files_bad},
                "events": {
                    "in": run.events_in,
                    "attributed": run.events_attributed,
                    "unattributed": run.events_unattributed,
                    "ignored": run.events_ignored,
                    "bad": run.events_bad,
                },
            },
            "findings": [finding_row(finding) for finding in result.findings],
        },
        "functions": [function_document(one) for one in result.functions],
    }


def function_document(one: Suggestion) -> dict[str, Any]:
    """Return the answer for one function; it can be stored alone."""
    ledger = one.ledger
    return {
        "schema_version": SCHEMA_VERSION,
        "function": {
            "name": one.function.name,
            "logical_id": one.function.logical_id,
            "arn": one.function.arn,
            "runtime": one.function.runtime,
            "handler": one.function.handler,
            "template": one.function.template,
        },
        "status": one.status.value,
        "reasons": list(one.reasons),
        "role": {
            "name": one.role.name,
            "arn": one.role.arn,
            "key": one.role.key,
            "shared_by": list(one.role.shared_by),
            "unknown_users": list(one.role.unknown_users),
            "origin": one.role.origin,
            "gained": one.role.gained,
            "has_boundary": one.role.has_boundary,
        },
        "evidence": {
            "code": {
                "files": one.code.files,
                "calls": one.code.calls,
                "resolved": one.code.resolved,
                "complete_for": list(one.code.complete_for),
            },
            "logs": {
                "from": one.logs.first,
                "to": one.logs.last,
                "events": one.logs.events,
                "window_days": one.logs.window_days,
                "coverage": [coverage_row(row) for row in one.logs.coverage],
            },
            "current": {"origin": one.role.origin},
        },
        "permissions": [permission_row(row) for row in one.permissions],
        "denied": [
            {
                "action": row.action,
                "resource": row.resource,
                "count": row.count,
                "first": row.first,
                "last": row.last,
                "denied_by": row.denied_by,
            }
            for row in one.denied
        ],
        "gaps": [gap_row(gap) for gap in one.gaps],
        "assumptions": list(one.assumptions),
        "possible": [
            {
                "action": fact.action,
                "resource": fact.resource.arn,
                "resource_symbolic": fact.resource.symbolic,
                "evidence": [evidence_row(e) for e in fact.evidence],
            }
            for fact in one.possible
        ],
        "policy": _policy(one.policy),
        "policies": [_deployed(row) for row in one.policies],
        "role_policy": _policy(one.role_policy),
        "role_policies": [_deployed(row) for row in one.role_policies],
        "boundary": _policy(one.boundary),
        "diff": diff_document(one.diff) if one.diff is not None else None,
        "proof": proof_document(one.proof) if one.proof is not None else None,
        "widenings": [widening_row(row) for row in one.widenings],
        "granted_count": one.granted_count,
        "suggested_count": one.suggested_count,
        "cost": None
        if one.cost is None
        else {
            "chars": one.cost.chars,
            "lower_bound": one.cost.lower_bound,
            "optimal": one.cost.optimal,
        },
        "findings": [finding_row(row) for row in (*one.findings, *one.advisories)],
        "ledger": {
            "calls": {
                "in": ledger.calls_in,
                "facts": ledger.calls_facts,
                "gaps": ledger.calls_gaps,
                "no_permission": ledger.calls_no_permission,
            },
            "events": {
                "in": ledger.events_in,
                "used": ledger.events_used,
                "denied": ledger.events_denied,
                "ignored": ledger.events_ignored,
            },
            "statements": {
                "in": ledger.statements_in,
                "kept": ledger.statements_kept,
                "narrowed": ledger.statements_narrowed,
                "removed": ledger.statements_removed,
                "unknown": ledger.statements_unknown,
            },
        },
    }


def permission_row(row: Decision) -> dict[str, Any]:
    """Return one row of `permissions`."""
    document: dict[str, Any] = {
        "action": row.action,
        "resource": row.resource.arn,
        "resource_symbolic": row.resource.symbolic,
        "conditions": [
            {"operator": c.name, "key": c.key, "values": list(c.values)} for c in row.conditions
        ],
        "verdict": row.verdict.value,
        "row": row.row,
        "basis": row.basis.value,
        "certainty": row.certainty.value if row.certainty else None,
        "origin": row.origin.value if row.origin else None,
        "current": _CURRENT[row.granted],
        "why": row.why,
        "blocked_by": row.blocked_by,
        "last_used": row.last_used,
        "evidence": [evidence_row(e) for e in row.evidence],
    }
    if row.granted is Granted.PART:
        document["granted"] = "part"
        document["witness"] = row.witness
    if row.statement is not None:
        document |= {
            "statement": row.statement,
            "actions": list(row.actions),
            "actions_count": row.actions_count,
            "access_level": row.access_level,
            "window_days": row.window_days,
        }
    return document


_CURRENT: Mapping[Granted, str] = {
    Granted.EXACT: "granted",
    Granted.WIDER: "wider",
    Granted.PART: "part",
    Granted.NOT: "not granted",
    Granted.UNKNOWN: "unknown",
}


def evidence_row(evidence: Evidence) -> dict[str, Any]:
    """Return one piece of evidence: its kind, and its place or its counts."""
    match evidence:
        case CodeEvidence():
            return {
                "kind": "code",
                "location": location_row(evidence.location),
                "call": f"{evidence.service}:{evidence.operation}",
                "path": list(evidence.path),
                "via": evidence.via or None,
                "note": evidence.note or None,
            }
        case LogEvidence():
            return {
                "kind": "log",
                "event": evidence.event,
                "resource": evidence.resource,
                "outcome": evidence.outcome.value,
                "count": evidence.count,
                "first": evidence.first,
                "last": evidence.last,
                "attribution": evidence.attribution,
                "denied_by": evidence.denied_by,
                "invoked_by": evidence.invoked_by,
            }
        case PlatformEvidence():
            return {
                "kind": "platform",
                "rule": evidence.rule,
                "why": evidence.why,
                "optional": evidence.optional,
                "location": location_row(evidence.location),
            }
        case ConfigEvidence():
            return {
                "kind": "configuration",
                "table": evidence.table,
                "reason": evidence.reason,
                "owner": evidence.owner,
                "expires": evidence.expires,
            }
        case TemplateEvidence():
            return {
                "kind": "template",
                "location": location_row(evidence.location),
                "detail": evidence.detail,
            }
        case LastAccessedEvidence():
            return {
                "kind": "last-accessed",
                "last": evidence.last,
                "tracked_from": evidence.tracked_from,
            }
        case _:
            assert_never(evidence)


def location_row(location: Location | None) -> dict[str, Any] | None:
    """Return a place."""
    if location is None:
        return None
    return {"path": location.path, "line": location.line, "route": location.route or None}


def gap_row(gap: Gap) -> dict[str, Any]:
    """Return a gap."""
    return {
        "reason": gap.reason.value,
        "detail": gap.detail,
        "location": location_row(gap.location),
        "services": None if gap.services is None else list(gap.services),
        "function": gap.function,
    }


def coverage_row(row: Coverage) -> dict[str, Any]:
    """Return a row of coverage."""
    return {
        "account": row.account,
        "region": row.region,
        "service": row.service,
        "category": row.category,
        "resource": row.resource,
        "from": row.first,
        "to": row.last,
        "basis": row.basis,
    }


def finding_row(row: Finding) -> dict[str, Any]:
    """Return a finding."""
    return {
        "id": row.id,
        "level": row.level.value,
        "function": row.function,
        "role": row.role,
        "action": row.action,
        "resource": row.resource,
        "location": location_row(row.location),
        "arguments": dict(row.arguments),
        "suppressed_by": row.suppressed_by,
    }


def widening_row(row: Widening) -> dict[str, Any]:
    """Return a widening."""
    return {"from": row.before, "to": row.after, "reason": row.reason}


def request_row(request: Request | None) -> dict[str, Any] | None:
    """Return a request that shows a difference."""
    if request is None:
        return None
    return {
        "action": request.action,
        "resource": request.resource,
        "context": {key: list(values) for key, values in request.context},
    }


def grant_row(grant: Grant) -> dict[str, Any]:
    """Return a row of a difference."""
    return {
        "actions": list(grant.actions),
        "actions_count": grant.actions_count,
        "resource": grant.resource,
        "conditions": [
            {"operator": c.name, "key": c.key, "values": list(c.values)} for c in grant.conditions
        ],
        "access_level": grant.access_level,
        "risk": grant.risk,
        "risk_reasons": list(grant.risk_reasons),
        "witness": request_row(grant.witness),
        "reason": grant.reason,
    }


def diff_document(diff: RoleDiff) -> dict[str, Any]:
    """Return a difference."""
    return {
        "missing": [grant_row(row) for row in diff.missing],
        "excess": [grant_row(row) for row in diff.excess],
        "undecided": [grant_row(row) for row in diff.undecided],
    }


def _claim(claim: Claim | None) -> dict[str, Any] | None:
    if claim is None:
        return None
    return {
        "holds": claim.holds,
        "reason": claim.reason,
        "witness": request_row(claim.witness),
    }


def proof_document(proof: Proof) -> dict[str, Any]:
    """Return the proof: each claim as true, false or null, with the reasons beside them."""
    claims = {
        "sound": proof.sound,
        "no_new_access": proof.no_new_access,
        "within_boundary": proof.within_boundary,
        "necessary": proof.necessary,
        "no_escalation": proof.escalation,
    }
    document: dict[str, Any] = {
        name: None if claim is None else claim.holds for name, claim in claims.items()
    }
    document["minimal"] = proof.minimal
    document["kept_chars"] = proof.kept_chars
    reasons = {
        name: detail
        for name, claim in claims.items()
        if (detail := "not computed" if claim is None else claim.reason)
    }
    if proof.minimal_reason:
        reasons["minimal"] = proof.minimal_reason
    document["reasons"] = reasons
    document["witnesses"] = {
        name: request_row(claim.witness)
        for name, claim in claims.items()
        if claim is not None and claim.witness is not None
    }
    return document


def _policy(policy: Policy | None) -> dict[str, Any] | None:
    return None if policy is None else policy.to_document()


def _deployed(row: DeployedPolicy) -> dict[str, Any]:
    return {
        "name": row.name,
        "attach": row.attach,
        "document": row.document.to_document(),
        "size_chars": row.size_chars,
        "limit_chars": row.limit_chars,
    }
