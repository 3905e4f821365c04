"""What a pull request is told, and how it is told.

compare_request     base and head, read from git's objects, to one `PrResult`
save, load          the file between the two jobs of the fork-safe workflow
post                the one comment, and suggestions on lines inside the diff
"""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from iamgen import __version__, github
from iamgen.access.maps import open_maps
from iamgen.errors import AccessError, InputError
from iamgen.model.check import CheckResult, RoleChange
from iamgen.model.decision import Decision, Granted, Verdict
from iamgen.model.diff import Grant
from iamgen.model.fact import CodeEvidence, LogEvidence, PlatformEvidence
from iamgen.model.fingerprint import fingerprint
from iamgen.model.glob import Glob
from iamgen.model.policy import Policy
from iamgen.model.pull_request import (
    MAX_ARTIFACT_BYTES,
    PR_SCHEMA_VERSION,
    PrFinding,
    PrFunction,
    PrGrant,
    PrResult,
    PrRow,
)
from iamgen.model.request import SuggestRequest
from iamgen.model.result import Finding, FindingLevel, Suggestion, SuggestResult
from iamgen.outputs._pr_comment import (
    REVIEW_TITLE,
    comment,
    marker,
    resolved,
    suggestion_body,
)
from iamgen.pipeline.check import (
    choose_affected,
    explained_by_base,
    gather,
    may_change_roles,
    needs,
    read_content,
    read_version,
    request_text,
    role_and_function_findings,
    role_changes,
)
from iamgen.pipeline.proposals import propose, unified
from iamgen.pipeline.versions import Versions, at_base, base_content

