"""After a whole sign-in no log line, no record and no page shows a token, a code, a cookie or a password."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from tests.hostile.stage import PASSWORD, REDIRECT_URI, Stage, secret_cookies
from tests.relying_parties.visitor import Visitor

pytestmark = pytest.mark.slow

VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
STATE = "state-value-that-only-the-client-knows"


@dataclass
class SignedIn:
    """Everything secret of one sign-in, and what the hub wrote about it."""

    secrets: dict[str, str]
    log: str
    audit: str


@pytest.fixture(scope="module")
def signed_in(stage: Stage) -> Iterator[SignedIn]:
    """Go the whole way: sign in, redeem, refresh, userinfo, introspect, revoke, sign out."""
    credentials = {name: stage.client[name] for name in ("client_id", "client_secret")}
    with Visitor() as visitor:
        visitor.open(f"{stage.hub.issuer}/oauth2/authorize?{urlencode(stage.params(state=STATE))}")
        stopped = visitor.sign_in("tuya", PASSWORD, until=REDIRECT_URI)
        cookies = secret_cookies(visitor)
        code = parse_qs(urlsplit(stopped).query)["code"][0]
        redemption = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT_URI}
        first = _token(stage, {**redemption, "code_verifier": VERIFIER, **credentials})
        second = _token(
            stage, {"grant_type": "refresh_token", "refresh_token": first["refresh_token"], **credentials}
        )
        bearer = ("Authorization", f"Bearer {second['access_token']}")
        assert stage.send("GET", "/oauth2/userinfo", headers=[bearer]).status == 200
        stage.post("/oauth2/introspect", {"token": second["access_token"], **credentials})
        stage.post("/oauth2/token", {**redemption, "code_verifier": VERIFIER, **credentials})
        stage.post("/oauth2/revoke", {"token": second["refresh_token"], **credentials})
        visitor.open(f"{stage.hub.issuer}/oauth2/logout?{urlencode({'id_token_hint': second['id_token']})}")
    secrets = {"password": PASSWORD, "client_secret": stage.client["client_secret"], "code": code}
    secrets |= {"code_verifier": VERIFIER, "state": STATE}
    secrets |= {f"cookie {number}": value for number, value in enumerate(cookies)}
    for name in ("access_token", "refresh_token", "id_token"):
        secrets |= {f"first {name}": first[name], f"second {name}": second[name]}
    found = stage.hub.run("audit", "search", "--json").stdout
    yield SignedIn(secrets, stage.hub.log, found)


def _token(stage: Stage, form: dict[str, str]) -> dict[str, str]:
    answer = stage.post("/oauth2/token", form)
    assert answer.status == 200, answer.text
    tokens: dict[str, str] = json.loads(answer.text)
    return tokens


def test_the_sign_in_was_whole(signed_in: SignedIn) -> None:
    assert len(signed_in.secrets) >= 13
    for event in (
        "auth.login.success",
        "code.issued",
        "token.issued",
        "token.refreshed",
        "userinfo.accessed",
    ):
        assert event in signed_in.audit
    assert "/oauth2/token" in signed_in.log


def test_no_log_line_shows_a_secret(signed_in: SignedIn) -> None:
    shown = [name for name, secret in signed_in.secrets.items() if secret in signed_in.log]

    assert shown == []


def test_no_log_line_shows_personal_data_or_an_address_with_its_parameters(signed_in: SignedIn) -> None:
    for text in ("tuya", "Tuya Bat", "example.org", "code=", "id_token_hint"):
        assert text not in signed_in.log


def test_no_audit_record_shows_a_secret(signed_in: SignedIn) -> None:
    shown = [name for name, secret in signed_in.secrets.items() if secret in signed_in.audit]

    assert shown == []


def test_the_database_holds_no_secret_in_clear(stage: Stage, signed_in: SignedIn) -> None:
    """A stolen copy of the database opens nothing."""
    files = [path for path in Path(stage.hub.folder).iterdir() if path.name.startswith("hub.db")]
    content = b"".join(path.read_bytes() for path in files)

    not_kept = {name: value for name, value in signed_in.secrets.items() if name != "state"}
    assert [name for name, value in not_kept.items() if value.encode() in content] == []
