"""A consent: what one account allowed one client to receive (OpenID Connect Core 3.1.2.4)."""

from dataclasses import dataclass
from datetime import datetime

from sso.oidc.details import Detail


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """Scope values, claim names and authorization details that were allowed, until `expires_at`."""

    account_id: str
    client_id: str
    scope: frozenset[str]
    claims: frozenset[str]
    granted_at: datetime
    expires_at: datetime
    authorization_details: tuple[Detail, ...] = ()
