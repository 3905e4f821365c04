"""`iamgen patch`: the suggested role written into the template, all other bytes kept."""

import difflib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from iamgen.cli._options import (
    evidence_options,
    function_options,
    make_request,
    policy_options,
    project_options,
)

if TYPE_CHECKING:
    from iamgen.model.result import Suggestion, SuggestResult
    from iamgen.patch.patch import Patched

NOTES = {
    "managed-replaced": "{detail} is taken out: the statements carry what is needed of it",
    "managed-kept": "{detail} stays: what it grants is not known",
}


@click.command()
@function_options
@project_options
@evidence_options
@policy_options
@click.option("--diff", "show_diff", is_flag=True, help="Print the change, write nothing.")
@click.option("--check", "check_only", is_flag=True, help="Exit 1 when it would change something.")
@click.option("--explicit-role", is_flag=True, help="Give a SAM function a role of its own.")
@click.option("--split", is_flag=True, default=None, help="Take functions out of a shared role.")
def command(**values: Any) -> int:
    """The suggested role written into the template in place.

    \b
    iamgen patch --function order-ingest
    iamgen patch --all --diff
    iamgen patch --all --check
    """
    from iamgen.errors import EXIT_DONE, EXIT_FINDINGS, EXIT_INPUT
    from iamgen.pipeline.suggest import insufficient, suggest

    request = make_request(values)
    result = suggest(request)
    done = _patched(result, request.project, values)
    refused = [error for one in done for error in one.refused]
    if refused and request.functions:
        raise refused[0]
    for one in done:
        for note in one.notes:
            if note.key in NOTES:
                said = NOTES[note.key].format(detail=note.detail)
                click.echo(f"iamgen: {note.place}: {said}", err=True)
    for error in refused:
        click.echo(f"iamgen: {error}" + (f" ({error.hint})" if error.hint else ""), err=True)
    changed = [one for one in done if one.before != one.after]
    for one in changed:
        if values["show_diff"]:
            click.echo(_diff(one), nl=False)
        elif not values["check_only"]:
            _write(request.project / one.path, one.after)
            click.echo(one.path)
    if refused or insufficient(result, request):
        return EXIT_INPUT
    return EXIT_FINDINGS if values["check_only"] and changed else EXIT_DONE


def _patched(result: "SuggestResult", project: Path, values: dict[str, Any]) -> list["Patched"]:
    """Return what becomes of each template of the answer; what is left alone is said."""
    from iamgen.access.maps import open_maps
    from iamgen.patch.patch import Patched, patch, patch_module, targets_of

    by_template: dict[tuple[str, str], list[Suggestion]] = {}
    for one in result.functions:
        name = one.function.name
        if one.policy is None:
            click.echo(f"iamgen: {name}: not enough evidence, left alone", err=True)
        elif not one.policies:
            click.echo(f"iamgen: {name}: over a size limit, left alone", err=True)
        elif one.function.template is None or _is_untold(one, project):
            click.echo(f"iamgen: {name}: in no template, left alone", err=True)
        else:
            key = (one.function.template, one.template_kind or "")
            if not values["explicit_role"]:
                _say_framework(one)
            by_template.setdefault(key, []).append(one)
    done: list[Patched] = []
    for (template, kind), suggestions in by_template.items():
        targets = targets_of(
            tuple(suggestions),
            open_maps(),
            explicit_role=values["explicit_role"],
            split=bool(values["split"]),
        )
        if kind == "terraform":
            files = tuple((path, _read(project, path)) for path in _module(project, template))
            done += patch_module(files, targets)
        else:
            done.append(patch(template, _read(project, template), kind, targets))
    return done


def _is_untold(one: "Suggestion", project: Path) -> bool:
    """Whether no template states the function: it is known from a log, or from its shape."""
    template = one.function.template or ""
    return one.template_kind != "terraform" and (project / template).is_dir()


def _module(project: Path, template: str) -> list[str]:
    """Return the files of the Terraform module that a template is, or lies in."""
    place = project / template
    folder = place if place.is_dir() else place.parent
    names = sorted(file for file in folder.glob("*.tf") if file.is_file())
    return [file.relative_to(project).as_posix() for file in names] or [template]


def _say_framework(one: "Suggestion") -> None:
    """Say which policies the framework attaches by itself although the role does not need them."""
    role = one.current_role
    if role is None or not role.implicit:
        return
    own = {policy.name for policy in role.policies if policy.origin == "framework"}
    unneeded = {
        row.statement.partition("#")[0]
        for row in one.permissions
        if row.verdict == "remove" and row.statement is not None
    }
    for name in sorted(own & unneeded):
        click.echo(
            f"iamgen: {one.function.name}: needs an explicit role to lose {name}, which the "
            "framework attaches by itself (--explicit-role writes one)",
            err=True,
        )


def _read(project: Path, path: str) -> str:
    """Return the text of a template inside the project.

    Raises:
        InputError: it lies outside, or cannot be read as UTF-8.
    """
    from iamgen.errors import InputError

    root = project.resolve()
    file = (root / path).resolve()
    if not file.is_relative_to(root) or not file.is_file():
        raise InputError("is no file of the project", place=path)
    try:
        return file.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("cannot be read as UTF-8 text", place=path) from error


def _write(file: Path, text: str) -> None:
    """Write a template so that it is either the old or the new one, its mode kept."""
    import os
    import tempfile

    from iamgen.errors import UsageError

    target = file.resolve()
    try:
        mode = target.stat().st_mode
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        with os.fdopen(handle, "wb") as stream:
            stream.write(text.encode("utf-8"))
        Path(name).chmod(mode & 0o7777)
        Path(name).replace(target)
    except OSError as error:
        raise UsageError(f"cannot write `{file}`: {error.strerror}") from None


def _diff(one: "Patched") -> str:
    """Return a unified diff that `git apply` takes."""
    lines = difflib.unified_diff(
        one.before.splitlines(keepends=True),
        one.after.splitlines(keepends=True),
        fromfile=f"a/{one.path}",
        tofile=f"b/{one.path}",
    )
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)
