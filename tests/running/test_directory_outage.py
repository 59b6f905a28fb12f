"""A department's directory stops, freezes and comes back: nobody else notices, and its clerks are told."""

import re
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from sso.cli.demo.slapd import Slapd, find_slapd
from tests.relying_parties.visitor import Visitor
from tests.running.application import REDIRECT_URI, Application, registered
from tests.running.tuned_hub import TunedHub, running_hub
from tests.servers.hub import PASSWORD
from tests.servers.slapd import PASSWORD as CLERKS_PASSWORD
from tests.servers.slapd import settings_for, started

DEADLINE_SECONDS = 3.0
PAGE_SECONDS = 2.0
"""For the pages around the directory, on a busy machine."""
RETURN_SECONDS = 10.0
CLERK = "bolor@civil.example"
UNAVAILABLE = "does not answer at the moment"
DOWN = 'sso_directory_up{directory="civil-affairs"} 0.0'

pytestmark = [pytest.mark.slow, pytest.mark.slapd]


@pytest.fixture(scope="module")
def slapd_of_our_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    if find_slapd() is None:
        pytest.fail("slapd is not installed (Debian: apt-get install slapd ldap-utils)")
    server = started(tmp_path_factory.mktemp("slapd"))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def hub(
    slapd_of_our_own: Slapd, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[TunedHub, Application]]:
    directory = settings_for(slapd_of_our_own, deadline_seconds=DEADLINE_SECONDS, pool_size=4)
    relaxed = {"THROTTLE__ACCOUNT_LIMIT": "100", "THROTTLE__NETWORK_LIMIT": "1000"}
    folder: Path = tmp_path_factory.mktemp("hub")
    with (
        running_hub(folder, directories=(directory,), settings=relaxed) as running,
        registered(running) as application,
    ):
        running.add_citizen()
        yield running, application


def sign_in(application: Application, login_name: str, password: str) -> tuple[str, float]:
    """Sign in; return the address reached, or the page's text, and how long the password took."""
    with Visitor() as visitor:
        visitor.open(application.authorization_url(secrets.token_urlsafe(32)))
        visitor.fill("login_name", login_name)
        visitor.press("continue")
        visitor.fill("password", password)
        started_at = time.monotonic()
        reached = visitor.press("sign_in", until=REDIRECT_URI)
        seconds = time.monotonic() - started_at
        return (reached if reached.startswith(REDIRECT_URI) else visitor.page.html), seconds


def clerk(application: Application) -> tuple[str, float]:
    return sign_in(application, CLERK, CLERKS_PASSWORD)


def citizen(application: Application) -> tuple[str, float]:
    return sign_in(application, "tuya", PASSWORD)


def seconds_until(succeeds: Callable[[], bool], at_most: float) -> float:
    started_at = time.monotonic()
    while time.monotonic() - started_at < at_most:
        if succeeds():
            return time.monotonic() - started_at
        time.sleep(0.2)
    pytest.fail(f"not within {at_most} s")


def test_a_stopped_directory_is_said_clearly_and_sign_in_returns_with_it(
    slapd_of_our_own: Slapd, hub: tuple[TunedHub, Application]
) -> None:
    _, application = hub
    assert "code=" in clerk(application)[0]

    slapd_of_our_own.stop()
    page, clerk_seconds = clerk(application)
    citizen_reached, citizen_seconds = citizen(application)
    slapd_of_our_own.start()
    back_after = seconds_until(lambda: "code=" in clerk(application)[0], RETURN_SECONDS)
    print(
        f"clerk told in {clerk_seconds:.2f} s, citizen {citizen_seconds:.2f} s, back after {back_after:.1f} s"
    )

    assert UNAVAILABLE in page
    assert clerk_seconds < DEADLINE_SECONDS + PAGE_SECONDS
    assert "code=" in citizen_reached
    assert citizen_seconds < PAGE_SECONDS


def test_while_eight_clerks_hang_at_a_frozen_directory_citizens_sign_in(
    slapd_of_our_own: Slapd, hub: tuple[TunedHub, Application]
) -> None:
    running, application = hub
    assert "code=" in clerk(application)[0]
    slapd_of_our_own.freeze()
    together = threading.Barrier(8, timeout=30)

    def hang(_: int) -> tuple[str, float]:
        together.wait()
        return clerk(application)

    try:
        with ThreadPoolExecutor(8) as clerks:
            hanging = [clerks.submit(hang, number) for number in range(8)]
            citizens = [citizen(application) for _ in range(4)]
            told = [one.result(timeout=60) for one in hanging]
        metrics = seconds_until(
            lambda: 'sso_directory_up{directory="civil-affairs"} 0.0' in measured(running), 5
        )
        told_to_operators = measured(running)
    finally:
        slapd_of_our_own.thaw()
    back_after = seconds_until(lambda: "code=" in clerk(application)[0], RETURN_SECONDS)
    print(f"citizens {[round(seconds, 2) for _, seconds in citizens]} s")
    print(
        f"clerks {[round(seconds, 2) for _, seconds in told]} s, back after {back_after:.1f} s, {metrics:.1f}"
    )

    assert all("code=" in reached for reached, _ in citizens)
    assert max(seconds for _, seconds in citizens) < PAGE_SECONDS
    assert all(UNAVAILABLE in page for page, _ in told)
    assert max(seconds for _, seconds in told) < DEADLINE_SECONDS + PAGE_SECONDS
    for line in (
        'sso_directory_operation_seconds_count{directory="civil-affairs",operation="bind",outcome="ok"}',
        'sso_directory_operation_seconds_count{directory="civil-affairs",operation="search",outcome="unreach',
        'sso_directory_last_answer_timestamp_seconds{directory="civil-affairs"}',
        'sso_directory_places{directory="civil-affairs"}',
        'sso_directory_under_way{directory="civil-affairs"}',
        'sso_directory_conflicts{directory="civil-affairs"} 0.0',
    ):
        assert line in told_to_operators
    assert re.search(r"sso_directory_server_breaker\{.*\} [12]\.0", told_to_operators)


def measured(running: TunedHub) -> str:
    return httpx.get(f"{running.management}/metrics", trust_env=False, timeout=10).text
