"""What is proved of a suggestion, and what `[[forbid]]` and the command's `--prove` ask.

What enters are the needed decisions, the proposal, the current role and the boundary; what leaves
are claims, each true, false with a request that shows it, or open with a reason. A claim that was
not computed is never true.

`sound` and `necessary` use the evaluator alone, one request at a time; `no_new_access`,
`within_boundary` and `escalation` use the comparison. The two share no code above the patterns.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from iamgen.compare.risk import escalations
from iamgen.model.action import action_matches
from iamgen.model.condition import Condition
from iamgen.model.decision import Decision, Verdict
from iamgen.model.diff import Claim, Proof, Request, RoleDiff
from iamgen.model.fact import ConfigEvidence
from iamgen.model.glob import Glob
from iamgen.model.policy import Policy, Statement
from iamgen.model.usage import Proposal
from iamgen.semantics.allowset import presence
from iamgen.semantics.automata import Budget, Machine, OutOfBudget, search
from iamgen.semantics.contexts import Contexts, atom_of
from iamgen.semantics.evaluate import evaluate, names_action
from iamgen.semantics.layers import Layers
from iamgen.semantics.subset import Kind, subset
from iamgen.semantics.subset import Verdict as Answer
from iamgen.semantics.universe import Maps, Universe, universe_of
from iamgen.semantics.witness import template_pattern

KEPT_UNKNOWN = "KeptUnknown"
"""How the Sids of statements begin that carry what nobody could decide."""
MAX_CELLS = 20_000
_NEEDED = (Verdict.KEEP, Verdict.NARROW, Verdict.ADD)


def prove(
    *,
    needed: tuple[Decision, ...],
    proposal: Proposal,
    current: Layers | None,
    boundary: Policy | None,
    difference: RoleDiff | None,
    maps: Maps,
) -> Proof:
    """Return the claims of a suggestion.

    `needed` are the decisions of all functions of the role; those that are not needed are skipped,
    but for a person's deny. `difference` is current identity policies against the suggestion.
    """
    suggested = proposal.policy
    cost = proposal.cost
    return Proof(
        sound=_sound(needed, suggested, universe_of(maps)),
        no_new_access=_no_new_access(current, difference),
        within_boundary=_within(suggested, boundary, universe_of(maps)),
        minimal="optimal" if cost.optimal else "gap",
        minimal_reason=None if cost.optimal else f"{cost.chars} chars, at least {cost.lower_bound}",
        kept_chars=proposal.kept_chars,
        necessary=_necessary(needed, suggested, universe_of(maps)),
        escalation=_no_escalation(suggested, maps),
    )


def no_new_access(current: Layers, suggested: Layers, universe: Universe, *, typed: bool = True) -> Answer:
    """Return whether the suggested side allows nothing that the current side does not."""
    return subset(suggested, current, universe, typed=typed)


def no_access_to(
    layers: Layers,
    actions: tuple[str, ...],
    resources: tuple[str, ...],
    universe: Universe,
    *,
    typed: bool = True,
) -> Answer:
    """Return whether a role allows none of the actions on any of the resources, in any context.

    A witness is a request that the role allows. `[[forbid]]` of iamgen.toml asks this.
    """
    wanted = Policy((Statement("Allow", actions or ("*",), resources=resources or ("*",)),))
    limited = replace(layers, resource_policy=None, scps=((wanted,), *layers.scps))
    return subset(limited, Layers(), universe, typed=typed)


# --- claims ------------------------------------------------------------------------------------


def _sound(needed: tuple[Decision, ...], suggested: Policy, universe: Universe) -> Claim:
    """Say whether each needed permission is allowed by the allow statements of the suggestion."""
    layers = Layers.of(_allows(suggested))
    for decision in needed:
        if decision.verdict is Verdict.REMOVE and decision.row == 0 and _has_use(decision):
            return Claim(
                holds=False,
                reason=f"iamgen.toml denies {decision.action}, which is used",
                witness=next(_requests(decision, suggested), None),
            )
        if decision.verdict not in _NEEDED:
            continue
        requests = list(_requests(decision, suggested))
        if not any(evaluate(request, layers).is_allowed for request in requests):
            return Claim(
                holds=False,
                reason=f"{decision.action} on {decision.resource.arn} is not allowed",
                witness=requests[0],
            )
        if not _covered(decision, suggested) and not _covered_together(decision, layers, universe):
            return Claim(
                holds=None,
                reason=f"{decision.action} on {decision.resource.arn} is allowed in part only",
            )
    return Claim(holds=True)


def _has_use(decision: Decision) -> bool:
    return any(not isinstance(evidence, ConfigEvidence) for evidence in decision.evidence)


def _covered(decision: Decision, suggested: Policy) -> bool:
    """Whether one statement covers the whole resource pattern of a decision."""
    wanted = Glob(decision.resource.arn)
    return any(
        statement.is_allow
        and names_action(statement, decision.action)
        and (
            any(Glob(text).covers(wanted) for text in statement.resources)
            or (
                bool(statement.not_resources)
                and not any(Glob(text).overlaps(wanted) for text in statement.not_resources)
            )
        )
        for statement in suggested.statements
    )


def _covered_together(decision: Decision, layers: Layers, universe: Universe) -> bool:
    """Whether the statements together cover the pattern of a decision."""
    asked = Statement(
        "Allow",
        (decision.action,),
        resources=(decision.resource.arn,),
        conditions=decision.conditions,
    )
    return subset(Layers.of(Policy((asked,))), layers, universe).is_proved


def _no_new_access(current: Layers | None, difference: RoleDiff | None) -> Claim:
    if current is None or difference is None:
        return Claim(holds=None, reason="no current role is known")
    if difference.missing:
        count = sum(grant.actions_count for grant in difference.missing)
        return Claim(
            holds=False,
            reason=f"{count} permissions in {len(difference.missing)} groups are new",
            witness=difference.missing[0].witness,
        )
    for grant in difference.undecided:
        if grant.direction != "excess":
            return Claim(holds=None, reason=f"undecided: {grant.reason}")
    return Claim(holds=True)


def _within(suggested: Policy, boundary: Policy | None, universe: Universe) -> Claim:
    if boundary is None:
        return Claim(holds=None, reason="there is no boundary")
    return claim_of(subset(Layers.of(suggested), Layers.of(boundary), universe))


def claim_of(answer: Answer) -> Claim:
    """Return a comparison's answer as a claim; an unknown stays open."""
    if answer.kind is Kind.UNKNOWN:
        return Claim(holds=None, reason=answer.reason)
    if answer.kind is Kind.WITNESS:
        return Claim(holds=False, reason="a request shows it", witness=answer.witness)
    return Claim(holds=True)


