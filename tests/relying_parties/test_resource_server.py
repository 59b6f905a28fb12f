"""A department's API checks our access token as RFC 9068 4 says, with PyJWT and with joserfc."""

import time
from typing import Any

import httpx
import jwt
import pytest
from joserfc import jwt as joserfc_jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from tests.relying_parties.code_flow import tokens
from tests.relying_parties.visitor import Visitor
from tests.servers.hub import PASSWORD, HubServer

pytestmark = pytest.mark.slow

ALGORITHMS = ["RS256", "ES256"]
AUDIENCE = "https://api.housing.example"
REDIRECT_URI = "http://127.0.0.1:9/cb"
REQUIRED = ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"]


@pytest.fixture(scope="module")
def metadata(hub: HubServer) -> dict[str, Any]:
    """What a resource server reads about the hub (RFC 8414)."""
    address = f"{hub.issuer}/.well-known/oauth-authorization-server"
    found: dict[str, Any] = httpx.get(address, trust_env=False, verify=False).json()
    return found


@pytest.fixture(scope="module")
def client(hub: HubServer) -> dict[str, Any]:
    hub.add_citizen()
    return hub.add_client("--redirect-uri", REDIRECT_URI, "--audience", AUDIENCE)


@pytest.fixture(scope="module")
def token(hub: HubServer, client: dict[str, Any]) -> str:
    with Visitor() as visitor:
        told = tokens(hub.issuer, client, REDIRECT_URI, visitor, ("tuya", PASSWORD), "openid profile")
    text: str = told["access_token"]
    return text


def accepted_by_pyjwt(token: str, metadata: dict[str, Any], audience: str) -> dict[str, Any]:
    """What an API written with PyJWT does. Raises jwt.PyJWTError."""
    typ = jwt.get_unverified_header(token).get("typ", "").lower()
    if typ not in ("at+jwt", "application/at+jwt"):
        raise jwt.InvalidTokenError("an ID token is no access token")
    key = jwt.PyJWKClient(metadata["jwks_uri"]).get_signing_key_from_jwt(token)
    claims: dict[str, Any] = jwt.decode(
        token,
        key,
        algorithms=ALGORITHMS,
        issuer=metadata["issuer"],
        audience=audience,
        options={"require": REQUIRED},
    )
    return claims


def accepted_by_joserfc(token: str, metadata: dict[str, Any], audience: str) -> dict[str, Any]:
    """What an API written with joserfc does. Raises JoseError."""
    keys = KeySet.import_key_set(httpx.get(metadata["jwks_uri"], trust_env=False, verify=False).json())
    read = joserfc_jwt.decode(token, keys, algorithms=ALGORITHMS)
    if read.header.get("typ", "").lower() not in ("at+jwt", "application/at+jwt"):
        raise JoseError("an ID token is no access token")
    options = {name: {"essential": True} for name in REQUIRED}
    options |= {"iss": {"essential": True, "value": metadata["issuer"]}}
    options |= {"aud": {"essential": True, "value": audience}}
    joserfc_jwt.JWTClaimsRegistry(**options).validate(read.claims)
    return read.claims


ACCEPT = [pytest.param(accepted_by_pyjwt, id="PyJWT"), pytest.param(accepted_by_joserfc, id="joserfc")]
REFUSAL = (jwt.PyJWTError, JoseError)


@pytest.mark.parametrize("accepted", ACCEPT)
def test_an_api_accepts_the_access_token_that_is_for_it(accepted, token, metadata, client) -> None:
    claims = accepted(token, metadata, AUDIENCE)

    assert claims["client_id"] == client["client_id"]
    assert set(claims["scope"].split()) == {"openid", "profile"}
    assert claims["iat"] <= time.time() < claims["exp"] <= claims["iat"] + 3600
    assert claims["acr"]
    assert claims["auth_time"] <= claims["iat"]


@pytest.mark.parametrize("accepted", ACCEPT)
def test_an_api_refuses_the_access_token_that_is_for_another(accepted, token, metadata) -> None:
    with pytest.raises(REFUSAL):
        accepted(token, metadata, "https://api.tax.example")


@pytest.mark.parametrize("accepted", ACCEPT)
def test_an_api_refuses_an_id_token(accepted, hub, client, metadata, visitor) -> None:
    person = ("tuya", PASSWORD)
    told = tokens(hub.issuer, client, REDIRECT_URI, visitor, person, "openid")

    with pytest.raises(REFUSAL):
        accepted(told["id_token"], metadata, client["client_id"])


@pytest.mark.parametrize("accepted", ACCEPT)
def test_an_api_refuses_a_token_with_one_character_changed(accepted, token, metadata) -> None:
    header, payload, signature = token.split(".")
    other = "A" if payload[20] != "A" else "B"

    with pytest.raises((*REFUSAL, ValueError)):
        accepted(f"{header}.{payload[:20]}{other}{payload[21:]}.{signature}", metadata, AUDIENCE)


def test_every_key_names_itself_and_shows_nothing_private(metadata) -> None:
    keys = httpx.get(metadata["jwks_uri"], trust_env=False, verify=False).json()["keys"]

    assert {key["alg"] for key in keys} >= {"RS256", "ES256"}
    for key in keys:
        assert key["use"] == "sig"
        assert key["kid"] == KeySet.import_key_set({"keys": [key]}).keys[0].thumbprint()
        assert not {"d", "p", "q", "dp", "dq", "qi", "oth", "k"} & key.keys()
