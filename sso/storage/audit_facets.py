"""Facets of a question to the audit log, as conditions on its rows.

What has no column of its own is looked for in the body, in canonical JSON (`sso.audit.canonical`): there a
quotation mark within a string is escaped, so that the bytes `"acr":"2"` are a member and nothing else. Bytes
are compared and never parsed: a row that somebody tampered with cannot make a search fail. Such a facet reads
every row of the time range that the others leave; it has no index.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Integer,
    LargeBinary,
    and_,
    func,
    literal,
    literal_column,
    or_,
    select,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.base import ReadOnlyColumnCollection
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from sso.audit.canonical import canonical
from sso.audit.query import AuditQuery
from sso.audit.record import Outcome, Severity
from sso.storage.audit_keys import AuditKeys
from sso.storage.audit_rows import account_refs, address_refs, people_refs
from sso.storage.tables import audit_event

Columns = ReadOnlyColumnCollection[str, Column[Any]]
_A = audit_event.c
_COLUMNS = ("session_id", "grant_id", "request_id")
_MEMBERS = {
    "directory_id": ("directory_id",),
    "trace_id": ("trace_id",),
    "acr": ("acr",),
    "status_code": ("status_code", "error", "cause"),
}
"""Facets of the body: the members of which one must have the value."""

_CLAIM_LISTS = ("claims_released", "claims_requested", "claims_changed")
_TELLS_OF_NOBODY_FROM = b'"outcome":'
"""Here, in the order of names, the commitments are behind us: what follows is for people to read."""


def facets(query: AuditQuery, keys: AuditKeys) -> list[ColumnElement[bool]]:
    """Return the conditions of a question but its time range.

    Raises:
        ValueError: `address` is neither an address nor a network.
    """
    found = [_A[name] == value for name in _COLUMNS if (value := getattr(query, name)) is not None]
    found += of_kind(query, _A)
    if query.account_id is not None:
        found.append(_one_of("account_ref", account_refs(query.account_id, keys)))
    if query.involving:
        refs = people_refs(query.involving, keys)
        found.append(or_(*(_one_of(name, refs) for name in ("account_ref", "actor_ref", "about_ref"))))
    if query.address is not None:
        found.append(_one_of(*address_refs(query.address, keys)))
    if query.transaction is not None:
        found.append(_in_the_request_of(query.transaction))
    return found + _in_the_body(query)


def of_kind(query: AuditQuery, columns: Columns) -> list[ColumnElement[bool]]:
    """Return the conditions on event, outcome, severity and application, of the log or of its counts."""
    found: list[ColumnElement[bool]] = []
    if query.client_id is not None:
        found.append(columns["client_id"] == query.client_id)
    if query.outcome is not None:
        found += _outcome(Outcome(query.outcome), columns["outcome"])
    if query.severity is not None:
        found += _severity(query.severity, columns["severity"])
    if query.events:
        found.append(or_(*(_event(wanted, columns["event"]) for wanted in query.events)))
    return found


def _outcome(wanted: Outcome, outcome: Column[Any]) -> list[ColumnElement[bool]]:
    """The outcome, and of a failure what its index says of itself, in the same words."""
    within = [outcome == literal_column(f"'{wanted.value}'")] if wanted is Outcome.FAILURE else []
    return [outcome == wanted.value, *within]


def _severity(least: Severity, severity: Column[Any]) -> list[ColumnElement[bool]]:
    """The least severity, and where an index has it all what that says of itself, in the same words."""
    indexed = next((each for each in (Severity.HIGH, Severity.LOW) if least >= each), None)
    within = [] if indexed is None else [severity >= literal_column(str(int(indexed)))]
    return [severity >= int(least), *within]


def _one_of(name: str, refs: Sequence[bytes]) -> ColumnElement[bool]:
    return _A[name].in_(refs) if refs else _A[name] == b""  # no ref is empty: nothing is found


def _event(wanted: str, event: Column[Any]) -> ColumnElement[bool]:
    family = wanted.removesuffix("*")
    if not family.endswith("."):
        return event == wanted
    return and_(event > family, event < family[:-1] + "/")  # "/" follows "." in ASCII


def _in_the_request_of(event_id: str) -> ColumnElement[bool]:
    of = audit_event.alias("asked_for")
    request = select(of.c.request_id).where(of.c.id == event_id).scalar_subquery()
    return or_(_A.id == event_id, _A.request_id == request)


def _in_the_body(query: AuditQuery) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    for name, members in _MEMBERS.items():
        value = getattr(query, name)
        if value is not None:
            wanted = [b'"%b":%b' % (member.encode(), canonical(value)) for member in members]
            found.append(or_(*(_place(one, _A.body) > 0 for one in wanted)))
    if query.claim is not None:
        found.append(or_(*(_listed(query.claim, name) for name in _CLAIM_LISTS)))
    if query.text is not None:
        readable = func.substr(_A.body, _place(_TELLS_OF_NOBODY_FROM, _A.body), type_=LargeBinary())
        written = canonical(query.text)[1:-1]
        found.append(or_(_place(written, readable) > 0, _contains(_A.event, query.text)))
    return found


def _contains(column: ColumnElement[str], text: str) -> ColumnElement[bool]:
    return column.contains(text, autoescape=True)


def _listed(value: str, name: str) -> ColumnElement[bool]:
    """Whether a member is a list that holds a string: it comes before the list's end."""
    begin = b'"%b":[' % name.encode()
    rest = func.substr(_A.body, _place(begin, _A.body) + len(begin), type_=LargeBinary())
    place = _place(canonical(value), rest)
    return and_(_place(begin, _A.body) > 0, place > 0, place < _place(b"]", rest))


class _Place(FunctionElement[int]):
    """Where bytes stand within others, from 1 on; 0 where they do not."""

    type = Integer()
    inherit_cache = True


def _place(wanted: bytes, within: ColumnElement[Any]) -> _Place:
    return _Place(literal(wanted, LargeBinary()), within)


@compiles(_Place, "sqlite")
def _place_sqlite(element: _Place, compiler: SQLCompiler, **kw: Any) -> str:
    wanted, within = element.clauses
    return f"instr({compiler.process(within, **kw)}, {compiler.process(wanted, **kw)})"


@compiles(_Place, "postgresql")
def _place_postgresql(element: _Place, compiler: SQLCompiler, **kw: Any) -> str:
    wanted, within = element.clauses
    return f"position({compiler.process(wanted, **kw)} IN {compiler.process(within, **kw)})"


@compiles(_Place, "duckdb")
def _place_duckdb(element: _Place, compiler: SQLCompiler, **kw: Any) -> str:
    wanted, within = element.clauses
    return f"instr({compiler.process(within, **kw)}, decode({compiler.process(wanted, **kw)}))"
