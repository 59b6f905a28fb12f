"""The proof key that only the one who asked can redeem the code with (RFC 7636 4.3)."""

from collections.abc import Mapping

from sso.oidc import pkce
from sso.oidc.client import Client
from sso.oidc.errors import ReturnAddress
from sso.oidc.request.refusal import invalid


def code_challenge_of(value: Mapping[str, str], client: Client, to: ReturnAddress) -> str | None:
    """Return the S256 challenge; None for a confidential client that is excused from PKCE.

    Raises:
        AuthorizationError: it is missing where it is required, of another method, or malformed.
    """
    challenge = value.get("code_challenge")
    if challenge is None:
        if client.require_pkce or client.public or "code_challenge_method" in value:
            invalid("PKCE with code_challenge_method=S256 is required", to)
        return None
    if value.get("code_challenge_method") != pkce.METHOD:
        invalid("use code_challenge_method=S256", to)
    if not pkce.is_challenge(challenge):
        invalid("code_challenge is not 43 base64url characters", to)
    return challenge
