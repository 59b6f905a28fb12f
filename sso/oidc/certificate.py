"""A client's TLS certificate, as the proxy that ended the TLS connection handed it on (RFC 8705).

The proxy has seen the client prove that it holds the private key; `verified` says that it also followed the
certificate to a CA that the operator trusts. Everything else is read from the certificate here.
"""

import base64
import hashlib
import re
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import unquote_to_bytes

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sso.oidc.digest import base64url

MAX_CERTIFICATE_LENGTH = 24_576
"""Characters of the header's value: a certificate of 8 KiB, written in PEM and escaped."""

_HEADER = re.compile(r"cert=(?P<pem>[A-Za-z0-9%._~-]+);verify=(?P<verify>[^,;=]*)")


_UNREADABLE = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
"""What cryptography raises for a certificate that a hostile client made up, found by changing good ones."""


class CertificateInvalid(ValueError):
    """The proxy's header holds no certificate that can be read; the text is private."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientCertificate:
    """The certificate of one TLS connection; `x5t` is its SHA-256 in base64url (RFC 8705 3.1).

    `public_key` is the SubjectPublicKeyInfo in DER. The names are those of the subjectAltName extension.
    """

    der: bytes = field(repr=False)
    x5t: str
    subject: x509.Name
    public_key: bytes = field(repr=False)
    not_before: datetime
    not_after: datetime
    verified: bool
    san_dns: tuple[str, ...] = ()
    san_uri: tuple[str, ...] = ()
    san_ip: tuple[str, ...] = ()
    san_email: tuple[str, ...] = ()

    def is_current(self, now: datetime) -> bool:
        """Whether now lies within the certificate's validity (RFC 5280 4.1.2.5)."""
        return self.not_before <= now <= self.not_after


def certificate_of_header(value: str) -> ClientCertificate:
    """Return what the proxy says: `cert=<PEM, percent-encoded>;verify=<SUCCESS or why not>`.

    Raises:
        CertificateInvalid: it cannot be read.
    """
    written = _HEADER.fullmatch(value) if len(value) <= MAX_CERTIFICATE_LENGTH else None
    if written is None:
        message = "the proxy's header has another form"
        raise CertificateInvalid(message)
    return certificate_of_pem(unquote_to_bytes(written["pem"]), verified=written["verify"] == "SUCCESS")


def certificate_of_pem(pem: bytes, *, verified: bool) -> ClientCertificate:
    """Return the certificate of a PEM text.

    Raises:
        CertificateInvalid: it cannot be read.
    """
    try:
        return _read(x509.load_pem_x509_certificate(pem), verified)
    except _UNREADABLE as error:
        message = "the certificate cannot be read"
        raise CertificateInvalid(message) from error


def x5t_of_x5c(encoded: str) -> str | None:
    """Return the SHA-256 of a certificate as a JWK's x5c holds it (RFC 7517 4.7), or None."""
    try:
        return _x5t(base64.b64decode(encoded, validate=True))
    except ValueError:  # binascii.Error is one; so is what a letter outside ASCII raises
        return None


def _read(certificate: x509.Certificate, verified: bool) -> ClientCertificate:
    names = _alternative_names(certificate)
    der = certificate.public_bytes(Encoding.DER)
    return ClientCertificate(
        der=der,
        x5t=_x5t(der),
        subject=certificate.subject,
        public_key=certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        verified=verified,
        san_dns=tuple(names.get_values_for_type(x509.DNSName)),
        san_uri=tuple(names.get_values_for_type(x509.UniformResourceIdentifier)),
        san_ip=tuple(str(address) for address in names.get_values_for_type(x509.IPAddress)),
        san_email=tuple(names.get_values_for_type(x509.RFC822Name)),
    )


def _alternative_names(certificate: x509.Certificate) -> x509.SubjectAlternativeName:
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return x509.SubjectAlternativeName([])


def _x5t(der: bytes) -> str:
    return base64url(hashlib.sha256(der).digest())
