"""Remember what a person allowed a client to receive, and record it (OpenID Connect Core 3.1.2.4)."""

from dataclasses import dataclass
from datetime import datetime

from sso.audit.event import ConsentGranted
from sso.oidc.consent import Consent
from sso.oidc.details import Detail, digest_of, must_ask, types_of
from sso.oidc.session import Session
from sso.oidc.settings import Provider
from sso.oidc.stores import Stores

MAX_REMEMBERED = 50
"""Authorization details that one consent holds; the oldest are asked again."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What a page listed: the scopes of a client, claims that it asked for by name, and what in detail."""

    client_id: str
    scope: frozenset[str]
    claims: frozenset[str] = frozenset()
    authorization_details: tuple[Detail, ...] = ()


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
            authorization_details=_details(shared, earlier, provider),
        )
    )
    stores.audit.append(
        ConsentGranted(
            client_id=shared.client_id,
            account_id=session.account_id,
            session_id=session.id,
            scope=shared.scope,
            claims=shared.claims,
            authorization_details=types_of(shared.authorization_details),
            details_digest=digest_of(shared.authorization_details),
        ),
        now,
    )


def _details(shared: Shared, earlier: Consent | None, provider: Provider) -> tuple[Detail, ...]:
    """Return the details to remember, the newest last: what is asked every time is not worth remembering."""
    types = provider.settings.detail_types
    kept = [detail for detail in shared.authorization_details if not must_ask([detail], types)]
    before = [detail for detail in (earlier.authorization_details if earlier else ()) if detail not in kept]
    return tuple([*before, *kept][-MAX_REMEMBERED:])
