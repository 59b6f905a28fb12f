"""tls_client_auth and self_signed_tls_client_auth (RFC 8705 2)."""

import base64
import ipaddress
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from sso.oidc.certificate import (
    CertificateInvalid,
    ClientCertificate,
    certificate_of_header,
    certificate_of_pem,
)
from sso.oidc.client import ClientAuthMethod
from sso.oidc.client_authentication import Presented, authenticate
from sso.oidc.digest import digest
from sso.oidc.distinguished_name import NameInvalid, is_subject, parsed_name
from sso.oidc.errors import TokenError
from sso.oidc.registration import InvalidClientMetadata, new_client
from tests.oidc.examples import NOW, SECRET, ClientSecret, World, basic, client
from tests.servers.client_certificates import HOUSING, HOUSING_DN, Issued, issued, self_signed

NAMES = (
    x509.DNSName("housing.example"),
    x509.UniformResourceIdentifier("https://housing.example/app"),
    x509.IPAddress(ipaddress.ip_address("2001:db8::7")),
    x509.RFC822Name("Office@housing.example"),
)
GOOD = issued(HOUSING, *NAMES, now=NOW)
BY_SUBJECT: dict[str, Any] = {
    "auth_method": ClientAuthMethod.TLS_CLIENT_AUTH,
    "secrets": (),
    "tls_client_auth_subject_dn": HOUSING_DN,
}
SELF_SIGNED: dict[str, Any] = {"auth_method": ClientAuthMethod.SELF_SIGNED_TLS_CLIENT_AUTH, "secrets": ()}


def named(**name: str) -> dict[str, Any]:
    return {**BY_SUBJECT, "tls_client_auth_subject_dn": None, **name}


def prove(
    world: World, certificate: ClientCertificate | None, authorization: str | None = None, **form: str
) -> str:
    presented = Presented("token", authorization, {"client_id": "housing", **form}, certificate)
    return authenticate(presented, world.stores, world.provider, world.now).client_id


def refusal(world: World, certificate: ClientCertificate | None, **form: str) -> str:
    with pytest.raises(TokenError) as caught:
        prove(world, certificate, **form)
    assert caught.value.code == "invalid_client"
    return caught.value.reason


@pytest.mark.parametrize(
    "registered",
    [
        BY_SUBJECT,
        named(tls_client_auth_subject_dn="cn=Housing, O=housing  office,c=mn".replace(", ", ",")),
        named(tls_client_auth_san_dns="housing.example"),
        named(tls_client_auth_san_dns="Housing.EXAMPLE"),
        named(tls_client_auth_san_uri="https://housing.example/app"),
        named(tls_client_auth_san_ip="2001:db8:0::7"),
        named(tls_client_auth_san_email="Office@HOUSING.example"),
    ],
)
def test_a_certificate_of_a_trusted_ca_proves_the_client_that_it_names(
    world: World, registered: dict[str, Any]
) -> None:
    """RFC 8705 2.1."""
    world.register(client(**registered))

    assert prove(world, GOOD.shown(verified=True)) == "housing"


@pytest.mark.parametrize(
    "registered",
    [
        named(tls_client_auth_subject_dn="CN=housing,O=Housing Office"),
        named(tls_client_auth_subject_dn="C=MN,O=Housing Office,CN=housing"),
        named(tls_client_auth_subject_dn="CN=housing,OU=Housing Office,C=MN"),
        named(tls_client_auth_subject_dn="CN=housing+O=Housing Office,C=MN"),
        named(tls_client_auth_subject_dn="CN=housing"),
        named(tls_client_auth_san_dns="example"),
        named(tls_client_auth_san_dns="*.example"),
        named(tls_client_auth_san_uri="https://housing.example/App"),
        named(tls_client_auth_san_uri="https://housing.example/app/"),
        named(tls_client_auth_san_ip="2001:db8::8"),
        named(tls_client_auth_san_email="office@housing.example"),
        named(tls_client_auth_san_dns="Office@housing.example"),
        named(tls_client_auth_san_uri="housing.example"),
        named(),
    ],
)
def test_a_certificate_of_another_name_proves_nothing(world: World, registered: dict[str, Any]) -> None:
    """RFC 8705 2.1.2: the name is compared by value, one name of one kind."""
    world.register(client(**registered))

    assert refusal(world, GOOD.shown(verified=True)) == "the certificate names another"


