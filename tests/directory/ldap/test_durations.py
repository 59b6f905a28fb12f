"""An unknown name takes as long as a hash would, and not longer where there is none to speak of."""

import time

import pytest

from sso.directory.ldap.client import Durations
from sso.directory.ldap.deadline import Deadline, DeadlineExceeded


def _waited(remembered, deadline_seconds=5.0):
    durations = Durations()
    for seconds in remembered:
        durations.remember(seconds)
    started_at = time.monotonic()
    durations.wait_as_long(started_at, Deadline.after(deadline_seconds))
    return time.monotonic() - started_at


def test_a_slow_hash_is_waited_for():
    assert _waited([0.08] * 5) >= 0.079


@pytest.mark.parametrize("remembered", [[], [0.001] * 5])
def test_nothing_is_waited_for_where_binds_are_fast(remembered):
    assert _waited(remembered) < 0.01


def test_the_deadline_ends_the_waiting():
    assert _waited([3.0], deadline_seconds=0.1) < 0.5


def test_an_exceeded_deadline_is_an_error():
    with pytest.raises(DeadlineExceeded):
        Deadline.after(-1).remaining_seconds()
