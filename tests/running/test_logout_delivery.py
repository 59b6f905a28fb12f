"""Back-channel logout tokens reach their clients: retried, cut off, never twice, never inside the network."""

import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from sso.outbound import Form, NoAnswer, NotAllowed, Outbound, OutboundRules
from tests.relying_parties.visitor import Visitor
from tests.running.application import REDIRECT_URI, registered
from tests.running.listening_client import (
    ListeningClient,
    confirms,
    drips,
    redirects_to,
    refuses,
    talks_without_end,
)
from tests.running.state import events, execute
from tests.running.tuned_hub import TunedHub, running_hub
from tests.servers.hub import PASSWORD, free_port

NOTICES = 8
TOO_SLOW = NoAnswer("no answer within 3 seconds")


@pytest.fixture(scope="module")
def loopback() -> Iterator[Outbound]:
    with Outbound(OutboundRules(allow_loopback=True)) as outbound:
        yield outbound


def posted(outbound: Outbound, *urls: str) -> list[int | NotAllowed | NoAnswer]:
    return outbound.post_forms([Form(url, {"logout_token": "a.e30.b"}) for url in urls])


@pytest.mark.slow
def test_a_client_that_drips_is_cut_after_three_seconds_and_holds_up_nobody(loopback: Outbound) -> None:
    with ListeningClient(drips) as slow, ListeningClient() as quick:
        started_at = time.monotonic()
        answers = posted(loopback, slow.uri, quick.uri, slow.uri)
        seconds = time.monotonic() - started_at

    assert [str(answer) for answer in answers] == [str(TOO_SLOW), "200", str(TOO_SLOW)]
    assert seconds < 4.5


def test_a_redirect_is_not_followed(loopback: Outbound) -> None:
    with ListeningClient() as inside, ListeningClient(redirects_to(inside.uri)) as client:
        answers = posted(loopback, client.uri)

        assert answers == [302]
        assert inside.received == []


def test_an_endless_answer_is_read_to_its_limit_only(loopback: Outbound) -> None:
    with ListeningClient(talks_without_end) as client:
        started_at = time.monotonic()
        answers = posted(loopback, client.uri)

        assert answers == [200]
        assert time.monotonic() - started_at < 2.5


@pytest.mark.parametrize(
    ("url", "rule"),
    [
        ("https://10.1.2.3/", "the address is not public and not allow-listed"),
        ("https://169.254.169.254/latest/meta-data", "the address is not public and not allow-listed"),
        ("https://[::1]/", "the address is not public and not allow-listed"),
        ("https://[::ffff:10.0.0.1]/", "the address is not public and not allow-listed"),
        ("https://[fd00::1]/", "the address is not public and not allow-listed"),
        ("https://[64:ff9b::a9fe:a9fe]/", "the address is not public and not allow-listed"),
        ("https://[2002:7f00:1::]/", "the address is not public and not allow-listed"),
        ("https://[fec0::1]/", "the address is not public and not allow-listed"),
        ("https://0.0.0.0/", "the address is not public and not allow-listed"),
        ("https://224.0.0.1/", "the address is not public and not allow-listed"),
        ("https://2130706433/", "the address is not public and not allow-listed"),
        ("http://127.0.0.1:9/", "the address is not public and not allow-listed"),
        ("https://no-such-host.invalid/", "the host name is unknown"),
        ("https://127.0.0.1:99999/", "the host name is unknown"),
    ],
)
def test_an_address_that_is_not_public_is_refused(url: str, rule: str) -> None:
    with Outbound(OutboundRules()) as outbound:
        (answer,) = posted(outbound, url)

    assert isinstance(answer, NotAllowed)
    assert str(answer) == rule


def test_an_allow_listed_network_may_be_called_over_https_only() -> None:
    rules = OutboundRules(allow_networks=("10.0.0.0/8",))

    assert rules.place_of(urlsplit("https://10.1.2.3/"), [ip_address("10.1.2.3")]) == (
        "10.1.2.3",
        "10.1.2.3",
        443,
    )
    with pytest.raises(NotAllowed, match="only https"):
        rules.place_of(urlsplit("http://10.1.2.3/"), [ip_address("10.1.2.3")])


def test_a_name_with_one_address_inside_is_refused_whole() -> None:
    both = [ip_address("93.184.216.34"), ip_address("10.0.0.1")]

    with pytest.raises(NotAllowed):
        OutboundRules().place_of(urlsplit("https://two.example/"), both)


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TunedHub]:
    with running_hub(tmp_path_factory.mktemp("hub")) as running:
        running.add_citizen()
        yield running


def signed_out(hub: TunedHub, uri: str) -> str:
    """Register a client with a back-channel, sign in to it and out; return its id."""
    with registered(hub, "--backchannel-logout-uri", uri) as application, Visitor() as visitor:
        verifier = secrets.token_urlsafe(32)
        visitor.open(application.authorization_url(verifier))
        code = httpx.URL(visitor.sign_in("tuya", PASSWORD, until=REDIRECT_URI)).params["code"]
        id_token = application.redeem(code, verifier).json()["id_token"]
        visitor.open(f"{hub.issuer}/oauth2/logout?id_token_hint={id_token}")
        return application.client_id


def propagated(hub: TunedHub, client_id: str, outcome: str) -> list[dict[str, object]]:
    found = events(hub, "logout.propagated")
    return [event for event in found if (event["client_id"], event["outcome"]) == (client_id, outcome)]


