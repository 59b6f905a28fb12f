"""What clients publish: fetched when it is needed, seldom, by one thread, and never trusted blindly."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sso.oidc.client import Client, ClientAuthMethod
from sso.oidc.jose import generate_private_key, public_jwk
from sso.oidc.registration import InvalidClientMetadata
from sso.outbound import OutboundRules
from sso.outbound.documents import REFETCH_SECONDS, STALE_SECONDS, ClientDocuments
from tests.servers.publisher import Publisher


def key(kid: str) -> dict[str, Any]:
    return {**public_jwk(generate_private_key("ES256"), "ES256"), "kid": kid}


@dataclass
class Desk:
    """The documents of one process, a site that publishes some, and a clock that a test turns."""

    site: Publisher
    now: float = 1000.0
    documents: ClientDocuments = field(init=False)

    def __post_init__(self) -> None:
        rules = OutboundRules(allow_loopback=True, ca_file=self.site.ca_file)
        self.documents = ClientDocuments(rules, 16, lambda: self.now)

    def client(self, path: str = "/jwks", client_id: str = "housing") -> Client:
        return Client(
            client_id=client_id,
            client_name="Housing",
            auth_method=ClientAuthMethod.PRIVATE_KEY_JWT,
            jwks_uri=self.site.origin + path,
        )

    def kids(self, client: Client | None = None) -> list[str]:
        return [str(jwk["kid"]) for jwk in dict(self.documents.keys(client or self.client())).get("keys", [])]  # type: ignore[union-attr, index, call-overload]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with Publisher(tmp_path) as site:
        made = Desk(site)
        yield made
        made.documents.close()


def test_keys_are_read_once_and_kept(desk: Desk) -> None:
    desk.site.publish("/jwks", {"keys": [key("one")]})

    desk.documents.prepare(desk.client(), "one")
    desk.documents.prepare(desk.client(), "one")
    desk.documents.prepare(desk.client())

    assert desk.kids() == ["one"]
    assert desk.site.asked["/jwks"] == 1


def test_an_unknown_kid_is_looked_for_once_a_minute_at_most(desk: Desk) -> None:
    desk.site.publish("/jwks", {"keys": [key("one")]})
    desk.documents.prepare(desk.client(), "one")
    desk.site.publish("/jwks", {"keys": [key("two")]})

    desk.documents.prepare(desk.client(), "two")
    at_once = desk.kids()
    desk.now += REFETCH_SECONDS
    for _ in range(3):
        desk.documents.prepare(desk.client(), "two")
    for _ in range(3):
        desk.documents.prepare(desk.client(), "guessed")

    assert (at_once, desk.kids()) == (["one"], ["two"])
    assert desk.site.asked["/jwks"] == 2


def test_an_old_set_is_read_again_and_serves_a_day_where_none_comes(desk: Desk) -> None:
    desk.site.publish("/jwks", {"keys": [key("one")]})
    desk.documents.prepare(desk.client(), "one")
    desk.site.publish("/jwks", {}, status=500)

    desk.now += 3601
    desk.documents.prepare(desk.client(), "one")
    served = desk.kids()
    desk.now += STALE_SECONDS

    assert served == ["one"]
    assert desk.site.asked["/jwks"] == 2
    assert desk.kids() == []


@pytest.mark.parametrize(
    ("content", "more"),
    [
        ({"keys": []}, {}),
        ([], {}),
        ("text", {}),
        (b"{", {}),
        (b"[" * 60_000, {}),
        (b'{"keys": NaN}', {}),
        ({"keys": [key("one")]}, {"status": 404}),
        ({"keys": [key("one")]}, {"status": 302, "headers": {"Location": "/elsewhere"}}),
        ({"keys": [key("one")]}, {"media_type": "text/html"}),
        ({"keys": [{**key("one"), "d": "AAAA"}]}, {}),
        ({"keys": [key("one")], "more": "x" * 70_000}, {}),
        ({"keys": [{"kty": "oct", "k": "AAAA", "kid": "one"}]}, {}),
        ({"keys": ["one"]}, {}),
    ],
)
def test_what_is_no_set_of_public_keys_gives_none(desk: Desk, content: Any, more: dict[str, Any]) -> None:
    desk.site.publish("/jwks", content, **more)

    desk.documents.prepare(desk.client(), "one")

    assert desk.kids() == []
    assert desk.site.asked["/jwks"] == 1
    assert desk.site.asked["/elsewhere"] == 0


def test_a_key_of_an_unknown_kind_is_passed_over(desk: Desk) -> None:
    desk.site.publish("/jwks", {"keys": [{"kty": "AKP", "kid": "pq", "alg": "ML-DSA-44"}, key("one")]})

    desk.documents.prepare(desk.client(), "one")

    assert desk.kids() == ["one"]


def test_many_threads_fetch_once(desk: Desk) -> None:
    desk.site.publish("/jwks", {"keys": [key("one")]}, delay_seconds=0.2)
    threads = [threading.Thread(target=desk.documents.prepare, args=(desk.client(), "one")) for _ in range(8)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    assert desk.kids() == ["one"]
    assert desk.site.asked["/jwks"] == 1


def test_slow_keys_hold_up_half_of_the_threads_at_most(desk: Desk) -> None:
    slow = ClientDocuments(OutboundRules(allow_loopback=True, ca_file=desk.site.ca_file), threads=4)
    desk.site.publish("/jwks", {"keys": [key("one")]}, delay_seconds=1.0)
    clients = [desk.client(client_id=f"client-{number}") for number in range(4)]
    seconds: list[float] = []

    def prepare(client: Client) -> None:
        started_at = time.monotonic()
        slow.prepare(client, "one")
        seconds.append(time.monotonic() - started_at)

    threads = [threading.Thread(target=prepare, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    slow.close()

    assert [took >= 1.0 for took in sorted(seconds)] == [False, False, True, True]


def test_two_clients_at_one_address_do_not_share_a_minute(desk: Desk) -> None:
    desk.site.publish("/jwks", {"keys": [key("one")]})

    desk.documents.prepare(desk.client(client_id="a"), "guessed")
    desk.documents.prepare(desk.client(client_id="b"), "one")

    assert desk.kids(desk.client(client_id="b")) == ["one"]


def test_registered_keys_need_no_fetching(desk: Desk) -> None:
    jwks = {"keys": [key("one")]}
    client = Client(client_id="x", client_name="X", auth_method=ClientAuthMethod.PRIVATE_KEY_JWT, jwks=jwks)

    desk.documents.prepare(client, "two")

    assert desk.documents.keys(client) == jwks


def test_a_sector_is_read_only_where_its_addresses_change(desk: Desk) -> None:
    uri = desk.site.publish("/sector", ["https://a.example/cb"])
    client = Client(
        client_id="x",
        client_name="X",
        auth_method=ClientAuthMethod.NONE,
        sector_identifier_uri=uri,
    )

    assert desk.documents.proposal({"client_name": "X"}, client).sector is None
    for change in ({"redirect_uris": ["https://a.example/cb"]}, {"sector_identifier_uri": uri}):
        read = desk.documents.proposal(change, client).sector
        assert read is not None
        assert (read.uri, read.addresses) == (uri, ("https://a.example/cb",))


@pytest.mark.parametrize("content", [{}, [7], "https://a.example/cb", b"[", None])
def test_a_sector_that_is_no_list_is_refused(desk: Desk, content: Any) -> None:
    uri = desk.site.publish("/sector", content)

    with pytest.raises(InvalidClientMetadata, match="sector_identifier_uri"):
        desk.documents.proposal({"sector_identifier_uri": uri})


def test_slow_requests_of_a_client_hold_up_no_keys_and_nobody_elses_requests(desk: Desk) -> None:
    """RFC 9101 10.4: whoever sends browsers here again and again takes one turn, and no turn of the keys."""
    documents = ClientDocuments(OutboundRules(allow_loopback=True, ca_file=desk.site.ca_file), threads=8)
    slow = desk.site.publish("/request", b"a.b.c", delay_seconds=1.0)
    quick = desk.site.publish("/other", b"d.e.f")
    desk.site.publish("/jwks", {"keys": [key("one")]})
    answers: list[bytes | None] = []
    threads = [
        threading.Thread(target=lambda: answers.append(documents.request_object("slow", slow)))
        for _ in range(4)
    ]

    for thread in threads:
        thread.start()
    while not desk.site.asked["/request"]:
        time.sleep(0.01)
    other = documents.request_object("quick", quick)
    documents.prepare(desk.client(), "one")
    known = documents.keys(desk.client())
    for thread in threads:
        thread.join(10)
    documents.close()

    assert other == b"d.e.f"
    assert known
    assert desk.site.asked["/request"] == 1
    assert (answers.count(None), answers.count(b"a.b.c")) == (3, 1)
