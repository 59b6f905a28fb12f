"""Implicit and hybrid flows: Core 3.2 and 3.3, Multiple Response Types, FAPI 1.0 for s_hash."""

import base64
import hashlib
from typing import Any

import jwt
import pytest

from sso.oidc import authorize
from sso.oidc.client import GrantType
from sso.oidc.errors import AuthorizationError, ResponseMode, TokenError
from sso.oidc.introspection import introspect
from sso.oidc.offered import RESPONSE_TYPES
from sso.oidc.registration import InvalidClientMetadata, new_client
from tests.oidc.examples import ISSUER, NOW, World, claims_of, client, signing_key

GRANTS = frozenset({GrantType.AUTHORIZATION_CODE, GrantType.IMPLICIT, GrantType.REFRESH_TOKEN})
OPEN: dict[str, Any] = {
    "front_channel_tokens": True,
    "response_types": frozenset(RESPONSE_TYPES),
    "grant_types": GRANTS,
}
IN_FRONT = [name for name in RESPONSE_TYPES if {"token", "id_token"} & set(name.split())]


@pytest.fixture
def world() -> World:
    return World(client=client(**OPEN))


def answer(world: World, response_type: str, **changes: str | None) -> dict[str, str]:
    asked = world.ask(response_type=response_type, **changes)
    issued = authorize.grant(asked, world.session, world.stores, world.provider, world.now)
    return dict(issued.params)


