"""The hub's keys in the token, and how they are found again."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from sso.audit.record import JsonValue
from sso.oidc.jose import MemoryKeys, PublicHalf, verification_key
from sso.oidc.keys import PublicKey, Signer
from sso.pkcs11.address import SCHEME, KeyAddress
from sso.pkcs11.settings import TokenSettings
from sso.pkcs11.thread import TokenThread

KEY_ID_BYTES = 16
GENERATION_SECONDS = 60.0
"""How long a token may take to make an RSA key."""


@dataclass(frozen=True, slots=True)
class TokenSigner:
    """A key in the token; its public half is known here, so that verifying needs no token."""

    alg: str
    address: KeyAddress
    public_key: PublicKey
    thread: TokenThread = field(repr=False, compare=False)

    @property
    def preserved(self) -> bytes:
        """The address of the key."""
        return self.address.uri()

    def sign(self, message: bytes) -> bytes:
        """Return the signature as JWS carries it.

        Raises:
            SignerUnavailable: the token is away, has no such key, or does not answer in time.
        """
        return self.thread.run(lambda session: session.sign(self.alg, self.address.key_id, message))


class TokenKeys:
    """`sso.oidc.keys.PrivateKeys`: new keys are made in the token, those in the database live on."""

    def __init__(self, settings: TokenSettings) -> None:
        self._settings = settings
        self._thread = TokenThread(settings)
        self._in_memory = MemoryKeys()

    def make(self, alg: str) -> Signer:
        """Make a private key in the token.

        Raises:
            SignerUnavailable: it was not made.
        """
        key_id = secrets.token_bytes(KEY_ID_BYTES)
        public = self._thread.run(lambda session: session.generate(alg, key_id), GENERATION_SECONDS)
        return TokenSigner(alg, KeyAddress(self._settings.label, key_id), public, self._thread)

    def open(self, alg: str, preserved: bytes, jwk: Mapping[str, JsonValue]) -> Signer:
        """Return the signer of what was preserved; the token is not asked for it yet.

        Raises:
            ValueError: neither a private key nor the address of one.
        """
        if not preserved.startswith(SCHEME):
            return self._in_memory.open(alg, preserved, jwk)
        address, public = KeyAddress.parse(preserved), verification_key(jwk, alg)
        if address.token != self._settings.label:
            reason = f"the key is in the PKCS #11 token {address.token}, and another one is configured"
            return PublicHalf(public, preserved, reason)
        return TokenSigner(alg, address, public, self._thread)

    def destroy(self, preserved: bytes) -> None:
        """Destroy a key of this token; the others are not here.

        Raises:
            SignerUnavailable: it is still there.
        """
        if not preserved.startswith(SCHEME):
            return
        address = KeyAddress.parse(preserved)
        if address.token == self._settings.label:
            self._thread.run(lambda session: session.destroy(address.key_id))

    def close(self) -> None:
        """End the session."""
        self._thread.close()
