"""Who calls: an officer with an access token of ours and, at this very moment, the role (RFC 9068 4)."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum

from sso.audit.record import JsonValue
from sso.authentication.stores import Stores
from sso.directory.person import AccountKind, Person, Role
from sso.oidc.bearer import AccessToken
from sso.oidc.errors import BearerError, Challenge, ErrorCode, RequestRejected
from sso.oidc.protected_resource import PresentedToken, require_access_token
from sso.oidc.settings import Provider
from sso.oidc.step_up import SignIn


class Need(Enum):
    """What an operation asks for: a scope of the token and a role of the person."""

    AUDIT = ("audit:read", Role.AUDITOR)
    CLIENTS = ("clients:manage", Role.CLIENT_MANAGER)
    PEOPLE = ("people:manage", Role.PEOPLE_MANAGER)

    @property
    def scope(self) -> str:
        """The scope that the token must have."""
        return self.value[0]

    @property
    def role(self) -> Role:
        """The role that the person must hold."""
        return self.value[1]


class RoleMissing(RequestRejected):
    """The token would do; the person does not hold the role."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Officer:
    """The person behind a token and the application that calls for them."""

    account_id: str
    person: Person
    client_id: str
    session_id: str
    scope: frozenset[str]
    sign_in: SignIn


def officer_of(
    presented: PresentedToken, need: Need | None, stores: Stores, provider: Provider, now: datetime
) -> Officer:
    """Return the officer behind a token. Roles are read now: a lost role ends access at once.

    Raises:
        BearerError: no good token for this API, or its scope is too small.
        RoleMissing: the person is no officer of this kind.
    """
    token = require_access_token(presented, stores, provider, now)
    if provider.settings.api_audience not in token.aud:
        raise BearerError(
            ErrorCode.INVALID_TOKEN,
            "the access token is for another resource",
            "aud lacks the API",
            Challenge(presented.scheme),
        )
    if need is not None and need.scope not in token.scope:
        raise BearerError(
            ErrorCode.INSUFFICIENT_SCOPE,
            "the access token lacks a scope",
            f"{need.scope} missing",
            Challenge(presented.scheme, need.scope),
        )
    officer = _person_behind(token, stores)
    if need is not None and need.role not in officer.person.roles:
        raise RoleMissing(
            ErrorCode.ACCESS_DENIED,
            f"only a person with the role {need.role.value} may do this",
            f"account {officer.account_id} does not hold {need.role.value}",
        )
    return officer


def _person_behind(token: AccessToken, stores: Stores) -> Officer:
    person = None if token.subject is None else stores.people.person(token.subject.person_id)
    if token.grant is None or person is None:
        raise RoleMissing(
            ErrorCode.ACCESS_DENIED, "only a person may do this", f"client {token.client_id} acts for itself"
        )
    grant = token.grant
    if grant.session_id is None or grant.act is not None:
        raise RoleMissing(
            ErrorCode.ACCESS_DENIED, "only a person who signed in may do this", "the token was delegated"
        )
    persona = token.subject.claims.get("persona") if token.subject is not None else None
    return Officer(
        account_id=grant.account_id,
        person=_in_this_persona(person, persona, stores),
        client_id=token.client_id,
        session_id=grant.session_id,
        scope=token.scope,
        sign_in=SignIn(auth_time=grant.auth_time, acr=grant.acr, scheme=token.scheme),
    )


def _in_this_persona(person: Person, persona: JsonValue, stores: Stores) -> Person:
    """A clerk is an officer as a clerk only: a citizen's password must not do for the department's.

    Disabled accounts count as well: a department that disables its clerk ends what the clerk was.
    """
    is_clerk = any(a.kind is AccountKind.STAFF for a in stores.people.accounts_of(person.id))
    if is_clerk and persona != AccountKind.STAFF.value:
        return replace(person, roles=frozenset())
    return person
