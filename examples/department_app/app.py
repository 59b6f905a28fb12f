"""A department's application that lets people sign in through the hub: Flask and Authlib, to copy from.

Start it with `python app.py`; README.md beside this file tells how to register it and what can be set.
"""

import argparse
import json
import logging
import os
import re
import secrets
import signal
import sys
import threading
import time
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from authlib.integrations.flask_client import OAuth, OAuthError
from flask import Flask, Response, redirect, render_template, request, session, url_for
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from werkzeug import Response as AnyResponse
from werkzeug.exceptions import HTTPException
from werkzeug.serving import make_server

WORDS = tomllib.loads(Path(__file__).with_name("words.toml").read_text(encoding="utf-8"))
SESSION_SECONDS = 8 * 3600
CLOCK_SKEW_SECONDS = 10
SIGNATURE_ALGORITHMS = ("RS256", "PS256", "ES256")  # never "none", never a shared secret
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"

app = Flask(__name__)
oauth = OAuth(app)

# Who is signed in, by the random key in their signed cookie. Kept here and not in the cookie itself, so that
# the hub can end a session. In memory for a sample; a real application keeps this in its database.
signed_in: dict[str, dict[str, Any]] = {}
logout_tokens_seen: dict[str, float] = {}  # jti -> when it may be forgotten
one_at_a_time = threading.Lock()


def visit() -> dict[str, Any] | None:
    """Return what we know of the person at this browser, or None while nobody is signed in."""
    known = signed_in.get(session.get("key", ""))
    return known if known is not None and known["ends_at"] > time.time() else None


@app.get("/")
def home() -> str:
    """Show who is signed in, or the button to do so."""
    known = visit()
    if known is None:
        return render_template("signed_out.html", left=False)
    signed_in_at = datetime.fromtimestamp(known["claims"].get("auth_time", known["claims"]["iat"]), tz=UTC)
    return render_template("signed_in.html", signed_in_at=signed_in_at, **known)


@app.get("/sign-in")
def sign_in() -> AnyResponse:
    """Send the browser to the hub; Authlib puts state, nonce and PKCE verifier into the session."""
    if oauth.hub.load_server_metadata().get("issuer") != app.config["ISSUER"]:
        raise OAuthError("issuer_mismatch")  # OpenID Connect Discovery 1.0, 4.3
    started = sorted((session[name]["exp"], name) for name in session if name.startswith("_state_"))
    for _, name in started[:-3]:  # a few tabs may sign in at once; older attempts would outgrow the cookie
        del session[name]
    answer: AnyResponse = oauth.hub.authorize_redirect(app.config["PUBLIC_URL"] + "/callback")
    return answer


@app.get("/callback")
def callback() -> AnyResponse:
    """Take the hub's answer: redeem the code, check the ID token, ask for the claims, start a session."""
    issuer, state = app.config["ISSUER"], request.args.get("state")
    if oauth.hub.framework.get_state_data(session, state) is None:
        if visit() is not None:  # the back button, or another tab was faster
            return redirect(url_for("home"), 303)
        raise OAuthError("state_mismatch")
    if request.args.get("iss") != issuer:
        raise OAuthError("issuer_mismatch")  # RFC 9207: another provider answered
    if "error" in request.args:
        oauth.hub.framework.clear_state_data(session, state)
        raise OAuthError(request.args["error"])
    for_us = {"iss": required(issuer), "aud": required(app.config["CLIENT_ID"])}
    token = oauth.hub.authorize_access_token(claims_options=for_us, leeway=CLOCK_SKEW_SECONDS)
    claims = oauth.hub.userinfo(token=token)
    if "userinfo" not in token or claims["sub"] != token["userinfo"]["sub"]:
        raise OAuthError("subject_mismatch")  # OpenID Connect Core 1.0, 5.3.2
    remember({**claims, **token["userinfo"]}, token["id_token"])
    return redirect(url_for("home"), 303)


def required(value: str) -> dict[str, Any]:
    """Say that a claim must be there with this value."""
    return {"essential": True, "value": value}


def remember(claims: dict[str, Any], id_token: str) -> None:
    """Start a session under a new key: whoever planted or learned the old one gains nothing by it."""
    for key in [key for key, known in list(signed_in.items()) if known["ends_at"] <= time.time()]:
        signed_in.pop(key, None)
    signed_in.pop(session.get("key", ""), None)
    session.clear()
    session["key"] = secrets.token_urlsafe(32)
    known = {"claims": claims, "id_token": id_token, "form_key": secrets.token_urlsafe(32)}
    signed_in[session["key"]] = known | {"ends_at": time.time() + SESSION_SECONDS}


