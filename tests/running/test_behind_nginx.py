"""The whole sign-in through deploy/nginx.conf: TLS, cookies, the true address, and no way to hold it up."""

import re
import secrets
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass

import httpx
import pytest

from tests.relying_parties.visitor import Visitor
from tests.running.application import REDIRECT_URI, Application, claims_of, registered
from tests.running.state import events
from tests.running.tuned_hub import TunedHub
from tests.servers.hub import PASSWORD, free_port
from tests.servers.nginx import Nginx

OUTSIDE = "203.0.113.7"
STALLED = 40

pytestmark = pytest.mark.slow


@dataclass
class ProxiedHub(TunedHub):
    """A hub whose issuer is the proxy in front of it."""

    public: str = ""

    @property
    def issuer(self) -> str:
        return self.public


@dataclass
class Site:
    nginx: Nginx
    hub: ProxiedHub
    application: Application


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    hub_port = free_port()
    nginx = Nginx(tmp_path_factory.mktemp("nginx"), hub_port)
    settings = {
        "SERVER__LISTEN": f"127.0.0.1:{hub_port}",
        "SERVER__TRUSTED_PROXIES": '["127.0.0.1/32"]',
        "SERVER__THREADS": "4",
    }
    hub = ProxiedHub(tmp_path_factory.mktemp("hub"), port=hub_port, public=nginx.issuer, settings=settings)
    nginx.start()
    try:
        hub.initialise()
        hub.start()
        hub.add_citizen()
        with registered(hub) as application:
            yield Site(nginx, hub, application)
    finally:
        hub.stop()
        nginx.stop()


def test_a_citizen_signs_in_through_the_proxy_and_the_tokens_name_the_public_issuer(site: Site) -> None:
    verifier = secrets.token_urlsafe(32)
    with Visitor() as visitor:
        visitor.open(site.application.authorization_url(verifier))
        reached = visitor.sign_in("tuya", PASSWORD, until=REDIRECT_URI)
        names = set(visitor.cookies())
    code = httpx.URL(reached).params["code"]

    answer = site.application.redeem(code, verifier)

    assert answer.status_code == 200
    assert claims_of(answer.json()["id_token"])["iss"] == site.nginx.issuer
    assert httpx.URL(reached).params["iss"] == site.nginx.issuer
    assert {"__Host-sso-session", "__Host-sso-browser"} <= names


def test_every_cookie_is_secure_and_bound_to_the_host(site: Site) -> None:
    response = site.application.http.get(f"{site.nginx.issuer}/sign-in")

    cookies = response.headers.get_list("Set-Cookie")
    assert cookies
    for cookie in cookies:
        assert cookie.startswith("__Host-")
        attributes = {part.strip().lower() for part in cookie.split(";")[1:]}
        assert {"secure", "httponly", "path=/", "samesite=lax"} <= attributes
        assert not any(attribute.startswith("domain") for attribute in attributes)


def test_pages_and_files_carry_hsts(site: Site) -> None:
    page = site.application.http.get(f"{site.nginx.issuer}/")
    file = re.search(r'"(/static/[^"]+\.css[^"]*)"', page.text)

    assert file is not None
    style = site.application.http.get(f"{site.nginx.issuer}{file[1]}")

    assert style.status_code == 200
    assert style.headers["Content-Type"].startswith("text/css")
    assert "immutable" in style.headers["Cache-Control"]
    assert page.headers["Strict-Transport-Security"].startswith("max-age=31536000")
    assert style.headers["Strict-Transport-Security"].startswith("max-age=31536000")


def test_plain_http_leads_to_https(site: Site) -> None:
    response = httpx.get(f"http://127.0.0.1:{site.nginx.http_port}/sign-in?a=b", trust_env=False)

    assert response.status_code == 308
    assert response.headers["Location"] == "https://127.0.0.1/sign-in?a=b"


@pytest.mark.parametrize("path", ["/readyz", "/healthz", "/livez", "/metrics"])
def test_what_operators_watch_is_not_shown_outside(site: Site, path: str) -> None:
    assert site.application.http.get(f"{site.nginx.issuer}{path}").status_code == 404


def test_the_address_on_record_is_the_true_one_whatever_a_client_claims(site: Site) -> None:
    forged = {
        "Forwarded": f"for={OUTSIDE}",
        "X-Forwarded-For": OUTSIDE,
        "X_Forwarded_For": OUTSIDE,
        "X-Real-IP": OUTSIDE,
    }
    site.application.http.headers = httpx.Headers(forged)
    assert site.application.client_credentials().status_code == 200
    site.application.http.headers = httpx.Headers([("Forwarded", f"for={OUTSIDE}")] * 2)
    assert site.application.client_credentials().status_code == 200
    site.application.http.headers = httpx.Headers()

    assert {event["address"] for event in events(site.hub, "token.issued")} == {"127.0.0.1"}


def test_the_hub_believes_what_its_proxy_says_about_the_client(site: Site) -> None:
    """The same port as nginx uses, with nginx's own header: a client elsewhere is seen elsewhere."""
    direct = Application(
        f"http://127.0.0.1:{site.hub.port}", site.application.client_id, site.application.client_secret
    )
    with direct:
        direct.http.headers = httpx.Headers({"Forwarded": f'for={OUTSIDE};proto=https;host="127.0.0.1"'})
        assert direct.client_credentials().status_code == 200

    assert len(site.hub.audit("--event", "token.issued", "--address", OUTSIDE)) == 1


@pytest.mark.parametrize("stalled_in", ["headers", "body"])
def test_forty_stalled_connections_do_not_block_the_hub(site: Site, stalled_in: str) -> None:
    head = b"POST /oauth2/token HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    if stalled_in == "body":
        head += b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 200\r\n\r\ngrant_type="
    context = ssl.create_default_context(cafile=str(site.nginx.ca_file))
    with ExitStack() as stack:
        for _ in range(STALLED):
            plain = socket.create_connection(("127.0.0.1", site.nginx.port), timeout=10)
            sealed = stack.enter_context(closing(context.wrap_socket(plain, server_hostname="127.0.0.1")))
            sealed.sendall(head)
        started_at = time.monotonic()
        statuses = {site.application.client_credentials().status_code for _ in range(5)}
        seconds = time.monotonic() - started_at
    print(f"5 tokens beside {STALLED} stalled in {stalled_in}: {seconds:.2f} s")

    assert statuses == {200}
    assert seconds < 5


def test_too_large_a_form_is_refused_before_the_hub(site: Site) -> None:
    response = site.application.http.post(f"{site.nginx.issuer}/oauth2/token", content=b"a" * 300_000)

    assert response.status_code == 413
