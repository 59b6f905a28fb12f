"""Whom a directory calls gone loses every access while the log cannot be written; all else of it waits."""

import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from sso.audit.record import AuditRecord, Origin
from sso.directory.person import Departure
from sso.directory.sync.run import RunState
from sso.outbound import Outbound, OutboundRules
from sso.storage.errors import StorageUnavailable
from sso.worker.key_rotation import first_keys
from sso.worker.logout_delivery import deliver_due
from sso.worker.upkeep import take_in_spooled_events
from tests.faults.access import Access, access_of
from tests.running.listening_client import ListeningClient
from tests.storage.conftest import ON_POSTGRESQL
from tests.storage.unwritable import unwritable
from tests.worker.directory_stage import Stage, staged_without_server
from tests.worker.fake_directory import FakeDirectory, entry
from tests.worker.test_state_poll import CutOff, poll_of

RULES = "sync = { page_size = 10, quarantine_seconds = 3600, retention_days = 30, shrink_percent = 50 }"
OFF = {"pwdAccountLockedTime": "000001010000Z"}
"""As an OpenLDAP says that an account is switched off."""
EVERYBODY = {f"clerk{number}" for number in range(6)}


@pytest.fixture
def directory() -> FakeDirectory:
    made = FakeDirectory()
    made.add(*range(6))
    return made


@pytest.fixture(params=["sqlite", ON_POSTGRESQL])
def stage(request: pytest.FixtureRequest, tmp_path: Path, directory: FakeDirectory) -> Iterator[Stage]:
    """A hub that has read its directory."""
    on_postgresql = request.param == "postgresql"
    url = request.getfixturevalue("empty_postgresql_url") if on_postgresql else "sqlite:///hub.db"
    with staged_without_server(tmp_path, RULES, url, directory) as made:
        assert made.full().state is RunState.COMPLETED
        yield made


def access(stage: Stage, number: int) -> Access:
    return access_of(stage.accounts()[f"clerk{number}"], stage.hub)


def poll(stage: Stage, **said: Departure) -> int:
    """Ask the directory about everybody who is signed in, once."""
    ids = {str(stage.accounts()[name].immutable_id): departure for name, departure in said.items()}
    return poll_of(stage, CutOff(ids, questions=9)).once(threading.Event())


def late(stage: Stage, *codes: str) -> list[AuditRecord]:
    """What is in the log of these codes, oldest first; each came late and once."""
    take_in_spooled_events(stage.hub)
    take_in_spooled_events(stage.hub)
    found = [*reversed(stage.events(*codes))]
    assert all(record.detail["late"] for record in found)
    assert not any(record.detail.get("uncertain") for record in found)
    return found


def codes_of(records: Sequence[AuditRecord]) -> list[str]:
    return [record.event for record in records]


def test_the_state_poll_ends_whoever_is_gone_and_says_so_late(stage: Stage) -> None:
    given, other = access(stage, 1), access(stage, 2)

    with unwritable(stage.hub.database):
        ended = poll(stage, clerk1=Departure.GONE)
        again = poll(stage, clerk1=Departure.GONE)
    records = late(stage, "account.disabled", "session.ended.directory")

    assert (ended, again, given.goes_on(), other.goes_on()) == (1, 0, False, True)
    assert stage.usable() == EVERYBODY - {"clerk1"}
    assert given.told() == (1, ["ACCOUNT_DISABLED", "SESSION_REVOKED"])
    assert other.told() == (0, [])
    assert codes_of(records) == ["account.disabled", "session.ended.directory"]
    assert {record.origin for record in records} == {Origin(actor="worker")}


def test_an_application_is_told_at_once_and_again_until_that_is_on_record(stage: Stage) -> None:
    """Back-Channel Logout 1.0, 2.5; at least once, as ever: nothing says yet that it has been told."""
    first_keys(stage.hub, Origin(actor="command"))
    with ListeningClient() as listening, Outbound(OutboundRules(allow_loopback=True)) as outbound:
        access_of(stage.accounts()["clerk1"], stage.hub, listening.uri)
        with unwritable(stage.hub.database):
            poll(stage, clerk1=Departure.GONE)
            with pytest.raises(StorageUnavailable):
                deliver_due(stage.hub, outbound)
        told = len(listening.received)
    with stage.hub.database.read() as stores:
        waiting = stores.outbox.pending_count()

    assert (told, waiting) == (1, 1)


def test_a_doubt_about_many_absences_waits_for_the_log_and_so_do_the_absent(stage: Stage) -> None:
    given = [access(stage, number) for number in range(4)]
    gone = {f"clerk{number}": Departure.GONE for number in range(4)}

    with unwritable(stage.hub.database), pytest.raises(StorageUnavailable):
        poll(stage, **gone)
    before = [each.goes_on() for each in given]
    ended = poll(stage, **gone)

    assert (before, ended, stage.usable()) == ([True] * 4, 0, EVERYBODY)
    assert len(stage.events("directory.states.doubted")) == 1


def sync(stage: Stage, **wish: Any) -> None:
    """A run that cannot say how it went."""
    with pytest.raises(StorageUnavailable):
        stage.run(full=True, **wish)


