"""The check_session_iframe (Session Management 1.0, 3.3): the one page of ours that others may frame.

It shows nothing and has nothing to press. A client's page frames it and posts a message; its script answers
whether the browser state is still the one of which the client was told.
"""

from flask import Blueprint, Response

from sso.hub import Hub
from sso.oidc.session_management import CHECK_SESSION_PATH
from sso.web.visit import CookieNames

_PAGE = (
    '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Session check</title>'
    '<script src="/static/check_session.js?v={version}" data-cookie="{cookie}"></script></head></html>'
)
_POLICY = "default-src 'none'; script-src 'self'; base-uri 'none'; frame-ancestors {framing}"
_LOOPBACK = "http://127.0.0.1:* http://localhost:*"


def blueprint(hub: Hub, asset_version: str) -> Blueprint:
    """Return the page. Only where an operator wants it: off, the address is unknown."""
    bp = Blueprint("check_session", __name__)
    page = _PAGE.format(version=asset_version, cookie=CookieNames.for_hub(hub).state)
    policy = _POLICY.format(framing="https:" if hub.settings.secure else f"https: {_LOOPBACK}")

    if hub.settings.session_management:

        @bp.get(CHECK_SESSION_PATH)
        def check_session() -> Response:
            """Answer a client's page whether the session is still the one it knows."""
            response = Response(page, mimetype="text/html")
            response.headers["Content-Security-Policy"] = policy
            response.headers["Cache-Control"] = "public, max-age=300"
            return response

    return bp
