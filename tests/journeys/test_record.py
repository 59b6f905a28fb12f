"""What the journeys leave behind: every step in the audit log, no password and no token anywhere."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, Request

from tests.browser.chromium import OpenPage
from tests.journeys import steps
from tests.journeys.stage import BOLOR, EXPIRED, LOCKED, RELUCTANT, TUYA, Stage

pytestmark = pytest.mark.browser

WRONG = "a wrong password typed in the journey"
TOKEN = re.compile(rb"eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.")
"""The beginning of any signed JWT: an access token, an ID token or a logout token."""


@dataclass(frozen=True, slots=True)
class Trail:
    """What a journey left: the session's events, newest first, and the secrets that the browser held."""

    events: Sequence[dict[str, object]]
    secrets: Sequence[str]

    @property
    def codes(self) -> list[str]:
        """Event codes, oldest first."""
        return [str(event["event"]) for event in reversed(self.events)]


@pytest.fixture(scope="module")
def since(stage: Stage) -> str:
    """Return the moment at which this file begins: other files play on the same stage."""
    newest = stage.hub.audit("--limit", "1")
    return str(newest[0]["occurred_at"])


@pytest.fixture
def trail(stage: Stage, open_page: OpenPage, since: str) -> Iterator[Trail]:
    """A citizen signs in to one application, opens the other, signs out at the hub."""
    page = open_page()
    codes: list[str] = []
    page.on("request", lambda request: codes.extend(_code(request)))
    steps.begin(page, stage.housing)
    steps.give_name(page, TUYA.login_name)
    steps.give_password(page, WRONG)
    page.wait_for_selector(".govuk-error-summary")
    steps.give_password(page, TUYA.password)
    page.wait_for_selector("#allow, #person_name")
    if page.is_visible("#allow"):
        page.click("#allow")
    steps.arrived(page, stage.housing)
    steps.begin(page, stage.family)
    steps.arrived(page, stage.family)
    cookies = _cookies(page, stage)
    session_id = page.locator("tr:has(th:text-is('sid')) td").inner_text()
    steps.sign_out_of(page, stage.family)
    steps.signed_out_of(page, stage.housing)

    events = stage.hub.audit("--session", session_id, "--since", since)

    assert len(codes) == 2
    yield Trail(events, [*codes, *cookies])


def _code(request: Request) -> list[str]:
    return parse_qs(urlsplit(request.url).query).get("code", [])


def _cookies(page: Page, stage: Stage) -> list[str]:
    """The hub's secrets in the browser: whoever has the session cookie is the person."""
    found = [c["value"] for c in page.context.cookies(stage.hub.issuer) if c["name"].startswith("sso-")]
    return [value for value in found if len(value) > 20]


def test_each_step_is_on_record_in_its_order(stage: Stage, trail: Trail) -> None:
    of_housing = [e["event"] for e in reversed(trail.events) if e.get("client_id") == stage.housing.client_id]
    of_family = [e["event"] for e in reversed(trail.events) if e.get("client_id") == stage.family.client_id]

    assert {"session.created", "session.ended.user"} <= set(trail.codes)
    assert [e for e in of_housing if e != "consent.granted"] == [
        "auth.login.success",
        "code.issued",
        "token.issued",
        "userinfo.accessed",
        "logout.propagated",
    ]
    assert set(of_family[:2]) == {"session.sso_reused", "code.issued"}  # one transaction, one moment
    assert of_family[2:] == ["token.issued", "userinfo.accessed", "logout.propagated"]


def test_every_record_says_whose_it_is_and_from_where(trail: Trail) -> None:
    by_browser = [e for e in trail.events if e["event"] in {"auth.login.success", "code.issued"}]

    assert {e["account_id"] for e in trail.events} == {trail.events[0]["account_id"]}
    assert {e["address"] for e in by_browser} == {"127.0.0.1"}
    assert all("Chrome" in str(e["user_agent"]) for e in by_browser)


def test_no_secret_of_the_journey_is_in_the_log_or_the_database(stage: Stage, trail: Trail) -> None:
    folder = stage.hub.folder
    kept = {file.name: file.read_bytes() for file in folder.iterdir() if file.name.startswith("hub.")}
    secrets = [*trail.secrets, WRONG, TUYA.password, stage.housing.client_secret]

    assert {"hub.db", "hub.log"} <= set(kept)
    assert [
        (name, secret) for name, text in kept.items() for secret in secrets if secret.encode() in text
    ] == []
    assert [name for name, text in kept.items() if TOKEN.search(text)] == []


def test_a_denied_consent_is_on_record(stage: Stage, open_page: OpenPage, since: str) -> None:
    page = open_page()
    steps.begin(page, stage.housing)
    steps.prove(page, RELUCTANT)
    page.click("#deny")
    page.wait_for_selector("#error_code")

    found = stage.hub.audit("--event", "consent.denied", "--account", RELUCTANT.login_name, "--since", since)

    assert found[0]["client_id"] == stage.housing.client_id
    assert not stage.hub.audit("--event", "code.issued", "--account", RELUCTANT.login_name)


def test_an_unknown_name_is_on_record_without_the_name(stage: Stage, open_page: OpenPage, since: str) -> None:
    name = "secretly-typed-password"
    page = open_page()
    steps.begin(page, stage.housing)
    steps.give_name(page, name)
    steps.give_password(page, WRONG)
    page.wait_for_selector(".govuk-error-summary")

    found = stage.hub.audit("--event", "auth.login.failure", "--since", since, "--limit", "1")[0]

    assert found["detail"]["status_code"] == "UNKNOWN_USER"
    assert name not in str(found)


def test_a_password_typed_as_a_name_and_taken_back_stands_nowhere(stage: Stage, open_page: OpenPage) -> None:
    typed = "a password in the wrong field"
    before = stage.hub.audit("--event", "auth.login.failure")
    page = open_page()
    steps.begin(page, stage.housing)
    steps.give_name(page, typed)
    page.wait_for_selector("#password")

    page.click("#change")
    steps.prove(page, TUYA)
    page.wait_for_selector("#allow, #person_name")

    kept = [file.read_bytes() for file in stage.hub.folder.iterdir() if file.name.startswith("hub")]
    assert stage.hub.audit("--event", "auth.login.failure") == before
    assert not [content for content in kept if typed.encode() in content]


def test_the_reference_number_of_an_error_page_finds_its_record(stage: Stage, open_page: OpenPage) -> None:
    page = open_page()
    page.goto(steps.request_address(stage, stage.housing, redirect_uri="http://127.0.0.1:9/elsewhere"))

    found = stage.hub.audit("--request-id", steps.text(page, "#reference"))

    assert [record["event"] for record in found] == ["authz.request.rejected"]


@pytest.mark.slapd
def test_each_reason_of_a_clerks_failure_is_on_record(
    staff_stage: Stage, open_page: OpenPage, since: str
) -> None:
    hub = staff_stage.hub
    tried = [(BOLOR, WRONG), (EXPIRED, EXPIRED.password), (LOCKED, LOCKED.password)]

    for person, password in tried:
        page = open_page()
        steps.begin(page, staff_stage.family)
        steps.give_name(page, person.login_name)
        steps.give_password(page, password)
        page.wait_for_selector(".govuk-error-summary, #new_password")

    found = hub.audit("--event", "auth.login.failure", "--since", since, "--limit", "3")
    assert [record["detail"]["status_code"] for record in reversed(found)] == [
        "BAD_CREDENTIAL",
        "PASSWORD_EXPIRED",
        "ACCOUNT_LOCKED",
    ]
    assert {record["detail"]["directory_id"] for record in found} == {"civil-affairs"}
