"""Reading a whole directory, or what changed in it: one conversation with one server.

Everybody is read in pages (RFC 2696). A reading that does not end with result 0 and an empty cookie raises:
ldap3's own paging would end quietly at a size limit, and whoever was cut off would look as if they had left.
"""

from collections.abc import Callable, Iterator, Sequence

from sso.directory.entry import Entry
from sso.directory.filters import AllOf, Filter, people
from sso.directory.ldap import changed
from sso.directory.ldap.deadline import Deadline, DeadlineExceeded
from sso.directory.ldap.group_reading import attributes
from sso.directory.ldap.group_source import FEW, GroupSource
from sso.directory.ldap.lookup import entry_of, search_failure
from sso.directory.ldap.messages import FoundEntry, Question, SearchAnswer
from sso.directory.ldap.root_dse import RootDse, root_dse_of
from sso.directory.ldap.server import BUSY_CODES, LdapServer, Misconfigured
from sso.directory.ldap.session import Session
from sso.directory.ldap.sharing import shared_among
from sso.directory.ldap.transport import Stage, Unreachable
from sso.directory.settings import DirectorySettings
from sso.directory.states import SUCCESS
from sso.directory.sync.reading import Changes, Page, Position, PositionLost
from sso.directory.sync_rules import ChangeSource, SyncRules

PAGE_MAX_BYTES = 64 * 1024 * 1024
"""Of one page; a thousand people with a photograph each are not asked for one."""
_DEAR = frozenset({"msDS-User-Account-Control-Computed", "msDS-UserPasswordExpiryTimeComputed"})
"""Computed for each entry anew; locks and ends of passwords, of which a reading keeps nothing."""
_UNTOLD = "the server does not tell what changes by {}: everybody is read each time"
_SHARED = "ids that two entries show, none of which was taken in: {} (`sso directory conflicts`)"
_REFERRED = "the directory refers to another server for a part of it: nobody was taken for absent"


