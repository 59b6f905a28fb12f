"""What a hub writes about a whole journey: JSON lines that an operator can follow, and no secret in them."""

import json
import re
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.relying_parties.visitor import Visitor
from tests.running.application import REDIRECT_URI, Application, registered
from tests.running.state import execute, unwritable_audit
from tests.running.tuned_hub import TunedHub, running_hub
from tests.servers.hub import PASSWORD

WRONG_PASSWORD = "a wrong and secret password"
PERSONAL = ("Tuya Bat", "tuya@example.org")

pytestmark = pytest.mark.slow


@dataclass
class Journey:
    """A hub after a whole journey, and everything secret that went over the wire."""

    hub: TunedHub
    application: Application
    secrets: list[str] = field(default_factory=list)
    error_reference: str = ""
    request_ids: list[str] = field(default_factory=list)


@pytest.fixture(scope="module", params=["granian", "gunicorn"])
def journey(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Journey]:
    folder: Path = tmp_path_factory.mktemp("hub")
    with (
        running_hub(folder, settings={"SERVER__SOFTWARE": str(request.param)}) as hub,
        registered(hub) as application,
    ):
        hub.add_citizen()
        walked = Journey(hub, application)
        go_wrong(walked)
        sign_in_and_out(walked)
        be_unavailable(walked)
        time.sleep(1.5)  # as old as a gauge may be
        yield walked


def go_wrong(journey: Journey) -> None:
    """A wrong password, a page that does not exist, a client that is not who it says, a forged code."""
    with Visitor() as visitor:
        visitor.open(journey.application.authorization_url(secrets.token_urlsafe(32)))
        visitor.fill("login_name", "tuya")
        visitor.press("continue")
        visitor.fill("password", WRONG_PASSWORD)
        visitor.press("sign_in")
        journey.secrets += [WRONG_PASSWORD, *visitor.cookies().values()]
    http, issuer = journey.application.http, journey.hub.issuer
    journey.error_reference = http.get(f"{issuer}/oauth2/authorize?client_id=nobody").headers["X-Request-Id"]
    forged = secrets.token_urlsafe(32)
    journey.application.redeem(forged, forged)
    http.post(f"{issuer}/oauth2/token", auth=("nobody", forged), data={"grant_type": "client_credentials"})
    http.get(f"{issuer}/oauth2/userinfo", headers={"Authorization": f"Bearer {forged}"})
    http.get(f"{issuer}/no-such-page?code={forged}")
    journey.secrets.append(forged)


def sign_in_and_out(journey: Journey) -> None:
    application, issuer = journey.application, journey.hub.issuer
    verifier = secrets.token_urlsafe(32)
    with Visitor() as visitor:
        visitor.open(application.authorization_url(verifier))
        code = httpx.URL(visitor.sign_in("tuya", PASSWORD, until=REDIRECT_URI)).params["code"]
        tokens = application.redeem(code, verifier).json()
        refreshed = application.refresh(tokens["refresh_token"]).json()
        bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
        answer = application.http.get(f"{issuer}/oauth2/userinfo", headers=bearer)
        journey.request_ids.append(answer.headers["X-Request-Id"])
        credentials = {"client_id": application.client_id, "client_secret": application.client_secret}
        token = {"token": refreshed["refresh_token"]}
        application.http.post(f"{issuer}/oauth2/introspect", data=credentials | token)
        application.http.post(f"{issuer}/oauth2/revoke", data=credentials | token)
        visitor.open(f"{issuer}/oauth2/logout?id_token_hint={tokens['id_token']}")
        journey.secrets += [PASSWORD, code, verifier, application.client_secret, *visitor.cookies().values()]
    for answered in (tokens, refreshed):
        journey.secrets += [answered[kind] for kind in ("access_token", "id_token", "refresh_token")]


def be_unavailable(journey: Journey) -> None:
    """A traceback of the database goes to the log, without the row that it refused."""
    with unwritable_audit(journey.hub):
        journey.application.client_credentials()


def lines(journey: Journey) -> list[dict[str, Any]]:
    return [json.loads(line) for line in journey.hub.log.splitlines()]


def of(journey: Journey, event: str) -> list[dict[str, Any]]:
    return [line for line in lines(journey) if line["event"] == event]


def test_every_line_is_a_json_object_with_time_level_event_and_logger(journey: Journey) -> None:
    for line in lines(journey):
        assert {"ts", "level", "event", "logger"} <= line.keys()
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", line["ts"])


