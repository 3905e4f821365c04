"""`iamgen check`: the gate for CI and pre-commit."""

from pathlib import Path
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

FORMATS = ("text", "json", "markdown", "sarif", "github")


@click.command()
@function_options
@project_options
@evidence_options
@policy_options
@click.option(
    "--changed-since",
    metavar="REF",
    help="Judge what changed since REF, by the rules of REF.",
)
@click.option("--baseline", metavar="FILE", help="Findings listed there do not count.")
@click.option("--write-baseline", metavar="FILE", help="Write the findings as a baseline, and pass.")
@click.option("--fail-on", help="never, note, warning, error, or a list of ids.")
@click.option("--exit-zero", is_flag=True, help="Report only: findings do not fail the command.")
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", help="Form of the answer.")
@click.option("-o", "--output", metavar="FILE", help="Write the answer to a file.")
@click.option("--sarif", metavar="FILE", help="Write SARIF to FILE besides.")
@click.option("--summary", metavar="FILE", help="Add the answer in Markdown to FILE, such as a step summary.")
def command(**values: Any) -> int:
    """The gate for CI and pre-commit; SARIF; baseline.

    \b
    iamgen check --changed-since origin/main --format sarif -o iamgen.sarif
    iamgen check --baseline .iamgen/baseline.json --fail-on warning
    """
    import json

    from iamgen.compare.baseline import baseline_document
    from iamgen.errors import EXIT_DONE, EXIT_FINDINGS
    from iamgen.pipeline.check import check
    from iamgen.pipeline.versions import opened, request_for

    base = values["changed_since"]
    with opened(Path(values["project"]), base, head_commit=False, baseline=values["baseline"]) as versions:
        made = make_request({**values, "project": str(versions.rules)})
        request = request_for(versions, made, values)
        result = check(versions, request, fail_on=values["fail_on"])
    if values["write_baseline"]:
        text = json.dumps(baseline_document(result.findings), indent=2) + "\n"
        write_result(text, values["write_baseline"])
        click.echo(f"{len(result.findings)} findings written to the baseline", err=True)
        return EXIT_DONE
    write_result(rendered(result, values["form"]), values["output"])
    if values["sarif"]:
        write_result(rendered(result, "sarif"), values["sarif"])
    if values["summary"]:
        append_summary(rendered(result, "markdown"), values["summary"])
    if values["output"]:
        click.echo(rendered(result, "text").splitlines()[-1], err=True)
    return EXIT_FINDINGS if result.failed and not values["exit_zero"] else EXIT_DONE


def rendered(result: Any, form: str) -> str:
    """Return the answer in one form."""
    from iamgen.outputs._json_check import check_json
    from iamgen.outputs._text_check import check_text
    from iamgen.pipeline.render import render

    if form == "text":
        return check_text(result)
    return check_json(result) if form == "json" else render(result, form)


def append_summary(text: str, name: str) -> None:
    """Add a text to a file that other steps add to as well.

    Raises:
        UsageError: the file cannot be written.
    """
    from iamgen.errors import UsageError

    try:
        with Path(name).open("a", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise UsageError(f"cannot write `{name}`: {error.strerror}") from None
