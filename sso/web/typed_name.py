"""The sign-in name between the two pages of a journey: in a cookie of that journey, never in an address.

So the password page is an ordinary GET: reload, the back button and the language links keep it, and a browser
never asks whether a form shall be sent again. Addresses end up in histories and logs, where a name does not
belong.

Of the names that were typed before, another cookie holds digests: what is then tried as a password may be one
of them. They are made with the hub's key for this browser and journey alone, and stand nowhere else. So
nobody can try passwords on them, and they are not the digests of names in the log.
"""

import base64
import binascii
from collections.abc import Sequence

from flask import Request, Response

from sso.hub import Hub
from sso.web.visit import Visit

COOKIE = "sso-name"
EARLIER_COOKIE = "sso-names-before"
MAX_EARLIER = 5
"""So many names typed last are known again."""


def remember(response: Response, typed: str, pending_id: str, visit: Visit, hub: Hub) -> Response:
    """Keep the name for the pages of this journey, for as long as the journey may take."""
    text = base64.urlsafe_b64encode(typed.encode("utf-8", "surrogatepass")).decode("ascii")
    value = f"{visit.form_token(_purpose(pending_id, text))}.{text}"
    return _keep(response, COOKIE, value, pending_id, hub)


def recall(request: Request, pending_id: str, visit: Visit) -> str | None:
    """Return the name that was typed in this journey; None if there is none, or it was made up."""
    token, _, text = request.cookies.get(COOKIE, "").partition(".")
    if not visit.owns(token, _purpose(pending_id, text)):
        return None
    try:
        return base64.urlsafe_b64decode(text).decode("utf-8", "surrogatepass")
    except (binascii.Error, UnicodeDecodeError):
        return None


def digests_with(typed: str, request: Request, pending_id: str, visit: Visit) -> list[str]:
    """Return the digests of the names that were typed in this journey, with that of one more as the last."""
    digest = visit.form_token(_typed(pending_id, typed))
    others = [each for each in _earlier(request) if each != digest]
    return [*others, digest][-MAX_EARLIER:] if typed.strip() else others


def keep_digests(response: Response, digests: Sequence[str], pending_id: str, hub: Hub) -> Response:
    """Keep the digests of names for as long as the name."""
    return _keep(response, EARLIER_COOKIE, ".".join(digests), pending_id, hub)


def was_typed(request: Request, password: str, name: str, pending_id: str, visit: Visit) -> bool:
    """Whether a password was typed as a name in this journey: as another one than it is tried with now."""
    found = [visit.owns(each, _typed(pending_id, password)) for each in _earlier(request)]
    return any(found) and password.strip() != name.strip()


def forget(response: Response, pending_id: str, hub: Hub) -> Response:
    """Remove the names: the journey is over."""
    for cookie in (COOKIE, EARLIER_COOKIE):
        response.delete_cookie(
            cookie, path=_path(pending_id), secure=hub.settings.secure, httponly=True, samesite="Lax"
        )
    return response


def _keep(response: Response, cookie: str, value: str, pending_id: str, hub: Hub) -> Response:
    response.set_cookie(
        cookie,
        value,
        max_age=int(hub.settings.pending_lifetime.total_seconds()),
        path=_path(pending_id),
        secure=hub.settings.secure,
        httponly=True,
        samesite="Lax",
    )
    return response


def _earlier(request: Request) -> list[str]:
    return [each for each in request.cookies.get(EARLIER_COOKIE, "").split(".") if each][-MAX_EARLIER:]


def _path(pending_id: str) -> str:
    return f"/sign-in/{pending_id}"


def _purpose(pending_id: str, text: str) -> str:
    return f"name\0{pending_id}\0{text}"


def _typed(pending_id: str, text: str) -> str:
    return f"typed\0{pending_id}\0{text.strip().encode('utf-8', 'surrogatepass').hex()}"
