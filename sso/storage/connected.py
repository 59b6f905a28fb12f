"""A connection of SQLAlchemy's in a transaction: for SQLite, and for the schema of both."""

from collections.abc import Generator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from sso.storage.errors import StorageUnavailable


@contextmanager
def connected(engine: Engine) -> Generator[Connection]:
    """A connection in a transaction, rolled back unless it was committed.

    Raises:
        StorageUnavailable: there is none, or it failed.
    """
    try:
        with engine.connect() as connection:
            connection.begin()
            yield connection
    except DBAPIError as error:
        raise unavailable(error) from error
    except NoConnectionFree as error:
        raise none_free() from error


def unavailable(error: DBAPIError) -> StorageUnavailable:
    """Return what a driver's error is for those above: its name, for its text may quote a row."""
    return StorageUnavailable(type(error.orig).__name__)


def none_free() -> StorageUnavailable:
    """Return what a pool is without a connection."""
    return StorageUnavailable("every connection is in use")
