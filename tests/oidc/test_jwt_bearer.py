"""grant_type jwt-bearer: a trusted issuer vouches for a person (RFC 7523 2.1, 3)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import jwt
import pytest

from sso.directory.person import AccountKind, Person
from sso.oidc.assertion_issuer import AssertionIssuer, KnownBy
from sso.oidc.bearer import TokenNotLive, live_access_token
from sso.oidc.client import Client, GrantType
from sso.oidc.errors import TokenError
from sso.oidc.response import TokenResponse
from tests.oidc.examples import (
    HOUR,
    ISSUER,
    MINUTE,
    NOW,
    SECOND,
    World,
    account,
    claims_of,
    client,
    private,
    signing_key,
)
from tests.oidc.examples import provider as plain_provider

GRANT_TYPE = GrantType.JWT_BEARER.value
OUTSIDE = "https://sso.example.org"
KEY, OTHER = signing_key("ES256", 1), signing_key("ES256", 2)
NOW_SECONDS = int(NOW.timestamp())
GOOD: dict[str, Any] = {
    "iss": OUTSIDE,
    "sub": "Tuya",
    "aud": ISSUER,
    "exp": NOW_SECONDS + 60,
    "iat": NOW_SECONDS,
    "jti": "jti-1",
}


def outside(**changes: Any) -> AssertionIssuer:
    values: dict[str, Any] = {
        "issuer": OUTSIDE,
        "known_by": KnownBy.CITIZEN,
        "jwks": {"keys": [KEY.public_jwk]},
    }
    return AssertionIssuer(**values | changes)


def robot(**changes: Any) -> Client:
    values: dict[str, Any] = {
        "grant_types": frozenset({GrantType.JWT_BEARER}),
        "scope": frozenset({"openid", "email", "housing:read", "offline_access"}),
        "redirect_uris": (),
    }
    return client(**values | changes)


def trusting(*issuers: AssertionIssuer) -> World:
    whole = plain_provider()
    settings = replace(
        whole.settings,
        assertion_issuers=issuers or (outside(),),
        unasked_directories=frozenset({"civil"}),
    )
    return World(client=robot(), provider=replace(whole, settings=settings))


@pytest.fixture
def world() -> World:
    return trusting()


def assertion(key: Any = KEY, alg: str = "ES256", **changes: Any) -> str:
    claims = {name: value for name, value in (GOOD | changes).items() if value is not None}
    return jwt.encode(claims, private(key), algorithm=alg, headers={"kid": key.kid})


def redeem(world: World, text: str, **params: str) -> TokenResponse:
    return world.form(grant_type=GRANT_TYPE, assertion=text, **params)


def refused(world: World, text: str, **params: str) -> TokenError:
    with pytest.raises(TokenError) as caught:
        redeem(world, text, **params)
    return caught.value


def test_who_is_vouched_for_is_the_subject_of_an_access_token(world: World) -> None:
    """RFC 7523 2.1."""
    answer = redeem(world, assertion())

    claims = claims_of(answer.access_token)
    assert (claims["sub"], claims["client_id"]) == (world.sub, "housing")
    assert claims["scope"] == "email housing:read"
    assert answer.id_token is None
    assert answer.refresh_token is None
    token = live_access_token(answer.access_token, world.stores, world.provider, world.now)
    assert token.grant is not None
    assert token.grant.session_id is None


def test_nothing_is_said_of_a_sign_in_that_nobody_saw(world: World) -> None:
    """RFC 9068 2.2.1: auth_time, acr and amr speak of an authentication."""
    claims = claims_of(redeem(world, assertion()).access_token)

    assert not {"auth_time", "acr", "amr", "sid"} & claims.keys()


def test_it_is_on_record_who_vouched(world: World) -> None:
    redeem(world, assertion())

    assert world.stores.audit.codes() == ["token.assertion.accepted", "token.issued"]


@pytest.mark.parametrize("aud", [ISSUER, [ISSUER], f"{ISSUER}/oauth2/token"])
def test_an_assertion_is_for_us_alone(world: World, aud: object) -> None:
    """RFC 7523 3."""
    assert redeem(world, assertion(aud=aud)).access_token


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"iss": "https://evil.example"}, "unknown issuer, or not for this client"),
        ({"iss": f"{OUTSIDE}/"}, "unknown issuer, or not for this client"),
        ({"iss": None}, "unknown issuer, or not for this client"),
        ({"aud": None}, "aud must be the issuer alone"),
        ({"aud": "https://other.example"}, "aud must be the issuer alone"),
        ({"aud": f"{ISSUER}/"}, "aud must be the issuer alone"),
        ({"aud": [ISSUER, "https://other.example"]}, "aud must be the issuer alone"),
        ({"aud": []}, "aud must be the issuer alone"),
        ({"aud": {"a": 1}}, "aud must be the issuer alone"),
        ({"exp": None}, "exp is missing"),
        ({"exp": "soon"}, "exp is not a time"),
        ({"exp": True}, "exp is not a time"),
        ({"exp": NOW_SECONDS - 10}, "exp is missing or past"),
        ({"exp": NOW_SECONDS + 3700}, "exp is too far away"),
        ({"nbf": NOW_SECONDS + 30}, "nbf or iat is in the future"),
        ({"iat": NOW_SECONDS + 30}, "nbf or iat is in the future"),
        ({"jti": None}, "jti is missing or too long"),
        ({"jti": ""}, "jti is missing or too long"),
        ({"jti": "x" * 256}, "jti is missing or too long"),
        ({"jti": 7}, "jti is missing or too long"),
        ({"sub": None}, "sub or sub is missing"),
        ({"sub": ""}, "sub or sub is missing"),
        ({"sub": 7}, "sub or sub is missing"),
        ({"sub": "nobody"}, "nobody of this name can be used"),
        ({"sub": "tu\u200bya"}, "nobody of this name can be used"),
    ],
)
def test_an_assertion_with_one_thing_wrong_is_refused(
    world: World, changes: dict[str, Any], reason: str
) -> None:
    """RFC 7523 3, 3.1."""
    refusal = refused(world, assertion(**changes))

    assert (refusal.code, refusal.reason) == ("invalid_grant", reason)
    assert world.stores.grants.by_id == {}


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "x.y.z",
        "\udcff",
        assertion(OTHER),
        assertion(signing_key("RS256"), "RS256"),
        jwt.encode(GOOD, "k" * 32, algorithm="HS256"),
        jwt.encode(GOOD, None, algorithm="none"),
        jwt.encode(GOOD, private(OTHER), algorithm="ES256", headers={"kid": KEY.kid}),
        jwt.encode(GOOD, private(OTHER), algorithm="ES256", headers={"jwk": OTHER.public_jwk}),
    ],
)
def test_an_assertion_signed_otherwise_is_refused(world: World, text: str) -> None:
    """RFC 8725 3.1, 3.10."""
    assert refused(world, text).code == "invalid_grant"


def test_an_assertion_is_good_once_and_a_wrong_request_does_not_spend_it(world: World) -> None:
    """RFC 7523 3."""
    text = assertion()
    assert refused(world, text, scope="payroll:write").code == "invalid_scope"
    redeem(world, text)

    assert refused(world, text).reason == "jti was used before"


def test_clocks_may_differ_by_ten_seconds(world: World) -> None:
    assert redeem(world, assertion(iat=NOW_SECONDS + 9, exp=NOW_SECONDS + 100)).access_token
    world.wait(69 * SECOND)

    assert redeem(world, assertion(jti="jti-2")).access_token


def test_scope_is_what_the_client_is_registered_for_and_never_openid(world: World) -> None:
    """No ID token: nobody signed in here."""
    assert claims_of(redeem(world, assertion(), scope="housing:read").access_token)["scope"] == "housing:read"
    assert refused(world, assertion(jti="jti-2"), scope="openid email").code == "invalid_scope"


def test_nobody_becomes_an_officer_by_hearsay() -> None:
    """The hub's own interfaces want a person who signed in."""
    world = trusting()
    world.register(robot(scope=frozenset({"housing:read", "audit:read", "clients:manage"})))

    assert claims_of(redeem(world, assertion()).access_token)["scope"] == "housing:read"
    assert refused(world, assertion(jti="jti-2"), scope="audit:read").code == "invalid_scope"


