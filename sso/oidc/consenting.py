"""Remember what a person allowed a client to receive, and record it (OpenID Connect Core 3.1.2.4)."""

from dataclasses import dataclass
from datetime import datetime

from sso.audit.event import ConsentGranted
from sso.oidc.consent import Consent
from sso.oidc.session import Session
from sso.oidc.settings import Provider
from sso.oidc.stores import Stores


@dataclass(frozen=True, slots=True)
class Shared:
    """What a page listed: the scopes of a client, and claims that it asked for by name."""

    client_id: str
    scope: frozenset[str]
    claims: frozenset[str] = frozenset()


def remember(shared: Shared, session: Session, stores: Stores, provider: Provider, now: datetime) -> None:
    """Remember that the person allowed what the page listed, in addition to what was allowed before."""
    earlier = stores.consents.get(session.account_id, shared.client_id, now)
    stores.consents.put(
        Consent(
            account_id=session.account_id,
            client_id=shared.client_id,
            scope=shared.scope | (earlier.scope if earlier else frozenset()),
            claims=shared.claims | (earlier.claims if earlier else frozenset()),
            granted_at=now,
            expires_at=now + provider.settings.consent_lifetime,
        )
    )
    stores.audit.append(
        ConsentGranted(
            client_id=shared.client_id,
            account_id=session.account_id,
            session_id=session.id,
            scope=shared.scope,
            claims=shared.claims,
        ),
        now,
    )
