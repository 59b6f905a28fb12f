"""Authorization requests that wait for a person."""

from datetime import datetime

from sqlalchemy import bindparam, delete, insert, select, update

from sso.oidc.pending import PendingAuthorization
from sso.storage.tables import pending_authorization
from sso.storage.unit_of_work import UnitOfWork

_P = pending_authorization.c
_this = _P.id == bindparam("key")

_ADD = insert(pending_authorization)
_GET = select(pending_authorization).where(
    _this, _P.browser == bindparam("of_browser"), _P.expires_at > bindparam("now")
)
_MARK_CONSENTED = (
    update(pending_authorization)
    .where(_this)
    .values(consented_at=bindparam("now"), consented_by=bindparam("by_account"))
)
_MARK_SELECTED = update(pending_authorization).where(_this).values(account_selected_at=bindparam("now"))
_MARK_OFFERED = update(pending_authorization).where(_this).values(creation_offered_at=bindparam("now"))
_REMOVE = delete(pending_authorization).where(_this)


class SqlPendingAuthorizations:
    """`sso.oidc.stores.PendingAuthorizations` in SQL."""

    __slots__ = ("_unit",)

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    def add(self, pending: PendingAuthorization) -> None:
        """Remember a request."""
        row = {
            "id": pending.id,
            "browser": pending.browser,
            "client_id": pending.client_id,
            "params": dict(pending.params),
            "asked_at": pending.asked_at,
            "expires_at": pending.expires_at,
            "consented_at": pending.consented_at,
            "consented_by": pending.consented_by,
            "account_selected_at": pending.account_selected_at,
            "creation_offered_at": pending.creation_offered_at,
            "pushed": pending.pushed,
        }
        self._unit.change(_ADD, row)

    def get(self, pending_id: str, browser: bytes, now: datetime) -> PendingAuthorization | None:
        """Return a request of this browser that has not expired."""
        row = self._unit.row(_GET, {"key": pending_id, "of_browser": browser, "now": now})
        if row is None:
            return None
        return PendingAuthorization(
            id=row.id,
            browser=row.browser,
            client_id=row.client_id,
            params=row.params,
            asked_at=row.asked_at,
            expires_at=row.expires_at,
            consented_at=row.consented_at,
            consented_by=row.consented_by,
            account_selected_at=row.account_selected_at,
            creation_offered_at=row.creation_offered_at,
            pushed=row.pushed,
        )

    def mark_consented(self, pending_id: str, account_id: str, now: datetime) -> None:
        """Note that the person answered the consent page for this request, as one of their accounts."""
        self._unit.change(_MARK_CONSENTED, {"key": pending_id, "by_account": account_id, "now": now})

    def mark_account_selected(self, pending_id: str, now: datetime) -> None:
        """Note that the person chose an account for this request."""
        self._unit.change(_MARK_SELECTED, {"key": pending_id, "now": now})

    def mark_creation_offered(self, pending_id: str, now: datetime) -> None:
        """Note that the person was sent to make an account for this request."""
        self._unit.change(_MARK_OFFERED, {"key": pending_id, "now": now})

    def remove(self, pending_id: str) -> bool:
        """Forget a finished request; true for one caller only."""
        return self._unit.change(_REMOVE, {"key": pending_id}) == 1
