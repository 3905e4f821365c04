"""The answer of `check` as JSON, keys in a fixed order, sentences beside their values."""

import json
from typing import Any

from iamgen.model.check import CheckResult, RoleChange
from iamgen.model.diff import Grant
from iamgen.model.fingerprint import fingerprint
from iamgen.model.observation import Location
from iamgen.model.result import SCHEMA_VERSION, Finding
from iamgen.outputs._catalogue import say
from iamgen.outputs._diff_findings import request_text


def check_json(result: CheckResult) -> str:
    """Return one document."""
    document = {
        "schema_version": SCHEMA_VERSION,
        "failed": result.failed,
        "fail_on": list(result.fail_on),
        "mode": result.mode.value if result.mode else None,
        "as_of": result.result.as_of,
        "base": result.base,
        "rules_from": result.rules_from,
        "functions_total": result.functions_total,
        "functions_checked": result.functions_checked,
        "functions": [{"id": name, "status": status.value} for name, status in result.statuses],
        "findings": [_finding(entry) for entry in result.findings],
        "suppressed": [
            {
                **_finding(entry.finding),
                "reason": entry.suppression.reason,
                "owner": entry.suppression.owner,
                "expires": entry.suppression.expires,
            }
            for entry in result.suppressed
        ],
        "roles": [_change(entry) for entry in result.changes],
    }
    return json.dumps(document, indent=2, ensure_ascii=True) + "\n"


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "id": finding.id,
        "level": finding.level.value,
        "fingerprint": fingerprint(finding),
        "function": finding.function,
        "role": finding.role,
        "action": finding.action,
        "resource": finding.resource,
        "location": _location(finding.location),
        "arguments": dict(finding.arguments),
        "new": finding.new,
        "text": say(finding, lambda text: f"`{text}`"),
    }


def _location(place: Location | None) -> dict[str, Any] | None:
    if place is None:
        return None
    return {"path": place.path, "line": place.line or None, "route": place.route or None}


def _change(change: RoleChange) -> dict[str, Any]:
    return {
        "role": change.role,
        "functions": list(change.functions),
        "new": change.new,
        "gained": [_grant(grant) for grant in change.gained],
        "lost": [_grant(grant) for grant in change.lost],
        "undecided": [_grant(grant) for grant in change.undecided],
    }


def _grant(grant: Grant) -> dict[str, Any]:
    return {
        "actions": list(grant.actions),
        "actions_count": grant.actions_count,
        "resource": grant.resource,
        "access_level": grant.access_level,
        "risk": grant.risk,
        "witness": request_text(grant.witness) or None,
        "reason": grant.reason,
    }
