"""An auditor says why before the console shows anything of the log; whatever is shown is recorded with it."""

import re
from collections.abc import Iterator
from urllib.parse import quote

import httpx
import pytest
from playwright.sync_api import Page

from admin.app import create_app
from admin.reason_room import MAX_REASON_LENGTH
from admin.settings import load
from sso.api import audit_parameters
from tests.admin.conftest import OFFICERS, ConsoleServer
from tests.admin.recorded_pages import NOTHING_RECORDED, REFUSED, Desk
from tests.admin.test_console import look
from tests.admin.test_fail_closed import recorded_after, say_why
from tests.api.test_reason import LOOKS
from tests.browser.chromium import NARROW, OpenPage
from tests.relying_parties.visitor import Visitor
from tests.running.state import execute
from tests.servers.hub import PASSWORD, HubServer

OPEN_TO_ALL = {route for route in NOTHING_RECORDED if not route.startswith(("clients.", "questions."))}
OF_OTHERS = ("clients.", "conflicts.", "people.")


@pytest.fixture
def auditor(console: ConsoleServer) -> Iterator[Visitor]:
    """An auditor who is signed in and has not said why."""
    with Visitor() as officer:
        officer.open(f"{console.address}/sign-in")
        officer.sign_in(OFFICERS["auditor"], PASSWORD)
        yield officer


def newest(hub: HubServer) -> str:
    return str(execute(hub, "SELECT max(id) FROM audit_event")[0][0])


def of_the_log(console: ConsoleServer) -> list[tuple[str, str, str]]:
    """Endpoint, method and address of every page but those that show nothing, or that others have."""
    app = create_app(load(console.folder / "console.toml"))
    return [
        (rule.endpoint, method, re.sub("<.*?>", "x", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) & {"GET", "POST"})
        if rule.endpoint not in OPEN_TO_ALL | {"door.callback", "door.sign_out"}
        and not rule.endpoint.startswith(OF_OTHERS)
    ]


def test_every_page_of_the_log_asks_why_and_reads_nothing_before(
    console: ConsoleServer, auditor: Visitor
) -> None:
    pages, cookies = of_the_log(console), auditor.cookies()
    token = auditor.page.forms[-1].fields["csrf_token"]
    before = newest(console.hub)

    answers = {
        (endpoint, method): httpx.request(
            method,
            f"{console.address}{path}",
            cookies=cookies,
            data={"csrf_token": token} if method == "POST" else None,
            trust_env=False,
        )
        for endpoint, method, path in pages
    }

    assert {endpoint.partition(".")[0] for endpoint, _ in answers} == {"audit", "findings", "questions"}
    for page, answer in answers.items():
        assert (answer.status_code, 'id="go_on"' in answer.text) == (200, True), page
    assert newest(console.hub) == before


@pytest.fixture(scope="module")
def desk(console: ConsoleServer) -> Iterator[Desk]:
    """The desk of an auditor who has said why."""
    with Visitor() as officer:
        officer.open(f"{console.address}/sign-in")
        officer.sign_in(OFFICERS["auditor"], PASSWORD)
        say_why(officer, "case 2026-117")
        yield Desk(console, {"auditor": officer})


@pytest.mark.parametrize("case", [case for case in REFUSED if case[1] in LOOKS], ids=" ".join)
def test_every_look_is_recorded_with_the_reason(desk: Desk, case: tuple[str, str]) -> None:
    step, before = REFUSED[case](desk), newest(desk.console.hub)

    step.do()

    assert step.officer.page.status == 200
    assert {*LOOKS[case[1]][1]} <= recorded_after(desk, before)
    looks = [
        record
        for record in desk.console.hub.audit("--event", "audit.", "--event", "finding.", "--limit", "50")
        if record["id"] > before and record.get("client_id") == "officers-console"
    ]
    changes = [record for record in looks if record["event"] == "finding.changed"]
    assert {record["detail"].get("reason") for record in looks if record not in changes} == {"case 2026-117"}


def test_every_operation_that_demands_a_reason_is_tried_from_the_console() -> None:
    assert {operation for _, operation in REFUSED} >= LOOKS.keys()


