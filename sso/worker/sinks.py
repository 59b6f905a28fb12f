"""The log leaves the house: each sink has a thread, a cursor in the database, and a pace of its own.

A sink receives the entries in the order of their places, each at least once: the cursor moves when a batch
has arrived, so that a crash in between repeats it. One that fails is tried again after a while that doubles,
and holds up nobody else. What went well leaves no event, and a failure only one: no sink feeds itself.
"""

import logging
import secrets
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from sso.audit.event.sinks import SinkFailed, SinkMissed, SinkOpened, SinkRecovered
from sso.audit.record import Origin
from sso.config.sinks import SinkSettings
from sso.hub import Hub, outbound_rules
from sso.oidc.digest import new_id
from sso.outbound import Outbound
from sso.storage.audit_sinks import PlacedRecord, SinkState, Told, following_epoch, size_of
from sso.storage.audit_tree import Head
from sso.storage.detection import Place
from sso.storage.errors import StorageUnavailable
from sso.storage.stores import SqlStores
from sso.worker.sink_targets import Delivery, NotDelivered, delivery_to

log = logging.getLogger("sso.worker")

MAX_BATCH = 200
"""Entries at once; half as many after each failure, for a receiver that takes no more, or not one of them."""
POLL_SECONDS = 1.0
LONGEST_SECONDS = 300.0
TELL_AFTER = 3
"""So many failures in a row are an event; fewer are the weather."""
_ORIGIN = Origin(actor="worker")
_JITTER = secrets.SystemRandom()


@dataclass(frozen=True, slots=True)
class _Step:
    """What is to be told at once: the batch, where the sink is after it, and what it can never have."""

    told: Sequence[Told]
    after: SinkState
    missed: SinkMissed | None


