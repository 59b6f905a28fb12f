"""Applications register themselves and manage their registration (RFC 7591 3, RFC 7592 2)."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NoReturn

from flask import Blueprint, Response, abort, jsonify, request

from sso.audit.record import JsonValue
from sso.authentication import self_registration
from sso.authentication.self_registration import Asked, Registered
from sso.hub import Hub
from sso.oidc.client import Client
from sso.oidc.errors import BearerError, ErrorCode, RegistrationError
from sso.oidc.metadata import REGISTRATION_PATH
from sso.oidc.registration import InvalidClientMetadata, Proposal
from sso.oidc.self_registration.admission import Admission
from sso.oidc.self_registration.answer import registration_answer
from sso.oidc.self_registration.statement import MEMBER
from sso.oidc.token_scheme import TokenScheme, credentials_of_header
from sso.web.visit import origin_of

MAX_DOCUMENT_BYTES = 65_536


def blueprint(hub: Hub) -> Blueprint:
    """Return the endpoints; each answers after the commit of what it recorded."""
    bp = Blueprint("registration", __name__)
    desk = _Desk(hub)

    @bp.before_request
    def only_when_on() -> None:
        if not hub.settings.registration.on:
            abort(404)

    @bp.post(REGISTRATION_PATH)
    def register_client() -> Response:
        """Register an application by itself (RFC 7591 3), where `registration.mode` lets it."""
        return desk.register()

    @bp.get(f"{REGISTRATION_PATH}/<client_id>")
    def read_registration(client_id: str) -> Response:
        """Return an application's own registration (RFC 7592 2.1)."""
        return desk.read(client_id)

    @bp.put(f"{REGISTRATION_PATH}/<client_id>")
    def replace_registration(client_id: str) -> Response:
        """Replace an application's own registration (RFC 7592 2.2)."""
        return desk.replace(client_id)

    @bp.delete(f"{REGISTRATION_PATH}/<client_id>")
    def remove_registration(client_id: str) -> Response:
        """Remove an application by itself, with its grants (RFC 7592 2.3)."""
        return desk.remove(client_id)

    return bp


class _Desk:
    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._proxies = hub.configuration.settings.server.trusted_proxies
        self._limit = hub.configuration.settings.registration.network_limit

    def register(self) -> Response:
        asked, now = Asked("register", _bearer(), _document()), datetime.now(UTC)
        origin = origin_of(request, self._proxies)
        with self._hub.database.begin(origin) as stores:
            self._hub.sign_in.throttle.count_registration(origin.address, self._limit, stores, now)
            admitted = self_registration.admit(asked, stores, self._hub.settings, now)
        proposal = self._proposal(asked, admitted, None, now)
        with self._hub.database.begin(origin) as stores:
            registered = self_registration.register(asked, admitted, proposal, stores, now)
        return self._answer(registered, asked.document, 201)

    def read(self, client_id: str) -> Response:
        asked = Asked("read", _bearer(), client_id=client_id)
        with self._hub.database.begin(origin_of(request, self._proxies)) as stores:
            registered = self_registration.read(asked, stores, datetime.now(UTC))
        return self._answer(registered, {}, 200)

    def replace(self, client_id: str) -> Response:
        asked, now = Asked("update", _bearer(), _document(), client_id), datetime.now(UTC)
        origin = origin_of(request, self._proxies)
        with self._hub.database.begin(origin) as stores:
            client, admitted = self_registration.admit_change(asked, stores, self._hub.settings, now)
        proposal = self._proposal(asked, admitted, client, now)
        with self._hub.database.begin(origin) as stores:
            registered = self_registration.change(asked, admitted, proposal, stores, now)
        return self._answer(registered, asked.document, 200)

    def remove(self, client_id: str) -> Response:
        asked = Asked("remove", _bearer(), client_id=client_id)
        with self._hub.database.begin(origin_of(request, self._proxies)) as stores:
            self_registration.remove(asked, stores, datetime.now(UTC))
        return _not_stored(Response(status=204))

    def _proposal(self, asked: Asked, admitted: Admission, client: Client | None, now: datetime) -> Proposal:
        """Read what the application's sector lists; no transaction is open meanwhile."""
        try:
            return self._hub.proposal(admitted.metadata, now, client)
        except InvalidClientMetadata as error:
            with self._hub.database.begin(origin_of(request, self._proxies)) as stores:
                self_registration.refuse(asked, error, stores, now)

    def _answer(self, registered: Registered, sent: Mapping[str, JsonValue], status: int) -> Response:
        answer = registration_answer(
            registered.client, registered.access_token, registered.client_secret, self._hub.settings
        )
        if MEMBER in sent:  # RFC 7591 3.2.1: returned unmodified
            answer[MEMBER] = sent[MEMBER]
        response = jsonify(answer)
        response.status_code = status
        return _not_stored(response)


def _bearer() -> str | None:
    """Return the token of the Authorization header.

    Raises:
        BearerError: another scheme than Bearer.
    """
    shown = credentials_of_header(request.headers.get("Authorization"))
    if shown is None:
        return None
    scheme, token = shown
    if scheme is not TokenScheme.BEARER:
        raise BearerError(ErrorCode.INVALID_TOKEN, "use a bearer token")
    return token


def _document() -> dict[str, JsonValue]:
    """Return the JSON object that was sent.

    Raises:
        RegistrationError: it is none, or longer than MAX_DOCUMENT_BYTES.
    """
    if request.mimetype != "application/json":
        raise RegistrationError(ErrorCode.INVALID_REQUEST, "use application/json")
    if (request.content_length or 0) > MAX_DOCUMENT_BYTES:
        abort(413)
    content = request.stream.read(MAX_DOCUMENT_BYTES + 1)
    if len(content) > MAX_DOCUMENT_BYTES:
        abort(413)
    try:
        document = json.loads(content, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise RegistrationError(ErrorCode.INVALID_REQUEST, "the body is not JSON") from error
    if not isinstance(document, dict):
        raise RegistrationError(ErrorCode.INVALID_REQUEST, "the body must be a JSON object")
    return document


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)  # NaN and Infinity are Python's, not JSON's


def _not_stored(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    response.headers["Pragma"] = "no-cache"
    return response
