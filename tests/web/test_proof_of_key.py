"""Who is believed about a client's certificate, and how several DPoP headers are seen."""

from urllib.parse import quote

import pytest
from flask import Request
from werkzeug.test import EnvironBuilder

from sso.oidc.dpop.address import same_address
from sso.oidc.settings import Settings
from sso.web.proof_of_key import certificate_of, header_token_of, proofs_of
from tests.servers.client_certificates import self_signed

OWN = self_signed()
HEADER = f"cert={quote(OWN.pem, safe='')};verify=SUCCESS"
ISSUER = "https://id.example.gov"
PROXIES = ("192.0.2.0/24", "2001:db8::1/128")


def request(peer: str | None, *headers: tuple[str, str]) -> Request:
    built = EnvironBuilder(headers=list(headers), environ_overrides={"REMOTE_ADDR": peer})
    return Request(built.get_environ())


@pytest.mark.parametrize("peer", ["192.0.2.7", "::ffff:192.0.2.7", "2001:db8::1"])
def test_a_trusted_proxy_is_believed(peer: str) -> None:
    found = certificate_of(request(peer, ("Clientcertificate", HEADER)), PROXIES)

    assert found is not None
    assert (found.x5t, found.verified) == (OWN.shown(verified=True).x5t, True)


@pytest.mark.parametrize("peer", ["198.51.100.7", "2001:db8::2", "127.0.0.1", "", None])
def test_nobody_else_is(peer: str | None) -> None:
    assert certificate_of(request(peer, ("Clientcertificate", HEADER)), PROXIES) is None
    assert certificate_of(request(peer, ("Clientcertificate", HEADER)), ()) is None


def test_forwarded_makes_nobody_a_proxy() -> None:
    forged = ("Forwarded", "for=192.0.2.7")

    assert certificate_of(request("198.51.100.7", forged, ("Clientcertificate", HEADER)), PROXIES) is None


@pytest.mark.parametrize("value", ["", "x", HEADER[:200], f"{HEADER},{HEADER}"])
def test_what_cannot_be_read_is_no_certificate(value: str, caplog: pytest.LogCaptureFixture) -> None:
    assert certificate_of(request("192.0.2.7", ("Clientcertificate", value)), PROXIES) is None


@pytest.mark.parametrize(
    ("headers", "proofs"),
    [
        ([], ()),
        ([("DPoP", "a")], ("a",)),
        ([("dpop", "a")], ("a",)),
        ([("DPoP", "a, b")], ("a", "b")),
        ([("DPoP", "a"), ("DPoP", "b")], ("a", "b")),
        ([("DPoP", "")], ("",)),
    ],
)
def test_several_proofs_are_seen_as_several(headers: list[tuple[str, str]], proofs: tuple[str, ...]) -> None:
    """RFC 9449 4.3, item 1: a server may have joined them."""
    assert proofs_of(request("192.0.2.7", *headers)) == proofs


@pytest.mark.parametrize(
    ("path", "url"),
    [
        ("/oauth2/token", f"{ISSUER}/oauth2/token"),
        ("/api/v1/clients/a:b@c", f"{ISSUER}/api/v1/clients/a:b@c"),
        ("/api/v1/clients/a%2541", f"{ISSUER}/api/v1/clients/a%2541"),
        ("/api/v1/clients/%E6%B0%91", f"{ISSUER}/api/v1/clients/%E6%B0%91"),
        ("/api/v1/clients/a%20b", f"{ISSUER}/api/v1/clients/a%20b"),
    ],
)
def test_a_proof_is_for_the_address_as_it_was_called(path: str, url: str) -> None:
    """RFC 9449 4.3: decoded once for routing, and once only."""
    called = Request(EnvironBuilder(path=path, headers={"Authorization": "DPoP t"}).get_environ())

    shown = header_token_of(called, Settings(issuer=ISSUER), ())

    assert shown.url == url
    assert same_address(url, shown.url)
    assert not same_address(url + "x", shown.url)
