"""`sso audit key`: another key signs the log, beside the old one for a while (C2SP signed-note)."""

from datetime import UTC, datetime

import click

from sso.audit.event import AuditLogKeyAdded, AuditLogKeyRetired
from sso.audit.signed_note import NoteInvalid, NoteKey, NoteSigner, verify_note
from sso.cli.arguments import CLEAN_TEXT
from sso.cli.context import fail, hub_of
from sso.cli.operator import operator_origin
from sso.storage.audit_tree import Head
from sso.storage.stores import SqlStores

reason_option = click.option("--reason", required=True, type=CLEAN_TEXT, help="Why, for the record.")


@click.group("key")
def log_key() -> None:
    """The keys that sign the log: add another, and retire the old one when all know the new one."""


@log_key.command("add")
@reason_option
@click.pass_context
def add(context: click.Context, reason: str) -> None:
    """Make another key, have it sign beside those that do, and print it: give it to whoever verifies."""
    now = datetime.now(UTC)
    with hub_of(context) as hub, hub.database.begin(operator_origin()) as stores:
        head = _head(stores)
        signer = NoteSigner.new(head.origin)
        stores.audit_checkpoints.add_key(signer, now)
        event = AuditLogKeyAdded(origin=head.origin, key=str(signer.key), reason=reason)
        stores.audit.append(event, now)
    click.echo(str(signer.key))


@log_key.command("retire")
@click.argument("key_id", type=CLEAN_TEXT)
@reason_option
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_context
def retire(context: click.Context, key_id: str, reason: str, yes: bool) -> None:
    """Have a key sign no more. KEY_ID is what stands between the plus signs of it in `sso audit keys`.

    Refused while the newest checkpoint has no signature of a key that stays. Give the retired key to whoever
    verifies what it signed: receipts and bundles of its time need it.
    """
    with hub_of(context) as hub:
        if not yes:
            words = "Witnesses and everybody who verifies must know the other key by now. Go on?"
            click.confirm(words, abort=True)
        with hub.database.begin(operator_origin()) as stores:
            head, now = _head(stores), datetime.now(UTC)
            key = _leaving(stores, head, key_id)
            stores.audit_checkpoints.retire_key(key, now)
            stores.audit.append(AuditLogKeyRetired(origin=head.origin, key=str(key), reason=reason), now)
    click.echo(f"{key.id.hex()} signs no more")


def _head(stores: SqlStores) -> Head:
    """The tree that grows, which nobody signs meanwhile; ends the command where there is none yet."""
    return stores.audit_tree.head(lock=True) or fail("the log has not begun: start `sso worker` first")


def _leaving(stores: SqlStores, head: Head, key_id: str) -> NoteKey:
    """The key of an id, if whoever knows the others can do without it; else the command ends."""
    signing = [signer.key for signer in stores.audit_checkpoints.signers(head.origin)]
    found = next((key for key in signing if key.id.hex() == key_id.lower()), None)
    if found is None:
        fail(f"no key {key_id} signs the log (sso audit keys)")
    staying = [key for key in signing if key != found]
    if not staying:
        fail("it is the only key that signs the log: add another first (sso audit key add)")
    last = stores.audit_checkpoints.last(head.epoch)
    try:
        verify_note("" if last is None else last.note, staying)
    except NoteInvalid:
        fail("no other key has signed the newest checkpoint yet: wait for the worker, and tell who verifies")
    return found
