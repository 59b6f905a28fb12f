"""At which other providers a citizen can sign in to the account, and where else that could be so."""

from collections.abc import Sequence
from dataclasses import dataclass

from sso.authentication.upstream.settings import UpstreamSettings
from sso.authentication.upstream.stores import Stores
from sso.directory.person import AccountKind
from sso.hub import Hub
from sso.oidc.session import Session
from sso.web.language import Language


@dataclass(frozen=True, slots=True)
class Way:
    """One provider on a page: whether it is a way into the account, and where that is changed."""

    name: str
    action: str
    is_tied: bool


def for_citizens(hub: Hub) -> Sequence[UpstreamSettings]:
    """Return the upstreams at which citizens sign in."""
    return [each.settings for each in hub.upstreams.values() if each.settings.directory is None]


def ways_into(session: Session, language: Language, stores: Stores, hub: Hub) -> Sequence[Way]:
    """Return those of the account that is signed in; a clerk's account has none."""
    offered, account = for_citizens(hub), stores.people.account(session.account_id)
    if not offered or account is None or account.kind is not AccountKind.CITIZEN:
        return ()
    tied = stores.upstreams.ties_of(account.id)
    return [
        Way(each.label(language.tag), f"/account/upstream/{each.id}", is_tied=each.id in tied)
        for each in offered
    ]
