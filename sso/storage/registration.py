"""The tokens with which applications register themselves and manage their registration."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, case, delete, func, insert, or_, select, update

from sso.oidc.self_registration.access import InitialAccessToken
from sso.storage.columns import UtcDateTime
from sso.storage.tables import initial_access_token, registration_access_token
from sso.storage.unit_of_work import UnitOfWork

_I, _R = initial_access_token.c, registration_access_token.c

_ADD = insert(initial_access_token)
_GET = select(initial_access_token).where(_I.digest == bindparam("presented"))
_LIST = select(initial_access_token).order_by(_I.expires_at, _I.id).limit(bindparam("size"))
_USE = (
    update(initial_access_token)
    .where(
        _I.digest == bindparam("presented"),
        _I.revoked_at.is_(None),
        _I.expires_at > bindparam("now", type_=UtcDateTime()),
        or_(_I.uses_left.is_(None), _I.uses_left > 0),
    )
    .values(uses_left=_I.uses_left - 1)
)
_REVOKE = (
    update(initial_access_token)
    .where(_I.id == bindparam("key"), _I.revoked_at.is_(None))
    .values(revoked_at=bindparam("now"))
)

_ADD_ACCESS = insert(registration_access_token)
_mine = _R.client_id == bindparam("key")
_presented = or_(_R.digest == bindparam("presented"), _R.previous == bindparam("presented"))
_ACCEPTS = select(_R.client_id).where(_mine, _presented)
_SETTLE = (
    update(registration_access_token)
    .where(_mine, _R.digest == bindparam("presented"), _R.previous.is_not(None))
    .values(previous=None)
)
_ROTATE = (
    update(registration_access_token)
    .where(_mine, _presented)
    .values(
        previous=case((_R.digest == bindparam("presented"), _R.digest), else_=_R.previous),
        digest=bindparam("successor"),
        rotated_at=bindparam("now"),
    )
)
_REMOVE_ACCESS = delete(registration_access_token).where(_mine)
_SOME = select(_R.client_id).limit(bindparam("most")).subquery()
_COUNT = select(func.count()).select_from(_SOME)


class SqlInitialAccessTokens:
    """`sso.oidc.self_registration.stores.InitialAccessTokens` in SQL, and what operators do with them."""

    __slots__ = ("_unit",)

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    def add(self, token: InitialAccessToken) -> None:
        """Remember a token."""
        row = {
            "id": token.id,
            "digest": token.digest,
            "label": token.label,
            "metadata": dict(token.metadata),
            "uses_left": token.uses_left,
            "created_at": token.created_at,
            "expires_at": token.expires_at,
            "revoked_at": token.revoked_at,
        }
        self._unit.change(_ADD, row)

    def get(self, digest: bytes) -> InitialAccessToken | None:
        """Return a token, whether it works or not."""
        row = self._unit.row(_GET, {"presented": digest})
        return None if row is None else _token(row)

    def use(self, digest: bytes, now: datetime) -> bool:
        """Spend one use of a token; false if it does not work any more. Never more uses than it has."""
        return self._unit.change(_USE, {"presented": digest, "now": now}) == 1

    def list_tokens(self, *, limit: int = 1000) -> Sequence[InitialAccessToken]:
        """Return the tokens that are not forgotten yet, the first to expire first."""
        return [_token(row) for row in self._unit.rows(_LIST, {"size": limit})]

    def revoke(self, token_id: str, now: datetime) -> bool:
        """Revoke a token; false if it is unknown or was revoked before."""
        return self._unit.change(_REVOKE, {"key": token_id, "now": now}) == 1


class SqlRegistrationAccess:
    """`sso.oidc.self_registration.stores.RegistrationAccess` in SQL."""

    __slots__ = ("_unit",)

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    def add(self, client_id: str, digest: bytes, now: datetime) -> None:
        """Remember the token of a client that has none."""
        self._unit.change(_ADD_ACCESS, {"client_id": client_id, "digest": digest, "rotated_at": now})

    def accepts(self, client_id: str, digest: bytes) -> bool:
        """Whether this is the client's token, or the one before while its successor was never shown."""
        return self._unit.row(_ACCEPTS, {"key": client_id, "presented": digest}) is not None

    def settle(self, client_id: str, digest: bytes) -> None:
        """Forget the token before: this one, its successor, has arrived."""
        self._unit.change(_SETTLE, {"key": client_id, "presented": digest})

    def rotate(self, client_id: str, digest: bytes, successor: bytes, now: datetime) -> bool:
        """Give a client another token in place of the one presented; false if that is not its token."""
        values = {"key": client_id, "presented": digest, "successor": successor, "now": now}
        return self._unit.change(_ROTATE, values) == 1

    def remove(self, client_id: str) -> bool:
        """Take a client's token away; false if it has none."""
        return self._unit.change(_REMOVE_ACCESS, {"key": client_id}) == 1

    def count(self, *, limit: int) -> int:
        """Return how many clients manage themselves, counted up to a limit."""
        row = self._unit.row(_COUNT, {"most": limit})
        return 0 if row is None else int(row[0])


def _token(row: Row[Any]) -> InitialAccessToken:
    return InitialAccessToken(
        id=row.id,
        digest=row.digest,
        label=row.label,
        metadata=row.metadata,
        uses_left=row.uses_left,
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
    )