@pytest.mark.parametrize(
    ("certificate", "reason"),
    [
        (None, "no certificate came with the connection"),
        (GOOD.shown(verified=False), "the certificate is not of a trusted CA"),
        (self_signed(now=NOW).shown(verified=False), "the certificate is not of a trusted CA"),
        (issued(now=NOW - timedelta(days=90)).shown(verified=True), "the certificate is not valid now"),
        (issued(now=NOW + timedelta(days=9)).shown(verified=True), "the certificate is not valid now"),
        (issued(x509.Name([]), now=NOW).shown(verified=True), "the certificate names another"),
    ],
)
def test_what_is_no_valid_certificate_of_a_trusted_ca_proves_nothing(
    world: World, certificate: ClientCertificate | None, reason: str
) -> None:
    """RFC 8705 2.1."""
    world.register(client(**BY_SUBJECT))

    assert refusal(world, certificate) == reason
    record = world.stores.audit.records[0]
    assert (record.event, record.detail["method"]) == ("client.auth.failed", "tls_client_auth")


def test_a_client_with_a_certificate_cannot_fall_back_to_anything_else(world: World) -> None:
    """RFC 9700 2.5."""
    world.register(client(**BY_SUBJECT | {"secrets": (ClientSecret(digest(SECRET)),)}))
    shown = GOOD.shown(verified=True)

    assert refusal(world, shown, client_secret=SECRET) == "registered for tls_client_auth"
    with pytest.raises(TokenError):
        prove(world, shown, basic("housing", SECRET))


def test_a_certificate_is_no_substitute_for_a_secret(world: World) -> None:
    assert refusal(world, GOOD.shown(verified=True)) == "registered for client_secret_basic"


@pytest.mark.parametrize(
    "jwk",
    [
        pytest.param(lambda own: own.jwk(x5c=[own.x5c]), id="x5c"),
        pytest.param(lambda own: own.jwk(**{"x5t#S256": own.shown(verified=False).x5t}), id="x5t#S256"),
        pytest.param(lambda own: own.jwk(), id="the key alone"),
        pytest.param(lambda own: own.jwk(alg="ES256", use="sig", kid="1"), id="the key with its use"),
    ],
)
@pytest.mark.parametrize("verified", [True, False])
def test_a_registered_certificate_proves_its_client_whoever_signed_it(
    world: World, jwk: Any, verified: bool
) -> None:
    """RFC 8705 2.2."""
    own = self_signed(now=NOW)
    world.register(client(**SELF_SIGNED, jwks={"keys": [self_signed(now=NOW).jwk(), jwk(own)]}))

    assert prove(world, own.shown(verified=verified)) == "housing"


def renewed(own: Issued) -> Issued:
    """Another certificate of the same key."""
    from cryptography.hazmat.primitives import hashes

    builder = x509.CertificateBuilder().subject_name(HOUSING).issuer_name(HOUSING)
    builder = builder.public_key(own.key.public_key()).serial_number(7)
    builder = builder.not_valid_before(NOW).not_valid_after(NOW + timedelta(days=1))
    return Issued(builder.sign(own.key, hashes.SHA256()), own.key)


