"""Tally the events of a trail: the one loop that every engine on files runs.

What enters: the bytes of one file after another. What leaves: how often each call was seen on each day, the changes
among the events, and how each file fared. It promises the same tallies for the same records in any order and any
grouping of files; counts alone change with a record that was delivered twice. It does not look at what an event means.
"""

from calendar import timegm
from collections.abc import Iterable, Iterator
from contextlib import suppress
from operator import attrgetter
from typing import Any, Literal

import msgspec
from msgspec import Raw

from iamgen.access.naming import undated
from iamgen.model.observation import Outcome
from iamgen.model.trail import Change, Extraction, FileKey, FileStatus, RawCall, Tally
from iamgen.sources._trail.record import (
    BadFile,
    Identity,
    Issuer,
    Record,
    Resource,
    decode_any,
    decode_details,
    decode_identity,
    decode_log,
    decode_resources,
    salvage,
    unpack,
)
from iamgen.sources._trail.rules import LogRules, Plan

_CACHE = 20_000
"""Entries of each cache of raw bytes before it is emptied: what bounds the memory, not the result."""

_BATCH = 1000
"""Records of a stream that are held at once."""

_LIST = 200
"""Values kept of one member; a call that names more resources has them in `resources`."""


class _Caller:
    """Who called: the fields of `RawCall` that come from `userIdentity`."""

    __slots__ = (
        "account",
        "function_arn",
        "invoked_by",
        "is_session",
        "plan",
        "principal",
        "regions",
        "role_arn",
        "session",
    )

    def __init__(self, fields: tuple[str, ...], plan: int) -> None:
        self.principal, self.account, self.role_arn, self.session, self.function_arn, self.invoked_by = fields
        self.is_session = bool(self.role_arn) and not self.function_arn and not self.invoked_by
        """A session in a role of which the record does not say whether it is a function."""
        self.regions: set[str] = set()
        """Regions in which it called from a Lambda environment."""
        self.plan = plan
        """0: the caller can be no function, its requests are not kept; 1: a role; 2: an AWS service."""


class _Name:
    """One event name, with what is kept of its requests."""

    __slots__ = ("change", "digest", "name", "plans", "source")

    def __init__(self, source: str, name: str, rules: LogRules) -> None:
        self.source = source
        self.name = name
        self.change = rules.is_change(source, name)
        self.digest = ""
        """Of what is kept of requests; empty as long as no caller was one whose requests are."""
        self.plans: list[_Request | Literal[False] | None] = [None, False, False]
        """By `_Caller.plan`; False for one that was not made yet."""

    def make(self, number: int, rules: LogRules) -> "_Request | None":
        """Return what reads the requests of a kind of caller, made when the first comes."""
        self.digest = rules.plan(self.source, self.name).digest
        plan = rules.plan(self.source, self.name, of_service=number == 2)
        request = self.plans[number] = _Request(plan, rules) if plan.members else None
        return request


class _Head:
    """Event name, region, recipient, category and type: what a group of events shares besides caller and resources."""

    __slots__ = ("change", "data", "name", "plain", "recipient", "region", "requests")

    def __init__(self, name: _Name, terms: tuple[Any, ...]) -> None:
        _, _, self.region, recipient, category, kind = terms
        self.name = name
        self.change = name.change
        self.requests = name.plans
        self.recipient = recipient or ""
        self.data = category == "Data"
        self.plain = kind == "AwsApiCall"


