"""The authorization code flow by hand: for tests that need the access token itself."""

import base64
import hashlib
import secrets
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx

from tests.relying_parties.visitor import Visitor


def tokens(
    issuer: str,
    client: dict[str, Any],
    redirect_uri: str,
    visitor: Visitor,
    person: tuple[str, str],
    scope: str,
) -> dict[str, Any]:
    """Sign `person` (login name, password) in and return the token response."""
    verifier, state = secrets.token_urlsafe(48), secrets.token_urlsafe(16)
    digest = hashlib.sha256(verifier.encode()).digest()
    asked = {
        "client_id": client["client_id"],
        "response_type": "code",
        "redirect_uri": redirect_uri,
        "scope": scope,
        "state": state,
        "nonce": secrets.token_urlsafe(16),
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    visitor.open(f"{issuer}/oauth2/authorize?{urlencode(asked)}")
    answer = parse_qs(urlsplit(visitor.sign_in(*person, until=redirect_uri)).query)
    assert answer["state"] == [state]
    assert answer["iss"] == [issuer]
    form = {
        "grant_type": "authorization_code",
        "code": answer["code"][0],
        "redirect_uri": redirect_uri,
        "code_verifier": verifier,
    }
    response = httpx.post(
        f"{issuer}/oauth2/token",
        data=form,
        auth=(client["client_id"], client["client_secret"]),
        trust_env=False,
        verify=False,
    )
    assert response.status_code == 200, response.text
    told: dict[str, Any] = response.json()
    return told
