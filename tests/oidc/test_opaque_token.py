"""Opaque access tokens: kept as a digest, and in every other way like JWTs (RFC 6749 1.4, RFC 7662)."""

from dataclasses import replace

import pytest

from sso.oidc.bearer import TokenNotLive, live_access_token
from sso.oidc.client import Client, GrantType
from sso.oidc.digest import digest
from sso.oidc.introspection import introspect
from sso.oidc.protected_resource import require_access_token
from sso.oidc.revocation import revoke
from sso.oidc.token_scheme import TokenScheme
from sso.oidc.userinfo import userinfo
from tests.oidc.examples import MINUTE, World, claims_of, client
from tests.oidc.proofs import USERINFO_URL, bound_to, hash_of, proof, proof_key, shown

GRANTS = frozenset({GrantType.AUTHORIZATION_CODE, GrantType.REFRESH_TOKEN, GrantType.CLIENT_CREDENTIALS})


@pytest.fixture
def world() -> World:
    return World(client=client(access_token_format="opaque", grant_types=GRANTS))


def ask(world: World, text: str, caller: Client | None = None) -> dict[str, object]:
    return dict(introspect(text, caller or world.client, world.stores, world.provider, world.now))


def is_live(world: World, text: str) -> bool:
    try:
        live_access_token(text, world.stores, world.provider, world.now)
    except TokenNotLive:
        return False
    return True


def test_it_says_nothing_and_only_its_digest_is_kept(world: World) -> None:
    text = world.tokens().access_token

    assert "." not in text
    assert len(text) == 43
    assert list(world.stores.access_tokens.by_digest) == [digest(text)]
    assert text not in repr(world.stores.access_tokens)


def test_introspection_tells_what_a_jwt_would_say(world: World) -> None:
    """RFC 7662 2.2, RFC 9068 2.2."""
    opaque = ask(world, world.tokens().access_token)
    world.client = world.register(replace(world.client, access_token_format="jwt"))
    signed = claims_of(world.tokens().access_token)

    assert set(opaque) == {*signed, "active", "token_type"}
    assert {name: opaque[name] for name in signed if name != "jti"} == {
        name: value for name, value in signed.items() if name != "jti"
    }


def test_userinfo_takes_it(world: World) -> None:
    """Core 5.3.1."""
    told = userinfo(shown(world.tokens().access_token), world.stores, world.provider, world.now)

    assert told == {"sub": world.sub, "email": "tuya@example.org", "email_verified": True}


@pytest.mark.parametrize("grant_type", ["code", "refresh_token", "client_credentials"])
def test_every_grant_gives_it(world: World, grant_type: str) -> None:
    if grant_type == "client_credentials":
        answer = world.form(grant_type=grant_type, scope="housing:read")
    else:
        answer = world.tokens()
        if grant_type == "refresh_token":
            answer = world.refresh(answer.refresh_token)

    assert "." not in answer.access_token
    assert is_live(world, answer.access_token)


def test_it_ends_when_its_time_is_over(world: World) -> None:
    text = world.tokens().access_token
    world.wait(5 * MINUTE)

    assert not is_live(world, text)


def test_it_ends_with_its_grant_and_with_its_account(world: World) -> None:
    first, second = world.tokens(), world.tokens()
    revoke(first.refresh_token or "", world.client, world.stores, world.provider, world.now)

    assert [is_live(world, first.access_token), is_live(world, second.access_token)] == [False, True]
    world.disable()
    assert not is_live(world, second.access_token)


def test_it_is_revoked_by_its_client_and_by_nobody_else(world: World) -> None:
    """RFC 7009 2.1."""
    text = world.tokens().access_token

    revoke(text, client(client_id="stranger"), world.stores, world.provider, world.now)
    assert is_live(world, text)
    revoke(text, world.client, world.stores, world.provider, world.now)
    assert not is_live(world, text)


def test_a_second_use_of_its_code_ends_it(world: World) -> None:
    """RFC 9700 2.1.1."""
    code = world.code()
    text = world.redeem(code).access_token
    with pytest.raises(Exception, match="invalid_grant"):
        world.redeem(code)

    assert not is_live(world, text)


def test_it_can_be_bound_to_a_key(world: World) -> None:
    """RFC 9449 6.2."""
    world.confirmation = bound_to(proof_key())
    text = world.tokens().access_token
    good = proof(htm="GET", htu=USERINFO_URL, ath=hash_of(text))

    used = shown(text, TokenScheme.DPOP, dpop=(good,))
    token = require_access_token(used, world.stores, world.provider, world.now)

    assert token.confirmation == bound_to(proof_key())


@pytest.mark.parametrize("text", ["", "x", "x" * 43, "\ud800", "\u00e9" * 43])
def test_one_that_nobody_gave_out_is_not_live(world: World, text: str) -> None:
    assert not is_live(world, text)
    assert ask(world, text) == {"active": False}


def test_a_refresh_token_is_no_access_token(world: World) -> None:
    assert not is_live(world, world.tokens().refresh_token or "")
