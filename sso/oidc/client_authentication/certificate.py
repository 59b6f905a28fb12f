"""tls_client_auth and self_signed_tls_client_auth: the certificate of the TLS connection (RFC 8705 2)."""

import ipaddress
from collections.abc import Callable, Mapping
from datetime import datetime

from sso.audit.record import JsonValue
from sso.oidc.certificate import ClientCertificate, x5t_of_x5c
from sso.oidc.client import Client
from sso.oidc.client_authentication.failure import NotProven
from sso.oidc.distinguished_name import NameInvalid, is_subject
from sso.oidc.jose import KeySetInvalid, public_key_der, signature_keys_of


def prove_by_authority(client: Client, shown: ClientCertificate | None, now: datetime) -> None:
    """Accept a certificate of a trusted CA that names the client as it is registered (RFC 8705 2.1).

    Raises:
        NotProven: no certificate, one that the proxy did not verify, or of another name.
    """
    certificate = _current(shown, now)
    if not certificate.verified:
        raise NotProven("the certificate is not of a trusted CA")
    if not any(fits(client, certificate) for fits in _NAMES):
        raise NotProven("the certificate names another")


def prove_by_registered_key(
    jwks: Mapping[str, JsonValue], shown: ClientCertificate | None, now: datetime
) -> None:
    """Accept a certificate that the client has registered, whoever signed it (RFC 8705 2.2).

    Raises:
        NotProven: no certificate, or one that no registered key stands for.
    """
    certificate = _current(shown, now)
    if not is_registered(jwks, certificate):
        raise NotProven("the certificate is not registered")


def is_registered(jwks: Mapping[str, JsonValue], certificate: ClientCertificate) -> bool:
    """Whether a signature key of a set stands for a certificate."""
    return any(_stands_for(jwk, certificate) for jwk in signature_keys_of(jwks))


def _current(shown: ClientCertificate | None, now: datetime) -> ClientCertificate:
    if shown is None:
        raise NotProven("no certificate came with the connection")
    if not shown.is_current(now):
        raise NotProven("the certificate is not valid now")
    return shown


def _by_subject(client: Client, certificate: ClientCertificate) -> bool:
    registered = client.tls_client_auth_subject_dn
    try:
        return registered is not None and is_subject(registered, certificate.subject)
    except NameInvalid as error:
        raise NotProven("the registered subject is no distinguished name") from error


def _by_host(client: Client, certificate: ClientCertificate) -> bool:
    """Host names compare without case (RFC 4343); a wildcard stands for itself only."""
    registered = client.tls_client_auth_san_dns
    return registered is not None and registered.lower() in {name.lower() for name in certificate.san_dns}


def _by_uri(client: Client, certificate: ClientCertificate) -> bool:
    return client.tls_client_auth_san_uri in certificate.san_uri


def _by_address(client: Client, certificate: ClientCertificate) -> bool:
    registered = client.tls_client_auth_san_ip
    return registered is not None and str(ipaddress.ip_address(registered)) in certificate.san_ip


def _by_mail(client: Client, certificate: ClientCertificate) -> bool:
    """The part before the @ compares exactly, the host without case (RFC 5280 7.5)."""
    registered = client.tls_client_auth_san_email
    return registered is not None and _mail(registered) in {_mail(name) for name in certificate.san_email}


_NAMES: tuple[Callable[[Client, ClientCertificate], bool], ...] = (
    _by_subject,
    _by_host,
    _by_uri,
    _by_address,
    _by_mail,
)


def _mail(address: str) -> str:
    mailbox, at, host = address.rpartition("@")
    return f"{mailbox}{at}{host.lower()}"


def _stands_for(jwk: Mapping[str, JsonValue], certificate: ClientCertificate) -> bool:
    """A registered key with its certificate stands for that one, without it for any of the key's."""
    chain, x5t = jwk.get("x5c"), jwk.get("x5t#S256")
    if isinstance(chain, list) and chain:
        return x5t_of_x5c(str(chain[0])) == certificate.x5t
    if x5t is not None:
        return x5t == certificate.x5t
    try:
        return public_key_der(jwk) == certificate.public_key
    except KeySetInvalid:
        return False
