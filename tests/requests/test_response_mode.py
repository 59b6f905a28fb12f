"""How answers travel over HTTP: query, fragment, form_post, and each of them signed (JARM)."""

from collections.abc import Iterator
from typing import Any

import httpx
import jwt
import pytest

from tests.relying_parties.visitor import Visitor
from tests.requests.developer import REDIRECT_URI, Developer, answer_of, signed_in
from tests.servers.hub import HubServer

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def developer(hub: HubServer) -> Developer:
    hub.add_citizen()
    return Developer(hub, hub.add_client("--redirect-uri", REDIRECT_URI, "--trusted"))


@pytest.fixture(scope="module")
def visitor(developer: Developer) -> Iterator[Visitor]:
    with signed_in(developer.hub) as visitor:
        yield visitor


def response_of(developer: Developer, text: str) -> dict[str, Any]:
    """What a relying party reads in a signed response."""
    keys = jwt.PyJWKSet.from_dict(httpx.get(f"{developer.hub.issuer}/oauth2/jwks", trust_env=False).json())
    claims: dict[str, Any] = jwt.decode(
        text,
        keys[jwt.get_unverified_header(text)["kid"]],
        algorithms=["RS256"],
        audience=developer.client["client_id"],
        issuer=developer.hub.issuer,
    )
    return claims


def ask(developer: Developer, visitor: Visitor, mode: str, **changes: str | None) -> str:
    address = developer.address(**developer.params(response_mode=mode, **changes))
    return visitor.open(address, until=REDIRECT_URI)


@pytest.mark.parametrize(("mode", "part"), [("query", "query"), ("fragment", "fragment")])
def test_a_code_arrives_in_the_open(developer: Developer, visitor: Visitor, mode: str, part: str) -> None:
    """Multiple Response Types 2.1."""
    answer = answer_of(ask(developer, visitor, mode), part=part)

    assert set(answer) == {"code", "state", "iss"}
    assert developer.redeem(answer["code"]).status_code == 200


@pytest.mark.parametrize(
    ("mode", "part"), [("jwt", "query"), ("query.jwt", "query"), ("fragment.jwt", "fragment")]
)
def test_a_code_arrives_signed(developer: Developer, visitor: Visitor, mode: str, part: str) -> None:
    """JARM 2.3."""
    answer = answer_of(ask(developer, visitor, mode), part=part)
    claims = response_of(developer, answer["response"])

    assert set(answer) == {"response"}
    assert claims["state"] == "af0ifjsldkj"
    assert developer.redeem(claims["code"]).status_code == 200


@pytest.mark.parametrize("mode", ["form_post", "form_post.jwt"])
def test_a_code_arrives_by_post(developer: Developer, visitor: Visitor, mode: str) -> None:
    """Form Post Response Mode 2, JARM 2.3.3."""
    ask(developer, visitor, mode)
    [form] = [form for form in visitor.page.forms if form.action == REDIRECT_URI]

    fields = form.fields if mode == "form_post" else response_of(developer, form.fields["response"])
    assert form.method == "post"
    assert developer.redeem(fields["code"]).status_code == 200


def test_an_error_arrives_signed(developer: Developer) -> None:
    """JARM 2.2."""
    with Visitor() as stranger:
        answer = answer_of(ask(developer, stranger, "jwt", prompt="none"))

    assert response_of(developer, answer["response"])["error"] == "login_required"


def test_who_goes_back_is_told_signed_too(developer: Developer) -> None:
    with Visitor() as stranger:
        ask(developer, stranger, "fragment.jwt")
        answer = answer_of(stranger.press("cancel", until=REDIRECT_URI), part="fragment")

    assert response_of(developer, answer["response"])["error"] == "access_denied"


def test_it_is_described(developer: Developer) -> None:
    """JARM 4."""
    metadata = httpx.get(f"{developer.hub.issuer}/.well-known/openid-configuration", trust_env=False).json()

    assert set(metadata["response_modes_supported"]) == {
        *("query", "fragment", "form_post"),
        *("jwt", "query.jwt", "fragment.jwt", "form_post.jwt"),
    }
    assert "RS256" in metadata["authorization_signing_alg_values_supported"]
    assert "ECDH-ES" in metadata["authorization_encryption_alg_values_supported"]
