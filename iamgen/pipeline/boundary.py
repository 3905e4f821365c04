"""`iamgen boundary`: the boundaries of an answer, grouped, each suggested policy proved inside."""

from dataclasses import replace

from iamgen.access.maps import AccessMaps, open_maps
from iamgen.graph.roles import cluster, environment_of
from iamgen.model.boundary import BoundaryReport, GroupBoundary
from iamgen.model.request import SuggestRequest
from iamgen.model.result import Finding, Status, Suggestion
from iamgen.pipeline.journey import Journey
from iamgen.pipeline.scan import key
from iamgen.pipeline.suggest import conclude, read
from iamgen.semantics.layers import Layers
from iamgen.semantics.subset import subset
from iamgen.semantics.universe import universe_of
from iamgen.synthesis.boundary import BoundarySettings, FunctionNeeds, boundary


def boundaries(request: SuggestRequest, headroom: str | None = None) -> BoundaryReport:
    """Return one boundary per group of the request's role pattern.

    A group whose boundary is over the limit has none; its finding names the split.
    """
    journey = read(request)
    result = conclude(journey)
    maps = open_maps()
    chosen = headroom or request.config.headroom
    answered = [one for one in result.functions if one.status is not Status.INSUFFICIENT]
    return BoundaryReport(
        pattern=request.role_pattern,
        headroom=chosen,
        groups=tuple(
            _with_today(_group(name, members, chosen, maps), members, journey)
            for name, members in _grouped(answered, request.role_pattern)
        ),
        insufficient=tuple(one.function.name for one in result.functions if one.status is Status.INSUFFICIENT),
    )


def _grouped(functions: list[Suggestion], pattern: str) -> list[tuple[str, list[Suggestion]]]:
    if pattern == "service":
        return [(group[0].function.name, group) for group in cluster(tuple(functions))]
    if pattern == "environment":
        found: dict[str, list[Suggestion]] = {}
        for one in functions:
            name = environment_of(one.function.name, one.function.template) or "all"
            found.setdefault(name, []).append(one)
        return sorted(found.items())
    return [(one.function.name, [one]) for one in functions]


def _group(name: str, members: list[Suggestion], headroom: str, maps: AccessMaps) -> GroupBoundary:
    needs = tuple(FunctionNeeds(function=one.function.name, decisions=one.permissions) for one in members)
    policy, widenings, findings = boundary(needs, BoundarySettings(headroom=headroom), maps)
    outside: tuple[str, ...] = ()
    if policy is not None:
        fence = Layers.of(policy)
        universe = universe_of(maps)
        outside = tuple(
            one.function.name
            for one in members
            for inner in [one.role_policy or one.policy]
            if inner is not None and not subset(Layers.of(inner), fence, universe).is_proved
        )
    return GroupBoundary(
        name=name,
        functions=tuple(one.function.name for one in members),
        policy=policy,
        size_chars=policy.size_chars if policy is not None else _size(findings),
        findings=findings,
        widenings=widenings,
        without=tuple(
            one.function.name for one in members if one.current_role is not None and not one.role.has_boundary
        ),
        outside=outside,
    )


def _with_today(group: GroupBoundary, members: list[Suggestion], journey: Journey) -> GroupBoundary:
    """Return the group beside the boundaries that its roles have today, where these are known."""
    wider: list[tuple[str, str, str]] = []
    blocked: list[tuple[str, str, str]] = []
    universe = universe_of(journey.maps)
    for one in members:
        name = one.function.name
        blocked += [
            (name, row.action, row.resource.arn)
            for row in one.permissions
            if row.blocked_by is not None and "boundary" in row.blocked_by
        ]
        today = one.current_role.boundary if one.current_role is not None else None
        if today is None or group.policy is None:
            continue
        for subject in journey.chosen:
            if (subject.ref.template, subject.ref.id) == (one.function.template, one.function.id):
                today = journey.scanned[key(subject)].naming.concrete_policy(today)
        verdict = subset(Layers.of(group.policy), Layers.of(today), universe)
        if verdict.witness is not None:
            wider.append((name, verdict.witness.action, verdict.witness.resource))
        elif not verdict.is_proved:
            wider.append((name, "", verdict.reason or ""))
    return replace(group, wider=tuple(wider), blocked=tuple(dict.fromkeys(blocked)))


def _size(findings: tuple[Finding, ...]) -> int:
    for finding in findings:
        for name, value in finding.arguments:
            if finding.id == "over-limit" and name == "size_chars":
                return int(value)
    return 0
