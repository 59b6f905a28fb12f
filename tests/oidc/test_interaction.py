"""What must happen before a request is granted: sign in, choose, allow (Core 3.1.2.3, 3.1.2.4, 3.1.2.6)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sso.oidc import authorize
from sso.oidc.consent import Consent
from sso.oidc.errors import AuthorizationError
from sso.oidc.interaction import (
    AccountCreationRequired,
    AccountSelectionRequired,
    ConsentRequired,
    Granted,
    LoginRequired,
)
from sso.oidc.jose import sign
from sso.oidc.request.described import described
from tests.oidc.examples import HOUR, ISSUER, MINUTE, NOW, SECOND, World, client, session, signing_key


def allow(world: World, *scope: str, claims: frozenset[str] = frozenset()) -> None:
    world.stores.consents.put(
        Consent(
            account_id="account-1",
            client_id="housing",
            scope=frozenset(scope or ("openid", "email", "offline_access")),
            claims=claims,
            granted_at=NOW,
            expires_at=NOW + HOUR,
        )
    )


def refusal(world: World, **changes: str) -> str:
    with pytest.raises(AuthorizationError) as caught:
        world.next_step(world.ask(**changes), world.session)
    return caught.value.code


def hint(sub: str) -> str:
    return sign({"iss": ISSUER, "sub": sub, "aud": "housing"}, signing_key("ES256"), "JWT")


def test_without_a_session_one_signs_in(world: World) -> None:
    assert isinstance(world.next_step(world.ask()), LoginRequired)


def test_with_session_and_consent_nothing_is_asked(world: World) -> None:
    allow(world)

    assert world.next_step(world.ask(), world.session) == Granted(world.session)


def test_a_trusted_client_shows_no_consent_page(world: World) -> None:
    world.register(client(trusted=True))

    assert isinstance(world.next_step(world.ask(), world.session), Granted)


def test_prompt_login_asks_in_spite_of_a_session_and_is_content_with_a_later_one(world: World) -> None:
    """Core 3.1.2.1."""
    allow(world)
    asked, pending = world.ask(prompt="login"), world.pending()

    assert isinstance(world.next_step(asked, world.session, pending), LoginRequired)
    assert isinstance(world.next_step(asked, session(auth_time=world.now + SECOND), pending), Granted)


@pytest.mark.parametrize(
    ("age", "max_age", "again"),
    [(2, "1", True), (2, "10000", False), (60, "60", False), (61, "60", True), (1, "0", True)],
)
def test_max_age_asks_again_when_the_sign_in_is_older(
    world: World, age: int, max_age: str, again: bool
) -> None:
    """Core 3.1.2.1."""
    allow(world)
    step = world.next_step(world.ask(max_age=max_age), session(auth_time=NOW - timedelta(seconds=age)))

    assert isinstance(step, LoginRequired if again else Granted)


def test_max_age_zero_does_not_ask_for_ever(world: World) -> None:
    """Core 3.1.2.1: whoever has signed in for this request has done what it asks."""
    allow(world)
    pending = world.pending()
    world.wait(5 * SECOND)
    signed_in = session(auth_time=world.now - SECOND)

    assert isinstance(world.next_step(world.ask(max_age="0"), signed_in, pending), Granted)


def test_prompt_none_without_a_session_is_login_required(world: World) -> None:
    """Core 3.1.2.6."""
    with pytest.raises(AuthorizationError) as caught:
        world.next_step(world.ask(prompt="none"))

    assert caught.value.code == "login_required"
    assert caught.value.to.state == "af0ifjsldkj"


def test_prompt_none_with_an_old_sign_in_is_login_required(world: World) -> None:
    """Core 3.1.2.1."""
    assert refusal(world, prompt="none", max_age="1") == "login_required"


def test_prompt_none_without_consent_is_consent_required(world: World) -> None:
    """Core 3.1.2.6."""
    assert refusal(world, prompt="none") == "consent_required"


def test_prompt_none_before_the_choice_of_an_account_is_account_selection_required(world: World) -> None:
    """Core 3.1.2.6."""
    world.session = session(persona_chosen=False)

    assert refusal(world, prompt="none") == "account_selection_required"


def test_prompt_none_with_another_person_than_hinted_is_login_required(world: World) -> None:
    """Core 3.1.2.1 (id_token_hint)."""
    allow(world)

    assert refusal(world, prompt="none", id_token_hint=hint("somebody else")) == "login_required"


def test_the_hinted_person_passes(world: World) -> None:
    """Core 3.1.2.1 (id_token_hint)."""
    allow(world)
    step = world.next_step(world.ask(prompt="none", id_token_hint=hint(world.sub)), world.session)

    assert isinstance(step, Granted)


def test_whoever_signs_in_in_place_of_the_hinted_person_gets_nothing(world: World) -> None:
    """Core 3.1.2.1: an answer about another person is never given."""
    allow(world)
    asked, pending = world.ask(id_token_hint=hint("somebody else")), world.pending()

    assert isinstance(world.next_step(asked, world.session, pending), LoginRequired)
    with pytest.raises(AuthorizationError) as caught:
        world.next_step(asked, session(auth_time=world.now), pending)
    assert caught.value.code == "login_required"


def test_whoever_signed_in_elsewhere_in_place_of_the_hinted_person_is_not_asked_again(world: World) -> None:
    """Core 3.1.2.1: a provider that is still signed in says the same each time, without end."""
    allow(world)
    asked, pending = world.ask(id_token_hint=hint("somebody else")), world.pending()
    begun_now = session(created_at=world.now)

    with pytest.raises(AuthorizationError) as caught:
        world.next_step(asked, begun_now, pending)
    assert begun_now.auth_time < pending.asked_at
    assert caught.value.code == "login_required"


def test_select_account_asks_once(world: World) -> None:
    """Core 3.1.2.1."""
    allow(world)
    asked = world.ask(prompt="select_account")

    assert isinstance(world.next_step(asked, world.session), AccountSelectionRequired)
    answered = world.pending(account_selected_at=NOW)
    assert isinstance(world.next_step(asked, world.session, answered), Granted)


def test_a_person_with_several_accounts_chooses_before_anything_is_given(world: World) -> None:
    allow(world)

    assert isinstance(world.next_step(world.ask(), session(persona_chosen=False)), AccountSelectionRequired)


def test_a_first_request_for_openid_alone_is_asked_about(world: World) -> None:
    """Core 3.1.2.4: even the pairwise sub is told with the person's knowledge."""
    assert world.next_step(world.ask(scope="openid"), world.session) == ConsentRequired(
        frozenset({"openid"}), frozenset()
    )


