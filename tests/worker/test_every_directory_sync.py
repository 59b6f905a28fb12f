"""Accounts stay in step with every vendor's directory: on real OpenLDAP, 389-DS and Samba."""

from pathlib import Path

import pytest

from sso.directory.person import Departure
from sso.directory.settings import Vendor
from sso.directory.sync.run import RunKind, RunState
from tests.servers import directories
from tests.servers.directories import DirectoryServer
from tests.servers.directory_people import PEOPLE
from tests.worker.directory_stage import USUAL, staged

pytestmark = pytest.mark.directories

NAMES = {person.uid for person in PEOPLE}
OFF = {
    Vendor.OPENLDAP: {"disabled", "locked", "ended"},  # locked by an administrator, as the seed has it
    Vendor.DS389: {"disabled"},
    Vendor.SAMBA: {"disabled", "ended"},
}


def test_a_life_in_a_directory(private_directory: DirectoryServer, tmp_path: Path) -> None:
    """One server for the whole story: to start three of them for each sentence would take minutes."""
    server = private_directory
    groups = f'groups = {{ base_dn = "{server.group_base_dn}", released = {{ outer = "clerks" }} }}'
    with staged(server, tmp_path, f"{USUAL}\n{groups}") as stage:
        # everybody gets an account but those whom the department has switched off
        first = stage.full()
        assert (first.state, first.counts.seen, first.reason) == (RunState.COMPLETED, len(PEOPLE), "")
        assert stage.usable() == NAMES - OFF[server.vendor]
        assert stage.accounts()["alice"].claims["groups"] == ["clerks"]
        assert stage.accounts()["bob"].claims["groups"] == []

        # nothing changed: nothing is written
        again = stage.full()
        assert again.counts.nothing_changed
        assert again.counts.unchanged == len(PEOPLE)
        alice, samira = stage.accounts()["alice"], stage.accounts()["samira"]

        # a rename keeps account and groups, a re-used mail address is nobody's key, a new person is new
        directories.rename(server, "alice", "alicia")
        directories.replace(server, "bob", "mail", "alice@civil.example")
        directories.add_person(server, "dorji", mail="alicia@civil.example")
        directories.disable(server, "ganbold")
        changes = stage.run()
        assert (changes.kind, changes.state) == (RunKind.CHANGES, RunState.COMPLETED)
        accounts = stage.accounts()
        assert accounts["alicia"].id == alice.id
        is_still_a_member = server.vendor is not Vendor.OPENLDAP  # which has no overlay refint here
        assert accounts["alicia"].claims["groups"] == (["clerks"] if is_still_a_member else [])
        assert accounts["bob"].text_claim("email") == "alice@civil.example"
        assert accounts["dorji"].id not in {alice.id, samira.id}
        assert accounts["ganbold"].disabled_for is Departure.DISABLED

        # switched on again, and another one removed
        directories.enable(server, "ganbold")
        directories.remove(server, "samira")
        changes = stage.run()
        assert stage.accounts()["ganbold"].disabled_at is None
        if server.vendor is Vendor.SAMBA:  # sequence numbers show no removal: everybody is read for that
            assert stage.accounts()["samira"].disabled_at is None
            assert "may not read CN=Deleted Objects" in changes.reason
            assert stage.full().reason == ""
        assert stage.accounts()["samira"].disabled_for is Departure.GONE

        # of the same name again: somebody else, with an account of their own
        directories.add_person(server, "samira")
        stage.run()
        with stage.hub.database.read() as stores:
            named = [a for a in stores.people.list_accounts(after="", limit=100) if a.login_name == "samira"]
        assert {account.disabled_at is None for account in named} == {True, False}
        assert len({account.person_id for account in named}) == 2

        # moved out of the branch: gone; and back: the same account
        bob = stage.accounts()["bob"]
        directories.move(server, "bob")
        assert stage.run().kind is RunKind.CHANGES
        assert stage.accounts()["bob"].disabled_for is Departure.GONE
        back = f"{server.person_dn('bob').partition(',')[0]},{server.former_dn}"
        server.modify(directories.renamed(back, back.partition(",")[0], server.base_dn))
        stage.full()
        assert (stage.accounts()["bob"].id, stage.accounts()["bob"].disabled_at) == (bob.id, None)


def test_a_lost_mark_is_answered_by_reading_everybody(
    private_directory: DirectoryServer, tmp_path: Path
) -> None:
    with staged(private_directory, tmp_path) as stage:
        stage.full()
        with stage.hub.database._schema_writer() as connection:
            connection.exec_driver_sql("UPDATE directory_sync SET mark = X'6e6f6e73656e7365'")
        directories.remove(private_directory, "bob")

        run = stage.run()

        assert (run.kind, run.state) == (RunKind.FULL, RunState.COMPLETED)
        assert run.reason == "the server could not tell what changed"
        assert "bob" not in stage.usable()
