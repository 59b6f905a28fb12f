"""As whom a clerk is looked up: a certificate (SASL EXTERNAL), or nobody but the clerk."""

from functools import cache

import pytest

from sso.directory.groups import GroupRules
from sso.directory.password_change import ChangeOutcome, Passwords
from sso.directory.presets import OwnWords, PasswordChange, preset_of
from sso.directory.settings import BindMethod, Vendor
from sso.directory.verification import AccountState, DirectoryUnavailable
from tests.directory.ldap.opening import opened
from tests.servers import directories
from tests.servers.client_certificate import write_client_certificate
from tests.servers.directories import directory_of
from tests.servers.directory_people import PASSWORD

pytestmark = pytest.mark.directories

S = AccountState
OPENLDAP, DS389, SAMBA = Vendor.OPENLDAP, Vendor.DS389, Vendor.SAMBA
NOBODY = {"bind_dn": "", "bind_password": b""}
NEW = "Quartz-vow 73 buck"


@pytest.fixture(scope="module")
def trusting(tmp_path_factory):
    """An OpenLDAP server that takes the certificate of CN=hub for its service account, and how to use it."""
    files = write_client_certificate(tmp_path_factory.mktemp("client"), "hub")
    with directory_of(OPENLDAP) as server:
        both = server.ca_file.with_name("both.pem")
        both.write_text(server.ca_file.read_text() + files[0].read_text())
        server.modify(
            "dn: cn=config\nchangetype: modify\n"
            f"replace: olcTLSCACertificateFile\nolcTLSCACertificateFile: {both}\n-\n"
            "replace: olcTLSVerifyClient\nolcTLSVerifyClient: try\n-\n"
            f'add: olcAuthzRegexp\nolcAuthzRegexp: {{0}}"^cn=hub$" "{server.bind_dn}"\n-\n',
            configuration_database=True,
        )
        yield server, {"certificate_file": files[0], "certificate_key_file": files[1]}


EXTERNAL = {"bind_method": BindMethod.EXTERNAL} | NOBODY


@pytest.mark.parametrize("start_tls", [False, True])
def test_a_certificate_is_the_service_account(trusting, start_tls):
    server, certificate = trusting
    urls = (server.plaintext_url,) if start_tls else server.urls

    with opened(server, **EXTERNAL, **certificate, urls=urls, start_tls=start_tls) as directory:
        answer = directory.authenticate("alice", PASSWORD.encode())

    assert (answer.verification.state, answer.entry.login_name) == (S.OK, "alice")


def test_a_certificate_may_also_accompany_a_password(trusting):
    server, certificate = trusting

    with opened(server, **certificate) as directory:
        state = directory.authenticate("alice", PASSWORD.encode()).verification.state

    assert state is S.OK


def test_a_certificate_that_the_server_does_not_know_is_a_wrong_setting(trusting, tmp_path):
    server, _ = trusting
    files = write_client_certificate(tmp_path, "stranger")

    changes = {"certificate_file": files[0], "certificate_key_file": files[1]}
    with opened(server, **EXTERNAL, **changes) as directory:
        verification = directory.authenticate("alice", PASSWORD.encode()).verification

    assert verification.state is S.UNAVAILABLE


def test_a_certificate_that_cannot_be_read_is_told(trusting, tmp_path):
    server, certificate = trusting
    changes = certificate | {"certificate_key_file": tmp_path / "missing.key"}

    with opened(server, **EXTERNAL, **changes) as directory:
        verification = directory.authenticate("alice", PASSWORD.encode()).verification

    assert "certificate_file or its key cannot be read" in verification.reason


def _direct(server, **changes):
    """How to sign in at a server without a service account."""
    if server.vendor is SAMBA:
        template, words = "{name}@ad.civil.example", OwnWords(password_change=PasswordChange.NONE)
        changes = {"own_words": words} | changes
    else:
        template = server.person_dn("{name}")
    return {"bind_method": BindMethod.DIRECT, "bind_template": template} | NOBODY | changes


@pytest.fixture(scope="module")
def readable(shared_directory):
    """A server whose people may read their own entries: Windows and OpenLDAP say so, 389-DS is told."""

    @cache
    def server_of(vendor):
        server = shared_directory(vendor)
        if vendor is DS389:
            directories.let_people_read_themselves(server)
        return server

    return server_of


@pytest.mark.parametrize("vendor", directories.VENDORS)
def test_without_a_service_account_a_clerk_reads_the_own_entry(readable, vendor):
    server = readable(vendor)

    with opened(server, **_direct(server)) as directory:
        answers = [directory.authenticate("alice", password) for password in (PASSWORD.encode(), b"wrong")]

    assert [answer.verification.state for answer in answers] == [S.OK, S.BAD_CREDENTIALS]
    assert answers[0].entry.dn.lower() == server.person_dn("alice").lower()
    assert answers[1].entry is None


@pytest.mark.parametrize("vendor", directories.VENDORS)
@pytest.mark.parametrize(
    "login_name",
    ["alice,ou=people", "*", "alice)(uid=*", "alice+uid=x", "ali\\ce", "alice@x", "#a"],
)
def test_a_name_cannot_leave_its_place_in_the_template(readable, vendor, login_name):
    server = readable(vendor)

    with opened(server, **_direct(server)) as directory:
        answer = directory.authenticate(login_name, PASSWORD.encode())

    assert (answer.verification.state, answer.entry) == (S.BAD_CREDENTIALS, None)


@pytest.mark.parametrize(
    ("login_name", "vendor", "state"),
    [
        ("mustchange", OPENLDAP, S.MUST_CHANGE),
        ("mustchange", DS389, S.MUST_CHANGE),
        ("mustchange", SAMBA, S.MUST_CHANGE),
        ("expired", SAMBA, S.EXPIRED),
        ("disabled", DS389, S.DISABLED),
    ],
)
def test_states_are_told_without_a_service_account_too(readable, login_name, vendor, state):
    server = readable(vendor)

    with opened(server, **_direct(server)) as directory:
        told = directory.authenticate(login_name, PASSWORD.encode()).verification.state

    assert told is state


@pytest.mark.parametrize("vendor", [OPENLDAP, DS389])
def test_a_clerk_changes_the_password_without_a_service_account(readable, vendor):
    server = readable(vendor)

    with opened(server, **_direct(server)) as directory:
        change = directory.change_password("mustchange", Passwords(PASSWORD.encode(), NEW.encode()))
        answer = directory.authenticate("mustchange", NEW.encode())

    assert (change.outcome, answer.verification.state) == (ChangeOutcome.CHANGED, S.OK)


def test_a_clerk_reads_the_own_groups_without_a_service_account(readable):
    server = readable(SAMBA)
    rules = GroupRules(
        base_dn=server.group_base_dn, words=preset_of(SAMBA).groups, released={"outer": "outer"}
    )

    with opened(server, **_direct(server, groups=rules)) as directory:
        groups = directory.authenticate("alice", PASSWORD.encode()).entry.groups

    assert {"inner", "outer"} <= {group.name for group in groups}


def test_nobody_is_looked_up_without_a_service_account(readable):
    server = readable(OPENLDAP)

    with opened(server, **_direct(server)) as directory, pytest.raises(DirectoryUnavailable):
        directory.find("alice")


def test_a_clerk_who_is_no_person_by_the_filter_stays_outside(readable):
    server = readable(OPENLDAP)
    changes = _direct(server, person_filter=(("objectClass", "groupOfNames"),))

    with opened(server, **changes) as directory:
        verification = directory.authenticate("alice", PASSWORD.encode()).verification

    assert verification.state is S.UNAVAILABLE
