"""Token exchange (RFC 8693): delegation with a chain of actors, and narrowing only.

A citizen uses Housing; Housing calls the Gateway; the Gateway exchanges the citizen's token for one that the
Archive takes. Each of the three is a sector of its own.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sso.audit.event import TokenExchanged
from sso.directory.person import Person
from sso.oidc.bearer import TokenNotLive, live_access_token
from sso.oidc.client import Client, ClientAuthMethod, GrantType
from sso.oidc.confirmation import Confirmation
from sso.oidc.errors import TokenError
from sso.oidc.introspection import introspect
from sso.oidc.jose import sign
from sso.oidc.registration import InvalidClientMetadata, new_client
from sso.oidc.response import TokenResponse
from sso.oidc.revocation import revoke
from sso.oidc.token import token
from sso.oidc.token_request import TokenRequest
from tests.oidc.examples import (
    ISSUER,
    MINUTE,
    NOW,
    SECOND,
    World,
    account,
    claims_of,
    client,
    session,
    signing_key,
)

GRANT_TYPE = GrantType.TOKEN_EXCHANGE.value
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"
JWT = "urn:ietf:params:oauth:token-type:jwt"
GATEWAY, ARCHIVE, LEDGER = "https://gateway.example/", "https://archive.example/", "https://ledger.example/"
SCOPE = "openid email housing:read archive:read"


def housing(**changes: Any) -> Client:
    values: dict[str, Any] = {
        "audience": (GATEWAY,),
        "scope": frozenset({*SCOPE.split(), "offline_access"}),
        "grant_types": frozenset(GrantType),
    }
    return client(**values | changes)


def gateway(**changes: Any) -> Client:
    values: dict[str, Any] = {
        "client_id": "gateway",
        "client_name": "Gateway",
        "redirect_uris": (),
        "grant_types": frozenset({GrantType.TOKEN_EXCHANGE, GrantType.CLIENT_CREDENTIALS}),
        "scope": frozenset({"housing:read", "archive:read", "archive:write"}),
        "resource": (GATEWAY,),
        "audience": (ARCHIVE,),
        "sector": "gateway.example",
    }
    return client(**values | changes)


def archive(**changes: Any) -> Client:
    values = {
        "client_id": "archive",
        "resource": (ARCHIVE,),
        "audience": (LEDGER,),
        "sector": "archive.example",
    }
    return gateway(**values | changes)


@pytest.fixture
def world() -> World:
    world = World(client=housing())
    world.register(gateway())
    world.register(archive())
    return world


def citizen_token(world: World, **changes: str) -> str:
    return world.tokens(**{"scope": SCOPE} | changes).access_token


def exchange(
    world: World,
    subject_token: str,
    by: str = "gateway",
    /,
    resources: tuple[str, ...] = (),
    **changes: str | None,
) -> TokenResponse:
    """A good exchange; None leaves a parameter out."""
    values: dict[str, str | None] = {
        "grant_type": GRANT_TYPE,
        "subject_token": subject_token,
        "subject_token_type": ACCESS_TOKEN,
    }
    params = {name: value for name, value in (values | changes).items() if value is not None}
    request = TokenRequest(world.stores.clients.by_id[by], params, resources, confirmation=world.confirmation)
    return token(request, world.stores, world.provider, world.now)


def refused(world: World, subject_token: str, by: str = "gateway", /, **changes: Any) -> TokenError:
    with pytest.raises(TokenError) as caught:
        exchange(world, subject_token, by, **changes)
    return caught.value


def live(world: World, text: str) -> bool:
    try:
        live_access_token(text, world.stores, world.provider, world.now)
    except TokenNotLive:
        return False
    return True


def last_event(world: World) -> TokenExchanged:
    return next(e for e in reversed(world.stores.audit.events) if isinstance(e, TokenExchanged))


def test_the_gateway_acts_for_the_citizen_at_the_archive(world: World) -> None:
    """RFC 8693 2.2.1, 4.1."""
    answer = exchange(world, citizen_token(world))

    body, claims = answer.as_json(), claims_of(answer.access_token)
    assert (body["issued_token_type"], body["token_type"]) == (ACCESS_TOKEN, "Bearer")
    assert (claims["aud"], claims["client_id"]) == (ARCHIVE, "gateway")
    assert claims["act"] == {"sub": "gateway", "client_id": "gateway"}
    assert claims["scope"] == "archive:read housing:read"
    assert "id_token" not in body
    assert "refresh_token" not in body
    assert live(world, answer.access_token)


def test_who_is_registered_as_the_hub_itself_gets_no_token_that_is_for_the_hub(world: World) -> None:
    """RFC 8693 2.2.2: a token without a resource names the issuer; that makes it nobody else's."""
    world.register(housing(audience=()))
    world.register(gateway(resource=(GATEWAY, ISSUER)))

    error = refused(world, citizen_token(world, scope="openid"))

    assert (error.code, error.reason) == ("invalid_request", "the token is not for this client")