@app.post("/sign-out")
def sign_out() -> AnyResponse:
    """End our session, then ask the hub to end its own (OpenID Connect RP-Initiated Logout 1.0)."""
    known = visit()
    if known is None or request.form.get("form_key") != known["form_key"]:
        return redirect(url_for("home"), 303)
    signed_in.pop(session["key"], None)
    session.clear()
    back, client_id = app.config["PUBLIC_URL"] + "/signed-out", app.config["CLIENT_ID"]
    answer: AnyResponse = oauth.hub.logout_redirect(back, known["id_token"], client_id=client_id)
    return answer


@app.get("/signed-out")
def signed_out() -> str:
    """Say that the person is signed out, if it was us who sent this browser to sign out."""
    if oauth.hub.framework.get_state_data(session, request.args.get("state")) is None:
        raise OAuthError("state_mismatch")
    oauth.hub.validate_logout_response()
    return render_template("signed_out.html", left=True)


@app.post("/backchannel-logout")
def backchannel_logout() -> tuple[dict[str, Any], int]:
    """The hub tells us that a session ended somewhere else (OpenID Connect Back-Channel Logout 1.0, 2.5)."""
    try:
        named = who_left(request.form.get("logout_token", ""), time.time())
    except (JoseError, ValueError) as error:
        app.logger.warning("logout token refused: %s", error)
        return {"error": "invalid_request", "error_description": "the logout token is not valid"}, 400
    ended = [key for key, known in list(signed_in.items()) if named.items() <= known["claims"].items()]
    for key in ended:
        signed_in.pop(key, None)
    return {"ended": len(ended)}, 200


@app.get("/frontchannel-logout")
def frontchannel_logout() -> Response:
    """End the session that a frame of the hub's last page names (OpenID Connect Front-Channel Logout 1.0).

    The sid is what counts, for only the hub and we know it: in a frame of another site many browsers send no
    cookie, so whose browser this is cannot be told.
    """
    if request.args.get("iss") != app.config["ISSUER"] or not request.args.get("sid"):
        raise OAuthError("invalid_request")
    sid = request.args["sid"]
    for key in [key for key, known in signed_in.items() if known["claims"].get("sid") == sid]:
        signed_in.pop(key, None)
    answer = Response("", mimetype="text/html")
    answer.headers["Content-Security-Policy"] = f"default-src 'none'; frame-ancestors {app.config['ISSUER']}"
    return answer


def who_left(logout_token: str, now: float) -> dict[str, str]:
    """Return the sub, the sid or both that a logout token names, after every check of 2.6, in its order."""
    token = signed_by_hub(logout_token)
    if token.header.get("typ") not in ("logout+jwt", "application/logout+jwt"):
        raise ValueError("typ is not logout+jwt")
    names = {"iss": required(app.config["ISSUER"]), "aud": required(app.config["CLIENT_ID"])}
    names |= {name: {"essential": True} for name in ("iat", "exp", "jti")}
    jwt.JWTClaimsRegistry(now=int(now), leeway=CLOCK_SKEW_SECONDS, **names).validate(token.claims)
    named = {name: token.claims[name] for name in ("sub", "sid") if name in token.claims}
    if not named or not all(isinstance(value, str) and value for value in named.values()):
        raise ValueError("neither sub nor sid")
    events = token.claims.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(LOGOUT_EVENT), dict):
        raise ValueError("events does not tell of a logout")
    if "nonce" in token.claims:
        raise ValueError("nonce is there: it may be an ID token")
    accept_once(token.claims["jti"], token.claims["exp"] + CLOCK_SKEW_SECONDS, now)
    return named


def accept_once(jti: str, forget_at: float, now: float) -> None:
    """Refuse a logout token that came before: what an eavesdropper sends again ends nothing."""
    with one_at_a_time:
        for old in [old for old, until in logout_tokens_seen.items() if until <= now]:
            del logout_tokens_seen[old]
        if jti in logout_tokens_seen:
            raise ValueError("jti was seen before")
        logout_tokens_seen[jti] = forget_at


def signed_by_hub(text: str) -> jwt.Token:
    """Check a signature with the hub's keys; ask for them again, at most once a minute, when a key is new."""
    try:
        return jwt.decode(text, KeySet.import_key_set(oauth.hub.fetch_jwk_set()), SIGNATURE_ALGORITHMS)
    except InvalidKeyIdError:
        if time.time() < app.config.get("KEYS_ASKED_AT", 0) + 60:
            raise
        app.config["KEYS_ASKED_AT"] = time.time()
        keys = KeySet.import_key_set(oauth.hub.fetch_jwk_set(force=True))
        return jwt.decode(text, keys, SIGNATURE_ALGORITHMS)


@app.get("/healthz")
def healthz() -> dict[str, str]:
    """Say that we are running."""
    return {"status": "ok"}


@app.get("/colour.css")
def colour() -> Response:
    """Serve the department's colour; the content security policy allows no style inside the page."""
    return Response(f":root {{ --department: {app.config['APP_COLOUR']}; }}\n", mimetype="text/css")


