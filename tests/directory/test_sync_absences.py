"""How many absences at once the state poll believes."""

import pytest

from sso.directory.sync.absences import may_be_gone
from sso.directory.sync_rules import SyncRules


@pytest.mark.parametrize(
    ("absent", "asked", "people", "believed"),
    [
        (1, 1, 50, True),
        (1, 12, 50, True),
        (2, 12, 50, False),
        (2, 51, 50, True),
        (50, 10_000, 50, True),
        (51, 10_000, 50, False),
        (2_000, 10_000, 50, False),
        (1, 12, 0, False),
        (0, 12, 0, True),
    ],
)
def test_no_more_are_believed_than_may_leave_in_a_day(
    absent: int, asked: int, people: int, *, believed: bool
) -> None:
    assert may_be_gone(absent, asked, SyncRules(shrink_people=people)) is believed
