"""Code and template of each function to facts: the static half of the journey."""

import fnmatch
from dataclasses import dataclass, replace

from iamgen.access.maps import AccessMaps
from iamgen.facts.bind import Binder
from iamgen.facts.naming import Naming, naming_of
from iamgen.facts.platform import platform_facts
from iamgen.facts.resolve import Resolver
from iamgen.model.config import Hint
from iamgen.model.fact import UsageFact
from iamgen.model.observation import ApiCall, CodeReport, Gap, GapReason, Location
from iamgen.model.request import SuggestRequest
from iamgen.model.value import MapValue
from iamgen.pipeline.functions import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """What code and template say of one function."""

    subject: Subject
    naming: Naming
    report: CodeReport | None
    facts: tuple[UsageFact, ...]
    gaps: tuple[Gap, ...]
    calls_facts: int = 0
    calls_gaps: int = 0
    calls_no_permission: int = 0

    @property
    def analysed(self) -> bool:
        """Whether any code of the function was analysed."""
        return self.report is not None and self.report.analysed


def key(subject: Subject) -> str:
    """Return what tells a function from all others of a run."""
    return f"{subject.ref.template}:{subject.ref.id}" if subject.ref.template else subject.ref.id


def scan_subjects(
    subjects: tuple[Subject, ...], request: SuggestRequest, maps: AccessMaps
) -> dict[str, Scanned]:
    """Return what code and template say of each function; files shared by functions are read once."""
    from iamgen.plugins import Frontend, discover
    from iamgen.sources._program.analyse import analyse_with
    from iamgen.sources._program.modules import loader_for

    loader = loader_for(request.project, discover("iamgen.sources.code", Frontend))
    loader.refresh()
    found: dict[str, Scanned] = {}
    hinted: set[Hint] = set()
    for subject in subjects:
        naming = naming_for(subject, request)
        if subject.spec is None:
            found[key(subject)] = Scanned(
                subject=subject, naming=naming, report=None, facts=(), gaps=()
            )
            continue
        report = analyse_with(loader, subject.spec, maps)
        report, used = _apply_hints(report, request.config.hints, subject)
        hinted.update(used)
        found[key(subject)] = _resolve(subject, report, naming, request, maps)
    return found


def naming_for(subject: Subject, request: SuggestRequest) -> Naming:
    """Return the names of a function's deployment; scope from flags, else its ARN, else the template."""
    fields = subject.ref.arn.split(":") if subject.ref.arn else []
    return naming_of(
        subject.deployment,
        partition=request.partition or (fields[1] if fields else None),
        region=request.region or (fields[3] if fields else None),
        account=request.account or (fields[4] if fields else None),
        stack=request.stack_name,
    )


def _resolve(
    subject: Subject, report: CodeReport, naming: Naming, request: SuggestRequest, maps: AccessMaps
) -> Scanned:
    spec = subject.spec
    assert spec is not None  # noqa: S101  for the type checker: the caller has a template function
    binder = Binder(spec, naming.reference, maps.table("event_fields").get("field", []))
    resolver = Resolver(
        function=subject.ref.id,
        role=subject.role_key,
        binder=binder,
        names=naming,
        maps=maps,
        conditionals=request.conditionals,
    )
    facts: list[UsageFact] = []
    gaps: list[Gap] = [replace(gap, function=subject.ref.id) for gap in report.gaps]
    counts = {"facts": 0, "gaps": 0, "none": 0}
    for call in report.calls:
        resolution = resolver.resolve(call)
        facts.extend(resolution.facts)
        gaps.extend(resolution.gaps)
        if resolution.facts:
            counts["facts"] += 1
        elif resolution.no_permission:
            counts["none"] += 1
        else:
            counts["gaps"] += 1
    facts.extend(
        replace(fact, function=subject.ref.id, role=subject.role_key)
        for fact in platform_facts(spec, naming, maps.table("platform"))
    )
    if subject.deployment is not None:
        gaps.extend(g for g in subject.deployment.gaps if g.function == subject.ref.id)
    unseen = max(0, report.calls_seen - report.calls_foreign - len(report.calls))
    return Scanned(
        subject=subject,
        naming=naming,
        report=report,
        facts=tuple(dict.fromkeys(facts)),
        gaps=tuple(dict.fromkeys(gaps)),
        calls_facts=counts["facts"],
        calls_gaps=counts["gaps"] + unseen,
        calls_no_permission=counts["none"] + report.calls_foreign,
    )


def _apply_hints(
    report: CodeReport, hints: tuple[Hint, ...], subject: Subject
) -> tuple[CodeReport, set[Hint]]:
    """Return the report with gaps that a hint closes replaced by its calls; a hint that fits nothing is a gap."""
    used: set[Hint] = set()
    calls: list[ApiCall] = list(report.calls)
    gaps: list[Gap] = []
    for gap in report.gaps:
        hint = next((h for h in hints if _fits(h, gap, subject)), None)
        if hint is None:
            gaps.append(gap)
            continue
        used.add(hint)
        place = gap.location or Location(path=hint.path)
        calls.extend(
            ApiCall(
                service=service,
                operation=operation,
                arguments=MapValue((), open=True),
                location=place,
                via="hint",
            )
            for service, operation in hint.calls
        )
    for hint in hints:
        mine = any(fnmatch.fnmatchcase(path, hint.path) for path in report.files)
        if mine and hint not in used and fnmatch.fnmatchcase(subject.ref.id, hint.function):
            gaps.append(
                Gap(
                    reason=GapReason.HINT_UNMATCHED,
                    detail=hint.text,
                    location=Location(path=hint.path),
                )
            )
    return replace(report, calls=tuple(calls), gaps=tuple(gaps)), used


def _fits(hint: Hint, gap: Gap, subject: Subject) -> bool:
    place = gap.location
    return (
        place is not None
        and fnmatch.fnmatchcase(place.path, hint.path)
        and fnmatch.fnmatchcase(subject.ref.id, hint.function)
        and " ".join(hint.text.split()) in " ".join(gap.detail.split())
    )
