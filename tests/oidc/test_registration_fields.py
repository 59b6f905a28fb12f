"""Every field of client metadata and what it refuses, one table (RFC 7591 2 and its extensions)."""

from datetime import UTC, datetime
from typing import Any

import pytest

from sso.oidc.client import Client
from sso.oidc.jose import generate_private_key, public_jwk
from sso.oidc.offered import WITHOUT_FEATURE
from sso.oidc.registration import FIELDS, InvalidClientMetadata, client_metadata, new_client

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
HOUSING: dict[str, Any] = {"client_name": "Housing", "redirect_uris": ["https://housing.example/cb"]}
JWK = public_jwk(generate_private_key("ES256"), "ES256")
JWKS = {"keys": [{name: JWK[name] for name in ("kty", "crv", "x", "y")}]}
"""A key that may sign and be encrypted to."""
CIBA = {
    "grant_types": ["authorization_code", "urn:openid:params:grant-type:ciba"],
    "backchannel_token_delivery_mode": "poll",
}
KEYED = {"token_endpoint_auth_method": "private_key_jwt", "jwks": JWKS}
TLS = {"token_endpoint_auth_method": "tls_client_auth"}
REVOKED = "https://schemas.openid.net/secevent/caep/event-type/session-revoked"
EXAMPLES: dict[str, tuple[dict[str, Any], Any, tuple[Any, ...]]] = {
    # field: (what must stand beside it, a good value, bad values)
    "client_name": ({}, "Homes", ("", " ", 7, [], "x" * 151, "\u202e")),
    "redirect_uris": ({}, ["https://a.example/"], ("x", [7], ["http://a.example/"], ["/"], {})),
    "post_logout_redirect_uris": ({}, ["https://a.example/"], ("x", [7], ["javascript:x"], ["https://"])),
    "application_type": ({}, "native", ("mobile", 7, "")),
    "client_uri": ({}, "https://a.example/", ("a", 7, "javascript:x", "https://u@a.example/")),
    "logo_uri": ({}, "https://a.example/", ("data:x", 7, "http://a.example/")),
    "policy_uri": ({}, "https://a.example/", ("a", 7, "http://a.example/")),
    "tos_uri": ({}, "https://a.example/", ("a", 7, "http://a.example/")),
    "initiate_login_uri": ({}, "https://a.example/", ("a", 7, "http://a.example/")),
    "contacts": ({}, ["it@a.example"], ("x", ["é"], ["\n"], [""], ["x" * 255])),
    "software_id": ({}, "4NRB1-0XZABZI9E6-5SM3R", ("é", "", 7, "x" * 256)),
    "software_version": ({}, "1.0", ("\n", "", 7, "x" * 256)),
    "token_endpoint_auth_method": ({}, "client_secret_post", ("magic", 7, ["none"])),
    "token_endpoint_auth_signing_alg": (KEYED, "ES256", ("none", "HS256", "ES512", 7)),
    "accept_token_endpoint_audience": ({}, True, ("true", 1, [])),
    "tls_client_auth_subject_dn": (TLS, "CN=housing,O=Housing,C=MN", ("", "é", 7, "x" * 1001)),
    "tls_client_auth_san_dns": (TLS, "housing.example", ("", "a b", "-", 7)),
    "tls_client_auth_san_uri": (TLS, "spiffe://housing/api", ("housing", "", 7)),
    "tls_client_auth_san_ip": (TLS, "192.0.2.1", ("192.0.2", "192.0.2.256", "x", 7)),
    "tls_client_auth_san_email": (TLS, "it@housing.example", ("it", "", "a@b@c", 7)),
    "grant_types": ({}, ["authorization_code"], ([], ["password"], "authorization_code", [7])),
    "response_types": ({}, ["code"], (["token"], ["code code"], "code", [7], ["magic"])),
    "front_channel_tokens": ({}, True, ("true", 1)),
    "scope": ({}, "openid", ("openid profil", 'a"b', 7, ["a b"], " ".join(map(str, range(51))))),
    "jwks": ({}, JWKS, ([], {}, {"keys": []}, {"keys": [{"kty": "oct", "k": "AA"}]}, "x")),
    "jwks_uri": ({}, "https://a.example/jwks", ("http://a.example/jwks", "jwks", 7)),
    "subject_type": ({}, "public", ("shared", 7)),
    "sector": ({}, "housing", ("a b", "", 7, "x" * 256)),
    "sector_identifier_uri": ({}, None, ("http://a.example/", "x", 7)),
    "audience": ({}, ["https://api.example"], (["api"], "https://api.example", ["https://a.example/#x"])),
    "resource": ({}, ["https://api.example"], (["api"], "https://api.example", [7])),
    "access_token_format": ({}, "opaque", ("paseto", 7)),
    "dpop_bound_access_tokens": ({}, True, ("true", 1)),
    "dpop_nonce_required": ({}, True, ("true", 1)),
    "tls_client_certificate_bound_access_tokens": ({}, True, ("true", 1)),
    "rotate_refresh_tokens": ({}, False, ("false", 0)),
    "claims_in_id_token": ({}, True, ("true", 1)),
    "default_max_age": ({}, 60, (-1, "60", True, 1.5, 10**10)),
    "default_acr_values": ({}, ["urn:a"], ("urn:a", ["a b"], [7], [""])),
    "trusted": ({}, True, ("true", 1)),
    "role_mapping": (
        {"scope": "openid roles"},
        ["case-worker=civil/roles/registrar of 7/b", "reader=civil/groups/staff"],
        (
            "x",
            ["reader"],
            ["a b=civil/roles/x"],
            ["a=civil/other/x"],
            ["a=civil/roles/"],
            [7],
            ["a=c/roles/\n"],
        ),
    ),
    "may_act": ({}, "agency", ("", "é", 7, "x" * 256)),
    "may_impersonate": ({}, True, ("true", 1)),
    "profile": ({}, None, ("fapi1", 7)),
    "id_token_signed_response_alg": ({}, "ES256", ("none", "HS256", 7)),
    "id_token_encrypted_response_alg": (KEYED, "ECDH-ES", ("RSA1_5", "dir", 7)),
    "id_token_encrypted_response_enc": (
        KEYED | {"id_token_encrypted_response_alg": "ECDH-ES"},
        *("A128GCM", ("A192GCM", "none", 7)),
    ),
    "userinfo_signed_response_alg": ({}, "ES256", ("none", "HS256", 7)),
    "userinfo_encrypted_response_alg": (KEYED, "ECDH-ES", ("RSA1_5", 7)),
    "userinfo_encrypted_response_enc": (
        KEYED | {"userinfo_encrypted_response_alg": "ECDH-ES"},
        *("A256GCM", ("A192GCM", 7)),
    ),
    "introspection_signed_response_alg": ({}, "ES256", ("none", 7)),
    "introspection_encrypted_response_alg": (KEYED, "ECDH-ES", ("RSA1_5", 7)),
    "introspection_encrypted_response_enc": (
        KEYED | {"introspection_encrypted_response_alg": "ECDH-ES"},
        *("A128CBC-HS256", ("A192GCM", 7)),
    ),
    "authorization_signed_response_alg": ({}, "ES256", ("none", 7)),
    "authorization_encrypted_response_alg": (KEYED, "ECDH-ES", ("RSA1_5", 7)),
    "authorization_encrypted_response_enc": (
        KEYED | {"authorization_encrypted_response_alg": "ECDH-ES"},
        *("A128GCM", ("A192GCM", 7)),
    ),
    "require_pkce": ({}, False, ("false", 0)),
    "request_object_signing_alg": (KEYED, "ES256", ("none", "HS256", 7)),
    "require_signed_request_object": (KEYED, True, ("true", 1)),
    "request_uris": ({}, ["https://a.example/r"], ("x", ["http://a.example/"], [7])),
    "require_pushed_authorization_requests": ({}, True, ("true", 1)),
    "authorization_details_types": ({}, ["account_information"], ("x", ["a b"], [7], [""])),
    "backchannel_logout_uri": ({}, "https://a.example/", ("http://a.example/", "org.example:/l", 7)),
    "backchannel_logout_session_required": ({}, False, ("false", 0)),
    "frontchannel_logout_uri": ({}, "https://housing.example/f", ("https://evil.example/f", "x", 7)),
    "frontchannel_logout_session_required": ({}, False, ("false", 0)),
    "backchannel_token_delivery_mode": (CIBA, "poll", ("push", 7)),
    "backchannel_client_notification_endpoint": (
        CIBA | {"backchannel_token_delivery_mode": "ping"},
        *("https://a.example/", ("http://a.example/", 7)),
    ),
    "backchannel_authentication_request_signing_alg": (CIBA | KEYED, "ES256", ("none", "HS256", 7)),
    "backchannel_user_code_parameter": (CIBA, True, ("true", 1)),
    "security_event_delivery": ({}, "urn:ietf:rfc:8936", ("push", 7)),
    "security_event_endpoint": (
        {"security_event_delivery": "urn:ietf:rfc:8935"},
        *("https://a.example/", ("http://a.example/", 7)),
    ),
    "security_events": (
        {"security_event_delivery": "urn:ietf:rfc:8936"},
        *([REVOKED], ("x", ["account-disabled"], [7])),
    ),
}


