"""What Prometheus hears of the synchronisation: how long, how many, how it stands, and who is waited for."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from sso.audit.record import Origin
from sso.authentication import departures
from sso.authentication.departures import Officer
from sso.cli.management_directories import measure_directories
from sso.directory.sync.reading import Changes, Page
from sso.directory.sync.run import Run, RunKind, RunState
from tests.storage.conftest import ON_POSTGRESQL
from tests.worker.directory_stage import Stage, staged_without_server
from tests.worker.fake_directory import FakeDirectory, entry

RULES = "sync = { page_size = 10, quarantine_seconds = 0 }"


@pytest.fixture
def directory() -> FakeDirectory:
    made = FakeDirectory()
    made.add(*range(10))
    return made


@pytest.fixture(params=["sqlite", ON_POSTGRESQL])
def stage(request: pytest.FixtureRequest, tmp_path: Path, directory: FakeDirectory) -> Iterator[Stage]:
    on_postgresql = request.param == "postgresql"
    url = request.getfixturevalue("empty_postgresql_url") if on_postgresql else "sqlite:///hub.db"
    with staged_without_server(tmp_path, RULES, url, directory) as made:
        yield made


def measured(stage: Stage, name: str, **labels: str) -> float | None:
    registry = CollectorRegistry()
    measure_directories(stage.hub, registry)
    return registry.get_sample_value(f"sso_directory_sync_{name}", {"directory": "civil-affairs", **labels})


def seconds_of(run: Run) -> float:
    assert run.ended_at is not None
    return (run.ended_at - run.started_at).total_seconds()


def approve(stage: Stage, run: Run) -> None:
    with stage.hub.database.begin(Origin()) as stores:
        officer = Officer("bayar", "test")
        assert departures.approve("civil-affairs", run.number, officer, stores, datetime.now(UTC))


def test_the_last_run_of_each_kind_tells_its_people_and_its_time(
    stage: Stage, directory: FakeDirectory
) -> None:
    assert measured(stage, "people", kind="full") is None
    assert measured(stage, "age_seconds") == float("inf")

    full = stage.full()
    directory.changed = [Changes(Page((entry(3, mail="new@civil.example"),)))]
    changes = stage.run()
    assert (changes.kind, changes.state) == (RunKind.CHANGES, RunState.COMPLETED)
    directory.cut_after = 0
    assert stage.full().state is RunState.FAILED

    assert (measured(stage, "people", kind="full"), measured(stage, "people", kind="changes")) == (10, 1)
    assert measured(stage, "duration_seconds", kind="full") == pytest.approx(seconds_of(full))
    assert measured(stage, "duration_seconds", kind="changes") == pytest.approx(seconds_of(changes))


def test_runs_are_counted_by_how_they_stand(stage: Stage, directory: FakeDirectory) -> None:
    stage.full()
    directory.cut_after = 0
    for _ in range(25):  # however many fail, the age is that of the last that did not
        stage.full()
    directory.cut_after = None
    directory.remove(1, 2, 3)
    stage.full()

    counted = {state.value: measured(stage, "runs", state=state.value) for state in RunState}

    assert counted == {"running": 0, "completed": 1, "stopped": 1, "failed": 25, "lost": 0}
    age = measured(stage, "age_seconds")
    assert age is not None
    assert 0 < age < 600


def test_whoever_waits_for_an_approval_is_shown_until_that_is_settled(
    stage: Stage, directory: FakeDirectory
) -> None:
    stage.full()
    assert measured(stage, "awaiting_approval") == 0

    directory.remove(1, 2, 3)
    stopped = stage.full()
    assert measured(stage, "awaiting_approval") == 3
    directory.changed = []
    assert stage.run().kind is RunKind.CHANGES
    assert measured(stage, "awaiting_approval") == 3  # a reading of changes settles nothing

    approve(stage, stopped)
    assert measured(stage, "awaiting_approval") == 0
    assert stage.full().state is RunState.COMPLETED
    assert measured(stage, "awaiting_approval") == 0


def test_a_reading_of_changes_that_stopped_is_settled_by_one_of_everybody(
    stage: Stage, directory: FakeDirectory
) -> None:
    stage.full()
    ids = tuple(entry(number).immutable_id for number in (6, 7, 8))
    directory.changed = [Changes(Page(()), ids)]
    assert stage.run().state is RunState.STOPPED
    assert measured(stage, "awaiting_approval") == 3

    assert stage.full().state is RunState.COMPLETED
    assert measured(stage, "awaiting_approval") == 0
