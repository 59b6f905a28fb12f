"""What a domain controller shows of changes to an account that may see little of it: without a server."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sso.directory.filters import Filter
from sso.directory.ldap.changed import MOVES_UNSEEN, Asking
from sso.directory.ldap.deadline import Deadline
from sso.directory.ldap.messages import FoundEntry, Question, SearchAnswer
from sso.directory.ldap.root_dse import RootDse
from sso.directory.ldap.server import Misconfigured
from sso.directory.presets import Vendor
from sso.directory.states import SUCCESS
from sso.directory.sync.reading import Position
from sso.directory.sync_rules import ChangeSource
from tests.directory.examples import settings

SUFFIX = "dc=civil,dc=example"
SERVICE = f"cn=ntds,{SUFFIX}"


@dataclass
class Controller:
    """A domain controller at number 9 with what it says of itself and of its deleted objects."""

    def search(self, question: Question, deadline: Deadline) -> SearchAnswer:
        told: dict[str, tuple[bytes, ...]] = {
            "highestcommittedusn": (b"9",),
            "invocationid": (b"\x01" * 16,),
            "isdeleted": (b"TRUE",),
        }
        return SearchAnswer(SUCCESS, (FoundEntry(question.base_dn, told),))


def test_who_may_not_search_outside_of_the_base_still_learns_what_changed_below_it() -> None:
    base = settings(vendor=Vendor.ACTIVE_DIRECTORY)
    changed = FoundEntry(f"cn=bolor,{base.base_dn}", {"objectguid": (b"\x02" * 16,)})

    def pages(question: Question) -> Iterator[Sequence[FoundEntry]]:
        if question.base_dn == SUFFIX:
            raise Misconfigured("the reading was cut short: insufficient access rights")
        yield [changed] if question.base_dn == base.base_dn else []

    def question(condition: Filter | None, page_size: int | None) -> Question:
        return Question(base_dn=base.base_dn, condition=condition, attributes=("objectGUID",))

    root = RootDse({"defaultnamingcontext": (SUFFIX.encode(),), "dsservicename": (SERVICE.encode(),)})
    session = cast("Any", Controller())
    asking = Asking(base, session, root, pages, question, lambda: Deadline.after(1), "dc1:636")

    told = list(asking.since(Position(ChangeSource.USN, ("01" * 16), b"7")))

    assert [each for found, _ in told for each in found] == [changed]
    assert asking.remark == MOVES_UNSEEN
    assert asking.reached == Position(ChangeSource.USN, "01" * 16, b"9")
