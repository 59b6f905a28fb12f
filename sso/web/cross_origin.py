"""Scripts of other sites may call the endpoints that need no cookie (Fetch standard, RFC 9449 5).

Any origin may: nothing here is answered to a browser because of who it is, but to a client or a token that
proves itself. Credentials of the browser are never allowed.
"""

from datetime import UTC, datetime

from flask import Flask, Response, request
from werkzeug import Request

from sso.hub import Hub
from sso.oidc.dpop import new_nonce
from sso.oidc.metadata import JWKS_PATH, PUSHED_PATH, REVOCATION_PATH, TOKEN_PATH, USERINFO_PATH
from sso.web.direct import Finish

OPEN_PATHS = frozenset({TOKEN_PATH, PUSHED_PATH, REVOCATION_PATH, USERINFO_PATH, JWKS_PATH})
OPEN_FOLDERS = ("/.well-known/",)
_METHODS = "GET, POST"
_HEADERS = "Authorization, Content-Type, DPoP"
_EXPOSED = "DPoP-Nonce, WWW-Authenticate"
PREFLIGHT_SECONDS = 86_400


def answer_preflights(app: Flask) -> None:
    """Answer the question that a browser asks before a script may call."""

    def preflight() -> Response | None:
        if request.method != "OPTIONS" or not _is_open(request.path):
            return None
        response = Response(status=204)
        response.headers["Access-Control-Allow-Methods"] = _METHODS
        response.headers["Access-Control-Allow-Headers"] = _HEADERS
        response.headers["Access-Control-Max-Age"] = str(PREFLIGHT_SECONDS)
        return response

    app.before_request(preflight)


def finish(hub: Hub) -> Finish:
    """Open the endpoints, and give a nonce to whoever sends DPoP proofs (RFC 9449 8.2)."""

    def opened(request: Request, response: Response) -> None:
        if "DPoP" in request.headers:
            response.headers["DPoP-Nonce"] = new_nonce(hub.nonce_key, datetime.now(UTC))
        if _is_open(request.path):
            response.headers["Access-Control-Allow-Origin"] = "*"
            response.headers["Access-Control-Expose-Headers"] = _EXPOSED

    return opened


def _is_open(path: str) -> bool:
    return path in OPEN_PATHS or path.startswith(OPEN_FOLDERS)
