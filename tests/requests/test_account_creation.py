"""Initiating User Registration 1.0 over HTTP: to the operator's page for new accounts, and back."""

from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.relying_parties.visitor import Visitor
from tests.requests.developer import REDIRECT_URI, Developer, answer_of, registered, signed_in
from tests.servers.hub import PASSWORD, HubServer, StartHub

pytestmark = pytest.mark.slow

NEW_ACCOUNTS = "http://127.0.0.1:9/new?office=1"


@pytest.fixture(scope="module")
def developer(start_hub: StartHub) -> Developer:
    hub = start_hub(extra=f'\n[pages]\ncreate_account_url = "{NEW_ACCOUNTS}"\n')
    hub.add_citizen()
    return registered(hub, "--trusted")


def way_back(address: str) -> str:
    """The address that the operator's page sends people back to."""
    told = parse_qs(urlsplit(address).query)
    assert told["office"] == ["1"]
    assert told["ui_locales"] == ["en"]
    return told["return_to"][0]


def test_a_new_citizen_makes_an_account_and_goes_on_where_they_were(developer: Developer) -> None:
    with Visitor() as visitor:
        sent = visitor.open(developer.address(**developer.params(prompt="create")), until=NEW_ACCOUNTS)
        developer.hub.add_citizen("new", name="New Bat", email="new@example.org")
        visitor.open(way_back(sent))
        answer = answer_of(visitor.sign_in("new", PASSWORD, until=REDIRECT_URI))

    assert way_back(sent).startswith(f"{developer.hub.issuer}/oauth2/authorize/")
    assert developer.redeem(answer["code"]).status_code == 200


def test_whoever_is_signed_in_already_signs_in_anew(developer: Developer) -> None:
    with signed_in(developer.hub) as visitor:
        sent = visitor.open(developer.address(**developer.params(prompt="create")), until=NEW_ACCOUNTS)
        visitor.open(way_back(sent))

        assert "login_name" in visitor.page.forms[0].fields


def test_the_sign_in_page_leads_there_too(developer: Developer) -> None:
    with Visitor() as visitor:
        visitor.open(developer.address(**developer.params()))
        sent = visitor.press("create_account", until=NEW_ACCOUNTS)
        visitor.open(way_back(sent))

        assert "login_name" in visitor.page.forms[0].fields


def test_the_way_back_is_of_this_browser_only(developer: Developer) -> None:
    with Visitor() as visitor, Visitor() as other:
        sent = visitor.open(developer.address(**developer.params(prompt="create")), until=NEW_ACCOUNTS)
        other.open(way_back(sent))

        assert other.text("error_code") == "expired_page"


def test_it_is_advertised_where_it_is_to_be_had_and_nowhere_else(
    developer: Developer, hub: HubServer
) -> None:
    told = [
        httpx.get(f"{one.issuer}/.well-known/openid-configuration", trust_env=False).json()
        for one in (developer.hub, hub)
    ]

    assert ["create" in each["prompt_values_supported"] for each in told] == [True, False]
