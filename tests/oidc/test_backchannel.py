"""Client-initiated backchannel authentication (OpenID Connect CIBA Core 1.0): ask, answer, poll or ping."""

from dataclasses import replace
from typing import Any

import jwt
import pytest

from sso.oidc import decision
from sso.oidc.backchannel import authenticate_backchannel
from sso.oidc.backchannel.endpoint import BackchannelResponse
from sso.oidc.client import Client, ClientAuthMethod, GrantType
from sso.oidc.deferred import Notification
from sso.oidc.errors import RequestDenied, TokenError
from sso.oidc.jose import sign
from sso.oidc.response import TokenResponse
from sso.oidc.token_request import TokenRequest
from tests.oidc.examples import (
    HOUR,
    ISSUER,
    MINUTE,
    NOW,
    SECOND,
    World,
    claims_of,
    client,
    private,
    signing_key,
)

GRANT_TYPE = GrantType.CIBA.value
TOKEN = "n" * 43
KEY = signing_key("ES256", 1)


def bank(**changes: Any) -> Client:
    values: dict[str, Any] = {
        "client_id": "bank",
        "client_name": "Bank",
        "redirect_uris": (),
        "grant_types": frozenset({GrantType.CIBA, GrantType.REFRESH_TOKEN}),
        "backchannel_token_delivery_mode": "poll",
        "sector": "bank.example",
    }
    return client(**values | changes)


def pinged(**changes: Any) -> Client:
    values: dict[str, Any] = {
        "backchannel_token_delivery_mode": "ping",
        "backchannel_client_notification_endpoint": "https://bank.example/ping",
    }
    return bank(**values | changes)


@pytest.fixture
def world() -> World:
    return World(client=bank())


def ask(world: World, asking: Client | None = None, **changes: str | None) -> BackchannelResponse:
    """A good request; None leaves a parameter out."""
    values: dict[str, str | None] = {"scope": "openid email", "login_hint": "tuya"} | changes
    params = {name: value for name, value in values.items() if value is not None}
    request = TokenRequest(asking or world.client, params)

    def named(typed: str) -> str | None:
        account = world.stores.people.citizen(typed)
        return None if account is None else account.id

    return authenticate_backchannel(request, named, world.stores, world.provider, world.now)


def refused(world: World, asking: Client | None = None, **changes: str | None) -> TokenError:
    with pytest.raises(TokenError) as caught:
        ask(world, asking, **changes)
    return caught.value


def waiting(world: World) -> decision.Waiting:
    """The one request that waits for the person, as the page finds it."""
    (request,) = world.stores.deferred.waiting_for("account-1", world.now)
    found = decision.waiting(request.id, world.stores, world.now)
    assert found is not None
    return found


def allow(world: World) -> bool:
    return decision.allow(waiting(world), world.session, world.stores, world.provider, world.now)


def poll(world: World, asked: BackchannelResponse, of: Client | None = None) -> TokenResponse:
    return world.form_of(of or world.client, grant_type=GRANT_TYPE, auth_req_id=asked.auth_req_id)


def refusal(world: World, asked: BackchannelResponse, of: Client | None = None) -> TokenError:
    with pytest.raises(TokenError) as caught:
        poll(world, asked, of)
    return caught.value


def test_the_client_may_wait(world: World) -> None:
    """CIBA Core 7.3."""
    body = ask(world).as_json()

    assert len(str(body["auth_req_id"])) == 43
    assert (body["expires_in"], body["interval"]) == (300, 5)
    assert world.stores.audit.codes() == ["authz.deferred.requested"]


def test_what_the_person_allowed_is_fetched_once(world: World) -> None:
    """CIBA Core 10.1, 11."""
    asked = ask(world, scope="openid email offline_access", acr_values="urn:gold")
    assert refusal(world, asked).code == "authorization_pending"
    assert refusal(world, asked).code == "slow_down"
    allow(world)

    tokens = poll(world, asked)

    claims = claims_of(tokens.id_token)
    assert (claims["sub"], claims["aud"], claims["sid"]) == (world.sub, "bank", "session-1")
    assert tokens.refresh_token is not None
    assert refusal(world, asked).code == "invalid_grant"
    assert list(world.stores.sessions.clients_of("session-1")) == ["bank"]