class _Request:
    """Reads the members of a plan out of the raw parameters.

    Requests that agree in what is kept are read once: the cache goes by the raw values, of an object key by its folder,
    since the folder alone decides what is kept of it.
    """

    __slots__ = (
        "_cache", "_decode", "_fields", "_first", "_plan", "_rest", "_rules", "_unsaid", "said", "template", "tested",
    )  # fmt: skip

    def __init__(self, plan: Plan, rules: LogRules) -> None:
        self._plan = plan
        self._rules = rules
        self._cache: dict[Any, str] = {}
        self.template = plan.template
        self.tested = tuple(f'"{name}"'.encode() for name in plan.tested)
        self.said: set[str] = set()
        """Resources of an event that say all that the request would."""
        self._unsaid: set[str] = {""}
        heads: dict[str, str] = {}
        for number, path in enumerate(first_name(path) for path in plan.spellings):
            heads.setdefault(path, f"f{number}")
        self._fields = tuple((heads[first_name(path)], _tail(path)) for path in plan.spellings)
        folded = [
            field
            for (field, tail), member in zip(self._fields, plan.members, strict=True)
            if member.fold in ("folder", "copy-source") and not tail
        ]
        dropped = {
            field
            for (field, tail), member in zip(self._fields, plan.members, strict=True)
            if member.fold == "any" and not tail
        }
        rest = [field for field in heads.values() if field not in (*folded[:1], *dropped)]
        self._first = folded[0] if folded else None
        """The member that differs from request to request, cached by its folder."""
        self._rest = attrgetter(*rest) if rest else _nothing
        struct = msgspec.defstruct(
            "Request",
            [(field, Any, None) for field in heads.values()],
            rename={v: k for k, v in heads.items()},
            gc=False,
        )
        self._decode = msgspec.json.Decoder(struct).decode

    def _is_said(self, where: str, raw: bytes) -> bool:
        """Whether the event's own list of resources says all that the request would."""
        if self.template is None or where in self._unsaid:
            return False
        if where not in self.said:
            if len(self.said) + len(self._unsaid) >= _CACHE:
                self.said.clear()
                self._unsaid = {""}
            if not any(self.template.fullmatch(arn) for arn in where.split("\n")):
                self._unsaid.add(where)
                return False
            self.said.add(where)
        return all(name not in raw for name in self.tested)

    def read(self, raw: Raw, where: str) -> str:
        """Return the members found, as JSON text; empty where there are none, or none that `where` does not say."""
        text = bytes(raw)
        if len(text) <= 4 or self._is_said(where, text):
            return ""
        try:
            request = self._decode(raw)
        except msgspec.MsgspecError:
            return ""
        key: Any = self._rest(request)
        if self._first is not None:
            value = getattr(request, self._first)
            key = (key, value.rpartition("/")[0] if type(value) is str else value)
        try:
            known = self._cache.get(key)
        except TypeError:
            key = text
            known = self._cache.get(key)
        if known is None:
            known = self._read_slowly(request, raw)
            if len(self._cache) >= _CACHE:
                self._cache.clear()
            self._cache[key] = known
        return known

    def _read_slowly(self, request: Any, raw: Raw) -> str:
        found: list[tuple[str, str]] = []
        seen = False
        for (field, tail), member in zip(self._fields, self._plan.members, strict=True):
            value = getattr(request, field)
            if value is None:
                continue
            seen = True
            self._collect(member, value, tail, found)
        if not seen and len(bytes(raw)) > 2:
            self._read_folded(raw, found)
        if not found:
            return ""
        return msgspec.json.encode(sorted(set(found))).decode()

    def _read_folded(self, raw: Raw, found: list[tuple[str, str]]) -> None:
        """The slow way: another spelling than CloudTrail's usual one."""
        document = decode_any(raw)
        if not isinstance(document, dict):
            return
        folded = {key.lower(): value for key, value in document.items()}
        for path, member in zip(self._plan.spellings, self._plan.members, strict=True):
            value = folded.get(first_name(path).lower())
            if value is None:
                value = folded.get(first_name(member.path).lower())
            if value is not None:
                self._collect(member, value, _tail(path), found)

    def _collect(self, member: Any, value: Any, tail: tuple[str, ...], found: list[tuple[str, str]]) -> None:
        fold = self._rules.fold_value
        if type(value) is str and not tail:
            found.append((member.path, fold(member, value)))
            return
        for text in _walk(value, tail, member.fold == "presence"):
            found.append((member.path, fold(member, text)))
            if len(found) >= _LIST:
                break


