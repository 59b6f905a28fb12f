"""The default: private keys in this process's memory, kept sealed in the database."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import cast

import jwt

from sso.audit.record import JsonValue
from sso.oidc.jose.jwk import (
    generate_private_key,
    private_key_from_der,
    private_key_to_der,
    verification_key,
)
from sso.oidc.keys import PrivateKey, PublicKey, Signer, SignerUnavailable

_ALGORITHMS = jwt.algorithms.get_default_algorithms()


@dataclass(frozen=True, slots=True)
class MemorySigner:
    """A private key object and the algorithm it signs with (RFC 7518 3, RFC 8037 3.1)."""

    alg: str
    private: PrivateKey = field(repr=False)
    public_key: PublicKey = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "public_key", self.private.public_key())

    @property
    def preserved(self) -> bytes:
        """PKCS 8 DER, unencrypted: the caller seals it."""
        return private_key_to_der(self.private)

    def sign(self, message: bytes) -> bytes:
        """Return the signature as JWS carries it."""
        signs = cast("Callable[[bytes, PrivateKey], bytes]", _ALGORITHMS[self.alg].sign)
        return signs(message, self.private)


@dataclass(frozen=True, slots=True)
class PublicHalf:
    """A key whose private half is gone or out of reach: it verifies, and `reason` says why it cannot sign."""

    public_key: PublicKey
    preserved: bytes = field(repr=False)
    reason: str

    def sign(self, message: bytes) -> bytes:
        """Refuse."""
        raise SignerUnavailable(self.reason)


class MemoryKeys:
    """`sso.oidc.keys.PrivateKeys`: made here, preserved as DER."""

    def make(self, alg: str) -> Signer:
        """Make a private key for RS256, PS256, ES256 or EdDSA."""
        return new_signer(alg)

    def open(self, alg: str, preserved: bytes, jwk: Mapping[str, JsonValue]) -> Signer:
        """Return the signer of what was preserved.

        Raises:
            ValueError: neither a private key nor the address of one.
        """
        if not preserved:
            return PublicHalf(verification_key(jwk, alg), preserved, "the private key was erased")
        if preserved.startswith(b"pkcs11:"):
            reason = "the key is in a PKCS #11 token, and [keys.pkcs11] is not configured"
            return PublicHalf(verification_key(jwk, alg), preserved, reason)
        return MemorySigner(alg, private_key_from_der(preserved))

    def destroy(self, preserved: bytes) -> None:
        """Do nothing: with its row the key is gone."""

    def close(self) -> None:
        """Do nothing."""


def new_signer(alg: str) -> MemorySigner:
    """Make a private key for RS256, PS256, ES256 or EdDSA, in memory."""
    return MemorySigner(alg, generate_private_key(alg))
