"""`iamgen diff`: the difference in meaning between two policies, with witnesses."""

import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from iamgen.errors import EXIT_DONE, EXIT_FINDINGS, UsageError

if TYPE_CHECKING:
    from iamgen.pipeline.documents import Side

_CLAIMS = ("no-new-access", "no-access-to")


@click.command()
@click.argument("current")
@click.argument("suggested")
@click.option(
    "--prove",
    multiple=True,
    metavar="CLAIM",
    help="no-new-access, or no-access-to with --action and --resource (or 'no-access-to ACTIONS/RESOURCES').",
)
@click.option("--action", "actions", multiple=True, help="Action of no-access-to; may be given again.")
@click.option("--resource", "resources", multiple=True, help="Resource of no-access-to; may be given again.")
@click.option("--boundary", metavar="FILE", help="Permissions boundary of both sides.")
@click.option("--current-boundary", metavar="FILE", help="Permissions boundary of the current side.")
@click.option("--suggested-boundary", metavar="FILE", help="Permissions boundary of the suggested side.")
@click.option(
    "--scp",
    "scps",
    multiple=True,
    metavar="FILE",
    help="Service control policies of one level, both sides.",
)
@click.option(
    "--untyped",
    is_flag=True,
    help="Count resources of any form, not only those an action can have.",
)
@click.option(
    "--fail-on",
    default="never",
    metavar="LEVEL|IDS",
    help="never, note, warning, error, or ids such as new-access.",
)
@click.option("--format", "form", default="text", metavar="FORM", help="text, json, markdown or sarif.")
@click.option("--project", type=click.Path(), default=".", help="Folder of the project, for template:Id.")
@click.option("-o", "--output", metavar="FILE", help="Write the answer to a file.")
def command(current: str, suggested: str, **values: Any) -> int:
    """The difference in meaning between two policies or sets of policies, with witnesses.

    CURRENT and SUGGESTED are each a policy file, a folder of them, `-`, or template.yaml:Role.

    \b
    iamgen diff now.json next.json
    iamgen diff now.json next.json --prove no-new-access
    iamgen diff now.json next.json --fail-on new-access --format sarif -o diff.sarif
    """
    from iamgen.cli._options import exceeds, write_result
    from iamgen.pipeline.compare import compare
    from iamgen.pipeline.render import render

    claims, actions, resources = _claims(values)
    left, right = _sides(current, suggested, values)
    result = compare(
        left,
        right,
        prove=claims,
        actions=actions,
        resources=resources,
        typed=not values["untyped"],
    )
    write_result(render(result, values["form"]), values["output"])
    unproved = any(claim.holds is not True for _, claim in result.claims)
    failed = unproved or exceeds(result.findings, values["fail_on"])
    return EXIT_FINDINGS if failed else EXIT_DONE


def _claims(
    values: dict[str, Any],
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Return the claims to prove, and actions and resources of `no-access-to`."""
    import difflib

    from iamgen.model.action import is_action

    claims: list[str] = []
    actions, resources = list(values["actions"]), list(values["resources"])
    for text in values["prove"]:
        name, _, rest = text.strip().partition(" ")
        if name not in _CLAIMS:
            near = difflib.get_close_matches(name, _CLAIMS, n=1)
            hint = f"did you mean `{near[0]}`?" if near else f"known: {', '.join(_CLAIMS)}"
            raise UsageError(f"`{name}` is no claim", place="--prove", hint=hint)
        claims.append(name)
        if rest.strip():
            named, _, where = rest.strip().partition("/")
            actions += [part.strip() for part in named.split(",") if part.strip()]
            resources += [part.strip() for part in where.split(",") if part.strip()]
    for action in actions:
        if not is_action(action):
            hint = "an action is written service:Name"
            raise UsageError(f"`{action}` is no action", place="--action", hint=hint)
    if "no-access-to" in claims and not actions and not resources:
        raise UsageError(
            "no-access-to needs to know what",
            place="--prove",
            hint="name it with --action and --resource",
        )
    return tuple(claims), tuple(actions), tuple(resources)


def _sides(current: str, suggested: str, values: dict[str, Any]) -> "tuple[Side, Side]":
    from dataclasses import replace

    from iamgen.pipeline.documents import read_policies, read_policy, read_side

    if current == suggested == "-":
        raise UsageError("only one side can be standard input")
    stdin = cache(sys.stdin.read)
    sides = []
    scps = tuple(read_policies(place, stdin) for place in values["scps"])
    for place, own in (
        (current, values["current_boundary"]),
        (suggested, values["suggested_boundary"]),
    ):
        side = read_side(place, stdin, Path(values["project"]))
        file = own or values["boundary"]
        layers = replace(side.layers, scps=(*scps, *side.layers.scps))
        if file:
            layers = replace(layers, boundary=read_policy(file, stdin))
        sides.append(replace(side, layers=layers))
    return sides[0], sides[1]
