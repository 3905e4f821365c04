"""Options that several verbs share, and the request they make: flag, then IAMGEN_* , then file, then default."""

import difflib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from iamgen.errors import UsageError
from iamgen.model.request import SuggestRequest

Command = TypeVar("Command", bound=Callable[..., Any])

FAIL_ON = ("never", "note", "warning", "error")

_PROJECT = (
    click.option("--project", type=click.Path(), default=".", help="Folder of the project."),
    click.option("--template", type=click.Path(), help="Template, or a folder that has none."),
    click.option("--source", type=click.Path(), help="Folder of the function's code."),
    click.option("--no-project", is_flag=True, help="Take the log alone."),
    click.option("--account", help="Account of the deployment."),
    click.option("--region", help="Region of the deployment."),
    click.option("--partition", help="Partition (aws, aws-cn, aws-us-gov)."),
    click.option("--stack-name", help="Name of the CloudFormation stack."),
    click.option("--parameter", multiple=True, metavar="KEY=VALUE", help="Template parameter."),
    click.option("--config-env", help="Environment of samconfig.toml."),
    click.option("--stage", help="Stage of serverless.yml."),
    click.option("--var-file", multiple=True, type=click.Path(), help="Terraform variables."),
)
_EVIDENCE = (
    click.option("--logs", multiple=True, metavar="SRC", help="Folder, file, snapshot, s3://…, athena:…, lookup."),
    click.option("--store", type=click.Path(), help="Usage store (.iamgen/usage.db)."),
    click.option("--since", metavar="SPAN", help="Only events since (90d, or a date)."),
    click.option("--until", metavar="DATE", help="Only events until."),
    click.option("--current", multiple=True, metavar="FILE|live", help="The roles as they are now."),
    click.option("--managed-policies", type=click.Path(), help="Folder of managed policy documents."),
    click.option("--as-of", metavar="DATE", help="The day that relative times count back from."),
    click.option("--profile", help="Profile of the AWS configuration."),
    click.option("--assume-role", metavar="ARN", help="Role to assume for reading AWS."),
)
_POLICY = (
    click.option("--min-window", metavar="SPAN", help="Shortest log window that shows non-use (90d)."),
    click.option("--trust", type=click.Choice(["code", "both"]), help="What may remove a permission."),
    click.option("--unknown", type=click.Choice(["keep", "drop"]), help="What to do with unknowns."),
    click.option(
        "--unresolved",
        type=click.Choice(["type", "observed", "omit"]),
        help="What stands for a resource that is not resolved.",
    ),
    click.option("--conditionals", is_flag=True, default=None, help="Grant what unseen arguments may need."),
    click.option(
        "--role-pattern",
        type=click.Choice(["function", "service", "environment"]),
        help="How functions are grouped into roles and boundaries.",
    ),
    click.option("--compact", is_flag=True, default=None, help="Fewest characters before readability."),
    click.option("--allow-overgrant", is_flag=True, default=None, help="Widen, least risk first, to fit a limit."),
    click.option("--exact", is_flag=True, default=None, help="Prove the smallest policy (extra `exact`)."),
    click.option("--strict", is_flag=True, default=None, help="Exit 3 on any gap of a named function."),
)


def project_options(command: Command) -> Command:
    """Add the options that say where the project is and how it is deployed."""
    return _add(command, _PROJECT)


def evidence_options(command: Command) -> Command:
    """Add the options that name logs and current roles."""
    return _add(command, _EVIDENCE)


def policy_options(command: Command) -> Command:
    """Add the options that shape a policy."""
    return _add(command, _POLICY)


def function_options(command: Command) -> Command:
    """Add `--function` and `--all`."""
    return _add(
        command,
        (
            click.option(
                "--function", "functions", multiple=True, metavar="NAME",
                help="Logical id, name, ARN or glob; may be given again.",
            ),
            click.option("--all", "all_functions", is_flag=True, help="All functions."),
        ),
    )  # fmt: skip


def _add(command: Command, options: tuple[Callable[[Any], Any], ...]) -> Command:
    for option in reversed(options):
        command = option(command)
    return command


