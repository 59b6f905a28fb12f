"""One sign-in attempt: prepare, prove, conclude."""

from dataclasses import replace

import pytest

from sso.authentication.password import Argon2Cost, PasswordHash
from sso.authentication.sign_in import Failure, NotSignedIn, SignedIn
from sso.authentication.throttling import Throttled
from sso.directory.person import Departure
from sso.directory.routing import CitizenRoute
from sso.directory.stores import PasswordCredential
from sso.directory.verification import AccountState
from tests.authentication.examples import ADDRESS, CHEAP, NOW, ORIGIN, PASSWORD, SECOND, Desk, entry


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.add_citizen()
    return desk


def test_a_citizen_signs_in_with_the_right_password(desk: Desk) -> None:
    outcome = desk.signed_in()

    assert outcome.session.account_id == "account-tuya"
    assert (outcome.session.amr, outcome.session.persona_chosen) == (("pwd",), True)
    assert desk.stores.audit.codes() == ["session.created", "auth.login.success"]
    assert outcome.cookie not in repr(vars(desk.stores)) + repr(outcome)


@pytest.mark.parametrize(("login_name", "password"), [("tuya", "wrong"), ("nobody", PASSWORD), ("tuya", "")])
def test_wrong_name_and_wrong_password_are_told_alike(desk: Desk, login_name: str, password: str) -> None:
    """NIST SP 800-63B-4 3.2.2; the truth is in the trail."""
    assert desk.attempt(login_name, password) == NotSignedIn(None)
    assert desk.stores.audit.codes() == ["auth.login.failure"]


def test_a_wrong_name_never_stands_in_the_trail_in_clear(desk: Desk) -> None:
    """People type their password into the wrong field."""
    desk.attempt("my-secret-password-typed-as-name", "x")

    assert "my-secret-password" not in repr(desk.stores.audit.records)


def test_a_disabled_citizen_learns_it_only_with_the_right_password(desk: Desk) -> None:
    desk.stores.people.disable_account("account-tuya", Departure.OFFICER, NOW)

    assert desk.attempt(password="wrong") == NotSignedIn(None)
    assert desk.attempt() == NotSignedIn(Failure.ACCOUNT_DISABLED)


def test_a_password_replaced_while_it_was_tried_is_not_believed(desk: Desk) -> None:
    """A reset ends every access that the old password gave, also the one under way."""
    attempt = desk.sign_in.prepare(CitizenRoute("tuya"), None, ADDRESS, desk.stores, NOW)
    proof = desk.sign_in.prove(attempt, PASSWORD)
    new = PasswordCredential("account-tuya", desk.passwords.make("another password"), NOW)
    desk.stores.credentials.put(new)

    outcome = desk.sign_in.conclude(attempt, proof, None, desk.stores, NOW)

    assert outcome == NotSignedIn(None)
    assert desk.stores.credentials.get("account-tuya") == new


def test_a_hash_of_an_older_cost_is_made_anew(desk: Desk) -> None:
    before = desk.stores.credentials.get("account-tuya")
    desk.passwords = PasswordHash(b"pepper", Argon2Cost(CHEAP.memory_kibibytes * 2, 1, 1))

    desk.signed_in()

    after = desk.stores.credentials.get("account-tuya")
    assert before is not None
    assert after is not None
    assert after.hash != before.hash
    assert isinstance(desk.attempt(), SignedIn)


def test_when_every_place_is_taken_the_person_is_asked_to_wait(desk: Desk) -> None:
    known = desk.stores.credentials.get("account-tuya")
    desk.passwords = PasswordHash(b"pepper", CHEAP, concurrency=1, patience_seconds=0.01)
    assert known is not None

    with desk.passwords._places:
        outcome = desk.attempt()

    assert outcome == NotSignedIn(Failure.TOO_BUSY)
    assert isinstance(desk.attempt(), SignedIn)


def test_throttling_and_its_record_survive_the_refusal(desk: Desk) -> None:
    """NIST SP 800-63B-4 3.2.2: the count is taken before the password is looked at."""
    desk.limits = {"account_limit": 2, "network_limit": 100}
    for _ in range(2):
        desk.attempt(password="wrong")

    for _ in range(3):
        with pytest.raises(Throttled):
            desk.attempt()

    counts = [attempts.count for attempts in desk.stores.throttles.by_key.values()]
    assert max(counts) == 5
    assert desk.stores.audit.codes().count("ratelimit.triggered") == 1


def test_a_success_starts_the_account_anew_and_not_the_network(desk: Desk) -> None:
    """Whoever owns one account must not guess at others for free."""
    desk.limits = {"account_limit": 2, "network_limit": 4}
    for password in ("wrong", PASSWORD, "wrong", PASSWORD):
        desk.attempt(password=password)

    with pytest.raises(Throttled):
        desk.attempt()
    assert isinstance(desk.attempt(address="198.51.100.1"), SignedIn)


