"""After a shredding nothing of the queue of findings leads to the person; the findings themselves stay."""

import zlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from sso.audit.event import SignInFailed
from sso.audit.event.identity import PeopleLookedUp
from sso.audit.record import Origin
from sso.audit.rules import queue
from sso.audit.rules.engine import Rule
from sso.audit.rules.finding import FORGOTTEN, Change, CloseReason, Finding, Officer, State, Wanted
from sso.audit.rules.queue import Asked
from sso.audit.rules.shipped import shipped_rule
from sso.oidc.digest import new_id
from sso.storage.detection import Place, Remembered
from sso.storage.findings import MAX_SAME
from sso.worker.detection import HELD, Detection
from sso.worker.retention import destroy_expired_keys
from tests.worker.conftest import NOW, Log

X, OTHER, OFFICER = new_id(), new_id(), new_id()
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


def attacked(log: Log, account_id: str, at: datetime = NOW, times: int = 10) -> None:
    """Failed sign-ins, one a second, with their places."""
    with log.hub.database.begin(Origin(address="192.0.2.7")) as stores:
        for number in range(times):
            event = SignInFailed(
                account_id=account_id, directory_id=None, status_code="BAD_CREDENTIAL", name_hmac="00"
            )
            stores.audit.append(event, at + timedelta(seconds=number))
    log.sequencer.sequence()


def looked_for(log: Log, officer: str, about: str) -> None:
    """An officer asks for somebody for three different reasons."""
    with log.hub.database.begin(Origin(actor=officer)) as stores:
        for number in range(3):
            event = PeopleLookedUp(
                account_id=officer, query={"account_id": about}, results=1, reason=f"{number}"
            )
            stores.audit.append(event, NOW + number * MINUTE)
    log.sequencer.sequence()


def judge(log: Log, *names: str, now: datetime = NOW) -> None:
    def rules() -> Sequence[Rule]:
        return [shipped_rule(name) for name in names]

    detection = Detection(log.hub, rules, name="one")
    while detection.judge(now):
        pass


def findings(log: Log, *, closed: bool = False) -> Sequence[Finding]:
    """Those whose records came first before the others."""
    with log.hub.database.read() as stores:
        return sorted(stores.findings.page(Wanted(closed=closed)), key=lambda each: each.first_at)


def suppress(log: Log, like: Finding, officer: Officer, at: datetime = NOW) -> None:
    with log.hub.database.begin(Origin()) as stores:
        queue.suppress(Asked(like.rule, like, "they test", 30 * DAY), officer, stores, at)


def shred(log: Log, *ids: str) -> None:
    keys = log.hub.database.audit_keys
    assert keys.destroy([key.id for each in ids for key in keys.living(each)]) >= len(ids)
    keys.rewrite(NOW)


def raw(log: Log) -> str:
    """Every row of the tables of findings, as the database has it."""
    tables = ("finding", "finding_comment", "finding_suppression")
    with log.hub.database._schema_reader() as connection:
        return str([connection.execute(text(f"SELECT * FROM {each}")).fetchall() for each in tables])


def made_again(log: Log, rule: str, *values: str) -> set[str]:
    """What the hub can say, with all the keys that it has now, stands for a group in the queue."""
    digest = log.hub.database.audit_keys.group_digest((rule, *values))
    with log.hub.database.read() as stores:
        return {digest, *stores.findings.groups(digest, sorted(values), NOW)}


def test_nobody_finds_out_any_more_whom_a_finding_is_about(log: Log) -> None:
    attacked(log, X)
    attacked(log, OTHER, NOW + MINUTE)
    judge(log, "r01_brute_force")
    of_x, of_other = findings(log)
    suppress(log, of_x, Officer("command:root"))
    assert any(each in raw(log) for each in made_again(log, "r01_brute_force", X))
    assert log.hub.database.audit_keys.group_digest(("r01_brute_force", X)) not in raw(log)
    before = raw(log)

    shred(log, X)

    assert X not in raw(log)
    assert not any(each in raw(log) for each in made_again(log, "r01_brute_force", X))
    assert any(each in raw(log) for each in made_again(log, "r01_brute_force", OTHER))
    assert list(findings(log)) == [of_x, of_other]
    assert (of_x.rule, of_x.records, of_x.state) == ("r01_brute_force", 10, State.OPEN)
    assert raw(log) == before  # nothing had to be erased: a backup of the tables tells as little


def test_a_group_of_many_people_over_many_years_is_looked_for_in_some_ways_only(log: Log) -> None:
    people = sorted(new_id() for _ in range(12))
    for years in range(4):
        for each in people:
            attacked(log, each, NOW - years * 366 * DAY, times=1)

    with log.hub.database.read() as stores:
        groups = stores.findings.groups("digest", people, NOW)
        last_year = stores.findings.groups("digest", people, NOW - 366 * DAY)

    assert len(groups) == len(set(groups)) == MAX_SAME
    assert groups[0] not in last_year[:1]


