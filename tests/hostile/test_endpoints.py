"""Hostile input on every endpoint and page: never a 500, never a redirect to anywhere else."""

import json
import string
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.hostile.stage import FORM, REDIRECT_URI, Stage, error_code

pytestmark = pytest.mark.slow

bounded = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))

MILLION = "A" * 1_000_000
PAGES = (
    "/",
    "/sign-in",
    "/sign-out",
    "/signed-out",
    "/oauth2/logout",
    "/oauth2/authorize",
    "/device",
    "/approvals",
)
CLIENT_ENDPOINTS = (
    "/oauth2/token",
    "/oauth2/introspect",
    "/oauth2/revoke",
    "/oauth2/device_authorization",
    "/oauth2/bc-authorize",
)
SLICE = "/audit/slice"
DOCUMENTS = ("/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/oauth2/jwks")
JOURNEY = (
    "/sign-in/{}",
    "/sign-in/{}/password",
    "/sign-in/{}/account",
    "/consent/{}",
    "/answer/{}",
    "/oauth2/authorize/{}",
)
API = ("/api/v1/clients", "/api/v1/events", "/api/v1/me", "/api/v1/")
EVERYWHERE = (
    *PAGES,
    *CLIENT_ENDPOINTS,
    *DOCUMENTS,
    SLICE,
    "/oauth2/userinfo",
    "/oauth2/register",
    "/oauth2/register/x",
    *API,
    "/static/x",
    "/readyz",
    "/nowhere",
)
ENCODED = (
    "",
    "%00",
    "%",
    "%zz",
    "%ff%fe",
    "%ed%a0%80",
    "%E2%80%AE%D8%A7",
    "%0d%0aSet-Cookie:%20x=y",
    "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "%3Cscript%3Ealert(1)%3C/script%3E",
    "'%20OR%201=1--",
    "%7B%7B7*7%7D%7D",
    "%F0%9F%A4%A6%E2%80%8D",
    "A" * 20_000,
)
AUTHORIZE_NAMES = (
    "client_id redirect_uri response_type response_mode scope state nonce code_challenge "
    "code_challenge_method prompt max_age claims id_token_hint login_hint ui_locales acr_values "
    "request request_uri registration resource lang display unheard_of"
).split()
TOKEN_NAMES = (
    "grant_type code redirect_uri code_verifier refresh_token scope client_id client_secret client_assertion "
    "client_assertion_type token token_type_hint resource audience"
).split()

texts = st.text(max_size=40) | st.sampled_from(
    [
        "",
        "\0",
        "‮evil",
        "😀",
        "a\r\nb: c",
        "-1",
        "null",
        "[]",
        "{}",
        "x.y.z",
        "//evil.example",
        "openid",
        MILLION[:9000],
    ]
)