def test_the_server_gives_no_advice_at_the_start(journey: Journey) -> None:
    loggers = {line["logger"] for line in lines(journey)}

    assert loggers <= {"sso.access", "sso.serve", "sso.web", "sso.worker"}


def test_no_secret_is_written(journey: Journey) -> None:
    log = journey.hub.log
    kept = [secret for secret in journey.secrets if secret and (secret in log or secret[-24:] in log)]

    assert len(journey.secrets) > 12
    assert kept == []
    assert not [value for value in PERSONAL if value in log]
    assert "code=" not in log


def test_no_key_of_the_hub_is_written(journey: Journey) -> None:
    folder = journey.hub.folder
    keys = [(folder / f"sso.{name}").read_text().strip() for name in ("kek", "pepper")]

    assert not [key for key in keys if key in journey.hub.log]


def test_an_error_of_the_database_is_told_without_the_row_that_it_refused(journey: Journey) -> None:
    (told,) = of(journey, "storage unavailable")

    assert "the log is full" in told["exception"]
    assert "INSERT INTO" not in told["exception"]
    assert journey.application.client_id not in told["exception"]


def test_a_request_is_found_by_one_id_in_answer_log_and_audit(journey: Journey) -> None:
    (request_id,) = journey.request_ids
    found = [line for line in of(journey, "request") if line["request_id"] == request_id]
    events = journey.hub.audit("--request-id", request_id)

    assert [line["route"] for line in found] == ["/oauth2/userinfo"]
    assert [event["event"] for event in events] == ["userinfo.accessed"]


def test_the_reference_on_an_error_page_is_that_id(journey: Journey) -> None:
    response = journey.application.http.get(f"{journey.hub.issuer}/oauth2/authorize?client_id=nobody")

    assert response.headers["X-Request-Id"] in response.text
    assert journey.error_reference in [line.get("request_id") for line in lines(journey)]


def test_an_id_is_never_taken_from_the_client(journey: Journey) -> None:
    response = journey.application.http.get(f"{journey.hub.issuer}/", headers={"X-Request-Id": "chosen"})

    assert response.headers["X-Request-Id"] != "chosen"


def test_a_trace_id_is_taken_from_the_client_and_written(journey: Journey) -> None:
    trace_id = secrets.token_hex(16)
    traceparent = f"00-{trace_id}-{secrets.token_hex(8)}-01"

    journey.application.http.get(f"{journey.hub.issuer}/", headers={"traceparent": traceparent})

    assert trace_id in [line.get("trace_id") for line in lines(journey)]


def test_routes_are_written_without_what_stands_in_addresses(journey: Journey) -> None:
    for line in of(journey, "request"):
        assert "?" not in line["route"]
        assert not re.search(r"/sign-in/[A-Za-z0-9_-]{20}", line["route"])


METRICS = (
    'sso_logins_total{directory="",outcome="success"} 1.0',
    'sso_logins_total{directory="",outcome="bad_credential"} 1.0',
    'sso_audit_events_total{event="token.issued",outcome="success"} 2.0',
    'sso_audit_events_total{event="client.auth.failed",outcome="failure"}',
    'sso_requests_total{method="POST",route="/oauth2/token",status="503"} 1.0',
    "sso_password_hashes_waiting 0.0",
    "sso_password_hashes_running 0.0",
    "sso_logout_notices_waiting 0.0",
    "sso_ready 1.0",
    "sso_build_info{version=",
)


@pytest.mark.parametrize("expected", METRICS)
def test_the_metrics_tell(journey: Journey, expected: str) -> None:
    response = httpx.get(f"{journey.hub.management}/metrics", trust_env=False)

    assert response.headers["Content-Type"].startswith("text/plain")
    assert expected in response.text


def test_the_metrics_hold_no_identifier_of_a_person_or_client(journey: Journey) -> None:
    text = httpx.get(f"{journey.hub.management}/metrics", trust_env=False).text
    accounts = [str(row[0]) for row in execute(journey.hub, "SELECT id FROM account")]

    assert not [
        value for value in (*accounts, *journey.secrets, journey.application.client_id) if value in text
    ]


def test_the_management_listener_answers_nothing_else(journey: Journey) -> None:
    for path in ("/", "/oauth2/token", "/metrics/../etc/passwd"):
        assert httpx.get(f"{journey.hub.management}{path}", trust_env=False).status_code == 404
