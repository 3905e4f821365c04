"""`iamgen maps`: what the access maps know, their validation, their rebuild."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from iamgen.errors import EXIT_FINDINGS, UsageError

if TYPE_CHECKING:
    from iamgen.access.lookup import ActionEntry, ActionInfo, OperationEntry
    from iamgen.access.maps import AccessMaps


@click.group()
def command() -> None:
    """What the access maps know of operations and actions; their validation; their rebuild.

    \b
    iamgen maps show s3:CopyObject
    iamgen maps check
    """


@command.command()
@click.argument("names", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every operation of every service.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How to show it.",
)
def show(names: tuple[str, ...], form: str, *, everything: bool) -> None:
    """Show operations (`s3:CopyObject`), services (`s3`), actions or CloudTrail events (`s3.amazonaws.com:PutObject`)."""
    from iamgen.access.export import export, export_entry
    from iamgen.access.maps import open_maps

    maps = open_maps()
    if everything:
        if names:
            raise UsageError("`--all` takes no names")
        if form == "json":
            click.echo(json.dumps(export(maps), separators=(",", ":")))
        else:
            _summary(maps)
        return
    if not names:
        _summary(maps)
        return
    shown: dict[str, object] = {}
    for name in names:
        entries = _find(maps, name)
        action = maps.action(name) if ":" in name and not entries else None
        if not entries and action is None:
            near = maps.near(name)
            raise UsageError(
                f"no operation, service or action `{name}`",
                hint=f"near: {', '.join(near)}" if near else "iamgen maps show lists the services",
            )
        if form == "json":
            for entry in entries:
                shown[f"{entry.service}:{entry.operation}"] = export_entry(entry)
            if action is not None:
                shown[action.name] = _action_json(action)
        else:
            for entry in entries:
                click.echo("\n".join(_entry_lines(entry)))
            if action is not None:
                click.echo("\n".join(_action_lines(maps, action)))
    if form == "json":
        click.echo(json.dumps(shown, indent=2))


@command.command()
def check() -> int:
    """Check the maps: actions exist, members exist, placeholders are bound, unknowns stay in their budget."""
    from iamgen.access.check import check as find
    from iamgen.access.check import missing_operations
    from iamgen.access.maps import open_maps

    maps = open_maps()
    findings = find(maps)
    for each in findings:
        click.echo(f"{each.place}: {each.what}: {each.detail}")
    missing = missing_operations(maps)
    if missing:
        click.echo(
            f"iamgen: the installed botocore has {len(missing)} operations that the maps lack"
            f" ({', '.join(missing[:5])}{', …' if len(missing) > 5 else ''}); rebuild with `iamgen maps build`",
            err=True,
        )
    click.echo(f"{len(findings)} findings", err=True)
    return EXIT_FINDINGS if findings else 0


@command.command()
@click.option("--diff", "only_show", is_flag=True, help="Show what would change and write nothing.")
def build(*, only_show: bool) -> None:
    """Make the generated files again from the installed packages (extra `[build]`) and the hand facts."""
    from iamgen.access.build.build import build as make
    from iamgen.access.build.differences import differences
    from iamgen.access.build.write import write_all
    from iamgen.access.files import folder

    place = folder()
    target = place / "generated"
    old = {
        path.relative_to(target).as_posix(): path.read_bytes() for path in sorted(target.rglob("*")) if path.is_file()
    }
    made = make(place)
    group = ""
    for change in differences(old, made.files):
        if change.group != group:
            group = change.group
            click.echo(f"{group}:")
        click.echo(f"  {change.name}  {change.detail}".rstrip())
    for name in made.redundant:
        click.echo(f"iamgen: the hand fact `{name}` says what is derived now: take it out", err=True)
    if not only_show:
        changed = write_all(made.files, target)
        click.echo(f"{len(changed)} files changed", err=True)


def _find(maps: AccessMaps, name: str) -> list[OperationEntry]:
    service, colon, operation = name.partition(":")
    if service.endswith(".amazonaws.com"):
        event = maps.event(service, operation)
        return [event.entry] if event.entry else []
    if not colon:
        entries = [maps.operation(service, each) for each in maps.operations(service)]
        return [entry for entry in entries if entry]
    entry = maps.operation(service, operation) or maps.operation_by_method(service, operation)
    return [entry] if entry else []


def _entry_lines(entry: OperationEntry) -> list[str]:
    lines = [f"{entry.service}:{entry.operation}  ({entry.method})"]
    if entry.status == "no-iam":
        lines.append("  IAM evaluates nothing")
    if entry.status == "unknown":
        lines.append("  unknown to every source; the name below is a guess")
    for action in entry.actions:
        lines.extend(_lines_of_action(action))
    if entry.note:
        lines.append(f"  why: {entry.note} (checked {entry.checked})")
    return lines


def _lines_of_action(action: ActionEntry) -> list[str]:
    when = f"  when {action.when.text}" if action.when else ""
    implied = "  made with the caller's credentials" if action.implied else ""
    lines = [f"  {action.action}{when}{implied}  [{_SOURCES.get(action.source, action.source)}]"]
    for resource in action.resources:
        only = f"  when {resource.when.text}" if resource.when else ""
        bind = ", ".join(
            f"{'the ARN' if placeholder == '*' else placeholder} <- {path}"
            + ("" if transform in ("raw", "arn") else f" ({transform})")
            for placeholder, (path, transform) in resource.bind.items()
        )
        lines.append(f"    {resource.arn}{only}")
        if bind:
            lines.append(f"      {bind}")
    lines.extend(f"    {each.name} {each.key} = {' | '.join(each.values)}" for each in action.conditions)
    return lines


_SOURCES = {
    "name": "same name in the Service Authorization Reference",
    "fresh": "same name in the newer reference data",
    "verb": "HTTP verb",
    "link": "documentation link of the action",
    "doc": "documentation of the operation",
    "hand": "by hand",
    "rule": "rule",
    "dependent": "dependent action of the reference",
    "guess": "guess",
}


def _action_json(action: ActionInfo) -> dict[str, object]:
    return {
        "access_level": action.access_level,
        "resource_types": list(action.resource_types),
        "condition_keys": list(action.condition_keys),
        "dependent_actions": list(action.dependent_actions),
    }


def _action_lines(maps: AccessMaps, action: ActionInfo) -> list[str]:
    lines = [f"{action.name}  {action.access_level}"]
    lines.extend(
        f"  {name}{' (required)' if name in action.required_types else ''}  {maps.resource_arn(name)}"
        for name in action.resource_types
    )
    if action.condition_keys:
        lines.append(f"  condition keys: {', '.join(action.condition_keys)}")
    if action.dependent_actions:
        lines.append(f"  may also need: {', '.join(action.dependent_actions)}")
    return lines


def _summary(maps: AccessMaps) -> None:
    from collections import Counter

    from iamgen.access.maps import iterate

    counts: Counter[str] = Counter(entry.source for entry in iterate(maps))
    click.echo(f"access maps {maps.version}: {len(maps.services())} services, {counts.total()} operations")
    for source, count in counts.most_common():
        click.echo(f"  {count:6}  {_SOURCES.get(source, 'no permission needed')}")
    click.echo("made from " + ", ".join(f"{name} {version}" for name, version in maps.sources.items()))
