"""Two sides compared in meaning: what `iamgen diff` answers."""

from dataclasses import replace

from iamgen.access.maps import AccessMaps, open_maps
from iamgen.compare.diff import diff, verdict_of
from iamgen.compare.prove import claim_of, no_access_to, no_new_access
from iamgen.compare.risk import escalations
from iamgen.model.diff import Claim
from iamgen.model.observation import Gap, GapReason
from iamgen.model.policy import Policy
from iamgen.model.result import Finding, FindingLevel, PolicyDiff
from iamgen.outputs._diff_findings import diff_findings, request_text
from iamgen.pipeline.documents import Side
from iamgen.semantics.layers import Layers, ambiguous_forms
from iamgen.semantics.universe import universe_of

NO_NEW_ACCESS = "no-new-access"
NO_ACCESS_TO = "no-access-to"


def compare(
    current: Side,
    suggested: Side,
    *,
    prove: tuple[str, ...] = (),
    actions: tuple[str, ...] = (),
    resources: tuple[str, ...] = (),
    typed: bool = True,
) -> PolicyDiff:
    """Return the difference of two sides, findings, and the answers of what `prove` asks.

    `actions` and `resources` belong to `no-access-to`, which asks about the suggested side. A side
    of which a policy is not known proves nothing.
    """
    maps = open_maps()
    universe = universe_of(maps)
    difference = diff(current.layers, suggested.layers, maps, typed=typed)
    gaps = tuple(
        dict.fromkeys((*current.gaps, *suggested.gaps, *_unknown(maps, current, suggested)))
    )
    incomplete = next((g for g in (*current.gaps, *suggested.gaps) if _hides(g)), None)
    claims: list[tuple[str, Claim]] = []
    for asked in prove:
        if asked == NO_NEW_ACCESS:
            answer = no_new_access(current.layers, suggested.layers, universe, typed=typed)
        else:
            answer = no_access_to(suggested.layers, actions, resources, universe, typed=typed)
        claim = claim_of(answer)
        if claim.holds and incomplete is not None:
            claim = replace(claim, holds=None, reason=incomplete.detail)
        claims.append((asked, claim))
    result = PolicyDiff(
        current=current.name,
        suggested=suggested.name,
        diff=difference,
        verdict=verdict_of(difference),
        gaps=gaps,
        ambiguous=(
            *_ambiguous("current", current.layers),
            *_ambiguous("suggested", suggested.layers),
        ),
        claims=tuple(claims),
    )
    findings = (*diff_findings(result), *_escalations(current, suggested, maps))
    return replace(result, findings=findings)


def _hides(gap: Gap) -> bool:
    return gap.reason is GapReason.POLICY_UNKNOWN and "is no policy document" not in gap.detail


def _unknown(maps: AccessMaps, *sides: Side) -> tuple[Gap, ...]:
    """Return the actions that the maps do not know; they are compared as actions of their own."""
    named = {
        action
        for side in sides
        for _, policies in (("", side.layers.identity), *side.layers.limits())
        for policy in policies
        for statement in policy.statements
        for action in statement.actions + statement.not_actions
    }
    universe = universe_of(maps)
    return tuple(
        Gap(GapReason.OPERATION_UNKNOWN, f"`{action}` is no action that the access maps know")
        for action in sorted(named)
        if not universe.mask(action)
    )


def _ambiguous(side: str, layers: Layers) -> tuple[str, ...]:
    found: list[str] = []
    stack: list[tuple[str, tuple[Policy, ...]]] = [("identity", layers.identity), *layers.limits()]
    for name, policies in stack:
        for number, policy in enumerate(policies):
            for index, statement in enumerate(policy.statements):
                codes = ambiguous_forms(statement, variables=policy.has_variables)
                place = f"{side} {name}[{number}].Statement[{index}]"
                found += [f"{code} at {place}" for code in codes]
    return tuple(found)


def _escalations(current: Side, suggested: Side, maps: AccessMaps) -> tuple[Finding, ...]:
    before = {each.id for each in escalations(current.layers, maps)}
    return tuple(
        Finding(
            id="escalation",
            level=FindingLevel.ERROR,
            function=None,
            role=suggested.name,
            action=", ".join(each.actions),
            arguments=(
                ("path", each.id),
                ("detail", "; ".join(request_text(request) for request in each.requests)),
            ),
        )
        for each in escalations(suggested.layers, maps)
        if each.id not in before
    )
