"""check_session_iframe in a real browser: an application's page notices that the session has changed.

Session Management 1.0, 3.3. The application's page is on another port of 127.0.0.1, which is another origin
and the same site; `localhost` is another site, whose frames a browser gives no Lax cookie.
"""

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page

from tests.browser.chromium import OpenPage, complaints
from tests.journeys import steps
from tests.journeys.stage import DOUBLE, TUYA, Person
from tests.running.application import Application
from tests.running.tuned_hub import TunedHub, running_hub

pytestmark = pytest.mark.browser

_ASK = """
message => new Promise((resolve) => {
  window.addEventListener('message', (event) => resolve(event.data), { once: true })
  document.querySelector('iframe').contentWindow.postMessage(message, HUB)
  setTimeout(() => resolve('no answer'), 3000)
})
"""


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TunedHub]:
    settings = {"SESSION__SESSION_MANAGEMENT": "true"}
    with running_hub(tmp_path_factory.mktemp("hub"), settings=settings) as running:
        for person in (TUYA, DOUBLE):
            running.add_citizen(person.login_name, person.password, person.name, person.email)
        yield running


@contextmanager
def page_of_an_application(hub: TunedHub) -> Iterator[int]:
    """A page that frames check_session_iframe, as the specification shows it; on every path."""
    body = f'<!doctype html><iframe hidden src="{hub.issuer}/oauth2/check-session"></iframe>'.encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


@pytest.fixture
def port(hub: TunedHub) -> Iterator[int]:
    with page_of_an_application(hub) as listening:
        yield listening


def signed_in_at(hub: TunedHub, page: Page, address: str, person: Person = TUYA) -> tuple[str, str]:
    """Sign in to an application at an address and stay on its page; return client_id and session_state."""
    made = hub.add_client("--redirect-uri", f"{address}/cb", "--trusted", name="Watcher")
    application = Application(hub.issuer, made["client_id"], made["client_secret"])
    page.goto(
        application.authorization_url(
            secrets.token_urlsafe(32), redirect_uri=f"{address}/cb", scope="openid profile"
        )
    )
    if page.locator("#login_name").count():
        steps.prove(page, person)
    page.wait_for_url(f"{address}/cb?*")
    page.wait_for_load_state("load")
    application.http.close()
    return application.client_id, httpx.URL(page.url).params["session_state"]


def ask(hub: TunedHub, page: Page, message: str) -> str:
    """Post a message to the frame and wait for its answer."""
    page.wait_for_load_state("load")
    answer: str = page.evaluate(_ask(hub), message)
    return answer


def _ask(hub: TunedHub) -> str:
    return _ASK.replace("HUB", f"'{hub.issuer}'")


def test_nothing_has_changed_until_the_person_signs_out(
    hub: TunedHub, port: int, open_page: OpenPage
) -> None:
    page = open_page()
    complained = complaints(page)
    client_id, state = signed_in_at(hub, page, f"http://127.0.0.1:{port}")
    message = f"{client_id} {state}"
    first = ask(hub, page, message)

    other_tab = page.context.new_page()
    other_tab.goto(f"{hub.issuer}/sign-out")
    other_tab.click("#sign_out")
    other_tab.wait_for_selector("#sign_in_again")
    second = ask(hub, page, message)

    assert (first, second) == ("unchanged", "changed")
    assert complained == []


def test_another_person_is_a_change(hub: TunedHub, port: int, open_page: OpenPage) -> None:
    page = open_page()
    client_id, state = signed_in_at(hub, page, f"http://127.0.0.1:{port}")
    other_tab = page.context.new_page()
    other_tab.goto(f"{hub.issuer}/sign-out")
    other_tab.click("#sign_out")
    other_tab.wait_for_selector("#sign_in_again")
    other_tab.goto(f"{hub.issuer}/sign-in")
    steps.prove(other_tab, DOUBLE)
    other_tab.wait_for_selector("#signed_in_as")

    assert ask(hub, page, f"{client_id} {state}") == "changed"


def test_what_is_no_question_is_an_error_and_a_foreign_value_a_change(
    hub: TunedHub, port: int, open_page: OpenPage
) -> None:
    """Session Management 3.3."""
    page = open_page()
    client_id, state = signed_in_at(hub, page, f"http://127.0.0.1:{port}")

    asked = ("", "x", f"{client_id} {state}.more", f"{client_id} nosalt", f" {state}")
    answers = [ask(hub, page, message) for message in asked]
    foreign = [ask(hub, page, f"other {state}"), ask(hub, page, f"{client_id} x{state}")]

    assert answers == ["error"] * 5
    assert foreign == ["changed"] * 2


def test_to_a_frame_of_another_site_the_browser_gives_no_cookie_and_that_is_no_change(
    hub: TunedHub, port: int, open_page: OpenPage
) -> None:
    """Otherwise the application would sign out everyone whose browser keeps third-party cookies back."""
    page = open_page()
    client_id, state = signed_in_at(hub, page, f"http://localhost:{port}")

    assert ask(hub, page, f"{client_id} {state}") == "error"


def test_the_cookie_is_no_secret_of_the_session(hub: TunedHub, port: int, open_page: OpenPage) -> None:
    page = open_page()
    signed_in_at(hub, page, f"http://127.0.0.1:{port}")

    cookies = {cookie["name"]: cookie for cookie in page.context.cookies(hub.issuer)}

    assert not cookies["sso-state"]["httpOnly"]
    assert cookies["sso-session"]["httpOnly"]
    assert cookies["sso-session"]["value"] not in cookies["sso-state"]["value"]


def test_it_is_the_only_page_that_may_be_framed(hub: TunedHub) -> None:
    with httpx.Client(trust_env=False) as http:
        framed = http.get(f"{hub.issuer}/oauth2/check-session")
        others = [http.get(f"{hub.issuer}{path}") for path in ("/", "/sign-out", "/signed-out", "/oauth2/x")]

    assert "frame-ancestors https: http://127.0.0.1:*" in framed.headers["content-security-policy"]
    assert "x-frame-options" not in framed.headers
    for other in others:
        assert "frame-ancestors 'none'" in other.headers["content-security-policy"]
        assert other.headers["x-frame-options"] == "DENY"


def test_where_it_is_off_nothing_of_it_is_there(tmp_path: Path, open_page: OpenPage) -> None:
    with running_hub(tmp_path) as hub, page_of_an_application(hub) as port:
        hub.add_citizen()
        page = open_page()
        made = hub.add_client("--redirect-uri", f"http://127.0.0.1:{port}/cb", "--trusted")
        application = Application(hub.issuer, made["client_id"], made["client_secret"])
        page.goto(
            application.authorization_url(
                secrets.token_urlsafe(32), redirect_uri=f"http://127.0.0.1:{port}/cb", scope="openid"
            )
        )
        steps.prove(page, TUYA)
        page.wait_for_url("**/cb?*")

        assert "session_state" not in page.url
        assert "sso-state" not in {cookie["name"] for cookie in page.context.cookies(hub.issuer)}
        answer = httpx.get(f"{hub.issuer}/oauth2/check-session", trust_env=False)
        assert answer.status_code == 404
        assert answer.headers["x-frame-options"] == "DENY"
        application.http.close()
