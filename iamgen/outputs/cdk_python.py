"""The statements of a role for a CDK app in Python."""

from iamgen.model.quote import comment
from iamgen.model.result import SuggestResult
from iamgen.outputs._cdk import (
    PYTHON,
    boundary_statements,
    python_boundary,
    statement_lines,
    statements,
)
from iamgen.outputs._roles import Deployable, deployables, head_lines, identifier, snake
from iamgen.plugins import OutputFormat


def render(result: SuggestResult) -> str:
    """Return code to put into the stack: one list of statements per role, and its boundary."""
    lines = [
        "import aws_cdk as cdk",
        "from aws_cdk import aws_iam as iam",
        "from constructs import Construct",
    ]
    for deployable in deployables(result):
        lines += ["", "", *_code(deployable)]
    return "\n".join(lines) + "\n"


def _code(deployable: Deployable) -> list[str]:
    name = snake(deployable.title)
    lines = [*head_lines(deployable)]
    place = deployable.suggestion.location
    if place is not None:
        lines.append(f"# {comment(str(place))[:300]}")
    lines += [f"def {name}_statements() -> list[iam.PolicyStatement]:", "    return ["]
    for statement, twin in statements(deployable):
        lines += statement_lines(statement, twin, deployable.references, PYTHON, 8)
        lines[-1] += ","
    lines.append("    ]")
    kept = boundary_statements(deployable.boundary)
    if kept:
        lines += ["", "", *python_boundary(name, identifier(deployable.title) + "Boundary", kept)]
    return lines


PLUGIN = OutputFormat(name="cdk-python", suffix=".py", renders=(SuggestResult,), render=render)