def test_a_wider_scope_than_allowed_is_asked_about_again(world: World) -> None:
    """Core 3.1.2.4."""
    allow(world, "openid", "email")

    step = world.next_step(world.ask(scope="openid email profile"), world.session)

    assert isinstance(step, ConsentRequired)


def test_a_narrower_scope_than_allowed_is_not(world: World) -> None:
    allow(world, "openid", "email", "profile")

    assert isinstance(world.next_step(world.ask(scope="openid email"), world.session), Granted)


def test_a_claim_asked_for_by_name_needs_consent_unless_an_allowed_scope_holds_it(world: World) -> None:
    """Core 5.5."""
    allow(world, "openid", "email")
    by_name = '{"id_token": {"%s": null}}'

    covered = world.next_step(world.ask(scope="openid", claims=by_name % "email"), world.session)
    new = world.next_step(world.ask(scope="openid", claims=by_name % "name"), world.session)

    assert isinstance(covered, Granted)
    assert isinstance(new, ConsentRequired)


def test_prompt_consent_asks_again_and_also_for_a_trusted_client(world: World) -> None:
    """Core 3.1.2.1."""
    allow(world)
    world.register(client(trusted=True))
    asked = world.ask(prompt="consent")

    assert isinstance(world.next_step(asked, world.session), ConsentRequired)
    assert isinstance(
        world.next_step(asked, world.session, world.pending(consented_at=NOW, consented_by="account-1")),
        Granted,
    )


def test_an_expired_consent_is_asked_for_again(world: World) -> None:
    allow(world)
    world.wait(2 * HOUR)

    assert isinstance(world.next_step(world.ask(), world.session), ConsentRequired)


def test_what_is_allowed_adds_to_what_was_allowed(world: World) -> None:
    allow(world, "openid", "email")

    authorize.allow(world.ask(scope="openid profile"), world.session, world.stores, world.provider, NOW)

    kept = world.stores.consents.get("account-1", "housing", NOW)
    assert kept is not None
    assert kept.scope == {"openid", "email", "profile"}
    assert world.stores.audit.codes() == ["consent.granted"]


