"""The register of directories: who was seen, who left, who was purged."""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, Row, Select, and_, bindparam, delete, func, or_, select, update

from sso.directory.sync.stages import Registered, Standing
from sso.storage.columns import Text, UtcDateTime
from sso.storage.many import BATCH, named, padded
from sso.storage.tables import account, directory_person, directory_purged
from sso.storage.unit_of_work import UnitOfWork

_P, _A = directory_person.c, account.c
_directory: BindParameter[str] = bindparam("directory", type_=Text)
_moment: BindParameter[datetime] = bindparam("before", type_=UtcDateTime())
_COLUMNS = (
    _P.number,
    _P.immutable_id,
    _P.digest,
    _P.standing,
    _P.left_at,
    _P.left_in,
    _P.access_ended_at,
    _P.proposed_in,
)
_PERSON = select(*_COLUMNS).where(_P.directory_id == _directory)
_AFTER = _PERSON.where(_P.number > bindparam("after")).order_by(_P.number).limit(bindparam("size"))
_LEFT = _PERSON.where(_P.left_at.is_not(None)).order_by(_P.left_at).limit(BATCH)
_WITH_ACCESS = _LEFT.where(
    _P.access_ended_at.is_(None),
    or_(
        and_(
            _P.standing == Standing.DISABLED.value,
            _P.left_at <= bindparam("disabled_before", type_=UtcDateTime()),
        ),
        and_(_P.standing == Standing.ABSENT.value, _P.left_at <= _moment),
    ),
)
_LONG_ABSENT = _LEFT.where(_P.access_ended_at <= _moment, _P.standing == Standing.ABSENT.value)
_LEFT_IN = _LEFT.where(_P.left_in == bindparam("run"))
_LAST_NUMBER = select(_P.number).where(_P.directory_id == _directory).order_by(_P.number.desc()).limit(1)
_COUNT_PRESENT = (
    select(func.count())
    .select_from(directory_person)
    .where(_P.directory_id == _directory, _P.standing == Standing.PRESENT.value)
)
_COUNT_LEFT = (
    select(_P.left_in, _P.proposed_in, func.count().label("people"))
    .where(
        _P.directory_id == _directory,
        _P.left_at > bindparam("since", type_=UtcDateTime()),
        _P.left_at.is_not(None),
        _P.left_in.is_not(None),  # of the others it was known from the start that they may not sign in
    )
    .group_by(_P.left_in, _P.proposed_in)
)
_UNREGISTERED = (
    select(_A.immutable_id)
    .where(
        _A.directory_id == _directory,
        ~select(_P.number)
        .where(_P.directory_id == _A.directory_id, _P.immutable_id == _A.immutable_id)
        .exists(),
    )
    .limit(bindparam("size"))
)
_PUT = (
    update(directory_person)
    .where(_P.directory_id == _directory, _P.number == bindparam("key"))
    .values(
        digest=bindparam("new_digest"),
        standing=bindparam("new_standing"),
        left_at=bindparam("new_left_at"),
        left_in=bindparam("new_left_in"),
        access_ended_at=bindparam("new_access_ended_at"),
        proposed_in=bindparam("new_proposed_in"),
    )
)
_OUTDATE = (
    update(directory_person)
    .where(_P.directory_id == _directory, _P.immutable_id == bindparam("immutable"))
    .values(digest=b"")
)
_REMOVE = delete(directory_person).where(_P.directory_id == _directory, _P.number == bindparam("key"))
_PURGED = select(directory_purged.c.digest).where(directory_purged.c.digest == bindparam("key"))


