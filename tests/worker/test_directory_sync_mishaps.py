"""Servers that stop, freeze, cut a reading short or are replaced half-way: nobody may leave by it."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sso.cli.demo.slapd import DemoPerson, Slapd, SlapdOptions
from sso.directory.check import Sample
from sso.directory.settings import Vendor
from sso.directory.sync.run import Run, RunKind, RunState
from tests.servers import directories
from tests.servers.directories import DirectoryServer
from tests.servers.ldif import record
from tests.servers.openldap import OpenLdap
from tests.worker.directory_stage import Stage, staged

pytestmark = pytest.mark.directories

STRICT = "sync = { page_size = 10, page_seconds = 3, quarantine_seconds = 0 }"
MANY = 400
PATIENCE = 6
"""Readings that a server which has just begun may fail before one is complete."""


def after_a_page(act: Callable[[], None]) -> Callable[[Run], None]:
    """Something that happens once, when the first page has been taken."""
    done = []

    def told(_: Run) -> None:
        if not done:
            done.append(act())

    return told


def test_a_server_that_stops_or_freezes_half_way_lets_nobody_go(
    private_directory: DirectoryServer, tmp_path: Path
) -> None:
    server = private_directory
    with staged(server, tmp_path, STRICT) as stage:
        assert stage.full().state is RunState.COMPLETED
        everybody = stage.usable()

        stopped = stage.full(told=after_a_page(server.stop))
        assert (stopped.state, stopped.counts.leaving) == (RunState.FAILED, 0)
        down = stage.full()
        assert down.state is RunState.FAILED
        server.start()

        frozen = stage.full(told=after_a_page(server.freeze))
        server.thaw()
        assert (frozen.state, frozen.counts.leaving) == (RunState.FAILED, 0)
        assert "no answer in time" in frozen.reason

        restarted = stage.full(told=after_a_page(server.restart))
        assert (restarted.state, restarted.counts.leaving) == (RunState.FAILED, 0)
        assert stage.usable() == everybody
        readings = [restarted]
        while readings[-1].state is RunState.FAILED and len(readings) < PATIENCE:
            readings.append(stage.full())  # a server that has just begun may be slower than it is given time
        assert readings[-1].state is RunState.COMPLETED
        assert stage.usable() == everybody
        assert len(stage.events("directory.sync.failed")) == 3 + len(readings) - 1


def crowd(number: int) -> list[DemoPerson]:
    return [
        DemoPerson(f"clerk{place}", f"Clerk {place}", f"clerk{place}@civil.example", "unknown")
        for place in range(number)
    ]


class Crowded(OpenLdap):
    """An OpenLDAP of many people and nothing else."""

    def __init__(self, folder: Path, people: int, port: int = 0, tls_port: int = 0) -> None:
        options = SlapdOptions(port=port, tls_port=tls_port)
        self.slapd = Slapd(folder, self.suffix, crowd(people), options)
        self._is_seeded = True


@pytest.fixture
def crowded(tmp_path: Path) -> object:
    server = Crowded(tmp_path / "slapd", MANY)
    server.start()
    yield server
    server.stop()


def limit(server: OpenLdap, most: int | str) -> None:
    """How many entries the service account may read in all pages together."""
    told = f'{{0}}dn.exact="{server.bind_dn}" size.pr=1000 size.prtotal={most}'
    dn = "olcDatabase={1}mdb,cn=config"
    server.modify(record(dn, "modify", ("replace", "olcLimits", told)), configuration_database=True)


def read_crowd(stage: Stage) -> set[str]:
    with stage.hub.database.read() as stores:
        found = stores.people.list_accounts(after="", limit=2 * MANY)
    return {account.login_name for account in found if account.disabled_at is None}


@pytest.mark.parametrize("most", [10, 100, MANY - 1])
def test_a_limit_that_cuts_the_reading_lets_nobody_go(crowded: OpenLdap, tmp_path: Path, most: int) -> None:
    """What ldap3 by itself ends quietly: 2,500 of 100,009 entries and no exception."""
    with staged(crowded, tmp_path, "sync = { page_size = 50, quarantine_seconds = 0 }") as stage:
        stage.full()
        limit(crowded, most)

        run = stage.full()

        assert (run.state, run.counts.leaving) == (RunState.FAILED, 0)
        assert "ldap result" in run.reason
        assert len(read_crowd(stage)) == MANY
        limit(crowded, "unlimited")
        assert stage.full().counts.unchanged == MANY


@pytest.mark.parametrize("attribute", ["nsPagedSizeLimit", "nsSizeLimit"])
def test_a_limit_of_389_ds_lets_nobody_go(tmp_path: Path, attribute: str) -> None:
    with directories.directory_of(Vendor.DS389) as server, staged(server, tmp_path) as stage:
        assert stage.full().state is RunState.COMPLETED
        everybody = stage.usable()
        server.modify(record(server.bind_dn, "modify", ("replace", attribute, "5")))

        run = stage.full()

        assert (run.state, run.counts.leaving) == (RunState.FAILED, 0)
        assert "cut short" in run.reason
        assert stage.usable() == everybody
        server.modify(record(server.bind_dn, "modify", ("replace", attribute, "")))
        assert stage.full().counts.nothing_changed


def test_an_emptier_server_in_its_place_is_asked_about(crowded: OpenLdap, tmp_path: Path) -> None:
    with staged(
        crowded,
        tmp_path,
        "sync = { page_size = 50, quarantine_seconds = 0 }",
        urls=[crowded.plaintext_url],
    ) as stage:
        stage.full()
        slapd = crowded.slapd
        other = Crowded(tmp_path / "other", 10, slapd.port, slapd.tls_port)
        other.slapd.bind_password = slapd.bind_password

        def replaced() -> None:
            crowded.stop()
            other.start()

        try:
            half_way = stage.full(told=after_a_page(replaced))
            whole = stage.full()
        finally:
            other.stop()

        assert (half_way.state, half_way.counts.leaving) == (RunState.FAILED, 0)
        assert (whole.state, whole.counts.leaving) == (RunState.STOPPED, MANY - 10)
        assert len(read_crowd(stage)) == MANY


def test_a_branch_that_is_removed_is_asked_about_also_as_changes(crowded: OpenLdap, tmp_path: Path) -> None:
    with staged(crowded, tmp_path, "sync = { page_size = 50, quarantine_seconds = 0 }") as stage:
        stage.full()
        gone = [record(crowded.person_dn(f"clerk{place}"), "delete") for place in range(20)]
        crowded.modify("\n".join(gone))

        run = stage.run()

        assert (run.kind, run.state, run.counts.leaving) == (RunKind.CHANGES, RunState.STOPPED, 20)
        assert len(read_crowd(stage)) == MANY


def test_a_restart_of_slapd_loses_its_log_and_nothing_else(tmp_path: Path) -> None:
    with directories.directory_of(Vendor.OPENLDAP) as server, staged(server, tmp_path) as stage:
        stage.full()
        directories.remove(server, "bob")
        server.restart()

        run = stage.run()

        assert (run.kind, run.state) == (RunKind.FULL, RunState.COMPLETED)
        assert "bob" not in stage.usable()


@pytest.mark.parametrize("vendor", [Vendor.OPENLDAP, Vendor.DS389])
def test_times_of_modification_serve_where_nothing_else_does(tmp_path: Path, vendor: Vendor) -> None:
    rules = 'sync = { changes = "modify-timestamp", shrink_percent = 100, quarantine_seconds = 0 }'
    with directories.directory_of(vendor) as server, staged(server, tmp_path, rules) as stage:
        stage.full()
        directories.rename(server, "alice", "alicia")
        directories.add_person(server, "dorji")
        directories.disable(server, "bob")

        run = stage.run()

        assert (run.kind, run.state) == (RunKind.CHANGES, RunState.COMPLETED)
        assert {"alicia", "dorji"} <= stage.usable()
        assert not {"alice", "bob"} & stage.usable()


@pytest.mark.parametrize("changes", ["syncrepl", "auto"])
def test_a_server_that_does_not_tell_what_changed_is_named_in_each_report(
    tmp_path: Path, changes: str
) -> None:
    """The module syncprov offers the control, and no database of this server has the overlay."""
    rules = f'sync = {{ changes = "{changes}" }}'
    with directories.directory_of(Vendor.OPENLDAP) as server, staged(server, tmp_path, rules) as stage:
        directory = stage.hub.ldap["civil-affairs"]
        step = {check.name: check.ok for check in directory.probe(Sample(), datetime.now(UTC))}
        assert step["changes"] is True
        assert isinstance(server, OpenLdap)
        overlay = record("olcOverlay={1}syncprov,olcDatabase={1}mdb,cn=config", "delete")
        server.modify(overlay, configuration_database=True)

        runs = [stage.run(), stage.run()]
        last = directory.probe(Sample(), datetime.now(UTC))[-1]

        assert [run.kind for run in runs] == [RunKind.FULL, RunKind.FULL]
        reason = "the server does not tell what changes by syncrepl: everybody is read each time"
        assert [run.reason for run in runs] == [reason, reason]
        assert (last.name, last.ok) == ("changes", False)
