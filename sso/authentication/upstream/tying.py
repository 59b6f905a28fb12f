"""An account at an upstream as one more way to sign in to a citizen's account here.

By proof of both, or by an officer's decision; never by an equal name or mail address. Every function works
inside the caller's transaction and records what it did. What the hub knows of the person stays as it is.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from sso.audit.event.upstream import UpstreamAccountTied, UpstreamAccountUntied
from sso.authentication import sessions
from sso.authentication.kept_accounts import usable
from sso.authentication.linking import Decision, LinkRefused, Obstacle
from sso.authentication.upstream.accounts import is_made_there
from sso.authentication.upstream.settings import UpstreamSettings
from sso.authentication.upstream.stores import Stores
from sso.directory.person import Account, AccountKind
from sso.oidc.session import Session, SessionEnd


@dataclass(frozen=True, slots=True)
class AccountThere:
    """Somebody whom an upstream knows, by the claim that never changes (`Vouchee.identifier`)."""

    upstream: UpstreamSettings
    identifier: str = field(repr=False)


def obstacle(account: Account, there: AccountThere, decision: Decision, stores: Stores) -> Obstacle | None:
    """Return why the account there cannot become a way into the account here, or None.

    An account that was made for somebody there follows what the platform says of them, so that only an
    officer says who they are now.
    """
    if account.kind is not AccountKind.CITIZEN or there.upstream.directory is not None:
        return Obstacle.NO_CITIZEN
    if (reason := _unmovable(account, stores)) is not None:
        return reason
    known = stores.upstreams.account_of(there.upstream.id, there.identifier)
    if known is not None:
        return Obstacle.SAME_PERSON if known == account.id else Obstacle.TAKEN
    if there.upstream.id in stores.upstreams.ties_of(account.id):
        return Obstacle.ONE_THERE
    made_there = is_made_there(account, there.upstream)
    return Obstacle.MADE_THERE if made_there and decision.is_proven else None


def tie(account: Account, there: AccountThere, decision: Decision, stores: Stores, now: datetime) -> None:
    """Let whoever the upstream vouches for as this somebody sign in to the account.

    Raises:
        LinkRefused: as `obstacle` says, of the account as it is now.
    """
    account = _locked(account, stores)
    if (reason := obstacle(account, there, decision, stores)) is not None:
        raise LinkRefused(reason)
    if not stores.upstreams.link(there.upstream.id, there.identifier, account.id, now):
        raise LinkRefused(Obstacle.TAKEN)
    event = UpstreamAccountTied(
        account_id=account.id,
        person_id=account.person_id,
        upstream_id=there.upstream.id,
        rule=decision.rule,
        reason=decision.reason or None,
    )
    stores.audit.append(event, now)


@dataclass(frozen=True, slots=True)
class Untying:
    """Which tie ends and by whose decision.

    `usable_upstreams` are those at which citizens can sign in now; `staying` is the session of the person who
    decides, if they do.
    """

    upstream_id: str
    usable_upstreams: Collection[str]
    decision: Decision
    staying: Session | None = None


def untie(account: Account, untying: Untying, stores: Stores, now: datetime) -> bool:
    """End the tie, the sessions that began there and every grant of theirs; false if there was none.

    Grants go with them that outlived their sessions, too; the session of who decides goes on with its own.
    By an officer's decision every session of the account ends, as when accounts are unlinked.

    Raises:
        LinkRefused: nobody could sign in to the account any more, or its person is an officer.
    """
    account = _locked(account, stores)
    ties = stores.upstreams.ties_of(account.id)
    if untying.upstream_id not in ties:
        return False
    if _has_role(account, stores):
        raise LinkRefused(Obstacle.ROLE)
    others = {*ties} & {*untying.usable_upstreams} - {untying.upstream_id}
    if not others and stores.credentials.get(account.id) is None:
        raise LinkRefused(Obstacle.LAST_WAY)
    stores.upstreams.untie(untying.upstream_id, account.id)
    event = UpstreamAccountUntied(
        account_id=account.id,
        person_id=account.person_id,
        upstream_id=untying.upstream_id,
        rule=untying.decision.rule,
        reason=untying.decision.reason or None,
    )
    stores.audit.append(event, now)
    _end_sessions(account, untying, stores, now)
    return True


def _end_sessions(account: Account, untying: Untying, stores: Stores, now: datetime) -> None:
    if not untying.decision.is_proven:
        sessions.end_every(account.id, SessionEnd.OFFICER, stores, now, untying.decision.reason)
        return
    staying_id = None if untying.staying is None else untying.staying.id
    for session_id in stores.upstreams.sessions_begun(untying.upstream_id, account.id):
        if session_id == staying_id:
            continue
        if (session := stores.sessions.by_id(session_id)) is not None:
            sessions.end(session, SessionEnd.UPSTREAM, stores, now)
        stores.grants.revoke_of_session(session_id, keep_offline=False, now=now)


def _locked(account: Account, stores: Stores) -> Account:
    """Hold the account until the end: of two decisions at once one sees the other."""
    stores.people.lock_account(account.id)
    return stores.people.account(account.id) or account


def _unmovable(account: Account, stores: Stores) -> Obstacle | None:
    if not usable(account, stores):
        return Obstacle.DISABLED
    return Obstacle.ROLE if _has_role(account, stores) else None


def _has_role(account: Account, stores: Stores) -> bool:
    """A role was decided knowing every way to the account, so an officer's ways never change."""
    person = stores.people.person(account.person_id)
    return person is not None and bool(person.roles)
