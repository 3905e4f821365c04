"""The gate: what a change does to needs and roles, judged by the rules of its base.

affected          which functions a change can touch
read_version      sources and facts, for these functions and those that share their roles
role_changes      what each role gains and loses, compared in meaning
forbidden         the invariants of `[[forbid]]`, proved for each role
gather            all findings; baseline and suppressions applied
"""

import fnmatch
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from iamgen.access.maps import AccessMaps, open_maps
from iamgen.compare.baseline import against_baseline, read_baseline
from iamgen.compare.diff import diff
from iamgen.compare.suppress import suppress
from iamgen.errors import InputError, UsageError
from iamgen.facts.naming import Naming
from iamgen.model.check import CheckResult, Mode, RoleChange, SuppressedFinding
from iamgen.model.config import Config, Forbid
from iamgen.model.decision import Decision, Verdict
from iamgen.model.diff import Grant, Request, RoleDiff
from iamgen.model.fact import CodeEvidence
from iamgen.model.function import Deployment, Role
from iamgen.model.glob import Glob
from iamgen.model.observation import Gap, Location
from iamgen.model.policy import Policy, Statement
from iamgen.model.request import SuggestRequest
from iamgen.model.result import Finding, FindingLevel, Suggestion, SuggestResult
from iamgen.pipeline.functions import Subject, choose, join_log, template_subjects
from iamgen.pipeline.journey import Journey
from iamgen.pipeline.scan import naming_for, scan_subjects
from iamgen.pipeline.suggest import conclude, read_logs
from iamgen.pipeline.templates import read_templates
from iamgen.pipeline.versions import Versions, at_base, base_content
from iamgen.semantics.layers import Layers
from iamgen.semantics.subset import Kind, subset
from iamgen.semantics.universe import universe_of

NO_EFFECT = frozenset({".md", ".rst", ".txt", ".png", ".jpg", ".jpeg", ".gif", ".svg", ".pdf", ".csv"})
"""Files that nothing reads; a change of any other one outside all code touches each function."""
_LEVELS = (FindingLevel.NOTE, FindingLevel.WARNING, FindingLevel.ERROR)
_OF_THE_ROLE = frozenset(
    {"removable", "unknown-kept", "missing-boundary", "outside-boundary", "escalation", "over-limit"}
)
"""Findings that are the same for each function of a role."""
_UNEXPLAINED_ROW = 7
"""Row of the verdict table: used in the log, no code path."""
_MAX_BASELINE_BYTES = 20 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """The templates of one version, before any code is read."""

    request: SuggestRequest
    deployments: tuple[Deployment, ...]
    subjects: tuple[Subject, ...]
    gaps: tuple[Gap, ...]


def check(
    versions: Versions,
    request: SuggestRequest,
    *,
    fail_on: str | None = None,
) -> CheckResult:
    """Return the findings of the content, those of a change only where there is a base.

    Raises:
        UsageError: a suppression without an end, an unknown level.
        InputError: the baseline cannot be read.
    """
    maps = open_maps()
    content = read_content(request)
    chosen = choose_affected(content, versions)
    result = read_version(content, chosen, maps, versions.head_time)
    changes: tuple[RoleChange, ...] = ()
    dropped: frozenset[Finding] = frozenset()
    if versions.changed is not None:
        unexplained = {
            (one.function.template, one.function.id)
            for one in result.functions
            if any(finding.id == "unexplained-use" for finding in one.findings)
        }
        roles = may_change_roles(content, versions.changed)
        if roles or unexplained:
            with base_content(versions) as folder:
                before = read_content(at_base(request, versions, folder))
                if roles:
                    changes = role_changes(before, content, chosen, maps)
                old = tuple(one for one in before.subjects if (one.ref.template, one.ref.id) in unexplained)
                if old:
                    answer = read_version(before, old, maps, versions.head_time)
                    dropped = explained_by_base(result, answer)
    return gather(versions, content, chosen, result, changes, maps, fail_on=fail_on, dropped=dropped)


def read_content(request: SuggestRequest) -> Content:
    """Return what the templates of a version state."""
    deployments, gaps = read_templates(request)
    return Content(
        request=request,
        deployments=deployments,
        subjects=template_subjects(deployments),
        gaps=gaps,
    )


