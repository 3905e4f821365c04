"""`iamgen drift`: the over-permission report and its history; `drift review` signs off."""

from typing import Any

import click

from iamgen.cli._options import (
    evidence_options,
    exceeds,
    make_request,
    policy_options,
    project_options,
    write_result,
)

FORMATS = ("text", "json", "markdown", "html", "csv", "sarif", "asff")


@click.group(invoke_without_command=True)
@project_options
@evidence_options
@policy_options
@click.option("--history", metavar="DIR|s3://…", help="Compare with the last snapshot there, then add this one.")
@click.option("--against", metavar="DATE", help="Compare with the last snapshot up to a date instead.")
@click.option("--retain", metavar="SPAN", help="Remove snapshots older than this from the history.")
@click.option("--advisories/--no-advisories", default=True, help="Notes about functions beside their roles.")
@click.option("--fail-on", default="never", help="never, note, warning, error, worse, or a list of ids.")
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", help="Form of the report.")
@click.option("-o", "--output", metavar="FILE", help="Write the report to a file.")
@click.pass_context
def command(context: click.Context, /, **values: Any) -> int:
    """The over-permission report of all roles, and how it changed.

    \b
    iamgen drift --logs ./trail --as-of 2026-11-05
    iamgen drift --history .iamgen/history --as-of 2026-11-05 --fail-on worse --format html -o drift.html
    """
    if context.invoked_subcommand is not None:
        context.obj = values
        return 0
    from iamgen.pipeline.config import days
    from iamgen.pipeline.drift import drift
    from iamgen.pipeline.render import render
    from iamgen.store.history import open_place

    request = make_request(values)
    where = values["history"] or request.config.history
    place = open_place(where, profile=request.profile, region=request.region) if where else None
    report = drift(
        request,
        place=place,
        against=values["against"],
        advisories=values["advisories"],
        retain_days=days(values["retain"], "--retain") if values["retain"] else None,
    )
    write_result(render(report, values["form"]), values["output"])
    fail_on = values["fail_on"]
    if "worse" in fail_on.split(",") and report.worse:
        return 1
    rest = ",".join(word for word in fail_on.split(",") if word != "worse") or "never"
    return 1 if exceeds(report.findings, rest) else 0


@command.command("review")
@click.option("--role", required=True, help="Name or ARN of the role.")
@click.option("--by", required=True, help="Who looked at it.")
@click.option("--note", required=True, help="What was found.")
@click.option("--on", "day", required=True, metavar="DATE", help="The day of the review.")
@click.option("--history", metavar="DIR|s3://…", default=".iamgen/history", help="Where the history lies.")
def review(role: str, by: str, note: str, day: str, history: str) -> int:
    """Sign off: a person has looked at a role.

    \b
    iamgen drift review --role orders-shared --by ana --note "retry queue added" --on 2026-11-05
    """
    from datetime import date

    from iamgen.errors import UsageError
    from iamgen.model.drift import Review
    from iamgen.store.history import add_review, open_place, read_history

    try:
        date.fromisoformat(day)
    except ValueError:
        raise UsageError(f"`{day}` is not a date such as 2026-11-05", place="--on") from None
    place = open_place(history)
    snapshots = read_history(place)
    known = {name for one in snapshots[-1:] for r in one.roles for name in (r.key, r.name)}
    if snapshots and role not in known:
        raise UsageError(f"no role `{role}` in the last snapshot", hint=f"known: {', '.join(sorted(known)[:20])}")
    add_review(place, Review(role=role, by=by, on=day, note=note))
    click.echo(f"signed off {role} on {day}", err=True)
    return 0