def until(is_so: Callable[[], object], seconds: float = 25) -> bool:
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if is_so():
            return True
        time.sleep(0.1)
    return False


@pytest.mark.slow
def test_a_client_that_is_down_is_told_when_it_is_back_and_both_are_on_record(hub: TunedHub) -> None:
    with ListeningClient(refuses) as client:
        client_id = signed_out(hub, client.uri)
        assert until(lambda: len(client.received) == 1)

        client.answer = confirms
        assert until(lambda: len(client.received) == 2)
        assert until(lambda: propagated(hub, client_id, "success"))
        time.sleep(1)

    (failure,) = propagated(hub, client_id, "failure")
    (success,) = propagated(hub, client_id, "success")
    assert failure["reason"] == "HTTP status 400"
    assert failure["final"] is False
    assert success["attempts"] == 2
    assert len(client.received) == 2
    assert len(set(client.jtis)) == 2


@pytest.mark.slow
def test_a_client_nobody_listens_for_is_a_failure_with_its_reason(hub: TunedHub) -> None:
    client_id = signed_out(hub, f"http://127.0.0.1:{free_port()}/backchannel")

    assert until(lambda: propagated(hub, client_id, "failure"))
    assert propagated(hub, client_id, "failure")[-1]["reason"] == "ConnectError"


@pytest.mark.slow
def test_a_slow_client_is_a_failure_and_the_next_one_is_told_meanwhile(hub: TunedHub) -> None:
    with ListeningClient(drips) as slow, ListeningClient() as quick:
        slow_id = signed_out(hub, slow.uri)
        quick_id = signed_out(hub, quick.uri)

        assert until(lambda: propagated(hub, quick_id, "success"))
        assert until(lambda: propagated(hub, slow_id, "failure"))

    assert propagated(hub, slow_id, "failure")[-1]["reason"] == str(TOO_SLOW)


WAITING_FOR_ONE = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 600)
INSERT INTO logout_notice (id, session_id, account_id, client_id, sub, uri, include_sid, attempts, created_at,
  next_attempt_at, last_error)
SELECT 'n' || i, 's' || i, 'account', 'gone', 'sub', '{uri}', 1, 3, {now}, 0, 'no answer' FROM n
"""
"""A queue that one client which hangs takes more than half a minute for."""


@pytest.mark.slow
def test_a_client_that_hangs_with_a_long_queue_holds_up_nobody_else(hub: TunedHub) -> None:
    with ListeningClient(drips) as silent, ListeningClient() as quick:
        execute(hub, WAITING_FOR_ONE.format(uri=silent.uri, now=int(time.time() * 1_000_000)))
        assert until(lambda: silent.received)

        client_id = signed_out(hub, quick.uri)
        told = until(lambda: propagated(hub, client_id, "success"), seconds=6)
        left = execute(hub, "SELECT count(*) FROM logout_notice WHERE client_id = 'gone' AND attempts = 3")
        execute(hub, "DELETE FROM logout_notice WHERE client_id = 'gone'")

    assert told
    assert int(str(left[0][0])) > 0, "the queue was through before the other client was told"


@pytest.mark.slow
def test_an_operator_who_does_not_allow_loopback_is_obeyed(tmp_path: Path) -> None:
    settings = {"OUTBOUND__ALLOW_LOOPBACK": "false"}
    with ListeningClient() as client, running_hub(tmp_path, settings=settings) as hub:
        hub.add_citizen()
        client_id = signed_out(hub, client.uri)

        assert until(lambda: propagated(hub, client_id, "failure"))
        reason = propagated(hub, client_id, "failure")[-1]["reason"]
        assert reason == "the address is not public and not allow-listed"
        assert client.received == []


@contextmanager
def more_workers(hub: TunedHub, number: int) -> Iterator[None]:
    """`sso worker` processes beside the hub's own."""
    command = [sys.executable, "-m", "sso", "worker"]
    with (hub.folder / "hub.log").open("ab") as log:
        workers = [
            subprocess.Popen(command, cwd=hub.folder, env=hub.environment, stdout=log, stderr=log)
            for _ in range(number)
        ]
    try:
        yield
    finally:
        for worker in workers:
            worker.terminate()
        assert [worker.wait(20) for worker in workers] == [0] * number


@pytest.mark.slow
@pytest.mark.postgresql
def test_three_workers_deliver_each_notice_once(tmp_path: Path, empty_postgresql_url: str) -> None:
    with (
        running_hub(tmp_path, database_url=empty_postgresql_url) as hub,
        ListeningClient() as client,
        registered(hub, "--backchannel-logout-uri", client.uri) as application,
        more_workers(hub, 2),
    ):
        hub.add_citizen()
        for _ in range(NOTICES):
            with Visitor() as visitor:
                verifier = secrets.token_urlsafe(32)
                visitor.open(application.authorization_url(verifier))
                code = httpx.URL(visitor.sign_in("tuya", PASSWORD, until=REDIRECT_URI)).params["code"]
                id_token = application.redeem(code, verifier).json()["id_token"]
                visitor.open(f"{hub.issuer}/oauth2/logout?id_token_hint={id_token}")
        assert until(lambda: len(client.received) >= NOTICES)
        time.sleep(1)

        assert len(client.received) == NOTICES
        assert len(propagated(hub, application.client_id, "success")) == NOTICES
        assert propagated(hub, application.client_id, "failure") == []