def choose_affected(content: Content, versions: Versions) -> tuple[Subject, ...]:
    """Return the functions to judge: those named, else those a change can touch, else all."""
    request = content.request
    if request.functions:
        return tuple(one for one in choose(content.subjects, request) if one.spec is not None)
    if versions.changed is None:
        return content.subjects
    return affected(content.subjects, versions.changed)


def affected(subjects: tuple[Subject, ...], changed: tuple[str, ...]) -> tuple[Subject, ...]:
    """Return the functions that a change of these paths can touch.

    A file below the code of a function or of its layers touches that function, a template its
    functions; any other file may be included from somewhere and touches all, unless it is of a
    kind that nothing reads.
    """
    roots = {id(one): _roots(one) for one in subjects}
    touched: set[int] = set()
    for path in changed:
        templates = {id(one) for one in subjects if one.ref.template == path}
        below = {id(one) for one in subjects if any(_is_below(path, root) for root in roots[id(one)])}
        if templates or below:
            touched |= templates | below
        elif PurePosixPath(path).suffix.lower() not in NO_EFFECT and not _is_own(path):
            return subjects
    return tuple(one for one in subjects if id(one) in touched)


def may_change_roles(content: Content, changed: tuple[str, ...]) -> bool:
    """Whether a change can alter a role: it edits something besides the code of functions."""
    for path in changed:
        suffix = PurePosixPath(path).suffix.lower()
        is_code = suffix in {".py", ".js", ".mjs", ".cjs", ".ts", ".tsx", ".jsx", ".go", ".java"}
        in_code = any(_is_below(path, root) for one in content.subjects for root in _roots(one))
        from_sources = any(one.best_effort for one in content.deployments)
        if not (suffix in NO_EFFECT or _is_own(path) or (is_code and in_code and not from_sources)):
            return True
    return False


def read_version(
    content: Content, chosen: tuple[Subject, ...], maps: AccessMaps, head_time: str | None
) -> SuggestResult:
    """Return the answer for the functions chosen, `as_of` no older than the head commit."""
    request = content.request
    usage = read_logs(request, maps, content.subjects) if request.logs else None
    arns = usage.function_arns if usage is not None else ()
    subjects, identities = join_log(content.subjects, arns, request)
    wanted = {(one.ref.template, one.ref.id) for one in chosen}
    mine = tuple(one for one in subjects if (one.ref.template, one.ref.id) in wanted)
    roles = {one.role_key for one in mine if one.role_key is not None}
    neighbours = tuple(one for one in subjects if one.role_key in roles and one not in mine)
    newest = usage.newest if usage is not None else None
    return conclude(
        Journey(
            request=request,
            maps=maps,
            deployments=content.deployments,
            subjects=subjects,
            chosen=mine,
            usage=usage,
            scanned=scan_subjects((*mine, *neighbours), request, maps),
            gaps=(*content.gaps, *identities.gaps, *(usage.gaps if usage is not None else ())),
            as_of=request.as_of or max((newest or "", head_time or "")) or None,
        )
    )


def role_changes(
    before: Content, after: Content, chosen: tuple[Subject, ...], maps: AccessMaps
) -> tuple[RoleChange, ...]:
    """Return what each role of the functions chosen gains and loses, compared in meaning."""
    old: dict[str, Subject] = {}
    for one in before.subjects:
        if one.role_key is not None:
            old.setdefault(one.role_key, one)
    changes = []
    for key, subject, functions in _roles_of(chosen):
        role, previous = subject.role, old.get(key)
        if role is None:
            continue
        base_role = previous.role if previous is not None else None
        new_layers = _layers(role, naming_for(subject, after.request))
        old_layers = (
            _layers(base_role, naming_for(previous, before.request))
            if previous is not None and base_role is not None
            else Layers.of()
        )
        found = RoleDiff() if new_layers == old_layers else _difference(old_layers, new_layers, maps)
        undecided = (*found.undecided, *_unknown_documents(base_role, role))
        if not (found.missing or found.excess or undecided):
            continue
        changes.append(
            RoleChange(
                role=role.name.literal if role.name and role.name.literal else role.key,
                functions=functions,
                gained=found.missing,
                lost=found.excess,
                undecided=undecided,
                before=base_role,
                after=role,
                new=base_role is None,
            )
        )
    return tuple(changes)


