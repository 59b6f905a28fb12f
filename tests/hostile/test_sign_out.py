"""Whoever wants to sign someone else out, or to send them somewhere, by every path of a sign-out."""

import base64
import json
import secrets
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import jwt
import pytest

from tests.relying_parties.visitor import Visitor
from tests.running.application import REDIRECT_URI, Application, claims_of, registered
from tests.running.state import events, execute, unwritable_audit
from tests.servers.hub import PASSWORD, HubServer

BACK = "http://127.0.0.1:9/bye"
FRAME = "http://127.0.0.1:9/frame;a,b"
EVIL = "https://evil.example/"


@dataclass
class Browser:
    """Someone signed in to an application: the cookies, and what the application knows."""

    hub: HubServer
    application: Application
    cookies: dict[str, str]
    tokens: dict[str, str]
    http: httpx.Client = field(default_factory=lambda: httpx.Client(trust_env=False, timeout=15))

    @property
    def sid(self) -> str:
        return str(claims_of(self.tokens["id_token"])["sid"])

    def get(self, path: str, **params: str) -> httpx.Response:
        return self.http.get(f"{self.hub.issuer}{path}", params=params, headers=self._headers())

    def open(self, address: str) -> httpx.Response:
        return self.http.get(f"{self.hub.issuer}{address}", headers=self._headers())

    def post(self, path: str, form: dict[str, str], origin: str | None = None) -> httpx.Response:
        headers = self._headers() | ({} if origin is None else {"Origin": origin})
        return self.http.post(f"{self.hub.issuer}{path}", data=form, headers=headers)

    def question(self, **params: str) -> dict[str, str]:
        """The hidden fields of the page that asks."""
        text = self.get("/oauth2/logout", **params).text
        fields: dict[str, str] = {}
        for part in text.split('<input type="hidden" name="')[1:]:
            name, _, rest = part.partition('" value="')
            fields[name] = unescape(rest.partition('"')[0])
        return fields

    def signed_in(self) -> bool:
        return 'id="signed_in_as"' in self.get("/").text

    def _headers(self) -> dict[str, str]:
        return {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}


@pytest.fixture(scope="module")
def application(hub: HubServer) -> Iterator[Application]:
    hub.add_citizen()
    more = ("--post-logout-redirect-uri", BACK, "--metadata", f"frontchannel_logout_uri={FRAME}")
    with registered(hub, *more) as made:
        yield made


def signed_in(hub: HubServer, application: Application) -> Browser:
    verifier = secrets.token_urlsafe(32)
    with Visitor() as visitor:
        visitor.open(application.authorization_url(verifier))
        code = httpx.URL(visitor.sign_in("tuya", PASSWORD, until=REDIRECT_URI)).params["code"]
        cookies = visitor.cookies()
    return Browser(hub, application, cookies, application.redeem(code, verifier).json())


@pytest.fixture
def browser(hub: HubServer, application: Application) -> Iterator[Browser]:
    made = signed_in(hub, application)
    yield made
    made.http.close()


