"""Client metadata under RFC 7591's field names: what can be registered, and what cannot.

    client, secret = new_client({"client_name": "Housing", "redirect_uris": ["https://…/cb"]}, now)

One module a noun holds a table of the fields it knows; `together` holds the rules that only the whole can
break. Values and functions: storing the client and recording the event is `sso.authentication.clients`.
"""

from sso.oidc.registration.algorithms import check_can_sign
from sso.oidc.registration.authentication import SECRET_METHODS
from sso.oidc.registration.given import is_name_tag
from sso.oidc.registration.refusal import InvalidClientMetadata, MetadataErrorCode
from sso.oidc.registration.sector import Proposal, SectorDocument, sector_to_read
from sso.oidc.registration.whole import (
    FIELDS,
    changed_client,
    client_metadata,
    new_client,
    rotated_secret,
    without_working_secret,
)

__all__ = [
    "FIELDS",
    "SECRET_METHODS",
    "InvalidClientMetadata",
    "MetadataErrorCode",
    "Proposal",
    "SectorDocument",
    "changed_client",
    "check_can_sign",
    "client_metadata",
    "is_name_tag",
    "new_client",
    "rotated_secret",
    "sector_to_read",
    "without_working_secret",
]
