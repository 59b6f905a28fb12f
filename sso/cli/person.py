"""`sso person`: people and their accounts."""

import click


@click.group()
def person() -> None:
    """People and their accounts."""
