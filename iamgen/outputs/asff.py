"""The drift report as findings of AWS Security Hub (ASFF), for `batch-import-findings`.

Source: AWS Security Hub User Guide, "AWS Security Finding Format" (checked 2026-11).
"""

import hashlib
import json
from typing import Any

from iamgen.errors import UsageError
from iamgen.model.drift import DriftReport, RoleDrift
from iamgen.model.result import Finding, FindingLevel
from iamgen.outputs._catalogue import ENGLISH, say
from iamgen.outputs._escape import capped, visible
from iamgen.plugins import OutputFormat

_SEVERITY = {FindingLevel.ERROR: "HIGH", FindingLevel.WARNING: "MEDIUM", FindingLevel.NOTE: "INFORMATIONAL"}
_TYPE = "Software and Configuration Checks/AWS Security Best Practices/Least Privilege"


def render(report: Any) -> str:
    """Return a JSON list of findings, errors and warnings only."""
    return json.dumps(findings_of(report), indent=1, ensure_ascii=True) + "\n"


def findings_of(report: DriftReport) -> list[dict[str, Any]]:
    """Return the findings.

    Raises:
        UsageError: the report has no time, or no role's account is known; Security Hub asks for both.
    """
    moment = report.snapshot.as_of
    if not moment:
        raise UsageError("Security Hub findings need a time", hint="give --as-of DATE, or a log with --logs")
    when = moment if "T" in moment else f"{moment}T00:00:00Z"
    roles = {one: role for role in report.snapshot.roles for one in (role.key, role.name)}
    rows = []
    for finding in report.findings:
        if finding.level is FindingLevel.NOTE or finding.suppressed_by is not None:
            continue
        role = roles.get(finding.role or "")
        arn = role.key if role is not None and role.key.startswith("arn:") else None
        if role is None or arn is None:
            continue
        rows.append(_finding(finding, role, arn, when))
    if report.findings and not rows:
        raise UsageError(
            "no role has a known ARN, and Security Hub findings belong to an account",
            hint="give --current FILE|live, or a log with --logs",
        )
    return rows


def _finding(finding: Finding, role: RoleDrift, arn: str, when: str) -> dict[str, Any]:
    partition, account = arn.split(":")[1], arn.split(":")[4]
    rule = ENGLISH.rule(finding.id)
    about = "|".join((finding.id, arn, finding.function or "", finding.action or "", finding.resource or ""))
    region = next((f.split(":")[3] for f in role.functions if f.startswith("arn:")), "us-east-1")
    return {
        "SchemaVersion": "2018-10-08",
        "Id": f"iamgen/{hashlib.sha256(about.encode()).hexdigest()[:32]}",
        "ProductArn": f"arn:{partition}:securityhub:{region}:{account}:product/{account}/default",
        "GeneratorId": f"iamgen/{finding.id}",
        "AwsAccountId": account,
        "Types": [_TYPE],
        "CreatedAt": when,
        "UpdatedAt": when,
        "Severity": {"Label": _SEVERITY[finding.level]},
        "Title": capped(visible(rule.short), 256),
        "Description": capped(say(finding, visible) or rule.short, 1024),
        "Remediation": {"Recommendation": {"Text": capped(rule.remedy or rule.short, 512)}},
        "Resources": [{"Type": "AwsIamRole", "Id": arn, "Partition": partition, "Region": region}],
        "RecordState": "ACTIVE",
        "Workflow": {"Status": "NEW"},
    }


PLUGIN = OutputFormat(name="asff", suffix=".json", renders=(DriftReport,), render=render)
