"""From logged calls to usage facts.

What enters: one event row (it may stand for many events), whose call it is, and the access maps. What leaves: the facts
it shows, or why it shows none. Each row gets exactly one fate, so that the events of a run add up: used, denied,
ignored with a reason, or a gap. A denied call gives denied facts and nothing else. Resources are taken from the event's
own list first, from the request where the list does not name them; what neither names is the type's pattern in the
caller's account and region, as a recorded widening. It does not decide whose call it is (`iamgen.graph.attribute`).
"""

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from iamgen.access.lookup import WHOLE, ActionEntry, Argument, EventEntry, ResourceEntry
from iamgen.access.maps import AccessMaps
from iamgen.access.transforms import apply, default
from iamgen.model.condition import Condition
from iamgen.model.fact import Certainty, LogEvidence, Origin, ResourcePattern, UsageFact, Widening
from iamgen.model.observation import ApiEvent, Gap, GapReason, Outcome

_COMBINATIONS = 200
"""ARNs that one event may name for one resource type."""

_PLACEHOLDER = re.compile(r"\$\{(\w+)\}")


class Fate(StrEnum):
    """What became of an event."""

    USED = "used"
    DENIED = "denied"
    IGNORED = "ignored"
    GAP = "gap"


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFacts:
    """What one event row shows."""

    fate: Fate
    reason: str = ""
    """Why it is ignored or a gap: `service-event`, `no-permission`, `environment-variables`, …"""
    facts: tuple[UsageFact, ...] = ()
    gap: Gap | None = None


