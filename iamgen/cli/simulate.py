"""`iamgen simulate`: is this request allowed by these policies, and which statement decides."""

import json
import sys
from collections.abc import Iterator
from typing import Any, TextIO

import click

from iamgen.errors import EXIT_DONE, EXIT_INPUT, InputError, UsageError


@click.command()
@click.option(
    "--policy",
    "policies",
    multiple=True,
    metavar="FILE",
    help="Identity policy; may be given again.",
)
@click.option("--boundary", metavar="FILE", help="Permissions boundary.")
@click.option("--session", metavar="FILE", help="Session policy.")
@click.option("--scp", "scps", multiple=True, metavar="FILE", help="Service control policies of one level.")
@click.option("--rcp", "rcps", multiple=True, metavar="FILE", help="Resource control policies of one level.")
@click.option("--resource-policy", metavar="FILE", help="Policy of the resource.")
@click.option("--action", help="Action, such as s3:GetObject.")
@click.option("--resource", default="*", help="ARN of the resource; `*` for actions without one.")
@click.option("--context", multiple=True, metavar="KEY=VALUE", help="Condition key; again for more values.")
@click.option("--principal", metavar="ARN", help="The calling role or session.")
@click.option("--account", help="The account of the caller.")
@click.option(
    "--requests",
    metavar="FILE",
    help="JSON lines, each with its request and policies; `-` is stdin.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    help="Form of the answer.",
)
def command(requests: str | None, **values: Any) -> int:
    """Is this request allowed by these policies, and which statement decides.

    \b
    iamgen simulate --policy p.json --action s3:GetObject --resource arn:aws:s3:::b/k
    iamgen simulate --requests requests.jsonl
    """
    if requests is not None:
        return _many(requests)
    return _one(values)


def _many(place: str) -> int:
    from iamgen.pipeline.simulate import simulate_lines

    bad = False
    rows: list[str] = []
    for row in simulate_lines(_lines(place)):
        bad |= "error" in row
        rows.append(json.dumps(row, ensure_ascii=True))
        if len(rows) >= 1000:
            click.echo("\n".join(rows))
            rows.clear()
    if rows:
        click.echo("\n".join(rows))
    return EXIT_INPUT if bad else EXIT_DONE


def _lines(place: str) -> Iterator[str]:
    if place == "-":
        yield from _bounded(sys.stdin)
        return
    try:
        with open(place, encoding="utf-8") as file:  # noqa: PTH123  read line by line
            yield from _bounded(file)
    except OSError as error:
        raise UsageError(f"cannot read `{place}`: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InputError("is not UTF-8", place=place) from None


def _bounded(file: TextIO) -> Iterator[str]:
    from iamgen.pipeline.simulate import MAX_LINE

    while line := file.readline(MAX_LINE + 1):
        yield line
        while len(line) > MAX_LINE and not line.endswith("\n"):
            line = file.readline(MAX_LINE + 1)
            if not line:
                return


def _one(values: dict[str, Any]) -> int:
    from iamgen.model.diff import Request
    from iamgen.outputs._escape import terminal
    from iamgen.pipeline.documents import read_policies, read_policy
    from iamgen.pipeline.simulate import answer_row, simulate
    from iamgen.semantics.layers import Layers

    if not values["action"]:
        raise UsageError("no request is given", hint="name one with --action, or many with --requests")
    if not values["policies"] and not values["resource_policy"]:
        raise UsageError("no policy is given", hint="name one with --policy FILE")
    context: dict[str, tuple[str, ...]] = {}
    for text in values["context"]:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise UsageError(f"`{text}` is not KEY=VALUE", place="--context")
        context[key] = (*context.get(key, ()), value)
    stdin = sys.stdin.read
    identity = tuple(p for place in values["policies"] for p in read_policies(place, stdin))
    layers = Layers(
        identity=identity,
        boundary=read_policy(values["boundary"], stdin) if values["boundary"] else None,
        session=read_policy(values["session"], stdin) if values["session"] else None,
        scps=tuple(read_policies(place, stdin) for place in values["scps"]),
        rcps=tuple(read_policies(place, stdin) for place in values["rcps"]),
        resource_policy=(read_policy(values["resource_policy"], stdin) if values["resource_policy"] else None),
    )
    request = Request(
        action=values["action"],
        resource=values["resource"],
        context=tuple(sorted(context.items())),
        principal=values["principal"],
        account=values["account"],
    )
    answer = simulate(request, layers)
    if values["form"] == "json":
        row = answer_row(None, answer)
        del row["id"]
        click.echo(json.dumps(row, indent=2))
        return EXIT_DONE
    click.echo(f"{answer.decision}  {terminal(request.action)} on {terminal(request.resource)}")
    if answer.statement is not None:
        click.echo(f"  by {terminal(answer.statement)}")
    elif answer.layer is not None:
        click.echo(f"  no statement of {terminal(answer.layer)} allows it")
    for code in answer.ambiguous:
        click.echo(f"  unclear form: {code}")
    return EXIT_DONE
