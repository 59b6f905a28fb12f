"""Applications register themselves and manage their registration (RFC 7591, RFC 7592), on record.

    admit          may it register, and with which metadata?      one transaction
    ...            its sector_identifier_uri is read               no transaction
    register       make it, store it                               one transaction

A change goes the same way: `admit_change`, then `change`. Whatever is refused is recorded and stays so.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NoReturn, Protocol
from urllib.parse import urlsplit

from sso.audit.event import ClientAdopted, ClientRegistrationRead, ClientRegistrationRefused
from sso.audit.record import JsonValue
from sso.authentication import clients
from sso.authentication.clients import ClientStores
from sso.oidc.client import Client, is_client_id
from sso.oidc.digest import digest, new_secret
from sso.oidc.errors import BearerError, ErrorCode, RegistrationError
from sso.oidc.registration import InvalidClientMetadata, Proposal, without_working_secret
from sso.oidc.registration_policy import RegistrationMode, RegistrationPolicy
from sso.oidc.self_registration.access import InitialAccessToken
from sso.oidc.self_registration.admission import (
    Admission,
    admission,
    admission_of_change,
    admitted_change,
    admitted_client,
)
from sso.oidc.self_registration.stores import ConsentsOfClients, InitialAccessTokens, RegistrationAccess
from sso.oidc.settings import Settings

SOURCE = "self-registration"


class RegistrationStores(ClientStores, Protocol):
    """The stores of one transaction as these functions need them."""

    @property
    def initial_access_tokens(self) -> InitialAccessTokens: ...  # noqa: D102 - the noun says it
    @property
    def registration_access(self) -> RegistrationAccess: ...  # noqa: D102
    @property
    def consents(self) -> ConsentsOfClients: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Asked:
    """A call of an application: what it sends, and its token if it shows one."""

    operation: str
    bearer: str | None = field(repr=False)
    document: Mapping[str, JsonValue] = field(default_factory=dict)
    client_id: str | None = None


@dataclass(frozen=True, slots=True)
class Registered:
    """A client as it is registered now, and the secrets that are told once."""

    client: Client
    access_token: str = field(repr=False)
    client_secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class _Refusal:
    code: ErrorCode
    reason: str
    token_id: str | None = None


def admit(asked: Asked, stores: RegistrationStores, settings: Settings, now: datetime) -> Admission:
    """Return what may be registered of what an application asks for.

    Raises:
        BearerError: an initial access token is needed, or the one shown does not work; recorded.
        RegistrationError: the metadata or its software statement cannot be accepted; recorded.
    """
    token = _initial_access_token(asked, stores, settings.registration, now)
    try:
        return admission(asked.document, token, settings, now)
    except InvalidClientMetadata as error:
        refuse(asked, error, stores, now)


def register(
    asked: Asked, admitted: Admission, proposal: Proposal, stores: RegistrationStores, now: datetime
) -> Registered:
    """Register an application that was admitted, with its proposal, and spend a use of its token.

    Raises:
        BearerError: the initial access token was used up meanwhile; recorded.
        RegistrationError: the metadata cannot be registered; recorded, and no use is spent.
    """
    try:
        client, secret = admitted_client(admitted, proposal, now)
    except InvalidClientMetadata as error:
        refuse(asked, error, stores, now)
    token_id = admitted.came_by.token_id
    if token_id is not None and not stores.initial_access_tokens.use(digest(asked.bearer or ""), now):
        _refuse_bearer(
            asked, "the initial access token is used up, revoked or expired", stores, now, token_id
        )
    access_token = new_secret()
    clients.keep_client(client, SOURCE, stores, now)
    stores.registration_access.add(client.client_id, digest(access_token), now)
    return Registered(client, access_token, secret)


def read(asked: Asked, stores: RegistrationStores, now: datetime) -> Registered:
    """Return the registration of the client that shows its token (RFC 7592 2.1).

    Raises:
        BearerError: unknown client or another token; recorded.
    """
    client = _own(asked, stores, now)
    stores.registration_access.settle(client.client_id, digest(asked.bearer or ""))
    stores.audit.append(ClientRegistrationRead(client_id=client.client_id), now)
    return Registered(client, asked.bearer or "")


def admit_change(
    asked: Asked, stores: RegistrationStores, settings: Settings, now: datetime
) -> tuple[Client, Admission]:
    """Return the client that shows its token, and what may be put in place of its registration.

    Raises:
        BearerError: unknown client or another token; recorded.
        RegistrationError: the metadata or its software statement cannot be accepted; recorded.
    """
    client = _own(asked, stores, now)
    try:
        _check_secret(asked.document, client, now)
        return client, admission_of_change(asked.document, client, settings, now)
    except InvalidClientMetadata as error:
        refuse(asked, error, stores, now)


def change(
    asked: Asked, admitted: Admission, proposal: Proposal, stores: RegistrationStores, now: datetime
) -> Registered:
    """Put a registration in place of the client's present one and give it another token (RFC 7592 2.2).

    A client that comes to need a secret gets one. One that takes another name or other hosts is another
    service to people: what they allowed is forgotten, and they are asked anew.

    Raises:
        BearerError: the client was removed meanwhile, or another token given; recorded.
        RegistrationError: the metadata cannot be registered; recorded, nothing is changed.
    """
    client = _own(asked, stores, now)
    try:
        changed = admitted_change(client, admitted, proposal, now)
    except InvalidClientMetadata as error:
        refuse(asked, error, stores, now)
    changed = clients.keep_change(client, changed, SOURCE, stores, now)
    if _face(changed) != _face(client):
        stores.consents.forget_client(client.client_id)
    secret = None
    if without_working_secret(changed, now):
        changed, secret = clients.rotate_secret(changed, timedelta(0), SOURCE, stores, now)
    successor = new_secret()
    stores.registration_access.rotate(client.client_id, digest(asked.bearer or ""), digest(successor), now)
    return Registered(changed, successor, secret)


def remove(asked: Asked, stores: RegistrationStores, now: datetime) -> None:
    """Remove the client that shows its token, with its grants (RFC 7592 2.3).

    Raises:
        BearerError: unknown client or another token; recorded.
    """
    client = _own(asked, stores, now)
    stores.registration_access.remove(client.client_id)
    clients.remove_client(client, SOURCE, stores, now)


def adopt(client: Client, source: str, stores: RegistrationStores, now: datetime) -> bool:
    """Let officers take over an application that registered itself; false if it did not.

    Its registration access token works no more, and people are not warned of it any longer.
    """
    if client.self_registration is None:
        return False
    stores.registration_access.remove(client.client_id)
    clients.disown(client, stores, now)
    stores.audit.append(ClientAdopted(client_id=client.client_id, source=source), now)
    return True


def refuse(asked: Asked, error: InvalidClientMetadata, stores: RegistrationStores, now: datetime) -> NoReturn:
    """Record that metadata cannot be registered, and refuse it.

    Raises:
        RegistrationError: always.
    """
    code = ErrorCode(error.code.value)
    _record(asked, _Refusal(code, error.sentence), stores, now)
    raise RegistrationError(code, error.sentence)


def _initial_access_token(
    asked: Asked, stores: RegistrationStores, policy: RegistrationPolicy, now: datetime
) -> InitialAccessToken | None:
    if asked.bearer is None and policy.mode is RegistrationMode.TOKEN:
        _refuse_bearer(asked, "no initial access token", stores, now)
    token = None
    if asked.bearer is not None:
        token = stores.initial_access_tokens.get(digest(asked.bearer))
        if token is None:
            _refuse_bearer(asked, "unknown initial access token", stores, now)
        if not token.works(now):
            reason = "the initial access token is used up, revoked or expired"
            _refuse_bearer(asked, reason, stores, now, token.id)
    if stores.registration_access.count(limit=policy.max_clients) >= policy.max_clients:
        full = _Refusal(ErrorCode.TEMPORARILY_UNAVAILABLE, "registration.max_clients is reached")
        _record(asked, full, stores, now)
        raise RegistrationError(
            ErrorCode.TEMPORARILY_UNAVAILABLE, "too many applications have registered themselves"
        )
    return token


def _face(client: Client) -> tuple[object, ...]:
    """What people go by when they allow something: the name, and where the answer goes."""
    hosts = {urlsplit(address).netloc or address for address in client.redirect_uris}
    return client.client_name, client.names, hosts


def _own(asked: Asked, stores: RegistrationStores, now: datetime) -> Client:
    """One answer for every wrong token: whether a client exists is nobody's business (RFC 7592 2.1)."""
    client_id, client = asked.client_id or "", None
    if asked.bearer is not None and is_client_id(client_id):
        client = stores.clients.for_update(client_id)
        if client is None or not stores.registration_access.accepts(client_id, digest(asked.bearer)):
            client = None
    if client is None:
        _refuse_bearer(asked, "unknown client, or not its registration access token", stores, now)
    return client


def _check_secret(document: Mapping[str, JsonValue], client: Client, now: datetime) -> None:
    """RFC 7592 2.2: a client_secret that is sent back must be the client's own."""
    sent = document.get("client_secret")
    if sent is None:
        return
    working = {s.digest for s in client.secrets if s.expires_at is None or now < s.expires_at}
    if not isinstance(sent, str) or digest(sent) not in working:
        raise InvalidClientMetadata("client_secret must be the client's own, or be left out")


def _refuse_bearer(
    asked: Asked, reason: str, stores: RegistrationStores, now: datetime, token_id: str | None = None
) -> NoReturn:
    _record(asked, _Refusal(ErrorCode.INVALID_TOKEN, reason, token_id), stores, now)
    raise BearerError(ErrorCode.INVALID_TOKEN, "" if asked.bearer is None else "the token does not work")


def _record(asked: Asked, refusal: _Refusal, stores: RegistrationStores, now: datetime) -> None:
    known = asked.client_id is not None and is_client_id(asked.client_id)
    event = ClientRegistrationRefused(
        client_id=asked.client_id if known else None,
        operation=asked.operation,
        error=refusal.code.value,
        reason=refusal.reason,
        token_id=refusal.token_id,
    )
    stores.audit.append(event, now)
