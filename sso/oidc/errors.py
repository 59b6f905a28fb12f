"""Refusals, from a page that must never redirect to an OAuth error of a token endpoint.

    RequestRejected
      UntrustedRequest      400 page                                      RFC 6749 4.1.2.1
      AuthorizationError    answered at its ReturnAddress                 RFC 6749 4.1.2.1
      TokenError            400 JSON (401 for invalid_client)             RFC 6749 5.2
      BearerError           401/403 + WWW-Authenticate                    RFC 6750 3
      RegistrationError     400 JSON                                      RFC 7591 3.2.2
      PollInvalid           400 JSON (in `poll`)                          RFC 8936 2.5.1

A refusal is an answer: the transaction that raised it commits. `description` is public, constant
ASCII; `reason` is private and goes to the audit event and nowhere else.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from sso.oidc.client import Client
from sso.oidc.token_scheme import TokenScheme


class ErrorCode(StrEnum):
    """Error codes on the wire, with the specification that defines each."""

    INVALID_REQUEST = "invalid_request"  # RFC 6749
    UNAUTHORIZED_CLIENT = "unauthorized_client"
    ACCESS_DENIED = "access_denied"
    UNSUPPORTED_RESPONSE_TYPE = "unsupported_response_type"
    INVALID_SCOPE = "invalid_scope"
    SERVER_ERROR = "server_error"
    TEMPORARILY_UNAVAILABLE = "temporarily_unavailable"
    INVALID_CLIENT = "invalid_client"
    INVALID_GRANT = "invalid_grant"
    UNSUPPORTED_GRANT_TYPE = "unsupported_grant_type"
    INVALID_TOKEN = "invalid_token"  # RFC 6750
    INSUFFICIENT_SCOPE = "insufficient_scope"
    LOGIN_REQUIRED = "login_required"  # OpenID Connect Core 3.1.2.6
    CONSENT_REQUIRED = "consent_required"
    INTERACTION_REQUIRED = "interaction_required"
    ACCOUNT_SELECTION_REQUIRED = "account_selection_required"
    REQUEST_NOT_SUPPORTED = "request_not_supported"
    REQUEST_URI_NOT_SUPPORTED = "request_uri_not_supported"
    REGISTRATION_NOT_SUPPORTED = "registration_not_supported"
    UNMET_AUTHENTICATION_REQUIREMENTS = "unmet_authentication_requirements"  # OpenID Connect Core Error Code
    INVALID_TARGET = "invalid_target"  # RFC 8707
    INVALID_REQUEST_URI = "invalid_request_uri"  # OpenID Connect Core 3.1.2.6, RFC 9101
    INVALID_REQUEST_OBJECT = "invalid_request_object"
    INVALID_AUTHORIZATION_DETAILS = "invalid_authorization_details"  # RFC 9396
    INVALID_DPOP_PROOF = "invalid_dpop_proof"  # RFC 9449
    USE_DPOP_NONCE = "use_dpop_nonce"
    INSUFFICIENT_USER_AUTHENTICATION = "insufficient_user_authentication"  # RFC 9470
    AUTHORIZATION_PENDING = "authorization_pending"  # RFC 8628
    SLOW_DOWN = "slow_down"
    EXPIRED_TOKEN = "expired_token"
    INVALID_REDIRECT_URI = "invalid_redirect_uri"  # RFC 7591
    INVALID_CLIENT_METADATA = "invalid_client_metadata"
    INVALID_SOFTWARE_STATEMENT = "invalid_software_statement"
    UNAPPROVED_SOFTWARE_STATEMENT = "unapproved_software_statement"
    UNKNOWN_USER_ID = "unknown_user_id"  # CIBA Core 13
    INVALID_BINDING_MESSAGE = "invalid_binding_message"


class ResponseMode(StrEnum):
    """How the authorization response travels (OAuth 2.0 Multiple Response Types, Form Post, JARM 2.3)."""

    QUERY = "query"
    FRAGMENT = "fragment"
    FORM_POST = "form_post"
    QUERY_JWT = "query.jwt"
    FRAGMENT_JWT = "fragment.jwt"
    FORM_POST_JWT = "form_post.jwt"

    @property
    def signed(self) -> bool:
        """Whether the response is one JWT."""
        return self.value.endswith(".jwt")


@dataclass(frozen=True, slots=True)
class ReturnAddress:
    """Where an authorization response of a client may go: made only after an exact redirect_uri match."""

    redirect_uri: str
    state: str | None
    client: Client
    mode: ResponseMode = ResponseMode.QUERY


class RequestRejected(Exception):
    """A request was refused; what the transaction wrote so far must survive."""

    def __init__(self, code: ErrorCode, description: str, reason: str | None = None) -> None:
        super().__init__(code.value)
        self.code = code
        self.description = description
        self.reason = reason or description


class UntrustedRequest(RequestRejected):
    """The client or its redirect_uri is not known: show a page, never redirect."""


class AuthorizationError(RequestRejected):
    """An authorization request of a known client failed: tell it at its registered address."""

    def __init__(
        self, code: ErrorCode, description: str, to: ReturnAddress, reason: str | None = None
    ) -> None:
        super().__init__(code, description, reason)
        self.to = to


class TokenError(RequestRejected):
    """An OAuth endpoint called by a client refuses (RFC 6749 5.2)."""


class RegistrationError(RequestRejected):
    """An application that registers itself is refused (RFC 7591 3.2.2)."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a protected resource asks for instead (RFC 6750 3, RFC 9449 7.1).

    `scope`, `acr_values` and `max_age` are what would be enough (RFC 9470 3); `scheme` is how the token must
    be shown.
    """

    scheme: TokenScheme = TokenScheme.BEARER
    scope: str | None = None
    acr_values: tuple[str, ...] = ()
    max_age: timedelta | None = None


class RequestDenied(TokenError):
    """Nobody will be asked what the client wants to ask: access_denied with status 403 (CIBA Core 13)."""


class BearerError(RequestRejected):
    """A protected resource refuses a token (RFC 6750 3)."""

    def __init__(
        self,
        code: ErrorCode,
        description: str,
        reason: str | None = None,
        challenge: Challenge = Challenge(),
    ) -> None:
        super().__init__(code, description, reason)
        self.challenge = challenge
