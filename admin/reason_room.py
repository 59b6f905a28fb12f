"""Why an auditor looks at the log: said once, kept in the session, sent with every question."""

from functools import partial

from flask import Blueprint, Request, Response, request

from admin.pages import Visit
from admin.refusals import ASKED, NEEDED
from admin.room import AUDITOR, Room, own_path, see_other

MAX_REASON_LENGTH = 200
"""As the hub has it, in characters."""
MAX_BACK_LENGTH = 16_000
"""An address that a browser can still ask for; longer ones are not gone on to."""
FIRST_PAGE = "/overview"


def blueprint(room: Room) -> Blueprint:
    """Return the page that asks for the reason."""
    bp = Blueprint("reason", __name__)
    bp.add_url_rule("/reason", "ask", partial(_ask, room))
    bp.add_url_rule("/reason", "take", partial(_take, room), methods=["POST"])
    return bp


def asked_first(room: Room, visit: Visit, asked: Request) -> Response:
    """Return the page that asks for the reason in place of one of the log, and goes on to that."""
    return _page(room, visit, asked.full_path if asked.method == "GET" else asked.path)


def _ask(room: Room) -> Response:
    visit, officer = room.enter(request, AUDITOR)
    return _page(room, visit, request.args.get("next", ""), officer.reason)


def _take(room: Room) -> Response:
    visit, officer = room.enter(request, AUDITOR)
    written, back = request.form.get("reason", "").strip(), request.form.get("next", "")
    flaw = _flaw(written)
    if flaw is not None:
        return _page(room, visit, back, written, visit.language.gettext(flaw))
    officer.reason = written
    return see_other(own_path(back, MAX_BACK_LENGTH) or FIRST_PAGE)


def _flaw(written: str) -> str | None:
    """What speaks against a reason: the hub would say the same at every question."""
    if not written:
        return NEEDED["reason"]
    if len(written) > MAX_REASON_LENGTH:
        return ASKED["too_long"]
    return None if written.isprintable() else ASKED["not_readable"]


def _page(room: Room, visit: Visit, back: str, written: str = "", problem: str | None = None) -> Response:
    there, status = own_path(back.rstrip("?"), MAX_BACK_LENGTH), 200 if problem is None else 400
    return room.page(visit, "reason.html", status, back=there, written=written, problem=problem)
