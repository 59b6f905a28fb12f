"""A database whose log cannot be written, and everything that is in it."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import select, text

from sso.storage.database import Database
from sso.storage.tables import metadata

_TRIGGER = "CREATE TRIGGER full BEFORE INSERT ON audit_event BEGIN SELECT RAISE(ABORT, 'full'); END"
_BROKEN = {"sqlite": _TRIGGER, "postgresql": "ALTER TABLE audit_event RENAME TO away"}
_MENDED = {"sqlite": "DROP TRIGGER full", "postgresql": "ALTER TABLE away RENAME TO audit_event"}


@contextmanager
def unwritable(database: Database) -> Iterator[None]:
    """While the block lasts no event can be stored."""
    _run(database, _BROKEN[database.dialect])
    try:
        yield
    finally:
        _run(database, _MENDED[database.dialect])


def everything(database: Database) -> dict[str, list[str]]:
    """Every row of every table, but of a log that is away."""
    with database._schema_reader() as connection:
        tables = [table for table in metadata.sorted_tables if table.name != "audit_event"]
        return {table.name: sorted(map(repr, connection.execute(select(table)))) for table in tables}


def _run(database: Database, statement: str) -> None:
    with database._schema_writer() as connection:
        connection.execute(text(statement))
