"""`sso doctor`: what stands in the way of a healthy hub."""

import click


@click.command()
def doctor() -> None:
    """Check what a healthy hub needs."""
