"""grant_type=refresh_token: rotation, grace, reuse (RFC 6749 6, RFC 9700 4.14.2, Core 12)."""

from datetime import timedelta

import pytest

from sso.oidc.bearer import TokenNotLive, live_access_token
from sso.oidc.client import ClientAuthMethod
from sso.oidc.errors import TokenError
from tests.fakes import FakeDatabase, Origin
from tests.oidc.examples import HOUR, SECOND, World, claims_of, client


def refusal(world: World, refresh_token: str | None, **changes: str) -> TokenError:
    with pytest.raises(TokenError) as caught:
        world.refresh(refresh_token, **changes)
    return caught.value


def test_everything_about_the_sign_in_stays_and_only_the_times_move(world: World) -> None:
    """Core 12.2."""
    first = world.tokens()
    world.wait(HOUR)
    second = world.refresh(first.refresh_token)

    before, after = claims_of(first.id_token), claims_of(second.id_token)
    same = ("iss", "sub", "aud", "auth_time", "acr", "amr", "sid", "nonce")
    assert [before[name] for name in same] == [after[name] for name in same]
    assert after["iat"] == before["iat"] + 3600
    assert after["txn"] != before["txn"]


def test_rotation_hands_out_a_new_token_each_time(world: World) -> None:
    """RFC 9700 4.14.2."""
    first = world.tokens().refresh_token
    second = world.refresh(first).refresh_token

    assert second not in (None, first)
    assert world.refresh(second).refresh_token not in (first, second)


def test_within_the_grace_the_same_successor_comes_back(world: World) -> None:
    """Two tabs, or a lost answer."""
    first = world.tokens().refresh_token
    second = world.refresh(first).refresh_token
    world.wait(20 * SECOND)

    assert world.refresh(first).refresh_token == second
    assert [e.within_grace for e in world.stores.audit.events if e.code == "token.refreshed"] == [False, True]


def test_after_the_grace_a_spent_token_ends_the_family(world: World) -> None:
    """RFC 9700 4.14.2."""
    first = world.tokens()
    second = world.refresh(first.refresh_token)
    world.wait(21 * SECOND)

    assert refusal(world, first.refresh_token).code == "invalid_grant"

    assert refusal(world, second.refresh_token).reason == "the grant is revoked"
    with pytest.raises(TokenNotLive):
        live_access_token(second.access_token, world.stores, world.provider, world.now)
    assert world.stores.audit.codes().count("token.refresh.reuse_detected") == 1


def test_the_end_of_a_family_survives_the_refusal() -> None:
    database = FakeDatabase()
    world = World(stores=database.stores)
    first = world.tokens().refresh_token
    world.refresh(first)
    world.wait(HOUR)

    with pytest.raises(TokenError), database.begin(Origin()):
        world.refresh(first)

    assert all(grant.revoked_at for grant in database.stores.grants.by_id.values())
    assert "token.refresh.reuse_detected" in database.stores.audit.codes()


def test_a_client_may_be_excused_from_rotation_but_a_public_one_never(world: World) -> None:
    """RFC 9700 2.2.2."""
    world.register(client(rotate_refresh_tokens=False))
    kept = world.tokens().refresh_token
    assert world.refresh(kept).refresh_token == kept

    world.register(client(rotate_refresh_tokens=False, auth_method=ClientAuthMethod.NONE))
    assert world.refresh(kept).refresh_token != kept


def test_scope_may_be_narrowed_for_one_answer_and_never_widened(world: World) -> None:
    """RFC 6749 6."""
    first = world.tokens(scope="openid email offline_access")

    narrow = world.refresh(first.refresh_token, scope="openid")
    whole = world.refresh(narrow.refresh_token)

    assert narrow.scope == {"openid"}
    assert whole.scope == {"openid", "email", "offline_access"}
    assert refusal(world, whole.refresh_token, scope="openid profile").code == "invalid_scope"
    assert refusal(world, whole.refresh_token, scope=" ").code == "invalid_scope"


def test_a_refused_scope_does_not_spend_the_token(world: World) -> None:
    token = world.tokens().refresh_token
    refusal(world, token, scope="profile")
    world.wait(HOUR)

    assert world.refresh(token).refresh_token


def test_another_clients_refresh_token_is_invalid_grant(world: World) -> None:
    """RFC 6749 5.2."""
    token = world.tokens().refresh_token
    thief = world.register(client(client_id="thief"))

    with pytest.raises(TokenError) as caught:
        world.form_of(thief, grant_type="refresh_token", refresh_token=token or "")

    assert caught.value.code == "invalid_grant"
    assert world.refresh(token).access_token


def test_a_refresh_token_expires(world: World) -> None:
    token = world.tokens().refresh_token
    world.wait(timedelta(days=30))

    assert refusal(world, token).reason == "refresh token expired"


def test_a_family_ends_when_its_first_token_would_have(world: World) -> None:
    """RFC 9700 4.14: rotation renews the secret, not the permission."""
    first = world.tokens().refresh_token
    world.wait(timedelta(days=29))
    second = world.refresh(first).refresh_token
    world.wait(timedelta(days=1))

    assert refusal(world, second).reason == "refresh token expired"


def test_a_disabled_account_refreshes_nothing(world: World) -> None:
    token = world.tokens().refresh_token
    world.disable()

    assert refusal(world, token).code == "invalid_grant"


@pytest.mark.parametrize("text", ["x", "\udcff", "é" * 5000])
def test_nonsense_is_invalid_grant(world: World, text: str) -> None:
    assert refusal(world, text).code == "invalid_grant"


def test_nothing_that_is_kept_shows_a_token(world: World) -> None:
    first = world.tokens()
    second = world.refresh(first.refresh_token)

    kept = repr(vars(world.stores)) + repr(world.stores.refresh_tokens.by_digest)
    for secret in (first.refresh_token, second.refresh_token, first.access_token, first.id_token):
        assert secret not in kept
