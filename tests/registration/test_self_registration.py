"""Applications that register themselves, over HTTP (OpenID Connect Registration 1.0, RFC 7591, RFC 7592)."""

import json
import time
from collections.abc import Callable
from typing import Any

import httpx
import jwt
import pytest
from authlib.oauth2.rfc7591 import ClientMetadataClaims
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from authlib.oidc.discovery import OpenIDProviderMetadata
from authlib.oidc.registration import ClientMetadataClaims as OpenIDClientMetadataClaims
from cryptography.hazmat.primitives.asymmetric import ec

from sso.oidc.jose import public_jwk
from tests.registration.registrant import REDIRECT_URI, TRUST, Registrant, discovered
from tests.running.tuned_hub import TunedHub
from tests.servers.publisher import Publisher


def refusals(hub: TunedHub) -> list[dict[str, Any]]:
    return hub.audit("--event", "client.registration.refused")


def statement(**claims: Any) -> str:
    whole = {"iss": "https://trust.example", "iat": int(time.time()), **claims}
    return jwt.encode(whole, TRUST, "ES256", headers={"kid": public_jwk(TRUST, "ES256")["kid"]})


def test_an_application_registers_itself_and_is_told_what_was_registered(registrant: Registrant) -> None:
    """RFC 7591 3.2.1."""
    told = registrant.register(contacts=["it@housing.example"], logo_uri="https://housing.example/logo")

    assert told["client_secret"]
    assert told["client_secret_expires_at"] == 0
    assert abs(told["client_id_issued_at"] - time.time()) < 60
    assert (told["redirect_uris"], told["contacts"]) == ([REDIRECT_URI], ["it@housing.example"])
    assert (told["grant_types"], told["response_types"]) == (["authorization_code"], ["code"])
    assert registrant.uri == f"{registrant.hub.issuer}/oauth2/register/{told['client_id']}"


def test_what_was_registered_works_and_is_on_record_as_having_come_by_itself(registrant: Registrant) -> None:
    told = registrant.register(token_endpoint_auth_method="client_secret_post")

    form = {"token": "x", "client_id": told["client_id"], "client_secret": told["client_secret"]}
    answer = httpx.post(f"{registrant.hub.issuer}/oauth2/introspect", data=form, trust_env=False, timeout=20)

    assert answer.json() == {"active": False}
    [event] = registrant.hub.audit("--event", "client.created", "--client", told["client_id"])
    assert event["detail"]["source"] == "self-registration"
    assert told["client_secret"] not in json.dumps(event)
    [shown] = registrant.hub.json("client", "show", told["client_id"])
    assert shown["self_registration"] == {
        "registration_token": None,
        "statement_issuer": None,
        "imposed": {},
        "stated": {},
    }


