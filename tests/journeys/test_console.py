"""An auditor finds in the console what people did; nobody without a role gets in."""

import json
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.chromium import OpenPage, axe_violations, screenshot
from tests.journeys import steps
from tests.journeys.stage import AUDITOR, BOLOR, TUYA, Person, Stage
from tests.relying_parties.processes import serving
from tests.servers.command import COMMAND_SECONDS
from tests.servers.hub import free_port

pytestmark = [pytest.mark.browser, pytest.mark.slapd]


@pytest.fixture(scope="module")
def console(staff_stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of the console: made ready by its own command, registered by the hub's."""
    folder, hub = tmp_path_factory.mktemp("console"), staff_stage.hub
    address = f"http://127.0.0.1:{free_port()}"
    options = ["--issuer", hub.issuer, "--base-url", address, "--folder", str(folder)]
    registration = console_command(hub.environment, "init", *options)
    hub.run(*shlex.split(registration)[1:])
    hub.run("person", "grant-role", AUDITOR.login_name, "auditor")
    command = [sys.executable, "-m", "admin", "serve", "--config", str(folder / "console.toml")]
    with serving(command, f"{address}/", folder / "console.log", hub.environment):
        yield address


def console_command(environment: dict[str, str], *arguments: str) -> str:
    """Run one command of the console; return what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", "admin", *arguments],
        env=environment,
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def enter(page: Page, console: str, person: Person) -> None:
    """Sign in to the console."""
    page.goto(console)
    page.click("#to_sign_in")
    steps.prove(page, person)
    page.wait_for_selector("#officer, #error_code")
    if person is AUDITOR:
        page.fill("#reason", "a test")
        page.click("#go_on")


def test_an_auditor_finds_the_sign_ins_of_a_citizen_and_a_clerk(
    staff_stage: Stage, open_page: OpenPage, console: str
) -> None:
    for person in (TUYA, BOLOR):
        steps.sign_in(open_page(), staff_stage.housing, person)
    page = open_page()
    enter(page, console, AUDITOR)
    overview = axe_violations(page)
    screenshot(page, "console-overview")

    search_for(page, console, TUYA)
    of_citizen = found(page)
    search_for(page, console, BOLOR)
    of_clerk = found(page)

    assert overview == axe_violations(page) == []
    assert BOLOR.name in steps.text(page, "#people")
    for codes in (of_citizen, of_clerk):
        assert {"auth.login.success", "code.issued", "token.issued"} <= set(codes)
    page.locator("#event-table tbody tr", has_text="auth.login.success").first.locator("a").first.click()
    page.wait_for_selector("#sentence")
    assert json.loads(page.locator("#json").inner_text())["account_id"] == account_of(staff_stage, BOLOR)
    assert axe_violations(page) == []


def search_for(page: Page, console: str, person: Person) -> None:
    """Search for what a person did, by the form."""
    page.goto(f"{console}/search")
    page.fill("#login_name", person.login_name)
    page.click("#search")
    page.wait_for_selector("#people")


def found(page: Page) -> list[str]:
    """Return the event codes in the table."""
    return page.locator("#event-table tbody code").all_inner_texts()


def account_of(stage: Stage, person: Person) -> str:
    """Return the id under which the hub knows a person's account."""
    return str(stage.hub.json("person", "show", person.login_name)[0]["accounts"][0]["account_id"])


def test_a_search_in_the_console_is_itself_on_record(
    staff_stage: Stage, open_page: OpenPage, console: str
) -> None:
    page = open_page()
    enter(page, console, AUDITOR)

    search_for(page, console, AUDITOR)

    newest = staff_stage.hub.audit(
        "--event", "audit.searched", "--account", AUDITOR.login_name, "--limit", "1"
    )
    assert newest[0]["detail"]["results"] >= 1


@pytest.mark.parametrize("person", [BOLOR, TUYA], ids=["clerk", "citizen"])
def test_who_has_no_role_is_refused(open_page: OpenPage, console: str, person: Person) -> None:
    page = open_page()

    enter(page, console, person)

    assert page.locator("#histogram").count() == 0
    assert steps.error_code(page) == "no_role"
