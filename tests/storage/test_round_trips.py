"""Few round trips on PostgreSQL: collected rows go as one statement, a transaction begins when it must."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from sso.audit.event import TokenIssued
from sso.audit.query import AuditQuery
from sso.storage.database import Database
from sso.storage.errors import StorageUnavailable
from sso.storage.insertion import MAX_ROWS
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
    yield database
    database.dispose()


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    engine = database._my_engines().writer
    event.listen(engine, "before_cursor_execute", note)
    yield sent
    event.remove(engine, "before_cursor_execute", note)


def number_of_events(database: Database) -> int:
    with database.read() as stores:
        return len(stores.audit_search.search(AuditQuery(since=NOW - DAY, until=NOW + DAY)))


def test_a_code_its_grant_and_two_events_are_one_statement(on_postgresql: Database) -> None:
    given = code()

    with statements(on_postgresql) as sent, on_postgresql.begin(ORIGIN) as stores:
        stores.codes.add(given)
        stores.audit.append(EVENT, NOW)
        stores.audit.append(EVENT, NOW)

    assert len(sent) == 1
    assert number_of_events(on_postgresql) == 2
    with on_postgresql.read() as stores:
        assert stores.codes.get(given.digest) == given


def test_of_one_statement_that_fails_no_part_remains(on_postgresql: Database) -> None:
    given = code()
    with on_postgresql.begin(ORIGIN) as stores:
        stores.codes.add(given)

    with pytest.raises(StorageUnavailable), on_postgresql.begin(ORIGIN) as stores:
        stores.audit.append(EVENT, NOW)
        stores.codes.add(given)

    assert number_of_events(on_postgresql) == 0


def test_more_rows_than_one_statement_takes_are_kept_too(on_postgresql: Database) -> None:
    with on_postgresql.begin(ORIGIN) as stores:
        for _ in range(MAX_ROWS + 1):
            stores.audit.append(EVENT, NOW)

    assert number_of_events(on_postgresql) == MAX_ROWS + 1


def test_of_too_many_rows_that_fail_no_part_remains(on_postgresql: Database) -> None:
    given = code()
    with on_postgresql.begin(ORIGIN) as stores:
        stores.codes.add(given)

    with pytest.raises(StorageUnavailable), on_postgresql.begin(ORIGIN) as stores:
        for _ in range(MAX_ROWS + 1):
            stores.codes.add(code(of=grant()))
        stores.audit.append(EVENT, NOW)
        stores.codes.add(given)

    assert number_of_events(on_postgresql) == 0


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
    with on_postgresql.begin(ORIGIN) as stores:
        stores.audit.append(EVENT, NOW)

    with on_postgresql._schema_reader() as connection:
        driver: Any = connection.connection.driver_connection
        assert driver.autocommit is False


def test_redeeming_a_code_reads_grant_and_subject_at_once(on_postgresql: Database) -> None:
    someone = person()
    account = citizen(someone.id)
    given = code(of=grant(account_id=account.id))
    with on_postgresql.begin(ORIGIN) as stores:
        stores.people.add_person(someone)
        stores.people.add_account(account, NOW)
        stores.codes.add(given)

    with statements(on_postgresql) as sent, on_postgresql.begin(ORIGIN) as stores:
        assert stores.codes.get(given.digest) == given
        assert stores.codes.redeem(given.digest, NOW)
        subject = stores.subjects.get(account.id)
        assert subject is not None
        assert subject.active
        stores.refresh_tokens.add(refresh_token(given.grant))
        stores.audit.append(EVENT, NOW)

    assert len(sent) == 3


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
        stores.people.disable_account(account.id, NOW)
        subject = stores.subjects.get(account.id)

    assert subject is not None
    assert not subject.active
