"""The `sso` command's root: where the configuration is, and which nouns there are."""

import click

from sso import __version__
from sso.cli.audit import audit
from sso.cli.client import client
from sso.cli.config import config as config_command
from sso.cli.demo.command import demo
from sso.cli.directory import directory
from sso.cli.doctor import doctor
from sso.cli.init import init
from sso.cli.keys import keys
from sso.cli.migrate import migrate
from sso.cli.person import person
from sso.cli.serve import serve
from sso.cli.worker import worker


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config",
    metavar="PATH",
    help="Configuration file; else the one that SSO_CONFIG names, else ./sso.toml.",
)
@click.version_option(__version__, prog_name="sso")
def root(config: str | None) -> None:
    """The sign-on hub: one sign-in for citizens and clerks, every access on record."""


for command in (
    init,
    serve,
    worker,
    migrate,
    doctor,
    demo,
    client,
    person,
    directory,
    keys,
    audit,
    config_command,
):
    root.add_command(command)


def main() -> None:
    """Run the command line. Exit codes: 0, 1 failure, 2 usage, 75 try later, 78 configuration, 130 SIGINT."""
    root(prog_name="sso")
