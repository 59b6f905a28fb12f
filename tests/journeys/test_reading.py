"""Every page of a journey for every reader: two languages, narrow, dark, by keyboard, without scripts."""

from collections.abc import Sequence

import pytest
from playwright.sync_api import Page

from tests.browser.chromium import NARROW, WIDE, OpenPage
from tests.journeys import steps
from tests.journeys.reading import reader
from tests.journeys.stage import BOLOR, TUYA, WANG, Stage

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    ("tag", "width", "scheme"),
    [
        ("en", NARROW, "light"),
        ("en", WIDE, "dark"),
        ("zh-CN", NARROW, "dark"),
        ("zh-CN", WIDE, "light"),
    ],
)
def test_every_page_of_a_citizen_is_accessible(
    stage: Stage, open_page: OpenPage, tag: str, width: int, scheme: str
) -> None:
    page = open_page(width=width, scheme=scheme, locale=tag)
    reading = reader(page, tag)
    page.goto(stage.housing.address)
    reading.look("application")
    page.goto(steps.request_address(stage, stage.housing, prompt="consent", scope="openid profile email"))
    reading.look("name")
    page.click("#continue")
    page.wait_for_selector(".govuk-error-summary")
    reading.look("name_empty")
    steps.give_name(page, WANG.login_name)
    page.wait_for_selector("#password")
    reading.look("password")
    steps.give_password(page, "not the password at all")
    page.wait_for_selector(".govuk-error-summary")
    reading.look("password_wrong")
    steps.give_password(page, WANG.password)
    page.wait_for_selector("#allow")
    reading.look("consent")
    page.click("#allow")
    page.wait_for_selector("#error_code")
    reading.look("application_error")
    steps.begin(page, stage.family)
    page.wait_for_selector("#person_name")
    reading.look("application_signed_in")
    page.goto(stage.hub.issuer)
    reading.look("home")
    page.goto(steps.request_address(stage, stage.family, prompt="select_account"))
    reading.look("account")
    page.goto(f"{stage.hub.issuer}/sign-out")
    reading.look("sign_out")
    page.click("#sign_out")
    page.wait_for_selector("#sign_in_again")
    reading.look("signed_out")
    page.goto(stage.hub.issuer)
    reading.look("home_signed_out")
    page.goto(f"{stage.hub.issuer}/sign-in/over")
    reading.look("error")

    assert reading.found == []


@pytest.mark.slapd
@pytest.mark.parametrize(("tag", "width"), [("en", WIDE), ("zh-CN", NARROW)])
def test_every_page_of_a_clerk_is_accessible(
    staff_stage: Stage, open_page: OpenPage, tag: str, width: int
) -> None:
    page = open_page(width=width, locale=tag)
    reading = reader(page, tag)
    steps.begin(page, staff_stage.family)
    steps.give_name(page, BOLOR.login_name)
    page.wait_for_selector("#password")
    reading.look("password_staff")
    staff_stage.directory.stop()
    try:
        steps.give_password(page, BOLOR.password)
        page.wait_for_selector(".govuk-error-summary")
    finally:
        staff_stage.directory.start()
    reading.look("password_unavailable")
    steps.until(lambda: signed_in(page), "the clerk signs in", 20)
    reading.look("application_staff")
    page.goto(staff_stage.hub.issuer)
    reading.look("home_staff")

    assert reading.found == []


def signed_in(page: Page) -> bool:
    """Try the clerk's password once more."""
    steps.give_password(page, BOLOR.password)
    page.wait_for_selector("#person_name, .govuk-error-summary")
    return page.is_visible("#person_name")


def test_the_language_links_keep_the_place_in_the_journey(stage: Stage, open_page: OpenPage) -> None:
    page = open_page(locale="en-GB")
    steps.begin(page, stage.housing)
    seen = []

    for go_on in (
        lambda: None,
        lambda: steps.give_name(page, TUYA.login_name),
        lambda: steps.give_password(page, "not the password at all"),
    ):
        go_on()
        page.wait_for_load_state()
        before = (page.get_attribute("html", "lang"), page.locator("#login_name, #password").count())
        other = "简体中文" if before[0] == "en" else "English"
        page.get_by_role("link", name=other).click()
        page.wait_for_selector("#login_name, #password")
        seen.append((before[0], page.get_attribute("html", "lang"), steps.title(page)))

    assert seen == [
        ("en", "zh-CN", "登录住房服务"),
        ("zh-CN", "en", "Enter your password"),
        ("en", "zh-CN", "请输入密码"),
    ]


def test_the_language_is_kept_for_the_next_day(stage: Stage, open_page: OpenPage) -> None:
    page = open_page(locale="en-GB")
    page.goto(stage.hub.issuer)
    page.get_by_role("link", name="简体中文").click()

    steps.begin(page, stage.family)
    page.wait_for_selector("#login_name")

    assert page.get_attribute("html", "lang") == "zh-CN"


def test_sign_in_and_consent_by_keyboard_alone(stage: Stage, open_page: OpenPage) -> None:
    page = open_page()
    page.goto(steps.request_address(stage, stage.housing, prompt="consent"))
    keys(page, "login_name", TUYA.login_name, "Enter")
    page.wait_for_selector("#password")
    keys(page, "password", TUYA.password, "Enter")
    page.wait_for_selector("#allow")

    with page.expect_request(lambda request: request.url.startswith(stage.housing.redirect_uri)) as sent:
        keys(page, "allow", "", "Enter")

    assert "code=" in sent.value.url


def keys(page: Page, target: str, typed: str, last: str) -> None:
    """Press Tab until the element has the focus, type, press one more key."""
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == target:
            page.keyboard.type(typed)
            page.keyboard.press(last)
            return
    raise AssertionError(f"the Tab key does not reach {target}")


@pytest.mark.parametrize("tag", ["en", "zh-CN"])
def test_the_whole_journey_without_scripts(stage: Stage, open_page: OpenPage, tag: str) -> None:
    page = open_page(javascript=False, width=NARROW, locale=tag)
    steps.sign_in(page, stage.housing, TUYA)
    steps.begin(page, stage.family)
    steps.arrived(page, stage.family)

    page.goto(f"{stage.hub.issuer}/sign-out")
    page.click("#sign_out")
    page.wait_for_selector("#sign_in_again")

    assert statuses(page) == ["confirmed", "confirmed"]


def statuses(page: Page) -> Sequence[str | None]:
    """Return what the last page says of each service."""
    return [line.get_attribute("data-status") for line in page.locator("#services dd").all()]