@dataclass(slots=True)
class SinkDelivery:
    """Delivers to one sink on one node. `deliver` raises NotDelivered where a batch did not arrive."""

    hub: Hub
    sink: SinkSettings
    deliver: Delivery
    hold_seconds: float = 60.0
    """Longer than a batch takes: another worker takes over when this one has been silent for so long."""
    _holder: str = field(default_factory=new_id)
    _failures: int = 0
    _batch: int = MAX_BATCH

    def run(self, stop: threading.Event) -> None:
        """Deliver until told to stop; a batch under way is finished."""
        wait = 0.0
        while not stop.wait(wait):
            try:
                wait = 0.0 if self.step() else self._pause()
            except Exception as error:  # a loop that must go on: the database may be away for a while
                log.exception("delivery of the log failed", extra={"sink": self.sink.name})
                wait = POLL_SECONDS if isinstance(error, StorageUnavailable) else self._broke(error)
        self._let_go()

    def step(self) -> bool:
        """Deliver a batch if there is one; true if there may be more to do at once."""
        with self.hub.database.read() as stores:
            heads, state = stores.audit_tree.heads(), stores.audit_sinks.state(self.sink.name)
        if not heads:
            return False
        if state is None:
            self._open(heads[-1])
            return True
        if _up_to_date(state.place, heads):
            return False
        with self.hub.database.begin(_ORIGIN) as stores:
            state = stores.audit_sinks.hold(
                self.sink.name, self._holder, datetime.now(UTC), self.hold_seconds
            )
        return state is not None and self._deliver(self._next(state, heads), state)

    def _open(self, head: Head) -> None:
        """Begin where the log ends now, or at its begin."""
        place = Place(1, 0) if self.sink.from_oldest else Place(head.epoch, head.frontier.size)
        with self.hub.database.begin(_ORIGIN) as stores:
            if stores.audit_sinks.open(self.sink.name, place):
                event = SinkOpened(
                    sink=self.sink.name, kind=self.sink.kind, epoch=place.epoch, begin=place.index
                )
                stores.audit.append(event, datetime.now(UTC))

    def _next(self, state: SinkState, heads: Sequence[Head]) -> _Step:
        """Read the next places: what the sink is told of them, and what is missing there."""
        place, size = state.place, size_of(state.place.epoch, heads)
        end = min(size, place.index + self._batch)
        with self.hub.database.read() as stores:
            found = stores.audit_sinks.placed(place, end) if place.index < end else []
            told = stores.audit_sinks.told(found, place.epoch, self.sink.slice)
        after, missed = self._missed(state, found, ended=end >= size)
        following = following_epoch(place.epoch, heads) if end >= size else None
        then = Place(place.epoch, max(end, place.index)) if following is None else Place(following, 0)
        return _Step(told, replace(after, place=then), missed)

    def _missed(
        self, state: SinkState, found: Sequence[PlacedRecord], *, ended: bool
    ) -> tuple[SinkState, SinkMissed | None]:
        """Add up what is gone; it is told once something is there again, or nothing comes any more."""
        gone = [one.index for one in found if one.record is None]
        first = gone[0] if state.missed_from is None and gone else state.missed_from
        missed = state.missed + len(gone)
        if first is None or (len(gone) == len(found) and not ended):
            return replace(state, missed=missed, missed_from=first), None
        event = SinkMissed(sink=self.sink.name, epoch=state.place.epoch, begin=first, entries=missed)
        return replace(state, missed=0, missed_from=None), event

    def _deliver(self, step: _Step, before: SinkState) -> bool:
        try:
            if step.told:
                self.deliver(step.told)
        except NotDelivered as error:
            self._failed(before, str(error))
            return False
        now = datetime.now(UTC)
        until, delivered_at = now + timedelta(seconds=self.hold_seconds), now if step.told else None
        with self.hub.database.begin(_ORIGIN) as stores:
            moved = stores.audit_sinks.advance(step.after, self._holder, until, delivered_at)
            if moved:
                self._on_record(step, before, stores, now)
        if moved and step.missed is not None:
            log.critical(
                "entries of the log never reach a sink",
                extra={"sink": self.sink.name, "entries": step.missed.entries},
            )
        if step.told:
            self._failures, self._batch = 0, min(MAX_BATCH, self._batch * 2)
        return True

    def _on_record(self, step: _Step, before: SinkState, stores: SqlStores, now: datetime) -> None:
        """Record what an officer must know: that a sink is back, and what it can never have."""
        name = self.sink.name
        if step.told and before.failures >= TELL_AFTER:
            stores.audit.append(SinkRecovered(sink=name, attempts=before.failures), now)
        if step.missed is not None:
            stores.audit.append(step.missed, now)

    def _broke(self, error: Exception) -> float:
        """Count what nobody foresaw as a failure like others, and say how long to wait."""
        try:
            with self.hub.database.read() as stores:
                state = stores.audit_sinks.state(self.sink.name)
            if state is not None:
                self._failed(state, type(error).__name__)
        except StorageUnavailable:
            return POLL_SECONDS
        return self._pause()

    def _failed(self, state: SinkState, reason: str) -> None:
        self._failures, self._batch = self._failures + 1, max(1, self._batch // 2)
        now = datetime.now(UTC)
        with self.hub.database.begin(_ORIGIN) as stores:
            failures = stores.audit_sinks.failed(state, self._holder, reason, now)
            if failures == TELL_AFTER:
                event = SinkFailed(sink=self.sink.name, attempts=failures, reason=reason)
                stores.audit.append(event, now)
        log.warning("a sink does not take the log", extra={"sink": self.sink.name, "reason": reason})

    def _pause(self) -> float:
        """How long to wait: after failures ever longer, by half at random, so that nodes do not keep step."""
        if not self._failures:
            return POLL_SECONDS
        longest: float = min(LONGEST_SECONDS, POLL_SECONDS * 2 ** min(self._failures - 1, 10))
        return longest * _JITTER.uniform(0.5, 1.0)

    def _let_go(self) -> None:
        try:
            with self.hub.database.begin(_ORIGIN) as stores:
                stores.audit_sinks.release(self.sink.name, self._holder)
        except Exception:  # the process ends: another worker takes over when the time is over
            log.exception("a sink is held for a while", extra={"sink": self.sink.name})


def deliver_to_sink(hub: Hub, sink: SinkSettings, stop: threading.Event) -> None:
    """Deliver to one sink until told to stop: what a thread of the worker does."""
    with Outbound(outbound_rules(hub.configuration)) as outbound:
        SinkDelivery(hub, sink, delivery_to(sink, hub.settings.issuer, outbound)).run(stop)


def _up_to_date(place: Place, heads: Sequence[Head]) -> bool:
    head = heads[-1]
    return place.epoch == head.epoch and place.index >= head.frontier.size
