"""What somebody has who is signed in to an application, and what is left of it after an end."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sso.audit.record import Origin
from sso.directory.person import Account
from sso.hub import Hub
from sso.oidc.digest import new_id
from sso.oidc.security_event import Delivery
from tests.storage import examples


@dataclass(frozen=True)
class Access:
    """One session at one application that wants to be told of ends in both ways, and its grant."""

    hub: Hub
    client_id: str
    session_id: str

    def goes_on(self) -> bool:
        """Whether the session and the grant are still in force."""
        with self.hub.database.read() as stores:
            going_on = stores.sessions.by_id(self.session_id) is not None
            return going_on or stores.grants.of_session(self.session_id, self.client_id) is not None

    def told(self) -> tuple[int, list[str]]:
        """How many logout tokens wait for the application, and the kinds of the events that do."""
        with self.hub.database.read() as stores:
            notices = [each for each in stores.outbox.of_session(self.session_id) if each.attempts == 0]
            events = stores.security_events.waiting_for(self.client_id, 10)
        return len(notices), sorted(event.kind.name for event in events)


def access_of(account: Account, hub: Hub, told_at: str = "https://housing.example/logout") -> Access:
    """Let somebody be signed in to a new application; `told_at` is where it takes logout tokens."""
    ways = {"backchannel_logout_uri": told_at, "security_event_delivery": Delivery.POLL}
    now, client = datetime.now(UTC), examples.client(**ways)
    lasts = {"created_at": now, "last_seen_at": now, "expires_at": now + examples.HOUR}
    session = examples.session(account_id=account.id, person_id=account.person_id, **lasts)
    grant = examples.grant(
        client_id=client.client_id, account_id=account.id, session_id=session.id, created_at=now, offline=True
    )
    with hub.database.begin(Origin()) as stores:
        stores.clients.add(client, now)
        stores.sessions.add(session, new_id().encode())
        stores.sessions.join(session.id, client.client_id, now)
        stores.grants.add(grant)
    return Access(hub, client.client_id, session.id)