def test_a_refusal_is_told(world: World) -> None:
    """CIBA Core 11."""
    asked = ask(world)
    decision.refuse(waiting(world), world.session, world.stores, world.now)

    assert refusal(world, asked).code == "access_denied"


def test_an_expired_request_is_told_apart_and_cannot_be_answered(world: World) -> None:
    """CIBA Core 11."""
    asked = ask(world)
    found = waiting(world)
    world.wait(5 * MINUTE)

    assert refusal(world, asked).code == "expired_token"
    assert world.stores.deferred.waiting_for("account-1", world.now) == []
    assert not decision.allow(found, world.session, world.stores, world.provider, world.now)


def test_an_auth_req_id_is_of_one_client_and_no_device_code(world: World) -> None:
    """CIBA Core 11: invalid_grant."""
    asked = ask(world)
    allow(world)
    both = frozenset({GrantType.CIBA, GrantType.DEVICE_CODE})
    thief = world.register(bank(client_id="thief"))
    mixed = world.register(bank(grant_types=both))

    assert refusal(world, asked, thief).code == "invalid_grant"
    with pytest.raises(TokenError) as caught:
        world.form_of(mixed, grant_type=GrantType.DEVICE_CODE.value, device_code=asked.auth_req_id)

    assert caught.value.code == "invalid_grant"
    assert poll(world, asked).access_token


def test_only_the_hinted_account_may_answer(world: World) -> None:
    """CIBA Core 8."""
    ask(world)
    other = replace(world.session, account_id="account-2")

    assert decision.may_answer(waiting(world), world.session, NOW, NOW)
    assert not decision.may_answer(waiting(world), other, NOW, NOW)


def test_an_id_token_names_the_person(world: World) -> None:
    """CIBA Core 7.1: issued here, to this client, expired or not."""
    asked = ask(world)
    allow(world)
    id_token = poll(world, asked).id_token
    world.wait(24 * HOUR)

    ask(world, login_hint=None, id_token_hint=id_token)

    assert waiting(world).request.account_id == "account-1"


def test_an_id_token_of_another_client_names_nobody(world: World) -> None:
    asking, world.client = world.client, world.register(client(sector="bank.example"))
    id_token = world.tokens(scope="openid").id_token

    assert refused(world, asking, login_hint=None, id_token_hint=id_token).code == "invalid_request"


@pytest.mark.parametrize(
    "claims",
    [{"iss": "https://evil.example"}, {"aud": "housing"}, {"aud": ["bank", "housing"]}, {"sub": 7}],
)
def test_an_id_token_that_says_something_else_names_nobody(world: World, claims: dict[str, Any]) -> None:
    good = {"iss": ISSUER, "aud": "bank", "sub": world.sub}
    forged = sign(good | claims, signing_key("RS256"), "JWT")

    assert refused(world, login_hint=None, id_token_hint=forged).code == "invalid_request"
    assert refused(world, login_hint=None, id_token_hint="x.y.z").code == "invalid_request"


def test_a_sub_of_another_sector_names_nobody(world: World) -> None:
    """A leaked sub of elsewhere must not be of use here."""
    elsewhere = world.stores.subjects.sub("account-1", "housing.example", NOW)
    forged = sign({"iss": ISSUER, "aud": "bank", "sub": elsewhere}, signing_key("RS256"), "JWT")

    assert refused(world, login_hint=None, id_token_hint=forged).code == "unknown_user_id"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"login_hint": None}, "invalid_request"),
        ({"id_token_hint": "x.y.z"}, "invalid_request"),
        ({"login_hint": None, "login_hint_token": "x.y.z"}, "invalid_request"),
        ({"login_hint": "nobody"}, "unknown_user_id"),
        ({"scope": None}, "invalid_request"),
        ({"scope": "email"}, "invalid_scope"),
        ({"scope": "payroll:write"}, "invalid_scope"),
        ({"user_code": "1234"}, "invalid_request"),
        ({"requested_expiry": "0"}, "invalid_request"),
        ({"requested_expiry": "-5"}, "invalid_request"),
        ({"requested_expiry": "1e3"}, "invalid_request"),
        ({"requested_expiry": "٣٠"}, "invalid_request"),
        ({"binding_message": "x" * 101}, "invalid_binding_message"),
        ({"binding_message": "two\nlines"}, "invalid_binding_message"),
        ({"binding_message": "\u202eTCS4W"}, "invalid_binding_message"),
        ({"request": "x.y.z"}, "invalid_request"),
    ],
)
def test_a_wrong_request_asks_nobody(world: World, changes: dict[str, str | None], code: str) -> None:
    """CIBA Core 13."""
    assert refused(world, **changes).code == code

    assert world.stores.deferred.asked == {}
    assert world.stores.audit.codes() == ["authz.deferred.rejected"]


