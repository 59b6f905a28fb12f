"""Rows that waited for the end of their unit, and how they are inserted.

SQLite takes them table by table. PostgreSQL takes all of them, also those of several units, as one
statement with one JSON text a table, so that it is the same prepared statement for any number of rows. Its
parts run in no particular order; a foreign key is checked at the end of the whole statement, so a row may
point at one that is inserted beside it.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import CTE, JSON, BigInteger, String, Table, bindparam, cast, column, func, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import Insert
from sqlalchemy.types import TypeEngine

from sso.storage.columns import ForeignJson, Text
from sso.storage.compiled import DIALECT, Compiled
from sso.storage.gates import UNIT, Gate, may_enter, passed, winners
from sso.storage.tables import logout_notice, metadata, session_client
from sso.storage.transactions import Collected, Parameters

_ORDER = {table: place for place, table in enumerate(metadata.sorted_tables)}
_MAY_BE_THERE = frozenset({logout_notice, session_client})
"""Tables in which a row that is there already stays as it is."""

Written = Mapping[Table, Sequence[str]]
"""Rows as JSON texts, by their table."""


def parents_first(tables: Collected | Written) -> list[Table]:
    """Return the tables, a foreign key's target before what points at it."""
    return sorted(tables, key=_ORDER.__getitem__)


def insertion_of(table: Table) -> Insert:
    """Return the INSERT of a table. ON CONFLICT is SQLite's too, word for word: one construct serves both."""
    statement = postgresql.insert(table)
    return statement.on_conflict_do_nothing() if table in _MAY_BE_THERE else statement


def written(collected: Collected, unit: int | None = None) -> Written:
    """Return the rows as PostgreSQL gets them; with the number of a unit that has a gate to pass.

    Raises:
        ValueError: a time is not aware.
    """
    return {table: [_written(table, row, unit) for row in rows] for table, rows in collected.items()}


def together(tables: Sequence[Table], gates: Sequence[Gate] = ()) -> Compiled:
    """Return the statement that inserts rows of these tables, each given as a JSON array by its name.

    Where there are gates, it returns the units that passed them.
    """
    in_order = tuple(sorted(dict.fromkeys(gates), key=lambda gate: gate.table.name))
    return _together(tuple(parents_first(dict.fromkeys(tables, ()))), in_order)


@lru_cache(maxsize=64)
def _together(tables: tuple[Table, ...], gates: tuple[Gate, ...]) -> Compiled:
    if not gates:
        *beside, last = [_part(table) for table in tables]
        return Compiled(last.add_cte(*_ctes(beside)), ())
    passing = passed(gates)
    return Compiled(winners(passing).add_cte(*_ctes([_part(table, passing) for table in tables])), ())


def _ctes(parts: Sequence[Insert]) -> Iterator[CTE]:
    return (part.cte(f"part_{number}") for number, part in enumerate(parts))


def _part(table: Table, passing: Sequence[CTE] = ()) -> Insert:
    """INSERT ... SELECT of the rows in a JSON array; text of others arrives in it as a text of its own."""
    columns = [column(known.name, _transported(known.type)) for known in table.c]
    if passing:
        columns.append(column(UNIT, BigInteger()))
    given = (
        func.json_to_recordset(cast(bindparam(table.name, required=True, type_=String()), JSON))
        .table_valued(*columns)
        .render_derived(with_types=True)
    )
    values = [
        cast(given.c[known.name], known.type) if known.type is ForeignJson else given.c[known.name]
        for known in table.c
    ]
    rows = select(*values).where(may_enter(given, passing)) if passing else select(*values)
    return insertion_of(table).from_select([known.name for known in table.c], rows)


def _transported(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    return Text() if kind is ForeignJson else kind


def _written(table: Table, row: Parameters, unit: int | None) -> str:
    writers = _writers(table)
    texts = {name: writers[name](value) if name in writers else value for name, value in row.items()}
    return _ENCODER.encode(texts if unit is None else {**texts, UNIT: unit})


@lru_cache(maxsize=64)
def _writers(table: Table) -> Mapping[str, Callable[[Any], Any]]:
    """What makes text of others fit for JSON, by the columns that hold it."""
    return {known.name: _writer(known.type) for known in table.c if isinstance(known.type, Text | JSON)}


def _writer(kind: TypeEngine[Any]) -> Callable[[Any], Any]:
    if kind is ForeignJson:
        return lambda value: None if value is None else json.dumps(value)
    if isinstance(kind, Text):
        return lambda value: kind.process_bind_param(value, DIALECT)
    return lambda value: value


def _plain(value: object) -> str:
    """Bytes and times as PostgreSQL reads them."""
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.isoformat()
    msg = f"times are stored aware, and {type(value).__name__} not at all"
    raise ValueError(msg)


_ENCODER = json.JSONEncoder(default=_plain, check_circular=False, separators=(",", ":"))
