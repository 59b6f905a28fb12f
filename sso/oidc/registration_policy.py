"""Whether applications may register themselves, and the most that they may ask for (`[registration]`)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from sso.audit.record import JsonValue
from sso.oidc.client import GrantType

DEFAULT_SCOPES = ("openid", "profile", "email", "phone", "address", "department", "offline_access")
DEFAULT_GRANT_TYPES = (GrantType.AUTHORIZATION_CODE, GrantType.REFRESH_TOKEN)


class RegistrationMode(StrEnum):
    """Who may register an application by itself."""

    OFF = "off"
    TOKEN = "token"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class TrustedIssuer:
    """Somebody whose software statements count, and the public keys that sign them."""

    issuer: str
    jwks: Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationPolicy:
    """The mode, the most that may be asked for, and what is imposed on every such application."""

    mode: RegistrationMode = RegistrationMode.OFF
    scopes: tuple[str, ...] = DEFAULT_SCOPES
    grant_types: tuple[GrantType, ...] = DEFAULT_GRANT_TYPES
    imposed: Mapping[str, JsonValue] = field(default_factory=dict)
    issuers: tuple[TrustedIssuer, ...] = ()
    statement_required: bool = False
    max_clients: int = 1000

    @property
    def on(self) -> bool:
        """Whether anybody may register an application by itself."""
        return self.mode is not RegistrationMode.OFF
