"""One submission to one answer (C2SP tlog-witness, add-checkpoint)."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from sso.audit.signed_note import NoteKey, NoteSigner
from sso.audit.witnessing import SIZE_TYPE, Refused, Submission, require_consistency, signed_checkpoint
from sso.witness.folder import FolderInvalid
from sso.witness.state import StateUnavailable, WitnessState

log = logging.getLogger("sso.witness")


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back over HTTP."""

    status: HTTPStatus
    body: str
    media_type: str = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Cosigner:
    """A witness at work. `trusted` is asked for every submission: a log that is added counts at once."""

    signer: NoteSigner
    trusted: Callable[[], Mapping[str, Sequence[NoteKey]]]
    state: WitnessState

    def add_checkpoint(self, body: bytes, now: datetime) -> Answer:
        """Cosign a checkpoint that grew out of the latest one, once that is durable; or say why not."""
        try:
            submission = Submission.parse(body)
            checkpoint = signed_checkpoint(submission, self.trusted())
            self.state.advance(
                checkpoint,
                submission.note,
                now,
                lambda latest: require_consistency(submission, checkpoint, latest),
            )
        except Refused as refusal:
            log.warning("not cosigned", extra={"status": refusal.status, "reason": refusal.reason})
            if refusal.size is not None:
                return Answer(HTTPStatus(refusal.status), f"{refusal.size}\n", SIZE_TYPE)
            return Answer(HTTPStatus(refusal.status), f"{refusal.reason}\n")
        except (StateUnavailable, FolderInvalid) as error:
            log.error("nothing is cosigned", extra={"reason": str(error)})  # noqa: TRY400 - no stack: an operator's
            return Answer(HTTPStatus.SERVICE_UNAVAILABLE, "the witness cannot work\n")
        return Answer(HTTPStatus.OK, self.signer.sign(str(checkpoint), now) + "\n")
