"""`sso client`: applications registered with the hub."""

import click


@click.group()
def client() -> None:
    """Applications registered with the hub."""