def test_the_citizen_has_the_sub_of_the_archives_sector_and_of_no_other(world: World) -> None:
    """OpenID Connect Core 8.1: one department must not learn the number of another."""
    subs = {
        sector: world.stores.subjects.sub("account-1", sector, world.now)
        for sector in ("housing.example", "gateway.example", "archive.example")
    }

    text = exchange(world, citizen_token(world)).access_token

    claims = claims_of(text)
    assert claims["sub"] == subs["archive.example"]
    assert not {subs["housing.example"], subs["gateway.example"], "session-1"} & set(
        map(str, claims.values())
    )
    told = introspect(text, archive(), world.stores, world.provider, world.now)
    assert told["sub"] == subs["archive.example"]


def test_everything_about_the_sign_in_stays(world: World) -> None:
    before = claims_of(citizen_token(world))
    world.wait(SECOND)

    after = claims_of(exchange(world, citizen_token(world)).access_token)

    assert [after[name] for name in ("auth_time", "acr", "amr")] == [
        before[name] for name in ("auth_time", "acr", "amr")
    ]


def test_what_was_exchanged_is_on_record_with_its_actors(world: World) -> None:
    exchange(world, citizen_token(world))

    event = last_event(world)

    assert (event.client_id, event.account_id, event.session_id) == ("gateway", "account-1", "session-1")
    assert (event.subject_client_id, event.actors, event.impersonation) == ("housing", ("gateway",), False)
    assert event.grant_id != event.subject_grant_id


def test_a_chain_of_two_names_both_the_last_first(world: World) -> None:
    """RFC 8693 4.1: nested act."""
    first = exchange(world, citizen_token(world)).access_token

    second = exchange(world, first, "archive").access_token

    act = {"sub": "archive", "client_id": "archive", "act": {"sub": "gateway", "client_id": "gateway"}}
    assert claims_of(second)["act"] == act
    assert claims_of(second)["aud"] == LEDGER
    assert last_event(world).actors == ("archive", "gateway")


def test_a_chain_has_an_end(world: World) -> None:
    both = {"audience": (GATEWAY, ARCHIVE), "resource": (GATEWAY, ARCHIVE)}
    world.register(gateway(**both, sector="one"))
    world.register(archive(**both, sector="one"))
    text = citizen_token(world)
    for number in range(5):
        text = exchange(world, text, ("gateway", "archive")[number % 2]).access_token

    assert refused(world, text, "archive").reason == "the chain of actors is too long"


@pytest.mark.parametrize(
    ("asked", "given"), [("archive:read", "archive:read"), (None, "archive:read housing:read")]
)
def test_scope_is_narrowed(world: World, asked: str | None, given: str) -> None:
    """RFC 8693 2.1: what both the token and the client have, or a part of it."""
    assert claims_of(exchange(world, citizen_token(world), scope=asked).access_token)["scope"] == given


@pytest.mark.parametrize("scope", ["archive:write", "archive:read archive:write", "openid", "email"])
def test_scope_is_never_widened(world: World, scope: str) -> None:
    """The client has archive:write and the token has not; the token has email and the client has not."""
    assert refused(world, citizen_token(world), scope=scope).code == "invalid_scope"


