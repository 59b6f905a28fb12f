"""The UserInfo endpoint (Core 5.3)."""

import pytest

from sso.oidc.errors import BearerError
from sso.oidc.userinfo import userinfo
from tests.oidc.examples import HOUR, World, client
from tests.oidc.proofs import shown


def ask(world: World, text: str | None) -> dict[str, object]:
    return dict(userinfo(shown(text or ""), world.stores, world.provider, world.now))


def refusal(world: World, text: str | None) -> str:
    with pytest.raises(BearerError) as caught:
        ask(world, text)
    return caught.value.code


def test_the_scope_decides_which_claims_are_told(world: World) -> None:
    """Core 5.4."""
    assert ask(world, world.tokens(scope="openid").access_token) == {"sub": world.sub}
    assert ask(world, world.tokens(scope="openid email").access_token) == {
        "sub": world.sub,
        "email": "tuya@example.org",
        "email_verified": True,
    }


def test_the_claims_parameter_adds_single_ones(world: World) -> None:
    """Core 5.5."""
    tokens = world.tokens(scope="openid", claims='{"userinfo": {"name": {"essential": true}, "x": null}}')

    assert ask(world, tokens.access_token) == {"sub": world.sub, "name": "Tuya Bat"}


def test_a_token_without_openid_is_not_enough(world: World) -> None:
    """RFC 6750 3.1."""
    assert refusal(world, world.tokens(scope="email").access_token) == "insufficient_scope"


TAX, LAND = "https://tax.example", "https://land.example"


@pytest.mark.parametrize("audience", [(), (TAX,), (TAX, LAND)])
def test_a_token_that_nobody_asked_for_a_resource_opens_it(world: World, audience: tuple[str, ...]) -> None:
    """Core 5.3; `audience` is what the token is for besides."""
    world.stores.clients.by_id["housing"] = client(audience=audience)

    assert ask(world, world.tokens(scope="openid").access_token) == {"sub": world.sub}


def test_a_token_of_another_resource_does_not_open_it(world: World) -> None:
    """RFC 8707 3: who receives a token there must not read claims with it."""
    world.stores.clients.by_id["housing"] = client(audience=(TAX, LAND))
    asked_first = world.tokens(scope="openid", resource=TAX)
    world.resources = (LAND,)
    asked_last = world.tokens(scope="openid")

    assert refusal(world, asked_first.access_token) == "invalid_token"
    assert refusal(world, asked_last.access_token) == "invalid_token"


@pytest.mark.parametrize("own", ["https://id.example.gov", "https://id.example.gov/oauth2/userinfo"])
def test_a_token_for_a_resource_and_for_the_hub_opens_it(world: World, own: str) -> None:
    world.stores.clients.by_id["housing"] = client(audience=(TAX, own))

    tokens = world.tokens(scope="openid", resource=[TAX, own])

    assert ask(world, tokens.access_token) == {"sub": world.sub}


def test_a_refresh_to_a_narrower_scope_tells_less(world: World) -> None:
    """RFC 6749 6."""
    tokens = world.tokens(scope="openid email offline_access")

    narrow = world.refresh(tokens.refresh_token, scope="openid")

    assert ask(world, narrow.access_token) == {"sub": world.sub}


def test_neither_id_token_nor_refresh_token_opens_it(world: World) -> None:
    """RFC 8725 2.8."""
    tokens = world.tokens()

    assert refusal(world, tokens.id_token) == "invalid_token"
    assert refusal(world, tokens.refresh_token) == "invalid_token"


def test_an_expired_token_or_a_disabled_account_tells_nothing(world: World) -> None:
    """RFC 6750 3.1."""
    old = world.tokens().access_token
    world.wait(HOUR)
    assert refusal(world, old) == "invalid_token"

    text = world.tokens().access_token
    world.disable()
    assert refusal(world, text) == "invalid_token"


def test_sub_differs_between_sectors_and_is_the_id_tokens(world: World) -> None:
    """Core 5.3.2, 8.1."""
    here = ask(world, world.tokens().access_token)["sub"]
    world.client = world.register(client(client_id="tax", sector="tax.example"))
    there = ask(world, world.tokens().access_token)["sub"]

    assert here != there == world.sub


def test_the_record_names_claims_and_never_tells_values(world: World) -> None:
    ask(world, world.tokens(scope="openid email").access_token)

    record = world.stores.audit.records[-1]
    assert (record.event, record.detail["claims_released"]) == (
        "userinfo.accessed",
        ["email", "email_verified"],
    )
    assert "tuya@example.org" not in repr(record)
