"""Changes that one caller alone wins, and that may wait for the commit as added rows do.

A code is redeemed by whoever finds it unredeemed. A unit that has just read that it is takes itself for the
winner and goes on; its change then travels with its rows, in the statement of everybody who commits at that
moment, and opens the way for them: the rows of whoever was overtaken are not inserted. That unit is done
again, in a transaction of its own that waits for its turn (`Database.run`).
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any

from sqlalchemy import (
    CTE,
    JSON,
    BigInteger,
    CompoundSelect,
    FromClause,
    Select,
    String,
    Table,
    TableValuedAlias,
    Update,
    bindparam,
    cast,
    column,
    func,
    literal,
    select,
    union_all,
    update,
)

Row = Mapping[str, Any]
"""The key and the values of a row, by their columns."""
PARAMETER = "gates"
UNIT = "unit"
"""The name under which a row says which unit it belongs to."""
_numbers = count(1)


class Overtaken(Exception):
    """Another caller won; nothing of this unit was kept, and it must be done again."""


@dataclass(frozen=True, eq=False)
class Gate:
    """An UPDATE of one row, found by `key`, that only whoever finds `open_while` NULL may do.

    `values` are the columns that it sets, `open_while` among them.
    """

    table: Table
    key: str
    open_while: str
    values: tuple[str, ...]
    statement: Update = field(init=False)
    """The UPDATE for one unit alone; it changes one row for the winner and none for others."""

    def __post_init__(self) -> None:
        columns = self.table.c
        alone = (
            update(self.table)
            .where(columns[self.key] == bindparam("of_key"), columns[self.open_while].is_(None))
            .values({name: bindparam(f"new_{name}") for name in self.values})
        )
        object.__setattr__(self, "statement", alone)

    def parameters(self, row: Row) -> dict[str, Any]:
        """Return the parameters of `statement` for a row of the key and the values."""
        return {"of_key": row[self.key], **{f"new_{name}": row[name] for name in self.values}}


@dataclass(frozen=True, slots=True)
class Attempt:
    """What a unit wants to change, for the statement that it shares with others."""

    gate: Gate
    text: str
    unit: int = field(default_factory=lambda: next(_numbers))

    @classmethod
    def of(cls, gate: Gate, row: Row) -> "Attempt":
        """Return an attempt at a gate; its unit has a number that no other of this process has."""
        values = {name: _plain(row[name]) for name in (gate.key, *gate.values)}
        return cls(gate, json.dumps(values))

    def as_text(self) -> str:
        """Return the JSON that the statement reads: the gate, the unit, the row."""
        return f'{{"gate":"{self.gate.table.name}","unit":{self.unit},{self.text[1:]}'


def given(attempts: Iterable[Attempt]) -> str:
    """Return the value of the statement's parameter."""
    return f"[{','.join(attempt.as_text() for attempt in attempts)}]"


def passed(gates: Sequence[Gate]) -> list[CTE]:
    """Return a part of a statement for each gate: it changes what is open, and returns the units that won.

    A row that another transaction holds at this moment counts as lost: nobody waits, so that no two
    statements ever wait for one another.
    """
    return [_passed(gate) for gate in gates]


def winners(parts: Sequence[CTE]) -> Select[Any] | CompoundSelect[Any]:
    """Return the query for the units that won at any gate."""
    each = [select(part.c.unit) for part in parts]
    return each[0] if len(each) == 1 else union_all(*each)


def may_enter(rows: TableValuedAlias, parts: Sequence[CTE]) -> Any:
    """Return the condition on a row: its unit has passed a gate, or had none to pass."""
    return rows.c[UNIT].is_(None) | rows.c[UNIT].in_(winners(parts))


def _passed(gate: Gate) -> CTE:
    """`gate = name` lets the planner expect one row: it then looks each up by its key, in any table size."""
    table, known = gate.table, gate.table.alias("known")
    wanted = _recordset(gate)
    open_now = known.c[gate.open_while].is_(None)
    held: FromClause = (
        select(wanted)
        .join(known, known.c[gate.key] == wanted.c[gate.key])
        .where(wanted.c.gate == literal(table.name, String()), open_now)
        .with_for_update(key_share=True, skip_locked=True, of=known)
        .subquery("held")
    )
    changed = (
        update(table)
        .where(table.c[gate.key] == held.c[gate.key], table.c[gate.open_while].is_(None))
        .values({name: held.c[name] for name in gate.values})
        .returning(held.c[UNIT])
    )
    return changed.cte(f"passed_{table.name}")


def _recordset(gate: Gate) -> TableValuedAlias:
    columns = (gate.table.c[name] for name in (gate.key, *gate.values))
    return (
        func.json_to_recordset(cast(bindparam(PARAMETER, required=True, type_=String()), JSON))
        .table_valued(
            column("gate", String()),
            column(UNIT, BigInteger()),
            *(column(known.name, known.type) for known in columns),
        )
        .render_derived(name="wanted", with_types=True)
    )


def _plain(value: object) -> str:
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.isoformat()
    msg = f"a gate is given bytes and aware times, not {type(value).__name__}"
    raise ValueError(msg)
