"""Refusals of the API as problem details (RFC 9457), and the one place where they become responses."""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from flask import Blueprint, Request, Response, request
from werkzeug.exceptions import HTTPException

from sso.api.flaw import Flaw
from sso.api.officer import RoleMissing
from sso.audit.event import BearerRejected
from sso.audit.record import JsonValue, Origin
from sso.hub import Hub
from sso.oidc.challenge import challenges
from sso.oidc.errors import BearerError, ErrorCode, RequestRejected
from sso.oidc.keys import NoSigningKey
from sso.oidc.registration import InvalidClientMetadata
from sso.oidc.resource_metadata import metadata_address
from sso.oidc.settings import API_AUDIENCE_PATH
from sso.storage.errors import StorageUnavailable

log = logging.getLogger("sso.api")

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 5

OriginOf = Callable[[Request], Origin]

TITLES: Mapping[str, tuple[int, str]] = {
    "bad_request": (400, "The request cannot be read"),
    "invalid_parameter": (400, "A parameter is wrong"),
    "reason_missing": (400, "Say why you look at the audit log"),
    "invalid_client_metadata": (400, "The application cannot be registered like this"),
    "invalid_redirect_uri": (400, "An address cannot be registered"),
    "invalid_token": (401, "The access token is missing, expired or revoked"),
    "invalid_dpop_proof": (401, "The DPoP proof is missing or is not for this call"),
    "use_dpop_nonce": (401, "Repeat the call with the nonce of the DPoP-Nonce header in the proof"),
    "insufficient_user_authentication": (401, "The person must sign in again for this"),
    "insufficient_scope": (403, "The access token does not allow this"),
    "role_missing": (403, "The person does not hold the role for this"),
    "protected_client": (403, "This application is changed on the command line only"),
    "protected_person": (403, "An officer is disabled on the command line only"),
    "not_found": (404, "There is nothing here"),
    "method_not_allowed": (405, "This method is not offered here"),
    "link_refused": (409, "These accounts cannot be linked or separated"),
    "conflict_not_resolvable": (409, "This conflict cannot be resolved like this"),
    "changed_meanwhile": (412, "Someone else has changed it meanwhile"),
    "request_too_large": (413, "The request is too large"),
    "unsupported_media_type": (415, "Send application/json"),
    "precondition_required": (428, "Say which version you change"),
    "entry_broken": (500, "Somebody has changed what is stored of this entry"),
    "server_error": (500, "Something unexpected happened"),
    "temporarily_unavailable": (503, "The hub cannot do this now"),
}
"""Every problem code with its status and title."""

_HTTP_CODES = {404: "not_found", 405: "method_not_allowed", 413: "request_too_large"}
_BEARER_CODES = {
    ErrorCode.INVALID_REQUEST: "bad_request",
    ErrorCode.INSUFFICIENT_SCOPE: "insufficient_scope",
    ErrorCode.INVALID_DPOP_PROOF: "invalid_dpop_proof",
    ErrorCode.USE_DPOP_NONCE: "use_dpop_nonce",
    ErrorCode.INSUFFICIENT_USER_AUTHENTICATION: "insufficient_user_authentication",
}


class Problem(Exception):
    """A request that cannot be answered; `detail` is public.

    `errors` name parameters, as `flaw_of` makes them. `cause` is the stable word for what speaks against a
    decision.
    """

    def __init__(
        self, code: str, detail: str = "", errors: Sequence[Mapping[str, str]] = (), cause: str = ""
    ) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail
        self.errors = tuple(errors)
        self.cause = cause


def flaw_of(parameter: str, flaw: Flaw, detail: str) -> Mapping[str, str]:
    """Return what is wrong with one parameter, as a problem's `errors` have it."""
    return {"parameter": parameter, "code": flaw.value, "detail": detail}


def wrong(parameter: str, flaw: Flaw, detail: str) -> Problem:
    """Return the refusal of one parameter."""
    return Problem("invalid_parameter", errors=[flaw_of(parameter, flaw, detail)])


