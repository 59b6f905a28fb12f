"""`sso config`: the configuration."""

import click


@click.group()
def config() -> None:
    """The configuration."""
