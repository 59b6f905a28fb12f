"""What ends something at the hub's pages and endpoints, and what belongs to an end: it waits for no log."""

import re
from dataclasses import replace
from urllib.parse import parse_qs, urlencode, urlsplit

from sso.authentication.upstream.settings import SignOut
from sso.outbound.rules import OutboundRules
from sso.outbound.upstream import UpstreamProvider
from tests.faults.page_calls import Lead, signed_in_twice
from tests.faults.program_calls import hear
from tests.faults.stage import (
    FAMILY,
    FAMILY_SECRET,
    REDIRECT_URI,
    VERIFIER,
    Call,
    Place,
    authorization,
    opened,
    pressed,
)
from tests.upstream.stage import ISSUER, Browser

_DATA = re.compile(r'data-(token|session)="([^"]+)"')


def tokens_of(browser: Browser, place: Place) -> dict[str, str]:
    """Sign somebody who is known to the hub in to Family."""
    sent = browser.client.get(authorization(FAMILY, scope="openid offline_access"), base_url=ISSUER)
    code = parse_qs(urlsplit(sent.headers["Location"]).query)["code"][0]
    more = {"code": code, "redirect_uri": REDIRECT_URI, "code_verifier": VERIFIER}
    redeemed = _family(place, "/oauth2/token", grant_type="authorization_code", **more).send()
    tokens: dict[str, str] = redeemed.get_json()
    return tokens


def _family(place: Place, path: str, **form: str) -> Call:
    proof = {"client_id": FAMILY.client_id, "client_secret": FAMILY_SECRET}
    return Call(place.stage.app.test_client(), "POST", path, 200, proof | form)


def revoke(place: Place) -> Call:
    tokens = tokens_of(place.citizen().browser, place)
    return _family(place, "/oauth2/revoke", token=tokens["refresh_token"])


def sign_out_by_service(place: Place) -> Call:
    browser = place.citizen().browser
    hint = {"id_token_hint": tokens_of(browser, place)["id_token"]}
    return Call(browser.client, "GET", f"/oauth2/logout?{urlencode(hint)}")


def sign_out_by_person(place: Place) -> Call:
    browser = place.citizen().browser
    return pressed(browser, opened(browser, "/sign-out"), "sign_out")


def sign_out_that_follows(place: Place) -> Call:
    """Of somebody who signed in at the platform, where a sign-out here goes on there at once."""
    old = place.stage.hub.upstreams["national"]
    settings, rules = replace(old.settings, sign_out=SignOut.FOLLOW), OutboundRules(allow_loopback=True)
    follows = UpstreamProvider(settings, old.redirect_uri, rules, place.stage.hub.keys.ring)
    place.stage.hub.upstreams.update({"national": follows})  # type: ignore[attr-defined]
    browser = _signed_in_there(place)
    return pressed(browser, opened(browser, "/sign-out"), "sign_out")


def leave_upstream(place: Place) -> Call:
    browser = _signed_in_there(place)
    out = pressed(browser, opened(browser, "/sign-out"), "sign_out").send()
    return pressed(browser, opened(browser, out.headers["Location"]), "leave_upstream")


def _signed_in_there(place: Place) -> Browser:
    place.somebody_there()
    browser = place.stage.browser()
    assert browser.sign_in().status == 200
    return browser


def last_page(place: Place) -> Call:
    """The page that loads the frame of Family."""
    call = sign_out_by_service(place)
    return Call(call.client, "GET", call.send().headers["Location"], 200)


def report(place: Place) -> Call:
    """What the script of that page tells."""
    page = last_page(place)
    told = dict(_DATA.findall(page.send().text))
    form = {"csrf_token": told["token"], "session": told["session"], "loaded": FAMILY.client_id}
    return Call(page.client, "POST", "/signed-out/frames", 204, form)


def sign_out_elsewhere(place: Place) -> Call:
    browser = signed_in_twice(place)
    return pressed(browser, opened(browser, "/account/uses"), "end_elsewhere", 200)


CONTAINED: dict[tuple[str, str], Lead] = {
    ("sign_out.end_session", "proven"): sign_out_by_service,
    ("sign_out.sign_out", ""): sign_out_by_person,
    ("sign_out.sign_out", "goes on there"): sign_out_that_follows,
    ("signed_out.leave_upstream", ""): leave_upstream,
    ("signed_out.signed_out", "frames"): last_page,
    ("signed_out.take_report", ""): report,
    ("token.revoke", ""): revoke,
    ("upstream_logout.hear", "left"): hear,
    ("uses.sign_out_elsewhere", ""): sign_out_elsewhere,
}
"""By route and case."""
