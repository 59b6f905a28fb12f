"""The sequencer: gives audit events their places in the tree, and signs checkpoints of it.

A loop of its own beside the other jobs, so that a slow delivery never makes the log lag. Of several nodes one
at a time works; nothing is signed before it is shown to have grown out of everything that was signed before.
"""

import logging
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from sso.audit.checkpoint import Checkpoint
from sso.audit.event import AuditCheckpointRefused, AuditEpochOpened
from sso.audit.merkle.proofs import consistency_proof
from sso.audit.merkle.verification import consistent
from sso.audit.record import Origin
from sso.audit.signed_note import NoteSigner, note_of
from sso.hub import Hub
from sso.storage.audit_checkpoints import SignedCheckpoint
from sso.storage.audit_tree import MAX_BATCH, Head
from sso.storage.stores import SqlStores
from sso.worker.last_signed import LastSigned

log = logging.getLogger("sso.worker")

ROUND_SECONDS = 0.05
FIRST_EPOCH = 1
_ORIGIN = Origin(actor="sequencer")


class NotTheLogThatWasSigned(Exception):
    """The tree did not grow out of a checkpoint that was signed before: `signed_size` is that one's."""

    def __init__(self, reason: str, head: Head, signed_size: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.head = head
        self.signed_size = signed_size


@dataclass(slots=True)
class Sequencer:
    """One node's sequencer. `last_signed` remembers outside of the database what was signed, by any node."""

    hub: Hub
    last_signed: LastSigned
    _refused: tuple[int, int] | None = None

    def run(self, stop: threading.Event) -> None:
        """Sequence and sign until told to stop; what is waiting then gets its place first."""
        every = self.hub.configuration.settings.audit.checkpoint_seconds
        sign_at = datetime.min.replace(tzinfo=UTC)
        while not stop.wait(ROUND_SECONDS):
            try:
                now = datetime.now(UTC)
                if (now - sign_at).total_seconds() >= every:
                    sign_at = now
                    self.sign(now)  # before anything is added to a log that is not the one that was signed
                self.sequence()
            except Exception:  # a loop that must go on: the database may be away for a while
                log.exception("sequencing failed", extra={"job": "sequencer"})
                stop.wait(1.0)
        self._finish()

    def sequence(self) -> int:
        """Give every waiting event its place; return how many there were."""
        if self._refused is not None:
            return 0
        done, again = 0, True
        while again:
            with self.hub.database.read() as stores:
                if stores.audit_tree.nothing_waits():
                    return done
            with self.hub.database.begin(_ORIGIN) as stores:
                placed = self._sequence(stores)
            done, again = done + placed, placed == MAX_BATCH
        return done

    def sign(self, now: datetime) -> SignedCheckpoint | None:
        """Sign the head if it has grown, and return the checkpoint. A log that was changed is not signed."""
        try:
            with self.hub.database.begin(_ORIGIN) as stores:
                return self._sign(stores, now)
        except NotTheLogThatWasSigned as refusal:
            self._refuse(refusal, now)
            return None

    def _sequence(self, stores: SqlStores) -> int:
        if stores.audit_tree.head() is None:
            open_epoch(stores, self.hub.settings.issuer, FIRST_EPOCH, "the log begins", datetime.now(UTC))
        return stores.audit_tree.sequence()

    def _sign(self, stores: SqlStores, now: datetime) -> SignedCheckpoint | None:
        head = stores.audit_tree.head(lock=True)
        if head is None or head.frontier.size == 0:
            self._refused = None
            return None
        signed = stores.audit_checkpoints.last(head.epoch)
        remembered = self.last_signed.of(head.origin)
        for known in (signed.checkpoint if signed else None, remembered):
            require_growth(known, head, stores)
        self._refused = None
        if signed is not None and (remembered is None or remembered.size < signed.checkpoint.size):
            self.last_signed.put(signed.note)  # another node's: a replica that takes over may lack it
        if signed is not None and signed.checkpoint.size == head.frontier.size:
            return None
        checkpoint = head.checkpoint
        lines = [
            signer.sign(str(checkpoint), now) for signer in stores.audit_checkpoints.signers(head.origin)
        ]
        new = SignedCheckpoint(checkpoint, note_of(str(checkpoint), lines), now)
        self.last_signed.put(new.note)  # before the commit: what left this node must never be forgotten
        stores.audit_checkpoints.add(head.epoch, new)
        return new

    def _refuse(self, refusal: NotTheLogThatWasSigned, now: datetime) -> None:
        """Record a refusal, once for each state of the log."""
        state = (refusal.head.epoch, refusal.signed_size)
        if self._refused == state:
            return
        self._refused = state
        log.critical("the audit log is not the one that was signed", extra={"reason": refusal.reason})
        with self.hub.database.begin(_ORIGIN) as stores:
            event = AuditCheckpointRefused(
                epoch=refusal.head.epoch,
                size=refusal.head.frontier.size,
                signed_size=refusal.signed_size,
                reason=refusal.reason,
            )
            stores.audit.append(event, now)

    def _finish(self) -> None:
        try:
            self.sequence()
            self.sign(datetime.now(UTC))
        except Exception:  # the process ends: the next one goes on
            log.exception("the last events wait for the next start", extra={"job": "sequencer"})


def require_growth(known: Checkpoint | None, head: Head, stores: SqlStores) -> None:
    """Accept a head that has grown out of a checkpoint that is known, if there is one.

    Raises:
        NotTheLogThatWasSigned: it has not.
    """
    if known is None:
        return
    if known.origin != head.origin:
        reason = f"it was signed as {known.origin}: a note was replaced"
        raise NotTheLogThatWasSigned(reason, head, known.size)
    size = head.frontier.size
    if known.size > size:
        reason = f"it has {size} entries, and {known.size} were signed: an older backup, or a truncation"
        raise NotTheLogThatWasSigned(reason, head, known.size)
    proof = consistency_proof(stores.audit_tree.nodes(head.epoch).node, known.size, size)
    if not consistent((known.size, known.root), (size, head.frontier.root), proof):
        reason = f"it did not grow out of the {known.size} entries that were signed: it was rewritten"
        raise NotTheLogThatWasSigned(reason, head, known.size)


def open_epoch(stores: SqlStores, issuer: str, epoch: int, reason: str, now: datetime) -> Head:
    """Begin a tree under an origin of its own, with a key of its own, on record as its first events."""
    previous = stores.audit_tree.head()
    last = stores.audit_checkpoints.last(previous.epoch) if previous is not None else None
    origin = origin_of(issuer, epoch)
    if stores.audit_tree.open_epoch(epoch, origin, now):
        stores.audit_checkpoints.add_key(NoteSigner.new(origin), now)
        note = last.note if last is not None else None
        stores.audit.append(AuditEpochOpened(epoch=epoch, origin=origin, previous=note, reason=reason), now)
    head = stores.audit_tree.head()
    if head is None:
        msg = "the epoch was not opened"
        raise LookupError(msg)
    return head


def origin_of(issuer: str, epoch: int) -> str:
    """Return the name of a tree in its checkpoints: the issuer without scheme, later epochs with a number."""
    parts = urlsplit(issuer)
    name = f"{parts.netloc}{parts.path.rstrip('/')}/audit"
    return name if epoch == FIRST_EPOCH else f"{name}/{epoch}"
