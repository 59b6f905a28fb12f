"""grant_type=client_credentials: an application for itself (RFC 6749 4.4)."""

import pytest

from sso.oidc.bearer import TokenNotLive, live_access_token
from sso.oidc.client import ClientAuthMethod, GrantType
from sso.oidc.errors import TokenError
from tests.oidc.examples import World, claims_of, client

ITSELF = {"grant_types": frozenset({GrantType.CLIENT_CREDENTIALS})}


def test_the_token_speaks_of_the_client_alone(world: World) -> None:
    """RFC 9068 2.2: sub is the client_id."""
    world.register(client(**ITSELF))

    answer = world.form(grant_type="client_credentials")

    claims = claims_of(answer.access_token)
    assert (claims["sub"], claims["client_id"], claims["scope"]) == ("housing", "housing", "housing:read")
    assert claims.keys() & {"sid", "auth_time", "acr"} == set()
    assert (answer.id_token, answer.refresh_token) == (None, None)


@pytest.mark.parametrize("scope", ["openid", "profile", "offline_access", "unheard:of"])
def test_scopes_about_a_person_are_refused(world: World, scope: str) -> None:
    """RFC 6749 5.2."""
    world.register(client(**ITSELF))

    with pytest.raises(TokenError) as caught:
        world.form(grant_type="client_credentials", scope=scope)

    assert caught.value.code == "invalid_scope"


def test_a_public_client_cannot_act_for_itself(world: World) -> None:
    """RFC 6749 4.4."""
    world.register(client(**ITSELF, auth_method=ClientAuthMethod.NONE))

    with pytest.raises(TokenError) as caught:
        world.form(grant_type="client_credentials")

    assert caught.value.code == "unauthorized_client"


def test_the_token_dies_with_its_client(world: World) -> None:
    world.register(client(**ITSELF))
    text = world.form(grant_type="client_credentials").access_token
    assert live_access_token(text, world.stores, world.provider, world.now).grant is None

    world.stores.clients.remove("housing")

    with pytest.raises(TokenNotLive):
        live_access_token(text, world.stores, world.provider, world.now)
