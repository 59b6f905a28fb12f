"""Browser sessions, and the clients that joined them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, bindparam, insert, or_, select, update
from sqlalchemy.dialects import postgresql

from sso.oidc.session import Session, SessionEnd, SessionRecord
from sso.storage.columns import UtcDateTime
from sso.storage.tables import session, session_client
from sso.storage.unit_of_work import UnitOfWork

_S, _J = session.c, session_client.c
_WENT_ON = select(session).where(_S.ended_at.is_(None))

_ADD = insert(session)
_GET = _WENT_ON.where(_S.cookie == bindparam("presented"))
_BY_ID = _WENT_ON.where(_S.id == bindparam("key"))
_OF_ACCOUNT = _WENT_ON.where(_S.account_id == bindparam("of")).order_by(_S.created_at, _S.id)
_EXPIRED = (
    _WENT_ON.where(
        or_(
            _S.expires_at <= bindparam("now", type_=UtcDateTime()),
            _S.last_seen_at <= bindparam("idle_since", type_=UtcDateTime()),
        )
    )
    .order_by(_S.expires_at)
    .limit(bindparam("size"))
)
_RECORD = select(session).where(_S.id == bindparam("key"))
_LATELY_ENDED = select(session).where(
    _S.cookie == bindparam("presented"), _S.ended_at > bindparam("since", type_=UtcDateTime())
)
_RECORDS_OF_ACCOUNT = (
    select(session)
    .where(_S.account_id == bindparam("of"))
    .order_by(_S.created_at.desc(), _S.id)
    .limit(bindparam("size"))
)
_GOING_ON = _WENT_ON.where(_S.id > bindparam("after")).order_by(_S.id).limit(bindparam("size"))
_RENEWED = (
    "account_id",
    "person_id",
    "auth_time",
    "acr",
    "amr",
    "persona_chosen",
    "last_seen_at",
    "expires_at",
)
_RENEW = (
    update(session)
    .where(_S.id == bindparam("key"), _S.ended_at.is_(None))
    .values({"cookie": bindparam("cookie"), **{name: bindparam(name) for name in _RENEWED}})
)
_GIVE = (
    update(session)
    .where(_S.account_id == bindparam("of"), _S.ended_at.is_(None))
    .values(person_id=bindparam("to"))
)
_TOUCH = (
    update(session)
    .where(_S.id == bindparam("key"), _S.last_seen_at < bindparam("now"), _S.ended_at.is_(None))
    .values(last_seen_at=bindparam("now"))
)
_END = (
    update(session)
    .where(_S.id == bindparam("key"), _S.ended_at.is_(None))
    .values(ended_at=bindparam("now"), ended_cause=bindparam("cause"))
)
_JOIN = postgresql.insert(session_client).on_conflict_do_nothing()
_CLIENTS_OF = (
    select(_J.client_id).where(_J.session_id == bindparam("key")).order_by(_J.joined_at, _J.client_id)
)


class SqlSessions:
    """`sso.oidc.stores.Sessions` in SQL."""

    __slots__ = ("_unit",)

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    def add(self, session: Session, cookie: bytes) -> None:
        """Begin a session."""
        row = {"id": session.id, "created_at": session.created_at, **_renewable(session, cookie)}
        self._unit.change(_ADD, row)

    def get(self, cookie: bytes) -> Session | None:
        """Return the session of a cookie that has not ended; its limits are the caller's to check."""
        row = self._unit.row(_GET, {"presented": cookie})
        return None if row is None else _session(row)

    def by_id(self, session_id: str) -> Session | None:
        """Return a session that has not ended."""
        row = self._unit.row(_BY_ID, {"key": session_id})
        return None if row is None else _session(row)

    def renew(self, session: Session, cookie: bytes) -> None:
        """Replace the cookie digest, times, acr, amr, expiry and persona of a session by these.

        A session that has ended stays as it ended; `created_at` never changes.
        """
        self._unit.change(_RENEW, {"key": session.id, **_renewable(session, cookie)})

    def touch(self, session_id: str, now: datetime) -> None:
        """Note activity, for the idle limit; an earlier time changes nothing."""
        self._unit.change(_TOUCH, {"key": session_id, "now": now})

    def end(self, session_id: str, cause: SessionEnd, now: datetime) -> bool:
        """End a session; true for one caller only."""
        return self._unit.change(_END, {"key": session_id, "cause": cause.value, "now": now}) == 1

    def give(self, account_id: str, person_id: str) -> None:
        """Note that the account of these sessions is now another person's."""
        self._unit.change(_GIVE, {"of": account_id, "to": person_id})

    def join(self, session_id: str, client_id: str, now: datetime) -> None:
        """Note that a client received tokens in this session: it is told at sign-out."""
        self._unit.change(_JOIN, {"session_id": session_id, "client_id": client_id, "joined_at": now})

    def clients_of(self, session_id: str) -> Sequence[str]:
        """Return the ids of clients that joined, in order of joining."""
        return [row.client_id for row in self._unit.rows(_CLIENTS_OF, {"key": session_id})]

    def of_account(self, account_id: str) -> Sequence[Session]:
        """Return the sessions of an account that have not ended."""
        return [_session(row) for row in self._unit.rows(_OF_ACCOUNT, {"of": account_id})]

    def record(self, session_id: str) -> SessionRecord | None:
        """Return a session, ended or not."""
        row = self._unit.row(_RECORD, {"key": session_id})
        return None if row is None else _record(row)

    def lately_ended(self, cookie: bytes, since: datetime) -> SessionRecord | None:
        """Return the session of a cookie if it ended after a time: whoever presses twice is told the same."""
        row = self._unit.row(_LATELY_ENDED, {"presented": cookie, "since": since})
        return None if row is None else _record(row)

    def records_of_account(self, account_id: str, limit: int = 100) -> Sequence[SessionRecord]:
        """Return the sessions of an account, the newest first; ended ones while they are kept."""
        return [
            _record(row) for row in self._unit.rows(_RECORDS_OF_ACCOUNT, {"of": account_id, "size": limit})
        ]

    def list_going_on(self, *, after: str = "", limit: int = 1000) -> Sequence[Session]:
        """Return sessions that have not ended by ascending id, those after an id ("" from the start)."""
        return [_session(row) for row in self._unit.rows(_GOING_ON, {"after": after, "size": limit})]

    def expired(self, now: datetime, idle_seconds: int, limit: int) -> Sequence[Session]:
        """Return sessions past their absolute or idle limit that nobody has ended yet."""
        limits = {"now": now, "idle_since": now - timedelta(seconds=idle_seconds), "size": limit}
        return [_session(row) for row in self._unit.rows(_EXPIRED, limits)]


def _renewable(session: Session, cookie: bytes) -> dict[str, Any]:
    values = {name: getattr(session, name) for name in _RENEWED}
    return {**values, "amr": " ".join(session.amr), "cookie": cookie}


def _session(row: Row[Any]) -> Session:
    return Session(
        id=row.id,
        account_id=row.account_id,
        person_id=row.person_id,
        auth_time=row.auth_time,
        acr=row.acr,
        amr=tuple(row.amr.split()),
        persona_chosen=row.persona_chosen,
        created_at=row.created_at,
        last_seen_at=row.last_seen_at,
        expires_at=row.expires_at,
    )


def _record(row: Row[Any]) -> SessionRecord:
    cause = None if row.ended_cause is None else SessionEnd(row.ended_cause)
    return SessionRecord(_session(row), row.ended_at, cause)
