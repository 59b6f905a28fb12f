"""ID tokens, UserInfo and introspection responses, signed and encrypted as the client registered.

OpenID Connect Core 5.3.2, 10.2, 16.14; RFC 7519 5.2; RFC 9701. The client decrypts with joserfc and verifies
with PyJWT.
"""

import json
from typing import Any

import jwt
import pytest
from joserfc import jwe
from joserfc.jwk import ECKey, RSAKey

from sso.oidc.bearer import TokenNotLive, live_access_token
from sso.oidc.client import Client
from sso.oidc.errors import AuthorizationError, BearerError, TokenError
from sso.oidc.introspection import introspect, introspect_as_jwt
from sso.oidc.jose import CONTENT_ENCRYPTIONS, SIGNING_ALGORITHMS
from sso.oidc.logout import logout_token, parse_logout
from sso.oidc.notice import LogoutNotice
from sso.oidc.userinfo import userinfo
from tests.oidc.examples import ISSUER, NOW, World, client
from tests.oidc.proofs import shown

EC, RSA = ECKey.generate_key("P-256", auto_kid=True), RSAKey.generate_key(2048, auto_kid=True)
ENCRYPTIONS = ["RSA-OAEP-256", "ECDH-ES"]
JWKS = {"keys": [key.as_dict(private=False) | {"use": "enc"} for key in (EC, RSA)]}
SIGNING_KEYS_ONLY = {"keys": [EC.as_dict(private=False) | {"use": "sig"}]}


def world_of(**changes: Any) -> World:
    return World(client(**{"jwks": JWKS} | changes))


def decrypted(text: str, alg: str, enc: str) -> tuple[dict[str, Any], str]:
    """The header and the content of what only the client can read."""
    key: Any = RSA if alg == "RSA-OAEP-256" else EC
    read = jwe.decrypt_compact(text, key, algorithms=[alg, enc])
    return dict(read.protected), (read.plaintext or b"").decode()


def verified(world: World, text: str, typ: str = "JWT") -> dict[str, Any]:
    header = jwt.get_unverified_header(text)
    keys = {key.key_id: key for key in jwt.PyJWKSet.from_dict(dict(world.provider.keys.jwks(NOW))).keys}
    assert header["typ"] == typ
    options: Any = {"verify_exp": False, "verify_iat": False, "verify_aud": False}
    claims: dict[str, Any] = jwt.decode(
        text, keys[header["kid"]], algorithms=[header["alg"]], options=options
    )
    return claims


@pytest.mark.parametrize("alg", SIGNING_ALGORITHMS)
def test_an_id_token_is_signed_as_the_client_asked(alg: str) -> None:
    """Registration 2, id_token_signed_response_alg; RFC 7518 3, RFC 8037 3.1."""
    world = world_of(id_token_signed_response_alg=alg)

    text = world.tokens().id_token or ""

    assert jwt.get_unverified_header(text)["alg"] == alg
    assert verified(world, text)["aud"] == "housing"


@pytest.mark.parametrize("enc", CONTENT_ENCRYPTIONS)
@pytest.mark.parametrize("alg", ENCRYPTIONS)
def test_an_id_token_is_signed_and_then_encrypted(alg: str, enc: str) -> None:
    """Core 2, 16.14; RFC 7519 5.2."""
    world = world_of(id_token_encrypted_response_alg=alg, id_token_encrypted_response_enc=enc)

    header, nested = decrypted(world.tokens().id_token or "", alg, enc)

    assert (header["alg"], header["enc"], header["cty"]) == (alg, enc, "JWT")
    assert header["kid"] == (RSA if alg == "RSA-OAEP-256" else EC).kid
    assert verified(world, nested)["sub"] == world.sub


def test_a_refreshed_id_token_is_encrypted_too() -> None:
    """Core 12.2."""
    world = world_of(id_token_encrypted_response_alg="ECDH-ES", id_token_encrypted_response_enc="A256GCM")

    again = world.refresh(world.tokens().refresh_token)

    assert verified(world, decrypted(again.id_token or "", "ECDH-ES", "A256GCM")[1])["sub"] == world.sub


