"""What a database's process keeps open: `sso.storage.sqlite` and `sso.storage.postgresql` make it."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import URL, Connection, make_url
from sqlalchemy.exc import ArgumentError

from sso.storage.transactions import Transaction


@dataclass(frozen=True, slots=True)
class Pool:
    """How many connections, and how long anyone waits for one; on SQLite also a writer for its turn."""

    size: int = 10
    wait_seconds: float = 10.0


class Engines(Protocol):
    """The connections of one process."""

    def transaction(self, *, writes: bool) -> AbstractContextManager[Transaction]:
        """Open a transaction of a unit; what is not committed when it is left never happened.

        Raises:
            StorageUnavailable: the database could not do it.
        """
        ...

    def schema(self, *, writes: bool) -> AbstractContextManager[Connection]:
        """Open a transaction of SQLAlchemy's, to look at the schema or to change it, and commit it.

        Raises:
            StorageUnavailable: the database could not do it.
        """
        ...

    def dispose(self) -> None:
        """Close what is not in use."""
        ...

    def abandon(self) -> None:
        """After a fork: forget the parent's connections without closing them."""
        ...


def database_url(url: str) -> URL:
    """Return the URL with its driver.

    Raises:
        ValueError: not `sqlite:///path` or `postgresql://...`; not repeated, for it may hold a password.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        parsed = None
    if parsed is not None and parsed.drivername in ("postgresql", "postgres", "postgresql+psycopg"):
        return parsed.set(drivername="postgresql+psycopg")
    if parsed is not None and parsed.drivername == "sqlite" and parsed.database not in (None, "", ":memory:"):
        return parsed
    msg = "a database URL is sqlite:///path/to/file or postgresql://user:password@host/name"
    raise ValueError(msg)
