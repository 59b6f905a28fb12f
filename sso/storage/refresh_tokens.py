"""Families of refresh tokens."""

from datetime import datetime

from sqlalchemy import bindparam, select

from sso.oidc.grant import RefreshToken
from sso.storage.gates import Gate
from sso.storage.grants import grant_of
from sso.storage.subjects import remember_subject, with_subject
from sso.storage.tables import grant, refresh_token
from sso.storage.unit_of_work import UnitOfWork

_T = refresh_token.c

_GET = with_subject(
    select(_T.digest, _T.generation, _T.expires_at, _T.used_at, _T.successor, *grant.c)
    .join(grant, grant.c.id == _T.grant_id)
    .where(_T.digest == bindparam("presented"))
)
_USE = Gate(refresh_token, key="digest", open_while="used_at", values=("used_at", "successor"))


class SqlRefreshTokens:
    """`sso.oidc.grant_stores.RefreshTokens` in SQL."""

    __slots__ = ("_unit",)

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    def add(self, token: RefreshToken) -> None:
        """Remember a token."""
        row = {
            "digest": token.digest,
            "grant_id": token.grant.id,
            "generation": token.generation,
            "expires_at": token.expires_at,
            "used_at": token.used_at,
            "successor": token.successor,
        }
        self._unit.collect(refresh_token, row)

    def get(self, digest: bytes) -> RefreshToken | None:
        """Return a token, used or not, with its grant."""
        self._unit.flush()
        row = self._unit.row(_GET, {"presented": digest})
        if row is None:
            return None
        remember_subject(self._unit, row)
        return RefreshToken(
            digest=row.digest,
            grant=grant_of(row),
            generation=row.generation,
            expires_at=row.expires_at,
            used_at=row.used_at,
            successor=row.successor,
        )

    def use(self, digest: bytes, successor: bytes, now: datetime) -> bool:
        """Mark a token used and keep its sealed successor; true for one caller only."""
        return self._unit.wins(_USE, {"digest": digest, "used_at": now, "successor": successor})
