"""Columns and their types: every column says whether it is sensitive, and is NOT NULL unless it says so.

Text compares by its bytes on both databases (COLLATE "C"), so that keys order and prefixes match the
same way. Times are aware and UTC: microseconds since 1970 on SQLite, timestamptz on PostgreSQL.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import JSON, TIMESTAMP, BigInteger, Column, Dialect, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator, TypeEngine

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Text(TypeDecorator[str]):
    """Text as it came from anywhere; what no database can hold is replaced by U+FFFD.

    PostgreSQL refuses NUL and SQLite's driver a lone surrogate: hostile input must not find a row, and
    must not become a server error either.
    """

    impl = String
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """COLLATE "C" on PostgreSQL; SQLite compares bytes anyway."""
        return dialect.type_descriptor(String(collation="C" if dialect.name == "postgresql" else None))

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Make text storable."""
        if value is None or (value.isascii() and "\0" not in value):
            return value
        return value.replace("\0", "\ufffd").encode("utf-8", "surrogatepass").decode("utf-8", "replace")


class UtcDateTime(TypeDecorator[datetime]):
    """An aware time in, an aware UTC time out, exact to the microsecond."""

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Timestamptz on PostgreSQL, an integer on SQLite."""
        known: TypeEngine[Any] = TIMESTAMP(timezone=True) if dialect.name == "postgresql" else BigInteger()
        return dialect.type_descriptor(known)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | int | None:
        """Refuse a naive time: nobody knows when it is."""
        if value is None:
            return None
        if value.tzinfo is None:
            msg = "times are stored aware"
            raise ValueError(msg)
        return value if dialect.name == "postgresql" else (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Return UTC."""
        if value is None or isinstance(value, datetime):
            return value if value is None else value.astimezone(UTC)
        return _EPOCH + timedelta(microseconds=value)


ForeignJson = JSON(none_as_null=True)
"""JSON that carries text of others, kept as text: PostgreSQL's JSONB refuses an escaped NUL."""

CleanJson = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
"""JSON whose text is already clean: searchable on PostgreSQL."""


def column(
    name: str,
    kind: Any,
    *constraints: Any,
    sensitive: bool,
    optional: bool = False,
    primary_key: bool = False,
) -> Column[Any]:
    """Return a column that says whether it is sensitive; `optional` only where absence means something."""
    return Column(
        name, kind, *constraints, nullable=optional, primary_key=primary_key, info={"sensitive": sensitive}
    )
