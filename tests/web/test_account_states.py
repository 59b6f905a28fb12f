"""What a request hears of one account: believed of a few who are absent, doubted of many."""

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
from sso.oidc.state_limits import Asked
from sso.web.account_states import refresh_state
from sso.worker.upkeep import take_in_spooled_events
from tests.faults.access import access_of
from tests.storage.unwritable import unwritable
from tests.worker.directory_stage import staged_without_server
from tests.worker.fake_directory import FakeDirectory, entry

PEOPLE = 12


@dataclass
class Telling:
    """A directory that does not show some people, or calls them something else."""

    said: Mapping[str, Departure]

    def departures(self, immutable_ids: Sequence[str], now: datetime) -> Mapping[str, Departure | None]:
        return {key: self.said.get(key) for key in immutable_ids}


@pytest.mark.parametrize(
    ("departure", "of", "answer", "ended"),
    [
        (Departure.GONE, 1, Asked.ANSWERED, 1),
        (Departure.GONE, PEOPLE, Asked.AWAY, 0),
        (Departure.MOVED, PEOPLE, Asked.AWAY, 0),
        (Departure.DISABLED, PEOPLE, Asked.ANSWERED, 1),
    ],
)
def test_a_directory_that_hides_a_branch_ends_nobody(
    tmp_path: Path, departure: Departure, of: int, answer: Asked, ended: int
) -> None:
    with staged_without_server(tmp_path, "", f"sqlite:///{tmp_path}/hub.db", FakeDirectory()) as stage:
        now = datetime.now(UTC)
        with stage.hub.database.begin(Origin()) as stores:
            for number in range(PEOPLE):
                account = clerks.account_of(entry(number), stage.directory, stores, now)
                assert account is not None
                sessions.begin(
                    SignedInAs(account, assurance_of(frozenset()), None), stores, stage.hub.settings, now
                )
        accounts = sorted(stage.accounts().values(), key=lambda account: account.id)
        said = {str(account.immutable_id): departure for account in accounts[:of]}
        hub = replace(stage.hub, account_states=AccountStates({"civil-affairs": Telling(said)}))

        assert refresh_state(hub, accounts[0].id, Origin()) is answer
        assert sum(account.disabled_at is not None for account in stage.accounts().values()) == ended


def test_who_is_gone_is_ended_by_a_request_although_the_log_cannot_be_written(tmp_path: Path) -> None:
    with staged_without_server(tmp_path, "", f"sqlite:///{tmp_path}/hub.db", FakeDirectory()) as stage:
        with stage.hub.database.begin(Origin()) as stores:
            account = clerks.account_of(entry(1), stage.directory, stores, datetime.now(UTC))
        assert account is not None
        given = access_of(account, stage.hub)
        said = Telling({str(account.immutable_id): Departure.DISABLED})
        hub = replace(stage.hub, account_states=AccountStates({"civil-affairs": said}))

        with unwritable(hub.database):
            answer = refresh_state(hub, account.id, Origin(address="192.0.2.7"))
        take_in_spooled_events(hub)

        (record,) = stage.events("account.disabled")
        assert (answer, given.goes_on(), record.detail["late"]) == (Asked.ANSWERED, False, True)
