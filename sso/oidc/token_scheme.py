"""How an access token is shown to a protected resource (RFC 6750 2.1, RFC 9449 7.1)."""

from enum import StrEnum

from sso.oidc.confirmation import Confirmation


class TokenScheme(StrEnum):
    """As itself, or together with a proof for each call; also the `token_type` of a token response."""

    BEARER = "Bearer"
    DPOP = "DPoP"

    @classmethod
    def of(cls, confirmation: Confirmation | None) -> "TokenScheme":
        """Return DPoP for a token bound to a key; one bound to a certificate alone stays a bearer token."""
        bound = confirmation is not None and confirmation.jkt is not None
        return cls.DPOP if bound else cls.BEARER


def credentials_of_header(authorization: str | None) -> tuple[TokenScheme, str] | None:
    """Return the scheme and the token of an Authorization header; schemes compare without case.

    None: there is no header, or it is one of another scheme.
    """
    name, _, text = (authorization or "").partition(" ")
    for scheme in TokenScheme:
        if scheme.lower() == name.lower() and text.strip():
            return scheme, text.strip()
    return None
