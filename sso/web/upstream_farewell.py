"""After a sign-out here: the way to sign out at the provider where the session began."""

from sso.authentication.upstream import sign_out
from sso.authentication.upstream.settings import SignOut
from sso.authentication.upstream.stores import UpstreamSession
from sso.hub import Hub
from sso.outbound.upstream import UpstreamProvider, UpstreamUnavailable
from sso.web.visit import Visit

RETURN_PATH = "/signed-out/upstream"
"""Where the provider sends the browser afterwards; registered there with the hub's issuer before it."""


def provider_to_leave(session_id: str | None, hub: Hub) -> UpstreamProvider | None:
    """Return the provider at which the person of an ended session may still be signed in."""
    found = _found(session_id, hub)
    return found[0] if found is not None else None


def follows(session_id: str | None, hub: Hub) -> bool:
    """Whether the sign-out goes on there without asking."""
    provider = provider_to_leave(session_id, hub)
    return provider is not None and provider.settings.sign_out is SignOut.FOLLOW


def leave(session_id: str | None, state: str, hub: Hub, visit: Visit) -> str | None:
    """Return where the browser signs out there, once; None where there is nothing to leave.

    Like every sign-out this does not wait for a log that cannot be written.
    """
    found = _found(session_id, hub)
    if found is None:
        return None
    provider, there = found
    address = provider.sign_out_address(there.id_token, hub.settings.endpoint(RETURN_PATH), state)
    hub.database.contain(visit.origin, lambda stores: sign_out.sent(there, stores, visit.now))
    return address


def _found(session_id: str | None, hub: Hub) -> tuple[UpstreamProvider, UpstreamSession] | None:
    if session_id is None or not hub.upstreams:
        return None
    with hub.database.read() as stores:
        there = stores.upstreams.session(session_id)
        record = stores.sessions.record(session_id)
    provider = hub.upstreams.get(there.upstream_id) if there is not None else None
    if there is None or provider is None or provider.settings.sign_out is SignOut.NEVER:
        return None
    ended = record is not None and record.ended_at is not None
    return (provider, there) if ended and _can_sign_out(provider) else None


def _can_sign_out(provider: UpstreamProvider) -> bool:
    try:
        return provider.metadata().end_session_endpoint is not None
    except UpstreamUnavailable:
        return False
