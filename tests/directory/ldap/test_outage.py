"""A server stopped, frozen or restarted: the answer is quick, and sign-in comes back by itself."""

import threading
import time

import pytest

from sso.directory.ldap import LdapDirectory
from sso.directory.verification import AccountState
from tests.directory.ldap.opening import opened, recovers_within, timed
from tests.directory.listeners import be_busy, listening
from tests.servers.slapd import settings_for, started

pytestmark = pytest.mark.slapd

S = AccountState
REFUSING = "ldaps://127.0.0.1:1"


def test_a_frozen_server_is_unavailable_within_the_deadline(private_slapd):
    private_slapd.freeze()

    with opened(private_slapd, deadline_seconds=1.0) as directory:
        verification, seconds = timed(directory)

    assert verification.state is S.UNAVAILABLE
    assert seconds < 1.5


def test_a_server_frozen_under_an_open_session_is_unavailable_within_the_deadline(private_slapd):
    with opened(private_slapd, deadline_seconds=1.0) as directory:
        timed(directory)
        private_slapd.freeze()
        verification, seconds = timed(directory)

    assert verification.state is S.UNAVAILABLE
    assert seconds < 1.5


def test_a_server_known_to_be_frozen_is_not_waited_for(private_slapd):
    private_slapd.freeze()

    with opened(private_slapd, deadline_seconds=0.5) as directory:
        timed(directory)
        verification, seconds = timed(directory)

    assert verification.state is S.UNAVAILABLE
    assert seconds < 0.1


def test_sign_in_comes_back_after_a_freeze(private_slapd):
    private_slapd.freeze()

    with opened(private_slapd, deadline_seconds=0.5) as directory:
        timed(directory)
        private_slapd.thaw()
        came_back = recovers_within(directory, 4)

    assert came_back


def test_a_stopped_server_is_unavailable_at_once(private_slapd):
    private_slapd.stop()

    with opened(private_slapd) as directory:
        verification, seconds = timed(directory)

    assert verification.state is S.UNAVAILABLE
    assert seconds < 0.5


def test_sign_in_comes_back_after_a_stop(private_slapd):
    with opened(private_slapd) as directory:
        private_slapd.stop()
        timed(directory)
        private_slapd.start()
        came_back = recovers_within(directory, 4)

    assert came_back


def test_a_restart_between_two_sign_ins_is_not_noticed(private_slapd):
    with opened(private_slapd) as directory:
        timed(directory)
        private_slapd.restart()
        verification, _ = timed(directory)

    assert verification.state is S.OK


def test_the_second_server_answers_when_the_first_refuses(slapd):
    with opened(slapd, urls=(REFUSING, *slapd.urls)) as directory:
        verification, _ = timed(directory)

    assert verification.state is S.OK


def test_the_second_server_answers_when_the_first_is_busy(slapd):
    with listening(be_busy) as listener:
        urls = (f"ldap://127.0.0.1:{listener.port}", *slapd.urls)
        with opened(slapd, urls=urls, allow_plaintext_on_loopback=True) as directory:
            verification, _ = timed(directory)

    assert listener.connections == 1
    assert verification.state is S.OK


def test_the_second_server_answers_within_the_deadline_when_the_first_is_frozen(slapd, tmp_path):
    frozen = started(tmp_path / "frozen")
    frozen.freeze()

    with opened(slapd, urls=(*frozen.urls, *slapd.urls), deadline_seconds=2.0) as directory:
        first, first_seconds = timed(directory)
        second, second_seconds = timed(directory)
    frozen.stop()

    assert (first.state, second.state) == (S.OK, S.OK)
    assert first_seconds < 1.5
    assert second_seconds < 0.3


def test_the_first_server_is_used_again_when_it_is_back(private_slapd, slapd):
    changes = {
        "urls": (*private_slapd.urls, *slapd.urls),
        "bind_password": private_slapd.bind_password.encode(),
    }

    with opened(private_slapd, **changes) as directory:
        private_slapd.stop()
        timed(directory)
        private_slapd.start()
        came_back = recovers_within(directory, 4)

    assert came_back


def test_a_frozen_directory_holds_no_more_threads_than_its_pool(private_slapd):
    private_slapd.freeze()

    with opened(private_slapd, deadline_seconds=2.0, pool_size=2) as directory:
        waiting = [threading.Thread(target=timed, args=(directory,)) for _ in range(2)]
        for thread in waiting:
            thread.start()
        time.sleep(0.2)
        verification, seconds = timed(directory)
        for thread in waiting:
            thread.join(5)

    assert verification.state is S.UNAVAILABLE
    assert seconds < 0.6


def test_a_process_may_keep_threads_for_others_whatever_the_pool(private_slapd):
    private_slapd.freeze()
    directory = LdapDirectory(settings_for(private_slapd, deadline_seconds=2.0, pool_size=8), at_most=1)

    waiting = threading.Thread(target=timed, args=(directory,))
    waiting.start()
    time.sleep(0.2)
    verification, seconds = timed(directory)
    waiting.join(5)
    directory.close()

    assert verification.state is S.UNAVAILABLE
    assert seconds < 0.6


def test_a_frozen_directory_does_not_slow_another(private_slapd, slapd):
    private_slapd.freeze()

    with opened(private_slapd, deadline_seconds=2.0) as frozen, opened(slapd) as directory:
        waiting = threading.Thread(target=timed, args=(frozen,))
        waiting.start()
        verification, seconds = timed(directory)
        waiting.join(5)

    assert verification.state is S.OK
    assert seconds < 0.5


def test_a_burst_of_sign_ins_larger_than_the_pool_is_served(slapd):
    states = []

    with opened(slapd, pool_size=2) as directory:
        burst = [threading.Thread(target=lambda: states.append(timed(directory)[0].state)) for _ in range(12)]
        for thread in burst:
            thread.start()
        for thread in burst:
            thread.join(10)

    assert states == [S.OK] * 12


def test_a_closed_directory_keeps_no_sessions_but_still_answers(slapd):
    with opened(slapd) as directory:
        directory.close()
        verification, _ = timed(directory)

    assert verification.state is S.OK
