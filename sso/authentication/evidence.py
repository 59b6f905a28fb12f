"""From what was proven to what may be said about it: evidence -> acr and amr, one pure function.

`acr` is computed from recorded evidence and never overstated; removing evidence never raises it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Factor(StrEnum):
    """A factor that was proven, by its `amr` value (RFC 8176 2)."""

    PASSWORD = "pwd"


ACR_NONE = "urn:sso-hub:acr:none"
ACR_PASSWORD = "urn:sso-hub:acr:password"
ACR_TWO_FACTORS = "urn:sso-hub:acr:two-factors"
ACR_HARDWARE_KEY = "urn:sso-hub:acr:hardware-key"
LEVELS = (ACR_NONE, ACR_PASSWORD, ACR_TWO_FACTORS, ACR_HARDWARE_KEY)
"""Every level that can be spoken of, the weakest first."""
ACR_VALUES = (ACR_PASSWORD,)
"""What a sign-in here can reach today; what other providers vouch for comes beside it (`reachable`)."""

_AMR_VALUES = frozenset(
    {"face", "fpt", "geo", "hwk", "iris", "kba", "mca", "mfa", "otp", "pin", "pop", "pwd", "rba", "retina"}
    | {"sc", "sms", "swk", "tel", "user", "vbm", "wia"}
)
"""The registered ones (RFC 8176 2); no other word of somebody else is passed on."""


@dataclass(frozen=True, slots=True)
class Vouched:
    """What another provider says was proven there: a level of ours, by its table, and the `amr` it named."""

    acr: str
    amr: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Assurance:
    """The `acr` and `amr` that tokens carry (OpenID Connect Core 2)."""

    acr: str
    amr: tuple[str, ...]


def assurance_of(factors: frozenset[Factor], vouched: Vouched | None = None) -> Assurance:
    """Return the level that these factors reach, and what another provider vouches for beside them."""
    acr = ACR_PASSWORD if Factor.PASSWORD in factors else ACR_NONE
    amr = {factor.value for factor in factors}
    if vouched is not None:
        acr = max(acr, vouched.acr, key=rank)
        amr |= _AMR_VALUES & set(vouched.amr)
    return Assurance(acr, tuple(sorted(amr)))


def rank(acr: str) -> int:
    """Return the place of a level among LEVELS; a word that is none of them is worth nothing."""
    return LEVELS.index(acr) if acr in LEVELS else 0


def reachable(vouched: Iterable[str]) -> tuple[str, ...]:
    """Return every level that a sign-in can reach, given those that other providers may vouch for."""
    found = {*ACR_VALUES, *vouched} - {ACR_NONE}
    return tuple(level for level in LEVELS if level in found)