@pytest.mark.parametrize("path", EVERYWHERE)
@pytest.mark.parametrize(
    "method", ["GET", "POST", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"]
)
def test_any_method_is_answered_in_the_kind_of_its_address(stage: Stage, path: str, method: str) -> None:
    answer = stage.check(stage.send(method, path))

    if path in CLIENT_ENDPOINTS and answer.status >= 400 and method != "HEAD":
        assert json.loads(answer.text)["error"] == "invalid_request"
    if answer.status == 405:
        assert answer.headers["Allow"]


@pytest.mark.parametrize("path", [*JOURNEY, "/cancel/{}", "/static/{}", "/{}", "/api/v1/clients/{}"])
@pytest.mark.parametrize("value", [*ENCODED, "/evil.example", "..;/x", "x" * 200])
def test_any_address_is_an_error_page_at_most(stage: Stage, path: str, value: str) -> None:
    stage.check(stage.send("GET", path.format(value)))
    stage.check(stage.post(path.format(value), {"csrf_token": "x", "decision": "allow"}))


@pytest.mark.parametrize(
    "target", ["//evil.example/", "/\\evil.example", "//evil.example/%2e%2e", "/sign-in//x"]
)
def test_no_page_links_away_from_us_because_its_address_looks_like_one(stage: Stage, target: str) -> None:
    answer = stage.check(stage.send("GET", target))

    assert 'href="//' not in answer.text
    assert 'href="/\\' not in answer.text


@pytest.mark.parametrize("name", AUTHORIZE_NAMES)
def test_every_parameter_of_the_authorization_endpoint_takes_anything(stage: Stage, name: str) -> None:
    good = {key: value for key, value in stage.params(state="s").items() if key != name}
    query = urlencode(good)

    for value in ENCODED:
        for answer in (
            stage.send("GET", f"/oauth2/authorize?{query}&{name}={value}"),
            stage.send("GET", f"/oauth2/authorize?{query}&{name}={value}", headers=[stage.cookie()]),
            stage.send("GET", f"/oauth2/authorize?{query}&{name}=x&{name}={value}"),
        ):
            stage.check(answer)
            if name in {"client_id", "redirect_uri"}:
                assert (answer.status, answer.location) in ((400, None), (414, None), (431, None))


@pytest.mark.parametrize(
    "redirect_uri", ["https://evil.example", REDIRECT_URI + "/x", "//evil.example", "javascript:x"]
)
def test_an_unregistered_address_is_an_error_page(stage: Stage, redirect_uri: str) -> None:
    """RFC 6749 4.1.2.1."""
    answer = stage.check(stage.post("/oauth2/authorize", stage.params(redirect_uri=redirect_uri)))
    answer = stage.check(stage.send("GET", answer.location or ""))

    assert (answer.status, error_code(answer)) == (400, "invalid_redirect_uri")


@pytest.mark.parametrize("path", ["/oauth2/authorize", "/oauth2/logout"])
def test_a_megabyte_by_post_does_not_become_an_address(stage: Stage, path: str) -> None:
    answer = stage.check(stage.post(path, {"state": MILLION}))

    assert answer.status == 413
    assert answer.location is None


@pytest.mark.parametrize("path", CLIENT_ENDPOINTS)
@pytest.mark.parametrize("name", TOKEN_NAMES)
def test_every_parameter_of_a_client_endpoint_takes_anything(stage: Stage, path: str, name: str) -> None:
    credentials = f"client_id={stage.client['client_id']}&client_secret={stage.client['client_secret']}"

    for value in (*ENCODED, MILLION):
        stage.check(stage.post(path, f"{name}={value}"), json=True)
        stage.check(stage.post(path, f"{credentials}&grant_type=refresh_token&{name}={value}"), json=True)


@pytest.mark.parametrize("path", [*CLIENT_ENDPOINTS, SLICE, "/oauth2/userinfo", *API])
@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Basic",
        "Basic ",
        "Basic é",
        "Basic ====",
        "Basic //8=",
        "Basic AAAA",
        "Bearer",
        "Bearer é",
        "Bearer \x01",
        "Bearer x.y.z",
        "Bearer " + "e30." * 3000,
        "DPoP x",
        "Digest " + "x" * 4000,
    ],
)
def test_any_authorization_header_is_refused_in_order(stage: Stage, path: str, authorization: str) -> None:
    """RFC 6749 5.2, RFC 6750 3."""
    answer = stage.send("POST", path, b"token=x", [("Authorization", authorization), ("Content-Type", FORM)])

    stage.check(answer)
    assert 400 <= answer.status < 432
    if answer.status == 401:
        assert answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize(
    "path", [*CLIENT_ENDPOINTS, SLICE, "/oauth2/authorize", "/oauth2/logout", "/sign-out", "/oauth2/userinfo"]
)
@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b'{"grant_type": "client_credentials"}'),
        ("application/json", b"[" * 100_000),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\n"),
        ("multipart/form-data", b"nothing"),
        ("text/plain", b"\xff\xfe\x00"),
        ("application/x-www-form-urlencoded; charset=utf-16", b"\xff\xfeg\x00"),
        (FORM, b"\xff\xfe=\x00&%&&&=&=&;"),
        (FORM, b"a=b&" * 50_000),
        (FORM, b"x" * 3_000_000),
        ("\xff", b"x"),
    ],
)
def test_any_body_is_refused_in_order(stage: Stage, path: str, content_type: str, body: bytes) -> None:
    answer = stage.check(stage.send("POST", path, body, [("Content-Type", content_type)]))

    assert answer.status != 200 or path in {"/oauth2/logout", "/sign-out"}


@pytest.mark.parametrize(
    "headers",
    [
        [("Cookie", "sso-session=é; sso-browser=\x02; sso-language=<script>")],
        [("Cookie", "a=b; " * 1500)],
        [("Cookie", "sso-session=" + "x" * 6000)],
        [("Accept-Language", "x" * 5000)],
        [("Accept-Language", "zh-CN;q=é, *;q=99999999999999999999")],
        [("Host", "evil.example")],
        [("Forwarded", 'for="[::1]", for=' + "x" * 4000)],
        [("X-Forwarded-Host", "evil.example"), ("X-Forwarded-Proto", "gopher")],
        [("traceparent", "00-" + "é" * 32)],
        [("User-Agent", "\xff\x01" * 500)],
        [("If-None-Match", '\xff"'), ("Range", "bytes=9-1,-1-")],
        [("Origin", "https://evil.example"), ("Referer", "https://evil.example")],
        [("X", str(number)) for number in range(90)],
    ],
)
@pytest.mark.parametrize(
    "path", ["/", "/sign-in", "/oauth2/authorize?client_id=x", "/oauth2/jwks", "/static/x"]
)
def test_any_header_is_survived(stage: Stage, headers: list[tuple[str, str]], path: str) -> None:
    answer = stage.check(stage.send("GET", path, headers=headers))

    assert "evil.example" not in answer.text + str(answer.headers)


