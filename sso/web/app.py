"""The hub's web application: its blueprints, its limits, the headers of every response."""

import hashlib
from pathlib import Path

from flask import Flask, Response, request
from werkzeug import Request

from sso.hub import Hub
from sso.oidc.session_management import CHECK_SESSION_PATH
from sso.web import (
    access_log,
    accounts,
    answer,
    approvals,
    authorize,
    check_session,
    choose_account,
    choose_department,
    consent,
    cross_origin,
    device,
    errors,
    home,
    metadata,
    new_password,
    receipts,
    registration,
    security_events,
    sign_in,
    sign_out,
    signed_out,
    slices,
    token,
    upstream,
    upstream_accounts,
    upstream_logout,
    userinfo,
    uses,
)
from sso.web.answers import Answers
from sso.web.direct import Direct, Finish, View, finish_in_flask
from sso.web.pages import Pages
from sso.web.readiness import readiness_blueprint
from sso.web.visit import request_id_of

MAX_FORM_PARTS = 200
STATIC_MAX_AGE_SECONDS = 31_536_000

_FRAMING = "X-Frame-Options"
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    _FRAMING: "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_DEFAULT_POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"


def create_app(hub: Hub) -> Flask:
    """Return the WSGI application of a hub."""
    app = Flask("sso.web", static_folder="static", static_url_path="/static")
    app.url_map.merge_slashes = False  # its redirects would be built from the Host header
    app.config["MAX_CONTENT_LENGTH"] = hub.configuration.settings.server.max_request_bytes
    app.config["MAX_FORM_PARTS"] = MAX_FORM_PARTS
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = STATIC_MAX_AGE_SECONDS
    pages_section = hub.configuration.settings.pages
    version = asset_version(Path(__file__).with_name("static"))
    pages = Pages(version, {"en": pages_section.name, **pages_section.names})
    answers = Answers(hub, pages)
    signing_in = (authorize, sign_in, choose_department, new_password, choose_account, consent)
    own = (accounts, upstream_accounts, uses, sign_out, signed_out, home)
    for page in (*signing_in, upstream, device, answer, approvals, *own):
        app.register_blueprint(page.blueprint(hub, answers))
    app.register_blueprint(check_session.blueprint(hub, version))
    endpoints = (metadata, token, userinfo, registration, security_events, receipts, slices, upstream_logout)
    for endpoint in endpoints:
        app.register_blueprint(endpoint.blueprint(hub))
    app.register_blueprint(readiness_blueprint(hub))
    errors.register(app, hub, answers)
    app.before_request(lambda: access_log.begin(request.environ))
    cross_origin.answer_preflights(app)
    finishing = (cross_origin.finish(hub), _headers(hub), access_log.finish)
    finish_in_flask(app, finishing)
    app.wsgi_app = Direct(app, _hot_views(hub), finishing)  # type: ignore[method-assign]  # Flask's own advice
    return app


def asset_version(folder: Path) -> str:
    """Return a digest of every static file: its address changes when one of them does."""
    whole = hashlib.sha256()
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            whole.update(file.name.encode() + b"\0" + file.read_bytes())
    return whole.hexdigest()[:12]


def _hot_views(hub: Hub) -> dict[tuple[str, str], View]:
    """The functions that are served past Flask, by path and method."""
    posted = {(path, "POST"): view for path, view in token.views(hub).items()}
    read = {(path, method): view for path, view in userinfo.views(hub).items() for method in userinfo.METHODS}
    return posted | read


def _headers(hub: Hub) -> Finish:
    """What every response carries; what it carries already stays."""
    always = {**_HEADERS, "Content-Security-Policy": _DEFAULT_POLICY}
    if hub.settings.secure:
        always["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    known = [(name.lower(), name, value) for name, value in always.items()]
    framed = (CHECK_SESSION_PATH,) if hub.settings.session_management else ()

    def add(asked: Request, response: Response) -> None:
        present = {name.lower() for name, _ in response.headers}
        for lower, name, value in known:
            if lower not in present and not (name == _FRAMING and asked.path in framed):
                response.headers.add(name, value)
        response.headers["X-Request-Id"] = request_id_of(asked)

    return add
