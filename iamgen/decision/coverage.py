"""What a log could have shown: the other half of "unused".

What enters: event selectors of trails, the events that were seen, and an action on a resource. What leaves: the row of
coverage by which the log would have shown such a call over the whole window, or None. A data event needs a selector on
that resource, or events of that very resource in the log; a management event needs management events of that account
and region. What no trail ever records (`iam:PassRole`, `logs:PutLogEvents`) is covered by nothing. Selectors that take
only some events (reads, names, all but some) cover nothing here: what cannot be said for certain is not said.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from iamgen.model.glob import Glob
from iamgen.model.observation import ApiEvent, Coverage

_QUIET_DAYS = 30
"""Days before the end of the window without an event of a row; after more of them the log may have been turned off."""


@dataclass(frozen=True, slots=True)
class DataEvents:
    """Actions whose calls are data events, with the resource type of their selector."""

    resource_type: str
    actions: tuple[Glob, ...]
    exceptions: tuple[Glob, ...]

    def holds(self, action: str) -> bool:
        """Whether calls of an action are of this type."""
        return any(each.matches(action) for each in self.actions) and not any(
            each.matches(action) for each in self.exceptions
        )


@dataclass(frozen=True, slots=True)
class CoverageRules:
    """What the access maps say about what a trail records."""

    never: tuple[Glob, ...]
    data: tuple[DataEvents, ...]
    global_services: frozenset[str]
    excludable: frozenset[str]
    advised: frozenset[str]
    """Types of data events worth logging for functions."""

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> "CoverageRules":
        """Return the rules of the table `coverage` of the maps."""
        data = tuple(
            DataEvents(
                kind,
                tuple(Glob(each) for each in row["actions"]),
                tuple(Glob(each) for each in row.get("except", ())),
            )
            for kind, row in table["data"].items()
        )
        return cls(
            tuple(Glob(each) for each in table["never"]),
            data,
            frozenset(table["global"]["services"]),
            frozenset(table["excludable"]["sources"]),
            frozenset(table["advise"]["types"]),
        )

    def data_types(self, action: str) -> tuple[str, ...]:
        """Return the resource types of selectors that log calls of an action; empty for a management event."""
        return tuple(each.resource_type for each in self.data if each.holds(action))

    def is_never_logged(self, action: str) -> bool:
        """Whether no trail records calls of an action."""
        return any(each.matches(action) for each in self.never)

    def services_of(self, resource_type: str) -> tuple[str, ...]:
        """Return the service prefixes of the actions that a type's selector logs."""
        found = {
            glob.text.partition(":")[0]
            for each in self.data
            if each.resource_type == resource_type
            for glob in each.actions
        }
        return tuple(sorted(found))


def seen_coverage(events: Iterable[ApiEvent]) -> tuple[Coverage, ...]:
    """Return what the events themselves show: where a trail recorded management events, and data events of what."""
    spans: dict[tuple[str, str, str, str, str], list[str]] = {}
    for event in events:
        account = event.recipient or event.account
        if not account or event.kind not in ("call", "copy"):
            continue
        if event.category == "data":
            keys = [(account, event.region, service, "data", pattern) for service, pattern in _containers(event)]
        else:
            keys = [(account, event.region, "*", "management", "*")]
        for key in keys:
            span = spans.setdefault(key, [event.first_seen, event.last_seen])
            span[0] = min(span[0], event.first_seen)
            span[1] = max(span[1], event.last_seen)
    return tuple(
        Coverage(
            account=account, region=region, service=service, category=category, resource=resource,
            first=first, last=last, basis="seen",
        )
        for (account, region, service, category, resource), (first, last) in sorted(spans.items())
    )  # fmt: skip


def _containers(event: ApiEvent) -> Iterator[tuple[str, str]]:
    for arn in event.resources:
        fields = arn.split(":", 5)
        if len(fields) < 6:
            continue
        service = fields[2]
        if service == "s3" and fields[4] == "":
            bucket = fields[5].partition("/")[0]
            yield service, f"{':'.join(fields[:5])}:{bucket}"
            yield service, f"{':'.join(fields[:5])}:{bucket}/*"
        elif "*" not in arn:
            yield service, arn


def selector_coverage(
    document: Mapping[str, Any], rules: CoverageRules, *, first: str, last: str
) -> tuple[Coverage, ...]:
    """Return what the event selectors of one trail cover, over the span of its log.

    `document` is what GetEventSelectors answers, with what DescribeTrails says of the trail beside it where known
    (`IsMultiRegionTrail`, `IsOrganizationTrail`).
    """
    arn = str(document.get("TrailARN") or document.get("TrailArn") or "")
    fields = arn.split(":")
    trail = {**document, **(document.get("Trail") or {})}
    account = "*" if trail.get("IsOrganizationTrail") else fields[4] if len(fields) > 4 else "*"
    region = "*" if trail.get("IsMultiRegionTrail", True) else fields[3] if len(fields) > 3 else "*"
    base = Coverage(
        account=account, region=region, service="*", category="management", resource="*",
        first=first, last=last, basis="selector", source=arn,
    )  # fmt: skip
    rows: set[Coverage] = set()
    for selector in document.get("EventSelectors") or ():
        rows.update(_basic(selector, base, rules))
    for selector in document.get("AdvancedEventSelectors") or ():
        rows.update(_advanced(selector, base, rules))
    return tuple(sorted(rows))


