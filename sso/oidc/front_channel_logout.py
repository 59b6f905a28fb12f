"""Front-Channel Logout 1.0: which frames the last page loads, and what the browser reports of them."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sso.audit.event import FrontChannelLogoutLoaded, FrontChannelLogoutNotLoaded, FrontChannelLogoutSent
from sso.oidc.notice import LogoutFrame
from sso.oidc.session import SessionRecord
from sso.oidc.stores import Stores

LOAD_WITHIN = timedelta(minutes=5)
"""How long after a sign-out its page still loads frames: an address that was kept tells, and does nothing."""


def frames_to_load(record: SessionRecord, stores: Stores, now: datetime) -> Sequence[LogoutFrame]:
    """Return the frames that the last page of a session loads now; what is sent first is recorded.

    Loading a frame again, on a page that was loaded again before the browser reported, does no harm.
    """
    if record.ended_at is None or now - record.ended_at > LOAD_WITHIN:
        return ()
    frames = [frame for frame in stores.frames.of_session(record.session.id) if not frame.reported]
    if any(frame.sent_at is None for frame in frames):
        for client_id in stores.frames.send(record.session.id, now):
            event = FrontChannelLogoutSent(
                client_id=client_id, session_id=record.session.id, account_id=record.session.account_id
            )
            stores.audit.append(event, now)
    return frames


def report(record: SessionRecord, loaded: Collection[str], stores: Stores, now: datetime) -> None:
    """Record what the browser says: the frames of these clients have loaded, the others took too long."""
    session_id, account_id = record.session.id, record.session.account_id
    known = [frame.client_id for frame in stores.frames.of_session(session_id)]
    done = [client_id for client_id in known if client_id in loaded]
    late = [client_id for client_id in known if client_id not in loaded]
    for client_id in stores.frames.report(session_id, done, loaded=True, now=now):
        event = FrontChannelLogoutLoaded(client_id=client_id, session_id=session_id, account_id=account_id)
        stores.audit.append(event, now)
    for client_id in stores.frames.report(session_id, late, loaded=False, now=now):
        missed = FrontChannelLogoutNotLoaded(
            client_id=client_id, session_id=session_id, account_id=account_id
        )
        stores.audit.append(missed, now)
