"""A platform that lies, stalls or is somebody else signs nobody in; page and log say why."""

import time
from datetime import UTC, datetime
from typing import Any

import pytest

from sso.audit.record import Origin
from sso.authentication import people
from sso.oidc.jose import half_hash, sign
from sso.oidc.logout import LOGOUT_EVENT
from tests.oidc.examples import signing_key
from tests.servers.loopback import Answer
from tests.upstream.platform import CLIENT_ID
from tests.upstream.stage import HIGH, ISSUER, Stage

AT = int(time.time())


def test_a_good_answer_signs_in_with_its_level_and_makes_one_account(stage: Stage) -> None:
    """Core 3.1.3; RFC 7636; RFC 7523 2.2."""
    stage.platform.claims = {"sub": "someone-new", "amr": ["pwd", "otp", "made-up"]}
    stage.platform.userinfo = {"sub": "someone-new", "name": "Bat", "email": "bat@example.org"}

    first, second = stage.browser().sign_in(), stage.browser().sign_in()

    assert (first.status, first.texts["signed_in_as"].strip()) == (200, "Bat")
    assert second.status == 200
    successes = stage.log("auth.login.success")[:2]
    assert {each["account_id"] for each in successes} == {successes[0]["account_id"]}
    detail = successes[0]["detail"]
    assert (detail["acr"], detail["upstream_acr"], detail["amr"]) == (HIGH, "high", ["otp", "pwd"])
    created = [
        each for each in stage.log("account.created") if each["account_id"] == successes[0]["account_id"]
    ]
    assert [each["detail"]["upstream_id"] for each in created] == ["national"]
    form = stage.platform.forms[-1]
    assert form["client_assertion"].count(".") == 2
    assert (form["code"], len(form["code_verifier"])) == ("c0de", 43)


def test_what_the_platform_says_today_is_what_the_account_says(stage: Stage) -> None:
    stage.browser().sign_in()
    stage.platform.userinfo["name"] = "Tuya Another"

    page = stage.browser().sign_in()

    assert page.texts["signed_in_as"].strip() == "Tuya Another"
    assert stage.log("account.updated")[0]["detail"]["source"] == "upstream"


def test_an_unknown_level_is_worth_nothing(stage: Stage) -> None:
    stage.platform.claims = {"acr": "highest"}

    stage.browser().sign_in()

    assert stage.log("auth.login.success")[0]["detail"]["acr"] == "urn:sso-hub:acr:none"


def test_the_browser_is_sent_with_pkce_nonce_state_and_max_age(stage: Stage) -> None:
    sent = stage.browser().start()

    assert (sent["code_challenge_method"], len(sent["code_challenge"])) == ("S256", 43)
    assert (sent["client_id"], sent["response_type"]) == (CLIENT_ID, "code")
    assert sent["redirect_uri"] == f"{ISSUER}/sign-in/upstream/national/callback"
    assert sent["max_age"] == "43200"
    assert len({sent["state"], sent["nonce"], sent["code_challenge"]}) == 3


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"iss": "https://id.evil.example"}, "iss"),
        ({"aud": "another"}, "aud"),
        ({"azp": "another"}, "azp"),
        ({"nonce": "another"}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"exp": AT - 3_600}, "exp"),
        ({"iat": AT - 36_000}, "iat"),
        ({"auth_time": None}, "auth_time"),
        ({"at_hash": half_hash("another", "ES256")}, "at_hash"),
        ({"sub": ""}, "sub"),
    ],
)
def test_an_id_token_that_is_not_good_signs_nobody_in(
    stage: Stage, changes: dict[str, Any], word: str
) -> None:
    """Core 3.1.3.7, 3.1.3.8."""
    stage.platform.claims = changes
    browser = stage.browser()

    page = browser.sign_in()

    assert (page.status, page.texts["error_code"]) == (400, "upstream_answer_invalid")
    status, reason = stage.failure()
    assert (status, word in reason) == ("UPSTREAM_ANSWER_INVALID", True)
    assert "signed_in_as" not in browser.open("/").texts


@pytest.mark.parametrize(
    "id_token",
    [
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.AAAA",
        "not a token",
        "x" * 20_000,
        "",
    ],
)
def test_what_is_no_signed_token_signs_nobody_in(stage: Stage, id_token: str) -> None:
    """RFC 8725 2.1."""
    stage.platform.id_token = lambda: id_token

    page = stage.browser().sign_in()

    assert page.status == 400
    assert page.texts["error_code"] in {"upstream_answer_invalid", "upstream_refused"}


