"""What the readers of a trail go by: the table `logs` of the access maps, made ready for a fast loop.

What enters: the access maps. What leaves: `LogRules`, whose methods are pure. Which members of `requestParameters` are
worth keeping follows from what the maps bind to resources and conditions; nothing else of a request is kept.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from iamgen.access.lookup import EventEntry, When
from iamgen.access.maps import AccessMaps
from iamgen.access.naming import undated
from iamgen.access.transforms import apply

_TESTED = 2
"""Members whose presence is looked for in a raw request before it is decoded; beyond that decoding is quicker."""

_VARIABLE = re.compile(
    r"""(?x)
      ^[0-9_.:+TZ-]*[0-9][0-9_.:+TZ-]*$                      # numbers, dates, times
    | ^[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$ # UUID
    | ^(?=[^0-9]*[0-9])[0-9a-fA-F]{8,}$                      # hexadecimal with a digit
    | [=*?$]                                                 # key=value, wildcards
    | ^(?=(?:[^0-9]*[0-9]){4})[0-9A-Za-z_-]{20,}$            # long tokens with digits
    """
)
"""A part of an object key that is likely to differ from one object to the next."""

_MADE_UP = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}|(?<=i-)[0-9a-f]{8,17}"

_SECRET_SUFFIX = re.compile(r"(:secretsmanager:[^:]*:[^:]*:secret:.+)-[A-Za-z0-9]{6}$")

_PARTIQL = {
    "select": "SELECT * FROM",
    "insert": "INSERT INTO",
    "update": "UPDATE",
    "delete": "DELETE FROM",
    "exists": "EXISTS(SELECT * FROM",
}

_NOT_AUTHORIZED = re.compile(r"not authorized to perform:?\s+([a-zA-Z0-9-]+:[A-Za-z0-9*]+)")
_ON_RESOURCE = re.compile(r"on resource:\s*\"?(arn:[^\s\"]+)")


@dataclass(frozen=True, slots=True)
class Member:
    """One member of requestParameters worth keeping."""

    path: str
    """As the maps spell it, `TransactItems[].Put.TableName`."""
    fold: str
    """`folder`, `copy-source`, `partiql`, `any`, `presence` or empty."""
    values: frozenset[str] = frozenset()
    """With fold `presence`: the values that are kept as they are."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is kept of the requests of one event name."""

    members: tuple[Member, ...]
    spellings: tuple[str, ...]
    """The path of each member as the log may spell it; letter case is ignored where it differs."""
    digest: str
    template: re.Pattern[str] | None = None
    """The one resource type of the call, where the members say nothing that an ARN of it in `resources` does not."""
    tested: tuple[str, ...] = ()
    """With `template`: the members that decide about further actions; their presence is looked for first."""


class LogRules:
    """The rules of reading a trail. Make one per process; it keeps what it worked out."""

    def __init__(self, maps: AccessMaps) -> None:
        self._maps = maps
        table = maps.table("logs")
        self.not_calls: Mapping[str, str] = table["not_calls"]
        denied = table["denied"]
        self._denied = frozenset(denied["codes"])
        self._unless = frozenset(denied["unless_message"])
        self.unauthenticated = frozenset(denied["unauthenticated"])
        self._denied_by: tuple[tuple[str, str], ...] = tuple(denied["by"].items())
        self._folds: Mapping[str, str] = table["fold"]["placeholders"]
        self._arn_folds: Mapping[str, list[list[Any]]] = table["fold"]["arns"]
        self._extra: Mapping[str, list[str]] = table["parameters"]
        self._service_extra: Mapping[str, list[str]] = table["parameters_of_service"]
        self._sessions = tuple(_session_pattern(text) for text in table["sessions"]["fold"])
        self.lambda_issuer: str = table["lambda"]["issuer"]
        self.lambda_environment: bytes = table["lambda"]["environment"].encode()
        self.global_sources = frozenset(
            f"{service}.amazonaws.com" for service in table["coverage"]["global"]["services"]
        )
        changes = table["changes"]
        self._changes = {source: frozenset(names) for source, names in changes.items() if "." in source}
        self.deployments = frozenset(changes["deployments"]["names"])
        self.subjects: tuple[str, ...] = tuple(changes["subjects"]["names"])
        self.details: tuple[str, ...] = tuple(changes["subjects"]["details"])
        self._via: tuple[tuple[str, str], ...] = tuple((a, b) for a, b in table["via"]["order"])

    def plan(self, event_source: str, event_name: str, *, of_service: bool = False) -> Plan:
        """Return which members of a request to keep."""
        entry = self._maps.event(event_source, event_name)
        members: dict[str, Member] = {}
        for member in self._bound(entry):
            known = members.get(member.path)
            if known is None or _weight(member) > _weight(known):
                members[member.path] = member
            elif known.fold == member.fold == "presence":
                members[member.path] = Member(known.path, known.fold, known.values | member.values)
        extra = self._service_extra if of_service else self._extra
        for path in extra.get(event_source, ()):
            members.setdefault(path, Member(path, ""))
        ordered = tuple(members[path] for path in sorted(members))
        text = repr([(m.path, m.fold, sorted(m.values)) for m in ordered])
        return Plan(
            ordered,
            tuple(_spelling(m.path, entry.members) for m in ordered),
            hashlib.blake2b(text.encode(), digest_size=8).hexdigest(),
            *self._listed(entry, ordered),
        )

    def spellings(self, service: str) -> Iterable[str]:
        """Yield what is kept of any request of a service, as the log spells it."""
        members = self._maps.table("events")["members"].get(service, {})
        for operation in self._maps.operations(service):
            entry = EventEntry(
                service=service, operation=operation, entry=self._maps.operation(service, operation), members=members
            )
            for member in self._bound(entry):
                yield _spelling(member.path, members)
        for path in (
            *self._extra.get(f"{service}.amazonaws.com", ()),
            *self._service_extra.get(f"{service}.amazonaws.com", ()),
        ):
            yield _spelling(path, members)

    def _listed(self, entry: EventEntry, members: tuple[Member, ...]) -> tuple[re.Pattern[str] | None, tuple[str, ...]]:
        actions = [each for each in entry.entry.actions if not each.implied] if entry.entry else []
        plain = [each for each in actions if each.when is None]
        if len(plain) != 1 or len(plain[0].resources) != 1:
            return None, ()
        resource = plain[0].resources[0]
        bound = {path for path, _ in resource.bind.values()}
        if resource.when is not None or not resource.bind or "copy-source" in {m.fold for m in members}:
            return None, ()
        tested = tuple(_spelling(m.path, entry.members) for m in members if m.path not in bound)
        if len(tested) > _TESTED or any("[" in each or "{" in each or "." in each for each in tested):
            return None, ()
        literal = re.split(r"\$\{\w+\}", resource.arn)
        return re.compile("[^\n]+".join(re.escape(part) for part in literal)), tested

    def _bound(self, entry: EventEntry) -> Iterable[Member]:
        if entry.ignored:
            return
        if entry.action and not entry.entry:
            known = self._maps.action(entry.action)
            for kind in known.resource_types if known else ():
                for placeholder in re.findall(r"\$\{(\w+)\}", self._maps.resource_arn(kind) or ""):
                    if placeholder not in ("Partition", "Region", "Account"):
                        yield Member(placeholder, self._folds.get(placeholder, ""))
        for action in entry.entry.actions if entry.entry else ():
            yield from _tested(action.when)
            for resource in action.resources:
                yield from _tested(resource.when)
                for placeholder, (path, transform) in resource.bind.items():
                    yield Member(path, self._fold_of(placeholder, transform))

    def _fold_of(self, placeholder: str, transform: str) -> str:
        if transform == "s3_copy_source" or transform.startswith(("s3_", "https_")):
            return "copy-source"
        if transform.startswith("partiql_"):
            return "partiql"
        return self._folds.get(placeholder, "")

    def is_change(self, event_source: str, event_name: str) -> bool:
        """Whether the event is kept one by one."""
        names = self._changes.get(event_source)
        return names is not None and undated(event_name) in names

    def via(self, user_agent: str, invoked_by: str) -> str:
        """Return how a change was made, empty when nothing says so."""
        for word, name in self._via:
            if word in invoked_by or word in user_agent:
                return name
        return ""

    def fold_session(self, session: str) -> str:
        """Return a session name with a part made up per call or machine folded to `*`."""
        for pattern, stable in self._sessions:
            if pattern.fullmatch(session):
                return stable
        return session

    def refusal(self, code: str, message: str) -> tuple[str, str, str] | None:
        """Return (action, refusing kind of policy, resource) of a refused call, None where IAM refused nothing.

        Each of the three is empty where the message does not say it.
        """
        named = _NOT_AUTHORIZED.search(message) if message else None
        if named is None and (code not in self._denied or code in self._unless):
            return None
        kind = next((kind for words, kind in self._denied_by if words in message), "")
        where = _ON_RESOURCE.search(message) if named else None
        resource = self.fold_arn(where[1].rstrip(".,")) if where else ""
        return (named[1] if named else "", kind, resource)

    def fold_arn(self, arn: str) -> str:
        """Return an ARN with the part that a call makes up folded to `*` (`s3:::b/in/*`, `secret:x-??????`)."""
        parts = arn.split(":", 5)
        if len(parts) < 6:
            return arn
        service, resource = parts[2], parts[5]
        if service in ("s3", "s3-object-lambda"):
            return self._fold_s3(arn, resource)
        if service == "secretsmanager":
            return _SECRET_SUFFIX.sub(r"\1-??????", arn)
        for prefix, kept, separator in self._arn_folds.get(service, ()):
            if resource.startswith(prefix):
                words = resource.split(separator)
                if len(words) > kept:
                    varying = separator.join([*words[:kept], "*"])
                    return ":".join([*parts[:5], varying])
        return arn

    def _fold_s3(self, arn: str, resource: str) -> str:
        start = arn[: len(arn) - len(resource)]
        if resource.startswith("accesspoint/"):
            point, slash, key = resource.partition("/object/")
            return start + point + slash + fold_key(key) if slash else arn
        bucket, slash, key = resource.partition("/")
        return start + bucket + "/" + fold_key(key) if slash else arn

    def fold_value(self, member: Member, value: str) -> str:
        """Return the value of a member as it is kept."""
        match member.fold:
            case "":
                return self.fold_arn(value) if value.startswith("arn:") else value[:2048]
            case "any":
                return "*"
            case "folder":
                return fold_key(value)
            case "copy-source":
                return self._fold_copy_source(value)
            case "partiql":
                return _fold_statement(value)
            case _:
                return value if value.lower() in member.values else ""

    def _fold_copy_source(self, value: str) -> str:
        if value.startswith("arn:"):
            return self.fold_arn(value.partition("?")[0])
        scheme = "s3://" if value.startswith("s3://") else ""
        if value.startswith("https://"):
            return value.rpartition("/")[0] + "/*"
        bucket, slash, key = value.removeprefix(scheme).lstrip("/").partition("/")
        key, version, _ = key.partition("?versionId=")
        return scheme + bucket + "/" + fold_key(key) + version if slash else scheme + bucket


def _fold_statement(statement: str) -> str:
    """Return a PartiQL statement with nothing left but its verb, table and index."""
    verb = re.match(r"\s*([A-Za-z]+)", statement)
    table = apply("partiql_table", statement)
    if verb is None or not table:
        return ""
    index = "".join(f'."{name}"' for name in apply("partiql_index", statement))
    return f'{_PARTIQL.get(verb[1].lower(), "SELECT * FROM")} "{table[0]}"{index}'


def fold_key(key: str) -> str:
    """Return the stable folder of an object key with `*` for the rest: `in/*`, `*` for a key without a folder.

    Folders whose name looks made up (dates, UUIDs, numbers, `key=value`) and all that follows them are left out.
    """
    folder = key.rpartition("/")[0]
    if not folder:
        return "*"
    kept = []
    for part in folder.split("/"):
        if _VARIABLE.search(part):
            break
        kept.append(part)
    return "/".join([*kept, "*"])


def _weight(member: Member) -> int:
    """Of two wishes for one member: a fold of a bound one before the plain value, the value before its presence."""
    return {"presence": 0, "": 1}.get(member.fold, 2)


def _tested(when: When | None) -> Iterable[Member]:
    if when is None:
        return
    if when.test in ("has", "eq"):
        yield Member(when.path, "presence", frozenset(value.lower() for value in when.values))
    elif when.test in ("arn", "begins", "contains", "fits"):
        yield Member(when.path, "")
    for part in when.of:
        yield from _tested(part)


def _spelling(path: str, members: Mapping[str, str]) -> str:
    if path in members:
        return members[path]
    head, dot, rest = path.partition(".")
    if head in members:
        return members[head] + dot + rest
    return ".".join(part[:1].lower() + part[1:] for part in path.split("."))


def _session_pattern(text: str) -> tuple[re.Pattern[str], str]:
    """`#` stands for digits, `@` for a UUID or at least 8 hexadecimal digits, `*` for anything."""
    body = re.escape(text)
    body = body.replace(r"\#", r"\d+").replace(r"\*", ".*")
    body = body.replace("@", f"(?:{_MADE_UP})")
    return re.compile(f"{body}"), re.sub(r"[#@]", "*", text)
