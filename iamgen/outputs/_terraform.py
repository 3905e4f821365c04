"""Policy documents and boundaries as blocks of Terraform."""

from iamgen.model.notation import hcl_document_statements, hcl_text
from iamgen.model.policy import Policy
from iamgen.model.symbol import References


def boundary_blocks(label: str, name: str, policy: Policy) -> list[list[str]]:
    """Return the document and the policy of a boundary."""
    return [
        document(f"{label}_boundary", policy, None, References()),
        [
            f'resource "aws_iam_policy" "{label}_boundary" {{',
            f"  name   = {hcl_text(name)}",
            f"  policy = data.aws_iam_policy_document.{label}_boundary.json",
            "}",
        ],
    ]


def document(label: str, policy: Policy, twin: Policy | None, references: References) -> list[str]:
    """Return a policy document data source; with a twin its references are kept."""
    lines = [f'data "aws_iam_policy_document" "{label}" {{']
    if policy.version not in (None, "2012-10-17"):
        lines += [f"  version = {hcl_text(policy.version or '')}", ""]
    for statement in policy.statements:
        if statement.principals:
            return [*lines, *_trust(policy), "}"]
    return [*lines, *hcl_document_statements(policy, twin, references, 2), "}"]


def _trust(policy: Policy) -> list[str]:
    lines: list[str] = []
    for statement in policy.statements:
        lines += ["  statement {", f"    effect  = {hcl_text(statement.effect)}"]
        actions = ", ".join(hcl_text(action) for action in statement.actions)
        lines.append(f"    actions = [{actions}]")
        for kind, values in statement.principals or ():
            listed = ", ".join(hcl_text(value) for value in values)
            lines += [
                "",
                "    principals {",
                f"      type        = {hcl_text(kind)}",
                f"      identifiers = [{listed}]",
                "    }",
            ]
        for condition in statement.conditions:
            listed = ", ".join(hcl_text(value) for value in condition.values)
            lines += [
                "",
                "    condition {",
                f"      test     = {hcl_text(condition.name)}",
                f"      variable = {hcl_text(condition.key)}",
                f"      values   = [{listed}]",
                "    }",
            ]
        lines.append("  }")
    return lines
