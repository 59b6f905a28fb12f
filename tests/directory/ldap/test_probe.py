from datetime import UTC, datetime, timedelta

import pytest

from sso.cli.demo.slapd import CertificateWish
from sso.directory.check import Sample
from sso.directory.groups import GroupRules
from sso.directory.presets import OwnWords, preset_of
from sso.directory.routing import Name
from sso.directory.settings import Vendor
from tests.directory.ldap.opening import opened
from tests.directory.listeners import babble, listening
from tests.servers.directories import VENDORS
from tests.servers.directory_people import PASSWORD
from tests.servers.ldif import record
from tests.servers.slapd import started

pytestmark = pytest.mark.slapd


def _probe(server, sample=None, **changes):
    name = None if sample is None else Name(sample)
    with opened(server, **changes) as directory:
        return directory.probe(Sample(name), datetime.now(UTC))


def test_every_step_to_a_working_sign_in_is_told(slapd):
    checks = _probe(slapd, "bolor")

    assert [check.name for check in checks] == [
        "name",
        "tcp",
        "tls",
        "service_bind",
        "vendor",
        "features",
        "base",
        "people",
        "immutable_id",
        "login_names",
        "account_state",
        "password_change",
        "person",
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
        ({"login_attribute": "mail"}, "person", "No entry has the name bolor"),
        ({"vendor": Vendor.DS389}, "vendor", "The server is OpenLDAP; set vendor = 'openldap'"),
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

    assert last.name == "person"
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


def test_a_certificate_that_ends_soon_is_told_in_time(tmp_path):
    server = started(tmp_path / "slapd", CertificateWish(lifetime=timedelta(days=10)))

    sentence = _probe(server)[2].sentence
    server.stop()

    assert sentence.endswith("renew it soon.")


def _rules(server, **tables):
    return GroupRules(base_dn=server.group_base_dn, words=preset_of(server.vendor).groups, **tables)


@pytest.mark.directories
@pytest.mark.parametrize("vendor", VENDORS)
def test_every_step_works_on_every_vendors_server(shared_directory, vendor):
    server = shared_directory(vendor)
    rules = _rules(server, released={"outer": "clerks"}, roles={f"CN=inner,{server.group_base_dn}": "x"})
    sample = Sample(Name("alice"), PASSWORD.encode(), try_change=True)

    with opened(server, groups=rules) as directory:
        checks = directory.probe(sample, datetime.now(UTC))

    assert [check.sentence for check in checks if not check.ok] == []
    told = {check.name: check.sentence for check in checks}
    assert told["person_groups"].endswith("released as: clerks, x.")
    assert told["change_right"] == "alice may change the own password."


@pytest.mark.directories
@pytest.mark.parametrize(
    ("login_name", "state"), [("locked", "locked"), ("expired", "expired"), ("mustchange", "must_change")]
)
@pytest.mark.parametrize("vendor", VENDORS)
def test_a_state_that_the_server_tells_is_a_step_that_works(shared_directory, vendor, login_name, state):
    with opened(shared_directory(vendor)) as directory:
        last = directory.probe(Sample(Name(login_name), PASSWORD.encode(), True), datetime.now(UTC))[-1]

    assert (last.name, last.ok) == ("sign_in", True)
    assert last.sentence.endswith(f"is in the state {state}.")


@pytest.mark.directories
def test_two_entries_with_one_id_are_told(shared_directory):
    server = shared_directory(Vendor.OPENLDAP)
    own = OwnWords(immutable_attribute="structuralObjectClass")

    with opened(server, own_words=own) as directory:
        last = directory.probe(Sample(), datetime.now(UTC))[-1]

    assert (last.name, last.ok) == ("immutable_id", False)


@pytest.mark.directories
@pytest.mark.parametrize(
    ("changes", "name", "words"),
    [
        ({"person_filter": (("objectClass", "device"),)}, "people", "No entry below"),
        ({"login_attribute": "givenName"}, "login_names", "entries have givenName"),
        ({"login_attribute": "employeeNumber"}, "login_names", "No entry shows employeeNumber"),
    ],
)
def test_people_who_could_never_sign_in_are_told_before_anybody_tries(shared_directory, changes, name, words):
    server = shared_directory(Vendor.OPENLDAP)
    server.modify(record(server.person_dn("alice"), "modify", ("replace", "givenName", "Bob")))

    with opened(server, **changes) as directory:
        last = directory.probe(Sample(), datetime.now(UTC))[-1]

    assert (last.name, last.ok) == (name, False)
    assert words in last.sentence
