"""What a person does at the browser, and what they see; every wait ends when the thing happens, or fails."""

import base64
import hashlib
import time
from collections.abc import Callable
from urllib.parse import urlencode

from playwright.sync_api import Page

from tests.journeys.stage import Application, Person, Stage

PATIENCE_SECONDS = 10.0
VERIFIER = "journey-" * 8
"""A PKCE verifier for requests that a test makes up: nobody redeems their codes."""


def begin(page: Page, application: Application) -> None:
    """Open an application and press its sign-in button."""
    page.goto(application.address)
    page.click("#department_sign_in")


def give_name(page: Page, login_name: str) -> None:
    """Fill in the first page of the hub and go on."""
    page.fill("#login_name", login_name)
    page.click("#continue")


def give_password(page: Page, password: str) -> None:
    """Fill in the second page of the hub and go on."""
    page.fill("#password", password)
    page.click("#sign_in")


def change_password(page: Page, old: str, new: str) -> None:
    """Fill in the page for a new password and go on."""
    page.fill("#password", old)
    page.fill("#new_password", new)
    page.fill("#new_password_again", new)
    page.click("#change_password")


def prove(page: Page, person: Person) -> None:
    """Sign in at the hub: name, then password."""
    give_name(page, person.login_name)
    give_password(page, person.password)


def sign_in(page: Page, application: Application, person: Person) -> None:
    """Sign in to an application, with consent where the page asks for it, and arrive."""
    begin(page, application)
    prove(page, person)
    page.wait_for_selector("#allow, #person_name")
    if page.is_visible("#allow"):
        page.click("#allow")
    arrived(page, application)


def arrived(page: Page, application: Application) -> str:
    """Wait until the application says who is signed in; return the name it shows."""
    page.wait_for_url(f"{application.address}/")
    return text(page, "#person_name")


def sign_out_of(page: Page, application: Application) -> None:
    """Press the application's sign-out button; the hub knows who asks and takes the person back."""
    page.goto(application.address)
    page.click("#department_sign_out")
    page.wait_for_url(f"{application.address}/signed-out*")


def text(page: Page, selector: str) -> str:
    """Return the visible text of an element, spaces collapsed."""
    return " ".join(page.locator(selector).inner_text().split())


def title(page: Page) -> str:
    """Return the heading of a page of the hub or of an application."""
    return text(page, "h1")


def problem(page: Page) -> str:
    """Return what the error summary of a page of the hub says."""
    return text(page, ".govuk-error-summary__body")


def error_code(page: Page) -> str:
    """Return the code for the help desk, of the hub's or of an application's error page."""
    return text(page, "#error_code")


def shows(page: Page, address: str, selector: str) -> bool:
    """Open an address; tell whether it shows an element."""
    page.goto(address)
    return page.is_visible(selector)


def until(condition: Callable[[], bool], what: str, seconds: float = PATIENCE_SECONDS) -> None:
    """Wait for something outside this browser: ask again and again, for a bounded time."""
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, f"{what}: not within {seconds} s"
        time.sleep(0.1)


def signed_out_of(page: Page, application: Application) -> None:
    """Wait until the application has heard that the session is over."""
    until(
        lambda: shows(page, application.address, "#department_sign_in"), f"{application.name} is signed out"
    )


def request_address(stage: Stage, application: Application, **parameters: str) -> str:
    """Return an authorization request as this application might send it, with other parameters."""
    challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
    asked = {
        "client_id": application.client_id,
        "response_type": "code",
        "redirect_uri": application.redirect_uri,
        "scope": "openid profile",
        "state": "made-up",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        **parameters,
    }
    return f"{stage.hub.issuer}/oauth2/authorize?{urlencode(asked)}"
