"""Pure IAM JSON: one document for one function, else an object from ARN or place to document."""

import json
from typing import Any

from iamgen.errors import InputError
from iamgen.model.policy import Policy
from iamgen.model.result import Status, Suggestion, SuggestResult
from iamgen.plugins import OutputFormat


def render(result: SuggestResult) -> str:
    """Return the policy of exactly one function, else the map of all."""
    if len(result.functions) != 1:
        return render_map(result)
    suggestion = result.functions[0]
    if suggestion.status is Status.INSUFFICIENT or suggestion.policy is None:
        raise InputError(
            f"not enough evidence for `{suggestion.function.name}`",
            hint="`iamgen doctor` says what is missing",
        )
    return _dumps(suggestion.policy.to_document())


def render_map(result: SuggestResult, *, by_role: bool = False) -> str:
    """Return an object from function (or role) to document; what lacks evidence is left out."""
    found: dict[str, Any] = {}
    for suggestion in result.functions:
        policy = _policy(suggestion, by_role=by_role)
        if suggestion.status is not Status.INSUFFICIENT and policy is not None:
            found[_key(suggestion, by_role=by_role)] = policy.to_document()
    return _dumps(found)


def _policy(suggestion: Suggestion, *, by_role: bool) -> Policy | None:
    if by_role and suggestion.role_policy is not None:
        return suggestion.role_policy
    return suggestion.policy


def _key(suggestion: Suggestion, *, by_role: bool) -> str:
    if by_role:
        role = suggestion.role
        known = role.arn or role.key or role.name
        if known is not None:
            return known
    function = suggestion.function
    if function.arn is not None:
        return function.arn
    if function.template is not None:
        return f"{function.template}:{function.logical_id or function.id}"
    return function.id


def _dumps(document: Any) -> str:
    return json.dumps(document, indent=2, ensure_ascii=True) + "\n"


PLUGIN = OutputFormat(name="policy", suffix=".json", renders=(SuggestResult,), render=render)
