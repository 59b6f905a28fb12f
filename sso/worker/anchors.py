"""When whom to ask to vouch for the log, and what is recorded of it.

What goes well leaves no event: an event for each cosignature would make the log grow by being cosigned.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sso.audit.event.assurance import AnchorFailed, AnchorRecovered, CheckpointRejected
from sso.audit.record import Origin
from sso.hub import Hub
from sso.storage.audit_anchors import Trouble
from sso.storage.stores import SqlStores

log = logging.getLogger("sso.worker")

LONGEST_SECONDS = 300.0
TELL_AFTER = 3
"""So many failures in a row are an event; fewer are the weather."""
_ORIGIN = Origin(actor="worker")


@dataclass(frozen=True, slots=True)
class Anchored:
    """Who vouches for the log, how far and since when (None: never yet), and what keeps them from it."""

    name: str
    kind: str
    epoch: int | None
    size: int | None
    at: datetime | None
    trouble: Trouble | None


def anchored(hub: Hub) -> list[Anchored]:
    """Return what everybody who is configured has vouched for last.

    Raises:
        StorageUnavailable: the database does not answer.
    """
    found = []
    with hub.database.read() as stores:
        for witness in hub.configuration.settings.audit.witness:
            last = stores.audit_anchors.last_cosignature(witness.verifier_key)
            trouble = stores.audit_anchors.trouble(witness.key)
            epoch, size, at = (None, None, None) if last is None else (last.epoch, last.size, last.at)
            found.append(Anchored(name_of(witness.key), "witness", epoch, size, at, trouble))
        authority = hub.configuration.settings.audit.timestamp
        if authority is not None:
            stamp, trouble = stores.audit_anchors.last_stamp(), stores.audit_anchors.trouble(authority.url)
            epoch, size, at = (None, None, None) if stamp is None else (stamp.epoch, stamp.size, stamp.at)
            found.append(Anchored(authority.url, "time stamp", epoch, size, at, trouble))
    return found


@dataclass(slots=True)
class Anchors:
    """When each witness or authority is due again on this node; failures are kept for all nodes.

    `every` and what `clock` tells, which never goes back, are seconds.
    """

    hub: Hub
    every: float
    clock: Callable[[], float] = time.monotonic
    _due_at: dict[str, float] = field(default_factory=dict)

    def due(self, anchor: str) -> bool:
        """Whether somebody may be asked again."""
        return self.clock() >= self._due_at.get(anchor, 0.0)

    def nothing_new(self, anchor: str) -> None:
        """Ask again in a while: there is nothing to vouch for."""
        self._due_at[anchor] = self.clock() + self.every

    def vouched(self, anchor: str, stores: SqlStores, now: datetime) -> None:
        """Somebody vouched, as the transaction says; a trouble that was told of ends on record."""
        self._due_at[anchor] = self.clock() + self.every
        trouble = stores.audit_anchors.trouble(anchor)
        failures = stores.audit_anchors.succeeded(anchor)
        if trouble is not None and (failures >= TELL_AFTER or trouble.conflict is not None):
            stores.audit.append(AnchorRecovered(anchor=name_of(anchor), attempts=failures), now)

    def failed(self, anchor: str, reason: str) -> None:
        """Somebody did not vouch; several times in a row are an event, and the waiting grows."""
        now = datetime.now(UTC)
        with self.hub.database.begin(_ORIGIN) as stores:
            trouble = stores.audit_anchors.failed(anchor, reason, None, now)
            if trouble.failures == TELL_AFTER:
                event = AnchorFailed(anchor=name_of(anchor), attempts=trouble.failures, reason=reason)
                stores.audit.append(event, now)
        wait = min(LONGEST_SECONDS, self.every * 2 ** min(trouble.failures, 10))
        self._due_at[anchor] = self.clock() + wait
        log.warning("the log is not vouched for", extra={"anchor": name_of(anchor), "reason": reason})

    def contradicted(self, anchor: str, size: int, witness_size: int, reason: str) -> None:
        """Somebody knows another history of the log: an event, once for each state of theirs."""
        now = datetime.now(UTC)
        with self.hub.database.begin(_ORIGIN) as stores:
            before = stores.audit_anchors.trouble(anchor)
            stores.audit_anchors.failed(anchor, reason, witness_size, now)
            if before is None or before.conflict != witness_size:
                event = CheckpointRejected(
                    anchor=name_of(anchor), size=size, witness_size=witness_size, reason=reason
                )
                stores.audit.append(event, now)
        self._due_at[anchor] = self.clock() + LONGEST_SECONDS
        log.critical("a witness knows another log", extra={"anchor": name_of(anchor), "reason": reason})


def name_of(anchor: str) -> str:
    """Return the name of a witness by its verifier key; an authority is named by its address."""
    return anchor if anchor.startswith("http") else anchor.partition("+")[0]