def role_and_function_findings(result: SuggestResult) -> tuple[Finding, ...]:
    """Return the findings of all functions; what speaks of a shared role is said once, of the role."""
    found = []
    for one in result.functions:
        for finding in one.findings:
            if finding.id in _OF_THE_ROLE and len(one.role.shared_by) > 1:
                place = one.role.location or finding.location
                found.append(replace(finding, function=None, location=place))
            else:
                found.append(finding)
    seen: dict[tuple[object, ...], Finding] = {}
    for finding in found:
        place = finding.location if finding.function is not None else None
        key = (finding.id, finding.function, finding.role, finding.action, finding.resource)
        seen.setdefault((*key, finding.arguments, place), finding)
    return tuple(seen.values())


def explained_by_base(result: SuggestResult, before: SuggestResult | None) -> frozenset[Finding]:
    """Return the findings `unexplained-use` whose call the base's code has and the change removes.

    The permission stays all the same, for as long as the log window shows its use.
    """
    if before is None:
        return frozenset()
    calls: dict[tuple[str | None, str], list[Decision]] = {}
    for one in before.functions:
        calls[one.function.template, one.function.id] = [
            row for row in one.permissions if any(isinstance(entry, CodeEvidence) for entry in row.evidence)
        ]
    explained = set()
    for one in result.functions:
        rows = [row for row in one.permissions if row.row == _UNEXPLAINED_ROW]
        for finding in one.findings:
            if finding.id != "unexplained-use":
                continue
            mine = [row for row in rows if (row.action, row.resource.symbolic) == (finding.action, finding.resource)]
            known = calls.get((one.function.template, one.function.id), [])
            if mine and all(
                any(
                    old.action == row.action and Glob(old.resource.arn).overlaps(Glob(row.resource.arn))
                    for old in known
                )
                for row in mine
            ):
                explained.add(finding)
    return frozenset(explained)


def gather(
    versions: Versions,
    content: Content,
    chosen: tuple[Subject, ...],
    result: SuggestResult,
    changes: tuple[RoleChange, ...],
    maps: AccessMaps,
    *,
    fail_on: str | None,
    dropped: frozenset[Finding] = frozenset(),
) -> CheckResult:
    """Return all findings, judged, without the `dropped`, which the base explains."""
    config = content.request.config
    levels = fail_levels(fail_on, config)
    own = role_and_function_findings(result)
    made = [
        *rule_findings(versions),
        *(finding for finding in (*result.findings, *own) if finding not in dropped),
        *(finding for change in changes for finding in change_findings(change, result)),
        *forbidden(config.forbids, chosen, content.request, maps),
    ]
    known: frozenset[str] = frozenset()
    if versions.baseline is not None:
        known = _read_baseline_file(versions.baseline)
    counting, silenced = suppress(
        against_baseline(tuple(dict.fromkeys(made)), known),
        config.suppressions,
        result.as_of,
        config.path or "iamgen.toml",
    )
    ordered = tuple(sorted(counting, key=_order))
    return CheckResult(
        result=result,
        findings=ordered,
        suppressed=tuple(_named(entry) for entry in silenced),
        changes=changes,
        mode=Mode(config.mode) if config.mode else None,
        fail_on=levels,
        failed=fails(ordered, levels),
        base=versions.revisions.merge_base if versions.revisions else None,
        rules_from=versions.revisions.base_tip if versions.revisions else None,
        functions_total=len(content.subjects),
        functions_checked=len(chosen),
        statuses=tuple((one.function.id, one.status) for one in result.functions),
    )


def fail_levels(fail_on: str | None, config: Config) -> tuple[str, ...]:
    """Return what makes the gate fail: the option, else what the mode says, else errors.

    Raises:
        UsageError: a word that is neither a level nor a rule.
    """
    if fail_on is None:
        quiet = config.mode in {Mode.OBSERVE, Mode.SUGGEST}
        return ("never",) if quiet else ("error",)
    words = tuple(word.strip() for word in fail_on.split(",") if word.strip())
    if not words or any(not word.replace("-", "").isalpha() for word in words):
        raise UsageError(
            f"`{fail_on}` is no level",
            place="--fail-on",
            hint="never, note, warning, error, or ids",
        )
    return words


