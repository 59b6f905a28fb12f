"""What a service wants of a sign-in is asked of the platform, and never said to be met when it is not."""

import json
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from sso.audit.record import Origin
from sso.oidc.digest import digest, new_id
from sso.oidc.pending import PendingAuthorization
from sso.web.journey import ANSWER
from sso.web.visit import CookieNames
from tests.oidc import examples
from tests.relying_parties.visitor import Page
from tests.storage import examples as stored
from tests.upstream.platform import Platform
from tests.upstream.stage import HIGH, ISSUER, Browser, Stage, open_stage

REDIRECT_URI = "https://housing.example/cb"
PASSWORD, HARDWARE = "urn:sso-hub:acr:password", "urn:sso-hub:acr:hardware-key"


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with Platform() as platform:
        stage = open_stage(tmp_path_factory.mktemp("hub"), platform)
        with stage.hub.database.begin(Origin()) as stores:
            stores.clients.add(
                examples.client(trusted=True, redirect_uris=(REDIRECT_URI,)), datetime.now(UTC)
            )
        yield stage
        stage.hub.close()


def begin(browser: Browser, **changes: str) -> Page:
    """The page on which a service's request arrives."""
    asked = {
        "client_id": "housing",
        "redirect_uri": REDIRECT_URI,
        "response_type": "code",
        "scope": "openid",
        "state": "state-of-housing",
        "code_challenge": examples.CHALLENGE,
        "code_challenge_method": "S256",
    }
    sent = browser.client.get(f"/oauth2/authorize?{urlencode(asked | changes)}", base_url=ISSUER)
    return browser.open(sent.headers["Location"])


def press(browser: Browser, page: Page) -> Mapping[str, str] | Page:
    """Press the platform's button: what the browser is sent there with, or the page that says why not."""
    form = next(form for form in page.forms if "/upstream/national" in form.action)
    sent = browser.client.post(urlsplit(form.action).path, base_url=ISSUER, data=form.fields)
    if sent.status_code != 303:
        return Page(ISSUER, sent.status_code, sent.text)
    query = {name: values[0] for name, values in parse_qs(urlsplit(sent.headers["Location"]).query).items()}
    browser.stage.platform.nonce = query["nonce"]
    return query


def answered(browser: Browser, sent: Mapping[str, str] | Page) -> dict[str, list[str]] | Page:
    """Come back: what the service is told, or the page that says why not."""
    assert isinstance(sent, Mapping)
    told = urlencode({"code": "c0de", "state": sent["state"], "iss": browser.stage.platform.issuer})
    back = browser.client.get(f"/sign-in/upstream/national/callback?{told}", base_url=ISSUER)
    if back.status_code != 303:
        return Page(ISSUER, back.status_code, back.text)
    last = browser.client.get(back.headers["Location"], base_url=ISSUER)
    assert last.headers["Location"].startswith(REDIRECT_URI), last.headers["Location"]
    return parse_qs(urlsplit(last.headers["Location"]).query)


def essential(*levels: str) -> str:
    return json.dumps({"id_token": {"acr": {"essential": True, "values": list(levels)}}})


def code_of(page: object) -> str:
    assert isinstance(page, Page), page
    return page.texts["error_code"]


def test_a_service_that_wants_a_new_sign_in_gets_one_or_nothing(stage: Stage) -> None:
    """Core 3.1.2.1, prompt=login."""
    browser = stage.browser()
    sent = press(browser, begin(browser, prompt="login"))
    assert isinstance(sent, Mapping)
    assert sent["prompt"] == "login"
    stage.platform.claims = {"auth_time": int(time.time()) - 600}
    stale = answered(browser, sent)
    again = press(browser, begin(browser, prompt="login"))
    stage.platform.claims = {"auth_time": int(time.time())}
    fresh = answered(browser, again)

    assert code_of(stale) == "upstream_not_fresh"
    assert isinstance(fresh, dict)
    assert fresh["state"] == ["state-of-housing"]
    assert "code" in fresh


def test_max_age_is_passed_on_and_held(stage: Stage) -> None:
    """Core 3.1.2.1, max_age."""
    browser = stage.browser()
    sent = press(browser, begin(browser, max_age="60"))
    stage.platform.claims = {"auth_time": int(time.time()) - 600}

    assert isinstance(sent, Mapping)
    assert sent["max_age"] == "60"
    assert code_of(answered(browser, sent)) == "upstream_not_fresh"


def test_a_level_is_asked_for_in_the_platform_s_words_and_must_be_met(stage: Stage) -> None:
    """Core 5.5.1.1; RFC 9470."""
    browser = stage.browser()
    sent = press(browser, begin(browser, claims=essential(HIGH)))
    stage.platform.claims = {"acr": "low"}
    low = answered(browser, sent)
    again = press(browser, begin(browser, claims=essential(HIGH)))
    stage.platform.claims = {"acr": "high"}
    high = answered(browser, again)

    assert isinstance(sent, Mapping)
    assert sent["acr_values"] == "high"
    assert code_of(low) == "upstream_level_too_low"
    assert isinstance(high, dict)
    assert "code" in high


