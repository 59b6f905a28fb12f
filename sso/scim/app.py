"""SCIM under /scim/v2/<department>: routes, tokens, bodies and responses (RFC 7644 3)."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Flask, Request, Response, request
from scim2_models import (
    Context,
    ForbiddenException,
    ListResponse,
    NotFoundException,
    NotImplementedException,
    ResponseParameters,
)
from werkzeug.exceptions import MethodNotAllowed

from sso.audit.record import JsonValue
from sso.directory.scim import ScimSettings
from sso.hub import Hub
from sso.oidc.protected_resource import PresentedToken
from sso.oidc.settings import SCIM_PATH
from sso.scim import operations, resource_types
from sso.scim.asked import body_of, query_of
from sso.scim.bulk import bulk
from sso.scim.call import Call, provisioner_of
from sso.scim.documents import ENDPOINTS, etag, location, validated
from sso.scim.kinds import Kind
from sso.scim.operations import KINDS, Shown
from sso.scim.refusal import OriginOf, Refusals, answer

TokenOf = Callable[[Request], PresentedToken]
"""Raises BearerError where there is no token."""
_EVERY_METHOD = ["GET", "POST", "PUT", "PATCH", "DELETE"]
_SEARCHED = ("filter", "sortBy", "sortOrder", "startIndex", "count", "attributes", "excludedAttributes")
_SHOWN = ("attributes", "excludedAttributes")


def register(app: Flask, hub: Hub, origin_of: OriginOf, token_of: TokenOf) -> None:
    """Add SCIM to an application; it is told how to see where a request comes from, and its token."""
    bp = Blueprint("scim", __name__, url_prefix=f"{SCIM_PATH}/<directory_id>")
    refusals = Refusals(hub, origin_of)
    refusals.register(bp)
    service = _Service(hub, origin_of, token_of, refusals)
    for kind in KINDS.values():
        _add_kind(bp, service, kind)
    bp.add_url_rule("/Bulk", "bulk", service.view(service.bulk), methods=["POST"])
    for name, found in (
        ("ServiceProviderConfig", service.configuration),
        ("ResourceTypes", service.resource_types),
        ("Schemas", service.schemas),
    ):
        bp.add_url_rule(f"/{name}", name, found, methods=["GET"])
    bp.add_url_rule("/ResourceTypes/<name>", "resource_type", service.resource_type, methods=["GET"])
    bp.add_url_rule("/Schemas/<name>", "schema", service.schema, methods=["GET"])
    bp.add_url_rule("/Me", "me", service.view(service.not_offered), methods=_EVERY_METHOD)
    bp.add_url_rule("/", "root", service.view(service.not_offered), methods=["GET"])
    bp.add_url_rule("/.search", "search", service.view(service.not_offered), methods=["POST"])
    bp.add_url_rule("/<path:rest>", "elsewhere", service.elsewhere, methods=_EVERY_METHOD)
    app.register_blueprint(bp)


def _add_kind(bp: Blueprint, service: "_Service", kind: Kind[Any]) -> None:
    name, views = ENDPOINTS[kind.kind], _Views(service, kind)
    at = f"/{name}"
    for path, endpoint, method, run in (
        (at, "list", "GET", views.search),
        (f"{at}/.search", "search", "POST", views.search_by_post),
        (at, "create", "POST", views.create),
        (f"{at}/<resource_id>", "show", "GET", views.show),
        (f"{at}/<resource_id>", "replace", "PUT", views.replace),
        (f"{at}/<resource_id>", "patch", "PATCH", views.patch),
        (f"{at}/<resource_id>", "remove", "DELETE", views.remove),
    ):
        rule = f"{name}.{endpoint}".replace(".", "_")
        bp.add_url_rule(path, rule, service.view(run), methods=[method], provide_automatic_options=False)


class _Service:
    """What all addresses of a department have in common."""

    def __init__(self, hub: Hub, origin_of: OriginOf, token_of: TokenOf, refusals: Refusals) -> None:
        self._hub = hub
        self._origin_of = origin_of
        self._token_of = token_of
        self._refusals = refusals

    def view(self, run: Callable[..., Response]) -> Callable[..., Response]:
        """Return a view that lets only the department's own client in."""

        def view(directory_id: str, **path: str) -> Response:
            department, provider = self._department(directory_id), self._hub.provider()
            request.get_data()  # the network is waited for here, not while a transaction is open
            token, database, now = self._token_of(request), self._hub.database, datetime.now(UTC)
            origin = self._origin_of(request)
            with database.begin(origin) if token.dpop else database.read() as stores:  # proofs are spent
                by = provisioner_of(token, department, stores, provider, now)
            return run(Call(self._hub, by, origin, now), **path)

        view.__doc__ = run.__doc__
        return view

    def bulk(self, call: Call) -> Response:
        """Perform several operations (RFC 7644 3.7)."""
        return answer(bulk(call, body_of(), self._refusals.noted))

    def not_offered(self, call: Call, **_: str) -> Response:
        """Say that neither /Me nor a search of everything at once is offered (RFC 7644 3.11, 3.4.2.1)."""
        raise NotImplementedException(detail="ask /Users or /Groups")

    def elsewhere(self, directory_id: str, rest: str) -> Response:
        """Answer for every other address below a department."""
        self._department(directory_id)
        offered = _offered(*rest.split("/"))
        if offered:
            raise MethodNotAllowed(valid_methods=offered)
        raise NotFoundException(detail="there is nothing here")

    def configuration(self, directory_id: str) -> Response:
        """Describe what is offered (RFC 7643 5)."""
        most = self._hub.configuration.settings.server.max_request_bytes
        return answer(_dumped(resource_types.described(self._place(directory_id), most)))

    def resource_types(self, directory_id: str) -> Response:
        """Describe users and groups (RFC 7643 6)."""
        return _all(resource_types.resource_types(self._place(directory_id)))

    def schemas(self, directory_id: str) -> Response:
        """Describe every attribute (RFC 7643 7)."""
        return _all(resource_types.schemas(self._place(directory_id)))

    def resource_type(self, directory_id: str, name: str) -> Response:
        """Describe users or groups (RFC 7643 6)."""
        return _one(resource_types.resource_types(self._place(directory_id)), "name", name)

    def schema(self, directory_id: str, name: str) -> Response:
        """Describe the attributes of one schema (RFC 7643 7)."""
        return _one(resource_types.schemas(self._place(directory_id)), "id", name)

    def _place(self, directory_id: str) -> str:
        if "filter" in request.args:
            raise ForbiddenException(detail="these are not filtered")  # RFC 7644 4
        return self._hub.settings.scim_audience(self._department(directory_id).id)

    def _department(self, directory_id: str) -> ScimSettings:
        for department in self._hub.directories:
            if department.id == directory_id and isinstance(department, ScimSettings):
                return department
        raise NotFoundException(detail="no department of this id brings its people over SCIM")


