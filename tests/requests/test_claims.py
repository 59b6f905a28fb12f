"""The claims parameter over HTTP (OpenID Connect Core 5.5): in UserInfo and in the ID token."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import jwt
import pytest

from tests.relying_parties.visitor import Visitor
from tests.requests.developer import REDIRECT_URI, Developer, answer_of, registered, signed_in
from tests.servers.hub import HubServer

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def developer(hub: HubServer) -> Developer:
    hub.add_citizen()
    return registered(hub, "--trusted")


@pytest.fixture(scope="module")
def visitor(developer: Developer) -> Iterator[Visitor]:
    with signed_in(developer.hub) as visitor:
        yield visitor


def told(
    developer: Developer, visitor: Visitor, claims: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What UserInfo and the ID token say."""
    request_uri = developer.push(scope="openid", claims=json.dumps(claims))
    code = answer_of(visitor.open(developer.pushed_address(request_uri), until=REDIRECT_URI))["code"]
    tokens = developer.redeem(code).json()
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    answer = httpx.get(f"{developer.hub.issuer}/oauth2/userinfo", headers=headers, trust_env=False)
    return answer.json(), jwt.decode(tokens["id_token"], options={"verify_signature": False})


def test_each_place_gets_what_was_asked_for_there(developer: Developer, visitor: Visitor) -> None:
    """Core 5.5."""
    userinfo, id_token = told(
        developer, visitor, {"userinfo": {"email": {"essential": True}}, "id_token": {"name": None}}
    )

    assert (userinfo["email"], "name" in userinfo) == ("tuya@example.org", False)
    assert (id_token["name"], "email" in id_token) == ("Tuya Bat", False)


def test_what_cannot_be_delivered_is_left_out_without_an_error(
    developer: Developer, visitor: Visitor
) -> None:
    """Core 5.5.1: essential, with another value, or unknown."""
    userinfo, id_token = told(
        developer,
        visitor,
        {
            "userinfo": {
                "birthdate": {"essential": True},
                "email": {"value": "other@example.org"},
                "unheard_of": {"essential": True},
            },
            "id_token": {"auth_time": {"essential": True}, "name": {"values": ["Tuya Bat", "x"]}},
            "unheard_of": {},
        },
    )

    assert set(userinfo) == {"sub"}
    assert (id_token["name"], "auth_time" in id_token) == ("Tuya Bat", True)


def test_a_person_who_is_demanded_and_not_there_is_asked_for(developer: Developer, visitor: Visitor) -> None:
    """Core 5.5.1: sub is the one claim, beside acr, whose value is an error when it cannot be met."""
    claims = json.dumps({"id_token": {"sub": {"value": "somebody-else"}}})

    answer = answer_of(
        visitor.open(developer.address(**developer.params(claims=claims, prompt="none")), until=REDIRECT_URI)
    )

    assert answer["error"] == "login_required"


def test_an_acr_that_is_demanded_and_cannot_be_met_is_an_error(
    developer: Developer, visitor: Visitor
) -> None:
    """Core 5.5.1.1, Core Error Code unmet_authentication_requirements."""
    claims = json.dumps({"id_token": {"acr": {"essential": True, "values": ["urn:unheard:of"]}}})

    answer = answer_of(visitor.open(developer.address(**developer.params(claims=claims)), until=REDIRECT_URI))

    assert answer["error"] == "unmet_authentication_requirements"
