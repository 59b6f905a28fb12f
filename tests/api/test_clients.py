"""Registering and changing applications over the API."""

from dataclasses import replace
from typing import Any

import pytest

from sso.authentication.clients import add_client
from sso.directory.person import Role
from sso.oidc.client import SelfRegistration
from sso.oidc.digest import digest
from sso.oidc.fapi2 import PROFILES
from sso.oidc.jose import generate_private_key, public_jwk
from sso.oidc.registration import Proposal
from tests.api.conftest import API, Caller, Office, problem
from tests.storage import examples
from tests.storage.examples import ORIGIN

HOUSING: dict[str, Any] = {"client_name": "Housing", "redirect_uris": ["https://housing.example/cb"]}


@pytest.fixture
def manager(sql_office: Office) -> Caller:
    return sql_office.officer(Role.CLIENT_MANAGER)


def registered(manager: Caller, **more: Any) -> dict[str, Any]:
    response = manager.post("/clients", {**HOUSING, **more})
    assert response.status_code == 201, response.get_data(as_text=True)
    return dict(response.json)


def test_a_registration_shows_the_secret_once_and_is_recorded_without_it(
    sql_office: Office, manager: Caller
) -> None:
    response = manager.post("/clients", HOUSING)

    made = response.json
    assert response.headers["Location"] == f"{API}/clients/{made['client_id']}"
    shown = manager.get(f"/clients/{made['client_id']}")
    assert "client_secret" not in shown.json
    assert shown.headers["ETag"] == response.headers["ETag"]
    assert shown.json["secrets"] == [None]
    with sql_office.hub.database.read() as stores:
        client = stores.clients.get(made["client_id"])
    assert client is not None
    assert client.secrets[0].digest == digest(made["client_secret"])
    (record,) = sql_office.log("client.created")
    assert record["actor"] == manager.account_id
    assert record["detail"]["source"] == "api"
    assert record["detail"]["settings"]["client_name"] == "Housing"
    assert made["client_secret"] not in str(record)


def test_an_application_that_registered_itself_is_taken_over(sql_office: Office, manager: Caller) -> None:
    made = registered(manager)
    with sql_office.hub.database.begin(ORIGIN) as stores:
        client = stores.clients.get(made["client_id"])
        assert client is not None
        came_by = SelfRegistration(token_id="token-1", imposed={"trusted": True})
        stores.clients.update(replace(client, self_registration=came_by), examples.NOW)
    path = f"/clients/{made['client_id']}"

    shown = manager.get(path).json
    adopted = manager.post(f"{path}/adoption", {})

    assert shown["self_registration"] == {
        "registration_token": "token-1",
        "statement_issuer": None,
        "imposed": {"trusted": True},
        "stated": {},
    }
    assert (adopted.status_code, adopted.json["self_registration"]) == (200, None)
    problem(manager.post(f"{path}/adoption", {}), 404, "not_found")
    assert len(sql_office.log("client.adopted")) == 1


def test_an_application_with_keys_has_no_secret(manager: Caller) -> None:
    jwks = {"keys": [public_jwk(generate_private_key("ES256"), "ES256")]}

    made = registered(manager, token_endpoint_auth_method="private_key_jwt", jwks=jwks)

    assert made["client_secret"] is None
    problem(manager.post(f"/clients/{made['client_id']}/secret", {}), 400, "invalid_client_metadata")


def test_an_application_that_does_not_confirm_sign_outs_is_shown_as_such(
    sql_office: Office, manager: Caller
) -> None:
    made = registered(manager)
    with sql_office.hub.database.begin(examples.ORIGIN) as stores:
        stores.clients.cap(made["client_id"], examples.NOW)

    shown = manager.get(f"/clients/{made['client_id']}")
    changed = manager.patch(f"/clients/{made['client_id']}", {"client_name": "Other"}, shown.headers["ETag"])

    assert made["logout_unconfirmed_since"] is None
    assert shown.json["logout_unconfirmed_since"] == "2026-03-04T05:06:07Z"
    assert changed.json["logout_unconfirmed_since"] == "2026-03-04T05:06:07Z"


