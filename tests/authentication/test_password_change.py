"""A clerk changes the directory's password during a sign-in: prepare, change, conclude."""

from dataclasses import dataclass, field, replace

import pytest

from sso.audit.event import PasswordNotChanged
from sso.authentication.kept_password import KeptPasswordChanging
from sso.authentication.password_change import Changed, NotChanged, PasswordChanging
from sso.authentication.password_rules import PasswordRules
from sso.authentication.sign_in import Failure, NotSignedIn, PasswordEnds, SignedIn
from sso.authentication.throttling import Throttled
from sso.directory.entry import Entry
from sso.directory.password_change import Change, ChangeOutcome, Passwords
from sso.directory.routing import CitizenRoute, DirectoryRoute, Name
from sso.directory.verification import AccountState, Authentication, Verification
from tests.authentication.examples import ADDRESS, CIVIL, NOW, ORIGIN, SECOND, Desk, entry, passwords

C, S = ChangeOutcome, AccountState
KEPT = KeptPasswordChanging(passwords(), PasswordRules())
PROVEN = Verification(S.MUST_CHANGE, password_proven=True, reason="ldap result 0")


@dataclass
class OneClerk:
    """A directory with one clerk, whose password may be exchanged."""

    password: str = "old one"
    outcome: ChangeOutcome = C.CHANGED
    state_before: AccountState = S.MUST_CHANGE
    state_after: AccountState = S.OK
    entry: Entry | None = field(default_factory=entry)

    def change_password(self, name: Name, passwords: Passwords) -> Change:
        if passwords.old.decode() != self.password:
            return Change(C.BAD_CREDENTIALS, Verification(S.BAD_CREDENTIALS), self.entry)
        if self.outcome is C.CHANGED:
            self.password, self.state_before = passwords.new.decode(), self.state_after
        verification = Verification(self.state_before, password_proven=self.outcome is not C.UNAVAILABLE)
        return Change(self.outcome, verification, self.entry)

    def authenticate(self, name: Name, password: bytes) -> Authentication:
        right = password.decode() == self.password
        state = self.state_before if right else S.BAD_CREDENTIALS
        return Authentication(Verification(state, password_proven=right), entry())


@pytest.fixture
def clerk() -> OneClerk:
    return OneClerk()


@pytest.fixture
def desk(clerk: OneClerk) -> Desk:
    return Desk(directory=clerk)  # type: ignore[arg-type]


def _change(desk: Desk, old: str = "old one", new: str = "new one", **more: object) -> Changed | NotChanged:
    changing = PasswordChanging(desk.sign_in, {"civil": desk.directory}, KEPT)  # type: ignore[dict-item]
    route = DirectoryRoute(CIVIL, Name("bolor"))
    with desk.database.begin(ORIGIN) as stores:
        attempt = changing.prepare(route, None, ADDRESS, stores, desk.now)
    tried = changing.change(attempt, old, new)
    with desk.database.begin(ORIGIN) as stores:
        return changing.conclude(attempt, tried, None, stores, desk.now)


def test_a_new_password_signs_the_clerk_in_and_is_on_record(desk: Desk) -> None:
    told = _change(desk)

    assert isinstance(told, Changed)
    assert isinstance(told.result, SignedIn)
    assert desk.stores.audit.codes() == [
        "credential.password.change.begun",
        "account.created",
        "credential.password.changed",
        "session.created",
        "auth.login.success",
    ]


def test_a_new_password_ends_what_the_old_one_gave(desk: Desk, clerk: OneClerk) -> None:
    clerk.state_before = S.OK
    before = desk.signed_in("bolor", "old one", clerk=True).session

    told = _change(desk)

    assert isinstance(told, Changed)
    assert isinstance(told.result, SignedIn)
    assert before.id in desk.stores.sessions.ended
    assert told.result.session.id != before.id


def test_a_wrong_old_password_is_told_as_wrong_and_recorded(desk: Desk) -> None:
    told = _change(desk, old="guess")

    event = desk.stores.audit.events[-1]
    assert told == NotChanged(None)
    assert isinstance(event, PasswordNotChanged)
    assert (event.status_code, event.directory_id) == ("BAD_CREDENTIALS", "civil")
    assert "bolor" not in event.name_hmac


