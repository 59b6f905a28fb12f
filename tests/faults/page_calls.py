"""What people do on pages that the hub records: each function leads there and returns the one request."""

from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import urlencode, urlsplit

from sso.audit.record import Origin
from sso.authentication.linking import PROOF, Decision, link
from tests.faults.stage import (
    FAMILY,
    HOUSING,
    PASSWORD,
    Call,
    Place,
    authorization,
    opened,
    pressed,
    went,
)
from tests.relying_parties.visitor import Page
from tests.upstream.stage import Browser
from tests.upstream.test_tying import Citizen

Lead = Callable[[Place], Call]

CALLBACK = "/sign-in/upstream/national/callback"
NEW_PASSWORD = "ten green yaks on the steppe"


def sign_in_page(place: Place, name: str, path: str = "/sign-in") -> tuple[Browser, Page]:
    """A new browser at the page that asks for the password of a name."""
    browser = place.stage.browser()
    return browser, went(browser, opened(browser, path), "continue", login_name=name)


def authorize(place: Place) -> Call:
    return Call(place.citizen().browser.client, "GET", authorization(FAMILY))


def begin(place: Place) -> Call:
    return Call(place.stage.browser().client, "GET", authorization(HOUSING))


def refused_request(place: Place) -> Call:
    return Call(place.stage.browser().client, "GET", authorization(HOUSING, scope="openid moon"))


def resume(place: Place) -> Call:
    citizen = place.citizen()
    page = opened(citizen.browser, authorization(FAMILY, prompt="login"))
    pending_id = urlsplit(page.url).path.split("/")[2]
    citizen.signed_in()
    return Call(citizen.browser.client, "GET", f"/oauth2/authorize/{pending_id}")


def consent(decision: str) -> Lead:
    def lead(place: Place) -> Call:
        browser = place.citizen().browser
        return pressed(browser, opened(browser, authorization(HOUSING)), decision)

    return lead


def cancel(place: Place) -> Call:
    browser = place.stage.browser()
    return pressed(browser, opened(browser, authorization(HOUSING)), "cancel")


def password(typed: str, status: int = 303) -> Lead:
    def lead(place: Place) -> Call:
        browser, page = sign_in_page(place, place.citizen().account.login_name)
        return pressed(browser, page, "sign_in", status, password=typed)

    return lead


def new_password(place: Place) -> Call:
    clerk = place.clerk(must_change=True)
    browser, page = sign_in_page(place, f"{clerk.login_name}@civil.example")
    asking = went(browser, page, "sign_in", password=PASSWORD)
    typed = {"new_password": NEW_PASSWORD, "new_password_again": NEW_PASSWORD}
    return pressed(browser, asking, "change_password", password=PASSWORD, **typed)


def device_code(place: Place) -> Call:
    browser = place.stage.browser()
    return pressed(browser, opened(browser, "/device"), "continue", 200, user_code="BCDF-GHJK")


def answer(decision: str) -> Lead:
    def lead(place: Place) -> Call:
        citizen = place.citizen()
        named = {"login_hint": citizen.account.login_name, "scope": "openid"}
        assert place.program("/oauth2/bc-authorize", 200, **named).send().status_code == 200
        page = went(citizen.browser, opened(citizen.browser, "/approvals"), "look_1")
        return pressed(citizen.browser, page, decision, 200)

    return lead


def link_account(place: Place) -> Call:
    browser, clerk = place.citizen().browser, place.clerk()
    page = went(browser, opened(browser, "/account/add"), "continue")
    page = went(browser, page, "continue", login_name=f"{clerk.login_name}@civil.example")
    return pressed(browser, went(browser, page, "sign_in", password=PASSWORD), "link")


def separate_account(place: Place) -> Call:
    citizen, clerk = place.citizen(), place.clerk()
    with place.stage.hub.database.begin(Origin()) as stores:
        link(citizen.account, clerk, Decision(PROOF), stores, datetime.now(UTC))
    page = opened(citizen.browser, "/account")
    (button,) = [name for name in page.controls if name.startswith("separate_")]
    return pressed(citizen.browser, page, button)


def start_upstream(place: Place) -> Call:
    browser = place.stage.browser()
    return pressed(browser, opened(browser, "/sign-in"), "upstream_1")


