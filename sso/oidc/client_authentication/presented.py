"""What came with a call to prove who makes it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sso.oidc.certificate import ClientCertificate


@dataclass(frozen=True, slots=True)
class Presented:
    """What came with a request to prove a client, and which keys it holds.

    `endpoint` is the name under which a failure is recorded, `url` the address that was called, below our
    issuer. `dpop` are the values of the DPoP header (RFC 9449 4.1), `certificate` is that of the TLS
    connection (RFC 8705).
    """

    endpoint: str
    authorization: str | None = field(repr=False)
    form: Mapping[str, str] = field(repr=False)
    certificate: ClientCertificate | None = None
    dpop: tuple[str, ...] = field(default=(), repr=False)
    method: str = "POST"
    url: str = ""