def test_a_list_is_read_page_by_page(manager: Caller) -> None:
    made = {registered(manager)["client_id"] for _ in range(5)}
    found: list[str] = []
    after = ""

    while True:
        page = manager.get(f"/clients?limit=2{f'&after={after}' if after else ''}").json
        found += [client["client_id"] for client in page["clients"]]
        after = page["next_after"]
        if after is None:
            break

    assert found == sorted({*made, "console"})


def test_a_change_is_recorded_by_what_differs(sql_office: Office, manager: Caller) -> None:
    made = registered(manager, default_max_age=60)
    etag = manager.get(f"/clients/{made['client_id']}").headers["ETag"]

    changed = manager.patch(
        f"/clients/{made['client_id']}", {"client_name": "Homes", "default_max_age": None}, etag
    )

    assert changed.json["client_name"] == "Homes"
    assert changed.json["default_max_age"] is None
    assert changed.headers["ETag"] != etag
    (record,) = sql_office.log("client.updated")
    assert record["detail"]["before"] == {"client_name": "Housing", "default_max_age": 60}
    assert record["detail"]["after"] == {"client_name": "Homes", "default_max_age": None}


def test_a_change_that_changes_nothing_is_not_recorded(sql_office: Office, manager: Caller) -> None:
    made = registered(manager)

    assert manager.patch(f"/clients/{made['client_id']}", {"client_name": "Housing"}).status_code == 200
    assert sql_office.log("client.updated") == []


def test_a_change_needs_the_version_that_was_read(sql_office: Office, manager: Caller) -> None:
    made = registered(manager)
    path = f"/clients/{made['client_id']}"
    etag = manager.get(path).headers["ETag"]
    manager.patch(path, {"client_name": "First"}, etag)

    problem(manager.patch(path, {"client_name": "Second"}, etag), 412, "changed_meanwhile")
    problem(manager.patch(path, {"client_name": "Second"}, None), 428, "precondition_required")
    problem(manager.call("DELETE", path, headers={"If-Match": etag}), 412, "changed_meanwhile")

    assert manager.get(path).json["client_name"] == "First"


@pytest.mark.parametrize(
    ("metadata", "code"),
    [
        ({"redirect_uris": ["http://housing.example/cb"]}, "invalid_redirect_uri"),
        ({"redirect_uris": None}, "invalid_redirect_uri"),
        ({"client_name": "a\u202eb"}, "invalid_client_metadata"),
        ({"redirect_url": "x"}, "invalid_client_metadata"),
        ({"trusted": "yes"}, "invalid_client_metadata"),
        ({"scope": "openid audit:read"}, "invalid_client_metadata"),
        ({"scope": "clients:manage"}, "invalid_client_metadata"),
        ({"audience": [API]}, "invalid_client_metadata"),
    ],
)
def test_what_cannot_be_registered_cannot_be_changed_to_either(
    office: Office, metadata: dict[str, Any], code: str
) -> None:
    manager = office.officer(Role.CLIENT_MANAGER)
    made = registered(manager)

    refused = problem(manager.post("/clients", {**HOUSING, **metadata}), 400, code)
    problem(manager.patch(f"/clients/{made['client_id']}", metadata), 400, code)

    assert refused["detail"].isascii()
    assert manager.get(f"/clients/{made['client_id']}").json["updated_at"] == made["updated_at"]


def test_the_consoles_own_registration_is_out_of_a_managers_reach(
    sql_office: Office, manager: Caller
) -> None:
    for more in ({"scope": "openid audit:read"}, {"audience": [API]}):
        with sql_office.hub.database.begin(examples.ORIGIN) as stores:
            client, _ = add_client(Proposal({**HOUSING, **more}), "command", stores, examples.NOW)
        path = f"/clients/{client.client_id}"

        assert manager.get(path).json["protected"] is True
        problem(manager.patch(path, {"redirect_uris": ["https://evil.example/"]}), 403, "protected_client")
        problem(manager.post(f"{path}/secret", {}), 403, "protected_client")
        problem(manager.call("DELETE", path), 403, "protected_client")


