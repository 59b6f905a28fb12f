"""`sso demo`: the whole hub on this machine, with people, two departments and two applications."""

import click


@click.command()
def demo() -> None:
    """Run the hub with demonstration data on loopback, until Ctrl-C."""
    raise SystemExit(1)
