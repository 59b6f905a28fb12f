"""A service asks from elsewhere: the person sees it at the hub, compares the message, and answers."""

import json
from typing import Any

import httpx
import pytest

from tests.browser.chromium import NARROW, WIDE, OpenPage, focus_order
from tests.journeys import steps
from tests.journeys.reading import reader
from tests.journeys.stage import RELUCTANT, TUYA, WANG, Person, Stage

pytestmark = pytest.mark.browser

GRANT_TYPE = "urn:openid:params:grant-type:ciba"


class Counter:
    """A clerk's counter that asks the person in front of it."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        metadata = {
            "grant_types": [GRANT_TYPE],
            "response_types": [],
            "scope": "openid profile email",
            "backchannel_token_delivery_mode": "poll",
        }
        file = stage.hub.folder / "counter.json"
        file.write_text(json.dumps(metadata), encoding="utf-8")
        arguments = ("--metadata-file", str(file), "--name-zh", "服务窗口")
        self.client = stage.hub.add_client(*arguments, name="Counter")

    def ask(self, person: Person, message: str = "K7-42") -> dict[str, Any]:
        """Begin to wait for somebody."""
        asked = {"scope": "openid email", "login_hint": person.login_name, "binding_message": message}
        return self._post("/oauth2/bc-authorize", **asked)

    def poll(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Return what the token endpoint says."""
        return self._post("/oauth2/token", grant_type=GRANT_TYPE, auth_req_id=asked["auth_req_id"])

    def _post(self, path: str, **form: str) -> dict[str, Any]:
        credentials = (self.client["client_id"], self.client["client_secret"])
        address = self.stage.hub.issuer + path
        body: dict[str, Any] = httpx.post(address, data=form, auth=credentials, trust_env=False).json()
        return body


@pytest.fixture(scope="session")
def counter(stage: Stage) -> Counter:
    """The counter, registered once."""
    return Counter(stage)


def test_a_person_answers_from_the_first_page(stage: Stage, counter: Counter, open_page: OpenPage) -> None:
    page = open_page()
    page.goto(stage.hub.issuer)
    page.click("#to_sign_in")
    steps.prove(page, TUYA)
    page.wait_for_selector("#signed_in_as")
    before = page.locator("#to_approvals").count()
    asked = counter.ask(TUYA)
    page.reload()

    page.click("#to_approvals")
    listed = steps.text(page, "#approvals")
    page.click("#look_1")
    compared = steps.text(page, "#message")
    page.click("#allow")

    page.wait_for_selector("#answered")
    assert before == 0
    assert "Counter" in listed
    assert "K7-42" in listed
    assert compared == "K7-42"
    assert counter.poll(asked)["token_type"] == "Bearer"
    page.goto(stage.hub.issuer)
    assert "Counter" in steps.text(page, "#services")
    assert page.locator("#to_approvals").count() == 0


def test_who_is_not_signed_in_signs_in_and_sees_the_list(
    stage: Stage, counter: Counter, open_page: OpenPage
) -> None:
    asked = counter.ask(RELUCTANT)
    page = open_page(javascript=False)
    page.goto(f"{stage.hub.issuer}/approvals")
    steps.prove(page, RELUCTANT)
    page.wait_for_selector("#approvals")
    listed = page.locator("#approvals button").count()

    page.click("#look_1")
    page.click("#deny")

    page.wait_for_selector("#answered")
    assert listed == 1
    assert page.get_attribute("#answered", "data-answer") == "denied"
    assert counter.poll(asked)["error"] == "access_denied"


def test_the_keyboard_reaches_everything(stage: Stage, counter: Counter, open_page: OpenPage) -> None:
    asked = counter.ask(WANG)
    page = open_page()
    page.goto(f"{stage.hub.issuer}/approvals")
    steps.prove(page, WANG)
    page.wait_for_selector("#approvals")

    assert focus_order(page)[-2:] == ["look_1", "again"]
    page.locator("#look_1").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#deny")
    page.locator("#deny").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#answered")
    assert counter.poll(asked)["error"] == "access_denied"


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
    stage: Stage, counter: Counter, open_page: OpenPage, tag: str, width: int, scheme: str
) -> None:
    counter.ask(WANG)
    counter.ask(WANG, "A long message that says what it is about: 4,300.00 to the Housing Fund")
    page = open_page(width=width, scheme=scheme, locale=tag)
    reading = reader(page, tag)
    page.goto(f"{stage.hub.issuer}/approvals")
    steps.prove(page, WANG)
    page.wait_for_selector("#approvals")
    reading.look("approvals")
    page.goto(stage.hub.issuer)
    page.wait_for_selector("#to_approvals")
    reading.look("home_asked")
    page.click("#to_approvals")
    page.click("#look_1")
    page.wait_for_selector("#allow")
    reading.look("answer_called")
    page.click("#allow")
    page.wait_for_selector("#answered")
    reading.look("answered_called")
    page.goto(f"{stage.hub.issuer}/approvals")
    page.click("#look_1")
    page.click("#deny")
    page.wait_for_selector("#answered")
    page.goto(f"{stage.hub.issuer}/approvals")
    page.wait_for_selector("#again")
    reading.look("approvals_none")

    assert reading.found == []
