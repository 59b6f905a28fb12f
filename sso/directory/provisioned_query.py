"""Questions to what departments brought over SCIM: a filter as a tree, an order, and a page.

Attributes are named as in `sso.directory.scim`, in small letters; keys are in the form in which values are
indexed. A comparison holds if any value of the attribute meets it, `ne` if none is equal.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Compared:
    """An indexed attribute beside a key, by an operator of RFC 7644 3.4.2.2 but pr."""

    attribute: str
    operator: str
    key: str


@dataclass(frozen=True, slots=True)
class ColumnCompared:
    """`id`, `created`, `updated` or `active` beside a value, with any operator but co, sw and ew."""

    column: str
    operator: str
    value: str | bool | datetime


@dataclass(frozen=True, slots=True)
class MemberOf:
    """A group has this user, or a user is in this group."""

    id: str


@dataclass(frozen=True, slots=True)
class Always:
    """True of everything."""


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite."""

    condition: "Condition"


@dataclass(frozen=True, slots=True)
class All:
    """Each of them holds."""

    conditions: "Sequence[Condition]"


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One of them holds."""

    conditions: "Sequence[Condition]"


Condition: TypeAlias = Compared | ColumnCompared | MemberOf | Always | Not | All | AnyOf


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """By the first value of an indexed attribute, or by a column (`is_column`).

    What has none comes last, or first when descending (RFC 7644 3.4.2.3).
    """

    by: str
    is_column: bool = False
    descending: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Resources of one kind and department that meet a condition, in an order (of ids unless given).

    `offset` leaves out so many.
    """

    directory_id: str
    kind: str
    condition: Condition
    order: Order | None = None
    offset: int = 0
    limit: int = 100
