"""How each vendor tells what changed: RFC 4533, update sequence numbers, or times of modification.

Only what a server says itself counts as a removal. Times show none, and sequence numbers only to an account
that may read the deleted objects, moves to one that may read where they lead. Nothing shows what a moved
branch brought along: the next complete reading finds that.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sso.directory.dn import is_below
from sso.directory.filters import AllOf, AtLeast, Filter, people
from sso.directory.generalized_time import generalized_time
from sso.directory.ldap.deadline import Deadline
from sso.directory.ldap.lookup import IDS_PER_FILTER, by_id, with_ids
from sso.directory.ldap.messages import FoundEntry, Question, SyncAnswer
from sso.directory.ldap.root_dse import RootDse
from sso.directory.ldap.server import Misconfigured
from sso.directory.ldap.session import Session
from sso.directory.ldap.sync_protocol import REFRESH_REQUIRED, REQUEST_OID, EntryState
from sso.directory.ldap.tombstones import UNSEEN, Tombstones
from sso.directory.presets import SYNC_IDS, IdFormat, Vendor
from sso.directory.settings import DirectorySettings
from sso.directory.states import SUCCESS
from sso.directory.sync.reading import Position, PositionLost
from sso.directory.sync_rules import ChangeSource, SyncRules
from sso.directory.verification import DirectoryUnavailable

OVERLAP = timedelta(minutes=10)
CHANGES_MAX_BYTES = 32 * 1024 * 1024
"""More in one answer, and reading everybody in pages is the better way."""
_ENTRIES_AT_ONCE = 500
_MODIFIED = "modifyTimestamp"
_TOO_MUCH = frozenset({3, 4, 11})  # RFC 4511 appendix A: a limit of time, size or administration
MOVES_UNSEEN = "the service account may not search outside of its base: the next full reading finds moves"
_TIMES_SHOW_NO_REMOVAL = "times of modification show no removal: the next full reading finds it"
_UNKNOWN_COOKIE = frozenset({REFRESH_REQUIRED, 53})

Removed = tuple[str, ...]


def source_of(settings: DirectorySettings, rules: SyncRules, root: RootDse) -> ChangeSource:
    """How changes are asked for: as configured, or the best that the server offers."""
    if rules.changes is not ChangeSource.AUTO:
        return rules.changes
    if settings.vendor.is_windows:
        return ChangeSource.USN
    attribute = settings.preset.immutable_attribute.lower()
    if root.has_control(REQUEST_OID) and SYNC_IDS.get(settings.vendor) == attribute:
        return ChangeSource.SYNCREPL
    return ChangeSource.MODIFY_TIMESTAMP


def attributes(source: ChangeSource) -> tuple[str, ...]:
    """What must be asked of entries to know the position that they lead to."""
    return (_MODIFIED,) if source is ChangeSource.MODIFY_TIMESTAMP else ()


@dataclass(slots=True)
class Latest:
    """The latest time of modification among the entries seen: the server's clock, whatever ours shows."""

    at: datetime | None = None

    def see(self, found: Sequence[FoundEntry]) -> None:
        """Look at entries."""
        values = (next(iter(each.attributes.get(_MODIFIED.lower(), ())), b"") for each in found)
        times = [generalized_time(value.decode("ascii", "replace")) for value in values]
        self.at = max((time for time in (self.at, *times) if time is not None), default=None)

    @property
    def position(self) -> Position | None:
        """Where to go on; None when no entry told its time."""
        if self.at is None:
            return None
        return Position(ChangeSource.MODIFY_TIMESTAMP, "", f"{self.at:%Y%m%d%H%M%SZ}".encode())


