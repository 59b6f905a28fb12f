"""Front-channel logout: the frames of the last page, and what the browser reported of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, select, update
from sqlalchemy.dialects import postgresql

from sso.oidc.client import Client
from sso.oidc.notice import LogoutFrame
from sso.oidc.session import Session
from sso.storage.tables import logout_frame
from sso.storage.unit_of_work import UnitOfWork

_F = logout_frame.c

_ADD = postgresql.insert(logout_frame).on_conflict_do_nothing()
_OF_SESSION = select(logout_frame).where(_F.session_id == bindparam("of")).order_by(_F.client_id)
_SEND = (
    update(logout_frame)
    .where(_F.session_id == bindparam("of"), _F.sent_at.is_(None))
    .values(sent_at=bindparam("now"))
    .returning(_F.client_id)
)


class SqlLogoutFrames:
    """`sso.oidc.stores.LogoutFrames` in SQL."""

    __slots__ = ("_unit",)

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    def add(self, session: Session, client: Client, now: datetime) -> None:
        """Remember that a client is to be told through the browser; one without such an address is not."""
        if client.frontchannel_logout_uri is None:
            return
        row = {
            "session_id": session.id,
            "client_id": client.client_id,
            "uri": client.frontchannel_logout_uri,
            "include_sid": client.frontchannel_logout_session_required,
            "created_at": now,
        }
        self._unit.change(_ADD, row)

    def of_session(self, session_id: str) -> Sequence[LogoutFrame]:
        """Return the frames of a session, in order of client id."""
        return [_frame(row) for row in self._unit.rows(_OF_SESSION, {"of": session_id})]

    def send(self, session_id: str, now: datetime) -> Sequence[str]:
        """Note that a page with the frames leaves the hub; return the clients for which it is the first."""
        return sorted(row.client_id for row in self._unit.rows(_SEND, {"of": session_id, "now": now}))

    def report(
        self, session_id: str, client_ids: Sequence[str], *, loaded: bool, now: datetime
    ) -> Sequence[str]:
        """Note what the browser says of frames that were sent; return the clients of which it is new."""
        if not client_ids:
            return []
        times = {"loaded_at": now if loaded else None, "failed_at": None if loaded else now}
        statement = (
            update(logout_frame)
            .where(
                _F.session_id == session_id,
                _F.client_id.in_(client_ids),
                _F.sent_at.is_not(None),
                _F.loaded_at.is_(None),
                _F.failed_at.is_(None),
            )
            .values(times)
            .returning(_F.client_id)
        )
        return sorted(row.client_id for row in self._unit.rows(statement))


def _frame(row: Row[Any]) -> LogoutFrame:
    return LogoutFrame(
        session_id=row.session_id,
        client_id=row.client_id,
        uri=row.uri,
        include_sid=row.include_sid,
        created_at=row.created_at,
        sent_at=row.sent_at,
        loaded_at=row.loaded_at,
        failed_at=row.failed_at,
    )
