"""A question to the log in the words of DuckDB: one text of its facets serves every place that is asked.

DuckDB looks for texts within texts, and not for bytes within bytes: there `body` is text. A body that is none
is absent, and the entry is found by everything else that it is filed under.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal_column, select
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.sql.compiler import SQLCompiler

from sso.audit.query import AuditQuery
from sso.storage.audit_keys import AuditKeys
from sso.storage.audit_rows import account_refs
from sso.storage.audit_selection import counted, newest_first, oldest_first
from sso.storage.tables import audit_event

_A = audit_event.c
_KEPT: Sequence[ColumnElement[Any]] = (_A.id, literal_column("entry"), _A.sealed, _A.key_id, _A.others)
TABLE_OF_ARCHIVE = """
SELECT * REPLACE (epoch_us(occurred_at) AS occurred_at, TRY(decode(body)) AS body), body AS entry
FROM read_parquet({files})
"""
"""What the statement reads as `audit_event`."""


class _Text(SQLCompiler):
    """What DuckDB writes in another way: `/` of two integers has a fraction there."""

    def visit_floordiv_binary(self, binary: Any, operator: Any, **kw: Any) -> str:
        """Write the division of integers."""
        return f"{self.process(binary.left, **kw)} // {self.process(binary.right, **kw)}"


class _DuckDb(DefaultDialect):
    """Parameters by number, as PostgreSQL has them."""

    name = "duckdb"
    default_paramstyle = "numeric_dollar"
    supports_statement_cache = False
    supports_native_boolean = True
    statement_compiler = _Text


Named = Mapping[str | bytes, str]
"""Names by the values that stand for them in a column."""
Asked = tuple[str, Sequence[object]]
"""A statement and its parameters."""


class ArchiveQuestions:
    """What the archive is asked. Pages have the columns of `KeptEntry`."""

    __slots__ = ("_keys",)

    def __init__(self, keys: AuditKeys) -> None:
        self._keys = keys

    def newest_first(self, query: AuditQuery) -> Asked:
        """Return what asks for a page, newest first.

        Raises:
            ValueError: `address` is neither an address nor a network.
        """
        return _asked(newest_first(query, self._keys).with_only_columns(*_KEPT))

    def oldest_first(self, query: AuditQuery, after: str) -> Asked:
        """Return what asks for a page, oldest first, of those after an id.

        Raises:
            ValueError: `address` is neither an address nor a network.
        """
        return _asked(oldest_first(query, after, self._keys).with_only_columns(*_KEPT))

    def of_ids(self, ids: Sequence[str]) -> Asked:
        """Return what asks for some entries, for one at least."""
        return _asked(select(*_KEPT).where(_A.id.in_(ids)))

    def counted(self, query: AuditQuery, bars: int) -> Asked:
        """Return what counts a question's records; its columns are those of `audit_selection.counted`.

        Raises:
            ValueError: `address` is neither an address nor a network, or the number of bars is absurd.
        """
        return _asked(counted(query, bars, self._keys))

    def last_of_each(self, query: AuditQuery, facet: str, names: Collection[str]) -> tuple[Asked, Named]:
        """Return what asks when each of some accounts or applications was found last, and whom a value names.

        Its columns are the value and the microseconds since 1970.
        """
        column: ColumnElement[Any] = _A[facet] if facet == "client_id" else _A.account_ref
        values: dict[str | bytes, str] = {name: name for name in names}
        if facet == "account_id":
            values = {ref: name for name in names for ref in account_refs(name, self._keys)}
            values = values or {b"": ""}  # no ref is empty: nothing is found
        wanted = newest_first(query, self._keys).where(column.in_(values)).order_by(None).limit(None)
        last = wanted.with_only_columns(column, func.max(_A.occurred_at)).group_by(column)
        return _asked(last), values


def _asked(wanted: Select[Any]) -> Asked:
    compiled = wanted.compile(dialect=_DuckDb(), compile_kwargs={"render_postcompile": True})
    return str(compiled), _bound(compiled)


def _bound(compiled: Any) -> list[object]:
    values: Mapping[str, object] = compiled.params
    into: Mapping[str, Any] = compiled._bind_processors
    return [into[name](values[name]) if name in into else values[name] for name in compiled.positiontup]
