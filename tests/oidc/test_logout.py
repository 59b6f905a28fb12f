"""Sign-out asked for by a client, and the tokens that tell clients (RP-Initiated, Back-Channel Logout)."""

import jwt
import pytest

from sso.oidc.jose import TokenInvalid, sign, verify_own
from sso.oidc.logout import LOGOUT_EVENT, LogoutRequest, logout_token, parse_logout
from sso.oidc.notice import LogoutNotice
from tests.oidc.examples import HOUR, ISSUER, NOW, World, claims_of, client, signing_key

BACK = "https://housing.example/bye"


@pytest.fixture
def world() -> World:
    return World(client(post_logout_redirect_uris=(BACK,)))


def ask(world: World, **params: str) -> LogoutRequest:
    return parse_logout(params, world.stores, world.provider, world.now)


def notice(**changes: object) -> LogoutNotice:
    values: dict[str, object] = {
        "id": "n", "session_id": "session-1", "account_id": "account-1", "client_id": "housing", "sub": "s",
        "uri": "https://housing.example/logout", "include_sid": True, "attempts": 1, "created_at": NOW,
        "next_attempt_at": NOW,
    }  # fmt: skip
    return LogoutNotice(**values | changes)  # type: ignore[arg-type]


def test_a_hint_names_the_session_and_the_client_and_may_have_expired(world: World) -> None:
    """RP-Initiated Logout 2."""
    hint = world.tokens().id_token or ""
    world.wait(24 * HOUR)

    asked = ask(world, id_token_hint=hint, post_logout_redirect_uri=BACK, state="é &=")

    assert (asked.client, asked.session_id, asked.sub) == (world.client, "session-1", world.sub)
    assert (asked.return_to, asked.state, asked.problem) == (BACK, "é &=", None)


def test_an_answer_signed_for_the_client_is_no_hint(world: World) -> None:
    """Another JWT of ours with the `typ` of an ID token, as JARM's answers are."""
    claims = {"iss": ISSUER, "aud": "housing", "exp": int(NOW.timestamp()) + 600, "code": "x"}
    answer = sign(claims, world.provider.keys.signing("RS256", world.now), "JWT")

    asked = ask(world, id_token_hint=answer, post_logout_redirect_uri=BACK)

    assert (asked.session_id, asked.return_to) == (None, None)
    assert asked.problem == "id_token_hint was not issued here"


def test_without_a_hint_the_client_id_is_enough_to_return_but_not_to_end_a_session(world: World) -> None:
    """RP-Initiated Logout 2, 6."""
    asked = ask(world, client_id="housing", post_logout_redirect_uri=BACK)

    assert (asked.return_to, asked.session_id) == (BACK, None)


@pytest.mark.parametrize(
    "params",
    [
        {"post_logout_redirect_uri": BACK},
        {"post_logout_redirect_uri": BACK, "client_id": "nobody"},
        {"post_logout_redirect_uri": BACK, "client_id": "housing\0"},
        {"post_logout_redirect_uri": BACK + "/", "client_id": "housing"},
        {"post_logout_redirect_uri": "https://evil.example", "client_id": "housing"},
        {"post_logout_redirect_uri": "https://housing.example/cb", "client_id": "housing"},
        {"post_logout_redirect_uri": BACK, "client_id": "housing", "id_token_hint": "x.y.z"},
    ],
)
def test_an_address_that_is_not_registered_is_never_returned_to(world: World, params: dict[str, str]) -> None:
    """RP-Initiated Logout 3: otherwise it must not redirect."""
    asked = ask(world, **params)

    assert asked.return_to is None
    assert asked.session_id is None
    assert world.stores.audit.codes() == ["logout.request.rejected"]


def test_a_hint_of_another_client_than_named_is_trusted_for_nothing(world: World) -> None:
    """RP-Initiated Logout 2: client_id must be the audience of the hint."""
    world.register(client(client_id="other", post_logout_redirect_uris=(BACK,)))
    hint = world.tokens().id_token or ""

    asked = ask(world, id_token_hint=hint, client_id="other", post_logout_redirect_uri=BACK)

    assert (asked.return_to, asked.session_id) == (None, None)


def test_an_access_token_or_a_logout_token_is_no_hint(world: World) -> None:
    """RFC 8725 3.11."""
    told = logout_token(notice(), world.client, world.provider, NOW)

    assert ask(world, id_token_hint=world.tokens().access_token).session_id is None
    assert ask(world, id_token_hint=told).session_id is None


def test_a_parameter_without_a_value_counts_as_absent(world: World) -> None:
    hint = world.tokens().id_token or ""

    assert ask(world, id_token_hint="", client_id="").problem is None
    assert ask(world, id_token_hint=hint, client_id="", post_logout_redirect_uri="").session_id == "session-1"


def test_the_logout_token_is_what_the_specification_says(world: World) -> None:
    """Back-Channel Logout 2.4."""
    text = logout_token(notice(), world.client, world.provider, NOW)

    claims = claims_of(text)
    issued_at = int(NOW.timestamp())
    assert jwt.get_unverified_header(text)["typ"] == "logout+jwt"
    assert claims.pop("jti")
    assert claims == {
        "iss": ISSUER,
        "aud": "housing",
        "iat": issued_at,
        "exp": issued_at + 120,
        "sub": "s",
        "sid": "session-1",
        "events": {LOGOUT_EVENT: {}},
    }


def test_the_session_is_named_only_to_clients_that_want_it(world: World) -> None:
    """Back-Channel Logout 2.2."""
    told = claims_of(logout_token(notice(include_sid=False), None, world.provider, NOW))

    assert "sid" not in told


def test_a_logout_token_is_taken_for_nothing_else(world: World) -> None:
    """Back-Channel Logout 2.4, RFC 8725 3.11."""
    told = logout_token(notice(), world.client, world.provider, NOW)

    for typ in ("JWT", "at+jwt"):
        with pytest.raises(TokenInvalid):
            verify_own(told, world.provider.keys, (typ,))


def test_a_hint_without_sid_ends_no_session(world: World) -> None:
    hint = sign({"iss": ISSUER, "sub": "s", "aud": "housing"}, signing_key("RS256"), "JWT")

    assert ask(world, id_token_hint=hint).session_id is None
