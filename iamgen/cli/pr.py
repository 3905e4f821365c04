"""`iamgen pr`: the pull-request comment, suggestions, step summary."""

import os
from pathlib import Path
from typing import Any

import click

from iamgen.cli._options import (
    evidence_options,
    make_request,
    policy_options,
    project_options,
    write_result,
)


@click.command()
@project_options
@evidence_options
@policy_options
@click.option("--base", metavar="REF", help="The branch or commit that the change goes to.")
@click.option("--dry-run", is_flag=True, help="Print the comment and post nothing.")
@click.option("--repo", metavar="OWNER/NAME", help="Where to post (GITHUB_REPOSITORY).")
@click.option("--number", type=int, metavar="N", help="Which pull request (else from the event).")
@click.option("--token-file", metavar="FILE", help="File with the token (else GITHUB_TOKEN).")
@click.option("--no-suggestions", is_flag=True, help="Comment only, no suggestion blocks.")
@click.option("--key", default="", help="Tells several comments of one pull request apart.")
@click.option("--save", metavar="FILE", help="Write what there is to say to FILE and post nothing.")
@click.option("--post", "saved", metavar="FILE", help="Post what another job saved; comment only.")
@click.option("--summary", metavar="FILE", help="Add the whole text to FILE (a step summary).")
@click.option("--fail-on", default="never", help="never, note, warning, error, or a list of ids.")
@click.option("-o", "--output", metavar="FILE", help="Write the comment to a file.")
def command(**values: Any) -> int:
    """The pull-request comment, suggestions, step summary.

    \b
    iamgen pr --base origin/main --dry-run
    iamgen pr --base origin/main --repo owner/name --number 12
    """
    from iamgen.errors import EXIT_DONE, EXIT_FINDINGS, UsageError
    from iamgen.outputs._pr_comment import comment, summary
    from iamgen.pipeline import pr

    if (values["base"] is None) == (values["saved"] is None):
        raise UsageError("give --base REF, or --post FILE with what another job saved")
    result = _saved(values) if values["saved"] else _compared(values)
    if values["save"]:
        try:
            Path(values["save"]).write_bytes(pr.save(result))
        except OSError as error:
            raise UsageError(f"cannot write `{values['save']}`: {error.strerror}") from None
    if values["summary"]:
        from iamgen.cli.check import append_summary

        append_summary(summary(result), values["summary"])
    if values["dry_run"] or values["output"]:
        write_result(comment(result), values["output"])
    if not values["dry_run"] and not values["save"]:
        _post(values, result)
    return EXIT_FINDINGS if result.failed and not values["saved"] else EXIT_DONE


def _saved(values: dict[str, Any]) -> Any:
    """Return what the file says; which comment it goes to is said by the options."""
    from dataclasses import replace

    from iamgen.pipeline import pr

    return replace(pr.load(Path(values["saved"])), key=values["key"] or "default")


def _compared(values: dict[str, Any]) -> Any:
    from iamgen.pipeline.pr import compare_request
    from iamgen.pipeline.versions import opened, request_for

    project = Path(values["project"])
    with opened(project, values["base"], head_commit=True) as versions:
        made = make_request({**values, "project": str(versions.rules)})
        request = request_for(versions, made, values)
        prefix = versions.revisions.prefix.rstrip("/") if versions.revisions else ""
        key = values["key"] or prefix or "default"
        return compare_request(versions, request, fail_on=values["fail_on"], key=key)


def _post(values: dict[str, Any], result: Any) -> None:
    from iamgen import github
    from iamgen.pipeline import pr

    client = github.Client(
        os.environ.get("GITHUB_API_URL") or github.DEFAULT_API,
        github.read_token(os.environ, values["token_file"]),
    )
    if values["saved"]:
        # INVARIANT: nothing in the file says where to write; the event does, GitHub confirms it.
        event = pr.read_event(_event_path())
        pull = github.find_pull_request(client, event)
    else:
        pull = _pull_request(values)
    done = pr.post(
        client,
        pull,
        result,
        suggestions=not values["no_suggestions"] and not values["saved"],
    )
    click.echo(
        f"{pull.repository}#{pull.number}: comment {done.comment}, {done.suggestions} suggestions, {done.calls} calls",
        err=True,
    )
    if done.note:
        click.echo(done.note, err=True)


def _pull_request(values: dict[str, Any]) -> Any:
    from iamgen import github
    from iamgen.errors import UsageError
    from iamgen.pipeline import pr

    repository = values["repo"] or os.environ.get("GITHUB_REPOSITORY", "")
    number = values["number"]
    if number is None and os.environ.get("GITHUB_EVENT_PATH"):
        event: Any = pr.read_event(_event_path())
        found = event.get("pull_request")
        number = found.get("number") if isinstance(found, dict) else None
    if not repository or not isinstance(number, int) or number < 1:
        raise UsageError(
            "where to post is not known",
            hint="give --repo owner/name and --number, or --dry-run to print the comment",
        )
    return github.PullRequest(github.checked_repository(repository), number)


def _event_path() -> Path:
    from iamgen.errors import UsageError

    name = os.environ.get("GITHUB_EVENT_PATH")
    if not name:
        raise UsageError("GITHUB_EVENT_PATH is not set")
    return Path(name)
