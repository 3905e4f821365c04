"""Code and template of each function to facts: the static half of the journey."""

import fnmatch
from dataclasses import dataclass, replace

from iamgen.access.maps import AccessMaps
from iamgen.facts.bind import Binder
from iamgen.facts.naming import Naming, naming_of
from iamgen.facts.platform import platform_facts, platform_gaps
from iamgen.facts.resolve import Resolver
from iamgen.model.config import Hint
from iamgen.model.fact import UsageFact
from iamgen.model.function import Deployment
from iamgen.model.observation import ApiCall, CodeReport, Gap, GapReason, Location
from iamgen.model.request import SuggestRequest
from iamgen.model.scan import ScannedFunction, ScanResult
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
    def calls_in(self) -> int:
        """Calls met: each ends as facts, as a gap, or as one that needs no permission of the function's own."""
        return self.calls_facts + self.calls_gaps + self.calls_no_permission

    @property
    def calls_resolved(self) -> int:
        """Calls whose operation is known, those with foreign credentials among them."""
        return 0 if self.report is None else len(self.report.calls) + self.report.calls_foreign

    @property
    def analysed(self) -> bool:
        """Whether any code of the function was analysed."""
        return self.report is not None and self.report.analysed

    @property
    def hiding(self) -> frozenset[str]:
        """Services whose use a gap may hide; `*` among them when it may be any."""
        gaps = [gap for gap in self.gaps if gap.services != ()]
        return frozenset(service for gap in gaps for service in (gap.services or ("*",)))

    def complete_for(self, services: frozenset[str]) -> tuple[str, ...]:
        """Return which of some services the code would have shown; `*` when nothing is hidden."""
        if not self.analysed or "*" in self.hiding:
            return ()
        return tuple(sorted(services - self.hiding)) if self.hiding else ("*",)


def key(subject: Subject) -> str:
    """Return what tells a function from all others of a run."""
    return f"{subject.ref.template}:{subject.ref.id}" if subject.ref.template else subject.ref.id


def scan_subjects(subjects: tuple[Subject, ...], request: SuggestRequest, maps: AccessMaps) -> dict[str, Scanned]:
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
            found[key(subject)] = Scanned(subject=subject, naming=naming, report=None, facts=(), gaps=())
            continue
        report = analyse_with(loader, subject.spec, maps)
        report, used = _apply_hints(report, request.config.hints, subject)
        hinted.update(used)
        found[key(subject)] = _resolve(subject, report, naming, request, maps)
    return found


def scan(request: SuggestRequest, changed_since: str | None = None) -> ScanResult:
    """Return what code and templates say of the functions of a project, without roles and logs.

    Raises:
        UsageError: an unknown function or revision.
    """
    from iamgen.access.maps import open_maps
    from iamgen.pipeline.functions import choose, template_subjects
    from iamgen.pipeline.templates import read_templates

    maps = open_maps()
    deployments, gaps = read_templates(request)
    subjects = template_subjects(deployments)
    named = request if request.functions else replace(request, all_functions=True)
    chosen = choose(subjects, named)
    skipped: tuple[Subject, ...] = ()
    if changed_since is not None:
        chosen, skipped = _affected(chosen, request, changed_since)
    scanned = scan_subjects(chosen, request, maps)
    return ScanResult(
        functions=tuple(_scanned_function(scanned[key(s)]) for s in chosen),
        gaps=gaps,
        sources=tuple(f"template {d.template}" for d in deployments),
        skipped=tuple(s.ref.id for s in skipped),
    )


def _scanned_function(one: Scanned) -> ScannedFunction:
    report = one.report
    spoken = frozenset(fact.action.partition(":")[0] for fact in one.facts)
    return ScannedFunction(
        function=one.subject.ref,
        analysed=one.analysed,
        facts=one.facts,
        gaps=one.gaps,
        files=report.files if report is not None else (),
        calls=one.calls_in,
        resolved=one.calls_resolved,
        complete_for=one.complete_for(spoken),
    )


