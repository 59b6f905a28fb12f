"""Step-up challenges and what they say (RFC 9470, RFC 6750 3, RFC 9728 5.1)."""

from datetime import timedelta

import pytest

from sso.oidc.challenge import challenges
from sso.oidc.errors import BearerError, Challenge, ErrorCode
from sso.oidc.resource_metadata import metadata_address, resource_metadata, resource_paths
from sso.oidc.settings import Settings
from sso.oidc.step_up import SignIn, require_sign_in
from sso.oidc.token_scheme import TokenScheme
from tests.oidc.examples import ISSUER, MINUTE, NOW, SETTINGS

PASSWORD = "urn:sso-hub:acr:password"
STRONG = "urn:example:strong"
ALGS = "RS256 PS256 ES256 ES384 EdDSA"


def sign_in(age: timedelta = MINUTE, scheme: TokenScheme = TokenScheme.BEARER) -> SignIn:
    return SignIn(auth_time=NOW - age, acr=PASSWORD, scheme=scheme)


@pytest.mark.parametrize(
    ("max_age", "acr_values"),
    [
        (None, ()),
        (MINUTE, ()),
        (None, (PASSWORD,)),
        (2 * MINUTE, (STRONG, PASSWORD)),
    ],
)
def test_a_sign_in_that_is_enough_passes(max_age: timedelta | None, acr_values: tuple[str, ...]) -> None:
    """RFC 9470 2."""
    require_sign_in(sign_in(), NOW, max_age=max_age, acr_values=acr_values)


@pytest.mark.parametrize(
    ("max_age", "acr_values", "reason"),
    [
        (timedelta(seconds=59), (), "signed in too long ago"),
        (timedelta(0), (PASSWORD,), "signed in too long ago"),
        (None, (STRONG,), "acr is not enough"),
        (2 * MINUTE, (STRONG,), "acr is not enough"),
    ],
)
def test_one_that_is_not_is_told_what_would_be(
    max_age: timedelta | None, acr_values: tuple[str, ...], reason: str
) -> None:
    """RFC 9470 3."""
    with pytest.raises(BearerError) as caught:
        require_sign_in(sign_in(scheme=TokenScheme.DPOP), NOW, max_age=max_age, acr_values=acr_values)

    assert (caught.value.code, caught.value.reason) == ("insufficient_user_authentication", reason)
    assert caught.value.challenge == Challenge(TokenScheme.DPOP, acr_values=acr_values, max_age=max_age)


def test_the_challenge_names_levels_age_and_where_the_resource_is_described() -> None:
    """RFC 9470 3, RFC 9728 5.1."""
    asked = Challenge(acr_values=(STRONG, PASSWORD), max_age=5 * MINUTE)
    error = BearerError(ErrorCode.INSUFFICIENT_USER_AUTHENTICATION, "sign in again", challenge=asked)

    assert challenges(error, f"{ISSUER}/d") == (
        'Bearer realm="sso", error="insufficient_user_authentication", error_description="sign in again", '
        f'acr_values="{STRONG} {PASSWORD}", max_age="300", resource_metadata="{ISSUER}/d"',
    )


def test_a_challenge_for_a_bound_token_names_the_algorithms() -> None:
    """RFC 9449 7.1."""
    error = BearerError(ErrorCode.INVALID_TOKEN, "expired", challenge=Challenge(TokenScheme.DPOP))

    assert challenges(error, None) == (
        f'DPoP realm="sso", error="invalid_token", error_description="expired", algs="{ALGS}"',
    )


def test_who_comes_without_a_token_learns_both_ways_and_no_error() -> None:
    """RFC 6750 3.1, RFC 9449 7.1."""
    error = BearerError(ErrorCode.INVALID_TOKEN, "", "no token")

    assert challenges(error, None) == ('Bearer realm="sso"', f'DPoP realm="sso", algs="{ALGS}"')


@pytest.mark.parametrize(
    ("path", "described_at"),
    [
        ("/oauth2/userinfo", "/oauth2/userinfo"),
        ("/api/v1", "/api/v1"),
        ("/api/v1/clients/x", "/api/v1"),
        ("/api/v10", None),
        ("/oauth2/token", None),
        ("/", None),
    ],
)
def test_every_address_of_a_resource_leads_to_its_description(path: str, described_at: str | None) -> None:
    """RFC 9728 3.1: the well-known part goes before the path."""
    expected = (
        None if described_at is None else f"{ISSUER}/.well-known/oauth-protected-resource{described_at}"
    )

    assert metadata_address(path, SETTINGS) == expected


@pytest.mark.parametrize("path", resource_paths(Settings(issuer="https://id.example.gov")))
def test_a_description_names_the_resource_its_hub_and_what_it_takes(path: str) -> None:
    """RFC 9728 2."""
    told = resource_metadata(path, SETTINGS)

    assert told["resource"] == f"{ISSUER}{path}"
    assert told["authorization_servers"] == [ISSUER]
    assert told["dpop_signing_alg_values_supported"] == ALGS.split()
    assert told["tls_client_certificate_bound_access_tokens"] is False
    assert "query" not in str(told["bearer_methods_supported"])
    with_certificates = Settings(issuer=ISSUER, mtls_origin="https://mtls.example")
    assert resource_metadata(path, with_certificates)["tls_client_certificate_bound_access_tokens"] is True
