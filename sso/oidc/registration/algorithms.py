"""What the hub signs and encrypts for a client, and how (OpenID Connect Registration 2, JARM 3, RFC 9701 6).

An `enc` without its `alg` is refused; an `alg` without its `enc` gets A128CBC-HS256, the specifications'
default. The client must have a key to encrypt to.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace

from sso.audit.record import JsonValue
from sso.oidc.client import Client
from sso.oidc.jose import CONTENT_ENCRYPTIONS, ENCRYPTION_ALGORITHMS, can_encrypt
from sso.oidc.keys import SIGNING_ALGORITHMS
from sso.oidc.registration.field import Field, one_of
from sso.oidc.registration.refusal import InvalidClientMetadata

DEFAULT_CONTENT_ENCRYPTION = "A128CBC-HS256"

_DEFAULT_SIGNATURE = "RS256"
_ANSWERS = ("id_token", "userinfo", "introspection", "authorization")

FIELDS = tuple(
    field
    for answer in _ANSWERS
    for field in (
        Field(f"{answer}_signed_response_alg", one_of(SIGNING_ALGORITHMS)),
        Field(f"{answer}_encrypted_response_alg", one_of(ENCRYPTION_ALGORITHMS)),
        Field(f"{answer}_encrypted_response_enc", one_of(CONTENT_ENCRYPTIONS)),
    )
)


def with_content_encryptions(client: Client) -> Client:
    """Return the client with the default `enc` beside each `alg` that has none."""
    default = DEFAULT_CONTENT_ENCRYPTION
    if client.id_token_encrypted_response_alg and not client.id_token_encrypted_response_enc:
        client = replace(client, id_token_encrypted_response_enc=default)
    if client.userinfo_encrypted_response_alg and not client.userinfo_encrypted_response_enc:
        client = replace(client, userinfo_encrypted_response_enc=default)
    if client.introspection_encrypted_response_alg and not client.introspection_encrypted_response_enc:
        client = replace(client, introspection_encrypted_response_enc=default)
    if client.authorization_encrypted_response_alg and not client.authorization_encrypted_response_enc:
        client = replace(client, authorization_encrypted_response_enc=default)
    return client


def check_can_sign(
    metadata: Mapping[str, JsonValue], client: Client | None, algorithms: Collection[str]
) -> None:
    """Refuse what is to be signed with an algorithm of which the hub has no active key.

    `client` is the one whose registration the metadata changes, None for a new one.

    Raises:
        InvalidClientMetadata: with the field and the algorithms that there are.
    """
    asked = {f"{answer}_signed_response_alg": None for answer in _ANSWERS} | dict(metadata)
    if client is None:
        asked["id_token_signed_response_alg"] = asked["id_token_signed_response_alg"] or _DEFAULT_SIGNATURE
    for answer in _ANSWERS:
        alg = asked[f"{answer}_signed_response_alg"]
        if isinstance(alg, str) and alg in SIGNING_ALGORITHMS and alg not in algorithms:
            known = ", ".join(algorithms)
            raise InvalidClientMetadata(
                f"{answer}_signed_response_alg: this hub signs with {known}, not with {alg}"
            )


def check_algorithms(client: Client) -> None:
    """Refuse what cannot be encrypted: an `enc` alone, a client without keys."""
    for answer in _ANSWERS:
        alg = getattr(client, f"{answer}_encrypted_response_alg")
        if alg is None and getattr(client, f"{answer}_encrypted_response_enc") is not None:
            raise InvalidClientMetadata(f"{answer}_encrypted_response_enc needs its alg")
        if alg is not None and client.jwks is None and client.jwks_uri is None:
            raise InvalidClientMetadata(f"{answer}_encrypted_response_alg needs jwks or jwks_uri")
        if alg is not None and client.jwks is not None and not can_encrypt(client.jwks, alg):
            raise InvalidClientMetadata(f"{answer}_encrypted_response_alg {alg} needs a key for it in jwks")
