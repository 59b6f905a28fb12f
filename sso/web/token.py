"""The endpoints that clients call themselves: token, introspection, revocation, pushed requests, devices."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeAlias

from flask import Blueprint, Response
from werkzeug import Request

from sso.audit.record import JsonValue, Origin
from sso.authentication.hinted import account_named
from sso.authentication.stores import Stores
from sso.hub import Hub
from sso.oidc import introspection, revocation
from sso.oidc import token as token_endpoint
from sso.oidc.backchannel import BACKCHANNEL_PATH, authenticate_backchannel
from sso.oidc.client import Client
from sso.oidc.client_authentication import Presented, authenticate, claimed_client_id
from sso.oidc.confirmation import Confirmation
from sso.oidc.device import DEVICE_AUTHORIZATION_PATH, authorize_device
from sso.oidc.errors import ErrorCode, TokenError
from sso.oidc.metadata import INTROSPECTION_PATH, PUSHED_PATH, REVOCATION_PATH, TOKEN_PATH
from sso.oidc.push import push as push_request
from sso.oidc.sender_constraint import confirmation_of, key_of_pushed
from sso.oidc.settings import Provider
from sso.oidc.token_request import TokenRequest, repeated_values, single_values
from sso.web.account_states import with_known_state
from sso.web.client_keys import prepare_client_keys, prepare_issuer_keys
from sso.web.direct import View, json_response, route
from sso.web.form import FORM, form_of
from sso.web.proof_of_key import presented_of
from sso.web.visit import origin_of

Binding: TypeAlias = Callable[[Presented, Client, Stores, Provider, datetime], Confirmation | None]
Endpoint: TypeAlias = Callable[
    [TokenRequest, Stores, Provider, datetime], "dict[str, JsonValue] | str | None"
]
"""What a request is answered with: JSON, a JWT, or nothing."""

INTROSPECTION_JWT = f"application/{introspection.INTROSPECTION_TYPE}"


def blueprint(hub: Hub) -> Blueprint:
    """Return the endpoints as Flask knows them."""
    bp = Blueprint("token", __name__)
    route(bp, views(hub), ("POST",))
    return bp


def views(hub: Hub) -> dict[str, View]:
    """Return the endpoints, by path; each answers after the commit of what it recorded."""

    def token(request: Request) -> Response:
        """Issue tokens to a client (RFC 6749 3.2)."""
        return _answer(hub, request, "token", _token, confirmation_of)

    def introspect(request: Request) -> Response:
        """Tell a resource server about a token (RFC 7662), as a JWT on its wish (RFC 9701)."""
        wanted = request.accept_mimetypes.best_match(["application/json", INTROSPECTION_JWT])
        if wanted != INTROSPECTION_JWT:
            return _answer(hub, request, "introspection", _introspect)
        response = _answer(hub, request, "introspection", _introspect_as_jwt)
        response.mimetype = INTROSPECTION_JWT
        return response

    def revoke(request: Request) -> Response:
        """Revoke a token (RFC 7009)."""
        return _answer(hub, request, "revocation", _revoke)

    def push(request: Request) -> Response:
        """Take an authorization request ahead of the browser that brings its reference (RFC 9126)."""
        response = _answer(hub, request, "par", push_request, key_of_pushed)
        response.status_code = 201
        return response

    def device_authorization(request: Request) -> Response:
        """Give a device its codes (RFC 8628 3.1)."""
        origin = origin_of(request, hub.configuration.settings.server.trusted_proxies)
        return _answer(hub, request, "device_authorization", _device_authorization(hub, origin))

    def backchannel_authentication(request: Request) -> Response:
        """Ask a person elsewhere, at the wish of a client (OpenID Connect CIBA Core 7)."""
        return _answer(hub, request, "backchannel_authentication", _backchannel(hub))

    return {
        TOKEN_PATH: token,
        INTROSPECTION_PATH: introspect,
        REVOCATION_PATH: revoke,
        PUSHED_PATH: push,
        DEVICE_AUTHORIZATION_PATH: device_authorization,
        BACKCHANNEL_PATH: backchannel_authentication,
    }


def _backchannel(hub: Hub) -> Endpoint:
    def authenticate(
        asked: TokenRequest, stores: Stores, provider: Provider, now: datetime
    ) -> dict[str, JsonValue]:
        def named(typed: str) -> str | None:
            account = account_named(typed, hub.directories, stores)
            return account.id if account is not None else None

        return authenticate_backchannel(asked, named, stores, provider, now).as_json()

    return authenticate


def _device_authorization(hub: Hub, origin: Origin) -> Endpoint:
    def authorize(
        asked: TokenRequest, stores: Stores, provider: Provider, now: datetime
    ) -> dict[str, JsonValue]:
        if asked.client.public:
            hub.sign_in.throttle.count_device(origin.address, stores, now)
        return authorize_device(asked, origin, stores, provider, now).as_json()

    return authorize


def _token(asked: TokenRequest, stores: Stores, provider: Provider, now: datetime) -> dict[str, JsonValue]:
    return token_endpoint.token(asked, stores, provider, now).as_json()


def _introspect(
    asked: TokenRequest, stores: Stores, provider: Provider, now: datetime
) -> dict[str, JsonValue]:
    _require_confidential(asked.client)
    return introspection.introspect(asked.required("token"), asked.client, stores, provider, now)


def _introspect_as_jwt(asked: TokenRequest, stores: Stores, provider: Provider, now: datetime) -> str:
    _require_confidential(asked.client)
    return introspection.introspect_as_jwt(asked.required("token"), asked.client, stores, provider, now)


def _revoke(asked: TokenRequest, stores: Stores, provider: Provider, now: datetime) -> None:
    revocation.revoke(asked.required("token"), asked.client, stores, provider, now)


def _require_confidential(client: Client) -> None:
    if client.public:
        raise TokenError(ErrorCode.INVALID_CLIENT, "a public client may not introspect")


def _answer(
    hub: Hub, request: Request, endpoint: str, answer: Endpoint, bind: Binding | None = None
) -> Response:
    """Prove the client, and the key that it binds to; let the endpoint answer, commit, only then speak."""
    if request.mimetype != FORM:
        raise TokenError(ErrorCode.INVALID_REQUEST, f"use {FORM}")
    every = form_of(request)
    form = single_values(every)
    resources, audiences = repeated_values(every, "resource"), repeated_values(every, "audience")
    proxies = hub.configuration.settings.server.trusted_proxies
    presented = presented_of(endpoint, form, request, hub.settings, proxies)
    origin = origin_of(request, proxies)
    signed = (form.get("client_assertion"), form.get("request"))
    prepare_client_keys(hub, claimed_client_id(presented), *signed, certificate=presented.certificate)
    prepare_issuer_keys(hub, form.get("assertion"))

    def answered(provider: Provider) -> dict[str, JsonValue] | str | None:
        now = datetime.now(UTC)

        def work(stores: Stores) -> dict[str, JsonValue] | str | None:
            client = authenticate(presented, stores, provider, now)
            key = None if bind is None else bind(presented, client, stores, provider, now)
            return answer(TokenRequest(client, form, resources, audiences, key), stores, provider, now)

        if answer is _revoke:  # what ends something does not wait for the log
            return hub.database.contain(origin, work)
        return hub.database.run(origin, work)

    response = _response(with_known_state(hub, origin, answered))
    response.headers["Cache-Control"] = "no-store"
    response.headers["Pragma"] = "no-cache"
    return response


def _response(body: dict[str, JsonValue] | str | None) -> Response:
    if isinstance(body, str):
        return Response(body, mimetype="application/jwt")
    return Response(b"", mimetype="application/json") if body is None else json_response(body)
