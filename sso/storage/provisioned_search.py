"""Questions to what departments brought over SCIM as SQL, the same on both databases.

An indexed attribute is asked through its own index; LIKE is not used, because SQLite's does not see case.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, assert_never

from sqlalchemy import ColumnElement, Select, and_, false, func, literal, not_, or_, select, true

from sso.directory.provisioned_query import (
    All,
    Always,
    AnyOf,
    ColumnCompared,
    Compared,
    Condition,
    MemberOf,
    Not,
    Order,
    Question,
)
from sso.storage.columns import Text
from sso.storage.tables import provisioned_member, provisioned_resource, provisioned_value

_R, _V, _M = provisioned_resource.c, provisioned_value.c, provisioned_member.c
_COLUMNS: Mapping[str, Any] = MappingProxyType(
    {"id": _R.id, "created": _R.created_at, "updated": _R.updated_at, "active": _R.active}
)
_LAST = "\U0010ffff"

_Compare = Callable[[Any, Any], ColumnElement[bool]]
_ORDERED: Mapping[str, _Compare] = MappingProxyType(
    {
        "eq": lambda left, right: left == right,
        "ne": lambda left, right: left != right,
        "gt": lambda left, right: left > right,
        "ge": lambda left, right: left >= right,
        "lt": lambda left, right: left < right,
        "le": lambda left, right: left <= right,
    }
)


def found(question: Question) -> Select[Any]:
    """Return the query of a page."""
    query = _asked(question, select(provisioned_resource))
    if question.order is not None:
        query = _ordered(query, question.order)
    return query.order_by(_R.id).limit(question.limit).offset(question.offset)


def counted(question: Question) -> Select[Any]:
    """Return the query of how many there are: its one row has one column, `number`."""
    return _asked(question, select(func.count(_R.id).label("number")))


def _asked(question: Question, query: Select[Any]) -> Select[Any]:
    of = and_(_R.directory_id == _text(question.directory_id), _R.kind == _text(question.kind))
    return query.where(of, _holds(question.condition, question))


def _holds(condition: Condition, question: Question) -> ColumnElement[bool]:
    match condition:
        case Not():
            return not_(_holds(condition.condition, question))
        case All():
            return and_(true(), *(_holds(each, question) for each in condition.conditions))
        case AnyOf():
            return or_(false(), *(_holds(each, question) for each in condition.conditions))
        case _:
            return _one_holds(condition, question)


def _one_holds(
    condition: Always | ColumnCompared | MemberOf | Compared, question: Question
) -> ColumnElement[bool]:
    match condition:
        case Always():
            return true()
        case ColumnCompared():
            return _ORDERED[condition.operator](_COLUMNS[condition.column], condition.value)
        case MemberOf():
            return _is_member(condition, question)
        case Compared():
            return _compared(condition, question)
        case _:
            assert_never(condition)


def _is_member(condition: MemberOf, question: Question) -> ColumnElement[bool]:
    if question.kind == "Group":
        return _R.id.in_(select(_M.group_id).where(_M.user_id == _text(condition.id)))
    return _R.id.in_(select(_M.user_id).where(_M.group_id == _text(condition.id)))


def _compared(condition: Compared, question: Question) -> ColumnElement[bool]:
    values = _with_value(condition.attribute, question)
    if condition.operator == "ne":
        return _R.id.not_in(values.where(_V.key == _text(condition.key)))
    return _R.id.in_(values.where(_meets(condition.operator, condition.key)))


def _meets(operator: str, key: str) -> ColumnElement[bool]:
    length = len(key)
    if operator in _ORDERED:
        return _ORDERED[operator](_V.key, _text(key))
    if not key:  # every text holds the empty one
        return true()
    if operator == "sw":
        begins = func.substr(_V.key, 1, length) == _text(key)
        return and_(_V.key >= _text(key), _V.key < _text(key + _LAST), begins)
    if operator == "ew":
        ends = func.substr(_V.key, func.length(_V.key) - length + 1) == _text(key)
        return and_(func.length(_V.key) >= length, ends)
    return func.replace(_V.key, _text(key), "") != _V.key


def _with_value(attribute: str, question: Question) -> Select[Any]:
    return select(_V.resource_id).where(
        _V.directory_id == _text(question.directory_id),
        _V.kind == _text(question.kind),
        _V.attribute == _text(attribute),
    )


def _ordered(query: Select[Any], order: Order) -> Select[Any]:
    """Put what has no value last, or first when descending."""
    if order.is_column:
        column = _COLUMNS[order.by]
        return query.order_by(column.desc() if order.descending else column)
    value = provisioned_value.alias("ordering")
    joined = and_(value.c.resource_id == _R.id, value.c.attribute == _text(order.by), value.c.place == 0)
    query = query.outerjoin(value, joined)
    if order.descending:
        return query.order_by(value.c.key.is_not(None), value.c.key.desc())
    return query.order_by(value.c.key.is_(None), value.c.key)


def _text(value: str) -> ColumnElement[str]:
    return literal(value, Text)