@pytest.mark.parametrize(
    ("document", "error"),
    [
        ({}, "invalid_redirect_uri"),
        ({"redirect_uris": []}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://a.example/#x"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["http://a.example/"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["javascript:alert(1)"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["org.example:/cb"], "application_type": "web"}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://a.example/", "https://b.example/"]}, "invalid_client_metadata"),
        ({"redirect_uris": "https://a.example/"}, "invalid_client_metadata"),
        ({"redirect_uris": [REDIRECT_URI], "grant_types": ["client_credentials"]}, "invalid_client_metadata"),
        ({"redirect_uris": [REDIRECT_URI], "grant_types": ["password"]}, "invalid_client_metadata"),
        ({"redirect_uris": [REDIRECT_URI], "grant_types": "x"}, "invalid_client_metadata"),
        ({"redirect_uris": [REDIRECT_URI], "grant_types": [7]}, "invalid_client_metadata"),
        ({"redirect_uris": [REDIRECT_URI], "response_types": ["id_token token"]}, "invalid_client_metadata"),
        ({"redirect_uris": [REDIRECT_URI], "client_name": "user\u202egnp"}, "invalid_client_metadata"),
        ({"redirect_uris": [REDIRECT_URI], "client_name": "\ud800"}, "invalid_client_metadata"),
        ({"redirect_uris": [REDIRECT_URI], "contacts": ["\u0000"]}, "invalid_client_metadata"),
        ({"redirect_uris": [REDIRECT_URI], "jwks": {"keys": [{"kty": "oct"}]}}, "invalid_client_metadata"),
        (
            {"redirect_uris": [REDIRECT_URI], "id_token_signed_response_alg": "none"},
            "invalid_client_metadata",
        ),
        (
            {"redirect_uris": [REDIRECT_URI], "token_endpoint_auth_method": "magic"},
            "invalid_client_metadata",
        ),
        ({"redirect_uris": [REDIRECT_URI], "software_statement": "x.y.z"}, "invalid_software_statement"),
        ({"redirect_uris": [REDIRECT_URI], "software_statement": 7}, "invalid_software_statement"),
        ([], "invalid_request"),
        (None, "invalid_request"),
    ],
)
def test_what_cannot_be_registered_is_refused_with_its_own_error(
    registrant: Registrant, document: Any, error: str
) -> None:
    """RFC 7591 3.2.2."""
    answer = registrant.post(
        document, content=json.dumps(document), headers={"Content-Type": "application/json"}
    )

    assert (answer.status_code, answer.json()["error"]) == (400, error)
    assert answer.json()["error_description"].isascii()
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("content", "media_type", "status"),
    [
        (b"", "application/json", 400),
        (b"{", "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b"[" * 60_000, "application/json", 400),
        (b'{"redirect_uris": NaN}', "application/json", 400),
        (b'{"a": ' + b"7" * 5000 + b"}", "application/json", 400),
        (b"{}", "text/plain", 400),
        (b"redirect_uris=x", "application/x-www-form-urlencoded", 400),
        (b'{"x": "' + b"y" * 70_000 + b'"}', "application/json", 413),
    ],
)
def test_a_body_that_is_no_document_is_refused(
    registrant: Registrant, content: bytes, media_type: str, status: int
) -> None:
    answer = registrant.post(None, content=content, headers={"Content-Type": media_type})

    assert (answer.status_code, answer.json()["error"]) == (status, "invalid_request")


def test_a_refusal_is_on_record_with_its_reason(registrant: Registrant) -> None:
    registrant.post({"redirect_uris": ["http://refused.example/"]})

    newest = refusals(registrant.hub)[0]
    assert (newest["outcome"], newest["detail"]["operation"]) == ("failure", "register")
    assert "refused.example" in newest["detail"]["reason"]


def test_unknown_fields_are_ignored(registrant: Registrant) -> None:
    """RFC 7591 2: metadata that the server does not understand is ignored."""
    told = registrant.register(
        unheard_of=[1], **{"logo_uri#ja": "https://housing.example/ja", "client_name#zh-CN": "住房"}
    )

    assert "unheard_of" not in told
    assert told["client_name#zh-CN"] == "住房"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("trusted", True),
        ("front_channel_tokens", True),
        ("sector", "registry.gov.example"),
        ("audience", ["https://api.example"]),
        ("resource", ["https://api.example"]),
        ("require_pkce", False),
        ("subject_type", "public"),
        ("may_impersonate", True),
        ("authorization_details_types", ["account_information"]),
        ("claims_in_id_token", True),
        ("accept_token_endpoint_audience", True),
        ("rotate_refresh_tokens", False),
    ],
)
def test_what_only_an_officer_decides_is_not_taken_from_the_application(
    registrant: Registrant, field: str, value: Any
) -> None:
    plain = registrant.register()

    told = registrant.register(**{field: value})
    replaced = registrant.replace(**{field: value}).json()

    assert told.get(field) == plain.get(field) != value
    assert replaced.get(field) == plain.get(field)


def test_officers_scopes_and_unknown_ones_are_left_out(registrant: Registrant) -> None:
    told = registrant.register(scope="openid email audit:read clients:manage housing:write")

    assert told["scope"] == "email openid"


def test_a_nameless_application_is_called_by_its_host(registrant: Registrant) -> None:
    assert registrant.post({"redirect_uris": [REDIRECT_URI]}).json()["client_name"] == "housing.example"


def test_a_software_statement_wins_over_what_the_application_says(registrant: Registrant) -> None:
    """RFC 7591 2.3: also later, when it changes its registration."""
    text = statement(client_name="Approved", software_id="42", redirect_uris=[REDIRECT_URI], trusted=True)

    told = registrant.register(client_name="Pretended", software_statement=text)
    replaced = registrant.replace(client_name="Pretended", redirect_uris=["https://evil.example/"]).json()

    assert told["software_statement"] == text
    assert (told["client_name"], told["software_id"], told["trusted"]) == ("Approved", "42", False)
    assert (replaced["client_name"], replaced["redirect_uris"]) == ("Approved", [REDIRECT_URI])
    [event] = registrant.hub.audit("--event", "client.created", "--client", told["client_id"])
    assert event["detail"]["statement_issuer"] == "https://trust.example"


