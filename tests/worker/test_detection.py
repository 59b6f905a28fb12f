"""Detection in the worker: every record is judged once, whoever judges and whatever happens in between."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sso.audit.event import NodeStarted, SignInFailed, SignInSucceeded
from sso.audit.record import Origin, Severity, new_event_id
from sso.audit.rules import queue
from sso.audit.rules.engine import Match, Rule
from sso.audit.rules.finding import Change, CloseReason, Finding, Officer, State, Suppression, Wanted
from sso.audit.rules.nodes import Seen
from sso.audit.rules.queue import Asked, NotPossible, Why
from sso.audit.rules.reading import rule_of
from sso.audit.rules.shipped import shipped_rule
from sso.storage.detection import Judging, Place
from sso.storage.errors import StorageUnavailable
from sso.worker.detection import HELD, Detection
from sso.worker.sequencer import open_epoch
from tests.worker.conftest import NOW, Log, binary

on_sqlite = pytest.mark.parametrize("log", ["sqlite"], indirect=True)
"""What happens above the database."""

ALIEN = "a" * 22
MINUTE = timedelta(minutes=1)
OPERATOR = Officer("command:root")
ANYTHING = """
title: Anything
id: 1
name: anything
level: low
description: Whatever happens.
detection:
  wanted: {outcome: '*'}
  condition: wanted
