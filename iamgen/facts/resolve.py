"""One SDK call to usage facts or a gap.

Enters: an `ApiCall`, the values of the function's environment and template (`Binder`), and the access maps. Leaves: a
fact per needed action and resource, each with the call as evidence; what the call's arguments leave open becomes the
resource type's pattern with a recorded widening, never `*` in silence. Promise: every call ends as facts, as a gap, or
as a call that needs no permission, and is counted once.
"""

import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from iamgen.access.lookup import (
    WHOLE,
    ActionEntry,
    Argument,
    OperationEntry,
    ResourceEntry,
    When,
)
from iamgen.access.maps import AccessMaps
from iamgen.access.transforms import default
from iamgen.facts.bind import UNKNOWN, Binder, Bound
from iamgen.facts.transform import Named, split_arn, transform
from iamgen.model.condition import Condition
from iamgen.model.fact import (
    ANY,
    Certainty,
    CodeEvidence,
    Origin,
    ResourcePattern,
    UsageFact,
    Widening,
)
from iamgen.model.function import TemplateResource
from iamgen.model.observation import ApiCall, Gap, GapReason
from iamgen.model.value import Literal, Text, Value

_STANDARD = ("Partition", "Region", "Account")
_PLACEHOLDER = re.compile(r"\$\{([A-Za-z0-9]+)\}")


