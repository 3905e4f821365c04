"""What the scanner sees in code: the expectation stands on the line itself, in every language alike.

`# uses: s3:GetObject on orders/*` claims the calls of that line, several divided by `;`; an environment variable X
shows as `{X}`.
`# gap: words` claims a gap there whose reason or detail has the words. A line without either claims nothing happens.
A case is a file with a function `handler`, or a folder whose `app` has one.
"""

import re
from pathlib import Path

import pytest

from iamgen.access.maps import open_maps
from iamgen.facts.bind import Binder
from iamgen.facts.resolve import Resolver
from iamgen.model.condition import Condition
from iamgen.model.function import EventSource, LambdaFunction
from iamgen.model.observation import CodeReport, GapReason, Location
from iamgen.model.value import Text
from iamgen.plugins import Frontend, discover
from iamgen.sources._program.analyse import analyse

CODE = Path(__file__).parent / "code"
RUNTIMES = {
    "python": "python3.13",
    "javascript": "nodejs22.x",
    "typescript": "nodejs22.x",
    "go": "go1.x",
    "java": "java21",
}
CASES = sorted(
    path
    for language in CODE.iterdir()
    if language.is_dir()
    for path in language.iterdir()
    if not path.name.startswith((".", "_"))
)
CLAIM = re.compile(r"(?:#|//)\s*(uses|gap):\s*(.*)$")


class Names:
    """No template: a symbolic ARN is what it says."""

    def concrete(self, symbolic: str) -> str:
        return symbolic

    def canonical(self, symbolic: str) -> str:
        return symbolic

    def condition(self, condition: Condition) -> Condition:
        return condition

    def kms_key(self, symbolic: str) -> None:
        return None


def claims(files: list[Path], root: Path) -> tuple[set, set]:
    uses, gaps = set(), set()
    for file in files:
        for number, line in enumerate(file.read_text().splitlines(), 1):
            found = CLAIM.search(line)
            if not found:
                continue
            place = f"{file.relative_to(root).as_posix()}:{number}"
            for claim in found.group(2).split(";"):
                (uses if found.group(1) == "uses" else gaps).add((place, claim.strip()))
    return uses, gaps


def seen(report: CodeReport, function: LambdaFunction) -> set:
    maps = open_maps()
    binder = Binder(function, lambda reference: None, maps.table("event_fields"))
    resolver = Resolver(function=function.id, role=None, binder=binder, names=Names(), maps=maps)
    found = set()
    for call in report.calls:
        resolution = resolver.resolve(call)
        place = f"{call.location.path}:{call.location.line}"
        for fact in resolution.facts:
            if fact.possible:
                continue
            symbolic = fact.resource.symbolic
            resource = symbolic.split(":", 5)[5] if symbolic.startswith("arn:") else symbolic
            found.add((place, f"{fact.action} on {resource}"))
        if resolution.no_permission:
            found.add((place, f"{call.service}:{call.operation} needs nothing"))
    return found


def function_for(case: Path) -> tuple[LambdaFunction, Path, list[Path]]:
    root = case if case.is_dir() else case.parent
    files = [path for path in sorted(case.rglob("*")) if path.is_file()] if case.is_dir() else [case]
    text = "\n".join(path.read_text() for path in files)
    names = sorted(set(re.findall(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b", text)))
    handler = re.search(r"(?:#|//)\s*handler:\s*(\S+)", text)
    source = re.search(r"(?:#|//)\s*event source:\s*(\S+)\s+(\S+)", text)
    module = case.stem if case.is_file() else "app"
    function = LambdaFunction(
        id="Function",
        template="template.yaml",
        location=Location("template.yaml"),
        runtime=RUNTIMES[case.parent.name],
        handler=handler.group(1) if handler else f"{module}.handler",
        code_root="",
        environment=tuple((name, Text.of(f"{{{name}}}")) for name in names),
        event_sources=(EventSource(kind=source.group(1), resource=Text.of(source.group(2))),) if source else (),
    )
    return function, root, files


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}/{case.stem}")
def test_calls_and_gaps_are_where_the_lines_say(case: Path) -> None:
    function, root, files = function_for(case)
    report = analyse(function, root, discover("iamgen.sources.code", Frontend), open_maps())
    uses, gaps = claims(files, root)
    assert seen(report, function) == uses
    found = {
        (str(gap.location).split(" ")[0], f"{gap.reason} {gap.detail}")
        for gap in report.gaps
        if gap.reason is not GapReason.RESOURCE_UNRESOLVED
    }
    unclaimed = [each for each in found if not any(p == each[0] and w in each[1] for p, w in gaps)]
    unmet = [(p, w) for p, w in gaps if not any(p == place and w in words for place, words in found)]
    assert not unclaimed
    assert not unmet
