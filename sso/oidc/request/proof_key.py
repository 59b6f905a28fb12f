"""The keys that only the one who asked can redeem the code with (RFC 7636 4.3, RFC 9449 10)."""

import re
from collections.abc import Mapping

from sso.oidc import pkce
from sso.oidc.client import Client
from sso.oidc.errors import ReturnAddress
from sso.oidc.request.refusal import invalid

_THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}")


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


def dpop_jkt_of(value: Mapping[str, str], to: ReturnAddress) -> str | None:
    """Return the thumbprint of the DPoP key that the code shall be bound to, or None (RFC 9449 10).

    Raises:
        AuthorizationError: it is malformed.
    """
    thumbprint = value.get("dpop_jkt")
    if thumbprint is not None and not _THUMBPRINT.fullmatch(thumbprint):
        invalid("dpop_jkt is not 43 base64url characters", to)
    return thumbprint
