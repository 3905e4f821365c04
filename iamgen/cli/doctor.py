"""`iamgen doctor`: per function, the status, what is missing for a better answer, and the command that gives it."""

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


@click.command()
@function_options
@project_options
@evidence_options
@policy_options
@click.option("-o", "--output", metavar="FILE", help="Write the answer to a file.")
def command(**values: Any) -> int:
    """Per function: status, what is missing, and the command that would give it.

    \b
    iamgen doctor
    iamgen doctor --function order-ingest --logs ./trail
    """
    from dataclasses import replace

    from iamgen.outputs._doctor import doctor_text
    from iamgen.pipeline.suggest import suggest

    request = make_request(values)
    if not request.functions:
        request = replace(request, all_functions=True)
    write_result(doctor_text(suggest(request)), values["output"])
    return 0
