"""`iamgen init`: a first iamgen.toml with what was found."""

from pathlib import Path

import click

from iamgen.errors import UsageError


@click.command()
@click.option("--project", type=click.Path(), default=".", help="Folder of the project.")
@click.option("--force", is_flag=True, help="Replace an iamgen.toml that is there.")
def command(project: str, *, force: bool) -> int:
    """A first `iamgen.toml`, commented, with what was found in the project.

    \b
    iamgen init
    iamgen init --project services/orders
    """
    from iamgen.outputs._init_file import init_file
    from iamgen.pipeline.templates import inventory

    folder = Path(project)
    if not folder.is_dir():
        raise UsageError(f"`{project}` is not a folder")
    path = folder / "iamgen.toml"
    if path.exists() and not force:
        raise UsageError(f"`{path}` exists", hint="--force replaces it")
    found = inventory(folder)
    path.write_text(init_file(found), encoding="utf-8")
    click.echo(f"wrote {path}")
    return 0
