"""The management API under /api/v1: routes of every operation, and the document that describes them."""

import dataclasses
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Flask, Request, Response, request
from werkzeug.exceptions import MethodNotAllowed
from werkzeug.routing import Map, Rule

from sso.api.asked import from_json, from_query
from sso.api.audit_operations import AUDIT_OPERATIONS
from sso.api.audit_questions import QUESTION_OPERATIONS
from sso.api.client_operations import CLIENT_OPERATIONS
from sso.api.conflict_operations import CONFLICT_OPERATIONS
from sso.api.containment_operations import CONTAINMENT_OPERATIONS
from sso.api.finding_operations import FINDING_OPERATIONS
from sso.api.me import ME
from sso.api.officer import officer_of
from sso.api.openapi import openapi_document
from sso.api.operation import Answer, Call, Operation
from sso.api.people_operations import PEOPLE_OPERATIONS
from sso.api.problem import OriginOf, Problem, Problems
from sso.api.suppression_operations import SUPPRESSION_OPERATIONS
from sso.hub import Hub
from sso.oidc.protected_resource import PresentedToken
from sso.oidc.settings import API_AUDIENCE_PATH
from sso.oidc.step_up import require_sign_in

TokenOf = Callable[[Request], PresentedToken]
"""Raises BearerError where there is no token."""

OPERATIONS: tuple[Operation[Any], ...] = (
    ME,
    *AUDIT_OPERATIONS,
    *QUESTION_OPERATIONS,
    *FINDING_OPERATIONS,
    *SUPPRESSION_OPERATIONS,
    *CLIENT_OPERATIONS,
    *PEOPLE_OPERATIONS,
    *CONTAINMENT_OPERATIONS,
    *CONFLICT_OPERATIONS,
)
OPENAPI_PATH = "/openapi.json"
_EVERY_METHOD = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def register(app: Flask, hub: Hub, origin_of: OriginOf, token_of: TokenOf) -> None:
    """Add the API to an application; it is told how to see where a request comes from, and its token."""
    app.register_blueprint(blueprint(hub, origin_of, token_of))


def blueprint(hub: Hub, origin_of: OriginOf, token_of: TokenOf) -> Blueprint:
    """Return every operation, the OpenAPI document, and a 404 or 405 for everything else below /api."""
    bp = Blueprint("api", __name__, url_prefix=API_AUDIENCE_PATH)
    Problems(hub, origin_of).register(bp)
    for operation in OPERATIONS:
        bp.add_url_rule(
            _route(operation.path),
            endpoint=operation.name,
            view_func=_view(hub, origin_of, token_of, operation),
            methods=[operation.method],
            provide_automatic_options=False,
        )
    document = json.dumps(openapi_document(OPERATIONS, hub.settings.issuer))

    def openapi() -> Response:
        """Describe this API (OpenAPI 3.1)."""
        return _json(document)

    bp.add_url_rule(OPENAPI_PATH, view_func=openapi)
    routes = Map([Rule(_route(o.path), methods=[o.method], endpoint=o.name) for o in OPERATIONS])
    routes.add(Rule(OPENAPI_PATH, methods=["GET"], endpoint="openapi"))
    elsewhere = _elsewhere(routes)
    bp.add_url_rule("/", endpoint="root", view_func=elsewhere, methods=_EVERY_METHOD)
    bp.add_url_rule("/<path:rest>", endpoint="elsewhere", view_func=elsewhere, methods=_EVERY_METHOD)
    return bp


def _route(path: str) -> str:
    return path.replace("{", "<").replace("}", ">")


def _view(
    hub: Hub, origin_of: OriginOf, token_of: TokenOf, operation: Operation[Any]
) -> Callable[..., Response]:
    def view(**path: str) -> Response:
        now, provider, origin = datetime.now(UTC), hub.provider(), origin_of(request)
        if operation.in_body:
            request.get_data()  # the network is waited for here, not while a transaction is open
        token = token_of(request)
        with hub.database.begin(origin) if token.dpop else hub.database.read() as stores:  # proofs are spent
            officer = officer_of(token, operation.need, stores, provider, now)
        if operation.changes:
            require_sign_in(officer.sign_in, now, max_age=provider.settings.api_max_age)
        if not all(value.isprintable() for value in path.values()):
            raise Problem("not_found")  # nothing has such a name, and a database may refuse to look
        asked = operation.asked
        call: Call[Any] = Call(
            hub=hub,
            officer=officer,
            origin=dataclasses.replace(origin, actor=officer.account_id),
            now=now,
            path=path,
            asked=from_json(asked, request) if operation.in_body else from_query(asked, request.args),
            if_match=request.headers.get("If-Match"),
        )
        return _response(operation.run(call), operation.status)

    view.__doc__ = f"{operation.summary}."
    return view


def _elsewhere(routes: Map) -> Callable[..., Response]:
    def elsewhere(rest: str = "") -> Response:
        """Say as a problem document that there is nothing here, or not by this method."""
        methods = routes.bind("").allowed_methods(f"/{rest}")
        if methods:
            raise MethodNotAllowed(valid_methods=[str(method) for method in methods])
        raise Problem("not_found")

    return elsewhere


def _response(answer: Answer, status: int) -> Response:
    if answer.document is None:
        response = Response(status=status)
        response.headers["Cache-Control"] = "no-store"
    else:
        response = _json(json.dumps(answer.document, ensure_ascii=False), status)
    response.headers.update(answer.headers)
    return response


def _json(text: str, status: int = 200) -> Response:
    response = Response(text, status=status, mimetype="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response
