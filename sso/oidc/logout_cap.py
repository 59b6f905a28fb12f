"""The cap on a client that does not confirm sign-outs: the one rule, in one place.

A client whose logout notice was given up (Back-Channel Logout 1.0, eight hours of trying) may still believe
that someone is signed in. From then on, until it confirms a notice, what it receives about people is worth
little for long: access and ID tokens live at most `Settings.capped_token_lifetime`, and no new grant
outlives its session (no offline_access, so no refresh token). Grants that it has go on: to refuse their
refresh would cost people a new sign-in for an outage that is over.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sso.audit.event import LogoutCapApplied, LogoutCapLifted
from sso.oidc.client import Client
from sso.oidc.logout_stores import LogoutCaps
from sso.oidc.notice import LogoutNotice
from sso.oidc.settings import Settings
from sso.oidc.stores import AuditLog

OFFLINE = "offline_access"


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long tokens live that a client receives now."""

    access_token: timedelta
    id_token: timedelta


def lifetimes(client: Client, settings: Settings, *, about_person: bool) -> Lifetimes:
    """Return the lifetimes for a client; tokens about nobody (client_credentials) are never capped."""
    if client.logout_unconfirmed_since is None or not about_person:
        return Lifetimes(settings.access_token_lifetime, settings.id_token_lifetime)
    cap = settings.capped_token_lifetime
    return Lifetimes(min(cap, settings.access_token_lifetime), min(cap, settings.id_token_lifetime))


def grantable(client: Client, scope: frozenset[str]) -> frozenset[str]:
    """Return the scope that a new grant may have: without offline_access for a capped client."""
    return scope if client.logout_unconfirmed_since is None else scope - {OFFLINE}


def apply(notice: LogoutNotice, caps: LogoutCaps, settings: Settings, audit: AuditLog, now: datetime) -> None:
    """Cap the client of a notice that was given up; recorded once, however many notices follow."""
    if caps.cap(notice.client_id, now):
        seconds = int(settings.capped_token_lifetime.total_seconds())
        event = LogoutCapApplied(
            client_id=notice.client_id, session_id=notice.session_id, lifetime_seconds=seconds
        )
        audit.append(event, now)


def lift(notice: LogoutNotice, caps: LogoutCaps, audit: AuditLog, now: datetime) -> None:
    """Lift the cap of a client that has confirmed a notice."""
    since = caps.lift_cap(notice.client_id)
    if since is not None:
        audit.append(
            LogoutCapLifted(client_id=notice.client_id, session_id=notice.session_id, capped_since=since), now
        )
