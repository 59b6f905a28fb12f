"""`sso directory`: the departments' directories."""

import click


@click.group()
def directory() -> None:
    """The departments' directories."""
