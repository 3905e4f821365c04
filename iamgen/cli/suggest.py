"""`iamgen suggest`: the policy, boundary and difference of the functions named."""

from typing import Any

import click

from iamgen.cli._options import (
    evidence_options,
    exceeds,
    function_options,
    make_request,
    policy_options,
    project_options,
    write_result,
)

FORMATS = (
    "text", "json", "markdown", "html", "sarif", "csv", "policy", "cloudformation", "sam", "terraform",
    "cdk-typescript", "cdk-python", "serverless",
)  # fmt: skip


@click.command()
@function_options
@project_options
@evidence_options
@policy_options
@click.option("--by", type=click.Choice(["function", "role"]), help="One policy per function or per role.")
@click.option("--map", "as_map", is_flag=True, help="With --format policy: always an object by ARN.")
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", help="Form of the answer.")
@click.option("--fail-on", default="never", help="never, note, warning, error, or a list of ids.")
@click.option("-o", "--output", metavar="FILE", help="Write the answer to a file.")
def command(**values: Any) -> int:
    """The policy, boundary and difference for one function.

    \b
    iamgen suggest --function order-ingest
    iamgen suggest --all --logs ./trail --format policy
    """
    from iamgen.errors import EXIT_DONE, EXIT_FINDINGS, EXIT_INPUT
    from iamgen.outputs._text_suggest import status_line
    from iamgen.pipeline.cycles import FORMS as TEMPLATE_FORMS
    from iamgen.pipeline.cycles import with_cycles
    from iamgen.pipeline.render import render
    from iamgen.pipeline.suggest import insufficient, suggest

    request = make_request(values)
    result = suggest(request)
    form = values["form"]
    if form in TEMPLATE_FORMS:
        result = with_cycles(result, request.project)
    for one in result.functions:
        if form == "policy":
            click.echo(f"{one.function.name}: {status_line(one)}", err=True)
    text = render(result, form, by_role=request.by_role, as_map=values["as_map"])
    if text:
        write_result(text, values["output"])
    findings = tuple(f for one in result.functions for f in one.findings)
    if insufficient(result, request):
        for one in result.functions:
            if one.policy is None:
                click.echo(f"iamgen: {one.function.name}: not enough evidence", err=True)
        return EXIT_INPUT
    return EXIT_FINDINGS if exceeds(findings, values["fail_on"]) else EXIT_DONE