def test_a_new_secret_leaves_the_old_one_a_week(sql_office: Office, manager: Caller) -> None:
    made = registered(manager)

    rotated = manager.post(f"/clients/{made['client_id']}/secret", {})

    assert rotated.status_code == 201
    assert rotated.json["client_secret"] != made["client_secret"]
    ends = manager.get(f"/clients/{made['client_id']}").json["secrets"]
    assert ends == [None, rotated.json["previous_valid_until"]]
    (record,) = sql_office.log("client.secret.rotated")
    assert record["detail"]["previous_valid_until"] is not None
    assert rotated.json["client_secret"] not in str(record)


def test_a_leaked_secret_ends_at_once(manager: Caller) -> None:
    made = registered(manager)

    rotated = manager.post(f"/clients/{made['client_id']}/secret", {"overlap_seconds": 0})

    assert rotated.json["previous_valid_until"] is None
    assert manager.get(f"/clients/{made['client_id']}").json["secrets"] == [None]


def test_a_secret_that_was_given_up_does_not_come_back(sql_office: Office, manager: Caller) -> None:
    made = registered(manager)
    path = f"/clients/{made['client_id']}"
    jwks = {"keys": [public_jwk(generate_private_key("ES256"), "ES256")]}
    left = manager.patch(path, {"token_endpoint_auth_method": "private_key_jwt", "jwks": jwks})

    back = manager.patch(path, {"token_endpoint_auth_method": "client_secret_basic"})

    assert (left.json["secrets"], back.json["secrets"]) == ([], [])
    with sql_office.hub.database.read() as stores:
        client = stores.clients.get(made["client_id"])
    assert client is not None and client.secrets == ()
    assert manager.post(f"{path}/secret", {}).json["client_secret"] != made["client_secret"]
    assert manager.get(path).json["secrets"] == [None]


def test_a_removed_application_loses_its_grants(sql_office: Office, manager: Caller) -> None:
    made = registered(manager)
    grant = examples.grant(client_id=made["client_id"], account_id=manager.account_id)
    with sql_office.hub.database.begin(examples.ORIGIN) as stores:
        stores.codes.add(examples.code(grant))

    removed = manager.call("DELETE", f"/clients/{made['client_id']}")

    assert removed.status_code == 204
    assert removed.get_data() == b""
    problem(manager.get(f"/clients/{made['client_id']}"), 404, "not_found")
    with sql_office.hub.database.read() as stores:
        revoked = stores.grants.get(grant.id)
    assert revoked is None or revoked.revoked_at is not None
    assert [record["client_id"] for record in sql_office.log("client.deleted")] == [made["client_id"]]
    assert [record["grant_id"] for record in sql_office.log("token.revoked")] == [grant.id]


@pytest.mark.parametrize("client_id", ["x", "%00", "é", "a b", "x" * 3000])
def test_an_unknown_application_is_404(sql_office: Office, client_id: str) -> None:
    manager = sql_office.officer(Role.CLIENT_MANAGER)

    problem(manager.get(f"/clients/{client_id}"), 404, "not_found")
    problem(manager.patch(f"/clients/{client_id}", {"client_name": "Else"}), 404, "not_found")
    problem(manager.call("DELETE", f"/clients/{client_id}"), 404, "not_found")


@pytest.mark.parametrize("profile", PROFILES)
def test_an_application_of_any_profile_is_shown_with_it(manager: Caller, profile: str) -> None:
    jwks = {"keys": [public_jwk(generate_private_key("ES256"), "ES256")]}

    made = registered(manager, profile=profile, jwks=jwks)

    assert manager.get(f"/clients/{made['client_id']}").json["profile"] == profile
