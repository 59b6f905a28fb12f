"""`sso directory`: the departments' directories that the configuration names, and whether they work."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import click

from sso.audit.record import JsonValue
from sso.cli.arguments import CLEAN_TEXT, visible
from sso.cli.context import configuration_of, json_option, print_json, print_rows
from sso.cli.directory_add import add
from sso.cli.directory_conflicts import conflicts, resolve
from sso.cli.directory_show import show
from sso.cli.directory_sync import sync
from sso.cli.directory_wizard import password_line, sample_name
from sso.cli.named_directory import known_directory
from sso.directory.check import Sample
from sso.directory.department import Department
from sso.directory.ldap import LdapDirectory
from sso.directory.settings import DirectorySettings
from sso.oidc.settings import SCIM_PATH

_COLUMNS = ("id", "name", "realms", "vendor", "urls")


@click.group()
def directory() -> None:
    """The departments' directories."""


directory.add_command(add)
directory.add_command(show)
directory.add_command(sync)
directory.add_command(conflicts)
directory.add_command(resolve)


@directory.command("list")
@json_option
@click.pass_context
def list_command(context: click.Context, as_json: bool) -> None:
    """List the directories of the configuration."""
    configuration = configuration_of(context)
    issuer = configuration.settings.server.issuer
    rows = [_row(each, issuer) for each in configuration.directories]
    print_rows(rows, as_json=as_json, columns=_COLUMNS)


def _row(settings: Department, issuer: str) -> dict[str, JsonValue]:
    if not isinstance(settings, DirectorySettings):
        return {
            "id": settings.id,
            "name": settings.name,
            "realms": list(settings.realms),
            "vendor": "scim",
            "urls": [f"{issuer}{SCIM_PATH}/{settings.id}"],
            "login_attribute": settings.login_attribute,
        }
    return {
        "id": settings.id,
        "name": settings.name,
        "realms": list(settings.realms),
        "vendor": settings.vendor.value,
        "urls": list(settings.urls),
        "base_dn": settings.base_dn,
        "bind_dn": settings.bind_dn,
        "login_attribute": settings.login_attribute,
    }


@directory.command()
@click.argument("directory_id", metavar="ID", type=CLEAN_TEXT)
@click.option("--sample", type=CLEAN_TEXT, help="A clerk's login name to look for, with or without @realm.")
@click.option(
    "--password-stdin", is_flag=True, help="Sign that clerk in, with the password on standard input."
)
@click.option(
    "--try-change", is_flag=True, help="Also exchange that password for itself, to prove the right to."
)
@json_option
@click.pass_context
def test(context: click.Context, /, directory_id: str, as_json: bool, **options: Any) -> None:
    """Try each step to a sign-in on each server; where one fails, say what to mend.

    With --try-change most directories refuse the same password, which proves the right; where none does,
    nothing changes but the password's age.
    """
    settings = known_directory(configuration_of(context), directory_id)
    sample = _sample(settings, options)
    ldap = LdapDirectory(settings)
    try:
        checks = ldap.probe(sample, datetime.now(UTC))
    finally:
        ldap.close()
    for check in checks:
        if as_json:
            print_json(
                {"directory": settings.id, "check": check.name, "ok": check.ok, "sentence": check.sentence}
            )
        else:
            click.echo(f"{'ok  ' if check.ok else 'FAIL'}  {check.name}: {visible(check.sentence)}")
    context.exit(0 if all(check.ok for check in checks) else 1)


def _sample(settings: DirectorySettings, options: Mapping[str, Any]) -> Sample:
    """Return the clerk to test with, as the options say."""
    typed, with_password, try_change = (options[o] for o in ("sample", "password_stdin", "try_change"))
    if (with_password and typed is None) or (try_change and not with_password):
        raise click.UsageError("--password-stdin goes with --sample, and --try-change with --password-stdin")
    name = None if typed is None else sample_name(typed, settings)
    return Sample(name, password_line() if with_password else None, try_change)
