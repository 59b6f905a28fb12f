"""What was done with an account, for the person whose it is, and their word that something was not theirs.

The entries are those of the audit log; a report is one more of them (`account.use.reported`), and the log is
the only place where it stands.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sso.audit.event.uses import UseReported, UsesViewed
from sso.audit.found import Found, broken, how_many, readable
from sso.audit.query import MAX_PAGE_SIZE, AuditQuery
from sso.audit.record import AuditRecord, Outcome, is_event_id
from sso.authentication.stores import Stores
from sso.authentication.throttling import REPORTS_A_DAY, ThrottleRules
from sso.oidc.session import Session

SHOWN_FOR = timedelta(days=90)
"""So far back entries are shown, and can be reported."""

PAGE_SIZE = 20
USES = (
    "auth.login.success",
    "session.sso_reused",
    "consent.granted",
    "authz.deferred.allowed",
    "userinfo.accessed",
    "token.exchanged",
    "token.assertion.accepted",
    "credential.password.changed",
    "credential.password.reset",
    "account.linked",
    "account.unlinked",
    "upstream.account.tied",
    "upstream.account.untied",
)
"""What people are shown: where their account went, who read about them, and what became of its ways in.

A code or token follows one of these, so it is not told again. What officers looked at is not shown here.
"""

_SPENT = "use reported"


class Records(Protocol):
    """Where records are found."""

    def search(self, query: AuditQuery) -> Sequence[Found]:
        """Return a page of records, newest first, with the entries that are broken."""
        ...

    def of_ids(self, ids: Collection[str]) -> Mapping[str, AuditRecord]:
        """Return records by id, those that can still be read."""
        ...


class UseStores(Stores, Protocol):
    """The stores of one transaction, and the log to read."""

    @property
    def audit_search(self) -> Records: ...  # noqa: D102 - the noun says it


class UseUnknown(Exception):
    """There is no such entry, or it is somebody else's, or nothing that can be reported."""


@dataclass(frozen=True, slots=True)
class Uses:
    """A page of entries, newest first; `older` is what the next page comes after, None at the end.

    `broken` counts those that should be among them and cannot be read.
    """

    entries: Sequence[AuditRecord]
    older: str | None
    broken: int


@dataclass(frozen=True, slots=True)
class Word:
    """Somebody says, in `session`, that an entry of their account was not them.

    `ended` counts the other sessions that they have just ended, None where they left them.
    """

    session: Session
    record: AuditRecord
    ended: int | None = None


def look(session: Session, before: str | None, stores: UseStores, now: datetime) -> Uses:
    """Return a page of what was done with the account of a session, and record that somebody looked.

    Raises:
        UseUnknown: `before` is no id of a record.
    """
    if before is not None and not is_event_id(before):
        raise UseUnknown
    asked = AuditQuery(
        since=now - SHOWN_FOR,
        until=now,
        events=USES,
        outcome=Outcome.SUCCESS,
        account_id=session.account_id,
        before=before,
        limit=PAGE_SIZE + 1,
    )
    found = stores.audit_search.search(asked)
    page = found[:PAGE_SIZE]
    entries, unreadable = readable(page), broken(page)
    seen = UsesViewed(
        account_id=session.account_id,
        session_id=session.id,
        results=len(entries),
        broken=how_many(unreadable),
    )
    stores.audit.append(seen, now)
    return Uses(entries, page[-1].id if len(found) > PAGE_SIZE else None, len(unreadable))


def use_of(session: Session, record_id: str, stores: UseStores, now: datetime) -> AuditRecord:
    """Return one entry of the account of a session.

    Raises:
        UseUnknown: there is none; somebody else's is answered like one that was never there.
    """
    record = stores.audit_search.of_ids({record_id}).get(record_id) if is_event_id(record_id) else None
    if record is None or record.account_id != session.account_id:
        raise UseUnknown
    if record.event not in USES or record.outcome is not Outcome.SUCCESS:
        raise UseUnknown
    if record.occurred_at < now - SHOWN_FOR:
        raise UseUnknown
    return record


def reports_of(session: Session, stores: UseStores, now: datetime) -> Mapping[str, AuditRecord]:
    """Return the reports of an account by the id of the entry that each is about."""
    asked = AuditQuery(
        since=now - SHOWN_FOR,
        until=now + timedelta(seconds=1),
        events=(UseReported.code,),
        account_id=session.account_id,
        limit=MAX_REPORTS,
    )
    reports = readable(stores.audit_search.search(asked))
    return {str(each.detail.get("record_id")): each for each in reports}


def report(word: Word, rules: ThrottleRules, stores: UseStores, now: datetime) -> None:
    """Record, once for each entry, that it was not the person.

    Raises:
        Throttled: more than REPORTS_A_DAY of this account.
    """
    session, record = word.session, word.record
    if record.id in reports_of(session, stores, now):
        return
    rules.count_report(session.account_id, stores, now)
    if not stores.one_time_values.spend(_SPENT, record.id, record.occurred_at + SHOWN_FOR + _A_DAY):
        return
    told = UseReported(
        account_id=session.account_id,
        session_id=session.id,
        record_id=record.id,
        reported=record.event,
        ended=word.ended,
    )
    stores.audit.append(told, now)


_A_DAY = timedelta(days=1)
MAX_REPORTS = min(MAX_PAGE_SIZE, REPORTS_A_DAY * (SHOWN_FOR // _A_DAY + 1))
"""No account has more: so many are read at once."""
