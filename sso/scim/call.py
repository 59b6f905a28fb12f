"""One call of a department's system: for which department, with which token, on behalf of whom."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from sso.audit.record import Origin
from sso.authentication.provisioning import Provisioner
from sso.authentication.stores import Stores
from sso.directory.scim import ScimSettings
from sso.hub import Hub
from sso.oidc.claims import SCIM_SCOPE
from sso.oidc.errors import BearerError, Challenge, ErrorCode
from sso.oidc.protected_resource import PresentedToken, require_access_token
from sso.oidc.settings import Provider
from sso.storage.stores import SqlStores

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Call:
    """Who calls, and when. `place` is the address below which the department's resources are."""

    hub: Hub
    by: Provisioner
    origin: Origin
    now: datetime

    @property
    def place(self) -> str:
        """The address of the department's resources."""
        return self.hub.settings.scim_audience(self.by.directory_id)

    def begin(self) -> AbstractContextManager[SqlStores]:
        """Open a transaction that writes; the client is the actor of whatever is recorded."""
        return self.hub.database.begin(self._actor)

    def write(self, work: Callable[[SqlStores], _T], *, ends: bool) -> _T:
        """Do some work as in `begin`; what ends somebody's access also while the log cannot be written."""
        if ends:
            return self.hub.database.contain(self._actor, work)
        with self.begin() as stores:
            return work(stores)

    def read(self) -> AbstractContextManager[SqlStores]:
        """Open a transaction that only reads."""
        return self.hub.database.read()

    @property
    def _actor(self) -> Origin:
        return replace(self.origin, actor=self.by.client_id)


def provisioner_of(
    presented: PresentedToken, department: ScimSettings, stores: Stores, provider: Provider, now: datetime
) -> Provisioner:
    """Return who may manage the people of a department: a client that acts for itself, with a token for it.

    Raises:
        BearerError: no good token, one for another department or of a person, or its scope is too small.
    """
    token = require_access_token(presented, stores, provider, now)
    if provider.settings.scim_audience(department.id) not in token.aud:
        raise _refusal(presented, "the access token is for another resource", "aud lacks the department")
    if token.grant is not None:
        raise _refusal(presented, "the access token speaks of a person", "not a token of the client itself")
    if department.bound_tokens_only and token.confirmation is None:
        raise _refusal(presented, "the access token must be bound to a key", "a token that anybody can use")
    if SCIM_SCOPE not in token.scope:
        raise BearerError(
            ErrorCode.INSUFFICIENT_SCOPE,
            "the access token lacks a scope",
            f"{SCIM_SCOPE} missing",
            Challenge(presented.scheme, SCIM_SCOPE),
        )
    return Provisioner(token.client_id, department)


def _refusal(presented: PresentedToken, description: str, reason: str) -> BearerError:
    return BearerError(ErrorCode.INVALID_TOKEN, description, reason, Challenge(presented.scheme))