@dataclass(slots=True)
class Asking:
    """The questions to one server.

    `reached` is the position after the last of them, `remark` what the answers cannot show, or "".
    `referred`: a part of the tree is on another server.
    """

    settings: DirectorySettings
    session: Session
    root: RootDse
    pages: Callable[[Question], Iterator[Sequence[FoundEntry]]]
    question: Callable[[Filter | None, int | None], Question]
    deadline: Callable[[], Deadline]
    server: str
    reached: Position | None = field(default=None, init=False)
    remark: str = field(default="", init=False)
    referred: bool = field(default=False, init=False)

    def start(self, source: ChangeSource) -> Position | None:
        """Where changes begin that are made from now on; None when the server cannot say."""
        match source:
            case ChangeSource.SYNCREPL:
                return self._synchronised_until()
            case ChangeSource.USN:
                return self._highest_number()
            case _:
                return None

    def since(self, position: Position) -> Iterator[tuple[Sequence[FoundEntry], Removed]]:
        """What changed, and whose removal the server tells. Raises PositionLost."""
        match position.source:
            case ChangeSource.SYNCREPL:
                yield from self._refreshed(position)
            case ChangeSource.USN:
                yield from self._renumbered(position)
            case ChangeSource.MODIFY_TIMESTAMP:
                yield from self._modified(position)
            case _:
                raise PositionLost

    def _synchronised_until(self) -> Position | None:
        cookie = first_cookie(self.settings, self.session, self.deadline())
        return Position(ChangeSource.SYNCREPL, self.server, cookie) if cookie else None

    def _refreshed(self, position: Position) -> Iterator[tuple[Sequence[FoundEntry], Removed]]:
        if position.server != self.server:
            raise PositionLost
        question = self.question(None, 0)
        answer = self.session.synchronise(
            Question(
                base_dn=question.base_dn,
                condition=question.condition,
                attributes=question.attributes,
                answer_max_bytes=CHANGES_MAX_BYTES,
            ),
            position.mark,
            self.deadline(),
        )
        cookie = _cookie_of(answer, position.mark)
        self.referred = answer.referred
        ids = [mark.sync_id for mark, _ in answer.entries if mark.state is not EntryState.DELETE]
        gone = {mark.sync_id for mark, _ in answer.entries if mark.state is EntryState.DELETE}
        gone |= {each for message in answer.messages for each in message.ids}
        gone -= set(ids)
        yield (), tuple(sorted(self._immutable(each) for each in gone))
        if self.settings.vendor is Vendor.OPENLDAP:
            found = [entry for mark, entry in answer.entries if mark.state is not EntryState.DELETE]
            for first in range(0, len(found), _ENTRIES_AT_ONCE):
                yield found[first : first + _ENTRIES_AT_ONCE], ()
        else:  # 389-DS sends other attributes than it was asked for: those of state are missing; and no
            yield from self._again([*ids, *sorted(gone)])  # references: looking for who is gone shows them
        self.reached = Position(ChangeSource.SYNCREPL, self.server, cookie)

    def _again(self, ids: Sequence[bytes]) -> Iterator[tuple[Sequence[FoundEntry], Removed]]:
        for first in range(0, len(ids), IDS_PER_FILTER):
            wanted = [self._immutable(each) for each in ids[first : first + IDS_PER_FILTER]]
            for found in self.pages(self.question(with_ids(self.settings, wanted), None)):
                yield found, ()

    def _immutable(self, sync_id: bytes) -> str:
        """The id of RFC 4533 as the immutable id is spelled."""
        if self.settings.preset.id_format is IdFormat.NSUNIQUEID:
            text = sync_id.hex()
            return "-".join(text[place : place + 8] for place in range(0, 32, 8))
        return str(UUID(bytes=sync_id))

    def _highest_number(self) -> Position | None:
        """The update sequence number of this domain controller, and which one it is ([MS-ADTS] 3.1.1.1.9)."""
        told = self._directory_itself()
        if told is None:
            return None
        invocation, number = told
        return Position(ChangeSource.USN, invocation, str(number).encode("ascii"))

    def _renumbered(self, position: Position) -> Iterator[tuple[Sequence[FoundEntry], Removed]]:
        start = self._highest_number()
        if start is None or start.server != position.server or not position.mark.isdigit():
            raise PositionLost
        if int(start.mark) < int(position.mark):
            raise PositionLost  # an older copy of the database: its numbers are given a second time
        removed = Tombstones(self.settings, self.root)
        if not removed.are_seen(self.session, self.deadline()):
            self.remark = UNSEEN
        if start.mark != position.mark:
            number = int(position.mark) + 1
            changes = self.question(AtLeast("uSNChanged", str(number)), None)
            here: set[str] = set()
            for found in self.pages(changes):
                here.update(key for key, _ in by_id(self.settings, found))
                yield found, ()
            if not self.remark:
                for found in self.pages(removed.since(number, changes.page_size)):
                    yield (), tuple(key for key, _ in by_id(self.settings, found))
            yield from self._moved(changes, here)
        self.reached = start

    def _moved(
        self, changes: Question, here: Collection[str]
    ) -> Iterator[tuple[Sequence[FoundEntry], Removed]]:
        """Whose entry is now outside of the base, as far as the account may see there."""
        base_dn = changes.base_dn
        suffix = self.root.suffix_of(base_dn)
        if suffix == base_dn or not is_below(base_dn, suffix):
            return
        anywhere = replace(changes, base_dn=suffix, attributes=(self.settings.preset.immutable_attribute,))
        try:
            for found in self.pages(anywhere):
                known = by_id(self.settings, found)
                elsewhere = (key for key, entry in known if not is_below(entry.dn, base_dn))
                yield (), tuple(key for key in elsewhere if key not in here)
        except Misconfigured:  # the service account may look only below its own base
            self.remark = "; ".join(part for part in (self.remark, MOVES_UNSEEN) if part)

    def _directory_itself(self) -> tuple[str, int] | None:
        service = self.root.attributes.get("dsservicename", ())
        question = Question(base_dn="", condition=None, attributes=("highestCommittedUSN",), base_only=True)
        root = self.session.search(question, self.deadline())
        number = root.entries[0].attributes.get("highestcommittedusn", ()) if root.entries else ()
        if not service or not number or not number[0].isdigit():
            return None
        itself = Question(
            base_dn=service[0].decode("utf-8", "replace"),
            condition=None,
            attributes=("invocationId",),
            base_only=True,
        )
        answer = self.session.search(itself, self.deadline())
        invocation = answer.entries[0].attributes.get("invocationid", ()) if answer.entries else ()
        return (invocation[0].hex(), int(number[0])) if invocation else None

    def _modified(self, position: Position) -> Iterator[tuple[Sequence[FoundEntry], Removed]]:
        at = generalized_time(position.mark.decode("ascii", "replace"))
        if at is None:
            raise PositionLost
        latest = Latest(at)
        since = f"{at.astimezone(UTC) - OVERLAP:%Y%m%d%H%M%SZ}"
        for found in self.pages(self.question(AtLeast(_MODIFIED, since), None)):
            latest.see(found)
            yield found, ()
        self.reached = latest.position
        self.remark = _TIMES_SHOW_NO_REMOVAL


