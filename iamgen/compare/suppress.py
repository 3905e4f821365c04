"""Findings that a person accepted, until a date.

What enters are findings and the `[[suppress]]` entries of the base's configuration; what leaves
are the findings that count, the suppressed ones with the entry that did it, and a finding per
expired entry. No clock: dates are held against the run's `as_of`, and where there is none, expiry
is not checked and nothing expires.
"""

from datetime import date, timedelta

from iamgen.errors import UsageError
from iamgen.model.check import SuppressedFinding
from iamgen.model.config import Suppression
from iamgen.model.glob import Glob
from iamgen.model.observation import Location
from iamgen.model.result import Finding, FindingLevel

MAX_DAYS = 365
NEVER_SUPPRESSED = frozenset({"rules-changed", "expired-suppression"})
"""What says that the rules are at issue is not silenced by the rules."""


def suppress(
    findings: tuple[Finding, ...],
    suppressions: tuple[Suppression, ...],
    as_of: str | None,
    place: str = "iamgen.toml",
) -> tuple[tuple[Finding, ...], tuple[SuppressedFinding, ...]]:
    """Return the findings that count, those of expired entries included, and the suppressed ones.

    Raises:
        UsageError: an entry has no expiry, or one more than 365 days away.
    """
    today = None if as_of is None else date.fromisoformat(as_of[:10])
    valid: list[Suppression] = []
    expired: list[Suppression] = []
    for index, entry in enumerate(suppressions):
        until = _expiry(entry, today, f"{place}: suppress[{index}]")
        (expired if today is not None and until < today else valid).append(entry)
    counting, silenced = [], []
    for finding in findings:
        entry_found = next((entry for entry in valid if fits(entry, finding)), None)
        if entry_found is None:
            counting.append(finding)
        else:
            silenced.append(SuppressedFinding(finding=finding, suppression=entry_found))
    counting += [_expired(entry, place) for entry in expired]
    return tuple(counting), tuple(silenced)


def fits(entry: Suppression, finding: Finding) -> bool:
    """Whether an entry speaks of a finding; `*` fits also a finding that names nothing there."""
    if entry.id != finding.id or finding.id in NEVER_SUPPRESSED:
        return False
    who = (finding.function, finding.role) if finding.function is None else (finding.function,)
    return (
        any(_matches(entry.function, name) for name in who)
        and _matches(entry.action.lower(), None if finding.action is None else finding.action.lower())
        and _matches(entry.resource, finding.resource)
    )


def _matches(pattern: str, value: str | None) -> bool:
    return pattern == "*" or (value is not None and Glob(pattern).covers(Glob(value)))


def _expiry(entry: Suppression, today: date | None, place: str) -> date:
    if entry.expires is None:
        raise UsageError("`expires` is missing", place=place, hint=f"a date at most {MAX_DAYS} days away")
    until = date.fromisoformat(entry.expires[:10])
    if today is not None and until > today + timedelta(days=MAX_DAYS):
        raise UsageError(f"`expires` is more than {MAX_DAYS} days after {today.isoformat()}", place=place)
    return until


def _expired(entry: Suppression, place: str) -> Finding:
    return Finding(
        id="expired-suppression",
        level=FindingLevel.WARNING,
        function=None if entry.function == "*" else entry.function,
        action=None if entry.action == "*" else entry.action,
        resource=None if entry.resource == "*" else entry.resource,
        location=Location(path=place),
        arguments=(
            ("rule", entry.id),
            ("owner", entry.owner),
            ("expires", entry.expires or ""),
            ("reason", entry.reason),
        ),
    )
