"""Applications manage their own registration, over HTTP (RFC 7592)."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from sso.oidc.jose import public_jwk
from tests.registration.registrant import Registrant
from tests.running.tuned_hub import TunedHub


def test_a_registration_is_read_and_replaced_with_its_own_token(registrant: Registrant) -> None:
    """RFC 7592 2.1, 2.2: what is left out returns to its default; the token is another one."""
    registrant.register(contacts=["a@housing.example"], client_uri="https://housing.example/")
    first = registrant.token

    read = registrant.read().json()
    replaced = registrant.replace(client_name="Homes", client_uri="https://homes.example/")

    assert read["contacts"] == ["a@housing.example"]
    assert "client_secret" not in read
    assert (replaced.json()["client_name"], replaced.json()["contacts"]) == ("Homes", [])
    assert registrant.token != first
    assert registrant.read().json()["client_uri"] == "https://homes.example/"
    assert registrant.read(first).status_code == 401


def test_a_lost_answer_leaves_the_old_token_until_the_new_one_is_used(registrant: Registrant) -> None:
    registrant.register()
    first = registrant.token

    lost = registrant.replace(client_name="Homes").json()["registration_access_token"]
    again = registrant.replace(first, client_name="Houses")

    assert again.status_code == 200
    assert registrant.read(lost).status_code == 401
    assert registrant.read(again.json()["registration_access_token"]).status_code == 200


def test_a_change_is_on_record_with_before_and_after(registrant: Registrant) -> None:
    told = registrant.register()

    registrant.replace(client_name="Homes")

    [event] = registrant.hub.audit("--event", "client.updated", "--client", told["client_id"])
    assert (event["detail"]["before"], event["detail"]["after"]) == (
        {"client_name": "Housing"},
        {"client_name": "Homes"},
    )
    assert event["detail"]["source"] == "self-registration"


@pytest.mark.parametrize(
    ("document", "error"),
    [
        ({"client_id": "other"}, "invalid_client_metadata"),
        ({"client_id": None}, "invalid_client_metadata"),
        ({"client_secret": "guessed"}, "invalid_client_metadata"),
        ({"client_secret": 7}, "invalid_client_metadata"),
        ({"registration_access_token": "x"}, "invalid_client_metadata"),
        ({"registration_client_uri": "x"}, "invalid_client_metadata"),
        ({"client_secret_expires_at": 0}, "invalid_client_metadata"),
        ({"client_id_issued_at": 0}, "invalid_client_metadata"),
        ({"redirect_uris": []}, "invalid_redirect_uri"),
        ({"token_endpoint_auth_method": "none"}, "invalid_client_metadata"),
    ],
)
def test_a_replacement_that_cannot_be_changes_nothing(
    registrant: Registrant, document: dict[str, Any], error: str
) -> None:
    """RFC 7592 2.2."""
    registrant.register()

    answer = registrant.replace(**{"client_name": "Changed", **document})

    assert (answer.status_code, answer.json()["error"]) == (400, error)
    assert registrant.read().json()["client_name"] == "Housing"


def test_its_own_secret_may_be_sent_back(registrant: Registrant) -> None:
    told = registrant.register()

    assert registrant.replace(client_secret=told["client_secret"]).status_code == 200


def test_an_application_that_comes_to_need_a_secret_is_told_one(registrant: Registrant) -> None:
    jwks = {"keys": [public_jwk(ec.generate_private_key(ec.SECP256R1()), "ES256")]}
    told = registrant.register(token_endpoint_auth_method="private_key_jwt", jwks=jwks)

    replaced = registrant.replace(token_endpoint_auth_method="client_secret_basic").json()

    assert "client_secret" not in told
    assert replaced["client_secret"]


def test_a_removed_application_is_gone(registrant: Registrant) -> None:
    """RFC 7592 2.3, 2.1: then its token is no token any more."""
    told = registrant.register()

    removed = registrant.remove()

    assert (removed.status_code, removed.content) == (204, b"")
    assert [registrant.read().status_code, registrant.remove().status_code] == [401, 401]
    [event] = registrant.hub.audit("--event", "client.deleted", "--client", told["client_id"])
    assert event["detail"]["source"] == "self-registration"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_another_applications_token_opens_nothing(hub: TunedHub, method: str) -> None:
    """RFC 7592 2: one answer, whether the client exists or not."""
    own, other = Registrant(hub), Registrant(hub)
    own.register()
    other.register()
    unknown = f"{hub.issuer}/oauth2/register/nobody"

    answers = [
        own.ask(method, uri, token, **({"json": {}} if method == "PUT" else {}))
        for uri, token in (
            (other.uri, own.token),
            (unknown, own.token),
            (own.uri, None),
            (own.uri, "x" * 9000),
        )
    ]

    assert {answer.status_code for answer in answers} == {401}
    assert all(answer.headers["WWW-Authenticate"].startswith("Bearer") for answer in answers)
    assert other.read().status_code == 200


@pytest.mark.parametrize("client_id", ["%00", "%ff", "..%2f..", "a" * 5000, "%E2%80%AE", "%20"])
def test_a_hostile_client_id_is_nobodys(registrant: Registrant, client_id: str) -> None:
    answer = registrant.ask("GET", f"{registrant.hub.issuer}/oauth2/register/{client_id}", "token")

    assert answer.status_code in (401, 404)


def test_an_officer_takes_over_what_registered_itself(registrant: Registrant) -> None:
    told = registrant.register()

    registrant.hub.run("client", "adopt", told["client_id"])

    assert registrant.read().status_code == 401
    [shown] = registrant.hub.json("client", "show", told["client_id"])
    assert shown["self_registration"] is None
    assert registrant.hub.run("client", "adopt", told["client_id"], check=False).returncode == 1
    assert registrant.hub.audit("--event", "client.adopted", "--client", told["client_id"])
