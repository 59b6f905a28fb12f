"""An application that registers itself cannot make the hub call anybody inside, whatever field it uses."""

import time
import uuid
from collections.abc import Iterator

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from tests.registration.registrant import REDIRECT_URI, Registrant
from tests.running.tuned_hub import TunedHub, running_hub
from tests.servers.trap import INSIDE, Trap

pytestmark = pytest.mark.slow

OPEN = """
[registration]
mode = "open"
network_limit = 100000
max_clients = 100000
[outbound]
allow_loopback = false
"""
FIELDS = (
    *("client_uri", "logo_uri", "policy_uri", "tos_uri", "initiate_login_uri"),
    *("backchannel_logout_uri", "frontchannel_logout_uri", "backchannel_client_notification_endpoint"),
    *("jwks_uri", "sector_identifier_uri"),
)
KEY = ec.generate_private_key(ec.SECP256R1())


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TunedHub]:
    with running_hub(tmp_path_factory.mktemp("hub"), extra=OPEN) as made:
        yield made


@pytest.fixture(scope="module")
def trap() -> Iterator[Trap]:
    with Trap() as made:
        yield made


@pytest.mark.parametrize("field", FIELDS)
def test_no_field_leads_inside(hub: TunedHub, trap: Trap, field: str) -> None:
    registrant = Registrant(hub)

    for address in INSIDE:
        url = address.format(port=trap.port)
        metadata = {"redirect_uris": [REDIRECT_URI], "token_endpoint_auth_method": "private_key_jwt"}
        answer = registrant.post({**metadata, "jwks_uri": "https://no-such-host.invalid/", field: url})
        assert answer.status_code in (201, 400), answer.text
        if answer.status_code == 201:
            ask_for_tokens(hub, answer.json()["client_id"])
            ask_for_a_page(hub, answer.json()["client_id"])

    assert trap.visitors == 0


def test_the_rule_that_refused_is_told_and_on_record(hub: TunedHub, trap: Trap) -> None:
    url = f"https://127.0.0.1:{trap.port}/"

    answer = Registrant(hub).post({"redirect_uris": [REDIRECT_URI], "sector_identifier_uri": url})

    said = "sector_identifier_uri cannot be read: the address is not public and not allow-listed"
    assert answer.json() == {"error": "invalid_client_metadata", "error_description": said}
    assert hub.audit("--event", "client.registration.refused")[0]["detail"]["reason"] == said


def ask_for_tokens(hub: TunedHub, client_id: str) -> None:
    """As the client, whose keys nobody could read."""
    claims = {"iss": client_id, "sub": client_id, "aud": hub.issuer, "exp": int(time.time()) + 60}
    assertion = jwt.encode({**claims, "jti": str(uuid.uuid4())}, KEY, "ES256", headers={"kid": "one"})
    form = {
        "grant_type": "authorization_code",
        "code": "x",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": assertion,
    }
    answer = httpx.post(f"{hub.issuer}/oauth2/token", data=form, trust_env=False, verify=False, timeout=20)
    assert answer.json()["error"] == "invalid_client"


def ask_for_a_page(hub: TunedHub, client_id: str) -> None:
    asked = {
        "client_id": client_id,
        "redirect_uri": REDIRECT_URI,
        "response_type": "code",
        "scope": "openid",
        "code_challenge": "x" * 43,
        "code_challenge_method": "S256",
    }
    address = f"{hub.issuer}/oauth2/authorize"
    answer = httpx.get(
        address, params=asked, trust_env=False, verify=False, timeout=20, follow_redirects=True
    )
    assert answer.status_code == 200
