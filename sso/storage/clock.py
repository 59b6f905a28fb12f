"""The database's clock, for an operator who compares it with a host's."""

from datetime import datetime

from sqlalchemy import text

from sso.storage.database import Database


def database_time(database: Database) -> datetime | None:
    """Return the time at a database server; None for SQLite, which has no clock of its own.

    Raises:
        StorageUnavailable: the database could not be asked.
    """
    if database.path is not None:
        return None
    with database._schema_reader() as connection:
        told: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    return told