def test_a_key_of_somebody_else_signs_nobody_in(stage: Stage) -> None:
    stage.platform.key = signing_key("ES256", 1)

    page = stage.browser().sign_in()

    assert page.texts["error_code"] == "upstream_answer_invalid"


def test_a_new_key_is_read_once_a_minute_at_most(stage: Stage) -> None:
    """Core 10.1.1: an unknown kid makes the hub read the keys again, within bounds."""
    for _ in range(4):
        stage.platform.key = signing_key("ES256", 1)
        stage.browser().sign_in()

    assert stage.platform.asked["/jwks"] == 1


@pytest.mark.parametrize("iss", [None, "https://id.evil.example"])
def test_the_answer_of_another_provider_is_not_redeemed(stage: Stage, iss: str | None) -> None:
    """RFC 9207 2.4: the mix-up attack."""
    browser = stage.browser()

    page = browser.come_back(browser.start()["state"], iss=iss)

    assert page.texts["error_code"] == "upstream_answer_invalid"
    assert stage.platform.asked["/token"] == 0


def test_an_answer_counts_once_in_one_browser(stage: Stage) -> None:
    """RFC 9700 4.7."""
    browser = stage.browser()
    state = browser.start()["state"]

    stolen = stage.browser().come_back(state)
    first, again = browser.come_back(state), browser.come_back(state)
    invented = browser.come_back("invented")

    assert (stolen.status, stolen.texts["error_code"]) == (400, "upstream_answer_unknown")
    assert first.status == 200
    assert (again.status, again.texts["error_code"]) == (400, "upstream_answer_unknown")
    assert invented.status == 400
    assert stage.failure()[0] == "UPSTREAM_ANSWER_UNKNOWN"
    assert stage.platform.asked["/token"] == 1


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("access_denied", "upstream_denied"),
        ("server_error", "upstream_refused"),
        ("<b>\n", "upstream_refused"),
    ],
)
def test_an_error_of_the_platform_is_a_page_that_leads_back(stage: Stage, error: str, code: str) -> None:
    browser = stage.browser()

    page = browser.come_back(browser.start()["state"], code=None, error=error)

    assert (page.status, page.texts["error_code"]) == (400, code)
    back = page.controls["another_way"].href
    assert back is not None
    assert "login_name" in browser.open(back.removeprefix(ISSUER)).texts
    assert "<b>" not in stage.failure()[1]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/token", Answer({"error": "invalid_grant"}, status=400)),
        ("/token", Answer(b"<html>", media_type="text/html")),
        ("/token", Answer([1, 2])),
        ("/token", Answer({"access_token": "x", "token_type": "Bearer"})),
        ("/token", Answer({"id_token": 7, "expires_in": []})),
        ("/token", Answer({}, status=500)),
        ("/token", Answer({}, status=302, headers={"Location": "http://127.0.0.1:1/"})),
        ("/token", Answer(b"[" * 70_000)),
        ("/userinfo", Answer({"sub": "somebody-else", "name": "Evil"})),
        ("/userinfo", Answer([1])),
        ("/userinfo", Answer({}, status=500)),
        ("/jwks", Answer({"keys": [{"kty": "oct", "k": "AAAA"}]})),
        ("/jwks", Answer(b"x" * 100_000)),
        ("/jwks", Answer({}, status=302, headers={"Location": "http://127.0.0.1:1/"})),
    ],
)
def test_whatever_an_endpoint_answers_nobody_is_signed_in_by_it(
    stage: Stage, path: str, said: Answer
) -> None:
    stage.platform.said[path] = said
    browser = stage.browser()

    page = browser.sign_in()

    assert page.status in {400, 503}
    assert page.texts["error_code"].startswith("upstream_")
    assert stage.failure()[0].startswith("UPSTREAM_")
    assert "signed_in_as" not in browser.open("/").texts


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://id.evil.example"},
        {"issuer": None},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": "http://id.evil.example/authorize"},
        {"token_endpoint": None},
        {"jwks_uri": 7},
        {"response_types_supported": ["token"]},
        {"code_challenge_methods_supported": ["plain"]},
        {"token_endpoint_auth_methods_supported": ["client_secret_basic"]},
        {"id_token_signing_alg_values_supported": ["none", "HS256"]},
    ],
)
def test_nobody_is_sent_where_the_metadata_is_not_good(stage: Stage, metadata: dict[str, Any]) -> None:
    """Discovery 1.0 4.3."""
    stage.platform.metadata = metadata

    page = stage.browser().start_refused()

    assert (page.status, page.texts["error_code"]) == (503, "upstream_unavailable")
    assert "another_way" in page.controls