def test_a_session_that_is_too_weak_leads_to_another_sign_in(stage: Stage) -> None:
    """RFC 9470 4: step-up."""
    browser = stage.browser()
    stage.platform.claims = {"acr": "low"}
    assert isinstance(answered(browser, press(browser, begin(browser))), dict)

    page = begin(browser, claims=essential(HIGH))
    stage.platform.claims = {"acr": "high"}

    assert "login_name" in page.texts
    assert isinstance(answered(browser, press(browser, page)), dict)


def test_a_platform_that_names_another_person_than_the_hinted_one_is_asked_once(stage: Stage) -> None:
    """Core 3.1.2.1 and 3.1.2.6, login_required: its old session would name the same one for ever."""
    hinted = {"claims": json.dumps({"id_token": {"sub": {"value": "somebody else"}}})}
    browser = stage.browser()
    nobody_here = press(browser, begin(browser, **hinted))
    first = answered(browser, nobody_here)
    somebody_here = press(browser, begin(browser, **hinted))
    stage.platform.claims = {"auth_time": int(time.time())}
    second = answered(browser, somebody_here)

    assert isinstance(nobody_here, Mapping)
    assert isinstance(somebody_here, Mapping)
    assert "prompt" not in nobody_here
    assert somebody_here["prompt"] == "login", "so that the right person may sign in there"
    for told in (first, second):
        assert isinstance(told, dict)
        assert (told["error"], told["state"]) == (["login_required"], ["state-of-housing"])


def test_who_comes_to_answer_what_another_was_asked_may_sign_in_there_as_that_one(stage: Stage) -> None:
    """CIBA Core 8: only the account that was asked may answer; the old session there is of somebody else."""
    browser, now = stage.browser(), datetime.now(UTC)
    browser.sign_in()
    someone = stored.person()
    account = stored.citizen(someone.id)
    waiting = stored.deferred(
        client_id="housing", account_id=account.id, asked_at=now, expires_at=now + stored.HOUR
    )
    cookie = browser.client.get_cookie(CookieNames.for_hub(stage.hub).browser, "127.0.0.1")
    assert cookie is not None
    pending = PendingAuthorization(
        id=new_id(),
        browser=digest(cookie.value),
        client_id=ANSWER,
        params={"request": waiting.id},
        asked_at=now,
        expires_at=now + stored.HOUR,
    )
    with stage.hub.database.begin(Origin()) as stores:
        stores.people.add_person(someone)
        stores.people.add_account(account, now)
        assert stores.deferred.add(waiting)
        stores.pending.add(pending)

    sent = press(browser, browser.open(f"/oauth2/authorize/{pending.id}"))

    assert isinstance(sent, Mapping)
    assert sent["prompt"] == "login"


def test_a_level_that_the_platform_cannot_reach_is_refused_before_anybody_goes(stage: Stage) -> None:
    browser = stage.browser()

    assert code_of(press(browser, begin(browser, claims=essential(HARDWARE)))) == "upstream_level_too_low"
    assert stage.platform.asked["/token"] == 0


def test_a_wish_that_is_not_met_stops_nobody(stage: Stage) -> None:
    """Core 3.1.2.1, acr_values are voluntary."""
    browser = stage.browser()
    sent = press(browser, begin(browser, acr_values=f"{PASSWORD} urn:unknown"))
    stage.platform.claims = {"acr": "none of theirs"}

    assert isinstance(sent, Mapping)
    assert sent["acr_values"] == "low"
    assert isinstance(answered(browser, sent), dict)


@pytest.mark.parametrize("answers", [True, False])
def test_the_level_is_asked_for_where_the_platform_takes_the_question(stage: Stage, answers: bool) -> None:
    """Core 5.5.1, the claims parameter; Discovery 3, claims_parameter_supported."""
    stage.platform.metadata = {"claims_parameter_supported": answers}

    sent = stage.browser().start()

    assert sent.get("claims") == ('{"id_token":{"acr":null}}' if answers else None)


def test_unknown_people_stay_out_unless_the_operator_lets_them_in(stage: Stage) -> None:
    stage.let_in_only_the_known()
    stage.platform.claims = {"sub": "a-stranger"}
    stage.platform.userinfo = {"sub": "a-stranger"}
    created = len(stage.log("account.created"))
    browser = stage.browser()

    page = answered(browser, press(browser, begin(browser)))

    assert code_of(page) == "upstream_unknown_person"
    assert len(stage.log("account.created")) == created


def test_an_equal_mail_address_is_another_person(stage: Stage) -> None:
    stage.platform.userinfo = {"sub": "one", "email": "same@example.org"}
    stage.platform.claims = {"sub": "one"}
    stage.browser().sign_in()
    stage.platform.userinfo = {"sub": "two", "email": "same@example.org"}
    stage.platform.claims = {"sub": "two"}
    stage.browser().sign_in()

    one, two = stage.log("auth.login.success")[:2]
    assert one["account_id"] != two["account_id"]


def test_a_page_of_our_own_that_wants_a_new_sign_in_asks_for_one_there(stage: Stage) -> None:
    """Else the browser comes back with the old one, and is sent there again without end."""
    browser = stage.browser()
    begun = browser.client.get("/account/add", base_url=ISSUER)
    sent = press(browser, browser.open(begun.headers["Location"]))

    assert isinstance(sent, Mapping)
    assert sent["prompt"] == "login"
    stage.platform.claims = {"auth_time": int(time.time()) - 600}
    assert code_of(browser.come_back(sent["state"])) == "upstream_not_fresh"
