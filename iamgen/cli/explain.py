"""`iamgen explain`: why a permission is there, or what an AccessDenied message needs."""

import sys
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


@click.command()
@click.argument("action", required=False)
@click.option("--denied", metavar="TEXT", help="Text of a refused call; - reads it, @FILE too.")
@click.option("--resource", metavar="ARN", help="Only permissions that touch this resource.")
@function_options
@project_options
@evidence_options
@policy_options
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "mermaid"]),
    default="text",
    help="Form of the answer.",
)
@click.option("-o", "--output", metavar="FILE", help="Write the answer to a file.")
def command(**values: Any) -> int:
    """Why a permission is there, or what a refused call needs.

    \b
    iamgen explain dynamodb:PutItem
    iamgen explain 's3:*' --function order-ingest --format mermaid
    iamgen explain --denied "User: … is not authorized to perform: …"
    """
    from dataclasses import replace

    from iamgen.errors import EXIT_DONE, UsageError
    from iamgen.graph.explain import explain, explain_denied
    from iamgen.model.action import is_action
    from iamgen.outputs._explain import explain_json, explain_mermaid, explain_text
    from iamgen.pipeline.suggest import suggest

    action, denied = values["action"], values["denied"]
    if (action is None) == (denied is None):
        raise UsageError("name an action, or a message with --denied")
    if action is not None and not is_action(action):
        raise UsageError(f"`{action}` is no action", hint="an action is written service:Name")
    request = make_request(values)
    if not request.functions:
        request = replace(request, all_functions=True)
    result = suggest(request)
    if denied is not None:
        explanation = explain_denied(result, _text(denied))
    else:
        explanation = explain(result, action, values["resource"])
    render = {"text": explain_text, "json": explain_json, "mermaid": explain_mermaid}
    write_result(render[values["form"]](explanation), values["output"])
    return EXIT_DONE


def _text(given: str) -> str:
    """Return the message itself, from stdin for `-` and from a file for `@FILE`.

    Raises:
        UsageError: the file cannot be read.
    """
    from iamgen.errors import UsageError

    if given == "-":
        return sys.stdin.read(1_000_000)
    if not given.startswith("@"):
        return given
    try:
        return Path(given[1:]).read_text(encoding="utf-8", errors="replace")[:1_000_000]
    except OSError as error:
        raise UsageError(f"cannot read `{given[1:]}`: {error.strerror}") from None
