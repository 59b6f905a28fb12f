"""Signing keys: which sign now, which are published, and the rotation between them.

A key is published before it signs (`active_from`) and stays published after it has retired
(`published_until`), so that no relying party ever meets an unknown `kid`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from sso.audit.record import JsonValue

SIGNING_ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
"""Algorithms that we sign with (RFC 7518 3.1, RFC 8037 3.1)."""
ACTIVE_ALGORITHMS = ("RS256", "ES256")
"""Those of them that a key is kept of, unless the configuration says otherwise."""

PrivateKey = RSAPrivateKey | EllipticCurvePrivateKey | Ed25519PrivateKey
PublicKey = RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey


class NoSigningKey(Exception):
    """No key of this algorithm is active: nothing may be issued."""


class SignerUnavailable(Exception):
    """The private half of a key cannot be used now: nothing may be issued; the text is private."""


class Signer(Protocol):
    """One private key, wherever it is kept: it signs bytes and knows its public half."""

    @property
    def public_key(self) -> PublicKey:
        """The public half, to verify with."""
        ...

    @property
    def preserved(self) -> bytes:
        """What finds this key again: its PKCS #8 DER, or the address of a key that nobody can take out.

        It is sealed before it is stored.
        """
        ...

    def sign(self, message: bytes) -> bytes:
        """Return the signature as JWS carries it (RFC 7518 3).

        Raises:
            SignerUnavailable: the key cannot be reached.
        """
        ...


class PrivateKeys(Protocol):
    """Where private keys are made, found again and destroyed."""

    def make(self, alg: str) -> Signer:
        """Make a private key.

        Raises:
            SignerUnavailable: the place cannot be reached.
        """
        ...

    def open(self, alg: str, preserved: bytes, jwk: Mapping[str, JsonValue]) -> Signer:
        """Return the signer of what was preserved; of empty bytes, one that only verifies.

        Raises:
            ValueError: nothing that could be opened.
        """
        ...

    def destroy(self, preserved: bytes) -> None:
        """Destroy a private key that will never sign again, where it lives outside of the database.

        Raises:
            SignerUnavailable: the place cannot be reached.
        """
        ...

    def close(self) -> None:
        """Close what is open to the place."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """A key pair; `kid` is the RFC 7638 thumbprint, `public_jwk` has kid, alg and use.

    `activated_at` is when its taking over was recorded. A key with `revoked_at` neither signs nor
    verifies, and is not published.
    """

    kid: str
    alg: str
    signer: Signer = field(repr=False)
    public_jwk: Mapping[str, JsonValue]
    created_at: datetime
    active_from: datetime
    retired_at: datetime | None = None
    published_until: datetime | None = None
    activated_at: datetime | None = None
    revoked_at: datetime | None = None

    def signs(self, now: datetime) -> bool:
        """Whether the key is active."""
        begun = self.active_from <= now and self.revoked_at is None
        return begun and (self.retired_at is None or now < self.retired_at)

    def waits(self, now: datetime) -> bool:
        """Whether the key is published and does not sign yet."""
        return now < self.active_from and self.revoked_at is None

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
        """Return the key of a kid, retired ones included and revoked ones not, or None."""
        return next((key for key in self.keys if key.kid == kid and key.revoked_at is None), None)

    def jwks(self, now: datetime) -> dict[str, JsonValue]:
        """Return the public JWK set (RFC 7517 5)."""
        return {"keys": [dict(key.public_jwk) for key in self.keys if key.is_published(now)]}

    def algorithms(self, now: datetime) -> tuple[str, ...]:
        """Return the algorithms that can be signed with now."""
        return tuple(
            alg for alg in SIGNING_ALGORITHMS if any(k.alg == alg and k.signs(now) for k in self.keys)
        )
