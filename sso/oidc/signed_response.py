"""Authorization responses as a JWT (JARM): signed, so that the client can tell where a response comes from.

Encrypted on top for a client that asks for it: then nothing that the browser carries can be read there.
"""

from datetime import datetime, timedelta

from sso.oidc.client import Client
from sso.oidc.jose import encrypt, sign
from sso.oidc.response import AuthorizationResponse
from sso.oidc.settings import Provider

LIFETIME = timedelta(minutes=5)
"""Long enough for a slow browser (JARM 2.1 advises ten minutes at most)."""


def delivered(answer: AuthorizationResponse, provider: Provider, now: datetime) -> AuthorizationResponse:
    """Return the response as it travels: as it is, or as the one parameter `response` (JARM 2.3).

    Raises:
        KeySetInvalid: the client has no key to encrypt to.
        NoSigningKey: no key signs with the client's algorithm.
    """
    if not answer.mode.signed:
        return answer
    client = answer.to.client
    claims = {
        **dict(answer.params),
        "iss": provider.settings.issuer,
        "aud": client.client_id,
        "exp": int((now + LIFETIME).timestamp()),
    }
    text = sign(claims, provider.keys.signing(signature_algorithm(client), now), "JWT")
    return AuthorizationResponse(answer.to, (("response", _encrypted(text, client, provider)),))


def signature_algorithm(client: Client) -> str:
    """Return the algorithm of a client's responses; the one of its ID tokens unless it says otherwise."""
    return client.authorization_signed_response_alg or client.id_token_signed_response_alg


def _encrypted(text: str, client: Client, provider: Provider) -> str:
    alg, enc = client.authorization_encrypted_response_alg, client.authorization_encrypted_response_enc
    if alg is None or enc is None:
        return text
    return encrypt(text, provider.client_keys(client), alg, enc, "JWT")