class EventResolver:
    """Resolves events; keeps what it worked out for rows that differ in their session alone."""

    def __init__(self, maps: AccessMaps) -> None:
        self._maps = maps
        rules = maps.table("logs")
        self._environment: str = rules["lambda"]["environment_context"]
        self._email_types = frozenset(rules["resources"]["address_or_domain"])
        self._known: dict[tuple[object, ...], tuple[Fate, str, tuple[_Use, ...]]] = {}
        self._templates: dict[str, tuple[re.Pattern[str], int]] = {}
        self._best: dict[str, int] = {}

    def resolve(self, event: ApiEvent, *, function: str | None, attribution: str) -> EventFacts:
        """Return what an event shows, for the function it was attributed to (None at role level)."""
        key = (
            event.event_source, event.event_name, event.account, event.region, event.role_arn, event.resources,
            event.parameters, event.kind, event.outcome, event.invoked_by, event.denied_action, event.error_code,
        )  # fmt: skip
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._work_out(event)
        fate, reason, uses = known
        if fate is Fate.GAP:
            detail = f"{event.event_source} {event.event_name}"
            return EventFacts(
                fate=fate,
                reason=reason,
                gap=Gap(GapReason.OPERATION_UNKNOWN, detail, services=(reason,), function=function),
            )
        evidence = LogEvidence(
            count=event.count,
            first=event.first_seen,
            last=event.last_seen,
            outcome=event.outcome,
            event=f"{event.event_source} {event.event_name}",
            resource="",
            attribution=attribution,
            denied_by=event.denied_by,
            invoked_by=event.invoked_by,
        )
        facts = tuple(
            UsageFact(
                function=function,
                role=event.role_arn,
                action=use.action,
                resource=ResourcePattern(use.arn, use.arn),
                conditions=use.conditions,
                origin=Origin.LOG,
                certainty=Certainty.ASSUMED if use.unresolved else Certainty.OBSERVED,
                outcome=event.outcome,
                evidence=(replace(evidence, resource=use.arn),),
                widening=use.widening,
            )
            for use in uses
        )
        return EventFacts(fate=fate, reason=reason, facts=facts)

    def _work_out(self, event: ApiEvent) -> "tuple[Fate, str, tuple[_Use, ...]]":
        if event.kind != "call":
            return Fate.IGNORED, event.kind, ()
        entry = self._maps.event(event.event_source, event.event_name)
        if entry.ignored:
            return Fate.IGNORED, entry.ignored, ()
        if any(path == self._environment for path, _ in event.parameters):
            return Fate.IGNORED, "environment-variables", ()
        if event.outcome is Outcome.DENIED and event.denied_action:
            uses = self._named_denial(event, entry)
        elif entry.entry is not None:
            if entry.entry.status == "no-iam":
                return Fate.IGNORED, "no-permission", ()
            if entry.entry.status != "known":
                return Fate.GAP, self._prefix(event, entry), ()
            uses = tuple(self._uses(event, entry.entry.actions))
        elif entry.action is not None:
            uses = tuple(self._uses(event, (self._bare_action(entry.action),)))
        else:
            return Fate.GAP, self._prefix(event, entry), ()
        if not uses:
            return Fate.IGNORED, "no-permission", ()
        return (Fate.DENIED if event.outcome is Outcome.DENIED else Fate.USED), "", uses

    def _prefix(self, event: ApiEvent, entry: EventEntry) -> str:
        prefix = self._maps.prefix(entry.service) if entry.service else None
        return prefix or event.event_source.partition(".")[0]

    def _bare_action(self, action: str) -> ActionEntry:
        """Return an entry for an event that is named after an action: placeholders are bound by their own names."""
        known = self._maps.action(action)
        resources = []
        for kind in known.resource_types if known else ():
            arn = self._maps.resource_arn(kind) or "*"
            names = [name for name in _PLACEHOLDER.findall(arn) if name not in _HOME]
            resources.append(ResourceEntry(type=kind, arn=arn, bind={name: (name, "arn_or_name") for name in names}))
        return ActionEntry(action=action, resources=tuple(resources))

    def _named_denial(self, event: ApiEvent, entry: EventEntry) -> "tuple[_Use, ...]":
        """A refusal that names its action is about that action alone."""
        action = self._maps.canonical(event.denied_action or "")
        if action is None:
            return ()
        actions = entry.entry.actions if entry.entry else ()
        own = [each for each in actions if each.action == action]
        if own:
            return tuple(self._uses(event, own))
        where = [arn for arn in event.resources if arn.startswith("arn:")] or ["*"]
        return tuple(_Use(action=action, arn=arn) for arn in where)

    # -- actions and resources --

    def _uses(self, event: ApiEvent, actions: Iterable[ActionEntry]) -> "Iterator[_Use]":
        request = _Request(event)
        found: dict[_Use, None] = {}
        for action in actions:
            if action.implied or (action.when is not None and action.when.decide(request.argument) is not True):
                continue
            conditions = action.conditions + _via(event, action.action)
            for arn, unresolved, widening in self._resources(event, request, action):
                use = _Use(
                    action=action.action,
                    arn=arn,
                    conditions=conditions,
                    unresolved=unresolved,
                    widening=widening,
                )
                found[use] = None
        yield from found

    def _resources(
        self, event: ApiEvent, request: "_Request", action: ActionEntry
    ) -> "Iterator[tuple[str, bool, Widening | None]]":
        entries = self._entries(event, request, action)
        if not entries or all(entry.type == "*" for entry in entries):
            yield "*", False, None
            return
        found: dict[str, None] = {}
        silent: list[ResourceEntry] = []
        for entry in entries:
            named = list(self._named(event, request, entry))
            found.update(dict.fromkeys(named))
            if not named:
                silent.append(entry)
        for arn in found:
            yield arn, False, _folding(arn)
        if found:
            for entry in self._needed(action, silent):
                pattern = self._pattern(entry, request, {})
                yield pattern, True, Widening(entry.arn, pattern, "log-names-no-resource")
            return
        known = self._maps.action(action.action)
        if not any(entry.bind for entry in entries) and (known is None or not known.required_types):
            yield "*", True, Widening(entries[0].arn, "*", "log-names-no-resource")
            return
        for entry in entries:
            pattern = self._pattern(entry, request, {})
            yield pattern, True, Widening(entry.arn, pattern, "log-names-no-resource")

    def _needed(self, action: ActionEntry, silent: list[ResourceEntry]) -> list[ResourceEntry]:
        """Return the types that a call needs besides those it names: what the server makes, what must be given.

        Types that bind the whole ARN to one member are alternatives, of which the call names one.
        """
        known = self._maps.action(action.action)
        required = known.required_types if known is not None else ()
        return [
            entry
            for entry in silent
            if entry.type != "*" and WHOLE not in entry.bind and (not entry.bind or entry.type in required)
        ]

    def _entries(self, event: ApiEvent, request: "_Request", action: ActionEntry) -> list[ResourceEntry]:
        """Return the resource types that the call works on.

        By their condition, by what stands for an absent member, else because the event lists one of them.
        """
        fitting = [
            entry
            for entry in action.resources
            if entry.when is None or entry.when.decide(request.argument) is True or _stands_for_absent(entry)
        ]
        typed = [entry for entry in fitting if entry.type != "*"]
        if not typed:
            listed = [
                entry
                for entry in action.resources
                if entry.type != "*" and any(self._is_of(arn, entry.arn) for arn in event.resources)
            ]
            return listed or fitting
        if any(entry.when is not None for entry in typed):
            return [entry for entry in fitting if entry.type != "*" or entry.when is None]
        return fitting

    def _named(self, event: ApiEvent, request: "_Request", entry: ResourceEntry) -> Iterator[str]:
        """Yield the ARNs that the event names for one resource type."""
        if entry.type == "*":
            yield "*"
            return
        listed = [arn for arn in event.resources if self._is_of(arn, entry.arn)]
        given = {placeholder: request.values(path, rule) for placeholder, (path, rule) in entry.bind.items()}
        if listed:
            fitting = [arn for arn in listed if self._fits(arn, entry.arn, given)]
            if fitting:
                yield from fitting
                return
            if not any(given.values()):
                yield from listed
                return
        yield from self._built(request, entry, given)

    def _built(self, request: "_Request", entry: ResourceEntry, given: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
        for text in given.get(WHOLE, ()):
            if _is_arn(text) and self._is_of(text, entry.arn):
                yield text
        wanted = [name for name in _PLACEHOLDER.findall(entry.arn) if name not in _HOME]
        if not wanted:
            yield self._pattern(entry, request, {})
            return
        bound = [name for name in wanted if given.get(name)]
        if all(text == "*" for name in bound for text in given[name]):
            return
        for combination in itertools.islice(itertools.product(*(given[name] for name in bound)), _COMBINATIONS):
            yield from self._filled(request, entry, dict(zip(bound, combination, strict=True)))

    def _filled(self, request: "_Request", entry: ResourceEntry, parts: Mapping[str, str]) -> Iterator[str]:
        home = request.home(entry.arn)
        texts: dict[str, str] = {}
        for name, text in parts.items():
            if not _is_arn(text):
                texts[name] = text
                continue
            if self._is_of(text, entry.arn):
                yield text
                return
            captured = self._capture(text, entry.arn) or self._capture_by_type(text, name)
            fields = text.split(":", 5)
            home = _moved(home, fields)
            last = fields[5].partition("/")[2] or fields[5].rpartition(":")[2]
            texts[name] = captured.get(name) or last
        yield _fill(entry.arn, {**home, **texts})
        if entry.type in self._email_types:
            for name, text in texts.items():
                if "@" in text:
                    domain = text.rpartition("@")[2].rstrip("> ")
                    yield _fill(entry.arn, {**home, **texts, name: domain})

    def _pattern(self, entry: ResourceEntry, request: "_Request", parts: Mapping[str, str]) -> str:
        return _fill(entry.arn, {**request.home(entry.arn), **parts})

    # -- ARN templates --

    def _template(self, arn: str) -> tuple[re.Pattern[str], int]:
        known = self._templates.get(arn)
        if known is None:
            body, literal = "", 0
            for number, part in enumerate(_PLACEHOLDER.split(arn)):
                if number % 2 == 0:
                    body += re.escape(part)
                    literal += len(part)
                elif part in _HOME:
                    body += f"(?P<{part}>[^:]*)"
                else:
                    body += f"(?P<{part}>.+)" if f"(?P<{part}>" not in body else f"(?P={part})"
            known = self._templates[arn] = (re.compile(body), literal)
        return known

    def _is_of(self, arn: str, template: str) -> bool:
        """Whether an ARN is of a type: its template fits and none of the same service fits better."""
        pattern, literal = self._template(template)
        if not pattern.fullmatch(arn):
            return False
        best = self._best.get(arn)
        if best is None:
            service = arn.split(":", 3)[2]
            best = max(
                (
                    length
                    for other in self._maps.resource_types(service).values()
                    for regex, length in (self._template(other),)
                    if regex.fullmatch(arn)
                ),
                default=0,
            )
            self._best[arn] = best
        return literal >= best

    def _capture(self, arn: str, template: str) -> dict[str, str]:
        match = self._template(template)[0].fullmatch(arn)
        return match.groupdict() if match else {}

    def _capture_by_type(self, arn: str, placeholder: str) -> dict[str, str]:
        """Return what an ARN of another type of the service says of a placeholder (the table of an index)."""
        for template in self._maps.resource_types(arn.split(":", 3)[2]).values():
            if f"${{{placeholder}}}" in template and self._is_of(arn, template):
                return self._capture(arn, template)
        return {}

    def _fits(self, arn: str, template: str, given: Mapping[str, tuple[str, ...]]) -> bool:
        captured = self._capture(arn, template)
        for placeholder, values in given.items():
            known = [text for text in values if text != "*"]
            if not known:
                continue
            if placeholder == WHOLE:
                if any(_is_arn(text) for text in known) and arn not in known:
                    return False
                continue
            here = captured.get(placeholder, "")
            if not any(_same(text, arn if _is_arn(text) else here) for text in known):
                return False
        return True


def join_equal(facts: Iterable[UsageFact]) -> tuple[UsageFact, ...]:
    """Return facts that agree in all but their evidence joined, evidence of one kind of event added up; sorted."""
    groups: dict[tuple[object, ...], list[UsageFact]] = {}
    for fact in facts:
        key = (fact.function, fact.role, fact.action, fact.resource, fact.conditions, fact.outcome, fact.possible)
        groups.setdefault(key, []).append(fact)
    joined = [
        replace(
            some[0],
            certainty=min((each.certainty for each in some), key=_STRENGTH.index),
            evidence=_added(each for fact in some for each in fact.evidence if isinstance(each, LogEvidence)),
        )
        for some in groups.values()
    ]
    return tuple(sorted(joined, key=_order))


def of_service(facts: Iterable[UsageFact]) -> tuple[UsageFact, ...]:
    """Return what one event of the Lambda service in a role shows, on every resource.

    It works for whatever the function is configured with next: other subnets, interfaces not yet made. So do the
    managed policies for it. Source: Lambda developer guide, "Required IAM permissions" of VPC access (2026-11).
    """
    wide: dict[str, UsageFact] = {}
    for fact in facts:
        if fact.action not in wide:
            before = fact.resource.arn
            widening = Widening(before, "*", "lambda-service") if before != "*" else fact.widening
            wide[fact.action] = replace(fact, resource=ResourcePattern("*", "*"), widening=widening)
    return tuple(wide.values())


_STRENGTH = (Certainty.OBSERVED, Certainty.EXACT, Certainty.BOUND, Certainty.RULE, Certainty.ASSUMED)


def _order(fact: UsageFact) -> tuple[object, ...]:
    return (fact.function or "", fact.role or "", fact.action, fact.resource, str(fact.conditions), fact.outcome.value)


def _added(evidence: Iterable[LogEvidence]) -> tuple[LogEvidence, ...]:
    found: dict[tuple[object, ...], LogEvidence] = {}
    for each in evidence:
        key = (each.event, each.outcome, each.resource, each.attribution, each.denied_by or "", each.invoked_by or "")
        known = found.get(key)
        found[key] = (
            each
            if known is None
            else replace(
                known,
                count=known.count + each.count,
                first=min(known.first, each.first),
                last=max(known.last, each.last),
            )
        )
    return tuple(found[key] for key in sorted(found, key=str))


def fold_resources(facts: tuple[UsageFact, ...]) -> tuple[UsageFact, ...]:
    """Return facts with many resources of one kind folded to their common beginning, each a recorded widening.

    A function that touches more than `_RESOURCES` resources under one name (buckets' folders, parameters, topics) will
    touch the next one tomorrow.
    """
    groups: dict[tuple[object, ...], list[UsageFact]] = {}
    for fact in facts:
        key = (fact.function, fact.role, fact.action, fact.conditions, fact.outcome, _kind(fact.resource.arn))
        groups.setdefault(key, []).append(fact)
    out: list[UsageFact] = []
    for some in groups.values():
        if len(some) <= _RESOURCES:
            out.extend(some)
            continue
        for pattern, members in _common([fact.resource.arn for fact in some]).items():
            chosen = [fact for fact in some if fact.resource.arn in members]
            out.extend(
                replace(
                    fact,
                    resource=ResourcePattern(pattern, pattern),
                    widening=Widening(f"{len(members)} resources", pattern, "log-many-resources")
                    if len(members) > 1
                    else fact.widening,
                )
                for fact in chosen
            )
    return join_equal(out)


_RESOURCES = 50
"""Resources of one kind that a function's action keeps one by one."""


def _kind(arn: str) -> str:
    """Return what resources must share to be folded together: a bucket, or service, region, account and type."""
    fields = arn.split(":", 5)
    if len(fields) < 6:
        return arn
    if fields[2] == "s3":
        return ":".join(fields[:5]) + ":" + fields[5].partition("/")[0]
    return (
        ":".join(fields[:5]) + ":" + re.split(r"[:/]", fields[5], maxsplit=1)[0]
        if re.search(r"[:/]", fields[5])
        else ":".join(fields[:5])
    )


def _common(arns: list[str]) -> dict[str, set[str]]:
    """Return pattern -> ARNs, with as few parts cut off as bring the number down to `_RESOURCES`."""
    parts = {arn: re.split(r"(?<=[/:_.-])", arn) for arn in arns}
    for depth in range(max(len(each) for each in parts.values()), 0, -1):
        found: dict[str, set[str]] = {}
        for arn, words in parts.items():
            head = "".join(words[:depth])
            found.setdefault(arn if len(words) <= depth else head + "*", set()).add(arn)
        if len(found) <= _RESOURCES // 2:
            return found
    return {arn: {arn} for arn in arns}


_HOME = ("Partition", "Region", "Account")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Use:
    """One action on one resource, as an event shows it."""

    action: str
    arn: str
    conditions: tuple[Condition, ...] = ()
    unresolved: bool = False
    widening: Widening | None = None


class _Request:
    """The parameters of an event, by the member paths of the maps."""

    def __init__(self, event: ApiEvent) -> None:
        self._values: dict[str, list[str]] = {}
        for path, value in event.parameters:
            self._values.setdefault(path, []).append(value)
        role = (event.role_arn or "").split(":")
        self._home = {
            "Partition": role[1] if len(role) > 1 else "aws",
            "Region": event.region or "*",
            "Account": event.account or "*",
        }
        self._urls = [value for _, value in event.parameters if value.startswith("https://")]
        self._listed = [arn.split(":", 5) for arn in event.resources if arn.count(":") >= 5]

    def argument(self, path: str) -> Argument:
        """Return what is known of a member; a log shows what was passed, so what is not there was not."""
        values = self._values.get(path)
        if not values:
            return any(other.startswith((f"{path}.", f"{path}[", f"{path}{{")) for other in self._values)
        return values[0] or True

    def values(self, path: str, rule: str) -> tuple[str, ...]:
        """Return what the values of a member name, and what stands for an absent one."""
        given = [value for value in self._values.get(path, ()) if value]
        if not given:
            usual = default(rule)
            return () if usual is None else (usual,)
        found = [text for value in given for text in apply(rule, value)]
        return tuple(dict.fromkeys(_fill_home(text, self._home) for text in found if text))

    def home(self, template: str) -> dict[str, str]:
        """Return partition, region and account of a resource: where the event itself points, else the caller's."""
        home = dict(self._home)
        service = template.split(":", 3)[2] if template.startswith("arn:") else ""
        for fields in self._listed:
            if fields[2] == service and fields[4]:
                home = _moved(home, fields)
                break
        for url in self._urls:
            account = re.match(r"https://[^/]+/(\d{12})/", url)
            region = re.match(r"https://[a-z-]+\.([a-z0-9-]+)\.", url)
            if account and region:
                home |= {"Account": account[1], "Region": region[1]}
        return home


def _moved(home: dict[str, str], fields: list[str]) -> dict[str, str]:
    """Return partition, region and account with those of an ARN in their place, as far as it has them."""
    return {
        "Partition": fields[1],
        "Region": fields[3] or home["Region"],
        "Account": fields[4] or home["Account"],
    }


def _stands_for_absent(entry: ResourceEntry) -> bool:
    """Whether an absent member still names a resource of the type: the default event bus, the primary workgroup."""
    if entry.when is None or entry.when.test != "has":
        return False
    return any(path == entry.when.path and default(rule) is not None for path, rule in entry.bind.values())


def _is_arn(text: str) -> bool:
    return text.startswith("arn:") and text.count(":") >= 5


def _fill_home(text: str, home: Mapping[str, str]) -> str:
    """Return a text with the tokens for partition, region and account filled."""
    return _PLACEHOLDER.sub(lambda match: home.get(match[1], match[0]), text)


def _fill(template: str, parts: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda match: parts.get(match[1], "*"), template)


def _same(left: str, right: str) -> bool:
    """Whether a value of a request and a part of an ARN name the same thing; a secret's random end is left aside."""
    return left == right or (right.endswith("-??????") and left in (right[:-7], right))


def _folding(arn: str) -> Widening | None:
    """Return the widening of an observed object or log stream to its folder; None where the log named it exactly."""
    return Widening(arn.rstrip("*"), arn, "log-folded") if arn.endswith("*") else None


def _via(event: ApiEvent, action: str) -> tuple[Condition, ...]:
    """Return the condition of a call that a service forwarded.

    Source: KMS developer guide, `kms:ViaService` (checked 2026-11).
    """
    service, _, suffix = (event.invoked_by or "").partition(".amazonaws.com")
    if not action.startswith("kms:") or not service or suffix or not event.region or " " in service:
        return ()
    host = f"{service}.{event.region}.amazonaws.com"
    if event.region.startswith("cn-"):
        return (Condition(operator="StringLike", key="kms:ViaService", values=(f"{host}*",)),)
    return (Condition(operator="StringEquals", key="kms:ViaService", values=(host,)),)
