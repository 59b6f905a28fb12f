"""How many people whose states are asked may be absent at once before that is the directory's fault."""

from sso.directory.sync.guard import allowance
from sso.directory.sync_rules import SyncRules


def may_be_gone(absent: int, asked: int, rules: SyncRules) -> bool:
    """Whether so many of the people who are signed in and were asked about may have left at once.

    No more than may leave in a day of as many: one may always, unless the rules let nobody go unasked.
    """
    return absent <= allowance(asked, rules)