"""


def fail(log: Log, times: int, account_id: str = ALIEN, at: datetime = NOW) -> None:
    """Record failed sign-ins, one a second, and give them their places."""
    with log.hub.database.begin(Origin(address="192.0.2.7")) as stores:
        for number in range(times):
            event = SignInFailed(
                account_id=account_id, directory_id=None, status_code="BAD_CREDENTIAL", name_hmac="00"
            )
            stores.audit.append(event, at + timedelta(seconds=number))
    log.sequencer.sequence()


def succeed(log: Log, at: datetime) -> None:
    with log.hub.database.begin(Origin(address="192.0.2.7")) as stores:
        event = SignInSucceeded(account_id=ALIEN, session_id="s", directory_id=None, acr="a", amr=("pwd",))
        stores.audit.append(event, at)
    log.sequencer.sequence()


def findings(log: Log, *, closed: bool = False) -> Sequence[Finding]:
    with log.hub.database.read() as stores:
        return stores.findings.page(Wanted(closed=closed))


def judge_all(detection: Detection, now: datetime = NOW) -> None:
    while detection.judge(now):
        pass


def brute_force() -> Sequence[Rule]:
    return [shipped_rule("r01_brute_force")]


def events(log: Log, family: str) -> list[str]:
    return [code for code in log.codes() if code.startswith(family)]


def test_a_storm_of_failed_sign_ins_is_one_finding_with_all_of_them(log: Log) -> None:
    fail(log, 25)

    judge_all(Detection(log.hub))

    (found,) = findings(log)
    assert (found.rule, found.level, found.records) == ("r01_brute_force", Severity.MEDIUM, 25)
    assert (found.state, found.fields) == (State.OPEN, ("account_id",))
    assert timedelta(seconds=24) <= found.last_at - found.first_at < timedelta(seconds=24.001)
    assert events(log, "finding.") == ["finding.opened"]
    with log.hub.database.read() as stores:
        last = stores.audit_search.find(found.last_record_id)
    assert last is not None
    assert last.account_id == ALIEN


def test_a_spray_over_names_that_nobody_has_is_a_finding(log: Log) -> None:
    with log.hub.database.begin(Origin(address="192.0.2.7")) as stores:
        for number in range(10):
            event = SignInFailed(directory_id=None, status_code="UNKNOWN_USER", name_hmac=f"{number:032x}")
            stores.audit.append(event, NOW + timedelta(seconds=number))
    log.sequencer.sequence()

    judge_all(Detection(log.hub))

    assert [(each.rule, each.records) for each in findings(log)] == [("r02_password_spray", 10)]


def test_a_restart_between_batches_loses_nothing_and_doubles_nothing(log: Log) -> None:
    fail(log, 25)
    succeed(log, NOW + MINUTE)

    while Detection(log.hub, name="one", batch=4, kept_every=9).judge(NOW):
        pass

    assert [(each.rule, each.records) for each in findings(log)][:2] == [
        ("r04_success_after_brute_force", 11),
        ("r01_brute_force", 25),
    ]


def test_of_two_workers_one_judges_until_it_is_silent(log: Log) -> None:
    fail(log, 12)
    one, other = (Detection(log.hub, brute_force, name=name, batch=5) for name in ("one", "other"))

    assert one.judge(NOW)
    assert not other.judge(NOW)
    assert one.judge(NOW)
    later = NOW + HELD + MINUTE
    judge_all(other, later)
    fail(log, 3, at=NOW + MINUTE)
    assert not one.judge(later)
    judge_all(other, later)

    assert [each.records for each in findings(log)] == [15]


def test_a_judge_that_ends_lets_another_go_on_at_once(log: Log) -> None:
    one, other = (Detection(log.hub, brute_force, name=name) for name in ("one", "other"))
    fail(log, 12, at=datetime.now(UTC))
    judge_all(one, datetime.now(UTC))
    fail(log, 3, at=datetime.now(UTC))
    stop = threading.Event()
    stop.set()

    one.run(stop)
    judge_all(other, datetime.now(UTC))

    assert [each.records for each in findings(log)] == [15]


@on_sqlite
def test_who_judges_again_after_another_knows_what_that_one_saw(log: Log) -> None:
    one, other = (Detection(log.hub, brute_force, name=name) for name in ("one", "other"))

    for turn, detection in enumerate((one, other, one)):
        fail(log, 4, at=NOW + turn * MINUTE)
        judge_all(detection, NOW + turn * (HELD + MINUTE))

    assert [each.records for each in findings(log)] == [12]


def test_a_judge_that_was_overtaken_puts_nothing_on_record(log: Log) -> None:
    fail(log, 12)
    later, first, then = NOW + HELD, Place(1, 0), Place(1, 5)
    with log.hub.database.begin(Origin()) as stores:
        stores.detection.begin(first, "one", later)
        stale = stores.detection.judging()
        assert stale is not None
        assert stores.detection.take(stale, "other", later + MINUTE)
        assert not stores.detection.take(stale, "third", later + MINUTE)
        fresh = stores.detection.judging()
        assert fresh is not None

        assert not stores.detection.advance(stale, then, later)
        assert stores.detection.advance(fresh, then, later)
        assert not stores.detection.advance(fresh, then, later)
        assert stores.detection.judging() == Judging(then, "other", later)


def test_what_cannot_be_put_on_record_is_judged_again_and_counted_once(log: Log) -> None:
    detection = Detection(log.hub, brute_force)
    judge_all(detection)
    fail(log, 1, account_id="b" * 22)
    judge_all(detection)
    fail(log, 6)
    if log.hub.database.dialect == "sqlite":
        spoil = "CREATE TRIGGER spoil BEFORE UPDATE ON detection_place BEGIN SELECT RAISE(ABORT, 'full'); END"
        mend = "DROP TRIGGER spoil"
    else:
        spoil = "ALTER TABLE detection_place ADD CONSTRAINT spoil CHECK (leaf_index < 0) NOT VALID"
        mend = "ALTER TABLE detection_place DROP CONSTRAINT spoil"

    log.tamper(spoil)
    with pytest.raises(StorageUnavailable):
        detection.judge(NOW)
    log.tamper(mend)
    judge_all(detection)
    half = findings(log)
    fail(log, 6, at=NOW + MINUTE)
    judge_all(detection)

    assert half == []
    assert [each.records for each in findings(log)] == [12]


@dataclass(frozen=True)
class Watching:
    """A node that does something at each record, and remembers how many there were."""

    then: Callable[[], object] = lambda: None
    fed: list[str] = field(default_factory=list)

    def feed(self, seen: Seen) -> tuple[str, ...]:
        self.fed.append(seen.id)
        self.then()
        return ()

    def wants(self, code: str) -> bool:
        return True

    def memory(self, now: datetime) -> Any:
        return None

    def recall(self, memory: Any) -> None:
        pass


def watched(log: Log, node: Watching) -> Detection:
    rule = replace(rule_of(ANYTHING), node=node)
    return Detection(log.hub, lambda: [rule], name="one", batch=5)


@on_sqlite
def test_a_rule_that_was_not_asked_for_long_reads_only_so_far_back(log: Log) -> None:
    fail(log, 3)
    judge_all(replace(watched(log, Watching()), kept_every=1))
    fail(log, 40)
    judge_all(watched(log, Watching()))
    node = Watching()

    judge_all(replace(watched(log, node), farthest_back=8))

    assert len(node.fed) == 8


@on_sqlite
def test_who_reads_the_log_again_stays_the_judge_meanwhile(log: Log) -> None:
    fail(log, 16)
    judge_all(watched(log, Watching()))
    until: list[datetime] = []

    def look() -> None:
        with log.hub.database.read() as stores:
            judging = stores.detection.judging()
        assert judging is not None
        until.append(judging.held_until)

    watched(log, Watching(look)).judge(NOW + MINUTE / 2)

    assert len(until) >= 12
    assert min(until) >= NOW + MINUTE / 2 + HELD


@on_sqlite
def test_who_was_overtaken_while_reading_again_gives_up(log: Log) -> None:
    fail(log, 12)
    judge_all(watched(log, Watching()))

    def overtake() -> None:
        with log.hub.database.begin(Origin()) as stores:
            judging = stores.detection.judging()
            assert judging is not None
            stores.detection.take(judging, "other", NOW + HELD)

    node = Watching(overtake)

    assert not watched(log, node).judge(NOW)
    assert len(node.fed) <= 5


@dataclass(frozen=True)
class Breaking:
    """A node that cannot judge."""

    def feed(self, seen: Seen) -> tuple[str, ...]:
        raise KeyError(seen.id)

    def wants(self, code: str) -> bool:
        return True

    def memory(self, now: datetime) -> Any:
        return None

    def recall(self, memory: Any) -> None:
        pass


@on_sqlite
def test_a_rule_that_fails_is_switched_off_until_its_text_changes_and_others_go_on(log: Log) -> None:
    bad = replace(shipped_rule("r17_client_changed"), node=Breaking())
    fail(log, 12)

    judge_all(Detection(log.hub, lambda: [bad, *brute_force()], name="one", batch=5))
    judge_all(Detection(log.hub, lambda: [bad, *brute_force()], name="one"))

    assert [each.rule for each in findings(log)] == ["r01_brute_force"]
    assert events(log, "finding.rule.") == ["finding.rule.switched_off"]
    mended = replace(rule_of(ANYTHING), name=bad.name, digest="another")
    fail(log, 1)
    judge_all(Detection(log.hub, lambda: [mended, *brute_force()], name="one"))
    assert {each.rule for each in findings(log)} == {"r01_brute_force", "r17_client_changed"}


@on_sqlite
def test_what_rules_found_is_not_judged(log: Log) -> None:
    detection = Detection(log.hub, lambda: [rule_of(ANYTHING)])
    fail(log, 3)

    for _ in range(3):
        judge_all(detection)
        log.sequencer.sequence()

    assert sum(each.records for each in findings(log)) == len(log.codes()) - len(events(log, "finding."))
    assert len(events(log, "finding.")) == len(findings(log)) >= 1


@on_sqlite
def test_what_was_recorded_long_before_anybody_judged_is_not_judged(log: Log) -> None:
    fail(log, 12)
    fail(log, 12, account_id="b" * 22, at=NOW + 30 * MINUTE)

    judge_all(Detection(log.hub, brute_force), NOW + timedelta(days=1, minutes=20))

    assert [each.records for each in findings(log)] == [12]


@on_sqlite
def test_a_record_that_somebody_broke_is_passed_over(log: Log) -> None:
    fail(log, 12)
    broken = "(SELECT max(id) FROM audit_event WHERE event LIKE 'auth.%')"
    log.tamper(f"UPDATE audit_event SET sealed = x'00' WHERE id = {broken}")

    judge_all(Detection(log.hub, brute_force))

    assert [each.records for each in findings(log)] == [11]


@on_sqlite
def test_records_whose_others_somebody_broke_are_passed_over(log: Log) -> None:
    fail(log, 14)
    ids = "(SELECT id FROM audit_event WHERE event LIKE 'auth.%' AND others IS NULL LIMIT 1)"
    for others in (b"x", b"[1]", b'{"actor":1}', b'{"actor":["k",1]}'):
        log.tamper(f"UPDATE audit_event SET others = {binary(log, others)} WHERE id = {ids}")

    judge_all(Detection(log.hub, brute_force))

    assert [each.records for each in findings(log)] == [10]


@on_sqlite
def test_judging_goes_on_in_a_new_tree(log: Log) -> None:
    detection = Detection(log.hub, brute_force)
    fail(log, 6)
    judge_all(detection)
    with log.hub.database.begin(Origin()) as stores:
        open_epoch(stores, "https://id.example.gov", 2, "a test", NOW)
    fail(log, 6, at=NOW + MINUTE)

    judge_all(detection)

    assert [each.records for each in findings(log)] == [12]


@on_sqlite
def test_the_same_group_later_or_after_it_was_closed_is_another_finding(log: Log) -> None:
    detection = Detection(log.hub, brute_force)
    fail(log, 12)
    judge_all(detection)
    (first,) = findings(log)
    with log.hub.database.begin(Origin()) as stores:
        closed = Change(state=State.CLOSED, closed_as=CloseReason.TRUE_POSITIVE)
        queue.change(first, closed, OPERATOR, stores, NOW)
    fail(log, 1, at=NOW + MINUTE)
    judge_all(detection)
    fail(log, 12, at=NOW + 30 * MINUTE)
    judge_all(detection)

    assert sorted(each.records for each in findings(log)) == [1, 12]
    assert [each.records for each in findings(log, closed=True)] == [12]


def test_two_officers_at_once_lose_nothing_of_each_other(log: Log) -> None:
    fail(log, 10)
    judge_all(Detection(log.hub, brute_force))
    finding_id, reached = findings(log)[0].id, threading.Event()

    def work(wanted: Change, first: bool) -> None:
        if not first:
            reached.wait()
        with log.hub.database.begin(Origin()) as stores:
            found = stores.findings.get(finding_id, lock=True)
            assert found is not None
            if first:
                reached.set()
                time.sleep(0.3)
            queue.change(found, wanted, OPERATOR, stores, NOW)

    closing = Change(state=State.CLOSED, closed_as=CloseReason.BENIGN)
    with ThreadPoolExecutor() as pool:
        list(pool.map(work, (closing, Change(assignee=ALIEN)), (True, False)))

    (found,) = findings(log, closed=True)
    assert (found.assignee, found.closed_as) == (ALIEN, CloseReason.BENIGN)


def test_what_matches_while_a_finding_is_being_closed_is_another_finding(log: Log) -> None:
    fail(log, 10)
    judge_all(Detection(log.hub, brute_force))
    (first,), reached = findings(log), threading.Event()
    group = log.hub.database.audit_keys.group_digest(("r01_brute_force", ALIEN))
    match = Match(brute_force()[0], (new_event_id(NOW),), NOW, group, (ALIEN,))

    def close() -> None:
        with log.hub.database.begin(Origin()) as stores:
            closed = Change(state=State.CLOSED, closed_as=CloseReason.BENIGN)
            queue.change(first, closed, OPERATOR, stores, NOW)
            reached.set()
            time.sleep(0.3)

    with ThreadPoolExecutor() as pool:
        closing = pool.submit(close)
        reached.wait()
        with log.hub.database.begin(Origin()) as stores:
            queue.file(match, stores, NOW)
        closing.result()

    assert [each.records for each in findings(log)] == [1]
    assert [each.records for each in findings(log, closed=True)] == [10]


@on_sqlite
def test_a_suppression_keeps_a_group_quiet_until_it_ends(log: Log) -> None:
    detection = Detection(log.hub, brute_force)
    fail(log, 10)
    judge_all(detection)
    suppressed = suppress(log, findings(log)[0], timedelta(hours=1))

    fail(log, 10, at=NOW + 11 * MINUTE)
    fail(log, 10, account_id="b" * 22, at=NOW + 11 * MINUTE)
    judge_all(detection, NOW + 20 * MINUTE)
    during = [each.records for each in findings(log)]
    fail(log, 10, at=NOW + 90 * MINUTE)
    judge_all(detection, NOW + 91 * MINUTE)

    assert during == [10, 10]
    assert len(findings(log)) == 3
    with log.hub.database.read() as stores:
        (kept,) = stores.findings.suppressions(NOW)
        assert stores.findings.suppressions(NOW + timedelta(hours=2)) == []
    assert (kept.id, kept.matches) == (suppressed.id, 10)


def suppress(log: Log, like: Finding, lasts: timedelta) -> Suppression:
    with log.hub.database.begin(Origin()) as stores:
        return queue.suppress(Asked(like.rule, like, "a test of ours", lasts), OPERATOR, stores, NOW)


@on_sqlite
def test_a_suppression_has_an_end_within_90_days(log: Log) -> None:
    fail(log, 10)
    judge_all(Detection(log.hub, brute_force))

    for lasts in (timedelta(days=91), timedelta()):
        with pytest.raises(NotPossible) as refused:
            suppress(log, findings(log)[0], lasts)
        assert refused.value.why is Why.TOO_LONG
    assert events(log, "finding.suppressed") == []


@on_sqlite
def test_what_is_like_a_finding_whose_group_nobody_knows_is_not_suppressed(log: Log) -> None:
    """Migration 0018 took the group away; a suppression of it would hold nothing."""
    fail(log, 10)
    judge_all(Detection(log.hub, brute_force))

    with pytest.raises(NotPossible) as refused:
        suppress(log, replace(findings(log)[0], group=""), timedelta(days=1))

    assert refused.value.why is Why.GROUP_UNKNOWN
    assert events(log, "finding.suppressed") == []


@on_sqlite
def test_the_worst_findings_come_first_and_pages_follow(log: Log) -> None:
    with log.hub.database.begin(Origin()) as stores:
        for number, rule in enumerate(
            ("r01_brute_force", "r29_key_revoked", "r12_new_application_of_clerk") * 2
        ):
            match = Match(shipped_rule(rule), (new_event_id(NOW),), NOW, f"group {number}")
            queue.file(match, stores, NOW + number * MINUTE)

    with log.hub.database.read() as stores:
        whole = stores.findings.page(Wanted())
        first = stores.findings.page(Wanted(limit=4))
        second = stores.findings.page(Wanted(limit=4, before=first[-1].id))
        counted = stores.findings.count(Severity.MEDIUM)

    assert [int(each.level) for each in whole] == [5, 5, 3, 3, 2, 2]
    assert [*first, *second] == list(whole)
    assert whole[0].opened_at > whole[1].opened_at
    assert counted == 4


def unjudged_since(log: Log) -> datetime | None:
    with log.hub.database.read() as stores:
        return stores.detection.unjudged_since()


def wait(log: Log, at: datetime) -> None:
    """Record something that has no place yet."""
    with log.hub.database.begin(Origin()) as stores:
        stores.audit.append(NodeStarted(node="n", version="1"), at)


def test_rules_have_not_looked_since_the_oldest_event_that_waits_for_its_place_or_for_them(log: Log) -> None:
    """Whoever stopped, the sequencer or the rules: what they have not seen tells since when."""
    detection, told = Detection(log.hub, list), []

    def tell() -> None:
        told.append(unjudged_since(log))

    tell()
    wait(log, NOW)
    tell()
    log.sequencer.sequence()
    tell()
    judge_all(detection)
    wait(log, NOW + MINUTE)
    judge_all(detection)
    tell()
    log.sequencer.sequence()
    wait(log, NOW + 2 * MINUTE)
    tell()
    log.sequencer.sequence()
    judge_all(detection)
    tell()

    later = [_ms(NOW + MINUTE)] * 2
    assert told == [None, _ms(NOW), _ms(NOW), *later, None]


def _ms(moment: datetime) -> datetime:
    """As the id of an event tells it."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


@on_sqlite
def test_what_stands_in_a_later_tree_is_not_looked_at_either(log: Log) -> None:
    detection = Detection(log.hub, list)
    fail(log, 1)
    judge_all(detection)
    with log.hub.database.begin(Origin()) as stores:
        open_epoch(stores, "https://id.example.gov", 2, "a test", NOW + MINUTE)
    log.sequencer.sequence()

    assert unjudged_since(log) == _ms(NOW + MINUTE)
