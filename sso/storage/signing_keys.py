"""Signing keys: the private half sealed, bound to its kid."""

from collections.abc import Sequence
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from sqlalchemy import Row, bindparam, delete, insert, select, update

from sso.oidc.keys import SigningKey
from sso.storage.errors import SealBroken
from sso.storage.sealing import Sealer
from sso.storage.tables import signing_key
from sso.storage.unit_of_work import UnitOfWork

_K = signing_key.c

_LOAD = select(signing_key).order_by(_K.created_at, _K.kid)
_ADD = insert(signing_key)
_SCHEDULE = (
    update(signing_key)
    .where(_K.kid == bindparam("key"))
    .values(
        active_from=bindparam("active_from"),
        retired_at=bindparam("retired_at"),
        published_until=bindparam("published_until"),
    )
)
_REMOVE = delete(signing_key).where(_K.kid == bindparam("key"))


class SqlSigningKeys:
    """Every signing key of the hub."""

    __slots__ = ("_sealer", "_unit")

    def __init__(self, unit: UnitOfWork, sealer: Sealer) -> None:
        self._unit = unit
        self._sealer = sealer

    def load(self) -> Sequence[SigningKey]:
        """Return every key, oldest first.

        Raises:
            SealBroken: the sealing key is not the one they were sealed with.
        """
        return [self._key(row) for row in self._unit.rows(_LOAD)]

    def add(self, key: SigningKey) -> None:
        """Remember a key."""
        der = key.private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        row = {
            "kid": key.kid,
            "alg": key.alg,
            "private": self._sealer.seal(der, key.kid.encode()),
            "public_jwk": dict(key.public_jwk),
            "created_at": key.created_at,
            "active_from": key.active_from,
            "retired_at": key.retired_at,
            "published_until": key.published_until,
        }
        self._unit.change(_ADD, row)

    def reschedule(self, key: SigningKey) -> bool:
        """Keep the `active_from`, `retired_at` and `published_until` of this value; false if unknown."""
        times = {
            "key": key.kid,
            "active_from": key.active_from,
            "retired_at": key.retired_at,
            "published_until": key.published_until,
        }
        return self._unit.change(_SCHEDULE, times) == 1

    def remove(self, kid: str) -> bool:
        """Forget a key; false if unknown."""
        return self._unit.change(_REMOVE, {"key": kid}) == 1

    def _key(self, row: Row[Any]) -> SigningKey:
        private = load_der_private_key(self._sealer.open(row.private, row.kid.encode()), None)
        if not isinstance(private, RSAPrivateKey | EllipticCurvePrivateKey):
            raise SealBroken(row.kid)
        return SigningKey(
            kid=row.kid,
            alg=row.alg,
            private=private,
            public_jwk=row.public_jwk,
            created_at=row.created_at,
            active_from=row.active_from,
            retired_at=row.retired_at,
            published_until=row.published_until,
        )
