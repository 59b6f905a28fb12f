"""A change that needs a recent sign-in: the console sends the officer to the hub, and back (RFC 9470)."""

import time
from collections.abc import Iterator

import pytest

from tests.admin.conftest import ConsoleServer
from tests.admin.test_console import finding_about
from tests.browser.chromium import OpenPage
from tests.servers.hub import PASSWORD, StartHub, free_port

FRESH_SECONDS = 6

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def strict_console(start_hub: StartHub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleServer]:
    hub = start_hub(extra=f"\n[api]\nfresh_sign_in_seconds = {FRESH_SECONDS}\n")
    hub.add_citizen("mia", name="Mia Manager", email="mia@example.org")
    hub.run("person", "grant-role", "mia", "client_manager")
    hub.add_citizen("ana", name="Ana Auditor", email="ana@example.org")
    hub.run("person", "grant-role", "ana", "auditor")
    hub.add_client("--redirect-uri", "https://housing.example/cb", "--client-id", "housing")
    server = ConsoleServer(hub, tmp_path_factory.mktemp("console"), free_port())
    server.initialise()
    server.start()
    yield server
    server.stop()


def test_an_old_sign_in_may_look_but_must_be_repeated_to_change(
    strict_console: ConsoleServer, open_page: OpenPage
) -> None:
    page = open_page()
    strict_console.sign_in(page, "client_manager")
    time.sleep(FRESH_SECONDS + 1)

    page.goto(f"{strict_console.address}/clients/housing")
    assert "Housing" in page.inner_text("h1")
    page.click("#new_secret")

    assert page.url.startswith(strict_console.hub.issuer)
    page.fill("#login_name", "mia")
    page.click("#continue")
    page.fill("#password", PASSWORD)
    page.click("#sign_in")
    page.wait_for_url(f"{strict_console.address}/clients/housing")
    page.click("#new_secret")
    assert page.inner_text("#client_secret")
    rejected = strict_console.hub.audit("--event", "bearer.rejected")
    assert rejected[0]["detail"]["error"] == "insufficient_user_authentication"


def test_a_recent_sign_in_changes_at_once(strict_console: ConsoleServer, open_page: OpenPage) -> None:
    page = open_page()
    strict_console.sign_in(page, "client_manager")

    page.goto(f"{strict_console.address}/clients/housing")
    page.click("#new_secret")

    assert page.inner_text("#client_secret")


def test_an_auditor_who_signs_in_again_for_a_change_need_not_say_why_again(
    strict_console: ConsoleServer, open_page: OpenPage
) -> None:
    page = open_page()
    strict_console.sign_in(page, "auditor", reason="case 7")
    time.sleep(FRESH_SECONDS + 1)
    page.goto(f"{strict_console.address}/findings")
    finding_about(page, "A role was granted").locator("a").click()
    finding = page.url

    page.click("#take")
    page.fill("#login_name", "ana")
    page.click("#continue")
    page.fill("#password", PASSWORD)
    page.click("#sign_in")
    page.wait_for_url(finding)

    assert page.inner_text("#reason_given").startswith("Reason: case 7")
