"""Values that may be seen once, and access tokens that were revoked before they expired."""

import hashlib
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.dialects import postgresql

from sso.storage.tables import denied_token, one_time_value
from sso.storage.unit_of_work import UnitOfWork

_SPEND = postgresql.insert(one_time_value).on_conflict_do_nothing().returning(one_time_value.c.digest)
_DENY = postgresql.insert(denied_token).on_conflict_do_nothing()
_DENIED = select(denied_token.c.jti).where(denied_token.c.jti == bindparam("asked"))


class SqlOneTimeValues:
    """`sso.oidc.stores.OneTimeValues` in SQL; a value is kept as a digest, so that its length is ours."""

    __slots__ = ("_unit",)

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    def spend(self, purpose: str, value: str, expires_at: datetime) -> bool:
        """Remember a value until it expires; false if it was seen before. One winner."""
        whole = f"{len(purpose)}:{purpose}{value}".encode("utf-8", "surrogatepass")
        row = {"digest": hashlib.sha256(whole).digest(), "expires_at": expires_at}
        return self._unit.row(_SPEND, row) is not None


class SqlDeniedTokens:
    """`sso.oidc.grant_stores.DeniedTokens` in SQL."""

    __slots__ = ("_unit",)

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    def add(self, jti: str, expires_at: datetime) -> None:
        """Deny a token until it expires; again changes nothing."""
        self._unit.change(_DENY, {"jti": jti, "expires_at": expires_at})

    def denied(self, jti: str) -> bool:
        """Whether a token is denied."""
        return self._unit.row(_DENIED, {"asked": jti}) is not None
