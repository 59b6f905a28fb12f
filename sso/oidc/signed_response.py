"""Authorization responses as a JWT (JARM): signed, so that the client can tell where a response comes from.

Encrypted on top for a client that asks for it: then nothing that the browser carries can be read there.
"""

from datetime import datetime, timedelta

from sso.audit.record import JsonValue
from sso.oidc.client import Client
from sso.oidc.client_jwt import Protection, client_jwt
from sso.oidc.response import AuthorizationResponse
from sso.oidc.settings import Provider

LIFETIME = timedelta(minutes=5)
"""Long enough for a slow browser (JARM 2.1 advises ten minutes at most)."""


def delivered(answer: AuthorizationResponse, provider: Provider, now: datetime) -> AuthorizationResponse:
    """Return the response as it travels: as it is, or as the one parameter `response` (JARM 2.3).

    Raises:
        KeySetInvalid: the client has no key to encrypt to.
        NoSigningKey: no key signs with the client's algorithm.
        SignerUnavailable: it cannot be reached.
    """
    if not answer.mode.signed:
        return answer
    client = answer.to.client
    claims: dict[str, JsonValue] = {
        **dict(answer.params),
        "iss": provider.settings.issuer,
        "aud": client.client_id,
        "exp": int((now + LIFETIME).timestamp()),
    }
    text = client_jwt(claims, "JWT", authorization_protection(client), provider, now)
    return AuthorizationResponse(answer.to, (("response", text),))


def authorization_protection(client: Client) -> Protection:
    """How a client's signed responses are protected: signed as its ID tokens unless it says otherwise."""
    return Protection(
        client,
        client.authorization_signed_response_alg or client.id_token_signed_response_alg,
        client.authorization_encrypted_response_alg,
        client.authorization_encrypted_response_enc,
    )