@pytest.mark.parametrize("path", ["/oauth2/token", "/sign-out"])
def test_a_body_that_never_comes_whole_is_no_error_of_ours(stage: Stage, path: str) -> None:
    short = [("Content-Type", FORM), ("Content-Length", "10")]
    stage.check(stage.send("POST", path, b"0123456789truncated?", short))
    stage.check(
        stage.send(
            "POST", path, b"5\r\na=b&c\r\nzz\r\n", [("Transfer-Encoding", "chunked"), ("Content-Type", FORM)]
        )
    )


@pytest.mark.parametrize("depth", [10, 300, 900, 2000])
def test_deep_json_in_claims_is_refused_or_ignored(stage: Stage, depth: int) -> None:
    """OpenID Connect Core 5.5."""
    for claims in ("[" * depth, '{"userinfo":{"a":{"value":' + "[" * depth + "]" * depth + "}}}"):
        query = urlencode(stage.params(claims=claims, prompt="none"))
        answer = stage.check(stage.send("GET", f"/oauth2/authorize?{query}", headers=[stage.cookie()]))
        assert answer.location is not None
        assert "error=" in answer.location


@bounded
@given(st.dictionaries(st.sampled_from(AUTHORIZE_NAMES), texts, max_size=6))
@example({"response_mode": "form_post", "scope": "", "state": '"><script>'})
def test_any_combination_at_the_authorization_endpoint(stage: Stage, changes: dict[str, str]) -> None:
    answer = stage.check(stage.post("/oauth2/authorize", stage.params(**changes)))

    if answer.status == 303:
        answer = stage.check(stage.send("GET", answer.location or "", headers=[stage.cookie()]))
    assert "<script>" not in answer.text


@bounded
@given(st.sampled_from(CLIENT_ENDPOINTS), st.dictionaries(st.sampled_from(TOKEN_NAMES), texts, max_size=6))
def test_any_combination_at_a_client_endpoint(stage: Stage, path: str, changes: dict[str, str]) -> None:
    credentials = {name: str(stage.client[name]) for name in ("client_id", "client_secret")}

    stage.check(stage.post(path, credentials | changes), json=True)


@bounded
@given(
    st.sampled_from(["", "/password", "/account"]),
    st.dictionaries(
        st.sampled_from(["login_name", "username", "password", "account", "lang"]), texts, max_size=4
    ),
)
def test_any_name_and_password_end_on_a_page(stage: Stage, step: str, fields: dict[str, str]) -> None:
    pending_id, token = stage.pending()

    answer = stage.post(f"/sign-in/{pending_id}{step}", {"csrf_token": token, **fields}, stage.cookie())

    stage.check(answer)
    assert answer.status in {200, 303, 413, 429}


@bounded
@given(
    st.sampled_from(["/sign-out", "/consent/x", "/cancel/x", "/sign-in/x/password"]),
    st.text(string.printable),
)
def test_no_form_is_taken_without_its_token(stage: Stage, path: str, token: str) -> None:
    answer = stage.check(stage.post(path, {"csrf_token": token, "decision": "allow"}, stage.cookie()))

    assert answer.status in {400, 403}


def test_a_form_from_elsewhere_is_refused(stage: Stage) -> None:
    pending_id, token = stage.pending()
    fields = {"csrf_token": token, "login_name": "tuya"}

    answer = stage.check(
        stage.post(f"/sign-in/{pending_id}", fields, stage.cookie(), ("Origin", "https://evil.example"))
    )

    assert (answer.status, error_code(answer)) == (403, "forbidden_origin")


def test_a_journey_of_another_browser_is_not_shown(stage: Stage) -> None:
    pending_id, _ = stage.pending()

    for path in JOURNEY:
        answer = stage.check(stage.send("GET", path.format(pending_id)))
        assert (answer.status, error_code(answer)) == (400, "expired_page")


def test_after_all_this_the_hub_is_well(stage: Stage) -> None:
    assert stage.send("GET", "/readyz").status == 200
    assert "unexpected error" not in stage.hub.log
    assert "Traceback" not in stage.hub.log
