"""Where applications fetch their security events (RFC 8936), and what describes that (SSF 1.0 6)."""

import json
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from flask import Blueprint, Response, request

from sso.audit.event import BearerRejected
from sso.audit.record import JsonValue, Origin
from sso.authentication.security_events import Failure, record_delivered, record_failure
from sso.hub import Hub
from sso.oidc.client import Client
from sso.oidc.errors import BearerError, Challenge, ErrorCode
from sso.oidc.poll import PollInvalid, PollRequest, poll_request_of
from sso.oidc.protected_resource import PresentedToken, require_access_token
from sso.oidc.security_event import READ_SCOPE, Delivery, SecurityEvent, security_event_token
from sso.oidc.settings import Provider
from sso.oidc.ssf_metadata import POLL_PATH, SSF_PATH, ssf_metadata
from sso.storage.stores import SqlStores
from sso.web.direct import json_response
from sso.web.proof_of_key import header_token_of
from sso.web.visit import origin_of

WAIT_SECONDS = 10.0
"""How long an answer without events is held back (RFC 8936 2.2), where a thread can be spared for it."""

_LOOK_EVERY_SECONDS = 0.5


def blueprint(hub: Hub) -> Blueprint:
    """Return the endpoint and the document."""
    bp = Blueprint("security_events", __name__)
    proxies = hub.configuration.settings.server.trusted_proxies
    waiting = threading.BoundedSemaphore(max(1, hub.configuration.settings.server.threads // 4))

    @bp.get(SSF_PATH)
    def configuration() -> Response:
        """Describe the transmitter of security events (SSF 1.0 6.1)."""
        response = json_response(ssf_metadata(hub.settings))
        response.headers["Cache-Control"] = "public, max-age=300"
        return response

    @bp.post(POLL_PATH)
    def poll() -> Response:
        """Hand out security event tokens, and take note of those that arrived (RFC 8936 2)."""
        token = header_token_of(request, hub.settings, proxies)
        answer = _Poll(hub, token, origin_of(request, proxies)).answered(waiting, request.get_data())
        response = json_response(answer)
        response.headers["Cache-Control"] = "no-store"
        return response

    return bp


class _Poll:
    """One call: the token is proven, what was reported is noted, what waits is handed out."""

    def __init__(self, hub: Hub, token: PresentedToken, origin: Origin) -> None:
        self._hub = hub
        self._token = token
        self._origin = origin

    def answered(self, waiting: threading.BoundedSemaphore, body: bytes) -> dict[str, JsonValue]:
        now, provider = datetime.now(UTC), self._hub.provider()
        with self._hub.database.begin(self._origin) as stores:
            client = self._client(stores, provider, now)
            asked = _asked(body)
            _note_reported(asked, client, stores, now)
            events = _waiting(asked, client, stores)
        wanted = asked.max_events > 0 and not asked.return_immediately
        if not events and wanted and waiting.acquire(blocking=False):
            try:
                events = self._later(asked, client)
            finally:
                waiting.release()
        some = events[: asked.max_events]
        sets: dict[str, JsonValue] = {
            event.id: security_event_token(event, client, provider, datetime.now(UTC)) for event in some
        }
        return {"sets": sets, "moreAvailable": len(events) > len(some)}

    def _later(self, asked: PollRequest, client: Client) -> Sequence[SecurityEvent]:
        ends = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < ends:
            time.sleep(_LOOK_EVERY_SECONDS)
            with self._hub.database.read() as stores:
                if events := _waiting(asked, client, stores):
                    return events
        return ()

    def _client(self, stores: SqlStores, provider: Provider, now: datetime) -> Client:
        try:
            return _client_behind(self._token, stores, provider, now)
        except BearerError as refusal:
            event = BearerRejected(
                endpoint="security_events", error=refusal.code.value, reason=refusal.reason
            )
            stores.audit.append(event, now)
            raise


def _client_behind(presented: PresentedToken, stores: SqlStores, provider: Provider, now: datetime) -> Client:
    """Return the application that acts for itself with a token made for this very resource.

    Raises:
        BearerError: no such token, or one without the scope.
    """
    token = require_access_token(presented, stores, provider, now)
    if provider.settings.endpoint(POLL_PATH) not in token.aud or token.grant is not None:
        text = "the access token is for another resource, or about a person"
        raise BearerError(ErrorCode.INVALID_TOKEN, text, challenge=Challenge(presented.scheme))
    if READ_SCOPE not in token.scope:
        challenge = Challenge(presented.scheme, READ_SCOPE)
        raise BearerError(ErrorCode.INSUFFICIENT_SCOPE, "the access token lacks a scope", challenge=challenge)
    return token.client


def _asked(body: bytes) -> PollRequest:
    """Return what a body asks, which was read before the transaction: a slow client holds none open.

    Raises:
        PollInvalid: it is not what RFC 8936 2.4 describes; nothing was noted.
    """
    if request.mimetype != "application/json":
        raise PollInvalid("use application/json")
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:  # nested without end
        raise PollInvalid("the body is not JSON") from error
    return poll_request_of(document)


def _waiting(asked: PollRequest, client: Client, stores: SqlStores) -> Sequence[SecurityEvent]:
    """Return what waits: one more than is wanted, to know whether there is more."""
    return stores.security_events.waiting_for(client.client_id, asked.max_events + 1)


def _note_reported(asked: PollRequest, client: Client, stores: SqlStores, now: datetime) -> None:
    """Note what arrived and what was refused; the jti of another's event, or an unknown one, is ignored."""
    for jti in asked.acknowledged:
        if (event := stores.security_events.delivered(jti, client.client_id, now)) is not None:
            record_delivered(event, Delivery.POLL, stores.audit, now)
    for jti, reason in asked.refused.items():
        if (event := stores.security_events.gave_up(jti, client.client_id, reason, now)) is not None:
            record_failure(event, Delivery.POLL, Failure(reason), stores.audit, now)
