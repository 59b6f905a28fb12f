"""Debian's Apache with mod_auth_openidc in front of a page: a relying party that we did not write."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.relying_parties import apache as debian
from tests.relying_parties.visitor import Visitor
from tests.servers.hub import PASSWORD, HubServer, free_port

pytestmark = [
    pytest.mark.relying_party,
    pytest.mark.slow,
]


@pytest.fixture(scope="module", autouse=True)
def _installed() -> None:
    if (lacking := debian.missing()) is not None:
        pytest.fail(lacking)


LOGOUT_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Place:
    """An Apache whose visitors sign in at the hub."""

    apache: debian.Apache
    hub: HubServer
    client_id: str


@pytest.fixture(scope="module")
def place(hub: HubServer) -> Iterator[Place]:
    hub.add_citizen()
    port = free_port()
    address = debian.redirect_uri(port)
    signed_out = f"http://127.0.0.1:{port}/signed-out.html"
    client = hub.add_client(
        *("--redirect-uri", address, "--post-logout-redirect-uri", signed_out),
        *("--backchannel-logout-uri", f"{address}?logout=backchannel"),
        name="Apache",
    )
    with debian.apache(port, hub.issuer, client["client_id"], client["client_secret"]) as apache:
        yield Place(apache, hub, client["client_id"])


@pytest.fixture
def signed_in(place: Place, visitor: Visitor) -> Visitor:
    visitor.open(place.apache.page)
    visitor.sign_in("tuya", PASSWORD)
    return visitor


def test_the_page_is_reached_by_signing_in_and_gets_the_claims(place: Place, signed_in: Visitor) -> None:
    assert signed_in.page.url == place.apache.page
    assert signed_in.text("name") == "Tuya Bat"
    assert signed_in.text("email") == "tuya@example.org"
    assert signed_in.text("persona") == "citizen"
    assert signed_in.text("iss") == place.hub.issuer
    assert signed_in.text("aud") == place.client_id
    assert signed_in.text("remote_user") == signed_in.text("sub")


def test_the_page_stays_open_without_the_hub(place: Place, signed_in: Visitor) -> None:
    signed_in.open(place.apache.page)

    assert signed_in.passed == [place.apache.page]


def test_signing_out_at_apache_signs_out_at_the_hub(place: Place, signed_in: Visitor) -> None:
    signed_in.open(place.apache.sign_out)

    assert signed_in.has("signed_out")
    signed_in.open(place.apache.page)
    assert signed_in.has("login_name")


def test_signing_out_at_the_hub_ends_the_session_at_apache(place: Place, signed_in: Visitor) -> None:
    signed_in.open(f"{place.hub.issuer}/sign-out")
    signed_in.press("sign_out")

    deadline = time.monotonic() + LOGOUT_SECONDS
    while time.monotonic() < deadline:
        signed_in.open(place.apache.page)
        if signed_in.has("login_name"):
            break
        time.sleep(0.1)

    assert signed_in.has("login_name")
    assert signed_in.page.url.startswith(place.hub.issuer)
    told = place.hub.audit("--event", "logout.propagated", "--client", place.client_id)
    assert told


def test_who_does_not_share_does_not_see_the_page(place: Place, visitor: Visitor) -> None:
    """Debian's 2.4.12 takes an error with RFC 9207's iss for a third-party-initiated login and refuses it.

    So it says nothing of access_denied, and OIDCDefaultURL must not be set: it would begin again.
    """
    place.hub.add_citizen("sarnai", name="Sarnai Bold", email="sarnai@example.org")
    visitor.open(place.apache.page)
    visitor.fill("login_name", "sarnai")
    visitor.press("continue")
    visitor.fill("password", PASSWORD)
    visitor.press("sign_in")

    visitor.press("deny")

    assert visitor.page.url.startswith(place.apache.address)
    assert "error=access_denied" in visitor.passed[-1]
    assert visitor.page.title == "Error"
    assert not visitor.has("remote_user")
