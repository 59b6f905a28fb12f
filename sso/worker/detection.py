"""Detection: rules judge the log as it grows, each record once and in the order of its places.

A loop of its own, never on anybody's way. Of several workers one judges; another takes over when it has not
been heard of for a while. What rules remember is kept now and then: whoever goes on reads the log again from
there, silently, and knows what the one before knew.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sso import __version__
from sso.audit.event.findings import RuleSwitchedOff
from sso.audit.record import AuditRecord, Origin
from sso.audit.rules.engine import Audience, Match, Rule, joined, match_of, memory_of, recall, seen_of
from sso.audit.rules.location import nowhere
from sso.audit.rules.nodes import Seen
from sso.audit.rules.queue import file
from sso.geography.errors import GeographyUnavailable
from sso.geography.opening import geography_of
from sso.hub import Hub
from sso.oidc.digest import new_id
from sso.storage.detection import Judging, Place, Remembered
from sso.storage.stores import SqlStores

if TYPE_CHECKING:
    from sso.geography.database import Geography

log = logging.getLogger("sso.worker")

ROUND_SECONDS = 1.0
BREATH_SECONDS = 0.02
BATCH = 500
HELD = timedelta(seconds=60)
"""How long the others wait for the one who judges."""

RENEWED = timedelta(seconds=30)
"""What is left of that when it is said again, although nothing was judged."""

FIRST_LOOK = timedelta(days=1)
"""So much of a log that nobody has judged yet is judged; what is older is not."""

LOOK_BACK = 20_000
"""So many places before the present one a rule reads that remembers nothing."""

FARTHEST_BACK = 2 * LOOK_BACK
"""So many places it reads at most that remembers something of longer ago: it was not asked for a while."""

KEPT_EVERY = LOOK_BACK
"""So many places are judged before what rules remember is kept again; more would be lost in a crash."""

KEPT_FOR = timedelta(days=1)
"""So long it is kept at most, however quiet the log: what no rule needs any more is forgotten then."""

_ORIGIN = Origin(actor="detection")


@dataclass(frozen=True, slots=True)
class _Failure:
    """A rule that could not judge a record."""

    rule: Rule
    record_id: str
    error: str


@dataclass(slots=True)
class Detection:
    """One worker's judge, of the hub's rules unless it is given others.

    What it knows beside the database is rebuilt whenever others may have judged.
    """

    hub: Hub
    rules: Callable[[], Sequence[Rule]] | None = None
    name: str = field(default_factory=new_id)
    batch: int = BATCH
    kept_every: int = KEPT_EVERY
    farthest_back: int = FARTHEST_BACK
    _stop: threading.Event = field(default_factory=threading.Event)
    _at: Place | None = None
    _kept_at: Place | None = None
    _kept_on: datetime | None = None
    _geography: "Geography | None" = None
    _judging: list[Rule] = field(default_factory=list)
    _failures: list[_Failure] = field(default_factory=list)

    def run(self, stop: threading.Event) -> None:
        """Judge until told to stop."""
        self._stop, pause = stop, 0.0
        while not stop.wait(pause):
            try:
                pause = BREATH_SECONDS if self.judge(datetime.now(UTC)) else ROUND_SECONDS
            except Exception:  # a loop that must go on: the database may be away for a while
                log.exception("detection failed", extra={"job": "detection"})
                self._at, pause = None, ROUND_SECONDS
        self._let_go()

    def judge(self, now: datetime) -> bool:
        """Judge the next few records; true if there may be more."""
        if self._geography is not None:
            self._geography.renew()
        began, known = time.monotonic(), self._mine(now)
        if known is None or not self._knows(known, now):
            self._at = None
            return False
        now += timedelta(seconds=time.monotonic() - began)
        with self.hub.database.read() as stores:
            to = stores.detection.step(known.place, self.batch)
        if to == known.place and known.held_until - now > RENEWED and not self._failures:
            return False
        found = self._judged(self._records(known.place, to), self._judging)
        self._at = None  # until it is committed the memory is ahead of what is on record
        if not self._commit(known, to, found, now):
            return False
        self._at = to
        return to != known.place

    def _mine(self, now: datetime) -> Judging | None:
        """How far the log was judged, if it is for this one to go on; None if another does."""
        with self.hub.database.read() as stores:
            known = stores.detection.judging()
            first = stores.detection.first_since(now - FIRST_LOOK) if known is None else None
        if first is not None:
            with self.hub.database.begin(_ORIGIN) as stores:
                stores.detection.begin(first, self.name, now + HELD)
            with self.hub.database.read() as stores:
                known = stores.detection.judging()
        if known is None or known.judge == self.name:
            return known
        if known.held_until > now:
            return None
        with self.hub.database.begin(_ORIGIN) as stores:
            taken = stores.detection.take(known, self.name, now + HELD)
        return Judging(known.place, self.name, now + HELD) if taken else None

    def _knows(self, known: Judging, now: datetime) -> bool:
        """Make the rules remember what was before a place; false if there was no time for it."""
        place = known.place
        if self._at == place:
            return True
        with self.hub.database.read() as stores:
            kept = {each.name: each for each in stores.detection.remembered()}
        begins: dict[str, Place] = {}
        self._judging, self._failures, self._geography = [], [], self._opened()
        for rule in (self.rules or self.hub.configuration.rules.fresh)():
            own = kept.get(rule.name)
            if own is not None and own.digest == off(rule):
                continue
            begins[rule.name] = Place(place.epoch, max(0, place.index - LOOK_BACK))
            if own is not None and own.digest == rule.digest:
                recall(rule, own.memory)
                farthest = Place(place.epoch, max(0, place.index - self.farthest_back))
                begins[rule.name] = max(min(own.place, place), farthest)
            self._judging.append(rule)
        self._kept_at = min(begins.values(), default=place)
        return self._read_again(begins, known, now)

    def _opened(self) -> "Geography | None":
        try:
            return self._geography or geography_of(self.hub.configuration.geography)
        except GeographyUnavailable as error:  # the rules that need none go on
            log.critical("nothing says where addresses are", extra={"job": "detection"}, exc_info=error)
            return None

    def _read_again(self, begins: Mapping[str, Place], known: Judging, now: datetime) -> bool:
        """Show each rule the records from where its memory ends; what it finds was found before.

        That takes a while: it goes on being the one who judges, and gives up where another does by now.
        """
        began, end = time.monotonic(), known.place
        at = min(begins.values(), default=end)
        while at < end:
            passed = timedelta(seconds=time.monotonic() - began)
            if self._stop.is_set() or not self._hold(known, now + passed + HELD):
                return False
            with self.hub.database.read() as stores:
                step = stores.detection.step(at, self.batch)
            if step <= at:
                break
            to = min(step, end, *(each for each in begins.values() if each > at))
            self._judged(self._records(at, to), [r for r in self._judging if begins[r.name] <= at])
            at = to
        return True

    def _let_go(self) -> None:
        try:
            with self.hub.database.begin(_ORIGIN) as stores:
                stores.detection.release(self.name, datetime.now(UTC))
        except Exception:  # the process ends: another worker takes over when the time is over
            log.exception("nobody judges for a while", extra={"job": "detection"})

    def _hold(self, known: Judging, until: datetime) -> bool:
        with self.hub.database.begin(_ORIGIN) as stores:
            return stores.detection.advance(known, known.place, until)

    def _records(self, begin: Place, end: Place) -> Sequence[AuditRecord]:
        if end.epoch != begin.epoch:
            return []
        with self.hub.database.read() as stores:
            return stores.audit_search.readable(begin.epoch, begin.index, end.index)

    def _judged(self, records: Sequence[AuditRecord], rules: Sequence[Rule]) -> list[Match]:
        digest = self.hub.database.audit_keys.group_digest
        locate = nowhere if self._geography is None else self._geography.location_of
        seen = [each for each in (seen_of(record, digest, locate) for record in records) if each is not None]
        audience = Audience(rules)
        return [
            match
            for each in seen
            for rule in audience.of(each)
            if (match := self._match(rule, each)) is not None
        ]

    def _match(self, rule: Rule, seen: Seen) -> Match | None:
        if any(failure.rule is rule for failure in self._failures):
            return None
        try:
            return match_of(rule, seen)
        except Exception as error:  # whatever one rule meets, the others go on
            log.critical("a detection rule is switched off", extra={"rule": rule.name}, exc_info=error)
            self._failures.append(_Failure(rule, seen.id, type(error).__name__))
            return None

    def _commit(self, known: Judging, to: Place, found: Sequence[Match], now: datetime) -> bool:
        """Put on record what was found, together with how far the log was judged."""
        off = {failure.rule.name for failure in self._failures}
        self._judging = [rule for rule in self._judging if rule.name not in off]
        memories = self._memories(to, now)
        with self.hub.database.begin(_ORIGIN) as stores:
            if not stores.detection.advance(known, to, now + HELD):
                return False
            for match in joined(found):
                file(match, stores, now)
            for failure in self._failures:
                _switch_off(failure, to, stores, now)
            for memory in memories:
                stores.detection.remember(memory)
            if memories:
                stores.detection.forget_others([memory.name for memory in memories])
        self._failures = []
        if memories:
            self._kept_at, self._kept_on = to, now
        return True

    def _memories(self, at: Place, now: datetime) -> list[Remembered]:
        """What the rules remember, when it is time to keep it."""
        kept = self._kept_at
        near = kept is not None and kept.epoch == at.epoch and 0 <= at.index - kept.index < self.kept_every
        if near and self._kept_on is not None and now - self._kept_on < KEPT_FOR:
            return []
        return [Remembered(rule.name, rule.digest, at, memory_of(rule, now)) for rule in self._judging]


def off(rule: Rule) -> str:
    """Return what stands in the place of the digest of a rule that failed in this version."""
    return f"{rule.digest} of {__version__}"


def _switch_off(failure: _Failure, at: Place, stores: SqlStores, now: datetime) -> None:
    rule = failure.rule
    stores.detection.remember(Remembered(rule.name, off(rule), at, b"", failure.error))
    event = RuleSwitchedOff(rule=rule.name, record_id=failure.record_id, error=failure.error)
    stores.audit.append(event, now)
