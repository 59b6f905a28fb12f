"""The one place where a refusal becomes an HTTP response.

Public text is constant; the private reason is in the audit event, and a traceback in the log only.
"""

import logging

from flask import Flask, Request, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from sso.authentication.throttling import Throttled
from sso.authentication.uses import UseUnknown
from sso.hub import Hub
from sso.oidc.challenge import challenges
from sso.oidc.errors import (
    AuthorizationError,
    BearerError,
    ErrorCode,
    RegistrationError,
    RequestDenied,
    RequestRejected,
    TokenError,
    UntrustedRequest,
)
from sso.oidc.keys import NoSigningKey, SignerUnavailable
from sso.oidc.known_state import StateUnknown
from sso.oidc.metadata import END_SESSION_PATH, REGISTRATION_PATH
from sso.oidc.poll import PollInvalid
from sso.oidc.resource_metadata import metadata_address
from sso.oidc.response import error_response
from sso.oidc.ssf_metadata import POLL_PATH
from sso.storage.errors import StorageUnavailable
from sso.web.answers import Answers
from sso.web.door import throttled
from sso.web.pages import error_sentences
from sso.web.receipts import RECEIPT_PATH
from sso.web.refusals import PageRefused
from sso.web.slices import SLICE_PATH
from sso.web.visit import request_id_of, visit_of

log = logging.getLogger("sso.web")

_JSON_PATHS = (
    *("/oauth2/token", "/oauth2/introspect", "/oauth2/revoke", "/oauth2/par"),
    *("/oauth2/device_authorization", "/oauth2/bc-authorize"),
    *("/oauth2/userinfo", "/oauth2/jwks", POLL_PATH, REGISTRATION_PATH, SLICE_PATH),
)
_JSON_BELOW = (f"{REGISTRATION_PATH}/", f"{RECEIPT_PATH}/", "/upstream/")
_UNTRUSTED = {
    ErrorCode.INVALID_CLIENT: "unknown_client",
    ErrorCode.INVALID_REQUEST_URI: "invalid_request_uri",
    ErrorCode.INVALID_REQUEST_OBJECT: "invalid_request_object",
}
_SIGN_OUT_PATHS = (END_SESSION_PATH, "/sign-out")
_CODES = {404: "not_found", 405: "method_not_allowed", 413: "request_too_large", 429: "throttled"}


def register(app: Flask, hub: Hub, answers: Answers) -> None:
    """Teach the application how every refusal looks."""
    responses = _Responses(hub, answers)
    app.register_error_handler(UntrustedRequest, responses.untrusted_request)
    app.register_error_handler(AuthorizationError, responses.authorization_error)
    app.register_error_handler(TokenError, responses.token_error)
    app.register_error_handler(BearerError, responses.bearer_error)
    app.register_error_handler(RegistrationError, responses.registration_error)
    app.register_error_handler(PollInvalid, responses.poll_invalid)
    app.register_error_handler(Throttled, responses.throttled)
    app.register_error_handler(PageRefused, responses.page_refused)
    app.register_error_handler(UseUnknown, responses.use_unknown)
    app.register_error_handler(StorageUnavailable, responses.unavailable)
    app.register_error_handler(StateUnknown, responses.directory_away)
    app.register_error_handler(NoSigningKey, responses.unsigned)
    app.register_error_handler(SignerUnavailable, responses.unsigned)
    app.register_error_handler(HTTPException, responses.http_exception)
    app.register_error_handler(Exception, responses.unexpected)


