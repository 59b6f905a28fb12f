"""FAPI 2.0 Security Profile and Message Signing: what is demanded at registration, and what at run time."""

from dataclasses import replace
from typing import Any

import pytest

from sso.oidc.client import Client
from sso.oidc.client_authentication import Presented
from sso.oidc.errors import AuthorizationError, TokenError
from sso.oidc.registration import InvalidClientMetadata, changed_client, new_client
from sso.oidc.request.arrival import arrive
from sso.oidc.sender_constraint import confirmation_of
from tests.oidc.examples import NOW, REDIRECT_URI, World, signing_key
from tests.oidc.proofs import TOKEN_URL, proof, proof_key
from tests.oidc.test_client_authentication import assertion, signed

PS256, ES256, RS256 = signing_key("PS256", 1), signing_key("ES256", 1), signing_key("RS256", 1)
JWKS = {"keys": [dict(key.public_jwk) for key in (PS256, ES256, RS256)]}
GOOD: dict[str, Any] = {
    "client_name": "Tax",
    "profile": "fapi2",
    "redirect_uris": [REDIRECT_URI],
    "jwks": JWKS,
}


def registered(**changes: Any) -> Client:
    client, secret = new_client({**GOOD, **changes}, NOW)
    assert secret is None
    return client


def test_a_profile_is_enough_the_rest_follows_from_it() -> None:
    client = registered()

    assert client.auth_method.value == "private_key_jwt"
    assert client.require_pushed_authorization_requests
    assert client.dpop_bound_access_tokens
    assert not client.rotate_refresh_tokens
    assert client.id_token_signed_response_alg == "ES256"


def test_tokens_may_be_bound_to_a_certificate_instead() -> None:
    client = registered(tls_client_certificate_bound_access_tokens=True)

    assert not client.dpop_bound_access_tokens


def test_message_signing_signs_requests_and_responses() -> None:
    client = registered(profile="fapi2-message-signing")

    assert client.require_signed_request_object
    assert client.authorization_signed_response_alg == "ES256"


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"token_endpoint_auth_method": "client_secret_basic"}, "5.3.2.1: token_endpoint_auth_method"),
        ({"token_endpoint_auth_method": "client_secret_post"}, "5.3.2.1: token_endpoint_auth_method"),
        ({"token_endpoint_auth_method": "none"}, "5.3.2.1: token_endpoint_auth_method"),
        ({"dpop_bound_access_tokens": False}, "5.3.2.1: access tokens must be bound"),
        ({"accept_token_endpoint_audience": True}, "5.3.2.1: the audience of client assertions"),
        ({"rotate_refresh_tokens": True}, "5.3.2.1: refresh tokens are bound"),
        ({"require_pushed_authorization_requests": False}, "5.3.2.2: authorization requests must be pushed"),
        ({"require_pkce": False}, "5.3.2.2: PKCE is required"),
        ({"redirect_uris": ["http://127.0.0.1/cb"]}, "5.3.2.2: redirect_uris must use https"),
        ({"id_token_signed_response_alg": "RS256"}, "5.4.1: signature algorithms"),
        ({"userinfo_signed_response_alg": "RS256"}, "5.4.1: signature algorithms"),
        ({"token_endpoint_auth_signing_alg": "RS256"}, "5.4.1: signature algorithms"),
        ({"token_endpoint_auth_signing_alg": "ES384"}, "5.4.1: signature algorithms"),
        ({"request_object_signing_alg": "RS256"}, "5.4.1: signature algorithms"),
        (
            {"profile": "fapi2-message-signing", "require_signed_request_object": False},
            "Message Signing 5.3.1",
        ),
    ],
)
def test_what_the_profile_forbids_is_refused_with_the_rule(changes: dict[str, Any], rule: str) -> None:
    with pytest.raises(InvalidClientMetadata) as caught:
        registered(**changes)

    assert caught.value.sentence.startswith("FAPI 2.0 ")
    assert rule in caught.value.sentence