def _b64(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _with(hint: str, **changes: object) -> str:
    head, _, signature = hint.split(".")
    return f"{head}.{_b64(claims_of(hint) | changes)}.{signature}"


def _unsigned(hint: str) -> str:
    return f"{_b64({'alg': 'none', 'typ': 'JWT'})}.{_b64(claims_of(hint))}."


def _by_a_secret(hint: str) -> str:
    kid = jwt.get_unverified_header(hint)["kid"]
    return jwt.encode(claims_of(hint), "s" * 32, "HS256", headers={"kid": kid})


FORGERIES = {
    "unsigned": lambda tokens: _unsigned(tokens["id_token"]),
    "signed by a secret": lambda tokens: _by_a_secret(tokens["id_token"]),
    "changed": lambda tokens: _with(tokens["id_token"], aud="someone"),
    "cut short": lambda tokens: tokens["id_token"][:-4],
    "an access token": lambda tokens: tokens["access_token"],
    "a refresh token": lambda tokens: tokens["refresh_token"],
    "no token at all": lambda tokens: "\x00é.x.y",
    "far too long": lambda tokens: "a." * 3_000,
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_hint_that_is_not_ours_ends_nothing_and_leads_nowhere(browser: Browser, forgery: str) -> None:
    """RP-Initiated Logout 2, 4."""
    hint = FORGERIES[forgery](browser.tokens)

    answer = browser.get("/oauth2/logout", id_token_hint=hint, post_logout_redirect_uri=BACK, state="s")

    assert answer.status_code == 200
    assert 'id="sign_out"' in answer.text
    assert browser.signed_in()


def test_the_hint_of_someone_elses_session_asks_and_says_so(
    hub: HubServer, application: Application, browser: Browser
) -> None:
    """RP-Initiated Logout 2: it must ask when the ID token is not of the person who is signed in."""
    hub.run("person", "add", "--login-name", "dorj", "--name", "Dorj", "--password-stdin", input=PASSWORD)
    verifier = secrets.token_urlsafe(32)
    with Visitor() as visitor:
        visitor.open(application.authorization_url(verifier))
        code = httpx.URL(visitor.sign_in("dorj", PASSWORD, until=REDIRECT_URI)).params["code"]
    of_dorj = application.redeem(code, verifier).json()["id_token"]

    answer = browser.get("/oauth2/logout", id_token_hint=of_dorj)

    assert 'id="someone_else"' in answer.text
    assert browser.signed_in()


@pytest.mark.parametrize(
    ("hint", "means_other"),
    [("tuya", False), ("TUYA", False), ("tuya@example.org", False), ("dorj", True), ("<script>", True)],
)
def test_a_logout_hint_ends_nothing_is_never_shown_and_may_mean_someone_else(
    browser: Browser, hint: str, means_other: bool
) -> None:
    """RP-Initiated Logout 2: its meaning is the provider's to define."""
    answer = browser.get("/oauth2/logout", client_id=browser.application.client_id, logout_hint=hint)

    assert ('id="someone_else"' in answer.text) is means_other
    assert "<script>alert" not in answer.text and ">dorj<" not in answer.text
    assert browser.signed_in()


def test_ui_locales_chooses_the_language_up_to_the_last_page(browser: Browser) -> None:
    """RP-Initiated Logout 2."""
    asked = browser.get("/oauth2/logout", ui_locales="mn zh-CN")
    fields = browser.question(ui_locales="mn zh-CN")
    left = browser.post("/sign-out", fields)
    last = browser.open(left.headers["Location"])

    assert 'lang="zh-CN"' in asked.text
    assert 'lang="zh-CN"' in last.text


ELSEWHERE = (
    EVIL,
    "//evil.example/",
    "http://127.0.0.1:9/bye/",
    "http://127.0.0.1:9/BYE",
    "http://127.0.0.1:9/bye?x=1",
    "http://127.0.0.1:9/bye#x",
    "http://127.0.0.1:9/bye\\@evil.example",
    "http://127.0.0.1:9/bye%0d%0aX-Evil: 1",
    "http://127.0.0.1:9@evil.example/bye",
    "http://127.0.0.1:90/bye",
    "https://127.0.0.1:9/bye",
    "javascript:alert(1)",
    "data:text/html,evil",
    REDIRECT_URI,
)


@pytest.mark.parametrize("address", ELSEWHERE)
def test_an_address_that_is_not_registered_is_never_gone_to(browser: Browser, address: str) -> None:
    """RP-Initiated Logout 3."""
    hint = browser.tokens["id_token"]
    asked = browser.get("/oauth2/logout", id_token_hint=hint, post_logout_redirect_uri=address, state="s")
    fields = browser.question(id_token_hint=hint, post_logout_redirect_uri=address)

    left = browser.post("/sign-out", fields)
    last = browser.open(left.headers["Location"])

    assert asked.status_code == 200
    assert left.headers["Location"].startswith("/signed-out?")
    assert 'id="continue"' not in last.text
    assert "evil" not in last.text
    assert not browser.signed_in()


def test_a_client_id_without_a_hint_may_return_but_asks_first(browser: Browser) -> None:
    """RP-Initiated Logout 2, 4."""
    asked = {"client_id": browser.application.client_id, "post_logout_redirect_uri": BACK, "state": "a&b=c é"}
    question = browser.get("/oauth2/logout", **asked)
    left = browser.post("/sign-out", browser.question(**asked))
    last = browser.open(left.headers["Location"])

    assert 'id="sign_out"' in question.text
    assert f'href="{BACK}?state=a%26b%3Dc+%C3%A9"' in last.text


def test_nobody_is_signed_out_by_a_form_of_another_site(browser: Browser) -> None:
    fields = browser.question()
    token = fields["csrf_token"]

    answers = [
        browser.post("/sign-out", {}),
        browser.post("/sign-out", {"csrf_token": token[:-1] + ("0" if token[-1] != "0" else "1")}),
        browser.post("/sign-out", {"csrf_token": token}, origin="https://evil.example"),
    ]
    browser.cookies["sso-browser"] = "another"
    answers.append(browser.post("/sign-out", {"csrf_token": token}))

    assert [answer.status_code for answer in answers] == [403] * 4
    assert browser.signed_in()


def last_address(browser: Browser) -> str:
    left = browser.post("/sign-out", browser.question())
    return left.headers["Location"]


def test_the_last_page_tells_nothing_and_leads_nowhere_but_to_whom_it_was_sealed_for(
    browser: Browser,
) -> None:
    address = last_address(browser)
    query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    with_evil = f"/signed-out?{urlencode(query | {'way_back': EVIL})}"
    another_session = f"/signed-out?{urlencode(query | {'session': 'another'})}"
    without_seal = f"/signed-out?{urlencode({n: v for n, v in query.items() if n != 'seal'})}"

    good = browser.open(address)
    bad = [browser.open(each) for each in (with_evil, another_session, without_seal)]
    browser.cookies["sso-browser"] = "another"
    bad.append(browser.open(address))

    assert 'id="services"' in good.text
    for answer in bad:
        assert answer.status_code == 200
        assert 'id="services"' not in answer.text
        assert f'href="{EVIL}' not in answer.text
        assert "<iframe" not in answer.text


def test_the_policy_lists_the_frame_and_nothing_can_end_its_directive(browser: Browser) -> None:
    """CSP 3, 2.3.1: a semicolon or a comma in a path is written by its number."""
    last = browser.open(last_address(browser))

    policy = last.headers["Content-Security-Policy"]
    assert "frame-src http://127.0.0.1:9/frame%3Ba%2Cb" in policy.split("; ")
    assert f'src="{FRAME}?iss=' in last.text


def test_only_the_page_that_loads_frames_reports_of_them(browser: Browser) -> None:
    last = browser.open(last_address(browser)).text
    token = last.partition('data-token="')[2].partition('"')[0]
    form = {"session": browser.sid, "loaded": browser.application.client_id}

    refused = [
        browser.post("/signed-out/frames", form),
        browser.post("/signed-out/frames", form | {"csrf_token": "x"}),
        browser.post("/signed-out/frames", form | {"csrf_token": token, "session": "another"}),
        browser.post("/signed-out/frames", form | {"csrf_token": token}, origin="https://evil.example"),
    ]
    before = execute(browser.hub, f"SELECT loaded_at FROM logout_frame WHERE session_id = '{browser.sid}'")
    taken = browser.post("/signed-out/frames", form | {"csrf_token": token})
    after = execute(browser.hub, f"SELECT loaded_at FROM logout_frame WHERE session_id = '{browser.sid}'")

    assert [answer.status_code for answer in refused] == [403] * 4
    assert before == [(None,)]
    assert taken.status_code == 204
    assert after[0][0] is not None


def test_who_presses_twice_ends_one_session_and_is_told_the_same(browser: Browser) -> None:
    fields = browser.question()
    start = threading.Barrier(4)
    answers: list[httpx.Response] = []

    def press() -> None:
        start.wait()
        answers.append(browser.post("/sign-out", fields))

    threads = [threading.Thread(target=press) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    ended = execute(
        browser.hub,
        "SELECT count(*) FROM audit_event WHERE event = 'session.ended.user'"
        f" AND session_id = '{browser.sid}'",
    )
    assert {answer.headers["Location"] for answer in answers} == {answers[0].headers["Location"]}
    assert f"session={browser.sid}" in answers[0].headers["Location"]
    assert ended == [(1,)]


def test_other_browsers_of_the_person_stay_signed_in(
    hub: HubServer, application: Application, browser: Browser
) -> None:
    other = signed_in(hub, application)

    browser.get("/oauth2/logout", id_token_hint=browser.tokens["id_token"])

    assert not browser.signed_in()
    assert other.signed_in()
    other.http.close()


def test_without_a_record_nobody_is_signed_out_and_the_page_says_so(browser: Browser) -> None:
    fields = browser.question()
    spool = browser.hub.folder / "audit-spool"
    spool.mkdir()  # nor can what happens meanwhile be spooled
    with unwritable_audit(browser.hub):
        by_service = browser.get("/oauth2/logout", id_token_hint=browser.tokens["id_token"])
        by_person = browser.post("/sign-out", fields)
    spool.rmdir()

    for answer in (by_service, by_person):
        assert answer.status_code == 503
        assert "sign_out_unavailable" in answer.text
        assert "Set-Cookie" not in answer.headers
    assert browser.signed_in()
    assert browser.post("/sign-out", fields).status_code == 303
    assert not browser.signed_in()


def test_a_request_by_post_comes_back_by_get_with_every_value(browser: Browser) -> None:
    """RP-Initiated Logout 2: both methods; a cross-site POST arrives without our cookies."""
    form = {"id_token_hint": browser.tokens["id_token"], "post_logout_redirect_uri": BACK, "state": "é&"}

    answer = browser.post("/oauth2/logout", form, origin="https://housing.example")

    assert answer.status_code == 303
    query = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert {name: values[0] for name, values in query.items()} == form
    assert browser.signed_in()


@pytest.mark.parametrize("state", ["x" * 5_000, "é" * 1_000])
def test_a_state_that_is_too_long_does_not_come_back_and_breaks_nothing(browser: Browser, state: str) -> None:
    left = browser.get(
        "/oauth2/logout",
        id_token_hint=browser.tokens["id_token"],
        post_logout_redirect_uri=BACK,
        state=state,
    )

    last = browser.open(left.headers["Location"])

    assert f'href="{BACK}"' in last.text
    assert not browser.signed_in()


def test_every_refused_request_is_on_record_with_its_reason(browser: Browser) -> None:
    browser.get("/oauth2/logout", client_id=browser.application.client_id, post_logout_redirect_uri=EVIL)

    assert events(browser.hub, "logout.request.rejected")[-1]["reason"] == (
        "post_logout_redirect_uri is not registered"
    )