@pytest.mark.parametrize(
    "outcome", [C.TOO_SHORT, C.TOO_SIMPLE, C.USED_BEFORE, C.TOO_YOUNG, C.REFUSED, C.NOT_OFFERED, C.UNKNOWN]
)
def test_why_the_directory_refuses_is_told_to_who_knows_the_old_password(
    desk: Desk, clerk: OneClerk, outcome: ChangeOutcome
) -> None:
    clerk.outcome = outcome

    assert _change(desk) == NotChanged(outcome)
    assert _change(desk, old="guess") == NotChanged(None)


def test_the_state_of_an_account_is_told_only_when_the_password_is_proven(
    desk: Desk, clerk: OneClerk
) -> None:
    clerk.outcome, clerk.state_before = C.STATE, S.DISABLED

    assert _change(desk) == NotChanged(C.STATE, Failure.ACCOUNT_DISABLED)


def test_an_outage_is_told_to_anybody(desk: Desk, clerk: OneClerk) -> None:
    clerk.outcome, clerk.state_before = C.UNAVAILABLE, S.UNAVAILABLE

    assert _change(desk) == NotChanged(C.UNAVAILABLE)


def test_guessing_an_old_password_is_counted_like_guessing_at_sign_in(desk: Desk) -> None:
    desk.limits = {"account_limit": 3}
    for _ in range(2):
        desk.attempt("bolor", "guess", clerk=True)
    _change(desk, old="guess")

    with pytest.raises(Throttled):
        _change(desk, old="guess")


def test_looking_for_an_acceptable_password_is_not_guessing(desk: Desk, clerk: OneClerk) -> None:
    desk.limits, clerk.outcome = {"account_limit": 3}, C.TOO_SHORT

    told = [_change(desk) for _ in range(8)]

    assert told == [NotChanged(C.TOO_SHORT)] * 8


def test_a_change_is_on_record_although_the_sign_in_after_it_fails(desk: Desk, clerk: OneClerk) -> None:
    clerk.state_after = S.UNAVAILABLE

    told = _change(desk)

    assert told == Changed(NotSignedIn(Failure.DIRECTORY_UNAVAILABLE))
    assert "credential.password.changed" in desk.stores.audit.codes()


def test_neither_password_is_in_the_trail_or_in_a_repr(desk: Desk) -> None:
    told = _change(desk, old="secret-old-guess", new="secret-new-wish")

    assert "secret-" not in repr(desk.stores.audit.records) + repr(told)


def test_a_citizen_is_never_changed_here(desk: Desk) -> None:
    desk.add_citizen()
    changing = PasswordChanging(desk.sign_in, {}, KEPT)
    attempt = changing.sign_in.prepare(CitizenRoute("tuya"), None, ADDRESS, desk.stores, NOW)

    with pytest.raises(TypeError):
        changing.change(attempt, "a", "b")


@dataclass
class Ending:
    """A directory that says when the password ends."""

    verification: Verification

    def authenticate(self, name: Name, password: bytes) -> Authentication:
        return Authentication(self.verification, entry())


OK = Verification(S.OK, password_proven=True)


@pytest.mark.parametrize(
    ("verification", "ends"),
    [
        (OK, None),
        (replace(OK, expires_in_seconds=14 * 86_400 + 1), None),
        (replace(OK, expires_in_seconds=14 * 86_400), PasswordEnds(14 * 86_400, None)),
        (replace(OK, expires_at=NOW + SECOND * 60), PasswordEnds(60, None)),
        (replace(OK, expires_at=NOW - SECOND), PasswordEnds(0, None)),
        (replace(OK, grace_logins=2), PasswordEnds(0, 2)),
    ],
)
def test_a_clerk_is_warned_when_the_end_of_the_password_is_near(
    verification: Verification, ends: PasswordEnds | None
) -> None:
    desk = Desk(directory=Ending(verification))  # type: ignore[arg-type]

    assert desk.signed_in("bolor", "x", clerk=True).password_ends == ends
