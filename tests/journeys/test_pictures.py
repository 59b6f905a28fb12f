"""The pictures of the documents, taken on the real hub:

SSO_SCREENSHOTS=docs/images .venv/bin/pytest tests/journeys/test_pictures.py
"""

import pytest

from tests.browser.chromium import OpenPage, screenshot
from tests.journeys import steps
from tests.journeys.stage import BOLOR, WANG, Stage

pytestmark = pytest.mark.browser

SIZE = {"width": 900, "height": 560}


def test_the_first_page(stage: Stage, open_page: OpenPage) -> None:
    page = open_page(**SIZE)
    steps.begin(page, stage.housing)
    page.wait_for_selector("#login_name")

    screenshot(page, "sign-in")

    assert steps.title(page) == "Sign in to Housing"


@pytest.mark.slapd
def test_the_password_of_a_clerk(staff_stage: Stage, open_page: OpenPage) -> None:
    page = open_page(**SIZE)
    steps.begin(page, staff_stage.housing)
    steps.give_name(page, BOLOR.login_name)
    page.wait_for_selector("#password")

    screenshot(page, "password")

    assert steps.title(page) == "Enter your password"


def test_consent_in_chinese_on_a_phone(stage: Stage, open_page: OpenPage) -> None:
    page = open_page(width=360, height=640, locale="zh-CN")
    page.goto(steps.request_address(stage, stage.housing, prompt="consent", scope="openid profile email"))
    steps.prove(page, WANG)
    page.wait_for_selector("#allow")

    screenshot(page, "consent-zh-CN")

    assert page.get_attribute("html", "lang") == "zh-CN"


def test_the_last_page(stage: Stage, open_page: OpenPage) -> None:
    page = open_page(**SIZE)
    steps.sign_in(page, stage.housing, WANG)
    steps.begin(page, stage.family)
    steps.arrived(page, stage.family)
    page.goto(f"{stage.hub.issuer}/sign-out")
    page.click("#sign_out")
    page.wait_for_selector("#services")

    screenshot(page, "signed-out")

    assert steps.title(page) == "You are signed out"
