"""A difference of two policies, said in the words of findings."""

from iamgen.model.diff import Grant, Request
from iamgen.model.result import Finding, FindingLevel, PolicyDiff


def diff_findings(result: PolicyDiff) -> tuple[Finding, ...]:
    """Return one finding per group that only the suggested side allows, or that is undecided."""
    found = [
        _finding("new-access", grant, result.suggested, ("witness", request_text(grant.witness)))
        for grant in result.diff.missing
    ]
    found += [
        _finding("undecided", grant, result.suggested, ("reason", grant.reason or ""))
        for grant in result.diff.undecided
    ]
    return tuple(found)


def request_text(request: Request | None) -> str:
    """Return a request as one line."""
    if request is None:
        return ""
    context = ", ".join(f"{key}={'|'.join(values)}" for key, values in request.context)
    return f"{request.action} on {request.resource}" + (f" with {context}" if context else "")


def actions_text(grant: Grant) -> str:
    """Return the actions of a group, the first three by name."""
    names = ", ".join(grant.actions[:3])
    more = grant.actions_count - min(len(grant.actions), 3)
    return f"{names} and {more} more" if more > 0 else names


def _finding(rule: str, grant: Grant, role: str, argument: tuple[str, str]) -> Finding:
    return Finding(
        id=rule,
        level=FindingLevel.ERROR,
        function=None,
        role=role,
        action=actions_text(grant),
        resource=grant.resource,
        arguments=(argument,),
    )
