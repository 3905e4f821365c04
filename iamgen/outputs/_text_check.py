"""The answer of `check` for a terminal: findings with their place, worst first, then counts."""

from iamgen.model.check import CheckResult
from iamgen.model.result import Finding, FindingLevel
from iamgen.outputs._catalogue import ENGLISH, say
from iamgen.outputs._escape import capped, terminal

MAX_PER_LEVEL = 100


def check_text(result: CheckResult) -> str:
    """Return one line per new finding with what to do below it, then what was not shown."""
    lines: list[str] = []
    for level in (FindingLevel.ERROR, FindingLevel.WARNING, FindingLevel.NOTE):
        some = [entry for entry in result.findings if entry.new and entry.level is level]
        for finding in some[:MAX_PER_LEVEL]:
            lines += _finding(finding)
        if len(some) > MAX_PER_LEVEL:
            lines.append(f"… and {len(some) - MAX_PER_LEVEL} more {level.value}s (--format json)")
    if lines:
        lines.append("")
    for entry in result.suppressed:
        words = say(entry.finding, _name)
        lines.append(
            f"suppressed {entry.finding.id}: {words}: {_name(entry.suppression.reason)} "
            f"({_name(entry.suppression.owner)}, until {entry.suppression.expires or '-'})"
        )
    lines.append(_counts(result))
    return "\n".join(lines) + "\n"


def _finding(finding: Finding) -> list[str]:
    place = f"{terminal(str(finding.location))}: " if finding.location else ""
    words = say(finding, _name)
    remedy = ENGLISH.rule(finding.id).remedy
    first = f"{place}{finding.level.value} {terminal(finding.id)}: {words}"
    return [first, *([f"    {remedy}"] if finding.level is not FindingLevel.NOTE else [])]


def _counts(result: CheckResult) -> str:
    new = [entry for entry in result.findings if entry.new]
    parts = [
        f"{sum(1 for entry in new if entry.level is level)} {level.value}s"
        for level in (FindingLevel.ERROR, FindingLevel.WARNING, FindingLevel.NOTE)
    ]
    known = len(result.findings) - len(new)
    if known:
        parts.append(f"{known} in the baseline")
    if result.suppressed:
        parts.append(f"{len(result.suppressed)} suppressed")
    if result.result.as_of is None:
        parts.append("expiry not checked")
    partial = [name for name, status in result.statuses if status.value != "complete"]
    checked = f"{result.functions_checked} of {result.functions_total} functions checked"
    if partial:
        checked += f" ({len(partial)} with gaps or too little evidence)"
    verdict = "failed" if result.failed else "passed"
    return f"{verdict}: {', '.join(parts)}; {checked}"


def _name(text: str) -> str:
    return f"`{terminal(capped(text, 300))}`"
