"""A citizen signs in once, reaches two departments, and signs out of both."""

import pytest

from tests.browser.chromium import OpenPage
from tests.journeys import steps
from tests.journeys.stage import RELUCTANT, TUYA, WANG, Stage

pytestmark = pytest.mark.browser


def test_a_citizen_consents_and_arrives(stage: Stage, open_page: OpenPage) -> None:
    page = open_page()
    steps.begin(page, stage.housing)
    steps.prove(page, WANG)
    page.wait_for_selector("#allow")
    asked = steps.title(page)

    page.click("#allow")

    assert asked == "Housing wants to know this about you"
    assert steps.arrived(page, stage.housing) == WANG.name
    assert steps.text(page, "#person_email") == WANG.email
    assert steps.text(page, "#person_persona") == "Citizen"


def test_consent_is_asked_once(stage: Stage, open_page: OpenPage) -> None:
    steps.sign_in(open_page(), stage.housing, TUYA)
    page = open_page()

    steps.begin(page, stage.housing)
    steps.prove(page, TUYA)

    assert steps.arrived(page, stage.housing) == TUYA.name


def test_the_second_application_needs_no_password(stage: Stage, open_page: OpenPage) -> None:
    page = open_page()
    steps.sign_in(page, stage.housing, TUYA)
    visited: list[str] = []
    page.on("framenavigated", lambda frame: visited.append(frame.url))

    steps.begin(page, stage.family)

    assert steps.arrived(page, stage.family) == TUYA.name
    assert not [url for url in visited if "/sign-in/" in url or "/consent/" in url]


def test_two_departments_know_a_citizen_under_two_numbers(stage: Stage, open_page: OpenPage) -> None:
    page = open_page()
    steps.sign_in(page, stage.housing, TUYA)
    first = steps.text(page, "#person_sub")
    steps.begin(page, stage.family)
    steps.arrived(page, stage.family)

    assert steps.text(page, "#person_sub") != first


def test_signing_out_of_one_application_signs_out_of_both(stage: Stage, open_page: OpenPage) -> None:
    page = open_page()
    steps.sign_in(page, stage.housing, TUYA)
    steps.begin(page, stage.family)
    steps.arrived(page, stage.family)

    steps.sign_out_of(page, stage.housing)

    assert steps.title(page) == "You are signed out"
    steps.signed_out_of(page, stage.family)
    steps.signed_out_of(page, stage.housing)
    assert steps.shows(page, stage.hub.issuer, "#to_sign_in")


def test_signing_out_at_the_hub_tells_which_services_were_told(stage: Stage, open_page: OpenPage) -> None:
    page = open_page()
    steps.sign_in(page, stage.housing, TUYA)
    steps.begin(page, stage.family)
    steps.arrived(page, stage.family)

    page.goto(f"{stage.hub.issuer}/sign-out")
    announced = page.locator("#services li").all_inner_texts()
    page.click("#sign_out")
    page.wait_for_selector("#sign_in_again")

    told = page.locator("#services dd").all()
    assert sorted(announced) == ["Family register", "Housing"]
    assert sorted(page.locator("#services dt").all_inner_texts()) == ["Family register", "Housing"]
    assert [line.get_attribute("data-status") for line in told] == ["confirmed", "confirmed"]
    assert {line.inner_text() for line in told} == {"was told and has confirmed"}
    assert steps.shows(page, stage.housing.address, "#department_sign_in")
    assert steps.shows(page, stage.family.address, "#department_sign_in")


def test_after_signing_out_the_password_is_asked_again(stage: Stage, open_page: OpenPage) -> None:
    page = open_page()
    steps.sign_in(page, stage.housing, TUYA)
    steps.sign_out_of(page, stage.housing)

    steps.begin(page, stage.housing)

    assert steps.title(page) == "Sign in to Housing"


def test_staying_signed_in_changes_nothing(stage: Stage, open_page: OpenPage) -> None:
    page = open_page()
    steps.sign_in(page, stage.family, TUYA)

    page.goto(f"{stage.hub.issuer}/sign-out")
    page.click("#stay")

    assert steps.text(page, "#signed_in_as") == TUYA.name
    assert steps.shows(page, stage.family.address, "#person_name")


def test_the_first_page_of_the_hub_shows_where_one_is_signed_in(stage: Stage, open_page: OpenPage) -> None:
    page = open_page()
    page.goto(stage.hub.issuer)
    page.click("#to_sign_in")
    steps.prove(page, TUYA)
    page.wait_for_selector("#signed_in_as")
    alone = page.locator("#services").count()

    steps.begin(page, stage.family)
    steps.arrived(page, stage.family)
    page.goto(stage.hub.issuer)

    assert alone == 0
    assert steps.text(page, "#services") == "Family register"
    assert page.get_attribute("#services a", "href") == stage.family.address


def test_who_denies_consent_is_told_so_by_the_application(stage: Stage, open_page: OpenPage) -> None:
    page = open_page()
    steps.begin(page, stage.housing)
    steps.prove(page, RELUCTANT)

    page.click("#deny")
    page.wait_for_url(f"{stage.housing.address}/callback?*")

    assert steps.error_code(page) == "access_denied"
    assert steps.shows(page, stage.housing.address, "#department_sign_in")


def test_who_turns_back_at_the_name_is_not_signed_in(stage: Stage, open_page: OpenPage) -> None:
    page = open_page()
    steps.begin(page, stage.housing)

    page.click("#cancel")
    page.wait_for_url(f"{stage.housing.address}/callback?*")

    assert steps.error_code(page) == "access_denied"
    page.click("#start_again")
    page.wait_for_selector("#department_sign_in")


def test_who_turns_back_at_the_password_is_not_signed_in(stage: Stage, open_page: OpenPage) -> None:
    page = open_page()
    steps.begin(page, stage.family)
    steps.give_name(page, TUYA.login_name)

    page.click("#cancel")
    page.wait_for_url(f"{stage.family.address}/callback?*")

    assert steps.error_code(page) == "access_denied"
    assert steps.shows(page, stage.hub.issuer, "#to_sign_in")


def test_a_wrong_password_and_an_unknown_name_look_alike(stage: Stage, open_page: OpenPage) -> None:
    page = open_page()
    seen = []
    for login_name in (RELUCTANT.login_name, "nobody"):
        steps.begin(page, stage.housing)
        steps.give_name(page, login_name)
        steps.give_password(page, "not the password at all")
        page.wait_for_selector(".govuk-error-summary")
        seen.append(steps.text(page, "main").replace(login_name, "NAME"))

    assert steps.problem(page).startswith("The sign-in name or the password is not right")
    assert page.title().startswith("Error: ")
    assert page.input_value("#password") == ""
    assert seen[0] == seen[1]


def test_after_a_wrong_password_the_right_one_signs_in(stage: Stage, open_page: OpenPage) -> None:
    page = open_page()
    steps.begin(page, stage.family)
    steps.give_name(page, TUYA.login_name)
    steps.give_password(page, "not the password at all")
    page.wait_for_selector(".govuk-error-summary")

    steps.give_password(page, TUYA.password)

    assert steps.arrived(page, stage.family) == TUYA.name


def test_another_name_can_be_used(stage: Stage, open_page: OpenPage) -> None:
    page = open_page()
    steps.begin(page, stage.family)
    steps.give_name(page, RELUCTANT.login_name)

    page.click("#change")
    page.wait_for_selector("#login_name")
    steps.prove(page, TUYA)

    assert steps.arrived(page, stage.family) == TUYA.name
