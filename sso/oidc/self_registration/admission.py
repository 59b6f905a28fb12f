"""Which metadata an application that registers itself gets registered (RFC 7591 3.1, RFC 7592 2.2)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlsplit

from sso.audit.record import JsonValue
from sso.oidc.client import Client, GrantType, SelfRegistration, SubjectType
from sso.oidc.registered_address import sector_host
from sso.oidc.registration import (
    FIELDS,
    InvalidClientMetadata,
    Proposal,
    changed_client,
    client_metadata,
    is_name_tag,
    new_client,
)
from sso.oidc.self_registration.access import InitialAccessToken
from sso.oidc.self_registration.policy import OFFICER_FIELDS, permitted
from sso.oidc.self_registration.statement import stated
from sso.oidc.settings import Settings

_UNPROVEN = frozenset({GrantType.DEVICE_CODE, GrantType.JWT_BEARER, GrantType.TOKEN_EXCHANGE})
"""Grants that name people to a client and prove nothing about its addresses."""
_WITHOUT_REDIRECT = _UNPROVEN | {GrantType.CIBA}
_ONLY_ANSWERED = (
    "registration_access_token",
    "registration_client_uri",
    "client_secret_expires_at",
    "client_id_issued_at",
)


@dataclass(frozen=True, slots=True)
class Admission:
    """Metadata that may be registered, and how the client came by it."""

    metadata: Mapping[str, JsonValue]
    came_by: SelfRegistration


def admission(
    document: Mapping[str, JsonValue], token: InitialAccessToken | None, settings: Settings, now: datetime
) -> Admission:
    """Return what may be registered of a document that came with an initial access token, or without.

    Raises:
        InvalidClientMetadata: nothing may.
    """
    imposed = {**settings.registration.imposed, **(token.metadata if token is not None else {})}
    issuer, said = stated(document, settings, now) or (None, {})
    metadata = permitted(document, said, imposed, settings.registration)
    came_by = SelfRegistration(
        token_id=None if token is None else token.id, imposed=imposed, issuer=issuer, stated=said
    )
    return Admission(_named(metadata), came_by)


def admission_of_change(
    document: Mapping[str, JsonValue], client: Client, settings: Settings, now: datetime
) -> Admission:
    """Return the registration that a document asks to put in place of the client's present one.

    What is left out returns to its default (RFC 7592 2.2); what officers and the client's software
    statement decided stays, unless it brings another statement.

    Raises:
        InvalidClientMetadata: it may not be put in place.
    """
    _check_identity(document, client)
    before = client.self_registration or SelfRegistration()
    came_by = before
    if statement := stated(document, settings, now):
        came_by = replace(before, issuer=statement[0], stated=statement[1])
    metadata = permitted(document, came_by.stated, came_by.imposed, settings.registration)
    known = {name for name in client_metadata(client) if is_name_tag(name)} | set(FIELDS)
    defaults: dict[str, JsonValue] = dict.fromkeys(known - OFFICER_FIELDS)
    return Admission(_named({**defaults, **metadata}), came_by)


def admitted_client(admission: Admission, proposal: Proposal, now: datetime) -> tuple[Client, str | None]:
    """Return the new client and its secret.

    Raises:
        InvalidClientMetadata: with RFC 7591's code and a sentence that names the field.
    """
    client, secret = new_client(proposal.metadata, now, proposal.sector)
    if _is_alone(client, admission.came_by):
        client = replace(client, sector=client.client_id)
    return replace(client, self_registration=admission.came_by), secret


def admitted_change(client: Client, admission: Admission, proposal: Proposal, now: datetime) -> Client:
    """Return the client with its registration replaced.

    Raises:
        InvalidClientMetadata: with RFC 7591's code and a sentence that names the field.
    """
    changed = changed_client(client, proposal.metadata, now, proposal.sector)
    if _is_alone(changed, admission.came_by) and changed.sector != client.client_id:
        raise InvalidClientMetadata(
            "loopback addresses, app schemes and grants without a redirect cannot be added: register another"
            " application"
        )
    return replace(changed, self_registration=admission.came_by)


def _is_alone(client: Client, came_by: SelfRegistration) -> bool:
    """Whether nothing proves that a client belongs to the sector of its addresses.

    A code reaches only who owns the redirect_uri. Where tokens come without one, or to an address that
    nobody owns (loopback, an app's scheme), anybody could name a department's host beside it and learn the
    `sub` that people have there. A sector_identifier_uri lists every redirect_uri, and the jwks_uri of a
    client with CIBA (CIBA Core 4): it proves both.
    """
    if client.subject_type is SubjectType.PUBLIC or "sector" in came_by.imposed:
        return False
    if client.sector_identifier_uri is None:
        unowned = any(sector_host(address) is None for address in client.redirect_uris)
        return unowned or bool(client.grant_types & _WITHOUT_REDIRECT)
    if unproven := client.grant_types & _UNPROVEN:
        names = ", ".join(sorted(grant_type.rpartition(":")[2] for grant_type in unproven))
        raise InvalidClientMetadata(f"sector_identifier_uri proves nothing for {names}: leave it out")
    return False


def _named(metadata: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """A client without a name is called by its first host (RFC 7591 2 lets a server show anything)."""
    if metadata.get("client_name") is not None:
        return dict(metadata)
    addresses = metadata.get("redirect_uris")
    first = addresses[0] if isinstance(addresses, list) and addresses else ""
    try:
        host = urlsplit(first).hostname if isinstance(first, str) else None
    except ValueError:
        host = None
    return {**metadata, "client_name": host or "?"}


def _check_identity(document: Mapping[str, JsonValue], client: Client) -> None:
    """RFC 7592 2.2: the id is the client's own; what only we say is not sent back."""
    if document.get("client_id") != client.client_id:
        raise InvalidClientMetadata("client_id must be the one that is changed")
    for name in _ONLY_ANSWERED:
        if name in document:
            raise InvalidClientMetadata(f"{name} must be left out (RFC 7592 2.2)")
