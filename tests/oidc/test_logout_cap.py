"""The cap: a client that does not confirm sign-outs receives what is worth little for long."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sso.audit.event import LogoutCapApplied, LogoutCapLifted
from sso.oidc import logout_cap
from sso.oidc.notice import LogoutNotice
from tests.oidc.examples import HOUR, NOW, SECOND, SETTINGS, World, claims_of
from tests.oidc.test_notice import notice

CAP = int(SETTINGS.capped_token_lifetime.total_seconds())


@pytest.fixture
def world() -> World:
    return World()


def cap(world: World, given_up: LogoutNotice | None = None) -> None:
    logout_cap.apply(given_up or notice(9), world.stores.clients, SETTINGS, world.stores.audit, world.now)


def lift(world: World) -> None:
    logout_cap.lift(notice(10), world.stores.clients, world.stores.audit, world.now)


def lifetime_of(token: str | None) -> int:
    claims = claims_of(token)
    return int(claims["exp"] - claims["iat"])


def test_access_and_id_tokens_are_short_lived_from_then_on(world: World) -> None:
    cap(world)

    answer = world.tokens()

    assert answer.expires_in == CAP
    assert lifetime_of(answer.access_token) == CAP
    assert lifetime_of(answer.id_token) == CAP


def test_a_grant_made_from_then_on_does_not_outlive_its_session(world: World) -> None:
    cap(world)

    answer = world.tokens(scope="openid email offline_access")

    assert answer.refresh_token is None
    assert answer.scope == {"openid", "email"}
    (grant,) = world.stores.grants.by_id.values()
    assert not grant.offline


def test_a_grant_from_before_goes_on_with_short_lived_tokens(world: World) -> None:
    """Refusing it would cost people a sign-in for an outage that is over."""
    before = world.tokens()
    cap(world)

    answer = world.refresh(before.refresh_token)

    assert answer.refresh_token is not None
    assert answer.expires_in == CAP


def test_a_token_about_nobody_lives_as_long_as_ever(world: World) -> None:
    """RFC 6749 4.4: nobody signs out of it."""
    cap(world)

    assert logout_cap.lifetimes(
        world.stores.clients.by_id["housing"], SETTINGS, about_person=False
    ) == logout_cap.Lifetimes(SETTINGS.access_token_lifetime, SETTINGS.id_token_lifetime)


def test_a_lifetime_that_is_shorter_than_the_cap_stays(world: World) -> None:
    cap(world)
    brisk = replace(SETTINGS, access_token_lifetime=timedelta(seconds=30))

    found = logout_cap.lifetimes(world.stores.clients.by_id["housing"], brisk, about_person=True)

    assert found.access_token == timedelta(seconds=30)


def test_the_next_confirmation_lifts_it_and_both_are_on_record(world: World) -> None:
    cap(world)
    world.wait(HOUR)
    lift(world)

    answer = world.tokens()

    assert answer.expires_in == int(SETTINGS.access_token_lifetime.total_seconds())
    assert answer.refresh_token is not None
    assert world.stores.audit.events[:2] == [
        LogoutCapApplied(client_id="housing", session_id="session-1", lifetime_seconds=CAP),
        LogoutCapLifted(client_id="housing", session_id="session-1", capped_since=NOW),
    ]


def test_many_notices_given_up_cap_once_and_many_confirmed_lift_once(world: World) -> None:
    for _ in range(3):
        cap(world)
        world.wait(SECOND)
    for _ in range(3):
        lift(world)

    assert world.stores.audit.codes() == ["logout.cap.applied", "logout.cap.lifted"]


def test_a_notice_of_a_client_that_is_gone_caps_nobody(world: World) -> None:
    cap(world, replace(notice(9), client_id="gone"))

    assert world.stores.audit.codes() == []
