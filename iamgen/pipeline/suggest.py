"""The journey of `suggest`, from code, template, log and current role to a proved policy.

read_project, read_usage, read_current      sources: observations and gaps
scan                                         facts: what each function uses, and why
group                                        graph: which functions share which role
judge                                        decision: one verdict per permission
propose                                      synthesis: policy and boundary
compare, prove                               compare: the difference, and its proof
answer                                       one Suggestion per function
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from iamgen.access.maps import AccessMaps, open_maps
from iamgen.errors import InputError
from iamgen.model.observation import Gap
from iamgen.model.request import SuggestRequest
from iamgen.model.result import RunLedger, Status, Suggestion, SuggestResult
from iamgen.pipeline.answer import answer_group
from iamgen.pipeline.functions import Subject, choose, join_log, template_subjects
from iamgen.pipeline.groups import group_by_role
from iamgen.pipeline.journey import Journey
from iamgen.pipeline.scan import scan_subjects
from iamgen.pipeline.templates import read_templates

if TYPE_CHECKING:
    from iamgen.pipeline.logs import LogUsage


def suggest(request: SuggestRequest) -> SuggestResult:
    """Return the answer for the functions that a request names.

    Raises:
        UsageError: an unknown function, or options that do not fit.
        InputError: unreadable input, or (with `strict`) a gap of a function that was named.
        AccessError: a live source could not be reached.
    """
    journey = read(request)
    return conclude(journey)


def read(request: SuggestRequest) -> Journey:
    """Return what a run reads: templates, logs, and the code of the functions chosen and of their neighbours."""
    maps = open_maps()
    deployments, gaps = read_templates(request)
    subjects = template_subjects(deployments)
    usage = read_logs(request, maps, subjects)
    arns = usage.function_arns if usage is not None else ()
    subjects, identities = join_log(subjects, arns, request)
    chosen = choose(subjects, request)
    wanted = _with_neighbours(chosen, subjects)
    scanned = scan_subjects(wanted, request, maps)
    as_of = request.as_of or (usage.newest if usage is not None else None)
    return Journey(
        request=request,
        maps=maps,
        deployments=deployments,
        subjects=subjects,
        chosen=chosen,
        usage=usage,
        scanned=scanned,
        gaps=(*gaps, *identities.gaps, *_log_gaps(usage, request)),
        as_of=as_of,
    )


def conclude(journey: Journey) -> SuggestResult:
    """Return the answer of what was read: verdicts, policies, differences, proofs."""
    functions: list[Suggestion] = []
    groups = group_by_role(journey)
    for group in groups:
        functions.extend(answer_group(group, journey))
    order = {(s.ref.template, s.ref.id): n for n, s in enumerate(journey.chosen)}
    roles = {group.role_arn for group in groups} if journey.request.by_role else set()
    functions = [f for f in functions if (f.function.template, f.function.id) in order or f.function.id in roles]
    functions.sort(key=lambda f: order.get((f.function.template, f.function.id), len(order)))
    result = SuggestResult(
        as_of=journey.as_of,
        sources=_sources(journey),
        gaps=journey.gaps,
        ledger=_ledger(journey),
        functions=tuple(functions),
    )
    if journey.request.strict:
        _strict(result)
    return result


def insufficient(result: SuggestResult, request: SuggestRequest) -> bool:
    """Whether a function that was named has too little evidence for an answer (exit code 3)."""
    return bool(request.functions) and any(f.status is Status.INSUFFICIENT for f in result.functions)


def read_logs(request: SuggestRequest, maps: AccessMaps, subjects: tuple[Subject, ...]) -> "LogUsage | None":
    """Return what the logs of a request show, None when there are none."""
    from iamgen.pipeline.logs import read_usage

    return read_usage(request, maps, tuple(s.ref for s in subjects))


def _with_neighbours(chosen: tuple[Subject, ...], subjects: tuple[Subject, ...]) -> tuple[Subject, ...]:
    keys = {s.role_key for s in chosen if s.role_key is not None}
    extra = [s for s in subjects if s.role_key in keys and s not in chosen]
    return (*chosen, *extra)


def _sources(journey: Journey) -> tuple[str, ...]:
    found = [f"template {d.template}" for d in journey.deployments]
    if journey.usage is not None:
        named = [f"log {place}" for place in journey.request.logs]
        found.extend(named or [_relative(source, journey.request) for source in journey.usage.sources])
    found.extend(f"current {place}" for place in journey.request.current)
    found.append(f"access maps {journey.maps.version}")
    return tuple(dict.fromkeys(found))


def _log_gaps(usage: "LogUsage | None", request: SuggestRequest) -> tuple[Gap, ...]:
    """Return the gaps of the log, their places relative to the project."""
    return tuple(
        replace(
            gap,
            detail=_relative(gap.detail, request),
            location=None
            if gap.location is None
            else replace(gap.location, path=_relative(gap.location.path, request)),
        )
        for gap in (usage.gaps if usage is not None else ())
    )


def _relative(text: str, request: SuggestRequest) -> str:
    """Return a text with the project's own place left out: answers hold no path of one machine."""
    return text.replace(f"{request.project.resolve()}/", "")


def _ledger(journey: Journey) -> RunLedger:
    files = [s for s in journey.scanned.values() if s.report is not None]
    read_files = {path for s in files if s.report is not None for path in s.report.files}
    bad = {
        gap.location.path
        for s in files
        if s.report is not None
        for gap in s.report.gaps
        if gap.location is not None and gap.reason.value in ("unreadable", "syntax-error")
    }
    ledger = journey.usage.ledger if journey.usage is not None else RunLedger()
    return replace(
        ledger,
        files_in=ledger.files_in + len(read_files | bad),
        files_read=ledger.files_read + len(read_files - bad),
        files_bad=ledger.files_bad + len(bad),
    )


def _strict(result: SuggestResult) -> None:
    for one in result.functions:
        if one.gaps or one.status is not Status.COMPLETE:
            first = one.gaps[0] if one.gaps else None
            raise InputError(
                f"`{one.function.name}` is {one.status.value} with {len(one.gaps)} gaps",
                place=str(first.location) if first is not None and first.location else "",
                hint="without --strict the answer is printed with its gaps",
            )
