"""Whether all that one role allows is allowed by another: a proof, a counterexample, or neither.

What enters are the layers of two sides and the universe of actions. The left side is cut into
obligations: one allow statement of each of its layers, one resource pattern. An obligation holds
when every request in it, of every action and context, is allowed on the right: each right layer
has an allow that contains it and no right deny does, left denies aside. Most fall to one right
statement that plainly covers them; the rest is searched for a counterexample with automata for the
resources and representative values for the contexts. Nothing found means proved, for every
request.

INVARIANT: a witness is returned only after `iamgen.semantics.evaluate`, which shares no code with
this module, has allowed it on the left and not on the right. Whatever cannot be decided is
`UNKNOWN` with a reason; callers treat it as not proved. Policy variables are equal to themselves
only.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import product

from iamgen.model.condition import Condition
from iamgen.model.diff import Request
from iamgen.model.glob import Glob
from iamgen.semantics.allowset import ANYTHING, Clause, Pattern, Space, Unsupported, presence
from iamgen.semantics.automata import (
    Budget,
    Group,
    Machine,
    OutOfBudget,
    filler_for,
    search,
)
from iamgen.semantics.contexts import Assignment, Atom, Contexts
from iamgen.semantics.layers import Layers
from iamgen.semantics.relations import (
    Relations,
    contains,
    loosened,
    plain_prefix,
    same_resources,
    surely_covers,
)
from iamgen.semantics.universe import Universe, positions
from iamgen.semantics.witness import Sketch, confirmed, template_pattern

STEPS = 300_000
"""Automaton steps that one comparison may take, about a second."""
STEPS_EACH = 60_000
"""Steps for one obligation, so that one hard pattern does not use up all."""
STEPS_CONFIRM = 400_000
"""Statements and patterns that may be evaluated to confirm witnesses, about a second."""
STEPS_OBLIGATION = 4
STEPS_CASE = 2
TOO_MUCH = "the patterns are too intricate"


class Kind(StrEnum):
    """How a comparison ends."""

    PROVED = "PROVED"
    WITNESS = "WITNESS"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The answer to "is all that the left side allows allowed by the right side"."""

    kind: Kind
    witness: Request | None = None
    reason: str | None = None

    @property
    def is_proved(self) -> bool:
        """Whether it holds for every request; an unknown is not proved."""
        return self.kind is Kind.PROVED


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A group of permissions that the left side has and the right side lacks."""

    actions: tuple[str, ...]
    resource: str
    """The resource pattern of the left side."""
    conditions: tuple[Condition, ...]
    level: str | None
    """The access level of all its actions; None for actions that the universe lacks."""
    witness: Request | None
    reason: str | None = None
    """Why it could not be decided; then there is no witness."""


def subset(left: Layers, right: Layers, universe: Universe, *, typed: bool = True) -> Verdict:
    """Return whether each request that `left` allows is allowed by `right`.

    With `typed` the requests are those that AWS can make: the resource has a form of the action.
    """
    unknown: str | None = None
    try:
        comparison = Comparison(left, right, universe, typed=typed)
        for found in comparison.findings():
            if found.reason is not None:
                unknown = unknown or found.reason
                continue
            witness = comparison.confirm(found)
            if witness is not None:
                return Verdict(kind=Kind.WITNESS, witness=witness)
            unknown = unknown or _unconfirmed(found)
        if unknown is not None:
            for witness in comparison.instantiated():
                return Verdict(kind=Kind.WITNESS, witness=witness)
    except Unsupported as reason:
        unknown = str(reason)
    if unknown is not None:
        return Verdict(kind=Kind.UNKNOWN, reason=unknown)
    return Verdict(kind=Kind.PROVED)


def differences(left: Layers, right: Layers, universe: Universe, *, typed: bool = True) -> tuple[Difference, ...]:
    """Return what `left` allows and `right` does not, in groups as large as they get.

    Empty exactly when `subset` is proved. A group holds the actions of one access level that are
    missing on one resource pattern of the left side under the same conditions.
    """
    try:
        comparison = Comparison(left, right, universe, typed=typed)
        return tuple(comparison.rows())
    except Unsupported as reason:
        return (
            Difference(
                actions=("*",),
                resource="*",
                conditions=(),
                level=None,
                witness=None,
                reason=str(reason),
            ),
        )


@dataclass(frozen=True, slots=True)
class Obligation:
    """What one choice of left statements allows on one resource pattern."""

    mask: int
    patterns: tuple[Pattern, ...]
    """The resource must match all of them."""
    excluded: tuple[Pattern, ...]
    """And none of these."""
    atoms: frozenset[Atom]
    clauses: tuple[Clause, ...]

    @property
    def is_plain(self) -> bool:
        """Whether the pattern shown is all that limits the resource."""
        return not self.excluded and len(self.patterns) == 1

    @property
    def shown(self) -> str:
        """The resource pattern as the identity policy writes it."""
        return self.patterns[0].shown


@dataclass(frozen=True, slots=True)
class Finding:
    """Actions for which an obligation fails, with what a witness is made of, or why it is open."""

    obligation: Obligation
    mask: int
    text: str = ""
    template: str = "*"
    context: tuple[tuple[str, tuple[str, ...]], ...] = ()
    reason: str | None = None
    is_loose: bool = False
    """Variables were taken for anything: the sketch may show nothing."""


class Comparison:
    """One question about two sides; the parts that several obligations share are kept."""

    def __init__(
        self,
        left: Layers,
        right: Layers,
        universe: Universe,
        *,
        typed: bool = True,
        budget: Budget | None = None,
        nested: bool = False,
    ) -> None:
        self.left = replace(left, resource_policy=None)
        self.right = replace(right, resource_policy=None)
        self.universe = universe
        self.typed = typed
        self.nested = nested
        self.space = Space(universe, left, right)
        self._left = self.space.compiled(left)
        self._right = self.space.compiled(right)
        self._budget = budget or Budget(STEPS)
        clauses = [*self._left.clauses(), *self._right.clauses()]
        atoms = {atom for clause in clauses for atom in clause.atoms}
        atoms |= {presence(key) for key in self.space.variables().values()}
        self._contexts = Contexts(sorted(atoms, key=repr), self._budget)
        self._relations = Relations(self._budget)
        self._templates: dict[str, str] = {}
        used = {sign for clause in clauses for pattern in clause.patterns for sign in pattern.text}
        self._filler = filler_for(used)
        self._confirming = STEPS_CONFIRM
        self._size = sum(1 + len(clause.patterns) + len(clause.atoms) for clause in clauses)

    # --- the public questions --------------------------------------------------------------------

    def rows(self) -> Iterator[Difference]:
        """Yield the differences, grouped, each with a confirmed witness or the reason why not."""
        groups: dict[tuple[str, tuple[Condition, ...], str | None], list[tuple[int, Finding]]] = {}
        open_rows: dict[tuple[str, tuple[Condition, ...]], tuple[int, Finding]] = {}
        for found in self.findings():
            key = (found.obligation.shown, _conditions(found.obligation))
            if found.reason is not None:
                mask = found.mask | (open_rows[key][0] if key in open_rows else 0)
                open_rows[key] = (mask, found)
                continue
            for level, part in self.space.by_level(found.mask):
                groups.setdefault((*key, level), []).append((part, found))
        undecided = []
        for key3, members in self._maximal(groups):
            tries = (self.confirm(found, part) for part, found in members)
            witness = next(filter(None, tries), None)
            mask = 0
            for part, _ in members:
                mask |= part
            reason = None if witness is not None else _unconfirmed(members[0][1])
            row = self._row(mask, key3[0], key3[1], key3[2], witness, reason)
            if witness is None:
                undecided.append(row)
            else:
                yield row
        for (shown, conditions), (mask, found) in open_rows.items():
            undecided.append(self._row(mask, shown, conditions, None, None, found.reason))
        yield from self._settled(undecided)

    def _settled(self, undecided: list[Difference]) -> Iterator[Difference]:
        """Yield undecided rows, with a witness where chosen values of variables give one."""
        witnesses = list(self.instantiated()) if undecided else []
        for row in undecided:
            shown = next((w for w in witnesses if w.action in set(row.actions)), None)
            yield replace(row, witness=shown, reason=None) if shown is not None else row

    def _row(
        self,
        mask: int,
        shown: str,
        conditions: tuple[Condition, ...],
        level: str | None,
        witness: Request | None,
        reason: str | None,
    ) -> Difference:
        return Difference(
            actions=tuple(self.space.names(mask)),
            resource=shown,
            conditions=conditions,
            level=level,
            witness=witness,
            reason=reason,
        )

    def _maximal(
        self,
        groups: dict[tuple[str, tuple[Condition, ...], str | None], list[tuple[int, Finding]]],
    ) -> Iterator[tuple[tuple[str, tuple[Condition, ...], str | None], list[tuple[int, Finding]]]]:
        """Yield the groups that no other group contains."""
        masks = {}
        for key, members in groups.items():
            masks[key] = 0
            for part, _ in members:
                masks[key] |= part
        order = {key: number for number, key in enumerate(groups)}
        for key, members in groups.items():
            if len(groups) > 600 or not any(
                other is not key
                and other[2] == key[2]
                and not masks[key] & ~masks[other]
                and set(other[1]) <= set(key[1])
                and groups[other][0][1].obligation.is_plain
                and surely_covers(other[0], key[0])
                and (masks[other] != masks[key] or other[:2] != key[:2])
                and not (_same(other, key, masks) and order[other] > order[key])
                for other in groups
            ):
                yield key, members

    def confirm(self, found: Finding, mask: int | None = None) -> Request | None:
        """Return a readable request of a finding, confirmed by the evaluator; else None."""
        if self._confirming <= 0:
            return None
        self._confirming -= self._size
        position = next(positions(found.mask if mask is None else mask))
        sketch = Sketch(
            action=self.space.name(position),
            text=found.text,
            template=found.template,
            patterns=tuple(pattern.text for pattern in found.obligation.patterns),
            context=found.context,
            keys=self.space.keys,
            variables=self.space.variables(),
            segments=self.universe.segments,
            filler=self._filler,
        )
        return confirmed(sketch, self.left, self.right)

    def instantiated(self) -> Iterator[Request]:
        """Yield confirmed witnesses that only show once policy variables have a value."""
        from iamgen.semantics.witness import with_values

        keys = set(self.space.variables().values())
        if self.nested:
            return
        values = with_values((self.left, self.right), keys)
        if values is None:
            return
        (left, right), context = values
        try:
            inner = Comparison(
                left,
                right,
                self.universe,
                typed=self.typed,
                budget=Budget(STEPS // 2),
                nested=True,
            )
            for found in inner.findings():
                if found.reason is None:
                    known = {key for key, _ in found.context}
                    more = tuple((k, v) for k, v in context if k not in known)
                    witness = inner.confirm_with(replace(found, context=found.context + more), self.left, self.right)
                    if witness is not None:
                        yield witness
        except Unsupported:
            return

    def confirm_with(self, found: Finding, left: Layers, right: Layers) -> Request | None:
        """Return a witness that holds for other sides than those compared."""
        self.left, self.right = left, right
        return self.confirm(found)

    # --- obligations ---------------------------------------------------------------------------

    def findings(self) -> Iterator[Finding]:
        """Yield the obligations that fail or stay open, with the actions concerned."""
        last: Obligation | None = None
        try:
            for obligation in self._obligations():
                last = obligation
                failing = 0
                for case in self._cases(obligation):
                    mask = obligation.mask & ~failing
                    if not mask:
                        break
                    for found in self._examined(obligation, case, mask):
                        if found.reason is None:
                            failing |= found.mask
                        yield found
        except OutOfBudget:
            # What was not looked at is open: one finding stands for all of it.
            everything = Obligation(self.space.everything, (ANYTHING,), (), frozenset(), ())
            rest = everything if last is None else last
            yield Finding(rest, rest.mask & self.space.everything, reason=TOO_MUCH)

    def _obligations(self) -> Iterator[Obligation]:
        removed = 0
        for clause in self._left.denies:
            if not clause.atoms and not clause.negated and "*" in clause.texts:
                removed |= clause.mask
        for clauses in product(*self._left.layers):
            self._budget.spend(1)
            mask = self.space.everything & ~removed
            for clause in clauses:
                mask &= clause.mask
            if not mask:
                continue
            atoms = frozenset().union(*(clause.atoms for clause in clauses))
            excluded = tuple(p for c in clauses if c.negated for p in c.patterns)
            lists = [(ANYTHING,) if c.negated else self._relations.widest(c.patterns) for c in clauses]
            for patterns in product(*lists):
                self._budget.spend(STEPS_OBLIGATION)
                narrowed = self._relations.intersection(patterns)
                if narrowed is None:
                    continue
                present = frozenset(presence(key) for p in narrowed for key in p.variables)
                if len(narrowed) > 1:
                    narrowed = tuple(loosened(p) for p in narrowed)
                yield Obligation(mask, narrowed, excluded, atoms | present, clauses)

    def _cases(self, obligation: Obligation) -> Iterator["_Case"]:
        """Yield the ways in which a request of the obligation could fail on the right."""
        denies = self._left.denies
        for layer in self._right.layers:
            yield _Case(obligation.patterns, obligation.atoms, layer + denies, obligation.mask, ())
        for deny in self._right.denies:
            mask = obligation.mask & deny.mask
            for left in denies:
                if contains(left, deny):
                    mask &= ~left.mask
            if not mask:
                continue
            atoms = obligation.atoms | deny.atoms
            for pattern in (ANYTHING,) if deny.negated else deny.patterns:
                patterns = (*obligation.patterns, pattern)
                excluded = deny.patterns if deny.negated else ()
                loose = any(p.variables for p in patterns)
                if loose:
                    patterns = tuple(loosened(p) for p in patterns)
                narrowed = self._relations.intersection(patterns)
                if narrowed is not None:
                    yield _Case(narrowed, atoms, denies, mask, excluded, loose)

    # --- one obligation, one case --------------------------------------------------------------

    def _examined(self, obligation: Obligation, case: "_Case", mask: int) -> Iterator[Finding]:
        mask &= case.mask
        if not mask:
            return
        excluded = obligation.excluded + case.excluded
        loose = case.is_loose or any(p.variables for p in excluded)
        excluded = tuple(p for p in excluded if not p.variables)
        atoms = frozenset(atom for atom in case.atoms if not atom.has_variable)
        loose |= len(atoms) != len(case.atoms)
        self._contexts.is_incomplete = False
        if self._contexts.find(atoms, ()) is None and not self._contexts.is_incomplete:
            return
        helpers: list[_Helper] = []
        for clause in case.helpers:
            self._budget.spend(STEPS_CASE)
            if not clause.mask & mask:
                continue
            rest = frozenset(atom for atom in clause.atoms if not self._contexts.implied(atom, case.atoms))
            same = any(same_resources(clause, own) for own in obligation.clauses)
            if not rest and (same or self._relations.covers(clause, case.patterns)):
                mask &= ~clause.mask
                if not mask:
                    return
                continue
            if any(atom.has_variable for atom in rest):
                loose = True
                continue
            if clause.negated and (clause.has_variables or any(p.variables for p in case.patterns)):
                loose = True
                continue
            if clause.negated or same or self._relations.meets(clause, case.patterns):
                loose |= clause.has_variables
                helpers.append(_Helper(clause, rest, same))
        search_case = _Search(case.patterns, excluded, atoms, loose)
        for part, chosen in _split(mask, [h for h in helpers if h.clause.mask & mask]):
            yield from self._decided(obligation, search_case, part, chosen)

    def _decided(
        self, obligation: Obligation, case: "_Search", mask: int, helpers: tuple["_Helper", ...]
    ) -> Iterator[Finding]:
        """Yield the findings for actions that the same helpers speak of."""
        try:
            if helpers or case.excluded or len(case.patterns) > 1:
                found = self._search(case, "*", helpers)
                if found is None:
                    return
                if not self.typed:
                    yield self._finding(obligation, case, mask, found, "*")
                    return
            yield from self._by_type(obligation, case, mask, helpers)
        except OutOfBudget:
            yield Finding(obligation, mask, reason=TOO_MUCH)
        except _Incomplete:
            yield Finding(obligation, mask, reason="too many values of a condition key")

    def _by_type(
        self, obligation: Obligation, case: "_Search", mask: int, helpers: tuple["_Helper", ...]
    ) -> Iterator[Finding]:
        answers: dict[str, tuple[str, Assignment] | None] = {}
        failed: dict[int, int] = {}
        kept: dict[int, tuple[str, tuple[str, Assignment]]] = {}
        for form, part in self._forms(mask, case, bool(helpers)):
            for template in form:
                if template not in answers:
                    answers[template] = self._search_typed(case, template, helpers)
                found = answers[template]
                if found is not None:
                    failed[id(found)] = failed.get(id(found), 0) | part
                    kept[id(found)] = (template, found)
                    break
        for number, part in failed.items():
            template, found = kept[number]
            yield self._finding(obligation, case, part, found, template)

    def _forms(
        self,
        mask: int,
        case: "_Search",
        decided_by_form: bool,  # noqa: FBT001
    ) -> Iterator[tuple[tuple[str, ...], int]]:
        """Yield ARN forms and the actions that have them."""
        everything = case.patterns == (ANYTHING,) and not case.excluded and not decided_by_form
        if not self.typed or everything:
            for _, part in self.space.by_level(mask):
                position = next(positions(part))
                yield (self._signature(position) if self.typed else ("*",)), part
            return
        grouped: dict[tuple[str, ...], list[int]] = {}
        for position in positions(mask):
            grouped.setdefault(self._signature(position), []).append(position)
        for form, members in grouped.items():
            part = 0
            for position in members:
                part |= 1 << position
            yield form, part

    def _signature(self, position: int) -> tuple[str, ...]:
        if position >= len(self.universe.names):
            return ("*",)
        raw = self.universe.signature(position)
        return tuple(self._template(text) for text in raw) or ("*",)

    def _template(self, text: str) -> str:
        """Return an ARN template as a pattern; `*` is the literal resource of no resource."""
        known = self._templates.get(text)
        if known is None:
            known = self._templates[text] = template_pattern(text, self.universe.segments)
        return known

    def _finding(
        self,
        obligation: Obligation,
        case: "_Search",
        mask: int,
        found: tuple[str, Assignment],
        template: str,
    ) -> Finding:
        text, assignment = found
        context = tuple(sorted(assignment.items()))
        return Finding(obligation, mask, text, template, context, None, case.is_loose)

    def _search_typed(
        self, case: "_Search", template: str, helpers: Sequence["_Helper"]
    ) -> tuple[str, Assignment] | None:
        found = self._search(case, template, helpers)
        if found is None and any(
            pattern.variables and self._relations.overlap(pattern.text, template) for pattern in case.patterns
        ):
            # The value of a variable may be what makes the resource fit: any resource will do.
            return self._search(case, "*", helpers)
        return found

    def _search(self, case: "_Search", template: str, helpers: Sequence["_Helper"]) -> tuple[str, Assignment] | None:
        """Return a resource and a context of the case that no helper contains, or None."""
        patterns = [pattern.text for pattern in case.patterns]
        if template != "*":
            if not all(self._relations.overlap(text, template) for text in patterns):
                return None
            if patterns == ["*"]:
                patterns = []
            patterns.append(template)
        required = len(patterns)
        groups: list[Group] = []
        for pattern in case.excluded:
            groups.append(Group(len(patterns), len(patterns) + 1, hard=True))
            patterns.append(pattern.text)
        blocks: list[frozenset[Atom]] = [frozenset()] * len(groups)
        for helper in helpers:
            texts = [p.text for p in helper.clause.patterns]
            if helper.is_same:
                texts, negated = ["*"], False
            else:
                negated = helper.clause.negated
                if not negated and template != "*":
                    texts = [text for text in texts if self._relations.overlap(text, template)]
            if not texts:
                continue
            groups.append(Group(len(patterns), len(patterns) + len(texts), negated=negated, hard=not helper.rest))
            blocks.append(helper.rest)
            patterns += texts
        self._contexts.is_incomplete = False

        def judge(matched: tuple[int, ...]) -> Assignment | None:
            return self._contexts.find(case.atoms, [blocks[number] for number in matched])

        self._budget.spend(sum(map(len, patterns)) // 16)
        each = Budget(min(STEPS_EACH, self._budget.left))
        before = each.left
        try:
            prefix = Glob(patterns[0]).prefix if required else ""
            found = search(Machine(patterns), required, groups, judge, each, plain_prefix(prefix))
        finally:
            self._budget.left -= before - max(each.left, 0)
        if found is None and self._contexts.is_incomplete:
            raise _Incomplete
        return found


class _Incomplete(Exception):  # noqa: N818  caught where it is raised from
    pass


@dataclass(frozen=True, slots=True)
class _Case:
    patterns: tuple[Pattern, ...]
    atoms: frozenset[Atom]
    helpers: tuple[Clause, ...]
    """Clauses that, when they contain the request, make the case impossible."""
    mask: int
    excluded: tuple[Pattern, ...]
    is_loose: bool = False


@dataclass(frozen=True, slots=True)
class _Helper:
    clause: Clause
    rest: frozenset[Atom]
    """The atoms that are not already true."""
    is_same: bool
    """It speaks of the same resources as a left statement, so of all of the obligation's."""


