"""What every vendor's server answers alike: the contract of `LdapDirectory`, on the real ones."""

from datetime import UTC, datetime, timedelta

import pytest

from sso.directory.routing import Name, SearchBy
from sso.directory.settings import Vendor
from sso.directory.verification import AccountState
from tests.directory.ldap.opening import opened
from tests.servers import directories
from tests.servers.directories import VENDORS
from tests.servers.directory_people import ARABIC_PASSWORD, MONGOLIAN_PASSWORD, PASSWORD

pytestmark = pytest.mark.directories

S = AccountState
OPENLDAP, DS389, SAMBA = Vendor.OPENLDAP, Vendor.DS389, Vendor.SAMBA

# The right password: person, vendor, state. A vendor that knows no such state is not listed.
STATES = [
    *(("alice", vendor, S.OK) for vendor in VENDORS),
    *(("locked", vendor, S.LOCKED) for vendor in VENDORS),
    *(("expired", vendor, S.EXPIRED) for vendor in VENDORS),
    *(("mustchange", vendor, S.MUST_CHANGE) for vendor in VENDORS),
    *(("warn", vendor, S.OK) for vendor in VENDORS),
    ("disabled", OPENLDAP, S.LOCKED),
    ("disabled", DS389, S.DISABLED),
    ("disabled", SAMBA, S.DISABLED),
    ("ended", OPENLDAP, S.LOCKED),
    ("ended", SAMBA, S.ACCOUNT_EXPIRED),
    ("grace", OPENLDAP, S.OK),
    ("grace", DS389, S.OK),
    ("hours", SAMBA, S.NOT_NOW),
    ("workstation", SAMBA, S.NOT_NOW),
]
# A wrong one: some servers say "locked" or "disabled" to anybody.
TOLD_TO_ANYBODY = {
    ("locked", OPENLDAP): S.LOCKED,
    ("disabled", OPENLDAP): S.LOCKED,
    ("ended", OPENLDAP): S.LOCKED,
    ("locked", DS389): S.LOCKED,
    ("disabled", DS389): S.DISABLED,
    ("locked", SAMBA): S.LOCKED,
}


def _state(directory, login_name, password=PASSWORD):
    return directory.authenticate(login_name, password.encode()).verification.state


@pytest.mark.parametrize("vendor", VENDORS)
def test_the_right_password_signs_in_and_brings_the_entry(shared_directory, vendor):
    server = shared_directory(vendor)

    with opened(server) as directory:
        answer = directory.authenticate("alice", PASSWORD.encode())

    assert (answer.verification.state, answer.verification.password_proven) == (S.OK, True)
    assert answer.entry.dn.lower() == server.person_dn("alice").lower()
    assert answer.entry.first("mail") == b"alice@civil.example"


@pytest.mark.parametrize(("login_name", "vendor", "state"), STATES)
def test_each_account_state_is_told_apart(shared_directory, login_name, vendor, state):
    with opened(shared_directory(vendor)) as directory:
        told = _state(directory, login_name)

    assert told is state


def test_samba_takes_no_password_of_who_must_use_a_smart_card():
    """SMARTCARD_REQUIRED of userAccountControl ([MS-ADTS] 2.2.16): the server does not tell it apart."""
    with directories.directory_of(SAMBA) as server, opened(server) as directory:
        bob = directory.authenticate("bob", PASSWORD.encode()).entry.immutable_id
        directories.replace(server, "bob", "userAccountControl", str(0x200 | 0x40000))

        verification = directory.authenticate("bob", PASSWORD.encode()).verification
        departures = directory.departures([bob], datetime.now(UTC))

    assert verification.state is S.BAD_CREDENTIALS
    assert not verification.password_proven
    assert departures == {bob: None}  # and that is no reason to end what goes on


@pytest.mark.parametrize(("login_name", "vendor", "state"), STATES)
def test_a_wrong_password_proves_nothing_in_any_state(shared_directory, login_name, vendor, state):
    with opened(shared_directory(vendor)) as directory:
        verification = directory.authenticate(login_name, b"not the password").verification

    assert verification.state is TOLD_TO_ANYBODY.get((login_name, vendor), S.BAD_CREDENTIALS)
    assert not verification.password_proven


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_wrong_password_and_an_unknown_name_are_answered_alike(shared_directory, vendor):
    with opened(shared_directory(vendor)) as directory:
        wrong = directory.authenticate("bob", b"not the password").verification
        unknown = directory.authenticate("nobody", b"not the password").verification

    assert (wrong.state, wrong.password_proven) == (unknown.state, unknown.password_proven)


