"""Tabs, the back button, reloads and old pages: whatever a person does, the journey ends well."""

import pytest
from playwright.sync_api import Page

from tests.browser.chromium import OpenPage
from tests.journeys import steps
from tests.journeys.stage import RELUCTANT, TUYA, Stage

pytestmark = pytest.mark.browser


def at_password(page: Page, stage: Stage) -> None:
    """Go to the password page on the way to the trusted application."""
    steps.begin(page, stage.family)
    steps.give_name(page, TUYA.login_name)
    page.wait_for_selector("#password")


def test_a_page_opened_in_another_browser_has_expired(stage: Stage, open_page: OpenPage) -> None:
    page, elsewhere = open_page(), open_page()
    steps.begin(page, stage.housing)
    page.wait_for_selector("#login_name")

    answer = elsewhere.goto(page.url)

    assert answer is not None
    assert answer.status == 400
    assert steps.error_code(elsewhere) == "expired_page"
    assert steps.title(elsewhere) == "This page has expired."
    assert steps.text(elsewhere, "#reference")


def test_a_finished_journey_has_expired_at_its_old_address(stage: Stage, open_page: OpenPage) -> None:
    page = open_page()
    steps.begin(page, stage.family)
    page.wait_for_selector("#login_name")
    old = page.url
    steps.prove(page, TUYA)
    steps.arrived(page, stage.family)

    page.goto(old)

    assert steps.error_code(page) == "expired_page"


def test_a_form_whose_journey_is_over_has_expired(stage: Stage, open_page: OpenPage) -> None:
    page = open_page()
    at_password(page, stage)
    other = page.context.new_page()
    other.goto(page.url)
    steps.give_password(other, TUYA.password)
    steps.arrived(other, stage.family)

    steps.give_password(page, TUYA.password)

    page.wait_for_selector("#error_code")
    assert steps.error_code(page) == "expired_page"


def test_a_person_whose_cookies_were_cleared_is_told_that_the_page_has_expired(
    stage: Stage, open_page: OpenPage
) -> None:
    page = open_page()
    at_password(page, stage)
    page.context.clear_cookies()

    steps.give_password(page, TUYA.password)

    page.wait_for_selector("#error_code")
    assert steps.error_code(page) == "expired_page"


def test_two_tabs_sign_in_at_once(stage: Stage, open_page: OpenPage) -> None:
    first = open_page()
    second = first.context.new_page()
    steps.begin(first, stage.family)
    steps.begin(second, stage.housing)
    for tab in (first, second):
        tab.wait_for_selector("#login_name")

    steps.prove(first, TUYA)
    arrived_first = steps.arrived(first, stage.family)
    steps.prove(second, TUYA)
    second.wait_for_selector("#allow, #person_name")
    if second.is_visible("#allow"):
        second.click("#allow")

    assert arrived_first == steps.arrived(second, stage.housing) == TUYA.name
    assert steps.shows(first, stage.family.address, "#person_name")


def test_two_tabs_of_one_application_sign_in_at_once(stage: Stage, open_page: OpenPage) -> None:
    first = open_page()
    second = first.context.new_page()
    steps.begin(first, stage.family)
    steps.begin(second, stage.family)
    for tab in (second, first):
        tab.wait_for_selector("#login_name")

    steps.prove(second, TUYA)
    steps.arrived(second, stage.family)
    steps.prove(first, TUYA)

    assert steps.arrived(first, stage.family) == TUYA.name


def test_a_tab_left_at_the_first_page_goes_on_when_another_signed_in(
    stage: Stage, open_page: OpenPage
) -> None:
    waiting = open_page()
    steps.begin(waiting, stage.housing)
    waiting.wait_for_selector("#login_name")
    other = waiting.context.new_page()
    steps.sign_in(other, stage.family, TUYA)

    steps.prove(waiting, TUYA)
    waiting.wait_for_selector("#allow, #person_name")
    if waiting.is_visible("#allow"):
        waiting.click("#allow")

    assert steps.arrived(waiting, stage.housing) == TUYA.name
    assert steps.shows(other, stage.family.address, "#person_name")


