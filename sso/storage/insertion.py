"""The rows that a unit of work collected, as one statement: one round trip, durable without BEGIN and COMMIT.

PostgreSQL only: SQLite knows no INSERT inside WITH. The parts run in no particular order; a foreign key is
checked at the end of the whole statement, so a row may point at one that is inserted beside it.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Table, bindparam
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import Insert

from sso.storage.tables import (
    access_token,
    audit_event,
    authorization_code,
    grant,
    logout_notice,
    refresh_token,
)

MAX_ROWS = 8
"""More rows than this go table by table: each number of rows is a statement of its own to prepare."""

PARENTS_FIRST = (grant, authorization_code, refresh_token, access_token, logout_notice, audit_event)
"""Tables whose rows may wait for the end, a foreign key's target before what points at it."""

Row = Mapping[str, Any]
Collected = Mapping[str, Sequence[Row]]


def insertion_of(table: Table) -> Insert:
    """Return the INSERT of a table. ON CONFLICT is SQLite's too, word for word: one construct serves both."""
    statement = postgresql.insert(table)
    return statement.on_conflict_do_nothing() if table is logout_notice else statement


def together(collected: Collected) -> tuple[Insert, dict[str, Any]]:
    """Return one statement that inserts all rows, and its parameters."""
    rows = [(table.name, row) for table in PARENTS_FIRST for row in collected.get(table.name, ())]
    statement = _statement(tuple((name, tuple(row)) for name, row in rows))
    return statement, {
        f"{column}_{number}": value for number, (_, row) in enumerate(rows) for column, value in row.items()
    }


@lru_cache(maxsize=128)
def _statement(shape: tuple[tuple[str, tuple[str, ...]], ...]) -> Insert:
    tables = {table.name: table for table in PARENTS_FIRST}
    parts = [
        insertion_of(tables[name]).values(
            {column: bindparam(f"{column}_{number}", type_=tables[name].c[column].type) for column in columns}
        )
        for number, (name, columns) in enumerate(shape)
    ]
    *beside, last = parts
    return last.add_cte(*(part.cte(f"part_{number}") for number, part in enumerate(beside)))
