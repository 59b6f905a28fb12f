"""Whether what others said of the log still holds: each cosignature and each time stamp, verified again."""

from collections.abc import Iterator

from sso.audit.signed_note import NoteInvalid, NoteKey, note_of, verify_note
from sso.audit.time_stamp import StampInvalid, authorities_in, stamped_at
from sso.audit.whole_log import Finding
from sso.hub import Hub
from sso.storage.stores import SqlStores

PAGE = 500


def vouched_findings(hub: Hub) -> Iterator[Finding]:
    """Yield every cosignature and every time stamp that is not on the checkpoint that the log has."""
    with hub.database.read() as stores:
        epochs = [head.epoch for head in stores.audit_tree.heads()]
    for epoch in epochs:
        yield from _cosignatures(hub, epoch)
        yield from _stamps(hub, epoch)


def _cosignatures(hub: Hub, epoch: int) -> Iterator[Finding]:
    after = -1
    while True:
        with hub.database.read() as stores:
            page = stores.audit_anchors.cosignatures(epoch, after, PAGE)
            texts = {each.size: _text(stores, epoch, each.size) for each in page}
        for each in page:
            try:
                verify_note(note_of(texts[each.size], [each.line]), [NoteKey.parse(each.witness_key)])
            except NoteInvalid as error:
                yield Finding("cosignature", f"of the checkpoint of size {each.size}: {error}")
        if len(page) < PAGE:
            return
        after = max(page[-1].size - 1, after) if page[0].size != page[-1].size else page[-1].size


def _stamps(hub: Hub, epoch: int) -> Iterator[Finding]:
    authority = hub.configuration.settings.audit.timestamp
    if authority is None:
        return
    try:
        trusted = authorities_in(hub.configuration.beside(authority.ca_file).read_bytes())
    except (OSError, StampInvalid) as error:
        yield Finding("timestamp", f"{authority.ca_file}: {error}")
        return
    after = -1
    while True:
        with hub.database.read() as stores:
            page = stores.audit_anchors.stamps(epoch, after, PAGE)
            texts = {each.size: _text(stores, epoch, each.size) for each in page}
        for each in page:
            try:
                stamped_at(each.token, texts[each.size], trusted)
            except StampInvalid as error:
                yield Finding("timestamp", f"of the checkpoint of size {each.size}: {error}")
        if len(page) < PAGE:
            return
        after = page[-1].size


def _text(stores: SqlStores, epoch: int, size: int) -> str:
    """The text of the checkpoint that is filed under a size; that of none at all where it is missing."""
    signed = stores.audit_checkpoints.covering(epoch, size - 1)
    return "" if signed is None or signed.checkpoint.size != size else str(signed.checkpoint)