class Names(Protocol):
    """What resolving needs of `iamgen.facts.naming`."""

    def concrete(self, symbolic: str) -> str:
        """Return the ARN pattern of a symbolic ARN."""

    def condition(self, condition: Condition) -> Condition:
        """Return a condition of an allow with names in place of tokens."""

    def canonical(self, symbolic: str) -> str:
        """Return a symbolic ARN with `{LogicalId}` where it spells the name of a resource."""

    def resource(self, logical_id: str) -> TemplateResource | None:
        """Return a resource of the template."""

    def of_type(self, kind: str) -> tuple[str, ...]:
        """Return the logical ids of the template's resources of a CloudFormation type."""

    def kms_key(self, symbolic: str) -> Value | None:
        """Return the customer key of the template resource that a symbolic ARN names, None without one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """What one call comes to."""

    facts: tuple[UsageFact, ...] = ()
    gaps: tuple[Gap, ...] = ()
    no_permission: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """One resource that an action is used on."""

    symbolic: str
    certainty: Certainty
    detail: str = ""
    unresolved: bool = False
    """Nothing of what the call should name is known."""
    kind: str = ""
    """The ARN template, for the record of a widening."""
    whole: bool = False
    """The symbolic text is a token that stands for the whole ARN; its pattern is the type's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolver:
    """Resolves the calls of one function."""

    function: str
    role: str | None
    binder: Binder
    names: Names
    maps: AccessMaps
    conditionals: bool = False

    def resolve(self, call: ApiCall) -> Resolution:
        """Return the facts and gaps of one call."""
        entry = self.maps.operation(call.service, call.operation)
        if entry is None:
            prefix = self.maps.prefix(call.service) or call.service
            gap = self._gap(call, GapReason.OPERATION_UNKNOWN, f"{call.service}:{call.operation}", (prefix,))
            return Resolution(gaps=(gap,))
        if entry.status == "no-iam":
            return Resolution(no_permission=True)
        facts: list[UsageFact] = []
        gaps: list[Gap] = []
        if entry.status == "unknown":
            gaps.append(
                self._gap(
                    call,
                    GapReason.OPERATION_UNKNOWN,
                    f"{call.service}:{call.operation} is in no source; {entry.actions[0].action} is a guess"
                    if entry.actions
                    else f"{call.service}:{call.operation} is in no source",
                    (),
                )
            )
        for action in entry.actions:
            needed = self._decide(action.when, call)
            if needed is False:
                continue
            made, unresolved = self._facts(call, entry, action, possible=needed is None)
            facts.extend(made)
            gaps.extend(unresolved)
        if not facts and not gaps:
            return Resolution(no_permission=True)
        return Resolution(facts=tuple(facts), gaps=tuple(dict.fromkeys(gaps)))

    def _decide(self, when: When | None, call: ApiCall) -> bool | None:
        if when is None or when.test == "key":
            return True
        return when.decide(self._argument(call))

    def _argument(self, call: ApiCall) -> Callable[[str], Argument]:
        def argument(path: str) -> Argument:
            values = self.binder.member(call.arguments, path)
            if values is None:
                return None
            if not values:
                return False
            if not isinstance(values[0], Text):
                return True
            if _is_null(values[0]):
                return False
            bound = self.binder.texts(values[0])
            return bound[0].text if len(bound) == 1 else True

        return argument

    def _facts(
        self, call: ApiCall, entry: OperationEntry, action: ActionEntry, *, possible: bool
    ) -> tuple[list[UsageFact], list[Gap]]:
        if action.when is not None and _asks_key(action.when):
            return self._key_facts(call, entry, action), []
        if action.when is not None and action.when.test == "roles":
            passed = self._passed_roles(call, action)
            if passed:
                return passed, []
        facts: list[UsageFact] = []
        gaps: list[Gap] = []
        for found in self._resources(call, action):
            pattern = self._pattern(found)
            widening = None
            if found.certainty is Certainty.ASSUMED and "*" in split_arn(pattern.arn)[5]:
                widening = Widening(
                    before=found.kind,
                    after=pattern.symbolic,
                    reason=f"{call.location}: {found.detail or 'the call does not name it'}",
                )
            if found.unresolved and not possible:
                gaps.append(
                    self._gap(
                        call,
                        GapReason.RESOURCE_UNRESOLVED,
                        f"{action.action}: {found.detail}" if found.detail else action.action,
                        (),
                    )
                )
            facts.append(
                self._fact(
                    call,
                    action,
                    pattern,
                    certainty=found.certainty if entry.status == "known" else Certainty.ASSUMED,
                    widening=widening,
                    possible=possible and not self.conditionals,
                )
            )
        return facts, gaps

    def _fact(
        self,
        call: ApiCall,
        action: ActionEntry,
        pattern: ResourcePattern,
        *,
        certainty: Certainty,
        widening: Widening | None = None,
        possible: bool = False,
    ) -> UsageFact:
        note = "implied" if action.implied else ""
        if action.when is not None:
            note = f"{note} when {action.when.text}".strip()
        return UsageFact(
            function=self.function,
            role=self.role,
            action=action.action,
            resource=pattern,
            conditions=tuple(self.names.condition(c) for c in action.conditions),
            origin=Origin.CODE,
            certainty=certainty,
            evidence=(
                CodeEvidence(
                    location=call.location,
                    service=call.service,
                    operation=call.operation,
                    path=call.path,
                    via=call.via,
                    note=note,
                ),
            ),
            widening=widening,
            possible=possible,
        )

    def _pattern(self, found: _Found) -> ResourcePattern:
        if found.symbolic == "*":
            return ANY
        if found.whole:
            return ResourcePattern(found.symbolic, self.names.concrete(_widest(found.kind)))
        symbolic = self.names.canonical(found.symbolic)
        return ResourcePattern(symbolic, self.names.concrete(symbolic))

    # -- customer keys --

    def _key_facts(self, call: ApiCall, entry: OperationEntry, action: ActionEntry) -> list[UsageFact]:
        """Return key facts for each resource of the call that the template encrypts with a customer key."""
        facts: list[UsageFact] = []
        for own in entry.actions:
            if own.when is not None and _asks_key(own.when):
                continue
            if self._decide(own.when, call) is not True:
                continue
            for found in self._resources(call, own):
                key = self.names.kms_key(found.symbolic)
                if key is None:
                    continue
                for bound in self.binder.texts(key):
                    symbolic = _key_arn(bound)
                    if symbolic is None:
                        continue
                    pattern = ResourcePattern(symbolic, self.names.concrete(symbolic))
                    facts.append(self._fact(call, action, pattern, certainty=bound.certainty))
        return list(dict.fromkeys(facts))

    def _passed_roles(self, call: ApiCall, action: ActionEntry) -> list[UsageFact]:
        """Return a fact for each role that the template's resource, named by the call, passes on."""
        listed: dict[str, list[str]] = self.maps.table("relations").get("roles", {})
        path = action.when.path if action.when is not None else ""
        texts = [b.text for v in self.binder.member(call.arguments, path) or () for b in self.binder.texts(v)]
        facts: list[UsageFact] = []
        for name in dict.fromkeys(n for text in texts for n in re.findall(r"(?<!\$)\{([^{}]+)\}", text)):
            resource = self.names.resource(name)
            for key, value in resource.attributes if resource is not None else ():
                if resource is None or key not in listed.get(resource.type, ()):
                    continue
                for bound in self.binder.texts(value):
                    if bound.text.startswith("arn:"):
                        pattern = ResourcePattern(bound.text, self.names.concrete(bound.text))
                        facts.append(self._fact(call, action, pattern, certainty=bound.certainty))
        return list(dict.fromkeys(facts))

    # -- resources --

    def _resources(self, call: ApiCall, action: ActionEntry) -> list[_Found]:
        if not action.resources:
            return [_Found(symbolic="*", certainty=Certainty.EXACT)]
        argument = self._argument(call)
        live = [entry for entry in action.resources if entry.when is None or entry.when.decide(argument) is True]
        if not live:
            unseen = [e for e in action.resources if e.when is not None and e.when.decide(argument) is None]
            live = [e for e in action.resources if e.when is None] or [e for e in unseen if e.arn != "*"]
        if not live:
            return [_Found(symbolic="*", certainty=Certainty.EXACT)]
        found: list[_Found] = []
        whole = [entry for entry in live if WHOLE in entry.bind]
        for entry in live:
            if entry not in whole:
                found.extend(self._related(entry, one) for one in self._from_parts(call, entry))
        for _, group in itertools.groupby(
            sorted(whole, key=lambda e: e.bind[WHOLE][0]), key=lambda e: e.bind[WHOLE][0]
        ):
            found.extend(self._from_whole(call, tuple(group)))
        if not found:
            return [
                self._related(
                    e,
                    _Found(symbolic=_widest(e.arn), certainty=Certainty.ASSUMED, unresolved=True, kind=e.arn),
                )
                for e in live
            ]
        return _without_shadows(found)

    def _from_whole(self, call: ApiCall, entries: tuple[ResourceEntry, ...]) -> list[_Found]:
        """One member holds the whole ARN; which of the types it is, the value tells."""
        path, rule = entries[0].bind[WHOLE]
        found: list[_Found] = []
        for bound in self._bounds(call, path):
            for named in transform(rule, bound.text):
                found.extend(self._whole(named, bound, entries))
        return found

    def _whole(self, named: Named, bound: Bound, entries: tuple[ResourceEntry, ...]) -> list[_Found]:
        if named.text.startswith("arn:"):
            fits = [e for e in entries if _has_form(named.text, e.arn)] or list(entries[:1])
            return [_Found(symbolic=named.text, certainty=bound.certainty, detail=bound.detail, kind=fits[0].arn)]
        token = re.fullmatch(r"\{[^{}]+\}", named.text)
        if token:
            return [
                _Found(symbolic=named.text, certainty=bound.certainty, detail=bound.detail, kind=entries[0].arn, whole=True)
            ]  # fmt: skip
        single = [e for e in entries if len(_open_placeholders(e.arn)) == 1]
        if named.known and single and "*" not in named.text and ":" not in named.text:
            text = _fill(single[0].arn, {_open_placeholders(single[0].arn)[0]: named.text})
            return [_Found(symbolic=text, certainty=bound.certainty, detail=bound.detail, kind=single[0].arn)]
        return [
            _Found(
                symbolic=_widest(e.arn), certainty=Certainty.ASSUMED, detail=bound.detail,
                unresolved=True, kind=e.arn,
            )
            for e in entries
        ]  # fmt: skip

    def _related(self, entry: ResourceEntry, found: _Found) -> _Found:
        """Bind what the call leaves open to the one resource of the template that stands before the function."""
        if found.certainty is not Certainty.ASSUMED:
            return found
        for row in self.maps.table("relations").get("relation", ()):
            ids = self.names.of_type(row["resource"]) if row["type"] == entry.type else ()
            if len(ids) != 1 or "{" in split_arn(found.symbolic)[5]:
                continue
            fixed = entry.arn.replace(f"${{{row['placeholder']}}}", f"{{{ids[0]}}}")
            return replace(found, symbolic=_widest(fixed), unresolved=False, detail=f"{ids[0]} of the template")
        return found

    def _from_parts(self, call: ApiCall, entry: ResourceEntry) -> list[_Found]:
        if entry.arn == "*":
            return [_Found(symbolic="*", certainty=Certainty.EXACT)]
        if not entry.bind:
            return [_Found(symbolic=_widest(entry.arn), certainty=Certainty.ASSUMED, kind=entry.arn)]
        by_member: dict[str, list[Bound]] = {path: self._bounds(call, path) for path, _ in entry.bind.values()}
        paths = list(by_member)
        found: list[_Found] = []
        for choice in itertools.islice(itertools.product(*by_member.values()), 32):
            values = dict(zip(paths, choice, strict=True))
            found.extend(self._combine(entry, values))
        return found

    def _combine(self, entry: ResourceEntry, values: dict[str, Bound]) -> list[_Found]:
        options: list[list[tuple[str, Named, Bound]]] = []
        for placeholder, (path, rule) in entry.bind.items():
            bound = values[path]
            text = bound.text or default(rule) or ""
            options.append([(placeholder, named, bound) for named in transform(rule, text)])
        return [_assemble(entry, combination) for combination in itertools.product(*options)]

    def _bounds(self, call: ApiCall, path: str) -> list[Bound]:
        values = self.binder.member(call.arguments, path)
        if values is None:
            return [Bound(text="*", certainty=Certainty.ASSUMED, detail=f"{path} is not seen")]
        if not values:
            return [Bound(text="", certainty=Certainty.EXACT)]
        bounds: dict[Bound, None] = {}
        for value in values:
            for bound in self.binder.texts(value):
                bounds[bound] = None
        return list(bounds) or [UNKNOWN]

    def _gap(self, call: ApiCall, reason: GapReason, detail: str, services: tuple[str, ...] | None) -> Gap:
        return Gap(
            reason=reason,
            detail=detail,
            location=call.location,
            services=services,
            function=self.function,
        )


