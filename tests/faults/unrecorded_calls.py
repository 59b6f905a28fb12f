"""What is not recorded at the hub's pages: each function leads there and returns the one request."""

from urllib.parse import urlsplit

from tests.faults.page_calls import (
    Lead,
    answer,
    consent,
    link_account,
    report_use,
    sign_in_page,
    tie,
)
from tests.faults.stage import FAMILY, PASSWORD, Call, Place, authorization, opened, pressed, went


def shown(path: str, status: int = 200) -> Lead:
    """A page or document that anybody may open."""
    return lambda place: Call(place.stage.browser().client, "GET", path, status)


def own(path: str, status: int = 200) -> Lead:
    """A page that shows people their own."""
    return lambda place: Call(place.citizen().browser.client, "GET", path, status)


def asking(lead: Lead) -> Lead:
    """The page of a form, in place of what the form sends."""

    def ask(place: Place) -> Call:
        call = lead(place)
        return Call(call.client, "GET", call.path, 200)

    return ask


def brought_by_post(path: str) -> Lead:
    return lambda place: Call(place.stage.browser().client, "POST", path, 303, {"client_id": "x"})


def add(place: Place) -> Call:
    browser = place.citizen().browser
    return pressed(browser, opened(browser, "/account/add"), "continue")


def look(place: Place) -> Call:
    citizen = place.citizen()
    named = {"login_hint": citizen.account.login_name, "scope": "openid"}
    assert place.program("/oauth2/bc-authorize", 200, **named).send().status_code == 200
    return pressed(citizen.browser, opened(citizen.browser, "/approvals"), "look_1")


def choose_account(place: Place) -> Call:
    citizen = place.citizen()
    page = opened(citizen.browser, authorization(FAMILY, prompt="select_account"))
    return pressed(citizen.browser, page, "continue", account=citizen.account.id)


def choose_department(place: Place) -> Call:
    browser = place.stage.browser()
    page = opened(browser, f"{urlsplit(opened(browser, '/sign-in').url).path}/department")
    return pressed(browser, page, "continue", department="civil")


def name(place: Place) -> Call:
    browser = place.stage.browser()
    return pressed(browser, opened(browser, "/sign-in"), "continue", login_name="nobody")


def password(place: Place) -> Call:
    browser, page = sign_in_page(place, "nobody")
    return pressed(browser, page, "sign_in")


def new_password(place: Place) -> Call:
    clerk = place.clerk(must_change=True)
    browser, page = sign_in_page(place, f"{clerk.login_name}@civil.example")
    return pressed(browser, went(browser, page, "sign_in", password=PASSWORD), "change_password")


def warning(place: Place) -> Call:
    call = new_password(place)
    path = call.path.partition("?")[0].replace("new-password", "password-ends?days=5")
    return Call(call.client, "GET", path, 200)


UNRECORDED: dict[str, Lead] = {
    "accounts.accounts": own("/account"),
    "accounts.add": add,
    "accounts.before_adding": own("/account/add"),
    "accounts.confirm": asking(link_account),
    "answer.ask_answer": asking(answer("allow")),
    "approvals.approvals": own("/approvals"),
    "approvals.look": look,
    "authorize.authorize_by_post": brought_by_post("/oauth2/authorize"),
    "choose_account.ask_account": asking(choose_account),
    "choose_account.take_account": choose_account,
    "choose_department.ask_department": asking(choose_department),
    "choose_department.take_department": choose_department,
    "consent.ask_consent": asking(consent("allow")),
    "device.ask_code": shown("/device"),
    "home.home": own("/"),
    "metadata.discovery": shown("/.well-known/openid-configuration"),
    "metadata.jwks": shown("/oauth2/jwks"),
    "metadata.protected_resource": shown("/.well-known/oauth-protected-resource/oauth2/userinfo"),
    "new_password.ask_new_password": asking(new_password),
    "new_password.warn": warning,
    "readiness.readyz": shown("/readyz"),
    "security_events.configuration": shown("/.well-known/ssf-configuration"),
    "sign_in.ask_name": asking(name),
    "sign_in.ask_password": asking(password),
    "sign_in.begin": shown("/sign-in", 303),
    "sign_in.take_name": name,
    "sign_out.ask": own("/sign-out"),
    "sign_out.end_session_by_post": brought_by_post("/oauth2/logout"),
    "signed_out.back_from_upstream": shown("/signed-out/upstream", 303),
    "static": shown("/static/favicon.svg"),
    "upstream_accounts.before_tying": own("/account/upstream/national"),
    "upstream_accounts.confirm": asking(tie),
    "uses.ask": asking(report_use()),
}
"""By route."""
