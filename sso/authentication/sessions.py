"""Beginnings and ends of browser sessions, and everything that must follow an end.

An end revokes the session's grants and queues one logout notice for every client that joined, in the
transaction that ends it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from sso.audit.event import (
    LogoutNotTold,
    SessionCreated,
    SessionEndedByDirectory,
    SessionEndedByOfficer,
    SessionEndedByTimeout,
    SessionEndedByUser,
)
from sso.audit.event.uses import SignedOutElsewhere
from sso.audit.record import AuditEvent
from sso.authentication.evidence import Assurance
from sso.authentication.security_events import tell
from sso.authentication.stores import Stores
from sso.directory.person import Account
from sso.oidc.client import Client
from sso.oidc.digest import digest, new_id, new_secret
from sso.oidc.security_event import EventType
from sso.oidc.session import Session, SessionEnd
from sso.oidc.settings import Settings

TOUCH_EVERY_SECONDS = 60
"""Activity is noted at most this often: the idle limit needs no finer clock."""


_NOTHING_SURVIVES = frozenset(
    {
        SessionEnd.DISABLED,
        SessionEnd.PASSWORD_RESET,
        SessionEnd.PASSWORD_CHANGED,
        SessionEnd.OFFICER,
        SessionEnd.DIRECTORY,
        SessionEnd.REPORTED,
    }
)


_INITIATORS: Mapping[SessionEnd, str] = {
    **dict.fromkeys(SessionEnd, "system"),
    SessionEnd.PASSWORD_CHANGED: "user",
    SessionEnd.PASSWORD_RESET: "admin",
    SessionEnd.DISABLED: "admin",
    SessionEnd.OFFICER: "admin",
    SessionEnd.DIRECTORY: "policy",
}
"""Who began it, in the words of CAEP 1.0 2."""


@dataclass(frozen=True, slots=True)
class SignedInAs:
    """Who has just proven who they are, how well, and the session that the browser had before.

    `authenticated_at` is set when they proved it elsewhere, and maybe before they came.
    """

    account: Account
    assurance: Assurance
    previous: Session | None
    authenticated_at: datetime | None = None


def begin(who: SignedInAs, stores: Stores, settings: Settings, now: datetime) -> tuple[Session, str]:
    """Return the session of someone who has just signed in, and its new cookie.

    The same account keeps its session id, so that clients see one `sid`; another account's session ends.
    """
    account, assurance = who.account, who.assurance
    # Proving took a while: the session that the browser had may have ended in the meantime.
    previous = stores.sessions.by_id(who.previous.id) if who.previous is not None else None
    if previous is not None and previous.account_id == account.id:
        return _renew(previous, who, stores, settings, now)
    if previous is not None:
        end(previous, SessionEnd.REPLACED, stores, now)
    cookie = new_secret()
    session = Session(
        id=new_id(),
        account_id=account.id,
        person_id=account.person_id,
        auth_time=who.authenticated_at or now,
        acr=assurance.acr,
        amr=assurance.amr,
        persona_chosen=_has_one_account(account.person_id, stores),
        created_at=now,
        last_seen_at=now,
        expires_at=now + settings.session_lifetime,
    )
    stores.sessions.add(session, digest(cookie))
    stores.audit.append(
        SessionCreated(account_id=account.id, session_id=session.id, expires_at=session.expires_at), now
    )
    return session, cookie


def _has_one_account(person_id: str, stores: Stores) -> bool:
    """Whether there is nothing to choose: only one account of the person is in use."""
    return sum(account.disabled_at is None for account in stores.people.accounts_of(person_id)) == 1


def _renew(
    previous: Session, who: SignedInAs, stores: Stores, settings: Settings, now: datetime
) -> tuple[Session, str]:
    cookie = new_secret()
    session = Session(
        id=previous.id,
        account_id=previous.account_id,
        person_id=previous.person_id,
        auth_time=who.authenticated_at or now,
        acr=who.assurance.acr,
        amr=who.assurance.amr,
        persona_chosen=previous.persona_chosen,
        created_at=previous.created_at,
        last_seen_at=now,
        expires_at=now + settings.session_lifetime,
    )
    stores.sessions.renew(session, digest(cookie))
    return session, cookie


def current(cookie: str | None, stores: Stores, settings: Settings, now: datetime) -> Session | None:
    """Return the live session of a cookie: within its limits, its account in use."""
    session = stores.sessions.get(digest(cookie)) if cookie else None
    if session is None or cause_of_timeout(session, settings, now) is not None:
        return None
    subject = stores.subjects.get(session.account_id)
    return session if subject is not None and subject.active else None


def touch(session: Session, stores: Stores, now: datetime) -> None:
    """Note activity, rarely enough to cost nothing."""
    if (now - session.last_seen_at).total_seconds() >= TOUCH_EVERY_SECONDS:
        stores.sessions.touch(session.id, now)


def cause_of_timeout(session: Session, settings: Settings, now: datetime) -> SessionEnd | None:
    """Return which limit a session has passed, or None."""
    if now >= session.expires_at:
        return SessionEnd.EXPIRED
    if now - session.last_seen_at >= settings.session_idle:
        return SessionEnd.IDLE
    return None


def end(session: Session, cause: SessionEnd, stores: Stores, now: datetime, reason: str = "") -> bool:
    """End a session, revoke its grants, queue what tells its clients; true for one caller only.

    Offline grants (offline_access) survive a sign-out and a time-out, as Back-Channel Logout 1.0 2.7
    wishes, and nothing survives a disabled account, a new password or an officer who ends the session.
    """
    if not stores.sessions.end(session.id, cause, now):
        return False
    keep_offline = cause not in _NOTHING_SURVIVES
    stores.grants.revoke_of_session(session.id, keep_offline=keep_offline, now=now)
    stores.audit.append(_end_event(session, cause, reason), now)
    for client_id in stores.sessions.clients_of(session.id):
        client = stores.clients.get(client_id)
        if client is not None:
            _tell(client, session, cause, stores, now)
    return True


def _tell(client: Client, session: Session, cause: SessionEnd, stores: Stores, now: datetime) -> None:
    """Queue what tells a client: a notice, and for the page that follows a sign-out its frame."""
    at_browser = cause is SessionEnd.SIGNED_OUT
    if client.backchannel_logout_uri is not None:
        sub = stores.subjects.sub(session.account_id, client.sector, now)
        stores.notices.add_logout(session, client, sub, now)
    if at_browser:
        stores.frames.add(session, client, now)
    if client.backchannel_logout_uri is None and not (at_browser and client.frontchannel_logout_uri):
        reason = "no address" if client.frontchannel_logout_uri is None else "nobody at the browser"
        event = LogoutNotTold(
            client_id=client.client_id, session_id=session.id, account_id=session.account_id, reason=reason
        )
        stores.audit.append(event, now)


def _end_event(session: Session, cause: SessionEnd, reason: str) -> AuditEvent:
    match cause:
        case (
            SessionEnd.SIGNED_OUT
            | SessionEnd.REPLACED
            | SessionEnd.PASSWORD_CHANGED
            | SessionEnd.UPSTREAM
            | SessionEnd.REPORTED
        ):
            return SessionEndedByUser(account_id=session.account_id, session_id=session.id, cause=cause.value)
        case SessionEnd.IDLE | SessionEnd.EXPIRED:
            return SessionEndedByTimeout(
                account_id=session.account_id, session_id=session.id, cause=cause.value
            )
        case SessionEnd.DISABLED | SessionEnd.PASSWORD_RESET | SessionEnd.OFFICER:
            return SessionEndedByOfficer(
                account_id=session.account_id, session_id=session.id, cause=cause.value, reason=reason
            )
        case SessionEnd.DIRECTORY:
            return SessionEndedByDirectory(
                account_id=session.account_id, session_id=session.id, cause=cause.value, reason=reason
            )
        case _:
            assert_never(cause)


def end_every(account_id: str, cause: SessionEnd, stores: Stores, now: datetime, reason: str = "") -> None:
    """End every session of an account and revoke every grant, offline ones included.

    With the grants go their codes, refresh tokens and device codes.
    """
    stores.people.lock_account(account_id)
    going_on = stores.sessions.of_account(account_id)
    for session in going_on:
        end(session, cause, stores, now, reason)
    if stores.grants.revoke_of_account(account_id, now) or going_on:
        tell(account_id, EventType.SESSION_REVOKED, stores, now, {"initiating_entity": _INITIATORS[cause]})


def end_elsewhere(kept: Session, stores: Stores, now: datetime) -> int:
    """End every session of an account but one, by the word of whoever is in that; return how many ended.

    Every grant that was not given in that one is revoked, offline ones included. No session-revoked event
    (CAEP 1.0 3.1) is told: it would mean the one that goes on, too. Nobody proves anew who they are for it:
    it gives nothing, and whoever finds a stranger in their account cannot wait.
    """
    stores.people.lock_account(kept.account_id)
    others = [each for each in stores.sessions.of_account(kept.account_id) if each.id != kept.id]
    ended = sum(end(each, SessionEnd.REPORTED, stores, now) for each in others)
    revoked = len(stores.grants.revoke_elsewhere(kept.account_id, kept.id, now))
    if ended or revoked:
        event = SignedOutElsewhere(
            account_id=kept.account_id, session_id=kept.id, sessions=ended, grants=revoked
        )
        stores.audit.append(event, now)
    return ended