class Extractor:
    """Tallies files of one partition after the other."""

    def __init__(self, rules: LogRules) -> None:
        self._rules = rules
        self._names: dict[tuple[str, str], _Name] = {}
        self._heads: dict[tuple[Any, ...], _Head] = {}
        self._callers: dict[bytes, _Caller] = {}
        self._known: dict[tuple[str, ...], _Caller] = {}
        self._resources: dict[bytes, str] = {}
        self._environments: dict[tuple[_Caller, str], str] = {}
        """Sessions that called from a Lambda environment, by region, with a time at which they did."""
        self._containers: dict[str, str] = {}
        self._tallies: dict[tuple[Any, ...], list[Any]] = {}
        self._changes: list[Change] = []
        self._files: list[FileStatus] = []

    def add_file(self, file: FileKey, data: bytes) -> str:
        """Tally one file; a bad one is set aside with its reason, which is returned.

        A file that is too large to hold is returned as `large` and not set aside: it is read as a stream.
        """
        try:
            text = unpack(data)
            try:
                records: Iterable[Record] = decode_log(text).Records
                bad = 0
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                records, bad = salvage(text)
        except BadFile as error:
            status = "skipped" if error.reason == "digest" else "bad"
            if error.reason != "large":
                self._files.append(FileStatus(file, status, error.reason, 0, 0, "", ""))
            return error.reason
        self._add(file, records, bad, text)
        return ""

    def add_records(self, file: FileKey, records: Iterable[Record | None]) -> None:
        """Tally records that were read elsewhere (a stream, LookupEvents), None for one that is none.

        Raises:
            BadFile: the stream breaks off; nothing of it is kept.
        """
        held = (self._tallies, self._changes, self._files)
        self._tallies, self._changes, self._files = {}, [], []
        events = bad = 0
        first, last = "9", ""
        try:
            batch: list[Record] = []
            for record in records:
                if record is None:
                    bad += 1
                else:
                    batch.append(record)
                if len(batch) >= _BATCH:
                    self._add(file, batch, 0, b"")
                    batch = []
            self._add(file, batch, 0, b"")
            for status in self._files:
                events += status.events
                if status.events:
                    first, last = min(first, status.first), max(last, status.last)
        except BadFile:
            self._tallies, self._changes, self._files = held
            raise
        done = (self._tallies, self._changes)
        self._tallies, self._changes, self._files = held
        for group, (count, begin, end) in done[0].items():
            tally = self._tallies.setdefault(group, [0, begin, end])
            tally[0] += count
            tally[1] = min(tally[1], begin)
            tally[2] = max(tally[2], end)
        self._changes.extend(done[1])
        self._files.append(FileStatus(file, "ok", "", events, bad, first if events else "", last))

    def add_groups(self, file: FileKey, groups: "Iterable[tuple[Record, int, str, str]]") -> None:
        """Tally groups of events that were counted elsewhere: (record, events, first time, last time)."""
        for record, events, first, last in groups:
            held = self._tallies
            self._tallies = {}
            self._add(file, [record], 0, b"")
            for group in self._tallies:
                known = held.get(group)
                if known is None:
                    held[group] = [events, first, last]
                else:
                    known[0] += events
                    known[1] = min(known[1], first)
                    known[2] = max(known[2], last)
            self._tallies = held
            self._files.pop()

    def set_aside(self, file: FileKey, status: str, reason: str) -> None:
        """Note a file that was not read."""
        self._files.append(FileStatus(file, status, reason, 0, 0, "", ""))

    def take(self, partition: str) -> Extraction:
        """Return what was tallied since the last call, and begin anew."""
        tallies = (*self._finish(), *self._finish_environments())
        names = {(tally.call.event_source, tally.call.event_name) for tally in tallies}
        plans = tuple(
            (source, name, self._names[source, name].digest)
            for source, name in sorted(names)
            if (source, name) in self._names and self._names[source, name].digest
        )
        result = Extraction(
            partition=partition,
            tallies=tallies,
            changes=tuple(self._changes),
            files=tuple(self._files),
            plans=plans,
        )
        self._tallies = {}
        for caller, _ in self._environments:
            caller.regions.clear()
        self._environments = {}
        self._changes = []
        self._files = []
        return result

    @property
    def size(self) -> int:
        """How many tallies are held."""
        return len(self._tallies)

    def _add(self, file: FileKey, records: Iterable[Record], bad: int, text: bytes) -> None:  # noqa: C901  the hot loop: a call per step would double its time
        heads, callers, tallies, resources = self._heads, self._callers, self._tallies, self._resources
        count = 0
        first, last = "9", ""
        changes: list[int] = []
        for record in records:
            terms = (
                record.eventSource,
                record.eventName,
                record.awsRegion,
                record.recipientAccountId,
                record.eventCategory,
                record.eventType,
            )
            head = heads.get(terms)
            if head is None:
                head = self._head(terms)
            key = bytes(record.userIdentity)
            caller = callers.get(key)
            if caller is None:
                caller = self._caller(key)
            time = record.eventTime
            parameters = where = ""
            if caller.plan:
                if caller.is_session and head.region not in caller.regions:
                    self._note_environment(caller, record, time)
                raw = bytes(record.resources)
                if len(raw) > 4:
                    start = raw.find(b":s3:::")
                    if start > 0:
                        end = raw.find(b'"', start)
                        slash = raw.rfind(b"/", start, end)
                        if slash > 0:
                            raw = raw[: slash + 1] + raw[end:]
                    known = resources.get(raw)
                    where = self._where(raw, record.resources) if known is None else known
                request = head.requests[caller.plan]
                if request is False:
                    request = head.name.make(caller.plan, self._rules)
                if request is not None and (request.tested or where not in request.said):
                    parameters = request.read(record.requestParameters, where)
            elif head.data:
                where = self._container(record.resources)
            if head.plain and record.errorCode is None and record.sharedEventID is None:
                group: tuple[Any, ...] = (head, caller, where, parameters, time[:10])
            else:
                group = (head, caller, where, parameters, time[:10], self._rare(record, caller))
            tally = tallies.get(group)
            if tally is None:
                tallies[group] = [1, time, time]
            else:
                tally[0] += 1
                if time < tally[1]:
                    tally[1] = time
                elif time > tally[2]:
                    tally[2] = time
            if time < first:
                first = time
            if time > last:
                last = time
            if head.change:
                changes.append(count)
            count += 1
        if changes:
            self._note_changes(records, changes, text)
        self._files.append(FileStatus(file, "ok", "", count, bad, first if count else "", last))

    # -- what is worked out once and kept --

    def _head(self, terms: tuple[Any, ...]) -> _Head:
        source, event = terms[:2]
        name = self._names.get((source, event))
        if name is None:
            name = self._names[source, event] = _Name(source, event, self._rules)
        if len(self._heads) >= _CACHE:
            self._heads.clear()
        head = self._heads[terms] = _Head(name, terms)
        return head

    def _caller(self, raw: bytes) -> _Caller:
        try:
            identity = decode_identity(raw)
        except msgspec.MsgspecError:
            identity = None
        fields = self._fields(identity)
        caller = self._known.get(fields)
        if caller is None:
            plan = 1 if fields[2] else 2 if fields[0] == "AWSService" else 0
            caller = self._known[fields] = _Caller(fields, plan)
        if len(self._callers) >= _CACHE:
            self._callers.clear()
        self._callers[raw] = caller
        return caller

    def _fields(self, identity: Identity | None) -> tuple[str, ...]:
        if identity is None:
            return ("", "", "", "", "", "")
        kind, account = identity.type or "", identity.accountId or ""
        invoked_by = identity.invokedBy or ""
        context = identity.sessionContext
        issuer = context.sessionIssuer if context is not None else None
        if kind != "AssumedRole" or not identity.arn:
            if not account and issuer is not None:
                account = issuer.accountId or ""
            return (kind, account, "", "", "", invoked_by)
        role, session = _role(identity.arn, issuer)
        if "/aws-service-role/" in role:
            return ("AWSServiceRole", account, "", "", "", invoked_by)
        scope = identity.inScopeOf
        function = ""
        if scope is not None and scope.issuerType == self._rules.lambda_issuer and scope.credentialsIssuedTo:
            function = ":".join(scope.credentialsIssuedTo.split(":")[:7])
        return (kind, account or role.split(":")[4], role, self._rules.fold_session(session), function, invoked_by)

    def _where(self, raw: bytes, whole: Raw) -> str:
        """Return the ARNs of `resources`; `raw` is the same text with the names of objects in folders cut off."""
        entries: list[Resource | None] = []
        keep = True
        try:
            entries = decode_resources(raw) or []
        except msgspec.MsgspecError:
            keep = False
            with suppress(msgspec.MsgspecError):
                entries = decode_resources(whole) or []
        fold = self._rules.fold_arn
        found: dict[str, None] = {}
        for entry in entries[:_LIST]:
            if entry is not None:
                if entry.ARN:
                    found[fold(entry.ARN)] = None
                elif entry.ARNPrefix:
                    found[f"{entry.ARNPrefix}*"] = None
        text = "\n".join(sorted(found))
        if len(self._resources) >= _CACHE:
            self._resources.clear()
        if keep:
            self._resources[raw] = text
        return text

    def _container(self, raw: Raw) -> str:
        """Return what a data event of somebody else shows of a selector: the bucket, table or queue."""
        key = bytes(raw)
        text = self._resources.get(key)
        if text is None:
            text = self._where(key, raw)
        known = self._containers.get(text)
        if known is None:
            known = "\n".join(arn for arn in text.split("\n") if arn and not arn.endswith("*"))
            if len(self._containers) >= _CACHE:
                self._containers.clear()
            self._containers[text] = known
        return known

    def _rare(self, record: Record, caller: _Caller) -> tuple[str, ...] | None:
        """Return (kind, error code, outcome, refused action, by, resource) where it is no plain allowed call."""
        kind = "call"
        if record.eventType is not None and record.eventType != "AwsApiCall":
            kind = self._rules.not_calls.get(record.eventType, "no-api-call")
        elif (
            record.sharedEventID is not None
            and record.recipientAccountId is not None
            and caller.account
            and record.recipientAccountId != caller.account
        ):
            kind = "copy"
        code = record.errorCode or ""
        if code in self._rules.unauthenticated and kind == "call":
            kind = "unauthenticated"
        refusal = self._rules.refusal(code, record.errorMessage or "") if code else None
        if refusal is None:
            if kind == "call" and not code:
                return None
            return (kind, code, Outcome.ALLOWED.value, "", "", "")
        action, by, resource = refusal
        return (kind, code, Outcome.DENIED.value, action, by, resource if caller.plan else "")

    # -- results --

    def _finish(self) -> Iterator[Tally]:
        merged: dict[tuple[RawCall, int], list[int]] = {}
        for group, (count, first, last) in self._tallies.items():
            head, caller, where, parameters, _, *more = group
            rare = more[0] if more else None
            kind, code, outcome, action, by, resource = rare or ("call", "", Outcome.ALLOWED.value, "", "", "")
            call = RawCall(
                event_source=head.name.source,
                event_name=head.name.name,
                region=head.region,
                account=caller.account,
                recipient=head.recipient,
                principal=caller.principal,
                kind=kind,
                category="data" if head.data else "management",
                role_arn=caller.role_arn,
                session=caller.session,
                function_arn=caller.function_arn,
                invoked_by=caller.invoked_by,
                outcome=outcome,
                error_code=code,
                denied_action=action,
                denied_by=by,
                resources=where or resource,
                parameters=parameters,
            )
            begin, end = _seconds(first), _seconds(last)
            key = (call, begin // 86400)
            tally = merged.get(key)
            if tally is None:
                merged[key] = [count, begin, end]
            else:
                tally[0] += count
                tally[1] = min(tally[1], begin)
                tally[2] = max(tally[2], end)
        for (call, day), (count, begin, end) in merged.items():
            yield Tally(call, day, count, begin, end)

    def _note_environment(self, caller: _Caller, record: Record, time: str) -> None:
        """Note a session that calls from where Lambda runs functions, as the SDK says in its user agent."""
        if record.eventSource in self._rules.global_sources:
            return
        if self._rules.lambda_environment in bytes(record.userAgent):
            self._environments[caller, record.awsRegion] = time
            caller.regions.add(record.awsRegion)

    def _finish_environments(self) -> Iterator[Tally]:
        for (caller, region), time in self._environments.items():
            day = _seconds(time) // 86400
            call = RawCall(
                "", "", region, caller.account, "", caller.principal, "lambda-environment", "management",
                caller.role_arn, caller.session, "", "", Outcome.ALLOWED.value, "", "", "", "", "",
            )  # fmt: skip
            yield Tally(call, day, 0, day * 86400, day * 86400)

    def _note_changes(self, records: Iterable[Record], numbers: list[int], text: bytes) -> None:
        details: list[Any] = []
        if text:
            try:
                details = decode_details(text).Records
            except msgspec.MsgspecError:
                details = []
        listed = list(records)
        for number in numbers:
            detail = details[number] if number < len(details) == len(listed) else None
            self._changes.append(self._change(listed[number], detail))

    def _change(self, record: Record, detail: Any) -> Change:
        try:
            request = decode_any(record.requestParameters)
            identity = decode_identity(record.userIdentity)
        except msgspec.MsgspecError:
            request, identity = None, None
        request = request if isinstance(request, dict) else {}
        event = undated(record.eventName)
        subject = next((str(request[each]) for each in self._rules.subjects if request.get(each)), "")
        kept = {key: request[key] for key in self._rules.details if isinstance(request.get(key), str | bool | int)}
        response = detail.responseElements if detail is not None else None
        if isinstance(response, dict) and isinstance(response.get("version"), str):
            kept["version"] = response["version"]
        agent = bytes(record.userAgent).decode("utf-8", "replace")
        invoked_by = (identity.invokedBy or "") if identity is not None else ""
        who = (identity.arn or invoked_by or identity.type or "") if identity is not None else ""
        unique = (detail.eventID if detail is not None else None) or (f"{record.eventTime}/{event}/{subject}/{who}")
        return Change(
            unique, record.eventTime, record.recipientAccountId or "", record.awsRegion,
            f"{record.eventSource.partition('.')[0]} {event}", subject, who, self._rules.via(agent, invoked_by),
            msgspec.json.encode(dict(sorted(kept.items()))).decode(), record.errorCode or "",
            event in self._rules.deployments,
        )  # fmt: skip


def _nothing(_: object) -> None:
    return None


def _role(arn: str, issuer: Issuer | None) -> tuple[str, str]:
    """Return (role ARN, session name) of `arn:aws:sts::1:assumed-role/NAME/SESSION`."""
    start, _, session = arn.rpartition("/")
    if issuer is not None and issuer.arn and ":role/" in issuer.arn:
        return issuer.arn, session
    role = start.replace(":sts:", ":iam:", 1).replace(":assumed-role/", ":role/", 1)
    return (role, session) if ":role/" in role else ("", "")


def _seconds(time: str) -> int:
    """Return the seconds since 1970 of `2026-01-05T00:00:01Z`, 0 for a text that is no time."""
    try:
        return timegm(
            (int(time[:4]), int(time[5:7]), int(time[8:10]), int(time[11:13]), int(time[14:16]), int(time[17:19]))
        )
    except ValueError:
        return 0


def first_name(path: str) -> str:
    """Return the first name of a member path: the member at the top of the request."""
    end = min((at for at in (path.find("."), path.find("["), path.find("{")) if at > 0), default=len(path))
    return path[:end]


def _tail(path: str) -> tuple[str, ...]:
    """Return the steps after the first name: `[]` for a list, `{}` for the keys of a map, names else."""
    rest = path[len(first_name(path)) :]
    steps: list[str] = []
    while rest:
        if rest.startswith("[]"):
            steps.append("[]")
            rest = rest[2:]
        elif rest.startswith("{"):
            steps.append("{}")
            rest = rest.partition("}")[2]
        elif rest.startswith(".aws:"):
            steps.append(rest[1:])
            rest = ""
        else:
            word = first_name(rest.removeprefix("."))
            steps.append(word)
            rest = rest.removeprefix(".")[len(word) :]
    return tuple(steps)


def _walk(value: Any, steps: tuple[str, ...], presence: bool) -> Iterator[str]:  # noqa: C901, FBT001  one case per form
    if not steps:
        if isinstance(value, str):
            yield value
        elif isinstance(value, bool):
            yield "true" if value else "false"
        elif isinstance(value, int | float):
            yield str(value)
        elif isinstance(value, list):
            for each in value:
                yield from _walk(each, (), presence)
        elif presence and value:
            yield ""
        return
    step, rest = steps[0], steps[1:]
    if step == "[]":
        for each in value if isinstance(value, list) else ():
            yield from _walk(each, rest, presence)
    elif step == "{}":
        for key in value if isinstance(value, dict) else ():
            yield from _walk(key, rest, presence)
    elif isinstance(value, dict):
        found = value.get(step)
        if found is None:
            folded = step.lower()
            found = next((each for key, each in value.items() if key.lower() == folded), None)
        if found is not None:
            yield from _walk(found, rest, presence)
    elif isinstance(value, list):
        for each in value:
            yield from _walk(each, steps, presence)
