"""What the pages bring back to a client: state byte for byte, errors at its address, never a dead end."""

import html
import re
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from tests.hostile.stage import PASSWORD, REDIRECT_URI, Answer, Stage
from tests.relying_parties.visitor import Visitor

pytestmark = pytest.mark.slow

STATES = ['a b+c/d=é"<&%20', "状态😀", "\u202eevil", "%00%0d%0a", "'\"><script>alert(1)</script>", "x" * 2048]


def ask(stage: Stage, **changes: str) -> Answer:
    query = urlencode(stage.params(**changes))
    return stage.check(stage.send("GET", f"/oauth2/authorize?{query}", headers=[stage.cookie()]))


def told(answer: Answer) -> dict[str, str]:
    assert answer.status == 303
    assert (answer.location or "").startswith(REDIRECT_URI + "?")
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.location or "").query).items()}


@pytest.mark.parametrize("state", STATES)
def test_state_comes_back_in_the_query_as_it_went(stage: Stage, state: str) -> None:
    """RFC 6749 4.1.2, RFC 9207 2."""
    answer = told(ask(stage, state=state, response_type="nonsense"))

    assert answer["state"] == state
    assert (answer["error"], answer["iss"]) == ("unsupported_response_type", stage.hub.issuer)


@pytest.mark.parametrize("state", STATES)
def test_state_comes_back_in_the_form_as_it_went(stage: Stage, state: str) -> None:
    """OAuth 2.0 Form Post Response Mode 2."""
    answer = ask(stage, state=state, response_type="token", response_mode="form_post")

    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', answer.text))
    assert html.unescape(fields["state"]) == state
    assert f'action="{REDIRECT_URI}"' in answer.text
    assert "'unsafe-inline'" not in answer.headers["Content-Security-Policy"]


def test_an_error_that_a_page_of_the_journey_finds_goes_to_the_client(stage: Stage) -> None:
    """Whoever opens the consent page by hand must not meet a 500."""
    demand = '{"id_token": {"acr": {"essential": true, "value": "urn:gold"}}}'
    query = urlencode(stage.params(claims=demand, prompt="login", state="s"))
    with Visitor() as visitor:
        visitor.open(f"{stage.hub.issuer}/oauth2/authorize?{query}")
        pending_id = urlsplit(visitor.page.url).path.split("/")[2]
        visitor.fill("login_name", "tuya")
        visitor.press("continue")
        visitor.fill("password", PASSWORD)
        visitor.press("sign_in", until=f"{stage.hub.issuer}/oauth2/authorize/")
        cookies = "; ".join(f"{name}={value}" for name, value in visitor.cookies().items())

    headers = [("Cookie", cookies)]
    asked_again = stage.check(stage.send("GET", f"/consent/{pending_id}", headers=headers))
    answer = told(stage.check(stage.send("GET", asked_again.location or "", headers=headers)))

    assert (answer["error"], answer["state"]) == ("unmet_authentication_requirements", "s")


def test_a_services_post_to_the_logout_endpoint_goes_on_by_get(stage: Stage) -> None:
    """RP-Initiated Logout 2: across sites a POST comes without Lax cookies, and would end nothing."""
    answer = stage.check(
        stage.post("/oauth2/logout", {"client_id": stage.client["client_id"], "state": "é&"})
    )

    assert answer.status == 303
    assert (answer.location or "").startswith("/oauth2/logout?")
    page = stage.check(stage.send("GET", answer.location or "", headers=[stage.cookie()]))
    assert 'id="sign_out"' in page.text


def test_a_consent_form_belongs_to_the_account_that_saw_it(stage: Stage) -> None:
    """The token of another page of the same request does not allow anything."""
    pending_id, token = stage.pending()

    answer = stage.check(
        stage.post(f"/consent/{pending_id}", {"csrf_token": token, "decision": "allow"}, stage.cookie())
    )

    assert answer.status == 403


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/oauth2/jwks"])
def test_the_host_header_never_shows_in_what_we_publish(stage: Stage, path: str) -> None:
    """Discovery 4.3."""
    answer = stage.check(
        stage.send("GET", path, headers=[("Host", "evil.example"), ("Forwarded", "host=evil.example")])
    )

    assert answer.status == 200
    assert "evil.example" not in answer.text


def test_every_page_says_who_may_frame_and_sniff_it(stage: Stage) -> None:
    for path in ("/", "/sign-out", "/nowhere", "/oauth2/authorize"):
        headers = stage.send("GET", path).headers
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"
