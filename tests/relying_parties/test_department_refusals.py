"""The sample believes nothing that is not meant for it, and says so in plain words."""

import time

import httpx
import pytest

from tests.relying_parties.conftest import Pair
from tests.relying_parties.visitor import Visitor

NOW = int(time.time())


def test_someone_signs_in_and_sees_who_they_are(pair: Pair, visitor: Visitor) -> None:
    visitor.open(f"{pair.app.address}/")

    visitor.press("department_sign_in")

    assert visitor.text("person_name") == "Tuya Bat"
    assert visitor.text("person_sub") == "tuya-4711"


@pytest.mark.parametrize(
    ("lie", "code"),
    [
        pytest.param({"id_token": {"iss": "http://127.0.0.1:1"}}, "id_token_invalid", id="another issuer"),
        pytest.param({"id_token": {"aud": "tax"}}, "id_token_invalid", id="another audience"),
        pytest.param(
            {"id_token": {"aud": "tax", "azp": "housing"}}, "id_token_invalid", id="azp alone is us"
        ),
        pytest.param({"id_token": {"aud": None}}, "id_token_invalid", id="no audience"),
        pytest.param({"id_token": {"nonce": "x"}}, "id_token_invalid", id="another nonce"),
        pytest.param({"id_token": {"nonce": None}}, "id_token_invalid", id="no nonce"),
        pytest.param({"id_token": {"exp": NOW - 60}}, "id_token_invalid", id="expired"),
        pytest.param({"id_token": {"iat": NOW + 3600}}, "id_token_invalid", id="from the future"),
        pytest.param({"id_token": {"at_hash": "AAAA"}}, "id_token_invalid", id="of another access token"),
        pytest.param({"userinfo": {"sub": "bolor-1"}}, "subject_mismatch", id="claims of another person"),
        pytest.param(
            {"answer": {"iss": "http://127.0.0.1:1"}}, "issuer_mismatch", id="RFC 9207: another iss"
        ),
        pytest.param({"answer": {"iss": ""}}, "issuer_mismatch", id="RFC 9207: no iss"),
        pytest.param({"answer": {"state": "x"}}, "state_mismatch", id="another state"),
        pytest.param({"answer": {"state": ""}}, "state_mismatch", id="no state"),
        pytest.param({"answer": {"code": "", "error": "access_denied"}}, "access_denied", id="refused"),
        pytest.param({"answer": {"error": "temporarily_unavailable"}}, "temporarily_unavailable", id="busy"),
    ],
)
def test_an_answer_that_is_not_good_signs_nobody_in(
    pair: Pair, visitor: Visitor, lie: dict, code: str
) -> None:
    for name, changes in lie.items():
        getattr(pair.issuer, name).update(changes)

    visitor.open(f"{pair.app.address}/sign-in")

    assert visitor.text("error_code") == code
    assert visitor.page.status == 400
    visitor.open(f"{pair.app.address}/")
    assert visitor.has("department_sign_in")


def test_the_back_button_to_an_answer_that_was_taken_ends_at_the_page(pair: Pair, visitor: Visitor) -> None:
    visitor.open(f"{pair.app.address}/sign-in")
    answer = next(url for url in visitor.passed if "/callback?" in url)

    visitor.open(answer)

    assert visitor.has("department_sign_out")


def test_an_answer_is_taken_once(pair: Pair, visitor: Visitor) -> None:
    visitor.open(f"{pair.app.address}/sign-in")
    answer = next(url for url in visitor.passed if "/callback?" in url)
    visitor.press("department_sign_out")

    visitor.open(answer)

    assert visitor.text("error_code") == "state_mismatch"


def test_the_answer_for_one_browser_does_not_sign_in_another(pair: Pair, visitor: Visitor) -> None:
    with Visitor() as attacker:
        planted = attacker.open(f"{pair.app.address}/sign-in", until=f"{pair.app.address}/callback")

    visitor.open(planted)

    assert visitor.text("error_code") == "state_mismatch"


def test_a_hub_that_calls_itself_something_else_is_not_used(fresh_pair: Pair, visitor: Visitor) -> None:
    fresh_pair.issuer.metadata["issuer"] = f"{fresh_pair.issuer.url}/"

    visitor.open(f"{fresh_pair.app.address}/sign-in")

    assert visitor.text("error_code") == "issuer_mismatch"


