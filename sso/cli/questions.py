"""Asking on a terminal for what the options did not say; a script is told which option is missing."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import click

from sso.cli.context import fail

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Questions:
    """Whether to ask at all, and how."""

    ask: bool

    @classmethod
    def on_terminal(cls, wish: bool | None) -> "Questions":
        """Ask where a person can answer, unless wished otherwise."""
        return cls(sys.stdin is not None and sys.stdin.isatty() if wish is None else wish)

    def text(self, given: str | None, option: str, question: str, default: str | None = None) -> str:
        """Return what an option says, else the answer, else the default."""
        if given is not None:
            return given
        if self.ask:
            answer: str = click.prompt(question, default=default, err=True)
            return answer.strip()
        if default is None:
            raise click.UsageError(f"{option} is needed: {question}")
        return default

    def optional(self, given: str | None, question: str) -> str | None:
        """Return what an option says, else the answer; None for an empty one."""
        if given is not None or not self.ask:
            return given
        answer: str = click.prompt(question, default="", show_default=False, err=True)
        return answer.strip() or None

    def secret(self, option: str, question: str) -> bytes:
        """Return a secret that is typed and not shown."""
        if not self.ask:
            raise click.UsageError(f"{option} is needed: {question}")
        answer: str = click.prompt(question, hide_input=True, err=True)
        return answer.encode("utf-8", "surrogateescape")

    def parsed(
        self,
        given: str | None,
        option: str,
        question: str,
        parse: Callable[[str], _T],
        default: str | None = None,
    ) -> _T:
        """Ask until the answer can be read; `parse` raises ValueError with a sentence."""
        while True:
            answer = self.text(given, option, question, default)
            try:
                return parse(answer)
            except ValueError as error:
                if given is not None or not self.ask:
                    fail(f"{option}: {error}")
                click.echo(str(error), err=True)

    def agrees(self, question: str) -> bool:
        """Return whether a person agrees; a script has agreed by running the command."""
        agreed: Any = click.confirm(question, default=True, err=True) if self.ask else True
        return bool(agreed)
