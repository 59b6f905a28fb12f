"""A department's interface for other programs: Flask and PyJWT, to copy from.

It takes access tokens of the hub, checks them without asking the hub, and wants to know who holds them where
they are bound to a key. Start it with `python app.py`; README.md beside this file tells what can be set.
"""

import logging
import os
import secrets
import signal
import sys
import threading
from typing import Any

from access import Access, HubUnreachable, Refused, Settings
from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException
from werkzeug.serving import make_server

WELL_KNOWN = "/.well-known/oauth-protected-resource"

app = Flask(__name__)
access: Access

# What the interface is about: permits, by number. In memory for a sample.
permits: dict[str, dict[str, str]] = {}
one_at_a_time = threading.Lock()


@app.get("/permits")
def list_permits() -> Response:
    """Show the permits of the person behind the token."""
    claims = access.require("permits:read")
    with one_at_a_time:
        own = [permit for permit in permits.values() if permit["holder"] == claims["sub"]]
    return jsonify({"permits": own})


@app.post("/permits")
def apply_for_permit() -> tuple[Response, int]:
    """Issue a permit: only to somebody who has just signed in (RFC 9470)."""
    claims = access.require("permits:write", fresh=True)
    permit = {"number": secrets.token_hex(4), "holder": claims["sub"]}
    with one_at_a_time:
        permits[permit["number"]] = permit
    return jsonify(permit), 201


@app.get(WELL_KNOWN)
def describe() -> Response:
    """Say which hub's tokens we take, and how (RFC 9728)."""
    return jsonify(
        {
            "resource": access.settings.resource,
            "authorization_servers": [access.settings.issuer],
            "scopes_supported": ["permits:read", "permits:write"],
            "bearer_methods_supported": ["header"],
            "dpop_signing_alg_values_supported": list(access.settings.algorithms),
            "tls_client_certificate_bound_access_tokens": access.settings.proxy is not None,
        }
    )


@app.get("/healthz")
def healthz() -> dict[str, str]:
    """Say that we are running."""
    return {"status": "ok"}


@app.errorhandler(Refused)
def refused(error: Refused) -> tuple[Response, int]:
    """Say what is missing, in the words of RFC 6750 3 that every client library understands."""
    answer = jsonify({"error": error.code} if error.code else {})
    described_at = f"{access.settings.resource.rstrip('/')}{WELL_KNOWN}"
    for scheme in error.schemes:
        members = {"error": error.code, **error.members, "resource_metadata": described_at}
        if scheme == "DPoP":
            members["algs"] = " ".join(access.settings.algorithms)
        written = ", ".join(f'{name}="{value}"' for name, value in members.items() if value)
        answer.headers.add("WWW-Authenticate", f"{scheme} {written}")
    app.logger.warning("%s %s refused: %s", request.method, request.path, error.reason)
    return answer, error.status


@app.errorhandler(HubUnreachable)
def unreachable(error: HubUnreachable) -> tuple[Response, int]:
    """Without the hub's keys no token can be judged: that is not the caller's fault."""
    app.logger.error("the hub's keys cannot be read: %s", error)
    return jsonify({"error": "temporarily_unavailable"}), 503


@app.errorhandler(HTTPException)
def http_error(error: HTTPException) -> tuple[Response, int]:
    """Programs read JSON."""
    return jsonify({"error": error.name.lower().replace(" ", "_")}), error.code or 500


@app.after_request
def add_headers(response: Response) -> Response:
    """Nothing here is for a cache, or for a browser to guess at."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def load_settings(environment: dict[str, str]) -> tuple[Settings, str, int]:
    """Read the environment: what is checked, the host and the port."""
    host, port = environment.get("HOST", "127.0.0.1"), int(environment.get("PORT", "9101"))
    if not environment.get("ISSUER"):
        raise ValueError("ISSUER not set")
    found: dict[str, Any] = {
        "issuer": environment["ISSUER"],
        "resource": environment.get("RESOURCE") or f"http://{host}:{port}",
        "proxy": environment.get("PROXY") or None,
        "fresh_seconds": int(environment.get("FRESH_SECONDS", "300")),
        "acr_values": tuple(environment.get("ACR_VALUES", "").split()),
    }
    return Settings(**found), host, port


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    global access
    try:
        settings, host, port = load_settings(dict(os.environ))
    except ValueError as error:
        sys.exit(f"department_resource: {error}")
    access = Access(settings)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server = make_server(host, port, app, threaded=True)
    print(f"The interface is at {settings.resource}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
