"""What the verbs of `iamgen logs` ask of usage: rows, and the data events that would close a hole."""

import fnmatch
from collections.abc import Iterable

from iamgen.errors import UsageError
from iamgen.model.fact import LogEvidence
from iamgen.model.trail import UsageRow
from iamgen.pipeline.log_usage import LogUsage


def usage_rows(usage: LogUsage, *, by: str = "function", functions: tuple[str, ...] = ()) -> tuple[UsageRow, ...]:
    """Return who uses what, one row per action and resource, sorted for `by`; `functions` are names, ARNs or globs."""
    facts = [fact for arn in usage.function_arns for fact in usage.facts_of(arn)]
    if not functions:
        facts += [fact for some in usage.role_facts.values() for fact in some]
    rows = []
    for fact in facts:
        if functions and not _is_wanted(fact.function or "", functions):
            continue
        evidence = [each for each in fact.evidence if isinstance(each, LogEvidence)]
        rows.append(
            UsageRow(
                function=fact.function or "",
                role=fact.role or "",
                service=fact.action.partition(":")[0],
                action=fact.action,
                resource=fact.resource.arn,
                outcome=fact.outcome.value,
                attribution=", ".join(sorted({each.attribution for each in evidence})),
                count=sum(each.count for each in evidence),
                first=min((each.first for each in evidence), default=""),
                last=max((each.last for each in evidence), default=""),
            )
        )
    if functions and not rows:
        raise UsageError(
            f"no function `{functions[0]}` in the log",
            hint=f"known: {', '.join(usage.function_arns[:10])}"
            if usage.function_arns
            else "the log names no function",
        )
    order = {"role": ("role", "function"), "service": ("service", "action"), "resource": ("resource", "action")}
    first = order.get(by, ())
    return tuple(sorted(rows, key=lambda row: (*(getattr(row, name) for name in first), row)))


def _is_wanted(arn: str, functions: tuple[str, ...]) -> bool:
    name = arn.split(":")[6] if arn.count(":") >= 6 else arn
    return any(fnmatch.fnmatchcase(arn, wanted) or fnmatch.fnmatchcase(name, wanted) for wanted in functions)


def missing_data_events(usage: LogUsage) -> tuple[tuple[str, str, str], ...]:
    """Return (service, resource pattern, resource type) of services in use whose data events the log never shows.

    A function that uses a service's management calls, or is forwarded to it, most likely makes data calls as well.
    """
    rules = usage.coverage_rules
    used = {
        (fact.action.partition(":")[0], fact.role or "") for arn in usage.function_arns for fact in usage.facts_of(arn)
    }
    found: set[tuple[str, str, str]] = set()
    for each in rules.data:
        if each.resource_type not in rules.advised:
            continue
        for service in rules.services_of(each.resource_type):
            for used_service, role in used:
                account = role.split(":")[4] if role else ""
                seen = any(
                    row.category == "data" and row.service == service and row.account in ("*", account)
                    for row in usage.coverage
                )
                if used_service == service and not seen:
                    found.add((service, f"account {account}", each.resource_type))
    return tuple(sorted(found))


def selectors_for(missing: Iterable[tuple[str, str, str]]) -> list[dict[str, object]]:
    """Return advanced event selectors, as `aws cloudtrail put-event-selectors` takes them, for types of data events."""
    return [
        {
            "Name": f"data events of {kind}",
            "FieldSelectors": [
                {"Field": "eventCategory", "Equals": ["Data"]},
                {"Field": "resources.type", "Equals": [kind]},
            ],
        }
        for kind in sorted({kind for _, _, kind in missing})
    ]
