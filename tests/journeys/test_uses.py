"""A citizen sees what was done with their account, and says that something was not them."""

import pytest

from tests.browser.chromium import NARROW, WIDE, OpenPage
from tests.journeys import steps
from tests.journeys.reading import reader
from tests.journeys.stage import TUYA, WANG, Stage

pytestmark = pytest.mark.browser


def test_a_sign_in_that_was_not_theirs_is_reported_and_ended_without_javascript(
    stage: Stage, open_page: OpenPage
) -> None:
    theirs = open_page(javascript=False)
    steps.sign_in(theirs, stage.housing, TUYA)
    page = open_page(javascript=False, width=NARROW)
    page.goto(stage.hub.issuer)
    page.click("#to_sign_in")
    steps.prove(page, TUYA)
    page.click("#to_uses")
    entry = page.locator("[data-use]", has_text="Signed in, on the way to Housing").first
    assert "in another browser" in entry.inner_text()

    entry.get_by_role("link").click()
    page.check("#sign_out_elsewhere")
    page.click("#report")

    assert steps.title(page) == "You reported this"
    assert "You said on" in steps.text(page, "#reported")
    page.click("#back")
    entry = page.locator("[data-use]", has_text="Signed in, on the way to Housing").first
    assert "Reported" in entry.inner_text()
    assert "in another browser" not in entry.inner_text()
    theirs.goto(stage.hub.issuer)
    assert theirs.is_visible("#to_sign_in")
    steps.signed_out_of(theirs, stage.housing)


def test_by_keyboard_alone(stage: Stage, open_page: OpenPage) -> None:
    page = open_page()
    page.goto(f"{stage.hub.issuer}/account/uses")
    steps.prove(page, TUYA)
    page.wait_for_selector("#uses")
    page.focus("#use_1")
    page.keyboard.press("Enter")
    page.wait_for_selector("#report")
    page.focus("#back")
    page.keyboard.press("Shift+Tab")
    assert page.evaluate("document.activeElement.id") == "report"
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Space")
    assert page.is_checked("#sign_out_elsewhere")
    page.keyboard.press("Tab")

    page.keyboard.press("Enter")

    page.wait_for_selector("#reported")
    assert "signed out everywhere else" in steps.text(page, "#reported")


@pytest.mark.parametrize(
    ("tag", "width", "scheme"),
    [
        ("en", NARROW, "light"),
        ("en", WIDE, "dark"),
        ("zh-CN", NARROW, "dark"),
        ("zh-CN", WIDE, "light"),
    ],
)
def test_every_page_of_it_is_accessible(
    stage: Stage, open_page: OpenPage, tag: str, width: int, scheme: str
) -> None:
    page = open_page(width=width, scheme=scheme, locale=tag)
    steps.sign_in(open_page(), stage.housing, WANG)
    reading = reader(page, tag)
    steps.sign_in(page, stage.housing, WANG)
    page.goto(f"{stage.hub.issuer}/account/uses")
    reading.look("uses")
    page.click("#use_2")
    page.wait_for_selector("#report")
    reading.look("use")
    page.click("#report")
    page.wait_for_selector("#reported")
    reading.look("use_reported")
    page.click("#end")
    page.wait_for_selector("#reported")
    page.goto(f"{stage.hub.issuer}/account/uses")
    reading.look("uses_reported")

    assert reading.found == []
