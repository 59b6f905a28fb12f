"""Provider metadata: exactly what is enabled, as Authlib's models validate it (Discovery 3, RFC 8414 2)."""

import json
from dataclasses import replace
from typing import Any

from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from authlib.oidc.discovery import OpenIDProviderMetadata

from sso.authentication.evidence import ACR_VALUES
from sso.oidc.keys import KeyRing
from sso.oidc.metadata import metadata
from sso.oidc.settings import Provider
from tests.oidc.examples import HOUR, ISSUER, NONCE_KEY, NOW, SETTINGS, provider, signing_key


def document() -> dict[str, Any]:
    whole: dict[str, Any] = json.loads(json.dumps(metadata(provider(), ACR_VALUES, NOW)))
    return whole


def test_authlib_validates_it_as_discovery_document() -> None:
    """Discovery 3."""
    OpenIDProviderMetadata(document()).validate()


def test_authlib_validates_it_as_authorization_server_metadata() -> None:
    """RFC 8414 2."""
    AuthorizationServerMetadata(document()).validate()


def test_every_address_derives_from_the_issuer() -> None:
    """Discovery 4.3: the issuer is configuration, never the Host header."""
    whole = document()

    addresses = [value for name, value in whole.items() if name.endswith(("_endpoint", "_uri"))]
    assert whole["issuer"] == ISSUER
    assert len(addresses) >= 8
    assert all(address.startswith(f"{ISSUER}/oauth2/") for address in addresses)


def test_what_is_not_supported_is_said_to_be_so() -> None:
    """Discovery 3: the default of request_uri_parameter_supported is true."""
    whole = document()

    assert whole["request_uri_parameter_supported"] is False
    assert whole["code_challenge_methods_supported"] == ["S256"]
    assert "registration_endpoint" not in whole


def test_rs256_is_always_among_the_algorithms() -> None:
    """Discovery 3."""
    whole = document()

    assert whole["id_token_signing_alg_values_supported"] == ["RS256", "PS256", "ES256", "EdDSA"]


def test_only_algorithms_that_sign_now_are_named() -> None:
    """Discovery 3: a key that waits is published and not yet offered."""
    waits = replace(signing_key("PS256"), active_from=NOW + HOUR)
    ring = KeyRing((signing_key("RS256"), signing_key("ES256"), waits))

    whole = metadata(Provider(SETTINGS, ring, NONCE_KEY), ACR_VALUES, NOW)

    for answer in ("id_token", "userinfo", "introspection"):
        assert whole[f"{answer}_signing_alg_values_supported"] == ["RS256", "ES256"]


def test_how_answers_can_be_encrypted_is_named() -> None:
    """Discovery 3, RFC 9701 7."""
    whole = document()

    for answer in ("id_token", "userinfo", "introspection"):
        assert whole[f"{answer}_encryption_alg_values_supported"] == ["RSA-OAEP-256", "ECDH-ES"]
        encryptions = ["A128GCM", "A256GCM", "A128CBC-HS256"]
        assert whole[f"{answer}_encryption_enc_values_supported"] == encryptions


def test_nobody_introspects_without_a_secret() -> None:
    """RFC 7662 2.1."""
    assert "none" in document()["token_endpoint_auth_methods_supported"]
    assert "none" not in document()["introspection_endpoint_auth_methods_supported"]
