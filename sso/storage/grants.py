"""Grants and authorization codes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Update, bindparam, or_, select, update

from sso.oidc.claims import ClaimsRequest
from sso.oidc.confirmation import Confirmation
from sso.oidc.grant import AuthorizationCode, Grant
from sso.storage.columns import UtcDateTime
from sso.storage.gates import Gate
from sso.storage.subjects import remember_subject, with_subject
from sso.storage.tables import authorization_code, grant, grant_origin
from sso.storage.unit_of_work import UnitOfWork

_GRANT = grant
_G, _C, _O = grant.c, authorization_code.c, grant_origin.c
_NOTHING_ASKED = ClaimsRequest()
_NOTHING_ASKED_TEXT = str(_NOTHING_ASKED)


@dataclass(frozen=True, slots=True)
class _Revocation:
    """What ends some grants, and what then ends everything that others got in exchange for them."""

    own: Update
    descended: Update


def _revocation(meant: Callable[[Any], tuple[ColumnElement[bool], ...]]) -> _Revocation:
    """Each is one UPDATE that returns what it revoked: two callers never both revoke a grant."""
    now = bindparam("now", type_=UtcDateTime())
    origin = grant.alias("origin")
    from_origin = select(_O.grant_id.label("id")).join(origin, origin.c.id == _O.origin_id)
    tree = from_origin.where(origin.c.revoked_at == now, *meant(origin.c)).cte("descended", recursive=True)
    tree = tree.union(select(_O.grant_id).join(tree, _O.origin_id == tree.c.id))
    in_force = update(grant).where(_G.revoked_at.is_(None)).values(revoked_at=now).returning(_G.id)
    return _Revocation(in_force.where(*meant(_G)), in_force.where(_G.id.in_(select(tree.c.id))))


_GET = with_subject(select(grant).where(_G.id == bindparam("key")))
_BIND = update(grant).where(_G.id == bindparam("key")).values(confirmation=bindparam("cnf"))
_REVOKE = _revocation(lambda g: (g.id == bindparam("key"),))
_REVOKE_OF_SESSION = _revocation(lambda g: (g.session_id == bindparam("key"),))
_REVOKE_ONLINE_OF_SESSION = _revocation(lambda g: (g.session_id == bindparam("key"), g.offline.is_(False)))
_REVOKE_OF_ACCOUNT = _revocation(lambda g: (g.account_id == bindparam("key"),))
_REVOKE_ELSEWHERE = _revocation(
    lambda g: (
        g.account_id == bindparam("key"),
        or_(g.session_id.is_(None), g.session_id != bindparam("kept")),
    )
)
_REVOKE_OF_CLIENT = _revocation(lambda g: (g.client_id == bindparam("key"),))

_HOLD = select(_G.id).where(_G.id == bindparam("key"), _G.revoked_at.is_(None)).with_for_update(read=True)
_OF_SESSION = with_subject(
    select(grant)
    .where(_G.session_id == bindparam("of"), _G.client_id == bindparam("for"), _G.revoked_at.is_(None))
    .order_by(_G.created_at.desc(), _G.id)
    .limit(1)
)

_GET_CODE = with_subject(
    select(
        _C.digest,
        _C.redirect_uri,
        _C.code_challenge,
        _C.expires_at,
        _C.redeemed_at,
        _C.dpop_jkt,
        *grant.c,
    )
    .join(grant, _G.id == _C.grant_id)
    .where(_C.digest == bindparam("presented"))
)
_REDEEM = Gate(authorization_code, key="digest", open_while="redeemed_at", values=("redeemed_at",))


class SqlGrants:
    """`sso.oidc.grant_stores.Grants` in SQL."""

    __slots__ = ("_unit",)

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    def add(self, grant: Grant, origins: Sequence[str] = ()) -> None:
        """Remember a grant that comes without a code; it is revoked with any of its origins."""
        self._unit.collect(_GRANT, _grant_row(grant))
        for origin_id in origins:
            self._unit.collect(grant_origin, {"grant_id": grant.id, "origin_id": origin_id})

    def hold(self, grant_ids: Sequence[str]) -> bool:
        """Let nobody revoke these before the transaction ends; false if one is revoked or gone."""
        self._unit.flush()
        return all(self._unit.row(_HOLD, {"key": grant_id}) is not None for grant_id in grant_ids)

    def of_session(self, session_id: str, client_id: str) -> Grant | None:
        """Return the newest grant of a session for a client that is in force, or None."""
        self._unit.flush()
        row = self._unit.row(_OF_SESSION, {"of": session_id, "for": client_id})
        if row is None:
            return None
        remember_subject(self._unit, row)
        return grant_of(row)

    def get(self, grant_id: str) -> Grant | None:
        """Return a grant, revoked or not."""
        self._unit.flush()
        row = self._unit.row(_GET, {"key": grant_id})
        if row is None:
            return None
        remember_subject(self._unit, row)
        return grant_of(row)

    def bind(self, grant_id: str, confirmation: Confirmation) -> None:
        """Bind the refresh tokens of a grant to a key."""
        self._unit.flush()
        self._unit.change(_BIND, {"key": grant_id, "cnf": confirmation.as_json()})

    def revoke(self, grant_id: str, now: datetime) -> bool:
        """Revoke a grant and so every token of it; true if it was not revoked before."""
        return bool(self._revoke(_REVOKE, grant_id, now))

    def revoke_of_session(self, session_id: str, *, keep_offline: bool, now: datetime) -> Sequence[str]:
        """Revoke the grants of a session and return their ids; offline ones may be kept."""
        revocation = _REVOKE_ONLINE_OF_SESSION if keep_offline else _REVOKE_OF_SESSION
        return self._revoke(revocation, session_id, now)

    def revoke_of_account(self, account_id: str, now: datetime) -> Sequence[str]:
        """Revoke every grant of an account and return their ids: those in force until now."""
        return self._revoke(_REVOKE_OF_ACCOUNT, account_id, now)

    def revoke_elsewhere(self, account_id: str, kept_session_id: str, now: datetime) -> Sequence[str]:
        """Revoke every grant of an account that was not given in one session, and return their ids."""
        return self._revoke(_REVOKE_ELSEWHERE, account_id, now, kept=kept_session_id)

    def revoke_of_client(self, client_id: str, now: datetime) -> Sequence[str]:
        """Revoke every grant of a client and return their ids: those in force until now."""
        return self._revoke(_REVOKE_OF_CLIENT, client_id, now)

    def _revoke(self, revocation: _Revocation, key: str, now: datetime, **more: str) -> list[str]:
        """Return what was revoked first; what others got in exchange for it is revoked after it.

        One statement after the other, until nothing is left: each waits for whoever holds a grant to exchange
        it, and the next one sees what they got.
        """
        self._unit.flush()
        found = {"key": key, "now": now, **more}
        revoked = [row.id for row in self._unit.rows(revocation.own, found)]
        while revoked and self._unit.rows(revocation.descended, found):
            pass
        return revoked


class SqlCodes:
    """`sso.oidc.grant_stores.Codes` in SQL."""

    __slots__ = ("_unit",)

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    def add(self, code: AuthorizationCode) -> None:
        """Remember a code together with its grant."""
        self._unit.collect(_GRANT, _grant_row(code.grant))
        row = {
            "digest": code.digest,
            "grant_id": code.grant.id,
            "redirect_uri": code.redirect_uri,
            "code_challenge": code.code_challenge,
            "expires_at": code.expires_at,
            "redeemed_at": code.redeemed_at,
            "dpop_jkt": code.dpop_jkt,
        }
        self._unit.collect(authorization_code, row)

    def get(self, digest: bytes) -> AuthorizationCode | None:
        """Return a code, redeemed or not."""
        self._unit.flush()
        row = self._unit.row(_GET_CODE, {"presented": digest})
        if row is None:
            return None
        remember_subject(self._unit, row)
        return AuthorizationCode(
            digest=row.digest,
            grant=grant_of(row),
            redirect_uri=row.redirect_uri,
            code_challenge=row.code_challenge,
            expires_at=row.expires_at,
            redeemed_at=row.redeemed_at,
            dpop_jkt=row.dpop_jkt,
        )

    def redeem(self, digest: bytes, now: datetime) -> bool:
        """Mark a code used; true for one caller only."""
        return self._unit.wins(_REDEEM, {"digest": digest, "redeemed_at": now})


def grant_of(row: Row[Any]) -> Grant:
    """Return the grant that a row of any join with `grant` holds."""
    asked = row.claims
    confirmation = row.confirmation
    return Grant(
        id=row.id,
        client_id=row.client_id,
        account_id=row.account_id,
        sub=row.sub,
        session_id=row.session_id or None,
        scope=frozenset(row.scope.split()),
        claims=_NOTHING_ASKED if asked == _NOTHING_ASKED_TEXT else ClaimsRequest.parse(asked),
        nonce=row.nonce,
        auth_time=row.auth_time,
        acr=row.acr,
        amr=tuple(row.amr.split()),
        offline=row.offline,
        created_at=row.created_at,
        revoked_at=row.revoked_at,
        resource=tuple((row.resource or "").split()),
        authorization_details=tuple(row.authorization_details or ()),
        confirmation=None if confirmation is None else Confirmation.of_json(confirmation),
        act=row.act,
        ends_at=row.ends_at,
    )


def _grant_row(given: Grant) -> dict[str, Any]:
    return {
        "id": given.id,
        "client_id": given.client_id,
        "account_id": given.account_id,
        "sub": given.sub,
        "session_id": given.session_id or "",
        "scope": " ".join(sorted(given.scope)),
        "claims": str(given.claims),
        "nonce": given.nonce,
        "auth_time": given.auth_time,
        "acr": given.acr,
        "amr": " ".join(given.amr),
        "offline": given.offline,
        "created_at": given.created_at,
        "revoked_at": given.revoked_at,
        "resource": " ".join(given.resource) or None,
        "authorization_details": [dict(detail) for detail in given.authorization_details] or None,
        "confirmation": None if given.confirmation is None else given.confirmation.as_json(),
        "act": None if given.act is None else dict(given.act),
        "ends_at": given.ends_at,
    }
