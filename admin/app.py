"""The console's web application: its rooms, its doors, and what a page says when something cannot be done."""

import logging
import secrets

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from admin import (
    audit_room,
    client_room,
    conflict_room,
    door,
    finding_room,
    people_room,
    question_room,
    reason_room,
)
from admin.api import Api, ApiRefused, FreshSignInNeeded, SignedOutByHub
from admin.login import HubUnreachable, Login, SignInFailed
from admin.officer_sessions import LIFETIME_SECONDS, OfficerSessions
from admin.pages import Pages
from admin.room import NotSignedIn, PageRefused, ReasonMissing, Room, reference_of
from admin.settings import Settings
from admin.version import asset_version

log = logging.getLogger("admin")

MAX_REQUEST_BYTES = 262_144
STATIC_MAX_AGE_SECONDS = 31_536_000
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
}
_HTTP_CODES = {404: "not_found", 405: "method_not_allowed", 413: "request_too_large"}


def create_app(settings: Settings) -> Flask:
    """Return the WSGI application of a console."""
    app = Flask("admin", static_folder="static", static_url_path="/static")
    app.secret_key = secrets.token_bytes(32)  # sessions live in this process, so their cookies may too
    app.config.update(
        MAX_CONTENT_LENGTH=MAX_REQUEST_BYTES,
        MAX_FORM_PARTS=200,
        SEND_FILE_MAX_AGE_DEFAULT=STATIC_MAX_AGE_SECONDS,
        SESSION_COOKIE_NAME=settings.cookie("session"),
        SESSION_COOKIE_SECURE=settings.secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
        PERMANENT_SESSION_LIFETIME=LIFETIME_SECONDS,
    )
    login = Login(app, settings)
    room = Room(
        settings=settings,
        pages=Pages(settings, asset_version()),
        login=login,
        api=Api(settings, login),
        sessions=OfficerSessions(),
    )
    of_the_log = (reason_room, audit_room, question_room, finding_room)
    for part in (door, *of_the_log, client_room, conflict_room, people_room):
        app.register_blueprint(part.blueprint(room))
    _register_problems(app, room)
    app.after_request(_with_headers)
    return app


def _with_headers(response: Response) -> Response:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["X-Request-Id"] = reference_of(request)
    return response


def _register_problems(app: Flask, room: Room) -> None:
    problems = _Problems(room)
    app.register_error_handler(NotSignedIn, problems.not_signed_in)
    app.register_error_handler(SignedOutByHub, problems.signed_out_by_hub)
    app.register_error_handler(FreshSignInNeeded, problems.fresh_sign_in_needed)
    app.register_error_handler(PageRefused, problems.page_refused)
    app.register_error_handler(ReasonMissing, problems.reason_missing)
    app.register_error_handler(SignInFailed, problems.sign_in_failed)
    app.register_error_handler(ApiRefused, problems.api_refused)
    app.register_error_handler(HubUnreachable, problems.hub_unreachable)
    app.register_error_handler(HTTPException, problems.http_exception)
    app.register_error_handler(Exception, problems.unexpected)


class _Problems:
    """Every refusal as a page."""

    def __init__(self, room: Room) -> None:
        self._room = room

    def not_signed_in(self, error: NotSignedIn) -> Response:
        return door.to_sign_in(request)

    def signed_out_by_hub(self, error: SignedOutByHub) -> Response:
        """The hub takes no token of this session any more: it is over here too."""
        officer = self._room.visit(request).officer
        if officer is not None:
            self._room.sessions.end(officer.key)
        return door.to_sign_in(request)

    def fresh_sign_in_needed(self, error: FreshSignInNeeded) -> Response:
        """The hub wants to be sure that it is still the officer who sits there."""
        return door.to_fresh_sign_in(request, error.max_age)

    def page_refused(self, error: PageRefused) -> Response:
        return self._page(error.code, error.status)

    def reason_missing(self, error: ReasonMissing) -> Response:
        """The page of the log waits until the officer has said why they look."""
        return reason_room.asked_first(self._room, self._room.visit(request), request)

    def sign_in_failed(self, error: SignInFailed) -> Response:
        log.warning("sign-in failed: %s", error.code)
        return self._page(error.code, 400)

    def api_refused(self, error: ApiRefused) -> Response:
        """What the API will not do; a role that was lost is noticed here."""
        officer = self._room.visit(request).officer
        if error.code == "role_missing" and officer is not None:
            self._room.learn_roles(officer)
            return self._page("role_missing" if officer.roles else "no_role", 403)
        status = 503 if error.status >= 500 else error.status
        code = "bad_request" if error.code == "invalid_parameter" else error.code
        return self._page(code, status, error.reference)

    def hub_unreachable(self, error: HubUnreachable) -> Response:
        log.error("the hub does not answer", exc_info=error)
        response = self._page("temporarily_unavailable", 503)
        response.headers["Retry-After"] = "5"
        return response

    def http_exception(self, error: HTTPException) -> Response:
        status = error.code or 500
        if status < 400:
            response = error.get_response()
            assert isinstance(response, Response)  # noqa: S101 - Flask's own redirects
            return response
        return self._page(_HTTP_CODES.get(status, "bad_request"), status)

    def unexpected(self, error: Exception) -> Response:
        log.error("unexpected error, reference %s", reference_of(request), exc_info=error)
        return self._page("server_error", 500)

    def _page(self, code: str, status: int, reference: str | None = None) -> Response:
        return self._room.pages.problem(self._room.visit(request), code, status, reference)
