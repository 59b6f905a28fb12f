"""The client's address: `Forwarded` (RFC 7239) from a trusted proxy, and nothing else, decides it."""

import httpx
import pytest

from sso.web.visit import client_address
from tests.running.application import registered
from tests.running.state import events
from tests.servers.hub import HubServer

TRUSTED = ("127.0.0.1/32", "10.0.0.0/8", "2001:db8:1::/48")
OUTSIDE = "203.0.113.7"


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("203.0.113.7", "for=198.51.100.1", "203.0.113.7"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", "for=203.0.113.7", "203.0.113.7"),
        ("127.0.0.1", "For=203.0.113.7;proto=https", "203.0.113.7"),
        ("127.0.0.1", "proto=https;for=203.0.113.7", "203.0.113.7"),
        ("127.0.0.1", 'for="203.0.113.7:4711"', "203.0.113.7"),
        ("127.0.0.1", 'for="[2001:db8::7]:4711"', "2001:db8::7"),
        ("127.0.0.1", 'for="[2001:db8::7]"', "2001:db8::7"),
        ("127.0.0.1", 'for="[::ffff:203.0.113.7]"', "203.0.113.7"),
        ("::ffff:127.0.0.1", "for=203.0.113.7", "203.0.113.7"),
        ("127.0.0.1", "for=198.51.100.1, for=203.0.113.7", "203.0.113.7"),
        ("127.0.0.1", "for=203.0.113.7, for=10.1.2.3", "203.0.113.7"),
        ("127.0.0.1", "for=203.0.113.7, for=10.1.2.3, for=10.9.9.9", "203.0.113.7"),
        ("127.0.0.1", "for=198.51.100.1, for=203.0.113.7, for=10.1.2.3", "203.0.113.7"),
        ("127.0.0.1", "for=unknown", "127.0.0.1"),
        ("127.0.0.1", "for=_hidden", "127.0.0.1"),
        ("127.0.0.1", "for=198.51.100.1, for=unknown", "127.0.0.1"),
        ("127.0.0.1", "for=1.2.3.4.5", "127.0.0.1"),
        ("127.0.0.1", 'for="198.51.100.1, for=203.0.113.7', "203.0.113.7"),
        ("127.0.0.1", 'for=127.0.0.1;proto=https;host="a",for=6.6.6.6"', "127.0.0.1"),
        ("127.0.0.1", 'for="203.0.113.7', "127.0.0.1"),
        ("127.0.0.1", "by=198.51.100.1", "127.0.0.1"),
        ("127.0.0.1", "203.0.113.7", "127.0.0.1"),
        ("127.0.0.1", "for=10.1.2.3", "10.1.2.3"),
        ("127.0.0.1", "for=198.51.100.1," + " " * 2000 + "for=203.0.113.7", "203.0.113.7"),
        (None, "for=203.0.113.7", None),
        ("unix:", "for=203.0.113.7", None),
    ],
)
def test_the_address_is_the_nearest_that_no_trusted_proxy_has(
    peer: str | None, forwarded: str, expected: str | None
) -> None:
    assert client_address(peer, forwarded, TRUSTED) == expected


def test_without_a_trusted_proxy_nothing_is_believed() -> None:
    assert client_address("127.0.0.1", "for=203.0.113.7", ()) == "127.0.0.1"


@pytest.mark.slow
def test_no_header_of_a_stranger_moves_the_address_on_record(hub: HubServer) -> None:
    headers = [
        ("Forwarded", f"for={OUTSIDE}"),
        ("X-Forwarded-For", OUTSIDE),
        ("X_Forwarded_For", OUTSIDE),
        ("X-Real-IP", OUTSIDE),
        ("X_Real_IP", OUTSIDE),
        ("X-Client-IP", OUTSIDE),
        ("True-Client-IP", OUTSIDE),
        ("CF-Connecting-IP", OUTSIDE),
    ]
    with registered(hub) as application:
        for header in headers:
            application.http.headers = httpx.Headers([header])
            assert application.client_credentials().status_code == 200

    addresses = {event["address"] for event in events(hub, "token.issued")}
    assert addresses == {"127.0.0.1"}
