"""A JWT for one client: signed, encrypted, or signed and then encrypted, as it registered.

OpenID Connect Core 10.2 and 16.14, RFC 7519 5.2 (nested JWTs), RFC 7516 5.1.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sso.audit.record import JsonValue
from sso.oidc.client import Client
from sso.oidc.jose import can_encrypt, encrypt, sign
from sso.oidc.settings import Provider

DEFAULT_SIGNATURE = "RS256"
"""What a client gets that asked for nothing else (OpenID Connect Registration 2, RFC 9701 6)."""


class NoKeyToEncryptTo(Exception):
    """The client wants an answer encrypted and has no key for it: nothing may leave."""


@dataclass(frozen=True, slots=True)
class Protection:
    """How a kind of answer is protected for a client: the JWS alg, the JWE alg and enc, None where not."""

    client: Client
    signed: str | None
    encrypted: str | None
    content: str | None

    @property
    def is_any(self) -> bool:
        """Whether the client asked for a JWT at all."""
        return self.signed is not None or self.encrypted is not None


def id_token_protection(client: Client) -> Protection:
    """How the client's ID and logout tokens are protected: always signed."""
    return Protection(
        client,
        client.id_token_signed_response_alg,
        client.id_token_encrypted_response_alg,
        client.id_token_encrypted_response_enc,
    )


def userinfo_protection(client: Client) -> Protection:
    """How the client's UserInfo responses are protected: perhaps not at all (Core 5.3.2)."""
    return Protection(
        client,
        client.userinfo_signed_response_alg,
        client.userinfo_encrypted_response_alg,
        client.userinfo_encrypted_response_enc,
    )


def introspection_protection(client: Client) -> Protection:
    """How the introspection responses that the client asks for as JWT are protected: always signed."""
    return Protection(
        client,
        client.introspection_signed_response_alg or DEFAULT_SIGNATURE,
        client.introspection_encrypted_response_alg,
        client.introspection_encrypted_response_enc,
    )


def require_key_to_encrypt_to(protection: Protection, provider: Provider) -> None:
    """See to it, before anything is recorded as released, that it can be encrypted.

    Raises:
        NoKeyToEncryptTo: it cannot.
    """
    alg = protection.encrypted
    if alg is not None and not can_encrypt(_keys_of(protection.client, provider), alg):
        raise NoKeyToEncryptTo(alg)


def client_jwt(
    claims: Mapping[str, JsonValue], typ: str, protection: Protection, provider: Provider, now: datetime
) -> str:
    """Return the claims as the JWT that the client asked for.

    Raises:
        NoSigningKey: no key of the algorithm is active.
        SignerUnavailable: it cannot be reached.
        KeySetInvalid: the client has no key to encrypt to, see `require_key_to_encrypt_to`.
    """
    if protection.signed is None:
        text, cty = json.dumps(claims, separators=(",", ":"), allow_nan=False), None
    else:
        text, cty = sign(claims, provider.keys.signing(protection.signed, now), typ), "JWT"
    if protection.encrypted is None:
        return text
    keys = _keys_of(protection.client, provider)
    return encrypt(text, keys, protection.encrypted, protection.content or "A128CBC-HS256", cty)


def _keys_of(client: Client, provider: Provider) -> Mapping[str, JsonValue]:
    return provider.client_keys(client)