def test_a_refusal_is_access_denied_with_state(world: World) -> None:
    """RFC 6749 4.1.2.1."""
    denied = authorize.deny(world.ask(), world.session, world.stores, NOW)

    assert (denied.code, denied.to.state) == ("access_denied", "af0ifjsldkj")
    assert world.stores.audit.codes() == ["consent.denied"]


def test_unknown_acr_values_never_fail_a_request(world: World) -> None:
    """Core 3.1.2.1."""
    allow(world)

    assert isinstance(world.next_step(world.ask(acr_values="urn:gold"), world.session), Granted)


def test_an_essential_acr_that_cannot_be_met_does(world: World) -> None:
    """Core 5.5.1.1, Core Error Code unmet_authentication_requirements."""
    allow(world)
    demand = '{"id_token": {"acr": {"essential": true, "value": "%s"}}}'

    assert refusal(world, claims=demand % "urn:gold") == "unmet_authentication_requirements"
    met = world.ask(claims=demand % world.session.acr)
    assert isinstance(world.next_step(met, world.session), Granted)


def test_an_essential_acr_that_another_sign_in_may_reach_asks_for_one(world: World) -> None:
    """RFC 9470 4."""
    allow(world)
    asked = world.ask(claims='{"id_token": {"acr": {"essential": true, "value": "urn:gold"}}}')
    old = replace(world.session, auth_time=NOW - MINUTE)
    fresh = replace(world.session, auth_time=NOW)

    assert world.next_step(asked, old, reachable_acr=("urn:gold",)) == LoginRequired("essential acr")
    with pytest.raises(AuthorizationError) as refused:
        world.next_step(asked, fresh, reachable_acr=("urn:gold",))
    assert refused.value.code == "unmet_authentication_requirements"


def test_the_code_is_issued_with_state_and_iss_and_the_client_joins_the_session(world: World) -> None:
    """RFC 6749 4.1.2, RFC 9207 2."""
    world.session = replace(world.session, auth_time=NOW - MINUTE)

    answer = authorize.grant(world.ask(), world.session, world.stores, world.provider, NOW)

    params = dict(answer.params)
    assert params.keys() == {"code", "state", "iss"}
    assert (params["state"], params["iss"]) == ("af0ifjsldkj", ISSUER)
    assert world.stores.sessions.clients_of("session-1") == ("housing",)
    assert params["code"] not in repr(world.stores.audit.records) + repr(world.stores.codes)


@pytest.fixture
def with_new_accounts(world: World) -> World:
    settings = replace(world.provider.settings, create_account_url="https://citizens.example.gov/new")
    world.provider = replace(world.provider, settings=settings)
    return world


def test_whoever_is_to_make_an_account_is_sent_there_first_even_with_a_session(
    with_new_accounts: World,
) -> None:
    """Initiating User Registration 1.0 4.1."""
    world = with_new_accounts
    asked = world.ask(prompt="create")

    assert isinstance(world.next_step(asked), AccountCreationRequired)
    assert isinstance(world.next_step(asked, world.session), AccountCreationRequired)


def test_whoever_comes_back_signs_in_with_the_new_account(with_new_accounts: World) -> None:
    """Initiating User Registration 1.0 4.1: the session of before is not the account just made."""
    world = with_new_accounts
    asked, sent = world.ask(prompt="create"), world.pending(creation_offered_at=NOW)
    allow(world)

    before = world.next_step(asked, world.session, sent)
    after = world.next_step(asked, session(auth_time=NOW), sent)

    assert isinstance(before, LoginRequired)
    assert isinstance(after, Granted)


@pytest.mark.parametrize("prompt", ["create none", "none create"])
def test_nobody_makes_an_account_in_silence(with_new_accounts: World, prompt: str) -> None:
    """Core 3.1.2.1: none stands alone."""
    with pytest.raises(AuthorizationError) as told:
        with_new_accounts.ask(prompt=prompt)

    assert told.value.code == "invalid_request"


def test_where_no_accounts_are_made_create_is_unknown(world: World) -> None:
    """Initiating User Registration 1.0 4.1: 400 or an error, and not advertised."""
    with pytest.raises(AuthorizationError) as told:
        world.ask(prompt="create")

    assert told.value.code == "invalid_request"
    assert "create" not in described(world.provider.settings, ())["prompt_values_supported"]
