"""What a call brings to prove which keys its sender holds: a DPoP header, a TLS client certificate."""

import logging
from collections.abc import Mapping, Sequence
from urllib.parse import quote

from werkzeug import Request

from sso.oidc.certificate import CertificateInvalid, ClientCertificate, certificate_of_header
from sso.oidc.client_authentication import Presented
from sso.oidc.errors import BearerError, ErrorCode
from sso.oidc.protected_resource import PresentedToken
from sso.oidc.settings import Settings
from sso.oidc.token_scheme import TokenScheme, credentials_of_header
from sso.web.visit import from_trusted_proxy

log = logging.getLogger("sso.web")

CERTIFICATE_HEADER = "Clientcertificate"
"""What deploy/nginx.conf sets. One word: servers map look-alike names with hyphens onto one another."""


def presented_of(
    endpoint: str,
    form: Mapping[str, str],
    request: Request,
    settings: Settings,
    trusted_proxies: Sequence[str],
) -> Presented:
    """Return what came with a request to prove its client."""
    return Presented(
        endpoint=endpoint,
        authorization=request.headers.get("Authorization"),
        form=form,
        certificate=certificate_of(request, trusted_proxies),
        dpop=proofs_of(request),
        method=request.method,
        url=_address_of(request, settings),
    )


def presented_token_of(
    credentials: tuple[TokenScheme, str],
    request: Request,
    settings: Settings,
    trusted_proxies: Sequence[str],
) -> PresentedToken:
    """Return an access token with what came to prove that its sender may use it."""
    scheme, text = credentials
    return PresentedToken(
        text=text,
        scheme=scheme,
        method=request.method,
        url=_address_of(request, settings),
        dpop=proofs_of(request),
        certificate=certificate_of(request, trusted_proxies),
    )


def header_token_of(request: Request, settings: Settings, trusted_proxies: Sequence[str]) -> PresentedToken:
    """Return the token of the Authorization header with its proofs (RFC 6750 2.1, RFC 9449 7.1).

    Raises:
        BearerError: there is none.
    """
    shown = credentials_of_header(request.headers.get("Authorization"))
    if shown is None:
        raise BearerError(ErrorCode.INVALID_TOKEN, "", "no token")
    return presented_token_of(shown, request, settings, trusted_proxies)


def _address_of(request: Request, settings: Settings) -> str:
    """The address that was called, below our issuer, encoded as a URI again (RFC 3986 3.3)."""
    return settings.endpoint(quote(request.path, safe="/:@!$&'()*+,;=~"))


def proofs_of(request: Request) -> tuple[str, ...]:
    """Return the values of the DPoP header: a server may have joined several with commas (RFC 9449 4.3)."""
    values = request.headers.getlist("DPoP")
    return tuple(proof.strip() for value in values for proof in value.split(","))


def certificate_of(request: Request, trusted_proxies: Sequence[str]) -> ClientCertificate | None:
    """Return the certificate of the client's TLS connection; only a trusted proxy is believed about it."""
    value = request.headers.get(CERTIFICATE_HEADER)
    if not value or not from_trusted_proxy(request.remote_addr, trusted_proxies):
        return None
    try:
        return certificate_of_header(value)
    except CertificateInvalid as error:
        log.warning("the proxy's client certificate is not readable: %s", error)
        return None
