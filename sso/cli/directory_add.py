"""`sso directory add`: from an address to a tested `[[directory]]` of the configuration, step by step."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from sso.cli.arguments import CLEAN_TEXT
from sso.cli.context import EXIT_CONFIGURATION, configuration_of, fail
from sso.cli.directory_block import block, save
from sso.cli.directory_wizard import UNCHANGED, Wizard, print_checks
from sso.cli.questions import Questions
from sso.config import Configuration, ConfigurationError
from sso.directory.check import Sample
from sso.directory.ldap import LdapDirectory
from sso.directory.presets import Vendor
from sso.directory.routing import check_realms
from sso.directory.settings import BindMethod, DirectorySettings


@click.command("add")
@click.option(
    "--url", "urls", type=CLEAN_TEXT, multiple=True, help="ldaps://HOST:PORT; again for more servers."
)
@click.option("--ca-file", type=click.Path(path_type=Path), help="The CA of its certificate (PEM).")
@click.option("--plaintext-on-loopback", is_flag=True, help="Accept ldap:// without TLS on this machine.")
@click.option(
    "--vendor", type=click.Choice([vendor.value for vendor in Vendor]), help="Recognised unless given."
)
@click.option("--bind-method", type=click.Choice([method.value for method in BindMethod]), default="simple")
@click.option("--bind-dn", type=CLEAN_TEXT, help="The service account.")
@click.option("--bind-password-file", type=click.Path(path_type=Path), help="Its password; kept where it is.")
@click.option("--bind-password-stdin", is_flag=True, help="Its password, one line of standard input.")
@click.option("--bind-template", type=CLEAN_TEXT, help="With direct: uid={name},ou=people,dc=example.")
@click.option("--certificate-file", type=click.Path(path_type=Path), help="The hub's own certificate (PEM).")
@click.option("--certificate-key-file", type=click.Path(path_type=Path), help="The key of that (PEM).")
@click.option("--base-dn", type=CLEAN_TEXT, help="Below which clerks are found.")
@click.option("--login-attribute", type=CLEAN_TEXT, help="uid, sAMAccountName, …; the vendor's usual one.")
@click.option(
    "--realm", "realms", type=CLEAN_TEXT, multiple=True, help="What stands behind the @; repeatable."
)
@click.option(
    "--upn-suffix", "upn_suffixes", type=CLEAN_TEXT, multiple=True, help="Of names looked for whole."
)
@click.option("--mail-domain", "mail_domains", type=CLEAN_TEXT, multiple=True, help="Of mail addresses.")
@click.option("--id", "directory_id", type=CLEAN_TEXT, help="Short name, for ever part of every clerk's key.")
@click.option("--name", type=CLEAN_TEXT, help="The department's name, as people see it.")
@click.option("--name-zh", type=CLEAN_TEXT, help="The name in Chinese.")
@click.option("--group", "groups", type=CLEAN_TEXT, multiple=True, help="GROUP=VALUE to release; repeatable.")
@click.option("--role", "roles", type=CLEAN_TEXT, multiple=True, help="GROUP=ROLE to release; repeatable.")
@click.option(
    "--group-base-dn", type=CLEAN_TEXT, help="Below which groups are found; the base DN's unless given."
)
@click.option("--sample", type=CLEAN_TEXT, help="A clerk's sign-in name to look for.")
@click.option("--ask/--no-ask", default=None, help="Ask for what is missing, as on a terminal, or not.")
@click.option("--dry-run", is_flag=True, help="Test and print the table, and write nothing.")
@click.pass_context
def add(context: click.Context, /, **options: Any) -> None:
    """Describe a department's directory, test it, and write it to the configuration file.

    On a terminal it asks for what the options do not say; a script says everything by options. Nothing is
    written unless every step of `sso directory test` works.
    """
    configuration = configuration_of(context)
    wizard = Wizard(Questions.on_terminal(options["ask"]), options, configuration)
    values, secret = wizard.describe()
    settings = wizard.settings(values, secret)
    _check_others(settings, configuration)
    if not _tested(settings, wizard.sample(settings)):
        fail(UNCHANGED)
    text = block(values)
    click.echo(text)
    if options["dry_run"]:
        return
    if not wizard.questions.agrees(f"Write this to {configuration.file}?"):
        fail("nothing was written")
    _write(configuration, text, wizard.secret_to_write(values, secret))
    click.echo(f"written to {configuration.file}; send SIGHUP to `sso serve`, or restart it", err=True)


def _check_others(settings: DirectorySettings, configuration: Configuration) -> None:
    """Exit when another directory has the same id or realm."""
    try:
        check_realms((*configuration.directories, settings))
    except ValueError as error:
        fail(str(error))


def _tested(settings: DirectorySettings, sample: Sample) -> bool:
    """Walk every step of `sso directory test`; return whether all of them work."""
    directory = LdapDirectory(settings)
    try:
        checks = directory.probe(sample, datetime.now(UTC))
    finally:
        directory.close()
    print_checks(checks)
    return all(check.ok for check in checks)


def _write(configuration: Configuration, text: str, secret: tuple[str, bytes] | None) -> None:
    try:
        save(configuration.file, text, secret)
    except ConfigurationError as error:
        fail(f"nothing was written: {error}", EXIT_CONFIGURATION)
    except OSError as error:
        fail(f"nothing was written: {error.filename}: {error.strerror}")
