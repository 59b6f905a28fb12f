"""An unknown name takes as long as a real one, whose password is hashed and whose failure is written."""

import pytest

from sso.directory.ldap.client import Durations
from sso.directory.ldap.deadline import Deadline, DeadlineExceeded


def _missing(real, nobody):
    durations = Durations()
    for seconds in real:
        durations.remember_real(seconds)
    for seconds in nobody[:-1]:
        durations.missing_seconds(seconds)
    return durations.missing_seconds(nobody[-1])


def test_what_a_slow_hash_takes_is_missing():
    assert _missing([0.080, 0.082, 0.081], [0.001]) == pytest.approx(0.080)


def test_one_slow_answer_changes_nothing():
    assert _missing([0.002, 0.002, 3.0], [0.001]) == pytest.approx(0.001)


def test_nothing_is_missing_when_nobody_takes_longer():
    assert _missing([0.001], [0.002, 0.002]) == 0.0


def test_nothing_is_missing_before_a_real_password_was_refused():
    assert _missing([], [0.001]) == 0.0


def test_a_deadline_that_is_over_is_an_error():
    with pytest.raises(DeadlineExceeded):
        Deadline.after(-1).remaining_seconds()
