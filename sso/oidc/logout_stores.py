"""What must be remembered of sign-outs: whom to tell by which channel, and who does not confirm."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from sso.oidc.client import Client
from sso.oidc.notice import LogoutFrame
from sso.oidc.session import Session


class Notices(Protocol):
    """The outbox of back-channel logout: one row per session and client."""

    def add_logout(self, session: Session, client: Client, sub: str, now: datetime) -> None:
        """Queue a logout token for a client; delivered by the worker, retried for eight hours."""
        ...


class LogoutFrames(Protocol):
    """What the last page asks the browser to load (Front-Channel Logout 1.0), per session and client."""

    def add(self, session: Session, client: Client, now: datetime) -> None:
        """Remember that a client is to be told through the browser; one without such an address is not."""
        ...

    def of_session(self, session_id: str) -> Sequence[LogoutFrame]:
        """Return the frames of a session, in order of client id."""
        ...

    def send(self, session_id: str, now: datetime) -> Sequence[str]:
        """Note that a page with the frames leaves the hub; return the clients for which it is the first."""
        ...

    def report(
        self, session_id: str, client_ids: Sequence[str], *, loaded: bool, now: datetime
    ) -> Sequence[str]:
        """Note what the browser says of frames that were sent; return the clients of which it is new."""
        ...


class LogoutCaps(Protocol):
    """Clients that did not confirm a sign-out."""

    def cap(self, client_id: str, now: datetime) -> bool:
        """Note that a client is capped from now on; false if it is already, or unknown."""
        ...

    def lift_cap(self, client_id: str) -> datetime | None:
        """Lift a client's cap and return since when it had one; None for all but one caller."""
        ...
