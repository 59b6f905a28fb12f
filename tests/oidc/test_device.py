"""The device authorization grant (RFC 8628): ask, answer, poll."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sso.audit.record import Origin
from sso.oidc import decision
from sso.oidc.bearer import TokenNotLive, live_access_token
from sso.oidc.client import Client, ClientAuthMethod, GrantType
from sso.oidc.deferred import DeferredRequest
from sso.oidc.device import DeviceAuthorizationResponse, authorize_device
from sso.oidc.digest import digest
from sso.oidc.errors import TokenError
from sso.oidc.response import TokenResponse
from sso.oidc.token_request import TokenRequest
from sso.oidc.user_code import read_user_code
from tests.fakes import FakeDatabase, FakeDeferredRequests
from tests.oidc.examples import HOUR, ISSUER, MINUTE, SECOND, World, claims_of, client

GRANT_TYPE = GrantType.DEVICE_CODE.value
ORIGIN = Origin(address="203.0.113.7", user_agent="Television/1")


def television(**changes: Any) -> Client:
    values: dict[str, Any] = {
        "client_id": "television",
        "client_name": "Television",
        "auth_method": ClientAuthMethod.NONE,
        "secrets": (),
        "redirect_uris": (),
        "grant_types": frozenset({GrantType.DEVICE_CODE, GrantType.REFRESH_TOKEN}),
    }
    return client(**values | changes)


@pytest.fixture
def world() -> World:
    return World(client=television())


def ask(world: World, asking: Client | None = None, **params: str) -> DeviceAuthorizationResponse:
    request = TokenRequest(asking or world.client, params)
    return authorize_device(request, ORIGIN, world.stores, world.provider, world.now)


def waiting(world: World, asked: DeviceAuthorizationResponse) -> decision.Waiting:
    """The request of a code, as the page finds it."""
    code = read_user_code(asked.user_code)
    assert code is not None
    request = world.stores.deferred.by_user_code(digest(code), world.now)
    assert request is not None
    found = decision.waiting(request.id, world.stores, world.now)
    assert found is not None
    return found


def allow(world: World, asked: DeviceAuthorizationResponse) -> bool:
    return decision.allow(waiting(world, asked), world.session, world.stores, world.provider, world.now)


def poll(world: World, asked: DeviceAuthorizationResponse | str, of: Client | None = None) -> TokenResponse:
    code = asked if isinstance(asked, str) else asked.device_code
    return world.form_of(of or world.client, grant_type=GRANT_TYPE, device_code=code)


def refusal(world: World, asked: DeviceAuthorizationResponse | str, of: Client | None = None) -> TokenError:
    with pytest.raises(TokenError) as caught:
        poll(world, asked, of)
    return caught.value


def test_the_device_gets_two_codes_and_an_address(world: World) -> None:
    """RFC 8628 3.2."""
    body = ask(world, scope="openid email").as_json()

    assert body["verification_uri"] == f"{ISSUER}/device"
    assert body["verification_uri_complete"] == f"{ISSUER}/device?user_code={body['user_code']}"
    assert (body["expires_in"], body["interval"]) == (600, 5)
    assert read_user_code(str(body["user_code"])) is not None
    assert len(str(body["device_code"])) == 43


def test_an_allowed_device_gets_the_tokens_of_the_person(world: World) -> None:
    """RFC 8628 3.5, OpenID Connect Core 2."""
    asked = ask(world, scope="openid email offline_access")
    assert refusal(world, asked).code == "authorization_pending"
    world.wait(5 * SECOND)
    allow(world, asked)

    tokens = poll(world, asked)

    claims = claims_of(tokens.id_token)
    assert (claims["sub"], claims["aud"], claims["sid"]) == (world.sub, "television", "session-1")
    assert (claims["acr"], claims["amr"]) == (world.session.acr, ["pwd"])
    assert tokens.scope == {"openid", "email", "offline_access"}
    assert tokens.refresh_token is not None
    assert world.form(grant_type="refresh_token", refresh_token=tokens.refresh_token).access_token
    assert live_access_token(tokens.access_token, world.stores, world.provider, world.now).grant


def test_without_offline_access_there_is_no_refresh_token(world: World) -> None:
    asked = ask(world, scope="openid email")
    allow(world, asked)

    assert poll(world, asked).refresh_token is None


def test_a_client_that_does_not_confirm_sign_outs_gets_no_refresh_token_either(world: World) -> None:
    """Ours: `sso.oidc.logout_cap`."""
    asked = ask(world, scope="openid offline_access")
    world.stores.clients.cap(world.client.client_id, world.now)
    allow(world, asked)

    answer = poll(world, asked, world.stores.clients.by_id["television"])

    assert (answer.refresh_token, answer.scope) == (None, {"openid"})
    assert answer.expires_in == 120


def test_the_scope_is_openid_unless_said_otherwise_and_never_more_than_registered(world: World) -> None:
    """RFC 8628 3.1, RFC 6749 3.3."""
    plain, wide = ask(world), ask(world, scope="openid email payroll:write")

    assert waiting(world, plain).request.scope == {"openid"}
    assert waiting(world, wide).request.scope == {"openid", "email"}
    without_refresh = television(grant_types=frozenset({GrantType.DEVICE_CODE}))
    assert waiting(world, ask(world, without_refresh, scope="openid offline_access")).request.scope == {
        "openid"
    }


@pytest.mark.parametrize(
    ("changes", "params", "code"),
    [
        ({"grant_types": frozenset({GrantType.AUTHORIZATION_CODE})}, {}, "unauthorized_client"),
        ({}, {"scope": "payroll:write"}, "invalid_scope"),
        ({"scope": frozenset({"email"})}, {}, "invalid_scope"),
        ({"scope": frozenset()}, {"scope": "openid"}, "invalid_scope"),
    ],
)
def test_a_refused_request_makes_no_code_and_is_recorded(
    world: World, changes: dict[str, Any], params: dict[str, str], code: str
) -> None:
    """RFC 8628 3.1: errors as RFC 6749 5.2."""
    with pytest.raises(TokenError) as caught:
        ask(world, television(**changes), **params)

    assert caught.value.code == code
    assert world.stores.deferred.asked == {}
    assert world.stores.audit.codes() == ["authz.deferred.rejected"]


def test_a_poll_that_comes_too_early_lengthens_the_interval_for_good(world: World) -> None:
    """RFC 8628 3.5."""
    asked = ask(world)
    heard = []
    for seconds in (0, 4, 9, 10, 10, 14, 15):
        world.wait(seconds * SECOND)
        heard.append(refusal(world, asked).code.value)

    pending, slow = "authorization_pending", "slow_down"
    #        first    4 < 5  9 < 10  10 < 15  10 < 20  14 < 25  15 < 30
    assert heard == [pending, slow, slow, slow, slow, slow, slow]
    world.wait(35 * SECOND)
    assert refusal(world, asked).code == "authorization_pending"


def test_the_interval_grows_to_a_minute_at_most(world: World) -> None:
    asked = ask(world)
    for _ in range(30):
        refusal(world, asked)
    world.wait(MINUTE)

    assert refusal(world, asked).code == "authorization_pending"


def test_waiting_is_not_recorded_as_a_failure(world: World) -> None:
    """A device polls every five seconds: its log would be the hub's."""
    asked = ask(world)
    refusal(world, asked)
    refusal(world, asked)

    assert world.stores.audit.codes() == ["authz.deferred.requested"]


