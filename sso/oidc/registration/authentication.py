"""How a client proves itself (OpenID Connect Core 9, RFC 7523, RFC 8705 2)."""

import ipaddress
import re

from sso.oidc.client import Client, ClientAuthMethod
from sso.oidc.distinguished_name import NameInvalid, parsed_name
from sso.oidc.jose import ASSERTION_ALGORITHMS, HMAC_ALGORITHMS
from sso.oidc.offered import AUTH_METHODS
from sso.oidc.registered_address import check_resource
from sso.oidc.registration.field import Field, flag, one_of, text, word
from sso.oidc.registration.given import MetadataFields
from sso.oidc.registration.refusal import InvalidClientMetadata

SECRET_METHODS = frozenset(
    {
        ClientAuthMethod.CLIENT_SECRET_BASIC,
        ClientAuthMethod.CLIENT_SECRET_POST,
        ClientAuthMethod.CLIENT_SECRET_JWT,
    }
)
"""Methods of a client that has a secret."""

_SIGNED = {
    ClientAuthMethod.CLIENT_SECRET_JWT: HMAC_ALGORITHMS,
    ClientAuthMethod.PRIVATE_KEY_JWT: ASSERTION_ALGORITHMS,
}
_WITH_KEYS = frozenset({ClientAuthMethod.PRIVATE_KEY_JWT, ClientAuthMethod.SELF_SIGNED_TLS_CLIENT_AUTH})
_DISTINGUISHED_NAME = re.compile(r"[^\x00-\x1f\x7f-\x9f\ud800-\udfff]{1,1000}")
_HOST = re.compile(r"(?:\*\.)?[A-Za-z0-9_](?:[A-Za-z0-9_.\-]{0,251}[A-Za-z0-9])?")
_MAIL = re.compile(r"[!-?A-~]{1,64}@[A-Za-z0-9.\-]{1,253}")


def _internet_address(fields: MetadataFields, name: str) -> str | None:
    value = fields.text(name, re.compile(r"[0-9A-Fa-f.:]{2,45}"))
    if value is None:
        return None
    try:
        return str(ipaddress.ip_address(value))
    except ValueError as error:
        raise InvalidClientMetadata(f"{name} must be an IP address") from error


def _distinguished_name(fields: MetadataFields, name: str) -> str | None:
    value = fields.text(name, _DISTINGUISHED_NAME)
    if value is None:
        return None
    try:
        parsed_name(value)
    except NameInvalid as error:
        raise InvalidClientMetadata(f"{name}: {error}") from error
    return value


FIELDS = (
    Field("token_endpoint_auth_method", word(AUTH_METHODS), "auth_method"),
    Field("token_endpoint_auth_signing_alg", one_of((*ASSERTION_ALGORITHMS, *HMAC_ALGORITHMS))),
    Field("accept_token_endpoint_audience", flag),
    Field("tls_client_auth_subject_dn", _distinguished_name),
    Field("tls_client_auth_san_dns", text(_HOST)),
    Field("tls_client_auth_san_uri", lambda fields, name: fields.address(name, check_resource)),
    Field("tls_client_auth_san_ip", _internet_address),
    Field("tls_client_auth_san_email", text(_MAIL)),
)
_SUBJECTS = tuple(field.name for field in FIELDS if field.name.startswith("tls_client_auth_"))


def check_authentication(client: Client) -> None:
    """Refuse a method without what it proves, and what belongs to another method."""
    method = client.auth_method
    if method in _WITH_KEYS and client.jwks is None and client.jwks_uri is None:
        raise InvalidClientMetadata(f"token_endpoint_auth_method {method.value} needs jwks or jwks_uri")
    alg = client.token_endpoint_auth_signing_alg
    if alg is not None and method not in _SIGNED:
        raise InvalidClientMetadata(
            "token_endpoint_auth_signing_alg is for private_key_jwt and client_secret_jwt only"
        )
    if alg is not None and alg not in _SIGNED[method]:
        raise InvalidClientMetadata(
            f"token_endpoint_auth_signing_alg for {method.value} must be one of {', '.join(_SIGNED[method])}"
        )
    _check_certificate_subject(client)


def _check_certificate_subject(client: Client) -> None:
    """Exactly one name of the certificate, for tls_client_auth only (RFC 8705 2.1.2)."""
    given = [name for name in _SUBJECTS if getattr(client, name) is not None]
    if client.auth_method is not ClientAuthMethod.TLS_CLIENT_AUTH:
        if given:
            raise InvalidClientMetadata(f"{given[0]} is for tls_client_auth only")
    elif len(given) != 1:
        needed = ", ".join(_SUBJECTS)
        raise InvalidClientMetadata(
            f"token_endpoint_auth_method tls_client_auth needs exactly one of {needed}"
        )
