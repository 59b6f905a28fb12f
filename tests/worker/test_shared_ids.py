"""Two entries with one immutable id are two people or one: the hub takes in neither, on a real OpenLDAP."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from sso.directory.conflict import Conflict, ConflictKind
from sso.directory.ldap import LdapDirectory
from sso.directory.presets import IdFormat, OwnWords
from sso.directory.settings import Vendor
from sso.directory.sync.run import RunState
from sso.directory.verification import AccountState
from tests.servers import directories
from tests.servers.directories import DirectoryServer, directory_of, settings_of
from tests.servers.directory_people import PASSWORD, PEOPLE
from tests.servers.ldif import record
from tests.worker.directory_stage import USUAL, Stage, staged

pytestmark = pytest.mark.directories

ATTRIBUTE = 'immutable_attribute = "employeeNumber"'
FIRST, NEXT, LAST = PEOPLE[0].uid, PEOPLE[1].uid, PEOPLE[-1].uid
REASON = "ids that two entries show, none of which was taken in: {} (`sso directory conflicts`)"
SWITCHED_OFF = {"disabled", "locked", "ended"}


def id_of(number: int) -> str:
    return str(UUID(int=number + 1))


@pytest.fixture
def numbered() -> Iterator[DirectoryServer]:
    """Everybody with a number that the personnel office wrote."""
    with directory_of(Vendor.OPENLDAP) as server:
        for number, person in enumerate(PEOPLE):
            directories.replace(server, person.uid, "employeeNumber", id_of(number))
        yield server


def open_conflicts(stage: Stage) -> list[Conflict]:
    with stage.hub.database.read() as stores:
        return [*stores.conflicts.of_directory("civil-affairs")]


@pytest.mark.parametrize("twin", [NEXT, LAST], ids=["in one page", "in two pages"])
def test_an_id_that_two_entries_show_makes_no_account(
    numbered: DirectoryServer, tmp_path: Path, twin: str
) -> None:
    assert len(PEOPLE) > 10  # the size of a page
    directories.replace(numbered, twin, "employeeNumber", id_of(0))
    with staged(numbered, tmp_path, f"{ATTRIBUTE}\n{USUAL}") as stage:
        run = stage.full()

        assert (run.state, run.reason) == (RunState.COMPLETED, REASON.format(1))
        assert stage.usable() == {person.uid for person in PEOPLE} - SWITCHED_OFF - {FIRST, twin}
        conflict = open_conflicts(stage)[0]
        assert conflict.kind is ConflictKind.ID_SHARED
        assert {side.dn for side in conflict.sides} == {numbered.person_dn(uid) for uid in (FIRST, twin)}

        stage.full()
        assert len(open_conflicts(stage)) == 1


def test_whose_id_is_copied_stays_as_known_and_neither_signs_in(
    numbered: DirectoryServer, tmp_path: Path
) -> None:
    with staged(numbered, tmp_path, f"{ATTRIBUTE}\n{USUAL}") as stage:
        assert stage.full().reason == ""
        before = stage.accounts()[FIRST]
        directory = stage.hub.ldap["civil-affairs"]
        assert directory.authenticate(FIRST, PASSWORD.encode()).verification.state is AccountState.OK

        directories.add_person(numbered, "copy")
        directories.replace(numbered, "copy", "employeeNumber", id_of(0))
        changes = stage.run()
        full = stage.full()
        answers = [directory.authenticate(uid, PASSWORD.encode()) for uid in (FIRST, "copy")]

        assert changes.reason.endswith(REASON.format(1))
        assert (full.reason, full.counts.leaving) == (REASON.format(1), 0)
        assert stage.accounts()[FIRST] == before
        assert "copy" not in stage.accounts()
        assert [answer.verification.state for answer in answers] == [AccountState.BAD_CREDENTIALS] * 2
        both = {numbered.person_dn(uid) for uid in (FIRST, "copy")}
        assert [{entry.dn for entry in answer.contested} for answer in answers] == [both, both]
        assert [conflict.kind for conflict in open_conflicts(stage)] == [ConflictKind.ID_SHARED]

        directories.remove(numbered, "copy")
        assert stage.full().reason == ""
        assert directory.authenticate(FIRST, PASSWORD.encode()).verification.state is AccountState.OK


def test_who_may_see_one_entry_alone_proves_nobody_to_be_alone() -> None:
    """389-DS sends the first entry and result 4 where the service account may have no more."""
    with directory_of(Vendor.DS389) as server:
        for uid in (FIRST, NEXT):
            directories.replace(server, uid, "employeeNumber", id_of(0))
        server.modify(record(server.bind_dn, "modify", ("replace", "nsSizeLimit", "1")))
        own = OwnWords(immutable_attribute="employeeNumber", id_format=IdFormat.UUID)
        directory = LdapDirectory(settings_of(server, own_words=own))

        answer = directory.authenticate(FIRST, PASSWORD.encode())
        server.modify(record(server.person_dn(NEXT), "modify", ("delete", "employeeNumber", "")))
        alone = directory.authenticate(FIRST, PASSWORD.encode())
        directory.close()

    assert answer.verification.state is AccountState.BAD_CREDENTIALS
    assert alone.verification.state is AccountState.OK
