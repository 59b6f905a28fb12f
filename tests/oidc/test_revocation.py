"""Token revocation (RFC 7009)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sso.oidc.bearer import TokenNotLive, live_access_token
from sso.oidc.client import Client
from sso.oidc.errors import TokenError
from sso.oidc.revocation import revoke
from tests.oidc.examples import World, claims_of, client


def ask(world: World, text: str | None, caller: Client | None = None) -> None:
    revoke(text or "", caller or world.client, world.stores, world.provider, world.now)


def live(world: World, text: str) -> bool:
    try:
        live_access_token(text, world.stores, world.provider, world.now)
    except TokenNotLive:
        return False
    return True


def test_a_refresh_token_takes_its_whole_family_along(world: World) -> None:
    """RFC 7009 2.1."""
    first = world.tokens()
    second = world.refresh(first.refresh_token)

    ask(world, first.refresh_token)

    assert not live(world, first.access_token)
    assert not live(world, second.access_token)
    with pytest.raises(TokenError):
        world.refresh(second.refresh_token)


def test_an_access_token_goes_alone(world: World) -> None:
    """RFC 7009 2.1."""
    tokens = world.tokens()

    ask(world, tokens.access_token)

    assert not live(world, tokens.access_token)
    assert live(world, world.refresh(tokens.refresh_token).access_token)


def test_a_revoked_token_stays_revoked_when_the_operator_shortens_the_lifetime(world: World) -> None:
    """RFC 7009 2."""
    tokens = world.tokens()
    shorter = replace(world.provider.settings, access_token_lifetime=timedelta(seconds=1))
    provider = replace(world.provider, settings=shorter)

    revoke(tokens.access_token, world.client, world.stores, provider, world.now)

    claims = claims_of(tokens.access_token)
    denied_until = world.stores.denied_tokens.until[str(claims["jti"])]
    assert denied_until.timestamp() == claims["exp"]


def test_another_client_revokes_nothing(world: World) -> None:
    """RFC 7009 2.1."""
    tokens, stranger = world.tokens(), client(client_id="stranger")

    ask(world, tokens.access_token, stranger)
    ask(world, tokens.refresh_token, stranger)

    assert live(world, tokens.access_token)
    assert "token.revoked" not in world.stores.audit.codes()


@pytest.mark.parametrize("text", ["", "x", "x.y.z", "é", "\udcff", "a" * 20_000])
def test_an_unknown_token_is_no_error(world: World, text: str) -> None:
    """RFC 7009 2.2."""
    ask(world, text)

    assert world.stores.audit.codes() == []


def test_an_id_token_cannot_be_revoked_nor_harm(world: World) -> None:
    tokens = world.tokens()

    ask(world, tokens.id_token)

    assert live(world, tokens.access_token)


def test_what_was_revoked_is_found_by_its_grant(world: World) -> None:
    tokens = world.tokens()
    ask(world, tokens.access_token)
    ask(world, tokens.refresh_token)

    of_access, of_family = (r for r in world.stores.audit.records if r.event == "token.revoked")
    assert of_access.grant_id == of_family.grant_id is not None
    assert of_access.account_id == of_family.account_id == "account-1"
