"""npm's openid-client where it is strictest: FAPI 2.0 Message Signing, a device, CIBA."""

import json
from typing import Any

import pytest
from joserfc.jwk import ECKey, KeySet

from tests.relying_parties import node
from tests.relying_parties.visitor import Visitor
from tests.servers.hub import PASSWORD, HubServer, StartHub, free_port

pytestmark = [pytest.mark.relying_party, pytest.mark.slow]
SCRIPT = "openid_client_strict.mjs"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
CIBA = "urn:openid:params:grant-type:ciba"


@pytest.fixture(scope="module")
def people(start_hub: StartHub) -> HubServer:
    hub = start_hub(extra="\n[tokens]\npolling_interval_seconds = 1\n")
    hub.add_citizen()
    return hub


def registered(hub: HubServer, name: str, **metadata: Any) -> dict[str, Any]:
    file = hub.folder / f"{name}.json"
    file.write_text(json.dumps(metadata), encoding="utf-8")
    client = hub.add_client("--metadata-file", str(file), name=name)
    return {"issuer": hub.issuer, "scope": metadata["scope"], **client}


def sign_in(visitor: Visitor) -> None:
    visitor.fill("login_name", "tuya")
    visitor.press("continue")
    visitor.fill("password", PASSWORD)
    visitor.press("sign_in")


def check_person(report: dict[str, Any]) -> None:
    assert "error" not in report, report["error"]
    assert report["userinfo"]["sub"] == report["id_token"]["sub"]
    assert report["userinfo"]["email"] == "tuya@example.org"


def test_a_fapi_client_signs_pushes_and_binds(people: HubServer, visitor: Visitor) -> None:
    """FAPI 2.0 Security Profile and Message Signing: PAR, JAR, JARM, DPoP, private_key_jwt."""
    key = ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"}, private=True, auto_kid=True)
    address = f"http://127.0.0.1:{free_port()}/cb"
    setting = registered(
        people,
        "Bank",
        profile="fapi2-message-signing",
        application_type="native",
        redirect_uris=[address],
        jwks=KeySet([key]).as_dict(private=False),
        scope="openid email offline_access",
    )

    def visit(where: str) -> None:
        visitor.open(where)
        visitor.sign_in("tuya", PASSWORD)
        assert visitor.has("received"), str(visitor.page)

    setting |= {"way": "fapi", "redirect_uri": address, "private_jwk": key.as_dict(private=True)}
    report = node.report_of(SCRIPT, setting, visit)

    check_person(report)
    assert sorted(report["in_the_browser"]) == ["client_id", "request_uri"]
    assert (report["token_type"], report["refreshed"]) == ("dpop", "dpop")
    assert report["as_bearer"]["status"] == 401


def test_a_device_is_signed_in_by_its_code(people: HubServer, visitor: Visitor) -> None:
    """RFC 8628."""
    setting = registered(
        people, "Television", token_endpoint_auth_method="none", grant_types=[DEVICE], response_types=[],
        scope="openid email",
    )  # fmt: skip

    def visit(where: str) -> None:
        visitor.open(where)
        if visitor.has("user_code"):
            visitor.press("continue")
        sign_in(visitor)
        visitor.press("allow")

    report = node.report_of(SCRIPT, setting | {"way": "device"}, visit)

    check_person(report)


def test_a_service_asks_a_person_who_is_elsewhere(people: HubServer, visitor: Visitor) -> None:
    """OpenID Connect CIBA Core 1.0, poll."""
    setting = registered(
        people, "Counter", grant_types=[CIBA], response_types=[], scope="openid email",
        backchannel_token_delivery_mode="poll",
    )  # fmt: skip

    def visit(where: str) -> None:
        visitor.open(where)
        sign_in(visitor)
        assert "Window 4" in visitor.text("approvals")
        visitor.press("look_1")
        visitor.press("allow")

    report = node.report_of(SCRIPT, setting | {"way": "ciba", "binding_message": "Window 4"}, visit)

    check_person(report)
