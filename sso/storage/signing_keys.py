"""Signing keys: what finds the private half again is sealed, bound to its kid."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, or_, select, update
from sqlalchemy.dialects import postgresql

from sso.oidc.jose import KeySetInvalid, public_jwk
from sso.oidc.keys import PrivateKeys, Signer, SigningKey
from sso.storage.errors import SealBroken
from sso.storage.sealing import Sealer
from sso.storage.tables import signing_key
from sso.storage.unit_of_work import UnitOfWork

_K = signing_key.c
_OF_KEY = _K.kid == bindparam("key")
_END: dict[str, Any] = {
    "retired_at": bindparam("retired_at"),
    "published_until": bindparam("published_until"),
}

_LOAD = select(signing_key).order_by(_K.created_at, _K.kid)
_ADD = postgresql.insert(signing_key).on_conflict_do_nothing().returning(_K.kid)
_RETIRE = update(signing_key).where(_OF_KEY, _K.retired_at.is_(None)).values(_END)
_HASTEN = update(signing_key).where(_OF_KEY, _K.retired_at > bindparam("retired_at")).values(_END)
_BEGIN = (
    update(signing_key)
    .where(_OF_KEY, _K.active_from > bindparam("at"), _K.revoked_at.is_(None))
    .values(active_from=bindparam("at"))
)
_ACTIVATE = (
    update(signing_key)
    .where(_OF_KEY, _K.active_from <= bindparam("now"), _K.activated_at.is_(None), _K.revoked_at.is_(None))
    .values(activated_at=bindparam("now"))
)
_REVOKE = (
    update(signing_key)
    .where(_OF_KEY, _K.revoked_at.is_(None))
    .values(revoked_at=bindparam("now"), published_until=bindparam("now"))
)
_END_OF_REVOKED = (
    update(signing_key)
    .where(_OF_KEY, or_(_K.retired_at.is_(None), _K.retired_at > bindparam("now")))
    .values(retired_at=bindparam("now"))
)
_ERASE = update(signing_key).where(_OF_KEY).values(private=bindparam("sealed"))


_RowKey = tuple[str, str, bytes, str]


class SignersInMemory:
    """The signers of one process, by all that their rows say: a private key is dear to read."""

    __slots__ = ("by_row", "private_keys")

    def __init__(self, private_keys: PrivateKeys) -> None:
        self.private_keys = private_keys
        self.by_row: dict[_RowKey, Signer] = {}


class SqlSigningKeys:
    """Every signing key of the hub."""

    __slots__ = ("_sealer", "_signers", "_unit")

    def __init__(self, unit: UnitOfWork, sealer: Sealer, signers: SignersInMemory) -> None:
        self._unit = unit
        self._sealer = sealer
        self._signers = signers

    def load(self) -> Sequence[SigningKey]:
        """Return every key, oldest first.

        Raises:
            SealBroken: the sealing key is not the one they were sealed with, or a row was tampered with.
        """
        rows = self._unit.rows(_LOAD)
        keys = [self._key(row) for row in rows]
        self._signers.by_row = {_row_key(row): key.signer for row, key in zip(rows, keys, strict=True)}
        return keys

    def add(self, key: SigningKey) -> bool:
        """Remember a key; false if its algorithm has another one without an end."""
        row = {
            "kid": key.kid,
            "alg": key.alg,
            "private": self._sealer.seal(key.signer.preserved, key.kid.encode()),
            "public_jwk": dict(key.public_jwk),
            "created_at": key.created_at,
            "active_from": key.active_from,
            "retired_at": key.retired_at,
            "published_until": key.published_until,
            "activated_at": key.activated_at,
            "revoked_at": key.revoked_at,
        }
        return self._unit.row(_ADD, row) is not None

    def retire(self, kid: str, at: datetime, published_until: datetime) -> bool:
        """Give a key its end; false if it has one."""
        return self._unit.change(_RETIRE, _ending(kid, at, published_until)) == 1

    def hasten(self, kid: str, at: datetime, published_until: datetime) -> bool:
        """Move the end of a key forward; false if it is not later than this."""
        return self._unit.change(_HASTEN, _ending(kid, at, published_until)) == 1

    def begin(self, kid: str, at: datetime) -> bool:
        """Let a waiting key sign from a time that is earlier than its own; false if it is not."""
        return self._unit.change(_BEGIN, {"key": kid, "at": at}) == 1

    def activate(self, kid: str, now: datetime) -> bool:
        """Note that a key has taken over; true once, when it has."""
        return self._unit.change(_ACTIVATE, {"key": kid, "now": now}) == 1

    def revoke(self, kid: str, now: datetime) -> bool:
        """End a key at once and for everything; false if it is unknown or revoked."""
        revoked = self._unit.change(_REVOKE, {"key": kid, "now": now}) == 1
        if revoked:
            self._unit.change(_END_OF_REVOKED, {"key": kid, "now": now})
        return revoked

    def erase(self, kid: str) -> bool:
        """Forget the private half of a key, which verifies on; false if the key is unknown."""
        sealed = self._sealer.seal(b"", kid.encode())
        return self._unit.change(_ERASE, {"key": kid, "sealed": sealed}) == 1

    def _key(self, row: Row[Any]) -> SigningKey:
        return SigningKey(
            kid=row.kid,
            alg=row.alg,
            signer=self._signers.by_row.get(_row_key(row)) or self._opened(row),
            public_jwk=row.public_jwk,
            created_at=row.created_at,
            active_from=row.active_from,
            retired_at=row.retired_at,
            published_until=row.published_until,
            activated_at=row.activated_at,
            revoked_at=row.revoked_at,
        )

    def _opened(self, row: Row[Any]) -> Signer:
        """Open the seal, and prove that the public half in the row is the key's own."""
        preserved = self._sealer.open(row.private, row.kid.encode())
        try:
            signer = self._signers.private_keys.open(row.alg, preserved, row.public_jwk)
            own = public_jwk(signer.public_key, row.alg)
        except (KeySetInvalid, ValueError) as error:
            raise SealBroken(row.kid) from error
        if own != row.public_jwk or own["kid"] != row.kid:
            raise SealBroken(row.kid)
        return signer


def _row_key(row: Row[Any]) -> _RowKey:
    return row.kid, row.alg, row.private, json.dumps(row.public_jwk, sort_keys=True)


def _ending(kid: str, at: datetime, published_until: datetime) -> dict[str, object]:
    return {"key": kid, "retired_at": at, "published_until": published_until}
