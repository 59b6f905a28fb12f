"""What a synchronisation decides: who leaves, when, who is asked, and what can be taken back."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sso.audit.record import Origin
from sso.authentication import departures, people
from sso.authentication.clerks import account_of, welcome
from sso.authentication.departures import Officer
from sso.authentication.people import NewCitizen, add_citizen
from sso.directory.conflict import ConflictKind
from sso.directory.groups import Group
from sso.directory.person import Departure
from sso.directory.sync.reading import Changes, Page
from sso.directory.sync.run import RunKind, RunState
from sso.oidc.security_event import Delivery, EventType
from sso.worker.directory_lease import LEASE
from sso.worker.directory_sync import Busy, DirectoryWatch, position_for
from tests.directory.examples import settings as directory_settings
from tests.storage import examples
from tests.storage.conftest import ON_POSTGRESQL
from tests.worker.directory_stage import Stage, staged_without_server
from tests.worker.fake_directory import FakeDirectory, entry

on_both_databases = pytest.mark.parametrize("stage", ["sqlite", ON_POSTGRESQL], indirect=True)
RULES = "sync = { page_size = 10, quarantine_seconds = 3600, retention_days = 30 }"


@pytest.fixture
def directory() -> FakeDirectory:
    made = FakeDirectory()
    made.add(*range(10))
    return made


@pytest.fixture
def stage(request: pytest.FixtureRequest, tmp_path: Path, directory: FakeDirectory) -> Iterator[Stage]:
    on_postgresql = getattr(request, "param", "sqlite") == "postgresql"
    url = request.getfixturevalue("empty_postgresql_url") if on_postgresql else "sqlite:///hub.db"
    with staged_without_server(tmp_path, RULES, url, directory) as made:
        yield made


def names(*numbers: int) -> set[str]:
    return {f"clerk{number}" for number in numbers}


EVERYBODY = names(*range(10))


@on_both_databases
def test_whoever_is_absent_loses_access_after_the_quarantine(stage: Stage, directory: FakeDirectory) -> None:
    stage.full()
    directory.remove(4)

    assert stage.full().counts.leaving == 1
    assert stage.usable() == EVERYBODY
    stage.age(minutes=59)
    stage.full()
    assert stage.usable() == EVERYBODY
    stage.age(minutes=2)
    assert stage.full().counts.access_ended == 1

    assert stage.usable() == EVERYBODY - names(4)
    assert stage.accounts()["clerk4"].disabled_for is Departure.GONE
    assert len(stage.events("directory.person.left")) == len(stage.events("account.disabled")) == 1


@on_both_databases
def test_who_is_missed_and_signs_in_keeps_the_access(stage: Stage, directory: FakeDirectory) -> None:
    """A reading may miss somebody (a replica behind, a moved branch) whom the directory lets in."""
    stage.full()
    directory.remove(4)
    directory.changed = []
    stage.full()
    stage.age(hours=2)
    with stage.hub.database.begin(Origin()) as stores:
        assert welcome(entry(4), stage.directory, stores, datetime.now(UTC)) is not None

    run = stage.run()

    assert (run.state, run.counts.access_ended, run.counts.returned) == (RunState.COMPLETED, 0, 1)
    assert stage.usable() == EVERYBODY
    assert len(stage.events("directory.person.returned")) == 1
    assert stage.run().counts.returned == 0


def test_whoever_is_back_has_the_same_account(stage: Stage, directory: FakeDirectory) -> None:
    stage.full()
    account = stage.accounts()["clerk4"]
    directory.remove(4)
    stage.full()
    stage.age(hours=2)
    stage.full()
    directory.people[4] = entry(4, uid="clerk-four")

    run = stage.full()

    assert (run.counts.returned, run.counts.updated) == (1, 1)
    assert stage.accounts()["clerk-four"].id == account.id
    assert stage.accounts()["clerk-four"].disabled_at is None


@pytest.mark.parametrize("pages", range(4))
def test_a_reading_that_is_cut_short_lets_nobody_go(
    stage: Stage, directory: FakeDirectory, pages: int
) -> None:
    stage.full()
    directory.cut_after = pages

    run = stage.full()

    assert (run.state, run.counts.leaving) == (RunState.FAILED, 0)
    assert stage.usable() == EVERYBODY
    assert stage.events("directory.sync.failed")


def test_what_an_interrupted_reading_wrote_is_not_written_again(
    stage: Stage, directory: FakeDirectory
) -> None:
    directory.cut_after = 2
    interrupted = stage.full()
    directory.cut_after = None

    again = stage.full()

    assert (interrupted.state, interrupted.counts.created) == (RunState.FAILED, 6)
    assert (again.counts.unchanged, again.counts.created, again.counts.updated) == (6, 4, 0)


def test_what_a_reading_cannot_show_is_in_its_report(stage: Stage, directory: FakeDirectory) -> None:
    directory.remark = "groups were not read"

    assert stage.full().reason == "groups were not read"
    assert stage.run().reason == "the server could not tell what changed; groups were not read"


def test_an_entry_without_an_id_may_be_anybody(stage: Stage, directory: FakeDirectory) -> None:
    stage.full()
    directory.remove(4)
    directory.unusable = 1

    run = stage.full()

    assert (run.state, run.counts.leaving, run.counts.unusable) == (RunState.COMPLETED, 0, 1)
    assert "nobody was taken for absent" in run.reason


@on_both_databases
def test_the_guard_stops_and_an_approval_lets_only_those_go(stage: Stage, directory: FakeDirectory) -> None:
    stage.full()
    directory.remove(1, 2, 3)
    stopped = stage.full()
    assert (stopped.state, stopped.counts.leaving) == (RunState.STOPPED, 3)
    directory.remove(4, 5)
    officer = Officer("bayar", "test")
    with stage.hub.database.begin(Origin()) as stores:
        assert departures.approve("civil-affairs", stopped.number, officer, stores, datetime.now(UTC))
        assert not departures.approve("civil-affairs", stopped.number, officer, stores, datetime.now(UTC))

    again = stage.full()

    assert (again.state, again.counts.leaving) == (RunState.STOPPED, 5)
    directory.add(4, 5)
    assert stage.full().state is RunState.COMPLETED
    stage.age(hours=2)
    stage.full()
    assert stage.usable() == EVERYBODY - names(1, 2, 3)


def test_a_proposal_ends_with_the_return(stage: Stage, directory: FakeDirectory) -> None:
    stage.full()
    directory.remove(1, 2, 3)
    stopped = stage.full()
    directory.add(1, 2, 3)
    stage.full()
    with stage.hub.database.begin(Origin()) as stores:
        officer = Officer("bayar", "test")
        departures.approve("civil-affairs", stopped.number, officer, stores, datetime.now(UTC))
    directory.remove(1, 2, 3)

    assert stage.full().state is RunState.STOPPED


def approve(stage: Stage, number: int) -> None:
    with stage.hub.database.begin(Origin()) as stores:
        officer = Officer("bayar", "test")
        assert departures.approve("civil-affairs", number, officer, stores, datetime.now(UTC))


def named_as_removed(*numbers: int) -> list[Changes]:
    return [Changes(Page(()), tuple(entry(number).immutable_id for number in numbers))]


@on_both_databases
def test_approving_a_reading_of_changes_lets_nobody_go_whom_another_proposed(
    stage: Stage, directory: FakeDirectory
) -> None:
    stage.full()
    directory.remove(*range(7))
    assert stage.full().state is RunState.STOPPED
    directory.changed = named_as_removed(6, 7, 8)
    stopped = stage.run()
    assert (stopped.kind, stopped.state) == (RunKind.CHANGES, RunState.STOPPED)
    approve(stage, stopped.number)

    again = stage.full()

    assert (again.state, again.counts.leaving) == (RunState.STOPPED, 7)
    assert not stage.events("directory.person.left")
    approve(stage, again.number)
    assert stage.full().state is RunState.COMPLETED


def test_an_older_run_than_the_latest_that_stopped_can_be_approved(
    stage: Stage, directory: FakeDirectory
) -> None:
    stage.full()
    directory.remove(1, 2, 3)
    stopped = stage.full()
    stage.full()
    approve(stage, stopped.number)

    assert stage.full().state is RunState.COMPLETED


def test_who_left_unasked_counts_though_a_run_had_stopped_for_them(
    stage: Stage, directory: FakeDirectory
) -> None:
    stage.full()
    directory.remove(1, 2, 3)
    assert stage.full().state is RunState.STOPPED
    directory.add(2, 3)
    assert stage.full().state is RunState.COMPLETED
    directory.remove(4)

    assert stage.full().state is RunState.STOPPED


def test_who_was_switched_off_before_the_first_reading_has_not_left(
    stage: Stage, directory: FakeDirectory
) -> None:
    stage.full()
    directory.people |= {
        number: entry(number, pwdAccountLockedTime="000001010000Z") for number in range(20, 25)
    }
    stage.full()
    directory.remove(4)

    assert stage.full().state is RunState.COMPLETED


def test_a_reading_that_stopped_waits_for_its_officer_however_many_of_changes_follow(
    stage: Stage, directory: FakeDirectory
) -> None:
    stage.full()
    directory.remove(1, 2, 3)
    stopped = stage.full()
    directory.changed = []
    for _ in range(25):
        assert stage.run().kind is RunKind.CHANGES
    hasty = replace(stage.directory, sync=replace(stage.rules, full_every_seconds=60))

    def read_in(**by: float) -> bool:
        with stage.hub.database.read() as stores:
            now, state = datetime.now(UTC) + timedelta(**by), stores.sync_runs.state("civil-affairs")
            return position_for(state, stores, hasty, now) is None

    waits = read_in(minutes=30), read_in(minutes=61)
    approve(stage, stopped.number)

    assert (stopped.state, waits, read_in(minutes=30)) == (RunState.STOPPED, (False, True), True)


def test_one_a_run_is_stopped_as_well(stage: Stage, directory: FakeDirectory) -> None:
    stage.full()
    states = []
    for number in range(3):
        directory.remove(number)
        states.append(stage.full().state)

    assert states == [RunState.COMPLETED, RunState.STOPPED, RunState.STOPPED]


def test_an_empty_directory_lets_nobody_go(stage: Stage, directory: FakeDirectory) -> None:
    stage.full()
    directory.people.clear()

    assert stage.full().state is RunState.STOPPED
    assert stage.usable() == EVERYBODY


def test_a_department_that_switches_everybody_off_is_asked_too(
    stage: Stage, directory: FakeDirectory
) -> None:
    stage.full()
    for number in range(10):
        directory.people[number] = entry(number, pwdAccountLockedTime="000001010000Z")

    assert stage.full().state is RunState.STOPPED
    assert stage.usable() == EVERYBODY


@on_both_databases
def test_a_run_can_be_undone(stage: Stage, directory: FakeDirectory) -> None:
    stage.full()
    directory.remove(4)
    run = stage.full()
    stage.age(hours=2)
    stage.full()
    assert "clerk4" not in stage.usable()

    with stage.hub.database.begin(Origin()) as stores:
        undone = departures.undo(stage.directory, run.number, "test", stores, datetime.now(UTC))

    assert undone == 1
    assert stage.usable() == EVERYBODY


@on_both_databases
def test_yesterdays_directory_gives_nobody_back_who_was_purged(
    stage: Stage, directory: FakeDirectory
) -> None:
    stage.full()
    yesterday = dict(directory.people)
    directory.remove(4)
    stage.full()
    stage.age(hours=2)
    stage.full()
    stage.age(days=31)
    assert stage.full().counts.purged == 1
    assert "clerk4" not in stage.accounts()

    directory.people = yesterday
    restored = stage.full()

    assert restored.counts.refused == 1
    assert stage.usable() == EVERYBODY - names(4)
    with stage.hub.database.begin(Origin()) as stores:
        assert account_of(entry(4), stage.directory, stores, datetime.now(UTC)) is None
    assert "clerk4" not in stage.accounts()
    assert [event.detail["source"] for event in stage.events("account.purged")] == ["directory"]


@on_both_databases
def test_nothing_of_a_purged_person_stays_but_a_digest(stage: Stage, directory: FakeDirectory) -> None:
    stage.full()
    account = stage.accounts()["clerk4"]
    with stage.hub.database.begin(Origin()) as stores:
        stores.subjects.sub(account.id, "sector", datetime.now(UTC))
    directory.remove(4)
    for by in ({"hours": 2}, {"days": 31}, {}):
        stage.full()
        stage.age(**by)
    stage.full()

    with stage.hub.database.read() as stores:
        assert stores.people.account(account.id) is None
        assert stores.people.person(account.person_id) is None
        assert stores.register.of_ids("civil-affairs", [entry(4).immutable_id]) == {}
        assert stores.register.is_purged("civil-affairs", entry(4).immutable_id)
        assert not stores.register.is_purged("tax", entry(4).immutable_id)


def test_applications_are_told_of_whoever_is_purged(stage: Stage, directory: FakeDirectory) -> None:
    """RISC 1.0 2.2, under the `sub` that the application knows, although the account takes that with it."""
    stage.full()
    account, now = stage.accounts()["clerk4"], datetime.now(UTC)
    client = examples.client(security_event_delivery=Delivery.POLL)
    with stage.hub.database.begin(Origin()) as stores:
        stores.clients.add(client, now)
        known_as = stores.subjects.sub(account.id, client.sector, now)
        stores.grants.add(examples.grant(client_id=client.client_id, account_id=account.id))
    directory.remove(4)
    for by in ({"hours": 2}, {"days": 31}, {}):
        stage.full()
        stage.age(**by)
    stage.full()

    with stage.hub.database.read() as stores:
        told = stores.security_events.waiting_for(client.client_id, 10)
    purged = [event.sub for event in told if event.kind is EventType.ACCOUNT_PURGED]
    assert purged == [known_as]


def test_what_an_officer_decided_stands(stage: Stage, directory: FakeDirectory) -> None:
    stage.full()
    with stage.hub.database.begin(Origin()) as stores:
        people.disable(stage.accounts()["clerk4"], "console", "under inquiry", stores, datetime.now(UTC))
    directory.remove(4)
    stage.full()
    stage.age(hours=2)
    stage.full()
    directory.add(4)

    stage.full()

    assert stage.accounts()["clerk4"].disabled_for is Departure.OFFICER


def test_nobody_else_is_touched(stage: Stage, directory: FakeDirectory) -> None:
    stage.full()
    now = datetime.now(UTC)
    other = directory_settings(id="tax", realms=("tax.example",))
    with stage.hub.database.begin(Origin()) as stores:
        add_citizen(NewCitizen(login_name="tuya", name="Tuya", claims={}), "test", stores, now)
        account_of(replace(entry(4), directory_id="tax", login_name="at-tax"), other, stores, now)
    directory.remove(4)
    stage.full()
    stage.age(days=400)
    stage.full()
    stage.age(days=400)
    stage.full()

    assert stage.usable() == EVERYBODY - names(4) | {"tuya", "at-tax"}


@on_both_databases
def test_an_account_from_a_sign_in_can_leave_too(stage: Stage, directory: FakeDirectory) -> None:
    now = datetime.now(UTC)
    with stage.hub.database.begin(Origin()) as stores:
        gone = account_of(entry(77), stage.directory, stores, now)
        stays = account_of(entry(3), stage.directory, stores, now)
    assert gone is not None
    assert stays is not None

    run = stage.full()

    assert (run.state, run.counts.created, run.counts.leaving) == (RunState.COMPLETED, 9, 1)
    assert stage.accounts()["clerk3"].id == stays.id
    stage.age(hours=2)
    stage.full()
    assert stage.usable() == EVERYBODY


def test_a_sign_in_that_is_faster_makes_no_second_account(stage: Stage, directory: FakeDirectory) -> None:
    made = []

    def sign_in() -> None:
        with stage.hub.database.begin(Origin()) as stores:
            made.append(account_of(entry(3), stage.directory, stores, datetime.now(UTC)))

    directory.before_reading = sign_in
    run = stage.full()

    assert run.state is RunState.COMPLETED
    assert made[0] is not None
    assert stage.accounts()["clerk3"].id == made[0].id
    assert len(stage.accounts()) == 10


@on_both_databases
def test_removals_that_the_server_names_leave_at_once(stage: Stage, directory: FakeDirectory) -> None:
    stage.full()
    directory.changed = [Changes(Page(()), (entry(4).immutable_id, entry(99).immutable_id))]

    run = stage.run()

    assert (run.kind, run.counts.leaving) == (RunKind.CHANGES, 1)
    stage.age(hours=2)
    directory.changed = []
    stage.run()
    assert stage.usable() == EVERYBODY - names(4)


@pytest.mark.parametrize("changes_only", [True, False])
def test_a_name_that_a_newcomer_bears_too_is_in_the_queue_at_once(
    stage: Stage, directory: FakeDirectory, changes_only: bool
) -> None:
    stage.full()
    newcomer = entry(20, uid="clerk4")
    directory.people[20] = newcomer
    directory.changed = [Changes(Page((newcomer,)), ())]

    run = stage.run() if changes_only else stage.full()

    with stage.hub.database.read() as stores:
        found = stores.conflicts.of_directory("civil-affairs")
    assert run.kind is (RunKind.CHANGES if changes_only else RunKind.FULL)
    assert [conflict.kind for conflict in found] == [ConflictKind.NAME_REUSED]


def test_too_many_named_removals_stop_and_are_asked_again(stage: Stage, directory: FakeDirectory) -> None:
    stage.full()
    directory.changed = [Changes(Page(()), tuple(entry(number).immutable_id for number in range(5)))]

    assert stage.run().state is RunState.STOPPED
    assert stage.run().state is RunState.STOPPED
    assert stage.usable() == EVERYBODY


def test_a_dry_run_changes_nobody(stage: Stage, directory: FakeDirectory) -> None:
    stage.full()
    directory.remove(4)
    directory.people[5] = entry(5, mail="other@civil.example")
    directory.add(20)

    run = stage.full(is_dry=True)

    counts = run.counts
    assert (run.state, counts.created, counts.updated, counts.leaving) == (RunState.COMPLETED, 1, 1, 1)
    assert stage.usable() == EVERYBODY
    assert stage.accounts()["clerk5"].text_claim("email") == "clerk5@civil.example"
    assert len(stage.runs()) == 1


def test_a_dry_run_counts_accounts_that_sign_ins_made_and_registers_none(
    stage: Stage, directory: FakeDirectory
) -> None:
    with stage.hub.database.begin(Origin()) as stores:
        for number in (4, 50):  # the directory shows the one and not the other
            account_of(entry(number), stage.directory, stores, datetime.now(UTC))

    dry = stage.full(is_dry=True)

    assert (dry.counts.created, dry.counts.leaving, dry.state) == (9, 1, RunState.COMPLETED)
    with stage.hub.database.read() as stores:
        assert stores.register.count_present("civil-affairs") == 0
    real = stage.full()
    assert (real.counts.created, real.counts.leaving, real.state) == (9, 1, RunState.COMPLETED)


def test_without_accounts_for_everybody_only_signed_in_clerks_have_one(
    tmp_path: Path, directory: FakeDirectory
) -> None:
    rules = "sync = { create_accounts = false, quarantine_seconds = 0 }"
    with staged_without_server(tmp_path, rules, "sqlite:///hub.db", directory) as stage:
        stage.full()
        assert stage.accounts() == {}
        with stage.hub.database.begin(Origin()) as stores:
            account_of(entry(4), stage.directory, stores, datetime.now(UTC))
        directory.remove(4)

        stage.full()

        assert stage.usable() == set()
        assert stage.accounts()["clerk4"].disabled_for is Departure.GONE


def test_who_turns_out_to_be_in_no_group_is_not_written_anew(
    tmp_path: Path, directory: FakeDirectory
) -> None:
    rules = f'{RULES}\ngroups = {{ base_dn = "dc=example", released = {{ registry = "clerks" }} }}'
    with staged_without_server(tmp_path, rules, "sqlite:///hub.db", directory) as stage:
        stage.full()
        registry = Group("cn=registry,dc=example", "registry")
        told = {4: (registry,)}
        directory.people = {
            number: replace(one, groups=told.get(number, ())) for number, one in directory.people.items()
        }

        joined = stage.full()
        directory.people[4] = replace(directory.people[4], groups=())
        left = stage.full()

        assert (joined.counts.updated, left.counts.updated) == (1, 1)
        assert stage.accounts()["clerk4"].claims["groups"] == []


@on_both_databases
def test_one_reads_at_a_time_and_a_lost_process_is_replaced(stage: Stage) -> None:
    now = datetime.now(UTC)
    with stage.hub.database.begin(Origin()) as stores:
        assert stores.sync_runs.take("civil-affairs", "another", now + LEASE, now)
        stores.sync_runs.begin("civil-affairs", RunKind.FULL, 0, now)
    with pytest.raises(Busy):
        stage.full()

    with stage.hub.database.begin(Origin()) as stores:
        stores.sync_runs.hold("civil-affairs", "another", now - timedelta(seconds=1))
    stage.full()

    assert [run.state for run in stage.runs()] == [RunState.COMPLETED, RunState.LOST]


def test_whoever_lost_the_lease_writes_nothing_more(stage: Stage, directory: FakeDirectory) -> None:
    def taken_over() -> None:
        now = datetime.now(UTC)
        with stage.hub.database.begin(Origin()) as stores:
            assert stores.sync_runs.take("civil-affairs", "another", now + LEASE, now + 2 * LEASE)

    directory.before_reading = taken_over

    run = stage.full()

    assert (run.state, run.reason) == (RunState.FAILED, "another process took over")
    assert stage.accounts() == {}


def test_a_frozen_directory_holds_up_no_other(stage: Stage, directory: FakeDirectory) -> None:
    """The worker's threads, the one directory never answering."""
    frozen, stop, done = threading.Event(), threading.Event(), threading.Event()

    def hang() -> None:
        frozen.set()
        done.wait(30)

    second = replace(stage.directory, id="tax", realms=("tax.example",))
    hub = replace(
        stage.hub,
        configuration=replace(stage.hub.configuration, directories=(second, stage.directory)),
        ldap={"tax": FakeDirectory(before_reading=hang), "civil-affairs": directory},  # type: ignore[dict-item]
    )
    directory.before_reading = lambda: frozen.wait(30) and None
    watch = DirectoryWatch(hub, stop)

    watch.start()
    try:
        ends = datetime.now(UTC) + timedelta(seconds=30)
        while stage.usable() != EVERYBODY and datetime.now(UTC) < ends:
            stop.wait(0.05)
        assert stage.usable() == EVERYBODY
        assert frozen.is_set()
        assert not done.is_set()
    finally:
        stop.set()
        done.set()
        watch.join(30)