def fails(findings: Iterable[Finding], fail_on: tuple[str, ...]) -> bool:
    """Whether a new finding stands at or above the level, or is one of the ids named."""
    if fail_on == ("never",):
        return False
    named = {level.value for level in _LEVELS}
    least = min((_LEVELS.index(FindingLevel(word)) for word in fail_on if word in named), default=9)
    return any(finding.new and (_LEVELS.index(finding.level) >= least or finding.id in fail_on) for finding in findings)


def rule_findings(versions: Versions) -> tuple[Finding, ...]:
    """Return one finding per rule file that the change edits."""
    tip = versions.revisions.base_tip[:12] if versions.revisions else ""
    return tuple(
        Finding(
            id="rules-changed",
            level=FindingLevel.WARNING,
            function=None,
            location=Location(path),
            arguments=(("base", tip), ("path", path)),
        )
        for path in versions.rules_changed
    )


def change_findings(change: RoleChange, result: SuggestResult) -> tuple[Finding, ...]:
    """Return `new-access` for what a role gains, `undecided` for what was not compared."""
    users = [one for one in result.functions if one.function.id in change.functions]
    function = change.functions[0] if len(change.functions) == 1 else None
    place = change.after.location if change.after is not None else None
    found = []
    for grant in change.gained:
        needing = [one.function.id for one in users if needs(one, grant)]
        need = ("needed_by", ", ".join(needing)) if needing else ("unneeded", "yes")
        found.append(
            Finding(
                id="new-access",
                level=FindingLevel.ERROR,
                function=function,
                role=change.role,
                action=actions_text(grant),
                resource=grant.resource,
                location=place,
                arguments=(need, ("witness", request_text(grant.witness))),
            )
        )
    found += [
        Finding(
            id="undecided",
            level=FindingLevel.ERROR,
            function=function,
            role=change.role,
            action=actions_text(grant),
            resource=grant.resource,
            location=place,
            arguments=(("reason", grant.reason or ""),),
        )
        for grant in change.undecided
    ]
    return tuple(found)


def needs(one: Suggestion, grant: Grant) -> bool:
    """Whether the function needs all that a grant allows, as far as its actions are named."""
    if grant.actions_count > len(grant.actions):
        return False
    wanted = [row for row in one.permissions if row.verdict in {Verdict.KEEP, Verdict.NARROW, Verdict.ADD}]
    return bool(grant.actions) and all(
        any(
            row.action.lower() == action.lower() and Glob(row.resource.arn).covers(Glob(grant.resource))
            for row in wanted
        )
        for action in grant.actions
    )


def forbidden(
    forbids: tuple[Forbid, ...],
    chosen: tuple[Subject, ...],
    request: SuggestRequest,
    maps: AccessMaps,
) -> tuple[Finding, ...]:
    """Return a finding per role and invariant that does not hold, with a request that shows it."""
    if not forbids:
        return ()
    universe = universe_of(maps)
    found = []
    for _, subject, functions in _roles_of(chosen):
        role = subject.role
        if role is None:
            continue
        name = role.name.literal if role.name and role.name.literal else role.key
        layers = _layers(role, naming_for(subject, request))
        for index, rule in enumerate(forbids):
            if any(fnmatch.fnmatchcase(who, one) for one in rule.unless for who in (name, *functions)):
                continue
            fence = Policy((Statement(actions=rule.actions, resources=rule.resources),))
            verdict = subset(replace(layers, session=fence), Layers.of(), universe)
            unread = [one.name for one in role.policies if one.policy is None]
            if verdict.kind is Kind.PROVED and not unread:
                continue
            witness = verdict.witness
            reason = verdict.reason or f"the content of {', '.join(unread)} is not known"
            found.append(
                Finding(
                    id="forbidden" if verdict.kind is Kind.WITNESS else "undecided",
                    level=FindingLevel.ERROR,
                    function=functions[0] if len(functions) == 1 else None,
                    role=name,
                    action=witness.action if witness else ", ".join(rule.actions[:3]),
                    resource=witness.resource if witness else ", ".join(rule.resources[:3]),
                    location=role.location,
                    arguments=(("witness", request_text(witness)),)
                    if verdict.kind is Kind.WITNESS
                    else (("reason", f"forbid[{index}]: {reason}"),),
                )
            )
    return tuple(found)