@pytest.mark.parametrize(
    "keys",
    [
        pytest.param(lambda own: [], id="no key"),
        pytest.param(lambda own: [self_signed(now=NOW).jwk()], id="another key"),
        pytest.param(lambda own: [own.jwk(x5c=[renewed(own).x5c])], id="another certificate of the key"),
        pytest.param(lambda own: [own.jwk(**{"x5t#S256": "x" * 43})], id="another thumbprint"),
        pytest.param(lambda own: [own.jwk(x5c=["***"])], id="an x5c that is none"),
        pytest.param(lambda own: [own.jwk(use="enc")], id="a key for encryption"),
        pytest.param(lambda own: [own.jwk(y="AA")], id="a key that is none"),
        pytest.param(lambda own: [{"kty": "oct", "k": "AA"}], id="a secret"),
    ],
)
def test_a_certificate_that_is_not_registered_proves_nothing(world: World, keys: Any) -> None:
    """RFC 8705 2.2: same name, another key."""
    own = self_signed(now=NOW)
    world.register(client(**SELF_SIGNED, jwks={"keys": keys(own)}))

    assert refusal(world, own.shown(verified=True)) == "the certificate is not registered"


def test_a_registered_certificate_that_has_expired_proves_nothing(world: World) -> None:
    own = self_signed(now=NOW - timedelta(days=90))
    world.register(client(**SELF_SIGNED, jwks={"keys": [own.jwk()]}))

    assert refusal(world, own.shown(verified=False)) == "the certificate is not valid now"


def test_two_registered_certificates_overlap_while_one_is_replaced(world: World) -> None:
    old, new = self_signed(now=NOW), self_signed(now=NOW)
    world.register(client(**SELF_SIGNED, jwks={"keys": [old.jwk(), new.jwk()]}))

    assert prove(world, old.shown(verified=False)) == prove(world, new.shown(verified=False)) == "housing"


def header(issued: Issued, verify: str = "SUCCESS") -> str:
    return f"cert={quote(issued.pem, safe='')};verify={verify}"


@pytest.mark.parametrize(
    ("verify", "verified"),
    [
        ("SUCCESS", True),
        ("NONE", False),
        ("FAILED:self-signed certificate", False),
        ("success", False),
        ("", False),
    ],
)
def test_the_proxy_says_whether_the_certificate_is_of_a_trusted_ca(verify: str, verified: bool) -> None:
    found = certificate_of_header(header(GOOD, verify))

    assert (found.verified, found.x5t) == (verified, GOOD.shown(verified=True).x5t)
    assert found.san_dns == ("housing.example",)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "x",
        "cert=;verify=SUCCESS",
        "cert=x;verify=SUCCESS",
        "cert=%00;verify=SUCCESS",
        "cert=%ff%fe;verify=SUCCESS",
        f"verify=SUCCESS;cert={quote(GOOD.pem, safe='')}",
        header(GOOD, "NONE") + "," + header(GOOD),
        header(GOOD, "NONE") + ";verify=SUCCESS",
        header(GOOD, "NONE;verify=SUCCESS"),
        f"cert={quote(GOOD.pem[:200], safe='')};verify=SUCCESS",
        f"cert={quote(GOOD.pem.replace(b'MII', b'AAA', 1), safe='')};verify=SUCCESS",
        f"cert={'A' * 30_000};verify=SUCCESS",
    ],
)
def test_a_header_that_holds_no_certificate_is_not_read(value: str) -> None:
    with pytest.raises(CertificateInvalid):
        certificate_of_header(value)


def name(*attributes: tuple[x509.ObjectIdentifier, str]) -> x509.Name:
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in attributes])


CHINESE = name((NameOID.COUNTRY_NAME, "CN"), (NameOID.COMMON_NAME, "\u6c11\u653f"))
IDENTIFIED = name((NameOID.COMMON_NAME, "x"), (NameOID.ORGANIZATION_IDENTIFIER, "NTRMN-7"))
DOMAIN = name((NameOID.DOMAIN_COMPONENT, "example"), (NameOID.DOMAIN_COMPONENT, "housing"))