def test_a_client_cannot_leave_a_rule_of_its_profile_later() -> None:
    with pytest.raises(InvalidClientMetadata, match=r"FAPI 2\.0 Security Profile 5\.3\.2\.1"):
        changed_client(registered(), {"rotate_refresh_tokens": True}, NOW)


def test_a_client_that_takes_the_profile_on_must_keep_all_of_it() -> None:
    plain, _ = new_client({"client_name": "Tax", "redirect_uris": [REDIRECT_URI]}, NOW)

    with pytest.raises(InvalidClientMetadata, match=r"FAPI 2\.0"):
        changed_client(plain, {"profile": "fapi2"}, NOW)


def test_an_application_on_the_device_may_be_answered_on_loopback() -> None:
    """Security Profile 5.3.2.2: http for native clients with a loopback address alone."""
    client = registered(redirect_uris=["http://127.0.0.1/cb"], application_type="native")

    assert client.redirect_uris == ("http://127.0.0.1/cb",)


@pytest.fixture
def bank() -> World:
    return World(client=replace(registered(), client_id="housing", sector="housing.example", trusted=True))


@pytest.mark.parametrize("key", [PS256, ES256])
def test_an_assertion_in_a_strong_algorithm_proves_the_client(bank: World, key: Any) -> None:
    """Security Profile 5.4.1."""
    assert bank.authenticate(form=signed(assertion(key, key.alg))).client_id == "housing"


@pytest.mark.parametrize(
    "text",
    [
        assertion(RS256, "RS256"),
        assertion(ES256, "ES256", aud=["https://id.example.gov"]),
        assertion(ES256, "ES256", aud="https://id.example.gov/oauth2/token"),
    ],
    ids=["RS256", "aud is an array", "aud is the token endpoint"],
)
def test_a_weaker_assertion_is_refused(bank: World, text: str) -> None:
    """Security Profile 5.3.2.1, 5.4.1."""
    with pytest.raises(TokenError) as caught:
        bank.authenticate(form=signed(text))

    assert caught.value.code == "invalid_client"


def test_a_request_that_was_not_pushed_is_refused(bank: World) -> None:
    """Security Profile 5.3.2.2."""
    with pytest.raises(AuthorizationError) as caught:
        arrive(bank.params(), bank.stores, bank.provider, bank.now)

    assert caught.value.code == "invalid_request"


def test_a_dpop_proof_in_a_weak_algorithm_is_refused(bank: World) -> None:
    """Security Profile 5.4.1."""

    def bound(alg: str) -> object:
        presented = Presented(
            "token", None, {}, dpop=(proof(key=proof_key(alg)),), method="POST", url=TOKEN_URL
        )
        return confirmation_of(presented, bank.client, bank.stores, bank.provider, bank.now)

    assert bound("ES256") is not None
    assert bound("PS256") is not None
    with pytest.raises(TokenError) as caught:
        bound("RS256")
    assert caught.value.code == "invalid_dpop_proof"


@pytest.mark.parametrize("mode", [None, "query", "form_post", "fragment"])
def test_an_unsigned_answer_is_refused_under_message_signing(mode: str | None) -> None:
    """Message Signing 5.4.1."""
    client = registered(profile="fapi2-message-signing")
    world = World(client=replace(client, client_id="housing", sector="housing.example"))

    with pytest.raises(AuthorizationError, match="invalid_request") as caught:
        world.ask(response_mode=mode)

    assert "Message Signing 5.4.1" in caught.value.description


@pytest.mark.parametrize("mode", ["jwt", "query.jwt", "form_post.jwt"])
def test_a_signed_answer_is_taken_under_message_signing(mode: str) -> None:
    client = registered(profile="fapi2-message-signing")
    world = World(client=replace(client, client_id="housing", sector="housing.example"))

    assert world.ask(response_mode=mode).to.mode.value.endswith("jwt")