@app.errorhandler(OAuthError)  # the hub refused (access_denied...), or its answer is not for us
@app.errorhandler(JoseError)  # the ID token fails a check
@app.errorhandler(OSError)  # the hub does not answer: what requests raises is an OSError
@app.errorhandler(HTTPException)
def error_page(error: OAuthError | JoseError | OSError | HTTPException) -> tuple[str, int]:
    """Say in a sentence what happened, with a code that a help desk can look up."""
    if isinstance(error, HTTPException):
        code, status = error.name.lower().replace(" ", "_"), error.code or 500
    elif isinstance(error, OAuthError):
        code, status = error.error or "server_error", 400
    elif isinstance(error, JoseError):
        code, status = "id_token_invalid", 400
    else:
        code, status = "hub_unreachable", 503
    app.logger.warning("%s: %s", request.endpoint, code)
    return render_template("error.html", code=code), status


@app.context_processor
def speak() -> dict[str, Any]:
    """Give the templates their words, in the first language of the browser that we have."""
    tags = (tag.lower().split("-")[0] for tag in request.accept_languages.values())
    language = next((tag for tag in tags if tag in WORDS), "en")
    return {"say": WORDS[language], "app_name": app.config["APP_NAME"]}


@app.after_request
def add_headers(response: Response) -> Response:
    """Allow a page our own style sheets, icon and forms only; a form may lead on to the hub."""
    hub = urlsplit(app.config["ISSUER"])
    policy = (
        "default-src 'none'; img-src 'self'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
        f"form-action 'self' {hub.scheme}://{hub.netloc}"
    )
    response.headers.setdefault("Content-Security-Policy", policy)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response


def load_settings(file: Path | None) -> dict[str, str]:
    """Read the environment, then FILE (TOML, or the JSON that `sso client add --json` prints), which wins."""
    setting = {"APP_NAME": "Department", "APP_COLOUR": "#1d70b8", "HOST": "127.0.0.1", "PORT": "9001"}
    names = ("ISSUER", "CLIENT_ID", "CLIENT_SECRET", "CLIENT_SECRET_FILE", "PUBLIC_URL", *setting)
    setting |= {name: os.environ[name] for name in names if os.environ.get(name)}
    if file is not None:
        text = file.read_text(encoding="utf-8")
        found = json.loads(text) if file.suffix == ".json" else tomllib.loads(text)
        setting |= {name.upper(): str(value) for name, value in found.items()}
    if missing := [name for name in ("ISSUER", "CLIENT_ID") if not setting.get(name)]:
        raise ValueError(f"{' and '.join(missing)} not set")
    if not re.fullmatch("#[0-9a-fA-F]{6}", setting["APP_COLOUR"]):
        raise ValueError("APP_COLOUR is not like #1d70b8")
    if "CLIENT_SECRET_FILE" in setting:
        setting["CLIENT_SECRET"] = Path(setting["CLIENT_SECRET_FILE"]).read_text(encoding="utf-8").strip()
    setting.setdefault("PUBLIC_URL", f"http://{setting['HOST']}:{int(setting['PORT'])}")
    return setting


def configure(setting: dict[str, str]) -> None:
    """Tell Flask and Authlib what is set. The rest comes from the hub's discovery document, at first use."""
    app.config.update(setting, SECRET_KEY=secrets.token_bytes(32), MAX_CONTENT_LENGTH=64 * 1024)
    # A browser sends the cookies of 127.0.0.1 to every port of it: the name keeps two applications apart.
    app.config.update(SESSION_COOKIE_NAME=f"department_{setting['PORT']}", SESSION_COOKIE_SAMESITE="Lax")
    app.config.update(SESSION_COOKIE_SECURE=setting["PUBLIC_URL"].startswith("https:"))
    client_kwargs = {
        "scope": "openid profile email department",
        "code_challenge_method": "S256",
        "default_timeout": 5,
        "trust_env": urlsplit(setting["ISSUER"]).scheme == "https",  # no proxy between us and this machine
    }
    oauth.register(
        "hub",
        client_id=setting["CLIENT_ID"],
        client_secret=setting.get("CLIENT_SECRET"),
        server_metadata_url=setting["ISSUER"] + "/.well-known/openid-configuration",
        client_kwargs=client_kwargs,
    )


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(description="A department's application behind the hub's sign-in.")
    parser.add_argument(
        "--settings", type=Path, metavar="FILE", help="TOML or JSON; wins over the environment"
    )
    try:
        configure(load_settings(parser.parse_args().settings))
    except (OSError, ValueError) as error:
        sys.exit(f"department_app: {error}")
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # its request lines would show codes and states
    server = make_server(app.config["HOST"], int(app.config["PORT"]), app, threaded=True)
    print(f"{app.config['APP_NAME']} is at {app.config['PUBLIC_URL']}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
