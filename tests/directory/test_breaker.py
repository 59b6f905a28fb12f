import threading
import time

import pytest

from sso.directory.breaker import PAUSE_SECONDS, Breaker, BreakerState, Bulkhead, BulkheadFull

NOW = 1000.0
AFTER_THE_PAUSE = NOW + PAUSE_SECONDS * 1.25


def _opened():
    breaker = Breaker()
    breaker.failed(NOW, certain=True)
    return breaker


def test_a_new_breaker_lets_everybody_through():
    breaker = Breaker()

    assert [breaker.allows(NOW) for _ in range(3)] == [True, True, True]


def test_a_certain_failure_opens_it():
    assert not _opened().allows(NOW + 0.1)


def test_one_uncertain_failure_leaves_it_closed():
    breaker = Breaker()

    breaker.failed(NOW, certain=False)

    assert breaker.allows(NOW)


def test_two_uncertain_failures_in_a_row_open_it():
    breaker = Breaker()

    breaker.failed(NOW, certain=False)
    breaker.failed(NOW, certain=False)

    assert not breaker.allows(NOW)


def test_a_success_between_two_failures_keeps_it_closed():
    breaker = Breaker()

    breaker.failed(NOW, certain=False)
    breaker.succeeded()
    breaker.failed(NOW, certain=False)

    assert breaker.allows(NOW)


def test_after_the_pause_one_caller_tries():
    breaker = _opened()

    assert [breaker.allows(AFTER_THE_PAUSE) for _ in range(3)] == [True, False, False]


def test_the_trial_that_succeeds_closes_it():
    breaker = _opened()
    breaker.allows(AFTER_THE_PAUSE)

    breaker.succeeded()

    assert breaker.state is BreakerState.CLOSED


def test_the_trial_that_fails_opens_it_for_another_pause():
    breaker = _opened()
    breaker.allows(AFTER_THE_PAUSE)

    breaker.failed(AFTER_THE_PAUSE, certain=False)

    assert not breaker.allows(AFTER_THE_PAUSE + 0.1)
    assert breaker.allows(AFTER_THE_PAUSE + PAUSE_SECONDS * 1.25)


def test_a_trial_that_never_reports_does_not_block_for_ever():
    breaker = _opened()
    breaker.allows(AFTER_THE_PAUSE)

    assert breaker.allows(AFTER_THE_PAUSE + 61)


def test_looking_does_not_take_the_trial():
    breaker = _opened()

    assert breaker.would_allow(AFTER_THE_PAUSE)
    assert breaker.allows(AFTER_THE_PAUSE)


def test_the_pause_is_at_least_three_quarters_of_its_length():
    assert not any(_opened().allows(NOW + PAUSE_SECONDS * 0.74) for _ in range(100))


def test_of_many_threads_one_takes_the_trial():
    breaker = _opened()
    barrier, taken = threading.Barrier(8), []

    def caller():
        barrier.wait(5)
        taken.append(breaker.allows(AFTER_THE_PAUSE))

    threads = [threading.Thread(target=caller) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)

    assert taken.count(True) == 1


def test_a_full_bulkhead_refuses_soon():
    bulkhead = Bulkhead(1, patience_seconds=0.05)

    with bulkhead.place():
        started_at = time.monotonic()
        with pytest.raises(BulkheadFull), bulkhead.place():
            pass

    assert time.monotonic() - started_at < 0.5


def test_a_place_is_given_back_after_an_error():
    bulkhead = Bulkhead(1, patience_seconds=0.05)

    with pytest.raises(KeyError), bulkhead.place():
        raise KeyError

    with bulkhead.place():
        pass
