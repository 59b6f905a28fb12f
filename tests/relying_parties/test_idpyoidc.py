"""idpyoidc, the OpenID Foundation's members' library for Python: a relying party that we did not write."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from idpyoidc.client.rp_handler import RPHandler

from tests.relying_parties.visitor import Visitor
from tests.servers.hub import PASSWORD, HubServer

pytestmark = [
    pytest.mark.relying_party,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:::(idpyoidc|cryptojwt)"),
]
REDIRECT_URI = "http://127.0.0.1:9/cb"


@pytest.fixture(scope="module")
def people(hub: HubServer) -> HubServer:
    hub.add_citizen()
    return hub


@pytest.fixture(autouse=True)
def away(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Elsewhere than in the project: the library writes keys of its own into the working directory."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def visitor() -> Iterator[Visitor]:
    with Visitor() as one:
        yield one


def handler(hub: HubServer, *arguments: str, **more: Any) -> RPHandler:
    registered = hub.add_client("--redirect-uri", REDIRECT_URI, *arguments, name="idpyoidc")
    client = {
        "issuer": hub.issuer,
        "client_type": "oidc",
        "client_id": registered["client_id"],
        "client_secret": registered["client_secret"],
        "redirect_uris": [REDIRECT_URI],
        "client_authn_methods": ["client_secret_basic", "bearer_header"],
        "response_types_supported": ["code"],
        "services": {
            "discovery": {"class": "idpyoidc.client.oidc.provider_info_discovery.ProviderInfoDiscovery"},
            "authorization": {"class": "idpyoidc.client.oidc.authorization.Authorization"},
            "accesstoken": {"class": "idpyoidc.client.oidc.access_token.AccessToken"},
            "refresh_accesstoken": {"class": "idpyoidc.client.oidc.refresh_access_token.RefreshAccessToken"},
            "userinfo": {"class": "idpyoidc.client.oidc.userinfo.UserInfo"},
            "end_session": {"class": "idpyoidc.client.oidc.end_session.EndSession"},
        },
        "add_ons": {
            "pkce": {
                "function": "idpyoidc.client.oauth2.add_on.pkce.add_support",
                "kwargs": {"code_challenge_length": 64, "code_challenge_method": "S256"},
            }
        },
    } | more
    return RPHandler(base_url="http://127.0.0.1:9", client_configs={"hub": client})


def signed_in(relying_party: RPHandler, visitor: Visitor) -> dict[str, Any]:
    """Go the whole way; what the library makes of it."""
    wanted = {"scope": ["openid", "profile", "email", "offline_access"]}
    client = relying_party.client_setup("hub")
    visitor.open(relying_party.init_authorization(client, req_args=wanted))
    answer = dict(parse_qsl(urlsplit(visitor.sign_in("tuya", PASSWORD, until=REDIRECT_URI)).query))
    told: dict[str, Any] = relying_party.finalize(answer["iss"], answer)
    return told | {"state": answer["state"]}


def test_idpyoidc_signs_in_with_pkce_and_reads_the_claims(people: HubServer, visitor: Visitor) -> None:
    told = signed_in(handler(people), visitor)

    assert "error" not in told, told
    assert told["userinfo"]["name"] == "Tuya Bat"
    assert told["userinfo"]["sub"] == told["id_token"]["sub"]
    assert told["id_token"]["iss"] == people.issuer


def test_idpyoidc_refreshes_its_tokens(people: HubServer, visitor: Visitor) -> None:
    relying_party = handler(people)
    told = signed_in(relying_party, visitor)

    refreshed = relying_party.refresh_access_token(told["state"])

    assert refreshed["access_token"] != told["token"]
