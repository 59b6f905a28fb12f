"""Front-channel logout in a real browser: frames of two departments' applications on the hub's last page.

Front-Channel Logout 1.0. `localhost` is another site than `127.0.0.1`: an application there is what a third
party is to the hub's page, and a browser keeps its Lax cookies from it.
"""

import re
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.chromium import (
    NARROW,
    WIDE,
    OpenPage,
    axe_violations,
    complaints,
    screenshot,
    sideways_scroll,
)
from tests.journeys import steps
from tests.journeys.stage import TUYA, WANG, Application, Stage
from tests.relying_parties.department import department
from tests.servers.hub import free_port

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def library(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    """A department's application that the hub cannot call: it registered a front channel only."""
    with running(stage, tmp_path_factory.mktemp("library"), "Library", "图书馆") as application:
        yield application


@pytest.fixture(scope="module")
def fishing(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    """Another one."""
    with running(stage, tmp_path_factory.mktemp("fishing"), "Fishing", "渔业服务") as application:
        yield application


@contextmanager
def running(stage: Stage, folder: Path, name: str, name_zh: str) -> Iterator[Application]:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    client = stage.hub.add_client(
        *("--redirect-uri", f"{address}/callback", "--trusted", "--name-zh", name_zh),
        *("--post-logout-redirect-uri", f"{address}/signed-out", "--client-uri", address),
        *("--metadata", f"frontchannel_logout_uri={address}/frontchannel-logout"),
        name=name,
    )
    application = Application(name, port, client["client_id"], client["client_secret"])
    setting = {"CLIENT_ID": application.client_id, "CLIENT_SECRET": application.client_secret}
    with department(port, folder, ISSUER=stage.hub.issuer, APP_NAME=name, **setting):
        yield application


def sign_in_to(page: Page, *applications: Application) -> None:
    first, *others = applications
    steps.sign_in(page, first, TUYA)
    for application in others:
        steps.begin(page, application)
        steps.arrived(page, application)


def standings(page: Page) -> dict[str, str | None]:
    """What the last page says, by service."""
    rows = page.locator("#services .govuk-summary-list__row").all()
    return {row.locator("dt").inner_text(): row.locator("dd").get_attribute("data-status") for row in rows}


def shown_by_command(stage: Stage, session_id: str) -> dict[str, str]:
    """What `sso session show` says, by service."""
    (shown,) = stage.hub.json("session", "show", session_id)
    return {line["client_name"]: line["standing"] for line in shown["told"]}


def recorded(stage: Stage, code: str, session_id: str) -> set[tuple[str, str]]:
    """What the audit log says of a session: client and outcome."""
    found = stage.hub.audit("--event", code, "--session", session_id)
    return {(record["client_id"], record["outcome"]) for record in found}


def session_of(page: Page) -> str:
    """The session that the last page tells of, from its address."""
    found = re.search(r"session=([^&]+)", page.url)
    assert found is not None, page.url
    return found[1]


def test_an_application_signs_out_of_the_other_and_the_person_comes_back(
    stage: Stage, library: Application, fishing: Application, open_page: OpenPage
) -> None:
    page = open_page()
    complained = complaints(page)
    sign_in_to(page, library, fishing)

    steps.sign_out_of(page, library)

    assert steps.title(page) == "You are signed out"
    assert steps.shows(page, fishing.address, "#department_sign_in")
    assert steps.shows(page, library.address, "#department_sign_in")
    assert complained == []


def test_page_command_and_log_agree_on_who_was_told_by_which_channel(
    stage: Stage, library: Application, fishing: Application, open_page: OpenPage
) -> None:
    page = open_page()
    sign_in_to(page, stage.family, library, fishing)

    page.goto(f"{stage.hub.issuer}/sign-out")
    page.click("#sign_out")
    page.wait_for_selector("#services dd[data-status=loaded]")

    session_id = session_of(page)
    expected = {"Family register": "confirmed", "Library": "loaded", "Fishing": "loaded"}
    both = {(library.client_id, "success"), (fishing.client_id, "success")}
    assert standings(page) == expected
    assert shown_by_command(stage, session_id) == expected
    assert recorded(stage, "logout.frontchannel.sent", session_id) == both
    assert recorded(stage, "logout.frontchannel.loaded", session_id) == both
    assert recorded(stage, "logout.propagated", session_id) == {(stage.family.client_id, "success")}
    assert page.locator("iframe").count() == 0
    assert steps.shows(page, library.address, "#department_sign_in")


def test_without_scripts_the_frames_load_and_a_link_leads_on(
    stage: Stage, library: Application, fishing: Application, open_page: OpenPage
) -> None:
    page = open_page(javascript=False)
    sign_in_to(page, library, fishing)

    page.goto(library.address)
    page.click("#department_sign_out")
    page.wait_for_url(f"{stage.hub.issuer}/signed-out?*")
    page.wait_for_load_state("load")
    session_id = session_of(page)
    told = standings(page)
    page.click("#continue")
    page.wait_for_url(f"{library.address}/signed-out?*")

    assert steps.title(page) == "You are signed out"
    assert steps.shows(page, fishing.address, "#department_sign_in")
    assert told == {"Library": "sent", "Fishing": "sent"}
    assert shown_by_command(stage, session_id) == told
    assert recorded(stage, "logout.frontchannel.loaded", session_id) == set()


def test_the_frames_come_with_iss_and_sid_and_the_policy_names_exactly_them(
    stage: Stage, library: Application, fishing: Application, open_page: OpenPage
) -> None:
    """Front-Channel Logout 1.0, 2 and 3."""
    page = open_page(javascript=False)
    sign_in_to(page, library, fishing)
    page.goto(f"{stage.hub.issuer}/sign-out")

    with page.expect_response(re.compile("/signed-out")) as shown:
        page.click("#sign_out")
    page.wait_for_load_state("load")

    session_id = session_of(page)
    policy = shown.value.headers["content-security-policy"]
    (sources,) = [rule.split()[1:] for rule in policy.split("; ") if rule.startswith("frame-src")]
    addresses = [frame.get_attribute("src") or "" for frame in page.locator("iframe").all()]
    both = {f"{app.address}/frontchannel-logout" for app in (library, fishing)}
    assert set(sources) == both
    assert {address.partition("?")[0] for address in addresses} == both
    for address in addresses:
        assert f"sid={session_id}" in address
        assert f"iss={stage.hub.issuer}".replace(":", "%3A").replace("/", "%2F") in address


@pytest.mark.parametrize(("width", "locale"), [(NARROW, "zh-CN"), (WIDE, "en-GB")])
def test_the_page_with_frames_is_accessible_and_fits(
    stage: Stage, library: Application, open_page: OpenPage, width: int, locale: str
) -> None:
    page = open_page(width=width, locale=locale)
    page.route("**/frontchannel-logout*", lambda _route: None)  # never answered while we look
    sign_in_to(page, library)
    page.goto(library.address)
    page.click("#department_sign_out")
    page.wait_for_selector("#asking")

    screenshot(page, f"signing-out-{locale}-{width}")
    found = axe_violations(page)

    assert found == []
    assert sideways_scroll(page) == 0
    assert page.is_visible("#continue")


@dataclass
class Answering:
    """The front-channel address of an application that behaves as a test wants it."""

    body: bytes = b"<!doctype html><title>bye</title>"
    headers: dict[str, str] = field(default_factory=dict)
    answers: bool = True
    asked: list[str] = field(default_factory=list)
    cookies: list[str | None] = field(default_factory=list)
    end: threading.Event = field(default_factory=threading.Event)


@contextmanager
def answering(behaviour: Answering) -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            behaviour.asked.append(self.path)
            if self.path.startswith("/bye"):
                behaviour.cookies.append(self.headers.get("Cookie"))
            if not behaviour.answers:
                behaviour.end.wait(20)
                return
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            for name, value in behaviour.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(behaviour.body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        behaviour.end.set()
        server.shutdown()
        server.server_close()
        thread.join(10)


def joined(stage: Stage, page: Page, address: str, *, cross_site: bool = False) -> str:
    """Register a raw application at an address and sign in to it; return its client_id."""
    client_id: str = stage.hub.add_client(
        *("--redirect-uri", f"{address}/cb", "--trusted"),
        *("--metadata", f"frontchannel_logout_uri={address}/bye"),
        name="Raw",
    )["client_id"]
    asked = steps.request_address(
        stage, Application("Raw", 0, client_id, ""), redirect_uri=f"{address}/cb", scope="openid"
    )
    page.goto(asked)
    if page.locator("#login_name").count():
        steps.prove(page, WANG)
    page.wait_for_url(f"{address}/cb?*")
    return client_id


def sign_out_at_the_hub(stage: Stage, page: Page) -> None:
    page.goto(f"{stage.hub.issuer}/sign-out")
    page.click("#sign_out")


def test_a_frame_that_never_loads_holds_up_nobody_for_long(stage: Stage, open_page: OpenPage) -> None:
    page = open_page()
    behaviour = Answering()
    with answering(behaviour) as port:
        client_id = joined(stage, page, f"http://127.0.0.1:{port}")
        behaviour.answers = False
        sign_out_at_the_hub(stage, page)
        page.wait_for_selector("#services dd[data-status=not_loaded]", timeout=8_000)

    session_id = session_of(page)
    assert recorded(stage, "logout.frontchannel.loaded", session_id) == {(client_id, "failure")}
    assert shown_by_command(stage, session_id) == {"Raw": "not_loaded"}


def test_a_frame_cannot_lead_the_page_away(stage: Stage, open_page: OpenPage) -> None:
    page = open_page()
    behaviour = Answering()
    with answering(behaviour) as port:
        joined(stage, page, f"http://127.0.0.1:{port}")
        behaviour.body = b"<script>top.location = 'http://127.0.0.1:9/evil'</script>"
        sign_out_at_the_hub(stage, page)
        page.wait_for_selector("#services dd[data-status=loaded]")

        assert page.url.startswith(f"{stage.hub.issuer}/signed-out")
        assert len([path for path in behaviour.asked if path.startswith("/bye")]) == 1


def test_a_service_that_refuses_frames_was_asked_all_the_same(stage: Stage, open_page: OpenPage) -> None:
    """X-Frame-Options hides the answer; the request has been made, and cookies of it count."""
    page = open_page()
    behaviour = Answering()
    with answering(behaviour) as port:
        joined(stage, page, f"http://127.0.0.1:{port}")
        behaviour.headers = {"X-Frame-Options": "DENY"}
        sign_out_at_the_hub(stage, page)
        page.wait_for_selector("#services dd[data-status=loaded]")

    assert any(path.startswith("/bye?iss=") for path in behaviour.asked)


def test_to_another_site_the_browser_sends_no_lax_cookie(stage: Stage, open_page: OpenPage) -> None:
    """What a service that knows people by their cookie alone must know: the frame loads and ends nothing."""
    page = open_page()
    seen: dict[str, list[str | None]] = {}
    for host in ("127.0.0.1", "localhost"):
        behaviour = Answering(headers={"Set-Cookie": "raw=1; SameSite=Lax"})
        with ExitStack() as ends:
            port = ends.enter_context(answering(behaviour))
            joined(stage, page, f"http://{host}:{port}")
            sign_out_at_the_hub(stage, page)
            page.wait_for_selector("#services dd[data-status=loaded]")
            seen[host] = behaviour.cookies

    (near,), (far,) = seen["127.0.0.1"], seen["localhost"]
    assert "raw=1" in (near or "")
    assert far is None