def test_a_reading_ends_whom_the_department_switched_off_and_nothing_else_of_it_is_done(
    stage: Stage, directory: FakeDirectory
) -> None:
    given, other = access(stage, 1), access(stage, 2)
    directory.people |= {1: entry(1, **OFF), 2: entry(2, cn="Another Name"), 77: entry(77)}
    before = stage.accounts()["clerk2"]

    with unwritable(stage.hub.database):
        sync(stage)
        sync(stage)
    withheld = stage.accounts()
    records = late(stage, "directory.person.left", "account.disabled", "session.ended.directory")

    assert (given.goes_on(), other.goes_on()) == (False, True)
    assert stage.usable() == EVERYBODY - {"clerk1"}
    assert (withheld["clerk2"], "clerk77" in withheld) == (before, False)
    assert given.told() == (1, ["ACCOUNT_DISABLED", "SESSION_REVOKED"])
    assert codes_of(records) == ["directory.person.left", "account.disabled", "session.ended.directory"]


def test_what_a_reading_could_not_do_the_next_one_does(stage: Stage, directory: FakeDirectory) -> None:
    directory.people |= {1: entry(1, **OFF), 2: entry(2, cn="Another Name"), 77: entry(77)}
    with unwritable(stage.hub.database):
        sync(stage)

    run = stage.run()

    assert (run.state, run.counts.created, run.counts.updated) == (RunState.COMPLETED, 1, 1)
    assert stage.accounts()["clerk2"].claims["name"] == "Another Name"
    assert stage.usable() == EVERYBODY - {"clerk1"} | {"clerk77"}
    assert [each.state for each in stage.runs()][:2] == [RunState.COMPLETED, RunState.LOST]


def test_the_quarantine_of_who_is_absent_ends_without_the_log(stage: Stage, directory: FakeDirectory) -> None:
    given = access(stage, 4)
    directory.remove(4)
    with unwritable(stage.hub.database):
        sync(stage)
        kept = given.goes_on()
        stage.age(hours=2)
        sync(stage)
    records = late(stage, "directory.person.left", "account.disabled", "session.ended.directory")

    assert (kept, given.goes_on()) == (True, False)
    assert stage.accounts()["clerk4"].disabled_for is Departure.GONE
    assert codes_of(records) == ["directory.person.left", "account.disabled", "session.ended.directory"]


def test_who_is_back_stays_without_access_until_it_can_be_recorded(
    stage: Stage, directory: FakeDirectory
) -> None:
    directory.people[1] = entry(1, **OFF)
    stage.full()
    directory.people[1] = entry(1)

    with unwritable(stage.hub.database):
        sync(stage)
    meanwhile = stage.usable()
    stage.full()

    assert (meanwhile, stage.usable()) == (EVERYBODY - {"clerk1"}, EVERYBODY)
    assert len(stage.events("directory.person.returned")) == len(stage.events("account.enabled")) == 1


def test_who_is_back_before_the_end_of_the_quarantine_keeps_access_though_nothing_can_be_recorded(
    stage: Stage, directory: FakeDirectory
) -> None:
    given, other = access(stage, 4), access(stage, 5)
    directory.remove(4, 5)
    stage.full()
    stage.age(hours=2)
    directory.add(4)

    with unwritable(stage.hub.database):
        sync(stage)
    meanwhile = stage.usable()
    stage.full()

    assert (given.goes_on(), other.goes_on()) == (True, False)
    assert (meanwhile, stage.usable()) == (EVERYBODY - {"clerk5"}, EVERYBODY - {"clerk5"})


def test_more_than_may_leave_stay_until_an_officer_can_be_asked(
    stage: Stage, directory: FakeDirectory
) -> None:
    directory.remove(*range(4))

    with unwritable(stage.hub.database):
        sync(stage)
    stage.age(hours=2)
    stopped = stage.full()

    assert (stopped.state, stage.usable()) == (RunState.STOPPED, EVERYBODY)
    assert not stage.events("directory.person.left")


def test_who_was_away_for_long_is_forgotten_on_record_only(stage: Stage, directory: FakeDirectory) -> None:
    directory.remove(4)
    stage.full()
    stage.age(hours=2)
    stage.full()
    stage.age(days=31)

    with unwritable(stage.hub.database):
        sync(stage)
    kept = "clerk4" in stage.accounts()

    assert (kept, stage.full().counts.purged) == (True, 1)


@pytest.mark.parametrize(("moment", "done"), [("before", False), ("after", True)])
def test_a_kill_beside_the_commit_loses_nothing_and_claims_nothing(
    stage: Stage, tmp_path: Path, moment: str, done: bool
) -> None:
    """Spooled and not committed, or committed and not said: the log has it, as uncertain, and never twice."""
    given = access(stage, 1)
    asked = [
        sys.executable,
        "-m",
        "tests.worker.killed_half_way",
        str(tmp_path / "sso.toml"),
        moment,
        "clerk1",
    ]
    with unwritable(stage.hub.database):
        killed = subprocess.run(asked, check=False, timeout=60)
    as_it_was = given.goes_on()
    take_in_spooled_events(stage.hub)
    take_in_spooled_events(stage.hub)
    uncertain = stage.events("account.disabled")
    poll(stage, clerk1=Departure.GONE)

    assert (killed.returncode, as_it_was, given.goes_on()) == (-9, not done, False)
    assert [record.detail.get("uncertain") for record in uncertain] == [True]
    certain = [each for each in stage.events("account.disabled") if "uncertain" not in each.detail]
    assert len(certain) == (0 if done else 1)
