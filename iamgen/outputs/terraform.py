"""Policy documents, role policies and boundaries in Terraform, references kept."""

from iamgen.model.notation import hcl_text
from iamgen.model.result import SuggestResult
from iamgen.model.symbol import References
from iamgen.outputs._roles import Deployable, deployables, head_lines, snake, twin_of
from iamgen.outputs._terraform import boundary_blocks, document
from iamgen.plugins import OutputFormat

PSEUDO_SOURCES = ("aws_caller_identity", "aws_partition", "aws_region")


def render(result: SuggestResult) -> str:
    """Return the blocks of all roles, and the data sources that they ask."""
    blocks: list[list[str]] = []
    for deployable in deployables(result):
        blocks += _blocks(deployable)
    text = "\n\n".join("\n".join(block) for block in blocks)
    sources = [
        f'data "{source}" "current" {{}}'
        for source in PSEUDO_SOURCES
        if f"data.{source}.current." in text
    ]
    return "\n\n".join([*sources, text] if text else sources) + "\n"


def _blocks(deployable: Deployable) -> list[list[str]]:
    name = snake(deployable.title)
    role = _role_name(deployable)
    blocks: list[list[str]] = [
        [
            *head_lines(deployable),
            *document(f"{name}_trust", deployable.trust, None, References()),
        ]
    ]
    numbered = len(deployable.policies) > 1
    for number, part in enumerate(deployable.policies, start=1):
        label = f"{name}_{number}" if numbered else name
        twin = twin_of(part.document, deployable)
        blocks.append(document(label, part.document, twin, deployable.references))
        reference = f"data.aws_iam_policy_document.{label}.json"
        if part.attach == "inline":
            blocks.append(
                [
                    f'resource "aws_iam_role_policy" "{label}" {{',
                    f"  name   = {hcl_text(part.name)}",
                    f"  role   = {role}.id",
                    f"  policy = {reference}",
                    "}",
                ]
            )
        else:
            blocks += [
                [
                    f'resource "aws_iam_policy" "{label}" {{',
                    f"  name   = {hcl_text(part.name)}",
                    f"  policy = {reference}",
                    "}",
                ],
                [
                    f'resource "aws_iam_role_policy_attachment" "{label}" {{',
                    f"  role       = {role}.name",
                    f"  policy_arn = aws_iam_policy.{label}.arn",
                    "}",
                ],
            ]
    boundary: list[str] = []
    if deployable.boundary is not None:
        blocks += boundary_blocks(name, f"{deployable.id}Boundary", deployable.boundary)
        boundary = [f"  permissions_boundary = aws_iam_policy.{name}_boundary.arn"]
    if role == f"aws_iam_role.{name}":
        width = len("permissions_boundary") if boundary else len("assume_role_policy")
        trust = f"data.aws_iam_policy_document.{name}_trust.json"
        blocks.append(
            [
                f'resource "aws_iam_role" "{name}" {{',
                f"  {'name'.ljust(width)} = {hcl_text(deployable.title)}",
                f"  {'assume_role_policy'.ljust(width)} = {trust}",
                *boundary,
                "}",
            ]
        )
    else:
        del blocks[0]
        blocks[0] = [*head_lines(deployable), *blocks[0]]
    return blocks


def _role_name(deployable: Deployable) -> str:
    """Return the address of the role: the template's own where it is known."""
    key = deployable.suggestion.role.key or ""
    words = key.split(".")
    if len(words) == 2 and words[0] == "aws_iam_role" and words[1].isidentifier():
        return key
    return f"aws_iam_role.{snake(deployable.title)}"


PLUGIN = OutputFormat(name="terraform", suffix=".tf", renders=(SuggestResult,), render=render)
