"""Certificates, referrals and outages of every vendor's server: the answer is quick, nothing leaks."""

import signal
from datetime import timedelta

import pytest

from sso.cli.demo.certificate import CertificateWish
from sso.directory.settings import Vendor
from sso.directory.verification import AccountState
from tests.directory.ldap.opening import opened, recovers_within, timed
from tests.directory.listeners import listening, record
from tests.servers.directories import VENDORS, directory_of, refer_to
from tests.servers.directory_people import PASSWORD

pytestmark = pytest.mark.directories

S = AccountState
ALICE = ("alice", PASSWORD)


@pytest.mark.parametrize("vendor", VENDORS)
def test_start_tls_encrypts_before_the_bind(shared_directory, vendor):
    server = shared_directory(vendor)

    with opened(server, urls=(server.plaintext_url,), start_tls=True) as directory:
        verification, _ = timed(directory, *ALICE)

    assert verification.state is S.OK


def test_a_server_that_wants_encryption_is_a_wrong_setting_not_a_wrong_password(shared_directory):
    server = shared_directory(Vendor.SAMBA)
    changes = {"urls": (server.plaintext_url,), "allow_plaintext_on_loopback": True}

    with opened(server, **changes) as directory:
        verification, _ = timed(directory, *ALICE)

    assert verification.state is S.UNAVAILABLE
    assert "policy" in verification.reason


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize(
    "wish", [CertificateWish(hosts=("other.example",)), CertificateWish(lifetime=-timedelta(minutes=1))]
)
def test_a_certificate_of_another_host_or_out_of_date_is_refused(vendor, wish):
    with directory_of(vendor, wish) as server, opened(server) as directory:
        verification, _ = timed(directory, *ALICE)

    assert verification.state is S.UNAVAILABLE
    assert "certificate was refused" in verification.reason


@pytest.mark.parametrize("vendor", [Vendor.OPENLDAP, Vendor.DS389])
@pytest.mark.parametrize("branch", ["", "ou=branch,"])
def test_another_server_that_an_answer_names_is_never_spoken_to(vendor, branch):
    with directory_of(vendor) as server, listening(record) as listener:
        refer_to(server, f"ldap://127.0.0.1:{listener.port}/dc=evil,dc=example")
        with opened(server, base_dn=branch + server.suffix) as directory:
            verification, _ = timed(directory, *ALICE)

    assert (listener.connections, listener.received) == (0, b"")
    assert (verification.state is S.OK) == (branch == "")


def test_the_other_domains_that_samba_names_do_not_hold_up_a_search_of_the_whole(shared_directory):
    server = shared_directory(Vendor.SAMBA)

    with opened(server, base_dn=server.suffix) as directory:
        verification, seconds = timed(directory, *ALICE)

    assert verification.state is S.OK
    assert seconds < 2


def test_a_frozen_server_is_unavailable_within_the_deadline_and_comes_back(private_directory):
    with opened(private_directory, deadline_seconds=1.0) as directory:
        timed(directory, *ALICE)
        private_directory.freeze()
        verification, seconds = timed(directory, *ALICE)
        private_directory.thaw()
        came_back = recovers_within(directory, 5, *ALICE)

    assert verification.state is S.UNAVAILABLE
    assert seconds < 1.5
    assert came_back


def test_a_stopped_server_is_unavailable_at_once_and_comes_back(private_directory):
    with opened(private_directory, deadline_seconds=2.0) as directory:
        timed(directory, *ALICE)
        private_directory.stop(signal.SIGKILL)
        verification, seconds = timed(directory, *ALICE)
        private_directory.start()
        came_back = recovers_within(directory, 5, *ALICE)

    assert verification.state is S.UNAVAILABLE
    assert seconds < 0.5
    assert came_back


def test_a_restart_between_two_sign_ins_is_not_noticed(private_directory):
    with opened(private_directory) as directory:
        timed(directory, *ALICE)
        private_directory.restart()
        verification, _ = timed(directory, *ALICE)

    assert verification.state is S.OK
