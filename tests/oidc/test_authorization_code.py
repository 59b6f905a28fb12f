"""grant_type=authorization_code (RFC 6749 4.1.3, RFC 7636 4.6, Core 3.1.3)."""

from datetime import timedelta

import pytest

from sso.oidc.bearer import TokenNotLive, live_access_token
from sso.oidc.client import ClientAuthMethod
from sso.oidc.errors import TokenError
from sso.oidc.jose import half_hash
from tests.fakes import FakeDatabase, Origin
from tests.oidc.examples import ISSUER, NOW, REDIRECT_URI, SECOND, World, claims_of, client


def refusal(world: World, code: str, **changes: str) -> TokenError:
    with pytest.raises(TokenError) as caught:
        world.redeem(code, **changes)
    return caught.value


def test_the_id_token_says_who_when_how_and_for_whom(world: World) -> None:
    """Core 2, 3.1.3.3, 3.1.3.6."""
    answer = world.tokens()

    claims = claims_of(answer.id_token)
    issued_at = int(NOW.timestamp())
    assert claims | {"txn": "", "at_hash": ""} == {
        "iss": ISSUER,
        "sub": world.sub,
        "aud": "housing",
        "iat": issued_at,
        "exp": issued_at + 600,
        "auth_time": issued_at - 60,
        "nonce": "n-0S6_WzA2Mj",
        "acr": "urn:sso-hub:acr:password",
        "amr": ["pwd"],
        "sid": "session-1",
        "txn": "",
        "at_hash": "",
    }
    assert claims["at_hash"] == half_hash(answer.access_token, "RS256")
    assert claims["txn"] == world.stores.audit.records[-1].id


def test_the_access_token_is_one_of_rfc_9068(world: World) -> None:
    """RFC 9068 2.2."""
    claims = claims_of(world.tokens().access_token)

    assert claims["iss"] == claims["aud"] == ISSUER
    assert claims["client_id"] == "housing"
    assert claims["sub"] == world.sub
    assert claims["scope"] == "email offline_access openid"
    assert claims["exp"] - claims["iat"] == 300


def test_claims_of_scopes_stay_out_of_the_id_token_unless_asked_there(world: World) -> None:
    """Core 5.4, 5.5."""
    plain = claims_of(world.tokens().id_token)
    asked = claims_of(world.tokens(claims='{"id_token": {"name": null}}').id_token)
    world.register(client(claims_in_id_token=True))
    switched = claims_of(world.tokens().id_token)

    assert plain.keys() & {"name", "email"} == set()
    assert asked.keys() & {"name", "email"} == {"name"}
    assert switched.keys() & {"name", "email", "email_verified"} == {"email", "email_verified"}


def test_without_openid_there_is_no_id_token(world: World) -> None:
    """Core 3.1.2.1."""
    assert world.tokens(scope="housing:read").id_token is None


def test_without_offline_access_there_is_no_refresh_token(world: World) -> None:
    """Core 11."""
    assert world.tokens(scope="openid").refresh_token is None
    assert world.tokens().refresh_token is not None


def test_a_code_is_good_once_and_its_second_use_revokes_what_the_first_got(world: World) -> None:
    """RFC 6749 4.1.2, RFC 9700 2.1.1."""
    code = world.code()
    answer = world.redeem(code)

    assert refusal(world, code).code == "invalid_grant"

    with pytest.raises(TokenNotLive):
        live_access_token(answer.access_token, world.stores, world.provider, world.now)
    with pytest.raises(TokenError):
        world.refresh(answer.refresh_token)
    assert "code.reuse_detected" in world.stores.audit.codes()


def test_the_revocation_after_a_replay_survives_the_refusal() -> None:
    """A refusal is an answer: its transaction commits."""
    database = FakeDatabase()
    world = World(stores=database.stores)
    code = world.code()
    world.redeem(code)

    with pytest.raises(TokenError), database.begin(Origin()):
        world.redeem(code)

    assert all(grant.revoked_at is not None for grant in database.stores.grants.by_id.values())


def test_a_late_replay_is_recognised_after_the_code_expired(world: World) -> None:
    """RFC 9700 2.1.1."""
    code = world.code()
    world.redeem(code)
    world.wait(timedelta(minutes=2))

    assert refusal(world, code).reason == "code used again"


def test_who_only_found_the_code_neither_spends_it_nor_revokes_anything(world: World) -> None:
    """RFC 7636 1: without the verifier an intercepted code is worthless, also for a denial of service."""
    code = world.code()

    assert refusal(world, code, code_verifier="x" * 43).code == "invalid_grant"
    answer = world.redeem(code)
    assert refusal(world, code, code_verifier="x" * 43).code == "invalid_grant"

    assert live_access_token(answer.access_token, world.stores, world.provider, world.now)


@pytest.mark.parametrize(
    "changes",
    [
        {"redirect_uri": REDIRECT_URI + "/"},
        {"redirect_uri": ""},
        {"code_verifier": ""},
        {"code_verifier": "short"},
        {"code_verifier": "v" * 129},
        {"code_verifier": "é" * 43},
        {"code_verifier": "verifier-verifier-verifier-verifier-verifieR"},
    ],
)
def test_a_wrong_address_or_verifier_is_invalid_grant(world: World, changes: dict[str, str]) -> None:
    """RFC 6749 5.2, RFC 7636 4.6."""
    assert refusal(world, world.code(), **changes).code == "invalid_grant"


def test_a_verifier_for_a_code_without_challenge_is_a_downgrade(world: World) -> None:
    """RFC 9700 2.1.1."""
    world.register(client(require_pkce=False))

    code = world.code(code_challenge=None, code_challenge_method=None)

    assert refusal(world, code).reason == "code_verifier without code_challenge (PKCE downgrade)"


def test_a_code_expires_after_its_minute(world: World) -> None:
    """RFC 6749 4.1.2: 60 s at most here."""
    code = world.code()
    world.wait(60 * SECOND)

    assert refusal(world, code).reason == "code expired"


def test_a_code_of_another_client_is_refused_and_stays_good(world: World) -> None:
    """RFC 6749 5.2."""
    thief = world.register(client(client_id="thief", auth_method=ClientAuthMethod.NONE))
    code = world.code()

    with pytest.raises(TokenError) as caught:
        world.form_of(thief, grant_type="authorization_code", code=code, redirect_uri=REDIRECT_URI)

    assert caught.value.code == "invalid_grant"
    assert world.redeem(code).access_token


def test_a_code_of_a_disabled_account_is_worthless(world: World) -> None:
    code = world.code()
    world.disable()

    assert refusal(world, code).code == "invalid_grant"


def test_a_code_of_an_ended_session_is_worthless(world: World) -> None:
    code = world.code(scope="openid")
    world.stores.grants.revoke_of_session("session-1", keep_offline=True, now=world.now)

    assert refusal(world, code).code == "invalid_grant"


def test_every_refusal_reads_the_same_and_its_reason_is_only_recorded(world: World) -> None:
    """RFC 6749 5.2."""
    told = refusal(world, "no such code")

    assert told.description == refusal(world, world.code(), code_verifier="x").description
    failed = world.stores.audit.records[0]
    assert (failed.event, failed.detail["reason"]) == ("token.request.failed", "unknown code")


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({}, "invalid_request"),
        ({"grant_type": "authorization_code"}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, "unauthorized_client"),
    ],
)
def test_a_wrong_grant_type_has_its_own_error(world: World, params: dict[str, str], code: str) -> None:
    """RFC 6749 5.2."""
    with pytest.raises(TokenError) as caught:
        world.form(**params)

    assert caught.value.code == code
