"""The `sso` command's root: where the configuration is, and which nouns there are."""

import importlib
import sys
from collections.abc import Mapping

import click

from sso import __version__

EXIT_INTERRUPTED = 130

_COMMANDS: Mapping[str, str] = {
    "init": "sso.cli.init",
    "serve": "sso.cli.serve",
    "worker": "sso.cli.worker",
    "demo": "sso.cli.demo.command",
    "migrate": "sso.cli.migrate",
    "doctor": "sso.cli.doctor",
    "client": "sso.cli.client",
    "person": "sso.cli.person",
    "session": "sso.cli.session",
    "directory": "sso.cli.directory",
    "upstream": "sso.cli.upstream",
    "keys": "sso.cli.keys",
    "audit": "sso.cli.audit",
    "witness": "sso.cli.witness",
    "config": "sso.cli.config",
}
"""Each command and its module, which holds it under the same name and is imported when it is asked for."""


class _Nouns(click.Group):
    """The commands, each loaded when it is named: a script waits for one, not for all."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return every name, in the order of a first day with the hub."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, or None."""
        module = _COMMANDS.get(cmd_name)
        if module is None:
            return None
        found = getattr(importlib.import_module(module), cmd_name)
        if not isinstance(found, click.Command):
            return None
        _say_in_full(found)
        return found


def _say_in_full(command: click.Command) -> None:
    """Let a list of commands show the whole first sentence; click would cut it after 45 characters."""
    sentence, dot, _ = " ".join((command.help or "").split()).partition(". ")
    command.short_help = command.short_help or sentence + dot.strip()
    for below in command.commands.values() if isinstance(command, click.Group) else ():
        _say_in_full(below)


@click.group(cls=_Nouns, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config",
    metavar="PATH",
    help="Configuration file; else the one that SSO_CONFIG names, else ./sso.toml.",
)
@click.version_option(__version__, prog_name="sso")
def root(config: str | None) -> None:
    """The sign-on hub: one sign-in for citizens and clerks, every access on record."""


def main() -> None:
    """Run the command line. Exit codes: 0, 1 failure, 2 usage, 75 try later, 78 configuration, 130 SIGINT."""
    try:
        code = root.main(prog_name="sso", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("sso: interrupted", err=True)
        sys.exit(EXIT_INTERRUPTED)
    sys.exit(code if isinstance(code, int) else 0)
