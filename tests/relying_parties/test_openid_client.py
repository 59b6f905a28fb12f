"""npm's openid-client and its strict foundation oauth4webapi: relying parties that we did not write."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey, KeySet

from tests.relying_parties import node
from tests.relying_parties.visitor import Visitor
from tests.servers.hub import PASSWORD, HubServer, StartHub, free_port

pytestmark = [
    pytest.mark.relying_party,
    pytest.mark.slow,
]


SCOPE = "openid profile email offline_access"
Settings = dict[str, Any]


@pytest.fixture(scope="module")
def people(hub: HubServer) -> HubServer:
    hub.add_citizen()
    return hub


@pytest.fixture
def visit(visitor: Visitor) -> Callable[[str], None]:
    """Signs in at the address, and arrives."""

    def sign_in(address: str) -> None:
        visitor.open(address)
        visitor.sign_in("tuya", PASSWORD)
        if visitor.has("continue"):  # response_mode=form_post without JavaScript
            visitor.press("continue")
        assert visitor.has("received"), str(visitor.page)

    return sign_in


def registered(hub: HubServer, *arguments: str, auth_method: str = "client_secret_basic") -> Settings:
    """Register a client with a redirect URI on a free port; return what the script must know."""
    address = f"http://127.0.0.1:{free_port()}/cb"
    how = ("--public",) if auth_method == "none" else ("--auth-method", auth_method)
    client = hub.add_client("--redirect-uri", address, *how, *arguments, name="Node")
    known = {"issuer": hub.issuer, "auth_method": auth_method, "redirect_uri": address, "scope": SCOPE}
    return known | {name: client[name] for name in ("client_id", "client_secret") if client.get(name)}


def check_person(report: dict[str, Any], setting: Settings) -> None:
    assert "error" not in report, report["error"]
    assert report["id_token"]["aud"] == setting["client_id"]
    assert report["userinfo"]["name"] == "Tuya Bat"
    assert report["userinfo"]["email"] == "tuya@example.org"
    assert report["userinfo"]["sub"] == report["id_token"]["sub"]


@pytest.mark.parametrize("auth_method", ["client_secret_basic", "client_secret_post", "none"])
def test_openid_client_signs_in_refreshes_and_revokes(
    people: HubServer, visit: Callable[[str], None], auth_method: str
) -> None:
    setting = registered(people, auth_method=auth_method)

    report = node.report_of("openid_client.mjs", setting, visit)

    check_person(report, setting)
    kept = ("sub", "aud", "auth_time", "acr", "amr", "sid")
    before, after = report["id_token"], report["refreshed"]["id_token"]
    assert [after.get(name) for name in kept] == [before.get(name) for name in kept]
    assert report["refreshed"]["rotated"]
    assert report["after_revocation"]["error"] == "invalid_grant"


def test_openid_client_introspects_its_own_token(people: HubServer, visit: Callable[[str], None]) -> None:
    setting = registered(people)

    report = node.report_of("openid_client.mjs", setting, visit)

    assert report["introspected"]["active"] is True
    assert report["introspected"]["client_id"] == setting["client_id"]
    assert report["introspected"]["sub"] == report["id_token"]["sub"]


def test_openid_client_proves_itself_with_a_key(
    people: HubServer, visit: Callable[[str], None], tmp_path: Path
) -> None:
    key = ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"}, private=True, auto_kid=True)
    file = tmp_path / "jwks.json"
    file.write_text(json.dumps(KeySet([key]).as_dict(private=False)))
    setting = registered(people, "--jwks-file", str(file), auth_method="private_key_jwt")

    report = node.report_of(
        "openid_client.mjs", setting | {"alg": "ES256", "private_jwk": key.as_dict(private=True)}, visit
    )

    check_person(report, setting)


@pytest.mark.parametrize("alg", ["RS256", "ES256"])
def test_openid_client_checks_the_signature_of_the_algorithm_it_registered(
    people: HubServer, visit: Callable[[str], None], alg: str
) -> None:
    setting = registered(people, "--id-token-alg", alg)

    report = node.report_of("openid_client.mjs", setting | {"id_token_signed_response_alg": alg}, visit)

    check_person(report, setting)


def test_openid_client_takes_the_answer_by_form_post(people: HubServer, visit: Callable[[str], None]) -> None:
    setting = registered(people)

    report = node.report_of(
        "openid_client.mjs", setting | {"parameters": {"response_mode": "form_post"}}, visit
    )

    check_person(report, setting)


def test_openid_client_is_told_when_the_person_must_sign_in_first(
    people: HubServer, visitor: Visitor
) -> None:
    setting = registered(people) | {"parameters": {"prompt": "none"}}

    report = node.report_of("openid_client.mjs", setting, visitor.open)

    assert report["error"]["error"] == "login_required"


def test_openid_client_acts_for_itself(people: HubServer) -> None:
    setting = registered(
        people, "--grant-type", "authorization_code", "--grant-type", "client_credentials",
        "--scope", "openid statistics",
    )  # fmt: skip
    del setting["redirect_uri"]

    report = node.report_of("openid_client.mjs", setting | {"service_scope": "statistics"})

    assert "error" not in report, report["error"]
    assert report["client_credentials"]["scope"] == "statistics"
    assert report["client_credentials"]["token_type"].lower() == "bearer"


def test_openid_client_with_a_wrong_secret_is_challenged(
    people: HubServer, visit: Callable[[str], None]
) -> None:
    setting = registered(people) | {"client_secret": "wrong"}

    report = node.report_of("openid_client.mjs", setting, visit)

    assert report["error"]["status"] == 401  # RFC 6749 5.2: with WWW-Authenticate, as Basic was tried
    assert [challenge["scheme"] for challenge in report["error"]["challenge"]] == ["basic"]


def test_oauth4webapi_finds_nothing_to_complain_of(people: HubServer, visit: Callable[[str], None]) -> None:
    setting = registered(people) | {"audience": people.issuer}

    report = node.report_of("oauth4webapi.mjs", setting, visit)

    check_person(report, setting)
    assert report["oidc"] == report["oauth2"]
    assert report["access_token"]["client_id"] == setting["client_id"]
    assert report["after_revocation"] == {"active": False}


REGISTRATION = '\n[registration]\nmode = "token"\n'


@pytest.mark.parametrize("answer", [{}, {"id_token_signed_response_alg": "ES256"}])
def test_openid_client_registers_itself_and_signs_in(
    start_hub: StartHub, visit: Callable[[str], None], answer: dict[str, Any]
) -> None:
    hub = start_hub(extra=REGISTRATION)
    hub.add_citizen()
    [token] = hub.json("client", "registration-token", "add", "--label", "Node", "--uses", "1")
    address = f"http://127.0.0.1:{free_port()}/cb"
    register = {
        "client_name": "Node",
        "redirect_uris": [address],
        "token_endpoint_auth_method": "client_secret_post",
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        **answer,
    }

    report = node.report_of(
        "openid_client.mjs",
        {
            "issuer": hub.issuer,
            "redirect_uri": address,
            "scope": SCOPE,
            "register": register,
            "initial_access_token": token["initial_access_token"],
        },
        visit,
    )

    check_person(report, report["registered"])
    assert report["registered"]["registration_client_uri"].startswith(f"{hub.issuer}/oauth2/register/")


def test_openid_client_without_a_token_is_told_so(start_hub: StartHub) -> None:
    hub = start_hub(extra=REGISTRATION)

    report = node.report_of("openid_client.mjs", {"issuer": hub.issuer, "register": {"redirect_uris": []}})

    assert report["error"]["status"] == 401
