"""Opaque access tokens; those that are JWTs are not kept."""

from sqlalchemy import bindparam, select

from sso.oidc.opaque_token import OpaqueToken
from sso.storage.tables import access_token
from sso.storage.unit_of_work import UnitOfWork

_GET = select(access_token).where(access_token.c.digest == bindparam("presented"))


class SqlAccessTokens:
    """`sso.oidc.grant_stores.AccessTokens` in SQL."""

    __slots__ = ("_unit",)

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    def add(self, token: OpaqueToken) -> None:
        """Remember a token."""
        row = {"digest": token.digest, "claims": dict(token.claims), "expires_at": token.expires_at}
        self._unit.collect(access_token, row)

    def get(self, digest: bytes) -> OpaqueToken | None:
        """Return a token, expired or not."""
        self._unit.flush()
        row = self._unit.row(_GET, {"presented": digest})
        return (
            None
            if row is None
            else OpaqueToken(digest=row.digest, claims=row.claims, expires_at=row.expires_at)
        )
