"""The audit log: appended with its state, found by time and identifier."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import pytest

from sso.audit.event import CodeReused, SignInFailed, TokenIssued
from sso.audit.query import AuditQuery
from sso.audit.record import Origin, Outcome, Severity, record_of
from sso.storage.database import Database
from tests.storage.examples import DAY, HOUR, MINUTE, NOW, ORIGIN

SECOND = timedelta(seconds=1)


def issued(**changes: object) -> TokenIssued:
    values = {
        "client_id": "client-1",
        "account_id": "account-1",
        "session_id": "session-1",
        "grant_id": "grant-1",
        "grant_type": "authorization_code",
        "jti": "jti-1",
        "aud": ("https://housing.example",),
        "scope": frozenset({"openid", "email"}),
        "expires_at": NOW + HOUR,
        "claims_released": frozenset({"email"}),
    }
    return TokenIssued(**values | changes)


def failed(**changes: object) -> SignInFailed:
    return SignInFailed(directory_id=None, status_code="bad", name_hmac="h", reason="r", **changes)


def query(**changes: object) -> AuditQuery:
    return AuditQuery(**{"since": NOW - DAY, "until": NOW + DAY} | changes)


def record_both(database: Database, moments: Sequence[datetime]) -> None:
    """A token and a failed sign-in at each of the moments."""
    with database.begin(ORIGIN) as stores:
        for moment in moments:
            stores.audit.append(issued(), moment)
            stores.audit.append(failed(account_id="account-2"), moment)


def test_a_record_comes_back_as_it_was_written(sql_database: Database) -> None:
    origin = Origin(
        address="2001:db8::1", user_agent="A\u00e9 \U0001f600", request_id="r-9", trace_id="t", actor="worker"
    )

    with sql_database.begin(origin) as stores:
        event_id = stores.audit.append(issued(), NOW)

    with sql_database.read() as stores:
        found = stores.audit_search.find(event_id)
        assert stores.audit_search.find("unknown") is None
    expected = record_of(issued(), origin, NOW)
    assert found is not None
    assert {**found.as_json(), "id": ""} == {**expected.as_json(), "id": ""}
    assert found.occurred_at == NOW


def test_a_record_without_a_request_comes_back_too(sql_database: Database) -> None:
    with sql_database.begin(Origin()) as stores:
        stores.audit.append(failed(), NOW)
        (found,) = stores.audit_search.search(query())

    assert found.origin == Origin()
    assert (found.outcome, found.client_id, found.account_id) == (Outcome.FAILURE, None, None)


def test_hostile_text_is_recorded_and_never_fails(sql_database: Database) -> None:
    hostile = "NUL \0 half \ud800 override \u202e " + "x" * 5000

    with sql_database.begin(Origin(address=hostile, user_agent=hostile, request_id=hostile)) as stores:
        stores.audit.append(failed(account_id=hostile), NOW)

    with sql_database.read() as stores:
        (found,) = stores.audit_search.search(query())
        assert stores.audit_search.search(query(account_id=hostile)) == []
    assert found.account_id is not None
    assert found.account_id.startswith("NUL")


@pytest.mark.parametrize(
    "facet",
    [
        {"client_id": "client-2"},
        {"account_id": "account-2"},
        {"session_id": "session-2"},
        {"grant_id": "grant-2"},
    ],
    ids=lambda facet: next(iter(facet)),
)
def test_a_record_is_found_by_each_identifier(sql_database: Database, facet: dict[str, str]) -> None:
    with sql_database.begin(ORIGIN) as stores:
        stores.audit.append(issued(), NOW)
        wanted = stores.audit.append(issued(**facet), NOW)

    with sql_database.read() as stores:
        found = stores.audit_search.search(query(**facet))

    assert [record.id for record in found] == [wanted]


FIRST, LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


@pytest.mark.parametrize("ends", [{"since": FIRST}, {"until": LAST}, {"since": FIRST, "until": LAST}])
def test_a_record_is_found_between_the_ends_of_time(
    sql_database: Database, ends: dict[str, datetime]
) -> None:
    with sql_database.begin(ORIGIN) as stores:
        wanted = stores.audit.append(issued(), NOW)

    with sql_database.read() as stores:
        found = stores.audit_search.search(query(**ends))
        followed = stores.audit_search.following(query(**ends), "")
        bars = stores.audit_search.histogram(query(**ends, client_id="client-1"), 10)

    assert [record.id for record in found] == [record.id for record in followed] == [wanted]
    assert sum(bar.success for bar in bars) == 1


def test_a_record_is_found_by_request_and_outcome(sql_database: Database) -> None:
    with sql_database.begin(ORIGIN) as stores:
        success = stores.audit.append(issued(), NOW)
    with sql_database.begin(Origin(request_id="r-2")) as stores:
        failure = stores.audit.append(failed(), NOW)

    with sql_database.read() as stores:
        by_request = stores.audit_search.search(query(request_id="r-2"))
        by_outcome = stores.audit_search.search(query(outcome=Outcome.SUCCESS))

    assert [record.id for record in by_request] == [failure]
    assert [record.id for record in by_outcome] == [success]


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        (("token.issued",), {"token.issued"}),
        (("token.*",), {"token.issued"}),
        (("token.",), {"token.issued"}),
        (("code.*", "auth.login.failure"), {"code.reuse_detected", "auth.login.failure"}),
        (("tok",), set()),
        (("%",), set()),
    ],
)
def test_events_are_found_by_code_and_family(
    sql_database: Database, events: tuple[str, ...], expected: set[str]
) -> None:
    with sql_database.begin(ORIGIN) as stores:
        stores.audit.append(issued(), NOW)
        stores.audit.append(failed(), NOW)
        stores.audit.append(CodeReused(client_id="c", account_id="a", grant_id="g"), NOW)

    with sql_database.read() as stores:
        found = stores.audit_search.search(query(events=events))

    assert {record.event for record in found} == expected


ADDRESSES = ("192.0.2.7", "192.0.2.200", "198.51.100.1", "2001:db8::7", "2001:db8:1::7", "::ffff:192.0.2.9")


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("192.0.2.7", {"192.0.2.7"}),
        ("192.0.2.0/25", {"192.0.2.7", "::ffff:192.0.2.9"}),
        ("192.0.2.99/24", {"192.0.2.7", "192.0.2.200", "::ffff:192.0.2.9"}),
        ("2001:DB8::7", {"2001:db8::7"}),
        ("192.0.0.0/16", {"192.0.2.7", "192.0.2.200", "::ffff:192.0.2.9"}),
        ("2001:db8::/47", {"2001:db8::7", "2001:db8:1::7"}),
        ("2001:db8::/120", {"2001:db8::7"}),
        ("203.0.113.0/24", set()),
    ],
)
def test_records_are_found_by_address_and_network(
    sql_database: Database, address: str, expected: set[str]
) -> None:
    for number, known in enumerate(ADDRESSES):
        with sql_database.begin(Origin(address=known)) as stores:
            stores.audit.append(issued(jti=str(number)), NOW)

    with sql_database.read() as stores:
        found = stores.audit_search.search(query(address=address))

    assert {ADDRESSES[int(str(record.detail["jti"]))] for record in found} == expected


def test_a_bad_network_is_a_value_error(sql_database: Database) -> None:
    with sql_database.read() as stores, pytest.raises(ValueError, match="does not appear to be"):
        stores.audit_search.search(query(address="192.0.2.0/99"))


@pytest.mark.parametrize("address", ["0.0.0.0/0", "192.0.0.0/15", "2001:db8::/39", "2001:db8::/49", "::/0"])
def test_a_network_that_no_digest_finds_is_a_value_error(sql_database: Database, address: str) -> None:
    with sql_database.read() as stores, pytest.raises(ValueError, match="found by up to 256 parts"):
        stores.audit_search.search(query(address=address))


def test_pages_run_newest_first_and_lose_nothing(sql_database: Database) -> None:
    with sql_database.begin(ORIGIN) as stores:
        ids = [stores.audit.append(issued(), NOW + number % 3 * SECOND) for number in range(10)]

    pages, before = [], None
    with sql_database.read() as stores:
        while page := stores.audit_search.search(query(before=before, limit=3)):
            pages.append([record.id for record in page])
            before = page[-1].id

    assert [len(page) for page in pages] == [3, 3, 3, 1]
    assert [event_id for page in pages for event_id in page] == sorted(ids, reverse=True)


def test_since_is_included_and_until_is_not(sql_database: Database) -> None:
    step = timedelta(microseconds=1)
    with sql_database.begin(ORIGIN) as stores:
        for moment in (NOW - step, NOW, NOW + MINUTE - step, NOW + MINUTE):
            stores.audit.append(issued(), moment)

    with sql_database.read() as stores:
        found = stores.audit_search.search(query(since=NOW, until=NOW + MINUTE))

    assert [record.occurred_at for record in found] == [NOW + MINUTE - step, NOW]


def test_a_histogram_has_every_bar(sql_database: Database) -> None:
    with sql_database.begin(ORIGIN) as stores:
        for seconds in (0, 1, 59, 120, 179):
            stores.audit.append(issued(), NOW + seconds * SECOND)
        stores.audit.append(failed(), NOW + 60 * SECOND)
        stores.audit.append(issued(), NOW + 180 * SECOND)

    asked = query(since=NOW, until=NOW + 3 * MINUTE, limit=1)
    with sql_database.read() as stores:
        bars = stores.audit_search.histogram(asked, 3)
        only = stores.audit_search.histogram(query(since=NOW, until=NOW + MINUTE, events=("auth.*",)), 7)

    assert [(bar.start, bar.success, bar.failure) for bar in bars] == [
        (NOW, 3, 0),
        (NOW + MINUTE, 0, 1),
        (NOW + 2 * MINUTE, 2, 0),
    ]
    assert [(bar.success, bar.failure) for bar in only] == [(0, 0)] * 7


@pytest.mark.parametrize("bars", [0, 1001])
def test_a_histogram_has_a_sensible_number_of_bars(sql_database: Database, bars: int) -> None:
    with sql_database.read() as stores, pytest.raises(ValueError, match="1 to 1000"):
        stores.audit_search.histogram(query(), bars)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """An event with every kind of value that a detail may hold."""

    code: ClassVar[str] = "test.measured"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.LOW
    number: int
    share: float
    moment: datetime
    nested: dict[str, object]


def test_details_of_every_kind_come_back(sql_database: Database) -> None:
    event = Measured(number=2**60, share=0.1, moment=NOW, nested={"list": [1, None, True, {"a": "é"}]})

    with sql_database.begin(ORIGIN) as stores:
        event_id = stores.audit.append(event, NOW)
        found = stores.audit_search.find(event_id)

    assert found is not None
    assert found.detail == record_of(event, ORIGIN, NOW).detail
    assert found.severity is Severity.LOW


def test_the_fakes_record_the_same(database: Database) -> None:
    with database.begin(ORIGIN) as stores:
        event_id = stores.audit.append(issued(), NOW)

    assert len(event_id) == 36
    assert event_id[14] == "7"
