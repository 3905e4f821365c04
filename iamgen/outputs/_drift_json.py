"""The drift report as JSON values."""

from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

from iamgen.model.drift import DRIFT_SCHEMA_VERSION, DriftChange, DriftReport, RoleDrift
from iamgen.model.policy import Policy
from iamgen.outputs._json_suggest import finding_row, grant_row


def drift_document(report: DriftReport) -> dict[str, Any]:
    """Return the whole report."""
    return {
        "schema_version": DRIFT_SCHEMA_VERSION,
        "as_of": report.snapshot.as_of or None,
        "previous": report.previous.as_of if report.previous is not None else None,
        "score": report.snapshot.score,
        "worse": report.worse,
        "window": {"from": report.snapshot.first, "to": report.snapshot.last},
        "sources": list(report.snapshot.sources),
        "roles": [role_document(role) for role in report.snapshot.roles],
        "changes": [_change(change) for change in report.changes],
        "trend": [_plain(point) for point in report.trend],
        "expiring": [{"table": t, "what": w, "expires": e} for t, w, e in report.expiring],
        "overdue": [{"role": r, "last_reviewed": None if d == "never" else d} for r, d in report.overdue],
        "blind": list(report.blind),
        "findings": [finding_row(one) for one in report.findings],
        "advisories": [finding_row(one) for one in report.advisories],
        "gaps": list(report.gaps),
    }


def role_document(role: RoleDrift) -> dict[str, Any]:
    """Return one role."""
    document: dict[str, Any] = _plain(role)
    document["ages"] = {bucket.name: bucket.actions for bucket in role.ages}
    document["unknown_why"] = [{"service": s, "why": why} for s, why in role.unknown_why]
    document["findings"] = [{"level": lv, "id": i, "about": what} for lv, i, what in role.findings]
    document["differs_from_template"] = [grant_row(g) for g in role.differs_from_template]
    document["lacks_of_template"] = [grant_row(g) for g in role.lacks_of_template]
    document["policies"] = [p.to_document() for p in role.policies]
    return document


def _change(change: DriftChange) -> dict[str, Any]:
    document: dict[str, Any] = _plain(change)
    document["grants"] = [grant_row(g) for g in change.grants]
    return document


def _plain(value: Any) -> Any:
    if isinstance(value, Policy):
        return value.to_document()
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    return value.value if isinstance(value, Enum) else value