def test_another_person_who_signs_in_ends_the_session_of_the_first(stage: Stage, open_page: OpenPage) -> None:
    page = open_page()
    steps.sign_in(page, stage.family, TUYA)

    page.goto(f"{stage.hub.issuer}/sign-in")
    steps.prove(page, RELUCTANT)
    page.wait_for_selector("#signed_in_as")

    assert steps.text(page, "#signed_in_as") == RELUCTANT.name
    steps.signed_out_of(page, stage.family)


def test_the_back_button_after_sign_in_ends_well(stage: Stage, open_page: OpenPage) -> None:
    page = open_page()
    at_password(page, stage)
    steps.give_password(page, TUYA.password)
    steps.arrived(page, stage.family)

    page.go_back()

    assert steps.error_code(page) == "expired_page"
    assert "Go back to the service" in steps.text(page, "#advice")
    assert steps.shows(page, stage.family.address, "#person_name")


def test_the_back_button_from_the_password_leads_to_the_name(stage: Stage, open_page: OpenPage) -> None:
    page = open_page()
    at_password(page, stage)

    page.go_back()
    page.wait_for_selector("#login_name")
    steps.prove(page, TUYA)

    assert steps.arrived(page, stage.family) == TUYA.name


def test_a_reload_of_the_password_page_asks_for_the_password_again(stage: Stage, open_page: OpenPage) -> None:
    page = open_page()
    at_password(page, stage)

    page.reload()
    page.wait_for_selector("#password")
    steps.give_password(page, TUYA.password)

    assert steps.arrived(page, stage.family) == TUYA.name


def test_the_address_of_the_password_page_keeps_the_name(stage: Stage, open_page: OpenPage) -> None:
    page = open_page()
    at_password(page, stage)
    steps.give_password(page, "not the password at all")
    page.wait_for_selector(".govuk-error-summary")

    page.goto(page.url)
    page.wait_for_selector("#password")

    assert steps.text(page, "#shown_name") == TUYA.login_name
    assert page.locator(".govuk-error-summary").count() == 0


def test_the_password_page_without_a_name_asks_for_it(stage: Stage, open_page: OpenPage) -> None:
    page = open_page()
    steps.begin(page, stage.family)
    page.wait_for_selector("#login_name")

    page.goto(f"{page.url}/password")

    assert page.is_visible("#login_name")


def test_a_name_that_was_put_into_the_cookie_is_not_taken(stage: Stage, open_page: OpenPage) -> None:
    page = open_page()
    at_password(page, stage)
    kept = next(cookie for cookie in page.context.cookies(page.url) if cookie["name"] == "sso-name")
    page.context.add_cookies([{**kept, "value": kept["value"].partition(".")[0] + ".bmFyYW4="}])

    page.reload()

    assert page.is_visible("#login_name")


def test_a_form_without_its_token_is_refused(stage: Stage, open_page: OpenPage) -> None:
    page = open_page()
    steps.begin(page, stage.family)
    page.wait_for_selector("#login_name")
    page.eval_on_selector("input[name=csrf_token]", "field => field.value = 'made up'")

    steps.give_name(page, TUYA.login_name)

    page.wait_for_selector("#error_code")
    assert steps.error_code(page) == "form_expired"


def test_an_unknown_application_is_named_by_no_redirect(stage: Stage, open_page: OpenPage) -> None:
    page = open_page()

    page.goto(steps.request_address(stage, stage.family, client_id="nobody"))

    assert page.url.startswith(stage.hub.issuer)
    assert steps.error_code(page) == "unknown_client"


def test_an_address_that_is_not_registered_is_never_gone_to(stage: Stage, open_page: OpenPage) -> None:
    page = open_page()

    page.goto(steps.request_address(stage, stage.family, redirect_uri="http://127.0.0.1:9/elsewhere"))

    assert page.url.startswith(stage.hub.issuer)
    assert steps.error_code(page) == "invalid_redirect_uri"


def test_a_page_that_is_not_there_says_so(stage: Stage, open_page: OpenPage) -> None:
    page = open_page()

    page.goto(f"{stage.hub.issuer}/no-such-page")

    assert steps.error_code(page) == "not_found"