def test_the_access_token_stays_readable_for_resource_servers() -> None:
    """RFC 9068 2: encryption of the ID token says nothing about it."""
    world = world_of(id_token_encrypted_response_alg="ECDH-ES", id_token_encrypted_response_enc="A128GCM")

    assert verified(world, world.tokens().access_token, "at+jwt")["iss"] == ISSUER


def test_without_a_key_to_encrypt_to_nothing_is_issued_and_no_code_is_spent() -> None:
    world = world_of(id_token_encrypted_response_alg="ECDH-ES", id_token_encrypted_response_enc="A128GCM")
    code = world.code()
    world.client = world.register(client(**_as_dict(world.client) | {"jwks": SIGNING_KEYS_ONLY}))

    with pytest.raises(TokenError, match="invalid_request") as caught:
        world.redeem(code)

    assert caught.value.description == "the client has no key to encrypt its ID token to"
    assert "token.issued" not in world.stores.audit.codes()
    world.client = world.register(client(**_as_dict(world.client) | {"jwks": JWKS}))
    assert world.redeem(code).id_token


def _as_dict(registered: Client) -> dict[str, Any]:
    return {name: getattr(registered, name) for name in registered.__dataclass_fields__}


def told(world: World) -> Any:
    token = world.tokens(scope="openid email").access_token
    return userinfo(shown(token), world.stores, world.provider, world.now)


def test_userinfo_is_json_unless_the_client_asked_for_a_jwt() -> None:
    """Core 5.3.2."""
    world = world_of()

    assert told(world)["sub"] == world.sub


@pytest.mark.parametrize("alg", SIGNING_ALGORITHMS)
def test_userinfo_is_signed_with_issuer_and_audience(alg: str) -> None:
    """Core 5.3.2."""
    world = world_of(userinfo_signed_response_alg=alg)

    claims = verified(world, told(world))

    assert (claims["iss"], claims["aud"], claims["sub"]) == (ISSUER, "housing", world.sub)
    assert claims["email"] == "tuya@example.org"


@pytest.mark.parametrize("enc", CONTENT_ENCRYPTIONS)
@pytest.mark.parametrize("alg", ENCRYPTIONS)
@pytest.mark.parametrize("signed", [None, "ES256"])
def test_userinfo_is_encrypted_with_or_without_a_signature_within(
    alg: str, enc: str, signed: str | None
) -> None:
    """Core 5.3.2: signed first, then encrypted."""
    world = world_of(
        userinfo_signed_response_alg=signed,
        userinfo_encrypted_response_alg=alg,
        userinfo_encrypted_response_enc=enc,
    )

    header, content = decrypted(told(world), alg, enc)

    assert header.get("cty") == (None if signed is None else "JWT")
    claims = json.loads(content) if signed is None else verified(world, content)
    assert (claims["sub"], claims["email"], claims["aud"]) == (world.sub, "tuya@example.org", "housing")


def test_userinfo_that_cannot_be_encrypted_is_not_told_and_not_recorded_as_told() -> None:
    world = world_of(
        jwks=SIGNING_KEYS_ONLY,
        userinfo_encrypted_response_alg="ECDH-ES",
        userinfo_encrypted_response_enc="A128GCM",
    )

    with pytest.raises(BearerError, match="invalid_request"):
        told(world)

    assert "userinfo.accessed" not in world.stores.audit.codes()


def test_signed_userinfo_is_no_access_token() -> None:
    """RFC 8725 2.8."""
    world = world_of(userinfo_signed_response_alg="ES256")

    with pytest.raises(TokenNotLive):
        live_access_token(told(world), world.stores, world.provider, world.now)


def asked(world: World, caller: Client | None = None, token: str | None = None) -> str:
    text = token or world.tokens().access_token
    return introspect_as_jwt(text, caller or world.client, world.stores, world.provider, world.now)


def test_an_introspection_response_can_be_had_signed() -> None:
    """RFC 9701 5: typ, iss, aud, iat, and the answer of RFC 7662 in a member of its own."""
    world = world_of()
    token = world.tokens().access_token

    claims = verified(world, asked(world, token=token), "token-introspection+jwt")

    assert claims == {
        "iss": ISSUER,
        "aud": "housing",
        "iat": int(NOW.timestamp()),
        "token_introspection": introspect(token, world.client, world.stores, world.provider, NOW),
    }
    assert claims["token_introspection"]["active"] is True