def _basic(selector: Mapping[str, Any], base: Coverage, rules: CoverageRules) -> Iterator[Coverage]:
    if selector.get("ReadWriteType", "All") != "All":
        return
    if selector.get("IncludeManagementEvents", True):
        excluded = frozenset(selector.get("ExcludeManagementEventSources") or ())
        if excluded:
            yield replace(base, resource="!" + ",".join(sorted(excluded)))
        else:
            yield base
    for data in selector.get("DataResources") or ():
        kind = str(data.get("Type", ""))
        for value in data.get("Values") or ():
            pattern = "*" if str(value).count(":") < 5 or str(value).endswith(":::") else _started(str(value), kind)
            for service in rules.services_of(kind):
                yield replace(base, service=service, category="data", resource=pattern)


def _started(value: str, kind: str) -> str:
    """Basic selectors name S3 by prefix, tables and functions whole."""
    if kind == "AWS::S3::Object":
        return f"{value}*"
    return value


def _advanced(selector: Mapping[str, Any], base: Coverage, rules: CoverageRules) -> Iterator[Coverage]:
    fields = {str(each.get("Field")): each for each in selector.get("FieldSelectors") or ()}
    category = (fields.get("eventCategory", {}).get("Equals") or [""])[0]
    if category == "Management":
        rest = set(fields) - {"eventCategory", "eventSource"}
        excluded = frozenset(fields.get("eventSource", {}).get("NotEquals") or ())
        others = set(fields.get("eventSource", {})) - {"Field", "NotEquals"}
        if not rest and not others:
            yield replace(base, resource="!" + ",".join(sorted(excluded))) if excluded else base
        return
    if category != "Data" or set(fields) - {"eventCategory", "resources.type", "resources.ARN"}:
        return
    arns = fields.get("resources.ARN", {})
    if set(arns) - {"Field", "Equals", "StartsWith"}:
        return
    patterns = [*(arns.get("Equals") or ()), *(f"{each}*" for each in arns.get("StartsWith") or ())] or ["*"]
    for kind in fields.get("resources.type", {}).get("Equals") or ():
        for service in rules.services_of(str(kind)):
            for pattern in patterns:
                yield replace(base, service=service, category="data", resource=str(pattern))


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Whose calls are asked about, and over which window."""

    account: str | None
    region: str | None
    until: str
    min_window_days: int


def could_show(action: str, arn: str, rows: Iterable[Coverage], rules: CoverageRules, scope: Scope) -> Coverage | None:
    """Return the row by which the log would have shown a call over the whole window, None where there is none.

    `arn` is a pattern as a policy has it: every resource in it must be covered.
    """
    if rules.is_never_logged(action):
        return None
    service = action.partition(":")[0]
    is_data = bool(rules.data_types(action))
    regions = _regions(service, arn, scope, rules)
    fitting = [
        row
        for row in rows
        if row.category == ("data" if is_data else "management")
        and row.account in ("*", scope.account or row.account)
        and _spans(row, scope)
        and _holds(row, service, arn, is_data=is_data)
    ]
    found: Coverage | None = None
    for region in regions:
        row = next((each for each in fitting if region is None or each.region in ("*", region)), None)
        if row is None:
            return None
        found = found or row
    return found


def window_days(first: str | None, last: str | None) -> int:
    """Return the days from the first to the last event, both counted; 0 without any."""
    if not first or not last:
        return 0
    return (date.fromisoformat(last[:10]) - date.fromisoformat(first[:10])).days + 1


def _holds(row: Coverage, service: str, arn: str, *, is_data: bool) -> bool:
    if not is_data:
        excluded = row.resource[1:].split(",") if row.resource.startswith("!") else []
        return f"{service}.amazonaws.com" not in excluded and not (
            service == "rds-data" and "rdsdata.amazonaws.com" in excluded
        )
    if row.service != service:
        return False
    return row.resource == "*" or Glob(row.resource).covers(Glob(arn))


def _regions(service: str, arn: str, scope: Scope, rules: CoverageRules) -> tuple[str | None, ...]:
    """Return the regions in which such calls are recorded; None stands for one that nobody named."""
    fields = arn.split(":", 5)
    if service in rules.global_services:
        return (_home_of_global(fields[1] if len(fields) > 5 else "aws"),)
    if len(fields) > 5 and fields[3] and "*" not in fields[3]:
        return (fields[3],)
    return (scope.region,)


def _home_of_global(partition: str) -> str:
    return {"aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}.get(partition, "us-east-1")


def _spans(row: Coverage, scope: Scope) -> bool:
    begin = date.fromisoformat(row.first[:10])
    end = min(date.fromisoformat(row.last[:10]), date.fromisoformat(scope.until[:10]))
    quiet = (date.fromisoformat(scope.until[:10]) - end).days
    return (end - begin).days + 1 >= scope.min_window_days and quiet <= _QUIET_DAYS