@pytest.mark.parametrize("vendor", [OPENLDAP, DS389])
def test_the_days_until_the_password_ends_are_told(shared_directory, vendor):
    with opened(shared_directory(vendor)) as directory:
        verification = directory.authenticate("warn", PASSWORD.encode()).verification

    assert 4 * 86_400 < verification.expires_in_seconds <= 14 * 86_400


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize(
    ("login_name", "password"), [("samira", ARABIC_PASSWORD), ("ganbold", MONGOLIAN_PASSWORD)]
)
def test_a_password_in_any_script_goes_to_the_server_as_it_is(shared_directory, vendor, login_name, password):
    with opened(shared_directory(vendor)) as directory:
        state = _state(directory, login_name, password)

    assert state is S.OK


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize(
    "login_name", ["*", "ali*", "*)(uid=*", "alice)(objectClass=*", "\\2a", "alice\\", "()"]
)
def test_a_name_in_filter_language_is_just_an_unknown_name(shared_directory, vendor, login_name):
    with opened(shared_directory(vendor)) as directory:
        answer = directory.authenticate(login_name, PASSWORD.encode())

    assert (answer.verification.state, answer.entry) == (S.BAD_CREDENTIALS, None)


@pytest.mark.parametrize("vendor", VENDORS)
def test_an_empty_password_is_refused_before_it_could_be_an_anonymous_bind(shared_directory, vendor):
    with opened(shared_directory(vendor)) as directory:
        answer = directory.authenticate("alice", b"")

    assert (answer.verification.state, answer.entry) == (S.BAD_CREDENTIALS, None)


@pytest.mark.parametrize("vendor", VENDORS)
def test_no_secret_of_a_person_is_read(shared_directory, vendor):
    with opened(shared_directory(vendor)) as directory:
        entry = directory.authenticate("alice", PASSWORD.encode()).entry

    assert not {"userpassword", "unicodepwd"} & set(entry.attributes)


def test_a_person_who_was_renamed_and_moved_keeps_the_immutable_id(private_directory):
    with opened(private_directory) as directory:
        before = directory.find("alice")
        directories.rename(private_directory, "alice", "alicia")
        renamed = directory.find("alicia")
        directories.move(private_directory, "alicia")
        with opened(private_directory, base_dn=private_directory.suffix) as wider:
            moved = wider.find("alicia")

    assert before.immutable_id == renamed.immutable_id == moved.immutable_id
    assert len({before.dn, renamed.dn, moved.dn}) == 3


def test_a_person_who_left_the_branch_is_nobody(private_directory):
    directories.move(private_directory, "alice")

    with opened(private_directory) as directory:
        state = _state(directory, "alice")

    assert state is S.BAD_CREDENTIALS


def test_a_person_made_anew_under_the_same_name_is_somebody_else(private_directory):
    with opened(private_directory) as directory:
        before = directory.find("bob")
        directories.remove(private_directory, "bob")
        directories.add_person(private_directory, "bob")
        after = directory.authenticate("bob", PASSWORD.encode())

    assert after.verification.state is S.OK
    assert after.entry.immutable_id != before.immutable_id


def test_a_mail_address_given_to_another_person_changes_nobodys_id(private_directory):
    with opened(private_directory) as directory:
        alice, bob = directory.find("alice"), directory.find("bob")
        directories.replace(private_directory, "alice", "mail", "old@civil.example")
        directories.replace(private_directory, "bob", "mail", "alice@civil.example")
        later = directory.find("bob")

    assert later.first("mail") == b"alice@civil.example"
    assert later.immutable_id == bob.immutable_id != alice.immutable_id


def test_a_disabled_clerk_is_refused_and_comes_back(private_directory):
    with opened(private_directory) as directory:
        directories.disable(private_directory, "alice")
        refused = _state(directory, "alice")
        directories.enable(private_directory, "alice")
        back = _state(directory, "alice")

    assert refused in {S.DISABLED, S.LOCKED}
    assert back is S.OK


def test_any_name_that_the_directory_holds_is_found(private_directory):
    names = ["a(b)c", "Болор", "大和", "x y", "ᠪᠣᠯᠣᠷ", "o'neil"]
    states = []

    with opened(private_directory) as directory:
        for name in names:
            directories.name(private_directory, "bob", name)
            states.append(_state(directory, name))

    assert states == [S.OK] * len(names)


def test_samba_tells_the_end_of_a_password_with_the_entry(shared_directory):
    with opened(shared_directory(SAMBA)) as directory:
        verification = directory.authenticate("warn", PASSWORD.encode()).verification

    now = datetime.now(UTC)
    assert timedelta(days=4) < verification.expires_at - now <= timedelta(days=5)
    assert verification.seconds_left(now) > 4 * 86_400


@pytest.mark.parametrize(
    ("vendor", "name"),
    [
        *((vendor, Name("alice@civil.example", SearchBy.MAIL)) for vendor in VENDORS),
        (SAMBA, Name("alice@ad.civil.example", SearchBy.UPN)),
    ],
)
def test_a_clerk_is_found_by_mail_address_and_by_principal_name(shared_directory, vendor, name):
    with opened(shared_directory(vendor)) as directory:
        answer = directory.authenticate(name, PASSWORD.encode())

    assert (answer.verification.state, answer.entry.login_name) == (S.OK, "alice")
