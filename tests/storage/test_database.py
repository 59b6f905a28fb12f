"""Transactions: state and audit together or not at all, refusals commit, trouble is one error."""

import os
import stat
import threading
from datetime import timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import literal, select, text

from sso.audit.event import TokenIssued
from sso.audit.query import AuditQuery
from sso.oidc.errors import ErrorCode, TokenError
from sso.storage.database import Database
from sso.storage.engines import Pool, database_url
from sso.storage.errors import StorageUnavailable
from sso.storage.postgresql import PostgresqlEngines
from sso.storage.schema import migrate
from tests.servers.postgresql import PostgreSQL
from tests.storage.conftest import SEALER, opened
from tests.storage.examples import DAY, HOUR, NOW, ORIGIN, code, grant, refresh_token, session

ASKED = select(literal(1).label("one"))
EVENT = TokenIssued(
    client_id="client-1",
    grant_type="client_credentials",
    jti="jti-1",
    aud=(),
    scope=frozenset(),
    expires_at=NOW + timedelta(minutes=5),
)


def run(database: Database, statement: str) -> None:
    with database._schema_writer() as connection:
        connection.execute(text(statement))


def number_of_events(database: Database) -> int:
    with database.read() as stores:
        return len(stores.audit_search.search(AuditQuery(since=NOW - DAY, until=NOW + DAY)))


def test_leaving_a_transaction_commits(database: Database) -> None:
    given = code()

    with database.begin(ORIGIN) as stores:
        stores.codes.add(given)

    with database.read() as stores:
        assert stores.codes.get(given.digest) == given


def test_a_refusal_commits_and_is_raised(database: Database) -> None:
    given = code()
    with database.begin(ORIGIN) as stores:
        stores.codes.add(given)

    with pytest.raises(TokenError), database.begin(ORIGIN) as stores:
        stores.grants.revoke(given.grant.id, NOW)
        raise TokenError(ErrorCode.INVALID_GRANT, "no")

    with database.read() as stores:
        found = stores.grants.get(given.grant.id)
    assert found is not None
    assert found.revoked_at == NOW


def test_the_audit_of_a_refusal_commits(sql_database: Database) -> None:
    with pytest.raises(TokenError), sql_database.begin(ORIGIN) as stores:
        stores.audit.append(EVENT, NOW)
        raise TokenError(ErrorCode.INVALID_GRANT, "no")

    assert number_of_events(sql_database) == 1


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, StorageUnavailable])
def test_any_other_exception_leaves_nothing(database: Database, error: type[BaseException]) -> None:
    given = code()
    begun = session()

    with pytest.raises(error), database.begin(ORIGIN) as stores:
        stores.codes.add(given)
        stores.sessions.add(begun, b"c" * 32)
        stores.audit.append(EVENT, NOW)
        raise error

    with database.read() as stores:
        assert stores.codes.get(given.digest) is None
        assert stores.sessions.by_id(begun.id) is None


def test_without_its_audit_record_no_state_remains(private_database: Database) -> None:
    given, begun = code(), session()
    run(private_database, "ALTER TABLE audit_event RENAME TO elsewhere")

    with pytest.raises(StorageUnavailable) as caught, private_database.begin(ORIGIN) as stores:
        stores.codes.add(given)
        stores.sessions.add(begun, b"c" * 32)
        stores.audit.append(EVENT, NOW)

    assert caught.value.__cause__ is not None
    with private_database.read() as stores:
        assert stores.codes.get(given.digest) is None
        assert stores.sessions.by_id(begun.id) is None


def test_a_refusal_whose_audit_record_fails_is_no_answer(private_database: Database) -> None:
    given = code()
    with private_database.begin(ORIGIN) as stores:
        stores.codes.add(given)
    run(private_database, "ALTER TABLE audit_event RENAME TO elsewhere")

    with pytest.raises(StorageUnavailable), private_database.begin(ORIGIN) as stores:
        stores.grants.revoke(given.grant.id, NOW)
        stores.audit.append(EVENT, NOW)
        raise TokenError(ErrorCode.INVALID_GRANT, "no")

    with private_database.read() as stores:
        assert stores.grants.get(given.grant.id) == given.grant


