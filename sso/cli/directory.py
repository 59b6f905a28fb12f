"""`sso directory`: the departments' directories that the configuration names, and whether they work."""

import click

from sso.audit.record import JsonValue
from sso.cli.arguments import CLEAN_TEXT, visible
from sso.cli.context import configuration_of, fail, json_option, print_json, print_rows
from sso.directory.ldap import LdapDirectory
from sso.directory.routing import DirectoryRoute, normalise_login_name, route
from sso.directory.settings import DirectorySettings

_COLUMNS = ("id", "name", "realms", "vendor", "urls")


@click.group()
def directory() -> None:
    """The departments' directories."""


@directory.command("list")
@json_option
@click.pass_context
def list_command(context: click.Context, as_json: bool) -> None:
    """List the directories of the configuration."""
    rows = [_row(each) for each in configuration_of(context).directories]
    print_rows(rows, as_json=as_json, columns=_COLUMNS)


def _row(settings: DirectorySettings) -> dict[str, JsonValue]:
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
@json_option
@click.pass_context
def test(context: click.Context, directory_id: str, sample: str | None, as_json: bool) -> None:
    """Try each step to a sign-in on each server; where one fails, say what to mend."""
    settings = _known(configuration_of(context).directories, directory_id)
    name = None if sample is None else _searched(settings, sample)
    ldap = LdapDirectory(settings)
    try:
        checks = ldap.probe(name)
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


def _known(directories: tuple[DirectorySettings, ...], directory_id: str) -> DirectorySettings:
    for settings in directories:
        if settings.id == directory_id:
            return settings
    known = ", ".join(settings.id for settings in directories) or "none"
    fail(f"no directory has the id {directory_id}; the configuration has: {known}")


def _searched(settings: DirectorySettings, sample: str) -> str:
    """What the login attribute is searched for when someone types the sample."""
    try:
        door = route(sample, (settings,))
        return door.login_name if isinstance(door, DirectoryRoute) else normalise_login_name(sample)
    except ValueError as error:
        fail(f"--sample: {error}")
