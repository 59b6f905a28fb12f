"""A person signs a device in: types its code, sees who asks, and allows it or not."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.browser.chromium import NARROW, WIDE, OpenPage, focus_order
from tests.journeys import steps
from tests.journeys.reading import reader
from tests.journeys.stage import RELUCTANT, TUYA, WANG, Stage

pytestmark = pytest.mark.browser

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"


class Kiosk:
    """A device without a keyboard."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        arguments = ("--public", "--grant-type", GRANT_TYPE, "--scope", "openid profile email")
        registered = stage.hub.add_client(*arguments, "--name-zh", "自助终端", name="Kiosk")
        self.client_id = registered["client_id"]

    def ask(self) -> dict[str, Any]:
        """Return the codes."""
        body: dict[str, Any] = self._post("/oauth2/device_authorization", scope="openid profile email")
        return body

    def poll(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Return what the token endpoint says."""
        return self._post("/oauth2/token", grant_type=GRANT_TYPE, device_code=asked["device_code"])

    def _post(self, path: str, **form: str) -> dict[str, Any]:
        whole = {"client_id": self.client_id, **form}
        answer = httpx.post(self.stage.hub.issuer + path, data=whole, trust_env=False, timeout=20)
        body: dict[str, Any] = answer.json()
        return body


@pytest.fixture(scope="session")
def kiosk(stage: Stage) -> Iterator[Kiosk]:
    """The device of a client of its own."""
    yield Kiosk(stage)


def test_a_code_typed_badly_is_read_well(stage: Stage, kiosk: Kiosk, open_page: OpenPage) -> None:
    """RFC 8628 6.1: small letters, a space for the hyphen, full width."""
    asked = kiosk.ask()
    page = open_page()
    page.goto(asked["verification_uri"])
    wide = "".join(chr(ord(letter) + 0xFEE0) for letter in asked["user_code"].replace("-", "").lower())
    page.fill("#user_code", f" {wide[:4]}　{wide[4:]} ")
    page.click("#continue")
    asked_for = steps.title(page)
    steps.prove(page, TUYA)
    page.wait_for_selector("#allow")

    page.click("#allow")

    page.wait_for_selector("#answered")
    assert asked_for == "Sign in to Kiosk"
    assert page.get_attribute("#answered", "data-answer") == "allowed"
    assert kiosk.poll(asked)["token_type"] == "Bearer"


def test_who_asks_is_said_before_anything_is_allowed(stage: Stage, kiosk: Kiosk, open_page: OpenPage) -> None:
    """RFC 8628 5.4: remote phishing."""
    asked = kiosk.ask()
    page = open_page()
    page.goto(asked["verification_uri_complete"])
    filled_in = page.input_value("#user_code")
    page.click("#continue")
    steps.prove(page, RELUCTANT)
    page.wait_for_selector("#allow")

    assert filled_in == asked["user_code"]
    assert steps.text(page, "#asking_service") == "Kiosk"
    assert "ago" in steps.text(page, "#asked_at")
    assert steps.text(page, "#asked_from") == "From the network that you are using now (127.0.0.1)"
    assert steps.text(page, "#software").startswith("python-httpx/")
    assert RELUCTANT.email not in page.inner_text("main")
    page.click("#deny")
    page.wait_for_selector("#answered")
    assert kiosk.poll(asked)["error"] == "access_denied"


def test_without_scripts_and_by_keyboard(stage: Stage, kiosk: Kiosk, open_page: OpenPage) -> None:
    asked = kiosk.ask()
    page = open_page(javascript=False)
    page.goto(asked["verification_uri"])
    page.keyboard.press("Tab")
    page.locator("#user_code").focus()
    page.keyboard.type(asked["user_code"])
    page.keyboard.press("Enter")
    page.locator("#login_name").focus()
    page.keyboard.type(TUYA.login_name)
    page.keyboard.press("Enter")
    page.locator("#password").focus()
    page.keyboard.type(TUYA.password)
    page.keyboard.press("Enter")
    page.wait_for_selector("#allow")
    page.locator("#allow").focus()
    page.keyboard.press("Enter")

    page.wait_for_selector("#answered")
    assert kiosk.poll(asked)["token_type"] == "Bearer"


def test_the_keyboard_reaches_the_answers_in_order(stage: Stage, kiosk: Kiosk, open_page: OpenPage) -> None:
    page = open_page()
    page.goto(kiosk.ask()["verification_uri_complete"])
    first = focus_order(page)
    page.click("#continue")
    steps.prove(page, TUYA)
    page.wait_for_selector("#allow")

    assert first[-2:] == ["user_code", "continue"]
    assert focus_order(page)[-2:] == ["allow", "deny"]


@pytest.mark.parametrize(
    ("tag", "width", "scheme"),
    [("en", NARROW, "light"), ("en", WIDE, "dark"), ("zh-CN", NARROW, "dark"), ("zh-CN", WIDE, "light")],
)
def test_every_page_of_a_device_is_accessible(
    stage: Stage, kiosk: Kiosk, open_page: OpenPage, tag: str, width: int, scheme: str
) -> None:
    asked, refused = kiosk.ask(), kiosk.ask()
    page = open_page(width=width, scheme=scheme, locale=tag)
    reading = reader(page, tag)
    page.goto(asked["verification_uri"])
    reading.look("device")
    page.click("#continue")
    page.wait_for_selector(".govuk-error-summary")
    reading.look("device_empty")
    page.fill("#user_code", "bcdf ghjk")
    page.click("#continue")
    page.wait_for_selector(".govuk-error-summary")
    reading.look("device_wrong")
    page.goto(asked["verification_uri_complete"])
    reading.look("device_complete")
    page.click("#continue")
    steps.prove(page, WANG)
    page.wait_for_selector("#allow")
    reading.look("answer")
    page.click("#allow")
    page.wait_for_selector("#answered")
    reading.look("answered_allowed")
    page.goto(refused["verification_uri_complete"])
    page.click("#continue")
    page.click("#deny")
    page.wait_for_selector("#answered")
    reading.look("answered_denied")

    assert reading.found == []


def test_a_code_that_was_answered_is_over(stage: Stage, kiosk: Kiosk, open_page: OpenPage) -> None:
    asked = kiosk.ask()
    page = open_page()
    page.goto(asked["verification_uri_complete"])
    page.click("#continue")
    steps.prove(page, TUYA)
    page.wait_for_selector("#allow")
    page.click("#allow")
    page.wait_for_selector("#answered")

    page.go_back()
    page.click("#allow") if page.is_visible("#allow") else None
    page.wait_for_selector("#error_code")
    over = steps.error_code(page)
    page.goto(asked["verification_uri_complete"])
    page.click("#continue")

    assert over == "expired_page"
    assert steps.problem(page).startswith("No device is waiting with this code")