@pytest.mark.parametrize(
    "said",
    [
        Answer({}, status=302, headers={"Location": "/elsewhere"}),
        Answer(b"x" * 100_000),
        Answer(b"{}", media_type="text/html"),
        Answer({}, delay_seconds=4),
    ],
)
def test_a_discovery_that_redirects_stalls_or_floods_sends_nobody(stage: Stage, said: Answer) -> None:
    stage.platform.said["/.well-known/openid-configuration"] = said
    began = time.monotonic()

    page = stage.browser().start_refused()

    assert (page.status, page.texts["error_code"]) == (503, "upstream_unavailable")
    assert time.monotonic() - began < 60
    assert stage.platform.asked["/elsewhere"] == 0


def test_a_disabled_account_stays_out(stage: Stage) -> None:
    stage.platform.claims = {"sub": "leaver"}
    stage.platform.userinfo = {"sub": "leaver", "name": "Leaver"}
    stage.browser().sign_in()
    with stage.hub.database.begin(Origin()) as stores:
        account = stores.people.account(stage.log("auth.login.success")[0]["account_id"])
        assert account is not None
        people.disable(account, "command", "left", stores, datetime.now(UTC))

    page = stage.browser().sign_in()

    assert (page.status, page.texts["error_code"]) == (403, "account_disabled")


def test_a_sign_out_there_ends_the_session_here_once(stage: Stage) -> None:
    """Back-Channel Logout 1.0 2.6, 2.7."""
    stage.platform.claims = {"sub": "goer", "sid": "sid-of-goer"}
    stage.platform.userinfo = {"sub": "goer", "name": "Goer"}
    browser = stage.browser()
    assert "signed_in_as" in browser.sign_in().texts
    token = logout_token(stage, sub="goer", sid="sid-of-goer")

    told, again = post_logout(stage, token), post_logout(stage, token)

    assert (told, again) == (200, 400)
    assert "signed_in_as" not in browser.open("/").texts
    assert stage.log("upstream.logout.received")[0]["detail"]["sessions"] == 1
    assert stage.log("session.ended.user")[0]["detail"]["cause"] == "upstream"


def test_a_logout_token_that_is_not_good_ends_nothing(stage: Stage) -> None:
    browser = stage.browser()
    assert "signed_in_as" in browser.sign_in().texts

    statuses = [
        post_logout(stage, logout_token(stage, sub="citizen-1", nonce="n")),
        post_logout(stage, logout_token(stage, sub="citizen-1", aud="another")),
        post_logout(stage, stage.platform.good_id_token()),
        post_logout(stage, sign({"sub": "citizen-1"}, signing_key("ES256", 1), "logout+jwt")),
        post_logout(stage, ""),
        post_logout(stage, "é" * 20_000),
    ]

    assert statuses == [400] * 6
    assert "signed_in_as" in browser.open("/").texts
    assert stage.log("upstream.logout.rejected")


def test_after_a_sign_out_the_platform_can_be_left_too(stage: Stage) -> None:
    """RP-Initiated Logout 1.0 2: with the ID token as hint, and back to the last page."""
    browser = stage.browser()
    browser.sign_in()
    form = browser.open("/sign-out").forms[0]
    out = browser.client.post("/sign-out", base_url=ISSUER, data=form.fields)

    page = browser.open(out.headers["Location"].removeprefix(ISSUER))
    leaving = page.controls["leave_upstream"].form
    assert leaving is not None
    sent = browser.client.post("/signed-out/upstream", base_url=ISSUER, data=leaving.fields)

    address = sent.headers["Location"]
    assert address.startswith(f"{stage.platform.issuer}/end?id_token_hint=ey")
    assert stage.log("upstream.sign_out.sent")[0]["detail"]["upstream_id"] == "national"
    state = address.partition("&state=")[2]
    last = browser.open(f"/signed-out/upstream?state={state}")
    assert (last.status, "leave_upstream" in last.controls) == (200, False)


def logout_token(stage: Stage, **changes: Any) -> str:
    at = int(time.time())
    claims = {
        "iss": stage.platform.issuer,
        "aud": CLIENT_ID,
        "iat": at,
        "exp": at + 120,
        "jti": f"jti-{time.monotonic_ns()}",
        "events": {LOGOUT_EVENT: {}},
    }
    return sign(claims | changes, stage.platform.key, "logout+jwt")


def post_logout(stage: Stage, token: str) -> int:
    client = stage.app.test_client()
    return client.post(
        "/upstream/national/backchannel-logout", base_url=ISSUER, data={"logout_token": token}
    ).status_code
