"""Somebody else who vouches for people: an issuer of JWTs that clients may redeem (RFC 7523 2.1)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sso.audit.record import JsonValue


class KnownBy(StrEnum):
    """How an issuer names people: by our `sub` in a sector, as a directory does, or as citizens sign in."""

    SUB = "sub"
    DIRECTORY = "directory"
    CITIZEN = "citizen"


@dataclass(frozen=True, slots=True, kw_only=True)
class AssertionIssuer:
    """An issuer, its keys (`jwks`, or those at `jwks_uri`), and how to read whom it means.

    `claim` holds the name; `realm` is the sector of a `sub`, or the id of a directory. `clients` may redeem
    its assertions: all that are registered for the grant if none is named.
    """

    issuer: str
    known_by: KnownBy
    claim: str = "sub"
    realm: str = ""
    jwks: Mapping[str, JsonValue] | None = None
    jwks_uri: str | None = None
    clients: tuple[str, ...] = ()

    @property
    def publisher_id(self) -> str:
        """What its keys are kept under; no client can have it for an id."""
        return f"issuer {self.issuer}"
