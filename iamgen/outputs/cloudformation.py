"""A role per function (or shared role) as CloudFormation resources, references kept."""

from typing import Any

from iamgen.model.notation import yaml_lines
from iamgen.model.result import SuggestResult
from iamgen.outputs._cloudformation import (
    boundary_resource,
    inline_policies,
    managed_policies,
)
from iamgen.outputs._roles import Deployable, deployables, head_lines
from iamgen.plugins import OutputFormat


def render(result: SuggestResult) -> str:
    """Return the `Resources` to put into a template."""
    lines = ["Resources:"]
    for deployable in deployables(result):
        lines += [f"  {line}" for line in head_lines(deployable)]
        lines += yaml_lines(_resources(deployable), 2)
    return "\n".join(lines) + "\n" if len(lines) > 1 else "Resources: {}\n"


def _resources(deployable: Deployable) -> dict[str, Any]:
    boundary = boundary_resource(deployable)
    managed = managed_policies(deployable)
    inline = inline_policies(deployable)
    properties: dict[str, Any] = {"AssumeRolePolicyDocument": deployable.trust.to_document()}
    for logical_id in boundary:
        properties["PermissionsBoundary"] = {"Ref": logical_id}
    if managed:
        properties["ManagedPolicyArns"] = [{"Ref": logical_id} for logical_id in managed]
    if inline:
        properties["Policies"] = inline
    role = {"Type": "AWS::IAM::Role", "Properties": properties}
    return {_role_id(deployable): role, **managed, **boundary}


def _role_id(deployable: Deployable) -> str:
    return deployable.id if deployable.id.endswith("Role") else f"{deployable.id}Role"


PLUGIN = OutputFormat(
    name="cloudformation", suffix=".yaml", renders=(SuggestResult,), render=render
)
