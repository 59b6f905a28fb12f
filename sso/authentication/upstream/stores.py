"""What must be remembered of upstreams: browsers under way, whom they know, sessions begun there."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from sso.authentication import stores as authentication_stores
from sso.authentication.upstream.journey import UpstreamJourney


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamSession:
    """What a session here has to do with one there. `id_token` is the hint that ends it; kept sealed."""

    session_id: str
    upstream_id: str
    sub: str
    sid: str | None
    id_token: str = field(repr=False)


class Upstreams(Protocol):
    """All of it, by the id of the upstream."""

    def add_journey(self, journey: UpstreamJourney) -> None:
        """Remember a browser that is sent away."""
        ...

    def take_journey(
        self, state: bytes, upstream_id: str, browser: bytes, now: datetime
    ) -> UpstreamJourney | None:
        """Return where a browser was going and forget it: one caller only gets it, and only this browser."""
        ...

    def account_of(self, upstream_id: str, subject: str) -> str | None:
        """Return the account of somebody whom an upstream knows, or None."""
        ...

    def link(self, upstream_id: str, subject: str, account_id: str, now: datetime) -> bool:
        """Tie an account to somebody whom an upstream knows; false if somebody else just did.

        The account may be added later in the same transaction.
        """
        ...

    def ties_of(self, account_id: str) -> Sequence[str]:
        """Return the ids of the upstreams that know the holder of an account, in ascending order."""
        ...

    def untie(self, upstream_id: str, account_id: str) -> None:
        """Forget that an upstream knows the holder of an account."""
        ...

    def put_session(self, session: UpstreamSession, now: datetime) -> None:
        """Remember to what sign-in there a session here belongs, in place of an earlier one."""
        ...

    def session(self, session_id: str) -> UpstreamSession | None:
        """Return to what sign-in at an upstream a session belongs, or None."""
        ...

    def forget_session(self, session_id: str) -> None:
        """Forget to what sign-in at an upstream a session belongs."""
        ...

    def sessions_begun(self, upstream_id: str, account_id: str) -> Sequence[str]:
        """Return the sessions of an account that belong to one there, ended ones too while they are known."""
        ...

    def sessions_of(self, upstream_id: str, sub: str | None, sid: str | None) -> Sequence[str]:
        """Return the sessions here that belong to a person there, to a session there, or to both."""
        ...


class Stores(authentication_stores.Stores, Protocol):
    """Everything that sign-in remembers, and upstreams."""

    @property
    def upstreams(self) -> Upstreams: ...  # noqa: D102 - the noun says it