def test_the_table_has_every_field() -> None:
    assert set(EXAMPLES) == set(FIELDS)


@pytest.mark.parametrize("field", [name for name, (_, good, _) in EXAMPLES.items() if good is not None])
def test_a_good_value_is_kept_and_read_back(field: str) -> None:
    beside, good, _ = EXAMPLES[field]

    if field in WITHOUT_FEATURE and good != Client.__dataclass_fields__[field].default:
        with pytest.raises(InvalidClientMetadata, match=field):
            new_client({**HOUSING, **beside, field: good}, NOW)
        return
    client, _ = new_client({**HOUSING, **beside, field: good}, NOW)

    assert client_metadata(client)[field] == good


@pytest.mark.parametrize(
    ("field", "bad"), [(name, bad) for name, (_, _, refused) in EXAMPLES.items() for bad in refused]
)
def test_a_bad_value_is_refused_with_a_sentence_about_its_field(field: str, bad: Any) -> None:
    beside = EXAMPLES[field][0]

    with pytest.raises(InvalidClientMetadata) as caught:
        new_client({**HOUSING, **beside, field: bad}, NOW)

    assert field.split("_")[0].rstrip("s") in caught.value.sentence
    assert caught.value.sentence.isascii()


@pytest.mark.parametrize(
    ("metadata", "about"),
    [
        ({"token_endpoint_auth_method": "private_key_jwt"}, "jwks"),
        ({"token_endpoint_auth_method": "self_signed_tls_client_auth"}, "jwks"),
        (TLS, "exactly one of"),
        (TLS | {"tls_client_auth_san_ip": "192.0.2.1", "tls_client_auth_san_dns": "a.example"}, "exactly"),
        ({"tls_client_auth_san_dns": "a.example"}, "tls_client_auth only"),
        ({"token_endpoint_auth_signing_alg": "ES256"}, "private_key_jwt"),
        (KEYED | {"token_endpoint_auth_signing_alg": "HS256"}, "must be one of"),
        (
            {"token_endpoint_auth_method": "client_secret_jwt", "token_endpoint_auth_signing_alg": "ES256"},
            "HS256",
        ),
        ({"id_token_encrypted_response_enc": "A128GCM"}, "needs its alg"),
        ({"id_token_encrypted_response_alg": "ECDH-ES"}, "needs jwks"),
        ({"grant_types": ["authorization_code", "urn:openid:params:grant-type:ciba"]}, "delivery_mode"),
        ({"backchannel_token_delivery_mode": "poll"}, "grant_types"),
        (CIBA | {"backchannel_token_delivery_mode": "ping"}, "notification_endpoint"),
        (CIBA | {"backchannel_client_notification_endpoint": "https://a.example/"}, "ping"),
        (CIBA | {"token_endpoint_auth_method": "none"}, "public"),
        ({"response_types": ["code", "id_token"]}, "implicit"),
        (
            {"response_types": ["id_token"], "grant_types": ["implicit"]},
            "front_channel_tokens",
        ),
        (
            {
                "response_types": ["id_token"],
                "grant_types": ["implicit"],
                "front_channel_tokens": True,
                "redirect_uris": ["http://127.0.0.1/cb"],
            },
            "https",
        ),
        (
            {
                "response_types": ["id_token"],
                "grant_types": ["implicit"],
                "front_channel_tokens": True,
                "redirect_uris": ["https://localhost/cb"],
            },
            "localhost",
        ),
        ({"security_event_delivery": "urn:ietf:rfc:8935"}, "security_event_endpoint"),
        ({"security_event_endpoint": "https://a.example/"}, "8935"),
        ({"security_events": [REVOKED]}, "security_event_delivery"),
        (
            {"security_event_delivery": "urn:ietf:rfc:8936", "token_endpoint_auth_method": "none"},
            "public",
        ),
        ({"sector": "a", "sector_identifier_uri": "https://b.example/"}, "sector"),
        ({"subject_type": "public", "sector": "a"}, "pairwise"),
    ],
)
def test_fields_that_do_not_go_together_are_refused(metadata: dict[str, Any], about: str) -> None:
    with pytest.raises(InvalidClientMetadata, match=about):
        new_client({**HOUSING, **metadata}, NOW)


def test_an_alg_of_encryption_brings_the_specifications_default_enc() -> None:
    """OpenID Connect Registration 2, JARM 3, RFC 9701 6."""
    algs = {f"{a}_encrypted_response_alg": "ECDH-ES" for a in ("id_token", "userinfo", "introspection")}

    client, _ = new_client({**HOUSING, **KEYED, **algs}, NOW)

    assert {
        client.id_token_encrypted_response_enc,
        client.userinfo_encrypted_response_enc,
        client.introspection_encrypted_response_enc,
    } == {"A128CBC-HS256"}
