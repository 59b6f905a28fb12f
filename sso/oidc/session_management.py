"""Session Management 1.0: a value by which a client's page learns, without asking us, that something changed.

The browser holds the browser state in a cookie that scripts of ours may read. It is made from the session's
secret by a key of ours, so that neither it nor a session_state tells anything of that secret.
"""

import hashlib
import hmac
from urllib.parse import urlsplit

from sso.oidc.digest import base64url
from sso.oidc.response import AuthorizationResponse

CHECK_SESSION_PATH = "/oauth2/check-session"


def browser_state(key: bytes, session_cookie: str) -> str:
    """Return the browser state that goes with a session's cookie."""
    said = b"browser state\0" + session_cookie.encode("utf-8", "replace")
    return base64url(hmac.new(key, said, "sha256").digest())


def session_state(client_id: str, origin: str, state: str, salt: str) -> str:
    """Return the session_state of a client at an origin (Session Management 1.0, 3.2): hash, dot, salt."""
    said = f"{client_id} {origin} {state} {salt}".encode()
    return f"{base64url(hashlib.sha256(said).digest())}.{salt}"


def with_session_state(
    answer: AuthorizationResponse, scope: frozenset[str], state: str, salt: str
) -> AuthorizationResponse:
    """Return an authentication response with session_state (2); what is no such response, as it is.

    A native application's own scheme has no origin, and so no page that could ask.
    """
    parts = urlsplit(answer.to.redirect_uri)
    if "openid" not in scope or parts.scheme not in {"http", "https"}:
        return answer
    origin = f"{parts.scheme}://{parts.netloc}".removesuffix(":443" if parts.scheme == "https" else ":80")
    value = session_state(answer.to.client.client_id, origin.lower(), state, salt)
    return AuthorizationResponse(answer.to, (*answer.params, ("session_state", value)))