def test_a_network_over_its_limit_locks_nobody_out(desk: Desk) -> None:
    """Whoever was refused for the network's sake has touched no account's counter."""
    desk.limits = {"account_limit": 3, "network_limit": 2}
    for _ in range(2):
        desk.attempt(password="wrong")
    for _ in range(10):
        with pytest.raises(Throttled):
            desk.attempt(password="wrong")

    assert isinstance(desk.attempt(address="198.51.100.1"), SignedIn)


def test_the_counter_starts_anew_when_its_window_is_over(desk: Desk) -> None:
    desk.limits = {"account_limit": 1, "window_seconds": 60}
    desk.attempt(password="wrong")
    with pytest.raises(Throttled) as refused:
        desk.attempt()
    assert refused.value.retry_after == 60 * SECOND

    desk.now += 60 * SECOND

    assert isinstance(desk.attempt(), SignedIn)


def test_a_clerk_gets_an_account_at_the_first_sign_in_and_keeps_it(desk: Desk) -> None:
    first = desk.signed_in("bolor", clerk=True).session.account_id
    desk.directory.entry = entry(login_name="bolormaa", dn="uid=bolormaa")
    second = desk.signed_in("bolormaa", clerk=True).session.account_id

    assert first == second
    assert desk.stores.audit.codes().count("account.created") == 1
    updated = [event for event in desk.stores.audit.records if event.event == "account.updated"]
    assert "login_name" in str(updated[0].detail)


def test_a_recycled_login_name_is_another_person(desk: Desk) -> None:
    first = desk.signed_in("bolor", clerk=True).session.account_id
    desk.directory.entry = entry(immutable_id="uuid-2")

    assert desk.signed_in("bolor", clerk=True).session.account_id != first


@pytest.mark.parametrize(
    ("state", "proven", "told"),
    [
        (AccountState.BAD_CREDENTIALS, False, None),
        (AccountState.LOCKED, False, None),
        (AccountState.DISABLED, False, None),
        (AccountState.LOCKED, True, Failure.ACCOUNT_LOCKED),
        (AccountState.DISABLED, True, Failure.ACCOUNT_DISABLED),
        (AccountState.MUST_CHANGE, True, Failure.PASSWORD_MUST_CHANGE),
        (AccountState.EXPIRED, True, Failure.PASSWORD_EXPIRED),
        (AccountState.UNAVAILABLE, False, Failure.DIRECTORY_UNAVAILABLE),
    ],
)
def test_a_clerks_state_is_told_only_when_the_password_is_proven(
    desk: Desk, state: AccountState, proven: bool, told: Failure | None
) -> None:
    desk.directory.state, desk.directory.password_proven = state, proven

    assert desk.attempt("bolor", clerk=True) == NotSignedIn(told)
    assert desk.stores.people.staff("civil", "uuid-1") is None


def test_a_clerks_failed_sign_in_is_found_under_their_account(desk: Desk) -> None:
    account_id = desk.signed_in("bolor", clerk=True).session.account_id
    desk.directory.state, desk.directory.password_proven = AccountState.BAD_CREDENTIALS, False
    desk.attempt("bolor", "wrong", clerk=True)
    known = desk.stores.audit.records[-1]
    desk.directory.entry = None
    desk.attempt("nobody", "wrong", clerk=True)
    unknown = desk.stores.audit.records[-1]

    assert (known.event, known.account_id) == ("auth.login.failure", account_id)
    assert (unknown.event, unknown.account_id) == ("auth.login.failure", None)


def test_one_name_in_two_doors_is_counted_apart(desk: Desk) -> None:
    desk.limits = {"account_limit": 1, "network_limit": 100}
    desk.attempt("tuya", "wrong")

    assert isinstance(desk.attempt("tuya", clerk=True), SignedIn)


def test_a_clerk_whose_account_here_is_disabled_stays_outside(desk: Desk) -> None:
    account_id = desk.signed_in("bolor", clerk=True).session.account_id
    people = desk.stores.people
    people.accounts[account_id] = replace(people.accounts[account_id], disabled_at=NOW)

    assert desk.attempt("bolor", clerk=True) == NotSignedIn(Failure.ACCOUNT_DISABLED)


def test_a_clerk_who_was_purged_does_not_come_back_with_an_old_directory(desk: Desk) -> None:
    desk.stores.register.purged.add(("civil", "uuid-1"))

    assert desk.attempt("bolor", clerk=True) == NotSignedIn(Failure.ACCOUNT_DISABLED)
    assert desk.stores.people.staff("civil", "uuid-1") is None
    assert desk.stores.audit.codes() == ["auth.login.failure"]


def test_a_change_at_a_sign_in_makes_the_next_reading_look_again(desk: Desk) -> None:
    desk.signed_in("bolor", clerk=True)
    desk.directory.entry = entry(login_name="bolormaa")
    desk.signed_in("bolormaa", clerk=True)

    assert desk.stores.register.outdated == {("civil", "uuid-1")}


def test_a_failed_attempt_is_on_record_with_its_origin(desk: Desk) -> None:
    with desk.database.begin(ORIGIN):
        desk.attempt(password="wrong")

    assert desk.stores.audit.records[-1].origin.address == ADDRESS
