"""The rounds of the state poll: who is certain goes at once, who is absent only when all were asked."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sso.audit.record import Origin
from sso.authentication import clerks, sessions
from sso.authentication.account_states import AccountStates
from sso.authentication.evidence import assurance_of
from sso.authentication.sessions import SignedInAs
from sso.directory.person import Account, Departure
from sso.directory.verification import DirectoryUnavailable
from sso.worker import run, state_poll
from sso.worker.state_poll import StatePoll
from tests.worker.directory_stage import Stage, staged_without_server
from tests.worker.fake_directory import FakeDirectory, entry


@dataclass
class CutOff:
    """A directory that says why people left, and is away after some questions."""

    said: Mapping[str, Departure]
    questions: int
    asked: Callable[[], None] = lambda: None

    def departures(self, immutable_ids: Sequence[str], now: datetime) -> Mapping[str, Departure | None]:
        self.asked()
        self.questions -= 1
        if self.questions < 0:
            raise DirectoryUnavailable
        return {key: self.said.get(key) for key in immutable_ids}


def poll_of(stage: Stage, directory: CutOff) -> StatePoll:
    states = AccountStates({"civil-affairs": directory})
    return StatePoll(replace(stage.hub, account_states=states), stage.directory)


def disabled(stage: Stage) -> dict[str, str]:
    return {
        name: account.disabled_for.value
        for name, account in stage.accounts().items()
        if account.disabled_for is not None
    }


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """Four clerks who are signed in, and two of them in a batch."""
    monkeypatch.setattr(state_poll, "BATCH", 2)
    with staged_without_server(tmp_path, "", f"sqlite:///{tmp_path}/hub.db", FakeDirectory()) as made:
        now = datetime.now(UTC)
        with made.hub.database.begin(Origin()) as stores:
            for number in range(4):
                account = clerks.account_of(entry(number), made.directory, stores, now)
                assert account is not None
                who = SignedInAs(account, assurance_of(frozenset()), None)
                sessions.begin(who, stores, made.hub.settings, now)
        yield made


def two_of(stage: Stage) -> tuple[Account, Account, Mapping[str, Departure]]:
    """Two clerks of the first batch: one who is locked, one who is gone."""
    locked, gone, *_ = sorted(stage.accounts().values(), key=lambda account: account.id)
    said = {str(locked.immutable_id): Departure.LOCKED, str(gone.immutable_id): Departure.GONE}
    return locked, gone, said


def test_a_directory_that_goes_away_takes_back_nothing_that_it_said(stage: Stage) -> None:
    first, second, said = two_of(stage)
    stop = threading.Event()

    with pytest.raises(DirectoryUnavailable):
        poll_of(stage, CutOff(said, questions=1)).once(stop)
    cut_off = disabled(stage)
    ended = poll_of(stage, CutOff(said, questions=2)).once(stop)

    assert cut_off == {first.login_name: "locked"}
    assert ended == 1
    assert disabled(stage) == {first.login_name: "locked", second.login_name: "gone"}


def test_a_round_ends_after_the_question_under_way_and_judges_nobody_by_absence(stage: Stage) -> None:
    first, _, said = two_of(stage)
    stop = threading.Event()
    directory = CutOff(said, questions=1, asked=stop.set)

    ended = poll_of(stage, directory).once(stop)

    assert ended == 1
    assert disabled(stage) == {first.login_name: "locked"}


def test_more_absences_at_once_than_may_leave_end_nobody_and_are_on_record(stage: Stage) -> None:
    first, second, _ = two_of(stage)
    said = dict.fromkeys((str(first.immutable_id), str(second.immutable_id)), Departure.GONE)
    poll = poll_of(stage, CutOff(said, questions=9))

    assert poll.once(threading.Event()) == 0
    assert disabled(stage) == {}
    told = [event.detail for event in stage.events("directory.states.doubted")]
    assert [(facts["absent"], facts["asked"]) for facts in told] == [(2, 4)]

    said.popitem()
    assert poll.once(threading.Event()) == 1
    assert disabled(stage) == {first.login_name: "gone"}


@dataclass
class Silent:
    """A directory that says nothing of some people, as one that refers to another server."""

    of: int

    def departures(self, immutable_ids: Sequence[str], now: datetime) -> Mapping[str, Departure | None]:
        said = immutable_ids[self.of :]
        return dict.fromkeys(said)


def test_that_a_directory_is_silent_is_said_once_and_again_when_it_begins_anew(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    directory, told = Silent(0), []
    states = AccountStates({"civil-affairs": directory})
    poll = StatePoll(replace(stage.hub, account_states=states), stage.directory)

    for directory.of in (0, 1, 2, 1, 0, 1):
        caplog.clear()
        poll.once(threading.Event())
        told.append(
            [record.__dict__["accounts"] for record in caplog.records if "does not say" in record.msg]
        )

    assert told == [[], [2], [], [], [], [2]]


def test_a_frozen_directory_does_not_hold_up_the_end_of_the_worker(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "END_SECONDS", 0.05)
    asked, thawed, stop = threading.Event(), threading.Event(), threading.Event()

    def freeze() -> None:
        asked.set()
        thawed.wait(30)

    hub = poll_of(stage, CutOff({}, questions=9, asked=freeze)).hub
    worker = threading.Thread(target=run.run, args=(hub, stop), daemon=True)
    worker.start()
    try:
        assert asked.wait(30)
        stop.set()
        worker.join(10)
        assert not worker.is_alive()
    finally:
        stop.set()
        thawed.set()
        for thread in threading.enumerate():
            if thread.name == "states of civil-affairs":
                thread.join(30)