def _assemble(entry: ResourceEntry, combination: tuple[tuple[str, Named, Bound], ...]) -> _Found:
    names: dict[str, str] = {}
    certainty, detail, base = Certainty.EXACT, "", None
    known = False
    for placeholder, named, bound in combination:
        text = named.text
        missing = text == ""
        text = text or "*"
        if named.is_arn:
            base = (placeholder, text)
        names[placeholder] = text
        known = known or (named.known and set(text) - {"*"} != set())
        if bound.certainty is Certainty.ASSUMED or (missing and text == "*"):
            certainty, detail = Certainty.ASSUMED, detail or bound.detail
        elif bound.certainty is Certainty.BOUND and certainty is Certainty.EXACT:
            certainty = Certainty.BOUND
    free = [p for p in _open_placeholders(entry.arn) if p not in names]
    if free:
        certainty = Certainty.ASSUMED
    symbolic = _fill(entry.arn, names) if base is None else _on_arn(entry.arn, base[0], base[1], names)
    return _Found(
        symbolic=symbolic,
        certainty=certainty,
        detail=detail,
        unresolved=not known,
        kind=entry.arn,
    )


def _fill(template: str, names: dict[str, str]) -> str:
    """Return the template with its placeholders filled in; standard ones stay tokens, unknown ones become `*`."""

    def one(match: re.Match[str]) -> str:
        name = match[1]
        return match[0] if name in _STANDARD else names.get(name, "*")

    return re.sub(r"\*{2,}", "*", _PLACEHOLDER.sub(one, template))


