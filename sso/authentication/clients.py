"""What operators and officers do with applications: register, change, remove, give a new secret.

Every function works inside the caller's transaction and records what it did; `source` says through which
door it came (command, console, demo).
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from sso.audit.event import ClientCreated, ClientDeleted, ClientSecretRotated, ClientUpdated, TokenRevoked
from sso.audit.record import JsonValue
from sso.oidc import grant_stores
from sso.oidc import stores as oidc_stores
from sso.oidc.client import Client, ClientSecret, SelfRegistration
from sso.oidc.registration import (
    SECRET_METHODS,
    Proposal,
    changed_client,
    client_metadata,
    new_client,
    rotated_secret,
)


class RegisteredClients(oidc_stores.Clients, Protocol):
    """Registered applications, to be changed."""

    def for_update(self, client_id: str) -> Client | None:
        """Return a client as it is now, and keep others from changing it until the transaction ends."""
        ...

    def add(self, client: Client, now: datetime) -> bool:
        """Register a client with its secrets; false if the id is taken."""
        ...

    def update(self, client: Client, now: datetime) -> bool:
        """Replace a registration, secrets aside; false if unknown."""
        ...

    def remove(self, client_id: str) -> bool:
        """Forget a client, its secrets and consents; false if unknown."""
        ...

    def rotate_secret(self, client_id: str, secret: ClientSecret, now: datetime, overlap: timedelta) -> None:
        """Give a client a new secret; earlier ones stay valid for the overlap at most."""
        ...

    def drop_secrets(self, client_id: str) -> None:
        """Forget every secret of a client at once."""
        ...


class ClientStores(Protocol):
    """The stores of one transaction as these functions need them."""

    @property
    def audit(self) -> oidc_stores.AuditLog: ...  # noqa: D102 - the noun says it
    @property
    def clients(self) -> RegisteredClients: ...  # noqa: D102
    @property
    def grants(self) -> grant_stores.Grants: ...  # noqa: D102


def add_client(
    proposal: Proposal, source: str, stores: ClientStores, now: datetime
) -> tuple[Client, str | None]:
    """Register an application; return it and, for a method that uses one, its secret.

    Raises:
        InvalidClientMetadata: nothing was registered.
    """
    client, secret = new_client(proposal.metadata, now, proposal.sector)
    keep_client(client, source, stores, now)
    return client, secret


def keep_client(client: Client, source: str, stores: ClientStores, now: datetime) -> None:
    """Store a new client and record it."""
    stores.clients.add(client, now)
    came_by = client.self_registration or SelfRegistration()
    event = ClientCreated(
        client_id=client.client_id,
        settings=_recorded(client),
        source=source,
        token_id=came_by.token_id,
        statement_issuer=came_by.issuer,
    )
    stores.audit.append(event, now)


def update_client(
    client: Client, proposal: Proposal, source: str, stores: ClientStores, now: datetime
) -> Client:
    """Change fields of a registration; return it as it is now. What changes nothing is not recorded.

    Raises:
        InvalidClientMetadata: nothing was changed.
    """
    changed = changed_client(client, proposal.metadata, now, proposal.sector)
    return keep_change(client, changed, source, stores, now)


def keep_change(client: Client, changed: Client, source: str, stores: ClientStores, now: datetime) -> Client:
    """Store a client that is changed and record what differs; return it as it is now."""
    if replace(changed, updated_at=client.updated_at) == client:
        return client
    before, after = _recorded(client), _recorded(changed)
    different = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    stores.clients.update(changed, now)
    if client.auth_method in SECRET_METHODS and changed.auth_method not in SECRET_METHODS:
        stores.clients.drop_secrets(client.client_id)  # or they came back to life with the old method
    event = ClientUpdated(
        client_id=client.client_id,
        before={name: before.get(name) for name in different},
        after={name: after.get(name) for name in different},
        source=source,
    )
    stores.audit.append(event, now)
    return changed


def disown(client: Client, stores: ClientStores, now: datetime) -> Client:
    """Let nothing remind of it that a client registered itself; return it as it is now."""
    adopted = replace(client, self_registration=None, updated_at=now)
    stores.clients.update(adopted, now)
    return adopted


def remove_client(client: Client, source: str, stores: ClientStores, now: datetime) -> bool:
    """Remove an application and revoke every grant of it; false if it was removed already."""
    for grant_id in stores.grants.revoke_of_client(client.client_id, now):
        stores.audit.append(TokenRevoked(client_id=client.client_id, grant_id=grant_id, by=source), now)
    if not stores.clients.remove(client.client_id):
        return False
    stores.audit.append(ClientDeleted(client_id=client.client_id, source=source), now)
    return True


def rotate_secret(
    client: Client, overlap: timedelta, source: str, stores: ClientStores, now: datetime
) -> tuple[Client, str]:
    """Give an application a new secret; return it and the secret. The old one works until the overlap ends.

    Raises:
        InvalidClientMetadata: the client proves itself without a secret.
    """
    rotated, secret = rotated_secret(client, now, overlap)
    stores.clients.rotate_secret(client.client_id, rotated.secrets[0], now, overlap)
    previous = now + overlap if len(rotated.secrets) > 1 else None
    event = ClientSecretRotated(client_id=client.client_id, previous_valid_until=previous, source=source)
    stores.audit.append(event, now)
    return rotated, secret


def came_by(client: Client) -> dict[str, JsonValue] | None:
    """Return, for officers, how a client that registered itself came in; None for any other."""
    known = client.self_registration
    if known is None:
        return None
    return {
        "registration_token": known.token_id,
        "statement_issuer": known.issuer,
        "imposed": dict(known.imposed),
        "stated": dict(known.stated),
    }


def _recorded(client: Client) -> dict[str, JsonValue]:
    return {name: value for name, value in client_metadata(client).items() if value not in (None, [])}
