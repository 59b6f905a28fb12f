"""Every page in Chromium: accessible, narrow, without scripts, by keyboard, in both languages."""

from collections.abc import Iterator
from typing import Literal

import pytest
from playwright.sync_api import Page

from tests.browser import page_server
from tests.browser.chromium import (
    NARROW,
    WIDE,
    OpenPage,
    axe_violations,
    complaints,
    focus_order,
    screenshot,
    sideways_scroll,
)
from tests.web.page_examples import hostile_pages, refused_pages, usual_pages

pytestmark = pytest.mark.browser

# They leave at once for another address; their scripts have tests of their own.
LEAVING = ("form_post", "signing_out")
USUAL = [example.name for example in usual_pages()]
REFUSED = [example.name for example in refused_pages()]
HOSTILE = [example.name for example in hostile_pages()]
TAGS = ("en", "zh-CN")
Looks = list[tuple[int, Literal["light", "dark"]]]
"""Widths of the window and colour schemes."""
AWAKE = """import(document.querySelector('script[src*="page.js"]').src)
    .then(() => document.body.classList.contains('js-enabled'))"""
"""Whether the page's script has run, as soon as it has."""
SEEN = "[innerWidth, matchMedia('(prefers-color-scheme: dark)').matches]"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with page_server.running() as running:
        yield running


@pytest.mark.parametrize(
    ("tag", "looks"),
    [
        ("en", [(NARROW, "light"), (WIDE, "dark")]),
        ("zh-CN", [(NARROW, "dark")]),
    ],
    ids=TAGS,
)
def test_a_usual_page_has_no_violation_no_complaint_and_no_sideways_scroll(
    address: str, open_page: OpenPage, tag: str, looks: Looks
) -> None:
    names = [name for name in USUAL if not name.startswith(LEAVING)]

    assert faults(open_page(locale=tag), address, names, tag, looks) == []


@pytest.mark.parametrize("tag", TAGS)
def test_a_page_with_an_error_has_none_either(address: str, open_page: OpenPage, tag: str) -> None:
    assert faults(open_page(locale=tag), address, REFUSED, tag, [(NARROW, "light")]) == []


def test_a_page_with_hostile_names_has_none_either(address: str, open_page: OpenPage) -> None:
    names = [name for name in HOSTILE if not name.startswith(LEAVING)]

    assert faults(open_page(), address, names, "en", [(NARROW, "light"), (WIDE, "light")]) == []


def faults(page: Page, address: str, names: list[str], tag: str, looks: Looks) -> list[str]:
    """Visit pages; return what axe-core, Chromium and the scroll bar have to say about each of their looks.

    A page is loaded once, in the first look: the next ones are a wider window, or another colour scheme.
    """
    found = complaints(page)
    for name in names:
        for number, (width, scheme) in enumerate(looks):
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme)
            if number == 0:
                page.goto(f"{address}/?page={name}&lang={tag}")
                assert page.evaluate(AWAKE), name
            assert page.evaluate(SEEN) == [width, scheme == "dark"]
            look = f"{name}-{tag}-{width}-{scheme}"
            found += [f"{look}: {violation}" for violation in axe_violations(page)]
            if sideways_scroll(page):
                found.append(f"{look}: {sideways_scroll(page)} px wider than the window")
            screenshot(page, look)
    return found


@pytest.mark.parametrize("tag", TAGS)
def test_without_scripts_a_page_is_whole(address: str, open_page: OpenPage, tag: str) -> None:
    page = open_page(width=NARROW, javascript=False)
    complained = complaints(page)

    for name in [*USUAL, *HOSTILE]:
        if name == "signing_out":
            continue  # frames need a policy of their own: tests/journeys loads them
        page.goto(f"{address}/?page={name}&lang={tag}")
        assert page.locator("h1").is_visible(), name
        assert sideways_scroll(page) == 0, name
        screenshot(page, f"{name}-{tag}-{NARROW}-without-scripts")

    assert complained == []


def test_without_scripts_the_password_is_sent(address: str, open_page: OpenPage) -> None:
    page = open_page(javascript=False)
    page.goto(f"{address}/?page=password_staff")

    page.fill("#password", " pass word ")
    page.click("#sign_in")

    assert '"password":" pass word "' in page.content()
    assert '"username":"bolor@civil.example"' in page.content()


def test_without_scripts_a_masked_value_can_be_shown(address: str, open_page: OpenPage) -> None:
    page = open_page(javascript=False)
    page.goto(f"{address}/?page=consent")
    value = page.get_by_text("tuya@example.org", exact=True)
    assert not value.is_visible()

    page.locator("summary", has_text="Mail address").click()

    assert value.is_visible()


def test_the_password_can_be_shown_and_hidden(address: str, open_page: OpenPage) -> None:
    page = open_page()
    page.goto(f"{address}/?page=password_citizen")
    page.fill("#password", "secret words")

    page.get_by_role("button", name="Show password").click()
    shown = page.get_attribute("#password", "type")
    page.get_by_role("button", name="Hide password").click()

    assert (shown, page.get_attribute("#password", "type")) == ("text", "password")


@pytest.mark.parametrize("name", ["identifier_empty", "password_staff_wrong", "password_citizen_locked"])
def test_the_error_summary_takes_the_focus(address: str, open_page: OpenPage, name: str) -> None:
    page = open_page()
    page.goto(f"{address}/?page={name}")
    page.wait_for_selector("body.js-enabled")

    focused = page.evaluate("document.activeElement.className")

    assert focused == "govuk-error-summary"


def test_the_error_summary_leads_to_the_field(address: str, open_page: OpenPage) -> None:
    page = open_page()
    page.goto(f"{address}/?page=password_staff_wrong")
    page.wait_for_selector("body.js-enabled")

    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    assert page.evaluate("document.activeElement.id") == "password"


@pytest.mark.parametrize(
    ("name", "order"),
    [
        ("identifier", ["login_name", "continue", "departments", "cancel"]),
        ("password_staff", ["change", "password", "Show", "sign_in", "cancel"]),
        ("persona", ["account_1", "continue"]),
        ("sign_out", ["sign_out", "stay"]),
    ],
)
def test_the_tab_key_goes_through_a_page_in_reading_order(
    address: str, open_page: OpenPage, name: str, order: list[str]
) -> None:
    page = open_page()
    page.goto(f"{address}/?page={name}")
    page.wait_for_selector("body.js-enabled")

    assert focus_order(page) == ["Skip to main content", "Service Centre", "简体中文", *order]


def test_an_identity_is_chosen_with_the_arrow_keys(address: str, open_page: OpenPage) -> None:
    page = open_page()
    page.goto(f"{address}/?page=persona")

    page.focus("#account_1")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")

    page.wait_for_url("**/answer")
    assert '"account":"a2"' in page.content()


def test_the_language_link_keeps_the_page(address: str, open_page: OpenPage) -> None:
    page = open_page()
    page.goto(f"{address}/?page=password_staff")

    page.get_by_role("link", name="简体中文").click()

    assert page.get_attribute("html", "lang") == "zh-CN"
    assert page.text_content("#sign_in") == "登录"


def test_form_post_sends_itself_and_changes_no_byte(address: str, open_page: OpenPage) -> None:
    page = open_page()
    complained = complaints(page)

    page.goto(f"{address}/?page=form_post_here")
    page.wait_for_url("**/answer")

    assert page.evaluate("JSON.parse(document.body.textContent)") == {"code": "abc", "state": "a\"b<c>&d'e"}
    assert complained == []