FOREIGN = ec.generate_private_key(ec.SECP256R1())


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (jwt.encode({"iss": "https://trust.example"}, FOREIGN, "ES256"), "invalid_software_statement"),
        (jwt.encode({"iss": "https://trust.example"}, "x" * 64, "HS256"), "invalid_software_statement"),
        (jwt.encode({"iss": "https://trust.example"}, None, "none"), "invalid_software_statement"),
        (statement(iss="https://other.example"), "unapproved_software_statement"),
        (statement(exp=int(time.time()) - 600), "invalid_software_statement"),
        (statement(exp="later"), "invalid_software_statement"),
        (statement(nbf=int(time.time()) + 6000), "invalid_software_statement"),
        (statement(iat=int(time.time()) + 6000), "invalid_software_statement"),
        (statement(redirect_uris=["http://a.example/"]), "invalid_redirect_uri"),
        (statement() + "x", "invalid_software_statement"),
    ],
)
def test_a_statement_that_does_not_hold_is_refused(registrant: Registrant, text: str, error: str) -> None:
    """RFC 7591 3.2.2."""
    answer = registrant.post({"redirect_uris": [REDIRECT_URI], "software_statement": text})

    assert (answer.status_code, answer.json()["error"]) == (400, error)


def test_a_sector_is_read_and_must_list_the_addresses(registrant: Registrant, site: Publisher) -> None:
    """OpenID Connect Registration 5."""
    hosts = ["https://a.example/cb", "https://b.example/cb"]
    good = site.publish("/sector", hosts)
    short = site.publish("/short", hosts[:1])

    told = registrant.register(redirect_uris=hosts, sector_identifier_uri=good)
    refused = registrant.post({"redirect_uris": hosts, "sector_identifier_uri": short})
    more = registrant.replace(redirect_uris=[*hosts, "https://c.example/"], sector_identifier_uri=good)
    fewer = registrant.replace(redirect_uris=hosts[1:], sector_identifier_uri=good)

    assert told["sector"] == "127.0.0.1"
    assert [refused.status_code, more.status_code, fewer.status_code] == [400, 400, 200]


def test_a_device_cannot_claim_the_sector_of_somebody_elses_host(registrant: Registrant) -> None:
    """OpenID Connect Core 8.1: only who receives codes at a host has shown that it is theirs."""
    device = "urn:ietf:params:oauth:grant-type:device_code"

    told = registrant.register(grant_types=["authorization_code", device])
    plain = Registrant(registrant.hub)
    plain.register()
    added = plain.replace(grant_types=["authorization_code", device])

    assert told["sector"] == told["client_id"]
    assert (plain.told["sector"], added.status_code) == ("housing.example", 400)


@pytest.mark.parametrize("shared", ["http://127.0.0.1/cb", "org.evil.app:/cb"])
def test_nobody_joins_a_sector_by_an_address_beside_it_that_anybody_can_hold(
    registrant: Registrant, shared: str
) -> None:
    """OpenID Connect Core 8.1: the code goes to the address that shows nothing."""
    both = {"application_type": "native", "redirect_uris": [REDIRECT_URI, shared]}

    told = registrant.register(**both)
    plain = Registrant(registrant.hub)
    plain.register(application_type="native")
    added = plain.replace(**both)

    assert told["sector"] == told["client_id"]
    assert (plain.told["sector"], added.status_code) == ("housing.example", 400)
    assert "cannot be added" in added.json()["error_description"]


@pytest.mark.parametrize("as_asked", [" ".join, list])
def test_a_scope_that_is_not_open_is_not_given_in_whatever_form_it_is_asked_for(
    registrant: Registrant, as_asked: Callable[[list[str]], Any]
) -> None:
    """RFC 7591 2, 3.2.1."""
    asked = as_asked(["openid", "clients:manage", "audit:read", "custom:all"])

    told = registrant.register(scope=asked)
    changed = registrant.replace(scope=asked)

    assert (told["scope"], changed.json()["scope"]) == ("openid", "openid")


def test_authlibs_models_agree_with_ours(registrant: Registrant) -> None:
    """RFC 7591 2, OpenID Connect Registration 2, RFC 8414 2, Discovery 3, as somebody else read them."""
    document = discovered(registrant.hub)
    told = registrant.register(
        application_type="web",
        client_uri="https://housing.example/",
        logo_uri="https://housing.example/logo",
        tos_uri="https://housing.example/terms",
        policy_uri="https://housing.example/privacy",
        initiate_login_uri="https://housing.example/start",
        default_max_age=600,
        default_acr_values=["urn:sso-hub:acr:password"],
        subject_type="pairwise",
        id_token_signed_response_alg="ES256",
        grant_types=["authorization_code", "refresh_token"],
        response_types=["code"],
    )

    AuthorizationServerMetadata(document).validate()
    OpenIDProviderMetadata(document).validate()
    for model in (ClientMetadataClaims, OpenIDClientMetadataClaims):
        options = model.get_claims_options(document)
        model(told, {}, options, document).validate()
    assert document["registration_endpoint"] == f"{registrant.hub.issuer}/oauth2/register"
