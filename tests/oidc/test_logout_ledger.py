"""The ledger of a sign-out: one reading of notices and frames for page, command and log."""

from dataclasses import replace

import pytest

from sso.oidc.logout_ledger import Channel, Standing, ledger, surest
from sso.oidc.notice import LogoutFrame, LogoutNotice
from tests.oidc.examples import MINUTE, NOW
from tests.oidc.test_front_channel_logout import FRAME
from tests.oidc.test_notice import notice

TRIED = replace(notice(3), next_attempt_at=NOW + MINUTE, last_error="ConnectError")


@pytest.mark.parametrize(
    ("told", "standing"),
    [
        (TRIED, Standing.WAITING),
        (replace(TRIED, delivered_at=NOW), Standing.CONFIRMED),
        (replace(TRIED, gave_up_at=NOW), Standing.GIVEN_UP),
    ],
)
def test_a_notice_stands_where_its_last_attempt_left_it(told: LogoutNotice, standing: Standing) -> None:
    (line,) = ledger(["housing"], [told], [])

    assert (line.channel, line.standing, line.attempts) == (Channel.BACK, standing, 3)
    assert (line.next_attempt_at is None) is (standing is not Standing.WAITING)


@pytest.mark.parametrize(
    ("frame", "standing"),
    [
        (FRAME, Standing.NOT_SENT),
        (replace(FRAME, sent_at=NOW), Standing.SENT),
        (replace(FRAME, sent_at=NOW, loaded_at=NOW), Standing.LOADED),
        (replace(FRAME, sent_at=NOW, failed_at=NOW), Standing.NOT_LOADED),
    ],
)
def test_a_frame_never_counts_as_confirmed(frame: LogoutFrame, standing: Standing) -> None:
    (line,) = ledger(["housing"], [], [frame])

    assert (line.channel, line.standing) == (Channel.FRONT, standing)


def test_a_client_without_any_channel_is_named_as_not_told() -> None:
    (line,) = ledger(["housing"], [], [])

    assert (line.client_id, line.channel, line.standing) == ("housing", Channel.NONE, Standing.NOT_TOLD)


def test_clients_stand_as_they_joined_and_a_removed_one_at_the_end() -> None:
    lines = ledger(["library", "housing"], [replace(TRIED, client_id="gone")], [FRAME])

    assert [line.client_id for line in lines] == ["library", "housing", "gone"]


def test_of_two_channels_the_one_that_can_confirm_speaks_for_the_client() -> None:
    lines = ledger(["housing"], [TRIED], [replace(FRAME, sent_at=NOW, loaded_at=NOW)])

    assert [line.channel for line in lines] == [Channel.BACK, Channel.FRONT]
    assert surest(lines) == (lines[0],)
