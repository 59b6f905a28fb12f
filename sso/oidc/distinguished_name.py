"""Compare a certificate's subject with a registered name (RFC 8705 2.1.2, RFC 4514, RFC 5280 7.1)."""

from cryptography import x509
from cryptography.x509.oid import NameOID

_OF_OFFICES = {
    "emailAddress": NameOID.EMAIL_ADDRESS,
    "E": NameOID.EMAIL_ADDRESS,
    "serialNumber": NameOID.SERIAL_NUMBER,
    "SN": NameOID.SURNAME,
    "GN": NameOID.GIVEN_NAME,
    "title": NameOID.TITLE,
    "postalCode": NameOID.POSTAL_CODE,
    "businessCategory": NameOID.BUSINESS_CATEGORY,
    "organizationIdentifier": NameOID.ORGANIZATION_IDENTIFIER,
}
"""Attributes that certificates of offices carry, beside those of RFC 4514 3; any OID may stand as digits."""
_STANDARD = {
    "CN": NameOID.COMMON_NAME,
    "L": NameOID.LOCALITY_NAME,
    "ST": NameOID.STATE_OR_PROVINCE_NAME,
    "O": NameOID.ORGANIZATION_NAME,
    "OU": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "C": NameOID.COUNTRY_NAME,
    "STREET": NameOID.STREET_ADDRESS,
    "DC": NameOID.DOMAIN_COMPONENT,
    "UID": NameOID.USER_ID,
}
_NAMES = {
    variant: oid for name, oid in {**_STANDARD, **_OF_OFFICES}.items() for variant in (name, name.lower())
}

_Relative = frozenset[tuple[str, str]]


class NameInvalid(ValueError):
    """A text is no distinguished name; the text may be shown to the client's developer."""


def is_subject(registered: str, subject: x509.Name) -> bool:
    """Whether a certificate's subject is the registered name, by the values of its attributes.

    Compared without case and with spaces folded, in the order of RFC 4514 (the last RDN first), and whatever
    string type the certificate uses.

    Raises:
        NameInvalid: the registered text is no name.
    """
    return _values(parsed_name(registered)) == _values(subject)


def parsed_name(text: str) -> x509.Name:
    """Return the name of an RFC 4514 text.

    Raises:
        NameInvalid: it is none, or an empty one.
    """
    try:
        name = x509.Name.from_rfc4514_string(text, _NAMES)
    except (ValueError, TypeError) as error:
        message = "not a distinguished name of RFC 4514, such as CN=housing,O=Housing Office,C=MN"
        raise NameInvalid(message) from error
    if not list(name):
        message = "an empty distinguished name is nobody's"
        raise NameInvalid(message)
    return name


def _values(name: x509.Name) -> list[_Relative]:
    return [frozenset((a.oid.dotted_string, _folded(a.value)) for a in rdn) for rdn in name.rdns]


def _folded(value: str | bytes) -> str:
    if isinstance(value, bytes):
        return value.hex()
    return " ".join(value.casefold().split())