def half(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return base64.urlsafe_b64encode(digest[:16]).rstrip(b"=").decode()


CODE = {"code"}
TOKEN = {"access_token", "token_type", "expires_in", "scope"}
ID_TOKEN = {"id_token"}


@pytest.mark.parametrize(
    ("response_type", "names"),
    [
        ("code", CODE),
        ("code id_token", CODE | ID_TOKEN),
        ("id_token code", CODE | ID_TOKEN),
        ("code token", CODE | TOKEN),
        ("code id_token token", CODE | ID_TOKEN | TOKEN),
        ("token code id_token", CODE | ID_TOKEN | TOKEN),
        ("id_token", ID_TOKEN),
        ("id_token token", ID_TOKEN | TOKEN),
        ("token", TOKEN),
        ("none", set()),
    ],
)
def test_what_is_asked_for_is_what_comes(world: World, response_type: str, names: set[str]) -> None:
    """Core 3.2.2.5, 3.3.2.5; Multiple Response Types 3, 4, 5: the order of the words does not matter."""
    assert set(answer(world, response_type)) == names | {"state", "iss"}


@pytest.mark.parametrize("response_type", IN_FRONT)
def test_tokens_travel_in_the_fragment(world: World, response_type: str) -> None:
    """Multiple Response Types 3 and 5; an error does, too."""
    with pytest.raises(AuthorizationError) as told:
        world.ask(response_type=response_type, scope=None)

    assert world.ask(response_type=response_type).to.mode is ResponseMode.FRAGMENT
    assert world.ask(response_type=response_type, response_mode="jwt").to.mode is ResponseMode.FRAGMENT_JWT
    assert told.value.to.mode is ResponseMode.FRAGMENT


@pytest.mark.parametrize("response_type", IN_FRONT)
@pytest.mark.parametrize("mode", ["query", "query.jwt"])
def test_tokens_never_travel_in_the_query(world: World, response_type: str, mode: str) -> None:
    """Multiple Response Types 3; JARM 2.3.1."""
    with pytest.raises(AuthorizationError) as told:
        world.ask(response_type=response_type, response_mode=mode)

    assert told.value.code == "invalid_request"
    assert told.value.to.mode is ResponseMode.FRAGMENT


def test_tokens_that_only_the_client_can_read_may(world: World) -> None:
    """JARM 2.3.1."""
    world.register(
        client(
            **OPEN,
            authorization_encrypted_response_alg="ECDH-ES",
            authorization_encrypted_response_enc="A128GCM",
        )
    )

    asked = world.ask(response_type="code token", response_mode="query.jwt")

    assert asked.to.mode is ResponseMode.QUERY_JWT


def test_none_travels_as_a_code_does(world: World) -> None:
    """Multiple Response Types 4."""
    assert world.ask(response_type="none").to.mode is ResponseMode.QUERY


def test_nothing_is_granted_where_nothing_is_asked_for(world: World) -> None:
    """Multiple Response Types 4."""
    answer(world, "none")

    assert world.stores.grants.by_id == {}
    assert world.stores.sessions.joined == {}


@pytest.mark.parametrize("response_type", [name for name in IN_FRONT if "id_token" in name])
def test_an_id_token_is_signed_for_the_client_and_vouches_for_what_is_beside_it(
    world: World, response_type: str
) -> None:
    """Core 3.2.2.10, 3.3.2.11; s_hash: FAPI 1.0 Advanced 5.1.1."""
    told = answer(world, response_type)

    claims = jwt.decode(
        told["id_token"],
        signing_key("RS256").signer.public_key,
        algorithms=["RS256"],
        audience="housing",
        issuer=ISSUER,
        options={"verify_exp": False, "verify_iat": False},
    )
    assert claims["nonce"] == "n-0S6_WzA2Mj"
    assert claims["s_hash"] == half("af0ifjsldkj")
    assert claims.get("c_hash") == (half(told["code"]) if "code" in told else None)
    assert claims.get("at_hash") == (half(told["access_token"]) if "access_token" in told else None)


@pytest.mark.parametrize("response_type", [name for name in IN_FRONT if "id_token" in name])
@pytest.mark.parametrize(
    ("changes", "code"), [({"nonce": None}, "invalid_request"), ({"scope": "profile"}, "invalid_scope")]
)
def test_an_id_token_needs_a_nonce_and_openid(
    world: World, response_type: str, changes: dict[str, str | None], code: str
) -> None:
    """Core 3.2.2.1, 3.3.2.11."""
    with pytest.raises(AuthorizationError) as told:
        world.ask(response_type=response_type, **changes)

    assert told.value.code == code


@pytest.mark.parametrize("response_type", ["token", "code token"])
def test_an_access_token_alone_needs_neither(world: World, response_type: str) -> None:
    """RFC 6749 4.2.1, Core 3.3.2.1."""
    assert "access_token" in answer(world, response_type, nonce=None, scope="profile")


def test_an_id_token_alone_holds_the_claims_of_its_scopes(world: World) -> None:
    """Core 5.4: there is no access token to ask for them with."""
    alone = claims_of(answer(world, "id_token")["id_token"])
    beside = claims_of(answer(world, "id_token token")["id_token"])

    assert alone["email"] == "tuya@example.org"
    assert "email" not in beside


def test_the_access_token_works_and_ends_with_its_grant(world: World) -> None:
    """RFC 6750; RFC 7009."""
    told = answer(world, "token")
    alive = introspect(told["access_token"], world.client, world.stores, world.provider, world.now)

    [grant] = world.stores.grants.by_id.values()
    world.stores.grants.revoke(grant.id, NOW)
    revoked = introspect(told["access_token"], world.client, world.stores, world.provider, world.now)

    assert (alive["active"], revoked["active"]) == (True, False)
    assert alive["sub"] == world.sub


@pytest.mark.parametrize("response_type", [name for name in RESPONSE_TYPES if "code" in name.split()])
def test_a_code_of_a_hybrid_flow_is_redeemed_as_any(world: World, response_type: str) -> None:
    """Core 3.3.3: same iss and sub, and PKCE all the same."""
    told = answer(world, response_type)
    tokens = world.redeem(told["code"])

    claims = claims_of(tokens.id_token)
    assert (claims["iss"], claims["sub"], claims["nonce"]) == (ISSUER, world.sub, "n-0S6_WzA2Mj")
    assert tokens.refresh_token is not None


@pytest.mark.parametrize("response_type", ["id_token", "token", "id_token token"])
def test_there_is_no_refresh_without_a_code(world: World, response_type: str) -> None:
    """RFC 6749 4.2.2, Core 11."""
    told = answer(world, response_type)

    [grant] = world.stores.grants.by_id.values()
    assert "offline_access" not in told.get("scope", "").split()
    assert not grant.offline
    assert world.stores.refresh_tokens.by_digest == {}


def test_what_a_grant_without_a_code_is_kept_by_cannot_be_redeemed(world: World) -> None:
    answer(world, "token")

    [kept] = world.stores.codes.by_digest.values()
    assert kept.redeemed_at == NOW
    assert world.stores.audit.codes() == ["token.issued"]


@pytest.mark.parametrize("response_type", ["code", "code token", "code id_token"])
def test_pkce_is_required_wherever_there_is_a_code(world: World, response_type: str) -> None:
    """RFC 9700 2.1.1."""
    with pytest.raises(AuthorizationError) as told:
        world.ask(response_type=response_type, code_challenge=None, code_challenge_method=None)

    assert told.value.code == "invalid_request"


@pytest.mark.parametrize("response_type", ["id_token", "token", "id_token token", "none"])
def test_pkce_means_nothing_where_there_is_none(world: World, response_type: str) -> None:
    asked = world.ask(response_type=response_type, code_challenge=None, code_challenge_method=None)

    assert asked.code_challenge is None


CLOSED: dict[str, dict[str, Any]] = {
    "by the officer": {"front_channel_tokens": False},
    "by its response types": {"response_types": frozenset({"code"})},
    "by its grant types": {"grant_types": frozenset({GrantType.AUTHORIZATION_CODE})},
    "by the strict profile": {"profile": "fapi2"},
}


@pytest.mark.parametrize("changes", CLOSED.values(), ids=CLOSED.keys())
@pytest.mark.parametrize("response_type", IN_FRONT)
def test_a_client_that_it_is_not_open_to_is_told_so(
    world: World, response_type: str, changes: dict[str, Any]
) -> None:
    """RFC 6749 4.1.2.1, 4.2.2.1: unauthorized_client."""
    world.register(client(**OPEN | changes))

    with pytest.raises(AuthorizationError) as told:
        world.ask(response_type=response_type)

    assert told.value.code == "unauthorized_client"


@pytest.mark.parametrize("field", ["dpop_bound_access_tokens", "tls_client_certificate_bound_access_tokens"])
def test_a_token_that_is_bound_to_a_key_is_never_made_in_the_browser(world: World, field: str) -> None:
    """RFC 9449 5, RFC 8705 3."""
    world.register(client(**OPEN | {field: True}))

    with pytest.raises(AuthorizationError) as told:
        world.ask(response_type="code token")

    assert told.value.code == "unauthorized_client"
    assert set(answer(world, "code id_token")) >= {"code", "id_token"}


def test_an_id_token_that_cannot_be_encrypted_grants_nothing(world: World) -> None:
    """Core 16.14."""
    world.register(
        client(**OPEN, id_token_encrypted_response_alg="ECDH-ES", id_token_encrypted_response_enc="A128GCM")
    )

    with pytest.raises(AuthorizationError) as told:
        answer(world, "code id_token")

    assert told.value.code == "invalid_request"
    assert world.stores.grants.by_id == {}


def test_a_replayed_code_of_a_hybrid_flow_ends_the_token_of_the_browser_too(world: World) -> None:
    """RFC 9700 2.1.1, RFC 6749 4.1.2: all tokens of the grant."""
    told = answer(world, "code token")
    world.redeem(told["code"])

    with pytest.raises(TokenError):
        world.redeem(told["code"])
    after = introspect(told["access_token"], world.client, world.stores, world.provider, world.now)

    assert after["active"] is False


def test_it_is_registered_only_with_the_officers_switch() -> None:
    """RFC 7591 2: response types and grant types go together."""
    metadata = {
        "client_name": "Old",
        "redirect_uris": ["https://old.example/cb"],
        "response_types": ["code id_token"],
        "grant_types": ["authorization_code", "implicit"],
    }

    with pytest.raises(InvalidClientMetadata, match="front_channel_tokens"):
        new_client(metadata, NOW)
    made, _ = new_client(metadata | {"front_channel_tokens": True}, NOW)

    assert made.response_types == {"code id_token"}


@pytest.mark.parametrize(
    "changes", [{"grant_types": ["authorization_code"]}, {"response_types": ["code"]}, {"response_types": []}]
)
def test_response_types_and_grant_types_go_together(changes: dict[str, Any]) -> None:
    """OpenID Connect Registration 2."""
    metadata = {
        "client_name": "Old",
        "redirect_uris": ["https://old.example/cb"],
        "front_channel_tokens": True,
        "response_types": ["id_token token"],
        "grant_types": ["implicit"],
    }

    assert new_client(metadata, NOW)
    with pytest.raises(InvalidClientMetadata):
        new_client(metadata | changes, NOW)
