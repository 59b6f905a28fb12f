"""In and out: the first page, sign-in at the hub and back, sign-out here and there, the hub's own word."""

import time
from collections.abc import Callable
from functools import partial

from flask import Blueprint, Request, Response, jsonify, request, session

from admin.api import ApiRefused, SignedOutByHub
from admin.login import HubUnreachable, SignInFailed
from admin.officer_sessions import OfficerSession
from admin.pages import with_query
from admin.room import PageRefused, Room, own_path, see_other

_FIRST_ROOMS = {"auditor": "/overview", "client_manager": "/clients", "people_manager": "/conflicts"}


def blueprint(room: Room) -> Blueprint:
    """Return the doors."""
    bp = Blueprint("door", __name__)
    for path, method, answer in _DOORS:
        bp.add_url_rule(path, answer.__name__.strip("_"), partial(answer, room), methods=[method])
    return bp


def _home(room: Room) -> Response:
    visit = room.visit(request)
    if visit.officer is None:
        return room.page(visit, "welcome.html", left=False, next_path="")
    return see_other(_first_room(visit.officer))


def _sign_in(room: Room) -> Response:
    visit = room.visit(request)
    max_age = request.args.get("max_age", type=int)
    if visit.officer is not None and max_age is None:
        return see_other(own_path(request.args.get("next")) or _first_room(visit.officer))
    session["next"] = own_path(request.args.get("next"))
    _forget_old_attempts()
    return room.login.begin(visit.language.tag, max_age)


def _callback(room: Room) -> Response:
    visit = room.visit(request)
    try:
        officer = room.login.finish(visit.now)
    except SignInFailed as error:
        if error.code == "expired_page" and visit.officer is not None:
            return see_other(_first_room(visit.officer))  # the back button, or another tab was faster
        raise
    _let_in(room, officer)
    wanted = session.pop("next", "")
    if visit.officer is not None:
        if visit.officer.sub == officer.sub:
            officer.reason = visit.officer.reason  # the same officer, who only proved it again
        room.sessions.end(visit.officer.key)
    session.clear()
    session["key"] = officer.key
    room.sessions.begin(officer)
    return see_other(wanted or _first_room(officer))


def _refused(room: Room) -> Response:
    _visit, officer = room.enter(request)
    room.learn_roles(officer)
    if officer.roles:
        return see_other(_first_room(officer))
    raise PageRefused("no_role", 403)


def _sign_out(room: Room) -> Response:
    visit, officer = room.enter(request)
    room.sessions.end(officer.key)
    session.clear()
    room.login.revoke(officer.tokens)
    try:
        return room.login.sign_out(officer.tokens.id_token, visit.language.tag)
    except HubUnreachable:
        return see_other("/signed-out")


def _signed_out(room: Room) -> Response:
    visit = room.visit(request)
    if visit.officer is not None:
        return see_other(_first_room(visit.officer))
    session.clear()
    return room.page(visit, "welcome.html", left=True, next_path="")


def _backchannel_logout(room: Room) -> Response:
    try:
        sub, sid = room.login.who_left(request.form.get("logout_token", ""), time.time())
    except SignInFailed:
        response = jsonify({"error": "invalid_request"})
        response.status_code = 400
    else:
        for ended in room.sessions.end_those_of(sub, sid):
            room.login.revoke(ended.tokens)
        response = Response(status=200)
    response.headers["Cache-Control"] = "no-store"
    return response


def _healthz(room: Room) -> Response:
    return jsonify({"status": "ok"})


def to_sign_in(asked: Request) -> Response:
    """Return the way to the hub and, for a page that can be asked for again, back to it."""
    again = asked.full_path.rstrip("?") if asked.method == "GET" else ""
    return see_other(with_query("/sign-in", {"next": own_path(again)}))


def to_fresh_sign_in(asked: Request, max_age: int) -> Response:
    """Return the way to the hub for an officer whose sign-in is too old, and back to the form."""
    back = own_path(asked.path.removesuffix("/secret"))
    return see_other(with_query("/sign-in", {"next": back, "max_age": str(max_age)}))


def _let_in(room: Room, officer: OfficerSession) -> None:
    """Learn the roles; a token that the API does not take at all would send the browser round for ever."""
    try:
        room.learn_roles(officer)
    except (SignedOutByHub, ApiRefused) as error:
        raise SignInFailed("api_refused") from error


def _first_room(officer: OfficerSession) -> str:
    return next((path for role, path in _FIRST_ROOMS.items() if role in officer.roles), "/refused")


def _forget_old_attempts() -> None:
    """A few tabs may sign in at once; older attempts would outgrow the cookie."""
    started = sorted((session[name]["exp"], name) for name in session if name.startswith("_state_"))
    for _, name in started[:-3]:
        del session[name]


_DOORS: tuple[tuple[str, str, Callable[[Room], Response]], ...] = (
    ("/", "GET", _home),
    ("/sign-in", "GET", _sign_in),
    ("/callback", "GET", _callback),
    ("/refused", "GET", _refused),
    ("/sign-out", "POST", _sign_out),
    ("/signed-out", "GET", _signed_out),
    ("/backchannel-logout", "POST", _backchannel_logout),
    ("/healthz", "GET", _healthz),
)
