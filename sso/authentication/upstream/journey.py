"""A browser that was sent to an upstream: what was asked of it, and the secrets that come back.

`state` is the only secret that is remembered, as a digest; nonce and PKCE verifier are derived from it with a
key of the hub, so that whoever reads the database learns none of the three (RFC 9700 2.1.1, 4.7).
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime

from sso.oidc.digest import base64url
from sso.oidc.request import AuthorizationRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a sign-in must be like. `max_age` is in seconds; `essential` are levels of which one must be met.

    `prompt` is login or select_account (OpenID Connect Core 3.1.2.1).
    """

    prompt: str | None = None
    max_age: int | None = None
    acr_values: tuple[str, ...] = ()
    essential: tuple[str, ...] = ()

    @classmethod
    def of(cls, asked: AuthorizationRequest | None, *, someone_is_signed_in: bool) -> "Wish":
        """Return what a client's request means for the upstream; nobody's request wishes for nothing.

        Where somebody is signed in here and the client hints whom it wants, that is another person: the
        upstream must ask, or it would name the same one again.
        """
        if asked is None:
            return cls()
        changes_person = someone_is_signed_in and asked.hinted_subs is not None
        wanted = tuple(dict.fromkeys((*asked.essential_acr, *asked.acr_values)))
        return cls(
            prompt="login" if changes_person else _prompt(asked.prompt),
            max_age=asked.max_age,
            acr_values=wanted,
            essential=asked.essential_acr,
        )

    @property
    def again(self) -> bool:
        """Whether the person must prove anew who they are."""
        return self.prompt == "login"

    @property
    def demands_fresh(self) -> bool:
        """Whether it matters when the person proved who they are."""
        return self.again or self.max_age is not None


def _prompt(asked: frozenset[str]) -> str | None:
    if asked & {"login", "create"}:
        return "login"
    return "select_account" if "select_account" in asked else None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamJourney:
    """A browser under way: `state` is the digest of what comes back, `browser` that of its cookie."""

    state: bytes
    upstream_id: str
    pending_id: str
    browser: bytes
    started_at: datetime
    expires_at: datetime


def nonce_of(state: str, key: bytes) -> str:
    """Return the nonce that goes with a state (OpenID Connect Core 3.1.2.1)."""
    return _derived(state, key, b"nonce")


def verifier_of(state: str, key: bytes) -> str:
    """Return the PKCE verifier that goes with a state: 43 characters (RFC 7636 4.1)."""
    return _derived(state, key, b"verifier")


def _derived(state: str, key: bytes, purpose: bytes) -> str:
    made = hmac.new(key, b"upstream " + purpose + b"\0" + state.encode("utf-8", "replace"), hashlib.sha256)
    return base64url(made.digest())
