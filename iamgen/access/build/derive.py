"""Name the actions of each operation: the mechanical rules, in the order of their worth."""

import re
from dataclasses import dataclass
from typing import Any

from iamgen.access.build.catalogue import Action, Catalogue, Prefix
from iamgen.access.build.models import Operation, Service

_ACTION_IN_DOC = re.compile(r"([a-z0-9-]+):([A-Z][A-Za-z0-9]+)")
_NEEDS = re.compile(
    r"(?:[Rr]equires?|[Nn]eed|[Mm]ust have)[^.]{0,80}?permissions?[^.]{0,80}?"
    r"(?:<code>)?([a-z0-9-]+:[A-Z][A-Za-z0-9]+)|"
    r"(?:[Rr]equires? (?:the )?permission(?:s)? (?:for|to (?:perform|use|call)) (?:the )?)(?:<code>)?"
    r"([a-z0-9-]+:[A-Z][A-Za-z0-9]+)"
)


@dataclass(slots=True, kw_only=True)
class Derived:
    """The actions of one operation and how they were found."""

    actions: list[Action]
    source: str
    prefix: str
    uri: str = ""
    """For actions named by the HTTP verb: the path that is their resource."""


def choose_prefix(service: Service, catalogue: Catalogue, naming: dict[str, Any]) -> str:
    """Return the action prefix of a service: the candidate whose actions overlap its operations most."""
    by_hand = naming["prefix"].get(service.name)
    if by_hand:
        return str(by_hand)
    names = {name.lower() for name in service.operations}
    best, score = "", -1
    for candidate in service.prefix_candidates:
        prefix = catalogue.prefixes.get(candidate)
        overlap = -1 if prefix is None else len(names & prefix.lower.keys())
        if overlap > score:
            best, score = candidate, overlap
    return best or service.signing_name


def derive(
    service: Service,
    operation: Operation,
    prefix_name: str,
    catalogue: Catalogue,
    naming: dict[str, Any],
) -> Derived:
    """Return the actions of an operation by the first rule that fits; source `guess` where none does."""
    prefix = catalogue.prefixes.get(prefix_name, Prefix())
    if operation.unsigned or operation.name in naming["no_iam"].get(service.name, ()):
        return Derived(actions=[], source="none", prefix=prefix_name)
    if service.name in naming["verbs"]:
        uri = operation.uri.partition("?")[0].removeprefix(naming["verbs"][service.name])
        action = Action(name=operation.verb, level="Write" if operation.verb != "GET" else "Read")
        return Derived(actions=[action], source="verb", prefix=prefix_name, uri=uri)
    known = prefix.lower.get(operation.name.lower())
    if known:
        action = prefix.actions[known]
        source = "fresh" if action.fresh else "name"
        return Derived(actions=[action], source=source, prefix=prefix_name)
    linked = [
        action
        for action in prefix.actions.values()
        if action.link.lower() == f"api_{operation.name}.html".lower()
        and action.name.lower() not in {each.lower() for each in service.operations}
    ]
    if linked:
        return Derived(actions=linked, source="link", prefix=prefix_name)
    named = _from_doc(operation, prefix_name, catalogue)
    if named:
        where, action = named
        return Derived(actions=[action], source="doc", prefix=where)
    return Derived(actions=[Action(name=operation.name, level="Unknown")], source="guess", prefix=prefix_name)


def _from_doc(operation: Operation, own: str, catalogue: Catalogue) -> tuple[str, Action] | None:
    text = re.sub(r"<[^>]+>", "", operation.doc)
    for match in _NEEDS.finditer(text):
        found = _ACTION_IN_DOC.fullmatch(match.group(1) or match.group(2))
        if not found:
            continue
        if found.group(1) not in (own, f"{own}-outposts", f"{own}express"):
            continue
        prefix = catalogue.prefixes.get(found.group(1))
        if prefix and found.group(2).lower() in prefix.lower:
            return found.group(1), prefix.actions[prefix.lower[found.group(2).lower()]]
    return None