def test_an_audit_table_that_refuses_rows_fails_the_transaction(private_database: Database) -> None:
    if private_database.dialect == "sqlite":
        run(
            private_database,
            "CREATE TRIGGER full BEFORE INSERT ON audit_event BEGIN SELECT RAISE(ABORT, 'disk full'); END",
        )
    else:
        run(private_database, "ALTER TABLE audit_event ADD CONSTRAINT full_disk CHECK (false) NOT VALID")
    given = code()

    with pytest.raises(StorageUnavailable), private_database.begin(ORIGIN) as stores:
        stores.codes.add(given)
        stores.audit.append(EVENT, NOW)

    with private_database.read() as stores:
        assert stores.codes.get(given.digest) is None


def test_a_swallowed_failure_never_becomes_a_silent_rollback(private_database: Database) -> None:
    run(private_database, "ALTER TABLE throttle RENAME TO elsewhere")
    given = code()

    with pytest.raises(StorageUnavailable), private_database.begin(ORIGIN) as stores:
        stores.codes.add(given)
        with pytest.raises(StorageUnavailable):
            stores.throttles.forget(b"key")

    with private_database.read() as stores:
        assert stores.codes.get(given.digest) is None


def test_a_token_without_its_grant_is_refused_at_the_end(sql_database: Database) -> None:
    token = refresh_token(grant())

    with pytest.raises(StorageUnavailable), sql_database.begin(ORIGIN) as stores:
        stores.refresh_tokens.add(token)

    with sql_database.read() as stores:
        assert stores.refresh_tokens.get(token.digest) is None


def test_a_reader_cannot_write(sql_database: Database) -> None:
    with pytest.raises(StorageUnavailable), sql_database.read() as stores:
        stores.throttles.attempt(b"key", window_seconds=60, now=NOW)
    with pytest.raises(RuntimeError, match="only reads"), sql_database.read() as stores:
        stores.audit.append(EVENT, NOW)


def test_a_reader_does_not_wait_for_a_writer(sql_database: Database) -> None:
    begun = session()
    with sql_database.begin(ORIGIN) as stores:
        stores.sessions.add(begun, b"c" * 32)

    with sql_database.begin(ORIGIN) as writing:
        writing.sessions.touch(begun.id, NOW + HOUR)
        with sql_database.read() as reading:
            found = reading.sessions.by_id(begun.id)

    assert found == begun


def test_naive_times_are_refused(sql_database: Database) -> None:
    with pytest.raises(Exception, match="aware"), sql_database.begin(ORIGIN) as stores:
        stores.denied_tokens.add("jti", NOW.replace(tzinfo=None))


def test_times_of_other_zones_come_back_as_utc(sql_database: Database) -> None:
    begun = session(last_seen_at=NOW.astimezone(timezone(timedelta(hours=8))))

    with sql_database.begin(ORIGIN) as stores:
        stores.sessions.add(begun, b"c" * 32)
        found = stores.sessions.by_id(begun.id)

    assert found is not None
    assert found.last_seen_at == NOW
    assert found.last_seen_at.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    "url",
    ["", "sqlite://", "sqlite:///:memory:", "mysql://u:hush@h/d", "postgresql+asyncpg://u:hush@h/d", "hush"],
)
def test_another_url_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ValueError, match="a database URL is") as caught:
        Database(url, SEALER)

    assert "hush" not in str(caught.value)


def test_a_password_is_never_shown() -> None:
    database = Database("postgresql://hub:hush@db.example/hub", SEALER)

    assert "hush" not in repr(database)


def test_a_missing_sqlite_file_is_unavailable_and_not_made(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'missing.db'}", SEALER)

    with pytest.raises(StorageUnavailable), database.read():
        pass

    assert not (tmp_path / "missing.db").exists()


def test_a_sqlite_file_with_a_difficult_name_works_and_is_private(tmp_path: Path) -> None:
    plain = opened(f"sqlite:///{tmp_path / 'a b+é.db'}")

    with plain.begin(ORIGIN) as stores:
        stores.audit.append(EVENT, NOW)

    plain.dispose()
    assert stat.S_IMODE((tmp_path / "a b+é.db").stat().st_mode) == 0o600


def test_sqlite_commits_survive_a_power_cut(tmp_path: Path) -> None:
    database = opened(f"sqlite:///{tmp_path / 'hub.db'}")

    with database._schema_writer() as connection:
        settings = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }

    database.dispose()
    assert settings == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 10_000}


