"""What registration by oneself needs remembered, beside the clients."""

from datetime import datetime
from typing import Protocol

from sso.oidc.self_registration.access import InitialAccessToken


class InitialAccessTokens(Protocol):
    """Tokens that let applications register themselves."""

    def get(self, digest: bytes) -> InitialAccessToken | None:
        """Return a token, whether it works or not."""
        ...

    def use(self, digest: bytes, now: datetime) -> bool:
        """Spend one use of a token; false if it does not work any more. Never more uses than it has."""
        ...


class ConsentsOfClients(Protocol):
    """What people allowed."""

    def forget_client(self, client_id: str) -> None:
        """Forget what anybody allowed a client: everyone is asked anew."""
        ...


class RegistrationAccess(Protocol):
    """The tokens with which clients manage their own registration, one each."""

    def add(self, client_id: str, digest: bytes, now: datetime) -> None:
        """Remember the token of a client that has none."""
        ...

    def accepts(self, client_id: str, digest: bytes) -> bool:
        """Whether this is the client's token, or the one before while its successor was never shown."""
        ...

    def settle(self, client_id: str, digest: bytes) -> None:
        """Forget the token before: this one, its successor, has arrived."""
        ...

    def rotate(self, client_id: str, digest: bytes, successor: bytes, now: datetime) -> bool:
        """Give a client another token in place of the one presented; false if that is not its token."""
        ...

    def remove(self, client_id: str) -> bool:
        """Take a client's token away; false if it has none."""
        ...

    def count(self, *, limit: int) -> int:
        """Return how many clients manage themselves, counted up to a limit."""
        ...
