"""Sign-outs that go on across an upstream: theirs ends sessions here, and one here may end theirs."""

from datetime import datetime

from sso.audit.event import UpstreamLogoutReceived, UpstreamLogoutRejected, UpstreamSignOutSent
from sso.authentication import sessions
from sso.authentication.upstream.logout_token import Departure
from sso.authentication.upstream.stores import Stores, UpstreamSession
from sso.oidc.session import SessionEnd


def end_sessions(left: Departure, upstream_id: str, stores: Stores, now: datetime) -> bool:
    """End what somebody began at an upstream and tell the applications; false if it was told before.

    Back-Channel Logout 1.0 2.7: a token that names nobody's session here is good all the same.
    """
    if not stores.one_time_values.spend(f"logout_token {upstream_id}", left.jti, left.forget_at):
        rejected(upstream_id, "jti was used before", stores, now)
        return False
    ended = 0
    for session_id in stores.upstreams.sessions_of(upstream_id, left.sub, left.sid):
        session = stores.sessions.by_id(session_id)
        if session is not None and sessions.end(session, SessionEnd.UPSTREAM, stores, now):
            stores.upstreams.forget_session(session_id)
            ended += 1
    stores.audit.append(UpstreamLogoutReceived(upstream_id=upstream_id, sessions=ended), now)
    return True


def rejected(upstream_id: str, reason: str, stores: Stores, now: datetime) -> None:
    """Record that a logout token was refused."""
    stores.audit.append(UpstreamLogoutRejected(upstream_id=upstream_id, reason=reason), now)


def sent(there: UpstreamSession, stores: Stores, now: datetime) -> None:
    """Record that the browser goes to the upstream to sign out there; the hint is not needed again."""
    record = stores.sessions.record(there.session_id)
    stores.upstreams.forget_session(there.session_id)
    event = UpstreamSignOutSent(
        upstream_id=there.upstream_id,
        account_id=record.session.account_id if record is not None else "",
        session_id=there.session_id,
    )
    stores.audit.append(event, now)