@pytest.mark.parametrize("forgotten", [X, OFFICER], ids=["about", "actor"])
def test_a_finding_about_two_people_goes_with_either(log: Log, forgotten: str) -> None:
    looked_for(log, OFFICER, X)
    judge(log, "r20_repeated_looks_at_one_person")
    assert len(findings(log)) == 1
    assert any(each in raw(log) for each in made_again(log, findings(log)[0].rule, OFFICER, X))

    shred(log, forgotten)

    assert not any(each in raw(log) for each in made_again(log, findings(log)[0].rule, OFFICER, X))


def test_keys_that_expire_take_whom_findings_are_about_with_them(log: Log) -> None:
    attacked(log, X)
    judge(log, "r01_brute_force")
    log.keeping(personal_retention_days=180)
    later = NOW + 800 * DAY

    destroy_expired_keys(log.hub, later)

    assert not any(each in raw(log) for each in made_again(log, "r01_brute_force", X))
    assert [each.records for each in findings(log)] == [10]


def test_what_goes_on_over_new_year_is_one_finding_and_stays_quiet(log: Log) -> None:
    attacked(log, X, NEW_YEAR - 11 * timedelta(seconds=1))
    judge(log, "r01_brute_force", now=NEW_YEAR)
    attacked(log, X, NEW_YEAR + MINUTE, times=5)
    judge(log, "r01_brute_force", now=NEW_YEAR + 2 * MINUTE)

    (found,) = findings(log)
    assert found.records == 15
    suppress(log, found, Officer("command:root"), NEW_YEAR)
    attacked(log, X, NEW_YEAR + DAY)
    judge(log, "r01_brute_force", now=NEW_YEAR + 2 * DAY)

    assert [each.records for each in findings(log)] == [15]
    with log.hub.database.read() as stores:
        assert [each.matches for each in stores.findings.suppressions(NEW_YEAR)] == [10]


def worked_on(log: Log, finding: Finding, at: datetime) -> None:
    """An officer takes a finding, writes about it, closes it, and keeps what is like it quiet."""
    officer = Officer(OFFICER, OFFICER, "console", "s")
    with log.hub.database.begin(Origin()) as stores:
        for wanted in (
            Change(state=State.IN_PROGRESS, assignee=OFFICER),
            Change(state=State.CLOSED, closed_as=CloseReason.BENIGN, comment="as every month"),
        ):
            known = stores.findings.get(finding.id, lock=True)
            assert known is not None
            queue.change(known, wanted, officer, stores, at)
    suppress(log, finding, officer, at)


def test_an_officer_is_taken_off_the_findings_of_years_that_go(log: Log) -> None:
    attacked(log, X)
    attacked(log, OTHER, NOW + MINUTE)
    judge(log, "r01_brute_force")
    for finding, years in zip(findings(log), (0, 1), strict=True):
        worked_on(log, finding, NOW.replace(year=NOW.year + years))

    with log.hub.database.begin(Origin()) as stores:
        stores.finding_retention.forget({OFFICER, new_id()}, {"2027"})

    assert sorted(each.assignee or "" for each in findings(log, closed=True)) == ["", OFFICER]
    with log.hub.database.read() as stores:
        comments = [stores.findings.comments(each.id)[0] for each in findings(log, closed=True)]
        suppressions = stores.findings.suppressions(NOW)
    assert {each.author: each.at.year for each in comments} == {FORGOTTEN: 2026, OFFICER: 2027}
    assert {each.author: each.created_at.year for each in suppressions} == {FORGOTTEN: 2026, OFFICER: 2027}
    assert {each.text for each in comments} == {"as every month"}

    with log.hub.database.begin(Origin()) as stores:
        stores.finding_retention.forget({OFFICER}, ())

    assert OFFICER not in raw(log)
    assert [each.closed_as for each in findings(log, closed=True)] == [CloseReason.BENIGN] * 2


def remembered(log: Log) -> dict[str, str]:
    """What each rule remembers, as the database has it."""
    with log.hub.database.read() as stores:
        known = stores.detection.remembered()
    return {each.name: zlib.decompress(each.memory).decode() if each.memory else "" for each in known}


def test_what_rules_remember_of_somebody_is_forgotten_in_a_quiet_log_too(log: Log) -> None:
    attacked(log, X, times=3)
    of_x = log.hub.database.audit_keys.group_digest([X])
    detection = Detection(log.hub, lambda: [shipped_rule("r01_brute_force")], name="one")
    while detection.judge(NOW):
        pass
    assert of_x in remembered(log)["r01_brute_force"]

    detection.judge(NOW + HELD + MINUTE)
    assert of_x in remembered(log)["r01_brute_force"]
    detection.judge(NOW + DAY + MINUTE)

    assert of_x not in remembered(log)["r01_brute_force"]


def test_a_rule_that_judges_no_more_remembers_nobody_but_that_it_failed_stays_known(log: Log) -> None:
    attacked(log, X, times=3)
    judge(log, "r01_brute_force")
    with log.hub.database.begin(Origin()) as stores:
        failed = Remembered("broken", "digest", Place(1, 0), b"", "ValueError")
        stores.detection.remember(failed)

    judge(log, "r17_client_changed", now=NOW + MINUTE)

    assert sorted(remembered(log)) == ["broken", "r17_client_changed"]
