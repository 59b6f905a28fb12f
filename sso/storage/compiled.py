"""Statements as psycopg takes them: compiled once, and run without SQLAlchemy in between.

From a statement to its rows SQLAlchemy takes 200 microseconds of this process, the driver 20. So on
PostgreSQL the text, the order of its parameters and the shape of its rows are kept beside the statement;
the types of the columns still say how values are written and read.
"""

from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final
from weakref import WeakKeyDictionary

from sqlalchemy import BindParameter, Executable, Select
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.types import TypeEngine

Parameters = Mapping[str, Any]
_Writer = Callable[[Any], Any] | None

DIALECT = PGDialect_psycopg(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]  # untyped there
_NONE_GIVEN: Parameters = {}
_REQUIRED: Final = object()
_known: WeakKeyDictionary[Executable, dict[tuple[str, ...], "Compiled"]] = WeakKeyDictionary()


class Compiled:
    """One statement: its text with $1 and $2, and what its parameters and rows are made of."""

    __slots__ = ("_parameters", "_readers", "_row", "changes", "text")

    def __init__(self, statement: Any, names: Sequence[str]) -> None:
        text = statement.compile(
            dialect=DIALECT, column_keys=names or None, compile_kwargs={"render_postcompile": True}
        )
        self.text = str(text).encode()
        self.changes = not isinstance(statement, Select) or statement._for_update_arg is not None
        """Whether it writes or locks, and so belongs into a transaction."""
        known = {each[0]: each for bind, name in text.bind_names.items() for each in _values(bind, name)}
        self._parameters = [known[name] for name in text.positiontup]
        columns = list(statement.exported_columns)
        self._row = _row_class([column.key for column in columns])
        readers = [_reader(column.type) for column in columns]
        self._readers = [(place, reader) for place, reader in enumerate(readers) if reader is not None]

    def values(self, given: Parameters | None) -> list[Any]:
        """Return the values of the parameters, in order.

        Raises:
            KeyError: one is missing.
        """
        given = _NONE_GIVEN if given is None else given
        written = []
        for name, default, writer in self._parameters:
            value = given.get(name, default)
            if value is _REQUIRED:
                raise KeyError(name)
            written.append(value if writer is None else writer(value))
        return written

    def row(self, found: Sequence[Any]) -> Any:
        """Return a row whose columns are attributes."""
        if not self._readers:
            return self._row._make(found)
        values = list(found)
        for place, reader in self._readers:
            values[place] = reader(values[place])
        return self._row._make(values)


def compiled(statement: Executable, parameters: Parameters | None) -> Compiled:
    """Return what is known of a statement; an INSERT without VALUES takes its columns from the parameters."""
    names = tuple(parameters) if parameters else ()
    forms = _known.setdefault(statement, {})
    found = forms.get(names)
    if found is None:
        found = forms[names] = Compiled(statement, names)
    return found


def _values(bind: BindParameter[Any], name: str) -> Iterator[tuple[str, Any, _Writer]]:
    """Names, values and writers of a parameter: of a list one for each member."""
    writer = bind.type.dialect_impl(DIALECT).bind_processor(DIALECT)
    if bind.expanding:
        for number, value in enumerate(bind.value or (), 1):
            yield f"{name}_{number}", value, writer
    else:
        yield name, _REQUIRED if bind.required else bind.value, writer


def _row_class(names: Sequence[str]) -> Any:
    make: Any = namedtuple  # whose names a type checker wants to see
    kind = make("Row", names, rename=True)
    kind._mapping = property(kind._asdict)  # as rows of SQLAlchemy have it
    return kind


def _reader(kind: TypeEngine[Any]) -> Callable[[Any], Any] | None:
    return kind.dialect_impl(DIALECT).result_processor(DIALECT, None)
