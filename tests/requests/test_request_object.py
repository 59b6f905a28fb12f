"""RFC 9101 over HTTP: a signed request in the address, pushed ahead, and left at an address of its client."""

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import jwt
import pytest

from sso.oidc.digest import new_id
from sso.oidc.jose import generate_private_key, public_jwk
from tests.relying_parties.visitor import Visitor
from tests.requests.developer import REDIRECT_URI, Developer, answer_of
from tests.servers.hub import PASSWORD, HubServer, StartHub
from tests.servers.publisher import Publisher

pytestmark = pytest.mark.slow

KEY = generate_private_key("ES256")
PROVEN_BY_SECRET = ("--auth-method", "client_secret_basic")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Publisher]:
    with Publisher(tmp_path_factory.mktemp("site")) as made:
        yield made


@pytest.fixture(scope="module")
def hub(start_hub: StartHub, site: Publisher) -> HubServer:
    outbound = f'[outbound]\nallow_loopback = true\nca_file = "{site.ca_file}"\n'
    return start_hub(extra=f"[requests]\nrequest_uri = true\n{outbound}")


@pytest.fixture(scope="module")
def developer(hub: HubServer, site: Publisher) -> Developer:
    hub.add_citizen()
    keys = json.dumps({"keys": [public_jwk(KEY, "ES256")]})
    (hub.folder / "keys.json").write_text(keys, encoding="utf-8")
    addresses = json.dumps([f"{site.origin}{path}" for path in ("/request", "/gone", "/long", "/away")])
    known = ("--redirect-uri", REDIRECT_URI, "--jwks-file", "keys.json", "--metadata")
    return Developer(hub, hub.add_client(*known, f"request_uris={addresses}", *PROVEN_BY_SECRET))


def signed(developer: Developer, **changes: Any) -> str:
    now = int(time.time())
    claims = {
        "iss": developer.client["client_id"],
        "aud": developer.hub.issuer,
        "nbf": now,
        "exp": now + 60,
        "jti": new_id(),
        **developer.params(),
    } | changes
    return jwt.encode(claims, KEY, algorithm="ES256", headers={"typ": "oauth-authz-req+jwt"})


def test_a_person_signs_in_by_a_signed_request(developer: Developer) -> None:
    """RFC 9101 5.1; what the browser carries beside it changes nothing."""
    address = developer.address(
        client_id=developer.client["client_id"], request=signed(developer), state="added", scope="profile"
    )

    with Visitor() as visitor:
        visitor.open(address)
        answer = answer_of(visitor.sign_in("tuya", PASSWORD, until=REDIRECT_URI))
    tokens = developer.redeem(answer["code"])

    assert answer["state"] == "af0ifjsldkj"
    assert set(tokens.json()["scope"].split()) == {"openid", "email"}


def test_a_signed_request_is_pushed_ahead(developer: Developer) -> None:
    """RFC 9126 3."""
    answer = developer.post("/oauth2/par", {"request": signed(developer)})

    with Visitor() as visitor:
        visitor.open(developer.pushed_address(answer.json()["request_uri"]))

    assert answer.status_code == 201
    assert "login_name" in visitor.page.forms[0].fields


def test_a_forged_request_is_told_where_a_registered_address_is_named(developer: Developer) -> None:
    """RFC 9101 7."""
    forged = signed(developer, aud="https://other.example.gov")
    client_id = developer.client["client_id"]

    with Visitor() as visitor:
        told = visitor.open(
            developer.address(client_id=client_id, request=forged, redirect_uri=REDIRECT_URI, state="s"),
            until=REDIRECT_URI,
        )
        visitor.open(developer.address(client_id=client_id, request=forged))

    assert (answer_of(told)["error"], answer_of(told)["state"]) == ("invalid_request_object", "s")
    assert (visitor.page.status, visitor.text("error_code")) == (400, "invalid_request_object")


def test_a_forged_request_is_refused_when_pushed(developer: Developer) -> None:
    """RFC 9126 2.3."""
    answer = developer.post("/oauth2/par", {"request": signed(developer, iss="tax")})

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request_object")


def test_a_signed_request_is_taken_once(developer: Developer) -> None:
    request = signed(developer)

    codes = [developer.post("/oauth2/par", {"request": request}).status_code for _ in range(2)]

    assert codes == [201, 400]


def test_a_person_signs_in_by_a_request_that_its_application_left(
    developer: Developer, site: Publisher
) -> None:
    """RFC 9101 5.2, read while the person waits and never again."""
    site.publish("/request", signed(developer).encode(), media_type="application/oauth-authz-req+jwt")
    asked = site.asked["/request"]

    with Visitor() as visitor:
        visitor.open(developer.pushed_address(f"{site.origin}/request"))
        answer = answer_of(visitor.sign_in("tuya", PASSWORD, until=REDIRECT_URI))

    assert developer.redeem(answer["code"]).status_code == 200
    assert site.asked["/request"] == asked + 1


@pytest.mark.parametrize(
    ("path", "document"),
    [
        ("/gone", {"status": 404}),
        ("/away", {"status": 302, "headers": {"Location": "https://127.0.0.1:1/"}}),
        ("/long", {"content": b"a" * 70_000}),
    ],
)
def test_what_cannot_be_read_is_an_error_for_the_application(
    developer: Developer, site: Publisher, path: str, document: dict[str, Any]
) -> None:
    site.publish(path, **{"content": signed(developer).encode(), **document})
    address = developer.address(
        client_id=developer.client["client_id"],
        request_uri=f"{site.origin}{path}",
        redirect_uri=REDIRECT_URI,
    )

    with Visitor() as visitor:
        told = answer_of(visitor.open(address, until=REDIRECT_URI))

    assert told["error"] == "invalid_request_uri"
    assert "request object not read" in developer.hub.log


def test_nothing_is_fetched_that_is_not_registered(developer: Developer, site: Publisher) -> None:
    """RFC 9101 10.4."""
    site.publish("/other", signed(developer).encode())

    with Visitor() as visitor:
        visitor.open(developer.pushed_address(f"{site.origin}/other"))

    assert (visitor.page.status, visitor.text("error_code")) == (400, "invalid_request_uri")
    assert site.asked["/other"] == 0


def test_it_is_described(developer: Developer) -> None:
    metadata = httpx.get(f"{developer.hub.issuer}/.well-known/openid-configuration", trust_env=False).json()

    assert metadata["request_parameter_supported"] is True
    assert metadata["request_uri_parameter_supported"] is True
    assert metadata["require_request_uri_registration"] is True
    assert "none" not in metadata["request_object_signing_alg_values_supported"]
