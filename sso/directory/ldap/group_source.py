"""The groups of those who are read: of a few as a sign-in asks for them, of many read once for all.

A question for each person would take hours where everybody is read, and reading the groups takes seconds
where one person changed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from sso.directory.entry import Entry
from sso.directory.groups import Group, GroupRules
from sso.directory.ldap.group_reading import Known, Pages, are_with_the_entry, groups_of_everybody
from sso.directory.ldap.membership import TooManyGroups, groups_of
from sso.directory.ldap.messages import FoundEntry, Question
from sso.directory.ldap.server import Misconfigured
from sso.directory.presets import GroupStrategy
from sso.directory.settings import DirectorySettings

FEW = 100
"""People of one reading of changes who are asked for one by one."""


@dataclass(slots=True)
class GroupSource:
    """What one reading knows of groups. `suffix` holds all of the directory; `one_by_one` are the first few.

    `remark` says why groups are not known, or "".
    """

    settings: DirectorySettings
    rules: GroupRules
    suffix: str
    pages: Pages
    one_by_one: int
    remark: str = field(default="", init=False)
    _known: Known | None = field(default=None, init=False)
    _met: bool = field(default=False, init=False)

    def with_groups(self, entry: Entry) -> Entry:
        """The entry with its groups; None of them where they cannot be told. Raises Unreachable."""
        try:
            return replace(entry, groups=self._groups_of(entry))
        except TooManyGroups:
            return entry
        except Misconfigured as error:
            self.remark = f"groups were not read, and stay as they were known: {error}"
            self._known, self.one_by_one = lambda _: None, 0
            return entry

    @property
    def unshown(self) -> str:
        """What is said when everybody was read and no entry named a group; "" when one did, or none is to."""
        words = self.rules.words
        if self._met or words.strategy is not GroupStrategy.MEMBER_OF:
            return ""
        return f"no entry shows {words.member_of_attribute}: everybody was taken to be in no group"

    def _groups_of(self, entry: Entry) -> tuple[Group, ...] | None:
        if are_with_the_entry(self.rules):
            groups = groups_of(entry, self.rules, lambda _: ())
            self._met = self._met or bool(groups)
            return groups
        if self.one_by_one:
            self.one_by_one -= 1
            return groups_of(entry, self.rules, self._all)
        if self._known is None:
            self._known = groups_of_everybody(self.settings, self.rules, self.suffix, self.pages)
        return self._known(entry)

    def _all(self, question: Question) -> Sequence[FoundEntry]:
        return [found for page in self.pages(question) for found in page]
