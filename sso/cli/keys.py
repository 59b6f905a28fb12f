"""`sso keys`: the signing keys."""

import click


@click.group()
def keys() -> None:
    """The signing keys."""
