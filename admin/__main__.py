"""`sso-console`, also `python -m admin`: prepare and run the officers' console."""

import shlex
from pathlib import Path
from typing import NoReturn

import click

from admin.prepare import prepare
from admin.serve import PortTaken, run
from admin.settings import DEFAULT_FILE, SettingsInvalid, checked_address, load

EXIT_FAILURE = 1
EXIT_CONFIGURATION = 78


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """The officers' console of a sign-on hub."""


@main.command()
@click.option("--issuer", required=True, help="Address of the hub.")
@click.option(
    "--base-url", default="http://127.0.0.1:8100", show_default=True, help="Address of the console."
)
@click.option(
    "--folder", default=Path(), type=click.Path(file_okay=False, path_type=Path), help="Where its files go."
)
def init(issuer: str, base_url: str, folder: Path) -> None:
    """Write the settings and the key, and print the command that registers the console at the hub."""
    for name, value in (("--issuer", issuer), ("--base-url", base_url)):
        try:
            checked_address(value)
        except ValueError as error:
            _fail(f"{name}: {error}", EXIT_CONFIGURATION)
    try:
        prepared = prepare(issuer, base_url, folder)
    except OSError as error:
        _fail(str(error), EXIT_FAILURE)
    for line in prepared.told:
        click.echo(line, err=True)
    click.echo("Register the console at the hub, once:", err=True)
    click.echo(shlex.join(prepared.command))


@main.command()
@click.option(
    "--config",
    default=Path(DEFAULT_FILE),
    show_default=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file that init wrote.",
)
def serve(config: Path) -> None:
    """Serve the console until SIGTERM or SIGINT."""
    try:
        settings = load(config)
    except SettingsInvalid as error:
        _fail(str(error), EXIT_CONFIGURATION)
    try:
        run(settings)
    except PortTaken as error:
        _fail(str(error), EXIT_FAILURE)


def _fail(message: str, code: int) -> NoReturn:
    click.echo(f"sso-console: {message}", err=True)
    raise SystemExit(code)


if __name__ == "__main__":
    main()
