"""The command: options in, exit code out. One file per verb; each is imported only when it is called."""

import importlib
import sys
from typing import Any

import click

from iamgen import __version__
from iamgen.errors import EXIT_BUG, EXIT_INTERRUPTED, EXIT_USAGE, IamgenError

VERBS: dict[str, str] = {
    "suggest": "The policy, boundary and difference for one function.",
    "scan": "Usage facts from code and templates.",
    "logs": "CloudTrail into the usage store; what it shows and what it cannot.",
    "maps": "What the access maps know of operations and actions; their check; their rebuild.",
    "check": "The gate for CI and pre-commit; SARIF; baseline.",
    "pr": "The pull-request comment, suggestions, step summary.",
    "boundary": "Permissions boundaries per function, service or environment.",
    "roles": "Which functions share a role, what sharing costs, and how to split.",
    "explain": "Why a permission is there, or what an AccessDenied message needs.",
    "patch": "The suggested role written into the template, formatting kept.",
    "drift": "The over-permission report and its history.",
    "evidence": "The bundle for an audit.",
    "init": "A first iamgen.toml with what was found.",
    "doctor": "Per function: status, what is missing, and the command that would give it.",
    "diff": "The difference in meaning between two policies, with witnesses.",
    "simulate": "Is this request allowed by these policies, and which statement decides.",
}
"""Verb -> its one line of help. The module `iamgen.cli.<verb>` states `command`."""


class LazyGroup(click.Group):
    """A group that imports a verb's module only when that verb is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        """Return the verbs in the order of the contract."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Return the command of a verb, None for an unknown one."""
        if cmd_name not in VERBS:
            return None
        command: click.Command = importlib.import_module(f"iamgen.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the verbs without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="iamgen")
def group() -> None:
    """Least privilege for AWS Lambda: the smallest role that works, each line with its reason."""


def main(args: list[str] | None = None) -> None:
    """Run the command and exit with the code of the contract (`iamgen.errors`)."""
    try:
        result: Any = group.main(args=args, standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(EXIT_INTERRUPTED)
    except click.ClickException as error:
        error.show()
        sys.exit(EXIT_USAGE)
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    except IamgenError as error:
        _complain(error)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    except Exception as error:  # noqa: BLE001  the last line of defence: a bug gets its own exit code
        click.echo(f"iamgen: a bug: {type(error).__name__}: {error}", err=True)
        click.echo("please report it with the command you ran", err=True)
        sys.exit(EXIT_BUG)
    sys.exit(result if isinstance(result, int) else 0)


def _complain(error: IamgenError) -> None:
    click.echo(f"iamgen: {error}", err=True)
    if error.hint:
        click.echo(f"  {error.hint}", err=True)
