"""SARIF 2.1.0: findings for code scanning, with rules, fingerprints and suppressions.

Source: OASIS SARIF 2.1.0 and GitHub's "SARIF support for code scanning" (checked 2026-11). A
result's fingerprint does not change when lines move; a location is always relative to the project.
"""

import json
from collections.abc import Sequence
from typing import Any

from iamgen import __version__
from iamgen.model.check import CheckResult
from iamgen.model.config import Suppression
from iamgen.model.drift import DriftReport
from iamgen.model.fingerprint import fingerprint
from iamgen.model.observation import Location
from iamgen.model.result import Finding, FindingLevel, PolicyDiff, Suggestion, SuggestResult
from iamgen.outputs._catalogue import ENGLISH, Rule, say
from iamgen.outputs._diff_findings import diff_findings
from iamgen.outputs._escape import capped, markdown_code, visible
from iamgen.plugins import OutputFormat

MAX_RESULTS = 20_000
"""GitHub refuses files with more than 25,000 results."""
_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_URL_SAFE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$'()*+,=@/")
_ORDER = {FindingLevel.ERROR: 0, FindingLevel.WARNING: 1, FindingLevel.NOTE: 2}
_SEVERITY = {FindingLevel.ERROR: "8.0", FindingLevel.WARNING: "5.0", FindingLevel.NOTE: "2.0"}


def render(result: CheckResult | SuggestResult | PolicyDiff | DriftReport) -> str:
    """Return the log file, its keys in a fixed order."""
    match result:
        case CheckResult():
            silenced = [(entry.finding, entry.suppression) for entry in result.suppressed]
            findings = [(finding, None) for finding in result.findings]
            return _log([*findings, *silenced], result.result.functions, _run_properties(result))
        case SuggestResult():
            own = [finding for entry in result.functions for finding in entry.findings]
            findings = [(finding, None) for finding in (*result.findings, *own)]
            return _log(findings, result.functions, {"asOf": result.as_of})
        case DriftReport():
            return _log([(finding, None) for finding in result.findings], (), {"asOf": result.snapshot.as_of})
        case PolicyDiff():
            return _log([(finding, None) for finding in result.findings or diff_findings(result)], (), {})


PLUGIN = OutputFormat(
    name="sarif", suffix=".sarif", renders=(CheckResult, SuggestResult, PolicyDiff, DriftReport), render=render
)


def _log(
    findings: Sequence[tuple[Finding, Suppression | None]],
    functions: tuple[Suggestion, ...],
    properties: dict[str, Any],
) -> str:
    ordered = sorted(findings, key=lambda pair: _order(pair[0]))
    shown = ordered[:MAX_RESULTS]
    used = {finding.id for finding, _ in shown}
    rules = list(ENGLISH.rules) + [ENGLISH.rule(name) for name in sorted(used - {rule.id for rule in ENGLISH.rules})]
    index = {rule.id: position for position, rule in enumerate(rules)}
    places = {entry.function.id: entry.location for entry in functions}
    seen: dict[str, int] = {}
    run: dict[str, Any] = {
        "tool": {
            "driver": {
                "name": "iamgen",
                "semanticVersion": __version__,
                "rules": [_rule(rule) for rule in rules],
            }
        },
        "automationDetails": {"id": "iamgen/"},
        "columnKind": "utf16CodeUnits",
        "invocations": [_invocation(len(ordered) - len(shown))],
        "results": [_result(finding, entry, index, places, seen) for finding, entry in shown],
        "properties": {
            **{key: value for key, value in properties.items() if value is not None},
            "functions": [_function(entry) for entry in functions],
        },
    }
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2, ensure_ascii=True) + "\n"


def _order(finding: Finding) -> tuple[Any, ...]:
    return (
        _ORDER[finding.level],
        finding.id,
        finding.function or "",
        finding.role or "",
        finding.action or "",
        finding.resource or "",
        fingerprint(finding),
    )


