"""What the network may do: certificates, silence, garbage, referrals. Nothing of it is an exception."""

import os
from datetime import timedelta

import pytest

from sso.cli.demo.slapd import CertificateWish
from sso.directory.ldap import LdapDirectory
from sso.directory.settings import Vendor
from sso.directory.verification import AccountState, DirectoryUnavailable
from tests.directory.ldap.opening import opened, timed
from tests.directory.listeners import babble, drip, flood, listening, malform, record
from tests.servers.slapd import PASSWORD, settings_for, started

pytestmark = pytest.mark.slapd

S = AccountState


@pytest.fixture(scope="module")
def wrong_name(tmp_path_factory):
    server = started(tmp_path_factory.mktemp("wrong-name"), CertificateWish(hosts=("other.example",)))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def out_of_date(tmp_path_factory):
    wish = CertificateWish(lifetime=-timedelta(minutes=1))
    server = started(tmp_path_factory.mktemp("out-of-date"), wish)
    yield server
    server.stop()


def _answer(server, **changes):
    with opened(server, **changes) as directory:
        return timed(directory)[0]


def test_start_tls_encrypts_before_the_bind(slapd):
    verification = _answer(slapd, urls=(slapd.plaintext_url,), start_tls=True)

    assert verification.state is S.OK


def test_plain_text_works_on_loopback_when_allowed(slapd):
    verification = _answer(slapd, urls=(slapd.plaintext_url,), allow_plaintext_on_loopback=True)

    assert verification.state is S.OK


def test_a_host_name_is_resolved(slapd):
    verification = _answer(slapd, urls=(f"ldaps://localhost:{slapd.tls_port}",))

    assert verification.state is S.OK


@pytest.mark.parametrize("start_tls", [False, True])
def test_a_certificate_for_another_host_is_refused(wrong_name, start_tls):
    urls = (wrong_name.plaintext_url,) if start_tls else wrong_name.urls

    verification = _answer(wrong_name, urls=urls, start_tls=start_tls)

    assert verification.state is S.UNAVAILABLE
    assert "certificate was refused" in verification.reason


def test_a_certificate_of_another_ca_is_refused(slapd, wrong_name):
    verification = _answer(slapd, ca_file=wrong_name.ca_file)

    assert verification.state is S.UNAVAILABLE
    assert "certificate was refused" in verification.reason


def test_a_certificate_unknown_to_the_system_is_refused(slapd):
    verification = _answer(slapd, ca_file=None)

    assert "certificate was refused" in verification.reason


def test_a_certificate_out_of_date_is_refused(out_of_date):
    verification = _answer(out_of_date)

    assert "certificate has expired" in verification.reason


def test_a_missing_ca_file_is_told(slapd, tmp_path):
    verification = _answer(slapd, ca_file=tmp_path / "missing.pem")

    assert verification.state is S.UNAVAILABLE
    assert "ca_file" in verification.reason


@pytest.mark.parametrize("start_tls", [False, True])
def test_no_password_is_sent_before_the_certificate_is_verified(slapd, start_tls):
    with listening(record) as listener:
        scheme = "ldap" if start_tls else "ldaps"
        urls = (f"{scheme}://127.0.0.1:{listener.port}",)
        _answer(slapd, urls=urls, start_tls=start_tls, deadline_seconds=0.5)

    assert listener.connections >= 1
    assert slapd.bind_password.encode() not in listener.received


def test_an_unknown_host_is_unavailable(slapd):
    verification = _answer(slapd, urls=("ldaps://no-such-host.invalid",))

    assert verification.state is S.UNAVAILABLE
    assert verification.reason.startswith("name:")


def test_a_refused_service_account_is_told(slapd):
    verification = _answer(slapd, bind_password=b"not the password")

    assert verification.reason == "the service account was refused: bad_credentials (ldap result 49)"


