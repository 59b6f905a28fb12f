"""What people are shown of their account, and what they report as not theirs, on the real databases."""

from collections.abc import Callable
from datetime import datetime

import pytest

from sso.audit.event import (
    AuditViewed,
    PasswordNotChanged,
    RateLimited,
    SignInFailed,
    SignInSucceeded,
    UserinfoAccessed,
)
from sso.audit.event.uses import UseReported
from sso.audit.query import AuditQuery
from sso.audit.record import AuditEvent, AuditRecord
from sso.authentication import uses
from sso.authentication.throttling import REPORTS_A_DAY, Throttled, ThrottleRules
from sso.authentication.uses import PAGE_SIZE, SHOWN_FOR, UseUnknown, Word
from sso.storage.database import Database
from tests.storage.examples import DAY, MINUTE, NOW, ORIGIN, SECOND, session
from tests.storage.racing import Race

RULES = ThrottleRules(b"key")
OWN, ALIEN = "o" * 22, "a" * 22
HERE = session(account_id=OWN)


def signed_in(account_id: str = OWN) -> AuditEvent:
    return SignInSucceeded(account_id=account_id, session_id="s", directory_id=None, acr="a", amr=("pwd",))


def record(database: Database, event: AuditEvent, at: datetime = NOW) -> str:
    with database.begin(ORIGIN) as stores:
        return stores.audit.append(event, at)


def report(database: Database, record_id: str, now: datetime = NOW + MINUTE) -> None:
    with database.begin(ORIGIN) as stores:
        uses.report(Word(HERE, uses.use_of(HERE, record_id, stores, now)), RULES, stores, now)


def found(database: Database, code: str) -> list[AuditRecord]:
    with database.read() as stores:
        return list(
            stores.audit_search.search(AuditQuery(since=NOW - DAY, until=NOW + 2 * DAY, events=(code,)))
        )


def test_people_see_their_own_entries_in_pages_the_newest_first(sql_database: Database) -> None:
    own = [record(sql_database, signed_in(), NOW + number * SECOND) for number in range(PAGE_SIZE + 1)]
    record(sql_database, signed_in(ALIEN))
    record(sql_database, signed_in(), NOW - SHOWN_FOR)

    with sql_database.begin(ORIGIN) as stores:
        page = uses.look(HERE, None, stores, NOW + MINUTE)
        rest = uses.look(HERE, page.older, stores, NOW + MINUTE)

    assert [each.id for each in page.entries] == own[:0:-1]
    assert ([each.id for each in rest.entries], rest.older) == ([own[0]], None)
    looks = found(sql_database, "account.use.viewed")
    assert {(look.account_id, look.session_id) for look in looks} == {(OWN, HERE.id)}
    assert [look.detail["results"] for look in looks] == [1, PAGE_SIZE]


def test_a_report_names_the_entry_and_is_there_once(sql_database: Database) -> None:
    read = UserinfoAccessed(
        client_id="housing", account_id=OWN, grant_id="g", jti="j", claims_released=frozenset({"email"})
    )
    entry = record(sql_database, read)

    report(sql_database, entry)
    report(sql_database, entry)

    (told,) = found(sql_database, UseReported.code)
    assert (told.account_id, told.session_id, int(told.severity)) == (OWN, HERE.id, 4)
    assert told.detail == {"record_id": entry, "reported": "userinfo.accessed"}
    with sql_database.read() as stores:
        assert uses.reports_of(HERE, stores, NOW + MINUTE) == {entry: told}


def test_of_many_reports_of_one_entry_at_once_one_is_recorded(race: Race, sql_database: Database) -> None:
    entry = record(sql_database, signed_in())

    race.run(lambda database, _: report(database, entry))

    assert len(found(sql_database, UseReported.code)) == 1


NOT_THEIRS: dict[str, Callable[[Database], str]] = {
    "somebody else's": lambda database: record(database, signed_in(ALIEN)),
    "one that is over": lambda database: record(database, signed_in(), NOW - SHOWN_FOR),
    "a failed sign-in": lambda database: record(
        database,
        SignInFailed(account_id=OWN, directory_id=None, status_code="BAD_CREDENTIAL", name_hmac="0"),
    ),
    "a failure of a code that is shown": lambda database: record(
        database,
        PasswordNotChanged(account_id=OWN, directory_id="civil", status_code="USED_BEFORE", name_hmac="0"),
    ),
    "an officer's look": lambda database: record(
        database, AuditViewed(account_id=OWN, record_id="r", reason="r")
    ),
    "nobody's": lambda database: record(
        database, RateLimited(key_class="network", key_hmac="0", count=1, retry_after_seconds=1)
    ),
    "one that never was": lambda _: "01890a5d-ac96-774b-bcce-b302099a8057",
    "no id": lambda _: "../../etc/passwd\0",
}


@pytest.mark.parametrize("which", NOT_THEIRS)
def test_what_is_not_theirs_to_report_is_unknown(sql_database: Database, which: str) -> None:
    entry = NOT_THEIRS[which](sql_database)

    with pytest.raises(UseUnknown):
        report(sql_database, entry)

    assert found(sql_database, UseReported.code) == []


def test_a_place_to_go_on_from_that_is_none_is_unknown(sql_database: Database) -> None:
    with pytest.raises(UseUnknown), sql_database.begin(ORIGIN) as stores:
        uses.look(HERE, "x'; --", stores, NOW)


def test_nobody_reports_more_than_officers_can_read(sql_database: Database) -> None:
    """What was reported already is not counted again, and the next day begins anew."""
    entries = [record(sql_database, signed_in()) for _ in range(REPORTS_A_DAY + 1)]
    for entry in entries[:-1]:
        report(sql_database, entry)

    report(sql_database, entries[0])
    with pytest.raises(Throttled) as refused:
        report(sql_database, entries[-1])

    assert len(found(sql_database, UseReported.code)) == REPORTS_A_DAY
    assert refused.value.retry_after == DAY
    assert len(found(sql_database, "ratelimit.triggered")) == 1
    report(sql_database, entries[-1], NOW + MINUTE + DAY)
    assert len(found(sql_database, UseReported.code)) == REPORTS_A_DAY + 1
