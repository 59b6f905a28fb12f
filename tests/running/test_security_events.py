"""Applications that asked for it are told of leavers by security event tokens: pushed, or polled."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from sso.audit.record import Origin
from sso.authentication import people
from sso.config import load
from sso.directory.person import Account
from sso.hub import build
from sso.storage.stores import SqlStores
from tests.relying_parties.visitor import Visitor
from tests.running.application import REDIRECT_URI, Application, claims_of, registered
from tests.running.event_receiver import EventReceiver
from tests.running.event_streams import (
    DISABLED,
    ENABLED,
    SESSION_REVOKED,
    by_type,
    events_token,
    poll,
    polled_by,
    post_poll,
    pushed_to,
    verified,
)
from tests.running.leaving import wait_for
from tests.running.state import events
from tests.running.tuned_hub import TunedHub, running_hub
from tests.servers.hub import PASSWORD

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def receiver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EventReceiver]:
    with EventReceiver(tmp_path_factory.mktemp("receiver")) as receiver:
        yield receiver


@pytest.fixture(scope="module")
def hub(receiver: EventReceiver, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TunedHub]:
    settings = {"OUTBOUND__ALLOW_LOOPBACK": "true", "OUTBOUND__CA_FILE": str(receiver.ca_file)}
    with running_hub(tmp_path_factory.mktemp("hub"), settings=settings) as running:
        for name in ("tuya", "dorj"):
            running.add_citizen(name, email=f"{name}@example.org")
        yield running


def sub_after_sign_in(application: Application, login_name: str) -> str:
    verifier = secrets.token_urlsafe(32)
    with Visitor() as visitor:
        visitor.open(application.authorization_url(verifier))
        reached = visitor.sign_in(login_name, PASSWORD, until=REDIRECT_URI)
    answer = application.redeem(httpx.URL(reached).params["code"], verifier)
    return str(claims_of(answer.json()["id_token"])["sub"])


def test_a_push_says_that_the_account_is_disabled_and_that_it_is_back(
    hub: TunedHub, receiver: EventReceiver
) -> None:
    """RFC 8935 2.1, CAEP 1.0 3.1, RISC 1.0 2.3, 2.4."""
    receiver.pushed.clear()
    with pushed_to(hub, receiver) as application:
        sub = sub_after_sign_in(application, "tuya")

        with account_of(hub, "tuya") as (account, stores):
            people.disable(account, "command", "left", stores, datetime.now(UTC))
        wait_for(lambda: len(receiver.pushed) >= 2, 30, "two events")
        with account_of(hub, "tuya") as (account, stores):
            people.enable(account, "command", stores, datetime.now(UTC))
        wait_for(lambda: len(receiver.pushed) >= 3, 30, "a third event")

        assert {(each.media_type, each.accept) for each in receiver.pushed} == {
            ("application/secevent+jwt", "application/json")
        }
        told = by_type([verified(each.token, hub, application.client_id) for each in receiver.pushed])
        assert set(told) == {SESSION_REVOKED, DISABLED, ENABLED}
        for claims in told.values():
            assert claims["sub_id"] == {"format": "iss_sub", "iss": hub.issuer, "sub": sub}
        assert told[SESSION_REVOKED]["events"][SESSION_REVOKED]["initiating_entity"] == "admin"
        wait_for(lambda: len(_delivered(hub, application)) == 3, 20, "three confirmations")
        assert {each["jti"] for each in _delivered(hub, application)} == {
            each["jti"] for each in told.values()
        }


def test_a_receiver_that_refuses_is_asked_again_and_its_words_are_kept(
    hub: TunedHub, receiver: EventReceiver
) -> None:
    """RFC 8935 2.3, 2.4."""
    receiver.pushed.clear()
    receiver.status = 400
    with pushed_to(hub, receiver) as application:
        hub.run("client", "verify-events", application.client_id, "--state", "hello")
        wait_for(lambda: len(receiver.pushed) >= 1, 20, "an event")
        wait_for(lambda: bool(_failures(hub, application)), 20, "a recorded failure")
        receiver.status = 202
        wait_for(lambda: bool(_delivered(hub, application)), 30, "a confirmation")

        first, *others = receiver.pushed
        claims = [verified(each.token, hub, application.client_id) for each in (first, *others)]
        assert {each["jti"] for each in claims} == {claims[0]["jti"]}
        (detail,) = claims[0]["events"].values()
        assert detail == {"state": "hello"}
        assert claims[0]["sub_id"] == {"format": "opaque", "id": application.client_id}
        assert _failures(hub, application)[0]["reason"] == "HTTP status 400, invalid_request: not today"


def test_a_client_polls_acknowledges_and_refuses(hub: TunedHub, polling: Application) -> None:
    """RFC 8936 2.4: what is not acknowledged comes again."""
    sub = sub_after_sign_in(polling, "dorj")
    with account_of(hub, "dorj") as (account, stores):
        people.disable(account, "command", "left", stores, datetime.now(UTC))

    first = poll(polling, maxEvents=1, returnImmediately=True)
    again = poll(polling, maxEvents=1, returnImmediately=True)
    assert first["sets"].keys() == again["sets"].keys()
    assert first["moreAvailable"] is True
    (jti,) = first["sets"]
    rest = poll(polling, ack=[jti, "somebody-elses"], returnImmediately=True)
    assert jti not in rest["sets"]
    claims = [
        verified(token, hub, polling.client_id) for token in (*first["sets"].values(), *rest["sets"].values())
    ]
    assert set(by_type(claims)) == {SESSION_REVOKED, DISABLED}
    assert {each["sub_id"]["sub"] for each in claims} == {sub}
    refused = {other: {"err": "invalid_audience", "description": "no"} for other in rest["sets"]}
    assert poll(polling, setErrs=refused, returnImmediately=True) == {
        "sets": {},
        "moreAvailable": False,
    }
    assert [each["jti"] for each in _delivered(hub, polling)] == [jti]
    assert _failures(hub, polling)[0]["reason"] == "invalid_audience: no"


def test_only_a_token_for_this_resource_with_the_scope_polls(hub: TunedHub, polling: Application) -> None:
    """RFC 8936 4: whoever polls proves who they are."""
    credentials = {"grant_type": "client_credentials"}
    with registered(hub, "--scope", "openid profile ssf.read", name="Elsewhere") as elsewhere:
        for_another = elsewhere.token(credentials).json()["access_token"]
    unscoped = polling.token(credentials | {"scope": "reports"}).json()["access_token"]

    answers = [post_poll(polling, token, {"returnImmediately": True}) for token in (for_another, unscoped)]

    assert [(answer.status_code, answer.json()["error"]) for answer in answers] == [
        (401, "invalid_token"),
        (403, "insufficient_scope"),
    ]


def test_no_token_and_no_json_are_refused(hub: TunedHub, polling: Application) -> None:
    nobody = polling.http.post(f"{hub.issuer}/ssf/events", json={})
    assert (nobody.status_code, nobody.json()["error"]) == (401, "invalid_token")
    token = events_token(polling)
    deep = b"[" * 60_000  # deeper than a parser goes
    lone = rb'{"ack": ["\ud800"]}'
    for content, words in (
        (b"{", "not JSON"),
        (b"[]", "JSON object"),
        (b'{"maxEvents": -1}', "maxEvents"),
        (b"\xff", "not JSON"),
        (deep, "not JSON"),
        (lone, "a jti"),
    ):
        bad = polling.http.post(
            f"{hub.issuer}/ssf/events",
            content=content,
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        )
        assert bad.status_code == 400, content[:20]
        assert bad.headers["Content-Type"] == "application/json"
        assert bad.json()["err"] == "invalid_request"  # RFC 8935 2.3
        assert words in bad.json()["description"]


def test_the_configuration_names_what_there_is(hub: TunedHub) -> None:
    """SSF 1.0 6.1."""
    document = httpx.get(f"{hub.issuer}/.well-known/ssf-configuration", trust_env=False).json()

    assert document["issuer"] == hub.issuer
    assert document["delivery_methods_supported"] == ["urn:ietf:rfc:8935", "urn:ietf:rfc:8936"]
    assert "configuration_endpoint" not in document


@contextmanager
def account_of(hub: TunedHub, login_name: str) -> Iterator[tuple[Account, SqlStores]]:
    """A citizen's account, and the stores of a transaction in the hub's database."""
    built = build(load(str(hub.config_file), {}))
    try:
        with built.database.begin(Origin()) as stores:
            account = stores.people.citizen(login_name)
            assert account is not None
            yield account, stores
    finally:
        built.close()


@pytest.fixture(scope="module")
def polling(hub: TunedHub) -> Iterator[Application]:
    with polled_by(hub) as application:
        yield application


def _delivered(hub: TunedHub, application: Application) -> list[dict[str, Any]]:
    return _told(hub, application, "success")


def _failures(hub: TunedHub, application: Application) -> list[dict[str, Any]]:
    return _told(hub, application, "failure")


def _told(hub: TunedHub, application: Application, outcome: str) -> list[dict[str, Any]]:
    found = events(hub, "security_event.delivered")
    return [e for e in found if (e["client_id"], e["outcome"]) == (application.client_id, outcome)]
