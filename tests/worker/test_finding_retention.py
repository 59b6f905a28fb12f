"""Closed findings go when their retention is over: in small steps, on record, never under a hold."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from sso.audit.record import AuditRecord, Origin, new_event_id
from sso.audit.rules import queue
from sso.audit.rules.engine import Match
from sso.audit.rules.finding import Change, CloseReason, Finding, Officer, State, Wanted
from sso.audit.rules.queue import Asked
from sso.audit.rules.shipped import shipped_rule
from sso.storage.audit_holds import EVERYTHING
from sso.storage.finding_retention import MAX_BATCH, Gone
from sso.worker import retention
from sso.worker.retention import drop_old_findings
from tests.worker.conftest import NOW, Log

DAY = timedelta(days=1)
OPERATOR = Officer("command:root")
KEPT = 730 * DAY
LONG_AGO = NOW - KEPT - DAY
CLOSED = Change(state=State.CLOSED, closed_as=CloseReason.BENIGN, comment="as they do each month")


def found(log: Log, at: datetime, *, number: int = 1) -> list[Finding]:
    """Findings of different groups."""
    rule = shipped_rule("r17_client_changed")
    with log.hub.database.begin(Origin()) as stores:
        made = [
            queue.file(Match(rule, (new_event_id(at),), at, new_event_id(at)), stores, at)
            for _ in range(number)
        ]
    return [each for each in made if each is not None]


def change(log: Log, finding: Finding, wanted: Change, at: datetime) -> None:
    with log.hub.database.begin(Origin()) as stores:
        known = stores.findings.get(finding.id, lock=True)
        assert known is not None
        queue.change(known, wanted, OPERATOR, stores, at)


def closed(log: Log, at: datetime, *, number: int = 1) -> list[Finding]:
    made = found(log, at, number=number)
    for each in made:
        change(log, each, CLOSED, at)
    return made


def suppress(log: Log, like: Finding, at: datetime) -> None:
    with log.hub.database.begin(Origin()) as stores:
        queue.suppress(Asked(like.rule, like, "a test of ours", 90 * DAY), OPERATOR, stores, at)


def left(log: Log, table: str = "finding") -> int:
    with log.hub.database._schema_reader() as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def told(log: Log) -> list[dict[str, object]]:
    """What the log says of findings that went."""
    with log.hub.database.read() as stores:
        ids = [filed.id for filed in stores.audit_tree.filed("", 10_000)]
        records: list[AuditRecord | None] = [stores.audit_search.find(each) for each in ids]
    return [
        dict(each.detail)
        for each in records
        if each is not None and each.event == "audit.retention.findings_dropped"
    ]


def test_what_was_closed_long_ago_goes_with_its_comments_and_nothing_else(log: Log) -> None:
    closed(log, LONG_AGO)
    [young] = closed(log, NOW - KEPT + DAY)
    [unclosed] = found(log, LONG_AGO)
    change(log, unclosed, Change(comment="who knows"), LONG_AGO)
    [again] = closed(log, LONG_AGO)
    change(log, again, Change(state=State.OPEN), LONG_AGO)

    for _ in range(2):
        assert drop_old_findings(log.hub, NOW) is False

    with log.hub.database.read() as stores:
        kept = [*stores.findings.page(Wanted()), *stores.findings.page(Wanted(closed=True))]
        comments = {each.id: len(stores.findings.comments(each.id)) for each in kept}
    assert comments == {young.id: 1, unclosed.id: 1, again.id: 1}
    assert left(log, "finding_comment") == 3
    assert told(log) == [{"findings": 1, "suppressions": 0, "until": (NOW - KEPT).isoformat()}]


def test_a_word_about_a_closed_finding_begins_its_time_anew(log: Log) -> None:
    [old] = closed(log, LONG_AGO)
    change(log, old, Change(comment="seen again"), NOW - DAY)

    drop_old_findings(log.hub, NOW)

    assert left(log) == 1
    assert told(log) == []


@pytest.mark.parametrize(
    ("days", "kept"),
    [
        ({}, 730),
        ({"finding_retention_days": 200}, 200),
        ({"minimum_retention_days": 1000}, 1000),
        ({"finding_retention_days": 365, "minimum_retention_days": 365}, 365),
    ],
)
def test_they_are_kept_as_long_as_configured_and_no_shorter_than_the_log(
    log: Log, days: dict[str, int], kept: int
) -> None:
    log.keeping(**days)
    closed(log, NOW - kept * DAY + DAY)

    drop_old_findings(log.hub, NOW)
    assert left(log) == 1

    drop_old_findings(log.hub, NOW + DAY)
    assert left(log) == 0


def test_a_hold_keeps_every_finding(log: Log) -> None:
    [old] = closed(log, LONG_AGO)
    suppress(log, old, LONG_AGO - 90 * DAY)
    with log.hub.database.begin(Origin()) as stores:
        hold = stores.audit_holds.set(EVERYTHING, NOW)

    assert drop_old_findings(log.hub, NOW) is False
    assert (left(log), left(log, "finding_suppression"), told(log)) == (1, 1, [])

    with log.hub.database.begin(Origin()) as stores:
        stores.audit_holds.lift(hold.id, NOW)
    drop_old_findings(log.hub, NOW)
    assert (left(log), left(log, "finding_suppression"), len(told(log))) == (0, 0, 1)


def test_a_suppression_goes_when_it_was_over_long_ago_and_keeps_its_finding_until_then(log: Log) -> None:
    [old, other] = closed(log, LONG_AGO, number=2)
    suppress(log, old, NOW - DAY)
    suppress(log, other, LONG_AGO - 91 * DAY)

    drop_old_findings(log.hub, NOW)

    with log.hub.database.read() as stores:
        assert [each.id for each in stores.findings.page(Wanted(closed=True))] == [old.id]
        assert [each.finding_id for each in stores.findings.suppressions(NOW)] == [old.id]
    assert left(log, "finding_suppression") == 1
    assert [each["suppressions"] for each in told(log)] == [1]


def test_they_go_in_small_steps_each_on_record(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    closed(log, LONG_AGO, number=MAX_BATCH + 1)
    monkeypatch.setattr(retention, "TURN_SECONDS", -1.0)

    assert drop_old_findings(log.hub, NOW) is True
    assert left(log) == 1

    assert drop_old_findings(log.hub, NOW + DAY) is False
    assert [each["findings"] for each in told(log)] == [MAX_BATCH, 1]


@pytest.mark.parametrize("log", [pytest.param("postgresql", marks=pytest.mark.postgresql)], indirect=True)
def test_what_an_officer_has_in_hand_is_passed_over(log: Log) -> None:
    [old] = closed(log, LONG_AGO)

    def sweep() -> Gone:
        with log.hub.database.begin(Origin()) as stores:
            return stores.finding_retention.sweep(NOW - KEPT, NOW)

    with log.hub.database.begin(Origin()) as stores, ThreadPoolExecutor() as pool:
        known = stores.findings.get(old.id, lock=True)
        assert known is not None
        queue.change(known, Change(state=State.OPEN), OPERATOR, stores, NOW)
        assert pool.submit(sweep).result() == Gone(findings=0, suppressions=0, more=False)

    assert sweep().findings == 0
    assert left(log) == 1