def test_the_longest_reason_is_the_hubs() -> None:
    assert MAX_REASON_LENGTH == audit_parameters.MAX_REASON_LENGTH


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("", "Say why."),
        ("  \u3000 ", "Say why."),
        ("x" * (MAX_REASON_LENGTH + 1), "This is too long."),
        ("case\u202e7", "This has characters that cannot be seen, or that turn the direction of writing."),
    ],
)
def test_what_is_no_reason_is_said_at_the_field_and_the_way_is_kept(
    console: ConsoleServer, auditor: Visitor, written: str, said: str
) -> None:
    address = f"{console.address}/search?range=7d&outcome=failure"
    auditor.open(address)

    say_why(auditor, written)
    refused = auditor.page
    say_why(auditor, "case 7")

    assert (refused.status, refused.texts["reason-error"].strip()) == (400, f"Error: {said}")
    assert (auditor.page.status, auditor.page.url) == (200, address)


@pytest.mark.parametrize(
    "wanted",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:x", "x" * 20_000],
)
def test_the_reason_never_leads_elsewhere(console: ConsoleServer, auditor: Visitor, wanted: str) -> None:
    auditor.open(f"{console.address}/reason?next={quote(wanted)}")
    asked = auditor.page.forms[-1].fields["next"]
    auditor.fill("next", wanted)
    say_why(auditor, "case 7")

    assert asked == ""
    assert auditor.page.url == f"{console.address}/overview"


def test_a_form_of_somebody_else_gives_no_reason(console: ConsoleServer, auditor: Visitor) -> None:
    auditor.page.forms[-1].fields["csrf_token"] = "x"
    say_why(auditor, "case 7")

    assert (auditor.page.status, auditor.text("error_code")) == (403, "form_expired")
    auditor.open(f"{console.address}/overview")
    assert auditor.has("go_on")


def test_only_auditors_are_asked(console: ConsoleServer) -> None:
    with Visitor() as manager:
        manager.open(f"{console.address}/sign-in")
        manager.sign_in(OFFICERS["client_manager"], PASSWORD)
        assert not manager.has("go_on")
        manager.open(f"{console.address}/reason")

        assert manager.text("error_code") == "role_missing"


def test_a_long_search_is_gone_on_to_whole(console: ConsoleServer, auditor: Visitor) -> None:
    """Longer than what a sign-in may lead back to."""
    words = "%E4%BD%8F" * 60
    address = f"{console.address}/search?range=7d&" + "&".join(
        f"{name}={words}" for name in ("account_id", "session_id", "request_id", "text")
    )
    auditor.open(address)

    say_why(auditor, "case 7")

    assert len(address) > 2000
    assert auditor.page.url == address


def keyboard(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


@pytest.mark.browser
@pytest.mark.parametrize(("locale", "words"), [("en-GB", ("Reason", "Change")), ("zh-CN", ("理由", "更改"))])
def test_the_reason_is_said_once_by_keyboard_shown_everywhere_and_changed(
    console: ConsoleServer, open_page: OpenPage, locale: str, words: tuple[str, str]
) -> None:
    page = open_page(width=NARROW, locale=locale)
    console.sign_in(page, "auditor", reason="")
    search = f"{console.address}/search?range=7d&outcome=failure"
    page.goto(search)
    look(page, f"reason_{locale}")
    page.focus("#reason")
    keyboard(page, "Enter")
    assert page.get_attribute(".govuk-error-summary__list a", "href") == "#reason"
    look(page, f"reason_missing_{locale}")

    page.focus("#reason")
    page.keyboard.type("案件 7 " + "x" * 190)
    keyboard(page, "Enter")
    page.wait_for_selector("#results")
    assert page.url == search
    look(page, f"reason_long_{locale}")
    assert page.inner_text("#change_reason").startswith(words[1])
    page.focus("#change_reason")
    keyboard(page, "Enter")
    assert page.input_value("#reason").startswith("案件 7")
    page.fill("#reason", "案件 8")
    page.click("#go_on")

    page.wait_for_selector("#results")
    assert page.url == search
    for path in ("/overview", "/questions", "/questions/Q9", "/search", "/findings", "/suppressions"):
        page.goto(f"{console.address}{path}")
        assert page.inner_text("#reason_given").startswith(f"{words[0]}: 案件 8"), path


@pytest.mark.browser
def test_the_reason_ends_with_the_session(console: ConsoleServer, open_page: OpenPage) -> None:
    page = open_page()
    console.sign_in(page, "auditor", reason="case 7")
    page.click("#sign_out")
    page.wait_for_url(re.compile(r"/(signed-out|oauth2/logout)"))

    console.sign_in(page, "auditor", reason="")

    assert page.locator("#go_on").count() == 1
    assert page.input_value("#reason") == ""
