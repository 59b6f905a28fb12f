"""What a service would learn about a person, in words: the same list wherever they are asked to allow it."""

from collections.abc import Set
from dataclasses import dataclass

from sso.oidc.account import Subject
from sso.oidc.claims import scope_claims
from sso.oidc.client import Client
from sso.oidc.roles import claims_for
from sso.web.disclosure import Disclosure, claim_label, disclosures
from sso.web.language import Language

_MEASURED = frozenset({"email_verified", "phone_number_verified", "updated_at"})
"""Claims that say something of another claim, and are not worth a word while that one is unknown."""


@dataclass(frozen=True, slots=True)
class Sharing:
    """What is known (`items`), what would be told if it were (`later`), and whether also while away."""

    items: tuple[Disclosure, ...]
    later: tuple[str, ...]
    offline: bool


def sharing(
    language: Language, client: Client, subject: Subject | None, scope: Set[str], claims: Set[str]
) -> Sharing:
    """Return what these scopes, and claims asked for by name, tell a service about a person."""
    names = scope_claims(frozenset(scope)) | claims
    whole = {} if subject is None else claims_for(client, subject)
    known = {name: value for name, value in whole.items() if name in names}
    unknown = sorted(names - known.keys() - _MEASURED)
    return Sharing(
        items=disclosures(language, known),
        later=tuple(claim_label(language, name) for name in unknown),
        offline="offline_access" in scope,
    )