_NEEDED = frozenset({Verdict.KEEP, Verdict.NARROW, Verdict.ADD})
_MAX_NOTES = 30
"""Suggestions per run; the rest stays in the patch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """What `post` did."""

    comment: str
    """created, updated, unchanged or none."""
    suggestions: int
    calls: int
    note: str = ""
    """Why suggestions were left out, when they were."""


def compare_request(
    versions: Versions, request: SuggestRequest, *, fail_on: str | None = None, key: str = "default"
) -> PrResult:
    """Return what the change from the merge base to HEAD does to needs and roles.

    Raises:
        UsageError: there is no base, or a rule is broken.
    """
    maps = open_maps()
    head = read_content(request)
    chosen = choose_affected(head, versions)
    result = read_version(head, chosen, maps, versions.head_time)
    changes: tuple[RoleChange, ...] = ()
    before: SuggestResult | None = None
    with base_content(versions) as folder:
        base = read_content(at_base(request, versions, folder))
        wanted = {(one.ref.template, one.ref.id) for one in chosen}
        old = tuple(one for one in base.subjects if (one.ref.template, one.ref.id) in wanted)
        if old:
            before = read_version(base, old, maps, versions.head_time)
        if may_change_roles(head, versions.changed or ()):
            changes = role_changes(base, head, chosen, maps)
    known = _by_name(before)
    functions = tuple(
        _function(one, known.get(_name(one)), changes, request.min_window_days) for one in result.functions
    )
    dropped = explained_by_base(result, before)
    judged = gather(versions, head, chosen, result, changes, maps, fail_on=fail_on, dropped=dropped)
    judged = replace(judged, findings=_of_the_change(judged.findings, before))
    prefix = versions.revisions.prefix if versions.revisions else ""
    patches, suggestions = propose(result, request, prefix, maps)
    return replace(_result(versions, judged, functions, key), patches=patches, suggestions=suggestions)


def save(result: PrResult) -> bytes:
    """Return the file for the posting job.

    Raises:
        InputError: it would be larger than that job reads.
    """
    content = _encoded(result)
    if len(content) > MAX_ARTIFACT_BYTES:
        smaller = replace(
            result,
            functions=tuple(replace(one, kept=(), policy=None, boundary_diff=None) for one in result.functions),
            patches=(),
        )
        content = _encoded(smaller)
    if len(content) > MAX_ARTIFACT_BYTES:
        raise InputError(f"the file is larger than {MAX_ARTIFACT_BYTES} bytes")
    return content


def _encoded(result: PrResult) -> bytes:
    import msgspec

    def clean(value: object) -> object:
        """Return the value with half characters (of file names that are no UTF-8) replaced."""
        if isinstance(value, str):
            return value.encode("utf-8", "replace").decode()
        if isinstance(value, dict):
            return {key: clean(entry) for key, entry in value.items()}
        return [clean(entry) for entry in value] if isinstance(value, list | tuple) else value

    return msgspec.json.format(msgspec.json.encode(clean(asdict(result))), indent=1) + b"\n"


def load(path: Path) -> PrResult:
    """Return what a file of the first job says; it is data of a stranger and chooses nothing.

    Raises:
        InputError: it is no plain file, too large, or not of the schema.
    """
    import msgspec

    try:
        if path.is_symlink() or not path.is_file():
            raise InputError("is no plain file", place=path.name)
        with path.open("rb") as file:
            content = file.read(MAX_ARTIFACT_BYTES + 1)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", place=path.name) from None
    if len(content) > MAX_ARTIFACT_BYTES:
        raise InputError(f"is larger than {MAX_ARTIFACT_BYTES} bytes", place=path.name)
    try:
        result = msgspec.json.decode(content, type=PrResult, strict=True)
    except (msgspec.ValidationError, msgspec.DecodeError, RecursionError) as error:
        raise InputError(f"is not what the first job writes: {error}", place=path.name) from None
    if result.schema_version != PR_SCHEMA_VERSION:
        raise InputError("has another schema version", place=path.name)
    return result


def post(
    client: github.Client,
    pull: github.PullRequest,
    result: PrResult,
    *,
    suggestions: bool = True,
) -> Posted:
    """Bring comment and suggestions up to date.

    Nothing in `result` chooses where to write. Suggestions go first, and only when the comment is
    to change: a comment that is up to date says that they were made. They are left out when the
    pull request stands at another commit.
    """
    posted, note = 0, ""

    def suggest_lines() -> None:
        nonlocal posted, note
        if not suggestions or not result.suggestions:
            return
        if github.head_sha(client, pull) != result.head_sha:
            note = "the pull request stands at another commit; no suggestion was posted"
            return
        try:
            posted = _post_suggestions(client, pull, result)
        except AccessError as error:
            note = f"no suggestion was posted ({error}); the patch in the comment has them"

    done = github.keep_comment(
        client,
        pull,
        marker(result.key),
        comment(result),
        resolved(result) if result.is_clean else None,
        suggest_lines,
    )
    return Posted(comment=done, suggestions=posted, calls=client.calls, note=note)


def read_event(path: Path) -> dict[str, object]:
    """Return the event of a workflow run.

    Raises:
        InputError: the file is no JSON object.
    """
    try:
        event = json.loads(path.read_bytes())
    except (OSError, ValueError):
        raise InputError("cannot be read as an event", place="GITHUB_EVENT_PATH") from None
    if not isinstance(event, dict):
        raise InputError("is no event", place="GITHUB_EVENT_PATH")
    return event


def _post_suggestions(client: github.Client, pull: github.PullRequest, result: PrResult) -> int:
    ranges = github.lines_in_hunks(client, pull)
    notes = []
    for one in result.suggestions:
        body = suggestion_body(one)
        if body is None:
            continue
        note = github.LineNote(
            path=one.path,
            start_line=one.start_line,
            line=one.line,
            body=body,
            fingerprint=one.fingerprint,
        )
        if github.fits(note, ranges):
            notes.append(note)
    return github.post_notes(client, pull, result.head_sha, tuple(notes[:_MAX_NOTES]), REVIEW_TITLE)


def _function(
    one: Suggestion,
    before: Suggestion | None,
    changes: tuple[RoleChange, ...],
    window_days: int,
) -> PrFunction:
    needed = tuple(row for row in one.permissions if row.verdict in _NEEDED)
    was = _code_needs(before)
    now = _code_needs(one)
    gone = tuple(_gone(row, one, window_days) for key, row in was.items() if key not in now)
    change = next((entry for entry in changes if one.function.id in entry.functions), None)
    return PrFunction(
        id=one.function.id,
        name=one.function.name,
        place=str(one.location or ""),
        role=one.role.name or one.role.key or one.function.name,
        status=one.status.value,
        reasons=one.reasons,
        needs=len({row.action for row in needed}),
        grants=one.granted_count,
        suggested=one.suggested_count,
        breaks=tuple(_row(row) for row in one.permissions if _breaks(row)),
        blocked=tuple(
            _row(row)
            for row in one.permissions
            if row.row == 1 or (row.blocked_by and row.verdict in _NEEDED and "(" not in row.blocked_by)
        ),
        now_needed=tuple(_row(row) for key, row in now.items() if key not in was) if before is not None else (),
        no_longer_needed=tuple(row for row in gone if row is not None),
        can_go=tuple(_row(row) for row in one.permissions if row.verdict is Verdict.REMOVE),
        review=tuple(_row(row) for row in one.permissions if row.verdict is Verdict.REVIEW and row.row != 1),
        kept=tuple(_row(row) for row in needed),
        gained=tuple(_grant(grant, one) for grant in change.gained) if change else (),
        lost=tuple(_grant(grant, one) for grant in change.lost) if change else (),
        undecided=tuple(_grant(grant, one) for grant in change.undecided) if change else (),
        gaps=tuple(f"{gap.detail} ({gap.location})" if gap.location else gap.detail for gap in one.gaps),
        policy=_policy_text(one.role_policy or one.policy),
        boundary_diff=_boundary_diff(before, one),
    )


def _of_the_change(findings: tuple[Finding, ...], before: SuggestResult | None) -> tuple[Finding, ...]:
    """Return all errors, and of the rest what the base does not have already."""
    known = {fingerprint(entry) for entry in role_and_function_findings(before)} if before else set()
    return tuple(entry for entry in findings if entry.level is FindingLevel.ERROR or fingerprint(entry) not in known)


def _once_per_role(result: SuggestResult, functions: tuple[PrFunction, ...]) -> tuple[PrFunction, ...]:
    """Return the functions, what is said of a shared role with the first of its functions only."""
    seen: set[tuple[str | None, str]] = set()
    kept = []
    for one, function in zip(result.functions, functions, strict=True):
        key = (one.function.template, one.role.key or one.role.arn or one.function.id)
        if key in seen:
            function = replace(  # noqa: PLW2901  the same function with less to say
                function, can_go=(), review=(), gained=(), lost=(), undecided=()
            )
        seen.add(key)
        kept.append(function)
    return tuple(kept)


def _gone(row: Decision, after: Suggestion, window_days: int) -> PrRow | None:
    """Return a need of the base that the head's code does not have, with what becomes of its grant.

    None where nothing was granted for it.
    """
    shown = replace(_row(row), places=(), why="waiting")
    same = [entry for entry in after.permissions if _speaks_of(entry, row)]
    kept = [entry for entry in same if entry.verdict in _NEEDED]
    if kept:
        last = max((entry.last_used or "" for entry in kept), default="")
        return replace(shown, verdict="keep", wait_days=window_days, last_used=last[:10] or None)
    verdicts = {entry.verdict for entry in same}
    for verdict in (Verdict.REVIEW, Verdict.REMOVE):
        if verdict in verdicts:
            return replace(shown, verdict=verdict.value)
    return None


def _speaks_of(entry: Decision, row: Decision) -> bool:
    names = {name.lower() for name in (entry.action, *entry.actions)}
    fits = row.action.lower() in names or any(Glob(name).matches(row.action.lower()) for name in names)
    return fits and Glob(entry.resource.arn).overlaps(Glob(row.resource.arn))


def _code_needs(one: Suggestion | None) -> dict[tuple[str, str], Decision]:
    """Return the rows that code or platform ask for, by action and resource."""
    if one is None:
        return {}
    return {
        _key(row): row
        for row in one.permissions
        if row.row in {1, 2, 3, 4, 5, 6}
        and any(isinstance(entry, CodeEvidence | PlatformEvidence) for entry in row.evidence)
    }


def _key(row: Decision) -> tuple[str, str]:
    return row.action, row.resource.symbolic


def _breaks(row: Decision) -> bool:
    asked = any(isinstance(entry, CodeEvidence | PlatformEvidence) for entry in row.evidence)
    missing = row.granted in {Granted.NOT, Granted.PART}
    return row.verdict is Verdict.ADD and asked and missing and row.why != "works-today"


def _row(row: Decision) -> PrRow:
    places = [str(entry.location) for entry in row.evidence if isinstance(entry, CodeEvidence)]
    places += [f"platform: {entry.rule}" for entry in row.evidence if isinstance(entry, PlatformEvidence)]
    logged = sum(entry.count for entry in row.evidence if isinstance(entry, LogEvidence))
    return PrRow(
        action=row.action,
        resource=row.resource.symbolic,
        verdict=row.verdict.value,
        why=row.why,
        places=tuple(dict.fromkeys(places)),
        basis=row.basis.value,
        last_used=row.last_used[:10] if row.last_used else None,
        count=row.actions_count,
        log_count=logged,
        access_level=row.access_level,
        blocked_by=row.blocked_by,
    )


def _grant(grant: Grant, one: Suggestion) -> PrGrant:
    return PrGrant(
        actions=grant.actions,
        actions_count=grant.actions_count,
        resource=grant.resource,
        access_level=grant.access_level,
        risk=grant.risk,
        risk_reasons=grant.risk_reasons,
        witness=request_text(grant.witness) or None,
        needed=needs(one, grant),
    )


def _policy_text(policy: Policy | None) -> str | None:
    if policy is None:
        return None
    return json.dumps(policy.to_document(), indent=2, ensure_ascii=False)


def _boundary_diff(before: Suggestion | None, after: Suggestion) -> str | None:
    old = _policy_text(before.boundary) if before is not None else None
    new = _policy_text(after.boundary)
    if old is None or new is None or old == new:
        return None
    return unified("boundary.json", f"{old}\n", f"{new}\n")


def _result(
    versions: Versions,
    judged: CheckResult,
    functions: tuple[PrFunction, ...],
    key: str,
) -> PrResult:
    found = versions.revisions
    windows = [one.logs for one in judged.result.functions if one.logs.first and one.logs.last]
    window = f"{(windows[0].first or '')[:10]} to {(windows[0].last or '')[:10]}" if windows else None
    return PrResult(
        tool_version=__version__,
        base_sha=found.merge_base if found else "",
        rules_sha=found.base_tip if found else "",
        head_sha=found.head if found else "",
        key=key,
        as_of=judged.result.as_of,
        window=window,
        sources=judged.result.sources,
        functions=tuple(sorted(functions, key=_weight)),
        functions_total=judged.functions_total,
        findings=tuple(_finding(entry) for entry in judged.findings if entry.new),
        suppressed=len(judged.suppressed),
        failed=judged.failed,
    )


def _finding(finding: Finding) -> PrFinding:
    place = finding.location
    return PrFinding(
        id=finding.id,
        level=finding.level.value,
        function=finding.function,
        role=finding.role,
        action=finding.action,
        resource=finding.resource,
        path=place.path if place else "",
        line=place.line if place else 0,
        arguments=finding.arguments,
    )


def _weight(one: PrFunction) -> tuple[object, ...]:
    return (
        not one.breaks,
        not one.blocked,
        not one.gained,
        not one.now_needed,
        not one.no_longer_needed,
        not one.can_go,
        one.id,
    )


def _by_name(result: SuggestResult | None) -> dict[tuple[str | None, str], Suggestion]:
    return {} if result is None else {_name(one): one for one in result.functions}


def _name(one: Suggestion) -> tuple[str | None, str]:
    return one.function.template, one.function.id
