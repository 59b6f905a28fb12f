"""A client's certificate that its jwks_uri names since a moment ago is found (RFC 8705 2.2.2)."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from sso.audit.record import Origin
from sso.config import load
from sso.hub import Hub, build
from sso.oidc.client import ClientAuthMethod
from sso.oidc.client_authentication import is_registered
from sso.outbound import OutboundRules
from sso.outbound.documents import REFETCH_SECONDS, ClientDocuments
from sso.storage.schema import migrate
from sso.web.client_keys import prepare_client_keys
from tests.servers.client_certificates import Issued, self_signed
from tests.servers.publisher import Publisher
from tests.storage.examples import NOW, client

CONFIG = """
[server]
issuer = "http://127.0.0.1:8000"
[database]
url = "sqlite:///{folder}/hub.db"
[secrets]
key_encryption_key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
pepper = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
"""


@dataclass
class Desk:
    """A hub, a client that publishes its keys, and a clock that a test turns."""

    hub: Hub
    site: Publisher
    now: float = 1000.0

    def publish(self, certificate: Issued) -> None:
        self.site.publish("/jwks", {"keys": [certificate.jwk(x5c=[certificate.x5c])]})

    def finds(self, certificate: Issued) -> bool:
        shown = certificate.shown(verified=False)
        prepare_client_keys(self.hub, "housing", None, certificate=shown)
        known = self.hub.database.client("housing")
        assert known is not None
        return is_registered(self.hub.documents.keys(known), shown)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    file = tmp_path / "sso.toml"
    file.write_text(CONFIG.format(folder=tmp_path))
    with Publisher(tmp_path / "site") as site:
        made = Desk(build(load(str(file), {})), site)
        rules = OutboundRules(allow_loopback=True, ca_file=site.ca_file)
        made.hub = replace(made.hub, documents=ClientDocuments(rules, clock=lambda: made.now))
        migrate(made.hub.database)
        registered = client(
            client_id="housing",
            auth_method=ClientAuthMethod.SELF_SIGNED_TLS_CLIENT_AUTH,
            jwks_uri=f"{site.origin}/jwks",
        )
        with made.hub.database.begin(Origin()) as stores:
            stores.clients.add(registered, NOW)
        yield made
        made.hub.close()


def test_a_published_certificate_is_found_and_asked_for_once(desk: Desk) -> None:
    own = self_signed()
    desk.publish(own)

    assert [desk.finds(own) for _ in range(3)] == [True, True, True]
    assert desk.site.asked["/jwks"] == 1


def test_a_renewed_certificate_is_found_after_a_minute_at_the_latest(desk: Desk) -> None:
    old, new = self_signed(), self_signed()
    desk.publish(old)
    assert desk.finds(old)

    desk.publish(new)
    assert not desk.finds(new)
    desk.now += REFETCH_SECONDS + 1

    assert desk.finds(new)
    assert not desk.finds(old)
    assert desk.site.asked["/jwks"] == 2


def test_a_stranger_makes_the_hub_ask_once_a_minute_at_most(desk: Desk) -> None:
    desk.publish(self_signed())

    assert not any(desk.finds(self_signed()) for _ in range(5))
    assert desk.site.asked["/jwks"] == 1
