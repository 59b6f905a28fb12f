"""The UserInfo endpoint (OpenID Connect Core 5.3), GET and POST, also from a browser's script."""

from datetime import UTC, datetime

from flask import Blueprint, Response
from werkzeug import Request

from sso.audit.event import BearerRejected
from sso.hub import Hub
from sso.oidc import userinfo as userinfo_endpoint
from sso.oidc.digest import digest
from sso.oidc.errors import BearerError, ErrorCode
from sso.oidc.jose import TokenInvalid, unverified_claims
from sso.oidc.metadata import USERINFO_PATH
from sso.oidc.token_scheme import TokenScheme, credentials_of_header
from sso.web.client_keys import prepare_client_keys
from sso.web.direct import View, json_response, route
from sso.web.proof_of_key import presented_token_of
from sso.web.visit import origin_of

METHODS = ("GET", "POST")


def blueprint(hub: Hub) -> Blueprint:
    """Return the endpoint as Flask knows it."""
    bp = Blueprint("userinfo", __name__)
    route(bp, views(hub), METHODS)
    return bp


def views(hub: Hub) -> dict[str, View]:
    """Return the endpoint, by its path; it answers after the commit of what it recorded."""

    def userinfo(request: Request) -> Response:
        """Return claims about the person (OpenID Connect Core 5.3)."""
        now, provider = datetime.now(UTC), hub.provider()
        proxies = hub.configuration.settings.server.trusted_proxies
        origin = origin_of(request, proxies)
        shown = token_of(request)
        prepare_client_keys(hub, _claimed_client_id(hub, shown[1]))
        token = presented_token_of(shown, request, provider.settings, proxies)
        with hub.database.begin(origin) as stores:
            try:
                claims = userinfo_endpoint.userinfo(token, stores, provider, now)
            except BearerError as refusal:
                event = BearerRejected(endpoint="userinfo", error=refusal.code.value, reason=refusal.reason)
                stores.audit.append(event, now)
                raise
        response = (
            Response(claims, mimetype="application/jwt") if isinstance(claims, str) else json_response(claims)
        )
        response.headers["Cache-Control"] = "no-store"
        return response

    return {USERINFO_PATH: userinfo}


def _claimed_client_id(hub: Hub, access_token: str) -> str:
    """Return whose token it says it is, unverified: only to know whose keys may be needed for the answer."""
    if "." not in access_token:
        with hub.database.read() as stores:
            kept = stores.access_tokens.get(digest(access_token))
        return "" if kept is None else str(kept.claims.get("client_id", ""))
    try:
        return str(unverified_claims(access_token).get("client_id", ""))
    except TokenInvalid:
        return ""


def token_of(asked: Request) -> tuple[TokenScheme, str]:
    """Return the token of the Authorization header or, by POST, of the form; never of the query.

    Raises:
        BearerError: none, or two (RFC 6750 2).
    """
    shown = credentials_of_header(asked.headers.get("Authorization"))
    found = [] if shown is None else [shown]
    if asked.method == "POST" and asked.mimetype == "application/x-www-form-urlencoded":
        found.extend((TokenScheme.BEARER, text) for text in asked.form.getlist("access_token"))
    if len(found) > 1:
        raise BearerError(ErrorCode.INVALID_REQUEST, "send the token once")
    if not found:
        raise BearerError(ErrorCode.INVALID_TOKEN, "", "no token")
    return found[0]
