"""The `Policies` of each function in SAM's form, references kept."""

from dataclasses import replace
from typing import Any

from iamgen.model.notation import yaml_lines
from iamgen.model.policy import Policy, Statement
from iamgen.model.result import SuggestResult
from iamgen.outputs._cloudformation import boundary_resource, document, managed_policies
from iamgen.outputs._roles import Deployable, deployables, head_lines, twin_of
from iamgen.outputs._sam_templates import recognised
from iamgen.plugins import OutputFormat


def render(result: SuggestResult) -> str:
    """Return the properties to put under the functions of a template.

    A shared role has no place in `Policies` of a function: it is written as a role of its own, to
    which its functions point.
    """
    lines = ["Resources:"]
    for deployable in deployables(result):
        lines += [f"  {line}" for line in head_lines(deployable)]
        lines += yaml_lines(_resources(deployable), 2)
    return "\n".join(lines) + "\n" if len(lines) > 1 else "Resources: {}\n"


def _resources(deployable: Deployable) -> dict[str, Any]:
    boundary = boundary_resource(deployable)
    managed = managed_policies(deployable)
    policies: list[Any] = []
    if not deployable.shared:
        for part in deployable.policies:
            if part.attach == "inline":
                policies += _inline(part.document, deployable)
    policies += [{"Ref": logical_id} for logical_id in managed]
    if deployable.shared:
        return {**_shared_role(deployable, managed, boundary), **managed, **boundary}
    properties: dict[str, Any] = {}
    for logical_id in boundary:
        properties["PermissionsBoundary"] = {"Ref": logical_id}
    properties["Policies"] = policies
    function = deployable.suggestion.function.logical_id or deployable.id
    head = {"Type": "AWS::Serverless::Function", "Properties": properties}
    return {function: head, **managed, **boundary}


def _inline(policy: Policy, deployable: Deployable) -> list[Any]:
    """Return policy templates where one equals a statement, and a document for the others."""
    templates: list[Any] = []
    others: list[Statement] = []
    twin = twin_of(policy, deployable)
    for statement, symbolic in zip(policy.statements, twin.statements, strict=True):
        found = recognised(statement, symbolic, deployable.references)
        if found is None:
            others.append(statement)
        else:
            templates.append(found)
    rest = replace(policy, statements=tuple(others))
    return [*templates, *([document(rest, deployable)] if others else [])]


def _shared_role(deployable: Deployable, managed: dict[str, Any], boundary: dict[str, Any]) -> dict[str, Any]:
    from iamgen.outputs._cloudformation import inline_policies

    properties: dict[str, Any] = {"AssumeRolePolicyDocument": deployable.trust.to_document()}
    for logical_id in boundary:
        properties["PermissionsBoundary"] = {"Ref": logical_id}
    if managed:
        properties["ManagedPolicyArns"] = [{"Ref": logical_id} for logical_id in managed]
    inline = inline_policies(deployable)
    if inline:
        properties["Policies"] = inline
    return {deployable.id: {"Type": "AWS::IAM::Role", "Properties": properties}}


PLUGIN = OutputFormat(name="sam", suffix=".yaml", renders=(SuggestResult,), render=render)
