"""`iamgen evidence`: the bundle for an audit."""

from pathlib import Path
from typing import Any

import click

from iamgen.cli._options import (
    evidence_options,
    function_options,
    make_request,
    policy_options,
    project_options,
)


@click.command()
@function_options
@project_options
@evidence_options
@policy_options
@click.option("--history", metavar="DIR|s3://…", help="Where sign-offs lie (see `iamgen drift review`).")
@click.option("--verify", "bundle", metavar="FILE", help="Check a bundle: 0 when every byte is as written, else 1.")
@click.option("-o", "--output", metavar="FILE", default="evidence.zip", help="The bundle to write.")
def command(bundle: str | None, output: str, history: str | None, **values: Any) -> int:
    """The bundle for an audit: policies, usage, decisions, proofs, and a manifest that can be verified.

    \b
    iamgen evidence -o evidence.zip
    iamgen evidence --verify evidence.zip
    """
    from dataclasses import replace

    from iamgen.errors import EXIT_DONE, EXIT_FINDINGS, InputError, UsageError
    from iamgen.pipeline.evidence import make_bundle, verify_bundle

    if bundle is not None:
        try:
            wrong = verify_bundle(Path(bundle))
        except InputError as error:
            if not Path(bundle).is_file():
                raise
            wrong = (str(error),)
        for line in wrong:
            click.echo(line)
        if not wrong:
            click.echo("every byte is as it was written")
        return EXIT_FINDINGS if wrong else EXIT_DONE
    from iamgen.pipeline.suggest import suggest
    from iamgen.store.history import open_place, read_reviews

    request = make_request(values)
    if not request.functions:
        request = replace(request, all_functions=True)
    where = history or request.config.history
    reviews = read_reviews(open_place(where, profile=request.profile, region=request.region)) if where else ()
    try:
        Path(output).write_bytes(make_bundle(suggest(request), reviews))
    except OSError as error:
        raise UsageError(f"cannot write `{output}`: {error.strerror}") from None
    click.echo(f"wrote {output}", err=True)
    return EXIT_DONE
