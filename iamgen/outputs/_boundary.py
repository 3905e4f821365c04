"""The answer of `boundary` in every form: text, JSON, IAM JSON and the template languages."""

import json
from collections.abc import Callable
from typing import Any

from iamgen.model.boundary import BoundaryReport, GroupBoundary
from iamgen.model.notation import yaml_lines
from iamgen.model.policy import Policy
from iamgen.outputs._catalogue import ENGLISH, say
from iamgen.outputs._cdk import python_boundary, typescript_boundary
from iamgen.outputs._cloudformation import deployed_here
from iamgen.outputs._escape import terminal
from iamgen.outputs._json_suggest import finding_row, widening_row
from iamgen.outputs._roles import identifier, snake
from iamgen.outputs._terraform import boundary_blocks

MAX_LINES = 20


def boundary_text(report: BoundaryReport) -> str:
    """Return the boundaries for people at a terminal."""
    lines: list[str] = []
    for group in report.groups:
        lines += [*_group(group), ""]
    lines += [f"not enough evidence: {terminal(name)}" for name in report.insufficient]
    if not report.groups and not report.insufficient:
        lines.append("no function to answer for")
    lines.append("a boundary grants nothing: a role has what its policy and its boundary both allow")
    return "\n".join(lines) + "\n"


def _group(group: GroupBoundary) -> list[str]:
    members = ""
    if group.functions != (group.name,):
        members = f"   for {', '.join(terminal(name) for name in group.functions[:8])}"
    size = f"{group.size_chars} of 6,144 characters"
    lines = [f"{terminal(group.name)}   {size}{members}"]
    for finding in group.findings[:MAX_LINES]:
        said = say(finding, terminal, ENGLISH)
        lines.append(f"  {finding.level.value:7}  {finding.id}: {said}")
    if group.policy is None:
        lines.append("  no boundary: one policy cannot hold it; split the group as named")
        return lines
    lines += [f"  not proved: the suggested policy of {terminal(name)} lies inside" for name in group.outside]
    lines += [f"  {terminal(name)}: its role has no boundary today" for name in group.without]
    for name, action, resource in group.wider:
        how = (
            f"wider than the boundary of today, as in {terminal(action)} on {terminal(resource)}"
            if action
            else f"not decided against the boundary of today: {terminal(resource)}"
        )
        lines.append(f"  {terminal(name)}: {how}")
    lines += [
        f"  {terminal(name)}: the boundary of today stops {terminal(action)} on {terminal(resource)}"
        for name, action, resource in group.blocked[:MAX_LINES]
    ]
    if group.widenings:
        lines.append(f"  {len(group.widenings)} action lists widened by headroom")
    lines += [f"  {line}" for line in json.dumps(group.policy.to_document(), indent=2, ensure_ascii=True).split("\n")]
    return lines


def boundary_json(report: BoundaryReport) -> str:
    """Return the boundaries as JSON."""
    document: dict[str, Any] = {
        "schema_version": "1.0",
        "pattern": report.pattern,
        "headroom": report.headroom,
        "boundaries": [
            {
                "name": group.name,
                "functions": list(group.functions),
                "policy": None if group.policy is None else group.policy.to_document(),
                "size_chars": group.size_chars,
                "limit_chars": 6_144,
                "findings": [finding_row(finding) for finding in group.findings],
                "widenings": [widening_row(step) for step in group.widenings],
                "without_boundary": list(group.without),
                "wider_than_today": [
                    {"function": name, "action": action or None, "resource": resource}
                    for name, action, resource in group.wider
                ],
                "blocked_today": [
                    {"function": name, "action": action, "resource": resource}
                    for name, action, resource in group.blocked
                ],
                "not_proved_inside": list(group.outside),
            }
            for group in report.groups
        ],
        "insufficient": list(report.insufficient),
    }
    return json.dumps(document, indent=2, ensure_ascii=True) + "\n"


def boundary_policy(report: BoundaryReport) -> str:
    """Return one IAM document for one group, else an object from group to document."""
    found = {group.name: policy.to_document() for group, policy in _made(report)}
    document: Any = found
    if len(report.groups) == 1 and len(found) == 1:
        (document,) = found.values()
    return json.dumps(document, indent=2, ensure_ascii=True) + "\n"


def _made(report: BoundaryReport) -> list[tuple[GroupBoundary, Policy]]:
    return [(group, group.policy) for group in report.groups if group.policy is not None]


def boundary_cloudformation(report: BoundaryReport) -> str:
    """Return the boundaries as resources; `PermissionsBoundary: !Ref` names them."""
    found = _resources(report)
    lines = ["Resources:"]
    for name, body in found.items():
        lines.append(f"  # PermissionsBoundary: !Ref {name}")
        lines += yaml_lines({name: body}, 2)
    return "\n".join(lines) + "\n" if found else "Resources: {}\n"


def boundary_serverless(report: BoundaryReport) -> str:
    """Return the boundaries as resources of a serverless.yml, and where the provider names one."""
    found = _resources(report)
    lines = yaml_lines({"resources": {"Resources": found}}) if found else ["resources: {}"]
    for name in list(found)[:1]:
        role = {"permissionsBoundary": {"Ref": name}}
        lines = [*yaml_lines({"provider": {"iam": {"role": role}}}), *lines]
    return "\n".join(lines) + "\n"


def _resources(report: BoundaryReport) -> dict[str, Any]:
    return {
        f"{identifier(group.name)}Boundary": {
            "Type": "AWS::IAM::ManagedPolicy",
            "Properties": {"PolicyDocument": deployed_here(policy)},
        }
        for group, policy in _made(report)
    }


def boundary_terraform(report: BoundaryReport) -> str:
    """Return the boundaries as Terraform; `permissions_boundary` of the role names one."""
    blocks: list[list[str]] = []
    for group, policy in _made(report):
        label = snake(group.name)
        blocks.append([f"# permissions_boundary = aws_iam_policy.{label}_boundary.arn"])
        blocks += boundary_blocks(label, f"{identifier(group.name)}Boundary", policy)
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def boundary_typescript(report: BoundaryReport) -> str:
    """Return the boundaries as code of a CDK app, for `PermissionsBoundary.of(…).apply(…)`."""
    lines = [
        "import * as iam from 'aws-cdk-lib/aws-iam';",
        "import { Construct } from 'constructs';",
    ]
    for group, policy in _made(report):
        name = identifier(group.name)
        variable = name[0].lower() + name[1:]
        lines += ["", *typescript_boundary(variable, f"{name}Boundary", policy.statements)]
    return "\n".join(lines) + "\n"


def boundary_python(report: BoundaryReport) -> str:
    """Return the boundaries as code of a CDK app in Python."""
    lines = ["from aws_cdk import aws_iam as iam", "from constructs import Construct"]
    for group, policy in _made(report):
        construct = f"{identifier(group.name)}Boundary"
        lines += ["", "", *python_boundary(snake(group.name), construct, policy.statements)]
    return "\n".join(lines) + "\n"


FORMS: dict[str, Callable[[BoundaryReport], str]] = {
    "text": boundary_text,
    "json": boundary_json,
    "policy": boundary_policy,
    "cloudformation": boundary_cloudformation,
    "sam": boundary_cloudformation,
    "serverless": boundary_serverless,
    "terraform": boundary_terraform,
    "cdk-typescript": boundary_typescript,
    "cdk-python": boundary_python,
}
