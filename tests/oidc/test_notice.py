"""When a client is told again that did not confirm: soon, then seldom, for eight hours and no longer."""

from datetime import datetime, timedelta

import pytest

from sso.oidc.notice import LogoutNotice
from tests.oidc.examples import HOUR, NOW, SECOND

EIGHT_HOURS = 8 * HOUR


def notice(attempts: int) -> LogoutNotice:
    return LogoutNotice(
        id="n",
        session_id="session-1",
        account_id="account-1",
        client_id="housing",
        sub="s",
        uri="https://housing.example/logout",
        include_sid=True,
        attempts=attempts,
        created_at=NOW,
        next_attempt_at=NOW,
    )


@pytest.mark.parametrize(
    ("attempts", "seconds"), [(1, 2), (2, 5), (3, 15), (4, 60), (5, 300), (6, 900), (7, 900), (500, 900)]
)
def test_each_failure_is_followed_by_a_longer_wait_up_to_a_quarter_of_an_hour(
    attempts: int, seconds: int
) -> None:
    assert notice(attempts).next_attempt(EIGHT_HOURS, NOW) == NOW + seconds * SECOND


def attempts_of_a_client_that_never_confirms(retry_for: timedelta) -> list[datetime]:
    made: list[datetime] = []
    due: datetime | None = NOW
    while due is not None:
        made.append(due)
        due = notice(len(made)).next_attempt(retry_for, due)
    return made


def test_the_last_attempt_is_made_when_the_eight_hours_are_over_and_not_before() -> None:
    made = attempts_of_a_client_that_never_confirms(EIGHT_HOURS)

    assert made[-1] == NOW + EIGHT_HOURS
    assert len(made) == 38


def test_an_attempt_that_came_late_is_the_last_one() -> None:
    assert notice(3).next_attempt(EIGHT_HOURS, NOW + EIGHT_HOURS + SECOND) is None


def test_a_shorter_patience_ends_at_its_own_time() -> None:
    made = attempts_of_a_client_that_never_confirms(10 * SECOND)

    assert made == [NOW, NOW + 2 * SECOND, NOW + 7 * SECOND, NOW + 10 * SECOND]
