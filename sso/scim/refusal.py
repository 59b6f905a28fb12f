"""Refusals as SCIM errors (RFC 7644 3.12), and the one place where they become responses."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Request, Response, json, request
from scim2_models import Error, SCIMException
from werkzeug.exceptions import HTTPException

from sso.audit.event import BearerRejected
from sso.audit.record import Origin
from sso.authentication.password import TooBusy
from sso.hub import Hub
from sso.oidc.challenge import challenges
from sso.oidc.errors import BearerError, ErrorCode
from sso.oidc.resource_metadata import metadata_address
from sso.storage.errors import StorageUnavailable

log = logging.getLogger("sso.scim")

MEDIA_TYPE = "application/scim+json"
RETRY_AFTER_SECONDS = 5
OriginOf = Callable[[Request], Origin]
_SENTENCES = {
    404: "there is nothing here",
    405: "this method is not offered here",
    413: "the request is too large",
    415: "send application/scim+json",
}


def error_of(raised: Exception, reference: str) -> tuple[int, Mapping[str, Any]]:
    """Return the status and the SCIM error that an exception stands for.

    A failure of ours names the reference under which the log has it.
    """
    if isinstance(raised, SCIMException):
        error = raised.to_error()
    elif isinstance(raised, StorageUnavailable | TooBusy):
        error = Error(status=503, detail=f"the hub cannot do this now: try again (reference {reference})")
    elif isinstance(raised, HTTPException):
        status = raised.code or 500
        error = Error(status=status, detail=_SENTENCES.get(status, "the request cannot be read"))
    else:
        error = Error(status=500, detail=f"something unexpected happened (reference {reference})")
    return error.status or 500, error.model_dump()


@dataclass(frozen=True, slots=True)
class Refusals:
    """Turns refusals into responses, and records those of a token."""

    hub: Hub
    origin_of: OriginOf

    def register(self, blueprint: Blueprint) -> None:
        """Teach a blueprint how every refusal looks."""
        blueprint.register_error_handler(BearerError, self.token)
        blueprint.register_error_handler(HTTPException, self.http_exception)
        blueprint.register_error_handler(Exception, self.raised)

    def raised(self, error: Exception) -> Response:
        """Answer with the error; what nobody foresaw goes to the log with its traceback."""
        status, body = self.noted(error)
        response = answer(body, status)
        if status == 503:
            response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
        return response

    def noted(self, error: Exception) -> tuple[int, Mapping[str, Any]]:
        """Return status and error of what was raised; a failure of ours is logged."""
        reference = self.origin_of(request).request_id or ""
        status, body = error_of(error, reference)
        if status >= 500 and not isinstance(error, SCIMException):
            log.error("a SCIM request failed", extra={"request_id": reference}, exc_info=error)
        return status, body

    def http_exception(self, error: HTTPException) -> Response:
        """Answer what Flask refuses by itself."""
        response = self.raised(error)
        methods = getattr(error, "valid_methods", None)
        if methods:
            response.headers["Allow"] = ", ".join(sorted(methods))
        return response

    def token(self, error: BearerError) -> Response:
        """401, or 403 for a scope, with the challenges of RFC 6750 3 and RFC 9449 7.1."""
        status = {ErrorCode.INVALID_REQUEST: 400, ErrorCode.INSUFFICIENT_SCOPE: 403}.get(error.code, 401)
        endpoint = request.url_rule.rule if request.url_rule is not None else "/scim"
        event = BearerRejected(endpoint=endpoint, error=error.code.value, reason=error.reason)
        try:
            with self.hub.database.begin(self.origin_of(request)) as stores:
                stores.audit.append(event, datetime.now(UTC))
        except StorageUnavailable as unavailable:
            return self.raised(unavailable)
        response = answer(
            Error(status=status, detail=error.description or "no access token").model_dump(), status
        )
        described = metadata_address(request.path, self.hub.settings)
        for challenge in challenges(error, described):
            response.headers.add("WWW-Authenticate", challenge)
        return response


def answer(document: Mapping[str, Any] | Sequence[Any], status: int = 200) -> Response:
    """Return a SCIM document as a response."""
    response = Response(json.dumps(document, ensure_ascii=False), status=status, mimetype=MEDIA_TYPE)
    response.headers["Cache-Control"] = "no-store"
    return response