def _widest(template: str) -> str:
    return _fill(template, {})


def _on_arn(template: str, placeholder: str, arn: str, names: dict[str, str]) -> str:
    """Return an ARN given for a name, with what the template has behind that name."""
    tail = template.partition(f"${{{placeholder}}}")[2]
    if not tail:
        return arn
    filled = _fill(tail, names)
    fixed = re.split(r"\*|\{", filled)[0]
    if fixed and fixed in arn[len("arn:") :] and "/" in split_arn(arn)[5]:
        head = split_arn(arn)[5]
        if fixed.strip("/:") and f"{fixed}" in head:
            return arn
    return re.sub(r"\*{2,}", "*", arn + filled)


def _open_placeholders(template: str) -> list[str]:
    return [name for name in _PLACEHOLDER.findall(template) if name not in _STANDARD]


def _has_form(arn: str, template: str) -> bool:
    """Whether a symbolic ARN can be of a type, by service and the fixed text of its resource part."""
    have, want = split_arn(arn), split_arn(template)
    if have[2] not in (want[2], "*") and want[2] != "*":
        return False
    pattern = "".join(
        ".+" if index % 2 else re.escape(piece) for index, piece in enumerate(_PLACEHOLDER.split(want[5]))
    )
    return re.fullmatch(pattern, have[5]) is not None


def _key_arn(bound: Bound) -> str | None:
    if bound.text.startswith("arn:"):
        return bound.text
    if bound.is_unknown or bound.text.startswith("alias/"):
        return "arn:${Partition}:kms:${Region}:${Account}:key/*"
    return f"arn:${{Partition}}:kms:${{Region}}:${{Account}}:key/{bound.text}"


def _asks_key(when: When) -> bool:
    return when.test == "key" or any(_asks_key(part) for part in when.of)


def _is_null(value: Text) -> bool:
    return len(value.parts) == 1 and isinstance(value.parts[0], Literal) and value.parts[0].text == "None"


def _without_shadows(found: list[_Found]) -> list[_Found]:
    unique: dict[str, _Found] = {}
    for one in found:
        known = unique.get(one.symbolic)
        if known is None or (known.unresolved and not one.unresolved):
            unique[one.symbolic] = one
    return list(unique.values())
