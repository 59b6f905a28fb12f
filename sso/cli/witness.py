"""`sso witness`: cosign other people's logs; a department runs it for the hub, with nothing of the hub's."""

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from sso.audit.record import JsonValue
from sso.audit.signed_note import ED25519, NoteInvalid, NoteKey
from sso.cli.arguments import CLEAN_TEXT
from sso.cli.context import EXIT_CONFIGURATION, fail, json_option, print_rows
from sso.cli.signals import Signals
from sso.config.logs import configure
from sso.config.schema import split_listen
from sso.witness.cosigner import Cosigner
from sso.witness.folder import FolderInvalid, WitnessFolder
from sso.witness.http import WitnessListener
from sso.witness.state import StateUnavailable

WATCH_SECONDS = 0.5
_folder_option: Callable[[Callable[..., Any]], Callable[..., Any]] = click.option(
    "--folder",
    default="witness",
    show_default=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Where its key, its trusted logs and its memory are.",
)


@click.group()
def witness() -> None:
    """A witness of audit logs: it cosigns what has only grown. It needs no hub and no configuration."""


@witness.command("init")
@click.option(
    "--name", required=True, type=CLEAN_TEXT, help="As it signs, such as audit-office.example.gov/w1."
)
@_folder_option
def init(name: str, folder: Path) -> None:
    """Make a witness with a key of its own, and print its verifier key for the hub's operator."""
    try:
        signer = WitnessFolder(folder).create(name)
    except (FolderInvalid, ValueError) as error:
        fail(str(error))
    click.echo(str(signer.key))


@witness.command("trust")
@click.option("--key", "text", required=True, help="The log's verifier key (sso audit keys).")
@_folder_option
def trust(text: str, folder: Path) -> None:
    """Cosign for a log from now on. Get its key from the hub's operator by a way that you trust."""
    try:
        key = NoteKey.parse(text)
        if key.kind != ED25519:
            fail("this is a witness's key, not a log's")
        added = WitnessFolder(folder).trust(key)
    except (NoteInvalid, FolderInvalid) as error:
        fail(str(error))
    click.echo(f"{key.name} is cosigned" if added else f"{key.name} was cosigned already")


@witness.command("serve")
@click.option("--listen", default="127.0.0.1:9100", show_default=True, help="Behind a proxy that speaks TLS.")
@_folder_option
def serve(listen: str, folder: Path) -> None:
    """Answer POST /add-checkpoint (C2SP tlog-witness) until SIGTERM."""
    home = WitnessFolder(folder)
    try:
        place = split_listen(listen)
        home.trusted()
        home.state.all()
        listener = WitnessListener(Cosigner(home.signer(), home.trusted, home.state), place)
    except ValueError as error:
        raise click.UsageError(f"--listen: {error}") from error
    except (FolderInvalid, StateUnavailable) as error:
        fail(str(error), EXIT_CONFIGURATION)
    except OSError as error:
        fail(f"{listen}: {error.strerror}")
    signals = Signals((signal.SIGTERM, signal.SIGINT))
    configure("info")
    listener.start()
    click.echo(f"witness {home.signer().key.name} listens on {place[0]}:{listener.port}", err=True)
    while not signals.wait(WATCH_SECONDS):
        pass
    listener.stop()


@witness.command("show")
@_folder_option
@json_option
def show(folder: Path, as_json: bool) -> None:
    """Print its verifier key, and each log that it cosigns with the last tree that it cosigned."""
    home = WitnessFolder(folder)
    try:
        key, trusted, cosigned = home.signer().key, home.trusted(), home.state.all()
    except (FolderInvalid, StateUnavailable) as error:
        fail(str(error), EXIT_CONFIGURATION)
    rows: list[dict[str, JsonValue]] = []
    for origin in sorted({*trusted, *cosigned}):
        last = cosigned.get(origin)
        rows.append(
            {
                "log": origin,
                "trusted": origin in trusted,
                "size": None if last is None else last.checkpoint.size,
                "cosigned_at": None if last is None else last.at.isoformat(timespec="seconds"),
            }
        )
    if not as_json:
        click.echo(str(key))
    print_rows(rows, as_json=as_json, columns=("log", "trusted", "size", "cosigned_at"))
