"""client_secret_basic and client_secret_post (RFC 6749 2.3.1)."""

import hmac
from datetime import datetime

from sso.oidc.client import Client
from sso.oidc.client_authentication.failure import NotProven
from sso.oidc.digest import digest


def prove_secret(client: Client, presented: tuple[str, ...], now: datetime) -> None:
    """Accept any of the client's secrets that is still valid: two overlap while one is replaced.

    Raises:
        NotProven: none of them was presented.
    """
    valid = [
        secret.digest for secret in client.secrets if secret.expires_at is None or now < secret.expires_at
    ]
    matches = [hmac.compare_digest(digest(text), known) for text in presented for known in valid]
    if not any(matches):
        raise NotProven("wrong secret")
