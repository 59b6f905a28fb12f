from datetime import timedelta

import pytest

from sso.cli.demo.slapd import CertificateWish
from sso.directory.settings import Vendor
from tests.directory.ldap.opening import opened
from tests.directory.listeners import babble, listening
from tests.servers.slapd import started

pytestmark = pytest.mark.slapd


def _probe(server, sample=None, **changes):
    with opened(server, **changes) as directory:
        return directory.probe(sample)


def test_every_step_to_a_working_sign_in_is_told(slapd):
    checks = _probe(slapd, "bolor")

    assert [check.name for check in checks] == [
        "name",
        "tcp",
        "tls",
        "service_bind",
        "base",
        "person",
        "immutable_id",
    ]
    assert all(check.ok for check in checks)


def test_the_end_of_the_certificate_is_told(slapd):
    sentence = _probe(slapd)[2].sentence

    assert "trusted until 20" in sentence


def test_each_server_is_tried(slapd):
    checks = _probe(slapd, urls=("ldaps://127.0.0.1:1", *slapd.urls))

    assert [(check.name, check.ok) for check in checks[:3]] == [
        ("name", True),
        ("tcp", False),
        ("name", True),
    ]


@pytest.mark.parametrize(
    ("changes", "name", "words"),
    [
        ({"urls": ("ldaps://no-such-host.invalid",)}, "name", "correct urls"),
        ({"urls": ("ldaps://127.0.0.1:1",)}, "tcp", "start the server"),
        ({"ca_file": None}, "tls", "into ca_file"),
        ({"bind_password": b"wrong"}, "service_bind", "correct bind_dn"),
        ({"bind_dn": "not a dn"}, "service_bind", "correct bind_dn"),
        ({"base_dn": "ou=nowhere,dc=civil,dc=example"}, "base", "correct base_dn"),
        ({"base_dn": "nonsense"}, "base", "correct base_dn"),
        ({"login_attribute": "mail"}, "person", "No entry has mail=bolor"),
        ({"vendor": Vendor.DS389}, "immutable_id", "nsUniqueId"),
    ],
)
def test_the_step_that_fails_says_what_to_mend(slapd, changes, name, words):
    last = _probe(slapd, "bolor", **changes)[-1]

    assert (last.name, last.ok) == (name, False)
    assert words in last.sentence


def test_a_name_of_several_entries_is_told(private_slapd):
    private_slapd.modify(
        "dn: uid=naran,ou=people,dc=civil,dc=example\nchangetype: modify\nadd: uid\nuid: bolor\n-\n"
    )

    last = _probe(private_slapd, "bolor")[-1]

    assert "More than one entry" in last.sentence


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        (CertificateWish(hosts=("other.example",)), "does not list this IP address"),
        (CertificateWish(lifetime=-timedelta(minutes=1)), "has expired"),
    ],
)
def test_a_bad_certificate_says_what_is_wrong_with_it(tmp_path, wish, words):
    server = started(tmp_path / "slapd", wish)

    last = _probe(server)[-1]
    server.stop()

    assert words in last.sentence


def test_a_server_that_speaks_no_tls_is_told(slapd):
    with listening(babble) as listener:
        last = _probe(slapd, urls=(f"ldaps://127.0.0.1:{listener.port}",))[-1]

    assert "does not speak TLS" in last.sentence


def test_an_unreadable_ca_file_is_told(slapd, tmp_path):
    last = _probe(slapd, ca_file=tmp_path / "missing.pem")[-1]

    assert "ca_file cannot be read" in last.sentence


def test_a_frozen_server_is_told_within_the_deadline(private_slapd):
    private_slapd.freeze()

    last = _probe(private_slapd, deadline_seconds=0.5)[-1]

    assert not last.ok
