"""kill -9 under load: what a client received is on record, and no code is worth two answers (audit.md P1)."""

import os
import signal
import time
from collections import Counter
from pathlib import Path

import psutil
import pytest

from tests.running.application import (
    Application,
    code_prefix_of,
    jti_of,
    registered,
    signed_in,
)
from tests.running.load import Load
from tests.running.state import events
from tests.running.tuned_hub import TunedHub, running_hub
from tests.servers.postgresql import PostgreSQL

KILLS = 5
BETWEEN_KILLS_SECONDS = 1.5
ENOUGH_TOKENS = 100

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def kill_a_web_worker(hub: TunedHub) -> bool:
    """kill -9 the youngest process that answers requests; false when there is none at this moment."""
    try:
        workers = sorted(hub.web_workers(), key=lambda process: process.create_time())
    except (psutil.NoSuchProcess, AssertionError):
        return False
    if not workers:
        return False
    os.kill(workers[-1].pid, signal.SIGKILL)
    return True


def kill_again_and_again(hub: TunedHub) -> int:
    killed = 0
    for _ in range(KILLS * 10):
        if killed == KILLS:
            break
        time.sleep(BETWEEN_KILLS_SECONDS if killed == 0 or hub.ready() else 0.2)
        killed += kill_a_web_worker(hub)
    return killed


def assert_everything_is_on_record(hub: TunedHub, application: Application) -> None:
    """The difference between what was received and what was recorded is empty."""
    issued = {event["jti"] for event in events(hub, "token.issued")}
    codes = {event["code_prefix"] for event in events(hub, "code.issued")}
    assert {jti_of(token) for token in application.access_tokens} - issued == set()
    assert {code_prefix_of(code) for code in application.codes} - codes == set()
    twice = [code for code, answers in Counter(application.redemptions).items() if answers > 1]
    assert twice == []


def wait_for_enough(application: Application) -> None:
    """On a busy machine few are answered between two kills."""
    for _ in range(200):
        if len(application.access_tokens) > ENOUGH_TOKENS:
            return
        time.sleep(0.2)


def crash_under_load(hub: TunedHub, application: Application) -> Load:
    hub.add_citizen()
    with Load(application, signed_in(application)) as load:
        killed = kill_again_and_again(hub)
        hub.wait_until_ready()
        time.sleep(1)
        wait_for_enough(application)
    print(f"{killed} kills, {len(application.access_tokens)} tokens, {len(application.codes)} codes")
    print(dict(load.answers))
    assert killed == KILLS
    return load


def test_on_sqlite_everything_a_client_received_is_on_record_after_kill_9(tmp_path: Path) -> None:
    with running_hub(tmp_path) as hub, registered(hub) as application:
        load = crash_under_load(hub, application)

        assert_everything_is_on_record(hub, application)
        assert len(application.access_tokens) > ENOUGH_TOKENS
        assert not [answer for answer in load.answers if answer.endswith(": 500")]
        assert application.client_credentials().status_code == 200


@pytest.mark.postgresql
def test_on_postgresql_everything_a_client_received_is_on_record_after_kill_9(
    tmp_path: Path, empty_postgresql_url: str
) -> None:
    settings = {"database_url": empty_postgresql_url, "settings": {"SERVER__WORKERS": "2"}}
    with running_hub(tmp_path, **settings) as hub, registered(hub) as application:
        load = crash_under_load(hub, application)

        assert_everything_is_on_record(hub, application)
        assert len(application.access_tokens) > ENOUGH_TOKENS
        assert not [answer for answer in load.answers if answer.endswith(": 500")]
        assert application.client_credentials().status_code == 200


@pytest.mark.postgresql
def test_everything_a_client_received_is_on_record_after_a_crash_of_postgresql(
    tmp_path: Path, mortal_postgresql: PostgreSQL, mortal_postgresql_url: str
) -> None:
    settings = {"database_url": mortal_postgresql_url, "settings": {"SERVER__WORKERS": "2"}}
    with running_hub(tmp_path, **settings) as hub, registered(hub) as application:
        hub.add_citizen()
        with Load(application, signed_in(application)) as load:
            time.sleep(2)
            before = len(application.access_tokens)
            mortal_postgresql.crash()
            time.sleep(1.5)
            mortal_postgresql.start()
            hub.wait_until_ready()
            time.sleep(2)
        print(f"{before} tokens before, {len(application.access_tokens)} in all; {dict(load.answers)}")

        assert_everything_is_on_record(hub, application)
        assert before > 0
        assert len(application.access_tokens) > before
        assert not [answer for answer in load.answers if answer.endswith(": 500")]
