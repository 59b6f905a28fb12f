"""RFC 8707: resource indicators, at the authorization, the pushed request and the token endpoint."""

import pytest

from sso.oidc.client import GrantType
from sso.oidc.errors import AuthorizationError, TokenError
from sso.oidc.response import TokenResponse
from tests.oidc.examples import ISSUER, World, claims_of, client

TAX, LAND, DOGS = "https://tax.example.gov", "https://land.example.gov/v1", "urn:example:dogs"


@pytest.fixture
def world() -> World:
    return World(client=client(audience=(TAX, LAND, DOGS)))


def aud(tokens: TokenResponse) -> object:
    return claims_of(tokens.access_token)["aud"]


def test_what_is_named_when_asking_is_what_the_token_is_for(world: World) -> None:
    """RFC 8707 2.1."""
    assert aud(world.tokens(resource=TAX)) == TAX
    assert aud(world.tokens(resource=[TAX, DOGS, TAX])) == [TAX, DOGS]


def test_where_nothing_is_named_a_token_is_for_all_that_is_registered(world: World) -> None:
    assert aud(world.tokens()) == [TAX, LAND, DOGS]
    assert aud(world.tokens(resource="")) == [TAX, LAND, DOGS]


def test_where_nothing_is_registered_a_token_is_for_the_issuer() -> None:
    assert aud(World().tokens()) == ISSUER


def test_a_pushed_request_names_them_too(world: World) -> None:
    """RFC 9126 2.1: repeated, as at the authorization endpoint."""
    request_uri = world.push(resource=[TAX, LAND])

    assert world.arrive(client_id="housing", request_uri=request_uri).resource == (TAX, LAND)


@pytest.mark.parametrize(
    "wrong",
    [
        "https://other.example.gov",
        TAX + "/",
        TAX.upper(),
        "tax",
        "/v1",
        "https://tax.example.gov#part",
        "https://tax.example.gov/ x",
        "https://*.example.gov",
        "x" * 2001,
        "https://tax.example.gov/é",
        [TAX, "https://other.example.gov"],
        [f"https://{number}.example.gov" for number in range(21)],
    ],
)
def test_any_other_resource_is_refused(world: World, wrong: str | list[str]) -> None:
    """RFC 8707 2: an absolute URI without fragment, of those the client may call."""
    with pytest.raises(AuthorizationError) as told:
        world.ask(resource=wrong)
    with pytest.raises(TokenError) as answered:
        world.push(resource=wrong)

    assert told.value.code == answered.value.code == "invalid_target"


def test_a_code_is_redeemed_for_a_part_and_the_rest_is_had_by_refreshing(world: World) -> None:
    """RFC 8707 2.2: one grant, one token a resource."""
    code = world.code(resource=[TAX, LAND])

    world.resources = (TAX,)
    first = world.redeem(code)
    world.resources = (LAND,)
    second = world.refresh(first.refresh_token)
    world.resources = ()
    both = world.refresh(second.refresh_token)

    assert [aud(first), aud(second), aud(both)] == [TAX, LAND, [TAX, LAND]]


@pytest.mark.parametrize("asked", [(DOGS,), (TAX, DOGS), ("https://other.example.gov",), ("tax",)])
def test_a_token_never_reaches_further_than_its_grant(world: World, asked: tuple[str, ...]) -> None:
    """RFC 8707 2.2; and the refused attempt spends neither code nor refresh token."""
    code = world.code(resource=[TAX, LAND])

    world.resources = asked
    with pytest.raises(TokenError) as at_code:
        world.redeem(code)
    world.resources = ()
    tokens = world.redeem(code)
    world.resources = asked
    with pytest.raises(TokenError) as at_refresh:
        world.refresh(tokens.refresh_token)
    world.resources = ()

    assert at_code.value.code == at_refresh.value.code == "invalid_target"
    assert aud(world.refresh(tokens.refresh_token)) == [TAX, LAND]


def test_a_token_of_a_grant_without_resources_is_narrowed_within_the_registration(world: World) -> None:
    """RFC 8707 2.2."""
    world.resources = (LAND,)

    assert aud(world.tokens()) == LAND


def test_what_an_officer_takes_away_is_gone_from_the_grant(world: World) -> None:
    tokens = world.tokens(resource=[TAX, LAND])

    world.register(client(audience=(LAND,)))
    narrower = world.refresh(tokens.refresh_token)
    world.register(client(audience=(DOGS,)))
    with pytest.raises(TokenError) as refused:
        world.refresh(narrower.refresh_token)

    assert aud(narrower) == LAND
    assert refused.value.code == "invalid_target"


def test_a_client_that_acts_for_itself_names_resources_too(world: World) -> None:
    """RFC 8707 2.2, RFC 6749 4.4."""
    world.register(client(audience=(TAX, LAND), grant_types=frozenset({GrantType.CLIENT_CREDENTIALS})))

    world.resources = (TAX,)
    token = world.form(grant_type="client_credentials", scope="housing:read")
    world.resources = (DOGS,)
    with pytest.raises(TokenError) as refused:
        world.form(grant_type="client_credentials", scope="housing:read")

    assert aud(token) == TAX
    assert refused.value.code == "invalid_target"


def test_the_id_token_is_for_the_client_whatever_the_resource(world: World) -> None:
    """OpenID Connect Core 2."""
    assert claims_of(world.tokens(resource=TAX).id_token)["aud"] == "housing"
