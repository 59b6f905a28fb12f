"""The table of what each server answers to a change, recorded on OpenLDAP 2.5, 389-DS 2.3 and Samba 4.17."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sso.directory.password_change import (
    ChangeOutcome,
    Passwords,
    outcome_of_modify_password,
    outcome_of_unicode_pwd,
)
from sso.directory.ppolicy import PolicyAnswer, PolicyError
from sso.directory.states import BindAnswer

C = ChangeOutcome
RESTRICTION = "0000052D: Constraint violation - check_password_restrictions: the password "


def _answer(result, message="", error=None):
    return BindAnswer(result, message, None if error is None else PolicyAnswer(error))


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (_answer(0), C.CHANGED),
        (_answer(19, "Password fails quality checking policy", PolicyError.PASSWORD_TOO_SHORT), C.TOO_SHORT),
        (
            _answer(19, "Password is in history of old passwords", PolicyError.PASSWORD_IN_HISTORY),
            C.USED_BEFORE,
        ),
        (_answer(19, "Failed to update password\n", PolicyError.INSUFFICIENT_PASSWORD_QUALITY), C.TOO_SIMPLE),
        (_answer(19, "", PolicyError.PASSWORD_TOO_YOUNG), C.TOO_YOUNG),
        (_answer(19, "", PolicyError.PASSWORD_TOO_LONG), C.TOO_LONG),
        (_answer(19, "Failed to update password\n"), C.REFUSED),
        (_answer(53, "unwilling to verify old password"), C.BAD_CREDENTIALS),
        (_answer(49, "Invalid oldPasswd value.\n"), C.BAD_CREDENTIALS),
        (_answer(50, "Anonymous Binds are not allowed.\n"), C.NOT_OFFERED),
        (_answer(50, "Insufficient access rights\n", PolicyError.PASSWORD_MOD_NOT_ALLOWED), C.NOT_OFFERED),
        (_answer(13, "Operation requires a secure connection.\n"), C.NOT_OFFERED),
        (_answer(8, "only authenticated users may change passwords"), C.NOT_OFFERED),
        (_answer(2, "unsupported extended operation"), C.NOT_OFFERED),
        (_answer(53), C.UNAVAILABLE),
        (_answer(51), C.UNAVAILABLE),
    ],
)
def test_the_outcome_of_rfc_3062(answer, outcome):
    assert outcome_of_modify_password(answer) is outcome


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (_answer(0, "00000000: Success"), C.CHANGED),
        (
            _answer(19, RESTRICTION + "is too short. It should be equal or longer than 8 characters!"),
            C.TOO_SHORT,
        ),
        (_answer(19, RESTRICTION + "was already used (in history)!"), C.USED_BEFORE),
        (_answer(19, RESTRICTION + "does not meet the complexity criteria!"), C.TOO_SIMPLE),
        (_answer(19, "0000052D: AtrErr: DSID-03191083, #1: problem 1005 (CONSTRAINT_ATT_TYPE)"), C.REFUSED),
        (_answer(19, "00000056: AtrErr: DSID-03191083, problem 1005"), C.BAD_CREDENTIALS),
        (_answer(53, "0000052D: SvcErr: DSID-031A12D2, problem 5003 (WILL_NOT_PERFORM)"), C.REFUSED),
        (_answer(53, "0000001F: SvcErr: DSID-031A12D2, problem 5003 (WILL_NOT_PERFORM)"), C.NOT_OFFERED),
        (_answer(19, "00000775: Password change not permitted, account locked out!"), C.STATE),
        (_answer(50, "00000005: SecErr"), C.NOT_OFFERED),
        (_answer(52), C.UNAVAILABLE),
    ],
)
def test_the_outcome_of_windows(answer, outcome):
    assert outcome_of_unicode_pwd(answer) is outcome


@given(st.integers(0, 120), st.text(max_size=80), st.none() | st.sampled_from(PolicyError))
def test_every_answer_has_an_outcome_and_only_success_changes(result, message, error):
    answer = _answer(result, message, error)

    for outcome in (outcome_of_modify_password(answer), outcome_of_unicode_pwd(answer)):
        assert (outcome is C.CHANGED) == (result == 0)


def test_no_password_is_in_a_repr():
    assert "old" not in repr(Passwords(b"old one", b"new one")).replace("Passwords", "")