@pytest.mark.parametrize(
    "changes",
    [
        {"grant_types": frozenset({GrantType.AUTHORIZATION_CODE})},
        {"auth_method": ClientAuthMethod.NONE},
    ],
)
def test_a_client_that_is_not_registered_for_it_asks_nobody(world: World, changes: dict[str, Any]) -> None:
    """CIBA Core 13."""
    assert refused(world, bank(**changes)).code == "unauthorized_client"


def test_a_disabled_person_is_not_asked(world: World) -> None:
    world.disable()

    assert refused(world).code == "unknown_user_id"


@pytest.mark.parametrize(("wished", "given"), [("60", 60), ("900", 900), ("999999999", 3600)])
def test_the_client_may_wish_for_a_time(world: World, wished: str, given: int) -> None:
    """CIBA Core 7.1, requested_expiry."""
    assert ask(world, requested_expiry=wished).expires_in == given


def test_who_does_not_answer_is_not_asked_without_end(world: World) -> None:
    """Whoever is asked again and again says yes one day."""
    for _ in range(5):
        ask(world)

    refusal = refused(world)

    assert isinstance(refusal, RequestDenied)
    assert refusal.code == "access_denied"
    other = world.register(bank(client_id="other"))
    assert ask(world, other).auth_req_id
    world.wait(5 * MINUTE)
    assert ask(world).auth_req_id


def test_a_client_that_wants_a_ping_says_how_we_prove_ourselves(world: World) -> None:
    """CIBA Core 7.1: at least 128 bits, at most 1024 characters of RFC 6750."""
    asking = world.register(pinged())

    for token in (None, "short", "x" * 1025, "with spaces in it, which is no token", "é" * 30):
        assert refused(world, asking, client_notification_token=token).code == "invalid_request"

    assert ask(world, asking, client_notification_token=TOKEN).auth_req_id


@pytest.mark.parametrize("allowed", [True, False])
def test_an_answer_queues_one_ping(world: World, allowed: bool) -> None:
    """CIBA Core 10.2: whatever the answer is."""
    asking = world.register(pinged())
    asked = ask(world, asking, client_notification_token=TOKEN)
    found = waiting(world)
    assert world.stores.pings.waiting_count() == 0

    if allowed:
        decision.allow(found, world.session, world.stores, world.provider, world.now)
    else:
        decision.refuse(found, world.session, world.stores, world.now)

    (ping,) = world.stores.pings.claim_due(world.now, 10, 30)
    assert (ping.client_id, ping.uri) == ("bank", "https://bank.example/ping")
    assert ping.notification == Notification(asked.auth_req_id, TOKEN)


def test_who_polls_is_not_pinged(world: World) -> None:
    ask(world, client_notification_token=TOKEN)
    allow(world)

    assert world.stores.pings.waiting_count() == 0


def test_nothing_that_is_shown_shows_a_secret(world: World) -> None:
    asking = world.register(pinged())
    asked = ask(world, asking, client_notification_token=TOKEN)

    kept = repr(world.stores.deferred) + repr(world.stores.audit.events) + repr(asked)
    assert asked.auth_req_id not in kept
    assert TOKEN not in kept


