"""The shrink guard: a few people leave a department every day; half of it leaving is somebody's mistake."""

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from sso.directory.sync_rules import SyncRules


@dataclass(frozen=True, slots=True, kw_only=True)
class Shrink:
    """How many people there are, how many of them would leave, and how many left within the last day.

    Those whom somebody has approved count neither as leaving nor as having left.
    """

    present: int
    leaving: int
    left_lately: int = 0


def may_shrink(shrink: Shrink, rules: SyncRules) -> bool:
    """Whether so many may leave without anybody being asked.

    No more than `shrink_people`, no more than `shrink_percent` of all (rounded up, so that in a small
    department one person may leave), and never everybody. What left within a day counts together, or a
    directory that loses fifty at each run would be empty by the evening.
    """
    if not shrink.leaving:
        return True
    if shrink.leaving >= shrink.present:
        return False
    together = shrink.leaving + shrink.left_lately
    return together <= allowance(shrink.present + shrink.left_lately, rules)


def allowance(people: int, rules: SyncRules) -> int:
    """How many of so many people may leave in a day unasked."""
    share = Decimal(people) * Decimal(str(rules.shrink_percent)) / 100
    return min(rules.shrink_people, int(share.to_integral_value(ROUND_CEILING)))
