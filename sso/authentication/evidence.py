"""From what was proven to what may be said about it: evidence -> acr and amr, one pure function.

`acr` is computed from recorded evidence and never overstated; removing evidence never raises it.
"""

from dataclasses import dataclass
from enum import StrEnum


class Factor(StrEnum):
    """A factor that was proven, by its `amr` value (RFC 8176 2)."""

    PASSWORD = "pwd"


ACR_NONE = "urn:sso-hub:acr:none"
ACR_PASSWORD = "urn:sso-hub:acr:password"
ACR_VALUES = (ACR_PASSWORD,)
"""What a sign-in can reach today; published as acr_values_supported."""


@dataclass(frozen=True, slots=True)
class Assurance:
    """The `acr` and `amr` that tokens carry (OpenID Connect Core 2)."""

    acr: str
    amr: tuple[str, ...]


def assurance_of(factors: frozenset[Factor]) -> Assurance:
    """Return the level that these factors reach."""
    acr = ACR_PASSWORD if Factor.PASSWORD in factors else ACR_NONE
    return Assurance(acr, tuple(sorted(factor.value for factor in factors)))
