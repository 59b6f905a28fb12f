"""A new password: typed twice on the terminal, or one line on standard input; never an argument."""

import sys
from collections.abc import Sequence
from typing import BinaryIO

import click

from sso.authentication.password import MAX_PASSWORD_BYTES, TooBusy
from sso.authentication.password_rules import PasswordRefused
from sso.cli.context import EXIT_TRY_LATER, fail
from sso.hub import Hub

password_stdin_option = click.option(
    "--password-stdin", is_flag=True, help="Read the password from standard input, one line."
)


def new_password_hash(hub: Hub, *, from_stdin: bool, names: Sequence[str]) -> str:
    """Ask for a new password of someone known under `names`, check it and return its hash.

    Hashing takes a while and much memory: never call this inside a transaction.
    """
    if sys.stdin is None:  # closed by whoever started us
        fail("standard input is closed")
    password = _from_stdin(sys.stdin.buffer) if from_stdin else _from_terminal()
    try:
        hub.password_rules.check(password, names=names)
    except PasswordRefused as error:
        fail(str(error))
    try:
        return hub.passwords.make(password)
    except TooBusy:
        fail("this machine is too busy to hash a password; try again", EXIT_TRY_LATER)


def _from_stdin(stream: BinaryIO) -> str:
    line = stream.read(MAX_PASSWORD_BYTES + len(b"\r\n") + 1).removesuffix(b"\n").removesuffix(b"\r")
    if len(line) > MAX_PASSWORD_BYTES:
        fail(f"the password on standard input has more than {MAX_PASSWORD_BYTES} bytes")
    if b"\n" in line or b"\r" in line:
        fail("standard input holds more than one line; the password is one line")
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        fail("the password on standard input is not UTF-8")


def _from_terminal() -> str:
    if not sys.stdin.isatty():
        raise click.UsageError("there is no terminal to ask for the password; use --password-stdin")
    password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    try:
        password.encode("utf-8")
    except UnicodeEncodeError:
        fail("the password is not UTF-8")
    return password
