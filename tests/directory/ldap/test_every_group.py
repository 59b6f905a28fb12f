"""Nested groups on every vendor's server, to the last page, and who reads them."""

from contextlib import closing
from dataclasses import replace as replaced

import pytest

from sso.directory.filters import AllOf, people
from sso.directory.groups import GroupRules
from sso.directory.ldap.deadline import Deadline
from sso.directory.ldap.membership import PAGE_SIZE
from sso.directory.ldap.messages import Question
from sso.directory.ldap.server import LdapServer
from sso.directory.presets import GroupStrategy, preset_of
from sso.directory.settings import Vendor
from sso.directory.verification import AccountState
from tests.directory.ldap.opening import opened
from tests.servers import directories
from tests.servers.directories import VENDORS, directory_of, settings_of
from tests.servers.directory_people import PASSWORD, PEOPLE

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
