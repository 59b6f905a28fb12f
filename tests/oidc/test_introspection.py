"""Token introspection (RFC 7662): what is told, and to whom."""

import pytest

from sso.audit.record import JsonValue
from sso.oidc.client import Client, ClientAuthMethod, GrantType
from sso.oidc.confirmation import Confirmation
from sso.oidc.introspection import introspect
from tests.oidc.examples import HOUR, ISSUER, NOW, World, client

API = "https://api.example.gov"
MACHINE = frozenset({GrantType.CLIENT_CREDENTIALS})
NOTHING = {"active": False}


def ask(world: World, text: str | None, caller: Client | None = None) -> dict[str, JsonValue]:
    return introspect(text or "", caller or world.client, world.stores, world.provider, world.now)


def test_the_client_of_a_token_learns_what_it_says(world: World) -> None:
    """RFC 7662 2.2."""
    answer = ask(world, world.tokens().access_token)

    assert answer["active"] is True
    assert (answer["client_id"], answer["sub"], answer["token_type"]) == ("housing", world.sub, "Bearer")


def test_a_stranger_learns_nothing(world: World) -> None:
    """RFC 7662 4."""
    stranger = client(client_id="stranger")

    tokens = world.tokens()

    assert ask(world, tokens.access_token, stranger) == NOTHING
    assert ask(world, tokens.refresh_token, stranger) == NOTHING


def test_the_resource_server_that_a_token_is_for_learns_it(world: World) -> None:
    """RFC 7662 2.1, RFC 9068 4."""
    world.client = world.register(client(audience=(API, "api")))
    resource_server = client(client_id="api")

    assert ask(world, world.tokens().access_token, resource_server)["active"] is True


def test_two_consumers_of_one_interface_learn_nothing_of_each_others_tokens(world: World) -> None:
    """Calling a resource is not being it: RFC 7662 4."""
    world.client = world.register(client(audience=(API,)))
    other_consumer = client(client_id="other", audience=(API,))

    assert ask(world, world.tokens().access_token, other_consumer) == NOTHING


def test_registering_the_hub_as_ones_audience_opens_nothing(world: World) -> None:
    """Tokens without a resource are for the hub: that makes nobody else their audience."""
    curious = client(client_id="curious", audience=(ISSUER,))

    assert ask(world, world.tokens().access_token, curious) == NOTHING


@pytest.mark.parametrize("own", [ISSUER, f"{ISSUER}/api/v1"])
def test_registering_as_one_of_the_hubs_own_resources_opens_nothing(world: World, own: str) -> None:
    world.client = world.register(client(audience=(own,)))
    curious = client(client_id="curious", resource=(own,))

    assert ask(world, world.tokens().access_token, curious) == NOTHING


def test_a_resource_server_learns_the_tokens_that_are_for_its_resources(world: World) -> None:
    """RFC 7662 2.1, RFC 8707 2."""
    world.client = world.register(client(audience=("https://other.example", API)))
    text = world.tokens().access_token

    assert ask(world, text, client(client_id="api", resource=(API,)))["active"] is True
    assert ask(world, text, client(client_id="api", resource=("https://third.example",))) == NOTHING


def test_a_resource_server_learns_the_sub_of_its_own_sector_only(world: World) -> None:
    """Core 8.1: pairwise, also for the one in the middle."""
    world.client = world.register(client(audience=(API,)))
    text = world.tokens().access_token
    resource_server = client(client_id="api", resource=(API,), sector="api.example.gov")
    neighbour = client(client_id="api-2", resource=(API,), sector="api.example.gov")

    subs = {str(ask(world, text, caller)["sub"]) for caller in (resource_server, neighbour)}

    assert subs == {world.stores.subjects.sub("account-1", "api.example.gov", NOW)}
    assert world.sub not in subs
    assert ask(world, text)["sub"] == world.sub


def test_a_client_that_acts_for_itself_keeps_its_name(world: World) -> None:
    """RFC 9068 2.2: sub is the client_id, which is no person's."""
    machine = world.register(client(client_id="machine", audience=(API,), grant_types=MACHINE))
    text = world.form_of(machine, grant_type="client_credentials").access_token

    assert ask(world, text, client(client_id="api", resource=(API,)))["sub"] == "machine"


def test_a_bound_token_tells_its_key(world: World) -> None:
    """RFC 9449 6.2, RFC 8705 3.2."""
    world.confirmation = Confirmation(jkt="j", x5t="x")

    answer = ask(world, world.tokens().access_token)

    assert answer["cnf"] == {"jkt": "j", "x5t#S256": "x"}
    assert answer["token_type"] == "DPoP"


def test_a_bound_refresh_token_tells_its_key(world: World) -> None:
    """RFC 9449 6.2."""
    world.client = world.register(client(auth_method=ClientAuthMethod.NONE, secrets=()))
    world.confirmation = Confirmation(jkt="j")

    assert ask(world, world.tokens().refresh_token)["cnf"] == {"jkt": "j"}


def test_a_token_bound_to_a_certificate_is_shown_as_a_bearer_token(world: World) -> None:
    """RFC 8705 3.2."""
    world.confirmation = Confirmation(x5t="x")

    assert ask(world, world.tokens().access_token)["token_type"] == "Bearer"


@pytest.mark.parametrize("text", ["", "x", "x.y.z", "é", "\udcff", "a" * 20_000])
def test_nonsense_is_inactive(world: World, text: str) -> None:
    """RFC 7662 2.2."""
    assert ask(world, text) == NOTHING


def test_an_id_token_is_inactive(world: World) -> None:
    """RFC 8725 2.8."""
    assert ask(world, world.tokens().id_token) == NOTHING


def test_nothing_lives_after_its_time_its_grant_or_its_account(world: World) -> None:
    """RFC 7662 4."""
    tokens = world.tokens()
    world.wait(HOUR)
    assert ask(world, tokens.access_token) == NOTHING

    revoked = world.tokens()
    for grant in list(world.stores.grants.by_id):
        world.stores.grants.revoke(grant, world.now)
    assert ask(world, revoked.access_token) == ask(world, revoked.refresh_token) == NOTHING

    disabled = world.tokens()
    world.disable()
    assert ask(world, disabled.access_token) == ask(world, disabled.refresh_token) == NOTHING


def test_a_refresh_token_is_told_to_its_client_until_it_is_spent(world: World) -> None:
    token = world.tokens().refresh_token
    assert ask(world, token)["scope"] == "email offline_access openid"

    world.refresh(token)

    assert ask(world, token) == NOTHING


def test_every_question_is_recorded_also_the_one_that_was_not_answered(world: World) -> None:
    token = world.tokens().access_token
    ask(world, token, client(client_id="stranger"))

    record = world.stores.audit.records[-1]
    assert (record.event, record.client_id, record.detail["active"]) == (
        "token.introspected",
        "stranger",
        False,
    )