SIGNED: dict[str, Any] = {
    "iss": "bank",
    "aud": ISSUER,
    "iat": int(NOW.timestamp()),
    "nbf": int(NOW.timestamp()),
    "exp": int((NOW + MINUTE).timestamp()),
    "jti": "jti-1",
    "scope": "openid email",
    "login_hint": "tuya",
    "requested_expiry": 120,
}


def signing(world: World, **changes: Any) -> Client:
    values = {"backchannel_authentication_request_signing_alg": "ES256", "jwks": {"keys": [KEY.public_jwk]}}
    return world.register(bank(**values | changes))


def written(**changes: Any) -> str:
    whole = {name: value for name, value in (SIGNED | changes).items() if value is not None}
    return jwt.encode(whole, private(KEY), algorithm="ES256", headers={"kid": KEY.kid})


def test_a_signed_request_says_everything(world: World) -> None:
    """CIBA Core 7.1.1."""
    asking = signing(world)

    asked = ask(world, asking, scope=None, login_hint=None, request=written())

    assert asked.expires_in == 120
    assert waiting(world).request.scope == {"openid", "email"}


def test_a_signed_request_is_taken_once(world: World) -> None:
    asking = signing(world)
    text = written()
    ask(world, asking, scope=None, login_hint=None, request=text)

    again = refused(world, asking, scope=None, login_hint=None, request=text)

    assert (again.code, again.reason) == ("invalid_request", "jti was used before")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"iss": "housing"}, "iss is not the client"),
        ({"aud": "https://other.example"}, "aud is not the issuer"),
        ({"aud": None}, "aud is not the issuer"),
        ({"exp": None}, "exp is missing"),
        ({"nbf": None}, "nbf is missing"),
        ({"iat": "now"}, "iat is not a time"),
        ({"exp": SIGNED["iat"] - 10}, "exp is missing or past"),
        ({"nbf": SIGNED["iat"] + 30}, "nbf or iat is in the future"),
        ({"iat": SIGNED["iat"] + 30}, "nbf or iat is in the future"),
        ({"exp": SIGNED["iat"] + 7200}, "exp is too far away"),
        ({"jti": None}, "jti is missing or too long"),
        ({"jti": "x" * 256}, "jti is missing or too long"),
        ({"login_hint": ["tuya"]}, "login_hint is not a text"),
    ],
)
def test_a_signed_request_with_one_thing_wrong_asks_nobody(
    world: World, changes: dict[str, Any], reason: str
) -> None:
    """CIBA Core 7.1.1."""
    text = written(**changes)

    refusal = refused(world, signing(world), scope=None, login_hint=None, request=text)

    assert (refusal.code, refusal.reason) == ("invalid_request", reason)


@pytest.mark.parametrize(
    "text",
    [
        jwt.encode(SIGNED, "k" * 32, algorithm="HS256"),
        jwt.encode(SIGNED, None, algorithm="none"),
        jwt.encode(SIGNED, private(signing_key("ES256", 2)), algorithm="ES256"),
        jwt.encode(SIGNED, private(signing_key("RS256")), algorithm="RS256"),
    ],
)
def test_a_request_signed_otherwise_asks_nobody(world: World, text: str) -> None:
    """RFC 8725: the registered algorithm with the registered key and nothing else."""
    refusal = refused(world, signing(world), scope=None, login_hint=None, request=text)

    assert refusal.code == "invalid_request"


def test_who_signs_always_signs_everything(world: World) -> None:
    """CIBA Core 7.1.1: no parameter outside, no request in the open."""
    asking = signing(world)

    assert refused(world, asking).code == "invalid_request"
    assert refused(world, asking, login_hint=None, request=written()).code == "invalid_request"


def test_clocks_may_differ_by_ten_seconds(world: World) -> None:
    asking = signing(world)
    soon = written(nbf=SIGNED["iat"] + 9, iat=SIGNED["iat"] + 9, exp=SIGNED["iat"] + 60)

    assert ask(world, asking, scope=None, login_hint=None, request=soon).auth_req_id
    world.wait(69 * SECOND)
    late = written(jti="jti-2")
    assert ask(world, asking, scope=None, login_hint=None, request=late).auth_req_id
