"""The database's clock: what a server says, and nothing where there is none."""

from datetime import UTC, datetime, timedelta

from sso.storage.clock import database_time
from sso.storage.database import Database


def test_only_a_server_has_a_clock(sql_database: Database) -> None:
    told = database_time(sql_database)

    if sql_database.dialect == "sqlite":
        assert told is None
    else:
        assert told is not None
        assert abs(told - datetime.now(UTC)) < timedelta(minutes=1)