def test_a_refused_device_is_told(world: World) -> None:
    """RFC 8628 3.5."""
    asked = ask(world)
    decision.refuse(waiting(world, asked), world.session, world.stores, world.now)

    assert refusal(world, asked).code == "access_denied"
    assert "consent.denied" in world.stores.audit.codes()


@pytest.mark.parametrize("answered", [True, False])
def test_an_expired_code_is_told_apart(world: World, answered: bool) -> None:
    """RFC 8628 3.5: also when the person was in time and the device was not."""
    asked = ask(world)
    if answered:
        allow(world, asked)
    world.wait(10 * MINUTE)

    assert refusal(world, asked).code == "expired_token"


def test_an_expired_or_answered_code_cannot_be_answered(world: World) -> None:
    asked, late = ask(world), ask(world)
    found, expired = waiting(world, asked), waiting(world, late)
    allow(world, asked)

    assert not decision.allow(found, world.session, world.stores, world.provider, world.now)
    assert not decision.refuse(found, world.session, world.stores, world.now)
    assert decision.waiting(found.request.id, world.stores, world.now) is None
    world.wait(10 * MINUTE)
    assert not decision.allow(expired, world.session, world.stores, world.provider, world.now)
    assert decision.waiting(expired.request.id, world.stores, world.now) is None


def test_a_code_is_redeemed_once_and_a_second_use_revokes_the_first(world: World) -> None:
    """RFC 9700 2.1.1, for every code."""
    asked = ask(world, scope="openid offline_access")
    allow(world, asked)
    tokens = poll(world, asked)

    assert refusal(world, asked).code == "invalid_grant"

    with pytest.raises(TokenNotLive):
        live_access_token(tokens.access_token, world.stores, world.provider, world.now)
    assert "code.reuse_detected" in world.stores.audit.codes()


