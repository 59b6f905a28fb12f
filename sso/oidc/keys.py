"""Signing keys: which sign now, which are published, and the rotation between them.

A key is published before it signs (`active_from`) and stays published after it has retired
(`published_until`), so that no relying party ever meets an unknown `kid`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from sso.audit.record import JsonValue

SIGNING_ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
"""Algorithms that we sign with (RFC 7518 3.1, RFC 8037 3.1)."""
ACTIVE_ALGORITHMS = ("RS256", "ES256")
"""Those for which a key is made."""

PrivateKey = RSAPrivateKey | EllipticCurvePrivateKey | Ed25519PrivateKey


class NoSigningKey(Exception):
    """No key of this algorithm is active: nothing may be issued."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """A key pair in memory; `kid` is the RFC 7638 thumbprint, `public_jwk` has kid, alg and use."""

    kid: str
    alg: str
    private: PrivateKey = field(repr=False)
    public_jwk: Mapping[str, JsonValue]
    created_at: datetime
    active_from: datetime
    retired_at: datetime | None = None
    published_until: datetime | None = None

    def signs(self, now: datetime) -> bool:
        """Whether the key is active."""
        return self.active_from <= now and (self.retired_at is None or now < self.retired_at)

    def is_published(self, now: datetime) -> bool:
        """Whether relying parties still need to know the key."""
        return self.published_until is None or now < self.published_until


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Every key that signs, will sign, or has signed what may still be verified."""

    keys: Sequence[SigningKey]

    def signing(self, alg: str, now: datetime) -> SigningKey:
        """Return the newest active key of an algorithm.

        Raises:
            NoSigningKey: there is none.
        """
        active = [key for key in self.keys if key.alg == alg and key.signs(now)]
        if not active:
            raise NoSigningKey(alg)
        return max(active, key=lambda key: key.active_from)

    def find(self, kid: str) -> SigningKey | None:
        """Return the key of a kid, retired ones included, or None."""
        return next((key for key in self.keys if key.kid == kid), None)

    def jwks(self, now: datetime) -> dict[str, JsonValue]:
        """Return the public JWK set (RFC 7517 5)."""
        return {"keys": [dict(key.public_jwk) for key in self.keys if key.is_published(now)]}

    def algorithms(self, now: datetime) -> Iterable[str]:
        """Return the algorithms that can be signed with now."""
        return tuple(
            alg for alg in SIGNING_ALGORITHMS if any(k.alg == alg and k.signs(now) for k in self.keys)
        )