def first_cookie(settings: DirectorySettings, session: Session, deadline: Deadline) -> bytes:
    """A cookie of RFC 4533 and nothing else, b"" from a server that gives none. Raises Unreachable.

    The base itself is no person, and the cookie knows of no scope.
    """
    nobody = Question(
        base_dn=settings.base_dn,
        condition=AllOf(people(settings.person_filter)),
        attributes=("1.1",),
        base_only=True,
    )
    answer = session.synchronise(nobody, None, deadline)
    done = answer.done if answer.result == SUCCESS else None
    return (done.cookie or b"") if done is not None else b""


def _cookie_of(answer: SyncAnswer, before: bytes) -> bytes:
    """The cookie after an answer. Raises PositionLost where the server starts anew or names who is there."""
    if answer.result in _TOO_MUCH | _UNKNOWN_COOKIE:
        raise PositionLost
    if answer.result != SUCCESS:
        message = f"asking for changes was refused (ldap result {answer.result})"
        raise DirectoryUnavailable(message)
    if any(message.present_phase for message in answer.messages):
        raise PositionLost
    if any(mark.state is EntryState.PRESENT for mark, _ in answer.entries):
        raise PositionLost
    if answer.done is None or answer.done.cookie is None:
        return before  # OpenLDAP when nothing changed
    if not answer.done.cookie:
        raise PositionLost  # OpenLDAP for a cookie that it cannot read: everybody was sent
    return answer.done.cookie
