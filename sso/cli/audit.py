"""`sso audit`: the trail."""

import click


@click.group()
def audit() -> None:
    """The trail."""
