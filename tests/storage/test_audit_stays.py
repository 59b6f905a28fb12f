"""On PostgreSQL no entry is changed, deleted or truncated, by the hub's own role or by a superuser's slip."""

from collections.abc import Iterator
from datetime import UTC, datetime

import psycopg
import pytest

from sso.audit.event import NodeStarted
from sso.audit.record import Origin
from sso.storage.audit_months import Month, MonthExtent
from sso.storage.database import Database
from sso.storage.schema import migrate
from tests.servers.postgresql import PostgreSQL, database_name
from tests.storage.conftest import SEALER

pytestmark = pytest.mark.postgresql
LATER = Month(2042, 7)
CHANGES = ("UPDATE {} SET outcome = 'success'", "DELETE FROM {}", "TRUNCATE {}")


@pytest.fixture
def urls(postgresql: PostgreSQL) -> Iterator[tuple[str, str]]:
    """A database of an ordinary role's, as docs/how-to/deploy.md makes it: its URL, and a superuser's."""
    superusers = postgresql.new_database()
    with psycopg.connect(postgresql.url("postgres"), autocommit=True) as connection:
        connection.execute("CREATE ROLE ordinary LOGIN")
        connection.execute(f"ALTER DATABASE {database_name(superusers)} OWNER TO ordinary")
    yield superusers.replace("//hub@", "//ordinary@"), superusers
    postgresql.drop_database(superusers)
    with psycopg.connect(postgresql.url("postgres"), autocommit=True) as connection:
        connection.execute("DROP ROLE ordinary")


@pytest.fixture
def database(urls: tuple[str, str]) -> Iterator[Database]:
    """The log of the ordinary role: an entry of now, and one of a month whose partition was made later."""
    made = Database(urls[0], SEALER)
    migrate(made)
    with made.begin(Origin()) as stores:
        stores.audit_months.make(LATER)
    for moment in (datetime.now(UTC), LATER.begin):
        with made.begin(Origin()) as stores:
            stores.audit.append(NodeStarted(node="n", version="1"), moment)
    yield made
    made.dispose()


def tables(url: str) -> list[str]:
    """The parent and every partition."""
    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT relid::regclass::text FROM pg_partition_tree('audit_event')")
        return [name for (name,) in found]


@pytest.mark.usefixtures("database")
def test_the_hubs_own_role_has_no_right_to_change_an_entry(urls: tuple[str, str]) -> None:
    named = tables(urls[0])

    assert {"audit_event", "audit_event_other", Month.of(datetime.now(UTC)).table, LATER.table} <= set(named)
    with psycopg.connect(urls[0], autocommit=True) as connection:
        for change in CHANGES:
            for name in named:
                with pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied for table"):
                    connection.execute(change.format(name))
        assert connection.execute("SELECT count(*) FROM audit_event").fetchone() == (2,)


@pytest.mark.usefixtures("database")
def test_a_superuser_is_refused_too_where_entries_are(urls: tuple[str, str]) -> None:
    named = [name for name in tables(urls[1]) if name in ("audit_event", LATER.table)]

    with psycopg.connect(urls[1], autocommit=True) as connection:
        for change in CHANGES:
            for name in named:
                with pytest.raises(psycopg.errors.RaiseException, match="never changed or deleted"):
                    connection.execute(change.format(name))
        with pytest.raises(psycopg.errors.RaiseException, match="never changed or deleted"):
            connection.execute("TRUNCATE audit_event_other")


def test_the_hubs_own_role_still_makes_and_drops_months(database: Database, urls: tuple[str, str]) -> None:
    with database.begin(Origin()) as stores:
        stores.audit_months.drop(LATER, MonthExtent(1, {}))
        stores.audit_months.make(LATER.next)

    assert LATER.table not in tables(urls[0])
    assert LATER.next.table in tables(urls[0])