def _affected(
    subjects: tuple[Subject, ...], request: SuggestRequest, base: str
) -> tuple[tuple[Subject, ...], tuple[Subject, ...]]:
    """Return the functions that a change can affect, and the others; in doubt a function is affected."""
    from iamgen.pipeline.git import changed_in_work_tree, read_revisions

    revisions = read_revisions(request.project, base)
    changed = changed_in_work_tree(revisions.top, revisions.merge_base, revisions.prefix)
    folders = {
        root.rstrip("/") + "/"
        for s in subjects
        if s.spec is not None
        for root in (s.spec.code_root, *s.spec.layer_roots)
        if root
    }
    shared = [path for path in changed if not any(path.startswith(folder) for folder in folders)]
    beyond = [path for path in shared if not path.endswith((".md", ".txt", ".rst"))]
    affected: list[Subject] = []
    others: list[Subject] = []
    for subject in subjects:
        spec = subject.spec
        roots = [f"{r.rstrip('/')}/" for r in (spec.code_root, *spec.layer_roots) if r] if spec else []
        touched = bool(beyond) or not roots or any(p.startswith(tuple(roots)) for p in changed)
        (affected if touched else others).append(subject)
    return tuple(affected), tuple(others)


def naming_for(subject: Subject, request: SuggestRequest) -> Naming:
    """Return the names of a function's deployment; scope from flags, else its ARN, else the template.

    Functions of one deployment in one place share the value: it holds every resource of the template.
    """
    fields = subject.ref.arn.split(":") if subject.ref.arn else []
    scope = (
        request.partition or (fields[1] if fields else None),
        request.region or (fields[3] if fields else None),
        request.account or (fields[4] if fields else None),
        request.stack_name,
    )
    key = (id(subject.deployment), scope)
    known = _NAMINGS.get(key)
    if known is None or known[0] is not subject.deployment:
        partition, region, account, stack = scope
        naming = naming_of(subject.deployment, partition=partition, region=region, account=account, stack=stack)
        if len(_NAMINGS) > _KEPT_NAMINGS:
            _NAMINGS.clear()
        known = _NAMINGS[key] = (subject.deployment, naming)
    return known[1]


_KEPT_NAMINGS = 64
_NAMINGS: dict[tuple[int, tuple[str | None, ...]], tuple[Deployment | None, Naming]] = {}
"""Made namings by deployment and scope; the deployment is held, so that its identity stays its own."""


def _resolve(
    subject: Subject, report: CodeReport, naming: Naming, request: SuggestRequest, maps: AccessMaps
) -> Scanned:
    spec = subject.spec
    assert spec is not None  # noqa: S101  for the type checker: the caller has a template function
    binder = Binder(spec, naming.reference, maps.table("event_fields"))
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
    gaps.extend(platform_gaps(spec, naming, maps.table("platform")))
    if subject.deployment is not None:
        gaps.extend(g for g in subject.deployment.gaps if g.function == subject.ref.id)
    return Scanned(
        subject=subject,
        naming=naming,
        report=report,
        facts=tuple(dict.fromkeys(facts)),
        gaps=tuple(dict.fromkeys(gaps)),
        calls_facts=counts["facts"],
        calls_gaps=counts["gaps"] + report.calls_unresolved,
        calls_no_permission=counts["none"] + report.calls_foreign,
    )


def _apply_hints(report: CodeReport, hints: tuple[Hint, ...], subject: Subject) -> tuple[CodeReport, set[Hint]]:
    """Return the report with gaps that a hint closes replaced by its calls; a hint that fits nothing is a gap."""
    used: set[Hint] = set()
    calls: list[ApiCall] = list(report.calls)
    gaps: list[Gap] = []
    unresolved = report.calls_unresolved
    for gap in report.gaps:
        hint = next((h for h in hints if _fits(h, gap, subject)), None)
        if hint is None:
            gaps.append(gap)
            continue
        used.add(hint)
        if gap.reason in (GapReason.CLIENT_UNRESOLVED, GapReason.OPERATION_UNRESOLVED):
            unresolved = max(0, unresolved - 1)
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
    return replace(report, calls=tuple(calls), gaps=tuple(gaps), calls_unresolved=unresolved), used


def _fits(hint: Hint, gap: Gap, subject: Subject) -> bool:
    place = gap.location
    return (
        place is not None
        and fnmatch.fnmatchcase(place.path, hint.path)
        and fnmatch.fnmatchcase(subject.ref.id, hint.function)
        and " ".join(hint.text.split()) in " ".join(gap.detail.split())
    )
