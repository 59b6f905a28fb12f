"""The rounds of the state poll: who is certain goes at once, who is absent only when all were asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sso.audit.record import Origin
from sso.authentication import clerks, sessions
from sso.authentication.account_states import AccountStates
from sso.authentication.evidence import assurance_of
from sso.authentication.sessions import SignedInAs
from sso.directory.person import Departure
from sso.directory.verification import DirectoryUnavailable
from sso.worker import state_poll
from sso.worker.state_poll import StatePoll
from tests.worker.directory_stage import Stage, staged_without_server
from tests.worker.fake_directory import FakeDirectory, entry


@dataclass
class CutOff:
    """A directory that says why people left, and is away after some questions."""

    said: Mapping[str, Departure]
    questions: int

    def departures(self, immutable_ids: Sequence[str], now: datetime) -> Mapping[str, Departure | None]:
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


def test_a_directory_that_goes_away_takes_back_nothing_that_it_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state_poll, "BATCH", 2)
    with staged_without_server(tmp_path, "", f"sqlite:///{tmp_path}/hub.db", FakeDirectory()) as stage:
        now = datetime.now(UTC)
        with stage.hub.database.begin(Origin()) as stores:
            for number in range(4):
                account = clerks.account_of(entry(number), stage.directory, stores, now)
                assert account is not None
                who = SignedInAs(account, assurance_of(frozenset()), None)
                sessions.begin(who, stores, stage.hub.settings, now)
        first, second, *_ = sorted(stage.accounts().values(), key=lambda account: account.id)
        said = {str(first.immutable_id): Departure.LOCKED, str(second.immutable_id): Departure.GONE}

        with pytest.raises(DirectoryUnavailable):
            poll_of(stage, CutOff(said, questions=1)).once()
        cut_off = disabled(stage)
        ended = poll_of(stage, CutOff(said, questions=2)).once()

        assert cut_off == {first.login_name: "locked"}
        assert ended == 1
        assert disabled(stage) == {first.login_name: "locked", second.login_name: "gone"}