class _Responses:
    def __init__(self, hub: Hub, answers: Answers) -> None:
        self._hub = hub
        self._answers = answers

    def untrusted_request(self, error: UntrustedRequest) -> Response:
        return self._page(_UNTRUSTED.get(error.code, "invalid_redirect_uri"), 400)

    def authorization_error(self, error: AuthorizationError) -> Response:
        """Bring to the client what a page of a journey found, as the authorization endpoint does."""
        issuer = self._hub.settings.issuer
        answer = error_response(error.to, issuer, error.code, error.description)
        return self._answers.authorization_response(answer, visit_of(self._hub, request), request)

    def page_refused(self, error: PageRefused) -> Response:
        return self._page(error.code, error.status)

    def use_unknown(self, _: UseUnknown) -> Response:
        return self._page("not_found", 404)

    def token_error(self, error: TokenError) -> Response:
        unproven = error.code is ErrorCode.INVALID_CLIENT
        response = _json(error, 403 if isinstance(error, RequestDenied) else 401 if unproven else 400)
        if unproven:
            response.headers["WWW-Authenticate"] = 'Basic realm="sso", charset="UTF-8"'
        return response

    def registration_error(self, error: RegistrationError) -> Response:
        full = error.code is ErrorCode.TEMPORARILY_UNAVAILABLE
        return _json(error, 503 if full else 400)

    def poll_invalid(self, error: PollInvalid) -> Response:
        """Answer whoever polls as the two sides of event delivery tell each other errors (RFC 8935 2.3)."""
        response = jsonify({"err": error.code.value, "description": error.description})
        response.status_code = 400
        response.headers["Content-Language"] = "en"
        response.headers["Cache-Control"] = "no-store"
        return response

    def throttled(self, error: Throttled) -> Response:
        return throttled(self._answer("throttled", error.code, 429), error)

    def bearer_error(self, error: BearerError) -> Response:
        status = {ErrorCode.INVALID_REQUEST: 400, ErrorCode.INSUFFICIENT_SCOPE: 403}.get(error.code, 401)
        response = _json(error, status)
        for challenge in challenges(error, metadata_address(request.path, self._hub.settings)):
            response.headers.add("WWW-Authenticate", challenge)
        return response

    def unavailable(self, error: Exception) -> Response:
        """No audit record or no database: nothing is issued (503)."""
        log.error("storage unavailable", extra={"request_id": request_id_of(request)}, exc_info=error)
        return self._try_later()

    def unsigned(self, error: Exception) -> Response:
        """No key, or none that can be reached: nothing is issued, and nothing was spent (503)."""
        reason = f"{type(error).__name__}: {error}"
        log.error("nothing can be signed", extra={"request_id": request_id_of(request), "reason": reason})
        return self._try_later()

    def directory_away(self, _: StateUnknown) -> Response:
        """Nobody can say whether the account is still in use: nothing is issued, and nothing was spent."""
        if not _wants_json(request):
            return self._try_later()
        text = "the directory of this person cannot be asked at the moment: try again later"
        response = _json(RequestRejected(ErrorCode.TEMPORARILY_UNAVAILABLE, text), 503)
        response.headers["Retry-After"] = "30"
        return response

    def _try_later(self) -> Response:
        page = "sign_out_unavailable" if request.path in _SIGN_OUT_PATHS else "temporarily_unavailable"
        response = self._answer(page, ErrorCode.TEMPORARILY_UNAVAILABLE, 503)
        response.headers["Retry-After"] = "5"
        return response

    def http_exception(self, error: HTTPException) -> Response:
        status = error.code or 500
        if status < 400:
            response = error.get_response()
            assert isinstance(response, Response)  # noqa: S101 - Flask's own redirects
            return response
        answer = self._answer(_CODES.get(status, "bad_request"), ErrorCode.INVALID_REQUEST, status)
        if status == 405:
            answer.headers["Allow"] = ", ".join(getattr(error, "valid_methods", None) or ())
        return answer

    def unexpected(self, error: Exception) -> Response:
        log.error("unexpected error", extra={"request_id": request_id_of(request)}, exc_info=error)
        return self._answer("server_error", ErrorCode.SERVER_ERROR, 500)

    def _answer(self, page_code: str, code: ErrorCode, status: int) -> Response:
        if _wants_json(request):
            return _json(RequestRejected(code, f"reference {request_id_of(request)}"), status)
        return self._page(page_code, status)

    def _page(self, code: str, status: int) -> Response:
        visit = visit_of(self._hub, request, request.args.get("ui_locales"))
        text = error_sentences(visit.language, code)
        return self._answers.page(
            "error.html",
            visit,
            request,
            status=status,
            error_code=code,
            sentence=text.sentence,
            advice=text.advice,
            reference=request_id_of(request),
            return_url=None,
            service_name=None,
        )


def _wants_json(asked: Request) -> bool:
    return asked.path in _JSON_PATHS or asked.path.startswith(_JSON_BELOW)


def _json(error: RequestRejected, status: int) -> Response:
    body = {"error": error.code.value}
    if error.description:
        body["error_description"] = error.description
    response = jsonify(body)
    response.status_code = status
    response.headers["Cache-Control"] = "no-store"
    response.headers["Pragma"] = "no-cache"
    return response