def _no_escalation(suggested: Policy, maps: Maps) -> Claim:
    found = escalations(Layers.of(suggested), maps)
    if not found:
        return Claim(holds=True)
    names = ", ".join(each.id for each in found[:5])
    more = f" and {len(found) - 5} more" if len(found) > 5 else ""
    if all(each.undecided for each in found):
        return Claim(holds=None, reason=f"undecided: {names}{more}")
    shown = next((r for each in found for r in each.requests), None)
    return Claim(holds=False, reason=f"in effect: {names}{more}", witness=shown)


def _necessary(needed: tuple[Decision, ...], suggested: Policy, universe: Universe) -> Claim:
    """Say whether each cell of the needed part carries a fact that nothing else carries."""
    cells = list(_cells(suggested, universe))
    if len(cells) > MAX_CELLS:
        return Claim(holds=None, reason=f"more than {MAX_CELLS} cells")
    used: set[tuple[int, str, str]] = set()
    for decision in needed:
        if decision.verdict not in _NEEDED:
            continue
        for request in _requests(decision, suggested):
            carrying = [
                (index, action, resource)
                for index, statement, action, resource in cells
                if _carries(statement, action, resource, request, suggested)
            ]
            if len(carrying) == 1:
                used.add(carrying[0])
    for index, _, action, resource in cells:
        if (index, action, resource) not in used:
            return Claim(holds=False, reason=f"no fact needs {action} on {resource} alone")
    return Claim(holds=True)


def _cells(suggested: Policy, universe: Universe) -> Iterator[tuple[int, Statement, str, str]]:
    """Yield the (action, resource) pairs of the needed part that some request can be of."""
    for index, statement in enumerate(suggested.statements):
        if not statement.is_allow or (statement.sid or "").startswith(KEPT_UNKNOWN):
            continue
        for action in statement.actions:
            for resource in statement.resources:
                if _fits(action, resource, universe):
                    yield index, statement, action, resource


def _fits(action: str, resource: str, universe: Universe) -> bool:
    """Whether an action can be asked for on a resource; patterns and unknown actions always can."""
    position = universe.position(action)
    if position is None or resource == "*":
        return True
    forms = universe.signature(position)
    return not forms or any(_meet(resource, form, universe) for form in forms if form != "*")


def _meet(resource: str, form: str, universe: Universe) -> bool:
    """Whether a resource of a form is one of a pattern; so too where that takes too long."""
    machine = Machine([resource, template_pattern(form, universe.segments)])
    try:
        return search(machine, 2, (), lambda _: True, Budget(20_000)) is not None
    except OutOfBudget:
        return True


def _carries(statement: Statement, action: str, resource: str, request: Request, suggested: Policy) -> bool:
    if not action_matches(action, request.action):
        return False
    cell = replace(statement, actions=(action,), resources=(resource,))
    policy = replace(suggested, statements=(cell,))
    return evaluate(request, Layers.of(policy)).is_allowed


def _allows(policy: Policy) -> Policy:
    return replace(policy, statements=tuple(s for s in policy.statements if s.is_allow))


# --- requests of a decision --------------------------------------------------------------------


def _requests(decision: Decision, suggested: Policy) -> Iterator[Request]:
    """Yield requests of a decision, in contexts that the suggestion's conditions ask for."""
    resource = _concrete(decision.resource.arn)
    contexts = [_context(decision.conditions)]
    contexts += [
        _context(statement.conditions)
        for statement in suggested.statements
        if statement.is_allow and statement.conditions and names_action(statement, decision.action)
    ]
    for context in dict.fromkeys(contexts):
        if context is not None:
            yield Request(action=decision.action, resource=resource, context=context)
    if all(context is None for context in contexts):
        yield Request(action=decision.action, resource=resource)


def _concrete(pattern: str) -> str:
    """Return one resource of a pattern; the lone `*` stands for actions without a resource."""
    if pattern == "*":
        return "*"
    return pattern.replace("*", "example").replace("?", "x")


def _context(
    conditions: Iterable[Condition],
) -> tuple[tuple[str, tuple[str, ...]], ...] | None:
    """Return a context in which conditions hold, None when there is none."""
    conditions = tuple(conditions)
    if not conditions:
        return ()
    atoms = frozenset(atom_of(condition, variables=False) for condition in conditions)
    present = frozenset(presence(atom.key) for atom in atoms if atom.operator != "Null")
    contexts = Contexts(sorted(atoms | present, key=repr), Budget(50_000))
    spelled = {condition.key.lower(): condition.key for condition in conditions}
    found = contexts.find(atoms | present, ())
    if found is None:
        found = contexts.find(atoms, ())
    if found is None:
        return None
    return tuple(sorted((spelled.get(key, key), values) for key, values in found.items()))