def test_a_stranger_gets_a_signed_no() -> None:
    """RFC 9701 5: audience-restricted to the caller, which learns nothing else."""
    world = world_of()

    claims = verified(world, asked(world, client(client_id="stranger")), "token-introspection+jwt")

    assert (claims["aud"], claims["token_introspection"]) == ("stranger", {"active": False})


@pytest.mark.parametrize("alg", SIGNING_ALGORITHMS)
def test_the_caller_chooses_the_signature(alg: str) -> None:
    """RFC 9701 6; RS256 where it says nothing."""
    assert jwt.get_unverified_header(asked(world_of(introspection_signed_response_alg=alg)))["alg"] == alg
    assert jwt.get_unverified_header(asked(world_of()))["alg"] == "RS256"


@pytest.mark.parametrize("enc", CONTENT_ENCRYPTIONS)
@pytest.mark.parametrize("alg", ENCRYPTIONS)
def test_an_introspection_response_is_signed_and_then_encrypted(alg: str, enc: str) -> None:
    """RFC 9701 5, 6."""
    world = world_of(introspection_encrypted_response_alg=alg, introspection_encrypted_response_enc=enc)

    _, nested = decrypted(asked(world), alg, enc)

    assert verified(world, nested, "token-introspection+jwt")["token_introspection"]["active"] is True


def test_an_introspection_response_that_cannot_be_encrypted_is_refused() -> None:
    world = world_of(
        jwks=SIGNING_KEYS_ONLY,
        introspection_encrypted_response_alg="ECDH-ES",
        introspection_encrypted_response_enc="A128GCM",
    )

    with pytest.raises(TokenError, match="invalid_request"):
        asked(world)

    assert "token.introspected" not in world.stores.audit.codes()


def test_a_signed_introspection_response_is_no_access_token() -> None:
    """RFC 9701 8.1."""
    world = world_of(introspection_signed_response_alg="ES256")

    with pytest.raises(TokenNotLive):
        live_access_token(asked(world), world.stores, world.provider, world.now)


def test_an_encrypted_id_token_is_no_hint_and_the_signed_one_within_it_is() -> None:
    """Core 3.1.2.1, RP-Initiated Logout 2: the client decrypts it first."""
    world = world_of(id_token_encrypted_response_alg="ECDH-ES", id_token_encrypted_response_enc="A128GCM")
    encrypted = world.tokens().id_token or ""
    _, nested = decrypted(encrypted, "ECDH-ES", "A128GCM")

    with pytest.raises(AuthorizationError) as caught:
        world.ask(id_token_hint=encrypted)
    refused = parse_logout({"id_token_hint": encrypted}, world.stores, world.provider, NOW)

    assert caught.value.description == "id_token_hint is encrypted: send the signed ID token within it"
    assert refused.problem == "id_token_hint is encrypted to the client"
    assert world.ask(id_token_hint=nested).hinted_subs == {world.sub}
    accepted = parse_logout({"id_token_hint": nested}, world.stores, world.provider, NOW)
    assert (accepted.problem, accepted.session_id) == (None, "session-1")


def test_a_logout_token_is_signed_and_encrypted_as_id_tokens_are() -> None:
    """Back-Channel Logout 2.6."""
    world = world_of(
        id_token_signed_response_alg="EdDSA",
        id_token_encrypted_response_alg="RSA-OAEP-256",
        id_token_encrypted_response_enc="A256GCM",
    )
    notice = LogoutNotice(
        id="n", session_id="session-1", account_id="account-1", client_id="housing", sub=world.sub,
        uri="https://housing.example/bye", include_sid=True, attempts=1, created_at=NOW, next_attempt_at=NOW,
    )  # fmt: skip

    text = logout_token(notice, world.client, world.provider, NOW)

    _, nested = decrypted(text, "RSA-OAEP-256", "A256GCM")
    assert verified(world, nested, "logout+jwt")["sid"] == "session-1"
    assert jwt.get_unverified_header(nested)["alg"] == "EdDSA"
