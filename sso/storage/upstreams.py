"""Other OpenID providers: browsers under way there, whom they know, which sessions began there."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects import postgresql

from sso.authentication.upstream.journey import UpstreamJourney
from sso.authentication.upstream.stores import UpstreamSession
from sso.storage.columns import UtcDateTime
from sso.storage.sealing import Sealer
from sso.storage.tables import session, upstream_identity, upstream_journey, upstream_session
from sso.storage.unit_of_work import UnitOfWork

_J, _I, _S = upstream_journey.c, upstream_identity.c, upstream_session.c

_ADD_JOURNEY = postgresql.insert(upstream_journey)
_TAKE_JOURNEY = (
    delete(upstream_journey)
    .where(
        _J.state == bindparam("presented"),
        _J.upstream_id == bindparam("upstream"),
        _J.browser == bindparam("of_browser"),
        _J.expires_at > bindparam("now", type_=UtcDateTime()),
    )
    .returning(*_J)
)
_ACCOUNT_OF = select(_I.account_id).where(
    _I.upstream_id == bindparam("upstream"), _I.subject == bindparam("named")
)
_ANYBODY = select(_I.account_id).where(_I.upstream_id == bindparam("upstream")).limit(1)
_LINK = postgresql.insert(upstream_identity).on_conflict_do_nothing().returning(_I.account_id)
_TIES_OF = (
    select(_I.upstream_id).where(_I.account_id == bindparam("account")).distinct().order_by(_I.upstream_id)
)
_UNTIE = delete(upstream_identity).where(
    _I.upstream_id == bindparam("upstream"), _I.account_id == bindparam("account")
)
_insert_session = postgresql.insert(upstream_session)
_PUT_SESSION = _insert_session.on_conflict_do_update(
    index_elements=[_S.session_id],
    set_={
        name: _insert_session.excluded[name]
        for name in ("upstream_id", "sub", "sid", "id_token", "created_at")
    },
)
_SESSION = select(upstream_session).where(_S.session_id == bindparam("key"))
_FORGET_SESSION = delete(upstream_session).where(_S.session_id == bindparam("key"))
_SESSIONS_BEGUN = (
    select(_S.session_id)
    .join(session, session.c.id == _S.session_id)
    .where(session.c.account_id == bindparam("account"), _S.upstream_id == bindparam("upstream"))
    .order_by(_S.session_id)
)
_GOING_ON = (
    select(_S.session_id)
    .join(session, session.c.id == _S.session_id)
    .where(_S.upstream_id == bindparam("upstream"), session.c.ended_at.is_(None))
    .order_by(_S.session_id)
)
_OF_SUB = _GOING_ON.where(_S.sub == bindparam("sub"))
_OF_SID = _GOING_ON.where(_S.sid == bindparam("sid"))
_OF_BOTH = _OF_SUB.where(_S.sid == bindparam("sid"))


class SqlUpstreams:
    """`sso.authentication.upstream.stores.Upstreams` in SQL."""

    __slots__ = ("_sealer", "_unit")

    def __init__(self, unit: UnitOfWork, sealer: Sealer) -> None:
        self._unit = unit
        self._sealer = sealer

    def add_journey(self, journey: UpstreamJourney) -> None:
        """Remember a browser that is sent away."""
        row = {
            "state": journey.state,
            "upstream_id": journey.upstream_id,
            "pending_id": journey.pending_id,
            "browser": journey.browser,
            "started_at": journey.started_at,
            "expires_at": journey.expires_at,
        }
        self._unit.change(_ADD_JOURNEY, row)

    def take_journey(
        self, state: bytes, upstream_id: str, browser: bytes, now: datetime
    ) -> UpstreamJourney | None:
        """Return where a browser was going and forget it: one caller only gets it, and only this browser."""
        key = {"presented": state, "upstream": upstream_id, "of_browser": browser, "now": now}
        row = self._unit.row(_TAKE_JOURNEY, key)
        if row is None:
            return None
        return UpstreamJourney(
            state=row.state,
            upstream_id=row.upstream_id,
            pending_id=row.pending_id,
            browser=row.browser,
            started_at=row.started_at,
            expires_at=row.expires_at,
        )

    def account_of(self, upstream_id: str, subject: str) -> str | None:
        """Return the account of somebody whom an upstream knows, or None."""
        row = self._unit.row(_ACCOUNT_OF, {"upstream": upstream_id, "named": subject})
        return None if row is None else str(row.account_id)

    def knows_anybody(self, upstream_id: str) -> bool:
        """Whether an account is tied to anybody there."""
        return self._unit.row(_ANYBODY, {"upstream": upstream_id}) is not None

    def link(self, upstream_id: str, subject: str, account_id: str, now: datetime) -> bool:
        """Tie an account to somebody whom an upstream knows; false if somebody else just did.

        The account may be added later in the same transaction.
        """
        row = {"upstream_id": upstream_id, "subject": subject, "account_id": account_id, "created_at": now}
        return self._unit.row(_LINK, row) is not None

    def ties_of(self, account_id: str) -> Sequence[str]:
        """Return the ids of the upstreams that know the holder of an account, in ascending order."""
        return [str(row.upstream_id) for row in self._unit.rows(_TIES_OF, {"account": account_id})]

    def untie(self, upstream_id: str, account_id: str) -> None:
        """Forget that an upstream knows the holder of an account."""
        self._unit.change(_UNTIE, {"upstream": upstream_id, "account": account_id})

    def put_session(self, session: UpstreamSession, now: datetime) -> None:
        """Remember to what sign-in there a session here belongs, in place of an earlier one."""
        row = {
            "session_id": session.session_id,
            "upstream_id": session.upstream_id,
            "sub": session.sub,
            "sid": session.sid,
            "id_token": self._sealer.seal(session.id_token.encode(), _context(session.session_id)),
            "created_at": now,
        }
        self._unit.change(_PUT_SESSION, row)

    def session(self, session_id: str) -> UpstreamSession | None:
        """Return to what sign-in at an upstream a session belongs, or None."""
        row = self._unit.row(_SESSION, {"key": session_id})
        if row is None:
            return None
        return UpstreamSession(
            session_id=row.session_id,
            upstream_id=row.upstream_id,
            sub=row.sub,
            sid=row.sid,
            id_token=self._sealer.open(row.id_token, _context(row.session_id)).decode(),
        )

    def forget_session(self, session_id: str) -> None:
        """Forget to what sign-in at an upstream a session belongs."""
        self._unit.change(_FORGET_SESSION, {"key": session_id})

    def sessions_begun(self, upstream_id: str, account_id: str) -> Sequence[str]:
        """Return the sessions of an account that belong to one there, ended ones too while they are known."""
        key = {"upstream": upstream_id, "account": account_id}
        return [str(row.session_id) for row in self._unit.rows(_SESSIONS_BEGUN, key)]

    def sessions_of(self, upstream_id: str, sub: str | None, sid: str | None) -> Sequence[str]:
        """Return the sessions here that belong to a person there, to a session there, or to both."""
        named = {name: value for name, value in (("sub", sub), ("sid", sid)) if value is not None}
        if not named:
            return ()
        statement = _OF_BOTH if len(named) == 2 else _OF_SUB if "sub" in named else _OF_SID
        return [str(row.session_id) for row in self._unit.rows(statement, {"upstream": upstream_id, **named})]


def _context(session_id: str) -> bytes:
    return b"upstream id_token " + session_id.encode()
