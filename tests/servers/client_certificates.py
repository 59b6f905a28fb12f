"""TLS client certificates as a department's CA makes them, and self-signed ones."""

import base64
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sso.audit.record import JsonValue
from sso.oidc.certificate import ClientCertificate, certificate_of_pem

DAY = timedelta(days=1)
HOUSING = x509.Name(
    [
        x509.NameAttribute(NameOID.COUNTRY_NAME, "MN"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Housing Office"),
        x509.NameAttribute(NameOID.COMMON_NAME, "housing"),
    ]
)
HOUSING_DN = "CN=housing,O=Housing Office,C=MN"


@dataclass(frozen=True)
class Issued:
    """A certificate and its private key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey = field(repr=False)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def x5c(self) -> str:
        return base64.b64encode(self.certificate.public_bytes(serialization.Encoding.DER)).decode()

    def shown(self, *, verified: bool) -> ClientCertificate:
        """The certificate as the hub sees it."""
        return certificate_of_pem(self.pem, verified=verified)

    def jwk(self, **more: JsonValue) -> dict[str, JsonValue]:
        """The public key."""
        numbers = self.key.public_key().public_numbers()
        x, y = (_base64url(number.to_bytes(32, "big")) for number in (numbers.x, numbers.y))
        return {"kty": "EC", "crv": "P-256", "x": x, "y": y, **more}

    def files(self, folder: Path) -> tuple[str, str]:
        """Write both and return their paths, as httpx and curl want them."""
        folder.mkdir(parents=True, exist_ok=True)
        certificate, key = folder / "client.pem", folder / "client.key"
        certificate.write_bytes(self.pem)
        key.write_bytes(
            self.key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return str(certificate), str(key)


def self_signed(subject: x509.Name = HOUSING, *, now: datetime | None = None, days: int = 30) -> Issued:
    """A certificate that nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    built = _builder(subject, subject, key.public_key(), now or datetime.now(UTC), days)
    return Issued(built.sign(key, hashes.SHA256()), key)


@cache
def authority(name: str = "Departments CA") -> Issued:
    """A CA."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    key = ec.generate_private_key(ec.SECP256R1())
    built = _builder(subject, subject, key.public_key(), datetime.now(UTC), 365)
    built = built.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    return Issued(built.sign(key, hashes.SHA256()), key)


def issued(
    subject: x509.Name = HOUSING,
    *names: x509.GeneralName,
    by: Issued | None = None,
    now: datetime | None = None,
    days: int = 30,
) -> Issued:
    """A client certificate by a CA, with subject alternative names."""
    ca, key = by or authority(), ec.generate_private_key(ec.SECP256R1())
    built = _builder(subject, ca.certificate.subject, key.public_key(), now or datetime.now(UTC), days)
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
    built = built.add_extension(usage, critical=False)
    if names:
        built = built.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return Issued(built.sign(ca.key, hashes.SHA256()), key)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - DAY)
        .not_valid_after(now + days * DAY)
    )


def _base64url(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
