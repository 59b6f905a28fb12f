"""Few round trips on PostgreSQL: collected rows go as one statement, a transaction begins when it must."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import literal, select, text

from sso.audit.event import TokenIssued
from sso.audit.query import AuditQuery
from sso.directory.person import Departure
from sso.storage.columns import Text
from sso.storage.database import Database
from sso.storage.errors import StorageUnavailable
from sso.storage.lease import Lease
from tests.storage.conftest import opened, url_of
from tests.storage.examples import DAY, NOW, ORIGIN, citizen, code, grant, person, refresh_token

pytestmark = pytest.mark.postgresql

EVENT = TokenIssued(
    client_id="client-1",
    grant_type="client_credentials",
    jti="jti-1",
    aud=(),
    scope=frozenset(),
    expires_at=NOW + timedelta(minutes=5),
)


@pytest.fixture
def on_postgresql(request: pytest.FixtureRequest, tmp_path: Any) -> Iterator[Database]:
    database = opened(url_of(request, "postgresql", tmp_path))
    database.audit_keys.for_event(None, NOW)  # made at the first event of a month
    yield database
    database.dispose()


@contextmanager
def statements() -> Iterator[list[bytes]]:
    """What PostgreSQL is asked meanwhile, BEGIN included and COMMIT not."""
    sent: list[bytes] = []
    with pytest.MonkeyPatch.context() as patch:
        for name in ("run", "control"):
            patch.setattr(Lease, name, _noting(getattr(Lease, name), sent))
        yield sent


def _noting(asked: Callable[..., Any], sent: list[bytes]) -> Callable[..., Any]:
    def noted(lease: Lease, text: bytes, *values: Any) -> Any:
        sent.append(text)
        return asked(lease, text, *values)

    return noted


def number_of_events(database: Database) -> int:
    with database.read() as stores:
        return len(stores.audit_search.search(AuditQuery(since=NOW - DAY, until=NOW + DAY)))


def test_a_code_its_grant_and_two_events_are_one_statement(on_postgresql: Database) -> None:
    given = code()

    with statements() as sent, on_postgresql.begin(ORIGIN) as stores:
        stores.codes.add(given)
        stores.audit.append(EVENT, NOW)
        stores.audit.append(EVENT, NOW)

    assert len(sent) == 1
    assert number_of_events(on_postgresql) == 2
    with on_postgresql.read() as stores:
        assert stores.codes.get(given.digest) == given


def test_a_key_that_was_not_used_for_a_while_is_one_statement(
    request: pytest.FixtureRequest, tmp_path: Any
) -> None:
    url = url_of(request, "postgresql", tmp_path)
    before, now = opened(url), opened(url)
    made = before.audit_keys.for_event("account-1", NOW)

    with statements() as sent:
        found = now.audit_keys.for_event("account-1", NOW)

    assert len(sent) == 1
    assert (found.id, found.secret) == (made.id, made.secret)
    before.dispose()
    now.dispose()


def test_of_one_statement_that_fails_no_part_remains(on_postgresql: Database) -> None:
    given = code()
    with on_postgresql.begin(ORIGIN) as stores:
        stores.codes.add(given)

    with pytest.raises(StorageUnavailable), on_postgresql.begin(ORIGIN) as stores:
        stores.audit.append(EVENT, NOW)
        stores.codes.add(given)

    assert number_of_events(on_postgresql) == 0


def test_nine_hundred_rows_are_one_statement_too(on_postgresql: Database) -> None:
    with statements() as sent, on_postgresql.begin(ORIGIN) as stores:
        for _ in range(900):
            stores.audit.append(EVENT, NOW)

    assert len(sent) == 1
    with on_postgresql.read() as stores:
        asked = AuditQuery(since=NOW - DAY, until=NOW + DAY, limit=1000)
        assert len(stores.audit_search.search(asked)) == 900


def test_a_question_to_the_log_is_planned_for_its_values(on_postgresql: Database) -> None:
    """A plan for all values takes every time range and every person for equally small."""
    query = AuditQuery(since=NOW - DAY, until=NOW + DAY, account_id="account-1")
    kept = text("SELECT statement FROM pg_prepared_statements").columns(statement=Text)

    with on_postgresql.read() as stores:
        stores.audit_search.find("x")
        for _ in range(8):
            stores.audit_search.look(query)
            stores.audit_search.histogram(query, 3)
        prepared = [row.statement for row in stores.audit_search._unit.rows(kept)]

    assert any("audit_event.id = $1" in each for each in prepared), prepared
    assert not any("audit_event.id >= $" in each for each in prepared)


@pytest.mark.parametrize(("people", "kept"), [(16, 1), (500, 0)])
def test_hundreds_of_values_are_planned_anew(on_postgresql: Database, people: int, kept: int) -> None:
    """A kept plan would be that of an empty register, and compare every value with each row."""
    prepared: list[int] = []
    asked = Lease.run

    def counted(lease: Lease, text: bytes, values: Sequence[Any], **how: bool) -> Any:
        found = asked(lease, text, values, **how)
        there = "SELECT count(*) FROM pg_prepared_statements WHERE strpos(statement, %s) > 0"
        with psycopg.Cursor(found.connection) as cursor:
            prepared.append(cursor.execute(there, ["directory_person.immutable_id IN ("]).fetchall()[0][0])
        return found

    with on_postgresql.read() as stores, pytest.MonkeyPatch.context() as patch:
        patch.setattr(Lease, "run", counted)
        stores.register.of_ids("civil-affairs", [f"id-{number}" for number in range(people)])

    assert prepared == [kept]


def test_a_select_in_time_leaves_no_transaction_within_the_other(on_postgresql: Database) -> None:
    with on_postgresql.read() as stores:
        unit = stores.audit_search._unit
        for _ in range(2):
            assert unit.rows_in_time(select(literal(1).label("one")), 5.0) is not None

        with pytest.raises(psycopg.errors.InvalidSavepointSpecification):
            unit._transaction._lease.control(b"ROLLBACK TO SAVEPOINT in_time")


def test_a_write_after_a_read_is_taken_back_with_what_follows_it(on_postgresql: Database) -> None:
    given = code()
    with on_postgresql.begin(ORIGIN) as stores:
        stores.codes.add(given)

    with pytest.raises(ZeroDivisionError), on_postgresql.begin(ORIGIN) as stores:
        assert stores.codes.get(given.digest) is not None
        assert stores.codes.redeem(given.digest, NOW)
        stores.grants.revoke(given.grant.id, NOW)
        raise ZeroDivisionError

    with on_postgresql.read() as stores:
        assert stores.codes.get(given.digest) == given


def test_what_was_flushed_for_a_reader_is_taken_back(on_postgresql: Database) -> None:
    given = code()

    with pytest.raises(ZeroDivisionError), on_postgresql.begin(ORIGIN) as stores:
        stores.codes.add(given)
        assert stores.codes.get(given.digest) == given
        raise ZeroDivisionError

    with on_postgresql.read() as stores:
        assert stores.codes.get(given.digest) is None


def test_a_connection_goes_back_as_it_came(on_postgresql: Database) -> None:
    given = code()
    with pytest.raises(ZeroDivisionError), on_postgresql.begin(ORIGIN) as stores:
        stores.codes.add(given)
        stores.codes.get(given.digest)
        raise ZeroDivisionError
    with on_postgresql.read() as stores:
        stores.codes.get(given.digest)

    with statements() as sent, on_postgresql.begin(ORIGIN) as stores:
        assert stores.codes.get(given.digest) is None

    assert len(sent) == 1


def test_redeeming_a_code_reads_grant_and_subject_at_once(on_postgresql: Database) -> None:
    someone = person()
    account = citizen(someone.id)
    given = code(of=grant(account_id=account.id))
    with on_postgresql.begin(ORIGIN) as stores:
        stores.people.add_person(someone)
        stores.people.add_account(account, NOW)
        stores.codes.add(given)

    with statements() as sent, on_postgresql.begin(ORIGIN) as stores:
        assert stores.codes.get(given.digest) == given
        assert stores.codes.redeem(given.digest, NOW)
        subject = stores.subjects.get(account.id)
        assert subject is not None
        assert subject.active
        stores.refresh_tokens.add(refresh_token(given.grant))
        stores.audit.append(EVENT, NOW)

    assert len(sent) == 4


def test_a_subject_that_was_read_with_a_grant_is_forgotten_when_people_change(
    on_postgresql: Database,
) -> None:
    someone = person()
    account = citizen(someone.id)
    given = grant(account_id=account.id)
    with on_postgresql.begin(ORIGIN) as stores:
        stores.people.add_person(someone)
        stores.people.add_account(account, NOW)
        stores.codes.add(code(of=given))

    with on_postgresql.begin(ORIGIN) as stores:
        assert stores.grants.get(given.id) == given
        stores.people.disable_account(account.id, Departure.OFFICER, NOW)
        subject = stores.subjects.get(account.id)

    assert subject is not None
    assert not subject.active