def request_text(request: Request | None) -> str:
    """Return a request as one line."""
    if request is None:
        return ""
    context = ", ".join(f"{key}={'|'.join(values)}" for key, values in request.context)
    return f"{request.action} on {request.resource}" + (f" with {context}" if context else "")


def actions_text(grant: Grant) -> str:
    """Return the actions of a group, the first three by name."""
    names = ", ".join(grant.actions[:3])
    more = grant.actions_count - min(len(grant.actions), 3)
    return f"{names} and {more} more" if more > 0 else names


def _roles_of(chosen: tuple[Subject, ...]) -> list[tuple[str, Subject, tuple[str, ...]]]:
    """Return each role once: its key, one function that carries it, and the ids of all of them."""
    first: dict[str, Subject] = {}
    users: dict[str, list[str]] = {}
    for one in chosen:
        if one.role_key is not None and one.role is not None:
            first.setdefault(one.role_key, one)
            users.setdefault(one.role_key, []).append(one.ref.id)
    return [(key, one, tuple(users[key])) for key, one in first.items()]


def _layers(role: Role, naming: Naming) -> Layers:
    return Layers(
        identity=tuple(naming.concrete_policy(one.policy) for one in role.policies if one.policy is not None),
        boundary=naming.concrete_policy(role.boundary) if role.boundary is not None else None,
    )


def _difference(before: Layers, after: Layers, maps: AccessMaps) -> RoleDiff:
    found = diff(before, after, maps)
    open_gains = tuple(row for row in found.undecided if row.direction != "excess")
    return replace(found, undecided=open_gains)


def _unknown_documents(before: Role | None, after: Role) -> tuple[Grant, ...]:
    """Return what the change attaches without a document that could be compared."""
    known = {one.arn or one.name for one in before.policies} if before is not None else set()
    return tuple(
        Grant(
            actions=("*",),
            actions_count=1,
            resource="*",
            reason=f"the content of {one.arn or one.name} is not known",
        )
        for one in after.policies
        if one.policy is None and (one.arn or one.name) not in known
    )


def _read_baseline_file(path: Path) -> frozenset[str]:
    if not path.is_file():
        # The base has no baseline yet: all is new, and the file that the change adds is a finding.
        return frozenset()
    if path.stat().st_size > _MAX_BASELINE_BYTES:
        raise InputError("is too large for a baseline", place=path.name)
    try:
        document = json.loads(path.read_bytes())
    except ValueError:
        raise InputError("is no JSON", place=path.name) from None
    return read_baseline(document, path.name)


def _named(entry: SuppressedFinding) -> SuppressedFinding:
    by = f"{entry.suppression.reason} ({entry.suppression.owner})"
    return replace(entry, finding=replace(entry.finding, suppressed_by=by))


def _order(finding: Finding) -> tuple[object, ...]:
    return (
        finding.id != "rules-changed",
        -_LEVELS.index(finding.level),
        finding.id,
        finding.function or "",
        finding.role or "",
        finding.action or "",
        finding.resource or "",
        finding.location or Location(""),
        finding.arguments,
    )


def _roots(subject: Subject) -> tuple[str, ...]:
    spec = subject.spec
    if spec is None:
        return ()
    return tuple(root for root in (spec.code_root, *spec.layer_roots) if root)


def _is_below(path: str, root: str) -> bool:
    plain = root.strip("/")
    return plain in {"", "."} or path == plain or path.startswith(f"{plain}/")


def _is_own(path: str) -> bool:
    """Whether a file only steers iamgen or the repository."""
    return path == "iamgen.toml" or path.split("/", maxsplit=1)[0] in {
        ".github",
        ".iamgen",
        ".git",
        ".gitignore",
    }
