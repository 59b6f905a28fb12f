"""Where other providers tell of sign-outs there (Back-Channel Logout 1.0 2.5 to 2.8), server to server."""

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import NotFound

from sso.authentication.upstream import sign_out
from sso.authentication.upstream.logout_token import LogoutTokenRefused, departure_of
from sso.hub import Hub
from sso.outbound.upstream import UpstreamUnavailable
from sso.web.visit import Visit, visit_of


def blueprint(hub: Hub) -> Blueprint:
    """Return the endpoint."""
    bp = Blueprint("upstream_logout", __name__)

    @bp.post("/upstream/<upstream_id>/backchannel-logout")
    def hear(upstream_id: str) -> Response:
        """Take a logout token of another provider and end the sessions that began there."""
        if upstream_id not in hub.upstreams:
            raise NotFound
        return _hear(hub, upstream_id, request.form.get("logout_token", ""), visit_of(hub, request))

    return bp


def _hear(hub: Hub, upstream_id: str, token: str, visit: Visit) -> Response:
    provider = hub.upstreams[upstream_id]
    try:
        left = departure_of(token, provider.keys_for(token), provider.settings, visit.now)
    except LogoutTokenRefused as refusal:
        with hub.database.begin(visit.origin) as stores:
            sign_out.rejected(upstream_id, str(refusal), stores, visit.now)
        return _answer(400)
    except UpstreamUnavailable as error:  # its keys cannot be read: it may tell again
        with hub.database.begin(visit.origin) as stores:
            sign_out.rejected(upstream_id, str(error), stores, visit.now)
        return _answer(503)
    heard = hub.database.contain(
        visit.origin, lambda stores: sign_out.end_sessions(left, upstream_id, stores, visit.now)
    )
    return _answer(200 if heard else 400)


def _answer(status: int) -> Response:
    errors = {400: "invalid_request", 503: "temporarily_unavailable"}
    response = jsonify({"error": errors[status]} if status in errors else {})
    response.status_code = status
    response.headers["Cache-Control"] = "no-store"
    return response
