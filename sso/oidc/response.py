"""Successful answers of the protocol, before any transport gives them a form."""

from dataclasses import dataclass, field

from sso.audit.record import JsonValue
from sso.oidc.details import Detail
from sso.oidc.errors import ErrorCode, ResponseMode, ReturnAddress
from sso.oidc.token_scheme import TokenScheme


@dataclass(frozen=True, slots=True)
class AuthorizationResponse:
    """Parameters to bring to a ReturnAddress (RFC 6749 4.1.2, with `iss` by RFC 9207)."""

    to: ReturnAddress
    params: tuple[tuple[str, str], ...] = field(repr=False)

    @property
    def mode(self) -> ResponseMode:
        """How the parameters travel."""
        return self.to.mode


def authorization_response(to: ReturnAddress, issuer: str, **answer: str) -> AuthorizationResponse:
    """Return the response with `state` as it came and `iss`."""
    state = () if to.state is None else (("state", to.state),)
    return AuthorizationResponse(to, (*answer.items(), *state, ("iss", issuer)))


def error_response(
    to: ReturnAddress, issuer: str, code: ErrorCode, description: str
) -> AuthorizationResponse:
    """Return an authorization error response (RFC 6749 4.1.2.1)."""
    return authorization_response(to, issuer, error=code.value, error_description=description)


@dataclass(frozen=True, slots=True)
class TokenResponse:
    """A token endpoint's success (RFC 6749 5.1, OpenID Connect Core 3.1.3.3)."""

    access_token: str = field(repr=False)
    expires_in: int
    scope: frozenset[str]
    id_token: str | None = field(default=None, repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    token_type: TokenScheme = TokenScheme.BEARER
    authorization_details: tuple[Detail, ...] = ()
    issued_token_type: str | None = None

    def as_json(self) -> dict[str, JsonValue]:
        """Return the JSON body; absent tokens are left out."""
        body: dict[str, JsonValue] = {
            "access_token": self.access_token,
            "token_type": self.token_type.value,
            "expires_in": self.expires_in,
            "scope": " ".join(sorted(self.scope)),
        }
        if self.authorization_details:
            body["authorization_details"] = [dict(each) for each in self.authorization_details]
        if self.id_token is not None:
            body["id_token"] = self.id_token
        if self.refresh_token is not None:
            body["refresh_token"] = self.refresh_token
        if self.issued_token_type is not None:
            body["issued_token_type"] = self.issued_token_type
        return body
