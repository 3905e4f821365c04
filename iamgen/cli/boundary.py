"""`iamgen boundary`: permissions boundaries per function, service or environment."""

from typing import Any

import click

from iamgen.cli._options import (
    evidence_options,
    function_options,
    make_request,
    policy_options,
    project_options,
    write_result,
)

FORMATS = (
    "text", "json", "policy", "cloudformation", "sam", "serverless", "terraform",
    "cdk-typescript", "cdk-python",
)  # fmt: skip


@click.command()
@function_options
@project_options
@evidence_options
@policy_options
@click.option(
    "--headroom",
    type=click.Choice(["none", "service", "account"]),
    help="What the boundary allows beyond what is needed.",
)
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", help="Form of the answer.")
@click.option("-o", "--output", metavar="FILE", help="Write the answer to a file.")
def command(**values: Any) -> int:
    """Permissions boundaries per function, service or environment.

    \b
    iamgen boundary --all
    iamgen boundary --all --role-pattern service --format cloudformation
    """
    from dataclasses import replace

    from iamgen.errors import EXIT_DONE, EXIT_INPUT
    from iamgen.outputs._boundary import FORMS
    from iamgen.pipeline.boundary import boundaries

    request = make_request(values)
    if not request.functions:
        request = replace(request, all_functions=True)
    report = boundaries(request, values["headroom"])
    for name in report.insufficient:
        click.echo(f"iamgen: {name}: not enough evidence", err=True)
    if values["form"] != "text":
        for group in report.groups:
            if group.policy is None:
                click.echo(f"iamgen: {group.name}: no boundary fits in 6,144 characters", err=True)
    write_result(FORMS[values["form"]](report), values["output"])
    return EXIT_INPUT if report.insufficient and request.functions else EXIT_DONE
