"""Sign-in and sign-out with an upstream that we did not write: npm's oidc-provider, behind a private CA."""

import json
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from werkzeug.serving import make_server

from sso.cli.demo.certificate import CertificateWish, write_certificates
from sso.hub import Hub
from sso.web.app import create_app
from tests.relying_parties import node
from tests.relying_parties.processes import stop
from tests.relying_parties.visitor import Visitor
from tests.servers.interruptible import interruptible
from tests.servers.ports import free_port
from tests.upstream.platform import CLIENT_ID
from tests.upstream.stage import HIGH, log_of, open_hub

HOST, OTHER_NAME = "127.0.0.2", "127.0.0.3"
MORE = """
sign_out = "follow"
ca_file = "ca.pem"
[[upstream]]
id = "misnamed"
issuer = "{misnamed}"
label = {{ en = "Another name" }}
client_id = "{client_id}"
acr = []
allow_loopback = true
ca_file = "ca.pem"
[[upstream]]
id = "unknown-ca"
issuer = "{issuer}/unknown"
label = {{ en = "Its CA is not known" }}
client_id = "{client_id}"
acr = []
allow_loopback = true
"""


@dataclass
class Peers:
    """The hub in this process, and the issuer of the other provider."""

    hub: Hub
    platform: str

    def signed_in(self) -> Visitor:
        visitor = Visitor()
        visitor.open(f"{self.hub.settings.issuer}/sign-in")
        visitor.press("upstream_1")
        assert visitor.has("signed_in_as"), visitor.page
        return visitor

    def is_signed_in(self, visitor: Visitor) -> bool:
        visitor.open(f"{self.hub.settings.issuer}/account")
        return visitor.has("accounts")


@pytest.fixture(scope="module")
def peers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peers]:
    folder = tmp_path_factory.mktemp("hub")
    write_certificates(folder, CertificateWish(hosts=(HOST,)), datetime.now(UTC))
    issuer, port = f"http://127.0.0.1:{free_port()}", free_port()
    platform = f"https://{HOST}:{port}"
    names = {"misnamed": f"https://{OTHER_NAME}:{port}", "issuer": platform, "client_id": CLIENT_ID}
    hub = open_hub(folder, issuer, platform, MORE.format(**names))
    server = make_server("127.0.0.1", int(issuer.rpartition(":")[2]), create_app(hub), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    with running(platform, issuer, folder):
        yield Peers(hub, platform)
    server.shutdown()
    server.server_close()
    hub.close()


@contextmanager
def running(platform: str, hub: str, folder: Path) -> Iterator[None]:
    setting = {
        "issuer": platform,
        "hub": hub,
        "client_id": CLIENT_ID,
        "hosts": [HOST, OTHER_NAME],
        "port": int(platform.rpartition(":")[2]),
        "certificate": str(folder / "server.pem"),
        "key": str(folder / "server.key"),
    }
    with (folder / "node.log").open("w") as log:
        process = subprocess.Popen(
            [node.program(), str(Path(__file__).with_name("oidc_provider.mjs"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            preexec_fn=interruptible,
        )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(json.dumps(setting).encode())
        process.stdin.close()
        assert process.stdout.readline(), (folder / "node.log").read_text()
        yield
    finally:
        stop(process)
        process.stdout.close()


def test_a_citizen_signs_in_with_pkce_nonce_and_a_key_for_proof(peers: Peers) -> None:
    """OpenID Connect Core 3.1.2.1, 3.1.3.7, 9 (private_key_jwt); RFC 7636; RFC 9207."""
    with peers.signed_in() as visitor:
        assert "图雅" in visitor.text("signed_in_as")

    detail = log_of(peers.hub, "auth.login.success")[0]["detail"]
    assert (detail["upstream_id"], detail["upstream_acr"], detail["acr"]) == ("national", "high", HIGH)


def test_a_new_sign_in_is_asked_for_and_given(peers: Peers) -> None:
    """Core 3.1.2.1, prompt=login: the page behind it opens only after one."""
    with peers.signed_in() as visitor:
        time.sleep(1.1)  # the provider tells auth_time in whole seconds
        visitor.open(f"{peers.hub.settings.issuer}/account/add")
        visitor.press("continue")
        visitor.press("upstream_1")

        assert visitor.has("accounts"), visitor.page
    assert log_of(peers.hub, "upstream.sign_in.started")[0]["detail"]["prompt"] == "login"


def test_a_sign_out_here_goes_on_there_and_comes_back(peers: Peers) -> None:
    """RP-Initiated Logout 1.0 2 and 3."""
    with peers.signed_in() as visitor:
        visitor.open(f"{peers.hub.settings.issuer}/sign-out")
        visitor.press("sign_out")
        there = visitor.page.url
        visitor.press("sign_out")

        assert there.startswith(peers.platform)
        assert visitor.page.url.startswith(peers.hub.settings.issuer)
        assert visitor.has("sign_in_again")


def test_a_sign_out_there_ends_the_session_here(peers: Peers) -> None:
    """Back-Channel Logout 1.0 2.4 to 2.7."""
    with peers.signed_in() as visitor:
        visitor.open(f"{peers.platform}/session/end")
        visitor.press("sign_out")

        assert not peers.is_signed_in(visitor)
    assert log_of(peers.hub, "upstream.logout.received")[0]["detail"]["sessions"] == 1


@pytest.mark.parametrize(
    ("button", "upstream_id", "why"),
    [("upstream_2", "misnamed", "not valid for"), ("upstream_3", "unknown-ca", "unable to get local issuer")],
)
def test_a_certificate_of_another_name_or_authority_is_refused(
    peers: Peers, button: str, upstream_id: str, why: str
) -> None:
    """RFC 9525 6: the name in the certificate; Discovery 7.1: TLS with a verified certificate."""
    with Visitor() as visitor:
        visitor.open(f"{peers.hub.settings.issuer}/sign-in")
        visitor.press(button)

        assert visitor.text("error_code") == "upstream_unavailable"
    detail = log_of(peers.hub, "auth.login.failure")[0]["detail"]
    assert detail["upstream_id"] == upstream_id
    assert why in detail["reason"]
