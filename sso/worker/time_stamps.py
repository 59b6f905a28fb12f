"""Have checkpoints time-stamped (RFC 3161) by an authority that is not the hub's operator."""

from datetime import UTC, datetime, timedelta

from sso.audit.record import Origin
from sso.audit.time_stamp import (
    QUERY_TYPE,
    REPLY_TYPE,
    StampInvalid,
    StampQuery,
    authorities_in,
    query_for,
    stamped_at,
)
from sso.config.anchors import TimeStampAuthority
from sso.hub import Hub
from sso.outbound import Answer, NoAnswer, NotAllowed, Outbound, Posting
from sso.storage.audit_anchors import StoredStamp
from sso.storage.audit_checkpoints import SignedCheckpoint
from sso.storage.stores import SqlStores
from sso.worker.anchors import Anchors

_ORIGIN = Origin(actor="worker")


def stamp(hub: Hub, outbound: Outbound, anchors: Anchors) -> bool:
    """Have the newest checkpoint stamped if the last stamp is old enough; true if it was."""
    authority = hub.configuration.settings.audit.timestamp
    if authority is None or not anchors.due(authority.url):
        return False
    wanted = _wanted(hub, authority, datetime.now(UTC))
    if wanted is None:
        anchors.nothing_new(authority.url)
        return False
    epoch, signed = wanted
    query = query_for(str(signed.checkpoint))
    (answer,) = outbound.post([Posting(authority.url, query.der, QUERY_TYPE, authenticated=True)])
    try:
        at = _time_in(hub, authority, signed, query, answer)
    except (StampInvalid, OSError) as error:
        anchors.failed(authority.url, str(error))
        return False
    assert isinstance(answer, Answer)  # noqa: S101 - _time_in refuses anything else
    with hub.database.begin(_ORIGIN) as stores:
        found = StoredStamp(epoch, signed.checkpoint.size, authority.url, answer.body, at)
        stores.audit_anchors.add_stamp(found)
        anchors.vouched(authority.url, stores, datetime.now(UTC))
    return True


def _wanted(hub: Hub, authority: TimeStampAuthority, now: datetime) -> tuple[int, SignedCheckpoint] | None:
    """The checkpoint to stamp: the newest that witnesses cosigned, or the newest where nobody cosigns."""
    with hub.database.read() as stores:
        head, last = stores.audit_tree.head(), stores.audit_anchors.last_stamp()
        if head is None or (last is not None and now - last.at < timedelta(seconds=authority.every_seconds)):
            return None
        signed = _newest(hub, stores, head.epoch)
    if signed is None or (
        last is not None and (last.epoch, last.size) == (head.epoch, signed.checkpoint.size)
    ):
        return None
    return head.epoch, signed


def _newest(hub: Hub, stores: SqlStores, epoch: int) -> SignedCheckpoint | None:
    witnesses = hub.configuration.settings.audit.witness
    sizes = [stores.audit_anchors.cosigned_size(epoch, each.verifier_key) for each in witnesses]
    if max(sizes, default=0) > 0:
        return stores.audit_checkpoints.covering(epoch, max(sizes) - 1)
    return stores.audit_checkpoints.last(epoch)


def _time_in(
    hub: Hub,
    authority: TimeStampAuthority,
    signed: SignedCheckpoint,
    query: StampQuery,
    answer: Answer | NotAllowed | NoAnswer,
) -> datetime:
    if not isinstance(answer, Answer):
        raise StampInvalid(str(answer))
    if answer.status != 200 or answer.media_type != REPLY_TYPE or not answer.complete:
        raise StampInvalid(f"HTTP status {answer.status}, {answer.media_type or 'no media type'}")
    trusted = authorities_in(hub.configuration.beside(authority.ca_file).read_bytes())
    return stamped_at(answer.body, str(signed.checkpoint), trusted, query.nonce)
