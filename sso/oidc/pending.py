"""A pending authorization request: kept server-side while pages ask the person.

Its id stands in the URL of every page of the journey, and a cookie binds it to one browser, so that
several tabs work side by side and a stolen link is worthless.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingAuthorization:
    """The parameters as they came, and what the person has been asked since.

    `browser` is the SHA-256 of the cookie it is bound to. `consented_at` and
    `account_selected_at` are set when the person answered that page for this request, `consented_by` to the
    account that did; `creation_offered_at` when the person was sent to make an account. `pushed` is the
    digest of the request_uri it came by (RFC 9126), which is spent when this request is answered.
    """

    id: str
    browser: bytes
    client_id: str
    params: Mapping[str, str]
    asked_at: datetime
    expires_at: datetime
    consented_at: datetime | None = None
    consented_by: str | None = None
    account_selected_at: datetime | None = None
    creation_offered_at: datetime | None = None
    pushed: bytes | None = field(default=None, repr=False)