def come_back(status: int = 303, **changes: str | None) -> Lead:
    """Come back from the platform; None leaves a parameter of the good answer out."""

    def lead(place: Place) -> Call:
        place.somebody_there()
        browser = place.stage.browser()
        return _back(browser, place, status, **{"state": browser.start()["state"], **changes})

    return lead


def come_back_to_tie(place: Place) -> Call:
    place.somebody_there()
    citizen = place.citizen()
    return _back(citizen.browser, place, 303, state=citizen.goes()["state"])


def _back(browser: Browser, place: Place, status: int, **changes: str | None) -> Call:
    good: dict[str, str | None] = {"code": "c0de", "iss": place.stage.platform.issuer}
    told = {name: value for name, value in (good | changes).items() if value is not None}
    return Call(browser.client, "GET", f"{CALLBACK}?{urlencode(told)}", status)


def prove_there(place: Place) -> Call:
    citizen = place.citizen()
    page = citizen.press(citizen.browser.open("/account"), "tie_1")
    return pressed(citizen.browser, page, "continue")


def asked_to_tie(place: Place) -> tuple[Citizen, Page]:
    """Somebody who has proven an account here and one there."""
    place.somebody_there()
    citizen = place.citizen()
    return citizen, citizen.asked()


def tie(place: Place) -> Call:
    citizen, page = asked_to_tie(place)
    return pressed(citizen.browser, page, "link")


def untie(place: Place) -> Call:
    citizen, page = asked_to_tie(place)
    return pressed(citizen.browser, citizen.press(page, "link"), "untie_1")


def look_at_uses(place: Place) -> Call:
    return Call(place.citizen().browser.client, "GET", "/account/uses", 200)


def signed_in_twice(place: Place) -> Browser:
    """The second browser of somebody who is signed in with another one, too."""
    browser, page = sign_in_page(place, place.citizen().account.login_name)
    went(browser, page, "sign_in", password=PASSWORD)
    return browser


def report_use(**typed: str) -> Lead:
    """Somebody who is signed in twice says that one of it was not them."""

    def lead(place: Place) -> Call:
        browser = signed_in_twice(place)
        page = opened(browser, "/account/uses")
        page = opened(browser, urlsplit(page.controls["use_1"].href or "").path)
        return pressed(browser, page, "report", **typed)

    return lead


def foreign_sign_out(place: Place) -> Call:
    """A sign-out that leads to an address of nobody's asks first, and ends nothing."""
    citizen = place.citizen()
    address = "/oauth2/logout?post_logout_redirect_uri=https://evil.example/"
    return Call(citizen.browser.client, "GET", address, 200)


PAGES: dict[tuple[str, str], Lead] = {
    ("accounts.decide", "link"): link_account,
    ("accounts.separate", ""): separate_account,
    ("answer.take_answer", "allow"): answer("allow"),
    ("answer.take_answer", "deny"): answer("deny"),
    ("authorize.authorize", "code"): authorize,
    ("authorize.authorize", "new"): begin,
    ("authorize.authorize", "refused"): refused_request,
    ("authorize.resume", "code"): resume,
    ("consent.cancel", ""): cancel,
    ("consent.take_consent", "allow"): consent("allow"),
    ("consent.take_consent", "deny"): consent("deny"),
    ("device.take_code", "wrong"): device_code,
    ("new_password.take_new_password", "kept here"): new_password,
    ("sign_in.take_password", "right"): password(PASSWORD),
    ("sign_in.take_password", "wrong"): password("wrong", 200),
    ("sign_out.end_session", "refused"): foreign_sign_out,
    ("upstream.come_back", "vouched for"): come_back(),
    ("upstream.come_back", "denied"): come_back(400, code=None, error="access_denied"),
    ("upstream.come_back", "unknown"): come_back(400, state="unknown"),
    ("upstream.come_back", "to tie"): come_back_to_tie,
    ("upstream.start", ""): start_upstream,
    ("upstream_accounts.decide", "link"): tie,
    ("upstream_accounts.prove", ""): prove_there,
    ("upstream_accounts.untie", ""): untie,
    ("uses.look", ""): look_at_uses,
}
"""By route and case."""

REPORTS: dict[tuple[str, str], Lead] = {
    ("uses.report", "alone"): report_use(),
    ("uses.report", "and sign out elsewhere"): report_use(sign_out_elsewhere="yes"),
}
"""What tests/faults/test_uses.py tries before a log that cannot be written."""
