"""Whether what others said of the log still holds: each cosignature and each time stamp, verified again."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from sso.audit.signed_note import NoteInvalid, NoteKey, note_of, verify_note
from sso.audit.time_stamp import StampInvalid, authorities_in, stamped_at
from sso.audit.whole_log import Finding
from sso.hub import Hub
from sso.storage.audit_anchors import StoredCosignature, StoredStamp
from sso.storage.stores import SqlStores

PAGE = 500
_Vouched = TypeVar("_Vouched", StoredCosignature, StoredStamp)


def vouched_findings(hub: Hub, page_size: int = PAGE) -> Iterator[Finding]:
    """Yield every cosignature and every time stamp that is not on the checkpoint that the log has."""
    with hub.database.read() as stores:
        epochs = [head.epoch for head in stores.audit_tree.heads()]
    for epoch in epochs:
        yield from _cosignatures(hub, epoch, page_size)
        yield from _stamps(hub, epoch, page_size)


def _cosignatures(hub: Hub, epoch: int, page_size: int) -> Iterator[Finding]:
    def read(stores: SqlStores, after: StoredCosignature | None) -> Sequence[StoredCosignature]:
        return stores.audit_anchors.cosignatures(epoch, after, page_size)

    for each, text in _with_texts(hub, read):
        try:
            verify_note(note_of(text, [each.line]), [NoteKey.parse(each.witness_key)])
        except NoteInvalid as error:
            yield Finding("cosignature", f"of the checkpoint of size {each.size}: {error}")


def _stamps(hub: Hub, epoch: int, page_size: int) -> Iterator[Finding]:
    authority = hub.configuration.settings.audit.timestamp
    if authority is None:
        return
    try:
        trusted = authorities_in(hub.configuration.beside(authority.ca_file).read_bytes())
    except (OSError, StampInvalid) as error:
        yield Finding("timestamp", f"{authority.ca_file}: {error}")
        return

    def read(stores: SqlStores, after: StoredStamp | None) -> Sequence[StoredStamp]:
        return stores.audit_anchors.stamps(epoch, after, page_size)

    for each, text in _with_texts(hub, read):
        try:
            stamped_at(each.token, text, trusted)
        except StampInvalid as error:
            yield Finding("timestamp", f"of the checkpoint of size {each.size}: {error}")


def _with_texts(
    hub: Hub, read: Callable[[SqlStores, _Vouched | None], Sequence[_Vouched]]
) -> Iterator[tuple[_Vouched, str]]:
    """Everything that somebody said, page by page, each with the text of the checkpoint that it is about."""
    after: _Vouched | None = None
    while True:
        with hub.database.read() as stores:
            page = read(stores, after)
            texts = {each.size: _text(stores, each.epoch, each.size) for each in page}
        if not page:
            return
        yield from ((each, texts[each.size]) for each in page)
        after = page[-1]


def _text(stores: SqlStores, epoch: int, size: int) -> str:
    """The text of the checkpoint that is filed under a size; that of none at all where it is missing."""
    signed = stores.audit_checkpoints.covering(epoch, size - 1)
    return "" if signed is None or signed.checkpoint.size != size else str(signed.checkpoint)