@dataclass(frozen=True, slots=True)
class Problems:
    """Turns refusals into responses, and records those of a token."""

    hub: Hub
    origin_of: OriginOf

    def register(self, blueprint: Blueprint) -> None:
        """Teach a blueprint how every refusal looks; a blueprint's own word goes before the application's."""
        blueprint.register_error_handler(Problem, self.problem)
        blueprint.register_error_handler(InvalidClientMetadata, self.metadata)
        blueprint.register_error_handler(BearerError, self.token)
        blueprint.register_error_handler(RoleMissing, self.role)
        blueprint.register_error_handler(StorageUnavailable, self.unavailable)
        blueprint.register_error_handler(NoSigningKey, self.unavailable)
        blueprint.register_error_handler(HTTPException, self.http_exception)
        blueprint.register_error_handler(Exception, self.unexpected)

    def problem(self, error: Problem) -> Response:
        """Answer with the problem."""
        return self._response(error)

    def metadata(self, error: InvalidClientMetadata) -> Response:
        """400 with RFC 7591's code and the sentence."""
        return self._response(Problem(error.code.value, error.sentence))

    def token(self, error: BearerError) -> Response:
        """401, or 403 for a scope, with the challenges of RFC 6750 3 and RFC 9449 7.1."""
        problem = Problem(_BEARER_CODES.get(error.code, "invalid_token"), error.description)
        return self._refused(
            problem, error, challenges(error, metadata_address(API_AUDIENCE_PATH, self.hub.settings))
        )

    def role(self, error: RoleMissing) -> Response:
        """403: the token is good, the person is not an officer of this kind (any more)."""
        return self._refused(Problem("role_missing", error.description), error, ())

    def unavailable(self, error: Exception) -> Response:
        """503: what cannot be recorded is not answered."""
        log.error("storage unavailable", extra={"request_id": self._reference()}, exc_info=error)
        response = self._response(Problem("temporarily_unavailable"))
        response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
        return response

    def http_exception(self, error: HTTPException) -> Response:
        """Answer what Flask refuses by itself."""
        response = self._response(Problem(_HTTP_CODES.get(error.code or 500, "bad_request")))
        methods = getattr(error, "valid_methods", None)
        if methods:
            response.headers["Allow"] = ", ".join(sorted(methods))
        return response

    def unexpected(self, error: Exception) -> Response:
        """500 with a reference; the traceback goes to the log only."""
        log.error("unexpected error", extra={"request_id": self._reference()}, exc_info=error)
        return self._response(Problem("server_error"))

    def _refused(self, problem: Problem, error: RequestRejected, asked: Sequence[str]) -> Response:
        origin = self.origin_of(request)
        endpoint = request.url_rule.rule if request.url_rule is not None else "/api"
        event = BearerRejected(endpoint=endpoint, error=problem.code, reason=error.reason)
        try:
            with self.hub.database.begin(origin) as stores:
                stores.audit.append(event, datetime.now(UTC))
        except StorageUnavailable as unavailable:
            return self.unavailable(unavailable)
        response = self._response(problem)
        for challenge in asked:
            response.headers.add("WWW-Authenticate", challenge)
        return response

    def _response(self, problem: Problem) -> Response:
        status, title = TITLES[problem.code]
        body: dict[str, JsonValue] = {
            "type": f"urn:sso-hub:problem:{problem.code}",
            "title": title,
            "status": status,
            "code": problem.code,
            "reference": self._reference(),
        }
        if problem.detail:
            body["detail"] = problem.detail
        if problem.cause:
            body["cause"] = problem.cause
        if problem.errors:
            body["errors"] = [dict(error) for error in problem.errors]
        response = Response(json.dumps(body), status=status, mimetype=MEDIA_TYPE)
        response.headers["Cache-Control"] = "no-store"
        return response

    def _reference(self) -> str:
        return self.origin_of(request).request_id or ""
