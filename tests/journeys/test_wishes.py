"""What an application may ask of the sign-in: to sign in anew, to choose an account, not to ask at all."""

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page

from tests.browser.chromium import OpenPage
from tests.journeys import steps
from tests.journeys.stage import DOUBLE, TUYA, TWOFOLD, WANG, Application, Stage

pytestmark = pytest.mark.browser


def answer(page: Page, application: Application, act: Callable[[], object]) -> dict[str, str]:
    """Do something that ends the journey; return the parameters that the application is given."""
    with page.expect_request(lambda request: request.url.startswith(f"{application.redirect_uri}?")) as sent:
        act()
    return {name: values[0] for name, values in parse_qs(urlsplit(sent.value.url).query).items()}


def test_prompt_login_asks_for_the_password_of_someone_signed_in(stage: Stage, open_page: OpenPage) -> None:
    page = open_page()
    steps.sign_in(page, stage.family, TUYA)

    page.goto(steps.request_address(stage, stage.family, prompt="login"))
    page.wait_for_selector("#login_name")
    assert "code" in answer(page, stage.family, lambda: steps.prove(page, TUYA))


def test_max_age_0_asks_for_the_password_too(stage: Stage, open_page: OpenPage) -> None:
    page = open_page()
    steps.sign_in(page, stage.family, TUYA)

    page.goto(steps.request_address(stage, stage.family, max_age="0"))

    assert steps.title(page) == "Sign in to Family register"


def test_prompt_consent_asks_again(stage: Stage, open_page: OpenPage) -> None:
    page = open_page()
    steps.sign_in(page, stage.housing, TUYA)

    page.goto(steps.request_address(stage, stage.housing, prompt="consent"))
    assert "code" in answer(page, stage.housing, lambda: page.click("#allow"))


def test_prompt_none_shows_no_page(stage: Stage, open_page: OpenPage) -> None:
    page = open_page()
    silently = steps.request_address(stage, stage.family, prompt="none")
    refused = answer(page, stage.family, lambda: page.goto(silently))
    steps.sign_in(page, stage.family, TUYA)

    granted = answer(page, stage.family, lambda: page.goto(silently))

    assert refused["error"] == "login_required"
    assert "code" in granted


def test_prompt_select_account_shows_who_is_signed_in(stage: Stage, open_page: OpenPage) -> None:
    page = open_page()
    steps.sign_in(page, stage.family, TUYA)
    page.goto(steps.request_address(stage, stage.family, prompt="select_account"))
    shown = steps.text(page, "main"), page.is_checked("#account_1")

    granted = answer(page, stage.family, lambda: page.click("#continue"))

    assert shown[0].startswith("Who do you want to be in Family register?")
    assert "You are signed in with this identity." in shown[0]
    assert shown[1]
    assert "code" in granted


def test_prompt_select_account_lets_another_person_sign_in(stage: Stage, open_page: OpenPage) -> None:
    page = open_page()
    steps.sign_in(page, stage.family, TUYA)
    page.goto(steps.request_address(stage, stage.family, prompt="select_account"))

    page.check("#use_another")
    page.click("#continue")
    page.wait_for_selector("#login_name")
    granted = answer(page, stage.family, lambda: steps.prove(page, WANG))

    assert "code" in granted
    page.goto(stage.hub.issuer)
    assert steps.text(page, "#signed_in_as") == WANG.name


def test_login_hint_fills_in_the_name(stage: Stage, open_page: OpenPage) -> None:
    page = open_page()

    page.goto(steps.request_address(stage, stage.family, login_hint="bolor@civil.example"))

    assert page.input_value("#login_name") == "bolor@civil.example"


def test_ui_locales_chooses_the_language_of_every_page(stage: Stage, open_page: OpenPage) -> None:
    page = open_page(locale="en-GB")
    page.goto(steps.request_address(stage, stage.housing, ui_locales="zh-CN", prompt="consent"))
    spoken = [page.get_attribute("html", "lang")]
    steps.give_name(page, WANG.login_name)
    page.wait_for_selector("#password")
    spoken.append(page.get_attribute("html", "lang"))
    steps.give_password(page, WANG.password)
    page.wait_for_selector("#allow")
    spoken.append(page.get_attribute("html", "lang"))

    assert spoken == ["zh-CN"] * 3
    assert steps.title(page) == "住房服务想了解您的以下信息"
    assert f"{WANG.name}（市民）" in steps.text(page, "main")


def test_form_post_arrives_by_itself(stage: Stage, open_page: OpenPage) -> None:
    page = open_page()
    page.goto(steps.request_address(stage, stage.family, response_mode="form_post"))

    with page.expect_request(lambda request: request.url == stage.family.redirect_uri) as sent:
        steps.prove(page, TUYA)

    assert sent.value.method == "POST"
    assert "code=" in (sent.value.post_data or "")


def linked(stage: Stage, open_page: OpenPage) -> None:
    """The clerk's account exists after the first sign-in; then an operator says that both are one person."""
    if len(stage.hub.json("person", "show", DOUBLE.login_name)[0].get("accounts", ())) > 1:
        return
    steps.sign_in(open_page(), stage.family, TWOFOLD)
    stage.hub.run("person", "link", DOUBLE.login_name, TWOFOLD.login_name, "--reason", "one human")


@pytest.mark.slapd
def test_a_person_with_two_accounts_chooses_and_changes(staff_stage: Stage, open_page: OpenPage) -> None:
    linked(staff_stage, open_page)
    page = open_page()

    steps.begin(page, staff_stage.family)
    steps.prove(page, DOUBLE)
    page.wait_for_selector("#account_2")
    offered = [steps.text(page, f"label[for=account_{number}]") for number in (1, 2)]
    page.get_by_label(TWOFOLD.name).check()
    page.click("#continue")
    steps.give_password(page, TWOFOLD.password)

    assert sorted(offered) == sorted([DOUBLE.name, TWOFOLD.name])
    assert steps.arrived(page, staff_stage.family) == TWOFOLD.name
    assert steps.text(page, "#person_persona") == "Staff"


@pytest.mark.slapd
def test_a_person_with_two_accounts_stays_who_they_signed_in_as(
    staff_stage: Stage, open_page: OpenPage
) -> None:
    linked(staff_stage, open_page)
    page = open_page()
    steps.begin(page, staff_stage.family)
    steps.prove(page, DOUBLE)

    page.click("#continue")

    assert steps.arrived(page, staff_stage.family) == DOUBLE.name
    assert steps.text(page, "#person_persona") == "Citizen"