@pytest.mark.postgresql
def test_postgresql_commits_survive_a_power_cut(postgresql_url: str) -> None:
    relaxed = postgresql_url + "&options=-c%20synchronous_commit%3Doff"
    for url in (postgresql_url, relaxed):
        database = Database(url, SEALER)

        with database._schema_writer() as connection:
            settings = {
                name: connection.exec_driver_sql(f"SHOW {name}").scalar()
                for name in ("synchronous_commit", "fsync", "transaction_isolation", "TimeZone")
            }

        database.dispose()
        assert settings == {
            "synchronous_commit": "on",
            "fsync": "on",
            "transaction_isolation": "read committed",
            "TimeZone": "UTC",
        }


@pytest.mark.postgresql
def test_a_server_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    database = Database(f"postgresql://hub@/hub?host={tmp_path}", SEALER)

    with pytest.raises(StorageUnavailable), database.begin(ORIGIN) as stores:
        stores.audit.append(EVENT, NOW)
    with pytest.raises(StorageUnavailable), database.begin(ORIGIN) as stores:
        stores.denied_tokens.denied("jti")


@pytest.mark.postgresql
def test_a_restart_of_the_server_costs_a_resting_connection_nothing(
    mortal_postgresql: PostgreSQL, mortal_postgresql_url: str
) -> None:
    engines = PostgresqlEngines(database_url(mortal_postgresql_url), Pool(), rest_seconds=0.0)
    with engines.transaction(writes=True) as transaction:
        transaction.rows(ASKED, None)
    mortal_postgresql.crash()
    mortal_postgresql.start()

    with engines.transaction(writes=True) as transaction:
        (row,) = transaction.rows(ASKED, None)

    engines.dispose()
    assert row.one == 1


@pytest.mark.postgresql
def test_a_server_that_dies_under_a_transaction_is_unavailable(
    mortal_postgresql: PostgreSQL, mortal_postgresql_url: str
) -> None:
    database = Database(mortal_postgresql_url, SEALER)
    migrate(database)
    given = code()

    with pytest.raises(StorageUnavailable), database.begin(ORIGIN) as stores:
        stores.codes.add(given)
        stores.codes.get(given.digest)
        mortal_postgresql.crash()
    mortal_postgresql.start()

    with database.begin(ORIGIN) as stores:
        assert stores.codes.get(given.digest) is None
    database.dispose()


def test_every_connection_in_use_is_unavailable(tmp_path: Path) -> None:
    database = opened(f"sqlite:///{tmp_path / 'hub.db'}", pool=Pool(1, 0.1))

    with database.read(), pytest.raises(StorageUnavailable), database.read():
        pass
    with database.begin(ORIGIN) as writer, pytest.raises(StorageUnavailable):
        writer.unit.rows(ASKED)
        with database.begin(ORIGIN) as another:
            another.unit.rows(ASKED)

    database.dispose()


def test_another_process_s_writer_is_waited_for_and_then_unavailable(
    tmp_path: Path,
) -> None:
    first = opened(f"sqlite:///{tmp_path / 'hub.db'}")
    second = opened(f"sqlite:///{tmp_path / 'hub.db'}", pool=Pool(wait_seconds=0.1))

    with first.begin(ORIGIN) as writer:
        writer.unit.rows(ASKED)
        with pytest.raises(StorageUnavailable), second.begin(ORIGIN) as another:
            another.unit.rows(ASKED)
        with pytest.raises(StorageUnavailable), second.begin(ORIGIN) as another:
            another.audit.append(EVENT, NOW)

    first.dispose()
    second.dispose()


def test_a_forked_process_makes_its_own_connections(sql_database: Database) -> None:
    with sql_database.begin(ORIGIN) as stores:
        stores.audit.append(EVENT, NOW)

    child = os.fork()
    if child == 0:
        try:
            with sql_database.begin(ORIGIN) as stores:
                stores.audit.append(EVENT, NOW)
            os._exit(0)
        except BaseException:
            os._exit(1)
    _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 0
    assert number_of_events(sql_database) == 2


def test_many_threads_share_a_database(sql_database: Database) -> None:
    def work() -> None:
        for _ in range(10):
            with sql_database.begin(ORIGIN) as stores:
                stores.audit.append(EVENT, NOW)

    threads = [threading.Thread(target=work) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert number_of_events(sql_database) == 100  # a page
    with sql_database.read() as stores:
        asked = AuditQuery(since=NOW - DAY, until=NOW + DAY, limit=1000)
        assert len(stores.audit_search.search(asked)) == 120


def test_migrating_twice_changes_nothing(sql_database: Database) -> None:
    assert migrate(sql_database) == []
