"""RFC 8707 over HTTP: one grant for two interfaces, one token for each."""

from collections.abc import Iterator
from typing import Any

import jwt
import pytest

from tests.relying_parties.visitor import Visitor
from tests.requests.developer import REDIRECT_URI, Developer, answer_of, signed_in
from tests.servers.hub import PASSWORD, HubServer

pytestmark = pytest.mark.slow

TAX, LAND, DOGS = "https://tax.example.gov", "https://land.example.gov/v1", "urn:example:dogs"


@pytest.fixture(scope="module")
def developer(hub: HubServer) -> Developer:
    hub.add_citizen()
    audience = (part for name in (TAX, LAND, DOGS) for part in ("--audience", name))
    return Developer(hub, hub.add_client("--redirect-uri", REDIRECT_URI, "--trusted", *audience))


@pytest.fixture(scope="module")
def visitor(developer: Developer) -> Iterator[Visitor]:
    with signed_in(developer.hub) as visitor:
        yield visitor


def aud(tokens: dict[str, Any]) -> object:
    return jwt.decode(tokens["access_token"], options={"verify_signature": False})["aud"]


def test_one_grant_gives_a_token_for_each_interface(developer: Developer, visitor: Visitor) -> None:
    """RFC 8707 2.2."""
    asked = developer.params(scope="openid offline_access")
    code = answer_of(visitor.open(developer.address(**asked, resource=[TAX, LAND]), until=REDIRECT_URI))[
        "code"
    ]

    first = developer.redeem(code, resource=TAX).json()
    form = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    second = developer.post("/oauth2/token", form | {"resource": [LAND]}).json()
    form["refresh_token"] = second["refresh_token"]
    refused = developer.post("/oauth2/token", form | {"resource": [LAND, DOGS]})

    assert (aud(first), aud(second)) == (TAX, LAND)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_target")


def test_a_resource_of_others_is_told_to_the_client(developer: Developer, visitor: Visitor) -> None:
    """RFC 8707 2."""
    asked = developer.params(resource="https://other.example.gov")

    answer = answer_of(visitor.open(developer.address(**asked), until=REDIRECT_URI))

    assert (answer["error"], answer["state"]) == ("invalid_target", "af0ifjsldkj")


def test_a_pushed_request_keeps_them_while_a_person_is_asked(developer: Developer) -> None:
    """RFC 9126 2.1; they survive the pages of the sign-in."""
    form = developer.params(prompt="login") | {"resource": [DOGS, TAX]}
    request_uri = developer.post("/oauth2/par", form).json()["request_uri"]

    with Visitor() as stranger:
        stranger.open(developer.pushed_address(request_uri))
        answer = answer_of(stranger.sign_in("tuya", PASSWORD, until=REDIRECT_URI))

    assert aud(developer.redeem(answer["code"]).json()) == [DOGS, TAX]
