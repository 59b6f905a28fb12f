"""openid-client binds its tokens to a key, oauth4webapi checks them as a resource server does."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.relying_parties import node
from tests.relying_parties.visitor import Visitor
from tests.servers.hub import PASSWORD, HubServer, free_port

AUDIENCE = "https://api.example.gov/"

pytestmark = [pytest.mark.relying_party, pytest.mark.slow]


@pytest.fixture(scope="module")
def people(hub: HubServer) -> HubServer:
    hub.add_citizen()
    return hub


@pytest.fixture
def visit(visitor: Visitor) -> Callable[[str], None]:
    def sign_in(address: str) -> None:
        visitor.open(address)
        visitor.sign_in("tuya", PASSWORD)
        assert visitor.has("received"), str(visitor.page)

    return sign_in


def registered(hub: HubServer, folder: Path, **metadata: Any) -> dict[str, Any]:
    address = f"http://127.0.0.1:{free_port()}/cb"
    file = folder / "metadata.json"
    file.write_text(
        json.dumps(
            {
                "redirect_uris": [address],
                "token_endpoint_auth_method": "none",
                "audience": [AUDIENCE],
                "dpop_bound_access_tokens": True,
                **metadata,
            }
        )
    )
    client = hub.add_client("--metadata-file", str(file), name="Node")
    return {
        "issuer": hub.issuer,
        "client_id": client["client_id"],
        "redirect_uri": address,
        "scope": "openid profile offline_access",
        "audience": AUDIENCE,
    }


@pytest.mark.parametrize(
    ("alg", "pushed", "nonce"),
    [("ES256", False, False), ("ES256", True, True), ("EdDSA", True, False), ("PS256", False, True)],
)
def test_a_browser_application_binds_its_tokens_and_a_resource_server_checks_them(
    people: HubServer, visit: Callable[[str], None], tmp_path: Path, alg: str, pushed: bool, nonce: bool
) -> None:
    """RFC 9449 5, 7, 8, 10; the library asks again by itself when the hub demands a nonce."""
    setting = registered(people, tmp_path, dpop_nonce_required=nonce)

    report = node.report_of("dpop.mjs", setting | {"alg": alg, "pushed": pushed}, visit)

    assert "error" not in report, report["error"]
    assert (report["token_type"].lower(), report["refreshed"].lower()) == ("dpop", "dpop")
    assert report["userinfo"]["name"] == report["again"]["name"] == "Tuya Bat"
    assert report["access_token"]["cnf"] == {"jkt": report["thumbprint"]}
    assert report["stolen_access_token"]["status"] == 401
    assert report["stolen_refresh_token"]["error"] == "invalid_dpop_proof"


def test_its_metadata_reader_accepts_how_the_hub_describes_its_resources(
    people: HubServer, visit: Callable[[str], None], tmp_path: Path
) -> None:
    """RFC 9728 3.3."""
    setting = registered(people, tmp_path)

    report = node.report_of("dpop.mjs", setting | {"alg": "ES256", "pushed": False}, visit)

    assert "error" not in report, report["error"]
    resources = [described["resource"] for described in report["resources"]]
    assert resources == [f"{people.issuer}/oauth2/userinfo", f"{people.issuer}/api/v1"]
