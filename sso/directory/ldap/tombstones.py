"""Who was removed from Active Directory or Samba, as the service account may see it ([MS-ADTS] 3.1.1.5.5).

What is deleted stays for months below CN=Deleted Objects with its objectGUID. An ordinary account may not
list that container, and its searches there find nothing with result 0: whether it may is asked first.
"""

from dataclasses import dataclass

from sso.directory.filters import AllOf, AtLeast, Equals
from sso.directory.ldap.deadline import Deadline
from sso.directory.ldap.messages import Question
from sso.directory.ldap.root_dse import RootDse
from sso.directory.ldap.session import Session
from sso.directory.settings import DirectorySettings

UNSEEN = "the service account may not read CN=Deleted Objects: the next full reading finds removals"
_SHOW_DELETED = ("1.2.840.113556.1.4.417", True, None)  # [MS-ADTS] 3.1.1.3.4.1.14
_IS_DELETED = "isDeleted"


@dataclass(frozen=True, slots=True)
class Tombstones:
    """The deleted objects of the naming context that holds the people of a directory."""

    settings: DirectorySettings
    root: RootDse

    def are_seen(self, session: Session, deadline: Deadline) -> bool:
        """Whether the account may read the container: its own attributes show only then."""
        question = Question(
            base_dn=self._base_dn,
            condition=None,
            attributes=(_IS_DELETED,),
            base_only=True,
            control=_SHOW_DELETED,
        )
        found = session.search(question, deadline).entries
        return bool(found and found[0].attributes.get(_IS_DELETED.lower()))

    def since(self, number: int, page_size: int) -> Question:
        """What asks for the objects that were deleted under that update sequence number or a later one."""
        return Question(
            base_dn=self._base_dn,
            condition=AllOf((Equals(_IS_DELETED, b"TRUE"), AtLeast("uSNChanged", str(number)))),
            attributes=(self.settings.preset.immutable_attribute,),
            page_size=page_size,
            control=_SHOW_DELETED,
        )

    @property
    def _base_dn(self) -> str:
        return f"CN=Deleted Objects,{self.root.suffix_of(self.settings.base_dn)}"