def test_signing_in_gives_the_browser_a_new_session(pair: Pair, visitor: Visitor) -> None:
    visitor.open(f"{pair.app.address}/sign-in")
    first = visitor.cookies()
    visitor.open(f"{pair.app.address}/sign-in")

    assert visitor.cookies() != first


def test_many_started_sign_ins_do_not_break_the_next_one(pair: Pair, visitor: Visitor) -> None:
    for _ in range(12):
        visitor.open(f"{pair.app.address}/sign-in", until=pair.issuer.url)

    visitor.open(f"{pair.app.address}/sign-in")

    assert visitor.has("department_sign_out")


def test_two_tabs_can_sign_in_at_once(pair: Pair, visitor: Visitor) -> None:
    first = visitor.open(f"{pair.app.address}/sign-in", until=pair.issuer.url)
    second = visitor.open(f"{pair.app.address}/sign-in", until=pair.issuer.url)

    visitor.open(first)
    visitor.open(second)

    assert visitor.has("department_sign_out")


def test_signing_out_comes_back(pair: Pair, visitor: Visitor) -> None:
    visitor.open(f"{pair.app.address}/sign-in")

    visitor.press("department_sign_out")

    assert visitor.page.url.startswith(f"{pair.app.address}/signed-out?")
    assert visitor.page.status == 200
    assert any("id_token_hint=" in url for url in visitor.passed)


def test_coming_back_from_a_sign_out_that_we_did_not_ask_for_is_said_so(pair: Pair, visitor: Visitor) -> None:
    visitor.open(f"{pair.app.address}/sign-in")
    pair.issuer.answer["state"] = "x"

    visitor.press("department_sign_out")

    assert visitor.text("error_code") == "state_mismatch"
    visitor.open(f"{pair.app.address}/")
    assert visitor.has("department_sign_in")


def test_another_site_cannot_sign_someone_out(pair: Pair, visitor: Visitor) -> None:
    visitor.open(f"{pair.app.address}/sign-in")
    visitor.page.forms[-1].fields["form_key"] = "guessed"

    visitor.press("department_sign_out")

    visitor.open(f"{pair.app.address}/")
    assert visitor.has("department_sign_out")


def test_a_page_says_that_the_hub_does_not_answer(fresh_pair: Pair, visitor: Visitor) -> None:
    fresh_pair.issuer.metadata["jwks_uri"] = "http://127.0.0.1:1/jwks"

    visitor.open(f"{fresh_pair.app.address}/sign-in")

    assert visitor.page.status == 503
    assert visitor.text("error_code") == "hub_unreachable"


def test_pages_speak_chinese_to_those_who_ask_for_it(pair: Pair) -> None:
    with Visitor("zh-Hans-CN,zh;q=0.9,en;q=0.5") as visitor:
        visitor.open(f"{pair.app.address}/")

        assert visitor.page.language == "zh-CN"
        assert visitor.text("department_sign_in") == "登录"


@pytest.mark.parametrize("path", ["/", "/callback", "/nowhere"])
def test_every_page_forbids_scripts_frames_and_being_kept(pair: Pair, path: str) -> None:
    headers = httpx.get(f"{pair.app.address}{path}", trust_env=False, verify=False).headers

    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "frame-ancestors 'none'" in policy
    assert f"form-action 'self' {pair.issuer.url}" in policy
    assert headers["Cache-Control"] == "no-store"


def test_the_cookie_is_named_for_the_port(pair: Pair) -> None:
    headers = httpx.get(f"{pair.app.address}/sign-in", trust_env=False, verify=False).headers

    port = pair.app.address.rsplit(":", 1)[1]
    assert headers["Set-Cookie"].startswith(f"department_{port}=")
    assert "HttpOnly" in headers["Set-Cookie"]
    assert "SameSite=Lax" in headers["Set-Cookie"]


def test_the_log_tells_no_secret(pair: Pair, visitor: Visitor) -> None:
    visitor.open(f"{pair.app.address}/sign-in")
    visitor.open(f"{pair.app.address}/callback?code=very-secret-code&state=x&iss=y")

    log = pair.app.log.read_text()

    assert "very-secret-code" not in log
    assert "Tuya" not in log