class _Views:
    """The addresses of one kind of resource."""

    def __init__(self, service: _Service, kind: Kind[Any]) -> None:
        self._kind = kind

    def search(self, call: Call) -> Response:
        """Find users or groups (RFC 7644 3.4.2)."""
        asked: Any = query_of(_SEARCHED)
        return self._searched(call, asked)

    def search_by_post(self, call: Call) -> Response:
        """Find users or groups with the question in the body (RFC 7644 3.4.3)."""
        return self._searched(call, body_of())

    def _searched(self, call: Call, asked: JsonValue) -> Response:
        search = validated(self._kind.searches, asked, Context.SEARCH_REQUEST)
        found = operations.search(self._kind, call, search)
        return answer(_dumped(found, search))

    def create(self, call: Call) -> Response:
        """Create a user or a group (RFC 7644 3.3)."""
        wanted = self._wanted()
        return self._answer(call, operations.create(self._kind, call, body_of()), wanted, 201)

    def show(self, call: Call, resource_id: str) -> Response:
        """Show a user or a group (RFC 7644 3.4.1)."""
        wanted, unless = self._wanted(), request.headers.get("If-None-Match")
        shown = operations.show(self._kind, call, resource_id, wanted)
        if unless is not None and operations.matches(shown.resource, unless):
            response = Response(status=304)
            response.headers["ETag"] = etag(shown.resource)
            return response
        return self._answer(call, shown, wanted)

    def replace(self, call: Call, resource_id: str) -> Response:
        """Replace a user or a group (RFC 7644 3.5.1)."""
        wanted = self._wanted()
        shown = operations.replace(self._kind, call, resource_id, body_of(), request.headers.get("If-Match"))
        return self._answer(call, shown, wanted)

    def patch(self, call: Call, resource_id: str) -> Response:
        """Change a user or a group (RFC 7644 3.5.2)."""
        wanted = self._wanted()
        shown = operations.patch(self._kind, call, resource_id, body_of(), request.headers.get("If-Match"))
        return self._answer(call, shown, wanted)

    def remove(self, call: Call, resource_id: str) -> Response:
        """Remove a user, and so every access of theirs, or a group (RFC 7644 3.6)."""
        operations.remove(self._kind, call, resource_id, request.headers.get("If-Match"))
        return Response(status=204)

    def _wanted(self) -> "ResponseParameters[Any]":
        found: ResponseParameters[Any]
        found = validated(self._kind.projections, query_of(_SHOWN), Context.DEFAULT)
        return found

    def _answer(
        self, call: Call, shown: Shown, wanted: "ResponseParameters[Any]", status: int = 200
    ) -> Response:
        response = answer(_dumped(shown.document, wanted), status)
        response.headers["ETag"] = etag(shown.resource)
        response.headers["Location"] = location(call, self._kind.kind, shown.resource.id)
        return response


def _dumped(document: Any, wanted: "ResponseParameters[Any] | None" = None) -> Mapping[str, Any]:
    dumped: Mapping[str, Any] = document.model_dump(
        scim_ctx=Context.RESOURCE_QUERY_RESPONSE, response_parameters=wanted
    )
    return dumped


def _offered(name: str, *more: str) -> list[str]:
    """The methods of an address; none where nothing is."""
    if len(more) > 1:
        return []
    if name in ENDPOINTS.values():
        if more in ((), (".search",)):
            return ["POST"] if more else ["GET", "POST"]
        return ["GET", "PUT", "PATCH", "DELETE"]
    if name in ("Bulk", ".search"):
        return [] if more else ["POST"]
    known = {"ServiceProviderConfig": 0, "ResourceTypes": 1, "Schemas": 1}
    return ["GET"] if len(more) <= known.get(name, -1) else []


def _all(found: list[Any]) -> Response:
    listed: Any = ListResponse
    response = listed[type(found[0])]
    return answer(
        _dumped(response(total_results=len(found), start_index=1, items_per_page=len(found), resources=found))
    )


def _one(found: list[Any], attribute: str, name: str) -> Response:
    for each in found:
        if str(getattr(each, attribute)) == name:
            return answer(_dumped(each))
    raise NotFoundException(detail="there is nothing here")