@dataclass(frozen=True, slots=True)
class _Search:
    patterns: tuple[Pattern, ...]
    excluded: tuple[Pattern, ...]
    atoms: frozenset[Atom]
    is_loose: bool


def _unconfirmed(found: Finding) -> str:
    return "a policy variable decides" if found.is_loose else "the request found was not confirmed"


def _conditions(obligation: Obligation) -> tuple[Condition, ...]:
    found = {c: None for clause in obligation.clauses for c in clause.conditions}
    return tuple(sorted(found, key=lambda condition: condition.sort_key))


def _same(
    one: tuple[str, tuple[Condition, ...], str | None],
    other: tuple[str, tuple[Condition, ...], str | None],
    masks: dict[tuple[str, tuple[Condition, ...], str | None], int],
) -> bool:
    """Whether two groups contain each other."""
    return (
        masks[one] == masks[other]
        and set(one[1]) == set(other[1])
        and surely_covers(one[0], other[0])
        and surely_covers(other[0], one[0])
    )


def _split(mask: int, helpers: list[_Helper]) -> Iterator[tuple[int, tuple[_Helper, ...]]]:
    """Yield parts of a set with the helpers that speak of all of the part."""
    parts: list[tuple[int, tuple[_Helper, ...]]] = [(mask, ())]
    for helper in helpers:
        refined = []
        for part, chosen in parts:
            inside, outside = part & helper.clause.mask, part & ~helper.clause.mask
            if inside:
                refined.append((inside, (*chosen, helper)))
            if outside:
                refined.append((outside, chosen))
        parts = refined
    yield from parts