def test_what_an_officer_may_do_is_not_handed_on(world: World) -> None:
    """The hub's own interfaces want a person who signed in."""
    both = frozenset({"housing:read", "clients:manage"})
    world.register(replace(world.client, scope=world.client.scope | both))
    world.register(gateway(scope=both))
    text = citizen_token(world, scope="openid housing:read clients:manage")

    assert claims_of(exchange(world, text).access_token)["scope"] == "housing:read"
    assert refused(world, text, scope="clients:manage").code == "invalid_scope"


def test_no_token_outlives_the_one_that_it_came_from(world: World) -> None:
    text = citizen_token(world)
    world.wait(4 * MINUTE + timedelta(milliseconds=900))

    answer = exchange(world, text)

    assert claims_of(answer.access_token)["exp"] == claims_of(text)["exp"]
    assert answer.expires_in == claims_of(text)["exp"] - claims_of(answer.access_token)["iat"]


@pytest.mark.parametrize(
    ("resources", "audience"), [((ARCHIVE,), None), ((), ARCHIVE), ((GATEWAY,), None), ((), None)]
)
def test_a_target_is_what_the_client_calls_or_what_the_token_is_for(
    world: World, resources: tuple[str, ...], audience: str | None
) -> None:
    """RFC 8693 2.1: resource and audience."""
    request = TokenRequest(
        gateway(),
        {"grant_type": GRANT_TYPE, "subject_token": citizen_token(world), "subject_token_type": ACCESS_TOKEN},
        resources,
        () if audience is None else (audience,),
    )

    answer = token(request, world.stores, world.provider, world.now)

    assert claims_of(answer.access_token)["aud"] == (resources[0] if resources else ARCHIVE)


@pytest.mark.parametrize(
    "resources",
    [
        (LEDGER,),
        (ARCHIVE, LEDGER),
        (ISSUER,),
        (f"{ISSUER}/api/v1",),
        ("archive",),
        ("https://archive.example",),
        (f"{ARCHIVE}x",),
        (f"{ARCHIVE}#x",),
    ],
)
def test_any_other_target_is_refused(world: World, resources: tuple[str, ...]) -> None:
    """RFC 8693 2.2.2: invalid_target; the hub's own resources are never a target."""
    assert refused(world, citizen_token(world), resources=resources).code == "invalid_target"


def test_the_hub_is_no_target_even_if_it_was_registered(world: World) -> None:
    world.register(gateway(audience=(ISSUER, f"{ISSUER}/api/v1"), resource=(GATEWAY,)))

    text = exchange(world, citizen_token(world)).access_token

    assert claims_of(text)["aud"] == GATEWAY
    assert refused(world, citizen_token(world), resources=(ISSUER,)).code == "invalid_target"


def test_two_sectors_never_share_one_token(world: World) -> None:
    world.register(gateway(audience=(ARCHIVE, LEDGER)))
    world.register(archive(client_id="ledger", resource=(LEDGER,), sector="ledger.example"))

    assert refused(world, citizen_token(world), resources=(ARCHIVE, LEDGER)).code == "invalid_target"

    assert claims_of(exchange(world, citizen_token(world), resources=(LEDGER,)).access_token)["aud"] == LEDGER


def test_a_resource_of_nobody_reads_the_clients_own_sector(world: World) -> None:
    world.register(gateway(audience=(LEDGER,)))
    own = world.stores.subjects.sub("account-1", "gateway.example", world.now)

    assert claims_of(exchange(world, citizen_token(world)).access_token)["sub"] == own


def test_whom_the_token_is_not_for_gets_nothing(world: World) -> None:
    """RFC 8693 5: whoever found a token cannot trade it in."""
    refusal = refused(world, citizen_token(world), "archive")

    assert (refusal.code, refusal.reason) == ("invalid_request", "the token is not for this client")


def test_a_client_may_be_meant_by_its_id(world: World) -> None:
    world.register(housing(audience=("gateway",)))
    world.register(gateway(resource=()))

    assert exchange(world, citizen_token(world)).access_token