def test_a_clerk_is_known_by_the_directorys_name() -> None:
    world = trusting(outside(known_by=KnownBy.DIRECTORY, realm="civil", claim="preferred_username"))
    people = world.stores.people
    people.add_person(Person(id="person-2", name="Bolor Erdene", disabled_at=None, roles=frozenset()))
    clerk = account(
        id="account-2",
        person_id="person-2",
        kind=AccountKind.STAFF,
        login_name="bolor",
        directory_id="civil",
        immutable_id="uuid",
    )
    people.add_account(clerk, NOW)

    claims = claims_of(redeem(world, assertion(sub="x-1", preferred_username="Bolor")).access_token)

    assert claims["sub"] == world.stores.subjects.sub("account-2", "housing.example", NOW)
    assert refused(world, assertion(jti="jti-2")).reason == "sub or preferred_username is missing"
    other = trusting(outside(known_by=KnownBy.DIRECTORY, realm="finance"))
    other.stores.people.persons, other.stores.people.accounts = people.persons, people.accounts
    assert refused(other, assertion(sub="bolor")).reason == "nobody of this name can be used"


def test_a_person_is_known_by_the_number_of_one_sector_only() -> None:
    world = trusting(outside(known_by=KnownBy.SUB, realm="pensions.example"))
    theirs = world.stores.subjects.sub("account-1", "pensions.example", NOW)
    another = world.stores.subjects.sub("account-1", "tax.example", NOW)

    claims = claims_of(redeem(world, assertion(sub=theirs)).access_token)

    assert claims["sub"] == world.sub != theirs
    assert refused(world, assertion(sub=another, jti="jti-2")).reason == "nobody of this name can be used"