class LdapReader:
    """`sso.directory.sync.reading.Reader` over a session of the service account's own."""

    def __init__(self, settings: DirectorySettings, server: LdapServer) -> None:
        self._settings = settings
        self._rules = settings.sync or SyncRules()
        self._server = server
        with _late():
            self._session: Session = server.open_as_service(self._deadline())
            self._root: RootDse = root_dse_of(self._session, self._deadline())
        self._source = changed.source_of(settings, self._rules, self._root)
        self.position_reached: Position | None = None
        self.remark = ""
        self.referred = False
        self._groups: GroupSource | None = None
        self._shared: set[str] = set()
        self._aside: Session | None = None

    def everybody(self) -> Iterator[Page]:
        """Every person below the base, to the last page; the position is that of the beginning."""
        with _late():
            start = self._asking().start(self._source)
        latest = changed.Latest()
        self._groups = self._source_of_groups(one_by_one=0)
        for found in self.pages(self.question(None)):
            latest.see(found)
            yield self._page(found)
        self.position_reached = latest.position if self._source is ChangeSource.MODIFY_TIMESTAMP else start
        is_untold = start is None and self._source in {ChangeSource.SYNCREPL, ChangeSource.USN}
        shown = "" if self._groups is None else self._groups.unshown
        self._note(_UNTOLD.format(self._source) if is_untold else "", shown)

    def changes(self, since: Position) -> Iterator[Changes]:
        """What changed since a position. Raises PositionLost when the server does not know."""
        if since.source is not self._source:
            raise PositionLost
        asking = self._asking()
        self._groups = self._source_of_groups(one_by_one=FEW)
        with _late():
            for found, removed in asking.since(since):
                yield Changes(self._page(found), removed)
        self.position_reached = asking.reached
        self.referred = self.referred or asking.referred
        self._note(asking.remark)

    def pages(self, question: Question) -> Iterator[Sequence[FoundEntry]]:
        """Every page of an answer. Raises unless the last one says it is last."""
        for answer in self._pages_in(self._session, question):
            self.referred = self.referred or answer.referred
            yield answer.entries

    def _pages_in(self, session: Session, question: Question) -> Iterator[SearchAnswer]:
        cookie = b""
        while True:
            with _late():
                answer = session.search(question, self._deadline(), cookie)
            if answer.result in BUSY_CODES:
                raise Unreachable(Stage.TALK, f"the reading got no verdict (ldap result {answer.result})")
            if answer.result != SUCCESS:
                message = f"the reading was cut short: {search_failure(answer.result)}"
                raise Misconfigured(message)
            yield answer
            cookie = answer.cookie
            if not cookie:
                return

    def question(self, condition: Filter | None, page_size: int | None = None) -> Question:
        """What is asked of every person who also meets a condition."""
        settings = self._settings
        who = people(settings.person_filter)
        wanted = (*settings.attributes, *changed.attributes(self._source), *attributes(settings))
        return Question(
            base_dn=settings.base_dn,
            condition=AllOf((*who, condition) if condition is not None else who),
            attributes=tuple({name.lower(): name for name in wanted if name not in _DEAR}.values()),
            domain_scope=settings.preset.domain_scope,
            page_size=self._rules.page_size if page_size is None else page_size,
            answer_max_bytes=PAGE_MAX_BYTES,
        )

    def close(self) -> None:
        """End the conversation. Never raises."""
        self._session.close()
        if self._aside is not None:
            self._aside.close()

    def _asking(self) -> changed.Asking:
        return changed.Asking(
            self._settings,
            self._session,
            self._root,
            self.pages,
            self.question,
            self._deadline,
            str(self._server.address),
        )

    def _deadline(self) -> Deadline:
        return Deadline.after(self._rules.page_seconds)

    def _page(self, found: Sequence[FoundEntry]) -> Page:
        entries: dict[str, Entry] = {}
        unusable = 0
        shared = shared_among(self._settings, found, self.pages_aside)
        self._shared |= shared.keys()
        for each in found:
            try:
                entry = entry_of(self._settings, each)
            except Misconfigured:
                unusable += 1
                continue
            if entry.immutable_id in self._shared:
                continue
            entries[entry.immutable_id] = entry if self._groups is None else self._groups.with_groups(entry)
        return Page(tuple(entries.values()), unusable, tuple(shared.values()))

    def _source_of_groups(self, one_by_one: int) -> GroupSource | None:
        rules = self._settings.groups
        if rules is None:
            return None
        suffix = self._root.suffix_of(self._settings.base_dn)
        return GroupSource(self._settings, rules, suffix, self.pages_aside, one_by_one)

    def pages_aside(self, question: Question) -> Iterator[Sequence[FoundEntry]]:
        """In a session of their own: OpenLDAP keeps one paged search in each, and that is the people's."""
        if self._aside is None:
            with _late():
                self._aside = self._server.open_as_service(self._deadline())
        for answer in self._pages_in(self._aside, question):
            yield answer.entries

    def _note(self, *remarks: str) -> None:
        groups = "" if self._groups is None else self._groups.remark
        shared = _SHARED.format(len(self._shared)) if self._shared else ""
        all_of_them = (*remarks, groups, shared, _REFERRED if self.referred else "")
        self.remark = "; ".join(remark for remark in all_of_them if remark)


class _late:
    """A page that is late is a server that does not answer."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, DeadlineExceeded):
            raise Unreachable(Stage.TALK, "no answer in time") from error


def opened(servers: Sequence[LdapServer], open_one: Callable[[LdapServer], LdapReader]) -> LdapReader:
    """A reader of the first server that lets itself be read. Raises DirectoryUnavailable."""
    failure: Unreachable | None = None
    for server in servers:
        try:
            return open_one(server)
        except Unreachable as error:
            failure = error
    raise failure or Unreachable(Stage.CONNECT, "the directory has no server")
