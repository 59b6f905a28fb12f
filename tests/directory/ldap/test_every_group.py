"""Nested groups on every vendor's server, to the last page, and who reads them."""

from contextlib import closing
from dataclasses import replace as replaced
from datetime import UTC, datetime
from functools import cache

import pytest

from sso.directory.check import Sample
from sso.directory.filters import AllOf, people
from sso.directory.groups import GroupRules
from sso.directory.ldap.deadline import Deadline
from sso.directory.ldap.group_source import GroupSource
from sso.directory.ldap.membership import PAGE_SIZE
from sso.directory.ldap.messages import Question
from sso.directory.ldap.server import LdapServer
from sso.directory.mapping import claims_of
from sso.directory.presets import GroupStrategy, preset_of
from sso.directory.settings import Vendor
from sso.directory.verification import AccountState
from tests.directory.ldap.opening import opened
from tests.servers import directories
from tests.servers.directories import VENDORS, directory_of, settings_of
from tests.servers.directory_people import PASSWORD, PEOPLE
from tests.servers.ldif import record

pytestmark = pytest.mark.directories

S = AccountState
OPENLDAP, DS389, SAMBA = Vendor.OPENLDAP, Vendor.DS389, Vendor.SAMBA


def _rules(server, strategy=None):
    words = preset_of(server.vendor).groups
    words = words if strategy is None else replaced(words, strategy=strategy)
    return GroupRules(base_dn=server.group_base_dn, words=words, released={"outer": "outer"})


def _groups(server, login_name="alice", strategy=None, **changes):
    with opened(server, groups=_rules(server, strategy), **changes) as directory:
        answer = directory.authenticate(login_name, PASSWORD.encode())
    assert answer.verification.state is S.OK, answer.verification.reason
    return {group.name for group in answer.entry.groups}


@pytest.mark.parametrize(
    ("vendor", "strategy"),
    [
        *((vendor, None) for vendor in VENDORS),
        *((vendor, GroupStrategy.CLIMB) for vendor in VENDORS),
        (SAMBA, GroupStrategy.IN_CHAIN),
        (DS389, GroupStrategy.MEMBER_OF),
    ],
)
def test_groups_in_groups_are_read_in_every_way_that_the_vendor_offers(shared_directory, vendor, strategy):
    assert {"inner", "outer"} <= _groups(shared_directory(vendor), strategy=strategy)


@pytest.mark.parametrize("vendor", VENDORS)
def test_who_is_in_no_group_has_no_groups(shared_directory, vendor):
    assert not {"inner", "outer"} & _groups(shared_directory(vendor), "bob")


@pytest.mark.parametrize("page_size", [1, 3, 100])
@pytest.mark.parametrize("vendor", VENDORS)
def test_pages_are_read_to_the_last_and_only_the_last_says_so(shared_directory, vendor, page_size):
    settings = settings_of(shared_directory(vendor))
    condition = AllOf(people(settings.person_filter))
    question = Question(
        base_dn=settings.base_dn, condition=condition, attributes=("mail",), page_size=page_size
    )
    deadline = Deadline.after(10)

    with closing(LdapServer(settings.addresses[0], settings).open_as_service(deadline)) as session:
        pages = list(session.pages(question, deadline))

    assert sum(len(page.entries) for page in pages) == len(PEOPLE)
    assert [bool(page.cookie) for page in pages] == [True] * (len(pages) - 1) + [False]


RELEASED = {
    "inner": "i",
    "OUTER": "o",
    "beyond": "b",
    **{f"level{number}": f"l{number}" for number in range(1, 11)},
}


@pytest.fixture(scope="module")
def deep_directory(shared_directory):
    """Servers with ten groups, each in the next and the last in the first, and bob in the first of them."""

    @cache
    def made(vendor):
        server = shared_directory(vendor)
        names = [f"level{number}" for number in range(1, 11)]
        directories.add_groups(server, names, "bob")
        for inside, outside in zip(names, [*names[1:], names[0]], strict=True):
            dns = [f"cn={name},{server.group_base_dn}" for name in (outside, inside)]
            members = [] if outside == names[0] else [("delete", "member", server.person_dn("bob"))]
            server.modify(record(dns[0], "modify", ("add", "member", dns[1]), *members))
        if vendor is SAMBA:  # a group outside of the base, which the in-chain match goes through
            elsewhere = f"cn=elsewhere,cn=Users,{server.suffix}"
            told = ("", "objectClass", "group"), ("", "member", server.person_dn("warn"))
            server.modify(record(elsewhere, "add", *told))
            told = ("", "objectClass", "group"), ("", "member", elsewhere)
            server.modify(record(f"cn=beyond,{server.group_base_dn}", "add", *told))
        return server

    return made


def _claims_of_a_reading(directory):
    with directory.reading() as reader:
        people = [entry for page in reader.everybody() for entry in page.entries]
        assert not reader.remark
        settings, suffix = directory.settings, directory.settings.base_dn.partition(",")[2]
        source = GroupSource(settings, settings.groups, suffix, reader.pages_aside, one_by_one=2)
        few_alone = [source.with_groups(replaced(entry, groups=None)) for entry in people[:4]]
    claims = {entry.login_name: claims_of(entry, settings) for entry in people}
    assert [claims_of(entry, settings) for entry in few_alone] == [*claims.values()][:4]
    return claims


