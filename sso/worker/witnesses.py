"""Show the newest checkpoint to the witnesses (C2SP tlog-witness), and keep their cosignatures."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sso.audit.checkpoint import Checkpoint
from sso.audit.merkle.proofs import consistency_proof
from sso.audit.record import Origin
from sso.audit.signed_note import NoteInvalid
from sso.audit.witnessing import SIZE_TYPE, Cosignature, Submission, cosignatures_in
from sso.config.anchors import Witness
from sso.hub import Hub
from sso.outbound import Answer, NoAnswer, NotAllowed, Outbound, Posting
from sso.worker.anchors import Anchors

MAX_TRIES = 2
_SIZE = re.compile(r"(0|[1-9][0-9]{0,18})\n")
_ORIGIN = Origin(actor="worker")


@dataclass(frozen=True, slots=True)
class _Showing:
    """A checkpoint on its way to a witness."""

    witness: Witness
    epoch: int
    checkpoint: Checkpoint
    submission: Submission

    def posting(self) -> Posting:
        content = str(self.submission).encode()
        return Posting(f"{self.witness.url}/add-checkpoint", content, "text/plain; charset=utf-8")


def push(hub: Hub, outbound: Outbound, anchors: Anchors) -> int:
    """Show the newest checkpoint to every witness that is due, side by side; return how many cosigned it."""
    showings, done = _due(hub, anchors), 0
    if not showings:
        return 0
    for _ in range(MAX_TRIES):
        answers = outbound.post([showing.posting() for showing in showings])
        again: list[tuple[_Showing, int]] = []
        for showing, answer in zip(showings, answers, strict=True):
            size = _size_of(answer)
            if size is None:
                done += _settle(hub, showing, answer, anchors)
            elif not _contradicts(hub, showing, size, anchors):
                again.append((showing, size))
        showings = _shown_again(hub, again, anchors)
    for showing in showings:
        anchors.failed(showing.witness.key, f"it named another size each of {MAX_TRIES} times")
    return done


def _due(hub: Hub, anchors: Anchors) -> list[_Showing]:
    """What is to be shown now, to those who may be asked again and have not cosigned it."""
    found = []
    for witness in hub.configuration.settings.audit.witness:
        if not anchors.due(witness.key):
            continue
        showing = _showing(hub, witness)
        if showing is None:
            anchors.nothing_new(witness.key)
        else:
            found.append(showing)
    return found


def _showing(hub: Hub, witness: Witness, old_size: int | None = None) -> _Showing | None:
    """The newest checkpoint, with the proof that a witness needs; None where it is cosigned already."""
    with hub.database.read() as stores:
        head = stores.audit_tree.head()
        signed = None if head is None else stores.audit_checkpoints.last(head.epoch)
        if head is None or signed is None:
            return None
        size = signed.checkpoint.size
        cosigned = stores.audit_anchors.cosigned_size(head.epoch, witness.verifier_key)
        old = cosigned if old_size is None else old_size
        if old > size or (old_size is None and old == size):
            return None
        proof = consistency_proof(stores.audit_tree.nodes(head.epoch).node, old, size)
        return _Showing(witness, head.epoch, signed.checkpoint, Submission(old, tuple(proof), signed.note))


def _shown_again(hub: Hub, again: Sequence[tuple[_Showing, int]], anchors: Anchors) -> list[_Showing]:
    """The newest checkpoint with proofs from the sizes that witnesses named; no proof is a failure."""
    found = []
    for before, size in again:
        showing = _showing(hub, before.witness, size)
        if showing is None:
            anchors.failed(before.witness.key, f"it named {size} entries, from which no proof leads on")
        else:
            found.append(showing)
    return found


def _size_of(answer: Answer | NotAllowed | NoAnswer) -> int | None:
    """The size of the tree that a witness knows instead (409); None for any other answer."""
    if not isinstance(answer, Answer) or answer.status != 409 or answer.media_type != SIZE_TYPE:
        return None
    size = _SIZE.fullmatch(answer.body.decode("ascii", "replace"))
    return None if size is None else int(size[1])


def _contradicts(hub: Hub, showing: _Showing, size: int, anchors: Anchors) -> bool:
    """Whether a witness that cosigned a tree of another size cannot mean this log."""
    ours = showing.checkpoint.size
    if size == showing.submission.old_size:
        reason = f"it cosigned another tree of {size} entries"
    elif size > _signed_size(hub, showing.epoch):
        reason = f"it cosigned {size} entries, and {ours} are here: an older backup, or a truncation"
    else:
        return False
    anchors.contradicted(showing.witness.key, ours, size, reason)
    return True


def _signed_size(hub: Hub, epoch: int) -> int:
    """What is signed by now: another node may have shown a younger checkpoint."""
    with hub.database.read() as stores:
        signed = stores.audit_checkpoints.last(epoch)
    return 0 if signed is None else signed.checkpoint.size


def _settle(hub: Hub, showing: _Showing, answer: Answer | NotAllowed | NoAnswer, anchors: Anchors) -> int:
    """Keep the cosignature, or record why there is none; return how many came."""
    anchor = showing.witness.key
    if not isinstance(answer, Answer):
        anchors.failed(anchor, str(answer))
    elif answer.status == 422:
        reason = "its tree did not grow into this one: one of the two was rewritten"
        anchors.contradicted(anchor, showing.checkpoint.size, showing.submission.old_size, reason)
    elif answer.status != 200:
        anchors.failed(anchor, f"HTTP status {answer.status}")
    else:
        return _keep(hub, showing, answer, anchors)
    return 0


def _keep(hub: Hub, showing: _Showing, answer: Answer, anchors: Anchors) -> int:
    try:
        (cosignature,) = _cosignatures(showing, answer)[:1]
    except ValueError as error:
        anchors.failed(showing.witness.key, f"no cosignature of its key: {error}")
        return 0
    now = datetime.now(UTC)
    with hub.database.begin(_ORIGIN) as stores:
        stores.audit_anchors.add_cosignature(showing.epoch, showing.checkpoint.size, cosignature)
        anchors.vouched(showing.witness.key, stores, now)
    return 1


def _cosignatures(showing: _Showing, answer: Answer) -> list[Cosignature]:
    """What the answer holds of this witness's own key.

    Raises:
        ValueError: nothing that can be used.
    """
    found = cosignatures_in(
        answer.body.decode("utf-8"), str(showing.checkpoint), [showing.witness.verifier_key]
    )
    if not found or not answer.complete:
        message = "it is signed by somebody else"
        raise NoteInvalid(message)
    return found