def test_a_client_narrows_its_own_token_and_acts_for_nobody(world: World) -> None:
    """Down-scoping before a call that needs less."""
    answer = exchange(world, citizen_token(world), "housing", scope="housing:read")

    claims = claims_of(answer.access_token)
    assert (claims["aud"], claims["scope"]) == (GATEWAY, "housing:read")
    assert "act" not in claims
    assert not last_event(world).impersonation


def test_may_act_names_the_only_one_who_may(world: World) -> None:
    """RFC 8693 4.4: beyond the audience for it, and within the audience for nobody else."""
    world.register(housing(may_act="archive"))
    text = citizen_token(world)

    assert claims_of(text)["may_act"] == {"sub": "archive", "client_id": "archive"}
    assert claims_of(exchange(world, text, "archive").access_token)["act"]["sub"] == "archive"
    assert refused(world, text).reason == "may_act names another client"


def test_impersonation_is_an_officers_switch_and_never_hides_an_earlier_actor(world: World) -> None:
    """RFC 8693 1.1."""
    world.register(gateway(may_impersonate=True))
    text = exchange(world, citizen_token(world)).access_token
    alone = last_event(world)
    world.register(archive(may_impersonate=True))

    further = exchange(world, text, "archive").access_token
    world.register(gateway())
    named = exchange(world, citizen_token(world)).access_token
    hidden = exchange(world, named, "archive").access_token

    assert "act" not in claims_of(text)
    assert "act" not in claims_of(further)
    assert (alone.impersonation, alone.actors) == (True, ())
    assert claims_of(hidden)["act"] == {"sub": "gateway", "client_id": "gateway"}


def clerk_token(world: World) -> str:
    """A clerk, signed in to the same application."""
    people = world.stores.people
    people.add_person(Person(id="person-2", name="Bolor Erdene", disabled_at=None, roles=frozenset()))
    people.add_account(account(id="account-2", person_id="person-2", login_name="bolor"), world.now)
    begun = session(id="session-2", account_id="account-2", person_id="person-2")
    world.stores.sessions.add(begun, b"cookie-2")
    return world.redeem(world.code(begun, scope=SCOPE)).access_token


def acting(actor_token: str) -> dict[str, str]:
    return {"actor_token": actor_token, "actor_token_type": ACCESS_TOKEN}


def test_a_clerk_acts_for_the_citizen_under_the_archives_number(world: World) -> None:
    """RFC 8693 2.1: actor_token; no sub of another sector in act."""
    actor = clerk_token(world)

    text = exchange(
        world, citizen_token(world), actor_token=actor, actor_token_type=ACCESS_TOKEN
    ).access_token

    sub = world.stores.subjects.sub("account-2", "archive.example", world.now)
    assert claims_of(text)["act"] == {"sub": sub, "client_id": "gateway"}
    assert claims_of(actor)["sub"] not in str(claims_of(text))
    assert last_event(world).actors == ("account-2",)


def test_a_clerk_in_an_earlier_place_of_the_chain_changes_number_too(world: World) -> None:
    first = exchange(world, citizen_token(world), **acting(clerk_token(world))).access_token
    world.register(archive(client_id="ledger", resource=(LEDGER,), sector="ledger.example"))

    second = exchange(world, first, "archive").access_token

    sub = world.stores.subjects.sub("account-2", "ledger.example", world.now)
    assert claims_of(second)["act"]["act"] == {"sub": sub, "client_id": "gateway"}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"actor_token": "x.y.z", "actor_token_type": ACCESS_TOKEN}, "invalid_request"),
        ({"actor_token_type": ACCESS_TOKEN}, "invalid_request"),
        ({"actor_token": "x.y.z"}, "invalid_request"),
        ({"subject_token": None}, "invalid_request"),
        ({"subject_token_type": None}, "invalid_request"),
        ({"subject_token": "x.y.z"}, "invalid_request"),
        ({"subject_token": "opaque"}, "invalid_request"),
        ({"subject_token": "\udcff"}, "invalid_request"),
        ({"subject_token_type": "urn:ietf:params:oauth:token-type:refresh_token"}, "invalid_request"),
        ({"subject_token_type": "urn:ietf:params:oauth:token-type:saml2"}, "invalid_request"),
        ({"subject_token_type": ID_TOKEN}, "invalid_request"),
        ({"requested_token_type": "urn:ietf:params:oauth:token-type:refresh_token"}, "invalid_request"),
        ({"requested_token_type": ID_TOKEN}, "invalid_request"),
    ],
)
def test_a_wrong_request_gets_nothing(world: World, changes: dict[str, Any], code: str) -> None:
    """RFC 8693 2.1, 2.2.2."""
    assert refused(world, citizen_token(world), **changes).code == code

    assert not [e for e in world.stores.audit.events if isinstance(e, TokenExchanged)]


