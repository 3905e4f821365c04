"""Only what is new: findings against the list of those that were there before.

What enters are findings and the JSON value of a baseline file; what leaves are the same findings,
those that the baseline lists marked as not new. It reads and writes no file.
"""

from dataclasses import replace
from typing import Any

from iamgen.errors import InputError
from iamgen.model.fingerprint import fingerprint
from iamgen.model.result import SCHEMA_VERSION, Finding

_HEX = frozenset("0123456789abcdef")


def against_baseline(findings: tuple[Finding, ...], known: frozenset[str]) -> tuple[Finding, ...]:
    """Return the findings in their order, `new` false where the baseline lists them."""
    return tuple(replace(finding, new=fingerprint(finding) not in known) for finding in findings)


def baseline_document(findings: tuple[Finding, ...]) -> dict[str, Any]:
    """Return the JSON value of a baseline file: sorted entries, without lines or counts."""
    entries = {
        fingerprint(finding): {
            "fingerprint": fingerprint(finding),
            "id": finding.id,
            "function": finding.function,
            "role": finding.role,
            "action": finding.action,
            "resource": finding.resource,
        }
        for finding in findings
    }
    ordered = sorted(entries.values(), key=lambda entry: tuple(str(value or "") for value in entry.values())[1:])
    return {"schema_version": SCHEMA_VERSION, "findings": ordered}


def read_baseline(document: Any, place: str) -> frozenset[str]:
    """Return the fingerprints that a baseline file lists.

    Raises:
        InputError: the value is no baseline.
    """
    listed = document.get("findings") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        raise InputError("is no baseline: it has no list `findings`", place=place)
    found = set()
    for index, entry in enumerate(listed):
        text = entry.get("fingerprint") if isinstance(entry, dict) else None
        if not isinstance(text, str) or len(text) != 32 or not _HEX.issuperset(text):
            raise InputError("has no fingerprint", place=f"{place}: findings[{index}]")
        found.add(text)
    return frozenset(found)
