"""The sign-in name between the two pages of a journey: in a cookie of that journey, never in an address.

So the password page is an ordinary GET: reload, the back button and the language links keep it, and a browser
never asks whether a form shall be sent again. Addresses end up in histories and logs, where a name does not
belong.
"""

import base64
import binascii

from flask import Request, Response

from sso.hub import Hub
from sso.web.visit import Visit

COOKIE = "sso-name"


def remember(response: Response, typed: str, pending_id: str, visit: Visit, hub: Hub) -> Response:
    """Keep the name for the pages of this journey, for as long as the journey may take."""
    text = base64.urlsafe_b64encode(typed.encode("utf-8", "surrogatepass")).decode("ascii")
    response.set_cookie(
        COOKIE,
        f"{visit.form_token(_purpose(pending_id, text))}.{text}",
        max_age=int(hub.settings.pending_lifetime.total_seconds()),
        path=_path(pending_id),
        secure=hub.settings.secure,
        httponly=True,
        samesite="Lax",
    )
    return response


def recall(request: Request, pending_id: str, visit: Visit) -> str | None:
    """Return the name that was typed in this journey; None if there is none, or it was made up."""
    token, _, text = request.cookies.get(COOKIE, "").partition(".")
    if not visit.owns(token, _purpose(pending_id, text)):
        return None
    try:
        return base64.urlsafe_b64decode(text).decode("utf-8", "surrogatepass")
    except (binascii.Error, UnicodeDecodeError):
        return None


def forget(response: Response, pending_id: str, hub: Hub) -> Response:
    """Remove the name: the journey is over."""
    response.delete_cookie(
        COOKIE, path=_path(pending_id), secure=hub.settings.secure, httponly=True, samesite="Lax"
    )
    return response


def _path(pending_id: str) -> str:
    return f"/sign-in/{pending_id}"


def _purpose(pending_id: str, text: str) -> str:
    return f"name\0{pending_id}\0{text}"