def test_an_issuer_may_be_for_some_clients_only() -> None:
    world = trusting(outside(clients=("pensions",)))

    assert refused(world, assertion()).reason == "unknown issuer, or not for this client"


def test_each_issuer_has_keys_of_its_own() -> None:
    """Mix-up: one trusted issuer never speaks for another."""
    other = outside(issuer="https://other.example.org", jwks={"keys": [OTHER.public_jwk]})
    world = trusting(outside(), other)

    assert redeem(world, assertion()).access_token
    assert refused(world, assertion(OTHER, jti="jti-2")).code == "invalid_grant"
    assert redeem(world, assertion(OTHER, iss="https://other.example.org", jti="jti-1")).access_token


def test_a_client_assertion_is_no_grant(world: World) -> None:
    """RFC 7523 2.1, 2.2: a client's own key vouches for the client alone."""
    own = world.register(robot(jwks={"keys": [OTHER.public_jwk]}))
    text = assertion(OTHER, iss=own.client_id, sub=own.client_id)

    assert refused(world, text).code == "invalid_grant"


def test_a_disabled_person_is_vouched_for_in_vain(world: World) -> None:
    token = redeem(world, assertion()).access_token
    world.disable()

    assert refused(world, assertion(jti="jti-2")).reason == "nobody of this name can be used"
    with pytest.raises(TokenNotLive):
        live_access_token(token, world.stores, world.provider, world.now)


def test_the_end_of_an_account_ends_what_was_issued(world: World) -> None:
    token = redeem(world, assertion()).access_token

    world.stores.grants.revoke_of_account("account-1", world.now)

    with pytest.raises(TokenNotLive):
        live_access_token(token, world.stores, world.provider, world.now)


def test_a_target_must_be_registered(world: World) -> None:
    """RFC 8707."""
    world.register(robot(audience=("https://a.example/", "https://b.example/")))
    world.resources = ("https://a.example/",)
    assert claims_of(redeem(world, assertion()).access_token)["aud"] == "https://a.example/"

    world.resources = ("https://c.example/",)
    assert refused(world, assertion(jti="jti-2")).code == "invalid_target"


def test_who_is_not_registered_for_it_gets_nothing(world: World) -> None:
    world.register(robot(grant_types=frozenset({GrantType.CLIENT_CREDENTIALS})))

    assert refused(world, assertion()).code == "unauthorized_client"


def test_without_an_assertion_nothing_is_asked(world: World) -> None:
    with pytest.raises(TokenError) as caught:
        world.form(grant_type=GRANT_TYPE)

    assert caught.value.code == "invalid_request"


def test_the_grant_is_remembered_as_long_as_its_token_lives(world: World) -> None:
    redeem(world, assertion())

    (grant,) = world.stores.grants.by_id.values()
    assert grant.ends_at == NOW + world.provider.settings.access_token_lifetime
    assert timedelta(0) < grant.ends_at - NOW < HOUR + MINUTE
