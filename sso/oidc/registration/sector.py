"""Who shares a pairwise `sub`: one host, or what a sector_identifier_uri lists (OpenID Connect Core 8.1).

The list is read by whoever registers a client, before a transaction is opened; here it is judged.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from sso.audit.record import JsonValue
from sso.oidc.client import Client, GrantType, SubjectType
from sso.oidc.registered_address import sector_host
from sso.oidc.registration.refusal import InvalidClientMetadata


@dataclass(frozen=True, slots=True)
class SectorDocument:
    """What a sector_identifier_uri lists."""

    uri: str
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Proposal:
    """Metadata to be registered, and what its sector_identifier_uri lists where that must be known."""

    metadata: Mapping[str, JsonValue]
    sector: SectorDocument | None = None


def sector_to_read(metadata: Mapping[str, JsonValue], client: Client | None = None) -> str | None:
    """Return the sector_identifier_uri that must be read before this metadata is registered or changed.

    A change that touches neither it nor the addresses that it must list needs no reading.
    """
    known = client.sector_identifier_uri if client is not None else None
    uri = metadata.get("sector_identifier_uri", known)
    touched = {"sector_identifier_uri", "redirect_uris", "jwks_uri", "grant_types"} & metadata.keys()
    return uri if isinstance(uri, str) and touched else None


def check_sector_document(client: Client, document: SectorDocument | None) -> None:
    """Refuse a client whose addresses its sector does not list (OpenID Connect Registration 5, CIBA 4)."""
    if document is None or document.uri != client.sector_identifier_uri:
        raise InvalidClientMetadata("sector_identifier_uri was not read")
    if not set(client.redirect_uris) <= set(document.addresses):
        raise InvalidClientMetadata("sector_identifier_uri must list every one of the redirect_uris")
    if GrantType.CIBA in client.grant_types and client.jwks_uri not in document.addresses:
        raise InvalidClientMetadata("sector_identifier_uri must list the jwks_uri of a client with CIBA")


def sector_of(client: Client) -> str:
    """Return the host of sector_identifier_uri, else the one of redirect_uris, else the client alone."""
    if client.subject_type is SubjectType.PUBLIC:
        if client.sector:
            raise InvalidClientMetadata("sector is for pairwise subjects only")
        return ""
    if client.sector_identifier_uri is not None:
        host = urlsplit(client.sector_identifier_uri).hostname or ""
        if client.sector not in ("", host):
            raise InvalidClientMetadata("sector must be the host of the sector_identifier_uri")
        return host
    if client.sector:
        return client.sector
    hosts = {found for address in client.redirect_uris if (found := sector_host(address)) is not None}
    if len(hosts) > 1:
        raise InvalidClientMetadata(
            "redirect_uris have several hosts: give the sector that they share, or a sector_identifier_uri"
        )
    return hosts.pop() if hosts else client.client_id
