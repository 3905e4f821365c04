"""Workflow commands: findings as annotations on the lines of a pull request.

GitHub shows ten annotations per level and step; the worst come first, and the rest is counted in a
last line. Source: GitHub docs, "Workflow commands for GitHub Actions" (checked 2026-11).
"""

from iamgen.model.check import CheckResult
from iamgen.model.observation import Location
from iamgen.model.result import Finding, FindingLevel
from iamgen.outputs._catalogue import ENGLISH, say
from iamgen.outputs._escape import capped, github_message, github_property, visible
from iamgen.plugins import OutputFormat

PER_LEVEL = 10
_COMMANDS = {
    FindingLevel.ERROR: "error",
    FindingLevel.WARNING: "warning",
    FindingLevel.NOTE: "notice",
}


def render(result: CheckResult) -> str:
    """Return one command per line, errors first; findings of the baseline are left out."""
    places = {entry.function.id: entry.location for entry in result.result.functions}
    lines: list[str] = []
    left = 0
    for level in (FindingLevel.ERROR, FindingLevel.WARNING, FindingLevel.NOTE):
        fitting = [entry for entry in result.findings if entry.new and entry.level is level]
        lines += [
            _command(finding, finding.location or places.get(finding.function or "")) for finding in fitting[:PER_LEVEL]
        ]
        left += len(fitting[PER_LEVEL:])
    if left:
        lines.append(f"iamgen: {left} more findings are not annotated; see the summary")
    return "".join(f"{line}\n" for line in lines)


PLUGIN = OutputFormat(name="github", suffix=".txt", renders=(CheckResult,), render=render)


def _command(finding: Finding, place: Location | None) -> str:
    properties = []
    if place is not None and place.path:
        properties.append(f"file={github_property(place.path)}")
        if place.line > 0:
            properties.append(f"line={place.line}")
        if place.end_line > place.line:
            properties.append(f"endLine={place.end_line}")
    rule = ENGLISH.rule(finding.id)
    properties.append(f"title={github_property(f'iamgen {finding.id}')}")
    words = say(finding, lambda text: f"`{capped(visible(text), 300)}`")
    message = github_message(f"{words}. {rule.remedy}".strip())
    return f"::{_COMMANDS[finding.level]} {','.join(properties)}::{message}"
