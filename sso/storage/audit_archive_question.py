"""A question to the log in the words of DuckDB: one text of its facets serves every place that is asked.

DuckDB looks for texts within texts, and not for bytes within bytes: there `body` is text. A body that is none
is absent, and the entry is found by everything else that it is filed under.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, literal_column
from sqlalchemy.engine.default import DefaultDialect

from sso.audit.query import AuditQuery
from sso.storage.audit import selection
from sso.storage.audit_keys import AuditKeys
from sso.storage.tables import audit_event

TABLE_OF_ARCHIVE = """
SELECT * REPLACE (epoch_us(occurred_at) AS occurred_at, TRY(decode(body)) AS body), body AS entry
FROM read_parquet({files})
"""
"""What the statement reads as `audit_event`."""


class _DuckDb(DefaultDialect):
    """Parameters by number, as PostgreSQL has them."""

    name = "duckdb"
    default_paramstyle = "numeric_dollar"
    supports_statement_cache = False


def archive_question(query: AuditQuery, keys: AuditKeys) -> tuple[str, Sequence[object]]:
    """Return the statement of a page, newest first, and its parameters; its columns are those of `KeptEntry`.

    Raises:
        ValueError: `address` is neither an address nor a network.
    """
    a = audit_event.c
    columns: Sequence[ColumnElement[Any]] = (a.id, literal_column("entry"), a.sealed, a.key_id, a.others)
    wanted = selection(query, keys).with_only_columns(*columns)
    compiled = wanted.compile(dialect=_DuckDb(), compile_kwargs={"render_postcompile": True})
    return str(compiled), _bound(compiled)


def _bound(compiled: Any) -> list[object]:
    values: Mapping[str, object] = compiled.params
    into: Mapping[str, Any] = compiled._bind_processors
    return [into[name](values[name]) if name in into else values[name] for name in compiled.positiontup]
