"""Clerks change their password on every vendor's server, by its own rules, with the old one as proof."""

import pytest

from sso.directory.password_change import ChangeOutcome, Passwords
from sso.directory.presets import OwnWords, PasswordChange
from sso.directory.settings import Vendor
from sso.directory.verification import AccountState
from tests.directory.ldap.opening import opened
from tests.directory.relay import relaying
from tests.servers import directories
from tests.servers.directories import VENDORS, directory_of
from tests.servers.directory_people import MONGOLIAN_PASSWORD, PASSWORD

pytestmark = pytest.mark.directories

S, C = AccountState, ChangeOutcome
OPENLDAP, DS389, SAMBA = Vendor.OPENLDAP, Vendor.DS389, Vendor.SAMBA
NEW = "Quartz-vow 73 buck"
MODIFY_PASSWORD = b"1.3.6.1.4.1.4203.1.11.1"


def _change(directory, login_name, new=NEW, old=PASSWORD):
    return directory.change_password(login_name, Passwords(old.encode(), new.encode())).outcome


def _state(directory, login_name, password):
    return directory.authenticate(login_name, password.encode()).verification.state


# 389-DS lets nobody change an expired password unless a grace login is left. Samba, like Windows, takes the
# old password for another hour ("old password allowed period"), for programs that have it in memory.
@pytest.mark.parametrize(
    ("login_name", "vendor"),
    [
        *(("alice", vendor) for vendor in VENDORS),
        *(("mustchange", vendor) for vendor in VENDORS),
        ("expired", OPENLDAP),
        ("expired", SAMBA),
        ("grace", OPENLDAP),
        ("grace", DS389),
    ],
)
def test_a_clerk_changes_the_password_and_signs_in_with_it(shared_directory, login_name, vendor):
    with opened(shared_directory(vendor)) as directory:
        outcome = _change(directory, login_name)
        states = _state(directory, login_name, NEW), _state(directory, login_name, PASSWORD)

    assert outcome is C.CHANGED
    assert states == (S.OK, S.OK if vendor is SAMBA else S.BAD_CREDENTIALS)


@pytest.mark.parametrize("vendor", VENDORS)
def test_the_old_password_cannot_come_back(shared_directory, vendor):
    with opened(shared_directory(vendor)) as directory:
        first = _change(directory, "warn")
        back = _change(directory, "warn", new=PASSWORD, old=NEW)

    assert (first, back) == (C.CHANGED, C.USED_BEFORE)


@pytest.mark.parametrize(
    ("vendor", "new", "outcome"),
    [
        (OPENLDAP, "abc", C.TOO_SHORT),
        (DS389, "abc", C.TOO_SIMPLE),
        (SAMBA, "abc", C.TOO_SHORT),
        (SAMBA, "onlysmallletters", C.TOO_SIMPLE),
        (OPENLDAP, PASSWORD, C.USED_BEFORE),
        (DS389, PASSWORD, C.REFUSED),
        (SAMBA, PASSWORD, C.USED_BEFORE),
    ],
)
def test_the_directorys_own_rules_hold_and_the_reason_is_told(shared_directory, vendor, new, outcome):
    with opened(shared_directory(vendor)) as directory:
        told = _change(directory, "bob", new=new)
        state = _state(directory, "bob", PASSWORD)

    assert (told, state) == (outcome, S.OK)


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_wrong_old_password_changes_nothing_and_learns_nothing(shared_directory, vendor):
    with opened(shared_directory(vendor)) as directory:
        outcome = _change(directory, "samira", new="abc", old="not the password")
        change = directory.change_password("nobody", Passwords(b"not the password", b"abc"))

    assert (outcome, change.outcome) == (C.BAD_CREDENTIALS, C.BAD_CREDENTIALS)
    assert change.entry is None


@pytest.mark.parametrize(
    ("login_name", "vendor", "outcome"),
    [
        ("locked", OPENLDAP, C.BAD_CREDENTIALS),
        ("locked", DS389, C.BAD_CREDENTIALS),
        ("locked", SAMBA, C.BAD_CREDENTIALS),
        ("disabled", DS389, C.BAD_CREDENTIALS),
        ("disabled", SAMBA, C.STATE),
        ("ended", SAMBA, C.STATE),
        ("hours", SAMBA, C.STATE),
        ("expired", DS389, C.NOT_OFFERED),
    ],
)
def test_who_may_not_sign_in_may_not_change_a_password(shared_directory, login_name, vendor, outcome):
    with opened(shared_directory(vendor)) as directory:
        told = _change(directory, login_name)
        state = _state(directory, login_name, NEW)

    assert told is outcome
    assert state is not S.OK


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_password_may_be_changed_to_one_of_any_script(shared_directory, vendor):
    server = shared_directory(vendor)
    directories.add_person(server, "oyun")

    with opened(server) as directory:
        outcome = _change(directory, "oyun", new=MONGOLIAN_PASSWORD)
        state = _state(directory, "oyun", MONGOLIAN_PASSWORD)

    assert (outcome, state) == (C.CHANGED, S.OK)


def test_a_directory_may_be_told_to_change_no_passwords(shared_directory):
    own_words = OwnWords(password_change=PasswordChange.NONE)

    with opened(shared_directory(OPENLDAP), own_words=own_words) as directory:
        outcome = _change(directory, "ganbold", old=MONGOLIAN_PASSWORD)

    assert outcome is C.NOT_OFFERED


@pytest.mark.parametrize("password", ["", "\0", "x" * 5000])
def test_what_cannot_be_a_password_never_reaches_the_server(shared_directory, password):
    with opened(shared_directory(OPENLDAP)) as directory:
        outcome = _change(directory, "ganbold", new=password, old=MONGOLIAN_PASSWORD)

    assert outcome is C.REFUSED


def test_a_frozen_server_changes_nothing_and_is_unavailable(private_directory):
    with opened(private_directory, deadline_seconds=1.0) as directory:
        private_directory.freeze()
        outcome = _change(directory, "alice")
        private_directory.thaw()

    assert outcome is C.UNAVAILABLE


@pytest.mark.parametrize(("is_delivered", "outcome"), [(True, C.CHANGED), (False, C.UNKNOWN)])
def test_when_the_answer_is_lost_whether_the_new_password_works_decides(is_delivered, outcome):
    with (
        directory_of(OPENLDAP) as server,
        relaying(server.plaintext_url, MODIFY_PASSWORD, is_delivered) as url,
    ):
        with opened(server, urls=(url,), allow_plaintext_on_loopback=True) as directory:
            told = _change(directory, "alice")
        with opened(server) as directory:
            changed = _state(directory, "alice", NEW) is S.OK

    assert told is outcome
    assert changed is is_delivered
