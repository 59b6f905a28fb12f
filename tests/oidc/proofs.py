"""DPoP proofs as a client makes them, and access tokens as they are shown to a protected resource."""

import base64
import hashlib
import json
from datetime import datetime
from functools import cache
from typing import Any

import jwt

from sso.oidc.certificate import ClientCertificate
from sso.oidc.confirmation import Confirmation
from sso.oidc.digest import new_id
from sso.oidc.jose import thumbprint
from sso.oidc.keys import SigningKey
from sso.oidc.protected_resource import PresentedToken
from sso.oidc.token_scheme import TokenScheme
from tests.oidc.examples import ISSUER, NOW, private, signing_key

TOKEN_URL = f"{ISSUER}/oauth2/token"
USERINFO_URL = f"{ISSUER}/oauth2/userinfo"
PUBLIC_MEMBERS = ("kty", "crv", "x", "y", "n", "e")


@cache
def proof_key(alg: str = "ES256", number: int = 5) -> SigningKey:
    """A key of the client's own."""
    return signing_key(alg, number)


def public_members(key: SigningKey) -> dict[str, Any]:
    return {name: value for name, value in key.public_jwk.items() if name in PUBLIC_MEMBERS}


def bound_to(key: SigningKey) -> Confirmation:
    return Confirmation(jkt=thumbprint(key.public_jwk))


def hash_of(access_token: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(access_token.encode()).digest()).rstrip(b"=").decode()


def proof(
    *, key: SigningKey | None = None, header: dict[str, Any] | None = None, at: datetime = NOW, **changes: Any
) -> str:
    """A good proof for the token endpoint; a claim or header member given as None is left out."""
    key = key or proof_key()
    claims = {"jti": new_id(), "htm": "POST", "htu": TOKEN_URL, "iat": int(at.timestamp())} | changes
    claims = {name: value for name, value in claims.items() if value is not None}
    whole = {"typ": "dpop+jwt", "jwk": public_members(key)} | (header or {})
    whole = {name: value for name, value in whole.items() if value is not None}
    if "typ" not in whole:
        return written({"alg": key.alg, **whole}, claims, key)
    return jwt.encode(claims, private(key), algorithm=key.alg, headers=whole)


def written(header: dict[str, Any], claims: Any, key: SigningKey | None = None) -> str:
    """A JWS of exactly this header and payload, signed whatever the header says; unsigned without a key."""
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, claims)]
    signed = b".".join(parts)
    if key is None:
        return (signed + b".").decode()
    signature = jwt.get_algorithm_by_name(key.alg).sign(signed, private(key))
    return b".".join((signed, base64.urlsafe_b64encode(signature).rstrip(b"="))).decode()


def shown(
    text: str,
    scheme: TokenScheme = TokenScheme.BEARER,
    *,
    dpop: tuple[str, ...] = (),
    certificate: ClientCertificate | None = None,
) -> PresentedToken:
    """An access token at our userinfo endpoint."""
    return PresentedToken(
        text=text, scheme=scheme, method="GET", url=USERINFO_URL, dpop=dpop, certificate=certificate
    )