def test_an_actors_token_must_be_for_the_client_as_well(world: World) -> None:
    world.register(archive(audience=(GATEWAY,)))
    elsewhere = clerk_token(world)
    text = exchange(world, citizen_token(world)).access_token

    refusal = refused(world, text, "archive", **acting(elsewhere))

    assert refusal.reason == "the actor's token is not for this client"


def test_a_jwt_is_issued_by_name_only_to_who_gets_jwts(world: World) -> None:
    """RFC 8693 3."""
    assert exchange(world, citizen_token(world), requested_token_type=JWT).issued_token_type == JWT

    world.register(gateway(access_token_format="opaque"))
    assert refused(world, citizen_token(world), requested_token_type=JWT).code == "invalid_request"
    opaque = exchange(world, citizen_token(world)).access_token
    assert "." not in opaque
    assert live(world, opaque)


def test_an_opaque_token_is_exchanged_like_any_other(world: World) -> None:
    world.register(housing(access_token_format="opaque"))

    assert claims_of(exchange(world, citizen_token(world)).access_token)["aud"] == ARCHIVE


def test_a_token_about_no_person_is_not_exchanged(world: World) -> None:
    world.register(gateway(audience=(GATEWAY,)))
    own = world.form_of(world.stores.clients.by_id["gateway"], grant_type="client_credentials").access_token

    assert refused(world, own).reason == "the token speaks of no person"


def test_an_id_token_stands_for_its_session(world: World) -> None:
    """RFC 8693 3: the client that it was issued to, or the one that this client lets act."""
    id_token = world.tokens(scope=SCOPE).id_token or ""

    assert refused(world, id_token, subject_token_type=ID_TOKEN).code == "invalid_request"
    own = exchange(world, id_token, "housing", subject_token_type=ID_TOKEN).access_token
    world.register(housing(may_act="gateway"))
    answer = exchange(world, id_token, subject_token_type=ID_TOKEN)

    assert claims_of(own)["aud"] == GATEWAY
    assert claims_of(answer.access_token)["act"]["sub"] == "gateway"


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://evil.example"},
        {"aud": "nobody"},
        {"aud": ["housing", "gateway"]},
        {"sid": None},
        {"sid": "session-9"},
        {"sub": "somebody-else"},
        {"exp": 1},
        {"exp": None},
    ],
)
def test_an_id_token_that_says_something_else_is_worth_nothing(world: World, changes: dict[str, Any]) -> None:
    good = claims_of(world.tokens(scope=SCOPE).id_token)
    whole = {name: value for name, value in (good | changes).items() if value is not None}
    text = sign(whole, signing_key("RS256"), "JWT")

    refusal = refused(world, text, "housing", subject_token_type=ID_TOKEN)

    assert refusal.code == "invalid_request"


def test_an_expired_id_token_is_worth_nothing(world: World) -> None:
    id_token = world.tokens(scope=SCOPE).id_token or ""
    world.wait(10 * MINUTE)

    assert refused(world, id_token, "housing", subject_token_type=ID_TOKEN).code == "invalid_request"


def test_the_kinds_are_not_taken_for_one_another(world: World) -> None:
    """RFC 8725 3.11: typ."""
    tokens = world.tokens(scope=SCOPE)

    assert (
        refused(world, tokens.access_token, "housing", subject_token_type=ID_TOKEN).code == "invalid_request"
    )
    assert refused(world, tokens.id_token or "", "housing").code == "invalid_request"
    refresh_token = world.tokens(scope=f"{SCOPE} offline_access").refresh_token or ""
    assert refused(world, refresh_token, "housing").code == "invalid_request"


