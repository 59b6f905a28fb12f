"""What must be remembered of what was granted: grants, codes, and the tokens that came of them.

All methods work inside the one transaction that the caller opened. Times are aware and UTC.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from sso.oidc.confirmation import Confirmation
from sso.oidc.grant import AuthorizationCode, Grant, RefreshToken
from sso.oidc.opaque_token import OpaqueToken


class Codes(Protocol):
    """Authorization codes and the grants behind them."""

    def add(self, code: AuthorizationCode) -> None:
        """Remember a code together with its grant."""
        ...

    def get(self, digest: bytes) -> AuthorizationCode | None:
        """Return a code, redeemed or not."""
        ...

    def redeem(self, digest: bytes, now: datetime) -> bool:
        """Mark a code used; true for one caller only."""
        ...


class Grants(Protocol):
    """Grants, by id."""

    def add(self, grant: Grant, origins: Sequence[str] = ()) -> None:
        """Remember a grant that comes without a code; it is revoked with any of its origins."""
        ...

    def hold(self, grant_ids: Sequence[str]) -> bool:
        """Let nobody revoke these before the transaction ends; false if one is revoked or gone."""
        ...

    def of_session(self, session_id: str, client_id: str) -> Grant | None:
        """Return the newest grant of a session for a client that is in force, or None."""
        ...

    def get(self, grant_id: str) -> Grant | None:
        """Return a grant, revoked or not."""
        ...

    def bind(self, grant_id: str, confirmation: Confirmation) -> None:
        """Bind the refresh tokens of a grant to a key."""
        ...

    def revoke(self, grant_id: str, now: datetime) -> bool:
        """Revoke a grant and so every token of it; true if it was not revoked before."""
        ...

    def revoke_of_session(self, session_id: str, *, keep_offline: bool, now: datetime) -> Sequence[str]:
        """Revoke the grants of a session and return their ids; offline ones may be kept."""
        ...

    def revoke_of_account(self, account_id: str, now: datetime) -> Sequence[str]:
        """Revoke every grant of an account and return their ids."""
        ...

    def revoke_elsewhere(self, account_id: str, kept_session_id: str, now: datetime) -> Sequence[str]:
        """Revoke every grant of an account that was not given in one session, and return their ids."""
        ...

    def revoke_of_client(self, client_id: str, now: datetime) -> Sequence[str]:
        """Revoke every grant of a client and return their ids."""
        ...


class RefreshTokens(Protocol):
    """Families of refresh tokens."""

    def add(self, token: RefreshToken) -> None:
        """Remember a token."""
        ...

    def get(self, digest: bytes) -> RefreshToken | None:
        """Return a token, used or not, with its grant."""
        ...

    def use(self, digest: bytes, successor: bytes, now: datetime) -> bool:
        """Mark a token used and keep its sealed successor; true for one caller only."""
        ...


class AccessTokens(Protocol):
    """Opaque access tokens; those that are JWTs are not kept."""

    def add(self, token: OpaqueToken) -> None:
        """Remember a token."""
        ...

    def get(self, digest: bytes) -> OpaqueToken | None:
        """Return a token, expired or not."""
        ...


class DeniedTokens(Protocol):
    """Single access tokens that were revoked before they expired."""

    def add(self, jti: str, expires_at: datetime) -> None:
        """Deny a token until it expires; again changes nothing."""
        ...

    def denied(self, jti: str) -> bool:
        """Whether a token is denied."""
        ...
