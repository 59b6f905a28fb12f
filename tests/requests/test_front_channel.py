"""Implicit and hybrid flows over HTTP, for an application that an officer opened them to."""

from collections.abc import Iterator

import httpx
import jwt
import pytest

from tests.relying_parties.visitor import Visitor
from tests.requests.developer import REDIRECT_URI, Developer, answer_of, registered, signed_in
from tests.servers.hub import HubServer

pytestmark = pytest.mark.slow

OLD = {
    "application_type": "native",
    "grant_types": ["authorization_code", "implicit"],
    "response_types": ["code", "code id_token token", "id_token", "id_token token", "none", "token"],
    "front_channel_tokens": True,
}


@pytest.fixture(scope="module")
def developer(hub: HubServer) -> Developer:
    hub.add_citizen()
    return registered(hub, "--trusted", **OLD)


@pytest.fixture(scope="module")
def visitor(developer: Developer) -> Iterator[Visitor]:
    with signed_in(developer.hub) as visitor:
        yield visitor


def ask(developer: Developer, visitor: Visitor, response_type: str, **changes: str | None) -> str:
    address = developer.address(**developer.params(response_type=response_type, **changes))
    return visitor.open(address, until=REDIRECT_URI)


def userinfo(developer: Developer, token: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.get(f"{developer.hub.issuer}/oauth2/userinfo", headers=headers, trust_env=False)


def test_everything_at_once_comes_in_the_fragment(developer: Developer, visitor: Visitor) -> None:
    """OpenID Connect Core 3.3.2.5."""
    answer = answer_of(ask(developer, visitor, "code id_token token"), part="fragment")

    keys = jwt.PyJWKSet.from_dict(httpx.get(f"{developer.hub.issuer}/oauth2/jwks", trust_env=False).json())
    claims = jwt.decode(
        answer["id_token"],
        keys[jwt.get_unverified_header(answer["id_token"])["kid"]],
        algorithms=["RS256"],
        audience=developer.client["client_id"],
        issuer=developer.hub.issuer,
    )
    assert {"c_hash", "at_hash", "s_hash"} <= claims.keys()
    assert userinfo(developer, answer["access_token"]).json()["sub"] == claims["sub"]
    assert developer.redeem(answer["code"]).status_code == 200


def test_an_id_token_comes_by_post_as_well(developer: Developer, visitor: Visitor) -> None:
    """Form Post Response Mode 2."""
    ask(developer, visitor, "id_token", response_mode="form_post")

    [form] = [form for form in visitor.page.forms if form.action == REDIRECT_URI]
    assert jwt.decode(form.fields["id_token"], options={"verify_signature": False})["email"]


def test_none_says_only_that_it_went_well(developer: Developer, visitor: Visitor) -> None:
    """Multiple Response Types 4."""
    assert set(answer_of(ask(developer, visitor, "none"))) == {"state", "iss"}


def test_whoever_is_not_signed_in_is_told_in_the_fragment(developer: Developer) -> None:
    """Multiple Response Types 5."""
    with Visitor() as stranger:
        answer = answer_of(ask(developer, stranger, "id_token token", prompt="none"), part="fragment")

    assert answer["error"] == "login_required"


def test_signing_out_ends_the_token_of_the_browser(developer: Developer) -> None:
    with signed_in(developer.hub) as visitor:
        answer = answer_of(ask(developer, visitor, "token"), part="fragment")
        before = userinfo(developer, answer["access_token"]).status_code
        visitor.open(f"{developer.hub.issuer}/sign-out")
        visitor.press("sign_out")

    assert (before, userinfo(developer, answer["access_token"]).status_code) == (200, 401)


def test_another_application_is_not_given_any(developer: Developer, visitor: Visitor) -> None:
    """RFC 6749 4.2.2.1."""
    other = registered(developer.hub, "--trusted")

    answer = answer_of(ask(other, visitor, "id_token token"), part="fragment")

    assert answer["error"] == "unauthorized_client"