def test_what_was_exchanged_ends_with_what_it_came_from(world: World) -> None:
    """The whole way down; the end of one link leaves those before it alone."""
    text = citizen_token(world)
    first = exchange(world, text).access_token
    second = exchange(world, first, "archive").access_token
    middle = last_event(world).subject_grant_id

    world.stores.grants.revoke(middle, world.now)
    assert [live(world, one) for one in (text, first, second)] == [True, False, False]

    again = exchange(world, text).access_token
    world.stores.grants.revoke(claims_of(text)["jti"].partition(".")[0], world.now)
    assert not live(world, again)


def test_what_was_exchanged_ends_with_the_session(world: World) -> None:
    first = exchange(world, citizen_token(world)).access_token

    world.stores.grants.revoke_of_session("session-1", keep_offline=True, now=world.now)

    assert not live(world, first)


def test_what_was_exchanged_ends_with_its_actor(world: World) -> None:
    actor = clerk_token(world)
    text = exchange(
        world, citizen_token(world), actor_token=actor, actor_token_type=ACCESS_TOKEN
    ).access_token

    world.stores.grants.revoke_of_session("session-2", keep_offline=False, now=world.now)

    assert not live(world, text)


def test_the_end_of_the_application_ends_what_others_got_for_its_tokens(world: World) -> None:
    text = exchange(world, citizen_token(world)).access_token

    revoked = world.stores.grants.revoke_of_client("housing", world.now)

    assert len(revoked) == 1
    assert not live(world, text)


def test_the_application_revokes_its_refresh_token_and_all_that_came_of_it(world: World) -> None:
    """RFC 7009 2.1."""
    tokens = world.tokens(scope=f"{SCOPE} offline_access")
    text = exchange(world, tokens.access_token).access_token

    revoke(tokens.refresh_token or "", world.client, world.stores, world.provider, world.now)

    assert not live(world, text)


def test_a_revoked_or_expired_token_is_not_exchanged(world: World) -> None:
    revoked, expired = citizen_token(world), citizen_token(world)
    revoke(revoked, world.client, world.stores, world.provider, world.now)

    assert refused(world, revoked).reason == "revoked by its jti"
    world.wait(5 * MINUTE)
    assert refused(world, expired).code == "invalid_request"


def test_a_disabled_person_is_nobodys_subject(world: World) -> None:
    text = citizen_token(world)
    world.disable()

    assert refused(world, text).reason == "the account is disabled"


def test_a_bound_token_of_its_own_needs_the_key(world: World) -> None:
    """RFC 9449 7, RFC 8705 3."""
    world.confirmation = Confirmation(jkt="k" * 43)
    text = citizen_token(world)
    world.confirmation = None

    assert refused(world, text, "housing").reason == "the token is bound to another key"
    assert exchange(world, text).access_token
    world.confirmation = Confirmation(jkt="k" * 43)
    bound = exchange(world, text, "housing")
    assert claims_of(bound.access_token)["cnf"] == {"jkt": "k" * 43}
    assert bound.token_type == "DPoP"


def test_who_is_not_registered_for_it_exchanges_nothing(world: World) -> None:
    world.register(gateway(grant_types=frozenset({GrantType.CLIENT_CREDENTIALS})))

    assert refused(world, citizen_token(world)).code == "unauthorized_client"


def test_details_are_not_passed_on(world: World) -> None:
    """RFC 9396: what was allowed in detail was allowed to the application alone."""
    text = citizen_token(world)
    grant_id = claims_of(text)["jti"].partition(".")[0]
    grants = world.stores.grants
    grants.by_id[grant_id] = replace(grants.by_id[grant_id], authorization_details=({"type": "permit"},))

    assert "authorization_details" not in claims_of(exchange(world, text).access_token)


def test_a_public_client_is_no_gateway() -> None:
    """Registration refuses it: nobody could tell who acts."""
    metadata = {"client_name": "X", "grant_types": [GRANT_TYPE], "response_types": []}
    with pytest.raises(InvalidClientMetadata, match="public client"):
        new_client({**metadata, "token_endpoint_auth_method": ClientAuthMethod.NONE.value}, NOW)
