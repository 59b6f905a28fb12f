"""The tables of the twelve questions: what is computed from many records, or read from the state itself."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

from sso.audit.findings import attacks, claim_use, claims_grown, reach
from sso.audit.found import Found, broken, readable
from sso.audit.query import MAX_PAGE_SIZE, AuditQuery
from sso.audit.questions import Question, Rows, Table, before
from sso.audit.record import AuditRecord, JsonValue
from sso.storage.audit_checkpoints import SqlAuditCheckpoints
from sso.storage.audit_selection import TooManyRecords
from sso.storage.audit_tree import SqlAuditTree
from sso.storage.sessions import SqlSessions

MAX_RECORDS = 200_000
"""What a table may cost where nobody else waits: ten seconds of a processor."""
RECORDS_A_LOOK = 10
"""Looking up when somebody was there before costs as much as reading so many records."""
SILENCE = timedelta(days=90)


@dataclass(slots=True)
class _Allowance:
    """How many records may be read for a table, and which of those that were could not be."""

    most: int
    read: int = 0
    broken: list[str] = field(default_factory=list)

    def take(self, records: int) -> None:
        self.read += records
        if self.read > self.most:
            msg = f"more than {self.most} records: ask for a shorter time"
            raise TooManyRecords(msg)


class LogSearch(Protocol):
    """What finds records, wherever they are kept."""

    def following(self, query: AuditQuery, after: str) -> Sequence[Found]:
        """Return a page of records, oldest first, those after an id, with the entries that are broken."""

    def last_of_each(self, query: AuditQuery, facet: str, names: Collection[str]) -> Mapping[str, datetime]:
        """Return when each of some accounts (`account_id`) or applications (`client_id`) was found last."""


class SqlAuditAnswers:
    """What stands beside the records that a question finds."""

    __slots__ = ("_checkpoints", "_search", "_sessions", "_tree")

    def __init__(
        self,
        search: LogSearch,
        tree: SqlAuditTree,
        checkpoints: SqlAuditCheckpoints,
        sessions: SqlSessions,
    ) -> None:
        self._search = search
        self._tree = tree
        self._checkpoints = checkpoints
        self._sessions = sessions

    def over(self, search: LogSearch) -> "SqlAuditAnswers":
        """Return the same tables, from what another search finds."""
        return SqlAuditAnswers(search, self._tree, self._checkpoints, self._sessions)

    def table(
        self, question: Question, query: AuditQuery, now: datetime, most: int = MAX_RECORDS
    ) -> Rows | None:
        """Return the table of a question, from `most` records at most; None where the records are the answer.

        Raises:
            TooManyRecords: it would need more.
        """
        allowance = _Allowance(most)
        made: Mapping[Table, Callable[[], Rows]] = {
            Table.REACH: lambda: reach(self._oldest_first(query, allowance)),
            Table.ATTACKS: lambda: attacks(self._oldest_first(query, allowance)),
            Table.CLAIMS: lambda: self._claims(query, before(question, query), allowance),
            Table.SESSIONS: lambda: self._living_sessions(query, now),
            Table.DORMANT: lambda: self._awoken(query, before(question, query), allowance),
            Table.LOG: self._log,
        }
        if question.table is None:
            return None
        rows = made[question.table]()
        return replace(rows, broken=tuple(dict.fromkeys(allowance.broken)))

    def _claims(self, query: AuditQuery, earlier: AuditQuery | None, allowance: _Allowance) -> Rows:
        known = {} if earlier is None else claim_use(self._oldest_first(earlier, allowance))
        return claims_grown(known, claim_use(self._oldest_first(query, allowance)))

    def _living_sessions(self, query: AuditQuery, now: datetime) -> Rows:
        living = [
            session
            for account_id in query.involving
            for session in self._sessions.of_account(account_id)
            if session.expires_at > now
        ]
        rows = tuple(
            (
                each.id,
                each.account_id,
                _second(each.auth_time),
                _second(each.last_seen_at),
                _second(each.expires_at),
            )
            for each in living
        )
        return Rows(("session_id", "account_id", "signed_in", "last_seen", "ends"), rows)

    def _awoken(self, query: AuditQuery, earlier: AuditQuery | None, allowance: _Allowance) -> Rows:
        first: dict[str, dict[str, datetime]] = {"client_id": {}, "account_id": {}}
        for record in self._oldest_first(query, allowance):
            for facet, name in (("client_id", record.client_id), ("account_id", record.account_id)):
                if name is not None:
                    first[facet].setdefault(name, record.occurred_at)
        rows: list[tuple[JsonValue, ...]] = []
        for facet, woke_up in first.items():
            allowance.take(RECORDS_A_LOOK * len(woke_up))
            last = {} if earlier is None else self._search.last_of_each(earlier, facet, woke_up.keys())
            rows += [
                (facet, name, _second(last[name]), _second(at), (at - last[name]).days)
                for name, at in woke_up.items()
                if name in last and at - last[name] > SILENCE
            ]
        return Rows(("what", "id", "last_seen_before", "woke_up", "days_of_silence"), tuple(rows))

    def _log(self) -> Rows:
        waiting = self._tree.waiting()
        rows: list[tuple[JsonValue, ...]] = []
        for head in self._tree.heads():
            signed = self._checkpoints.last(head.epoch)
            size, at = (0, "-") if signed is None else (signed.checkpoint.size, _second(signed.signed_at))
            rows.append((head.origin, head.frontier.size, head.minimum_index, size, at, waiting.events))
        columns = ("log", "entries", "kept_from", "signed_entries", "signed_at", "waiting")
        return Rows(columns, tuple(rows))

    def _oldest_first(self, query: AuditQuery, allowance: _Allowance) -> Iterator[AuditRecord]:
        """The records page by page: no more than a page of them is in memory."""
        whole, after = replace(query, limit=MAX_PAGE_SIZE), ""
        while page := self._search.following(whole, after):
            allowance.take(len(page))
            allowance.broken += broken(page)
            yield from readable(page)
            after = page[-1].id


def _second(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
