"""`iamgen scan`: usage facts from code and templates."""

from typing import Any

import click

from iamgen.cli._options import function_options, make_request, project_options, write_result


@click.command()
@click.argument("path", required=False, type=click.Path())
@function_options
@project_options
@click.option("--conditionals", is_flag=True, default=None, help="Count what unseen arguments may need.")
@click.option("--changed-since", metavar="REF", help="Only functions that a change since REF can affect.")
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "csv"]), default="text", help="Form of the answer."
)
@click.option("-o", "--output", metavar="FILE", help="Write the answer to a file.")
def command(path: str | None, changed_since: str | None, form: str, output: str | None, **values: Any) -> int:
    """Usage facts from code and templates, without roles and logs.

    \b
    iamgen scan
    iamgen scan services/orders --format json
    """
    from iamgen.pipeline.render import render
    from iamgen.pipeline.scan import scan

    if path is not None:
        values["project"] = path
    write_result(render(scan(make_request(values), changed_since), form), output)
    return 0
