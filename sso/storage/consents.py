"""What people allowed."""

from datetime import datetime

from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects import postgresql

from sso.oidc.consent import Consent
from sso.storage.tables import consent
from sso.storage.unit_of_work import UnitOfWork

_C = consent.c

_CHANGED = ("scope", "claims", "granted_at", "expires_at", "authorization_details")

_GET = select(consent).where(
    _C.account_id == bindparam("of_account"),
    _C.client_id == bindparam("for_client"),
    _C.expires_at > bindparam("now"),
)
_FORGET_CLIENT = delete(consent).where(_C.client_id == bindparam("for_client"))
_insert = postgresql.insert(consent)
_PUT = _insert.on_conflict_do_update(
    index_elements=[_C.account_id, _C.client_id],
    set_={name: _insert.excluded[name] for name in _CHANGED},
)


class SqlConsents:
    """`sso.oidc.stores.Consents` in SQL."""

    __slots__ = ("_unit",)

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    def get(self, account_id: str, client_id: str, now: datetime) -> Consent | None:
        """Return a consent that has not expired."""
        row = self._unit.row(_GET, {"of_account": account_id, "for_client": client_id, "now": now})
        if row is None:
            return None
        return Consent(
            account_id=row.account_id,
            client_id=row.client_id,
            scope=frozenset(row.scope.split()),
            claims=frozenset(row.claims.split()),
            granted_at=row.granted_at,
            expires_at=row.expires_at,
            authorization_details=tuple(row.authorization_details or ()),
        )

    def forget_client(self, client_id: str) -> None:
        """Forget what anybody allowed a client: everyone is asked anew."""
        self._unit.change(_FORGET_CLIENT, {"for_client": client_id})

    def put(self, consent: Consent) -> None:
        """Remember a consent in place of an earlier one."""
        row = {
            "account_id": consent.account_id,
            "client_id": consent.client_id,
            "scope": " ".join(sorted(consent.scope)),
            "claims": " ".join(sorted(consent.claims)),
            "granted_at": consent.granted_at,
            "expires_at": consent.expires_at,
            "authorization_details": [dict(each) for each in consent.authorization_details] or None,
        }
        self._unit.change(_PUT, row)
