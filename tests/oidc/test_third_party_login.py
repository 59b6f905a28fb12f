"""OpenID Connect Core 4: a sign-in that begins here and not at the service."""

from urllib.parse import parse_qs, urlsplit

import pytest

from sso.oidc.third_party_login import login_address
from tests.oidc.examples import ISSUER, client


def test_the_service_is_told_who_will_sign_the_person_in() -> None:
    """Core 4: iss is required, target_link_uri says where to end up."""
    service = client(
        initiate_login_uri="https://housing.example/start", client_uri="https://housing.example/?a=b&c=d"
    )

    address = login_address(service, ISSUER)

    assert address is not None
    assert address.startswith("https://housing.example/start?")
    assert parse_qs(urlsplit(address).query) == {
        "iss": [ISSUER],
        "target_link_uri": ["https://housing.example/?a=b&c=d"],
    }


@pytest.mark.parametrize(
    ("registered", "begins"),
    [
        ("https://housing.example/start?tenant=1", "https://housing.example/start?tenant=1&iss="),
        ("https://housing.example", "https://housing.example?iss="),
    ],
)
def test_what_the_address_has_already_stays(registered: str, begins: str) -> None:
    assert str(login_address(client(initiate_login_uri=registered), ISSUER)).startswith(begins)


def test_without_an_address_there_is_none() -> None:
    assert login_address(client(client_uri="https://housing.example"), ISSUER) is None
