"""What expired by itself since somebody last looked, as events: found by index, each told once.

A watermark for each kind says up to when its ends are on record. It moves in the transaction that records
them, by one UPDATE that one worker wins. Clean-up deletes nothing above it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, Select, Table, bindparam, func, or_, select, update
from sqlalchemy.dialects import postgresql

from sso.audit.event.expiry import (
    ClientSecretExpired,
    CodesExpired,
    ConsentExpired,
    RefreshTokenExpired,
    RegistrationTokenExpired,
)
from sso.audit.record import AuditEvent
from sso.storage.columns import UtcDateTime
from sso.storage.tables import (
    authorization_code,
    client_secret,
    consent,
    expiry_watermark,
    grant,
    initial_access_token,
    refresh_token,
)
from sso.storage.unit_of_work import UnitOfWork

LAG = timedelta(seconds=5)
"""So long after its end something is on record: whoever gave it that end has committed by then."""

_W = expiry_watermark.c
_after = bindparam("after", type_=UtcDateTime())
_upto = bindparam("upto", type_=UtcDateTime())

_WATERMARK = select(_W.until).where(_W.expiring == bindparam("kind"))
_BEGIN = postgresql.insert(expiry_watermark).on_conflict_do_nothing()
_ADVANCE = (
    update(expiry_watermark)
    .where(_W.expiring == bindparam("kind"), _W.until == bindparam("after"))
    .values(until=bindparam("upto"))
)


@dataclass(frozen=True, slots=True)
class _Expiring:
    """A kind of what expires: the rows from `after` to `upto`, and what each is told as."""

    table: Table
    rows: Select[Any]
    event: Callable[[Row[Any]], AuditEvent]
    pace: timedelta = timedelta(0)

    def boundary(self) -> Select[int, Any]:
        """Return the SELECT of how many rows a batch has, and the end of its last one."""
        time = self.table.c.expires_at
        oldest = select(time).where(time > _after, time <= _upto).order_by(time).limit(bindparam("size"))
        batch = oldest.subquery("oldest")
        return select(func.count().label("found"), func.max(batch.c.expires_at).label("last"))


def _between(time: Any) -> Any:
    return (time > _after) & (time <= _upto)


_R, _C, _G, _K = refresh_token.c, authorization_code.c, grant.c, consent.c
_S, _I = client_secret.c, initial_access_token.c

_EXPIRING = {
    kind.table.name: kind
    for kind in (
        _Expiring(
            refresh_token,
            select(_R.expires_at, _G.id, _G.client_id, _G.account_id, _G.session_id)
            .join(grant, _G.id == _R.grant_id)
            .where(_between(_R.expires_at), _R.used_at.is_(None), _G.revoked_at.is_(None))
            .order_by(_R.expires_at),
            lambda row: RefreshTokenExpired(
                client_id=row.client_id,
                account_id=row.account_id,
                session_id=row.session_id or None,
                grant_id=row.id,
                at=row.expires_at,
            ),
        ),
        _Expiring(
            authorization_code,
            select(
                _G.client_id,
                func.count().label("unused"),
                func.min(_C.expires_at).label("first"),
                func.max(_C.expires_at).label("last"),
            )
            .join(grant, _G.id == _C.grant_id)
            .where(_between(_C.expires_at), _C.redeemed_at.is_(None), _G.revoked_at.is_(None))
            .group_by(_G.client_id)
            .order_by(_G.client_id),
            lambda row: CodesExpired(
                client_id=row.client_id, count=row.unused, since=row.first, until=row.last
            ),
            pace=timedelta(hours=1),
        ),
        _Expiring(
            consent,
            select(_K.client_id, _K.account_id, _K.expires_at)
            .where(_between(_K.expires_at))
            .order_by(_K.expires_at),
            lambda row: ConsentExpired(client_id=row.client_id, account_id=row.account_id, at=row.expires_at),
        ),
        _Expiring(
            client_secret,
            select(_S.client_id, _S.expires_at).where(_between(_S.expires_at)).order_by(_S.expires_at),
            lambda row: ClientSecretExpired(client_id=row.client_id, at=row.expires_at),
        ),
        _Expiring(
            initial_access_token,
            select(_I.id, _I.label, _I.expires_at)
            .where(
                _between(_I.expires_at),
                _I.revoked_at.is_(None),
                or_(_I.uses_left.is_(None), _I.uses_left > 0),
            )
            .order_by(_I.expires_at),
            lambda row: RegistrationTokenExpired(token_id=row.id, label=row.label, at=row.expires_at),
        ),
    )
}
_BOUNDARIES = {name: kind.boundary() for name, kind in _EXPIRING.items()}

EXPIRING_TABLES = tuple(_EXPIRING)
"""What expires by itself and is told of, by the name of its table."""


@dataclass(frozen=True, slots=True)
class Expired:
    """What is to be recorded; `more` if the batch was full."""

    events: Sequence[AuditEvent]
    more: bool


class SqlExpiries:
    """The worker's look at what has expired."""

    __slots__ = ("_unit",)

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    def watermark(self, expiring: str) -> datetime | None:
        """Return up to when the ends of a kind are on record; None before the first look."""
        row = self._unit.row(_WATERMARK, {"kind": expiring})
        return None if row is None else row.until

    def take(self, expiring: str, now: datetime, batch: int) -> Expired:
        """Return what a batch of rows tells, for one caller only, who records it in the same transaction.

        The first look begins with what ends from then on. Rows that end at the same moment stay together.
        """
        kind, upto = _EXPIRING[expiring], now - LAG
        after = self.watermark(expiring)
        if after is None:
            self._unit.change(_BEGIN, {"expiring": expiring, "until": upto})
            return Expired((), more=False)
        if upto - after < max(kind.pace, timedelta(microseconds=1)):
            return Expired((), more=False)
        range_ = {"after": after, "upto": upto}
        found = self._unit.row(_BOUNDARIES[expiring], {**range_, "size": batch})
        full = found is not None and found.found == batch
        if found is not None and full:
            range_["upto"] = found.last
        if not self._unit.change(_ADVANCE, {**range_, "kind": expiring}):
            return Expired((), more=False)
        rows = self._unit.rows(kind.rows, range_)
        return Expired([kind.event(row) for row in rows], more=full)
