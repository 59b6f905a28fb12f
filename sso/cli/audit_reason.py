"""Why somebody looks at the log: every command that shows any of it demands to be told, and records it."""

from collections.abc import Callable
from typing import Any

import click

from sso.cli.arguments import CleanText

VARIABLE = "SSO_AUDIT_REASON"
"""Says it for all commands of a shell, until it is unset; `--reason` goes before it."""


class _Reason(CleanText):
    """A reason; where there is none, the usage error says what to do."""

    def get_missing_message(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """Return what follows the name of the option."""
        return f"Say why you look, such as a case number: it is recorded. {VARIABLE} says it for a shell."


REASON = _Reason()


def reason_option(*, required: bool = True) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return the option; a command that does not show the log every time calls `demanded` when it does."""
    return click.option(
        "--reason",
        required=required,
        type=REASON,
        envvar=VARIABLE,
        show_envvar=True,
        help="Why you look, for the record: a case number.",
    )


def demanded(context: click.Context, reason: str | None) -> str:
    """Return the reason.

    Raises:
        click.MissingParameter: there is none.
    """
    if reason is None:
        option = next(each for each in context.command.params if each.name == "reason")
        raise click.MissingParameter(ctx=context, param=option)
    return reason