def make_request(values: dict[str, Any], *, defaults: dict[str, Any] | None = None) -> SuggestRequest:
    """Return the request that the options of a verb come to.

    Raises:
        UsageError: a folder that is not there, a parameter without `=`, a wrong value in the file.
    """
    from iamgen.pipeline.config import days, load_config

    project = Path(values.get("project") or ".")
    if not project.is_dir():
        raise UsageError(f"`{project}` is not a folder", hint="name the project with --project DIR")
    config = load_config(project)
    file = dict(config.project)

    def pick(name: str) -> Any:
        key = name.replace("_", "-")
        given = values.get(name)
        if given not in (None, (), ""):
            return given
        env = os.environ.get(f"IAMGEN_{name.upper()}")
        if env:
            return env
        return file.get(key, (defaults or {}).get(name))

    def choice(name: str, default: str, allowed: tuple[str, ...]) -> str:
        value = str(pick(name) or default)
        if value not in allowed:
            near = difflib.get_close_matches(value, allowed, n=1)
            raise UsageError(
                f"`{value}` is not one of {', '.join(allowed)}",
                place=f"--{name.replace('_', '-')}",
                hint=f"did you mean `{near[0]}`?" if near else "",
            )
        return value

    parameters = pick("parameter") or ()
    if isinstance(parameters, dict):
        pairs = [(str(k), str(v)) for k, v in parameters.items()]
    else:
        pairs = [_pair(text) for text in _many(parameters)]
    return SuggestRequest(
        project=project,
        functions=tuple(values.get("functions") or ()),
        all_functions=bool(values.get("all_functions") or file.get("all")),
        template=_path(pick("template")),
        source=_path(pick("source")),
        no_project=bool(pick("no_project")),
        logs=tuple(_many(pick("logs") or ())),
        store=_path(pick("store")),
        since=pick("since"),
        until=pick("until"),
        current=tuple(_many(pick("current") or ())),
        account=pick("account"),
        region=pick("region"),
        partition=pick("partition"),
        stack_name=pick("stack_name"),
        parameters=tuple(pairs),
        config_env=pick("config_env"),
        stage=pick("stage"),
        var_files=tuple(Path(p) for p in _many(pick("var_file") or ())),
        min_window_days=days(str(pick("min_window") or "90d"), "--min-window"),
        trust=choice("trust", "code", ("code", "both")),
        unknown=choice("unknown", "keep", ("keep", "drop")),
        unresolved=choice("unresolved", "type", ("type", "observed", "omit")),
        conditionals=bool(pick("conditionals")),
        managed_policies=_path(pick("managed_policies")),
        as_of=None if pick("as_of") is None else str(pick("as_of")),
        role_pattern=choice("role_pattern", "function", ("function", "service", "environment")),
        by_role=values.get("by") == "role" or file.get("by") == "role",
        compact=bool(pick("compact")),
        allow_overgrant=bool(pick("allow_overgrant")),
        exact=bool(pick("exact")),
        strict=bool(pick("strict")),
        split=bool(pick("split")),
        profile=pick("profile"),
        assume_role=pick("assume_role"),
        config=config,
    )


def write_result(text: str, output: str | None) -> None:
    """Write the result to a file or to stdout.

    Raises:
        UsageError: the file cannot be written.
    """
    if output is None:
        click.echo(text, nl=not text.endswith("\n"))
        return
    path = Path(output)
    try:
        path.write_text(text if text.endswith("\n") else text + "\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write `{output}`: {error.strerror}") from None


def exceeds(findings: tuple[Any, ...], fail_on: str) -> bool:
    """Whether a finding stands at or above `--fail-on` (a level, `never`, or a list of ids)."""
    if fail_on == "never":
        return False
    live = [f for f in findings if f.suppressed_by is None and f.new]
    if fail_on in FAIL_ON:
        from iamgen.model.result import FindingLevel

        order = (FindingLevel.NOTE, FindingLevel.WARNING, FindingLevel.ERROR)
        least = FAIL_ON.index(fail_on) - 1
        return any(order.index(f.level) >= least for f in live)
    wanted = {word.strip() for word in fail_on.split(",")}
    return any(f.id in wanted for f in live)


def _many(value: Any) -> list[str]:
    return [str(value)] if isinstance(value, str) else [str(item) for item in value]


def _path(value: Any) -> Path | None:
    return None if value is None else Path(str(value))


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise UsageError(f"`{text}` is not KEY=VALUE", place="--parameter")
    return key, value