def test_the_revocation_after_a_second_use_survives_the_refusal() -> None:
    database = FakeDatabase()
    world = World(client=television(), stores=database.stores)
    asked = ask(world)
    allow(world, asked)
    poll(world, asked)

    with pytest.raises(TokenError), database.begin(Origin()):
        poll(world, asked)

    assert all(grant.revoked_at for grant in database.stores.grants.by_id.values())


def test_a_code_is_of_one_client(world: World) -> None:
    """RFC 8628 5.2: whoever found a device_code cannot use it, nor spend it."""
    asked = ask(world)
    allow(world, asked)
    thief = world.register(television(client_id="thief"))

    assert refusal(world, asked, thief).code == "invalid_grant"

    assert poll(world, asked).access_token


@pytest.mark.parametrize("code", ["x", "BCDF-GHJK", "\udcff", "é" * 5000])
def test_nonsense_is_invalid_grant(world: World, code: str) -> None:
    assert refusal(world, code).code == "invalid_grant"


def test_the_user_code_is_no_device_code(world: World) -> None:
    asked = ask(world)
    allow(world, asked)

    assert refusal(world, asked.user_code).code == "invalid_grant"


def test_a_missing_code_is_an_invalid_request(world: World) -> None:
    with pytest.raises(TokenError) as caught:
        world.form(grant_type=GRANT_TYPE)

    assert caught.value.code == "invalid_request"


def test_what_was_revoked_before_the_device_came_is_not_handed_out(world: World) -> None:
    """The person allowed it and signed out at once."""
    asked = ask(world)
    allow(world, asked)
    world.stores.grants.revoke_of_session("session-1", keep_offline=True, now=world.now)

    assert refusal(world, asked).code == "invalid_grant"


def test_a_disabled_account_gets_nothing(world: World) -> None:
    asked = ask(world)
    allow(world, asked)
    world.disable()

    assert refusal(world, asked).code == "invalid_grant"


def test_who_allows_it_joins_the_client_to_the_session(world: World) -> None:
    """Back-Channel Logout 1.0 2.1: the device is told when the session ends."""
    asked = ask(world, scope="openid email")
    allow(world, asked)

    assert list(world.stores.sessions.clients_of("session-1")) == ["television"]
    consent = world.stores.consents.get("account-1", "television", world.now)
    assert consent is not None
    assert consent.scope == {"openid", "email"}
    assert world.stores.audit.codes() == [
        "authz.deferred.requested",
        "consent.granted",
        "authz.deferred.allowed",
    ]


@pytest.mark.parametrize(
    ("max_age", "signed_in_ago", "came_ago", "may"),
    [
        (None, HOUR, MINUTE, True),
        (600, HOUR, MINUTE, False),
        (600, 5 * MINUTE, MINUTE, True),
        (0, MINUTE, 2 * MINUTE, True),
        (0, 2 * MINUTE, MINUTE, False),
    ],
)
def test_a_client_may_want_a_recent_sign_in(
    world: World, max_age: int | None, signed_in_ago: timedelta, came_ago: timedelta, may: bool
) -> None:
    """default_max_age (OpenID Connect Registration 2)."""
    wants = world.register(television(default_max_age=max_age))
    found = replace(waiting(world, ask(world, wants)), client=wants)
    session = replace(world.session, auth_time=world.now - signed_in_ago)

    assert decision.may_answer(found, session, world.now - came_ago, world.now) is may


class Crowded(FakeDeferredRequests):
    """Somebody else has the first code."""

    tried: list[bytes | None] = []

    def add(self, asked: DeferredRequest) -> bool:
        self.tried.append(asked.user_code)
        return len(self.tried) > 1 and super().add(asked)


def test_a_user_code_that_is_taken_is_not_given_twice(world: World) -> None:
    crowded = world.stores.deferred = Crowded(world.stores.grants)

    asked = ask(world)

    first, second = crowded.tried
    assert first != second == digest(asked.user_code.replace("-", ""))
    assert world.stores.audit.codes() == ["authz.deferred.requested"]


def test_nothing_that_is_kept_shows_a_code(world: World) -> None:
    asked = ask(world)

    kept = repr(world.stores.deferred.asked) + repr(world.stores.audit.events)
    for secret in (asked.device_code, asked.user_code, asked.user_code.replace("-", "")):
        assert secret not in kept
