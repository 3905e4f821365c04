"""The statements of a role for a CDK app in TypeScript."""

from iamgen.model.quote import comment
from iamgen.model.result import SuggestResult
from iamgen.outputs._cdk import (
    TYPESCRIPT,
    boundary_statements,
    statement_lines,
    statements,
    typescript_boundary,
)
from iamgen.outputs._roles import Deployable, deployables, head_lines, identifier
from iamgen.plugins import OutputFormat


def render(result: SuggestResult) -> str:
    """Return code to put into the stack: one list of statements per role, and its boundary."""
    lines = [
        "import * as cdk from 'aws-cdk-lib';",
        "import * as iam from 'aws-cdk-lib/aws-iam';",
        "import { Construct } from 'constructs';",
    ]
    for deployable in deployables(result):
        lines += ["", *_code(deployable)]
    return "\n".join(lines) + "\n"


def _code(deployable: Deployable) -> list[str]:
    name = identifier(deployable.title)
    variable = name[0].lower() + name[1:]
    lines = [*head_lines(deployable, "//")]
    place = deployable.suggestion.location
    if place is not None:
        lines.append(f"// {comment(str(place))[:300]}")
    lines.append(f"export const {variable}Statements = (): iam.PolicyStatement[] => [")
    for statement, twin in statements(deployable):
        lines += statement_lines(statement, twin, deployable.references, TYPESCRIPT, 2)
        lines[-1] += ","
    lines.append("];")
    kept = boundary_statements(deployable.boundary)
    if kept:
        lines += ["", *typescript_boundary(variable, f"{name}Boundary", kept)]
    return lines


PLUGIN = OutputFormat(name="cdk-typescript", suffix=".ts", renders=(SuggestResult,), render=render)