class SqlRegister:
    """`sso.directory.sync.stores.Register` in SQL."""

    __slots__ = ("_unit",)

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    def is_purged(self, directory_id: str, immutable_id: str) -> bool:
        """Whether this person was purged."""
        return self._unit.row(_PURGED, {"key": purged_digest(directory_id, immutable_id)}) is not None

    def outdate(self, directory_id: str, immutable_id: str) -> None:
        """Forget the digest of a person whose account a sign-in has just changed."""
        self._unit.change(_OUTDATE, {"directory": directory_id, "immutable": immutable_id})

    def of_ids(self, directory_id: str, ids: Collection[str]) -> Mapping[str, Registered]:
        """Return those who are known, by immutable id."""
        wanted = padded(sorted(ids))
        rows = self._unit.rows(_of_ids(len(wanted)), {"directory": directory_id, **named(wanted)})
        return {row.immutable_id: _registered(row) for row in rows}

    def purged_among(self, directory_id: str, ids: Collection[str]) -> Collection[str]:
        """Return those of the ids that were purged."""
        digests = {purged_digest(directory_id, each): each for each in ids}
        wanted = padded(sorted(digests))
        rows = self._unit.rows(_purged_of(len(wanted)), named(wanted))
        return {digests[bytes(row.digest)] for row in rows}

    def after(self, directory_id: str, number: int, limit: int) -> Sequence[Registered]:
        """Return a page of everybody in order of their numbers, those after one (-1 from the start)."""
        values = {"directory": directory_id, "after": number, "size": limit}
        return [_registered(row) for row in self._unit.rows(_AFTER, values)]

    def next_number(self, directory_id: str) -> int:
        """Return the first number that is free."""
        self._unit.flush()
        last = self._unit.row(_LAST_NUMBER, {"directory": directory_id})
        return 0 if last is None else last.number + 1

    def count_present(self, directory_id: str) -> int:
        """Return how many people are present."""
        row = self._unit.row(_COUNT_PRESENT, {"directory": directory_id})
        return 0 if row is None else int(row[0])

    def count_left(self, directory_id: str, since: datetime) -> Mapping[tuple[int, int | None], int]:
        """Return how many left since a time, by the run that noticed it and the first that proposed it."""
        rows = self._unit.rows(_COUNT_LEFT, {"directory": directory_id, "since": since})
        return {(row.left_in, row.proposed_in): row.people for row in rows}

    def with_access(
        self, directory_id: str, disabled_before: datetime, absent_before: datetime
    ) -> Sequence[Registered]:
        """Return up to 500 people who left before a time, each standing its own, and still have access."""
        values = {
            "directory": directory_id,
            "disabled_before": disabled_before,
            "before": absent_before,
        }
        rows = self._unit.rows(_WITH_ACCESS, values)
        return [_registered(row) for row in rows]

    def long_absent(self, directory_id: str, before: datetime) -> Sequence[Registered]:
        """Return up to 500 absent people whose access ended before a time."""
        rows = self._unit.rows(_LONG_ABSENT, {"directory": directory_id, "before": before})
        return [_registered(row) for row in rows]

    def left_in(self, directory_id: str, run_number: int) -> Sequence[Registered]:
        """Return up to 500 people whom a run noticed to have left."""
        rows = self._unit.rows(_LEFT_IN, {"directory": directory_id, "run": run_number})
        return [_registered(row) for row in rows]

    def unregistered(self, directory_id: str, limit: int) -> Sequence[str]:
        """Return immutable ids of accounts whose person is not in the register yet."""
        rows = self._unit.rows(_UNREGISTERED, {"directory": directory_id, "size": limit})
        return [row.immutable_id for row in rows]

    def add(self, directory_id: str, people: Iterable[Registered]) -> None:
        """Remember new people."""
        for person in people:
            row = {
                "directory_id": directory_id,
                "immutable_id": person.immutable_id,
                "number": person.number,
                "digest": person.digest,
                "standing": person.standing.value,
                "left_at": person.left_at,
                "left_in": person.left_in,
                "access_ended_at": person.access_ended_at,
                "proposed_in": person.proposed_in,
            }
            self._unit.collect(directory_person, row)

    def put(self, directory_id: str, person: Registered) -> None:
        """Replace what is remembered of a person."""
        values = {
            "directory": directory_id,
            "key": person.number,
            "new_digest": person.digest,
            "new_standing": person.standing.value,
            "new_left_at": person.left_at,
            "new_left_in": person.left_in,
            "new_access_ended_at": person.access_ended_at,
            "new_proposed_in": person.proposed_in,
        }
        self._unit.change(_PUT, values)

    def purge(self, directory_id: str, person: Registered, now: datetime) -> None:
        """Forget a person for good, but for a digest of the id."""
        self._unit.change(_REMOVE, {"directory": directory_id, "key": person.number})
        remembered = purged_digest(directory_id, person.immutable_id)
        self._unit.collect(
            directory_purged, {"digest": remembered, "directory_id": directory_id, "purged_at": now}
        )


def purged_digest(directory_id: str, immutable_id: str) -> bytes:
    """Return what stays of somebody who was purged; the random bits of the id keep it from being guessed."""
    return hashlib.sha256(f"purged\0{directory_id}\0{immutable_id}".encode()).digest()


def _registered(row: Row[Any]) -> Registered:
    return Registered(
        number=row.number,
        immutable_id=row.immutable_id,
        digest=bytes(row.digest),
        standing=Standing(row.standing),
        left_at=row.left_at,
        left_in=row.left_in,
        access_ended_at=row.access_ended_at,
        proposed_in=row.proposed_in,
    )


@cache
def _of_ids(size: int) -> Select[Any]:
    return _PERSON.where(_P.immutable_id.in_([bindparam(f"id_{place}") for place in range(size)]))


@cache
def _purged_of(size: int) -> Select[Any]:
    digest = directory_purged.c.digest
    return select(digest).where(digest.in_([bindparam(f"id_{place}") for place in range(size)]))