def _rule(rule: Rule) -> dict[str, Any]:
    text = f"{rule.help} {rule.remedy}".strip()
    return {
        "id": rule.id,
        "name": "".join(word.capitalize() for word in rule.id.split("-")),
        "shortDescription": {"text": rule.short},
        "fullDescription": {"text": rule.help},
        "help": {"text": text, "markdown": f"{rule.help}\n\n**What to do:** {rule.remedy}"},
        "defaultConfiguration": {"level": rule.level.value},
        "properties": {
            "tags": ["security", "iam", "least-privilege"],
            "precision": "high",
            "security-severity": _SEVERITY[rule.level],
        },
    }


def _result(
    finding: Finding,
    suppression: Suppression | None,
    index: dict[str, int],
    places: dict[str, Location | None],
    seen: dict[str, int],
) -> dict[str, Any]:
    name = fingerprint(finding)
    seen[name] = seen.get(name, 0) + 1
    place = finding.location or places.get(finding.function or "")
    result: dict[str, Any] = {
        "ruleId": finding.id,
        "ruleIndex": index[finding.id],
        "level": finding.level.value,
        "message": {
            "text": _sentence(say(finding, _plain)),
            "markdown": _sentence(say(finding, lambda text: markdown_code(capped(text, 500)))),
        },
        "partialFingerprints": {"iamgen/v1": f"{name}:{seen[name]}"},
    }
    if place is not None and place.path:
        result["locations"] = [_location(place)]
    if not finding.new:
        result["baselineState"] = "unchanged"
    if suppression is not None:
        until = f", until {suppression.expires}" if suppression.expires else ""
        words = f"{suppression.reason} ({suppression.owner}{until})"
        result["suppressions"] = [
            {"kind": "external", "status": "accepted", "justification": capped(visible(words), 500)}
        ]
    bag = {
        key: visible(value)
        for key, value in (
            ("function", finding.function),
            ("role", finding.role),
            ("action", finding.action),
            ("resource", finding.resource),
        )
        if value
    }
    if bag:
        result["properties"] = bag
    return result


def _location(place: Location) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": {"uri": _uri(place.path), "uriBaseId": "%SRCROOT%"}}
    if place.line > 0:
        physical["region"] = {"startLine": place.line}
        if place.end_line > place.line:
            physical["region"]["endLine"] = place.end_line
    location: dict[str, Any] = {"physicalLocation": physical}
    if place.route:
        location["logicalLocations"] = [{"fullyQualifiedName": visible(place.route)}]
    return location


def _uri(path: str) -> str:
    return "".join(
        character
        if character in _URL_SAFE
        else "".join(f"%{byte:02X}" for byte in character.encode("utf-8", "replace"))
        for character in path.replace("\\", "/").lstrip("/")
    )


def _plain(text: str) -> str:
    """Return a name for `message.text`, where brackets would be an embedded link (SARIF 3.11.6)."""
    shown = capped(visible(text), 500)
    return "`" + shown.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]") + "`"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _invocation(left_off: int) -> dict[str, Any]:
    invocation: dict[str, Any] = {"executionSuccessful": True}
    if left_off:
        words = f"{left_off} more findings are left out of this file; the text form has them all."
        invocation["toolExecutionNotifications"] = [{"level": "warning", "message": {"text": words}}]
    return invocation


def _run_properties(result: CheckResult) -> dict[str, Any]:
    return {
        "asOf": result.result.as_of,
        "mode": result.mode.value if result.mode else None,
        "base": result.base,
        "functionsTotal": result.functions_total,
        "functionsChecked": result.functions_checked,
    }


def _function(entry: Suggestion) -> dict[str, Any]:
    return {
        "id": visible(entry.function.id),
        "status": entry.status.value,
        "reasons": [visible(reason) for reason in entry.reasons],
        "gaps": len(entry.gaps),
    }
