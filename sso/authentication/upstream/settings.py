"""An upstream provider as the operator describes it, checked once when it is read."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from sso.authentication.evidence import ACR_NONE, LEVELS, rank
from sso.directory.claim_rules import ClaimRule
from sso.directory.settings import RESERVED_CLAIMS, DirectorySettings
from sso.oidc.jose import ASSERTION_ALGORITHMS

_ID = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
CLAIMS_BY_DEFAULT = ("name", "given_name", "family_name", "email", "phone_number")
"""What is taken over, under its own name, where the operator maps nothing (OpenID Connect Core 5.1)."""


class ClientProof(StrEnum):
    """How the hub proves itself to an upstream (OpenID Connect Core 9)."""

    PRIVATE_KEY_JWT = "private_key_jwt"
    CLIENT_SECRET_BASIC = "client_secret_basic"
    CLIENT_SECRET_POST = "client_secret_post"


class SignOut(StrEnum):
    """What happens at the upstream after a sign-out here: nothing, an offer, or a sign-out there too."""

    NEVER = "never"
    OFFER = "offer"
    FOLLOW = "follow"


@dataclass(frozen=True, slots=True)
class AcrTable:
    """What an upstream's levels are worth here: pairs of theirs and ours, their weakest first.

    Raises ValueError with a sentence for the administrator, when a stronger level of theirs would be worth
    less than a weaker one.
    """

    pairs: Sequence[tuple[str, str]] = ()

    def __post_init__(self) -> None:
        theirs = [each for each, _ in self.pairs]
        if len(set(theirs)) < len(theirs):
            raise ValueError("acr names a level of theirs twice")
        unknown = [ours for _, ours in self.pairs if ours not in LEVELS]
        if unknown:
            raise ValueError(f"{unknown[0]!r} is no level here; the levels are {', '.join(LEVELS)}")
        for (weaker, lower), (stronger, higher) in zip(self.pairs, self.pairs[1:], strict=False):
            if rank(higher) < rank(lower):
                raise ValueError(
                    f"acr goes from their weakest level to their strongest, and {stronger!r} may not be worth"
                    f" less here than {weaker!r}"
                )

    def ours(self, theirs: object) -> str:
        """Return what a level of theirs is worth; one that is not in the table is worth nothing."""
        return next((ours for each, ours in self.pairs if each == theirs), ACR_NONE)

    def asking_for(self, wanted: Sequence[str]) -> tuple[str, ...]:
        """Return which levels of theirs are worth what is wanted here, in the order of the wishes."""
        return tuple(each for wish in wanted for each, ours in self.pairs if ours == wish)

    @property
    def reached(self) -> frozenset[str]:
        """The levels of ours that this upstream can vouch for."""
        return frozenset(ours for _, ours in self.pairs)


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamSettings:
    """An upstream: `issuer` byte for byte, `labels` by language tag with "en" among them.

    `identifier` is the claim that never changes and is never given to somebody else: it is the account's key
    together with `id`. `directory` is set when it signs in the staff of that department, whose immutable ids
    the identifier then holds; without one it signs in citizens. `just_in_time` lets in people who were never
    here. `secret` is empty where the hub proves itself by its own signing key.
    Raises ValueError with a sentence for the administrator.
    """

    id: str
    issuer: str
    labels: Mapping[str, str]
    client_id: str
    proof: ClientProof = ClientProof.PRIVATE_KEY_JWT
    secret: str = field(default="", repr=False)
    assertion_algorithm: str = "ES256"
    assertion_audience: str = ""
    algorithms: Sequence[str] = ASSERTION_ALGORITHMS
    scopes: Sequence[str] = ("openid", "profile")
    acr: AcrTable = AcrTable()
    mapping: Mapping[str, ClaimRule] = field(default_factory=dict)
    identifier: str = "sub"
    userinfo: bool = True
    directory: DirectorySettings | None = None
    just_in_time: bool = False
    sign_out: SignOut = SignOut.OFFER
    allow_loopback: bool = False
    allow_networks: tuple[str, ...] = ()
    ca_file: Path | None = None

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.id):
            raise ValueError("id is made of lower-case letters, digits and hyphens")
        if not self.labels.get("en"):
            raise ValueError('labels gives the name by language, "en" at least')
        if (self.proof is ClientProof.PRIVATE_KEY_JWT) == bool(self.secret):
            raise ValueError(
                "a client secret goes with client_secret_basic and client_secret_post, and only there"
            )
        if reserved := RESERVED_CLAIMS & self.mapping.keys():
            raise ValueError(f"mapping.{min(reserved)}: only the hub itself may state this claim")
        if "openid" not in self.scopes:
            raise ValueError('scopes holds "openid"')
        if not set(self.algorithms) <= set(ASSERTION_ALGORITHMS) or not self.algorithms:
            raise ValueError(f"algorithms is made of {', '.join(ASSERTION_ALGORITHMS)}")

    def label(self, language_tag: str) -> str:
        """Return its name in a language, else in English."""
        return self.labels.get(language_tag) or self.labels["en"]

    @property
    def callback_path(self) -> str:
        """Where browsers come back to; registered there with the hub's issuer before it."""
        return f"/sign-in/upstream/{self.id}/callback"

    @property
    def rules(self) -> Mapping[str, ClaimRule]:
        """Which claims an account takes over, and from what."""
        return self.mapping or {name: ClaimRule(first=(name,)) for name in CLAIMS_BY_DEFAULT}
