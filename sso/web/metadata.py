"""Discovery, keys: what anyone may read."""

import hashlib
import json
from datetime import UTC, datetime

from flask import Blueprint, Response, request
from werkzeug.exceptions import NotFound

from sso.audit.record import JsonValue
from sso.hub import Hub
from sso.oidc.metadata import JWKS_PATH, metadata
from sso.oidc.resource_metadata import WELL_KNOWN, resource_metadata, resource_paths

MAX_AGE_SECONDS = 300


def blueprint(hub: Hub) -> Blueprint:
    """Return the documents at their well-known addresses."""
    bp = Blueprint("metadata", __name__)

    @bp.get("/.well-known/openid-configuration")
    @bp.get("/.well-known/oauth-authorization-server")
    def discovery() -> Response:
        """Describe the provider (OpenID Connect Discovery 1.0, RFC 8414)."""
        return _document(metadata(hub.provider(), hub.acr_values, datetime.now(UTC)))

    @bp.get(f"{WELL_KNOWN}/<path:resource_path>")
    def protected_resource(resource_path: str) -> Response:
        """Describe userinfo, the management API or a department over SCIM (RFC 9728 3)."""
        if f"/{resource_path}" not in resource_paths(hub.settings):
            raise NotFound
        return _document(resource_metadata(f"/{resource_path}", hub.settings))

    @bp.get(JWKS_PATH)
    def jwks() -> Response:
        """Publish the signing keys (RFC 7517)."""
        return _document(hub.keys.ring().jwks(datetime.now(UTC)))

    return bp


def _document(body: dict[str, JsonValue]) -> Response:
    """Return JSON that may be cached for less time than a new key is published before its use."""
    text = json.dumps(body, separators=(",", ":"))
    response = Response(text, mimetype="application/json")
    response.set_etag(hashlib.sha256(text.encode()).hexdigest()[:32])
    response.headers["Cache-Control"] = f"public, max-age={MAX_AGE_SECONDS}"
    response.make_conditional(request)
    return response