def test_a_service_account_that_must_change_its_password_is_told(private_slapd):
    bind_dn = "uid=mustchange,ou=people,dc=civil,dc=example"

    verification = _answer(private_slapd, bind_dn=bind_dn, bind_password=PASSWORD.encode())

    assert verification.state is S.UNAVAILABLE
    assert "must_change" in verification.reason


def test_a_base_that_does_not_exist_is_told(slapd):
    verification = _answer(slapd, base_dn="ou=nowhere,dc=civil,dc=example")

    assert "base_dn does not exist" in verification.reason


def test_an_entry_without_the_immutable_id_is_unavailable(slapd):
    verification = _answer(slapd, vendor=Vendor.DS389)

    assert verification.state is S.UNAVAILABLE
    assert "nsUniqueId" in verification.reason


def test_finding_in_an_unreachable_directory_says_so(slapd):
    with opened(slapd, urls=("ldaps://127.0.0.1:1",)) as directory, pytest.raises(DirectoryUnavailable):
        directory.find("bolor")


@pytest.mark.parametrize("conversation", [drip, record])
@pytest.mark.parametrize("scheme", ["ldap", "ldaps"])
def test_a_server_that_drips_or_is_silent_does_not_exceed_the_deadline(slapd, conversation, scheme):
    with listening(conversation) as listener:
        changes = {"urls": (f"{scheme}://127.0.0.1:{listener.port}",), "allow_plaintext_on_loopback": True}
        with opened(slapd, deadline_seconds=1.0, **changes) as directory:
            verification, seconds = timed(directory)

    assert verification.state is S.UNAVAILABLE
    assert seconds < 1.5


@pytest.mark.parametrize("conversation", [babble, malform, flood])
@pytest.mark.parametrize("scheme", ["ldap", "ldaps"])
def test_a_server_of_another_protocol_is_unavailable(slapd, conversation, scheme):
    with listening(conversation) as listener:
        changes = {"urls": (f"{scheme}://127.0.0.1:{listener.port}",), "allow_plaintext_on_loopback": True}
        with opened(slapd, deadline_seconds=1.0, **changes) as directory:
            verification, seconds = timed(directory)

    assert verification.state is S.UNAVAILABLE
    assert seconds < 1.5


def test_a_referral_for_the_whole_search_is_not_followed(private_slapd):
    with listening(record) as listener:
        private_slapd.modify(
            "dn: cn=config\nchangetype: modify\nreplace: olcReferral\n"
            f"olcReferral: ldap://127.0.0.1:{listener.port}\n-\n",
            configuration_database=True,
        )
        verification = _answer(private_slapd, base_dn="dc=elsewhere")

    assert listener.connections == 0
    assert "referral" in verification.reason


def test_a_reference_among_the_results_is_not_followed(private_slapd):
    with listening(record) as listener:
        private_slapd.modify(
            "dn: ou=branch,ou=people,dc=civil,dc=example\nchangetype: add\nobjectClass: referral\n"
            "objectClass: extensibleObject\nou: branch\n"
            f"ref: ldap://127.0.0.1:{listener.port}/ou=branch,dc=evil\n"
        )
        verification = _answer(private_slapd)

    assert listener.connections == 0
    assert verification.state is S.OK


def test_nothing_is_left_open_after_refusals_and_a_close(slapd, wrong_name):
    with opened(slapd) as directory:
        directory.authenticate("bolor", PASSWORD.encode())
    before = len(os.listdir("/proc/self/fd"))

    for server in (slapd, wrong_name) * 10:
        with opened(server) as directory:
            directory.authenticate("nobody", b"wrong password")

    assert len(os.listdir("/proc/self/fd")) <= before


def test_no_secret_is_in_a_repr(slapd):
    directory = LdapDirectory(settings_for(slapd))
    directory.authenticate("bolor", PASSWORD.encode())
    shown = repr(directory) + repr(directory.settings) + repr(directory.find("bolor"))
    directory.close()

    assert PASSWORD not in shown
    assert slapd.bind_password not in shown
