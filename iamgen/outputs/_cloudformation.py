"""The resources of a role as CloudFormation values, shared by the forms that build on it."""

from typing import Any

from iamgen.model.notation import cloudformation_statements
from iamgen.model.policy import Policy
from iamgen.outputs._roles import Deployable, twin_of


def document(policy: Policy, deployable: Deployable) -> dict[str, Any]:
    """Return a policy document with references."""
    written = policy.to_document()
    written["Statement"] = cloudformation_statements(
        policy, twin_of(policy, deployable), deployable.references
    )
    return written


def inline_policies(deployable: Deployable) -> list[dict[str, Any]]:
    """Return the entries of a role's `Policies`."""
    return [
        {"PolicyName": part.name, "PolicyDocument": document(part.document, deployable)}
        for part in deployable.policies
        if part.attach == "inline"
    ]


def managed_policies(deployable: Deployable) -> dict[str, dict[str, Any]]:
    """Return logical id -> resource of each managed policy of the role, its boundary apart."""
    parts = [part for part in deployable.policies if part.attach == "managed"]
    return {
        f"{deployable.id}Policy{number}": {
            "Type": "AWS::IAM::ManagedPolicy",
            "Properties": {"PolicyDocument": document(part.document, deployable)},
        }
        for number, part in enumerate(parts, start=1)
    }


def boundary_resource(deployable: Deployable) -> dict[str, dict[str, Any]]:
    """Return logical id -> resource of the boundary, empty without one."""
    if deployable.boundary is None:
        return {}
    return {
        f"{deployable.id}Boundary": {
            "Type": "AWS::IAM::ManagedPolicy",
            "Properties": {"PolicyDocument": deployed_here(deployable.boundary)},
        }
    }


def deployed_here(policy: Policy) -> dict[str, Any]:
    """Return a document in which an open partition is the one that the stack is deployed to.

    IAM's own documents name a partition; `arn:*:` is left to plain IAM JSON.
    """
    written = policy.to_document()
    for statement in written["Statement"]:
        for key in ("Resource", "NotResource"):
            if key in statement:
                value = statement[key]
                listed = [
                    _own_partition(arn) for arn in ([value] if isinstance(value, str) else value)
                ]
                statement[key] = listed[0] if len(listed) == 1 else listed
    return written


def _own_partition(arn: str) -> Any:
    if not arn.startswith("arn:*:"):
        return arn
    rest = arn.removeprefix("arn:*:").replace("${", "${!")
    return {"Fn::Sub": "arn:${AWS::Partition}:" + rest}