@pytest.mark.parametrize(
    ("registered", "subject"),
    [
        (r"CN=a\, b,O=x", name((NameOID.ORGANIZATION_NAME, "x"), (NameOID.COMMON_NAME, "a, b"))),
        (r"CN=\E6\B0\91\E6\94\BF,C=CN", CHINESE),
        ("CN=\u6c11\u653f,C=CN", CHINESE),
        ("2.5.4.97=NTRMN-7,CN=x", IDENTIFIED),
        ("organizationIdentifier=ntrmn-7,CN=x", IDENTIFIED),
        ("emailAddress=a@b.example", name((NameOID.EMAIL_ADDRESS, "a@b.example"))),
        ("dc=housing,dc=example", DOMAIN),
    ],
)
def test_names_compare_by_their_values_however_they_are_written(registered: str, subject: x509.Name) -> None:
    """RFC 4514 2 to 4, RFC 5280 7.1."""
    assert is_subject(registered, subject)


@pytest.mark.parametrize("text", ["", "housing", "CN=", "CN=a,", "=a", "XY=a", "CN=a;O=b\\", "/CN=a/O=b"])
def test_what_is_no_distinguished_name_is_told_so(text: str) -> None:
    """RFC 4514 3."""
    with pytest.raises(NameInvalid):
        parsed_name(text)


@pytest.mark.parametrize(
    "wrong",
    [
        {"tls_client_auth_subject_dn": "housing"},
        {"tls_client_auth_subject_dn": "CN=a\0"},
        {"tls_client_auth_subject_dn": "CN=\ud800"},
        {"tls_client_auth_subject_dn": None},
        {"tls_client_auth_san_dns": "housing.example"},
        {"tls_client_auth_subject_dn": None, "tls_client_auth_san_ip": "1.2.3.4.5"},
        {"tls_client_auth_subject_dn": None, "tls_client_auth_san_email": "nobody"},
        {"tls_client_auth_subject_dn": None, "tls_client_auth_san_dns": "a b"},
        {"token_endpoint_auth_method": "client_secret_basic"},
        {"token_endpoint_auth_method": "self_signed_tls_client_auth", "tls_client_auth_subject_dn": None},
    ],
)
def test_a_client_registers_exactly_one_name_and_a_registered_certificate_its_key(
    wrong: dict[str, str | None],
) -> None:
    """RFC 8705 2.1.2, 2.2.2."""
    good = {"client_name": "Housing", "redirect_uris": ["https://housing.example/cb"]}
    good |= {"token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_subject_dn": HOUSING_DN}
    assert new_client(good, NOW)[0].tls_client_auth_subject_dn == HOUSING_DN

    with pytest.raises(InvalidClientMetadata):
        new_client({**good, **wrong}, NOW)


@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
@given(
    st.lists(
        st.tuples(st.integers(min_value=0, max_value=10_000), st.integers(min_value=0, max_value=255)),
        min_size=1,
        max_size=3,
    )
)
@settings(max_examples=1000, deadline=None)
def test_a_certificate_that_somebody_made_up_is_read_or_refused_and_nothing_else(
    changes: list[tuple[int, int]],
) -> None:
    der = bytearray(GOOD.certificate.public_bytes(serialization.Encoding.DER))
    for place, value in changes:
        der[place % len(der)] = value
    pem = b"-----BEGIN CERTIFICATE-----\n%s-----END CERTIFICATE-----\n" % base64.encodebytes(bytes(der))

    try:
        found = certificate_of_pem(pem, verified=True)
    except CertificateInvalid:
        return
    assert is_subject(HOUSING_DN, found.subject) in (True, False)


VERSION = bytes.fromhex("a003020102")


@pytest.mark.parametrize("version", [3, 7, 125])
def test_a_version_that_does_not_exist_is_refused(version: int) -> None:
    """RFC 5280 4.1.2.1."""
    der = GOOD.certificate.public_bytes(serialization.Encoding.DER)
    assert VERSION in der
    changed = der.replace(VERSION, VERSION[:-1] + bytes([version]), 1)
    pem = b"-----BEGIN CERTIFICATE-----\n%s-----END CERTIFICATE-----\n" % base64.encodebytes(changed)

    with pytest.raises(CertificateInvalid):
        certificate_of_pem(pem, verified=True)
