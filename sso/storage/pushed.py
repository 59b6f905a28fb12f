"""Authorization requests that their clients sent ahead."""

from sqlalchemy import bindparam, delete, insert, select

from sso.oidc.pushed import PushedAuthorization
from sso.storage.tables import pushed_authorization
from sso.storage.unit_of_work import UnitOfWork

_this = pushed_authorization.c.digest == bindparam("presented")

_ADD = insert(pushed_authorization)
_GET = select(pushed_authorization).where(_this)
_SPEND = delete(pushed_authorization).where(_this)


class SqlPushedAuthorizations:
    """`sso.oidc.stores.PushedAuthorizations` in SQL."""

    __slots__ = ("_unit",)

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    def add(self, pushed: PushedAuthorization) -> None:
        """Remember a request."""
        row = {
            "digest": pushed.digest,
            "client_id": pushed.client_id,
            "params": dict(pushed.params),
            "expires_at": pushed.expires_at,
            "kept_until": pushed.kept_until,
        }
        self._unit.change(_ADD, row)

    def get(self, digest: bytes) -> PushedAuthorization | None:
        """Return a request that has not been answered; its times are the caller's to check."""
        row = self._unit.row(_GET, {"presented": digest})
        if row is None:
            return None
        return PushedAuthorization(
            digest=row.digest,
            client_id=row.client_id,
            params=row.params,
            expires_at=row.expires_at,
            kept_until=row.kept_until,
        )

    def spend(self, digest: bytes) -> bool:
        """Forget a request that is being answered; true for one caller only."""
        return self._unit.change(_SPEND, {"presented": digest}) == 1
