"""Rewrite a table, so that its files hold nothing any more of rows that were changed or deleted."""

from sqlalchemy import URL, Connection, create_engine, pool
from sqlalchemy.exc import DBAPIError

from sso.storage.errors import StorageUnavailable

WAIT_SECONDS = 30


def rewrite(url: URL, table: str) -> None:
    """Rewrite a table of PostgreSQL (named with its schema), or the whole file of SQLite and its log.

    PostgreSQL lets nobody use the table meanwhile; its write-ahead log and backups are beyond us.

    Raises:
        StorageUnavailable: it cannot be done, or somebody reads the file all the time.
    """
    sqlite = url.get_backend_name() == "sqlite"
    waiting = {"timeout": WAIT_SECONDS} if sqlite else {"options": f"-c lock_timeout={WAIT_SECONDS}s"}
    engine = create_engine(url, poolclass=pool.NullPool, isolation_level="AUTOCOMMIT", connect_args=waiting)
    try:
        with engine.connect() as connection:
            if sqlite:
                _rewrite_file(connection)
            else:
                connection.exec_driver_sql(f"VACUUM (FULL) {table}")
    except DBAPIError as error:
        msg = "the files could not be rewritten: what was deleted may still be in them"
        raise StorageUnavailable(msg) from error


def _rewrite_file(connection: Connection) -> None:
    connection.exec_driver_sql("PRAGMA secure_delete = ON")
    connection.exec_driver_sql("VACUUM")
    busy = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").scalar()
    if busy:
        msg = "the log of the file is being read: what was deleted may still be in it; try again"
        raise StorageUnavailable(msg)