@pytest.mark.parametrize(
    ("vendor", "strategy"),
    [
        *((vendor, GroupStrategy.CLIMB) for vendor in VENDORS),
        (SAMBA, GroupStrategy.IN_CHAIN),
        (DS389, GroupStrategy.MEMBER_OF),
        (OPENLDAP, GroupStrategy.NONE),
    ],
)
def test_a_reading_finds_the_groups_that_a_sign_in_finds(deep_directory, vendor, strategy):
    server = deep_directory(vendor)
    by_dn = {f"CN=inner,  {server.group_base_dn.upper()}": "inner by its DN"}
    rules = replaced(_rules(server, strategy), released=RELEASED, roles=by_dn)

    with opened(server, groups=rules, deadline_seconds=30.0) as directory:
        read = _claims_of_a_reading(directory)
        signed_in = {
            uid: claims_of(directory.authenticate(uid, PASSWORD.encode()).entry, directory.settings)
            for uid in ("alice", "bob", "warn")
        }

    assert {uid: read[uid] for uid in signed_in} == signed_in
    assert (read["warn"]["groups"] == ["b"]) is (strategy is GroupStrategy.IN_CHAIN)
    if strategy is not GroupStrategy.NONE:
        assert (read["alice"]["groups"], read["alice"]["roles"]) == (["i", "o"], ["inner by its DN"])
        assert {"l1", "l8"} <= set(read["bob"]["groups"])
        assert read["disabled"]["groups"] == []


@pytest.mark.parametrize(
    ("vendor", "object_class", "attribute"),
    [
        (OPENLDAP, "groupOfUniqueNames", "uniqueMember"),
        (DS389, "groupOfUniqueNames", "uniqueMember"),
        (DS389, "posixGroup", "memberUid"),
    ],
)
def test_members_of_every_kind_are_read(shared_directory, vendor, object_class, attribute):
    server = shared_directory(vendor)
    told = [("", attribute, server.person_dn("bob"))]
    if attribute == "memberUid":
        told = [("", attribute, "bob"), ("", "gidNumber", "5000")]
    told += [("", "objectClass", object_class), ("", "cn", attribute)]
    server.modify(record(f"cn={attribute},{server.group_base_dn}", "add", *told))
    words = replaced(preset_of(vendor).groups, strategy=GroupStrategy.CLIMB)
    words = replaced(words, object_class=object_class, member_attribute=attribute)
    rules = GroupRules(base_dn=server.group_base_dn, words=words, released={attribute: "x"})

    with opened(server, groups=rules) as directory:
        read = _claims_of_a_reading(directory)
        signed_in = claims_of(directory.authenticate("bob", PASSWORD.encode()).entry, directory.settings)

    assert read["bob"]["groups"] == signed_in["groups"] == ["x"]
    assert read["alice"]["groups"] == []


def test_groups_that_a_reading_cannot_have_are_left_as_known_and_it_says_so(shared_directory):
    server = shared_directory(OPENLDAP)
    rules = replaced(_rules(server), base_dn="ou=nowhere,dc=civil,dc=example")

    with opened(server, groups=rules) as directory, directory.reading() as reader:
        people = [entry for page in reader.everybody() for entry in page.entries]

    assert {entry.groups for entry in people} == {None}
    assert "groups were not read" in reader.remark


def test_more_groups_than_a_page_holds_are_read_to_the_last():
    with directory_of(OPENLDAP) as server:
        directories.add_groups(server, [f"g{number}" for number in range(PAGE_SIZE + 20)], "bob")
        groups = _groups(server, "bob", GroupStrategy.CLIMB, deadline_seconds=30.0)

    assert len(groups) == PAGE_SIZE + 20


def test_an_answer_cut_short_is_no_answer():
    with directory_of(OPENLDAP) as server:
        directories.add_groups(server, [f"g{number}" for number in range(PAGE_SIZE + 20)], "bob")
        server.modify(
            "dn: olcDatabase={1}mdb,cn=config\nchangetype: modify\nreplace: olcLimits\n"
            f'olcLimits: {{0}}dn.exact="{server.bind_dn}" size.prtotal={PAGE_SIZE}\n-\n',
            configuration_database=True,
        )
        with opened(server, groups=_rules(server), deadline_seconds=30.0) as directory:
            verification = directory.authenticate("bob", PASSWORD.encode()).verification

    assert verification.state is S.UNAVAILABLE
    assert "cut short" in verification.reason


def test_groups_that_cannot_be_read_are_not_taken_for_none(shared_directory):
    server = shared_directory(OPENLDAP)
    rules = replaced(_rules(server), base_dn="ou=nowhere,dc=civil,dc=example")

    with opened(server, groups=rules) as directory:
        verification = directory.authenticate("alice", PASSWORD.encode()).verification

    assert verification.state is S.UNAVAILABLE


def test_who_trusts_entries_that_name_no_groups_is_told(shared_directory):
    """This OpenLDAP has no overlay memberof: everybody is in no group, which looks like the truth."""
    server = shared_directory(OPENLDAP)
    with opened(server, groups=_rules(server, GroupStrategy.MEMBER_OF)) as directory:
        with directory.reading() as reader:
            assert all(entry.groups == () for page in reader.everybody() for entry in page.entries)
            remark = reader.remark
        last = directory.probe(Sample(), datetime.now(UTC))[-1]

    assert remark == "no entry shows memberOf: everybody was taken to be in no group"
    assert (last.name, last.ok) == ("groups", False)
    assert 'groups.strategy = "climb"' in last.sentence


def test_where_nobody_is_in_a_group_yet_the_test_says_what_it_cannot_tell():
    """389-DS knows memberOf whether it keeps it or not: only somebody in a group shows which."""
    with directory_of(DS389) as server:
        for name in ("inner", "outer"):
            emptied = record(f"cn={name},{server.group_base_dn}", "modify", ("delete", "member", ""))
            server.modify(emptied)
        with opened(server, groups=_rules(server)) as directory:
            last = directory.probe(Sample(), datetime.now(UTC))[-1]

    assert (last.name, last.ok) == ("groups", True)
    assert "nothing tells whether entries will show memberOf" in last.sentence
