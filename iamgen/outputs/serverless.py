"""The role as statements of a serverless.yml, references kept."""

from typing import Any

from iamgen.model.notation import cloudformation_statements, yaml_lines
from iamgen.model.result import SuggestResult
from iamgen.outputs._cloudformation import boundary_resource
from iamgen.outputs._roles import Deployable, deployables, head_lines, twin_of
from iamgen.plugins import OutputFormat


def render(result: SuggestResult) -> str:
    """Return `provider.iam.role.statements` for a shared role, else the statements per function.

    Per function they stand under `iamRoleStatements`, the key of the plug-in that gives each
    function a role of its own; `iamRoleStatementsInherit` stays off.
    """
    found = list(deployables(result))
    lines: list[str] = []
    shared = [deployable for deployable in found if deployable.shared]
    for deployable in shared[:1]:
        role: dict[str, Any] = {}
        for logical_id in boundary_resource(deployable):
            role["permissionsBoundary"] = {"Fn::Sub": "${" + logical_id + "}"}
        role["statements"] = _statements(deployable)
        lines += head_lines(deployable)
        lines += yaml_lines({"provider": {"iam": {"role": role}}})
    own = [deployable for deployable in found if not deployable.shared]
    if own:
        lines.append("functions:")
        for deployable in own:
            lines += [f"  {line}" for line in head_lines(deployable)]
            key = deployable.suggestion.function.id
            entry: dict[str, Any] = {"iamRoleStatements": _statements(deployable)}
            for logical_id in boundary_resource(deployable):
                entry = {"iamPermissionsBoundary": {"Ref": logical_id}, **entry}
            lines += yaml_lines({key: entry}, 2)
    resources: dict[str, Any] = {}
    for deployable in [*shared[:1], *own]:
        resources.update(boundary_resource(deployable))
    if resources:
        lines += yaml_lines({"resources": {"Resources": resources}})
    return "\n".join(lines) + "\n" if lines else "functions: {}\n"


def _statements(deployable: Deployable) -> list[Any]:
    """The statements of all parts: the framework itself cuts nothing."""
    return [
        statement
        for part in deployable.policies
        for statement in cloudformation_statements(
            part.document, twin_of(part.document, deployable), deployable.references
        )
    ]


PLUGIN = OutputFormat(name="serverless", suffix=".yml", renders=(SuggestResult,), render=render)
