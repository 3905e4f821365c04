"""`iamgen roles`: who shares a role, what sharing costs, how to split."""

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
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    help="Form of the answer.",
)
@click.option("-o", "--output", metavar="FILE", help="Write the answer to a file.")
def command(**values: Any) -> int:
    """Which functions share a role, what sharing costs, and how to split.

    \b
    iamgen roles
    iamgen roles --role-pattern service --format json
    """
    from dataclasses import replace

    from iamgen.access.maps import open_maps
    from iamgen.errors import EXIT_DONE
    from iamgen.graph.roles import roles
    from iamgen.outputs._roles_report import roles_json, roles_text
    from iamgen.pipeline.suggest import suggest

    request = make_request(values)
    if not request.functions:
        request = replace(request, all_functions=True)
    report = roles(suggest(request), request.role_pattern, open_maps().table("escalation"))
    text = roles_json(report) if values["form"] == "json" else roles_text(report)
    write_result(text, values["output"])
    return EXIT_DONE
